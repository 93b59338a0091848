#include "fakekube/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/kube.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/yaml.h"
#include "lib/serve/control.h"
#include "lib/serve/private_dir.h"

struct served {
    const struct serve_options *o;
    struct private_dir *dir;
    struct loop *loop;
    struct events *events;
    struct event_sub *shown;
    struct pki *pki;
    struct faults *faults;
    json_t *spec;
    struct kube *kube;
    struct control *control;
    struct sig *term, *interrupt;
    const char *ca_path, *config_path, *socket_path; /* borrowed from dir */
    uint64_t next_conn_id;
};

static int complain(char *err, int code)
{
    size_t n = err ? strlen(err) : 0;
    fprintf(stderr, "fakekube: %s%s", err ? err : "failed", n && err[n - 1] == '\n' ? "" : "\n");
    free(err);
    return code;
}

/* ---- making it ---- */

static int read_spec(struct served *s)
{
    struct problems *p = problems_new();
    struct yaml_doc *doc = s->o->spec ? yaml_read_file(s->o->spec, p) : NULL;
    int code = 0;
    if (problems_count(p))
        code = complain(problems_text(p), EXIT_USAGE);
    else if (doc && !json_is_object(yaml_root(doc)))
        code = complain(xasprintf("%s: expected a mapping, as `kube:` of a scenario", s->o->spec), EXIT_USAGE);
    s->spec = doc && !code ? json_deep_copy(yaml_root(doc)) : json_object();
    if (s->o->version)
        json_object_set_new(s->spec, "version", json_string(s->o->version));
    yaml_done(doc);
    problems_free(p);
    return code;
}

static void show_event(void *arg, const json_t *event)
{
    char *text = json_dumps(event, JSON_COMPACT);
    (void)arg;
    if (text)
        fprintf(stderr, "%s\n", text);
    free(text);
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

static int start_kube(struct served *s)
{
    struct http_side_listener specs[LISTENERS_MAX + 1] = {{"http", "127.0.0.1", 0}};
    char *err = NULL;
    for (int i = 0; i < s->o->n_listen; i++)
        specs[i] = (struct http_side_listener){s->o->listen[i].transport, s->o->listen[i].host, s->o->listen[i].port};
    struct kube_options ko = {.loop = s->loop, .events = s->events, .faults = s->faults, .pki = s->pki,
                              .next_conn_id = &s->next_conn_id, .spec = s->spec, .listeners = specs};
    int r = kube_start(&ko, &s->kube, &err);
    return r < 0 ? complain(err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT) : 0;
}

static json_t *state(void *kube)
{
    return kube_state(kube);
}

/* What kubectl reads: JSON is YAML. */
static char *kubeconfig(const struct served *s)
{
    json_t *listeners = kube_listeners(s->kube), *first = json_array_get(listeners, 0);
    const char *transport = json_string_value(json_object_get(first, "transport"));
    void *told = json_object_iter(json_object_get(s->spec, "tokens"));
    const char *token = told ? json_object_iter_key(told) : "anybody"; /* over TLS kubectl asks for one */
    json_t *cluster = json_pack("{so}", "server", json_sprintf("%s://%s", transport, json_string_value(json_object_get(first, "address"))));
    if (s->ca_path)
        json_object_set_new(cluster, "certificate-authority", json_string(s->ca_path));
    json_t *config = json_pack("{ss, ss, s[{ss, so}], s[{ss, s{ss}}], s[{ss, s{ss, ss}}], ss}", "apiVersion", "v1", "kind", "Config",
                               "clusters", "name", "fake", "cluster", cluster, "users", "name", "me", "user", "token", token,
                               "contexts", "name", "fake", "context", "cluster", "fake", "user", "me", "current-context", "fake");
    char *text = json_dumps(config, JSON_INDENT(2));
    json_decref(config);
    json_decref(listeners);
    return text;
}

static int open_doors(struct served *s)
{
    char *err = NULL;
    if (private_dir_new("fakekube", &s->dir, &err) < 0)
        return complain(err, EXIT_ENVIRONMENT);
    if (kube_ca_pem(s->kube))
        s->ca_path = private_dir_file(s->dir, "ca.pem", kube_ca_pem(s->kube));
    _cleanup_(freep) char *config = kubeconfig(s);
    s->config_path = private_dir_file(s->dir, "kubeconfig", config);
    s->socket_path = s->o->control ? s->o->control : private_dir_file(s->dir, "control.sock", NULL);
    if (!s->config_path || (kube_ca_pem(s->kube) && !s->ca_path))
        return complain(xasprintf("cannot write into %s", private_dir_path(s->dir)), EXIT_ENVIRONMENT);
    struct control_options co = {.loop = s->loop, .events = s->events, .state = state, .perform = kube_perform, .arg = s->kube,
                                 .program = "fakekube", .faults = s->faults, .socket_path = s->socket_path,
                                 .http_port = s->o->control_http};
    return control_open(&co, &s->control, &err) < 0 ? complain(err, EXIT_ENVIRONMENT) : 0;
}

/* ---- telling ---- */

static void tell_json(const struct served *s)
{
    json_t *j = json_pack("{so, ss, ss, ss*}", "listeners", kube_listeners(s->kube), "kubeconfig", s->config_path, "control",
                          s->socket_path, "ca_file", s->ca_path);
    if (s->o->control_http >= 0)
        json_object_set_new(j, "control_http", json_integer(control_http_port(s->control)));
    _cleanup_(freep) char *text = json_dumps(j, JSON_COMPACT);
    printf("%s\n", text);
    json_decref(j);
}

static void tell_people(const struct served *s)
{
    json_t *listeners = kube_listeners(s->kube), *l;
    size_t i;
    printf("fakekube: a fake Kubernetes API\n\n");
    json_array_foreach (listeners, i, l)
        printf("  %-12s %s://%s\n", "API", json_string_value(json_object_get(l, "transport")),
               json_string_value(json_object_get(l, "address")));
    printf("  %-12s %s\n", "kubeconfig", s->config_path);
    if (s->ca_path)
        printf("  %-12s %s\n", "CA file", s->ca_path);
    printf("  %-12s curl --unix-socket %s http://fakekube/state\n", "control", s->socket_path);
    printf("\n  kubectl --kubeconfig %s get namespaces\n\nCtrl-C ends it.\n", s->config_path);
    json_decref(listeners);
}

/* ---- the run ---- */

static void on_signal(void *arg, int signum)
{
    (void)signum;
    loop_stop(arg);
}

static int set_up(struct served *s)
{
    /* From here on a signal is an orderly end: nothing is left behind. */
    s->loop = loop_new();
    s->term = sig_new(s->loop, SIGTERM, on_signal, s->loop);
    s->interrupt = sig_new(s->loop, SIGINT, on_signal, s->loop);
    int code = read_spec(s);
    if (!code)
        code = open_events(s);
    if (code)
        return code;
    s->pki = pki_new();
    s->faults = faults_new(json_object_get(s->spec, "faults"), s->events, 0); /* the control API adds some */
    code = start_kube(s);
    return code ? code : open_doors(s);
}

static void served_done(struct served *s)
{
    s->shown = s->shown ? events_unsubscribe(s->shown) : NULL;
    control_free(s->control);
    kube_free(s->kube);
    sig_free(s->term);
    sig_free(s->interrupt);
    loop_free(s->loop); /* connections end here, and still use what is freed below */
    if (s->faults)
        faults_free(s->faults);
    if (s->pki)
        pki_free(s->pki);
    if (s->events)
        events_free(s->events);
    private_dir_free(s->dir);
    json_decref(s->spec);
}

int serve(const struct serve_options *o)
{
    struct served s = {.o = o};
    int code = set_up(&s);
    if (!code) {
        if (o->json)
            tell_json(&s);
        else
            tell_people(&s);
        fflush(stdout);
        loop_run(s.loop);
    }
    served_done(&s);
    return code;
}
