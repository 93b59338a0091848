/* Which agents a job may use, and which a user may, by what the agents' configurations allow.
 *
 * GitLab takes for each agent the nearest permission: of the project itself, of the agent's own project (which needs none),
 * of a group above. A configuration speaks only of projects and groups beneath its own topmost group. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <string.h>

static bool same_root(const char *a, const char *b)
{
    size_t n = strcspn(a, "/");
    return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

/* The entry with this id in a list of {id: path, …}. */
static const json_t *entry_of(const json_t *list, const char *path)
{
    const json_t *entry;
    size_t i;
    json_array_foreach((json_t *)list, i, entry) {
        const char *id = row_text(entry, "id");
        if (id && strcmp(id, path) == 0)
            return entry;
    }
    return NULL;
}

/* The nearest group above that stands in the list. */
static const json_t *group_entry(const json_t *list, const struct gl_group *g)
{
    const json_t *entry = NULL;
    for (; g && !entry; g = g->parent)
        entry = entry_of(list, g->path);
    return entry;
}

static json_t *without_id(const json_t *entry)
{
    json_t *copy = json_deep_copy(entry);
    json_object_del(copy, "id");
    return copy;
}

/* The configuration under which p's jobs may use the agent, or NULL: they may not. */
static json_t *allowed_by(const struct gl_agent *a, const struct gl_project *p)
{
    const json_t *access = json_object_get(a->config, "ci_access"), *entry = NULL;
    if (same_root(a->project->path, p->path))
        entry = entry_of(json_object_get(access, "projects"), p->path);
    if (!entry && a->project == p)
        return json_object();
    if (!entry && same_root(a->project->path, p->path))
        entry = group_entry(json_object_get(access, "groups"), p->group);
    return entry ? without_id(entry) : NULL;
}

static void add(json_t *list, const struct gl_agent *a, json_t *configuration)
{
    json_array_append_new(list, json_pack("{sIs{sI}so}", "id", (json_int_t)a->id, "config_project", "id",
                                          (json_int_t)a->project->id, "configuration", configuration));
}

static json_t *allowed_list(const struct store *s, const struct gl_job *j)
{
    json_t *list = json_array();
    const json_t *said;
    size_t i;
    json_array_foreach((json_t *)j->allowed_agents, i, said) {
        const struct gl_agent *a = store_agent(s, row_int(said, "agent"));
        json_t *configuration = json_object_get(said, "configuration");
        if (a)
            add(list, a, configuration ? json_deep_copy(configuration) : json_object());
    }
    for (i = 0; !j->allowed_agents && i < s->agents.n; i++) {
        const struct gl_agent *a = s->agents.list[i];
        json_t *configuration = allowed_by(a, j->project);
        if (configuration)
            add(list, a, configuration);
    }
    return list;
}

static json_t *groups_above(const struct gl_project *p)
{
    json_t *list = json_array();
    for (const struct gl_group *g = p->group; g; g = g->parent)
        json_array_append_new(list, json_pack("{sI}", "id", (json_int_t)g->id));
    return list;
}

/* ["guest", "reporter", "developer"]: a role holds those beneath it. */
static json_t *roles(enum gl_access level, enum gl_access from)
{
    json_t *list = json_array();
    for (int l = from; l <= (int)level; l += 10)
        json_array_append_new(list, json_string(gl_access_to_string((enum gl_access)l)));
    return list;
}

json_t *store_allowed_agents(const struct store *s, const struct gl_job *j)
{
    json_t *answer = json_pack(
        "{sos{sI}s{sI}s{sIso}s{sIssso}}", "allowed_agents", allowed_list(s, j), "job", "id", (json_int_t)j->id, "pipeline",
        "id", (json_int_t)j->pipeline_id, "project", "id", (json_int_t)j->project->id, "groups", groups_above(j->project),
        "user", "id", (json_int_t)j->user->id, "username", j->user->username, "roles_in_project",
        roles(store_access(j->project, j->user), GL_GUEST));
    if (j->environment)
        json_object_set_new(answer, "environment", json_pack("{ssss}", "slug", j->environment, "tier", j->tier));
    return answer;
}

/* ---- users (16.x) ------------------------------------------------------------------------------------------ */

/* What `user_access` names that this user has a developer's access to: [{"id", "roles"}]. */
static json_t *accessible(const struct store *s, const json_t *list, const struct gl_agent *a, const struct gl_user *user,
                          bool groups)
{
    json_t *found = json_array();
    const json_t *entry;
    size_t i;
    json_array_foreach((json_t *)list, i, entry) {
        const char *path = row_text(entry, "id");
        const struct gl_project *p = groups ? NULL : store_project_by_path(s, path);
        const struct gl_group *g = groups ? store_group_by_path(s, path) : NULL;
        enum gl_access level = p ? store_access(p, user) : store_group_access(g, user);
        if ((p || g) && level >= GL_DEVELOPER && same_root(path, a->project->path))
            json_array_append_new(found, json_pack("{sIso}", "id", (json_int_t)(p ? p->id : g->id), "roles",
                                                   roles(level, GL_REPORTER)));
    }
    return found;
}

static json_t *user_answer(const struct gl_agent *a, const struct gl_user *user, json_t *access_as)
{
    return json_pack("{s{sIs{sI}}s{sIss}so}", "agent", "id", (json_int_t)a->id, "config_project", "id",
                     (json_int_t)a->project->id, "user", "id", (json_int_t)user->id, "username", user->username,
                     "access_as", access_as);
}

static int authorize(const struct store *s, const struct gl_agent *a, const struct gl_user *user, json_t **ret)
{
    const json_t *access = json_object_get(a->config, "user_access"), *as = json_object_get(access, "access_as");
    json_t *projects = accessible(s, json_object_get(access, "projects"), a, user, false);
    json_t *groups = accessible(s, json_object_get(access, "groups"), a, user, true);
    bool any = json_array_size(projects) || json_array_size(groups);
    if (any)
        *ret = user_answer(a, user,
                           json_object_get(as, "user")
                               ? json_pack("{s{sOsO}}", "user", "projects", projects, "groups", groups)
                               : json_pack("{s{}}", "agent"));
    json_decref(projects);
    json_decref(groups);
    return any ? 0 : -EPERM;
}

int store_authorize_proxy_user(struct store *s, int64_t agent_id, const char *access_type, const char *access_key,
                               json_t **ret)
{
    enum gl_credential_kind kind;
    if (access_type && strcmp(access_type, "session_cookie") == 0)
        kind = GL_SESSION;
    else if (access_type && strcmp(access_type, "personal_access_token") == 0)
        kind = GL_PERSONAL_ACCESS_TOKEN;
    else
        return -EINVAL;
    const struct gl_agent *a = store_agent(s, agent_id);
    if (!a)
        return -ENOENT;
    const struct gl_user *user = access_key ? store_user_by_secret(s, kind, access_key, strlen(access_key)) : NULL;
    return user ? authorize(s, a, user, ret) : -EACCES;
}
