//! Any object of a kind this crate knows, in the version it was written in.

use fleet_core::yaml::{self, DecodeError, DecodeProblem, Document, FieldPath, YamlError};
use fleet_core::{KubernetesVersion, VersionError};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::accessors::CLUSTER_NAME_LABEL;
#[cfg(feature = "aws")]
use crate::aws;
#[cfg(feature = "azure")]
use crate::azure;
#[cfg(feature = "docker")]
use crate::docker;
#[cfg(feature = "aws")]
use crate::rollout::read::version_of_eks;
#[cfg(feature = "vsphere")]
use crate::vsphere;
use crate::{v1alpha1, v1beta1, v1beta2};

/// An `apiVersion` and a `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKind {
    /// Group and version, such as `cluster.x-k8s.io/v1beta2`.
    pub api_version: &'static str,
    /// The kind, such as `MachineDeployment`.
    pub kind: &'static str,
}

/// What is wrong with an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// It is not a Kubernetes object.
    #[error("not a Kubernetes object: the field `{field}` must be there and hold text")]
    NotAnObject {
        /// `apiVersion` or `kind`.
        field: &'static str,
    },
    /// Its kind is none of [`Object::KINDS`].
    #[error("no model for {api_version} {kind}: `Object::KINDS` lists the kinds that have one")]
    UnknownKind {
        /// The `apiVersion` found.
        api_version: String,
        /// The `kind` found.
        kind: String,
    },
    /// A field does not hold what its kind expects there.
    #[error("{kind} {name:?}: `{path}` cannot be read")]
    Field {
        /// The kind of the object.
        kind: &'static str,
        /// The name of the object, empty where it has none.
        name: String,
        /// Where in the object, such as `spec.template.spec.version`.
        path: FieldPath,
        /// What was found and what was expected.
        #[source]
        source: Box<DecodeProblem>,
    },
    /// A field of a document does not hold what its kind expects there.
    #[error("{kind} {name:?} cannot be read")]
    Document {
        /// The kind of the object.
        kind: &'static str,
        /// The name of the object, empty where it has none.
        name: String,
        /// The field and its line and column, what was found and what was expected.
        #[source]
        source: Box<DecodeError>,
    },
}

macro_rules! objects {
    ($( $(#[$attr:meta])* $variant:ident($type:ty) = $api_version:literal $kind:literal, )+) => {
        /// An object of Cluster API, read as the version it says it is.
        ///
        /// A repository holds both versions for years: this is the one type for "whatever stands there". What all
        /// kinds and versions share is a method; the rest is a `match`.
        ///
        /// ```
        /// use fleet_capi::{Object, v1beta2};
        ///
        /// let read = Object::from_value(serde_json::json!({
        ///     "apiVersion": "cluster.x-k8s.io/v1beta2",
        ///     "kind": "Cluster",
        ///     "metadata": {"name": "production-eu-west", "namespace": "clusters"},
        ///     "spec": {"paused": true},
        /// }))?;
        /// assert_eq!(read.name(), "production-eu-west");
        /// if let Object::ClusterV1beta2(cluster) = &read {
        ///     assert_eq!(cluster.spec.paused, Some(true));
        /// }
        /// let cluster = v1beta2::Cluster::try_from(read)?;
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Object {
            $(
                $(#[$attr])*
                #[doc = concat!("A `", $kind, "` of ", $api_version, ".")]
                $variant(Box<$type>),
            )+
        }

        impl Object {
            /// Every `apiVersion` and `kind` that can be read.
            pub const KINDS: &[ApiKind] =
                &[$( $(#[$attr])* ApiKind { api_version: $api_version, kind: $kind }, )+];

            /// Reads an object by its `apiVersion` and `kind`.
            pub fn from_value(value: Value) -> Result<Self, ObjectError> {
                match type_of(&value)? {
                    $( $(#[$attr])* ($api_version, $kind) => read::<$type>(value, $kind).map(Self::from), )+
                    (api_version, kind) => Err(unknown_kind(api_version, kind)),
                }
            }

            /// Reads a document by its `apiVersion` and `kind`; an error says the line and column.
            pub fn decode(document: &Document) -> Result<Self, ObjectError> {
                let value = document.value();
                if value.get("spec").is_none_or(Value::is_null) {
                    return Self::from_value(value.clone());
                }
                match type_of(value)? {
                    $(
                        $(#[$attr])*
                        ($api_version, $kind) => {
                            document.decode::<$type>().map(Self::from).map_err(|source| ObjectError::Document {
                                kind: $kind,
                                name: name_of(value),
                                source: Box::new(source),
                            })
                        }
                    )+
                    (api_version, kind) => Err(unknown_kind(api_version, kind)),
                }
            }

            /// The `apiVersion` and `kind`.
            pub fn api_kind(&self) -> ApiKind {
                match self {
                    $( $(#[$attr])* Self::$variant(_) => ApiKind { api_version: $api_version, kind: $kind }, )+
                }
            }

            /// Name, namespace, labels, annotations and the like.
            pub fn metadata(&self) -> &ObjectMeta {
                match self { $( $(#[$attr])* Self::$variant(object) => object.meta(), )+ }
            }

            /// Name, namespace, labels, annotations and the like, to change.
            pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
                match self { $( $(#[$attr])* Self::$variant(object) => object.meta_mut(), )+ }
            }
        }

        impl Object {
            /// The object as JSON, with every field it was read with.
            pub fn to_value(&self) -> Result<Value, serde_json::Error> {
                match self { $( $(#[$attr])* Self::$variant(object) => serde_json::to_value(object), )+ }
            }
        }

        /// By way of [`Object::to_value`]: the many types behind it are compiled for one serializer, not for every
        /// one that a program uses.
        impl Serialize for Object {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.to_value().map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
        }

        $(
            $(#[$attr])*
            impl From<$type> for Object {
                fn from(object: $type) -> Self {
                    Self::$variant(Box::new(object))
                }
            }

            /// An error where it is of another kind or version.
            $(#[$attr])*
            impl TryFrom<Object> for $type {
                type Error = WrongKind;

                fn try_from(object: Object) -> Result<Self, WrongKind> {
                    match object {
                        Object::$variant(object) => Ok(*object),
                        other => Err(WrongKind {
                            found: other.api_kind(),
                            expected: ApiKind { api_version: $api_version, kind: $kind },
                        }),
                    }
                }
            }
        )+
    };
}

objects! {
    ClusterV1beta1(v1beta1::Cluster) = "cluster.x-k8s.io/v1beta1" "Cluster",
    ClusterV1beta2(v1beta2::Cluster) = "cluster.x-k8s.io/v1beta2" "Cluster",
    MachineV1beta1(v1beta1::Machine) = "cluster.x-k8s.io/v1beta1" "Machine",
    MachineV1beta2(v1beta2::Machine) = "cluster.x-k8s.io/v1beta2" "Machine",
    MachineSetV1beta1(v1beta1::MachineSet) = "cluster.x-k8s.io/v1beta1" "MachineSet",
    MachineSetV1beta2(v1beta2::MachineSet) = "cluster.x-k8s.io/v1beta2" "MachineSet",
    MachineDeploymentV1beta1(v1beta1::MachineDeployment) = "cluster.x-k8s.io/v1beta1" "MachineDeployment",
    MachineDeploymentV1beta2(v1beta2::MachineDeployment) = "cluster.x-k8s.io/v1beta2" "MachineDeployment",
    KubeadmConfigTemplateV1beta1(v1beta1::KubeadmConfigTemplate) =
        "bootstrap.cluster.x-k8s.io/v1beta1" "KubeadmConfigTemplate",
    KubeadmConfigTemplateV1beta2(v1beta2::KubeadmConfigTemplate) =
        "bootstrap.cluster.x-k8s.io/v1beta2" "KubeadmConfigTemplate",
    KubeadmControlPlaneV1beta1(v1beta1::KubeadmControlPlane) =
        "controlplane.cluster.x-k8s.io/v1beta1" "KubeadmControlPlane",
    KubeadmControlPlaneV1beta2(v1beta2::KubeadmControlPlane) =
        "controlplane.cluster.x-k8s.io/v1beta2" "KubeadmControlPlane",
    ClusterClassV1beta1(v1beta1::ClusterClass) = "cluster.x-k8s.io/v1beta1" "ClusterClass",
    ClusterClassV1beta2(v1beta2::ClusterClass) = "cluster.x-k8s.io/v1beta2" "ClusterClass",
    MachinePoolV1beta1(v1beta1::MachinePool) = "cluster.x-k8s.io/v1beta1" "MachinePool",
    MachinePoolV1beta2(v1beta2::MachinePool) = "cluster.x-k8s.io/v1beta2" "MachinePool",
    MachineHealthCheckV1beta1(v1beta1::MachineHealthCheck) = "cluster.x-k8s.io/v1beta1" "MachineHealthCheck",
    MachineHealthCheckV1beta2(v1beta2::MachineHealthCheck) = "cluster.x-k8s.io/v1beta2" "MachineHealthCheck",
    MachineDrainRuleV1beta1(v1beta1::MachineDrainRule) = "cluster.x-k8s.io/v1beta1" "MachineDrainRule",
    MachineDrainRuleV1beta2(v1beta2::MachineDrainRule) = "cluster.x-k8s.io/v1beta2" "MachineDrainRule",
    ClusterResourceSetV1beta1(v1beta1::ClusterResourceSet) = "addons.cluster.x-k8s.io/v1beta1" "ClusterResourceSet",
    ClusterResourceSetV1beta2(v1beta2::ClusterResourceSet) = "addons.cluster.x-k8s.io/v1beta2" "ClusterResourceSet",
    ClusterResourceSetBindingV1beta1(v1beta1::ClusterResourceSetBinding) = "addons.cluster.x-k8s.io/v1beta1" "ClusterResourceSetBinding",
    ClusterResourceSetBindingV1beta2(v1beta2::ClusterResourceSetBinding) = "addons.cluster.x-k8s.io/v1beta2" "ClusterResourceSetBinding",
    IpAddressV1beta1(v1beta1::IPAddress) = "ipam.cluster.x-k8s.io/v1beta1" "IPAddress",
    IpAddressV1beta2(v1beta2::IPAddress) = "ipam.cluster.x-k8s.io/v1beta2" "IPAddress",
    IpAddressClaimV1beta1(v1beta1::IPAddressClaim) = "ipam.cluster.x-k8s.io/v1beta1" "IPAddressClaim",
    IpAddressClaimV1beta2(v1beta2::IPAddressClaim) = "ipam.cluster.x-k8s.io/v1beta2" "IPAddressClaim",
    KubeadmConfigV1beta1(v1beta1::KubeadmConfig) = "bootstrap.cluster.x-k8s.io/v1beta1" "KubeadmConfig",
    KubeadmConfigV1beta2(v1beta2::KubeadmConfig) = "bootstrap.cluster.x-k8s.io/v1beta2" "KubeadmConfig",
    KubeadmControlPlaneTemplateV1beta1(v1beta1::KubeadmControlPlaneTemplate) = "controlplane.cluster.x-k8s.io/v1beta1" "KubeadmControlPlaneTemplate",
    KubeadmControlPlaneTemplateV1beta2(v1beta2::KubeadmControlPlaneTemplate) = "controlplane.cluster.x-k8s.io/v1beta2" "KubeadmControlPlaneTemplate",
    ExtensionConfigV1alpha1(v1alpha1::ExtensionConfig) = "runtime.cluster.x-k8s.io/v1alpha1" "ExtensionConfig",
    ExtensionConfigV1beta2(v1beta2::ExtensionConfig) = "runtime.cluster.x-k8s.io/v1beta2" "ExtensionConfig",
    #[cfg(feature = "aws")]
    AwsClusterV1beta1(aws::v1beta1::AWSCluster) = "infrastructure.cluster.x-k8s.io/v1beta1" "AWSCluster",
    #[cfg(feature = "aws")]
    AwsClusterV1beta2(aws::v1beta2::AWSCluster) = "infrastructure.cluster.x-k8s.io/v1beta2" "AWSCluster",
    #[cfg(feature = "aws")]
    AwsMachineTemplateV1beta1(aws::v1beta1::AWSMachineTemplate) =
        "infrastructure.cluster.x-k8s.io/v1beta1" "AWSMachineTemplate",
    #[cfg(feature = "aws")]
    AwsMachineTemplateV1beta2(aws::v1beta2::AWSMachineTemplate) =
        "infrastructure.cluster.x-k8s.io/v1beta2" "AWSMachineTemplate",
    #[cfg(feature = "docker")]
    DockerClusterV1beta1(docker::v1beta1::DockerCluster) =
        "infrastructure.cluster.x-k8s.io/v1beta1" "DockerCluster",
    #[cfg(feature = "docker")]
    DockerClusterV1beta2(docker::v1beta2::DockerCluster) =
        "infrastructure.cluster.x-k8s.io/v1beta2" "DockerCluster",
    #[cfg(feature = "docker")]
    DockerMachineTemplateV1beta1(docker::v1beta1::DockerMachineTemplate) =
        "infrastructure.cluster.x-k8s.io/v1beta1" "DockerMachineTemplate",
    #[cfg(feature = "docker")]
    DockerMachineTemplateV1beta2(docker::v1beta2::DockerMachineTemplate) =
        "infrastructure.cluster.x-k8s.io/v1beta2" "DockerMachineTemplate",
    #[cfg(feature = "docker")]
    DevClusterV1beta1(docker::v1beta1::DevCluster) = "infrastructure.cluster.x-k8s.io/v1beta1" "DevCluster",
    #[cfg(feature = "docker")]
    DevClusterV1beta2(docker::v1beta2::DevCluster) = "infrastructure.cluster.x-k8s.io/v1beta2" "DevCluster",
    #[cfg(feature = "docker")]
    DevMachineTemplateV1beta1(docker::v1beta1::DevMachineTemplate) =
        "infrastructure.cluster.x-k8s.io/v1beta1" "DevMachineTemplate",
    #[cfg(feature = "docker")]
    DevMachineTemplateV1beta2(docker::v1beta2::DevMachineTemplate) =
        "infrastructure.cluster.x-k8s.io/v1beta2" "DevMachineTemplate",
    #[cfg(feature = "docker")]
    DockerMachineV1beta1(docker::v1beta1::DockerMachine) = "infrastructure.cluster.x-k8s.io/v1beta1" "DockerMachine",
    #[cfg(feature = "docker")]
    DockerMachineV1beta2(docker::v1beta2::DockerMachine) = "infrastructure.cluster.x-k8s.io/v1beta2" "DockerMachine",
    #[cfg(feature = "docker")]
    DockerClusterTemplateV1beta1(docker::v1beta1::DockerClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta1" "DockerClusterTemplate",
    #[cfg(feature = "docker")]
    DockerClusterTemplateV1beta2(docker::v1beta2::DockerClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta2" "DockerClusterTemplate",
    #[cfg(feature = "docker")]
    DockerMachinePoolV1beta1(docker::v1beta1::DockerMachinePool) = "infrastructure.cluster.x-k8s.io/v1beta1" "DockerMachinePool",
    #[cfg(feature = "docker")]
    DockerMachinePoolV1beta2(docker::v1beta2::DockerMachinePool) = "infrastructure.cluster.x-k8s.io/v1beta2" "DockerMachinePool",
    #[cfg(feature = "docker")]
    DockerMachinePoolTemplateV1beta1(docker::v1beta1::DockerMachinePoolTemplate) = "infrastructure.cluster.x-k8s.io/v1beta1" "DockerMachinePoolTemplate",
    #[cfg(feature = "docker")]
    DockerMachinePoolTemplateV1beta2(docker::v1beta2::DockerMachinePoolTemplate) = "infrastructure.cluster.x-k8s.io/v1beta2" "DockerMachinePoolTemplate",
    #[cfg(feature = "docker")]
    DevMachineV1beta1(docker::v1beta1::DevMachine) = "infrastructure.cluster.x-k8s.io/v1beta1" "DevMachine",
    #[cfg(feature = "docker")]
    DevMachineV1beta2(docker::v1beta2::DevMachine) = "infrastructure.cluster.x-k8s.io/v1beta2" "DevMachine",
    #[cfg(feature = "docker")]
    DevClusterTemplateV1beta1(docker::v1beta1::DevClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta1" "DevClusterTemplate",
    #[cfg(feature = "docker")]
    DevClusterTemplateV1beta2(docker::v1beta2::DevClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta2" "DevClusterTemplate",
    #[cfg(feature = "docker")]
    DevMachinePoolV1beta2(docker::v1beta2::DevMachinePool) = "infrastructure.cluster.x-k8s.io/v1beta2" "DevMachinePool",
    #[cfg(feature = "docker")]
    DevMachinePoolTemplateV1beta2(docker::v1beta2::DevMachinePoolTemplate) = "infrastructure.cluster.x-k8s.io/v1beta2" "DevMachinePoolTemplate",
    #[cfg(feature = "aws")]
    AwsMachineV1beta2(aws::v1beta2::AWSMachine) = "infrastructure.cluster.x-k8s.io/v1beta2" "AWSMachine",
    #[cfg(feature = "aws")]
    AwsClusterTemplateV1beta2(aws::v1beta2::AWSClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta2" "AWSClusterTemplate",
    #[cfg(feature = "aws")]
    AwsManagedClusterV1beta2(aws::v1beta2::AWSManagedCluster) = "infrastructure.cluster.x-k8s.io/v1beta2" "AWSManagedCluster",
    #[cfg(feature = "aws")]
    AwsManagedControlPlaneV1beta2(aws::v1beta2::AWSManagedControlPlane) = "controlplane.cluster.x-k8s.io/v1beta2" "AWSManagedControlPlane",
    #[cfg(feature = "aws")]
    AwsMachinePoolV1beta2(aws::v1beta2::AWSMachinePool) = "infrastructure.cluster.x-k8s.io/v1beta2" "AWSMachinePool",
    #[cfg(feature = "aws")]
    AwsManagedMachinePoolV1beta2(aws::v1beta2::AWSManagedMachinePool) = "infrastructure.cluster.x-k8s.io/v1beta2" "AWSManagedMachinePool",
    #[cfg(feature = "azure")]
    AzureClusterV1beta1(azure::v1beta1::AzureCluster) = "infrastructure.cluster.x-k8s.io/v1beta1" "AzureCluster",
    #[cfg(feature = "azure")]
    AzureClusterTemplateV1beta1(azure::v1beta1::AzureClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta1" "AzureClusterTemplate",
    #[cfg(feature = "azure")]
    AzureMachineV1beta1(azure::v1beta1::AzureMachine) = "infrastructure.cluster.x-k8s.io/v1beta1" "AzureMachine",
    #[cfg(feature = "azure")]
    AzureMachineTemplateV1beta1(azure::v1beta1::AzureMachineTemplate) = "infrastructure.cluster.x-k8s.io/v1beta1" "AzureMachineTemplate",
    #[cfg(feature = "azure")]
    AzureAsoManagedClusterV1beta1(azure::v1beta1::AzureASOManagedCluster) = "infrastructure.cluster.x-k8s.io/v1beta1" "AzureASOManagedCluster",
    #[cfg(feature = "azure")]
    AzureAsoManagedControlPlaneV1beta1(azure::v1beta1::AzureASOManagedControlPlane) = "infrastructure.cluster.x-k8s.io/v1beta1" "AzureASOManagedControlPlane",
    #[cfg(feature = "azure")]
    AzureAsoManagedMachinePoolV1beta1(azure::v1beta1::AzureASOManagedMachinePool) = "infrastructure.cluster.x-k8s.io/v1beta1" "AzureASOManagedMachinePool",
    #[cfg(feature = "vsphere")]
    VsphereClusterV1beta1(vsphere::v1beta1::VSphereCluster) = "infrastructure.cluster.x-k8s.io/v1beta1" "VSphereCluster",
    #[cfg(feature = "vsphere")]
    VsphereClusterV1beta2(vsphere::v1beta2::VSphereCluster) = "infrastructure.cluster.x-k8s.io/v1beta2" "VSphereCluster",
    #[cfg(feature = "vsphere")]
    VsphereClusterTemplateV1beta1(vsphere::v1beta1::VSphereClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta1" "VSphereClusterTemplate",
    #[cfg(feature = "vsphere")]
    VsphereClusterTemplateV1beta2(vsphere::v1beta2::VSphereClusterTemplate) = "infrastructure.cluster.x-k8s.io/v1beta2" "VSphereClusterTemplate",
    #[cfg(feature = "vsphere")]
    VsphereMachineV1beta1(vsphere::v1beta1::VSphereMachine) = "infrastructure.cluster.x-k8s.io/v1beta1" "VSphereMachine",
    #[cfg(feature = "vsphere")]
    VsphereMachineV1beta2(vsphere::v1beta2::VSphereMachine) = "infrastructure.cluster.x-k8s.io/v1beta2" "VSphereMachine",
    #[cfg(feature = "vsphere")]
    VsphereMachineTemplateV1beta1(vsphere::v1beta1::VSphereMachineTemplate) = "infrastructure.cluster.x-k8s.io/v1beta1" "VSphereMachineTemplate",
    #[cfg(feature = "vsphere")]
    VsphereMachineTemplateV1beta2(vsphere::v1beta2::VSphereMachineTemplate) = "infrastructure.cluster.x-k8s.io/v1beta2" "VSphereMachineTemplate",
}

/// An [`Object`] is of another kind or version than the one asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {} {}, expected {} {}", found.api_version, found.kind, expected.api_version, expected.kind)]
pub struct WrongKind {
    /// What the object is.
    pub found: ApiKind,
    /// What was asked for.
    pub expected: ApiKind,
}

impl Object {
    /// Whether objects of this `apiVersion` and `kind` can be read.
    pub fn knows(api_version: &str, kind: &str) -> bool {
        Self::KINDS
            .iter()
            .any(|known| known.api_version == api_version && known.kind == kind)
    }

    /// The object as YAML, with every field it was read with.
    ///
    /// # Errors
    /// None in practice: what was read from YAML or JSON can be written.
    pub fn to_yaml(&self) -> Result<String, YamlError> {
        yaml::to_string(self)
    }

    /// The name, empty where there is none.
    pub fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    /// The namespace, if one is given.
    pub fn namespace(&self) -> Option<&str> {
        self.metadata().namespace.as_deref()
    }

    /// The cluster it belongs to: its own name for a `Cluster`, else what `spec.clusterName` or the label
    /// `cluster.x-k8s.io/cluster-name` says.
    pub fn cluster_name(&self) -> Option<&str> {
        match self {
            Self::ClusterV1beta1(_) | Self::ClusterV1beta2(_) => Some(self.name()),
            Self::MachineV1beta1(machine) => Some(&machine.spec.cluster_name),
            Self::MachineV1beta2(machine) => Some(&machine.spec.cluster_name),
            Self::MachineSetV1beta1(set) => Some(&set.spec.cluster_name),
            Self::MachineSetV1beta2(set) => Some(&set.spec.cluster_name),
            Self::MachineDeploymentV1beta1(deployment) => Some(&deployment.spec.cluster_name),
            Self::MachineDeploymentV1beta2(deployment) => Some(&deployment.spec.cluster_name),
            Self::MachinePoolV1beta1(pool) => Some(&pool.spec.cluster_name),
            Self::MachinePoolV1beta2(pool) => Some(&pool.spec.cluster_name),
            Self::MachineHealthCheckV1beta1(check) => Some(&check.spec.cluster_name),
            Self::MachineHealthCheckV1beta2(check) => Some(&check.spec.cluster_name),
            _ => self
                .metadata()
                .labels
                .as_ref()?
                .get(CLUSTER_NAME_LABEL)
                .map(String::as_str),
        }
    }

    /// The Kubernetes version it asks for: `spec.topology.version` of a `Cluster`, `spec.version` of a control
    /// plane (EKS and AKS included) or a `Machine`, `spec.template.spec.version` of a set or pool of machines. EKS may leave
    /// the patch release out: `v1.34` is `v1.34.0`.
    pub fn kubernetes_version(&self) -> Option<Result<KubernetesVersion, VersionError>> {
        let text = match self {
            Self::ClusterV1beta1(cluster) => Some(&cluster.spec.topology.as_ref()?.version),
            Self::ClusterV1beta2(cluster) => Some(&cluster.spec.topology.as_ref()?.version),
            Self::KubeadmControlPlaneV1beta1(control_plane) => Some(&control_plane.spec.version),
            Self::KubeadmControlPlaneV1beta2(control_plane) => Some(&control_plane.spec.version),
            Self::MachineV1beta1(machine) => machine.spec.version.as_ref(),
            Self::MachineV1beta2(machine) => machine.spec.version.as_ref(),
            Self::MachineSetV1beta1(set) => set.spec.template.as_ref()?.spec.as_ref()?.version.as_ref(),
            Self::MachineSetV1beta2(set) => set.spec.template.spec.version.as_ref(),
            Self::MachineDeploymentV1beta1(deployment) => {
                deployment.spec.template.spec.as_ref()?.version.as_ref()
            }
            Self::MachineDeploymentV1beta2(deployment) => deployment.spec.template.spec.version.as_ref(),
            Self::MachinePoolV1beta1(pool) => pool.spec.template.spec.as_ref()?.version.as_ref(),
            Self::MachinePoolV1beta2(pool) => pool.spec.template.spec.version.as_ref(),
            #[cfg(feature = "aws")]
            Self::AwsManagedControlPlaneV1beta2(control_plane) => {
                return Some(version_of_eks(control_plane.spec.version.as_ref()?));
            }
            #[cfg(feature = "azure")]
            Self::AzureAsoManagedControlPlaneV1beta1(control_plane) => control_plane.spec.version.as_ref(),
            _ => None,
        };
        text.map(|text| text.parse())
    }

    /// How many machines a control plane or a set of machines asks for.
    pub fn replicas(&self) -> Option<i32> {
        match self {
            Self::KubeadmControlPlaneV1beta1(control_plane) => control_plane.spec.replicas,
            Self::KubeadmControlPlaneV1beta2(control_plane) => control_plane.spec.replicas,
            Self::MachineSetV1beta1(set) => set.spec.replicas,
            Self::MachineSetV1beta2(set) => set.spec.replicas,
            Self::MachineDeploymentV1beta1(deployment) => deployment.spec.replicas,
            Self::MachineDeploymentV1beta2(deployment) => deployment.spec.replicas,
            Self::MachinePoolV1beta1(pool) => pool.spec.replicas,
            Self::MachinePoolV1beta2(pool) => pool.spec.replicas,
            _ => None,
        }
    }
}

fn type_of(value: &Value) -> Result<(&str, &str), ObjectError> {
    let text = |field| {
        value
            .get(field)
            .and_then(Value::as_str)
            .ok_or(ObjectError::NotAnObject { field })
    };
    Ok((text("apiVersion")?, text("kind")?))
}

fn unknown_kind(api_version: &str, kind: &str) -> ObjectError {
    ObjectError::UnknownKind {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
    }
}

fn name_of(value: &Value) -> String {
    value
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn read<T: serde::de::DeserializeOwned>(mut value: Value, kind: &'static str) -> Result<T, ObjectError> {
    // The derive asks for both, and several kinds are complete without a spec.
    if let Some(object) = value.as_object_mut() {
        for field in ["metadata", "spec"] {
            object
                .entry(field)
                .or_insert_with(|| Value::Object(serde_json::Map::new()));
        }
    }
    yaml::decode_value(&value).map_err(|error| ObjectError::Field {
        kind,
        name: name_of(&value),
        path: error.path,
        source: Box::new(error.problem),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_says_which_field_of_which_object() {
        let error = Object::from_value(json!({
            "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "MachineDeployment", "metadata": {"name": "workers"},
            "spec": {
                "clusterName": "a", "selector": {},
                "template": {"spec": {
                    "clusterName": "a", "bootstrap": {}, "version": 1.31,
                    "infrastructureRef": {"apiGroup": "g", "kind": "K", "name": "n"},
                }},
            },
        }))
        .unwrap_err();
        let ObjectError::Field {
            kind,
            name,
            path,
            source,
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!(
            (*kind, name.as_str(), path.to_string().as_str()),
            ("MachineDeployment", "workers", "spec.template.spec.version")
        );
        assert_eq!(
            error.to_string(),
            r#"MachineDeployment "workers": `spec.template.spec.version` cannot be read"#
        );
        assert!(source.to_string().contains("1.31"), "{source}");
    }

    #[test]
    fn a_document_says_where() {
        let text =
            "apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster\nmetadata:\n  name: a\nspec:\n  paused: 3\n";
        let documents = fleet_core::yaml::documents(text).unwrap();
        let error = Object::decode(&documents[0]).unwrap_err();
        let ObjectError::Document { source, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(source.path().to_string(), "spec.paused");
        assert_eq!((source.position().line, source.position().column), (6, 11));
    }

    #[test]
    fn what_is_not_an_object_of_ours_is_refused() {
        for (value, expected) in [
            (
                json!([]),
                "not a Kubernetes object: the field `apiVersion` must be there and hold text",
            ),
            (
                json!({"apiVersion": "v1", "kind": 3}),
                "not a Kubernetes object: the field `kind` must be there and hold text",
            ),
            (
                json!({"apiVersion": "cluster.x-k8s.io/v1alpha4", "kind": "Cluster"}),
                "no model for cluster.x-k8s.io/v1alpha4 Cluster: `Object::KINDS` lists the kinds that have one",
            ),
        ] {
            assert_eq!(Object::from_value(value).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_kind_that_needs_no_spec_may_have_none() {
        let read = Object::from_value(json!({
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2", "kind": "DockerCluster",
            "metadata": {"name": "a", "labels": {"cluster.x-k8s.io/cluster-name": "b"}},
        }))
        .unwrap();
        assert_eq!(read.cluster_name(), Some("b"));
        assert!(
            Object::from_value(json!({
                "apiVersion": "cluster.x-k8s.io/v1beta2", "kind": "Machine", "metadata": {"name": "a"},
            }))
            .is_err()
        );
    }

    #[cfg(feature = "aws")]
    #[test]
    fn a_version_of_eks_may_leave_the_patch_release_out() {
        let version = |text: &str| {
            let control_plane = json!({
                "apiVersion": "controlplane.cluster.x-k8s.io/v1beta2", "kind": "AWSManagedControlPlane",
                "metadata": {"name": "a"}, "spec": {"version": text},
            });
            let version = Object::from_value(control_plane).unwrap().kubernetes_version();
            version.unwrap().map(|version| version.to_string())
        };
        assert_eq!(version("v1.33"), Ok("v1.33.0".to_owned()));
        assert_eq!(version("1.33.2"), Ok("v1.33.2".to_owned()));
        assert!(version("latest").is_err());
    }

    #[test]
    fn another_kind_is_given_back_as_an_error() {
        let cluster = v1beta2::Cluster::new("a", v1beta2::ClusterSpec::default());
        let error = v1beta1::Cluster::try_from(Object::from(cluster)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "found cluster.x-k8s.io/v1beta2 Cluster, expected cluster.x-k8s.io/v1beta1 Cluster"
        );
    }
}
