/* See world_install.h. */
#include "conformance/node/world_install.h"

#include "conformance/world/world_rights.h"
#include "lib/base/mem.h"

#define ADMIN_TOKEN "admin-token"

int world_install_begin(struct world_install *w, const struct world_install_options *o, char **reterr)
{
    const json_t *row = json_object_get(o->job, "row");
    struct kube *kube = world_kube_api(o->fakes->kube);
    struct person_options p = {.loop = o->loop, .events = o->events, .part = json_object_get(row, "person"), .prefix = o->prefix,
                               .token = kube ? ADMIN_TOKEN : NULL, .kube_ca_pem = kube ? kube_ca_pem(kube) : NULL,
                               .ca_pem = fakes_ca_pem(o->fakes)};

    if (json_is_true(json_object_get(json_object_get(row, "kube"), "rbac")))
        w->rights = json_object();
    if (!json_object_size(p.part))
        return 0;
    if (kube)
        kube_token(kube, ADMIN_TOKEN, "system:admin");
    return person_new(&p, &w->person, reterr);
}

void world_install_node(struct world_install *w, const struct world_install_options *o, struct actors *actors)
{
    struct kubelet_options k = {.loop = o->loop, .events = o->events, .kube = world_kube_api(o->fakes->kube), .actors = actors,
                                .job = o->job, .prefix = o->prefix};

    if (k.kube && kubelet_wanted(json_object_get(o->job, "row")))
        w->kubelet = kubelet_new(&k);
}

void world_install_event(struct world_install *w, const json_t *event)
{
    if (w->rights)
        rights_note(w->rights, event);
}

bool world_install_failed(const struct world_install *w)
{
    return person_failure(w->person) != NULL;
}

void world_install_verdict(const struct world_install *w, json_t *verdict)
{
    if (world_install_failed(w)) {
        json_object_set_new(verdict, "pass", json_false());
        json_object_set_new(verdict, "reason", json_string(person_failure(w->person)));
    }
    if (json_object_size(w->rights))
        json_object_set(verdict, "rights", w->rights);
}

void world_install_done(struct world_install *w)
{
    w->person = person_free(w->person);
    w->kubelet = kubelet_free(w->kubelet);
    json_decref(w->rights);
    w->rights = NULL;
}
