/* An agent, its tokens, and who is connected as it. */
#include "fakegitlab/graphql/gitlab_schema.h"

#include <string.h>

RESOLVER(agent_id)
{
    return gitlab_global_id("Clusters::Agent", ((const struct gl_agent *)o)->id);
}

RESOLVER(agent_name)
{
    return gql_text(((const struct gl_agent *)o)->name);
}

RESOLVER(agent_project)
{
    return gql_object(((const struct gl_agent *)o)->project);
}

RESOLVER(agent_created)
{
    return gitlab_time_of(((const struct gl_agent *)o)->created_at);
}

RESOLVER(agent_updated)
{
    return gitlab_time_of(((const struct gl_agent *)o)->updated_at);
}

RESOLVER(agent_user)
{
    return gql_object(((const struct gl_agent *)o)->created_by);
}

RESOLVER(agent_path)
{
    const struct gl_agent *a = o;
    return gql_leaf(json_sprintf("/%s/-/cluster_agents/%s", a->project->path, a->name));
}

static const char *status_of(const struct gl_token *t)
{
    return t->revoked ? "REVOKED" : "ACTIVE";
}

/* Used last, first; those never used at the end. */
static int by_use(const void *a, const void *b)
{
    const struct gl_token *left = ((const struct gql_node *)a)->object, *right = ((const struct gql_node *)b)->object;
    if (left->last_used_at != right->last_used_at)
        return left->last_used_at > right->last_used_at ? -1 : 1;
    return left->id < right->id ? -1 : left->id > right->id;
}

RESOLVER(agent_tokens)
{
    const struct gl_agent *a = o;
    const char *status = gitlab_text_arg(args, "status");
    size_t n = 0;
    struct gql_node *nodes = arena_alloc(c->arena, a->n_tokens * sizeof *nodes);
    for (size_t i = 0; i < a->n_tokens; i++)
        if (!status || strcmp(status, status_of(a->tokens[i])) == 0)
            nodes[n++] = (struct gql_node){a->tokens[i]->id, a->tokens[i]};
    qsort(nodes, n, sizeof *nodes, by_use);
    return gql_connection(c, nodes, n, args);
}

/* GitLab asks KAS; what it says when KAS does not answer is the name of Ruby's error. */
RESOLVER(agent_connections)
{
    const struct gl_agent *a = o;
    json_t *all = c->options->connections ? c->options->connections(c->options->connections_arg, a->id) : json_array();
    if (!all)
        return gql_fail(c, "GRPC::Unavailable");
    struct gql_node *nodes = arena_alloc(c->arena, json_array_size(all) * sizeof *nodes);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);
        nodes[i] = (struct gql_node){json_integer_value(json_object_get(one, "connectionId")), one};
    }
    struct gql_result r = gql_connection(c, nodes, json_array_size(all), args);
    json_array_append_new(c->kept, all);
    return r;
}

/* KAS can be asked who is connected; tokens that are revoked stay. */
#define SAYS_WHO GITLAB(14, 0)
#define HAS_STATUS GITLAB(14, 7)

static const struct gql_input_row tokens_args[] = {
    {"status", "AgentTokenStatus", "Status of the token.", .in = {.since = HAS_STATUS}}, GQL_PAGE_ARGS, {0}};
static const struct gql_field_row agent_fields[] = {
    {"connections", "ConnectedAgentConnection", "Active connections for the cluster agent.", agent_connections, gql_page_args,
     .in = {.since = SAYS_WHO}},
    {"createdAt", "Time", "Timestamp the cluster agent was created.", agent_created},
    {"createdByUser", "UserCore", "User object, containing information about the person who created the agent.", agent_user},
    {"id", "ID!", "ID of the cluster agent.", agent_id},
    {"name", "String", "Name of the cluster agent.", agent_name},
    {"project", "Project", "Project this cluster agent is associated with.", agent_project},
    {"tokens", "ClusterAgentTokenConnection", "Tokens associated with the cluster agent.", agent_tokens, tokens_args},
    {"updatedAt", "Time", "Timestamp the cluster agent was updated.", agent_updated},
    {"webPath", "String", "Web path of the cluster agent.", agent_path},
    {0},
};
const struct gql_type_row gitlab_agent = {GQL_OBJECT_TYPE, "ClusterAgent", "An agent.", .fields = agent_fields};
GQL_CONNECTION(agents, "ClusterAgent");

/* ClusterAgentToken */
RESOLVER(token_id)
{
    return gitlab_global_id("Clusters::AgentToken", ((const struct gl_token *)o)->id);
}

RESOLVER(token_name)
{
    return gql_text(((const struct gl_token *)o)->name);
}

RESOLVER(token_description)
{
    return gql_text(((const struct gl_token *)o)->description);
}

RESOLVER(token_created)
{
    return gitlab_time_of(((const struct gl_token *)o)->created_at);
}

RESOLVER(token_used)
{
    return gitlab_time_of(((const struct gl_token *)o)->last_used_at);
}

RESOLVER(token_user)
{
    return gql_object(((const struct gl_token *)o)->created_by);
}

RESOLVER(token_agent)
{
    return gql_object(((const struct gl_token *)o)->agent);
}

RESOLVER(token_status)
{
    return gql_text(status_of(o));
}

static const struct gql_field_row token_fields[] = {
    {"clusterAgent", "ClusterAgent", "Cluster agent this token is associated with.", token_agent},
    {"createdAt", "Time", "Timestamp the token was created.", token_created},
    {"createdByUser", "UserCore", "User who created the token.", token_user},
    {"description", "String", "Description of the token.", token_description},
    {"id", "ClustersAgentTokenID!", "Global ID of the token.", token_id},
    {"lastUsedAt", "Time", "Timestamp the token was last used.", token_used},
    {"name", "String", "Name given to the token.", token_name},
    {"status", "AgentTokenStatus", "Current status of the token.", token_status, .in = {.since = HAS_STATUS}},
    {0},
};
const struct gql_type_row gitlab_token = {GQL_OBJECT_TYPE, "ClusterAgentToken", "A token of an agent.", .fields = token_fields};
GQL_CONNECTION(tokens, "ClusterAgentToken");

static const struct gql_input_row statuses[] = {
    {"ACTIVE", NULL, "Active token."}, {"REVOKED", NULL, "Revoked token."}, {0}};
const struct gql_type_row gitlab_token_status = {GQL_ENUM_TYPE, "AgentTokenStatus", "Agent token statuses.", .values = statuses,
                                                 .in = {.since = HAS_STATUS}};

/* ConnectedAgent: what KAS says, as options->connections gives it. */
static struct gql_result said(const void *o, const char *key)
{
    return gql_leaf(json_incref(json_object_get(o, key)));
}

RESOLVER(connected_id)
{
    return gql_leaf(json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(o, "connectionId"))));
}

RESOLVER(connected_at)
{
    return gitlab_time_of(json_integer_value(json_object_get(o, "connectedAt")) * 1000);
}

RESOLVER(connected_metadata)
{
    return gql_object(o);
}

RESOLVER(metadata_commit)
{
    return said(o, "commit");
}

RESOLVER(metadata_version)
{
    return said(o, "version");
}

RESOLVER(metadata_pod_name)
{
    return said(o, "podName");
}

RESOLVER(metadata_pod_namespace)
{
    return said(o, "podNamespace");
}

static const struct gql_field_row connected_fields[] = {
    {"connectedAt", "Time", "When the connection was established.", connected_at},
    {"connectionId", "BigInt", "ID of the connection.", connected_id},
    {"metadata", "AgentMetadata", "Information about the Agent.", connected_metadata},
    {0},
};
const struct gql_type_row gitlab_connected = {GQL_OBJECT_TYPE, "ConnectedAgent", "Connection details for an Agent.",
                                              .fields = connected_fields, .in = {.since = SAYS_WHO}};
GQL_CONNECTION(connected, "ConnectedAgent", .since = SAYS_WHO);

static const struct gql_field_row metadata_fields[] = {
    {"commit", "String", "Agent version commit.", metadata_commit},
    {"podName", "String", "Name of the pod running the Agent.", metadata_pod_name},
    {"podNamespace", "String", "Namespace of the pod running the Agent.", metadata_pod_namespace},
    {"version", "String", "Agent version tag.", metadata_version},
    {0},
};
const struct gql_type_row gitlab_agent_metadata = {GQL_OBJECT_TYPE, "AgentMetadata", "Information about a connected Agent.",
                                                   .fields = metadata_fields, .in = {.since = SAYS_WHO}};
