/* The fake GitLab as a whole: made from its part of a scenario, listening, freed. */
#include "fakegitlab/gitlab.h"

#include <errno.h>
#include <string.h>

#include "fakegitlab/internal.h"
#include "lib/script/schema.h"
#include "lib/script/spec.h"
#include "lib/script/yaml.h"

enum { HOSTS_MAX = 16 };

/* Secrets in headers; `authorization` is hidden anyway. */
static const char *const secret_headers[] = {KAS_HEADER, "private-token", "job-token", "cookie", "x-csrf-token", NULL};

void gitlab_event(struct gitlab *g, struct conn *c, const char *event, json_t *fields)
{
    if (c)
        conn_event(c, 0, event, fields);
    else
        events_emit(g->events, g->who, 0, 0, event, fields);
}

/* ---- connections ---- */

void gitlab_build(void *arg, struct conn *c)
{
    static const char *const alpn[] = {"http/1.1", NULL};
    struct gitlab_listener *l = arg;
    struct http1_owner owner = {.request = call_serve, .arg = l, .max_head = (size_t)l->g->limits.header,
                                .max_body = (size_t)l->g->limits.body, .secret_headers = secret_headers};
    peer_new(c);
    if (l->tls) {
        struct tls_options tls = {.ctx = l->g->tls.ctx, .alpn = alpn};
        tls_setup_fill(&l->g->tls, &tls);
        tls_layer_push(c, &tls);
    }
    http1_server_push(c, &owner);
}

static int read_tls(struct gitlab *g, const struct gitlab_listener_spec *l, char **reterr)
{
    const char *hosts[HOSTS_MAX + 1] = {"gitlab.host.tld", "gitlab.example.com", "localhost", "127.0.0.1"};
    struct tls_source from = {.part = "gitlab", .spec = g->spec, .pki = g->pki, .hosts = hosts};
    size_t n = 4;
    for (; l->transport && n < HOSTS_MAX; l++)
        if (l->host && strcmp(l->host, "0.0.0.0") && strcmp(l->host, "::") && strcmp(l->host, "127.0.0.1"))
            hosts[n++] = l->host;
    return tls_setup_make(&g->tls, &from, reterr);
}

static int listen_on(struct gitlab *g, const struct gitlab_listener_spec *all, const struct gitlab_listener_spec *s,
                     struct gitlab_listener *l, char **reterr)
{
    int r = 0;
    l->g = g;
    snprintf(l->transport, sizeof(l->transport), "%s", s->transport);
    l->tls = !strcmp(s->transport, "https");
    if (!l->tls && strcmp(s->transport, "http") != 0) {
        *reterr = xasprintf("\"%s\" is no transport of a GitLab; expected http or https", s->transport);
        return -EINVAL;
    }
    if (l->tls && !g->tls.ctx)
        r = read_tls(g, all, reterr);
    if (r < 0)
        return r;
    struct listener_options lo = {.host = s->host, .port = s->port, .who = g->who, .loop = g->loop,
                                  .events = g->events, .next_conn_id = g->next_conn_id, .build = gitlab_build, .arg = l,
                                  .max_conns = (unsigned)g->limits.connections,
                                  .moments = g->faults ? faults_moments(g->faults) : NULL};
    r = listener_open(&lo, &l->listener);
    if (r < 0) {
        _cleanup_(freep) char *what = xasprintf("%s listener", s->transport);
        *reterr = listener_explain(what, &lo, r);
    }
    return r;
}

static int listen_all(struct gitlab *g, const struct gitlab_listener_spec *l, char **reterr)
{
    size_t n = 0;
    while (l && l[n].transport)
        n++;
    g->listeners = xcalloc(n ? n : 1, sizeof(*g->listeners));
    for (size_t i = 0; i < n; i++) {
        int r = listen_on(g, l, &l[i], &g->listeners[i], reterr);
        if (r < 0)
            return r;
        g->n_listeners++;
    }
    return 0;
}

/* ---- what it knows ---- */

static int make_store(struct gitlab *g, char **reterr)
{
    struct store_options o = {.events = g->events, .loop = g->loop};
    int r = store_open(&o, &g->store, reterr);
    if (r < 0)
        return r;
    g->own_store = true;
    struct problems *p = problems_new();
    r = store_seed(g->store, json_object_get(g->spec, "seed"), NULL, NULL, p, &g->secrets);
    if (r < 0)
        *reterr = problems_text(p);
    problems_free(p);
    return r;
}

static void changed(void *arg, const struct store_change *change)
{
    struct gitlab *g = arg;
    bool looks_the_same = change->kind == STORE_RECEIVED || change->kind == STORE_TOKEN || change->kind == STORE_JOB ||
                          change->kind == STORE_COMMIT;
    if (!looks_the_same)
        agent_infos_forget(g->infos);
    if (events_heard(g->events) && !(change->name && !strcmp(change->name, "used")))
        gitlab_event(g, NULL, "gitlab.changed", store_change_json(change));
}

int gitlab_start(const struct gitlab_options *o, struct gitlab **ret, char **reterr)
{
    struct gitlab *g = NEW(struct gitlab);
    *reterr = NULL;
    *g = (struct gitlab){.loop = o->loop, .events = o->events, .faults = o->faults, .pki = o->pki,
                         .next_conn_id = o->next_conn_id, .store = o->store, .who = o->who ? o->who : "gitlab",
                         .spec = spec_without_nulls(o->spec), .infos = agent_infos_new()};
    g->verbs = (struct verbs){.owner = &gitlab_verbs_owner, .server = g, .loop = g->loop, .faults = g->faults};
    int r = g->store ? 0 : make_store(g, reterr);
    if (r == 0)
        r = settings_read(g, reterr);
    if (r == 0)
        r = listen_all(g, o->listeners, reterr);
    if (r < 0) {
        if (!*reterr)
            *reterr = xasprintf("fake GitLab: %s", strerror(-r));
        gitlab_free(g);
        return r;
    }
    g->sub = store_subscribe(g->store, changed, g);
    *ret = g;
    return 0;
}

/* Connections are freed at the end of the loop's turn and still look at us then. */
static void release(void *arg)
{
    struct gitlab *g = arg;
    verbs_done(&g->verbs);
    free(g->listeners);
    tls_setup_done(&g->tls);
    agent_infos_free(g->infos);
    jwt_key_free(g->kas_key);
    free(g->kas_secret);
    json_decref(g->gitaly_info);
    json_decref(g->secrets);
    json_decref(g->spec);
    free(g);
}

struct gitlab *gitlab_free(struct gitlab *g)
{
    if (!g)
        return NULL;
    verbs_end(&g->verbs);
    for (size_t i = 0; i < g->n_listeners; i++)
        g->listeners[i].listener = listener_free(g->listeners[i].listener);
    store_unsubscribe(g->sub);
    if (g->own_store)
        store_free(g->store); /* it watches folders with the loop, which does not outlive this */
    loop_defer(g->loop, release, g); /* behind its connections */
    return NULL;
}

/* ---- what others ask ---- */

json_t *gitlab_listeners(const struct gitlab *g)
{
    json_t *list = json_array();
    for (size_t i = 0; i < g->n_listeners; i++)
        json_array_append_new(list, json_pack("{ssss}", "transport", g->listeners[i].transport, "address",
                                              listener_address(g->listeners[i].listener)));
    return list;
}

const char *gitlab_ca_pem(const struct gitlab *g)
{
    return g->tls.ca_pem;
}

struct store *gitlab_store(const struct gitlab *g)
{
    return g->store;
}

const char *gitlab_kas_secret(const struct gitlab *g)
{
    return g->kas_secret;
}

const json_t *gitlab_secrets(const struct gitlab *g)
{
    return g->secrets;
}

void gitlab_set_gitaly(struct gitlab *g, const char *address, const char *token)
{
    if (address)
        json_object_set_new(g->gitaly_info, "address", json_string(address));
    if (token)
        json_object_set_new(g->gitaly_info, "token", json_string(token));
    agent_infos_forget(g->infos);
}
