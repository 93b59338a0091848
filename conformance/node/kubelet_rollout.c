/* Deployments that are ours: the Pod that their template asks for, and what their status says of it. */
#include <string.h>

#include "conformance/node/kubelet_impl.h"
#include "lib/base/mem.h"

bool kubelet_ours(void *arg, const json_t *object)
{
    const char *kind = pod_text(object, "kind");

    (void)arg;
    return kind && (strcmp(kind, "Deployment") == 0 || strcmp(kind, "Pod") == 0) &&
           image_is_agent(pod_text(pod_container(object), "image"));
}

static bool on_object(void *arg, const char *key, const json_t *object)
{
    (void)key;
    if (kubelet_ours(NULL, object))
        json_array_append(arg, (json_t *)object);
    return true;
}

json_t *kubelet_all(struct kubelet *k, const char *plural)
{
    const char *group = strcmp(plural, "deployments") == 0 ? "apps" : "";
    json_t *all = json_array();

    kube_shelf_each(resources_find(k->cluster->resources, group, "v1", plural)->shelf, NULL, NULL, on_object, all);
    return all;
}

/* As a ReplicaSet's pod-template-hash: the same for the same template. */
static void template_hash(const json_t *deployment, char out[11])
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
    _cleanup_(freep) char *text = json_dumps(pod_at(deployment, "spec.template"), JSON_COMPACT | JSON_SORT_KEYS);
    unsigned long long h = 14695981039346656037ull;

    for (const char *p = text; p && *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211ull;
    for (int i = 0; i < 10; i++, h /= 27)
        out[i] = letters[h % 27];
    out[10] = 0;
}

static bool is_owned(const json_t *pod, const json_t *deployment)
{
    const char *uid = pod_text(deployment, "metadata.uid"), *owner;
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)pod_at(pod, "metadata.ownerReferences"), i, one)
    {
        owner = pod_text(one, "uid");
        if (owner && uid && strcmp(owner, uid) == 0)
            return true;
    }
    return false;
}

static bool is_ready(const json_t *pod)
{
    const json_t *one;
    size_t i;

    json_array_foreach((json_t *)pod_at(pod, "status.conditions"), i, one) if (strcmp(pod_text(one, "type"), "Ready") == 0)
        return strcmp(pod_text(one, "status"), "True") == 0;
    return false;
}

/* The Pod of the template, named as a ReplicaSet's is. */
static json_t *pod_of(const json_t *deployment, const char *hash)
{
    const char *name = pod_text(deployment, "metadata.name"), *account = pod_text(deployment, "spec.template.spec.serviceAccountName");
    json_t *template = json_deep_copy(pod_at(deployment, "spec.template")), *metadata = json_object_get(template, "metadata");

    if (!metadata)
        json_object_set_new(template, "metadata", metadata = json_object());
    if (!json_object_get(metadata, "labels"))
        json_object_set_new(metadata, "labels", json_object());
    json_object_del(metadata, "creationTimestamp");
    json_object_set_new(json_object_get(metadata, "labels"), "pod-template-hash", json_string(hash));
    json_object_set_new(metadata, "generateName", json_sprintf("%s-%s-", name, hash));
    json_object_set_new(metadata, "ownerReferences",
                        json_pack("[{ss, ss, ss, ss?, sb}]", "apiVersion", "apps/v1", "kind", "Deployment", "name", name, "uid",
                                  pod_text(deployment, "metadata.uid"), "controller", 1));
    json_object_set_new(json_object_get(template, "spec"), "serviceAccountName", json_string(account ? account : "default"));
    json_object_set_new(json_object_get(template, "spec"), "nodeName", json_string("node-1"));
    json_object_set_new(template, "apiVersion", json_string("v1"));
    json_object_set_new(template, "kind", json_string("Pod"));
    return template;
}

/* A Pod of an account that is not there is refused. NULL: it is there. */
static char *account_missing(struct kubelet *k, const json_t *deployment, const char *hash)
{
    const char *ns = pod_text(deployment, "metadata.namespace"), *name = pod_text(deployment, "spec.template.spec.serviceAccountName");

    if (!name || strcmp(name, "default") == 0 || pod_object(k->cluster, "serviceaccounts", ns, name))
        return NULL;
    return xasprintf("pods \"%s-%s-\" is forbidden: error looking up service account %s/%s: serviceaccount \"%s\" not found",
                     pod_text(deployment, "metadata.name"), hash, ns, name, name);
}

struct counts {
    int pods, updated, ready;
};

static void tell(struct kubelet *k, const json_t *d, const struct counts *n, int wanted, const char *refused)
{
    json_t *conditions = json_array();
    bool through = n->updated >= wanted && n->ready >= wanted;

    json_array_append_new(conditions, say_condition("Available", n->ready >= wanted,
                                                    n->ready >= wanted ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                                                    n->ready >= wanted ? "Deployment has minimum availability."
                                                                       : "Deployment does not have minimum availability."));
    if (refused)
        json_array_append_new(conditions, say_condition("ReplicaFailure", true, "FailedCreate", refused));
    json_array_append_new(conditions, say_condition("Progressing", true, through ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                                                    through ? "ReplicaSet has successfully progressed." : "ReplicaSet is progressing."));
    say_status(k, "deployments", pod_text(d, "metadata.namespace"), pod_text(d, "metadata.name"),
               json_pack("{sO, si, si, si, si, si, so}", "observedGeneration", pod_at(d, "metadata.generation"), "replicas", n->pods,
                         "updatedReplicas", n->updated, "readyReplicas", n->ready, "availableReplicas", n->ready,
                         "unavailableReplicas", n->ready < wanted ? wanted - n->ready : 0, "conditions", conditions));
}

static void deployment_follow(struct kubelet *k, const json_t *d)
{
    const char *ns = pod_text(d, "metadata.namespace");
    const json_t *said = pod_at(d, "spec.replicas");
    int wanted = said && json_integer_value(said) == 0 ? 0 : 1;
    json_t *pods = kubelet_all(k, "pods"), *pod;
    struct counts n = {0};
    _cleanup_(freep) char *refused = NULL;
    char hash[11];
    size_t i;

    template_hash(d, hash);
    json_array_foreach(pods, i, pod)
    {
        const char *own = pod_text(pod, "metadata.labels.pod-template-hash");
        bool updated = own && strcmp(own, hash) == 0;
        if (!is_owned(pod, d))
            continue;
        if (!updated || n.pods >= wanted) {
            (void)say_ask(k, "pods", VERB_DELETE, ns, pod_text(pod, "metadata.name"), NULL);
            continue;
        }
        n.pods++;
        n.updated++;
        n.ready += is_ready(pod);
    }
    json_decref(pods);
    if (n.pods < wanted)
        refused = account_missing(k, d, hash);
    if (refused)
        say_event(k, d, "Warning", "FailedCreate", refused);
    /* The old one's process ends first. */
    if (n.pods < wanted && !refused && !k->pod && say_ask(k, "pods", VERB_CREATE, ns, NULL, pod_of(d, hash)) == 201)
        n.pods = n.updated = 1;
    tell(k, d, &n, wanted, refused);
}

void rollout(struct kubelet *k)
{
    json_t *all = kubelet_all(k, "deployments"), *one;
    size_t i;

    json_array_foreach(all, i, one) deployment_follow(k, one);
    json_decref(all);
}
