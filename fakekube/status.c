/* See status.h. */
#include "fakekube/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/resources.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define SAY(text, format)                                                                                              \
    _cleanup_(freep) char *text = NULL;                                                                                \
    do {                                                                                                               \
        va_list ap_;                                                                                                   \
        va_start(ap_, format);                                                                                         \
        if (vasprintf(&text, format, ap_) < 0)                                                                         \
            abort();                                                                                                   \
        va_end(ap_);                                                                                                   \
    } while (0)

static json_t *text_json(const char *text)
{
    json_t *v = json_string(text);
    return v ? v : json_string("(not UTF-8)");
}

char *kube_resource_text(const struct kube_resource *r)
{
    return *r->group ? xasprintf("%s.%s", r->plural, r->group) : xstrdup(r->plural);
}

char *kube_kind_text(const struct kube_resource *r)
{
    return *r->group ? xasprintf("%s.%s", r->kind, r->group) : xstrdup(r->kind);
}

json_t *status_make(int code, const char *reason, const char *message, json_t *details)
{
    json_t *s = json_pack("{ss, ss, s{}, ss, so}", "kind", "Status", "apiVersion", "v1", "metadata", "status", "Failure",
                          "message", text_json(message));
    if (*reason)
        json_object_set_new(s, "reason", json_string(reason));
    if (details)
        json_object_set_new(s, "details", details);
    json_object_set_new(s, "code", json_integer(code));
    return s;
}

/* {name, group, kind}: those that there are; "kind" is the resource, but in what is invalid. */
static json_t *details_of(const struct kube_resource *r, const char *name, const char *kind)
{
    json_t *d = json_object();
    if (name && *name)
        json_object_set_new(d, "name", text_json(name));
    if (*r->group)
        json_object_set_new(d, "group", json_string(r->group));
    json_object_set_new(d, "kind", json_string(kind));
    return d;
}

json_t *status_not_found(const struct kube_resource *r, const char *name)
{
    _cleanup_(freep) char *what = kube_resource_text(r), *text = xasprintf("%s \"%s\" not found", what, name);
    return status_make(404, "NotFound", text, details_of(r, name, r->plural));
}

json_t *status_exists(const struct kube_resource *r, const char *name)
{
    _cleanup_(freep) char *what = kube_resource_text(r), *text = xasprintf("%s \"%s\" already exists", what, name);
    return status_make(409, "AlreadyExists", text, details_of(r, name, r->plural));
}

json_t *status_conflict(const struct kube_resource *r, const char *name, const char *why)
{
    _cleanup_(freep) char *what = kube_resource_text(r),
                          *text = xasprintf("Operation cannot be fulfilled on %s \"%s\": %s", what, name, why);
    return status_make(409, "Conflict", text, details_of(r, name, r->plural));
}

json_t *status_forbidden(const struct kube_resource *r, const char *name, const char *why)
{
    _cleanup_(freep) char *what = kube_resource_text(r);
    _cleanup_(freep) char *text = name && *name ? xasprintf("%s \"%s\" is forbidden: %s", what, name, why)
                                                : xasprintf("%s is forbidden: %s", what, why);
    return status_make(403, "Forbidden", text, details_of(r, name, r->plural));
}

json_t *status_cause(const char *reason, const char *field, const char *format, ...)
{
    SAY(text, format);
    return json_pack("{ss, so, ss}", "reason", reason, "message", text_json(text), "field", field);
}

/* One stands alone, more stand in brackets: field.ErrorList.ToAggregate(). */
json_t *status_invalid(const struct kube_resource *r, const char *name, json_t *causes)
{
    struct buf b = BUF_NULL;
    json_t *cause;
    size_t i, n = json_array_size(causes);
    json_array_foreach (causes, i, cause)
        buf_addf(&b, "%s%s: %s", i ? ", " : "", json_string_value(json_object_get(cause, "field")),
                 json_string_value(json_object_get(cause, "message")));
    _cleanup_(freep) char *what = kube_kind_text(r);
    _cleanup_(freep) char *text = xasprintf("%s \"%s\" is invalid: %s%.*s%s", what, name, n > 1 ? "[" : "", (int)buf_len(&b),
                                            (const char *)buf_data(&b), n > 1 ? "]" : "");
    json_t *details = details_of(r, name, r->kind);
    json_object_set_new(details, "causes", causes);
    buf_done(&b);
    return status_make(422, "Invalid", text, details);
}

json_t *status_apply_conflict(const char *message, json_t *causes)
{
    return status_make(409, "Conflict", message, json_pack("{so}", "causes", causes));
}

json_t *status_bad_request(const char *format, ...)
{
    SAY(text, format);
    return status_make(400, "BadRequest", text, NULL);
}

json_t *status_expired(const char *format, ...)
{
    SAY(text, format);
    return status_make(410, "Expired", text, NULL);
}

json_t *status_internal(const char *format, ...)
{
    SAY(text, format);
    json_t *causes = json_pack("[{so}]", "message", text_json(text));
    _cleanup_(freep) char *whole = xasprintf("Internal error occurred: %s", text);
    return status_make(500, "InternalError", whole, json_pack("{so}", "causes", causes));
}

json_t *status_unauthorized(void)
{
    return status_make(401, "Unauthorized", "Unauthorized", NULL);
}

json_t *status_method(const struct kube_resource *r)
{
    (void)r;
    return status_make(405, "MethodNotAllowed", "the server does not allow this method on the requested resource",
                       json_object());
}

json_t *status_media_type(const char *accepted)
{
    _cleanup_(freep) char *text =
        xasprintf("the body of the request was in an unknown format - accepted media types include: %s", accepted);
    return status_make(415, "UnsupportedMediaType", text, NULL);
}

json_t *status_success(const struct kube_resource *r, const char *name, const char *uid)
{
    json_t *details = details_of(r, name, r->plural);
    if (uid)
        json_object_set_new(details, "uid", json_string(uid));
    return json_pack("{ss, ss, s{}, ss, so}", "kind", "Status", "apiVersion", "v1", "metadata", "status", "Success",
                     "details", details);
}

int status_code(const json_t *status)
{
    const char *kind = json_string_value(json_object_get(status, "kind"));
    const char *version = json_string_value(json_object_get(status, "apiVersion"));
    if (!kind || strcmp(kind, "Status") || !version || strcmp(version, "v1"))
        return 0;
    return (int)json_integer_value(json_object_get(status, "code"));
}
