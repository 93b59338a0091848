/* What KAS says itself: before 15.7 a line of text, or nothing; later a Status as Kubernetes has it. */
#include <stdio.h>
#include <string.h>

#include "fakekas/k8s_proxy.h"
#include "lib/base/buf.h"

static const char *reason_of(int status)
{
    switch (status) {
    case 400:
        return "BadRequest";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "NotFound";
    case 500:
        return "InternalError";
    default:
        return NULL;
    }
}

/* Go's encoder of JSON escapes what HTML would read. */
static char *go_json(const json_t *v)
{
    _cleanup_(freep) char *text = json_dumps(v, JSON_COMPACT);
    struct buf b = BUF_NULL;
    for (const char *c = text; *c; c++)
        if (strchr("<>&", *c))
            buf_addf(&b, "\\u%04x", (unsigned)*c);
        else
            buf_add(&b, c, 1);
    buf_add(&b, "\n", 2); /* with its NUL */
    char *out = xstrdup((const char *)buf_data(&b));
    buf_done(&b);
    return out;
}

static char *status_text(int status, const char *message, const char *why)
{
    const char *reason = reason_of(status);
    json_t *v = json_pack("{ss, ss, s{}, ss, so, ss*, si}", "kind", "Status", "apiVersion", "v1", "metadata", "status", "Failure", "message",
                          json_sprintf("GitLab Agent Server: %s%s%s", message, why ? ": " : "", why ? why : ""), "reason", reason, "code",
                          status);
    char *text = go_json(v);
    json_decref(v);
    return text;
}

/* Only of what is wrong with the header, and of what failed on the way. */
static char *plain_text(int status, const char *message, const char *why)
{
    if (status == 401 && why && !strcmp(message, "Unauthorized"))
        return xasprintf("%s\n", why);
    return status == 502 ? xasprintf("%s%s%s\n", message, why ? ": " : "", why ? why : "") : NULL;
}

void k8s_refuse(struct k8s_proxy *p, struct http1 *h, int status, const char *message, const char *why)
{
    const struct kas_traits *t = &p->kas->traits;
    bool json = t->k8s_status;
    json_t *headers = json_object();
    _cleanup_(freep) char *body = json ? status_text(status, message, why) : plain_text(status, message, why);
    if (json)
        json_object_set_new(headers, "Content-Type", json_string("application/json"));
    else if (body)
        json_object_set_new(headers, "Content-Type", json_string("text/plain; charset=utf-8"));
    if (json && status == 401 && t->k8s_marks_401)
        json_object_set_new(headers, "Gitlab-Unauthorized", json_string("true"));
    if (*t->server)
        json_object_set_new(headers, "Server", json_string(t->server));
    if (!json && body)
        json_object_set_new(headers, "X-Content-Type-Options", json_string("nosniff"));
    k8s_proxy_event(p, http1_layer(h)->conn, "k8s.refused",
                    json_pack("{si, ss, ss*}", "status", status, "message", message, "why", why));
    http1_respond(h, status, http1_reason(status), headers, body, body ? strlen(body) : 0, false);
    json_decref(headers);
}
