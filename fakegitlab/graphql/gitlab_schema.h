/* What of GitLab can be asked for. Each type stands in the file that resolves it. */
#pragma once

#include "fakegitlab/graphql/connection.h"
#include "fakegitlab/store.h"

extern const struct gql_schema gitlab_schema; /* of all releases */
#define GITLAB(MAJOR, MINOR) ((MAJOR) * 100 + (MINOR)) /* how its rows say since when they are there */
int gitlab_schema_version(const char *version);        /* "14.7.0"; NULL: all of them */

extern const struct gql_type_row gitlab_time, gitlab_big_int, gitlab_agent_id, gitlab_token_id;
extern const struct gql_type_row gitlab_query, gitlab_metadata, gitlab_user;
extern const struct gql_type_row gitlab_project, gitlab_configuration, configurations_connection, configurations_edge;
extern const struct gql_type_row gitlab_agent, agents_connection, agents_edge;
extern const struct gql_type_row gitlab_connected, gitlab_agent_metadata, connected_connection, connected_edge;
extern const struct gql_type_row gitlab_token, gitlab_token_status, tokens_connection, tokens_edge;
extern const struct gql_type_row gitlab_mutation, gitlab_agent_create_input, gitlab_agent_create_payload,
    gitlab_agent_delete_input, gitlab_agent_delete_payload, gitlab_token_create_input, gitlab_token_create_payload,
    gitlab_token_delete_input, gitlab_token_delete_payload, gitlab_token_revoke_input, gitlab_token_revoke_payload;

/* The text of every refusal that must not tell whether there is such a thing. */
#define GITLAB_NOT_AVAILABLE                                                                                         \
    "The resource that you are attempting to access does not exist or you don't have permission to perform this action"

#define RESOLVER(NAME) static struct gql_result NAME(struct gql_call *c, const void *o, const json_t *args)

const struct gl_user *gitlab_current_user(const struct gql_call *c); /* NULL: nobody */
/* Of a project: enough to look at agents, to change them. */
bool gitlab_may_read(const struct gql_call *c, const struct gl_project *p);
bool gitlab_may_write(const struct gql_call *c, const struct gl_project *p);
const char *gitlab_text_arg(const json_t *args, const char *name); /* NULL: not given, or null */

struct gql_result gitlab_global_id(const char *model, int64_t id); /* gid://gitlab/Clusters::Agent/1 */
int64_t gitlab_id_of(const json_t *gid);                           /* of one that was coerced; 0: of nothing there could be */
struct gql_result gitlab_time_of(int64_t ms);                      /* 2026-11-23T02:46:14Z; 0: null */
