/* Where queries begin, and small things: who asks, which version. */
#include "fakegitlab/graphql/gitlab_schema.h"

#include <stdio.h>
#include <string.h>

const struct gl_user *gitlab_current_user(const struct gql_call *c)
{
    return c->options->user ? store_user(c->options->store, c->options->user) : NULL;
}

bool gitlab_may_read(const struct gql_call *c, const struct gl_project *p)
{
    return store_access(p, gitlab_current_user(c)) >= GL_DEVELOPER;
}

bool gitlab_may_write(const struct gql_call *c, const struct gl_project *p)
{
    return store_access(p, gitlab_current_user(c)) >= GL_MAINTAINER;
}

const char *gitlab_text_arg(const json_t *args, const char *name)
{
    return json_string_value(json_object_get(args, name));
}

RESOLVER(query_project)
{
    const struct gl_project *p = store_project_by_path(c->options->store, gitlab_text_arg(args, "fullPath"));
    return gql_object(p && store_can_see(p, gitlab_current_user(c)) ? p : NULL);
}

RESOLVER(query_user)
{
    return gql_object(gitlab_current_user(c));
}

RESOLVER(query_metadata)
{
    return gql_object(gitlab_current_user(c) ? c->options : NULL);
}

/* GitLab's own way to see that the API answers and who it takes one for. */
RESOLVER(query_echo)
{
    const struct gl_user *u = gitlab_current_user(c);
    const char *text = gitlab_text_arg(args, "text");
    return gql_leaf(u ? json_sprintf("\"%s\" says: %s", u->username, text) : json_sprintf("nil says: %s", text));
}

static const struct gql_input_row project_args[] = {
    {"fullPath", "ID!", "Full path of the project, group or namespace, for example, `gitlab-org/gitlab-foss`."}, {0}};
static const struct gql_input_row echo_args[] = {{"text", "String!", "Text to echo back."}, {0}};
static const struct gql_field_row query_fields[] = {
    {"currentUser", "UserCore", "Get information about current user.", query_user},
    {"echo", "String!", "Testing endpoint to validate the API with.", query_echo, echo_args},
    {"metadata", "Metadata", "Metadata about GitLab.", query_metadata},
    {"project", "Project", "Find a project.", query_project, project_args},
    {0},
};
const struct gql_type_row gitlab_query = {GQL_OBJECT_TYPE, "Query", "Where queries begin.", .fields = query_fields};

/* Metadata */
RESOLVER(metadata_version)
{
    return gql_text(c->options->version ? c->options->version : "14.7.0");
}

RESOLVER(metadata_revision)
{
    return gql_text(c->options->revision ? c->options->revision : "0000000");
}

static const struct gql_field_row metadata_fields[] = {
    {"revision", "String!", "Revision.", metadata_revision},
    {"version", "String!", "Version.", metadata_version},
    {0},
};
const struct gql_type_row gitlab_metadata = {GQL_OBJECT_TYPE, "Metadata", "About GitLab.", .fields = metadata_fields};

/* UserCore */
RESOLVER(user_id)
{
    return gitlab_global_id("User", ((const struct gl_user *)o)->id);
}

RESOLVER(user_name)
{
    return gql_text(((const struct gl_user *)o)->name);
}

RESOLVER(user_username)
{
    return gql_text(((const struct gl_user *)o)->username);
}

RESOLVER(user_path)
{
    return gql_leaf(json_sprintf("/%s", ((const struct gl_user *)o)->username));
}

RESOLVER(user_url)
{
    const char *base = c->options->web_url ? c->options->web_url : "http://gitlab.example.com";
    return gql_leaf(json_sprintf("%s/%s", base, ((const struct gl_user *)o)->username));
}

static const struct gql_field_row user_fields[] = {
    {"id", "ID!", "ID of the user.", user_id},
    {"name", "String!", "Human-readable name of the user.", user_name},
    {"username", "String!", "Username of the user.", user_username},
    {"webPath", "String!", "Web path of the user.", user_path},
    {"webUrl", "String!", "Web URL of the user.", user_url},
    {0},
};
const struct gql_type_row gitlab_user = {GQL_OBJECT_TYPE, "UserCore", "A user of GitLab.", .fields = user_fields};

static const struct gql_type_row *const types[] = {
    &gitlab_query, &gitlab_mutation, &gitlab_metadata, &gitlab_user, &gitlab_project, &gitlab_configuration,
    &configurations_connection, &configurations_edge, &gitlab_agent, &agents_connection, &agents_edge, &gitlab_connected,
    &gitlab_agent_metadata, &connected_connection, &connected_edge, &gitlab_token, &gitlab_token_status,
    &tokens_connection, &tokens_edge, &gql_page_info, &gitlab_time, &gitlab_big_int, &gitlab_agent_id, &gitlab_token_id,
    &gitlab_agent_create_input, &gitlab_agent_create_payload, &gitlab_agent_delete_input,
    &gitlab_agent_delete_payload, &gitlab_token_create_input, &gitlab_token_create_payload, &gitlab_token_delete_input,
    &gitlab_token_delete_payload, &gitlab_token_revoke_input, &gitlab_token_revoke_payload, NULL};
const struct gql_schema gitlab_schema = {types, gql_standard_directives, "Query", "Mutation"};

int gitlab_schema_version(const char *version)
{
    int major = 0, minor = 0;
    if (version)
        (void)sscanf(version, "%d.%d", &major, &minor);
    return GITLAB(major, minor);
}
