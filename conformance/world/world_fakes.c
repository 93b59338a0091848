/* The fakes of a world, made from the scenario. */
#include "conformance/world/world_fakes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conformance/world/world_faults.h"
#include "conformance/world/world_files.h"
#include "conformance/world/world_kas.h"
#include "lib/base/mem.h"

enum { LISTENERS_MAX = 8, K8S_PORT = 8154 };

static const struct {
    const char *transport;
    uint16_t port;
} ports[] = {{"ws", 80}, {"wss", 443}, {"grpc", 8150}, {"grpcs", 8150}};

/* The port of a transport: the row's own, what `ports:` says, or the documented one. */
static uint16_t port_of(const json_t *row, const char *transport)
{
    const json_t *about = json_object_get(row, "row"),
                 *said = json_object_get(json_object_get(row, "ports"), transport);
    const char *own = json_string_value(json_object_get(about, "transport"));

    if (own && strcmp(own, transport) == 0)
        return (uint16_t)json_integer_value(json_object_get(about, "port"));
    if (json_is_integer(said))
        return (uint16_t)json_integer_value(said);
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
        if (strcmp(ports[i].transport, transport) == 0)
            return ports[i].port;
    return 0;
}

static void names_add(json_t *names, const char *const *hosts, size_t n, const char *address)
{
    for (size_t i = 0; i < n; i++)
        json_object_set_new(names, hosts[i], json_pack("[s]", address));
}

/* Where the documentation's names lead, unless the scenario says otherwise. With a KAS under test, GitLab's own name is
 * GitLab's. */
static json_t *names_of(const json_t *row)
{
    static const char *const gitlab[] = {"gitlab.host.tld", "GitLabhost.tld", "gitlabhost.tld"};
    static const char *const kas[] = {"kas.host.tld", "gitlab-kas", "gitlab-kas.gitlab",
                                      "gitlab-kas.gitlab.svc.cluster.local"};
    static const char *const gitaly[] = {"gitaly.host.tld"}, *const redis[] = {"redis.host.tld"};
    json_t *own = json_object_get(json_object_get(row, "dns"), "names"), *names;
    static const char *const hubble[] = {"hubble-relay", "hubble-relay.gitlab-managed-apps.svc.cluster.local"};
    bool under_test = world_kas_under_test(row);

    if (json_is_object(own))
        return json_incref(own);
    names = json_object();
    names_add(names, gitlab, ARRAY_SIZE(gitlab), under_test ? WORLD_GITLAB_IP : WORLD_KAS_IP);
    names_add(names, kas, ARRAY_SIZE(kas), WORLD_KAS_IP);
    names_add(names, hubble, ARRAY_SIZE(hubble), WORLD_HUBBLE_IP);
    if (under_test) {
        names_add(names, gitaly, ARRAY_SIZE(gitaly), WORLD_GITALY_IP);
        names_add(names, redis, ARRAY_SIZE(redis), WORLD_REDIS_IP);
    }
    return names;
}

static int dns_start(struct fakes *f, const struct fakes_options *o, char **reterr)
{
    struct dns_options d = {.host = WORLD_DNS_IP,
                            .port = 53,
                            .loop = o->loop,
                            .events = o->events,
                            .moments = faults_moments(f->faults)};
    int e;

    if (!o->own_network || json_is_true(json_object_get(json_object_get(o->row, "dns"), "absent")))
        return 0;
    f->names = names_of(o->row);
    d.names = f->names;
    e = dns_open(&d, &f->dns);
    if (e < 0)
        *reterr = xasprintf("fake DNS on %s:53: %s", WORLD_DNS_IP, strerror(-e));
    return e;
}

static const char *const usual[] = {"gitlab.host.tld", "GitLabhost.tld", "gitlab-kas.gitlab",
                                    "gitlab-kas",      "kas.host.tld",   "localhost",
                                    "127.0.0.1",       WORLD_KAS_IP,     NULL};

struct pki *fakes_warm_pki(void)
{
    struct pki *pki = pki_new();
    SSL_CTX *ctx = NULL;

    /* A refusal is told by the first row that wants it. */
    if (pki_server_ctx(pki, &(struct leaf_spec){.hosts = usual}, &ctx) == 0)
        SSL_CTX_free(ctx);
    return pki;
}

/* Its certificate is good for the documented names and for the one that the agent is given; what is wrong
 * with a certificate is then the one thing that the scenario names. */
static void certificate_hosts_add(json_t *spec, const json_t *row)
{
    const char *address = json_string_value(json_object_get(json_object_get(row, "agent"), "address"));
    const char *host = address ? strstr(address, "://") : NULL;
    json_t *certificate = json_object_get(spec, "certificate"), *hosts;

    if (json_is_string(certificate))
        json_object_set_new(spec, "certificate", json_pack("{s:O}", "kind", certificate));
    else if (!json_is_object(certificate))
        json_object_set_new(spec, "certificate", json_object());
    certificate = json_object_get(spec, "certificate");
    if (json_object_get(certificate, "hosts"))
        return;
    hosts = json_array();
    for (size_t i = 0; usual[i]; i++)
        json_array_append_new(hosts, json_string(usual[i]));
    if (host && host[3] != '[' && strcspn(host + 3, ":/?"))
        json_array_append_new(hosts, json_stringn(host + 3, strcspn(host + 3, ":/?")));
    json_object_set_new(certificate, "hosts", hosts);
}

/* Does KAS have its endpoint for CI jobs? */
static bool k8s_wanted(const json_t *row)
{
    return json_is_object(json_object_get(json_object_get(row, "kas"), "kubernetes_api"));
}

/* Its first job has the token that was made for this run. */
static void job_token_add(json_t *k8s, const char *job_token)
{
    json_t *jobs = json_object_get(k8s, "jobs");

    if (!json_array_size(jobs))
        json_object_set_new(k8s, "jobs", json_pack("[{s:s}]", "token", job_token));
    else if (!json_object_get(json_array_get(jobs, 0), "token"))
        json_object_set_new(json_array_get(jobs, 0), "token", json_string(job_token));
}

/* The scenario's KAS, whose first agent has the token that was made for this run. */
static json_t *kas_spec_of(const json_t *row, const char *token, const char *job_token)
{
    json_t *spec = json_deep_copy(json_object_get(row, "kas")), *agents = json_object_get(spec, "agents");

    if (!json_array_size(agents))
        json_object_set_new(spec, "agents", json_pack("[{s:s}]", "token", token));
    else if (!json_object_get(json_array_get(agents, 0), "token"))
        json_object_set_new(json_array_get(agents, 0), "token", json_string(token));
    certificate_hosts_add(spec, row);
    if (k8s_wanted(row))
        job_token_add(json_object_get(spec, "kubernetes_api"), job_token);
    return spec;
}

/* `proxied`: the KAS of the scenario stands behind a proxy that the component meets in its place, and which has the
 * faults. It listens on the loopback, for the same transport. */
static int behind_begin(struct fakes *f, const struct fakes_options *o, struct kas_options *k, char **reterr)
{
    const char *own = k->listeners[0].transport;
    struct kas_listener_spec listeners[2] = {{.transport = own, .host = "127.0.0.1"}};
    struct kas_options behind = *k;
    struct upstream_options u = {
        .loop = o->loop, .events = o->events, .next_conn_id = &f->next_conn_id, .insecure = true};
    char at[64] = "";
    int e;

    behind.listeners = listeners;
    behind.faults = NULL;
    behind.who = "behind";
    e = kas_start(&behind, &f->behind, reterr);
    if (e < 0)
        return e;
    json_t *there = kas_listeners(f->behind);
    const char *address = json_string_value(json_object_get(json_array_get(there, 0), "address"));
    snprintf(at, sizeof(at), "%s://%s", own, address);
    json_decref(there);
    u.to = at;
    e = upstream_new(&u, &f->upstream, reterr);
    k->upstream = f->upstream;
    return e;
}

static int kas_begin(struct fakes *f, const struct fakes_options *o, char **reterr)
{
    struct kas_listener_spec listeners[LISTENERS_MAX + 1] = {0};
    const json_t *kas = json_object_get(o->row, "kas"), *listen = json_object_get(kas, "listen");
    const char *own = json_string_value(json_object_get(json_object_get(o->row, "row"), "transport"));
    struct kas_options k = {.loop = o->loop,
                            .events = o->events,
                            .faults = f->faults,
                            .pki = f->pki,
                            .next_conn_id = &f->next_conn_id,
                            .listeners = listeners};
    const json_t *addresses = o->own_network ? json_object_get(kas, "addresses") : NULL;
    size_t n = json_array_size(listen) ? json_array_size(listen) : 1;
    size_t m = json_array_size(addresses) ? json_array_size(addresses) : 1;

    if (json_is_true(json_object_get(kas, "absent")))
        return 0;
    for (size_t i = 0; i < n * m && i < LISTENERS_MAX; i++) {
        const char *transport = json_string_value(json_array_get(listen, i / m));
        const char *address = json_string_value(json_array_get(addresses, i % m));
        listeners[i].transport = transport ? transport : own;
        listeners[i].port = port_of(o->row, listeners[i].transport);
        listeners[i].host = address ? address : o->own_network ? WORLD_KAS_IP : "127.0.0.1";
    }
    const struct http_side_listener k8s[] = {{json_is_true(json_object_get(json_object_get(kas, "kubernetes_api"), "tls")) ? "https" : "http",
                                              o->own_network ? WORLD_KAS_IP : "127.0.0.1", K8S_PORT}, {0}};
    if (k8s_wanted(o->row) && o->own_network)
        k.k8s = k8s;
    f->kas_spec = kas_spec_of(o->row, o->token, o->job_token);
    k.spec = f->kas_spec;
    if (json_is_true(json_object_get(kas, "proxied"))) {
        int e = behind_begin(f, o, &k, reterr);
        if (e < 0)
            return e;
    }
    return kas_start(&k, &f->kas, reterr);
}

static int proxy_start(struct fakes *f, const struct fakes_options *o, char **reterr)
{
    const json_t *spec = json_object_get(o->row, "proxy");
    struct proxy_options p = {.host = WORLD_PROXY_IP,
                              .port = WORLD_PROXY_PORT,
                              .loop = o->loop,
                              .events = o->events,
                              .moments = faults_moments(f->faults),
                              .names = f->names,
                              .authorization = json_string_value(json_object_get(spec, "authorization"))};
    int e;

    /* An empty mapping is a part that nobody wrote: they are all there in a row. */
    if (!o->own_network || !json_object_size(spec))
        return 0;
    e = proxy_open(&p, &f->proxy);
    if (e < 0)
        *reterr = xasprintf("fake proxy on %s:%d: %s", WORLD_PROXY_IP, WORLD_PROXY_PORT, strerror(-e));
    return e;
}

static int gitlab_begin(struct fakes *f, const struct fakes_options *o, char **reterr)
{
    struct world_gitlab_options g = {.loop = o->loop,
                                     .events = o->events,
                                     .pki = f->pki,
                                     .next_conn_id = &f->next_conn_id,
                                     .row = o->row,
                                     .token = o->token,
                                     .job_token = o->job_token,
                                     .kas_secret = o->kas_secret,
                                     .faults_off = o->faults_off};

    return world_gitlab_start(&g, &f->gitlab, reterr);
}

static int kube_begin(struct fakes *f, const struct fakes_options *o, char **reterr)
{
    struct world_kube_options k = {.loop = o->loop,
                                   .events = o->events,
                                   .pki = f->pki,
                                   .next_conn_id = &f->next_conn_id,
                                   .row = o->row,
                                   .token = o->kube_token,
                                   .real = o->kube_real,
                                   .real_log_fd = o->kube_log_fd,
                                   .faults_off = o->faults_off};

    return o->own_network && world_kube_wanted(o->row) ? world_kube_start(&k, &f->kube, reterr) : 0;
}

static int hubble_begin(struct fakes *f, const struct fakes_options *o, char **reterr)
{
    struct world_hubble_options h = {.loop = o->loop,
                                     .events = o->events,
                                     .pki = f->pki,
                                     .next_conn_id = &f->next_conn_id,
                                     .row = o->row,
                                     .faults_off = o->faults_off};

    return o->own_network && world_hubble_wanted(o->row) ? world_hubble_start(&h, &f->hubble, reterr) : 0;
}

int fakes_start(struct fakes *f, const struct fakes_options *o, char **reterr)
{
    int e;

    *f = (struct fakes){.next_conn_id = 0};
    f->faults = world_faults(o->row, o->row, o->events, o->faults_off);
    f->pki = o->pki;
    e = dns_start(f, o, reterr);
    if (!e)
        e = world_kas_under_test(o->row) ? gitlab_begin(f, o, reterr) : kas_begin(f, o, reterr);
    if (!e)
        e = kube_begin(f, o, reterr);
    if (!e)
        e = hubble_begin(f, o, reterr);
    return e ? e : proxy_start(f, o, reterr);
}

void fakes_stop(struct fakes *f)
{
    f->proxy = proxy_free(f->proxy);
    f->kas = kas_free(f->kas);
    f->behind = kas_free(f->behind);
    f->dns = dns_free(f->dns);
    world_gitlab_stop(f->gitlab);
    world_kube_stop(f->kube);
    world_hubble_stop(f->hubble);
}

void fakes_done(struct fakes *f)
{
    upstream_free(f->upstream);
    world_gitlab_free(f->gitlab);
    world_kube_free(f->kube);
    world_hubble_free(f->hubble);
    faults_free(f->faults);
    json_decref(f->kas_spec);
    json_decref(f->names);
    *f = (struct fakes){0};
}

int fakes_switch(struct fakes *f, const char *id, bool on)
{
    int e = faults_switch(f->faults, id, on);

    if (e && f->kube)
        e = world_kube_switch(f->kube, id, on);
    if (e && f->hubble)
        e = world_hubble_switch(f->hubble, id, on);
    return e && f->gitlab ? world_gitlab_switch(f->gitlab, id, on) : e;
}

int fakes_perform(struct fakes *f, const char *part, const json_t *what, char **reterr)
{
    bool kube = strcmp(part, "kube") == 0, hubble = strcmp(part, "hubble") == 0;

    if (kube && f->kube)
        return world_kube_perform(f->kube, what, reterr);
    if (hubble && f->hubble)
        return world_hubble_perform(f->hubble, what, reterr);
    if (!kube && !hubble && f->gitlab)
        return world_gitlab_perform(f->gitlab, part, what, reterr);
    *reterr = xasprintf("%s: this world has none", part);
    return -ENOENT;
}

const char *fakes_ca_pem(const struct fakes *f)
{
    const char *own = f->kas ? kas_ca_pem(f->kas) : NULL;

    return own ? own : pki_root_pem(f->pki);
}

const char *fakes_kube_ca_pem(const struct fakes *f)
{
    return f->kube ? world_kube_ca_pem(f->kube) : fakes_ca_pem(f);
}
