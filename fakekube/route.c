/* What a server answers that is no resource: versions, health, discovery, OpenAPI. */
#include <string.h>

#include "fakekube/internal.h"
#include "lib/base/mem.h"

static void version(struct call *c)
{
    char minor[8];
    snprintf(minor, sizeof(minor), "%d", c->k->minor);
    kube_reply_json(c, 200,
               json_pack("{ss, ss, so, ss, ss, ss, ss, ss, ss}", "major", "1", "minor", minor, "gitVersion",
                         json_sprintf("v%s", c->k->version), "gitCommit", "0000000000000000000000000000000000000000", "gitTreeState",
                         "clean", "buildDate", "2024-01-01T00:00:00Z", "goVersion", "go1.22.5", "compiler", "gc", "platform",
                         "linux/amd64"));
}

static void healthy(struct call *c)
{
    kube_reply_with(c, 200, "text/plain; charset=utf-8", NULL, "ok", 2);
}

static bool is(const struct uri_path *p, size_t i, const char *text)
{
    return i < p->n && !strcmp(p->segments[i], text);
}

/* The paths that there are, as the server's own index has them. */
static void index_page(struct call *c)
{
    kube_reply_json(c, 200, json_pack("{s[sssssssss]}", "paths", "/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2",
                                 "/openapi/v3", "/readyz", "/version"));
}

bool route_call(struct call *c, const struct uri_path *p)
{
    if (strcmp(c->request->method, "GET") && strcmp(c->request->method, "HEAD"))
        return false;
    if (!p->n)
        index_page(c);
    else if (is(p, 0, "version") && p->n == 1)
        version(c);
    else if ((is(p, 0, "healthz") || is(p, 0, "livez") || is(p, 0, "readyz")) && p->n <= 2)
        healthy(c);
    else if (is(p, 0, "api") && p->n == 1)
        discovery_core(c);
    else if (is(p, 0, "api") && p->n == 2)
        discovery_resources(c, "", p->segments[1]);
    else if (is(p, 0, "apis") && p->n == 1)
        discovery_groups(c);
    else if (is(p, 0, "apis") && p->n == 2)
        discovery_group(c, p->segments[1]);
    else if (is(p, 0, "apis") && p->n == 3)
        discovery_resources(c, p->segments[1], p->segments[2]);
    else if (is(p, 0, "openapi") && is(p, 1, "v2") && p->n == 2)
        openapi_v2(c);
    else if (is(p, 0, "openapi") && is(p, 1, "v3"))
        openapi_v3(c, p);
    else
        return false;
    return true;
}
