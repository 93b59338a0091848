/* What all kinds have, and the small groups. How to read it: types.h. */
#include "fakekube/types_impl.h"

const struct type_row types_rest[] = {
    {"meta.v1.ObjectMeta",
     "annotations:{}s clusterName:s creationTimestamp:Time deletionGracePeriodSeconds:I deletionTimestamp:Time "
     "finalizers:[=]s generateName:s generation:I labels:{}s managedFields:[]ManagedFieldsEntry name:s "
     "namespace:s ownerReferences:[uid]OwnerReference resourceVersion:s selfLink:s uid:s"},
    {"meta.v1.Time", "=string,date-time"},
    {"meta.v1.ManagedFieldsEntry", "apiVersion:s fieldsType:s fieldsV1:FieldsV1 manager:s operation:s subresource:s time:Time"},
    {"meta.v1.FieldsV1", "=object"},
    {"meta.v1.OwnerReference", "apiVersion!:s blockOwnerDeletion:b controller:b kind!:s name!:s uid!:s"},
    {"meta.v1.LabelSelector", "matchExpressions:[]LabelSelectorRequirement matchLabels:{}s"},
    {"meta.v1.LabelSelectorRequirement", "key!:%s operator!:s values:[]s"},
    {"meta.v1.Condition", "lastTransitionTime!:Time message!:s observedGeneration:I reason!:s status!:s type!:s"},
    {"meta.v1.MicroTime", "=string,date-time"},
    {"meta.v1.Status",
     "apiVersion:s code:i details:StatusDetails kind:s message:s metadata:ListMeta reason:s status:s"},
    {"meta.v1.StatusDetails", "causes:[]StatusCause group:s kind:s name:s retryAfterSeconds:i uid:s"},
    {"meta.v1.StatusCause", "field:s message:s reason:s"},
    {"meta.v1.ListMeta", "continue:s remainingItemCount:I resourceVersion:s selfLink:s"},
    {"meta.v1.DeleteOptions",
     "apiVersion:s dryRun:[]s gracePeriodSeconds:I kind:s orphanDependents:b preconditions:Preconditions "
     "propagationPolicy:s"},
    {"meta.v1.Preconditions", "resourceVersion:s uid:s"},
    {"util.Quantity", "=string"},
    {"util.IntOrString", "=string,int-or-string"},
    {"util.RawExtension", "=object"},
    {"rbac.v1.Role", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta rules:[]PolicyRule"},
    {"rbac.v1.PolicyRule", "apiGroups:[]s nonResourceURLs:[]s resourceNames:[]s resources:[]s verbs!:[]s"},
    {"rbac.v1.RoleBinding", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta roleRef!:RoleRef subjects:[]Subject"},
    {"rbac.v1.RoleRef", "apiGroup!:s kind!:s name!:s"},
    {"rbac.v1.Subject", "apiGroup:s kind!:s name!:s namespace:s"},
    {"rbac.v1.ClusterRole",
     "aggregationRule:AggregationRule apiVersion:s kind:s metadata:meta.v1.ObjectMeta rules:[]PolicyRule"},
    {"rbac.v1.AggregationRule", "clusterRoleSelectors:[]meta.v1.LabelSelector"},
    {"rbac.v1.ClusterRoleBinding",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta roleRef!:RoleRef subjects:[]Subject"},
    {"networking.v1.Ingress",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:IngressSpec status:IngressStatus"},
    {"networking.v1.IngressSpec",
     "defaultBackend:IngressBackend ingressClassName:s rules:[]IngressRule tls:[]IngressTLS"},
    {"networking.v1.IngressBackend", "resource:core.v1.TypedLocalObjectReference service:IngressServiceBackend"},
    {"networking.v1.IngressServiceBackend", "name!:s port:ServiceBackendPort"},
    {"networking.v1.ServiceBackendPort", "name:s number:i"},
    {"networking.v1.IngressRule", "host:s http:HTTPIngressRuleValue"},
    {"networking.v1.HTTPIngressRuleValue", "paths!:[]HTTPIngressPath"},
    {"networking.v1.HTTPIngressPath", "backend!:IngressBackend path:s pathType:s"},
    {"networking.v1.IngressTLS", "hosts:[]s secretName:s"},
    {"networking.v1.IngressStatus", "loadBalancer:core.v1.LoadBalancerStatus"},
    {"networking.v1.NetworkPolicy", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:NetworkPolicySpec"},
    {"networking.v1.NetworkPolicySpec",
     "egress:[]NetworkPolicyEgressRule ingress:[]NetworkPolicyIngressRule podSelector!:meta.v1.LabelSelector "
     "policyTypes:[]s"},
    {"networking.v1.NetworkPolicyEgressRule", "ports:[]NetworkPolicyPort to:[]NetworkPolicyPeer"},
    {"networking.v1.NetworkPolicyPort", "endPort:i port:util.IntOrString protocol:s"},
    {"networking.v1.NetworkPolicyPeer",
     "ipBlock:IPBlock namespaceSelector:meta.v1.LabelSelector podSelector:meta.v1.LabelSelector"},
    {"networking.v1.IPBlock", "cidr!:s except:[]s"},
    {"networking.v1.NetworkPolicyIngressRule", "from:[]NetworkPolicyPeer ports:[]NetworkPolicyPort"},
    {"networking.v1.IngressClass", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:IngressClassSpec"},
    {"networking.v1.IngressClassSpec", "controller:s parameters:IngressClassParametersReference"},
    {"networking.v1.IngressClassParametersReference", "apiGroup:s kind!:s name!:s namespace:s scope:s"},
    {"coordination.v1.Lease", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:LeaseSpec"},
    {"coordination.v1.LeaseSpec",
     "acquireTime:meta.v1.MicroTime holderIdentity:s leaseDurationSeconds:i leaseTransitions:i "
     "renewTime:meta.v1.MicroTime"},
    {"storage.v1.StorageClass",
     "allowVolumeExpansion:b allowedTopologies:[]core.v1.TopologySelectorTerm apiVersion:s kind:s "
     "metadata:meta.v1.ObjectMeta mountOptions:[]s parameters:{}s provisioner!:s reclaimPolicy:s "
     "volumeBindingMode:s"},
    {"scheduling.v1.PriorityClass",
     "apiVersion:s description:s globalDefault:b kind:s metadata:meta.v1.ObjectMeta preemptionPolicy:s value!:i"},
    {"discovery.v1.EndpointSlice",
     "addressType!:s apiVersion:s endpoints!:[]Endpoint kind:s metadata:meta.v1.ObjectMeta ports:[]EndpointPort"},
    {"discovery.v1.Endpoint",
     "addresses!:[=~]s conditions:EndpointConditions deprecatedTopology:{}s hints:EndpointHints hostname:s "
     "nodeName:s targetRef:core.v1.ObjectReference zone:s"},
    {"discovery.v1.EndpointConditions", "ready:b serving:b terminating:b"},
    {"discovery.v1.EndpointHints", "forZones:[]ForZone"},
    {"discovery.v1.ForZone", "name!:s"},
    {"discovery.v1.EndpointPort", "appProtocol:s name:s port:i protocol:s"},
    {"events.v1.Event",
     "action:s apiVersion:s deprecatedCount:i deprecatedFirstTimestamp:meta.v1.Time "
     "deprecatedLastTimestamp:meta.v1.Time deprecatedSource:core.v1.EventSource eventTime!:meta.v1.MicroTime "
     "kind:s metadata:meta.v1.ObjectMeta note:s reason:s regarding:core.v1.ObjectReference "
     "related:core.v1.ObjectReference reportingController:s reportingInstance:s series:EventSeries type:s"},
    {"events.v1.EventSeries", "count!:i lastObservedTime!:meta.v1.MicroTime"},
    {"authorization.v1.SelfSubjectAccessReview",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec!:SelfSubjectAccessReviewSpec "
     "status:SubjectAccessReviewStatus"},
    {"authorization.v1.SelfSubjectAccessReviewSpec",
     "nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes"},
    {"authorization.v1.NonResourceAttributes", "path:s verb:s"},
    {"authorization.v1.ResourceAttributes",
     "group:s name:s namespace:s resource:s subresource:s verb:s version:s"},
    {"authorization.v1.SubjectAccessReviewStatus", "allowed!:b denied:b evaluationError:s reason:s"},
    {"authorization.v1.SubjectAccessReview",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec!:SubjectAccessReviewSpec "
     "status:SubjectAccessReviewStatus"},
    {"authorization.v1.SubjectAccessReviewSpec",
     "extra:{}[]s groups:[]s nonResourceAttributes:NonResourceAttributes resourceAttributes:ResourceAttributes "
     "uid:s user:s"},
    {"authorization.v1.LocalSubjectAccessReview",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec!:SubjectAccessReviewSpec "
     "status:SubjectAccessReviewStatus"},
    {"authorization.v1.SelfSubjectRulesReview",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec!:SelfSubjectRulesReviewSpec "
     "status:SubjectRulesReviewStatus"},
    {"authorization.v1.SelfSubjectRulesReviewSpec", "namespace:s"},
    {"authorization.v1.SubjectRulesReviewStatus",
     "evaluationError:s incomplete!:b nonResourceRules!:[]NonResourceRule resourceRules!:[]ResourceRule"},
    {"authorization.v1.NonResourceRule", "nonResourceURLs:[]s verbs!:[]s"},
    {"authorization.v1.ResourceRule", "apiGroups:[]s resourceNames:[]s resources:[]s verbs!:[]s"},
    {"apiextensions.v1.CustomResourceDefinition",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec!:CustomResourceDefinitionSpec "
     "status:CustomResourceDefinitionStatus"},
    {"apiextensions.v1.CustomResourceDefinitionSpec",
     "conversion:CustomResourceConversion group!:s names!:CustomResourceDefinitionNames preserveUnknownFields:b "
     "scope!:s versions!:[]CustomResourceDefinitionVersion"},
    {"apiextensions.v1.CustomResourceConversion", "strategy!:s webhook:WebhookConversion"},
    {"apiextensions.v1.WebhookConversion", "clientConfig:WebhookClientConfig conversionReviewVersions!:[]s"},
    {"apiextensions.v1.WebhookClientConfig", "caBundle:y service:ServiceReference url:s"},
    {"apiextensions.v1.ServiceReference", "name!:s namespace!:s path:s port:i"},
    {"apiextensions.v1.CustomResourceDefinitionNames",
     "categories:[]s kind!:s listKind:s plural!:s shortNames:[]s singular:s"},
    {"apiextensions.v1.CustomResourceDefinitionVersion",
     "additionalPrinterColumns:[]CustomResourceColumnDefinition deprecated:b deprecationWarning:s name!:s "
     "schema:CustomResourceValidation served!:b storage!:b subresources:CustomResourceSubresources"},
    {"apiextensions.v1.CustomResourceColumnDefinition",
     "description:s format:s jsonPath!:s name!:s priority:i type!:s"},
    {"apiextensions.v1.CustomResourceValidation", "openAPIV3Schema:JSONSchemaProps"},
    {"apiextensions.v1.JSONSchemaProps",
     "$ref:s $schema:s additionalItems:JSONSchemaPropsOrBool additionalProperties:JSONSchemaPropsOrBool "
     "allOf:[]JSONSchemaProps anyOf:[]JSONSchemaProps default:JSON definitions:{}JSONSchemaProps "
     "dependencies:{}JSONSchemaPropsOrStringArray description:s enum:[]JSON example:JSON exclusiveMaximum:b "
     "exclusiveMinimum:b externalDocs:ExternalDocumentation format:s id:s items:JSONSchemaPropsOrArray "
     "maxItems:I maxLength:I maxProperties:I maximum:n minItems:I minLength:I minProperties:I minimum:n "
     "multipleOf:n not:JSONSchemaProps nullable:b oneOf:[]JSONSchemaProps pattern:s "
     "patternProperties:{}JSONSchemaProps properties:{}JSONSchemaProps required:[]s title:s type:s "
     "uniqueItems:b x-kubernetes-embedded-resource:b x-kubernetes-int-or-string:b "
     "x-kubernetes-list-map-keys:[]s x-kubernetes-list-type:s x-kubernetes-map-type:s "
     "x-kubernetes-preserve-unknown-fields:b"},
    {"apiextensions.v1.JSONSchemaPropsOrBool", "=o"},
    {"apiextensions.v1.JSON", "=o"},
    {"apiextensions.v1.JSONSchemaPropsOrStringArray", "=o"},
    {"apiextensions.v1.ExternalDocumentation", "description:s url:s"},
    {"apiextensions.v1.JSONSchemaPropsOrArray", "=o"},
    {"apiextensions.v1.CustomResourceSubresources",
     "scale:CustomResourceSubresourceScale status:CustomResourceSubresourceStatus"},
    {"apiextensions.v1.CustomResourceSubresourceScale",
     "labelSelectorPath:s specReplicasPath!:s statusReplicasPath!:s"},
    {"apiextensions.v1.CustomResourceSubresourceStatus", "=object"},
    {"apiextensions.v1.CustomResourceDefinitionStatus",
     "acceptedNames:CustomResourceDefinitionNames conditions:[~type]CustomResourceDefinitionCondition "
     "storedVersions:[]s"},
    {"apiextensions.v1.CustomResourceDefinitionCondition",
     "lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {0},
};
