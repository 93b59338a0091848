/* What a call brings with it: a JSON body, a form, parameters in the query. Mistakes are told in Grape's words. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "fakegitlab/internal.h"

int64_t gitlab_now_ms(const struct gitlab *g)
{
    return store_now() + g->clock_ms;
}

static bool add_field(void *arg, const char *name, const char *value)
{
    json_object_set_new(arg, name, json_string(value));
    return true;
}

/* "application/json; charset=utf-8" is application/json. */
static bool media_is(const char *type, const char *media)
{
    size_t n = strcspn(type, "; \t");
    return n == strlen(media) && !strncasecmp(type, media, n);
}

static void read_form(struct call *c)
{
    c->body = json_object();
    if (uri_form_each((const char *)c->request->body, c->request->body_len, add_field, c->body))
        return;
    reply_text(c, 400, "text/plain", "Bad Request", 11);
}

static void read_json(struct call *c)
{
    c->body = json_loadb((const char *)c->request->body, c->request->body_len, 0, NULL);
    if (json_is_object(c->body))
        return;
    c->why = c->body ? "body is no object" : "body is no JSON";
    reply_error(c, 400, "message body does not match declared format");
}

const json_t *call_body(struct call *c)
{
    const char *type = http1_header(c->request, "content-type");
    if (c->body_read)
        return c->status ? NULL : c->body;
    c->body_read = true;
    if (!c->request->body_len)
        c->body = json_object();
    else if (!type || media_is(type, "application/json"))
        read_json(c);
    else if (media_is(type, "application/x-www-form-urlencoded"))
        read_form(c);
    else
        reply_error(c, 415, "The provided content-type '%.100s' is not supported.", type);
    return c->status ? NULL : c->body;
}

json_t *call_param(struct call *c, const char *name)
{
    const json_t *body = call_body(c), *v = json_object_get(body, name);
    if (v || !body)
        return json_incref((json_t *)v);
    _cleanup_(freep) char *text = uri_form_get(c->query, strlen(c->query), name);
    return text ? json_string(text) : NULL;
}

bool call_param_text(struct call *c, const char *name, bool required, char **ret)
{
    json_t *v = call_param(c, name);
    *ret = NULL;
    if (c->status)
        return false;
    if (json_is_string(v))
        *ret = xstrdup(json_string_value(v));
    else if (json_is_integer(v))
        *ret = xasprintf("%lld", (long long)json_integer_value(v));
    else if (v && !json_is_null(v))
        reply_error(c, 400, "%s is invalid", name);
    else if (required)
        reply_error(c, 400, "%s is missing", name);
    json_decref(v);
    return !c->status;
}

bool call_param_id(struct call *c, const char *name, int64_t *ret)
{
    json_t *v = call_param(c, name);
    if (c->status)
        return false;
    if (!v)
        reply_error(c, 400, "%s is missing", name);
    else if (!id_of_json(v, ret))
        reply_error(c, 400, "%s is invalid", name);
    json_decref(v);
    return !c->status;
}

bool id_of_text(const char *text, int64_t *ret)
{
    int64_t v = 0;
    size_t n = strspn(text, "0123456789");
    if (!n || text[n] || n > 18)
        return false;
    for (const char *p = text; *p; p++)
        v = v * 10 + (*p - '0');
    *ret = v;
    return v > 0;
}

bool id_of_json(const json_t *v, int64_t *ret)
{
    if (json_is_string(v))
        return id_of_text(json_string_value(v), ret);
    if (!json_is_integer(v))
        return false;
    *ret = json_integer_value(v);
    return *ret > 0;
}
