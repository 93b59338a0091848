/* What Kubernetes calls the fields of its kinds, 1.21: core. How to read it: types.h. */
#include "fakekube/types_impl.h"

const struct type_row types_core[] = {
    {"core.v1.Pod", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:PodSpec status:PodStatus"},
    {"core.v1.PodSpec",
     "activeDeadlineSeconds:I affinity:Affinity automountServiceAccountToken:b containers!:[name]Container "
     "dnsConfig:PodDNSConfig dnsPolicy:s enableServiceLinks:b ephemeralContainers:[name]EphemeralContainer "
     "hostAliases:[ip]HostAlias hostIPC:b hostNetwork:b hostPID:b hostname:s "
     "imagePullSecrets:[name]LocalObjectReference initContainers:[name]Container nodeName:s nodeSelector:{}s "
     "overhead:{}util.Quantity preemptionPolicy:s priority:i priorityClassName:s "
     "readinessGates:[]PodReadinessGate restartPolicy:s runtimeClassName:s schedulerName:s "
     "securityContext:PodSecurityContext serviceAccount:s serviceAccountName:s setHostnameAsFQDN:b "
     "shareProcessNamespace:b subdomain:s terminationGracePeriodSeconds:I tolerations:[]Toleration "
     "topologySpreadConstraints:[topologyKey,whenUnsatisfiable]TopologySpreadConstraint volumes:[name%]Volume"},
    {"core.v1.Affinity", "nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity"},
    {"core.v1.NodeAffinity",
     "preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm "
     "requiredDuringSchedulingIgnoredDuringExecution:NodeSelector"},
    {"core.v1.PreferredSchedulingTerm", "preference!:NodeSelectorTerm weight!:i"},
    {"core.v1.NodeSelectorTerm",
     "matchExpressions:[]NodeSelectorRequirement matchFields:[]NodeSelectorRequirement"},
    {"core.v1.NodeSelectorRequirement", "key!:s operator!:s values:[]s"},
    {"core.v1.NodeSelector", "nodeSelectorTerms!:[]NodeSelectorTerm"},
    {"core.v1.PodAffinity",
     "preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm "
     "requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm"},
    {"core.v1.WeightedPodAffinityTerm", "podAffinityTerm!:PodAffinityTerm weight!:i"},
    {"core.v1.PodAffinityTerm",
     "labelSelector:meta.v1.LabelSelector namespaceSelector:meta.v1.LabelSelector namespaces:[]s topologyKey!:s"},
    {"core.v1.PodAntiAffinity",
     "preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm "
     "requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm"},
    {"core.v1.Container",
     "args:[]s command:[]s env:[name]EnvVar envFrom:[]EnvFromSource image:s imagePullPolicy:s "
     "lifecycle:Lifecycle livenessProbe:Probe name!:s ports:[containerPort,protocol]ContainerPort "
     "readinessProbe:Probe resources:ResourceRequirements securityContext:SecurityContext startupProbe:Probe "
     "stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s tty:b "
     "volumeDevices:[devicePath]VolumeDevice volumeMounts:[mountPath]VolumeMount workingDir:s"},
    {"core.v1.EnvVar", "name!:s value:s valueFrom:EnvVarSource"},
    {"core.v1.EnvVarSource",
     "configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector "
     "secretKeyRef:SecretKeySelector"},
    {"core.v1.ConfigMapKeySelector", "key!:s name:s optional:b"},
    {"core.v1.ObjectFieldSelector", "apiVersion:s fieldPath!:s"},
    {"core.v1.ResourceFieldSelector", "containerName:s divisor:util.Quantity resource!:s"},
    {"core.v1.SecretKeySelector", "key!:s name:s optional:b"},
    {"core.v1.EnvFromSource", "configMapRef:ConfigMapEnvSource prefix:s secretRef:SecretEnvSource"},
    {"core.v1.ConfigMapEnvSource", "name:s optional:b"},
    {"core.v1.SecretEnvSource", "name:s optional:b"},
    {"core.v1.Lifecycle", "postStart:Handler preStop:Handler"},
    {"core.v1.Handler", "exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction"},
    {"core.v1.ExecAction", "command:[]s"},
    {"core.v1.HTTPGetAction", "host:s httpHeaders:[]HTTPHeader path:s port!:util.IntOrString scheme:s"},
    {"core.v1.HTTPHeader", "name!:s value!:s"},
    {"core.v1.TCPSocketAction", "host:s port!:util.IntOrString"},
    {"core.v1.Probe",
     "exec:ExecAction failureThreshold:i httpGet:HTTPGetAction initialDelaySeconds:i periodSeconds:i "
     "successThreshold:i tcpSocket:TCPSocketAction terminationGracePeriodSeconds:I timeoutSeconds:i"},
    {"core.v1.ContainerPort", "containerPort!:i hostIP:s hostPort:i name:s protocol:s"},
    {"core.v1.ResourceRequirements", "limits:{}util.Quantity requests:{}util.Quantity"},
    {"core.v1.SecurityContext",
     "allowPrivilegeEscalation:b capabilities:Capabilities privileged:b procMount:s readOnlyRootFilesystem:b "
     "runAsGroup:I runAsNonRoot:b runAsUser:I seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile "
     "windowsOptions:WindowsSecurityContextOptions"},
    {"core.v1.Capabilities", "add:[]s drop:[]s"},
    {"core.v1.SELinuxOptions", "level:s role:s type:s user:s"},
    {"core.v1.SeccompProfile", "localhostProfile:s type!:s"},
    {"core.v1.WindowsSecurityContextOptions", "gmsaCredentialSpec:s gmsaCredentialSpecName:s runAsUserName:s"},
    {"core.v1.VolumeDevice", "devicePath!:s name!:s"},
    {"core.v1.VolumeMount", "mountPath!:s mountPropagation:s name!:s readOnly:b subPath:s subPathExpr:s"},
    {"core.v1.PodDNSConfig", "nameservers:[]s options:[]PodDNSConfigOption searches:[]s"},
    {"core.v1.PodDNSConfigOption", "name:s value:s"},
    {"core.v1.EphemeralContainer",
     "args:[]s command:[]s env:[name]EnvVar envFrom:[]EnvFromSource image:s imagePullPolicy:s "
     "lifecycle:Lifecycle livenessProbe:Probe name!:s ports:[]ContainerPort readinessProbe:Probe "
     "resources:ResourceRequirements securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b "
     "targetContainerName:s terminationMessagePath:s terminationMessagePolicy:s tty:b "
     "volumeDevices:[devicePath]VolumeDevice volumeMounts:[mountPath]VolumeMount workingDir:s"},
    {"core.v1.HostAlias", "hostnames:[]s ip:s"},
    {"core.v1.LocalObjectReference", "name:s"},
    {"core.v1.PodReadinessGate", "conditionType!:s"},
    {"core.v1.PodSecurityContext",
     "fsGroup:I fsGroupChangePolicy:s runAsGroup:I runAsNonRoot:b runAsUser:I seLinuxOptions:SELinuxOptions "
     "seccompProfile:SeccompProfile supplementalGroups:[]I sysctls:[]Sysctl "
     "windowsOptions:WindowsSecurityContextOptions"},
    {"core.v1.Sysctl", "name!:s value!:s"},
    {"core.v1.Toleration", "effect:s key:s operator:s tolerationSeconds:I value:s"},
    {"core.v1.TopologySpreadConstraint",
     "labelSelector:meta.v1.LabelSelector maxSkew!:i topologyKey!:s whenUnsatisfiable!:s"},
    {"core.v1.Volume",
     "awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource "
     "azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource "
     "configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource "
     "emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource "
     "flexVolume:FlexVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource "
     "gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource "
     "iscsi:ISCSIVolumeSource name!:s nfs:NFSVolumeSource "
     "persistentVolumeClaim:PersistentVolumeClaimVolumeSource "
     "photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource "
     "projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource "
     "scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource "
     "vsphereVolume:VsphereVirtualDiskVolumeSource"},
    {"core.v1.AWSElasticBlockStoreVolumeSource", "fsType:s partition:i readOnly:b volumeID!:s"},
    {"core.v1.AzureDiskVolumeSource", "cachingMode:s diskName!:s diskURI!:s fsType:s kind:s readOnly:b"},
    {"core.v1.AzureFileVolumeSource", "readOnly:b secretName!:s shareName!:s"},
    {"core.v1.CephFSVolumeSource",
     "monitors!:[]s path:s readOnly:b secretFile:s secretRef:LocalObjectReference user:s"},
    {"core.v1.CinderVolumeSource", "fsType:s readOnly:b secretRef:LocalObjectReference volumeID!:s"},
    {"core.v1.ConfigMapVolumeSource", "defaultMode:i items:[]KeyToPath name:s optional:b"},
    {"core.v1.KeyToPath", "key!:s mode:i path!:s"},
    {"core.v1.CSIVolumeSource",
     "driver!:s fsType:s nodePublishSecretRef:LocalObjectReference readOnly:b volumeAttributes:{}s"},
    {"core.v1.DownwardAPIVolumeSource", "defaultMode:i items:[]DownwardAPIVolumeFile"},
    {"core.v1.DownwardAPIVolumeFile",
     "fieldRef:ObjectFieldSelector mode:i path!:s resourceFieldRef:ResourceFieldSelector"},
    {"core.v1.EmptyDirVolumeSource", "medium:s sizeLimit:util.Quantity"},
    {"core.v1.EphemeralVolumeSource", "volumeClaimTemplate:PersistentVolumeClaimTemplate"},
    {"core.v1.PersistentVolumeClaimTemplate", "metadata:meta.v1.ObjectMeta spec!:PersistentVolumeClaimSpec"},
    {"core.v1.PersistentVolumeClaimSpec",
     "accessModes:[]s dataSource:TypedLocalObjectReference resources:ResourceRequirements "
     "selector:meta.v1.LabelSelector storageClassName:s volumeMode:s volumeName:s"},
    {"core.v1.TypedLocalObjectReference", "apiGroup:s kind!:s name!:s"},
    {"core.v1.FCVolumeSource", "fsType:s lun:i readOnly:b targetWWNs:[]s wwids:[]s"},
    {"core.v1.FlexVolumeSource", "driver!:s fsType:s options:{}s readOnly:b secretRef:LocalObjectReference"},
    {"core.v1.FlockerVolumeSource", "datasetName:s datasetUUID:s"},
    {"core.v1.GCEPersistentDiskVolumeSource", "fsType:s partition:i pdName!:s readOnly:b"},
    {"core.v1.GitRepoVolumeSource", "directory:s repository!:s revision:s"},
    {"core.v1.GlusterfsVolumeSource", "endpoints!:s path!:s readOnly:b"},
    {"core.v1.HostPathVolumeSource", "path!:s type:s"},
    {"core.v1.ISCSIVolumeSource",
     "chapAuthDiscovery:b chapAuthSession:b fsType:s initiatorName:s iqn!:s iscsiInterface:s lun!:i portals:[]s "
     "readOnly:b secretRef:LocalObjectReference targetPortal!:s"},
    {"core.v1.NFSVolumeSource", "path!:s readOnly:b server!:s"},
    {"core.v1.PersistentVolumeClaimVolumeSource", "claimName!:s readOnly:b"},
    {"core.v1.PhotonPersistentDiskVolumeSource", "fsType:s pdID!:s"},
    {"core.v1.PortworxVolumeSource", "fsType:s readOnly:b volumeID!:s"},
    {"core.v1.ProjectedVolumeSource", "defaultMode:i sources:[]VolumeProjection"},
    {"core.v1.VolumeProjection",
     "configMap:ConfigMapProjection downwardAPI:DownwardAPIProjection secret:SecretProjection "
     "serviceAccountToken:ServiceAccountTokenProjection"},
    {"core.v1.ConfigMapProjection", "items:[]KeyToPath name:s optional:b"},
    {"core.v1.DownwardAPIProjection", "items:[]DownwardAPIVolumeFile"},
    {"core.v1.SecretProjection", "items:[]KeyToPath name:s optional:b"},
    {"core.v1.ServiceAccountTokenProjection", "audience:s expirationSeconds:I path!:s"},
    {"core.v1.QuobyteVolumeSource", "group:s readOnly:b registry!:s tenant:s user:s volume!:s"},
    {"core.v1.RBDVolumeSource",
     "fsType:s image!:s keyring:s monitors!:[]s pool:s readOnly:b secretRef:LocalObjectReference user:s"},
    {"core.v1.ScaleIOVolumeSource",
     "fsType:s gateway!:s protectionDomain:s readOnly:b secretRef!:LocalObjectReference sslEnabled:b "
     "storageMode:s storagePool:s system!:s volumeName:s"},
    {"core.v1.SecretVolumeSource", "defaultMode:i items:[]KeyToPath optional:b secretName:s"},
    {"core.v1.StorageOSVolumeSource",
     "fsType:s readOnly:b secretRef:LocalObjectReference volumeName:s volumeNamespace:s"},
    {"core.v1.VsphereVirtualDiskVolumeSource", "fsType:s storagePolicyID:s storagePolicyName:s volumePath!:s"},
    {"core.v1.PodStatus",
     "conditions:[type]PodCondition containerStatuses:[]ContainerStatus "
     "ephemeralContainerStatuses:[]ContainerStatus hostIP:s initContainerStatuses:[]ContainerStatus message:s "
     "nominatedNodeName:s phase:s podIP:s podIPs:[ip]PodIP qosClass:s reason:s startTime:meta.v1.Time"},
    {"core.v1.PodCondition",
     "lastProbeTime:meta.v1.Time lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"core.v1.ContainerStatus",
     "containerID:s image!:s imageID!:s lastState:ContainerState name!:s ready!:b restartCount!:i started:b "
     "state:ContainerState"},
    {"core.v1.ContainerState",
     "running:ContainerStateRunning terminated:ContainerStateTerminated waiting:ContainerStateWaiting"},
    {"core.v1.ContainerStateRunning", "startedAt:meta.v1.Time"},
    {"core.v1.ContainerStateTerminated",
     "containerID:s exitCode!:i finishedAt:meta.v1.Time message:s reason:s signal:i startedAt:meta.v1.Time"},
    {"core.v1.ContainerStateWaiting", "message:s reason:s"},
    {"core.v1.PodIP", "ip:s"},
    {"core.v1.PodTemplate", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta template:PodTemplateSpec"},
    {"core.v1.PodTemplateSpec", "metadata:meta.v1.ObjectMeta spec:PodSpec"},
    {"core.v1.Service", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:ServiceSpec status:ServiceStatus"},
    {"core.v1.ServiceSpec",
     "allocateLoadBalancerNodePorts:b clusterIP:s clusterIPs:[]s externalIPs:[]s externalName:s "
     "externalTrafficPolicy:s healthCheckNodePort:i internalTrafficPolicy:s ipFamilies:[]s ipFamilyPolicy:s "
     "loadBalancerClass:s loadBalancerIP:s loadBalancerSourceRanges:[]s ports:[port,protocol]ServicePort "
     "publishNotReadyAddresses:b selector:{}s sessionAffinity:s sessionAffinityConfig:SessionAffinityConfig "
     "topologyKeys:[]s type:s"},
    {"core.v1.ServicePort", "appProtocol:s name:s nodePort:i port!:i protocol:s targetPort:util.IntOrString"},
    {"core.v1.SessionAffinityConfig", "clientIP:ClientIPConfig"},
    {"core.v1.ClientIPConfig", "timeoutSeconds:i"},
    {"core.v1.ServiceStatus", "conditions:[type]meta.v1.Condition loadBalancer:LoadBalancerStatus"},
    {"core.v1.LoadBalancerStatus", "ingress:[]LoadBalancerIngress"},
    {"core.v1.LoadBalancerIngress", "hostname:s ip:s ports:[]PortStatus"},
    {"core.v1.PortStatus", "error:s port!:i protocol!:s"},
    {"core.v1.ConfigMap", "apiVersion:s binaryData:{}y data:{}s immutable:b kind:s metadata:meta.v1.ObjectMeta"},
    {"core.v1.Secret",
     "apiVersion:s data:{}y immutable:b kind:s metadata:meta.v1.ObjectMeta stringData:{}s type:s"},
    {"core.v1.Namespace",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:NamespaceSpec status:NamespaceStatus"},
    {"core.v1.NamespaceSpec", "finalizers:[]s"},
    {"core.v1.NamespaceStatus", "conditions:[type]NamespaceCondition phase:s"},
    {"core.v1.NamespaceCondition", "lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"core.v1.ServiceAccount",
     "apiVersion:s automountServiceAccountToken:b imagePullSecrets:[]LocalObjectReference kind:s "
     "metadata:meta.v1.ObjectMeta secrets:[name]ObjectReference"},
    {"core.v1.ObjectReference", "apiVersion:s fieldPath:s kind:s name:s namespace:s resourceVersion:s uid:s"},
    {"core.v1.Event",
     "action:s apiVersion:s count:i eventTime:meta.v1.MicroTime firstTimestamp:meta.v1.Time "
     "involvedObject!:ObjectReference kind:s lastTimestamp:meta.v1.Time message:s metadata!:meta.v1.ObjectMeta "
     "reason:s related:ObjectReference reportingComponent:s reportingInstance:s series:EventSeries "
     "source:EventSource type:s"},
    {"core.v1.EventSeries", "count:i lastObservedTime:meta.v1.MicroTime"},
    {"core.v1.EventSource", "component:s host:s"},
    {"core.v1.Node", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:NodeSpec status:NodeStatus"},
    {"core.v1.NodeSpec",
     "configSource:NodeConfigSource externalID:s podCIDR:s podCIDRs:[=]s providerID:s taints:[]Taint "
     "unschedulable:b"},
    {"core.v1.NodeConfigSource", "configMap:ConfigMapNodeConfigSource"},
    {"core.v1.ConfigMapNodeConfigSource", "kubeletConfigKey!:s name!:s namespace!:s resourceVersion:s uid:s"},
    {"core.v1.Taint", "effect!:s key!:s timeAdded:meta.v1.Time value:s"},
    {"core.v1.NodeStatus",
     "addresses:[type]NodeAddress allocatable:{}util.Quantity capacity:{}util.Quantity "
     "conditions:[type]NodeCondition config:NodeConfigStatus daemonEndpoints:NodeDaemonEndpoints "
     "images:[]ContainerImage nodeInfo:NodeSystemInfo phase:s volumesAttached:[]AttachedVolume volumesInUse:[]s"},
    {"core.v1.NodeAddress", "address!:s type!:s"},
    {"core.v1.NodeCondition",
     "lastHeartbeatTime:meta.v1.Time lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"core.v1.NodeConfigStatus",
     "active:NodeConfigSource assigned:NodeConfigSource error:s lastKnownGood:NodeConfigSource"},
    {"core.v1.NodeDaemonEndpoints", "kubeletEndpoint:DaemonEndpoint"},
    {"core.v1.DaemonEndpoint", "Port!:i"},
    {"core.v1.ContainerImage", "names!:[]s sizeBytes:I"},
    {"core.v1.NodeSystemInfo",
     "architecture!:s bootID!:s containerRuntimeVersion!:s kernelVersion!:s kubeProxyVersion!:s "
     "kubeletVersion!:s machineID!:s operatingSystem!:s osImage!:s systemUUID!:s"},
    {"core.v1.AttachedVolume", "devicePath!:s name!:s"},
    {"core.v1.PersistentVolumeClaim",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:PersistentVolumeClaimSpec "
     "status:PersistentVolumeClaimStatus"},
    {"core.v1.PersistentVolumeClaimStatus",
     "accessModes:[]s capacity:{}util.Quantity conditions:[type]PersistentVolumeClaimCondition phase:s"},
    {"core.v1.PersistentVolumeClaimCondition",
     "lastProbeTime:meta.v1.Time lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"core.v1.PersistentVolume",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:PersistentVolumeSpec status:PersistentVolumeStatus"},
    {"core.v1.PersistentVolumeSpec",
     "accessModes:[]s awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource "
     "azureFile:AzureFilePersistentVolumeSource capacity:{}util.Quantity cephfs:CephFSPersistentVolumeSource "
     "cinder:CinderPersistentVolumeSource claimRef:ObjectReference csi:CSIPersistentVolumeSource "
     "fc:FCVolumeSource flexVolume:FlexPersistentVolumeSource flocker:FlockerVolumeSource "
     "gcePersistentDisk:GCEPersistentDiskVolumeSource glusterfs:GlusterfsPersistentVolumeSource "
     "hostPath:HostPathVolumeSource iscsi:ISCSIPersistentVolumeSource local:LocalVolumeSource mountOptions:[]s "
     "nfs:NFSVolumeSource nodeAffinity:VolumeNodeAffinity persistentVolumeReclaimPolicy:s "
     "photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource "
     "quobyte:QuobyteVolumeSource rbd:RBDPersistentVolumeSource scaleIO:ScaleIOPersistentVolumeSource "
     "storageClassName:s storageos:StorageOSPersistentVolumeSource volumeMode:s "
     "vsphereVolume:VsphereVirtualDiskVolumeSource"},
    {"core.v1.AzureFilePersistentVolumeSource", "readOnly:b secretName!:s secretNamespace:s shareName!:s"},
    {"core.v1.CephFSPersistentVolumeSource",
     "monitors!:[]s path:s readOnly:b secretFile:s secretRef:SecretReference user:s"},
    {"core.v1.SecretReference", "name:s namespace:s"},
    {"core.v1.CinderPersistentVolumeSource", "fsType:s readOnly:b secretRef:SecretReference volumeID!:s"},
    {"core.v1.CSIPersistentVolumeSource",
     "controllerExpandSecretRef:SecretReference controllerPublishSecretRef:SecretReference driver!:s fsType:s "
     "nodePublishSecretRef:SecretReference nodeStageSecretRef:SecretReference readOnly:b volumeAttributes:{}s "
     "volumeHandle!:s"},
    {"core.v1.FlexPersistentVolumeSource", "driver!:s fsType:s options:{}s readOnly:b secretRef:SecretReference"},
    {"core.v1.GlusterfsPersistentVolumeSource", "endpoints!:s endpointsNamespace:s path!:s readOnly:b"},
    {"core.v1.ISCSIPersistentVolumeSource",
     "chapAuthDiscovery:b chapAuthSession:b fsType:s initiatorName:s iqn!:s iscsiInterface:s lun!:i portals:[]s "
     "readOnly:b secretRef:SecretReference targetPortal!:s"},
    {"core.v1.LocalVolumeSource", "fsType:s path!:s"},
    {"core.v1.VolumeNodeAffinity", "required:NodeSelector"},
    {"core.v1.RBDPersistentVolumeSource",
     "fsType:s image!:s keyring:s monitors!:[]s pool:s readOnly:b secretRef:SecretReference user:s"},
    {"core.v1.ScaleIOPersistentVolumeSource",
     "fsType:s gateway!:s protectionDomain:s readOnly:b secretRef!:SecretReference sslEnabled:b storageMode:s "
     "storagePool:s system!:s volumeName:s"},
    {"core.v1.StorageOSPersistentVolumeSource",
     "fsType:s readOnly:b secretRef:ObjectReference volumeName:s volumeNamespace:s"},
    {"core.v1.PersistentVolumeStatus", "message:s phase:s reason:s"},
    {"core.v1.Endpoints", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta subsets:[]EndpointSubset"},
    {"core.v1.EndpointSubset",
     "addresses:[]EndpointAddress notReadyAddresses:[]EndpointAddress ports:[]EndpointPort"},
    {"core.v1.EndpointAddress", "hostname:s ip!:s nodeName:s targetRef:ObjectReference"},
    {"core.v1.EndpointPort", "appProtocol:s name:s port!:i protocol:s"},
    {"core.v1.ReplicationController",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:ReplicationControllerSpec "
     "status:ReplicationControllerStatus"},
    {"core.v1.ReplicationControllerSpec", "minReadySeconds:i replicas:i selector:{}s template:PodTemplateSpec"},
    {"core.v1.ReplicationControllerStatus",
     "availableReplicas:i conditions:[type]ReplicationControllerCondition fullyLabeledReplicas:i "
     "observedGeneration:I readyReplicas:i replicas!:i"},
    {"core.v1.ReplicationControllerCondition",
     "lastTransitionTime:meta.v1.Time message:s reason:s status!:s type!:s"},
    {"core.v1.ResourceQuota",
     "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:ResourceQuotaSpec status:ResourceQuotaStatus"},
    {"core.v1.ResourceQuotaSpec", "hard:{}util.Quantity scopeSelector:ScopeSelector scopes:[]s"},
    {"core.v1.ScopeSelector", "matchExpressions:[]ScopedResourceSelectorRequirement"},
    {"core.v1.ScopedResourceSelectorRequirement", "operator!:s scopeName!:s values:[]s"},
    {"core.v1.ResourceQuotaStatus", "hard:{}util.Quantity used:{}util.Quantity"},
    {"core.v1.LimitRange", "apiVersion:s kind:s metadata:meta.v1.ObjectMeta spec:LimitRangeSpec"},
    {"core.v1.LimitRangeSpec", "limits!:[]LimitRangeItem"},
    {"core.v1.LimitRangeItem",
     "default:{}util.Quantity defaultRequest:{}util.Quantity max:{}util.Quantity "
     "maxLimitRequestRatio:{}util.Quantity min:{}util.Quantity type!:s"},
    {"core.v1.TopologySelectorTerm", "matchLabelExpressions:[]TopologySelectorLabelRequirement"},
    {"core.v1.TopologySelectorLabelRequirement", "key!:s values!:[]s"},
    {0},
};
