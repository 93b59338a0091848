/* What exec and port-forward have in common: a Pod that runs, and a connection that becomes SPDY with a protocol of theirs on it. */
#include "fakekube/remote.h"

#include <string.h>

#include "lib/base/mem.h"

/* What the client offers, as Go prints a list. A new string. */
static char *offered(const struct call *c)
{
    json_t *v = json_object_get(c->request->headers, "x-stream-protocol-version"), *one;
    const char *first = json_string_value(v);
    struct buf b = BUF_NULL;
    size_t i;
    json_array_foreach (v, i, one)
        buf_addf(&b, "%s%s", i ? " " : "", json_string_value(one));
    if (first)
        buf_add(&b, first, strlen(first));
    char *text = xstrndup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

static void refuse_protocol(struct call *c, const char *protocol)
{
    _cleanup_(freep) char *client = offered(c);
    _cleanup_(freep) char *text = *client ? xasprintf("unable to upgrade: unable to negotiate protocol: client supports [%s], server "
                                                      "accepts [%s]\n", client, protocol)
                                          : xstrdup("unable to upgrade: X-Stream-Protocol-Version is required\n");
    json_t *headers = json_pack("{ss}", "X-Accepted-Stream-Protocol-Versions", protocol);
    kube_reply_with(c, *client ? 403 : 400, "text/plain; charset=utf-8", headers, text, strlen(text));
    json_decref(headers);
}

bool remote_can(struct call *c, const char *protocol)
{
    if (!http1_header_has(c->request, "upgrade", "SPDY/3.1") || !http1_header_has(c->request, "connection", "upgrade"))
        kube_reply_status(c, status_bad_request("Upgrade request required")); /* so that who tries WebSocket first goes on to SPDY */
    else if (!http1_header_has(c->request, "x-stream-protocol-version", protocol))
        refuse_protocol(c, protocol);
    else
        return true;
    return false;
}

void remote_begin(struct call *c, const char *protocol, const struct spdy_owner *owner)
{
    json_t *headers = json_pack("{ss, ss, ss}", "Connection", "Upgrade", "Upgrade", "SPDY/3.1", "X-Stream-Protocol-Version", protocol);
    c->status = 101;
    http1_become(c->http, 101, "Switching Protocols", headers);
    spdy_push(c->conn, owner);
    json_decref(headers);
}

const json_t *remote_pod(struct call *c, const struct ask *a, const char **ret_container)
{
    const json_t *pod = kube_shelf_get(a->r->shelf, a->ns, a->name);
    _cleanup_(freep) char *said = kube_call_param(c, "container");
    const char *container = pod ? podlog_container(pod, said && *said ? said : NULL) : NULL;
    const char *phase = json_string_value(object_get(pod, "status.phase"));
    _cleanup_(freep) char *text = container ? xasprintf("container not found (\"%s\")\n", container) : NULL;
    *ret_container = container;
    if (!pod)
        kube_reply_status(c, status_not_found(a->r, a->name));
    else if (!container)
        kube_reply_status(c, status_bad_request("container %s is not valid for pod %s", said ? said : "", a->name));
    else if (!phase || strcmp(phase, "Running"))
        kube_reply_with(c, 404, "text/plain; charset=utf-8", NULL, text, strlen(text)); /* the node's words */
    else
        return pod;
    return NULL;
}
