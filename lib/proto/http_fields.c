/* Names are told apart from values by which callback comes: a name behind a value ends a field. */
#include "lib/proto/http_fields.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/mem.h"

void http_fields_init(struct http_fields *f, const char *unreadable)
{
    *f = (struct http_fields){.all = json_object(), .unreadable = unreadable};
}

void http_fields_done(struct http_fields *f)
{
    json_decref(f->all);
    buf_done(&f->name);
    buf_done(&f->value);
    *f = (struct http_fields){0};
}

void http_fields_end(struct http_fields *f)
{
    if (!f->in_value)
        return;
    f->in_value = false;
    _cleanup_(freep) char *name = xstrndup((const char *)buf_data(&f->name), buf_len(&f->name));
    for (char *c = name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    json_t *had = json_object_get(f->all, name),
           *v = json_stringn((const char *)buf_data(&f->value), buf_len(&f->value));
    if (!v)
        v = json_string(f->unreadable);
    if (json_is_array(had))
        json_array_append_new(had, v);
    else
        json_object_set_new(f->all, name, had ? json_pack("[O, o]", had, v) : v);
    buf_consume(&f->name, buf_len(&f->name));
    buf_consume(&f->value, buf_len(&f->value));
}

void http_fields_name(struct http_fields *f, const char *at, size_t n)
{
    http_fields_end(f);
    buf_add(&f->name, at, n);
}

void http_fields_value(struct http_fields *f, const char *at, size_t n)
{
    f->in_value = true;
    buf_add(&f->value, at, n);
}
