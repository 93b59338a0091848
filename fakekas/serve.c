#include "fakekas/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fakekas/kas.h"
#include "fakekas/record.h"
#include "fakekas/serve_job.h"
#include "fakekas/serve_scenario.h"
#include "fakekas/traits.h"
#include "fakekas/upstream.h"
#include "lib/base/mem.h"
#include "lib/net/port.h"
#include "lib/script/steps.h"
#include "lib/serve/secret_file.h"
#include "lib/serve/stand.h"

struct served {
    const struct serve_options *o;
    struct stand stand;
    struct serve_listen listen[LISTENERS_MAX];
    int port_fd[LISTENERS_MAX]; /* a port that was chosen before anybody listens on it */
    int n_listen;
    struct serve_scenario scenario;
    struct upstream *upstream;
    struct record *record;
    struct kas *kas;
    struct steps *steps;
    const char *token_path, *kubeconfig_path; /* borrowed from the private folder */
};

/* --- listeners ------------------------------------------------------------------------------------------------ */

static void add_listener(struct served *s, const char *transport)
{
    struct serve_listen *l = &s->listen[s->n_listen++];
    *l = (struct serve_listen){.host = "127.0.0.1"};
    snprintf(l->transport, sizeof(l->transport), "%s", transport);
}

static void choose_listeners(struct served *s)
{
    static const char *const all[] = {"ws", "wss", "grpc", "grpcs", "https"}; /* the last for jobs, not for agents */
    s->n_listen = s->o->stand.n_listen;
    memcpy(s->listen, s->o->stand.listen, sizeof(s->listen));
    for (size_t i = 0; !s->o->stand.n_listen && i < ARRAY_SIZE(all); i++)
        add_listener(s, all[i]);
    /* A scenario's answers may name the port ({port}), so it must be known before they are read. */
    for (int i = 0; s->o->scenario && i < s->n_listen; i++)
        if (!s->listen[i].port)
            s->listen[i].port = (uint16_t)port_claim(&s->port_fd[i]);
}

static bool is_http(const char *transport)
{
    return !strcmp(transport, "http") || !strcmp(transport, "https");
}

/* Nobody said where: the transports that the scenario is about are enough. */
static void drop_unmeant(struct served *s)
{
    const json_t *meant = json_object_get(s->scenario.spec, "listen");
    int kept = 0;
    if (!meant)
        meant = s->scenario.transports;
    for (int i = 0; !s->o->stand.n_listen && i < s->n_listen; i++) {
        size_t n;
        const json_t *t;
        json_array_foreach (meant, n, t)
            if (json_is_string(t) && !strcmp(json_string_value(t), s->listen[i].transport)) {
                s->listen[kept++] = s->listen[i];
                break;
            }
        if (is_http(s->listen[i].transport) && json_object_get(s->scenario.spec, "kubernetes_api"))
            s->listen[kept++] = s->listen[i];
    }
    if (kept)
        s->n_listen = kept;
}

/* --- making it ------------------------------------------------------------------------------------------------ */

static void complete_limits(json_t *spec, const struct serve_options *o)
{
    const char *const given[][2] = {{"connections", o->max_connections}, {"header", o->max_header},
                                    {"message", o->max_message}, {"ws_message", o->max_ws_message}};
    if (!json_is_object(json_object_get(spec, "limits")))
        json_object_set_new(spec, "limits", json_object());
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        if (given[i][1])
            json_object_set_new(json_object_get(spec, "limits"), given[i][0], json_string(given[i][1]));
}

/* What the command line says is stronger than the scenario. */
static int complete_spec(struct served *s)
{
    json_t *spec = s->scenario.spec;
    if (s->o->stand.version)
        json_object_set_new(spec, "version", json_string(s->o->stand.version));
    complete_limits(spec, s->o);
    if (!s->o->token_file)
        return 0;
    char *err = NULL;
    _cleanup_(freep) char *token = secret_file_read("--token-file", s->o->token_file, &err);
    if (!token)
        return stand_complain(&s->stand, err, EXIT_USAGE);
    json_t *agents = json_object_get(spec, "agents");
    if (json_array_size(agents))
        json_object_set_new(json_array_get(agents, 0), "token", json_string(token));
    else
        json_object_set_new(spec, "agents", json_pack("[{ss}]", "token", token));
    return 0;
}

static int load_scenario(struct served *s)
{
    choose_listeners(s);
    json_t *vars = json_pack("{sissss}", "port", (int)s->listen[0].port, "kas_ip", "127.0.0.1", "dns_ip", "127.0.0.1");
    int code = serve_scenario_load(s->o, vars, &s->scenario);
    json_decref(vars);
    if (code)
        return code;
    drop_unmeant(s);
    return complete_spec(s);
}

static int start_proxy(struct served *s, char **reterr)
{
    struct upstream_options po = {.loop = s->stand.loop, .events = s->stand.events, .next_conn_id = &s->stand.next_conn_id,
                               .to = s->o->to, .ca_file = s->o->ca, .insecure = s->o->insecure};
    if (!s->o->to)
        return 0;
    if (s->o->record)
        s->record = record_start(s->stand.events);
    return upstream_new(&po, &s->upstream, reterr);
}

static int start_kas(struct served *s)
{
    struct kas_listener_spec specs[LISTENERS_MAX + 1] = {0};
    struct http_side_listener k8s[LISTENERS_MAX + 1] = {0};
    size_t n = 0, n_k8s = 0;
    char *err = NULL;
    for (int i = 0; i < s->n_listen; i++)
        if (is_http(s->listen[i].transport) && !s->o->to) /* a proxy has none */
            k8s[n_k8s++] = (struct http_side_listener){s->listen[i].transport, s->listen[i].host, s->listen[i].port};
        else if (!is_http(s->listen[i].transport) || s->o->stand.n_listen)
            specs[n++] = (struct kas_listener_spec){s->listen[i].transport, s->listen[i].host, s->listen[i].port};
    s->stand.faults = faults_new(s->scenario.faults, s->stand.events, s->scenario.seed);
    if (start_proxy(s, &err) < 0)
        return stand_complain(&s->stand, err, EXIT_USAGE);
    struct kas_options ko = {.loop = s->stand.loop, .events = s->stand.events, .faults = s->stand.faults, .pki = s->stand.pki,
                             .next_conn_id = &s->stand.next_conn_id, .spec = s->scenario.spec, .listeners = specs, .k8s = n_k8s ? k8s : NULL,
                             .upstream = s->upstream};
    int r = kas_start(&ko, &s->kas, &err);
    if (r < 0)
        return stand_complain(&s->stand, err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT);
    s->steps = steps_start(s->scenario.then, s->stand.loop, s->stand.events, kas_perform, s->kas);
    return 0;
}

static json_t *state(void *kas)
{
    return kas_state(kas);
}

static int open_doors(struct served *s)
{
    int code = stand_folder(&s->stand, kas_ca_pem(s->kas));
    if (!code)
        code = stand_keep(&s->stand, "token", kas_token(s->kas), &s->token_path);
    if (!code && kas_job_token(s->kas)) {
        _cleanup_(freep) char *config = job_kubeconfig(s->kas);
        code = stand_keep(&s->stand, "kubeconfig", config, &s->kubeconfig_path);
    }
    return code ? code : stand_control(&s->stand, state, kas_perform, s->kas);
}

/* --- what people and programs read ---------------------------------------------------------------------------- */

static void print_json(const struct served *s)
{
    json_t *k8s = s->kubeconfig_path ? job_told(s->kas, s->kubeconfig_path) : NULL;
    stand_tell(&s->stand, json_pack("{so, ss, ss, so*}", "listeners", kas_listeners(s->kas), "token", kas_token(s->kas), "token_file",
                                    s->token_path, "kubernetes_api", k8s));
}

static void print_command(const struct served *s, const char *transport, const char *address)
{
    bool ws = !strncmp(transport, "ws", 2), tls = !strcmp(transport, "wss") || !strcmp(transport, "grpcs");
    printf("  agentk --kas-address=%s://%s%s --token-file=%s", transport, address, ws ? s->scenario.agent_path : "",
           s->token_path);
    if (tls && s->stand.ca_path)
        printf(" --ca-cert-file=%s", s->stand.ca_path);
    printf("\n");
}

static void print_people(const struct served *s)
{
    size_t i;
    json_t *listeners = kas_listeners(s->kas), *l;
    const char *version = json_string_value(json_object_get(s->scenario.spec, "version"));
    if (s->upstream)
        printf("fakekas %s passes everything on to %s", FAKEKAS_VERSION, upstream_to(s->upstream));
    else
        printf("fakekas %s speaks as KAS %s%s\n", FAKEKAS_VERSION, version ? version : KAS_DEFAULT_VERSION,
               version ? "" : ", with the services of all versions");
    if (s->upstream)
        printf("\n");
    if (s->scenario.title)
        printf("Scenario: %s\n", s->scenario.title);
    printf("\n  token file  %s\n  token       %s\n", s->token_path, kas_token(s->kas));
    if (s->stand.ca_path)
        printf("  CA file     %s\n", s->stand.ca_path);
    printf("  control     curl --unix-socket %s http://fakekas/state\n", s->stand.socket_path);
    if (s->o->stand.control_http >= 0)
        printf("              curl http://127.0.0.1:%u/state\n", control_http_port(s->stand.control));
    printf("\nStart an agent:\n");
    json_array_foreach (listeners, i, l)
        print_command(s, json_string_value(json_object_get(l, "transport")),
                      json_string_value(json_object_get(l, "address")));
    if (s->kubeconfig_path)
        printf("\nBe a CI job:\n  kubectl --kubeconfig %s get namespaces\n", s->kubeconfig_path);
    printf("\nCtrl-C ends it.\n");
    json_decref(listeners);
}

/* --- the run -------------------------------------------------------------------------------------------------- */

static void release_ports(struct served *s)
{
    for (int i = 0; i < LISTENERS_MAX; i++)
        port_release(&s->port_fd[i]);
}

static int set_up(struct served *s)
{
    int code = load_scenario(s);
    if (!code)
        code = stand_begin(&s->stand);
    if (code)
        return code;
    loop_linger(s->stand.loop, (uint64_t)s->o->linger_us);
    code = start_kas(s);
    release_ports(s);
    return code ? code : open_doors(s);
}

static void served_done(struct served *s)
{
    stand_close(&s->stand);
    record_free(s->record);
    if (s->steps)
        steps_free(s->steps);
    kas_free(s->kas);
    stand_stop(&s->stand);
    upstream_free(s->upstream);
    stand_done(&s->stand);
    release_ports(s);
    serve_scenario_done(&s->scenario);
}

int serve(const struct serve_options *o)
{
    struct served s = {.o = o, .stand = {.program = "fakekas", .o = &o->stand}};
    int code = set_up(&s);
    if (!code) {
        if (o->stand.json)
            print_json(&s);
        else
            print_people(&s);
        stand_run(&s.stand);
        if (s.record)
            code = record_write(s.record, o->record) < 0 ? EXIT_ENVIRONMENT : 0;
    }
    served_done(&s);
    return code;
}
