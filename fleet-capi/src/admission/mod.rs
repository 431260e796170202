//! What Cluster API's webhooks would refuse, said before anything is applied; and what they would not refuse and should.
//!
//! ```
//! use fleet_capi::{Object, admission};
//! use fleet_core::yaml;
//!
//! let text = "
//! apiVersion: controlplane.cluster.x-k8s.io/v1beta2
//! kind: KubeadmControlPlane
//! metadata: {name: eu}
//! spec:
//!   replicas: 2
//!   version: v1.34.0
//!   machineTemplate:
//!     spec:
//!       infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSMachineTemplate, name: eu}
//! ";
//! let object = Object::decode(&yaml::documents(text)?[0])?;
//! let mistakes = admission::check(&[object]).unwrap_err();
//! assert_eq!(
//!     mistakes.to_string(),
//!     "KubeadmControlPlane eu: spec.machineTemplate.spec.infrastructureRef.name: there is no AWSMachineTemplate eu\n\
//!      KubeadmControlPlane eu: spec.replicas: found 2; stacked etcd needs an odd number, such as 3"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rules are those of Cluster API 1.14's admission webhooks (`core/webhooks/admission`,
//! `controlplane/kubeadm/webhooks/admission`), and of the providers' for what they keep from changing. Beyond them:
//! references that lead nowhere, address ranges that overlap, workers outside of the version skew, and a control plane that
//! goes down, which Cluster API takes without a word.
//!
//! Objects of v1beta1 are checked as the webhooks see them: converted. The paths are those of v1beta2.

mod change;
mod control_plane;
mod mistake;
mod network;
mod references;
mod single;
mod tree;
mod versions;

use std::collections::BTreeSet;

use crate::Object;
pub use mistake::{Mistake, Mistakes, Problem};
use tree::Tree;

/// Checks objects that are to be made together: each by itself, and all of them beside each other.
///
/// # Errors
/// Everything that is wrong, in the order of kinds, names and paths.
pub fn check(objects: &[Object]) -> Result<(), Mistakes> {
    check_beside(objects, &[])
}

/// As [`check`], where some objects are there already: these are referred to, and not checked again.
///
/// # Errors
/// As [`check`].
pub fn check_beside(objects: &[Object], existing: &[Object]) -> Result<(), Mistakes> {
    let mut mistakes = BTreeSet::new();
    let new = Tree::of_all(objects, &mut mistakes);
    // What is there was let in by somebody; that it cannot be read is not the mistake of what comes.
    let there = Tree::of_all(existing, &mut BTreeSet::new());
    for object in &new {
        single::check(object, &mut mistakes);
        control_plane::check(object, &mut mistakes);
    }
    references::check(&new, &there, &mut mistakes);
    network::check(&new, &there, &mut mistakes);
    versions::check(&new, &there, &mut mistakes);
    Mistakes::none_of(mistakes)
}

/// Checks a change of one object: what it becomes, and what of it may not change.
///
/// # Errors
/// Everything that is wrong. Two objects that are not the same one differ in their identity, which cannot change either.
pub fn check_change(before: &Object, after: &Object) -> Result<(), Mistakes> {
    check_change_beside(before, after, &[])
}

/// As [`check_change`], with the objects that are there: the `ClusterClass` of a Cluster, whose versions may go up by more than
/// one minor where the class lists those in between.
///
/// # Errors
/// As [`check_change`].
pub fn check_change_beside(before: &Object, after: &Object, existing: &[Object]) -> Result<(), Mistakes> {
    let mut mistakes = BTreeSet::new();
    let there = Tree::of_all(existing, &mut BTreeSet::new());
    let trees = Tree::of_all([before, after], &mut mistakes);
    if let [before, after] = &trees[..] {
        single::check(after, &mut mistakes);
        control_plane::check(after, &mut mistakes);
        change::check(before, after, &mut mistakes);
        versions::check_change(before, after, &there, &mut mistakes);
    }
    Mistakes::none_of(mistakes)
}
