#include "fakekas/kas.h"

#include <errno.h>
#include <string.h>

#include "agent_configuration.pb-c.h"

#include "fakekas/internal.h"
#include "fakekas/k8s_proxy.h"
#include "fakekas/relay.h"
#include "fakekas/tunnels.h"
#include "lib/base/clock.h"
#include "lib/proto/pb.h"
#include "lib/script/schema.h"
#include "lib/script/spec.h"

enum { MAX_HOSTS = 64 };

const char *const kas_usual_hosts[] = {"gitlab.host.tld", "gitlab-kas.gitlab", "gitlab-kas", "kas.host.tld",
                                       "localhost",       "127.0.0.1",         "10.60.1.1",  NULL};

#define FIRST_COMMIT "1111111111111111111111111111111111111111"

void kas_event(struct kas *k, struct conn *c, int64_t stream, const char *event, json_t *fields)
{
    if (c)
        conn_event(c, stream, event, fields);
    else
        events_emit(k->events, k->who, 0, stream, event, fields);
}

static void session_changed(void *arg, struct grpc_session *s, bool open)
{
    struct link *l = link_of(h2_conn(grpc_session_h2(s)));
    (void)arg;
    if (!l)
        return;
    l->session = open ? s : NULL;
    if (open && !l->kas->upstream)
        age_start(l);
}

static int read_config(struct kas *k, char **reterr)
{
    const json_t *config = json_object_get(k->spec, "config");
    const char *commit = json_string_value(json_object_get(k->spec, "commit"));
    _cleanup_(freep) char *err = NULL;
    _cleanup_(freep) uint8_t *bytes = NULL;
    size_t n;

    k->config = config ? json_deep_copy(config) : json_object();
    k->commit = xstrdup(commit ? commit : FIRST_COMMIT);
    k->config_error = xstrdup(json_string_value(json_object_get(k->spec, "config_error")));
    k->objects = json_deep_copy(json_object_get(k->spec, "objects"));
    json_t *whole = json_pack("{sO}", "configuration", k->config);
    int r = pb_from_json(&agent_configuration__configuration_response__descriptor, whole, &bytes, &n, &err);
    json_decref(whole);
    if (r < 0)
        *reterr = xasprintf("kas.config: %s", err ? err : "is no AgentConfiguration");
    return r;
}

static int read_spec(struct kas *k, char **reterr)
{
    const json_t *version = json_object_get(k->spec, "version"), *age = json_object_get(k->spec, "max_connection_age");
    int64_t ms;
    k->permissive = !version;
    if (traits_of(json_string_value(version), &k->traits) < 0 || (version && !json_is_string(version))) {
        *reterr = xstrdup("kas.version: expected \"13.6\" … \"16.5\" or \"head\", in quotes");
        return -EINVAL;
    }
    if (front_read(json_object_get(k->spec, "front"), k->traits.front_exact, &k->front) < 0) {
        *reterr = xstrdup("kas.front: expected none, omnibus, or {omnibus: {redirect_http_to_https: true}}");
        return -EINVAL;
    }
    if (age && !json_is_integer(age) && (!json_is_string(age) || duration_parse(json_string_value(age), &ms) < 0)) {
        *reterr = xstrdup("kas.max_connection_age: expected a duration, such as 30m or 40s");
        return -EINVAL;
    }
    int r = limits_read(json_object_get(k->spec, "limits"), &k->limits, reterr);
    if (r < 0)
        return r;
    r = agents_new(json_object_get(k->spec, "agents"), k->events, &k->agents, reterr);
    return r < 0 ? r : read_config(k, reterr);
}

static int read_speaks(const struct kas *k, const char *transport, enum speaks *ret, char **reterr)
{
    static const char *const names[] = {"websocket", "grpc", "both"};
    const char *s = json_string_value(json_object_get(k->spec, "speaks"));
    *ret = speaks_default(&k->traits, transport);
    if (k->front.omnibus && !strncmp(transport, "ws", 2))
        *ret = SPEAKS_WEBSOCKET; /* NGINX passes nothing else */
    for (int i = 0; s && i < 3; i++)
        if (!strcmp(s, names[i])) {
            *ret = (enum speaks)(i + 1);
            return 0;
        }
    if (!s)
        return 0;
    const char *near = nearest(s, names, ARRAY_SIZE(names));
    *reterr = xasprintf("kas.speaks: \"%s\" is none; did you mean %s?", s, near ? near : "both");
    return -EINVAL;
}

static void add_host(const char **hosts, const char *host)
{
    for (size_t i = 0; i < MAX_HOSTS; i++) {
        if (!hosts[i])
            hosts[i] = host;
        if (!strcmp(hosts[i], host))
            return;
    }
}

/* Without a wish its certificate is good for every name under which it is reached: the documented ones, localhost,
 * and the addresses of its listeners. */
static int read_tls(struct kas *k, const struct kas_listener_spec *l, char **reterr)
{
    const char *hosts[MAX_HOSTS + 1] = {0};
    struct tls_source from = {.part = "kas", .spec = k->spec, .pki = k->pki, .hosts = hosts};
    for (size_t i = 0; kas_usual_hosts[i]; i++)
        add_host(hosts, kas_usual_hosts[i]);
    for (; l && l->transport; l++)
        if (l->host && strcmp(l->host, "0.0.0.0") && strcmp(l->host, "::"))
            add_host(hosts, l->host);
    return tls_setup_make(&k->tls, &from, reterr);
}

static int listen_on(struct kas *k, const struct kas_options *o, const struct kas_listener_spec *s,
                     struct kas_listener *l, char **reterr)
{
    const json_t *tls = json_object_get(k->spec, "tls");
    l->kas = k;
    snprintf(l->transport, sizeof(l->transport), "%s", s->transport);
    bool by_name = !strcmp(s->transport, "wss") || !strcmp(s->transport, "grpcs");
    l->tls = json_is_boolean(tls) ? json_is_true(tls) : by_name;
    int r = read_speaks(k, s->transport, &l->speaks, reterr);
    if (r < 0)
        return r;
    if (l->tls && !k->tls.ctx) {
        r = read_tls(k, o->listeners, reterr);
        if (r < 0)
            return r;
    }
    struct listener_options lo = {.host = s->host, .port = s->port, .who = k->who, .loop = k->loop,
                                  .events = k->events, .next_conn_id = k->next_conn_id, .build = stack_build, .arg = l,
                                  .max_conns = (unsigned)k->limits.connections,
                                  .moments = k->faults ? faults_moments(k->faults) : NULL};
    r = listener_open(&lo, &l->listener);
    if (r < 0) {
        _cleanup_(freep) char *what = xasprintf("%s listener", s->transport);
        *reterr = listener_explain(what, &lo, r);
    }
    return r;
}

static int listen_all(struct kas *k, const struct kas_options *o, char **reterr)
{
    static const char *const transports[] = {"ws", "wss", "grpc", "grpcs"};
    size_t n = 0;
    while (o->listeners && o->listeners[n].transport)
        n++;
    k->listeners = xcalloc(n ? n : 1, sizeof(*k->listeners));
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
            known |= !strcmp(o->listeners[i].transport, transports[t]);
        if (!known) {
            const char *near = nearest(o->listeners[i].transport, transports, ARRAY_SIZE(transports));
            *reterr = xasprintf("\"%s\" is no transport; expected ws, wss, grpc or grpcs%s%s%s",
                                o->listeners[i].transport, near ? "; did you mean " : "", near ? near : "",
                                near ? "?" : "");
            return -EINVAL;
        }
        int r = listen_on(k, o, &o->listeners[i], &k->listeners[i], reterr);
        if (r < 0)
            return r;
        k->n_listeners++;
    }
    return 0;
}

static void pass_on(struct kas *k, struct grpc_server_options *so)
{
    k->relayed = relay_methods();
    *so = (struct grpc_server_options){.methods = k->relayed,
                                       .any = &relay_any,
                                       .relay = true,
                                       .max_message = 64 * 1024 * 1024,
                                       .h2 = {.manual_window = true},
                                       .session = session_changed,
                                       .drained = relay_drained,
                                       .ping = relay_ping,
                                       .goaway = relay_goaway,
                                       .arg = k};
}

int kas_start(const struct kas_options *o, struct kas **ret, char **reterr)
{
    struct kas *k = NEW(struct kas);
    *reterr = NULL;
    *k = (struct kas){.loop = o->loop, .events = o->events, .faults = o->faults, .pki = o->pki,
                      .next_conn_id = o->next_conn_id, .upstream = o->upstream,
                      .who = o->who ? o->who : "kas",
                      .verbs = {.owner = &kas_verbs_owner, .server = k, .loop = o->loop, .faults = o->faults}};
    k->spec = spec_without_nulls(o->spec);
    TAILQ_INIT(&k->links);
    TAILQ_INIT(&k->configs);
    TAILQ_INIT(&k->objects_streams);
    TAILQ_INIT(&k->flux);
    k->tunnels = tunnels_new(k);
    int r = read_spec(k, reterr);
    if (r < 0) {
        kas_free(k);
        return r;
    }
    if (!k->upstream || events_heard(k->events))
        events_want(k->events, "grpc.message");
    struct grpc_server_options so = {.methods = kas_methods,
                                     .authenticate = auth_headers,
                                     .serves = method_served,
                                     .headers = auth_response_headers,
                                     .no_gzip = json_is_false(json_object_get(k->spec, "gzip")),
                                     .as_grpc_go = k->permissive ? 0 : k->traits.grpc_go,
                                     .h2 = {.min_ping_ms = 20000, .manual_window = true},
                                     .session = session_changed,
                                     .drained = tunnel_drained,
                                     .arg = k};
    if (k->upstream)
        pass_on(k, &so);
    if (k->limits.message)
        so.max_message = (size_t)k->limits.message;
    so.h2.max_header_list = (uint32_t)k->limits.header;
    k->grpc = grpc_server_new(&so);
    r = listen_all(k, o, reterr);
    if (r == 0 && o->k8s)
        r = k8s_proxy_open(k, o->k8s, &k->k8s, reterr);
    const char *backlog = json_string_value(json_object_get(k->spec, "backlog"));
    if (r == 0 && backlog && !strcmp(backlog, "full"))
        r = kas_fill_backlog(k, reterr);
    if (r < 0) {
        kas_free(k);
        return r;
    }
    *ret = k;
    return 0;
}

/* Connections are freed at the end of the loop's turn and still look at us then. */
static void release(void *arg)
{
    struct kas *k = arg;
    if (k->grpc)
        grpc_server_free(k->grpc);
    free(k->relayed);
    tunnels_free(k->tunnels);
    free(k->listeners);
    tls_setup_done(&k->tls);
    agents_free(k->agents);
    json_decref(k->config);
    json_decref(k->objects);
    json_decref(k->spec);
    verbs_done(&k->verbs);
    free(k->config_error);
    free(k->commit);
    free(k);
}

struct kas *kas_free(struct kas *k)
{
    if (!k)
        return NULL;
    verbs_end(&k->verbs);
    k8s_proxy_close(k->k8s);
    for (size_t i = 0; i < k->n_listeners; i++)
        k->listeners[i].listener = listener_free(k->listeners[i].listener);
    loop_defer(k->loop, release, k); /* behind its connections */
    return NULL;
}

json_t *kas_listeners(const struct kas *k)
{
    json_t *list = json_array();
    for (size_t i = 0; i < k->n_listeners; i++) {
        const struct kas_listener *l = &k->listeners[i];
        json_t *protocols = json_array();
        if (l->speaks & SPEAKS_WEBSOCKET)
            json_array_append_new(protocols, json_string("websocket"));
        if (l->speaks & SPEAKS_GRPC)
            json_array_append_new(protocols, json_string("grpc"));
        json_array_append_new(list, json_pack("{ssssso}", "transport", l->transport, "address",
                                              listener_address(l->listener), "protocols", protocols));
    }
    return list;
}

const char *kas_token(const struct kas *k)
{
    return agents_first(k->agents)->token;
}

json_t *kas_k8s_listeners(const struct kas *k)
{
    return k->k8s ? k8s_proxy_listeners(k->k8s) : json_array();
}

const char *kas_k8s_prefix(const struct kas *k)
{
    return k->k8s ? k->k8s->prefix : "/";
}

const char *kas_k8s_ca_pem(const struct kas *k)
{
    return k->k8s ? http_side_ca_pem(k->k8s->side) : NULL;
}

int64_t kas_agent_id(const struct kas *k)
{
    return agents_first(k->agents)->id;
}

const char *kas_job_token(const struct kas *k)
{
    return k->k8s ? jobs_first(k->k8s->jobs)->token : NULL;
}

const char *kas_ca_pem(const struct kas *k)
{
    return k->tls.ca_pem;
}
