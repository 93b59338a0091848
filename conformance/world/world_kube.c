/* See world_kube.h. Its faults are its own, since their moments have the same names as those of KAS. */
#include "conformance/world/world_kube.h"

#include <errno.h>
#include <string.h>

#include "conformance/kube/world_real.h"
#include "conformance/world/world_faults.h"
#include "conformance/world/world_files.h"
#include "fakekube/kube.h"
#include "lib/base/mem.h"
#include "lib/script/actions.h"

enum { PORT = 443 };

#define NAMESPACE "gitlab-agent"
#define SERVICE_ACCOUNT "gitlab-agent"

struct world_kube {
    struct faults *faults; /* owned */
    json_t *spec;          /* owned */
    struct kube *kube;     /* owned until it is stopped */
    struct world_real real; /* behind it, if it is meant */
};

bool world_kube_wanted(const json_t *row)
{
    /* An empty mapping is a part that nobody wrote: they are all there in a row. */
    return json_object_size(json_object_get(row, "kube")) > 0;
}

/* The agent's own namespace and account are there, as the documentation's manifests make them; where they are applied in the
 * world itself, nobody is. */
static json_t *spec_of(const json_t *part, const char *token)
{
    json_t *spec = json_deep_copy(part), *objects = json_array();

    if (json_is_true(json_object_get(part, "kubelet"))) {
        json_decref(objects);
        if (!json_object_get(spec, "tokens"))
            json_object_set_new(spec, "tokens", json_object());
        return spec;
    }
    json_array_append_new(objects, json_pack("{ss, ss, s{ss}}", "apiVersion", "v1", "kind", "Namespace", "metadata", "name", NAMESPACE));
    json_array_append_new(objects, json_pack("{ss, ss, s{ss, ss}}", "apiVersion", "v1", "kind", "ServiceAccount", "metadata", "name",
                                             SERVICE_ACCOUNT, "namespace", NAMESPACE));
    json_array_extend(objects, json_object_get(spec, "objects"));
    json_object_set_new(spec, "objects", objects);
    if (!json_object_get(spec, "tokens"))
        json_object_set_new(spec, "tokens", json_pack("{ss}", token, "system:serviceaccount:" NAMESPACE ":" SERVICE_ACCOUNT));
    return spec;
}

int world_kube_start(const struct world_kube_options *o, struct world_kube **ret, char **reterr)
{
    static const struct http_side_listener listeners[] = {{"https", WORLD_KUBE_IP, PORT}, {0}};
    const json_t *part = json_object_get(o->row, "kube");
    struct world_kube *k = NEW(struct world_kube);
    struct kube_options options = {.loop = o->loop,
                                   .events = o->events,
                                   .pki = o->pki,
                                   .next_conn_id = o->next_conn_id,
                                   .listeners = listeners};
    int e;

    *ret = k; /* also a half-made one: the caller frees it behind the loop */
    k->faults = options.faults = world_faults(part, o->row, o->events, o->faults_off);
    k->spec = spec_of(part, o->token);
    options.spec = k->spec;
    e = o->real ? world_real_start(&k->real, k->spec, o->pki, o->real_log_fd, reterr) : 0;
    if (!e)
        e = kube_start(&options, &k->kube, reterr);
    if (!e && o->real)
        e = world_real_serve(&k->real, k->kube, k->spec, reterr);
    if (!e && json_is_true(json_object_get(part, "absent")))
        e = kube_perform(k->kube, "stop", NULL, reterr);
    return e;
}

void world_kube_stop(struct world_kube *k)
{
    if (k)
        k->kube = kube_free(k->kube);
}

struct world_kube *world_kube_free(struct world_kube *k)
{
    if (!k)
        return NULL;
    world_kube_stop(k);
    world_real_done(&k->real);
    faults_free(k->faults);
    json_decref(k->spec);
    free(k);
    return NULL;
}

struct kube *world_kube_api(struct world_kube *k)
{
    return k ? k->kube : NULL;
}

const char *world_kube_ca_pem(const struct world_kube *k)
{
    return kube_ca_pem(k->kube);
}

int world_kube_perform(struct world_kube *k, const json_t *what, char **reterr)
{
    struct action *list = actions_new(what);
    int e = 0;

    for (const struct action *a = list; a && !e; a = a->next)
        e = kube_perform(k->kube, a->verb, a->args, reterr);
    actions_free(list);
    return e;
}

int world_kube_switch(struct world_kube *k, const char *fault, bool on)
{
    return faults_switch(k->faults, fault, on);
}
