/* What runs: apps, batch, policy, autoscaling. How to read it: types.h. */
#include "fakekube/types_impl.h"

const struct type_row types_work[] = {
    {"apps.v1.Deployment",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:DeploymentSpec status:DeploymentStatus"},
    {"apps.v1.DeploymentSpec",
     "minReadySeconds:i paused:b progressDeadlineSeconds:i replicas:i revisionHistoryLimit:i "
     "selector!:meta.v1.LabelSelector strategy:%DeploymentStrategy template!:core.v1.PodTemplateSpec"},
    {"apps.v1.DeploymentStrategy", "rollingUpdate:RollingUpdateDeployment type:s"},
    {"apps.v1.RollingUpdateDeployment", "maxSurge:util.IntOrString maxUnavailable:util.IntOrString"},
    {"apps.v1.DeploymentStatus",
     "availableReplicas:i collisionCount:i conditions:[type]DeploymentCondition observedGeneration:I "
     "readyReplicas:i replicas:i unavailableReplicas:i updatedReplicas:i"},
    {"apps.v1.DeploymentCondition",
     "lastTransitionTime:meta.v1.Time lastUpdateTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"apps.v1.ReplicaSet",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus"},
    {"apps.v1.ReplicaSetSpec",
     "minReadySeconds:i replicas:i selector!:meta.v1.LabelSelector template:core.v1.PodTemplateSpec"},
    {"apps.v1.ReplicaSetStatus",
     "availableReplicas:i conditions:[type]ReplicaSetCondition fullyLabeledReplicas:i observedGeneration:I "
     "readyReplicas:i replicas!:i"},
    {"apps.v1.ReplicaSetCondition", "lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"apps.v1.StatefulSet",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus"},
    {"apps.v1.StatefulSetSpec",
     "podManagementPolicy:s replicas:i revisionHistoryLimit:i selector!:meta.v1.LabelSelector serviceName!:s "
     "template!:core.v1.PodTemplateSpec updateStrategy:StatefulSetUpdateStrategy "
     "volumeClaimTemplates:[]core.v1.PersistentVolumeClaim"},
    {"apps.v1.StatefulSetUpdateStrategy", "rollingUpdate:RollingUpdateStatefulSetStrategy type:s"},
    {"apps.v1.RollingUpdateStatefulSetStrategy", "partition:i"},
    {"apps.v1.StatefulSetStatus",
     "collisionCount:i conditions:[type]StatefulSetCondition currentReplicas:i currentRevision:s "
     "observedGeneration:I readyReplicas:i replicas!:i updateRevision:s updatedReplicas:i"},
    {"apps.v1.StatefulSetCondition", "lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"apps.v1.DaemonSet",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:DaemonSetSpec status:DaemonSetStatus"},
    {"apps.v1.DaemonSetSpec",
     "minReadySeconds:i revisionHistoryLimit:i selector!:meta.v1.LabelSelector "
     "template!:core.v1.PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy"},
    {"apps.v1.DaemonSetUpdateStrategy", "rollingUpdate:RollingUpdateDaemonSet type:s"},
    {"apps.v1.RollingUpdateDaemonSet", "maxSurge:util.IntOrString maxUnavailable:util.IntOrString"},
    {"apps.v1.DaemonSetStatus",
     "collisionCount:i conditions:[type]DaemonSetCondition currentNumberScheduled!:i desiredNumberScheduled!:i "
     "numberAvailable:i numberMisscheduled!:i numberReady!:i numberUnavailable:i observedGeneration:I "
     "updatedNumberScheduled:i"},
    {"apps.v1.DaemonSetCondition", "lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"apps.v1.ControllerRevision",
     "apiVersion:s data:util.RawExtension kind:s metadata:meta.v1.ObjectMeta revision!:I"},
    {"batch.v1.Job", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:JobSpec status:JobStatus"},
    {"batch.v1.JobSpec",
     "activeDeadlineSeconds:I backoffLimit:i completionMode:s completions:i manualSelector:b parallelism:i "
     "selector:meta.v1.LabelSelector suspend:b template!:core.v1.PodTemplateSpec ttlSecondsAfterFinished:i"},
    {"batch.v1.JobStatus",
     "active:i completedIndexes:s completionTime:meta.v1.Time conditions:[@type]JobCondition failed:i "
     "startTime:meta.v1.Time succeeded:i"},
    {"batch.v1.JobCondition",
     "lastProbeTime:meta.v1.Time lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"batch.v1.CronJob", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:CronJobSpec status:CronJobStatus"},
    {"batch.v1.CronJobSpec",
     "concurrencyPolicy:s failedJobsHistoryLimit:i jobTemplate!:JobTemplateSpec schedule!:s "
     "startingDeadlineSeconds:I successfulJobsHistoryLimit:i suspend:b"},
    {"batch.v1.JobTemplateSpec", "metadata:meta.v1.ObjectMeta spec:JobSpec"},
    {"batch.v1.CronJobStatus",
     "active:[]core.v1.ObjectReference lastScheduleTime:meta.v1.Time lastSuccessfulTime:meta.v1.Time"},
    {"policy.v1.PodDisruptionBudget",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:PodDisruptionBudgetSpec "
     "status:PodDisruptionBudgetStatus"},
    {"policy.v1.PodDisruptionBudgetSpec",
     "maxUnavailable:util.IntOrString minAvailable:util.IntOrString selector:%meta.v1.LabelSelector"},
    {"policy.v1.PodDisruptionBudgetStatus",
     "conditions:[type]meta.v1.Condition currentHealthy!:i desiredHealthy!:i disruptedPods:{}meta.v1.Time "
     "disruptionsAllowed!:i expectedPods!:i observedGeneration:I"},
    {"autoscaling.v1.HorizontalPodAutoscaler",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:HorizontalPodAutoscalerSpec "
     "status:HorizontalPodAutoscalerStatus"},
    {"autoscaling.v1.HorizontalPodAutoscalerSpec",
     "maxReplicas!:i minReplicas:i scaleTargetRef!:CrossVersionObjectReference targetCPUUtilizationPercentage:i"},
    {"autoscaling.v1.CrossVersionObjectReference", "apiVersion:s kind!:s name!:s"},
    {"autoscaling.v1.HorizontalPodAutoscalerStatus",
     "currentCPUUtilizationPercentage:i currentReplicas!:i desiredReplicas!:i lastScaleTime:meta.v1.Time "
     "observedGeneration:I"},
    {0},
};
