/* What a scenario's steps and the control API can ask of a fake KAS: one row for each verb. */
#include <errno.h>
#include <string.h>

#include "agent_configuration.pb-c.h"

#include "fakekas/internal.h"
#include "lib/base/clock.h"
#include "lib/proto/pb.h"
#include "lib/script/schema.h"

typedef int (*verb_fn)(struct kas *k, const json_t *args, char **reterr);
typedef void (*link_fn)(struct link *l, const json_t *args);

static const char *text_of(const json_t *args, const char *key, const char *fallback)
{
    const char *v = json_string_value(json_object_get(args, key));
    return v ? v : fallback;
}

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

/* Every live connection, or the one that `conn` names, or those of `transport`. */
static int each_link(struct kas *k, const json_t *args, link_fn fn, char **reterr)
{
    json_int_t only = json_integer_value(json_object_get(args, "conn"));
    const char *transport = text_of(args, "transport", NULL);
    bool found = false;
    struct link *l, *next;
    for (l = TAILQ_FIRST(&k->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        if (l->conn->dead || (only && (json_int_t)l->conn->id != only) ||
            (transport && strcmp(transport, l->listener->transport)))
            continue;
        found = true;
        fn(l, args);
    }
    if (only && !found)
        return refuse(reterr, xasprintf("there is no connection %lld", (long long)only));
    return 0;
}

/* --- configuration and objects -------------------------------------------------------------------------------- */

static char *next_commit(const struct kas *k)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = strchr(digits, k->commit[0]);
    char d = at && *at ? digits[(at - digits + 1) % 16] : '1';
    char text[41];
    memset(text, d, 40);
    text[40] = '\0';
    if (!strcmp(text, k->commit))
        text[39] = text[39] == '0' ? '1' : '0';
    return xstrdup(text);
}

static int set_config(struct kas *k, json_t *config, char **reterr)
{
    _cleanup_(freep) uint8_t *bytes = NULL;
    _cleanup_(freep) char *err = NULL;
    size_t n;
    json_t *whole = json_pack("{sO}", "configuration", config);
    int r = pb_from_json(&agent_configuration__configuration_response__descriptor, whole, &bytes, &n, &err);
    json_decref(whole);
    if (r < 0)
        return refuse(reterr, xasprintf("push_config: %s", err ? err : "config is no AgentConfiguration"));
    json_decref(k->config);
    k->config = json_deep_copy(config);
    return 0;
}

static int verb_push_config(struct kas *k, const json_t *args, char **reterr)
{
    json_t *config = json_object_get(args, "config");
    const char *commit = text_of(args, "commit", NULL), *error = text_of(args, "error", NULL);
    int r = config ? set_config(k, config, reterr) : 0;
    if (r < 0)
        return r;
    char *next = commit ? xstrdup(commit) : next_commit(k);
    free(k->commit);
    k->commit = next;
    free(k->config_error);
    k->config_error = xstrdup(error);
    configuration_push(k);
    return 0;
}

static int verb_push_objects(struct kas *k, const json_t *args, char **reterr)
{
    const char *project = text_of(args, "project", NULL);
    if (!project)
        return refuse(reterr, xstrdup("push_objects: expected {project, commit, files: {path: text}}"));
    if (!k->objects)
        k->objects = json_object();
    json_t *o = json_deep_copy(args);
    json_object_del(o, "project");
    json_object_set_new(k->objects, project, o);
    gitops_push(k, project);
    return 0;
}

/* --- agents --------------------------------------------------------------------------------------------------- */

static int agent_changed(struct kas *k, struct agent *a)
{
    kas_event(k, NULL, 0, "kas.agent_status",
              json_pack("{sIss}", "agent_id", (json_int_t)a->id, "status",
                        agent_status_to_string(agent_status_now(a))));
    /* A real KAS notices at its next poll; here that is now. */
    watchers_recheck(&k->configs, a);
    watchers_recheck(&k->objects_streams, a);
    configuration_push(k);
    return 0;
}

static int find_agent(struct kas *k, const json_t *args, struct agent **ret, char **reterr)
{
    *ret = agents_by_args(k->agents, args);
    return *ret ? 0 : refuse(reterr, xstrdup("there is no such agent; say {agent: ID} or {token: …}"));
}

static int verb_revoke_token(struct kas *k, const json_t *args, char **reterr)
{
    struct agent *a;
    int r = find_agent(k, args, &a, reterr);
    if (r < 0)
        return r;
    a->revoked = true;
    return agent_changed(k, a);
}

static int verb_restore_token(struct kas *k, const json_t *args, char **reterr)
{
    struct agent *a;
    int r = find_agent(k, args, &a, reterr);
    if (r < 0)
        return r;
    a->revoked = false;
    return agent_changed(k, a);
}

static int verb_set_status(struct kas *k, const json_t *args, char **reterr)
{
    const char *text = json_is_string(args) ? json_string_value(args) : text_of(args, "status", "");
    enum agent_status s = agent_status_from_string(text);
    struct agent *a;
    if (s < 0)
        return refuse(reterr, xasprintf("set_status: \"%s\" is none; expected ok, unauthenticated, forbidden, "
                                        "not-found, rate-limited or unavailable", text));
    int r = find_agent(k, args, &a, reterr);
    if (r < 0)
        return r;
    a->status = s;
    return agent_changed(k, a);
}

/* --- connections ---------------------------------------------------------------------------------------------- */

static void link_goaway(struct link *l, const json_t *args)
{
    uint32_t code = 0;
    const json_t *c = json_object_get(args, "code"), *last = json_object_get(args, "last");
    if (json_is_integer(c))
        code = (uint32_t)json_integer_value(c);
    else if (json_is_string(c))
        (void)h2_error_code(json_string_value(c), &code); /* verb_goaway() has refused what is none */
    if (l->session)
        h2_goaway(grpc_session_h2(l->session), code, text_of(args, "debug", ""),
                  json_is_integer(last) ? (int32_t)json_integer_value(last) : -1,
                  json_is_true(json_object_get(args, "graceful")));
}

static int check_h2_code(const json_t *args, char **reterr)
{
    uint32_t code;
    const char *name = text_of(args, "code", NULL);
    if (name && h2_error_code(name, &code) < 0)
        return refuse(reterr, xasprintf("\"%s\" is no HTTP/2 error code; try NO_ERROR, CANCEL, "
                                        "ENHANCE_YOUR_CALM", name));
    return 0;
}

static void link_ping(struct link *l, const json_t *args)
{
    static const uint8_t data[8] = {'f', 'a', 'k', 'e', 'k', 'a', 's', 0};
    (void)args;
    if (l->session)
        h2_ping(grpc_session_h2(l->session), data);
}

static int verb_ping(struct kas *k, const json_t *args, char **reterr)
{
    return each_link(k, args, link_ping, reterr);
}

static int verb_goaway(struct kas *k, const json_t *args, char **reterr)
{
    int r = check_h2_code(args, reterr);
    return r < 0 ? r : each_link(k, args, link_goaway, reterr);
}

static void link_reset(struct link *l, const json_t *args)
{
    (void)args;
    conn_close(l->conn, LAYER_RESET);
}

/* {layer: NAME}: that one says goodbye; else the topmost. */
static void link_close(struct link *l, const json_t *args)
{
    struct action a = {.verb = "close", .args = args};
    if (text_of(args, "layer", NULL))
        (void)conn_act(l->conn, l->conn->top, &a);
    else
        conn_close(l->conn, LAYER_CLOSE);
}

static void link_ws_close(struct link *l, const json_t *args)
{
    const json_t *code = json_object_get(args, "code");
    if (l->ws)
        ws_close(l->ws, json_is_integer(code) ? (uint16_t)json_integer_value(code) : 1000,
                 text_of(args, "reason", ""));
}

static int verb_reset(struct kas *k, const json_t *args, char **reterr)
{
    return each_link(k, args, link_reset, reterr);
}

static int verb_close(struct kas *k, const json_t *args, char **reterr)
{
    return each_link(k, args, link_close, reterr);
}

static int verb_ws_close(struct kas *k, const json_t *args, char **reterr)
{
    return each_link(k, args, link_ws_close, reterr);
}

/* --- streams -------------------------------------------------------------------------------------------------- */

struct stream_order {
    const json_t *args;
    bool rst;
    uint32_t h2_code;
    int code;
    const char *message;
};

static void end_call(void *arg, struct grpc_call *call)
{
    const struct stream_order *o = arg;
    const char *method = text_of(o->args, "method", NULL);
    json_int_t stream = json_integer_value(json_object_get(o->args, "stream"));
    if ((method && !method_is(grpc_call_method(call), method)) || (stream && stream != grpc_call_stream(call)))
        return;
    if (o->rst)
        grpc_call_rst(call, o->h2_code);
    else
        grpc_finish(call, o->code, o->message);
}

static int end_calls(struct kas *k, struct stream_order *o, char **reterr)
{
    json_int_t only = json_integer_value(json_object_get(o->args, "conn"));
    struct link *l, *next;
    (void)reterr;
    for (l = TAILQ_FIRST(&k->links); l; l = next) {
        next = TAILQ_NEXT(l, entry);
        if (l->session && !l->conn->dead && (!only || only == (json_int_t)l->conn->id))
            grpc_session_each_call(l->session, end_call, o);
    }
    return 0;
}

static int verb_close_streams(struct kas *k, const json_t *args, char **reterr)
{
    struct stream_order o = {.args = args, .code = GRPC_UNAVAILABLE, .message = text_of(args, "message", "")};
    const json_t *code = json_object_get(args, "code");
    if (code && grpc_code_parse(code, &o.code) < 0)
        return refuse(reterr, xstrdup("close_streams.code: expected a gRPC code, such as Unavailable or 14"));
    return end_calls(k, &o, reterr);
}

static int verb_end_streams(struct kas *k, const json_t *args, char **reterr)
{
    struct stream_order o = {.args = args, .code = GRPC_OK, .message = ""};
    return end_calls(k, &o, reterr);
}

static int verb_rst_streams(struct kas *k, const json_t *args, char **reterr)
{
    struct stream_order o = {.args = args, .rst = true, .h2_code = 8 /* CANCEL */};
    const json_t *code = json_object_get(args, "code");
    int r = check_h2_code(args, reterr);
    if (r < 0)
        return r;
    if (json_is_integer(code))
        o.h2_code = (uint32_t)json_integer_value(code);
    else if (json_is_string(code))
        (void)h2_error_code(json_string_value(code), &o.h2_code);
    return end_calls(k, &o, reterr);
}

/* --- the whole ------------------------------------------------------------------------------------------------ */

static void back_again(void *arg)
{
    struct kas *k = arg;
    _cleanup_(freep) char *err = NULL;
    if (kas_resume(k, &err) < 0)
        kas_event(k, NULL, 0, "kas.failed", json_pack("{ss}", "why", err));
}

static int verb_restart(struct kas *k, const json_t *args, char **reterr)
{
    const char *down = json_is_string(args) ? json_string_value(args) : text_of(args, "down", "0s");
    int64_t ms;
    if (duration_parse(down, &ms) < 0)
        return refuse(reterr, xasprintf("restart.down: \"%s\" is no duration; write 2s or 500ms", down));
    kas_stop(k, json_is_true(json_object_get(args, "keep")));
    k->restart = timer_free(k->restart);
    k->restart = timer_new(k->loop, (uint64_t)ms, back_again, k);
    return 0;
}

static int verb_stop(struct kas *k, const json_t *args, char **reterr)
{
    (void)reterr;
    k->restart = timer_free(k->restart);
    kas_stop(k, json_is_true(json_object_get(args, "keep")));
    return 0;
}

static int verb_start(struct kas *k, const json_t *args, char **reterr)
{
    (void)args;
    return kas_resume(k, reterr);
}

static int switch_fault(struct kas *k, const json_t *args, bool on, char **reterr)
{
    const char *id = json_is_string(args) ? json_string_value(args) : text_of(args, "id", NULL);
    int r = id && k->faults ? faults_switch(k->faults, id, on) : -ENOENT;
    return r < 0 ? refuse(reterr, xasprintf("there is no fault with the id \"%s\"", id ? id : "")) : 0;
}

static int verb_fault_on(struct kas *k, const json_t *args, char **reterr)
{
    return switch_fault(k, args, true, reterr);
}

static int verb_fault_off(struct kas *k, const json_t *args, char **reterr)
{
    return switch_fault(k, args, false, reterr);
}

static int verb_tunnel_request(struct kas *k, const json_t *args, char **reterr)
{
    return tunnels_request(k->tunnels, args, reterr);
}

static const struct {
    const char *name;
    verb_fn fn;
} verbs[] = {
    {"push_config", verb_push_config},     {"push_objects", verb_push_objects},
    {"revoke_token", verb_revoke_token},   {"restore_token", verb_restore_token},
    {"set_status", verb_set_status},       {"goaway", verb_goaway},
    {"ping", verb_ping},
    {"close", verb_close},                 {"reset", verb_reset},
    {"ws_close", verb_ws_close},           {"close_streams", verb_close_streams},
    {"end_streams", verb_end_streams},     {"end_stream", verb_end_streams},
    {"rst_streams", verb_rst_streams},     {"restart", verb_restart},
    {"stop", verb_stop},                   {"start", verb_start},
    {"fault_on", verb_fault_on},           {"fault_off", verb_fault_off},
    {"tunnel_request", verb_tunnel_request},
};

static int unknown_verb(const char *verb, char **reterr)
{
    const char *names[ARRAY_SIZE(verbs)];
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        names[i] = verbs[i].name;
    const char *near = nearest(verb, names, ARRAY_SIZE(names));
    return refuse(reterr, near ? xasprintf("\"%s\" is no verb; did you mean %s?", verb, near)
                               : xasprintf("\"%s\" is no verb of the fake KAS", verb));
}

int kas_perform(void *kas, const char *verb, const json_t *args, char **reterr)
{
    struct kas *k = kas;
    char *unused = NULL, **err = reterr ? reterr : &unused;
    int r = -ENOSYS;
    *err = NULL;
    for (size_t i = 0; r == -ENOSYS && i < ARRAY_SIZE(verbs); i++)
        if (!strcmp(verb, verbs[i].name)) {
            kas_event(k, NULL, 0, "kas.verb", json_pack("{sssO*}", "verb", verb, "args", args));
            r = verbs[i].fn(k, args, err);
        }
    if (r == -ENOSYS) {
        r = kas_net_verb(k, verb, args, err);
        if (r == -ENOSYS)
            r = kas_layer_verb(k, verb, args, err);
        if (r != -ENOSYS)
            kas_event(k, NULL, 0, "kas.verb", json_pack("{sssO*}", "verb", verb, "args", args));
    }
    if (r == -ENOSYS)
        r = unknown_verb(verb, err);
    free(unused);
    return r;
}
