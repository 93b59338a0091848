/* Server reflection, so that grpcurl and its like can list and call what is served. No KAS has it for agents: it is
 * there when no version was asked for.
 *
 * Our .proto files have packages of their own, since several services of several versions share their messages. So each
 * service is described by a file made here, in the names that stand on the wire, which imports the messages as ours. */
#include <string.h>

#include "reflection.pb-c.h"

#include "fakekas/descriptors.h"
#include "fakekas/internal.h"
#include "lib/base/buf.h"

enum { METHODS_MAX = 4 }; /* of one service */

/* "/a.b.C/M": a.b.C */
static size_t service_len(const struct grpc_method *m)
{
    return (size_t)(strrchr(m->path, '/') - m->path) - 1;
}

static bool same_service(const struct grpc_method *a, const struct grpc_method *b)
{
    return service_len(a) == service_len(b) && !memcmp(a->path + 1, b->path + 1, service_len(a));
}

static bool first_of_service(const struct kas *k, const struct grpc_method *m)
{
    for (const struct grpc_method *i = kas_methods; i < m; i++)
        if (same_service(i, m) && method_served((void *)k, i))
            return false;
    return method_served((void *)k, m);
}

static const struct descriptor_file *file_of(const char *symbol)
{
    for (const struct descriptor_file *f = descriptor_files; f->name; f++)
        for (const char *const *s = f->symbols; *s; s++)
            if (!strcmp(*s, symbol))
                return f;
    return NULL;
}

static const struct descriptor_file *file_named(const char *name)
{
    for (const struct descriptor_file *f = descriptor_files; f->name; f++)
        if (!strcmp(f->name, name))
            return f;
    return NULL;
}

/* "a.b.C", or "a.b.C.M": a method of a served service. */
static const struct grpc_method *service_of(const struct kas *k, const char *symbol)
{
    for (const struct grpc_method *m = kas_methods; m->path; m++) {
        size_t n = service_len(m);
        if (method_served((void *)k, m) && !strncmp(symbol, m->path + 1, n) &&
            (!symbol[n] || (symbol[n] == '.' && !strcmp(symbol + n + 1, method_short(m)))))
            return m;
    }
    return NULL;
}

static void add_dependency(Reflection__FileProto *file, const ProtobufCMessageDescriptor *d)
{
    const struct descriptor_file *f = file_of(d->name);
    for (size_t i = 0; f && i < file->n_dependency; i++)
        if (!strcmp(file->dependency[i], f->name))
            return;
    if (f)
        file->dependency[file->n_dependency++] = (char *)f->name;
}

/* The file of a service. New bytes. */
static uint8_t *describe(const struct kas *k, const struct grpc_method *first, size_t *ret_n)
{
    Reflection__MethodProto methods[METHODS_MAX], *method_list[METHODS_MAX];
    Reflection__ServiceProto service = REFLECTION__SERVICE_PROTO__INIT, *services[] = {&service};
    Reflection__FileProto file = REFLECTION__FILE_PROTO__INIT;
    char *dependencies[2 * METHODS_MAX], *types[2 * METHODS_MAX];
    _cleanup_(freep) char *package = xstrndup(first->path + 1, service_len(first));
    _cleanup_(freep) char *name = xasprintf("%s.proto", package);
    char *dot = strrchr(package, '.');
    *dot = 0;
    service.name = dot + 1;
    service.method = method_list;
    file = (Reflection__FileProto){.base = file.base, .name = name, .package = package, .dependency = dependencies,
                                   .n_service = 1, .service = services, .syntax = (char *)"proto3"};
    for (const struct grpc_method *m = first; m->path && service.n_method < METHODS_MAX; m++) {
        size_t i = service.n_method;
        if (!same_service(first, m) || !method_served((void *)k, m))
            continue;
        types[2 * i] = xasprintf(".%s", m->in->name);
        types[2 * i + 1] = xasprintf(".%s", m->out->name);
        reflection__method_proto__init(&methods[i]);
        methods[i].name = (char *)method_short(m);
        methods[i].input_type = types[2 * i];
        methods[i].output_type = types[2 * i + 1];
        methods[i].client_streaming = m->client_streams;
        methods[i].server_streaming = m->server_streams;
        method_list[i] = &methods[i];
        add_dependency(&file, m->in);
        add_dependency(&file, m->out);
        service.n_method++;
    }
    uint8_t *p = xcalloc(1, reflection__file_proto__get_packed_size(&file));
    *ret_n = reflection__file_proto__pack(&file, p);
    for (size_t i = 0; i < 2 * service.n_method; i++)
        free(types[i]);
    return p;
}

static void reply(struct grpc_call *call, Reflection__Response *r, Reflection__Request *question)
{
    r->valid_host = question->host;
    r->original_request = question;
    size_t n = reflection__response__get_packed_size(r);
    _cleanup_(freep) char *p = xcalloc(1, n);
    reflection__response__pack(r, (uint8_t *)p);
    grpc_send(call, p, n);
}

static void reply_error(struct grpc_call *call, Reflection__Request *question, const char *what, const char *name)
{
    Reflection__Response r = REFLECTION__RESPONSE__INIT;
    Reflection__Error error = REFLECTION__ERROR__INIT;
    _cleanup_(freep) char *text = xasprintf("%s not found: %s", what, name);
    error.error_code = GRPC_NOT_FOUND;
    error.error_message = text;
    r.what_case = REFLECTION__RESPONSE__WHAT_ERROR_RESPONSE;
    r.error_response = &error;
    reply(call, &r, question);
}

static void reply_file(struct grpc_call *call, Reflection__Request *question, const uint8_t *p, size_t n)
{
    Reflection__Response r = REFLECTION__RESPONSE__INIT;
    Reflection__Files files = REFLECTION__FILES__INIT;
    ProtobufCBinaryData data = {n, (uint8_t *)p};
    files.n_file_descriptor_proto = 1;
    files.file_descriptor_proto = &data;
    r.what_case = REFLECTION__RESPONSE__WHAT_FILE_DESCRIPTOR_RESPONSE;
    r.file_descriptor_response = &files;
    reply(call, &r, question);
}

static void reply_symbol(struct grpc_call *call, Reflection__Request *question, const char *symbol)
{
    const struct grpc_method *m = service_of(grpc_call_arg(call), symbol);
    const struct descriptor_file *f = m ? NULL : file_of(symbol);
    if (!m && !f) {
        reply_error(call, question, "symbol", symbol);
        return;
    }
    if (f) {
        reply_file(call, question, f->p, f->n);
        return;
    }
    const struct grpc_method *first = kas_methods;
    while (!same_service(first, m))
        first++;
    size_t n;
    uint8_t *p = describe(grpc_call_arg(call), first, &n);
    reply_file(call, question, p, n);
    free(p);
}

/* A file of ours, or one that was made here and is asked for again. */
static void reply_named(struct grpc_call *call, Reflection__Request *question, const char *name)
{
    const struct descriptor_file *f = file_named(name);
    size_t n = strlen(name), ending = strlen(".proto");
    _cleanup_(freep) char *symbol = n > ending ? xstrndup(name, n - ending) : xstrdup("");
    if (f)
        reply_file(call, question, f->p, f->n);
    else if (service_of(grpc_call_arg(call), symbol))
        reply_symbol(call, question, symbol);
    else
        reply_error(call, question, "file", name);
}

static void reply_services(struct grpc_call *call, Reflection__Request *question)
{
    Reflection__Response r = REFLECTION__RESPONSE__INIT;
    Reflection__Services list = REFLECTION__SERVICES__INIT;
    size_t all = 0;
    while (kas_methods[all].path)
        all++;
    Reflection__Service *services = xcalloc(all, sizeof(*services)), **pointers = xcalloc(all, sizeof(*pointers));
    for (const struct grpc_method *m = kas_methods; m->path; m++) {
        if (!first_of_service(grpc_call_arg(call), m))
            continue;
        Reflection__Service *s = &services[list.n_service];
        reflection__service__init(s);
        s->name = xstrndup(m->path + 1, service_len(m));
        pointers[list.n_service++] = s;
    }
    list.service = pointers;
    r.what_case = REFLECTION__RESPONSE__WHAT_LIST_SERVICES_RESPONSE;
    r.list_services_response = &list;
    reply(call, &r, question);
    for (size_t i = 0; i < list.n_service; i++)
        free(services[i].name);
    free(pointers);
    free(services);
}

void reflection_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    Reflection__Request *r = reflection__request__unpack(NULL, n, p);
    if (!r)
        return; /* what is no such message does not come here */
    switch (r->what_case) {
    case REFLECTION__REQUEST__WHAT_LIST_SERVICES:
        reply_services(call, r);
        break;
    case REFLECTION__REQUEST__WHAT_FILE_CONTAINING_SYMBOL:
        reply_symbol(call, r, r->file_containing_symbol);
        break;
    case REFLECTION__REQUEST__WHAT_FILE_BY_FILENAME:
        reply_named(call, r, r->file_by_filename);
        break;
    case REFLECTION__REQUEST__WHAT_ALL_EXTENSION_NUMBERS_OF_TYPE:
        reply_error(call, r, "type with extensions", r->all_extension_numbers_of_type);
        break;
    case REFLECTION__REQUEST__WHAT_FILE_CONTAINING_EXTENSION:
        reply_error(call, r, "extension of", r->file_containing_extension->containing_type);
        break;
    default:
        grpc_finish(call, GRPC_INVALID_ARGUMENT, "invalid MessageRequest");
    }
    reflection__request__free_unpacked(r, NULL);
}

void reflection_half_closed(struct grpc_call *call)
{
    grpc_finish(call, GRPC_OK, "");
}
