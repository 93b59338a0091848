/* Named filters over every string of a log line. */
#include "conformance/judge/normalise.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conformance/judge/regex.h"
#include "lib/base/mem.h"

/* In this order: what is longer first. A group marks the part that is replaced. */
static const struct filter {
    const char *name, *pattern;
    bool numbered; /* different values in one line get different numbers */
} filters[] = {
    /* A stack depends on who built the program: paths, what was inlined, the architecture. */
    {"trace", "(?s)\\bgoroutine \\d+ \\[[^\\]]*\\]:\\n(.+)", false},
    {"frame", "^\\t\\S+\\.go:\\d+(?: \\+0x[0-9a-f]+)?$", false},
    {"frame", "^(?:created by \\S+(?: in goroutine \\d+)?|(?:panic|[\\w./%@~-]+\\.[^\\s:]+)\\([^:]*\\))$",
     false},
    {"time", "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)", false},
    {"time",
     "\\d{4}[-/]\\d\\d[-/]\\d\\d \\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?: [+-]\\d{4} [A-Z]+)?(?: m=[+-][\\d.]+)?",
     false},
    {"ulid", "\\b[0-7][0-9A-HJKMNP-TV-Z]{25}\\b", false},
    {"id", "\\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\b", false},
    {"ws-key", "(?:key|Accept)[^A-Za-z0-9+/]{1,6}([A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{27}=)", false},
    {"address", "\\b0x[0-9a-f]{1,16}\\b", false},
    {"goroutine", "\\bgoroutine (\\d+)\\b", false},
    {"id", "\\bagent-(\\d+)-lock\\b", false},
    /* A Pod of a Deployment: hash of its template, and five letters. */
    {"pod", "\\b[a-z0-9-]+-[bcdfghjklmnpqrstvwxz2456789]{10}-[bcdfghjklmnpqrstvwxz2456789]{5}\\b", false},
    {"pid", "\\bpid[ =:]+(\\d+)\\b", false},
    {"port", "(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\]):(3[2-9]\\d{3}|[4-6]\\d{4})\\b", true},
    /* client-go's own brake: which request it was that waited, and for how long, is chance. */
    {"throttled", "(?s)^(?:Waited for [0-9.]+\\w+ due to client-side throttling,|Throttling request took) .*$", false},
    {"duration",
     "(?:back(?:ing )?-?off|retry(?:ing)?|wait(?:ing)?|sleep(?:ing)?)[^\"]{0,24}?"
     "(\\d+(?:\\.\\d+)?(?:ns|us|µs|ms|s|m|h)(?:\\d+(?:\\.\\d+)?(?:ms|s))?)\\b",
     false},
};

struct normaliser {
    struct regex *regex[ARRAY_SIZE(filters)];
};

/* Whether a stream's status is met when it is read or when the descriptor is sent is a race within the
 * agent. */
#define RPC_STEP "Send(descriptor): "

/* The values of a numbered filter within one line. */
struct numbers {
    const char *name;
    bool numbered;
    json_t *seen;
};

struct normaliser *normaliser_new(void)
{
    struct normaliser *n = NEW(struct normaliser);

    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        char *err = NULL;
        n->regex[i] = regex_new(filters[i].pattern, &err);
        if (!n->regex[i]) {
            fprintf(stderr, "conform: filter %s: %s\n", filters[i].name, err);
            abort();
        }
    }
    return n;
}

struct normaliser *normaliser_free(struct normaliser *n)
{
    if (n)
        for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
            regex_free(n->regex[i]);
    free(n);
    return NULL;
}

static char *placeholder(void *arg, const char *found)
{
    struct numbers *n = arg;
    json_t *number;

    if (!n->numbered)
        return xasprintf("<%s>", n->name);
    number = json_object_get(n->seen, found);
    if (!number) {
        number = json_integer((json_int_t)json_object_size(n->seen) + 1);
        json_object_set_new(n->seen, found, number);
    }
    return xasprintf("<%s:%lld>", n->name, (long long)json_integer_value(number));
}

/* The filter json: protobuf's own writer puts a blank here and there, as a hash of the program decides, so
 * that nobody relies on its text. */
static char *json_compact(const char *text)
{
    json_t *value = *text == '{' ? json_loads(text, 0, NULL) : NULL;
    char *compact = value ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    return compact ? compact : xstrdup(text);
}

static json_t *string_normalise(const struct normaliser *n, const char *text, json_t *seen)
{
    char *now = json_compact(text);
    json_t *result;

    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        struct numbers numbers = {.name = filters[i].name, .numbered = filters[i].numbered, .seen = seen};
        char *next = regex_replace(n->regex[i], now, placeholder, &numbers);
        free(now);
        now = next;
    }
    result = json_string(now);
    free(now);
    return result ? result : json_string("<no UTF-8>");
}

static json_t *value_normalise(const struct normaliser *n, const json_t *value, json_t *seen)
{
    json_t *copy, *one;
    const char *key;
    size_t i;

    if (json_is_string(value))
        return string_normalise(n, json_string_value(value), seen);
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach((json_t *)value, i, one)
            json_array_append_new(copy, value_normalise(n, one, seen));
        return copy;
    }
    if (json_is_object(value)) {
        copy = json_object();
        json_object_foreach((json_t *)value, key, one)
            json_object_set_new(copy, key, value_normalise(n, one, seen));
        return copy;
    }
    return json_deep_copy(value);
}

static bool is_agent_info(const char *msg)
{
    return msg && strcmp(msg, "AgentInfo()") == 0;
}

json_t *normalise(const struct normaliser *n, const json_t *line)
{
    json_t *seen = json_object(), *copy = value_normalise(n, line, seen);
    const char *error;

    /* The filter agent-id: a line of 15.4 and later has it or not, as the configuration came after or
     * before. */
    json_object_del(copy, "agent_id");
    /* The filter commit: of KAS, whose lines name the call; it hangs on what stands in the project, and when. */
    if (json_object_get(copy, "grpc_service") && json_object_get(copy, "commit_id"))
        json_object_set_new(copy, "commit_id", json_string("<commit>"));
    /* The filter call: who an agent is, is asked by whichever of its calls comes first, and that one tells. */
    if (is_agent_info(json_string_value(json_object_get(copy, "msg"))) && json_object_get(copy, "grpc_service")) {
        json_object_set_new(copy, "grpc_service", json_string("<call>"));
        json_object_set_new(copy, "grpc_method", json_string("<call>"));
    }
    error = json_string_value(json_object_get(copy, "error"));
    if (error && strncmp(error, RPC_STEP "rpc error: ", strlen(RPC_STEP "rpc error: ")) == 0)
        json_object_set_new(copy, "error", json_string(error + strlen(RPC_STEP)));
    json_decref(seen);
    return copy;
}

json_t *normalise_raw(const struct normaliser *n, const char *raw)
{
    json_t *line = json_loads(raw, 0, NULL), *result;

    if (!json_is_object(line)) {
        json_t *text = json_string(raw);
        json_decref(line);
        line = json_pack("{s:o}", "text", text ? text : json_string("<no UTF-8>"));
    }
    result = normalise(n, line);
    json_decref(line);
    return result;
}
