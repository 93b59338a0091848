/* The table of what any fake does on a step's word, and what concerns a fake as a whole. */
#include "lib/script/verbs.h"

#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/loop/loop.h"
#include "lib/net/conn.h"
#include "lib/script/faults.h"
#include "lib/script/schema.h"
#include "lib/script/verbs_impl.h"

const char *verbs_text(const json_t *args, const char *key, const char *fallback)
{
    const char *v = json_string_value(json_object_get(args, key));
    return v ? v : fallback;
}

int verbs_refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

struct meant {
    json_int_t conn;
    const char *transport;
    verbs_conn_fn fn;
    void *arg;
    size_t n;
};

static void if_meant(void *arg, const struct verbs_conn *c)
{
    struct meant *m = arg;
    if (c->conn->dead || (m->conn && (json_int_t)c->conn->id != m->conn) ||
        (m->transport && (!c->transport || strcmp(m->transport, c->transport))))
        return;
    m->n++;
    m->fn(m->arg, c);
}

size_t verbs_each(const struct verbs *v, const json_t *args, verbs_conn_fn fn, void *arg)
{
    struct meant m = {.conn = json_integer_value(json_object_get(args, "conn")),
                      .transport = verbs_text(args, "transport", NULL), .fn = fn, .arg = arg};
    v->owner->each(v->server, if_meant, &m);
    return m.n;
}

/* --- the whole ------------------------------------------------------------------------------------------------ */

static int start(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    (void)verb;
    (void)args;
    v->restart = timer_free(v->restart);
    return v->owner->start(v->server, reterr);
}

static void back_again(void *arg)
{
    struct verbs *v = arg;
    _cleanup_(freep) char *err = NULL;
    if (start(v, NULL, NULL, &err) < 0)
        v->owner->failed(v->server, err ? err : "?");
}

static int restart(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    const char *down = json_is_string(args) ? json_string_value(args) : verbs_text(args, "down", "0s");
    int64_t ms;
    (void)verb;
    if (duration_parse(down, &ms) < 0)
        return verbs_refuse(reterr, xasprintf("restart.down: \"%s\" is no duration; write 2s or 500ms", down));
    v->owner->stop(v->server, json_is_true(json_object_get(args, "keep")));
    v->restart = timer_free(v->restart);
    v->restart = timer_new(v->loop, (uint64_t)ms, back_again, v);
    return 0;
}

static int stop(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    (void)verb;
    (void)reterr;
    v->restart = timer_free(v->restart);
    v->owner->stop(v->server, json_is_true(json_object_get(args, "keep")));
    return 0;
}

static int fill_backlog(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    (void)verb;
    (void)args;
    return v->owner->fill_backlog(v->server, reterr);
}

static int set_certificate(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    (void)verb;
    if (v->owner->set_certificate)
        return v->owner->set_certificate(v->server, args, reterr);
    return verbs_refuse(reterr, xstrdup("set_certificate: this server does not speak TLS"));
}

static int switch_fault(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    const char *id = json_is_string(args) ? json_string_value(args) : verbs_text(args, "id", NULL);
    int r = id && v->faults ? faults_switch(v->faults, id, !strcmp(verb, "fault_on")) : -ENOENT;
    return r < 0 ? verbs_refuse(reterr, xasprintf("there is no fault with the id \"%s\"", id ? id : "")) : 0;
}

/* --- the table ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    verb_fn fn;
} verbs[] = {
    {"stop", stop},                   {"start", start},
    {"restart", restart},             {"fill_backlog", fill_backlog},
    {"set_certificate", set_certificate},
    {"fault_on", switch_fault},       {"fault_off", switch_fault},
    {"close", verb_on_conns},         {"reset", verb_on_conns},
    {"stall", verb_on_conns},         {"half_close", verb_on_conns},
    {"shape", verb_on_conns},         {"ws_close", verb_on_conns},
    {"goaway", verb_on_conns},        {"ping", verb_on_conns},
    {"close_streams", verb_on_calls}, {"end_streams", verb_on_calls},
    {"end_stream", verb_on_calls},    {"rst_streams", verb_on_calls},
    {"act", verb_act},                {"frame", verb_act},
    {"settings", verb_act},           {"ws_frame", verb_act},
    {"fragment", verb_act},
};

static verb_fn find(const char *verb)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (!strcmp(verb, verbs[i].name))
            return verbs[i].fn;
    return NULL;
}

bool verbs_knows(const char *verb)
{
    return find(verb) != NULL;
}

int verbs_perform(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    verb_fn fn = find(verb);
    return fn ? fn(v, verb, args, reterr) : -ENOSYS;
}

char *verbs_unknown(const char *verb, const char *const *own, size_t n, const char *who)
{
    _cleanup_(freep) const char **names = xcalloc(n + ARRAY_SIZE(verbs), sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = own[i];
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        names[n + i] = verbs[i].name;
    const char *near = nearest(verb, names, n + ARRAY_SIZE(verbs));
    return near ? xasprintf("\"%s\" is no verb; did you mean %s?", verb, near)
                : xasprintf("\"%s\" is no verb of %s", verb, who);
}

void verbs_end(struct verbs *v)
{
    v->restart = timer_free(v->restart);
}

void verbs_done(struct verbs *v)
{
    verbs_end(v);
    verbs_kept_free(v);
}
