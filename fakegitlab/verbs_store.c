/* Verbs that change what the fake GitLab knows, as its owner does behind its users' backs. */
#include <errno.h>
#include <string.h>

#include "fakegitlab/internal.h"
#include "fakegitlab/repository.h"

enum { FILES_MAX = 2000 };

typedef int (*verb_fn)(struct gitlab *g, const json_t *args, char **reterr);

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

/* What the store refused, in its words. errors is stolen. */
static int refused(const char *verb, int r, json_t *errors, char **reterr)
{
    _cleanup_(freep) char *text = errors ? store_error_text(errors) : NULL;
    json_decref(errors);
    if (r < 0)
        *reterr = xasprintf("%s: %s", verb, text && *text ? text : strerror(-r));
    return r;
}

static const char *text_of(const json_t *args, const char *key)
{
    return json_string_value(json_is_object(args) ? json_object_get(args, key) : NULL);
}

/* ---- which one is meant ---- */

/* `project`, by path or id; without it the first there is. */
static const struct gl_project *project_of(struct gitlab *g, const json_t *args, const char *verb, char **reterr)
{
    const json_t *v = json_is_object(args) ? json_object_get(args, "project") : NULL;
    size_t n;
    const struct gl_project *const *all = store_projects(g->store, &n);
    const struct gl_project *p = json_is_integer(v)  ? store_project(g->store, json_integer_value(v))
                                 : json_is_string(v) ? store_project_by_ref(g->store, json_string_value(v))
                                 : !v && n           ? all[0]
                                                     : NULL;
    if (!p)
        *reterr = v ? xasprintf("%s: there is no such project; its path is meant, such as %s", verb,
                                n ? all[0]->path : "grp/proj")
                    : xasprintf("%s: there is no project", verb);
    return p;
}

/* The verb's argument itself or its `agent`: a name or an id, in `project` if that is said; without it the first. */
static const struct gl_agent *agent_of(struct gitlab *g, const json_t *args, const char *verb, char **reterr)
{
    const json_t *v = json_is_object(args) ? json_object_get(args, "agent") : args;
    const struct gl_project *p = NULL;
    size_t n;
    const struct gl_agent *const *all = store_agents(g->store, &n);
    if (json_is_object(args) && json_object_get(args, "project")) {
        p = project_of(g, args, verb, reterr);
        if (!p)
            return NULL;
    }
    for (size_t i = 0; i < n; i++)
        if ((!p || all[i]->project == p) &&
            (!v || json_is_null(v) || (json_is_integer(v) && json_integer_value(v) == all[i]->id) ||
             (json_is_string(v) && !strcmp(json_string_value(v), all[i]->name))))
            return all[i];
    *reterr = xasprintf("%s: there is no such agent; there %s %s", verb, n ? "is" : "are", n ? all[0]->name : "none");
    return NULL;
}

/* ---- agents and tokens ---- */

static int verb_create_agent(struct gitlab *g, const json_t *args, char **reterr)
{
    const struct gl_project *p = project_of(g, args, "create_agent", reterr);
    const char *name = json_is_string(args) ? json_string_value(args) : text_of(args, "name");
    const struct gl_agent *a;
    json_t *errors = NULL;
    if (!p)
        return -EINVAL;
    int r = store_agent_create(g->store, NULL, p, json_integer_value(json_object_get(args, "id")), name ? name : "", &a,
                               &errors);
    return refused("create_agent", r, errors, reterr);
}

static int verb_delete_agent(struct gitlab *g, const json_t *args, char **reterr)
{
    const struct gl_agent *a = agent_of(g, args, "delete_agent", reterr);
    json_t *errors = NULL;
    return a ? refused("delete_agent", store_agent_delete(g->store, NULL, a, &errors), errors, reterr) : -EINVAL;
}

static int verb_create_token(struct gitlab *g, const json_t *args, char **reterr)
{
    const struct gl_agent *a = agent_of(g, args, "create_token", reterr);
    const char *name = text_of(args, "name");
    struct gl_token_spec spec = {.name = name ? name : "token", .description = text_of(args, "description"),
                                 .secret = text_of(args, "token")};
    const struct gl_token *t;
    json_t *errors = NULL;
    if (!a)
        return -EINVAL;
    return refused("create_token", store_token_create(g->store, NULL, a, &spec, &t, NULL, &errors), errors, reterr);
}

typedef int (*token_fn)(struct store *s, const struct gl_user *by, const struct gl_token *t, json_t **reterr);

/* One token by its id, else all that the agent has. They are looked up anew each time: a change moves them. */
static int each_token(struct gitlab *g, const json_t *args, const char *verb, token_fn fn, bool skip_revoked,
                      char **reterr)
{
    const struct gl_agent *a = agent_of(g, args, verb, reterr);
    json_int_t only = json_integer_value(json_is_object(args) ? json_object_get(args, "token") : NULL);
    int64_t ids[256];
    size_t n = 0;
    if (!a)
        return -EINVAL;
    for (size_t i = 0; i < a->n_tokens && n < ARRAY_SIZE(ids); i++)
        if ((!only || only == a->tokens[i]->id) && !(skip_revoked && a->tokens[i]->revoked))
            ids[n++] = a->tokens[i]->id;
    if (!n)
        return refuse(reterr, xasprintf("%s: the agent %s has no such token", verb, a->name));
    for (size_t i = 0; i < n; i++) {
        json_t *errors = NULL;
        const struct gl_token *t = store_token(g->store, ids[i]);
        int r = t ? refused(verb, fn(g->store, NULL, t, &errors), errors, reterr) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int verb_revoke_token(struct gitlab *g, const json_t *args, char **reterr)
{
    return each_token(g, args, "revoke_token", store_token_revoke, true, reterr);
}

static int verb_delete_token(struct gitlab *g, const json_t *args, char **reterr)
{
    return each_token(g, args, "delete_token", store_token_delete, false, reterr);
}

/* ---- projects ---- */

static int verb_commit(struct gitlab *g, const json_t *args, char **reterr)
{
    const struct gl_project *p = project_of(g, args, "commit", reterr);
    json_t *files = json_object_get(args, "files"), *text, *errors = NULL;
    const struct git_commit *commit;
    const char *path;
    struct git_change *changes;
    if (!p)
        return -EINVAL;
    if ((files && !json_is_object(files)) || json_object_size(files) > FILES_MAX)
        return refuse(reterr, xstrdup("commit.files: expected {path: text}, or null to delete, 2000 at most"));
    changes = xcalloc(json_object_size(files) + 1, sizeof(*changes));
    struct git_commit_spec spec = {.branch = text_of(args, "branch"), .message = text_of(args, "message"),
                                   .id = text_of(args, "id"), .changes = changes};
    json_object_foreach (files, path, text)
        changes[spec.n_changes++] = (struct git_change){.path = path, .bytes = json_string_value(text),
                                                        .len = json_string_length(text)};
    int r = repository_commit_create(g->store, p, &spec, &commit, &errors);
    free(changes);
    return refused("commit", r, errors, reterr);
}

static int verb_set_visibility(struct gitlab *g, const json_t *args, char **reterr)
{
    const struct gl_project *p = project_of(g, args, "set_visibility", reterr);
    const char *v = text_of(args, "visibility");
    if (!p)
        return -EINVAL;
    if (!v || (strcmp(v, "public") && strcmp(v, "private")))
        return refuse(reterr, xstrdup("set_visibility.visibility: expected public or private"));
    return store_project_set_visibility(g->store, p, strcmp(v, "public") ? GL_PRIVATE : GL_PUBLIC);
}

static int verb_set_default_branch(struct gitlab *g, const json_t *args, char **reterr)
{
    const struct gl_project *p = project_of(g, args, "set_default_branch", reterr);
    const char *branch = text_of(args, "branch");
    if (p && !branch)
        return refuse(reterr, xstrdup("set_default_branch.branch: expected a name"));
    return p ? store_project_set_default_branch(g->store, p, branch) : -EINVAL;
}

static int verb_delete_project(struct gitlab *g, const json_t *args, char **reterr)
{
    json_t *named = json_is_object(args) ? json_incref((json_t *)args) : json_pack("{sO}", "project", args);
    const struct gl_project *p = project_of(g, named, "delete_project", reterr);
    json_decref(named);
    return p ? store_project_delete(g->store, p) : -EINVAL;
}

/* ---- settings and jobs ---- */

static int verb_set_licence(struct gitlab *g, const json_t *args, char **reterr)
{
    static const char *const names[] = {"free", "premium", "ultimate"};
    const char *tier = json_is_string(args) ? json_string_value(args) : text_of(args, "tier");
    for (size_t i = 0; tier && i < ARRAY_SIZE(names); i++)
        if (!strcmp(tier, names[i]))
            return store_set_licence(g->store, (enum gl_licence)i);
    return refuse(reterr, xstrdup("set_licence: expected free, premium or ultimate"));
}

static int verb_set_flag(struct gitlab *g, const json_t *args, char **reterr)
{
    const char *flag = text_of(args, "flag");
    const json_t *on = json_object_get(args, "on");
    const struct gl_project *p = NULL;
    if (!flag || !json_is_boolean(on))
        return refuse(reterr, xstrdup("set_flag: expected {flag: NAME, on: true|false}"));
    if (json_object_get(args, "project")) {
        p = project_of(g, args, "set_flag", reterr);
        if (!p)
            return -EINVAL;
    }
    return store_set_flag(g->store, flag, p, json_is_true(on));
}

static int verb_set_job(struct gitlab *g, const json_t *args, char **reterr)
{
    const json_t *id = json_object_get(args, "job");
    const char *status = json_is_string(args) ? json_string_value(args) : text_of(args, "status");
    size_t n;
    const struct gl_job *const *all = store_jobs(g->store, &n);
    const struct gl_job *j = id ? store_job(g->store, json_integer_value(id)) : n ? all[0] : NULL;
    if (!j)
        return refuse(reterr, xstrdup("set_job: there is no such job"));
    if (!status)
        return refuse(reterr, xstrdup("set_job.status: expected running, success, failed or canceled"));
    return refused("set_job", store_job_set_status(g->store, j, status), NULL, reterr);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    verb_fn fn;
} verbs[] = {
    {"create_agent", verb_create_agent},     {"delete_agent", verb_delete_agent},
    {"create_token", verb_create_token},     {"revoke_token", verb_revoke_token},
    {"delete_token", verb_delete_token},     {"commit", verb_commit},
    {"set_visibility", verb_set_visibility}, {"set_default_branch", verb_set_default_branch},
    {"delete_project", verb_delete_project}, {"set_licence", verb_set_licence},
    {"set_flag", verb_set_flag},             {"set_job", verb_set_job},
};

int gitlab_store_verb(struct gitlab *g, const char *verb, const json_t *args, char **reterr)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (!strcmp(verb, verbs[i].name))
            return verbs[i].fn(g, args, reterr);
    return -ENOSYS;
}
