//! Steps, and what each of them does.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::fact::{BackupIndex, ClusterIndex, Fact, LocationIndex, NamespaceIndex};
use super::{LocationRef, RecoveryPlan};
use crate::protection::{Estimate, Work};
use crate::{Restore, RestoreSpec};

/// A step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub(super) u32);

impl StepId {
    /// Its place, from 1.
    pub fn number(self) -> u32 {
        self.0 + 1
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its place.
    pub id: StepId,
    /// What is done.
    pub action: Action,
    /// What must hold before.
    pub needs: Vec<Fact>,
    /// What holds after.
    pub gives: Vec<Fact>,
    /// What no longer holds after.
    pub ends: Vec<Fact>,
    /// The steps it comes after.
    pub after: Vec<StepId>,
    /// How long it takes.
    pub time: Estimate,
    /// When it can begin at the earliest, from the disaster on (as likely as not).
    pub start: SignedDuration,
    /// Whether the whole is late when it is.
    pub is_critical: bool,
}

impl Step {
    /// When it can be done at the earliest.
    pub fn end(&self) -> SignedDuration {
        self.start.saturating_add(self.time.p50)
    }

    /// Whether a person should say yes first: what cannot simply be undone, and what users see.
    pub fn wants_approval(&self) -> bool {
        matches!(
            self.action,
            Action::Declare
                | Action::FenceSource { .. }
                | Action::MoveTraffic { .. }
                | Action::CleanUp { .. }
        ) || matches!(&self.action, Action::RevertGit { .. })
    }

    /// The cluster it is about.
    pub fn cluster(&self) -> Option<ClusterIndex> {
        self.action.cluster()
    }

    /// Whether the service is not whole before it: protecting and cleaning up come after.
    pub fn counts_for_rto(&self) -> bool {
        !matches!(
            self.action,
            Action::ReplaceLocation { .. } | Action::Protect { .. } | Action::CleanUp { .. }
        )
    }
}

/// Who owns an object in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Argo CD keeps it as Git has it, or an outside system makes it.
    Git,
    /// Velero brought it back, and nothing else keeps it.
    Velero,
    /// It is lost.
    Nobody,
}

/// A restore of namespaces from one backup.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoreAction {
    /// The cluster.
    pub cluster: ClusterIndex,
    /// The Restore's name: the same each time the plan is made for the same disaster, so that a second run finds it.
    pub name: String,
    /// The backup.
    pub backup: BackupIndex,
    /// The namespaces.
    pub namespaces: Vec<NamespaceIndex>,
    /// The kinds that are restored; empty: all that Git does not own.
    pub resources: Vec<String>,
    /// How much it is.
    pub work: Work,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Says that it is a disaster, and who decides.
    Declare,
    /// Tells Argo CD to leave Applications alone.
    FreezeSync {
        /// The cluster they deploy to.
        cluster: ClusterIndex,
        /// The Applications.
        applications: Vec<String>,
    },
    /// Makes sure that a lost cluster that comes back does not write, prune or delete.
    FenceSource {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Makes a cluster anew by Cluster API.
    ProvisionCluster {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Makes the hub anew, with Cluster API's controllers, all clusters paused.
    ProvisionHub {
        /// The hub.
        cluster: ClusterIndex,
    },
    /// Registers a cluster with Argo CD.
    RegisterCluster {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Installs Argo CD on a new hub.
    InstallArgoCd {
        /// The hub.
        cluster: ClusterIndex,
    },
    /// Syncs CRDs, storage classes, namespaces and the platform, operators held at zero replicas.
    InstallPlatform {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Installs Velero, with its credentials and the password of its repositories, which are in no backup.
    InstallVelero {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Gives the cluster a storage location to restore from, read-only. (Restores write their results to it all the same.)
    AddLocation {
        /// The cluster.
        cluster: ClusterIndex,
        /// The location.
        location: LocationRef,
        /// The backups in it that are restored.
        backups: Vec<BackupIndex>,
    },
    /// Gives the cluster a storage location to write to, in place of one that it had.
    ReplaceLocation {
        /// The cluster.
        cluster: ClusterIndex,
        /// The location.
        location: LocationIndex,
    },
    /// Waits until the backup is there as an object.
    AwaitBackup {
        /// The cluster.
        cluster: ClusterIndex,
        /// The backup.
        backup: BackupIndex,
    },
    /// Tells Velero the new storage classes.
    MapStorageClasses {
        /// The cluster.
        cluster: ClusterIndex,
        /// New classes by old ones.
        classes: BTreeMap<String, String>,
    },
    /// Restores namespaces.
    Restore(RestoreAction),
    /// Looks whether a restore is complete: that it says Completed is not enough.
    Gate {
        /// The cluster.
        cluster: ClusterIndex,
        /// The Restore.
        restore: String,
        /// The namespaces.
        namespaces: Vec<NamespaceIndex>,
    },
    /// Lets Argo CD sync Applications again, without prune.
    ReleaseSync {
        /// The cluster.
        cluster: ClusterIndex,
        /// The Applications.
        applications: Vec<String>,
        /// The namespaces.
        namespaces: Vec<NamespaceIndex>,
    },
    /// Lets operators run.
    RunOperators {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Lets Cluster API work again.
    ResumeClusters {
        /// The hub.
        cluster: ClusterIndex,
    },
    /// Looks whether the workloads work.
    Verify {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Moves requests to the cluster.
    MoveTraffic {
        /// The cluster.
        cluster: ClusterIndex,
    },
    /// Makes schedules write to a new location, and a first backup.
    Protect {
        /// The cluster.
        cluster: ClusterIndex,
        /// The location.
        location: LocationIndex,
        /// The schedules that exist and are to write elsewhere.
        schedules: Vec<String>,
    },
    /// Takes away what the recovery left, and lets Argo CD prune again.
    CleanUp {
        /// The cluster.
        cluster: ClusterIndex,
        /// The Restores.
        restores: Vec<String>,
    },
    /// Makes the Git host anew.
    RestoreGit {
        /// The mirror it comes from.
        mirror: Option<String>,
    },
    /// Takes Git back to the last commit before a time.
    RevertGit {
        /// The time.
        before: jiff::Timestamp,
    },
}

impl Action {
    /// The cluster it is about.
    pub fn cluster(&self) -> Option<ClusterIndex> {
        match self {
            Self::Declare | Self::RestoreGit { .. } | Self::RevertGit { .. } => None,
            Self::Restore(restore) => Some(restore.cluster),
            Self::FreezeSync { cluster, .. }
            | Self::FenceSource { cluster }
            | Self::ProvisionCluster { cluster }
            | Self::ProvisionHub { cluster }
            | Self::RegisterCluster { cluster }
            | Self::InstallArgoCd { cluster }
            | Self::InstallPlatform { cluster }
            | Self::InstallVelero { cluster }
            | Self::AddLocation { cluster, .. }
            | Self::ReplaceLocation { cluster, .. }
            | Self::AwaitBackup { cluster, .. }
            | Self::MapStorageClasses { cluster, .. }
            | Self::Gate { cluster, .. }
            | Self::ReleaseSync { cluster, .. }
            | Self::RunOperators { cluster }
            | Self::ResumeClusters { cluster }
            | Self::Verify { cluster }
            | Self::MoveTraffic { cluster }
            | Self::Protect { cluster, .. }
            | Self::CleanUp { cluster, .. } => Some(*cluster),
        }
    }
}

impl RestoreAction {
    /// The Restore, as it is applied.
    pub fn object(&self, plan: &RecoveryPlan) -> Restore {
        let names = self
            .namespaces
            .iter()
            .map(|index| plan.namespace(*index).name.clone());
        let excluded = [
            "applications.argoproj.io",
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
        ];
        let spec = RestoreSpec {
            backup_name: Some(plan.backup(self.backup).name.clone()),
            included_namespaces: Some(names.collect()),
            included_resources: (!self.resources.is_empty()).then(|| self.resources.clone()),
            excluded_resources: self
                .resources
                .is_empty()
                .then(|| excluded.map(str::to_owned).to_vec()),
            restore_pvs: Some(true),
            ..RestoreSpec::default()
        };
        let mut restore = Restore::new(&self.name, spec);
        restore.metadata.namespace = Some(plan.places.velero.clone());
        restore
    }
}
