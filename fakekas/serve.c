#include "fakekas/serve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fakekas/kas.h"
#include "fakekas/upstream.h"
#include "fakekas/record.h"
#include "fakekas/serve_scenario.h"
#include "fakekas/traits.h"
#include "lib/base/mem.h"
#include "lib/script/steps.h"
#include "lib/serve/control.h"
#include "lib/serve/private_dir.h"

struct served {
    const struct serve_options *o;
    struct serve_listen listen[LISTENERS_MAX];
    int n_listen;
    struct serve_scenario scenario;
    struct private_dir *dir;
    struct loop *loop;
    struct events *events;
    struct event_sub *shown;
    struct pki *pki;
    struct faults *faults;
    struct upstream *upstream;
    struct record *record;
    struct kas *kas;
    struct steps *steps;
    struct control *control;
    struct sig *term, *interrupt;
    const char *token_path, *ca_path, *socket_path; /* borrowed from dir */
    uint64_t next_conn_id;
};

static int complain(char *err, int code)
{
    fprintf(stderr, "fakekas: %s\n", err ? err : "failed");
    free(err);
    return code;
}

/* --- listeners ------------------------------------------------------------------------------------------------ */

/* A scenario's answers may name the port ({port}), so it must be known before they are read. */
static uint16_t free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    uint16_t port = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && getsockname(fd, (struct sockaddr *)&a, &n) == 0)
        port = ntohs(a.sin_port);
    if (fd >= 0)
        close(fd);
    return port;
}

static void add_listener(struct served *s, const char *transport)
{
    struct serve_listen *l = &s->listen[s->n_listen++];
    *l = (struct serve_listen){.host = "127.0.0.1"};
    snprintf(l->transport, sizeof(l->transport), "%s", transport);
}

static void choose_listeners(struct served *s)
{
    static const char *const all[] = {"ws", "wss", "grpc", "grpcs"};
    s->n_listen = s->o->n_listen;
    memcpy(s->listen, s->o->listen, sizeof(s->listen));
    for (size_t i = 0; !s->o->n_listen && i < ARRAY_SIZE(all); i++)
        add_listener(s, all[i]);
    for (int i = 0; s->o->scenario && i < s->n_listen; i++)
        if (!s->listen[i].port)
            s->listen[i].port = free_port();
}

/* Nobody said where: the transports that the scenario is about are enough. */
static void drop_unmeant(struct served *s)
{
    const json_t *meant = json_object_get(s->scenario.spec, "listen");
    int kept = 0;
    if (!meant)
        meant = s->scenario.transports;
    for (int i = 0; !s->o->n_listen && i < s->n_listen; i++) {
        size_t n;
        const json_t *t;
        json_array_foreach (meant, n, t)
            if (json_is_string(t) && !strcmp(json_string_value(t), s->listen[i].transport)) {
                s->listen[kept++] = s->listen[i];
                break;
            }
    }
    if (kept)
        s->n_listen = kept;
}

/* --- making it ------------------------------------------------------------------------------------------------ */

static char *read_token(const char *path, char **reterr)
{
    char line[4096] = "";
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(line, 1, sizeof(line) - 1, f) : 0;
    if (f)
        fclose(f);
    while (n && isspace((unsigned char)line[n - 1]))
        line[--n] = '\0';
    if (n)
        return xstrdup(line);
    *reterr = xasprintf("--token-file %s: %s", path, f ? "is empty" : strerror(errno));
    return NULL;
}

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
    if (s->o->version)
        json_object_set_new(spec, "version", json_string(s->o->version));
    complete_limits(spec, s->o);
    if (!s->o->token_file)
        return 0;
    char *err = NULL;
    _cleanup_(freep) char *token = read_token(s->o->token_file, &err);
    if (!token)
        return complain(err, EXIT_USAGE);
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

static void show_event(void *arg, const json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);
    (void)arg;
    if (text)
        fprintf(stderr, "%s\n", text);
    free(text);
}

static int start_proxy(struct served *s, char **reterr)
{
    struct upstream_options po = {.loop = s->loop, .events = s->events, .next_conn_id = &s->next_conn_id,
                               .to = s->o->to, .ca_file = s->o->ca, .insecure = s->o->insecure};
    if (!s->o->to)
        return 0;
    if (s->o->record)
        s->record = record_start(s->events);
    return upstream_new(&po, &s->upstream, reterr);
}

static int start_kas(struct served *s)
{
    struct kas_listener_spec specs[LISTENERS_MAX + 1] = {0};
    char *err = NULL;
    for (int i = 0; i < s->n_listen; i++)
        specs[i] = (struct kas_listener_spec){s->listen[i].transport, s->listen[i].host, s->listen[i].port};
    s->pki = pki_new();
    s->faults = faults_new(s->scenario.faults, s->events, s->scenario.seed);
    if (start_proxy(s, &err) < 0)
        return complain(err, EXIT_USAGE);
    struct kas_options ko = {.loop = s->loop, .events = s->events, .faults = s->faults, .pki = s->pki,
                             .next_conn_id = &s->next_conn_id, .spec = s->scenario.spec, .listeners = specs, .upstream = s->upstream};
    int r = kas_start(&ko, &s->kas, &err);
    if (r < 0)
        return complain(err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT);
    s->steps = steps_start(s->scenario.then, s->loop, s->events, kas_perform, s->kas);
    return 0;
}

static json_t *state(void *kas)
{
    return kas_state(kas);
}

static int open_doors(struct served *s)
{
    char *err = NULL;
    if (private_dir_new("fakekas", &s->dir, &err) < 0)
        return complain(err, EXIT_ENVIRONMENT);
    s->token_path = private_dir_file(s->dir, "token", kas_token(s->kas));
    if (kas_ca_pem(s->kas))
        s->ca_path = private_dir_file(s->dir, "ca.pem", kas_ca_pem(s->kas));
    s->socket_path = s->o->control ? s->o->control : private_dir_file(s->dir, "control.sock", NULL);
    if (!s->token_path || (kas_ca_pem(s->kas) && !s->ca_path))
        return complain(xasprintf("cannot write into %s", private_dir_path(s->dir)), EXIT_ENVIRONMENT);
    struct control_options co = {.loop = s->loop, .events = s->events, .state = state, .perform = kas_perform, .arg = s->kas,
                                 .faults = s->faults, .program = "fakekas", .socket_path = s->socket_path, .http_port = s->o->control_http};
    return control_open(&co, &s->control, &err) < 0 ? complain(err, EXIT_ENVIRONMENT) : 0;
}

static int open_events(struct served *s)
{
    int r = events_open(s->o->events, NULL, &s->events);
    if (r < 0)
        return complain(xasprintf("--events %s: %s", s->o->events, strerror(-r)), EXIT_ENVIRONMENT);
    if (s->o->verbose) {
        events_verbose(s->events, true);
        s->shown = events_subscribe(s->events, show_event, NULL);
    }
    return 0;
}

/* --- what people and programs read ---------------------------------------------------------------------------- */

static void print_json(const struct served *s)
{
    json_t *j = json_pack("{sossss*ss*}", "listeners", kas_listeners(s->kas), "token", kas_token(s->kas), "ca_file",
                          s->ca_path, "control", s->socket_path);
    json_object_set_new(j, "token_file", json_string(s->token_path));
    if (s->o->control_http >= 0)
        json_object_set_new(j, "control_http", json_integer(control_http_port(s->control)));
    char *text = json_dumps(j, JSON_COMPACT);
    printf("%s\n", text);
    free(text);
    json_decref(j);
}

static void print_command(const struct served *s, const char *transport, const char *address)
{
    bool ws = !strncmp(transport, "ws", 2), tls = !strcmp(transport, "wss") || !strcmp(transport, "grpcs");
    printf("  agentk --kas-address=%s://%s%s --token-file=%s", transport, address, ws ? s->scenario.agent_path : "",
           s->token_path);
    if (tls && s->ca_path)
        printf(" --ca-cert-file=%s", s->ca_path);
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
    if (s->ca_path)
        printf("  CA file     %s\n", s->ca_path);
    printf("  control     curl --unix-socket %s http://fakekas/state\n", s->socket_path);
    if (s->o->control_http >= 0)
        printf("              curl http://127.0.0.1:%u/state\n", control_http_port(s->control));
    printf("\nStart an agent:\n");
    json_array_foreach (listeners, i, l)
        print_command(s, json_string_value(json_object_get(l, "transport")),
                      json_string_value(json_object_get(l, "address")));
    printf("\nCtrl-C ends it.\n");
    json_decref(listeners);
}

/* --- the run -------------------------------------------------------------------------------------------------- */

static void on_signal(void *arg, int signum)
{
    (void)signum;
    loop_stop(arg);
}

static void served_done(struct served *s)
{
    s->shown = s->shown ? events_unsubscribe(s->shown) : NULL;
    record_free(s->record);
    control_free(s->control);
    if (s->steps)
        steps_free(s->steps);
    kas_free(s->kas);
    if (s->term)
        sig_free(s->term);
    if (s->interrupt)
        sig_free(s->interrupt);
    loop_free(s->loop); /* connections and the KAS end here, and still use what is freed below */
    upstream_free(s->upstream);
    if (s->faults)
        faults_free(s->faults);
    if (s->pki)
        pki_free(s->pki);
    if (s->events)
        events_free(s->events);
    private_dir_free(s->dir);
    serve_scenario_done(&s->scenario);
}

static int set_up(struct served *s)
{
    int code = load_scenario(s);
    /* From here on a signal is an orderly end: nothing is left behind. */
    s->loop = loop_new();
    loop_linger(s->loop, (uint64_t)s->o->linger_us);
    s->term = sig_new(s->loop, SIGTERM, on_signal, s->loop);
    s->interrupt = sig_new(s->loop, SIGINT, on_signal, s->loop);
    if (!code)
        code = open_events(s);
    if (!code)
        code = start_kas(s);
    return code ? code : open_doors(s);
}

int serve(const struct serve_options *o)
{
    struct served s = {.o = o};
    int code = set_up(&s);
    if (!code) {
        if (o->json)
            print_json(&s);
        else
            print_people(&s);
        fflush(stdout);
        loop_run(s.loop);
        if (s.record)
            code = record_write(s.record, o->record) < 0 ? EXIT_ENVIRONMENT : 0;
    }
    served_done(&s);
    return code;
}
