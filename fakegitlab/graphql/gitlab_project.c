/* A project, its agents, and the configurations that stand in its repository. */
#include "fakegitlab/graphql/gitlab_schema.h"

#include <string.h>

#include "fakegitlab/repository.h"

RESOLVER(project_id)
{
    return gitlab_global_id("Project", ((const struct gl_project *)o)->id);
}

RESOLVER(project_name)
{
    return gql_text(((const struct gl_project *)o)->name);
}

RESOLVER(project_path)
{
    const char *path = ((const struct gl_project *)o)->path, *slash = strrchr(path, '/');
    return gql_text(slash ? slash + 1 : path);
}

RESOLVER(project_full_path)
{
    return gql_text(((const struct gl_project *)o)->path);
}

RESOLVER(project_description)
{
    return gql_text(((const struct gl_project *)o)->description);
}

RESOLVER(project_visibility)
{
    return gql_text(((const struct gl_project *)o)->visibility == GL_PUBLIC ? "public" : "private");
}

RESOLVER(project_created)
{
    return gitlab_time_of(((const struct gl_project *)o)->created_at);
}

RESOLVER(project_url)
{
    const char *base = c->options->web_url ? c->options->web_url : "http://gitlab.example.com";
    return gql_leaf(json_sprintf("%s/%s", base, ((const struct gl_project *)o)->path));
}

RESOLVER(project_agent)
{
    const struct gl_project *p = o;
    return gql_object(gitlab_may_read(c, p) ? store_agent_by_name(p, gitlab_text_arg(args, "name")) : NULL);
}

static int by_name(const void *a, const void *b)
{
    const struct gl_agent *left = ((const struct gql_node *)a)->object, *right = ((const struct gql_node *)b)->object;
    return strcmp(left->name, right->name);
}

RESOLVER(project_agents)
{
    const struct gl_project *p = o;
    const char *name = gitlab_text_arg(args, "name");
    size_t n = 0;
    struct gql_node *nodes = arena_alloc(c->arena, p->n_agents * sizeof *nodes);
    for (size_t i = 0; gitlab_may_read(c, p) && i < p->n_agents; i++)
        if (!name || strcmp(name, p->agents[i]->name) == 0)
            nodes[n++] = (struct gql_node){p->agents[i]->id, p->agents[i]};
    qsort(nodes, n, sizeof *nodes, by_name);
    return gql_connection(c, nodes, n, args);
}

struct found {
    struct gql_call *c;
    struct gql_node *nodes;
    size_t n, room;
};

/* .gitlab/agents/NAME/config.yaml: what KAS tells GitLab when it is asked to list them. */
static void found(struct found *f, const char *path, size_t len)
{
    static const char folder[] = ".gitlab/agents/", file[] = "/config.yaml";
    size_t before = sizeof folder - 1, after = sizeof file - 1;
    if (len <= before + after || memcmp(path, folder, before) != 0 || memcmp(path + len - after, file, after) != 0 ||
        memchr(path + before, '/', len - before - after) || f->n == f->room)
        return;
    f->nodes[f->n] = (struct gql_node){(int64_t)f->n + 1, arena_strndup(f->c->arena, path + before, len - before - after)};
    f->n++;
}

RESOLVER(project_configurations)
{
    const struct gl_project *p = o;
    struct found all = {.c = c};
    const struct git_commit *head = gitlab_may_read(c, p) ? repository_head(p) : NULL;
    struct git_entry *entries = NULL;
    size_t n = 0;
    if (head && repository_list(p, head, ".gitlab/agents", true, &entries, &n) == 0) {
        all.room = n;
        all.nodes = arena_alloc(c->arena, n * sizeof *all.nodes);
        for (size_t i = 0; i < n; i++)
            found(&all, entries[i].path, strlen(entries[i].path));
    }
    free(entries);
    return gql_connection(c, all.nodes, all.n, args);
}

#define LISTS_CONFIGURATIONS GITLAB(14, 0) /* when KAS can be asked for them */

static const struct gql_input_row agent_args[] = {{"name", "String!", "Name of the cluster agent."}, {0}};
static const struct gql_input_row agents_args[] = {
    {"name", "String", "Name of the cluster agent."}, GQL_PAGE_ARGS, {0}};
static const struct gql_field_row project_fields[] = {
    {"agentConfigurations", "AgentConfigurationConnection", "Agent configurations defined by the project.",
     project_configurations, gql_page_args, .in = {.since = LISTS_CONFIGURATIONS}},
    {"clusterAgent", "ClusterAgent", "Find a single cluster agent by name.", project_agent, agent_args},
    {"clusterAgents", "ClusterAgentConnection", "Cluster agents associated with the project.", project_agents, agents_args},
    {"createdAt", "Time", "Timestamp of the project creation.", project_created},
    {"description", "String", "Short description of the project.", project_description},
    {"fullPath", "ID!", "Full path of the project.", project_full_path},
    {"id", "ID!", "ID of the project.", project_id},
    {"name", "String!", "Name of the project (without namespace).", project_name},
    {"path", "String!", "Path of the project.", project_path},
    {"visibility", "String", "Visibility of the project.", project_visibility},
    {"webUrl", "String", "Web URL of the project.", project_url},
    {0},
};
const struct gql_type_row gitlab_project = {GQL_OBJECT_TYPE, "Project", "A project.", .fields = project_fields};

RESOLVER(configuration_name)
{
    return gql_text(o);
}

static const struct gql_field_row configuration_fields[] = {
    {"agentName", "String", "Name of the agent.", configuration_name},
    {0},
};
const struct gql_type_row gitlab_configuration = {GQL_OBJECT_TYPE, "AgentConfiguration",
                                                  "Configuration details for an Agent.", .fields = configuration_fields,
                                                  .in = {.since = LISTS_CONFIGURATIONS}};
GQL_CONNECTION(configurations, "AgentConfiguration", .since = LISTS_CONFIGURATIONS);
