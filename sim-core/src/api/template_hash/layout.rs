//! The fields of `PodTemplateSpec` and all that it is made of, in the order in which Go declares them.
//!
//! From `staging/src/k8s.io/api/core/v1/types.go` and `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go` of Kubernetes v1.36. A field that
//! a later version adds changes every hash, so this table belongs to one version.

use super::Shape::{Bool, FieldsV1, IntOrString, List, Map, Number, Object, Pointer, Quantity, Text, Time};
use super::{Field, Shape};

const fn field(name: &'static str, json: &'static str, go_type: &'static str, shape: Shape) -> Field {
    Field { name, json, go_type, shape }
}

pub(super) static POD_TEMPLATE_SPEC: &[Field] =
    &[field("ObjectMeta", "metadata", "v1.ObjectMeta", Object(OBJECT_META)), field("Spec", "spec", "v1.PodSpec", Object(POD_SPEC))];

static OBJECT_META: &[Field] = &[
    field("Name", "name", "string", Text),
    field("GenerateName", "generateName", "string", Text),
    field("Namespace", "namespace", "string", Text),
    field("SelfLink", "selfLink", "string", Text),
    field("UID", "uid", "types.UID", Text),
    field("ResourceVersion", "resourceVersion", "string", Text),
    field("Generation", "generation", "int64", Number),
    field("CreationTimestamp", "creationTimestamp", "v1.Time", Time),
    field("DeletionTimestamp", "deletionTimestamp", "*v1.Time", Pointer(&Time)),
    field("DeletionGracePeriodSeconds", "deletionGracePeriodSeconds", "*int64", Pointer(&Number)),
    field("Labels", "labels", "map[string]string", Map(&Text)),
    field("Annotations", "annotations", "map[string]string", Map(&Text)),
    field("OwnerReferences", "ownerReferences", "[]v1.OwnerReference", List(&Object(OWNER_REFERENCE))),
    field("Finalizers", "finalizers", "[]string", List(&Text)),
    field("ManagedFields", "managedFields", "[]v1.ManagedFieldsEntry", List(&Object(MANAGED_FIELDS_ENTRY))),
];

static POD_SPEC: &[Field] = &[
    field("Volumes", "volumes", "[]v1.Volume", List(&Object(VOLUME))),
    field("InitContainers", "initContainers", "[]v1.Container", List(&Object(CONTAINER))),
    field("Containers", "containers", "[]v1.Container", List(&Object(CONTAINER))),
    field("EphemeralContainers", "ephemeralContainers", "[]v1.EphemeralContainer", List(&Object(EPHEMERAL_CONTAINER))),
    field("RestartPolicy", "restartPolicy", "v1.RestartPolicy", Text),
    field("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", "*int64", Pointer(&Number)),
    field("ActiveDeadlineSeconds", "activeDeadlineSeconds", "*int64", Pointer(&Number)),
    field("DNSPolicy", "dnsPolicy", "v1.DNSPolicy", Text),
    field("NodeSelector", "nodeSelector", "map[string]string", Map(&Text)),
    field("ServiceAccountName", "serviceAccountName", "string", Text),
    field("DeprecatedServiceAccount", "serviceAccount", "string", Text),
    field("AutomountServiceAccountToken", "automountServiceAccountToken", "*bool", Pointer(&Bool)),
    field("NodeName", "nodeName", "string", Text),
    field("HostNetwork", "hostNetwork", "bool", Bool),
    field("HostPID", "hostPID", "bool", Bool),
    field("HostIPC", "hostIPC", "bool", Bool),
    field("ShareProcessNamespace", "shareProcessNamespace", "*bool", Pointer(&Bool)),
    field("SecurityContext", "securityContext", "*v1.PodSecurityContext", Pointer(&Object(POD_SECURITY_CONTEXT))),
    field("ImagePullSecrets", "imagePullSecrets", "[]v1.LocalObjectReference", List(&Object(LOCAL_OBJECT_REFERENCE))),
    field("Hostname", "hostname", "string", Text),
    field("Subdomain", "subdomain", "string", Text),
    field("Affinity", "affinity", "*v1.Affinity", Pointer(&Object(AFFINITY))),
    field("SchedulerName", "schedulerName", "string", Text),
    field("Tolerations", "tolerations", "[]v1.Toleration", List(&Object(TOLERATION))),
    field("HostAliases", "hostAliases", "[]v1.HostAlias", List(&Object(HOST_ALIAS))),
    field("PriorityClassName", "priorityClassName", "string", Text),
    field("Priority", "priority", "*int32", Pointer(&Number)),
    field("DNSConfig", "dnsConfig", "*v1.PodDNSConfig", Pointer(&Object(POD_DNS_CONFIG))),
    field("ReadinessGates", "readinessGates", "[]v1.PodReadinessGate", List(&Object(POD_READINESS_GATE))),
    field("RuntimeClassName", "runtimeClassName", "*string", Pointer(&Text)),
    field("EnableServiceLinks", "enableServiceLinks", "*bool", Pointer(&Bool)),
    field("PreemptionPolicy", "preemptionPolicy", "*v1.PreemptionPolicy", Pointer(&Text)),
    field("Overhead", "overhead", "v1.ResourceList", Map(&Quantity)),
    field(
        "TopologySpreadConstraints",
        "topologySpreadConstraints",
        "[]v1.TopologySpreadConstraint",
        List(&Object(TOPOLOGY_SPREAD_CONSTRAINT)),
    ),
    field("SetHostnameAsFQDN", "setHostnameAsFQDN", "*bool", Pointer(&Bool)),
    field("OS", "os", "*v1.PodOS", Pointer(&Object(POD_OS))),
    field("HostUsers", "hostUsers", "*bool", Pointer(&Bool)),
    field("SchedulingGates", "schedulingGates", "[]v1.PodSchedulingGate", List(&Object(POD_SCHEDULING_GATE))),
    field("ResourceClaims", "resourceClaims", "[]v1.PodResourceClaim", List(&Object(POD_RESOURCE_CLAIM))),
    field("Resources", "resources", "*v1.ResourceRequirements", Pointer(&Object(RESOURCE_REQUIREMENTS))),
    field("HostnameOverride", "hostnameOverride", "*string", Pointer(&Text)),
    field("SchedulingGroup", "schedulingGroup", "*v1.PodSchedulingGroup", Pointer(&Object(POD_SCHEDULING_GROUP))),
];

static OWNER_REFERENCE: &[Field] = &[
    field("APIVersion", "apiVersion", "string", Text),
    field("Kind", "kind", "string", Text),
    field("Name", "name", "string", Text),
    field("UID", "uid", "types.UID", Text),
    field("Controller", "controller", "*bool", Pointer(&Bool)),
    field("BlockOwnerDeletion", "blockOwnerDeletion", "*bool", Pointer(&Bool)),
];

static MANAGED_FIELDS_ENTRY: &[Field] = &[
    field("Manager", "manager", "string", Text),
    field("Operation", "operation", "v1.ManagedFieldsOperationType", Text),
    field("APIVersion", "apiVersion", "string", Text),
    field("Time", "time", "*v1.Time", Pointer(&Time)),
    field("FieldsType", "fieldsType", "string", Text),
    field("FieldsV1", "fieldsV1", "*v1.FieldsV1", Pointer(&FieldsV1)),
    field("Subresource", "subresource", "string", Text),
];

static VOLUME: &[Field] = &[field("Name", "name", "string", Text), field("VolumeSource", "", "v1.VolumeSource", Object(VOLUME_SOURCE))];

static CONTAINER: &[Field] = &[
    field("Name", "name", "string", Text),
    field("Image", "image", "string", Text),
    field("Command", "command", "[]string", List(&Text)),
    field("Args", "args", "[]string", List(&Text)),
    field("WorkingDir", "workingDir", "string", Text),
    field("Ports", "ports", "[]v1.ContainerPort", List(&Object(CONTAINER_PORT))),
    field("EnvFrom", "envFrom", "[]v1.EnvFromSource", List(&Object(ENV_FROM_SOURCE))),
    field("Env", "env", "[]v1.EnvVar", List(&Object(ENV_VAR))),
    field("Resources", "resources", "v1.ResourceRequirements", Object(RESOURCE_REQUIREMENTS)),
    field("ResizePolicy", "resizePolicy", "[]v1.ContainerResizePolicy", List(&Object(CONTAINER_RESIZE_POLICY))),
    field("RestartPolicy", "restartPolicy", "*v1.ContainerRestartPolicy", Pointer(&Text)),
    field("RestartPolicyRules", "restartPolicyRules", "[]v1.ContainerRestartRule", List(&Object(CONTAINER_RESTART_RULE))),
    field("VolumeMounts", "volumeMounts", "[]v1.VolumeMount", List(&Object(VOLUME_MOUNT))),
    field("VolumeDevices", "volumeDevices", "[]v1.VolumeDevice", List(&Object(VOLUME_DEVICE))),
    field("LivenessProbe", "livenessProbe", "*v1.Probe", Pointer(&Object(PROBE))),
    field("ReadinessProbe", "readinessProbe", "*v1.Probe", Pointer(&Object(PROBE))),
    field("StartupProbe", "startupProbe", "*v1.Probe", Pointer(&Object(PROBE))),
    field("Lifecycle", "lifecycle", "*v1.Lifecycle", Pointer(&Object(LIFECYCLE))),
    field("TerminationMessagePath", "terminationMessagePath", "string", Text),
    field("TerminationMessagePolicy", "terminationMessagePolicy", "v1.TerminationMessagePolicy", Text),
    field("ImagePullPolicy", "imagePullPolicy", "v1.PullPolicy", Text),
    field("SecurityContext", "securityContext", "*v1.SecurityContext", Pointer(&Object(SECURITY_CONTEXT))),
    field("Stdin", "stdin", "bool", Bool),
    field("StdinOnce", "stdinOnce", "bool", Bool),
    field("TTY", "tty", "bool", Bool),
];

static EPHEMERAL_CONTAINER: &[Field] = &[
    field("EphemeralContainerCommon", "", "v1.EphemeralContainerCommon", Object(EPHEMERAL_CONTAINER_COMMON)),
    field("TargetContainerName", "targetContainerName", "string", Text),
];

static POD_SECURITY_CONTEXT: &[Field] = &[
    field("SELinuxOptions", "seLinuxOptions", "*v1.SELinuxOptions", Pointer(&Object(SE_LINUX_OPTIONS))),
    field("WindowsOptions", "windowsOptions", "*v1.WindowsSecurityContextOptions", Pointer(&Object(WINDOWS_SECURITY_CONTEXT_OPTIONS))),
    field("RunAsUser", "runAsUser", "*int64", Pointer(&Number)),
    field("RunAsGroup", "runAsGroup", "*int64", Pointer(&Number)),
    field("RunAsNonRoot", "runAsNonRoot", "*bool", Pointer(&Bool)),
    field("SupplementalGroups", "supplementalGroups", "[]int64", List(&Number)),
    field("SupplementalGroupsPolicy", "supplementalGroupsPolicy", "*v1.SupplementalGroupsPolicy", Pointer(&Text)),
    field("FSGroup", "fsGroup", "*int64", Pointer(&Number)),
    field("Sysctls", "sysctls", "[]v1.Sysctl", List(&Object(SYSCTL))),
    field("FSGroupChangePolicy", "fsGroupChangePolicy", "*v1.PodFSGroupChangePolicy", Pointer(&Text)),
    field("SeccompProfile", "seccompProfile", "*v1.SeccompProfile", Pointer(&Object(SECCOMP_PROFILE))),
    field("AppArmorProfile", "appArmorProfile", "*v1.AppArmorProfile", Pointer(&Object(APP_ARMOR_PROFILE))),
    field("SELinuxChangePolicy", "seLinuxChangePolicy", "*v1.PodSELinuxChangePolicy", Pointer(&Text)),
];

static LOCAL_OBJECT_REFERENCE: &[Field] = &[field("Name", "name", "string", Text)];

static AFFINITY: &[Field] = &[
    field("NodeAffinity", "nodeAffinity", "*v1.NodeAffinity", Pointer(&Object(NODE_AFFINITY))),
    field("PodAffinity", "podAffinity", "*v1.PodAffinity", Pointer(&Object(POD_AFFINITY))),
    field("PodAntiAffinity", "podAntiAffinity", "*v1.PodAntiAffinity", Pointer(&Object(POD_ANTI_AFFINITY))),
];

static TOLERATION: &[Field] = &[
    field("Key", "key", "string", Text),
    field("Operator", "operator", "v1.TolerationOperator", Text),
    field("Value", "value", "string", Text),
    field("Effect", "effect", "v1.TaintEffect", Text),
    field("TolerationSeconds", "tolerationSeconds", "*int64", Pointer(&Number)),
];

static HOST_ALIAS: &[Field] = &[field("IP", "ip", "string", Text), field("Hostnames", "hostnames", "[]string", List(&Text))];

static POD_DNS_CONFIG: &[Field] = &[
    field("Nameservers", "nameservers", "[]string", List(&Text)),
    field("Searches", "searches", "[]string", List(&Text)),
    field("Options", "options", "[]v1.PodDNSConfigOption", List(&Object(POD_DNS_CONFIG_OPTION))),
];

static POD_READINESS_GATE: &[Field] = &[field("ConditionType", "conditionType", "v1.PodConditionType", Text)];

static TOPOLOGY_SPREAD_CONSTRAINT: &[Field] = &[
    field("MaxSkew", "maxSkew", "int32", Number),
    field("TopologyKey", "topologyKey", "string", Text),
    field("WhenUnsatisfiable", "whenUnsatisfiable", "v1.UnsatisfiableConstraintAction", Text),
    field("LabelSelector", "labelSelector", "*v1.LabelSelector", Pointer(&Object(LABEL_SELECTOR))),
    field("MinDomains", "minDomains", "*int32", Pointer(&Number)),
    field("NodeAffinityPolicy", "nodeAffinityPolicy", "*v1.NodeInclusionPolicy", Pointer(&Text)),
    field("NodeTaintsPolicy", "nodeTaintsPolicy", "*v1.NodeInclusionPolicy", Pointer(&Text)),
    field("MatchLabelKeys", "matchLabelKeys", "[]string", List(&Text)),
];

static POD_OS: &[Field] = &[field("Name", "name", "v1.OSName", Text)];

static POD_SCHEDULING_GATE: &[Field] = &[field("Name", "name", "string", Text)];

static POD_RESOURCE_CLAIM: &[Field] = &[
    field("Name", "name", "string", Text),
    field("ResourceClaimName", "resourceClaimName", "*string", Pointer(&Text)),
    field("ResourceClaimTemplateName", "resourceClaimTemplateName", "*string", Pointer(&Text)),
];

static RESOURCE_REQUIREMENTS: &[Field] = &[
    field("Limits", "limits", "v1.ResourceList", Map(&Quantity)),
    field("Requests", "requests", "v1.ResourceList", Map(&Quantity)),
    field("Claims", "claims", "[]v1.ResourceClaim", List(&Object(RESOURCE_CLAIM))),
];

static POD_SCHEDULING_GROUP: &[Field] = &[field("PodGroupName", "podGroupName", "*string", Pointer(&Text))];

static VOLUME_SOURCE: &[Field] = &[
    field("HostPath", "hostPath", "*v1.HostPathVolumeSource", Pointer(&Object(HOST_PATH_VOLUME_SOURCE))),
    field("EmptyDir", "emptyDir", "*v1.EmptyDirVolumeSource", Pointer(&Object(EMPTY_DIR_VOLUME_SOURCE))),
    field(
        "GCEPersistentDisk",
        "gcePersistentDisk",
        "*v1.GCEPersistentDiskVolumeSource",
        Pointer(&Object(GCE_PERSISTENT_DISK_VOLUME_SOURCE)),
    ),
    field(
        "AWSElasticBlockStore",
        "awsElasticBlockStore",
        "*v1.AWSElasticBlockStoreVolumeSource",
        Pointer(&Object(AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE)),
    ),
    field("GitRepo", "gitRepo", "*v1.GitRepoVolumeSource", Pointer(&Object(GIT_REPO_VOLUME_SOURCE))),
    field("Secret", "secret", "*v1.SecretVolumeSource", Pointer(&Object(SECRET_VOLUME_SOURCE))),
    field("NFS", "nfs", "*v1.NFSVolumeSource", Pointer(&Object(NFS_VOLUME_SOURCE))),
    field("ISCSI", "iscsi", "*v1.ISCSIVolumeSource", Pointer(&Object(ISCSI_VOLUME_SOURCE))),
    field("Glusterfs", "glusterfs", "*v1.GlusterfsVolumeSource", Pointer(&Object(GLUSTERFS_VOLUME_SOURCE))),
    field(
        "PersistentVolumeClaim",
        "persistentVolumeClaim",
        "*v1.PersistentVolumeClaimVolumeSource",
        Pointer(&Object(PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE)),
    ),
    field("RBD", "rbd", "*v1.RBDVolumeSource", Pointer(&Object(RBD_VOLUME_SOURCE))),
    field("FlexVolume", "flexVolume", "*v1.FlexVolumeSource", Pointer(&Object(FLEX_VOLUME_SOURCE))),
    field("Cinder", "cinder", "*v1.CinderVolumeSource", Pointer(&Object(CINDER_VOLUME_SOURCE))),
    field("CephFS", "cephfs", "*v1.CephFSVolumeSource", Pointer(&Object(CEPH_FS_VOLUME_SOURCE))),
    field("Flocker", "flocker", "*v1.FlockerVolumeSource", Pointer(&Object(FLOCKER_VOLUME_SOURCE))),
    field("DownwardAPI", "downwardAPI", "*v1.DownwardAPIVolumeSource", Pointer(&Object(DOWNWARD_API_VOLUME_SOURCE))),
    field("FC", "fc", "*v1.FCVolumeSource", Pointer(&Object(FC_VOLUME_SOURCE))),
    field("AzureFile", "azureFile", "*v1.AzureFileVolumeSource", Pointer(&Object(AZURE_FILE_VOLUME_SOURCE))),
    field("ConfigMap", "configMap", "*v1.ConfigMapVolumeSource", Pointer(&Object(CONFIG_MAP_VOLUME_SOURCE))),
    field("VsphereVolume", "vsphereVolume", "*v1.VsphereVirtualDiskVolumeSource", Pointer(&Object(VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE))),
    field("Quobyte", "quobyte", "*v1.QuobyteVolumeSource", Pointer(&Object(QUOBYTE_VOLUME_SOURCE))),
    field("AzureDisk", "azureDisk", "*v1.AzureDiskVolumeSource", Pointer(&Object(AZURE_DISK_VOLUME_SOURCE))),
    field(
        "PhotonPersistentDisk",
        "photonPersistentDisk",
        "*v1.PhotonPersistentDiskVolumeSource",
        Pointer(&Object(PHOTON_PERSISTENT_DISK_VOLUME_SOURCE)),
    ),
    field("Projected", "projected", "*v1.ProjectedVolumeSource", Pointer(&Object(PROJECTED_VOLUME_SOURCE))),
    field("PortworxVolume", "portworxVolume", "*v1.PortworxVolumeSource", Pointer(&Object(PORTWORX_VOLUME_SOURCE))),
    field("ScaleIO", "scaleIO", "*v1.ScaleIOVolumeSource", Pointer(&Object(SCALE_IO_VOLUME_SOURCE))),
    field("StorageOS", "storageos", "*v1.StorageOSVolumeSource", Pointer(&Object(STORAGE_OS_VOLUME_SOURCE))),
    field("CSI", "csi", "*v1.CSIVolumeSource", Pointer(&Object(CSI_VOLUME_SOURCE))),
    field("Ephemeral", "ephemeral", "*v1.EphemeralVolumeSource", Pointer(&Object(EPHEMERAL_VOLUME_SOURCE))),
    field("Image", "image", "*v1.ImageVolumeSource", Pointer(&Object(IMAGE_VOLUME_SOURCE))),
];

static CONTAINER_PORT: &[Field] = &[
    field("Name", "name", "string", Text),
    field("HostPort", "hostPort", "int32", Number),
    field("ContainerPort", "containerPort", "int32", Number),
    field("Protocol", "protocol", "v1.Protocol", Text),
    field("HostIP", "hostIP", "string", Text),
];

static ENV_FROM_SOURCE: &[Field] = &[
    field("Prefix", "prefix", "string", Text),
    field("ConfigMapRef", "configMapRef", "*v1.ConfigMapEnvSource", Pointer(&Object(CONFIG_MAP_ENV_SOURCE))),
    field("SecretRef", "secretRef", "*v1.SecretEnvSource", Pointer(&Object(SECRET_ENV_SOURCE))),
];

static ENV_VAR: &[Field] = &[
    field("Name", "name", "string", Text),
    field("Value", "value", "string", Text),
    field("ValueFrom", "valueFrom", "*v1.EnvVarSource", Pointer(&Object(ENV_VAR_SOURCE))),
];

static CONTAINER_RESIZE_POLICY: &[Field] = &[
    field("ResourceName", "resourceName", "v1.ResourceName", Text),
    field("RestartPolicy", "restartPolicy", "v1.ResourceResizeRestartPolicy", Text),
];

static CONTAINER_RESTART_RULE: &[Field] = &[
    field("Action", "action", "v1.ContainerRestartRuleAction", Text),
    field("ExitCodes", "exitCodes", "*v1.ContainerRestartRuleOnExitCodes", Pointer(&Object(CONTAINER_RESTART_RULE_ON_EXIT_CODES))),
];

static VOLUME_MOUNT: &[Field] = &[
    field("Name", "name", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
    field("RecursiveReadOnly", "recursiveReadOnly", "*v1.RecursiveReadOnlyMode", Pointer(&Text)),
    field("MountPath", "mountPath", "string", Text),
    field("SubPath", "subPath", "string", Text),
    field("MountPropagation", "mountPropagation", "*v1.MountPropagationMode", Pointer(&Text)),
    field("SubPathExpr", "subPathExpr", "string", Text),
];

static VOLUME_DEVICE: &[Field] = &[field("Name", "name", "string", Text), field("DevicePath", "devicePath", "string", Text)];

static PROBE: &[Field] = &[
    field("ProbeHandler", "", "v1.ProbeHandler", Object(PROBE_HANDLER)),
    field("InitialDelaySeconds", "initialDelaySeconds", "int32", Number),
    field("TimeoutSeconds", "timeoutSeconds", "int32", Number),
    field("PeriodSeconds", "periodSeconds", "int32", Number),
    field("SuccessThreshold", "successThreshold", "int32", Number),
    field("FailureThreshold", "failureThreshold", "int32", Number),
    field("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds", "*int64", Pointer(&Number)),
];

static LIFECYCLE: &[Field] = &[
    field("PostStart", "postStart", "*v1.LifecycleHandler", Pointer(&Object(LIFECYCLE_HANDLER))),
    field("PreStop", "preStop", "*v1.LifecycleHandler", Pointer(&Object(LIFECYCLE_HANDLER))),
    field("StopSignal", "stopSignal", "*v1.Signal", Pointer(&Text)),
];

static SECURITY_CONTEXT: &[Field] = &[
    field("Capabilities", "capabilities", "*v1.Capabilities", Pointer(&Object(CAPABILITIES))),
    field("Privileged", "privileged", "*bool", Pointer(&Bool)),
    field("SELinuxOptions", "seLinuxOptions", "*v1.SELinuxOptions", Pointer(&Object(SE_LINUX_OPTIONS))),
    field("WindowsOptions", "windowsOptions", "*v1.WindowsSecurityContextOptions", Pointer(&Object(WINDOWS_SECURITY_CONTEXT_OPTIONS))),
    field("RunAsUser", "runAsUser", "*int64", Pointer(&Number)),
    field("RunAsGroup", "runAsGroup", "*int64", Pointer(&Number)),
    field("RunAsNonRoot", "runAsNonRoot", "*bool", Pointer(&Bool)),
    field("ReadOnlyRootFilesystem", "readOnlyRootFilesystem", "*bool", Pointer(&Bool)),
    field("AllowPrivilegeEscalation", "allowPrivilegeEscalation", "*bool", Pointer(&Bool)),
    field("ProcMount", "procMount", "*v1.ProcMountType", Pointer(&Text)),
    field("SeccompProfile", "seccompProfile", "*v1.SeccompProfile", Pointer(&Object(SECCOMP_PROFILE))),
    field("AppArmorProfile", "appArmorProfile", "*v1.AppArmorProfile", Pointer(&Object(APP_ARMOR_PROFILE))),
];

static EPHEMERAL_CONTAINER_COMMON: &[Field] = &[
    field("Name", "name", "string", Text),
    field("Image", "image", "string", Text),
    field("Command", "command", "[]string", List(&Text)),
    field("Args", "args", "[]string", List(&Text)),
    field("WorkingDir", "workingDir", "string", Text),
    field("Ports", "ports", "[]v1.ContainerPort", List(&Object(CONTAINER_PORT))),
    field("EnvFrom", "envFrom", "[]v1.EnvFromSource", List(&Object(ENV_FROM_SOURCE))),
    field("Env", "env", "[]v1.EnvVar", List(&Object(ENV_VAR))),
    field("Resources", "resources", "v1.ResourceRequirements", Object(RESOURCE_REQUIREMENTS)),
    field("ResizePolicy", "resizePolicy", "[]v1.ContainerResizePolicy", List(&Object(CONTAINER_RESIZE_POLICY))),
    field("RestartPolicy", "restartPolicy", "*v1.ContainerRestartPolicy", Pointer(&Text)),
    field("RestartPolicyRules", "restartPolicyRules", "[]v1.ContainerRestartRule", List(&Object(CONTAINER_RESTART_RULE))),
    field("VolumeMounts", "volumeMounts", "[]v1.VolumeMount", List(&Object(VOLUME_MOUNT))),
    field("VolumeDevices", "volumeDevices", "[]v1.VolumeDevice", List(&Object(VOLUME_DEVICE))),
    field("LivenessProbe", "livenessProbe", "*v1.Probe", Pointer(&Object(PROBE))),
    field("ReadinessProbe", "readinessProbe", "*v1.Probe", Pointer(&Object(PROBE))),
    field("StartupProbe", "startupProbe", "*v1.Probe", Pointer(&Object(PROBE))),
    field("Lifecycle", "lifecycle", "*v1.Lifecycle", Pointer(&Object(LIFECYCLE))),
    field("TerminationMessagePath", "terminationMessagePath", "string", Text),
    field("TerminationMessagePolicy", "terminationMessagePolicy", "v1.TerminationMessagePolicy", Text),
    field("ImagePullPolicy", "imagePullPolicy", "v1.PullPolicy", Text),
    field("SecurityContext", "securityContext", "*v1.SecurityContext", Pointer(&Object(SECURITY_CONTEXT))),
    field("Stdin", "stdin", "bool", Bool),
    field("StdinOnce", "stdinOnce", "bool", Bool),
    field("TTY", "tty", "bool", Bool),
];

static SE_LINUX_OPTIONS: &[Field] = &[
    field("User", "user", "string", Text),
    field("Role", "role", "string", Text),
    field("Type", "type", "string", Text),
    field("Level", "level", "string", Text),
];

static WINDOWS_SECURITY_CONTEXT_OPTIONS: &[Field] = &[
    field("GMSACredentialSpecName", "gmsaCredentialSpecName", "*string", Pointer(&Text)),
    field("GMSACredentialSpec", "gmsaCredentialSpec", "*string", Pointer(&Text)),
    field("RunAsUserName", "runAsUserName", "*string", Pointer(&Text)),
    field("HostProcess", "hostProcess", "*bool", Pointer(&Bool)),
];

static SYSCTL: &[Field] = &[field("Name", "name", "string", Text), field("Value", "value", "string", Text)];

static SECCOMP_PROFILE: &[Field] =
    &[field("Type", "type", "v1.SeccompProfileType", Text), field("LocalhostProfile", "localhostProfile", "*string", Pointer(&Text))];

static APP_ARMOR_PROFILE: &[Field] =
    &[field("Type", "type", "v1.AppArmorProfileType", Text), field("LocalhostProfile", "localhostProfile", "*string", Pointer(&Text))];

static NODE_AFFINITY: &[Field] = &[
    field(
        "RequiredDuringSchedulingIgnoredDuringExecution",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "*v1.NodeSelector",
        Pointer(&Object(NODE_SELECTOR)),
    ),
    field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
        "[]v1.PreferredSchedulingTerm",
        List(&Object(PREFERRED_SCHEDULING_TERM)),
    ),
];

static POD_AFFINITY: &[Field] = &[
    field(
        "RequiredDuringSchedulingIgnoredDuringExecution",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "[]v1.PodAffinityTerm",
        List(&Object(POD_AFFINITY_TERM)),
    ),
    field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
        "[]v1.WeightedPodAffinityTerm",
        List(&Object(WEIGHTED_POD_AFFINITY_TERM)),
    ),
];

static POD_ANTI_AFFINITY: &[Field] = &[
    field(
        "RequiredDuringSchedulingIgnoredDuringExecution",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "[]v1.PodAffinityTerm",
        List(&Object(POD_AFFINITY_TERM)),
    ),
    field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
        "[]v1.WeightedPodAffinityTerm",
        List(&Object(WEIGHTED_POD_AFFINITY_TERM)),
    ),
];

static POD_DNS_CONFIG_OPTION: &[Field] = &[field("Name", "name", "string", Text), field("Value", "value", "*string", Pointer(&Text))];

static LABEL_SELECTOR: &[Field] = &[
    field("MatchLabels", "matchLabels", "map[string]string", Map(&Text)),
    field("MatchExpressions", "matchExpressions", "[]v1.LabelSelectorRequirement", List(&Object(LABEL_SELECTOR_REQUIREMENT))),
];

static RESOURCE_CLAIM: &[Field] = &[field("Name", "name", "string", Text), field("Request", "request", "string", Text)];

static HOST_PATH_VOLUME_SOURCE: &[Field] =
    &[field("Path", "path", "string", Text), field("Type", "type", "*v1.HostPathType", Pointer(&Text))];

static EMPTY_DIR_VOLUME_SOURCE: &[Field] =
    &[field("Medium", "medium", "v1.StorageMedium", Text), field("SizeLimit", "sizeLimit", "*resource.Quantity", Pointer(&Quantity))];

static GCE_PERSISTENT_DISK_VOLUME_SOURCE: &[Field] = &[
    field("PDName", "pdName", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("Partition", "partition", "int32", Number),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: &[Field] = &[
    field("VolumeID", "volumeID", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("Partition", "partition", "int32", Number),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static GIT_REPO_VOLUME_SOURCE: &[Field] = &[
    field("Repository", "repository", "string", Text),
    field("Revision", "revision", "string", Text),
    field("Directory", "directory", "string", Text),
];

static SECRET_VOLUME_SOURCE: &[Field] = &[
    field("SecretName", "secretName", "string", Text),
    field("Items", "items", "[]v1.KeyToPath", List(&Object(KEY_TO_PATH))),
    field("DefaultMode", "defaultMode", "*int32", Pointer(&Number)),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static NFS_VOLUME_SOURCE: &[Field] =
    &[field("Server", "server", "string", Text), field("Path", "path", "string", Text), field("ReadOnly", "readOnly", "bool", Bool)];

static ISCSI_VOLUME_SOURCE: &[Field] = &[
    field("TargetPortal", "targetPortal", "string", Text),
    field("IQN", "iqn", "string", Text),
    field("Lun", "lun", "int32", Number),
    field("ISCSIInterface", "iscsiInterface", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
    field("Portals", "portals", "[]string", List(&Text)),
    field("DiscoveryCHAPAuth", "chapAuthDiscovery", "bool", Bool),
    field("SessionCHAPAuth", "chapAuthSession", "bool", Bool),
    field("SecretRef", "secretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
    field("InitiatorName", "initiatorName", "*string", Pointer(&Text)),
];

static GLUSTERFS_VOLUME_SOURCE: &[Field] = &[
    field("EndpointsName", "endpoints", "string", Text),
    field("Path", "path", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: &[Field] =
    &[field("ClaimName", "claimName", "string", Text), field("ReadOnly", "readOnly", "bool", Bool)];

static RBD_VOLUME_SOURCE: &[Field] = &[
    field("CephMonitors", "monitors", "[]string", List(&Text)),
    field("RBDImage", "image", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("RBDPool", "pool", "string", Text),
    field("RadosUser", "user", "string", Text),
    field("Keyring", "keyring", "string", Text),
    field("SecretRef", "secretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static FLEX_VOLUME_SOURCE: &[Field] = &[
    field("Driver", "driver", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("SecretRef", "secretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
    field("ReadOnly", "readOnly", "bool", Bool),
    field("Options", "options", "map[string]string", Map(&Text)),
];

static CINDER_VOLUME_SOURCE: &[Field] = &[
    field("VolumeID", "volumeID", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
    field("SecretRef", "secretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
];

static CEPH_FS_VOLUME_SOURCE: &[Field] = &[
    field("Monitors", "monitors", "[]string", List(&Text)),
    field("Path", "path", "string", Text),
    field("User", "user", "string", Text),
    field("SecretFile", "secretFile", "string", Text),
    field("SecretRef", "secretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static FLOCKER_VOLUME_SOURCE: &[Field] =
    &[field("DatasetName", "datasetName", "string", Text), field("DatasetUUID", "datasetUUID", "string", Text)];

static DOWNWARD_API_VOLUME_SOURCE: &[Field] = &[
    field("Items", "items", "[]v1.DownwardAPIVolumeFile", List(&Object(DOWNWARD_API_VOLUME_FILE))),
    field("DefaultMode", "defaultMode", "*int32", Pointer(&Number)),
];

static FC_VOLUME_SOURCE: &[Field] = &[
    field("TargetWWNs", "targetWWNs", "[]string", List(&Text)),
    field("Lun", "lun", "*int32", Pointer(&Number)),
    field("FSType", "fsType", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
    field("WWIDs", "wwids", "[]string", List(&Text)),
];

static AZURE_FILE_VOLUME_SOURCE: &[Field] = &[
    field("SecretName", "secretName", "string", Text),
    field("ShareName", "shareName", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static CONFIG_MAP_VOLUME_SOURCE: &[Field] = &[
    field("LocalObjectReference", "", "v1.LocalObjectReference", Object(LOCAL_OBJECT_REFERENCE)),
    field("Items", "items", "[]v1.KeyToPath", List(&Object(KEY_TO_PATH))),
    field("DefaultMode", "defaultMode", "*int32", Pointer(&Number)),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: &[Field] = &[
    field("VolumePath", "volumePath", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("StoragePolicyName", "storagePolicyName", "string", Text),
    field("StoragePolicyID", "storagePolicyID", "string", Text),
];

static QUOBYTE_VOLUME_SOURCE: &[Field] = &[
    field("Registry", "registry", "string", Text),
    field("Volume", "volume", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
    field("User", "user", "string", Text),
    field("Group", "group", "string", Text),
    field("Tenant", "tenant", "string", Text),
];

static AZURE_DISK_VOLUME_SOURCE: &[Field] = &[
    field("DiskName", "diskName", "string", Text),
    field("DataDiskURI", "diskURI", "string", Text),
    field("CachingMode", "cachingMode", "*v1.AzureDataDiskCachingMode", Pointer(&Text)),
    field("FSType", "fsType", "*string", Pointer(&Text)),
    field("ReadOnly", "readOnly", "*bool", Pointer(&Bool)),
    field("Kind", "kind", "*v1.AzureDataDiskKind", Pointer(&Text)),
];

static PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: &[Field] = &[field("PdID", "pdID", "string", Text), field("FSType", "fsType", "string", Text)];

static PROJECTED_VOLUME_SOURCE: &[Field] = &[
    field("Sources", "sources", "[]v1.VolumeProjection", List(&Object(VOLUME_PROJECTION))),
    field("DefaultMode", "defaultMode", "*int32", Pointer(&Number)),
];

static PORTWORX_VOLUME_SOURCE: &[Field] = &[
    field("VolumeID", "volumeID", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static SCALE_IO_VOLUME_SOURCE: &[Field] = &[
    field("Gateway", "gateway", "string", Text),
    field("System", "system", "string", Text),
    field("SecretRef", "secretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
    field("SSLEnabled", "sslEnabled", "bool", Bool),
    field("ProtectionDomain", "protectionDomain", "string", Text),
    field("StoragePool", "storagePool", "string", Text),
    field("StorageMode", "storageMode", "string", Text),
    field("VolumeName", "volumeName", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
];

static STORAGE_OS_VOLUME_SOURCE: &[Field] = &[
    field("VolumeName", "volumeName", "string", Text),
    field("VolumeNamespace", "volumeNamespace", "string", Text),
    field("FSType", "fsType", "string", Text),
    field("ReadOnly", "readOnly", "bool", Bool),
    field("SecretRef", "secretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
];

static CSI_VOLUME_SOURCE: &[Field] = &[
    field("Driver", "driver", "string", Text),
    field("ReadOnly", "readOnly", "*bool", Pointer(&Bool)),
    field("FSType", "fsType", "*string", Pointer(&Text)),
    field("VolumeAttributes", "volumeAttributes", "map[string]string", Map(&Text)),
    field("NodePublishSecretRef", "nodePublishSecretRef", "*v1.LocalObjectReference", Pointer(&Object(LOCAL_OBJECT_REFERENCE))),
];

static EPHEMERAL_VOLUME_SOURCE: &[Field] = &[field(
    "VolumeClaimTemplate",
    "volumeClaimTemplate",
    "*v1.PersistentVolumeClaimTemplate",
    Pointer(&Object(PERSISTENT_VOLUME_CLAIM_TEMPLATE)),
)];

static IMAGE_VOLUME_SOURCE: &[Field] =
    &[field("Reference", "reference", "string", Text), field("PullPolicy", "pullPolicy", "v1.PullPolicy", Text)];

static CONFIG_MAP_ENV_SOURCE: &[Field] = &[
    field("LocalObjectReference", "", "v1.LocalObjectReference", Object(LOCAL_OBJECT_REFERENCE)),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static SECRET_ENV_SOURCE: &[Field] = &[
    field("LocalObjectReference", "", "v1.LocalObjectReference", Object(LOCAL_OBJECT_REFERENCE)),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static ENV_VAR_SOURCE: &[Field] = &[
    field("FieldRef", "fieldRef", "*v1.ObjectFieldSelector", Pointer(&Object(OBJECT_FIELD_SELECTOR))),
    field("ResourceFieldRef", "resourceFieldRef", "*v1.ResourceFieldSelector", Pointer(&Object(RESOURCE_FIELD_SELECTOR))),
    field("ConfigMapKeyRef", "configMapKeyRef", "*v1.ConfigMapKeySelector", Pointer(&Object(CONFIG_MAP_KEY_SELECTOR))),
    field("SecretKeyRef", "secretKeyRef", "*v1.SecretKeySelector", Pointer(&Object(SECRET_KEY_SELECTOR))),
    field("FileKeyRef", "fileKeyRef", "*v1.FileKeySelector", Pointer(&Object(FILE_KEY_SELECTOR))),
];

static CONTAINER_RESTART_RULE_ON_EXIT_CODES: &[Field] = &[
    field("Operator", "operator", "v1.ContainerRestartRuleOnExitCodesOperator", Text),
    field("Values", "values", "[]int32", List(&Number)),
];

static PROBE_HANDLER: &[Field] = &[
    field("Exec", "exec", "*v1.ExecAction", Pointer(&Object(EXEC_ACTION))),
    field("HTTPGet", "httpGet", "*v1.HTTPGetAction", Pointer(&Object(HTTP_GET_ACTION))),
    field("TCPSocket", "tcpSocket", "*v1.TCPSocketAction", Pointer(&Object(TCP_SOCKET_ACTION))),
    field("GRPC", "grpc", "*v1.GRPCAction", Pointer(&Object(GRPC_ACTION))),
];

static LIFECYCLE_HANDLER: &[Field] = &[
    field("Exec", "exec", "*v1.ExecAction", Pointer(&Object(EXEC_ACTION))),
    field("HTTPGet", "httpGet", "*v1.HTTPGetAction", Pointer(&Object(HTTP_GET_ACTION))),
    field("TCPSocket", "tcpSocket", "*v1.TCPSocketAction", Pointer(&Object(TCP_SOCKET_ACTION))),
    field("Sleep", "sleep", "*v1.SleepAction", Pointer(&Object(SLEEP_ACTION))),
];

static CAPABILITIES: &[Field] =
    &[field("Add", "add", "[]v1.Capability", List(&Text)), field("Drop", "drop", "[]v1.Capability", List(&Text))];

static NODE_SELECTOR: &[Field] =
    &[field("NodeSelectorTerms", "nodeSelectorTerms", "[]v1.NodeSelectorTerm", List(&Object(NODE_SELECTOR_TERM)))];

static PREFERRED_SCHEDULING_TERM: &[Field] =
    &[field("Weight", "weight", "int32", Number), field("Preference", "preference", "v1.NodeSelectorTerm", Object(NODE_SELECTOR_TERM))];

static POD_AFFINITY_TERM: &[Field] = &[
    field("LabelSelector", "labelSelector", "*v1.LabelSelector", Pointer(&Object(LABEL_SELECTOR))),
    field("Namespaces", "namespaces", "[]string", List(&Text)),
    field("TopologyKey", "topologyKey", "string", Text),
    field("NamespaceSelector", "namespaceSelector", "*v1.LabelSelector", Pointer(&Object(LABEL_SELECTOR))),
    field("MatchLabelKeys", "matchLabelKeys", "[]string", List(&Text)),
    field("MismatchLabelKeys", "mismatchLabelKeys", "[]string", List(&Text)),
];

static WEIGHTED_POD_AFFINITY_TERM: &[Field] = &[
    field("Weight", "weight", "int32", Number),
    field("PodAffinityTerm", "podAffinityTerm", "v1.PodAffinityTerm", Object(POD_AFFINITY_TERM)),
];

static LABEL_SELECTOR_REQUIREMENT: &[Field] = &[
    field("Key", "key", "string", Text),
    field("Operator", "operator", "v1.LabelSelectorOperator", Text),
    field("Values", "values", "[]string", List(&Text)),
];

static KEY_TO_PATH: &[Field] =
    &[field("Key", "key", "string", Text), field("Path", "path", "string", Text), field("Mode", "mode", "*int32", Pointer(&Number))];

static DOWNWARD_API_VOLUME_FILE: &[Field] = &[
    field("Path", "path", "string", Text),
    field("FieldRef", "fieldRef", "*v1.ObjectFieldSelector", Pointer(&Object(OBJECT_FIELD_SELECTOR))),
    field("ResourceFieldRef", "resourceFieldRef", "*v1.ResourceFieldSelector", Pointer(&Object(RESOURCE_FIELD_SELECTOR))),
    field("Mode", "mode", "*int32", Pointer(&Number)),
];

static VOLUME_PROJECTION: &[Field] = &[
    field("Secret", "secret", "*v1.SecretProjection", Pointer(&Object(SECRET_PROJECTION))),
    field("DownwardAPI", "downwardAPI", "*v1.DownwardAPIProjection", Pointer(&Object(DOWNWARD_API_PROJECTION))),
    field("ConfigMap", "configMap", "*v1.ConfigMapProjection", Pointer(&Object(CONFIG_MAP_PROJECTION))),
    field(
        "ServiceAccountToken",
        "serviceAccountToken",
        "*v1.ServiceAccountTokenProjection",
        Pointer(&Object(SERVICE_ACCOUNT_TOKEN_PROJECTION)),
    ),
    field(
        "ClusterTrustBundle",
        "clusterTrustBundle",
        "*v1.ClusterTrustBundleProjection",
        Pointer(&Object(CLUSTER_TRUST_BUNDLE_PROJECTION)),
    ),
    field("PodCertificate", "podCertificate", "*v1.PodCertificateProjection", Pointer(&Object(POD_CERTIFICATE_PROJECTION))),
];

static PERSISTENT_VOLUME_CLAIM_TEMPLATE: &[Field] = &[
    field("ObjectMeta", "metadata", "v1.ObjectMeta", Object(OBJECT_META)),
    field("Spec", "spec", "v1.PersistentVolumeClaimSpec", Object(PERSISTENT_VOLUME_CLAIM_SPEC)),
];

static OBJECT_FIELD_SELECTOR: &[Field] =
    &[field("APIVersion", "apiVersion", "string", Text), field("FieldPath", "fieldPath", "string", Text)];

static RESOURCE_FIELD_SELECTOR: &[Field] = &[
    field("ContainerName", "containerName", "string", Text),
    field("Resource", "resource", "string", Text),
    field("Divisor", "divisor", "resource.Quantity", Quantity),
];

static CONFIG_MAP_KEY_SELECTOR: &[Field] = &[
    field("LocalObjectReference", "", "v1.LocalObjectReference", Object(LOCAL_OBJECT_REFERENCE)),
    field("Key", "key", "string", Text),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static SECRET_KEY_SELECTOR: &[Field] = &[
    field("LocalObjectReference", "", "v1.LocalObjectReference", Object(LOCAL_OBJECT_REFERENCE)),
    field("Key", "key", "string", Text),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static FILE_KEY_SELECTOR: &[Field] = &[
    field("VolumeName", "volumeName", "string", Text),
    field("Path", "path", "string", Text),
    field("Key", "key", "string", Text),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static EXEC_ACTION: &[Field] = &[field("Command", "command", "[]string", List(&Text))];

static HTTP_GET_ACTION: &[Field] = &[
    field("Path", "path", "string", Text),
    field("Port", "port", "intstr.IntOrString", IntOrString),
    field("Host", "host", "string", Text),
    field("Scheme", "scheme", "v1.URIScheme", Text),
    field("HTTPHeaders", "httpHeaders", "[]v1.HTTPHeader", List(&Object(HTTP_HEADER))),
];

static TCP_SOCKET_ACTION: &[Field] = &[field("Port", "port", "intstr.IntOrString", IntOrString), field("Host", "host", "string", Text)];

static GRPC_ACTION: &[Field] = &[field("Port", "port", "int32", Number), field("Service", "service", "*string", Pointer(&Text))];

static SLEEP_ACTION: &[Field] = &[field("Seconds", "seconds", "int64", Number)];

static NODE_SELECTOR_TERM: &[Field] = &[
    field("MatchExpressions", "matchExpressions", "[]v1.NodeSelectorRequirement", List(&Object(NODE_SELECTOR_REQUIREMENT))),
    field("MatchFields", "matchFields", "[]v1.NodeSelectorRequirement", List(&Object(NODE_SELECTOR_REQUIREMENT))),
];

static SECRET_PROJECTION: &[Field] = &[
    field("LocalObjectReference", "", "v1.LocalObjectReference", Object(LOCAL_OBJECT_REFERENCE)),
    field("Items", "items", "[]v1.KeyToPath", List(&Object(KEY_TO_PATH))),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static DOWNWARD_API_PROJECTION: &[Field] =
    &[field("Items", "items", "[]v1.DownwardAPIVolumeFile", List(&Object(DOWNWARD_API_VOLUME_FILE)))];

static CONFIG_MAP_PROJECTION: &[Field] = &[
    field("LocalObjectReference", "", "v1.LocalObjectReference", Object(LOCAL_OBJECT_REFERENCE)),
    field("Items", "items", "[]v1.KeyToPath", List(&Object(KEY_TO_PATH))),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
];

static SERVICE_ACCOUNT_TOKEN_PROJECTION: &[Field] = &[
    field("Audience", "audience", "string", Text),
    field("ExpirationSeconds", "expirationSeconds", "*int64", Pointer(&Number)),
    field("Path", "path", "string", Text),
];

static CLUSTER_TRUST_BUNDLE_PROJECTION: &[Field] = &[
    field("Name", "name", "*string", Pointer(&Text)),
    field("SignerName", "signerName", "*string", Pointer(&Text)),
    field("LabelSelector", "labelSelector", "*v1.LabelSelector", Pointer(&Object(LABEL_SELECTOR))),
    field("Optional", "optional", "*bool", Pointer(&Bool)),
    field("Path", "path", "string", Text),
];

static POD_CERTIFICATE_PROJECTION: &[Field] = &[
    field("SignerName", "signerName", "string", Text),
    field("KeyType", "keyType", "string", Text),
    field("MaxExpirationSeconds", "maxExpirationSeconds", "*int32", Pointer(&Number)),
    field("CredentialBundlePath", "credentialBundlePath", "string", Text),
    field("KeyPath", "keyPath", "string", Text),
    field("CertificateChainPath", "certificateChainPath", "string", Text),
    field("UserAnnotations", "userAnnotations", "map[string]string", Map(&Text)),
];

static PERSISTENT_VOLUME_CLAIM_SPEC: &[Field] = &[
    field("AccessModes", "accessModes", "[]v1.PersistentVolumeAccessMode", List(&Text)),
    field("Selector", "selector", "*v1.LabelSelector", Pointer(&Object(LABEL_SELECTOR))),
    field("Resources", "resources", "v1.VolumeResourceRequirements", Object(VOLUME_RESOURCE_REQUIREMENTS)),
    field("VolumeName", "volumeName", "string", Text),
    field("StorageClassName", "storageClassName", "*string", Pointer(&Text)),
    field("VolumeMode", "volumeMode", "*v1.PersistentVolumeMode", Pointer(&Text)),
    field("DataSource", "dataSource", "*v1.TypedLocalObjectReference", Pointer(&Object(TYPED_LOCAL_OBJECT_REFERENCE))),
    field("DataSourceRef", "dataSourceRef", "*v1.TypedObjectReference", Pointer(&Object(TYPED_OBJECT_REFERENCE))),
    field("VolumeAttributesClassName", "volumeAttributesClassName", "*string", Pointer(&Text)),
];

static HTTP_HEADER: &[Field] = &[field("Name", "name", "string", Text), field("Value", "value", "string", Text)];

static NODE_SELECTOR_REQUIREMENT: &[Field] = &[
    field("Key", "key", "string", Text),
    field("Operator", "operator", "v1.NodeSelectorOperator", Text),
    field("Values", "values", "[]string", List(&Text)),
];

static VOLUME_RESOURCE_REQUIREMENTS: &[Field] =
    &[field("Limits", "limits", "v1.ResourceList", Map(&Quantity)), field("Requests", "requests", "v1.ResourceList", Map(&Quantity))];

static TYPED_LOCAL_OBJECT_REFERENCE: &[Field] = &[
    field("APIGroup", "apiGroup", "*string", Pointer(&Text)),
    field("Kind", "kind", "string", Text),
    field("Name", "name", "string", Text),
];

static TYPED_OBJECT_REFERENCE: &[Field] = &[
    field("APIGroup", "apiGroup", "*string", Pointer(&Text)),
    field("Kind", "kind", "string", Text),
    field("Name", "name", "string", Text),
    field("Namespace", "namespace", "*string", Pointer(&Text)),
];
