/* What the page shows of projects, agents, tokens and connections. What a user may not see is not in it. */
#include <stdio.h>
#include <string.h>

#include "fakegitlab/page/page.h"
#include "fakegitlab/repository.h"
#include "lib/script/version.h"

enum {
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
    CONNECTED_FOR = HOUR /* as GitLab counts it */
};

/* ---- small things ---- */

static json_t *ago(int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{24 * (int64_t)HOUR, "day"}, {HOUR, "hour"}, {MINUTE, "minute"}, {SECOND, "second"}};
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        int64_t n = ms / units[i].ms;
        if (n > 0)
            return json_sprintf("%lld %s%s ago", (long long)n, units[i].unit, n == 1 ? "" : "s");
    }
    return json_string("just now");
}

json_t *view_time(int64_t ms)
{
    char iso[STORE_TIME_LEN];
    if (!ms)
        return json_null();
    store_time_text(ms, iso);
    return json_pack("{ss, so}", "iso", iso, "ago", ago(store_now() - ms));
}

json_t *view_json_text(const json_t *v)
{
    _cleanup_(freep) char *text = json_dumps(v, JSON_INDENT(2) | JSON_ENCODE_ANY);
    return json_string(text ? text : "");
}

/* ---- agents ---- */

static json_t *token_view(const struct gl_token *t)
{
    return json_pack("{sI, ss, ss, sb, so}", "id", (json_int_t)t->id, "name", t->name, "description",
                     t->description, "revoked", t->revoked, "used", view_time(t->last_used_at));
}

static json_t *tokens_summary(const struct gl_agent *a)
{
    size_t revoked = 0;
    for (size_t i = 0; i < a->n_tokens; i++)
        revoked += a->tokens[i]->revoked;
    if (!revoked)
        return json_sprintf("%zu active", a->n_tokens);
    return json_sprintf("%zu active, %zu revoked", a->n_tokens - revoked, revoked);
}

static int64_t last_contact(const struct gl_agent *a)
{
    int64_t last = 0;
    for (size_t i = 0; i < a->n_tokens; i++)
        last = a->tokens[i]->last_used_at > last ? a->tokens[i]->last_used_at : last;
    return last;
}

static void add_status(json_t *view, int64_t contact)
{
    bool now = contact && store_now() - contact < CONNECTED_FOR;
    const char *text = now ? "Connected" : contact ? "Not connected" : "Never connected";
    json_object_set_new(view, "status", json_string(text));
    json_object_set_new(view, "status_class", json_string(now ? "good" : contact ? "bad" : "none"));
    json_object_set_new(view, "contact", view_time(contact));
}

static void add_config(json_t *view, const struct gl_agent *a)
{
    _cleanup_(freep) char *path = xasprintf(".gitlab/agents/%s/config.yaml", a->name);
    const struct git_commit *head = repository_head(a->project);
    struct git_entry entry;
    bool there = head && repository_entry(a->project, head, path, &entry) == 0 && entry.type == GIT_BLOB;
    json_object_set_new(view, "config_path", json_string(path));
    json_object_set_new(view, "config_there", json_boolean(there));
    if (a->config)
        json_object_set_new(
            view, "config",
            json_pack("{so, so}", "at", view_time(a->config_at), "text", view_json_text(a->config)));
}

/* Why there is no Delete; NULL: there is. */
static const char *undeletable(const struct call *c, const struct gl_agent *a)
{
    bool has = true;
    if (c->g->version)
        (void)version_in(">= 14.7", NULL, c->g->version, &has);
    if (!has)
        return "Agents can be deleted here since GitLab 14.7";
    return store_access(a->project, c->user) >= GL_MAINTAINER ? NULL : "Deleting needs the Maintainer role";
}

static json_t *agent_view(const struct call *c, const struct gl_agent *a)
{
    const char *why_not = undeletable(c, a);
    json_t *view = json_pack("{sI, ss, so, so, sb, ss?}", "id", (json_int_t)a->id, "name", a->name, "created",
                             view_time(a->created_at), "summary", tokens_summary(a), "deletable", !why_not,
                             "undeletable", why_not);
    json_t *tokens = json_array();
    for (size_t i = 0; i < a->n_tokens; i++)
        json_array_append_new(tokens, token_view(a->tokens[i]));
    json_object_set_new(view, "tokens", tokens);
    add_status(view, last_contact(a));
    add_config(view, a);
    return view;
}

/* ---- projects ---- */

static json_t *head_view(const struct gl_project *p)
{
    const struct git_commit *head = repository_head(p);
    if (!head)
        return json_null();
    size_t line = strcspn(head->message, "\n");
    return json_pack("{ss%, ss%}", "id", head->id, (size_t)8, "message", head->message, line);
}

static json_t *project_view(const struct call *c, const struct gl_project *p)
{
    json_t *agents = json_array();
    for (size_t i = 0; store_access(p, c->user) >= GL_DEVELOPER && i < p->n_agents; i++)
        json_array_append_new(agents, agent_view(c, p->agents[i]));
    bool some = json_array_size(agents);
    return json_pack("{sI, ss, ss, ss, so, so, sb}", "id", (json_int_t)p->id, "path", p->path, "visibility",
                     p->visibility == GL_PUBLIC ? "public" : "private", "branch", p->default_branch, "head",
                     head_view(p), "agents", agents, "has_agents", some);
}

static json_t *peer_time(const json_t *peer, const char *key)
{
    return view_time(json_integer_value(json_object_get(peer, key)));
}

/* KAS first: whoever looks at the page has some connections too. */
static json_t *peers_view(const struct gitlab *g)
{
    json_t *all = peers_json(g), *list = json_array(), *one;
    size_t i;
    json_array_foreach(all, i, one)
    {
        json_object_set_new(one, "since", peer_time(one, "since"));
        json_object_set_new(one, "last", peer_time(one, "last_at"));
        if (json_is_true(json_object_get(one, "kas")))
            json_array_insert(list, 0, one);
        else
            json_array_append(list, one);
    }
    json_decref(all);
    return list;
}

void view_clusters(const struct call *c, json_t *view)
{
    size_t n;
    const struct gl_project *const *all = store_projects(c->g->store, &n);
    json_t *projects = json_array(), *peers = peers_view(c->g);
    for (size_t i = 0; i < n; i++)
        if (store_can_see(all[i], c->user))
            json_array_append_new(projects, project_view(c, all[i]));
    json_object_set_new(view, "projects", projects);
    json_object_set_new(view, "has_peers", json_boolean(json_array_size(peers)));
    json_object_set_new(view, "peers", peers);
}

/* The documentation's documents, with an agent that there is. */
void view_explorer(const struct call *c, json_t *view)
{
    size_t n;
    const struct gl_agent *const *all = store_agents(c->g->store, &n), *a = NULL;
    for (size_t i = 0; i < n && !a; i++)
        if (store_access(all[i]->project, c->user) >= GL_DEVELOPER)
            a = all[i];
    json_object_set_new(view, "project_path", json_string(a ? a->project->path : "grp/proj"));
    json_object_set_new(view, "agent_name", json_string(a ? a->name : "my-agent"));
    json_object_set_new(view, "agent_id", json_integer(a ? a->id : 1));
    json_object_set_new(view, "token_id", json_integer(a && a->n_tokens ? a->tokens[0]->id : 1));
}
