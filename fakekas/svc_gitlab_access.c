/* GitlabAccess/MakeRequest: an HTTP request of an agent's module to GitLab, carried by gRPC. Answered from the
 * scenario: `gitlab: [{when: {module, method, path, body}, status, headers, body}]`, else 404. */
#include <string.h>

#include "gitlab_access.pb-c.h"
#include "gitlab_access137.pb-c.h"
#include "grpctool.pb-c.h"

#include "fakekas/internal.h"
#include "fakekas/tunnel_http.h"
#include "lib/proto/pb.h"
#include "lib/script/match.h"

enum { BODY_KEPT = 1024 * 1024 };

struct access {
    json_t *facts;   /* {module, method, path, query, headers, body}; NULL until the header came. Owned */
    struct buf body;
    bool old;        /* the messages of 13.7 */
    bool answered;
};

void gitlab_access_open(struct grpc_call *call)
{
    if (auth_admit(grpc_call_arg(call), call))
        grpc_call_set_user(call, NEW(struct access));
}

void gitlab_access_closed(struct grpc_call *call)
{
    struct access *a = grpc_call_user(call);
    if (!a)
        return;
    grpc_call_set_user(call, NULL);
    json_decref(a->facts);
    buf_done(&a->body);
    free(a);
}

static const json_t *answer_for(const struct kas *k, const json_t *facts)
{
    size_t i;
    const json_t *rule;
    json_array_foreach (json_object_get(k->spec, "gitlab"), i, rule) {
        const json_t *when = json_object_get(rule, "when");
        if (!when || match(when, facts, NULL))
            return rule;
    }
    return NULL;
}

/* {header} or, in the messages of 13.7, {headers}. */
static json_t *header_message(const struct access *a, int status, const json_t *headers)
{
    _cleanup_(freep) char *line = xasprintf("%d %s", status, http1_reason(status));
    json_t *values = values_from(headers);
    if (a->old)
        return json_pack("{s{sissso}}", "headers", "status_code", status, "status", line, "headers", values);
    return json_pack("{s{s{sissso}}}", "header", "response", "status_code", status, "status", line, "header", values);
}

static char *body_of(const json_t *rule, size_t *ret_len)
{
    const json_t *body = json_object_get(rule, "body");
    char *text = !body                 ? xstrdup("")
                 : json_is_string(body) ? xmemdup(json_string_value(body), json_string_length(body))
                                        : json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
    *ret_len = json_is_string(body) ? json_string_length(body) : strlen(text);
    return text;
}

static void send_body(struct grpc_call *call, const char *body, size_t n)
{
    Grpctool__HttpResponse__Data data = GRPCTOOL__HTTP_RESPONSE__DATA__INIT;
    Grpctool__HttpResponse m = GRPCTOOL__HTTP_RESPONSE__INIT;
    if (!n)
        return;
    data.data = (ProtobufCBinaryData){.len = n, .data = (uint8_t *)body};
    m.message_case = GRPCTOOL__HTTP_RESPONSE__MESSAGE_DATA;
    m.data = &data; /* the same bytes in the messages of 13.7: both have data as field 2 */
    size_t len = grpctool__http_response__get_packed_size(&m);
    _cleanup_(freep) uint8_t *p = xcalloc(1, len);
    grpctool__http_response__pack(&m, p);
    grpc_send(call, p, len);
}

/* Facts like the others: rules may ask for them. */
static void body_tell(json_t *facts, const struct buf *body)
{
    if (!buf_len(body))
        return;
    json_object_set_new(facts, "body", json_stringn((const char *)buf_data(body), buf_len(body)));
    json_object_set_new(facts, "json", json_loadb((const char *)buf_data(body), buf_len(body), 0, NULL)); /* NULL: nothing is set */
}

static void answer(struct grpc_call *call, struct access *a)
{
    struct kas *k = grpc_call_arg(call);
    body_tell(a->facts, &a->body);
    const json_t *rule = answer_for(k, a->facts);
    const json_t *given = json_object_get(rule, "status");
    int status = json_is_integer(given) ? (int)json_integer_value(given) : rule ? 200 : 404;
    _cleanup_(freep) char *err = NULL;
    size_t n;
    _cleanup_(freep) char *body = body_of(rule, &n);

    a->answered = true;
    json_t *f = json_copy(a->facts);
    json_object_set_new(f, "status", json_integer(status));
    kas_event(k, grpc_call_conn(call), grpc_call_stream(call), "kas.gitlab_request", f);

    json_t *header = header_message(a, status, json_object_get(rule, "headers"));
    json_t *trailer = json_pack("{s{}}", a->old ? "trailers" : "trailer");
    if (grpc_send_json(call, header, &err) < 0) {
        _cleanup_(freep) char *text = xasprintf("fakekas: answer in gitlab: %s", err);
        grpc_finish(call, GRPC_INTERNAL, text);
    } else {
        send_body(call, body, n);
        free(err);
        err = NULL;
        (void)grpc_send_json(call, trailer, &err);
        grpc_finish(call, GRPC_OK, "");
    }
    json_decref(header);
    json_decref(trailer);
}

static void set_facts(struct access *a, const char *module, const json_t *request, const char *header_key)
{
    json_t *query = values_to(json_object_get(request, "query"));
    json_t *headers = values_to(json_object_get(request, header_key));
    json_decref(a->facts);
    a->facts = json_pack("{sssO*sO*soso}", "module", module ? module : "", "method",
                         json_object_get(request, "method"), "path", json_object_get(request, "url_path"), "query",
                         query, "headers", headers);
}

static void take_header(struct access *a, const Grpctool__HttpRequest__Header *h)
{
    size_t n = protobuf_c_message_get_packed_size(&h->base);
    _cleanup_(freep) uint8_t *p = xcalloc(1, n ? n : 1);
    protobuf_c_message_pack(&h->base, p);
    json_t *j = pb_to_json(&grpctool__http_request__header__descriptor, p, n);
    GitlabAccess__HeaderExtra *extra =
        h->extra ? gitlab_access__header_extra__unpack(NULL, h->extra->value.len, h->extra->value.data) : NULL;
    set_facts(a, extra ? extra->module_name : NULL, json_object_get(j, "request"), "header");
    if (extra)
        gitlab_access__header_extra__free_unpacked(extra, NULL);
    json_decref(j);
}

static void bad_message(struct grpc_call *call)
{
    grpc_finish(call, GRPC_INVALID_ARGUMENT, "invalid HttpRequest.Message: value is required");
}

void gitlab_access_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct access *a = grpc_call_user(call);
    if (!a || a->answered)
        return;
    Grpctool__HttpRequest *m = grpctool__http_request__unpack(NULL, n, p);
    if (!m || m->message_case == GRPCTOOL__HTTP_REQUEST__MESSAGE__NOT_SET)
        bad_message(call);
    else if (m->message_case == GRPCTOOL__HTTP_REQUEST__MESSAGE_HEADER)
        take_header(a, m->header);
    else if (m->message_case == GRPCTOOL__HTTP_REQUEST__MESSAGE_DATA && buf_len(&a->body) < BODY_KEPT)
        buf_add(&a->body, m->data->data.data, m->data->data.len);
    else if (m->message_case == GRPCTOOL__HTTP_REQUEST__MESSAGE_TRAILER && a->facts)
        answer(call, a);
    if (m)
        grpctool__http_request__free_unpacked(m, NULL);
}

void gitlab_access137_message(struct grpc_call *call, const uint8_t *p, size_t n)
{
    struct access *a = grpc_call_user(call);
    if (!a || a->answered)
        return;
    a->old = true;
    GitlabAccess137__Request *m = gitlab_access137__request__unpack(NULL, n, p);
    json_t *j = pb_to_json(&gitlab_access137__request__descriptor, p, n);
    if (!m || !j || m->message_case == GITLAB_ACCESS137__REQUEST__MESSAGE__NOT_SET)
        bad_message(call);
    else if (m->message_case == GITLAB_ACCESS137__REQUEST__MESSAGE_HEADERS)
        set_facts(a, m->headers->module_name, json_object_get(j, "headers"), "headers");
    else if (m->message_case == GITLAB_ACCESS137__REQUEST__MESSAGE_DATA && buf_len(&a->body) < BODY_KEPT)
        buf_add(&a->body, m->data->data.data, m->data->data.len);
    else if (m->message_case == GITLAB_ACCESS137__REQUEST__MESSAGE_TRAILERS && a->facts)
        answer(call, a);
    if (m)
        gitlab_access137__request__free_unpacked(m, NULL);
    json_decref(j);
}

void gitlab_access_half_closed(struct grpc_call *call)
{
    struct access *a = grpc_call_user(call);
    if (a && !a->answered && a->facts)
        answer(call, a);
    else if (a && !a->answered)
        grpc_finish(call, GRPC_UNKNOWN, "EOF");
}
