//! The `CustomResourceDefinition`s of the kinds this crate models.

use std::sync::LazyLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

#[cfg(feature = "aws")]
use crate::aws;
#[cfg(feature = "azure")]
use crate::azure;
#[cfg(feature = "docker")]
use crate::docker;
#[cfg(feature = "vsphere")]
use crate::vsphere;
use crate::{schema, v1alpha1, v1beta1, v1beta2};

/// One `CustomResourceDefinition` for each kind, with every version of it served and the newest stored.
///
/// They are derived from the types of this crate: every field upstream has, none of its validation rules, and
/// unknown fields are kept. That is what a test hub needs; a production hub takes upstream's own, because only
/// those come with the webhooks that convert between the versions.
/// Without the webhooks an API server only changes the `apiVersion`: what was written as v1beta1 comes back as v1beta2
/// with the fields of v1beta1. Ask such a hub for the version that was written.
///
/// ```
/// let crds = fleet_capi::crds();
/// let names: Vec<_> = crds.iter().filter_map(|crd| crd.metadata.name.as_deref()).collect();
/// assert!(names.contains(&"clusters.cluster.x-k8s.io"));
/// ```
pub fn crds() -> Vec<CustomResourceDefinition> {
    // Deriving them takes some hundred milliseconds, a copy next to nothing.
    static CRDS: LazyLock<Vec<CustomResourceDefinition>> = LazyLock::new(derive_crds);
    CRDS.clone()
}

fn derive_crds() -> Vec<CustomResourceDefinition> {
    #[allow(unused_mut, reason = "without a provider's feature nothing is added")]
    let mut crds = vec![
        merge::<v1beta1::Cluster, v1beta2::Cluster>(CLUSTER_API),
        merge::<v1beta1::Machine, v1beta2::Machine>(CLUSTER_API),
        merge::<v1beta1::MachineSet, v1beta2::MachineSet>(CLUSTER_API),
        merge::<v1beta1::MachineDeployment, v1beta2::MachineDeployment>(CLUSTER_API),
        merge::<v1beta1::KubeadmConfigTemplate, v1beta2::KubeadmConfigTemplate>(CLUSTER_API),
        merge::<v1beta1::KubeadmControlPlane, v1beta2::KubeadmControlPlane>(CLUSTER_API),
        merge::<v1beta1::ClusterClass, v1beta2::ClusterClass>(CLUSTER_API),
        merge::<v1beta1::MachinePool, v1beta2::MachinePool>(CLUSTER_API),
        merge::<v1beta1::MachineHealthCheck, v1beta2::MachineHealthCheck>(CLUSTER_API),
        merge::<v1beta1::MachineDrainRule, v1beta2::MachineDrainRule>(CLUSTER_API),
        merge::<v1beta1::ClusterResourceSet, v1beta2::ClusterResourceSet>(CLUSTER_API),
        merge::<v1beta1::ClusterResourceSetBinding, v1beta2::ClusterResourceSetBinding>(CLUSTER_API),
        merge::<v1beta1::IPAddress, v1beta2::IPAddress>(CLUSTER_API),
        merge::<v1beta1::IPAddressClaim, v1beta2::IPAddressClaim>(CLUSTER_API),
        merge::<v1beta1::KubeadmConfig, v1beta2::KubeadmConfig>(CLUSTER_API),
        merge::<v1beta1::KubeadmControlPlaneTemplate, v1beta2::KubeadmControlPlaneTemplate>(CLUSTER_API),
        merge::<v1alpha1::ExtensionConfig, v1beta2::ExtensionConfig>(CLUSTER_API),
    ];
    #[cfg(feature = "docker")]
    crds.extend([
        merge::<docker::v1beta1::DockerCluster, docker::v1beta2::DockerCluster>(CLUSTER_API),
        merge::<docker::v1beta1::DockerMachineTemplate, docker::v1beta2::DockerMachineTemplate>(CLUSTER_API),
        merge::<docker::v1beta1::DevCluster, docker::v1beta2::DevCluster>(CLUSTER_API),
        merge::<docker::v1beta1::DevMachineTemplate, docker::v1beta2::DevMachineTemplate>(CLUSTER_API),
        merge::<docker::v1beta1::DockerMachine, docker::v1beta2::DockerMachine>(CLUSTER_API),
        merge::<docker::v1beta1::DockerClusterTemplate, docker::v1beta2::DockerClusterTemplate>(CLUSTER_API),
        merge::<docker::v1beta1::DockerMachinePool, docker::v1beta2::DockerMachinePool>(CLUSTER_API),
        merge::<docker::v1beta1::DockerMachinePoolTemplate, docker::v1beta2::DockerMachinePoolTemplate>(
            CLUSTER_API,
        ),
        merge::<docker::v1beta1::DevMachine, docker::v1beta2::DevMachine>(CLUSTER_API),
        merge::<docker::v1beta1::DevClusterTemplate, docker::v1beta2::DevClusterTemplate>(CLUSTER_API),
        finish(docker::v1beta2::DevMachinePool::crd(), CLUSTER_API),
        finish(docker::v1beta2::DevMachinePoolTemplate::crd(), CLUSTER_API),
    ]);
    #[cfg(feature = "aws")]
    crds.extend([
        merge::<aws::v1beta1::AWSCluster, aws::v1beta2::AWSCluster>(AWS),
        merge::<aws::v1beta1::AWSMachineTemplate, aws::v1beta2::AWSMachineTemplate>(AWS),
        finish(aws::v1beta2::AWSMachine::crd(), AWS),
        finish(aws::v1beta2::AWSClusterTemplate::crd(), AWS),
        finish(aws::v1beta2::AWSManagedCluster::crd(), AWS),
        finish(aws::v1beta2::AWSManagedControlPlane::crd(), AWS),
        finish(aws::v1beta2::AWSMachinePool::crd(), AWS),
        finish(aws::v1beta2::AWSManagedMachinePool::crd(), AWS),
    ]);
    #[cfg(feature = "azure")]
    crds.extend([
        finish(azure::v1beta1::AzureCluster::crd(), AZURE),
        finish(azure::v1beta1::AzureClusterTemplate::crd(), AZURE),
        finish(azure::v1beta1::AzureMachine::crd(), AZURE),
        finish(azure::v1beta1::AzureMachineTemplate::crd(), AZURE),
        finish(azure::v1beta1::AzureASOManagedCluster::crd(), AZURE),
        finish(azure::v1beta1::AzureASOManagedControlPlane::crd(), AZURE),
        finish(azure::v1beta1::AzureASOManagedMachinePool::crd(), AZURE),
    ]);
    #[cfg(feature = "vsphere")]
    crds.extend([
        merge::<vsphere::v1beta1::VSphereCluster, vsphere::v1beta2::VSphereCluster>(CLUSTER_API),
        merge::<vsphere::v1beta1::VSphereClusterTemplate, vsphere::v1beta2::VSphereClusterTemplate>(
            CLUSTER_API,
        ),
        merge::<vsphere::v1beta1::VSphereMachine, vsphere::v1beta2::VSphereMachine>(CLUSTER_API),
        merge::<vsphere::v1beta1::VSphereMachineTemplate, vsphere::v1beta2::VSphereMachineTemplate>(
            CLUSTER_API,
        ),
    ]);
    crds
}

/// Which API versions of a kind follow which version of the contract between Cluster API and its providers.
type Contract = &'static [(&'static str, &'static str)];

const CLUSTER_API: Contract = &[
    ("cluster.x-k8s.io/v1beta1", "v1beta1"),
    ("cluster.x-k8s.io/v1beta2", "v1beta2"),
];

/// AWS calls its version v1beta2, and yet it follows the contract v1beta1.
#[cfg(feature = "aws")]
const AWS: Contract = &[("cluster.x-k8s.io/v1beta1", "v1beta1_v1beta2")];

#[cfg(feature = "azure")]
const AZURE: Contract = &[("cluster.x-k8s.io/v1beta1", "v1beta1")];

/// Not kube's `merge_crds`: that one can fail, and orders the versions from the newest to the oldest.
fn merge<Older: CustomResourceExt, Newer: CustomResourceExt>(contract: Contract) -> CustomResourceDefinition {
    let mut crd = Newer::crd();
    crd.spec.versions.splice(0..0, Older::crd().spec.versions);
    finish(crd, contract)
}

/// Gives a derived CRD what the derive does not know.
fn finish(mut crd: CustomResourceDefinition, contract: Contract) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        if let Some(schema) = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
        {
            schema::refuse_nulls(schema);
        }
    }
    let labels = contract
        .iter()
        .map(|(label, versions)| ((*label).to_owned(), (*versions).to_owned()));
    crd.metadata.labels.get_or_insert_default().extend(labels);
    crd
}
