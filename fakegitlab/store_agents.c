/* Agents: a name in a project, and what KAS said of its configuration. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LETTERS 63

void agent_free(struct gl_agent *a)
{
    free(a->name);
    free((void *)a->tokens);
    json_decref((json_t *)a->config);
    free(a);
}

static void agent_put_row(struct store *s, const struct gl_agent *a)
{
    db_put(s->db, DB_AGENTS, a->id,
           json_pack("{sssIsIsIsIsO?sI}", "name", a->name, "project_id", (json_int_t)a->project->id, "created_by",
                     (json_int_t)(a->created_by ? a->created_by->id : 0), "created_at", (json_int_t)a->created_at,
                     "updated_at", (json_int_t)a->updated_at, "config", a->config, "config_at",
                     (json_int_t)a->config_at));
}

static struct lookup *names_in(const struct gl_project *p)
{
    return &((struct project *)p)->agents_by_name;
}

static void agent_shelve(struct store *s, struct gl_agent *a)
{
    struct gl_project *p = project_mut(a->project);
    shelf_put(&s->agents, a);
    lookup_put_text(names_in(p), a->name, a);
    const struct gl_agent **list = xrealloc((void *)p->agents, (p->n_agents + 1) * sizeof(*list));
    size_t at = p->n_agents++;
    for (; at > 0 && list[at - 1]->id > a->id; at--)
        list[at] = list[at - 1];
    list[at] = a;
    p->agents = list;
}

int agent_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    const json_t *config = json_object_get(row, "config");
    struct gl_agent *a = NEW(struct gl_agent);
    *a = (struct gl_agent){.id = id,
                           .name = xstrdup(row_text(row, "name")),
                           .project = store_project(s, row_int(row, "project_id")),
                           .created_by = store_user(s, row_int(row, "created_by")),
                           .created_at = row_int(row, "created_at"),
                           .updated_at = row_int(row, "updated_at"),
                           .config = json_is_object(config) ? json_deep_copy(config) : NULL,
                           .config_at = row_int(row, "config_at")};
    if (!a->name || !a->project) {
        agent_free(a);
        return -EIO;
    }
    agent_shelve(s, a);
    return 0;
}

/* ---- made -------------------------------------------------------------------------------------------------- */

static bool name_is_good(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t n = strlen(name);
    return n > 0 && strspn(name, letters) == n && name[0] != '-' && name[n - 1] != '-';
}

/* All that is wrong at once, in the order of GitLab's model. */
static int name_check(const struct gl_project *p, const char *name, json_t **reterr)
{
    int r = 0;
    if (name[strspn(name, " \t\r\n")] == 0) {
        say(reterr, "Name can't be blank");
        r = -EINVAL;
    }
    if (text_length(name) > NAME_MAX_LETTERS) {
        say(reterr, "Name is too long (maximum is %d characters)", NAME_MAX_LETTERS);
        r = -EINVAL;
    }
    if (store_agent_by_name(p, name)) {
        say(reterr, "Name has already been taken");
        r = -EINVAL;
    }
    if (!name_is_good(name)) {
        say(reterr, "Name can contain only lowercase letters, digits, and '-', but cannot start or end with '-'");
        r = -EINVAL;
    }
    return r;
}

static bool may_write(const struct gl_user *by, const struct gl_project *p)
{
    return !by || store_access(p, by) >= GL_MAINTAINER;
}

int store_agent_create(struct store *s, const struct gl_user *by, const struct gl_project *p, int64_t id,
                       const char *name, const struct gl_agent **ret, json_t **reterr)
{
    if (!may_write(by, p)) {
        say(reterr, "You have insufficient permissions to create a cluster agent for this project");
        return -EPERM;
    }
    name = name ? name : "";
    if (name_check(p, name, reterr) < 0)
        return -EINVAL;
    if (shelf_id(&s->agents, id) == 0) {
        say(reterr, "ID has already been taken");
        return -EINVAL;
    }
    struct gl_agent *a = NEW(struct gl_agent);
    *a = (struct gl_agent){.id = shelf_id(&s->agents, id),
                           .name = xstrdup(name),
                           .project = p,
                           .created_by = by,
                           .created_at = store_now()};
    a->updated_at = a->created_at;
    db_begin(s->db);
    agent_put_row(s, a);
    store_save_last(s, "agents", &s->agents, a->id);
    if (db_commit(s->db) < 0) {
        agent_free(a);
        return say_unwritten(reterr);
    }
    agent_shelve(s, a);
    if (ret)
        *ret = a;
    store_tell(s, (struct store_change){.kind = STORE_AGENT, .op = STORE_CREATED, .id = a->id, .project_id = p->id,
                                        .agent_id = a->id});
    return 0;
}

/* ---- gone -------------------------------------------------------------------------------------------------- */

void agent_drop_rows(struct store *s, const struct gl_agent *a)
{
    for (size_t i = 0; i < a->n_tokens; i++)
        db_delete(s->db, DB_TOKENS, a->tokens[i]->id);
    db_delete(s->db, DB_AGENTS, a->id);
}

void agent_drop(struct store *s, struct gl_agent *a)
{
    struct gl_project *p = project_mut(a->project);
    while (a->n_tokens)
        token_drop(s, token_mut(a->tokens[a->n_tokens - 1]));
    const struct gl_agent **list = (const struct gl_agent **)p->agents;
    size_t kept = 0;
    for (size_t i = 0; i < p->n_agents; i++)
        if (list[i] != a)
            list[kept++] = list[i];
    p->n_agents = kept;
    lookup_remove_text(names_in(p), a->name);
    shelf_remove(&s->agents, a->id);
    agent_free(a);
}

int store_agent_delete(struct store *s, const struct gl_user *by, const struct gl_agent *a, json_t **reterr)
{
    if (!may_write(by, a->project)) {
        say(reterr, "You have insufficient permissions to delete this cluster agent");
        return -EPERM;
    }
    db_begin(s->db);
    agent_drop_rows(s, a);
    if (db_commit(s->db) < 0)
        return say_unwritten(reterr);
    struct store_change change = {.kind = STORE_AGENT, .op = STORE_DELETED, .id = a->id, .project_id = a->project->id,
                                  .agent_id = a->id};
    agent_drop(s, agent_mut(a));
    store_tell(s, change);
    return 0;
}

/* ---- configured -------------------------------------------------------------------------------------------- */

int store_agent_configure(struct store *s, const struct gl_agent *agent, const json_t *config)
{
    struct gl_agent *a = agent_mut(agent), before = *a;
    a->config = json_deep_copy(config);
    a->config_at = store_now();
    db_begin(s->db);
    agent_put_row(s, a);
    if (db_commit(s->db) < 0) {
        json_decref((json_t *)a->config);
        *a = before;
        return -EIO;
    }
    json_decref((json_t *)before.config);
    store_tell(s, (struct store_change){.kind = STORE_AGENT, .op = STORE_UPDATED, .id = a->id, .name = "configured",
                                        .project_id = a->project->id, .agent_id = a->id});
    return 0;
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

const struct gl_agent *store_agent(const struct store *s, int64_t id)
{
    return shelf_get(&s->agents, id);
}

const struct gl_agent *store_agent_by_name(const struct gl_project *p, const char *name)
{
    return lookup_get_text(names_in(p), name);
}

const struct gl_agent *const *store_agents(const struct store *s, size_t *ret_n)
{
    *ret_n = s->agents.n;
    return (const struct gl_agent *const *)s->agents.list;
}
