#include "fakekas/agents.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/mem.h"
#include "lib/script/schema.h"

struct agents {
    struct agent *v;
    size_t n;
};

static const char *const status_names[_AGENT_STATUS_MAX] = {
    [AGENT_OK] = "ok",
    [AGENT_UNAUTHENTICATED] = "unauthenticated",
    [AGENT_FORBIDDEN] = "forbidden",
    [AGENT_NOT_FOUND] = "not-found",
    [AGENT_RATE_LIMITED] = "rate-limited",
    [AGENT_UNAVAILABLE] = "unavailable",
};

const char *agent_status_to_string(enum agent_status s)
{
    return s >= 0 && s < _AGENT_STATUS_MAX ? status_names[s] : "?";
}

enum agent_status agent_status_from_string(const char *s)
{
    for (int i = 0; s && i < _AGENT_STATUS_MAX; i++)
        if (!strcmp(s, status_names[i]))
            return (enum agent_status)i;
    return _AGENT_STATUS_INVALID;
}

/* As GitLab makes them: a prefix that scanners know, and 40 characters nobody can guess. */
static char *random_token(void)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t raw[40];
    size_t got = 0;
    while (got < sizeof(raw)) {
        ssize_t r = getrandom(raw + got, sizeof(raw) - got, 0);
        if (r < 0 && errno != EINTR)
            abort();
        got += r > 0 ? (size_t)r : 0;
    }
    char text[sizeof(raw) + 1] = {0};
    for (size_t i = 0; i < sizeof(raw); i++)
        text[i] = letters[raw[i] & 63];
    return xasprintf("glagent-%s", text);
}

static int agent_read(struct agent *a, const json_t *j, size_t i, char **reterr)
{
    const char *token = json_string_value(json_object_get(j, "token"));
    const char *status = json_string_value(json_object_get(j, "status"));
    const char *path = json_string_value(json_object_get(j, "project_path"));
    const json_t *id = json_object_get(j, "id"), *project = json_object_get(j, "project_id");

    a->id = json_is_integer(id) ? json_integer_value(id) : 42 + (int64_t)i;
    a->project_id = json_is_integer(project) ? json_integer_value(project) : 555;
    a->project_path = xstrdup(path ? path : "group/project");
    a->token = token ? xstrdup(token) : random_token();
    a->status = AGENT_OK;
    if (!status)
        return 0;
    a->status = agent_status_from_string(status);
    if (a->status >= 0)
        return 0;
    a->status = AGENT_OK;
    const char *near = nearest(status, status_names, ARRAY_SIZE(status_names));
    *reterr = xasprintf("agents[%zu].status: \"%s\" is none; %s%s%s", i, status, near ? "did you mean " : "",
                        near ? near : "expected ok, unauthenticated, forbidden, not-found, rate-limited, unavailable",
                        near ? "?" : "");
    return -EINVAL;
}

/* Secrets are replaced by name; several agents in one log must be told apart. A token that is a line with its
 * newline is a secret without it too. */
static void keep_secret(struct events *events, const char *token, size_t i)
{
    char name[32] = "token";
    if (i)
        snprintf(name, sizeof(name), "token-%zu", i + 1);
    _cleanup_(freep) char *bare = xstrndup(token, strcspn(token, "\r\n"));
    if (events && strlen(bare) >= 4)
        events_secret(events, bare, name);
}

int agents_new(const json_t *list, struct events *events, struct agents **ret, char **reterr)
{
    struct agents *a = NEW(struct agents);
    size_t n = json_array_size(list);
    a->n = n ? n : 1;
    a->v = xcalloc(a->n, sizeof(*a->v));
    for (size_t i = 0; i < a->n; i++) {
        int r = agent_read(&a->v[i], json_array_get(list, i), i, reterr);
        if (r < 0) {
            agents_free(a);
            return r;
        }
        keep_secret(events, a->v[i].token, i);
    }
    *ret = a;
    return 0;
}

struct agents *agents_free(struct agents *a)
{
    if (!a)
        return NULL;
    for (size_t i = 0; i < a->n; i++) {
        free(a->v[i].token);
        free(a->v[i].project_path);
    }
    free(a->v);
    free(a);
    return NULL;
}

struct agent *agents_by_token(struct agents *a, const char *token)
{
    for (size_t i = 0; i < a->n; i++)
        if (!strcmp(a->v[i].token, token))
            return &a->v[i];
    return NULL;
}

struct agent *agents_by_args(struct agents *a, const json_t *args)
{
    const char *token = json_string_value(json_object_get(args, "token"));
    const json_t *id = json_object_get(args, "agent");
    if (token)
        return agents_by_token(a, token);
    return id ? agents_by_id(a, json_integer_value(id)) : &a->v[0];
}

struct agent *agents_by_id(struct agents *a, int64_t id)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].id == id)
            return &a->v[i];
    return NULL;
}

struct agent *agents_first(const struct agents *a)
{
    return &a->v[0];
}

enum agent_status agent_status_now(const struct agent *a)
{
    return !a || a->revoked ? AGENT_UNAUTHENTICATED : a->status;
}

json_t *agents_json(const struct agents *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n; i++)
        json_array_append_new(list, json_pack("{sIsIssssso}", "id", (json_int_t)a->v[i].id, "project_id",
                                              (json_int_t)a->v[i].project_id, "project_path", a->v[i].project_path,
                                              "status", agent_status_to_string(a->v[i].status), "revoked",
                                              json_boolean(a->v[i].revoked)));
    return list;
}
