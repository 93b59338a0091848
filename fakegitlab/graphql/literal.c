/* Literals as JSON, and as they are written. */
#include <errno.h>
#include <stdlib.h>

#include "fakegitlab/graphql/coerce.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

/* A whole number that has no room in 64 bits is told as the nearest real one: no scalar takes it as whole then. */
static json_t *number(const struct gql_value *v)
{
    errno = 0;
    long long n = strtoll(v->text, NULL, 10);
    if (v->kind == GQL_VALUE_INT && errno == 0)
        return json_integer(n);
    return json_real(strtod(v->text, NULL)); /* NULL for what is infinite */
}

static json_t *list(const struct gql_value *v)
{
    json_t *made = json_array();
    for (const struct gql_value *i = v->items; i; i = i->next)
        if (json_array_append_new(made, gql_literal_json(i)) < 0) {
            json_decref(made);
            return NULL;
        }
    return made;
}

static json_t *object(const struct gql_value *v)
{
    json_t *made = json_object();
    for (const struct gql_argument *f = v->fields; f; f = f->next)
        if (json_object_set_new(made, f->name, gql_literal_json(f->value)) < 0) {
            json_decref(made);
            return NULL;
        }
    return made;
}

json_t *gql_literal_json(const struct gql_value *v)
{
    switch (v->kind) {
    case GQL_VALUE_VARIABLE:
        return NULL;
    case GQL_VALUE_INT:
    case GQL_VALUE_FLOAT:
        return number(v);
    case GQL_VALUE_STRING:
    case GQL_VALUE_ENUM:
        return json_stringn(v->text, v->len);
    case GQL_VALUE_BOOLEAN:
        return json_boolean(v->yes);
    case GQL_VALUE_NULL:
        return json_null();
    case GQL_VALUE_LIST:
        return list(v);
    case GQL_VALUE_OBJECT:
        return object(v);
    }
    return NULL;
}

static void write_value(struct buf *b, const struct gql_value *v)
{
    json_t *s;
    char *quoted;
    switch (v->kind) {
    case GQL_VALUE_STRING:
        s = json_stringn(v->text, v->len);
        quoted = json_dumps(s, JSON_ENCODE_ANY);
        buf_addf(b, "%s", quoted);
        free(quoted);
        json_decref(s);
        break;
    case GQL_VALUE_LIST:
        buf_addf(b, "[");
        for (const struct gql_value *i = v->items; i; i = i->next) {
            write_value(b, i);
            buf_addf(b, i->next ? ", " : "");
        }
        buf_addf(b, "]");
        break;
    case GQL_VALUE_OBJECT:
        buf_addf(b, "{");
        for (const struct gql_argument *f = v->fields; f; f = f->next) {
            buf_addf(b, "%s: ", f->name);
            write_value(b, f->value);
            buf_addf(b, f->next ? ", " : "");
        }
        buf_addf(b, "}");
        break;
    default:
        buf_addf(b, "%s%s", v->kind == GQL_VALUE_VARIABLE ? "$" : "", v->text);
    }
}

const char *gql_literal_text(struct arena *a, const struct gql_value *v)
{
    _cleanup_(buf_done) struct buf b = BUF_NULL;
    write_value(&b, v);
    return arena_strndup(a, (const char *)buf_data(&b), buf_len(&b));
}
