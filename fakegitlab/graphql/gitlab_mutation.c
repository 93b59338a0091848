/* What changes agents and tokens. What the user may not see or not change is told in one way, at the top; what the store
 * refuses is told in the payload's `errors`, in an answer that is otherwise fine. */
#include "fakegitlab/graphql/gitlab_schema.h"

#include <errno.h>
#include <string.h>

struct payload {
    const json_t *errors; /* of texts */
    json_t *client_id;    /* clientMutationId as it came */
    const struct gl_agent *agent;
    const struct gl_token *token;
    const char *secret;
};

/* An answer that lives as long as the request; `errors` is stolen, NULL: none. */
static struct payload *payload(struct gql_call *c, const json_t *input, json_t *errors)
{
    struct payload *p = ARENA_NEW(c->arena, struct payload);
    p->errors = errors ? errors : json_array();
    json_array_append_new(c->kept, (json_t *)p->errors);
    p->client_id = json_object_get(input, "clientMutationId");
    json_array_append(c->kept, p->client_id);
    return p;
}

static struct gql_result failed(struct gql_call *c, int r)
{
    return r == -EIO ? gql_fail(c, "Internal server error") : gql_fail(c, GITLAB_NOT_AVAILABLE);
}

RESOLVER(agent_create)
{
    const json_t *input = json_object_get(args, "input");
    struct store *s = c->options->store;
    const struct gl_project *p = store_project_by_path(s, gitlab_text_arg(input, "projectPath"));
    const struct gl_agent *made = NULL;
    json_t *errors = NULL;
    if (!p || !gitlab_may_write(c, p))
        return failed(c, 0);
    int r = store_agent_create(s, gitlab_current_user(c), p, 0, gitlab_text_arg(input, "name"), &made, &errors);
    struct payload *said = payload(c, input, errors);
    said->agent = r == 0 ? made : NULL;
    return r == -EIO ? failed(c, r) : gql_object(said);
}

static const struct gl_agent *agent_to_change(struct gql_call *c, const json_t *gid)
{
    const struct gl_agent *a = store_agent(c->options->store, gitlab_id_of(gid));
    return a && gitlab_may_write(c, a->project) ? a : NULL;
}

RESOLVER(agent_delete)
{
    const json_t *input = json_object_get(args, "input");
    const struct gl_agent *a = agent_to_change(c, json_object_get(input, "id"));
    json_t *errors = NULL;
    if (!a)
        return failed(c, 0);
    int r = store_agent_delete(c->options->store, gitlab_current_user(c), a, &errors);
    struct payload *said = payload(c, input, errors);
    return r == -EIO ? failed(c, r) : gql_object(said);
}

/* Until 15.0 a token could be deleted; since 14.7 it is revoked, and stays as such. */
#define REVOKES GITLAB(14, 7)
#define DELETES_NO_MORE GITLAB(15, 0)
#define NAMES_TOKENS GITLAB(14, 0) /* before, a token needed no name */

RESOLVER(token_create)
{
    const json_t *input = json_object_get(args, "input");
    const struct gl_agent *a = agent_to_change(c, json_object_get(input, "clusterAgentId"));
    struct gl_token_spec spec = {.name = gitlab_text_arg(input, "name"), .description = gitlab_text_arg(input, "description")};
    const struct gl_token *made = NULL;
    json_t *errors = NULL;
    char *secret = NULL;
    if (!a)
        return failed(c, 0);
    if (!spec.name && c->schema->version && c->schema->version < NAMES_TOKENS)
        spec.name = "agent token"; /* the store has none without */
    int r = store_token_create(c->options->store, gitlab_current_user(c), a, &spec, &made, &secret, &errors);
    struct payload *said = payload(c, input, errors);
    said->token = r == 0 ? made : NULL;
    said->secret = secret ? arena_strndup(c->arena, secret, strlen(secret)) : NULL;
    free(secret);
    return r == -EIO ? failed(c, r) : gql_object(said);
}

static struct gql_result token_end(struct gql_call *c, const json_t *args,
                                   int (*end)(struct store *, const struct gl_user *, const struct gl_token *, json_t **))
{
    const json_t *input = json_object_get(args, "input");
    const struct gl_token *t = store_token(c->options->store, gitlab_id_of(json_object_get(input, "id")));
    json_t *errors = NULL;
    if (!t || !gitlab_may_write(c, t->agent->project))
        return failed(c, 0);
    int r = end(c->options->store, gitlab_current_user(c), t, &errors);
    struct payload *said = payload(c, input, errors);
    return r == -EIO ? failed(c, r) : gql_object(said);
}

RESOLVER(token_delete)
{
    return token_end(c, args, store_token_delete);
}

RESOLVER(token_revoke)
{
    return token_end(c, args, store_token_revoke);
}

RESOLVER(payload_errors)
{
    return gql_leaf(json_incref((json_t *)((const struct payload *)o)->errors));
}

RESOLVER(payload_client_id)
{
    return gql_leaf(json_incref(((const struct payload *)o)->client_id));
}

RESOLVER(payload_agent)
{
    return gql_object(((const struct payload *)o)->agent);
}

RESOLVER(payload_token)
{
    return gql_object(((const struct payload *)o)->token);
}

RESOLVER(payload_secret)
{
    return gql_text(((const struct payload *)o)->secret);
}

#define CLIENT_ID "A unique identifier for the client performing the mutation."
#define INPUT_END {"clientMutationId", "String", CLIENT_ID}, {0}
#define PAYLOAD_END                                                                                                  \
    {"clientMutationId", "String", CLIENT_ID, payload_client_id},                                                    \
        {"errors", "[String!]!", "Errors encountered during execution of the mutation.", payload_errors}, {0}
/* What follows is the releases that have them. */
#define INPUT_AND_PAYLOAD(VAR, NAME, ...)                                                                            \
    const struct gql_type_row VAR##_input = {GQL_INPUT_TYPE, NAME "Input", "Input of " NAME ".", .inputs = VAR##_inputs, \
                                             .in = {__VA_ARGS__}};                                                   \
    const struct gql_type_row VAR##_payload = {GQL_OBJECT_TYPE, NAME "Payload", "Payload of " NAME ".",              \
                                               .fields = VAR##_outputs, .in = {__VA_ARGS__}};                        \
    static const struct gql_input_row VAR##_args[] = {{"input", NAME "Input!", "Parameters for " NAME "."}, {0}}

static const struct gql_input_row gitlab_agent_create_inputs[] = {
    {"name", "String!", "Name of the cluster agent."},
    {"projectPath", "ID!", "Full path of the associated project for this cluster agent."},
    INPUT_END,
};
static const struct gql_field_row gitlab_agent_create_outputs[] = {
    {"clusterAgent", "ClusterAgent", "Cluster agent created after mutation.", payload_agent},
    PAYLOAD_END,
};
INPUT_AND_PAYLOAD(gitlab_agent_create, "CreateClusterAgent");

static const struct gql_input_row gitlab_agent_delete_inputs[] = {
    {"id", "ClustersAgentID!", "Global ID of the cluster agent that will be deleted."},
    INPUT_END,
};
static const struct gql_field_row gitlab_agent_delete_outputs[] = {PAYLOAD_END};
INPUT_AND_PAYLOAD(gitlab_agent_delete, "ClusterAgentDelete");

static const struct gql_input_row gitlab_token_create_inputs[] = {
    {"clusterAgentId", "ClustersAgentID!", "Global ID of the cluster agent that will be associated with the new token."},
    {"description", "String", "Description of the token."},
    {"name", "String!", "Name of the token.", .in = {.since = NAMES_TOKENS}},
    {"name", "String", "Name of the token.", .in = {.until = NAMES_TOKENS, .old = true}},
    INPUT_END,
};
static const struct gql_field_row gitlab_token_create_outputs[] = {
    {"secret", "String", "Token secret value. Make sure you save it - you won't be able to access it again.", payload_secret},
    {"token", "ClusterAgentToken", "Token created after mutation.", payload_token},
    PAYLOAD_END,
};
INPUT_AND_PAYLOAD(gitlab_token_create, "ClusterAgentTokenCreate");

static const struct gql_input_row gitlab_token_delete_inputs[] = {
    {"id", "ClustersAgentTokenID!", "Global ID of the cluster agent token that will be deleted."},
    INPUT_END,
};
static const struct gql_field_row gitlab_token_delete_outputs[] = {PAYLOAD_END};
INPUT_AND_PAYLOAD(gitlab_token_delete, "ClusterAgentTokenDelete", .until = DELETES_NO_MORE);

static const struct gql_input_row gitlab_token_revoke_inputs[] = {
    {"id", "ClustersAgentTokenID!", "Global ID of the agent token that will be revoked."},
    INPUT_END,
};
static const struct gql_field_row gitlab_token_revoke_outputs[] = {PAYLOAD_END};
INPUT_AND_PAYLOAD(gitlab_token_revoke, "ClusterAgentTokenRevoke", .since = REVOKES);

static const struct gql_field_row mutation_fields[] = {
    {"clusterAgentDelete", "ClusterAgentDeletePayload", NULL, agent_delete, gitlab_agent_delete_args},
    {"clusterAgentTokenCreate", "ClusterAgentTokenCreatePayload", NULL, token_create, gitlab_token_create_args},
    {"clusterAgentTokenDelete", "ClusterAgentTokenDeletePayload", NULL, token_delete, gitlab_token_delete_args,
     .in = {.until = REVOKES, .old = true}},
    {"clusterAgentTokenDelete", "ClusterAgentTokenDeletePayload", NULL, token_delete, gitlab_token_delete_args,
     "Use `clusterAgentTokenRevoke`. Deprecated in 14.7.", .in = {.since = REVOKES, .until = DELETES_NO_MORE}},
    {"clusterAgentTokenRevoke", "ClusterAgentTokenRevokePayload", NULL, token_revoke, gitlab_token_revoke_args,
     .in = {.since = REVOKES}},
    {"createClusterAgent", "CreateClusterAgentPayload", NULL, agent_create, gitlab_agent_create_args},
    {0},
};
const struct gql_type_row gitlab_mutation = {GQL_OBJECT_TYPE, "Mutation", "Where mutations begin.", .fields = mutation_fields};
