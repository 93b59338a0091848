/* Verbs on connections that are open: goodbyes, good and bad, and a poor network beneath them. */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/net/conn.h"
#include "lib/proto/grpc.h"
#include "lib/proto/websocket.h"
#include "lib/script/verbs_impl.h"

int verbs_check_h2_code(const json_t *args, char **reterr)
{
    uint32_t code;
    const char *name = verbs_text(args, "code", NULL);
    if (name && h2_error_code(name, &code) < 0)
        return verbs_refuse(reterr, xasprintf("\"%s\" is no HTTP/2 error code; try NO_ERROR, CANCEL, "
                                              "ENHANCE_YOUR_CALM", name));
    return 0;
}

struct order {
    const char *verb;
    const json_t *args; /* never NULL */
};

static void goaway(const struct verbs_conn *c, const struct order *o)
{
    uint32_t code = 0;
    const json_t *name = json_object_get(o->args, "code"), *last = json_object_get(o->args, "last");
    if (json_is_integer(name))
        code = (uint32_t)json_integer_value(name);
    else if (json_is_string(name))
        (void)h2_error_code(json_string_value(name), &code); /* what is none was refused */
    if (c->session)
        h2_goaway(grpc_session_h2(c->session), code, verbs_text(o->args, "debug", ""),
                  json_is_integer(last) ? (int32_t)json_integer_value(last) : -1,
                  json_is_true(json_object_get(o->args, "graceful")));
}

static void ping(const struct verbs_conn *c, const struct order *o)
{
    static const uint8_t data[8] = {'f', 'a', 'k', 'e', 'k', 'a', 's', 0};
    (void)o;
    if (c->session)
        h2_ping(grpc_session_h2(c->session), data);
}

static void reset(const struct verbs_conn *c, const struct order *o)
{
    (void)o;
    conn_close(c->conn, LAYER_RESET);
}

/* What each layer has. */
static void network(const struct verbs_conn *c, const struct order *o)
{
    (void)conn_act(c->conn, c->conn->top, &(struct action){.verb = o->verb, .args = o->args});
}

/* {layer: NAME}: that one says goodbye; else the topmost. */
static void close_conn(const struct verbs_conn *c, const struct order *o)
{
    if (verbs_text(o->args, "layer", NULL))
        network(c, o);
    else
        conn_close(c->conn, LAYER_CLOSE);
}

static void close_ws(const struct verbs_conn *c, const struct order *o)
{
    const json_t *code = json_object_get(o->args, "code");
    if (c->ws)
        ws_close(c->ws, json_is_integer(code) ? (uint16_t)json_integer_value(code) : 1000,
                 verbs_text(o->args, "reason", ""));
}

static void do_it(void *arg, const struct verbs_conn *c)
{
    static const struct {
        const char *verb;
        void (*fn)(const struct verbs_conn *c, const struct order *o);
    } rows[] = {{"close", close_conn}, {"reset", reset},     {"ws_close", close_ws}, {"goaway", goaway},
                {"ping", ping},        {"stall", network},   {"half_close", network}, {"shape", network}};
    const struct order *o = arg;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (!strcmp(o->verb, rows[i].verb))
            rows[i].fn(c, o);
}

int verb_on_conns(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    json_int_t only = json_integer_value(json_object_get(args, "conn"));
    int r = strcmp(verb, "goaway") ? 0 : verbs_check_h2_code(args, reterr);
    if (r < 0)
        return r;
    json_t *own = json_is_object(args) ? json_incref((json_t *)args) : json_object();
    struct order o = {.verb = verb, .args = own};
    if (verbs_each(v, args, do_it, &o) == 0 && only)
        r = verbs_refuse(reterr, xasprintf("there is no connection %lld", (long long)only));
    json_decref(own);
    return r;
}
