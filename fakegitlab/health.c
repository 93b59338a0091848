/* What load balancers and people ask to see whether it lives. */
#include <string.h>

#include "fakegitlab/internal.h"

void health_plain(struct call *c)
{
    reply_text(c, 200, "text/plain; charset=utf-8", "GitLab OK", 9);
}

void health_liveness(struct call *c)
{
    reply_json(c, 200, json_pack("{ss}", "status", "ok"));
}

void health_readiness(struct call *c)
{
    reply_json(c, 200, json_pack("{ss, s[{ss}]}", "status", "ok", "master_check", "status", "ok"));
}

void rest_version(struct call *c)
{
    reply_json(c, 200, json_pack("{ss, ss}", "version", c->g->version ? c->g->version : "16.5.0", "revision", "0000000"));
}
