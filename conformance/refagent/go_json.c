#include "conformance/refagent/go_json.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conformance/refagent/gotext.h"
#include "lib/base/mem.h"

/* What Go calls a oneof; protobuf-c does not keep its name. Others (_content_length) are no oneofs to Go. */
static const char *oneof_name(const char *member)
{
    static const struct {
        const char *member, *oneof;
    } table[] = {{"prune", "PruneOneof"}, {"agent", "As"}, {"impersonate", "As"}, {"ci_job", "As"}};
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (!strcmp(table[i].member, member))
            return table[i].oneof;
    return NULL;
}

/* manifest_projects -> ManifestProjects */
static char *camel(const char *name)
{
    struct buf b = BUF_NULL;
    bool up = true;
    for (; *name; name++) {
        char c = up ? (char)toupper((unsigned char)*name) : *name;
        up = *name == '_';
        if (!up)
            buf_add(&b, &c, 1);
    }
    char *s = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return s;
}

static const void *member(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return (const char *)m + f->offset;
}

static uint32_t oneof_case(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    return *(const uint32_t *)(const void *)((const char *)m + f->quantifier_offset);
}

static void add_string(struct buf *b, const char *s, size_t n)
{
    buf_add(b, "\"", 1);
    go_json_escape(b, s, n);
    buf_add(b, "\"", 1);
}

static void add_value(struct buf *b, const ProtobufCFieldDescriptor *f, const void *v)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        go_json_message(b, *(const ProtobufCMessage *const *)v);
        break;
    case PROTOBUF_C_TYPE_STRING:
        add_string(b, *(const char *const *)v, strlen(*(const char *const *)v));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        buf_addf(b, "%s", *(const protobuf_c_boolean *)v ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        buf_addf(b, "%" PRId64, *(const int64_t *)v);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        buf_addf(b, "%" PRIu64, *(const uint64_t *)v);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        buf_addf(b, "%" PRIu32, *(const uint32_t *)v);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        buf_addf(b, "%" PRId32, *(const int32_t *)v);
        break;
    default: /* bytes and floating point: no configuration has them */
        buf_addf(b, "null");
    }
}

static size_t element_size(const ProtobufCFieldDescriptor *f)
{
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    default:
        return 4;
    }
}

/* encoding/json's omitempty */
static bool is_empty(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    if (f->label == PROTOBUF_C_LABEL_REPEATED)
        return !*(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && oneof_case(m, f) != f->id)
        return true;
    const void *v = member(m, f);
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return !*(const void *const *)v;
    case PROTOBUF_C_TYPE_STRING:
        return !*(const char *const *)v || !**(const char *const *)v;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return !*(const uint64_t *)v;
    default:
        return !*(const uint32_t *)v;
    }
}

static void add_key(struct buf *b, size_t from, const char *key)
{
    buf_addf(b, "%s\"%s\":", buf_len(b) > from ? "," : "", key);
}

/* Once for each oneof: "As":{"Agent":{}}, or null. */
static void add_oneof(struct buf *b, size_t from, const ProtobufCMessage *m, unsigned i, const char *name)
{
    const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
    if (i && m->descriptor->fields[i - 1].quantifier_offset == f->quantifier_offset)
        return;
    add_key(b, from, name);
    const ProtobufCFieldDescriptor *set =
        protobuf_c_message_descriptor_get_field(m->descriptor, oneof_case(m, f));
    if (!set) {
        buf_addf(b, "null");
        return;
    }
    _cleanup_(freep) char *key = camel(set->name);
    buf_addf(b, "{\"%s\":", key);
    add_value(b, set, member(m, set));
    buf_addf(b, "}");
}

static void add_field(struct buf *b, size_t from, const ProtobufCMessage *m, unsigned i)
{
    const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
    const char *oneof = f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF ? oneof_name(f->name) : NULL;
    if (oneof) {
        add_oneof(b, from, m, i, oneof);
        return;
    }
    if (is_empty(m, f))
        return;
    add_key(b, from,
            strcmp(f->name, "container_scanning") ? f->name : "starboard"); /* its name until 15.11 */
    if (f->label != PROTOBUF_C_LABEL_REPEATED) {
        add_value(b, f, member(m, f));
        return;
    }
    size_t n = *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
    const char *p = *(const char *const *)member(m, f);
    for (size_t k = 0; k < n; k++) {
        buf_addf(b, "%s", k ? "," : "[");
        add_value(b, f, p + k * element_size(f));
    }
    buf_addf(b, "]");
}

void go_json_message(struct buf *to, const ProtobufCMessage *m)
{
    buf_addf(to, "{");
    size_t from = buf_len(to);
    for (unsigned i = 0; i < m->descriptor->n_fields; i++)
        add_field(to, from, m, i);
    buf_addf(to, "}");
}

/* protoc-gen-validate */

static bool must_not_be_empty(const char *message, const char *field)
{
    static const struct {
        const char *message, *field;
    } rules[] = {
        {"ConfigurationResponse", "commit_id"},  {"ManifestProjectCF", "id"}, {"PathCF", "glob"},
        {"CiliumCF", "hubble_relay_address"},    {"CiAccessProjectCF", "id"}, {"CiAccessGroupCF", "id"},
        {"CiAccessAsImpersonateCF", "username"}, {"ExtraKeyValCF", "key"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (!strcmp(rules[i].message, message) && !strcmp(rules[i].field, field))
            return true;
    return false;
}

static char *validate_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
    _cleanup_(freep) char *name = camel(f->name);
    const char *message = m->descriptor->short_name;
    if (f->type == PROTOBUF_C_TYPE_STRING && f->label != PROTOBUF_C_LABEL_REPEATED && is_empty(m, f) &&
        must_not_be_empty(message, f->name))
        return xasprintf("invalid %s.%s: value length must be at least 1 bytes", message, name);
    if (f->type != PROTOBUF_C_TYPE_MESSAGE || is_empty(m, f))
        return NULL;
    bool many = f->label == PROTOBUF_C_LABEL_REPEATED;
    size_t n = many ? *(const size_t *)(const void *)((const char *)m + f->quantifier_offset) : 1;
    const ProtobufCMessage *const *each =
        many ? *(const ProtobufCMessage *const *const *)member(m, f) : member(m, f);
    for (size_t i = 0; i < n; i++) {
        _cleanup_(freep) char *cause = go_validate(each[i]);
        _cleanup_(freep) char *index = many ? xasprintf("[%zu]", i) : xstrdup("");
        if (cause)
            return xasprintf("invalid %s.%s%s: embedded message failed validation | caused by: %s", message,
                             name, index, cause);
    }
    return NULL;
}

char *go_validate(const ProtobufCMessage *m)
{
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        char *error = validate_field(m, &m->descriptor->fields[i]);
        if (error)
            return error;
    }
    return NULL;
}
