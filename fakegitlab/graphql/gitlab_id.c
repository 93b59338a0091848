/* The scalars of GitLab: global ids, times, large numbers. */
#include "fakegitlab/graphql/gitlab_schema.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "gid://gitlab/"

struct gql_result gitlab_global_id(const char *model, int64_t id)
{
    return gql_leaf(json_sprintf(PREFIX "%s/%" PRId64, model, id));
}

int64_t gitlab_id_of(const json_t *gid)
{
    const char *s = json_string_value(gid), *slash = s ? strrchr(s, '/') : NULL;
    return slash ? strtoll(slash + 1, NULL, 10) : 0;
}

/* gid://APP/MODEL/ID */
static json_t *coerce_id(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    static const char *const wrong_model[][2] = {
        {"Clusters::Agent", "does not represent an instance of Clusters::Agent"},
        {"Clusters::AgentToken", "does not represent an instance of Clusters::AgentToken"},
    };
    const char *s = json_string_value(value), *model = s ? s + strlen("gid://") : NULL;
    *ret_why = "is not a valid Global ID";
    if (!s || strncmp(s, "gid://", strlen("gid://")) != 0)
        return NULL;
    const char *slash = strchr(model, '/'), *id = slash ? strchr(slash + 1, '/') : NULL;
    if (!id || slash == model || id == slash + 1 || id[1] == '\0' || strchr(id + 1, '/'))
        return NULL;
    *ret_why = "is not a GitLab Global ID";
    if (strncmp(s, PREFIX, strlen(PREFIX)) != 0)
        return NULL;
    size_t n = (size_t)(id - slash - 1);
    const char *wanted = t->arg;
    if (strlen(wanted) == n && memcmp(slash + 1, wanted, n) == 0)
        return json_incref((json_t *)value);
    for (size_t i = 0; i < sizeof wrong_model / sizeof wrong_model[0]; i++)
        if (strcmp(wrong_model[i][0], wanted) == 0)
            *ret_why = wrong_model[i][1];
    return NULL;
}

static json_t *coerce_text(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    return json_is_string(value) ? json_incref((json_t *)value) : NULL;
}

static json_t *coerce_big(const struct gql_type_row *t, const json_t *value, const char **ret_why)
{
    return json_is_integer(value) || json_is_string(value) ? json_incref((json_t *)value) : NULL;
}

struct gql_result gitlab_time_of(int64_t ms)
{
    char text[STORE_TIME_LEN];
    if (ms == 0)
        return gql_null();
    store_time_text(ms, text);
    strcpy(strchr(text, '.'), "Z"); /* GraphQL's times have whole seconds */
    return gql_text(text);
}

#define ID_TYPE(VAR, NAME, MODEL)                                                                                    \
    const struct gql_type_row VAR = {GQL_SCALAR_TYPE, NAME, "A `" NAME "` is a global ID: gid://gitlab/" MODEL "/1.", \
                                     .coerce = coerce_id, .arg = MODEL}
ID_TYPE(gitlab_agent_id, "ClustersAgentID", "Clusters::Agent");
ID_TYPE(gitlab_token_id, "ClustersAgentTokenID", "Clusters::AgentToken");
const struct gql_type_row gitlab_time = {GQL_SCALAR_TYPE, "Time", "ISO 8601, as 2026-11-23T02:46:14Z.", .coerce = coerce_text};
const struct gql_type_row gitlab_big_int = {GQL_SCALAR_TYPE, "BigInt", "A number that may have more than 32 bits, as text.",
                                            .coerce = coerce_big};
