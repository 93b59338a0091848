/* What an API server fills in: by type, a table. The values are those of Kubernetes 1.21 to 1.27. */
#include <string.h>

#include "fakekube/ask.h"
#include "fakekube/fields.h"
#include "lib/base/mem.h"

static const struct {
    const char *type, *field, *value;
} defaults[] = {
    {"apps.v1.DaemonSetSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.DaemonSetSpec", "updateStrategy", "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxUnavailable\":1}}"},
    {"apps.v1.DeploymentSpec", "progressDeadlineSeconds", "600"},
    {"apps.v1.DeploymentSpec", "replicas", "1"},
    {"apps.v1.DeploymentSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.DeploymentSpec", "strategy",
     "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxSurge\":\"25%\",\"maxUnavailable\":\"25%\"}}"},
    {"apps.v1.ReplicaSetSpec", "replicas", "1"},
    {"apps.v1.StatefulSetSpec", "podManagementPolicy", "\"OrderedReady\""},
    {"apps.v1.StatefulSetSpec", "replicas", "1"},
    {"apps.v1.StatefulSetSpec", "revisionHistoryLimit", "10"},
    {"apps.v1.StatefulSetSpec", "updateStrategy", "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"partition\":0}}"},
    {"batch.v1.CronJobSpec", "concurrencyPolicy", "\"Allow\""},
    {"batch.v1.CronJobSpec", "failedJobsHistoryLimit", "1"},
    {"batch.v1.CronJobSpec", "successfulJobsHistoryLimit", "3"},
    {"batch.v1.CronJobSpec", "suspend", "false"},
    {"batch.v1.JobSpec", "backoffLimit", "6"},
    {"batch.v1.JobSpec", "completions", "1"},
    {"batch.v1.JobSpec", "parallelism", "1"},
    {"core.v1.Container", "imagePullPolicy", "\"IfNotPresent\""},
    {"core.v1.Container", "resources", "{}"},
    {"core.v1.Container", "terminationMessagePath", "\"/dev/termination-log\""},
    {"core.v1.Container", "terminationMessagePolicy", "\"File\""},
    {"core.v1.ContainerPort", "protocol", "\"TCP\""},
    {"core.v1.NamespaceSpec", "finalizers", "[\"kubernetes\"]"},
    {"core.v1.PodSpec", "dnsPolicy", "\"ClusterFirst\""},
    {"core.v1.PodSpec", "restartPolicy", "\"Always\""},
    {"core.v1.PodSpec", "schedulerName", "\"default-scheduler\""},
    {"core.v1.PodSpec", "securityContext", "{}"},
    {"core.v1.PodSpec", "terminationGracePeriodSeconds", "30"},
    {"core.v1.Secret", "type", "\"Opaque\""},
    {"core.v1.ServicePort", "protocol", "\"TCP\""},
    {"core.v1.ServiceSpec", "sessionAffinity", "\"None\""},
    {"core.v1.ServiceSpec", "type", "\"ClusterIP\""},
};

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
    json_object_foreach (v, k, one)
        fill(type_field(s->type, k), one);
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
    fill(&s, object);
}
