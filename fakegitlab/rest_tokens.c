/* …/cluster_agents/:agent_id/tokens: GitLab 15.0 and later. A token is told once, when it is made. */
#include "fakegitlab/rest.h"

#include <errno.h>

static json_t *token_json(const struct gl_token *t)
{
    return json_pack("{sI, ss, ss, sI, ss, so, so}", "id", (json_int_t)t->id, "name", t->name, "description",
                     t->description, "agent_id", (json_int_t)t->agent->id, "status", t->revoked ? "revoked" : "active",
                     "created_at", rest_time(t->created_at), "created_by_user_id", rest_user_id(t->created_by));
}

static json_t *token_json_whole(const struct gl_token *t)
{
    json_t *o = token_json(t);
    json_object_set_new(o, "last_used_at", rest_time(t->last_used_at));
    return o;
}

/* The one of :token_id that is still active. NULL: answered. */
static const struct gl_token *token_asked(struct call *c, enum gl_access needed)
{
    int64_t id;
    const struct gl_agent *a = rest_agent(c, needed);
    if (!a)
        return NULL;
    if (!id_of_text(c->params[2], &id)) {
        reply_error(c, 400, "token_id is invalid");
        return NULL;
    }
    const struct gl_token *t = store_token(c->g->store, id);
    if (t && t->agent == a && !t->revoked)
        return t;
    reply_not_found(c, "Agent Token");
    return NULL;
}

void rest_tokens_list(struct call *c)
{
    const struct gl_agent *a = rest_agent(c, GL_DEVELOPER);
    size_t offset, n, active = 0, at = 0;
    for (size_t i = 0; a && i < a->n_tokens; i++)
        active += !a->tokens[i]->revoked;
    json_t *headers = a ? rest_page(c, active, &offset, &n) : NULL, *list = json_array();
    for (size_t i = 0; headers && i < a->n_tokens; i++) {
        if (a->tokens[i]->revoked)
            continue;
        if (at >= offset && at < offset + n)
            json_array_append_new(list, token_json(a->tokens[i]));
        at++;
    }
    if (headers)
        reply_json_with(c, 200, headers, json_incref(list));
    json_decref(headers);
    json_decref(list);
}

void rest_tokens_show(struct call *c)
{
    const struct gl_token *t = token_asked(c, GL_DEVELOPER);
    if (t)
        reply_json(c, 200, token_json_whole(t));
}

void rest_tokens_create(struct call *c)
{
    const struct gl_agent *a = rest_agent(c, GL_MAINTAINER);
    _cleanup_(freep) char *name = NULL, *description = NULL, *secret = NULL;
    const struct gl_token *t;
    json_t *errors = NULL;
    if (!a || !call_param_text(c, "name", true, &name) || !call_param_text(c, "description", false, &description))
        return;
    struct gl_token_spec spec = {.name = name ? name : "", .description = description};
    int r = store_token_create(c->g->store, c->user, a, &spec, &t, &secret, &errors);
    if (r < 0) {
        rest_refused(c, r, errors);
        return;
    }
    json_t *o = token_json_whole(t);
    json_object_set_new(o, "token", json_string(secret));
    reply_json(c, 201, o);
}

void rest_tokens_delete(struct call *c)
{
    const struct gl_token *t = token_asked(c, GL_MAINTAINER);
    json_t *errors = NULL;
    int r = t ? store_token_revoke(c->g->store, c->user, t, &errors) : 0;
    if (r < 0)
        rest_refused(c, r, errors);
    else if (t)
        reply_none(c, 204);
}
