/* What an API server fills in: by type, a table. The values are those of Kubernetes 1.21 to 1.27. */
#include <ctype.h>
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/fields.h"
#include "lib/base/mem.h"

static const struct {
    const char *type, *field, *value;
} defaults[] = {
    {"apps.v1.DaemonSetSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.DaemonSetSpec", "updateStrategy", "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxSurge\":0,\"maxUnavailable\":1}}"},
    {"apps.v1.DeploymentSpec", "progressDeadlineSeconds", "600"},
    {"apps.v1.DeploymentSpec", "replicas", "1"},
    {"apps.v1.DeploymentSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.DeploymentSpec", "strategy",
     "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxSurge\":\"25%\",\"maxUnavailable\":\"25%\"}}"},
    {"apps.v1.RollingUpdateDaemonSet", "maxSurge", "0"},
    {"apps.v1.ReplicaSetSpec", "replicas", "1"},
    {"apps.v1.StatefulSetSpec", "podManagementPolicy", "\"OrderedReady\""},
    {"apps.v1.StatefulSetSpec", "replicas", "1"},
    {"apps.v1.StatefulSetSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.StatefulSetSpec", "updateStrategy", "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"partition\":0}}"},
    {"autoscaling.v1.HorizontalPodAutoscalerSpec", "minReplicas", "1"},
    {"autoscaling.v1.HorizontalPodAutoscalerSpec", "targetCPUUtilizationPercentage", "80"},
    {"batch.v1.CronJobSpec", "concurrencyPolicy", "\"Allow\""},
    {"batch.v1.CronJobSpec", "failedJobsHistoryLimit", "1"},
    {"batch.v1.CronJobSpec", "successfulJobsHistoryLimit", "3"},
    {"batch.v1.CronJobSpec", "suspend", "false"},
    {"core.v1.ConfigMapVolumeSource", "defaultMode", "420"},
    {"core.v1.Container", "resources", "{}"},
    {"core.v1.Container", "terminationMessagePath", "\"/dev/termination-log\""},
    {"core.v1.Container", "terminationMessagePolicy", "\"File\""},
    {"core.v1.ContainerPort", "protocol", "\"TCP\""},
    {"core.v1.DownwardAPIVolumeSource", "defaultMode", "420"},
    {"core.v1.EndpointPort", "protocol", "\"TCP\""},
    {"core.v1.HTTPGetAction", "scheme", "\"HTTP\""},
    {"core.v1.ObjectFieldSelector", "apiVersion", "\"v1\""},
    {"core.v1.PersistentVolumeClaimSpec", "volumeMode", "\"Filesystem\""},
    {"core.v1.PodSpec", "dnsPolicy", "\"ClusterFirst\""},
    {"core.v1.PodSpec", "restartPolicy", "\"Always\""},
    {"core.v1.PodSpec", "schedulerName", "\"default-scheduler\""},
    {"core.v1.PodSpec", "securityContext", "{}"},
    {"core.v1.PodSpec", "terminationGracePeriodSeconds", "30"},
    {"core.v1.Probe", "failureThreshold", "3"},
    {"core.v1.Probe", "periodSeconds", "10"},
    {"core.v1.Probe", "successThreshold", "1"},
    {"core.v1.Probe", "timeoutSeconds", "1"},
    {"core.v1.ProjectedVolumeSource", "defaultMode", "420"},
    {"core.v1.ReplicationControllerSpec", "replicas", "1"},
    {"core.v1.SecretVolumeSource", "defaultMode", "420"},
    {"core.v1.Secret", "type", "\"Opaque\""},
    {"core.v1.ServicePort", "protocol", "\"TCP\""},
    {"core.v1.ServiceSpec", "internalTrafficPolicy", "\"Cluster\""},
    {"core.v1.ServiceSpec", "sessionAffinity", "\"None\""},
    {"core.v1.ServiceSpec", "type", "\"ClusterIP\""},
    {"networking.v1.NetworkPolicySpec", "policyTypes", "[\"Ingress\"]"},
    {"scheduling.v1.PriorityClass", "preemptionPolicy", "\"PreemptLowerPriority\""},
    {"storage.v1.StorageClass", "reclaimPolicy", "\"Delete\""},
    {"storage.v1.StorageClass", "volumeBindingMode", "\"Immediate\""},
};

/* An image without a tag, or the latest, may be another tomorrow. */
static bool is_latest(const char *image)
{
    const char *name = image ? strrchr(image, '/') : NULL;
    name = name ? name : image ? image : "";
    const char *tag = strchr(name, '@') ? "@" : strchr(name, ':');
    return !tag || !strcmp(tag, ":latest");
}

/* What depends on what else is said. */
static void fill_by_value(const char *type, json_t *v)
{
    const json_t *port = json_object_get(v, "port");
    json_t *m = json_object_get(v, "metadata");
    if (!strcmp(type, "core.v1.Container") && !json_object_get(v, "imagePullPolicy"))
        json_object_set_new(v, "imagePullPolicy",
                            json_string(is_latest(json_string_value(json_object_get(v, "image"))) ? "Always" : "IfNotPresent"));
    if (!strcmp(type, "core.v1.ServicePort") && !json_object_get(v, "targetPort") && json_is_integer(port))
        json_object_set_new(v, "targetPort", json_integer(json_integer_value(port)));
    if ((!strcmp(type, "core.v1.PodTemplateSpec") || !strcmp(type, "batch.v1.JobTemplateSpec")) && !json_object_get(m, "creationTimestamp")) {
        if (!json_is_object(m))
            json_object_set_new(v, "metadata", m = json_object());
        json_object_set_new(m, "creationTimestamp", json_null());
    }
}

static void fill(const struct schema *s, json_t *v)
{
    size_t i;
    const char *k;
    json_t *one;
    if (!s)
        return;
    if (s->form == FORM_LIST)
        json_array_foreach (v, i, one)
            fill(s->item, one);
    if (s->form != FORM_TYPE || !json_is_object(v))
        return;
    for (i = 0; i < ARRAY_SIZE(defaults); i++)
        if (!strcmp(defaults[i].type, s->type->name) && !json_object_get(v, defaults[i].field))
            json_object_set_new(v, defaults[i].field, json_loads(defaults[i].value, JSON_DECODE_ANY, NULL));
    fill_by_value(s->type->name, v);
    json_object_foreach (v, k, one)
        fill(type_field(s->type, k), one);
}

/* Of a Job, and not of what a CronJob makes Jobs of; of a Pod, and not of a template. */
static void fill_top(const char *type, json_t *object)
{
    static const struct {
        const char *type, *field, *value;
    } tops[] = {{"batch.v1.Job", "backoffLimit", "6"},
                {"batch.v1.Job", "completions", "1"},
                {"batch.v1.Job", "parallelism", "1"},
                {"batch.v1.Job", "completionMode", "\"NonIndexed\""},
                {"batch.v1.Job", "suspend", "false"},
                {"core.v1.Pod", "enableServiceLinks", "true"}};
    json_t *spec = json_object_get(object, "spec");
    for (size_t i = 0; json_is_object(spec) && i < ARRAY_SIZE(tops); i++)
        if (!strcmp(tops[i].type, type) && !json_object_get(spec, tops[i].field))
            json_object_set_new(spec, tops[i].field, json_loads(tops[i].value, JSON_DECODE_ANY, NULL));
}

/* Its own name, so that selectors of namespaces can say it. */
static void fill_namespace(json_t *object)
{
    json_t *m = object_metadata(object), *labels = json_copy(json_object_get(m, "labels"));
    if (!json_object_get(m, "name"))
        return;
    if (!labels)
        labels = json_object();
    json_object_set(labels, "kubernetes.io/metadata.name", json_object_get(m, "name"));
    json_object_set_new(m, "labels", labels);
}

/* Of the newer group of events: there, and empty. */
static void fill_event(json_t *object)
{
    static const char *const texts[] = {"reportingComponent", "reportingInstance"};
    if (!json_object_get(object, "eventTime"))
        json_object_set_new(object, "eventTime", json_null());
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!json_object_get(object, texts[i]))
            json_object_set_new(object, texts[i], json_string(""));
}

static void fill_definition(json_t *object)
{
    json_t *spec = json_object_get(object, "spec"), *names = json_object_get(spec, "names");
    const char *kind = json_string_value(json_object_get(names, "kind"));
    if (kind && !json_object_get(names, "listKind"))
        json_object_set_new(names, "listKind", json_sprintf("%sList", kind));
    if (kind && !json_object_get(names, "singular")) {
        _cleanup_(freep) char *lower = xstrdup(kind);
        for (char *p = lower; *p; p++)
            *p = (char)tolower((unsigned char)*p);
        json_object_set_new(names, "singular", json_string(lower));
    }
    if (json_is_object(spec) && !json_object_get(spec, "conversion"))
        json_object_set_new(spec, "conversion", json_pack("{ss}", "strategy", "None"));
}

/* In place, so spec must be nobody else's. */
void admit_defaults(const struct kube_type *type, json_t *object)
{
    struct schema s = {.form = FORM_TYPE, .type = (struct kube_type *)type};
    json_t *spec = json_object_get(object, "spec");
    if (spec)
        json_object_set_new(object, "spec", json_deep_copy(spec));
    else if (!strcmp(type->name, "core.v1.Namespace"))
        json_object_set_new(object, "spec", json_object());
    fill_top(type->name, object);
    fill(&s, object);
    if (!strcmp(type->name, "core.v1.Namespace"))
        fill_namespace(object);
    if (!strcmp(type->name, "core.v1.Event"))
        fill_event(object);
    if (!strcmp(type->kind, "CustomResourceDefinition"))
        fill_definition(object);
}
