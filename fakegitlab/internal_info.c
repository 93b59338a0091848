/* GET agent_info, project_info, verify_project_access: who an agent is, and where Gitaly has a project. */
#include <string.h>
#include <uthash.h>

#include "fakegitlab/internal.h"

/* The answer is the same until something changes, and is what KAS asks for all day long. */
struct agent_info {
    int64_t agent_id;
    char *text; /* owned */
    size_t len;
    UT_hash_handle hh;
};
struct agent_infos {
    struct agent_info *by_id;
};

struct agent_infos *agent_infos_new(void)
{
    return NEW(struct agent_infos);
}

void agent_infos_forget(struct agent_infos *i)
{
    struct agent_info *one, *next;
    HASH_ITER (hh, i->by_id, one, next) {
        HASH_DEL(i->by_id, one);
        free(one->text);
        free(one);
    }
}

struct agent_infos *agent_infos_free(struct agent_infos *i)
{
    if (i)
        agent_infos_forget(i);
    free(i);
    return NULL;
}

/* gitaly_info, gitaly_repository, default_branch and project_id: both calls have them. */
static void add_project(const struct gitlab *g, const struct gl_project *p, json_t *o)
{
    json_object_set(o, "gitaly_info", g->gitaly_info);
    json_object_set_new(o, "gitaly_repository",
                        json_pack("{ss, ss, ss, s[], ss, ss}", "storage_name", p->storage_name, "relative_path",
                                  p->relative_path, "git_object_directory", "", "git_alternate_object_directories",
                                  "gl_repository", p->gl_repository, "gl_project_path", p->path));
    json_object_set_new(o, "default_branch", json_string(p->default_branch));
}

static struct agent_info *make_info(const struct gitlab *g, const struct gl_agent *a)
{
    struct agent_info *info = NEW(struct agent_info);
    json_t *o = json_pack("{sI, sI, ss}", "project_id", (json_int_t)a->project->id, "agent_id", (json_int_t)a->id,
                          "agent_name", a->name);
    add_project(g, a->project, o);
    *info = (struct agent_info){.agent_id = a->id, .text = json_dumps(o, JSON_COMPACT)};
    info->len = strlen(info->text);
    json_decref(o);
    return info;
}

void internal_agent_info(struct call *c)
{
    struct agent_infos *i = c->g->infos;
    const struct gl_agent *a = c->token->agent;
    struct agent_info *info;
    HASH_FIND(hh, i->by_id, &a->id, sizeof(a->id), info);
    if (!info) {
        info = make_info(c->g, a);
        HASH_ADD(hh, i->by_id, agent_id, sizeof(info->agent_id), info);
    }
    reply_text(c, 200, "application/json", info->text, info->len);
}

/* The project of `id` if this agent may read it: a public one, or its own. NULL: answered. */
static const struct gl_project *project_asked(struct call *c)
{
    _cleanup_(freep) char *ref = NULL;
    if (!call_param_text(c, "id", true, &ref))
        return NULL;
    const struct gl_project *p = store_project_by_ref(c->g->store, ref);
    if (p && (p->visibility == GL_PUBLIC || p == c->token->agent->project))
        return p;
    c->why = p ? "project is not public and not the agent's" : "no such project";
    reply_not_found(c, NULL);
    return NULL;
}

void internal_project_info(struct call *c)
{
    const struct gl_project *p = project_asked(c);
    if (!p)
        return;
    json_t *o = json_pack("{sI}", "project_id", (json_int_t)p->id);
    add_project(c->g, p, o);
    reply_json(c, 200, o);
}

void internal_verify_project_access(struct call *c)
{
    if (project_asked(c))
        reply_none(c, 204);
}
