//! Recovery planning: from a disaster to a runbook of typed steps.
//!
//! [`recovery_plan`] is a pure function. The order it gives is that of a recovery beside Argo CD: freeze the sync, fence what is
//! lost, CRDs and platform from Git with operators held, data before workloads, a gate behind each restore, and only then the
//! applications, in waves and without prune. If Argo CD came first it would make the volumes, empty, and Velero would skip them
//! and report success.
//!
//! Each [`Step`] says what must hold before it ([`Fact`]s), what holds after it, how long it takes and how it is undone;
//! [`RecoveryPlan::check`] runs a plan on paper.

mod action;
mod build;
mod check;
mod commands;
mod error;
mod fact;
mod markdown;
mod mermaid;
mod order;
mod own_location;
mod report;
mod restores;
mod settle;
mod timing;
mod warnings;
mod waves;

use std::collections::BTreeMap;

use fleet_core::purpose::Constraints;
use jiff::Timestamp;

pub use action::{Action, Owner, RestoreAction, Step, StepId};
pub use check::Violation;
pub use error::PlanError;
pub use fact::{BackupIndex, ClusterIndex, Fact, LocationIndex, NamespaceIndex};
pub use report::{LossReport, PlanReport, StepReport};

use crate::disaster::{Disaster, Losses};
use crate::inventory::FleetState;
use crate::protection::{Estimate, Exposure, RtoModel};
use crate::schedules::VolumeMethod;

/// What a plan assumes and wants.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// When it is made: the moment of the disaster.
    pub now: Timestamp,
    /// Where lost clusters are made anew; `None`: where they were, or after the loss of a region the one that most of the rest
    /// of the fleet is in.
    pub target_region: Option<String>,
    /// Which regions are of which residency. No cluster is made anew where its data must not be.
    pub constraints: Constraints,
    /// How long things take.
    pub model: RtoModel,
    /// New storage classes, by the old ones.
    pub storage_classes: BTreeMap<String, String>,
    /// The namespace that Velero runs in.
    pub velero_namespace: String,
    /// The namespace that Argo CD runs in.
    pub argocd_namespace: String,
    /// The namespace that Cluster API's objects are in.
    pub capi_namespace: String,
}

impl PlanOptions {
    /// At this time, with the documented figures and the usual namespaces.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            target_region: None,
            constraints: Constraints::default(),
            model: RtoModel::default(),
            storage_classes: BTreeMap::new(),
            velero_namespace: "velero".to_owned(),
            argocd_namespace: "argocd".to_owned(),
            capi_namespace: "clusters".to_owned(),
        }
    }
}

/// A runbook: what is done, in which order, how long it takes, and what is lost all the same.
#[derive(Clone, Debug, PartialEq)]
pub struct RecoveryPlan {
    /// What happened.
    pub disaster: Disaster,
    /// When.
    pub made_at: Timestamp,
    /// What it took.
    pub losses: Losses,
    /// The clusters that steps are about.
    pub clusters: Vec<TargetCluster>,
    /// The namespaces that are brought back.
    pub namespaces: Vec<NamespaceOutcome>,
    /// The backups that are restored from.
    pub backups: Vec<BackupSource>,
    /// The locations that backups go to from now on.
    pub locations: Vec<OwnLocation>,
    /// What holds before the first step.
    pub initial: Vec<Fact>,
    /// The steps; each comes after those it needs.
    pub steps: Vec<Step>,
    /// From the disaster until everything that comes back is back and verified.
    pub rto: Estimate,
    /// The most that is lost of anything.
    pub rpo: Exposure,
    /// What one should know.
    pub warnings: Vec<String>,
    /// Where things are, for the commands.
    pub(crate) places: Places,
}

/// Namespaces that commands name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) velero: String,
    pub(crate) argocd: String,
    pub(crate) capi: String,
}

/// A cluster that a plan is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetCluster {
    /// Its name, which a replacement keeps: Applications and kubeconfigs go by it.
    pub name: String,
    /// Whether it is made anew.
    pub is_replaced: bool,
    /// The region it was in.
    pub old_region: Option<String>,
    /// The region it will be in.
    pub region: Option<String>,
    /// Its Kubernetes version.
    pub kubernetes: Option<String>,
    /// The Applications that make its objects.
    pub applications: Vec<String>,
}

/// A backup that a plan restores from.
#[derive(Clone, Debug, PartialEq)]
pub struct BackupSource {
    /// The backup.
    pub name: String,
    /// The cluster it is restored to.
    pub cluster: ClusterIndex,
    /// The cluster that made it.
    pub made_by: String,
    /// The moment it restores to.
    pub started: Timestamp,
    /// The location: name, provider, bucket, prefix, region.
    pub location: LocationRef,
}

/// A storage location, as a cluster that restores from it must have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocationRef {
    /// The name on the cluster that made the backups.
    pub name: String,
    /// The provider.
    pub provider: String,
    /// The bucket.
    pub bucket: String,
    /// The path in it.
    pub prefix: String,
    /// Its region.
    pub region: Option<String>,
}

/// A storage location that a cluster writes to from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnLocation {
    /// The cluster.
    pub cluster: ClusterIndex,
    /// The location that it stands in for. Where that was in another region than the cluster, this one is, too, if any is known.
    pub replaces: String,
    /// Whether backups go to it that name no location.
    pub is_default: bool,
    /// Whether its bucket has to be made first.
    pub is_new_bucket: bool,
    /// The location: name, provider, bucket, prefix, region.
    pub location: LocationRef,
}

/// What becomes of one namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct NamespaceOutcome {
    /// The cluster.
    pub cluster: ClusterIndex,
    /// The namespace.
    pub name: String,
    /// How many namespaces must be back before it, one after the other.
    pub level: u32,
    /// The backups it is restored from; none: Git has all of it, or nothing does.
    pub backups: Vec<BackupIndex>,
    /// What becomes of its parts, in the order of the inventory: objects, then volumes.
    pub parts: Vec<PartOutcome>,
    /// The most that is lost of any part.
    pub lost: Exposure,
}

/// What becomes of one object or volume.
#[derive(Clone, Debug, PartialEq)]
pub struct PartOutcome {
    /// Its resource and name.
    pub part: String,
    /// Who owns it in the end: Git where Git has it.
    pub owner: Owner,
    /// Whether an operator makes it of what Git has (a Secret of External Secrets), as soon as operators run.
    pub is_synced: bool,
    /// The backup it is restored from.
    pub backup: Option<BackupIndex>,
    /// How its data comes back.
    pub method: Option<VolumeMethod>,
    /// What of it is lost.
    pub lost: Exposure,
    /// How much data it is.
    pub bytes: u64,
}

impl RecoveryPlan {
    /// A cluster of the plan.
    pub fn cluster(&self, index: ClusterIndex) -> &TargetCluster {
        &self.clusters[index.0 as usize]
    }

    /// A namespace of the plan.
    pub fn namespace(&self, index: NamespaceIndex) -> &NamespaceOutcome {
        &self.namespaces[index.0 as usize]
    }

    /// A backup of the plan.
    pub fn backup(&self, index: BackupIndex) -> &BackupSource {
        &self.backups[index.0 as usize]
    }

    /// A location that backups go to from now on.
    pub fn location(&self, index: LocationIndex) -> &OwnLocation {
        &self.locations[index.0 as usize]
    }

    /// A step of the plan.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.0 as usize]
    }

    /// The steps that decide how long the whole takes, in order.
    pub fn critical_path(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.is_critical)
    }

    /// Everything of which something is lost, the most first.
    pub fn lost(&self) -> Vec<(&NamespaceOutcome, &PartOutcome)> {
        let parts = self
            .namespaces
            .iter()
            .flat_map(|namespace| namespace.parts.iter().map(move |part| (namespace, part)));
        let mut lost: Vec<_> = parts.filter(|(_, part)| part.lost != Exposure::Nothing).collect();
        lost.sort_by_key(|(_, part)| (std::cmp::Reverse(part.lost), std::cmp::Reverse(part.bytes)));
        lost
    }
}

/// The runbook for a disaster.
///
/// # Errors
/// The disaster names something the fleet does not have, namespaces depend on each other in a circle, or a cluster would be made
/// anew in a region that its data must not be in.
pub fn recovery_plan(
    fleet: &FleetState,
    disaster: &Disaster,
    options: &PlanOptions,
) -> Result<RecoveryPlan, PlanError> {
    build::Builder::new(fleet, disaster, options)?.build()
}
