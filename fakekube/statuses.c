/* What becomes of a workload: the status that its controllers and its node would give it. */
#include "fakekube/statuses.h"

#include <string.h>

#include "fakekube/ask.h"
#include "lib/base/mem.h"

/* ---- all is well ---- */

static json_t *condition(const char *type, const char *status, const char *reason, const char *message)
{
    char now[32];
    object_now(now);
    return json_pack("{ss, ss, ss, ss, ss, ss}", "lastTransitionTime", now, "lastUpdateTime", now, "message", message, "reason", reason,
                     "status", status, "type", type);
}

static json_int_t replicas_of(const json_t *o)
{
    const json_t *v = object_get(o, "spec.replicas");
    return v ? json_integer_value(v) : 1;
}

static json_t *observed(const json_t *o)
{
    return json_pack("{sI}", "observedGeneration", json_integer_value(object_get(o, "metadata.generation")));
}

static void set_counts(json_t *status, json_int_t n, const char *const *names)
{
    for (; n && *names; names++)
        json_object_set_new(status, *names, json_integer(n));
}

static json_t *of_deployment(const json_t *o)
{
    static const char *const counts[] = {"replicas", "updatedReplicas", "readyReplicas", "availableReplicas", NULL};
    json_t *s = observed(o);
    set_counts(s, replicas_of(o), counts);
    json_object_set_new(s, "conditions",
                        json_pack("[o, o]",
                                  condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
                                  condition("Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed.")));
    return s;
}

static json_t *of_replicas(const json_t *o)
{
    static const char *const counts[] = {"replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", NULL};
    json_t *s = observed(o);
    json_object_set_new(s, "replicas", json_integer(0));
    set_counts(s, replicas_of(o), counts);
    return s;
}

static json_t *of_stateful(const json_t *o)
{
    static const char *const counts[] = {"replicas", "currentReplicas", "updatedReplicas", "readyReplicas", "availableReplicas", NULL};
    json_t *s = observed(o);
    json_object_set_new(s, "replicas", json_integer(0));
    json_object_set_new(s, "currentRevision", json_string("1"));
    json_object_set_new(s, "updateRevision", json_string("1"));
    set_counts(s, replicas_of(o), counts);
    return s;
}

static json_t *of_daemon(const json_t *o)
{
    json_t *s = observed(o);
    json_object_update_new(s, json_pack("{si, si, si, si, si, si}", "currentNumberScheduled", 1, "desiredNumberScheduled", 1,
                                        "numberAvailable", 1, "numberMisscheduled", 0, "numberReady", 1, "updatedNumberScheduled", 1));
    return s;
}

static json_t *of_job(const json_t *o)
{
    char now[32];
    object_now(now);
    const json_t *n = object_get(o, "spec.completions");
    return json_pack("{ss, ss, sI, s[o]}", "startTime", now, "completionTime", now, "succeeded", n ? json_integer_value(n) : 1,
                     "conditions", condition("Complete", "True", "", ""));
}

static json_t *of_pod(const json_t *o)
{
    char now[32];
    object_now(now);
    return json_pack("{ss, ss, ss, s[o, o]}", "phase", "Running", "podIP", "10.244.0.10", "startTime", now, "conditions",
                     condition("Ready", "True", "", ""), condition("ContainersReady", "True", "", ""));
}

static json_t *of_claim(const json_t *o)
{
    return json_pack("{ss}", "phase", "Bound");
}

static json_t *of_definition(const json_t *o)
{
    return json_pack("{s[o, o], sO?}", "conditions", condition("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
                     condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
                     "acceptedNames", object_get(o, "spec.names"));
}

/* ---- not yet ---- */

static json_t *deployment_lacks(const json_t *o, json_t *progress)
{
    json_t *s = observed(o);
    json_int_t n = replicas_of(o);
    static const char *const counts[] = {"replicas", "updatedReplicas", "unavailableReplicas", NULL};
    set_counts(s, n, counts);
    json_object_set_new(s, "conditions",
                        json_pack("[o, o]",
                                  condition("Available", "False", "MinimumReplicasUnavailable",
                                            "Deployment does not have minimum availability."),
                                  progress));
    return s;
}

static json_t *waiting_deployment(const json_t *o)
{
    return deployment_lacks(o, condition("Progressing", "True", "ReplicaSetUpdated", "ReplicaSet is progressing."));
}

static json_t *waiting_replicas(const json_t *o)
{
    json_t *s = observed(o);
    json_object_set_new(s, "replicas", json_integer(replicas_of(o)));
    return s;
}

static json_t *waiting_job(const json_t *o)
{
    char now[32];
    object_now(now);
    (void)o;
    return json_pack("{ss, si}", "startTime", now, "active", 1);
}

/* The names of its containers, as a condition lists them: "[a b]". */
static char *container_names(const json_t *o)
{
    const json_t *list = object_get(o, "spec.containers"), *one;
    char *names = xstrdup("");
    size_t i;
    json_array_foreach (list, i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));
        char *more = xasprintf("%s%s%s", names, *names ? " " : "", name ? name : "");
        free(names);
        names = more;
    }
    return names;
}

static json_t *unready_pod(const json_t *o, const char *phase, const char *reason, const char *message)
{
    char now[32];
    object_now(now);
    _cleanup_(freep) char *names = container_names(o), *said = xasprintf("containers with unready status: [%s]", names);
    json_t *containers = json_array(), *one;
    size_t i;
    json_array_foreach (object_get(o, "spec.containers"), i, one)
        json_array_append_new(containers, json_pack("{sO*, sO*, sb, si, s{s{ss, ss}}}", "name", json_object_get(one, "name"), "image",
                                                    json_object_get(one, "image"), "ready", 0, "restartCount", 0, "state", "waiting",
                                                    "reason", reason, "message", message));
    return json_pack("{ss, ss, s[o, o, o], so}", "phase", phase, "startTime", now, "conditions",
                     condition("Ready", "False", "ContainersNotReady", said), condition("ContainersReady", "False", "ContainersNotReady", said),
                     condition("PodScheduled", "True", "", ""), "containerStatuses", containers);
}

static json_t *waiting_pod(const json_t *o)
{
    return unready_pod(o, "Pending", "ContainerCreating", "");
}

/* ---- never ---- */

static json_t *failed_deployment(const json_t *o)
{
    _cleanup_(freep) char *said = xasprintf("ReplicaSet \"%s-5d59d67564\" has timed out progressing.", object_text(o, "name"));
    return deployment_lacks(o, condition("Progressing", "False", "ProgressDeadlineExceeded", said));
}

static json_t *failed_job(const json_t *o)
{
    char now[32];
    object_now(now);
    const json_t *limit = object_get(o, "spec.backoffLimit");
    return json_pack("{ss, sI, s[o]}", "startTime", now, "failed", (limit ? json_integer_value(limit) : 6) + 1, "conditions",
                     condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit"));
}

static json_t *failed_pod(const json_t *o)
{
    return unready_pod(o, "Pending", "ImagePullBackOff", "Back-off pulling image");
}

/* ---- the table ---- */

static const struct kind {
    const char *plural;
    json_t *(*becomes[3])(const json_t *object); /* ready, waiting, failed; NULL: nothing is said */
} kinds[] = {
    {"deployments", {of_deployment, waiting_deployment, failed_deployment}},
    {"replicasets", {of_replicas, waiting_replicas, waiting_replicas}},
    {"statefulsets", {of_stateful, waiting_replicas, waiting_replicas}},
    {"daemonsets", {of_daemon, NULL, NULL}},
    {"jobs", {of_job, waiting_job, failed_job}},
    {"pods", {of_pod, waiting_pod, failed_pod}},
    {"persistentvolumeclaims", {of_claim, NULL, NULL}},
    {"customresourcedefinitions", {of_definition, NULL, NULL}},
};

static const struct kind *kind_of(const char *plural)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (!strcmp(kinds[i].plural, plural))
            return &kinds[i];
    return NULL;
}

bool status_moves(const char *plural)
{
    return kind_of(plural) != NULL;
}

json_t *status_becomes(const char *plural, enum status_outcome outcome, const json_t *object)
{
    const struct kind *kind = kind_of(plural);
    return kind && outcome < STATUS_UNTOUCHED && kind->becomes[outcome] ? kind->becomes[outcome](object) : NULL;
}
