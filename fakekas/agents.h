/* The agents that this KAS's GitLab knows: a token, ids, and what GitLab would answer for it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/events/events.h"

enum agent_status {
    AGENT_OK,
    AGENT_UNAUTHENTICATED, /* GitLab: 401 */
    AGENT_FORBIDDEN,       /* 403 */
    AGENT_NOT_FOUND,       /* 404 */
    AGENT_RATE_LIMITED,    /* KAS itself: too many streams a minute */
    AGENT_UNAVAILABLE,     /* GitLab answers nonsense, 5xx or nothing */
    _AGENT_STATUS_MAX,
    _AGENT_STATUS_INVALID = -22
};
const char *agent_status_to_string(enum agent_status s);
enum agent_status agent_status_from_string(const char *s);

struct agent {
    char *token;
    int64_t id, project_id;
    char *project_path;
    enum agent_status status;
    bool revoked; /* its token was deleted: unauthenticated, whatever the status */
};

struct agents;
/* list: the spec's `agents`, or NULL: one agent with a token made for this run. Tokens become secrets of `events`.
 * 0, or -EINVAL and *reterr. */
int agents_new(const json_t *list, struct events *events, struct agents **ret, char **reterr);
struct agents *agents_free(struct agents *a);
struct agent *agents_by_token(struct agents *a, const char *token); /* exact; NULL: nobody's */
/* By args of a verb: {token} or {agent: ID}; neither: the first. NULL: none such. */
struct agent *agents_by_args(struct agents *a, const json_t *args);
struct agent *agents_by_id(struct agents *a, int64_t id);
struct agent *agents_first(const struct agents *a);
enum agent_status agent_status_now(const struct agent *a);
json_t *agents_json(const struct agents *a); /* without tokens */
