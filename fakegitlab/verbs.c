/* What a scenario's steps and the control API can ask of a fake GitLab: those that act on its listeners and connections;
 * what changes its knowledge stands in verbs_store.c. */
#include <errno.h>
#include <string.h>

#include "fakegitlab/internal.h"
#include "lib/base/clock.h"
#include "lib/script/schema.h"

typedef int (*verb_fn)(struct gitlab *g, const json_t *args, char **reterr);

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

/* ---- coming and going ---- */

static void back_again(void *arg)
{
    struct gitlab *g = arg;
    _cleanup_(freep) char *err = NULL;
    if (gitlab_resume(g, &err) < 0)
        gitlab_event(g, NULL, "gitlab.failed", json_pack("{ss}", "why", err));
}

static int verb_restart(struct gitlab *g, const json_t *args, char **reterr)
{
    const json_t *v = json_is_object(args) ? json_object_get(args, "down") : args;
    const char *down = json_is_string(v) ? json_string_value(v) : "0s";
    int64_t ms;
    if (duration_parse(down, &ms) < 0)
        return refuse(reterr, xasprintf("restart.down: \"%s\" is no duration; write 2s or 500ms", down));
    gitlab_stop(g, json_is_true(json_object_get(args, "keep")));
    g->restart = timer_free(g->restart);
    g->restart = timer_new(g->loop, (uint64_t)ms, back_again, g);
    return 0;
}

static int verb_stop(struct gitlab *g, const json_t *args, char **reterr)
{
    (void)reterr;
    g->restart = timer_free(g->restart);
    gitlab_stop(g, json_is_true(json_object_get(args, "keep")));
    return 0;
}

static int verb_start(struct gitlab *g, const json_t *args, char **reterr)
{
    (void)args;
    return gitlab_resume(g, reterr);
}

static int verb_fill_backlog(struct gitlab *g, const json_t *args, char **reterr)
{
    (void)args;
    for (size_t i = 0; i < g->n_listeners; i++) {
        int r = listener_fill(g->listeners[i].listener);
        if (r < 0) {
            *reterr = xasprintf("fill_backlog: %s: %s", listener_address(g->listeners[i].listener), strerror(-r));
            return r;
        }
    }
    g->stopped = true; /* `start` and `restart` end it */
    return 0;
}

/* ---- faults, certificate, clock ---- */

static int switch_fault(struct gitlab *g, const json_t *args, bool on, char **reterr)
{
    const char *id = json_string_value(json_is_string(args) ? args : json_object_get(args, "id"));
    int r = id && g->faults ? faults_switch(g->faults, id, on) : -ENOENT;
    return r < 0 ? refuse(reterr, xasprintf("there is no fault with the id \"%s\"", id ? id : "")) : 0;
}

static int verb_fault_on(struct gitlab *g, const json_t *args, char **reterr)
{
    return switch_fault(g, args, true, reterr);
}

static int verb_fault_off(struct gitlab *g, const json_t *args, char **reterr)
{
    return switch_fault(g, args, false, reterr);
}

static int verb_set_certificate(struct gitlab *g, const json_t *args, char **reterr)
{
    static const char *const hosts[] = {"gitlab.host.tld", "gitlab.example.com", "localhost", "127.0.0.1", NULL};
    struct tls_source from = {.part = "gitlab", .spec = g->spec, .pki = g->pki, .hosts = hosts};
    if (g->tls.ctx)
        return tls_setup_renew(&g->tls, &from, args, reterr);
    return refuse(reterr, xstrdup("set_certificate: this GitLab does not speak TLS"));
}

static int verb_set_clock(struct gitlab *g, const json_t *args, char **reterr)
{
    const json_t *v = json_is_object(args) ? json_object_get(args, "clock") : args;
    if (json_is_string(v) && settings_clock(json_string_value(v), &g->clock_ms) == 0)
        return 0;
    return refuse(reterr, xstrdup("set_clock: expected a duration with its sign, such as \"+10m\" or \"-30s\""));
}

static int verb_set_secret(struct gitlab *g, const json_t *args, char **reterr)
{
    const json_t *v = json_is_object(args) ? json_object_get(args, "kas_secret") : args;
    return settings_secret(g, json_string_value(v), reterr); /* none: a new one, so that KAS has another */
}

static int verb_set_gitaly(struct gitlab *g, const json_t *args, char **reterr)
{
    const char *address = json_string_value(json_object_get(args, "address"));
    const char *token = json_string_value(json_object_get(args, "token"));
    json_t *features = json_object_get(args, "features");
    if (!address && !token && !json_is_object(features))
        return refuse(reterr, xstrdup("set_gitaly: expected {address, token, features}, any of them"));
    if (json_is_object(features))
        json_object_set(g->gitaly_info, "features", features);
    gitlab_set_gitaly(g, address, token);
    return 0;
}

/* ---- connections ---- */

struct deed {
    struct action action;
    json_int_t only; /* 0: all */
};

static void act(void *arg, struct conn *c)
{
    const struct deed *d = arg;
    if (!c->dead && (!d->only || d->only == (json_int_t)c->id))
        (void)conn_act(c, c->top, &d->action);
}

static int on_connections(struct gitlab *g, const char *verb, const json_t *args)
{
    json_t *own = json_is_object(args) ? json_incref((json_t *)args) : json_object();
    struct deed d = {.action = {.verb = verb, .args = own}, .only = json_integer_value(json_object_get(own, "conn"))};
    for (size_t i = 0; i < g->n_listeners; i++)
        listener_each(g->listeners[i].listener, act, &d);
    json_decref(own);
    return 0;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    verb_fn fn; /* NULL: on_connections() */
} verbs[] = {
    {"restart", verb_restart},       {"stop", verb_stop},
    {"start", verb_start},           {"fill_backlog", verb_fill_backlog},
    {"fault_on", verb_fault_on},     {"fault_off", verb_fault_off},
    {"set_clock", verb_set_clock},   {"set_certificate", verb_set_certificate},
    {"set_secret", verb_set_secret}, {"set_gitaly", verb_set_gitaly},
    {"close", NULL},                 {"reset", NULL},
    {"stall", NULL},                 {"shape", NULL},
    {"half_close", NULL},
};

/* The store's verbs too, for a word that is nearly one. */
static const char *const store_verbs[] = {
    "create_agent", "delete_agent",       "create_token",   "revoke_token", "delete_token", "commit", "set_visibility",
    "set_default_branch", "delete_project", "set_licence", "set_flag",     "set_job"};

static int unknown_verb(const char *verb, char **reterr)
{
    const char *names[ARRAY_SIZE(verbs) + ARRAY_SIZE(store_verbs)];
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        names[i] = verbs[i].name;
    memcpy(names + ARRAY_SIZE(verbs), store_verbs, sizeof(store_verbs));
    const char *near = nearest(verb, names, ARRAY_SIZE(names));
    return refuse(reterr, near ? xasprintf("\"%s\" is no verb; did you mean %s?", verb, near)
                               : xasprintf("\"%s\" is no verb of the fake GitLab", verb));
}

static int perform(struct gitlab *g, const char *verb, const json_t *args, char **reterr)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (!strcmp(verb, verbs[i].name))
            return verbs[i].fn ? verbs[i].fn(g, args, reterr) : on_connections(g, verb, args);
    int r = gitlab_store_verb(g, verb, args, reterr);
    return r == -ENOSYS ? unknown_verb(verb, reterr) : r;
}

/* Secrets that a scenario chose stand in what is about to be logged. */
static void hide_secrets(struct gitlab *g, const json_t *args)
{
    const char *token = json_string_value(json_is_object(args) ? json_object_get(args, "token") : NULL);
    const char *secret = json_string_value(json_is_object(args) ? json_object_get(args, "kas_secret") : NULL);
    if (token)
        events_secret(g->events, token, "token");
    if (secret)
        events_secret(g->events, secret, "kas secret");
}

int gitlab_perform(void *gitlab, const char *verb, const json_t *args, char **reterr)
{
    struct gitlab *g = gitlab;
    char *unused = NULL, **err = reterr ? reterr : &unused;
    *err = NULL;
    hide_secrets(g, args);
    gitlab_event(g, NULL, "gitlab.verb", json_pack("{sssO*}", "verb", verb, "args", args));
    int r = perform(g, verb, args, err);
    free(unused);
    return r;
}
