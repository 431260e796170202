//! Versions beside each other: workers and their control plane, and one version after another.

use fleet_core::{KubernetesVersion, skew};

use super::mistake::{Found, Problem};
use super::single::version_path;
use super::tree::{Tree, path};
use crate::rollout::read::{offers, version_of_eks};
use crate::rollout::state::{first_of_minor, leads_to};

/// No worker is newer than its control plane, or more than three minors older. Cluster API's webhooks take both.
pub(super) fn check(new: &[Tree], there: &[Tree], mistakes: &mut Found) {
    for worker in new.iter().filter(|object| is_worker(object)) {
        let (Some(at), Some(version)) = (version_path(worker.kind), version(worker)) else {
            continue;
        };
        let mut all = new.iter().chain(there);
        let control_plane = all
            .find(|object| {
                is_holder(object) && object.namespace == worker.namespace && same_cluster(object, worker, new)
            })
            .and_then(self::version);
        let skewed = control_plane.and_then(|it| skew::check_kubelet(&it, &version).err());
        if let Some(error) = skewed {
            worker.mistake(path(at), Problem::Skew(error), mistakes);
        }
    }
}

/// A control plane goes up by one minor at most, and never down: that the webhook of `KubeadmControlPlane` does not refuse. A
/// topology goes up as far as its class leads.
pub(super) fn check_change(before: &Tree, after: &Tree, there: &[Tree], mistakes: &mut Found) {
    if !is_holder(after) {
        return;
    }
    let (Some(at), Some(from), Some(to)) = (version_path(after.kind), version(before), version(after)) else {
        return;
    };
    let class = referred_class(after, there);
    if from.same_release(&to) || class.is_some_and(|class| leads_to(&offers(&class.value), &from, &to)) {
        return;
    }
    if let Err(error) = skew::check_control_plane_hop(&from, &to) {
        after.mistake(path(at), Problem::Skew(error), mistakes);
    }
}

fn referred_class<'a>(cluster: &Tree, there: &'a [Tree]) -> Option<&'a Tree> {
    let name = cluster.text("spec.topology.classRef.name")?;
    let namespace = cluster
        .text("spec.topology.classRef.namespace")
        .unwrap_or(&cluster.namespace);
    let mut there = there.iter();
    there.find(|object| object.is("ClusterClass") && object.name == name && object.namespace == namespace)
}

fn version(object: &Tree) -> Option<KubernetesVersion> {
    let text = object.text(version_path(object.kind)?)?;
    if object.is("AWSManagedControlPlane") {
        return version_of_eks(text).ok().map(|version| first_of_minor(&version));
    }
    text.parse().ok()
}

fn is_worker(object: &Tree) -> bool {
    ["MachineDeployment", "MachineSet", "MachinePool"].contains(&object.kind)
}

/// Whether it says the version of a control plane.
fn is_holder(object: &Tree) -> bool {
    matches!(
        object.kind,
        "Cluster" | "KubeadmControlPlane" | "AWSManagedControlPlane" | "AzureASOManagedControlPlane"
    ) && version(object).is_some()
}

/// A control plane belongs to the Cluster that refers to it, labelled or not.
fn same_cluster(holder: &Tree, worker: &Tree, all: &[Tree]) -> bool {
    let Some(cluster) = worker.cluster() else {
        return false;
    };
    if holder.cluster() == Some(cluster) {
        return true;
    }
    let named = all
        .iter()
        .find(|object| object.is("Cluster") && object.name == cluster);
    named
        .and_then(|cluster| cluster.text("spec.controlPlaneRef.name"))
        .is_some_and(|name| name == holder.name)
}
