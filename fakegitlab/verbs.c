/* What a scenario's steps and the control API can ask of a fake GitLab: how it does what any
 * server can, and its own clock, secret and Gitaly. What changes its knowledge stands in verbs_store.c. */
#include <errno.h>
#include <string.h>

#include "fakegitlab/internal.h"
#include "lib/base/clock.h"

typedef int (*verb_fn)(struct gitlab *g, const json_t *args, char **reterr);

static int refuse(char **reterr, char *text)
{
    *reterr = text;
    return -EINVAL;
}

/* ---- what any server knows: lib/script/verbs.h ---- */

struct each {
    struct gitlab_listener *listener;
    verbs_conn_fn fn;
    void *arg;
};

static void each_conn(void *arg, struct conn *c)
{
    const struct each *e = arg;
    struct verbs_conn one = {.conn = c, .transport = e->listener->transport};
    e->fn(e->arg, &one);
}

static void each(void *gitlab, verbs_conn_fn fn, void *arg)
{
    struct gitlab *g = gitlab;
    for (size_t i = 0; i < g->n_listeners; i++)
        listener_each(g->listeners[i].listener, each_conn, &(struct each){&g->listeners[i], fn, arg});
}

static void stop(void *gitlab, bool keep)
{
    gitlab_stop(gitlab, keep);
}

static int start(void *gitlab, char **reterr)
{
    return gitlab_resume(gitlab, reterr);
}

static int fill_backlog(void *gitlab, char **reterr)
{
    struct gitlab *g = gitlab;
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

static int set_certificate(void *gitlab, const json_t *args, char **reterr)
{
    static const char *const hosts[] = {"gitlab.host.tld", "gitlab.example.com", "localhost", "127.0.0.1", NULL};
    struct gitlab *g = gitlab;
    struct tls_source from = {.part = "gitlab", .spec = g->spec, .pki = g->pki, .hosts = hosts};
    if (g->tls.ctx)
        return tls_setup_renew(&g->tls, &from, args, reterr);
    return refuse(reterr, xstrdup("set_certificate: this GitLab does not speak TLS"));
}

static void failed(void *gitlab, const char *why)
{
    gitlab_event(gitlab, NULL, "gitlab.failed", json_pack("{ss}", "why", why));
}

const struct verbs_owner gitlab_verbs_owner = {.each = each, .stop = stop, .start = start, .fill_backlog = fill_backlog,
                                               .set_certificate = set_certificate, .failed = failed};

/* ---- its own ---- */

static int verb_set_clock(struct gitlab *g, const json_t *args, char **reterr)
{
    const json_t *v = json_is_object(args) ? json_object_get(args, "clock") : args;
    if (json_is_string(v) && duration_parse_signed(json_string_value(v), &g->clock_ms) == 0)
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

static const struct {
    const char *name;
    verb_fn fn;
} verbs[] = {
    {"set_clock", verb_set_clock},
    {"set_secret", verb_set_secret},
    {"set_gitaly", verb_set_gitaly},
};

static char *unknown_verb(const char *verb)
{
    static const char *const own[] = {
        "set_clock",    "set_secret",   "set_gitaly", "create_agent",   "delete_agent",       "create_token",
        "revoke_token", "delete_token", "commit",     "set_visibility", "set_default_branch", "delete_project",
        "set_licence",  "set_flag",     "set_job"};
    return verbs_unknown(verb, own, ARRAY_SIZE(own), "the fake GitLab");
}

static int perform(struct gitlab *g, const char *verb, const json_t *args, char **reterr)
{
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
        if (!strcmp(verb, verbs[i].name))
            return verbs[i].fn(g, args, reterr);
    int r = gitlab_store_verb(g, verb, args, reterr);
    if (r == -ENOSYS)
        r = verbs_perform(&g->verbs, verb, args, reterr);
    return r == -ENOSYS ? refuse(reterr, unknown_verb(verb)) : r;
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
