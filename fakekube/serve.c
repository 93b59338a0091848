#include "fakekube/serve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fakekube/kube.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/yaml.h"
#include "lib/serve/stand.h"

struct served {
    const struct serve_options *o;
    struct stand stand;
    json_t *spec;
    struct kube *kube;
    const char *config_path; /* borrowed from the private folder */
};

/* ---- making it ---- */

static int read_spec(struct served *s)
{
    struct problems *p = problems_new();
    struct yaml_doc *doc = s->o->spec ? yaml_read_file(s->o->spec, p) : NULL;
    int code = 0;
    if (problems_count(p))
        code = stand_complain(&s->stand, problems_text(p), EXIT_USAGE);
    else if (doc && !json_is_object(yaml_root(doc)))
        code = stand_complain(&s->stand, xasprintf("%s: expected a mapping, as `kube:` of a scenario", s->o->spec), EXIT_USAGE);
    s->spec = doc && !code ? json_deep_copy(yaml_root(doc)) : json_object();
    if (s->o->stand.version)
        json_object_set_new(s->spec, "version", json_string(s->o->stand.version));
    if (s->o->watch_buffer) {
        json_t *limits = json_deep_copy(json_object_get(s->spec, "limits"));
        if (!json_is_object(limits))
            limits = json_object();
        json_object_set_new(limits, "watch", json_string(s->o->watch_buffer));
        json_object_set_new(s->spec, "limits", limits);
    }
    yaml_done(doc);
    problems_free(p);
    return code;
}

static int start_kube(struct served *s)
{
    struct http_side_listener specs[LISTENERS_MAX + 1] = {{"http", "127.0.0.1", 0}};
    char *err = NULL;
    for (int i = 0; i < s->o->stand.n_listen; i++)
        specs[i] = (struct http_side_listener){s->o->stand.listen[i].transport, s->o->stand.listen[i].host, s->o->stand.listen[i].port};
    struct kube_options ko = {.loop = s->stand.loop, .events = s->stand.events, .faults = s->stand.faults, .pki = s->stand.pki,
                              .next_conn_id = &s->stand.next_conn_id, .spec = s->spec, .listeners = specs};
    int r = kube_start(&ko, &s->kube, &err);
    return r < 0 ? stand_complain(&s->stand, err, r == -EINVAL ? EXIT_USAGE : EXIT_ENVIRONMENT) : 0;
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
    if (s->stand.ca_path)
        json_object_set_new(cluster, "certificate-authority", json_string(s->stand.ca_path));
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
    int code = stand_folder(&s->stand, kube_ca_pem(s->kube));
    if (code)
        return code;
    _cleanup_(freep) char *config = kubeconfig(s);
    code = stand_keep(&s->stand, "kubeconfig", config, &s->config_path);
    return code ? code : stand_control(&s->stand, state, kube_perform, s->kube);
}

/* ---- telling ---- */

static void tell_json(const struct served *s)
{
    stand_tell(&s->stand, json_pack("{so, ss}", "listeners", kube_listeners(s->kube), "kubeconfig", s->config_path));
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
    if (s->stand.ca_path)
        printf("  %-12s %s\n", "CA file", s->stand.ca_path);
    printf("  %-12s curl --unix-socket %s http://fakekube/state\n", "control", s->stand.socket_path);
    printf("\n  kubectl --kubeconfig %s get namespaces\n\nCtrl-C ends it.\n", s->config_path);
    json_decref(listeners);
}

/* ---- the run ---- */

static int set_up(struct served *s)
{
    int code = stand_begin(&s->stand);
    if (!code)
        code = read_spec(s);
    if (code)
        return code;
    s->stand.faults = faults_new(json_object_get(s->spec, "faults"), s->stand.events, 0); /* the control API adds some */
    code = start_kube(s);
    return code ? code : open_doors(s);
}

int serve(const struct serve_options *o)
{
    struct served s = {.o = o, .stand = {.program = "fakekube", .o = &o->stand}};
    int code = set_up(&s);
    if (!code) {
        if (o->stand.json)
            tell_json(&s);
        else
            tell_people(&s);
        stand_run(&s.stand);
    }
    stand_close(&s.stand);
    kube_free(s.kube);
    stand_stop(&s.stand);
    stand_done(&s.stand);
    json_decref(s.spec);
    return code;
}
