/* authorization.k8s.io: may somebody do something? By what the scenario forbids, as the calls themselves. */
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/rbac.h"
#include "lib/base/mem.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *v = json_string_value(json_object_get(object, key));
    return v && *v && strcmp(v, "*") ? v : NULL;
}

static const struct kube_resource *resource_meant(const struct cluster *c, const json_t *attributes)
{
    const char *group = text_of(attributes, "group"), *plural = text_of(attributes, "resource");
    const struct kube_resource *r;
    for (size_t i = 0; plural && (r = resources_at(c->resources, i)); i++)
        if (!strcmp(r->plural, plural) && !strcmp(r->group, group ? group : ""))
            return r;
    return NULL;
}

/* "*" asks for the right to all. Without RBAC whatever is not forbidden is allowed. */
static bool rbac_refuses(const struct ask *meant, const json_t *attributes)
{
    const char *verb = json_string_value(json_object_get(attributes, "verb")), *group = json_string_value(json_object_get(attributes, "group"));
    const char *resource = json_string_value(json_object_get(attributes, "resource"));
    struct rbac_ask r = {.user = meant->user ? meant->user : "system:anonymous", .groups = meant->groups, .verb = verb ? verb : "*",
                         .group = group ? group : "", .resource = resource ? resource : "*", .sub = meant->sub, .ns = meant->ns,
                         .name = meant->name};
    return meant->cluster->rbac && json_is_object(attributes) && !rbac_allows(meant->cluster, &r);
}

static json_t *answer_to(struct ask *a, const json_t *spec)
{
    const json_t *attributes = json_object_get(spec, "resourceAttributes");
    const char *verb = text_of(attributes, "verb"), *user = text_of(spec, "user");
    struct ask meant = {.cluster = a->cluster, .r = resource_meant(a->cluster, attributes), .ns = text_of(attributes, "namespace"),
                        .name = text_of(attributes, "name"), .sub = text_of(attributes, "subresource"),
                        .user = user ? user : a->user, .groups = user ? json_object_get(spec, "groups") : a->groups,
                        .verb = VERB_GET};
    for (int i = 0; i < 8 && verb; i++)
        if (!strcmp(verb, kube_verb_name((enum kube_verb)(1 << i))))
            meant.verb = (enum kube_verb)(1 << i);
    char *why = rbac_refuses(&meant, attributes) ? xstrdup("") : meant.r ? cluster_forbids(&meant) : NULL;
    json_t *status = json_pack("{sb}", "allowed", !why);
    if (!why)
        json_object_set_new(status, "reason", json_string("RBAC: allowed by ClusterRoleBinding \"cluster-admin\""));
    free(why);
    return status;
}

void ask_review(struct ask *a)
{
    if (!admit_decode(a, a->body))
        return;
    json_t *review = json_copy(a->body);
    object_metadata(review);
    if (!strcmp(a->r->kind, "SelfSubjectRulesReview"))
        json_object_set_new(review, "status",
                            json_pack("{s[{s[s], s[s], s[s]}], s[], sb}", "resourceRules", "verbs", "*", "apiGroups", "*",
                                      "resources", "*", "nonResourceRules", "incomplete", 0));
    else
        json_object_set_new(review, "status", answer_to(a, json_object_get(review, "spec")));
    ask_answer(a, 201, review);
}
