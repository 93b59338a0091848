/* Who asks, in GitLab's order: the feature flag, KAS's JWT, the agent's token, the project's flag. */
#include <string.h>
#include <strings.h>

#include "fakegitlab/internal.h"

/* "Bearer TOKEN" -> TOKEN; NULL: it is none. */
static const char *bearer_of(const struct call *c)
{
    const char *v = http1_header(c->request, "authorization");
    if (!v || strncasecmp(v, "Bearer ", 7) != 0)
        return NULL;
    v += 7;
    return v + strspn(v, " ");
}

static bool admit_kas(struct call *c)
{
    static const struct jwt_rules rules = {.issuer = KAS_ISSUER, .audience = KAS_AUDIENCE, .leeway_s = 1};
    if (!store_flag(c->g->store, "kubernetes_agent_internal_api", NULL)) {
        c->why = "flag kubernetes_agent_internal_api is off";
        reply_not_found(c, NULL);
        return false;
    }
    enum jwt_verdict v =
        jwt_check(c->g->kas_key, &rules, http1_header(c->request, KAS_HEADER), gitlab_now_ms(c->g) / 1000);
    if (v == JWT_OK) {
        peer_is_kas(c->conn);
        return true;
    }
    static const char *const whys[] = {
        [JWT_MISSING] = "JWT missing",         [JWT_MALFORMED] = "JWT malformed",
        [JWT_ALGORITHM] = "JWT algorithm",     [JWT_SIGNATURE] = "JWT signature",
        [JWT_ISSUER] = "JWT issuer",           [JWT_AUDIENCE] = "JWT audience",
        [JWT_EXPIRED] = "JWT expired",         [JWT_EARLY] = "JWT not yet valid"};
    c->why = whys[v];
    reply_message(c, 401, "KAS JWT authentication invalid");
    return false;
}

static bool admit_agent(struct call *c)
{
    if (!admit_kas(c))
        return false;
    const char *secret = bearer_of(c);
    c->token = secret ? store_token_use(c->g->store, secret, strlen(secret)) : NULL;
    if (!c->token) {
        c->why = secret ? "unknown or revoked agent token" : "no agent token";
        reply_unauthorized(c);
        return false;
    }
    if (!store_flag(c->g->store, "kubernetes_agent_on_gitlab_com", c->token->agent->project)) {
        c->why = "flag kubernetes_agent_on_gitlab_com is off for the project";
        reply_forbidden(c);
        return false;
    }
    return true;
}

static const struct gl_user *user_of(const struct call *c)
{
    const char *secret = http1_header(c->request, "private-token");
    if (!secret)
        secret = bearer_of(c);
    return secret ? store_user_by_secret(c->g->store, GL_PERSONAL_ACCESS_TOKEN, secret, strlen(secret)) : NULL;
}

static bool admit_job(struct call *c)
{
    const char *secret = http1_header(c->request, "job-token");
    c->job = secret ? store_job_by_token(c->g->store, secret, strlen(secret)) : NULL;
    if (!c->job && !secret && user_of(c)) { /* it knows who asks, but that is no job */
        c->why = "not asked by a job";
        reply_not_found(c, "Job");
        return false;
    }
    if (!c->job) {
        c->why = secret ? "unknown job token" : "no job token";
        reply_unauthorized(c);
        return false;
    }
    if (strcmp(c->job->status, "running") != 0) {
        c->why = "the job is over";
        reply_message(c, 403, "403 Forbidden - Job is not running");
        return false;
    }
    return true;
}

/* Of a browser: what a GET cannot change it may ask without the session's token; otherwise, as for Rails, who does not
 * bring it is nobody. */
static bool admit_session(struct call *c)
{
    bool get = !strcmp(c->request->method, "GET") || !strcmp(c->request->method, "HEAD");
    if (web_session_read(c, false) && !get && !web_session_token_right(c, http1_header(c->request, "x-csrf-token")))
        c->user = NULL;
    return true;
}

static bool admit_graphql(struct call *c)
{
    c->user = user_of(c);
    if (c->user)
        return true;
    if (!http1_header(c->request, "private-token") && !bearer_of(c))
        return admit_session(c);
    c->why = "unknown token";
    reply_json(c, 401, json_pack("{s:[{s:s}]}", "errors", "message", "Invalid token"));
    return false;
}

static bool admit_user(struct call *c)
{
    c->user = user_of(c);
    if (c->user)
        return true;
    c->why = "no or unknown personal access token";
    reply_unauthorized(c);
    return false;
}

static bool admit(struct call *c)
{
    switch (c->route->asks) {
    case ASKS_KAS:
        return admit_kas(c);
    case ASKS_AGENT:
        return admit_agent(c);
    case ASKS_JOB:
        return admit_job(c);
    case ASKS_USER:
        return admit_user(c);
    case ASKS_GRAPHQL:
        return admit_graphql(c);
    case ASKS_BROWSER:
        return web_session_read(c, true);
    case ASKS_ANYBODY:
        break;
    }
    return true;
}

/* For the log: a store's objects are good until the next change, which may be this call's. */
static void note_asker(struct call *c)
{
    if (!events_heard(c->conn->events))
        return;
    c->asker = json_object();
    if (c->token) {
        json_object_set_new(c->asker, "agent", json_string(c->token->agent->name));
        json_object_set_new(c->asker, "agent_id", json_integer(c->token->agent->id));
    }
    if (c->user)
        json_object_set_new(c->asker, "user", json_string(c->user->username));
    if (c->job)
        json_object_set_new(c->asker, "job_id", json_integer(c->job->id));
}

bool call_admit(struct call *c)
{
    bool yes = admit(c);
    if (yes)
        note_asker(c);
    return yes;
}
