/* What KAS tells GitLab, or asks of users and jobs: usage_metrics, agent_configuration, authorize_proxy_user,
 * /job/allowed_agents. */
#include <errno.h>

#include "fakegitlab/internal.h"

void internal_usage_metrics(struct call *c)
{
    const json_t *body = call_body(c);
    if (!body)
        return;
    if (!store_usage_valid(body))
        reply_bad_request(c, "counters must be non-negative integers");
    else if (store_receive(c->g->store, GL_USAGE, NULL, body, NULL) < 0)
        reply_message(c, 500, "500 Internal Server Error");
    else
        reply_none(c, 204);
}

void internal_agent_configuration(struct call *c)
{
    int64_t id;
    if (!call_param_id(c, "agent_id", &id))
        return;
    json_t *config = call_param(c, "agent_config");
    const struct gl_agent *a = store_agent(c->g->store, id);
    if (!config)
        reply_error(c, 400, "agent_config is missing");
    else if (!json_is_object(config))
        reply_error(c, 400, "agent_config is invalid");
    else if (!a)
        reply_message(c, 404, "404 Not found"); /* ActiveRecord::RecordNotFound, as GitLab words it */
    else if (store_agent_configure(c->g->store, a, config) < 0)
        reply_message(c, 500, "500 Internal Server Error");
    else
        reply_none(c, 204);
    json_decref(config);
}

static void answer_proxy_user(struct call *c, int64_t agent_id, const char *type, const char *key)
{
    json_t *answer = NULL;
    switch (store_authorize_proxy_user(c->g->store, agent_id, type, key, &answer)) {
    case 0:
        reply_json(c, 200, answer);
        break;
    case -ENOENT:
        c->why = "no such agent";
        reply_not_found(c, NULL);
        break;
    case -EACCES:
        c->why = "nobody has this access key";
        reply_unauthorized(c);
        break;
    case -EPERM:
        c->why = "the user may not use this agent";
        reply_forbidden(c);
        break;
    default:
        reply_error(c, 400, "access_type does not have a valid value");
    }
}

void internal_authorize_proxy_user(struct call *c)
{
    int64_t agent_id;
    _cleanup_(freep) char *type = NULL, *key = NULL;
    if (call_param_id(c, "agent_id", &agent_id) && call_param_text(c, "access_type", true, &type) &&
        call_param_text(c, "access_key", true, &key))
        answer_proxy_user(c, agent_id, type, key);
}

void job_allowed_agents(struct call *c)
{
    reply_json(c, 200, store_allowed_agents(c->g->store, c->job));
}
