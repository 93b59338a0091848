/* /projects/:id/cluster_agents: GitLab 14.10 and later. Developers read, maintainers write. */
#include "fakegitlab/rest.h"

#include <errno.h>
#include <string.h>

json_t *rest_time(int64_t ms)
{
    char text[STORE_TIME_LEN];
    if (!ms)
        return json_null();
    store_time_text(ms, text);
    return json_string(text);
}

json_t *rest_user_id(const struct gl_user *u)
{
    return u ? json_integer(u->id) : json_null();
}

void rest_refused(struct call *c, int r, json_t *errors)
{
    _cleanup_(freep) char *text = store_error_text(errors);
    json_decref(errors);
    if (r == -EPERM)
        reply_forbidden(c);
    else if (r == -EIO)
        reply_message(c, 500, "500 Internal Server Error");
    else
        reply_bad_request(c, text);
}

const struct gl_project *rest_project(struct call *c, enum gl_access needed)
{
    const struct gl_project *p = store_project_by_ref(c->g->store, c->params[0]);
    if (!p || !store_can_see(p, c->user)) {
        c->why = p ? "the user may not see the project" : "no such project";
        reply_not_found(c, "Project");
        return NULL;
    }
    if (store_access(p, c->user) >= needed)
        return p;
    c->why = "the user may not do this in the project";
    reply_forbidden(c);
    return NULL;
}

const struct gl_agent *rest_agent(struct call *c, enum gl_access needed)
{
    int64_t id;
    const struct gl_project *p = rest_project(c, needed);
    if (!p)
        return NULL;
    if (!id_of_text(c->params[1], &id)) {
        reply_error(c, 400, "agent_id is invalid");
        return NULL;
    }
    const struct gl_agent *a = store_agent(c->g->store, id);
    if (a && a->project == p)
        return a;
    reply_not_found(c, "Agent");
    return NULL;
}

static const char *last_word(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* "Group / Sub / Project" */
static char *name_with_namespace(const struct gl_project *p)
{
    char *text = xstrdup(p->name);
    for (const struct gl_group *g = p->group; g; g = g->parent) {
        char *longer = xasprintf("%s / %s", g->name, text);
        free(text);
        text = longer;
    }
    return text;
}

static json_t *agent_json(const struct gl_agent *a)
{
    const struct gl_project *p = a->project;
    _cleanup_(freep) char *whole = name_with_namespace(p);
    json_t *project = json_pack("{sI, so, ss, ss, ss, ss, so}", "id", (json_int_t)p->id, "description",
                                p->description ? json_string(p->description) : json_null(), "name", p->name,
                                "name_with_namespace", whole, "path", last_word(p->path), "path_with_namespace",
                                p->path, "created_at", rest_time(p->created_at));
    return json_pack("{sI, ss, so, so, so}", "id", (json_int_t)a->id, "name", a->name, "config_project", project,
                     "created_at", rest_time(a->created_at), "created_by_user_id", rest_user_id(a->created_by));
}

void rest_agents_list(struct call *c)
{
    size_t offset, n;
    const struct gl_project *p = rest_project(c, GL_DEVELOPER);
    json_t *headers = p ? rest_page(c, p->n_agents, &offset, &n) : NULL, *list = json_array();
    for (size_t i = 0; headers && i < n; i++)
        json_array_append_new(list, agent_json(p->agents[offset + i]));
    if (headers)
        reply_json_with(c, 200, headers, json_incref(list));
    json_decref(headers);
    json_decref(list);
}

void rest_agents_show(struct call *c)
{
    const struct gl_agent *a = rest_agent(c, GL_DEVELOPER);
    if (a)
        reply_json(c, 200, agent_json(a));
}

void rest_agents_create(struct call *c)
{
    const struct gl_project *p = rest_project(c, GL_MAINTAINER);
    const struct gl_agent *a;
    _cleanup_(freep) char *name = NULL;
    json_t *errors = NULL;
    if (!p || !call_param_text(c, "name", true, &name))
        return;
    int r = store_agent_create(c->g->store, c->user, p, 0, name ? name : "", &a, &errors);
    if (r < 0)
        rest_refused(c, r, errors);
    else
        reply_json(c, 201, agent_json(a));
}

void rest_agents_delete(struct call *c)
{
    const struct gl_agent *a = rest_agent(c, GL_MAINTAINER);
    json_t *errors = NULL;
    int r = a ? store_agent_delete(c->g->store, c->user, a, &errors) : 0;
    if (r < 0)
        rest_refused(c, r, errors);
    else if (a)
        reply_none(c, 204);
}
