//! Why a step of an upgrade could not be taken.

use std::sync::Arc;

use fleet_core::{ClusterName, KubernetesVersion};
use jiff::Timestamp;
use serde_json::Value;

use super::{Refusal, Step};
use crate::management::ManagementError;
use crate::rollout::{Blocked, DeclaredBy, ObjectRef, TemplateRef};

/// Why a cluster could not be looked at or sent on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The cluster cannot be looked at.
    #[error(transparent)]
    Management(#[from] ManagementError),
    /// The step is not allowed; nothing was changed.
    #[error("the upgrade of `{cluster}` is refused")]
    Refused {
        /// The cluster.
        cluster: ClusterName,
        /// Why.
        #[source]
        refusal: Refusal,
    },
    /// The cluster cannot go yet. Nothing was changed; ask again later.
    #[error("`{cluster}` cannot be sent on yet: {}", waiting(asked.as_ref(), step))]
    NotReady {
        /// The cluster.
        cluster: ClusterName,
        /// The version it is still on its way to.
        asked: Option<KubernetesVersion>,
        /// What it waits for.
        step: Box<Step>,
    },
    /// The version stands in files that a tool applies: what we wrote would be put back. Nothing was changed.
    #[error(
        "{object} of cluster `{cluster}` is kept by {by}: commit {to} there (ClusterRepository::set_version makes the edit), or let CapiClusterDriver::overwrite_declared write over it"
    )]
    Declared {
        /// The cluster.
        cluster: ClusterName,
        /// The object whose version is due to change.
        object: Box<ObjectRef>,
        /// The tool.
        by: DeclaredBy,
        /// The version to commit.
        to: KubernetesVersion,
        /// All that is to be committed for this step: see [`patches_to_commit`](Self::patches_to_commit).
        commit: Vec<Value>,
    },
    /// No upgrade is under way that could be held, resumed or taken back.
    #[error("no upgrade of `{cluster}` is under way")]
    NotStarted {
        /// The cluster.
        cluster: ClusterName,
    },
    /// Somebody else has changed the version, or taken the record of the upgrade away. Nothing more is done.
    #[error("the upgrade of `{cluster}` was taken away: somebody else asks for {}", asked.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string))]
    TakenAway {
        /// The cluster.
        cluster: ClusterName,
        /// What is asked of it now.
        asked: Option<KubernetesVersion>,
    },
    /// The rollout has stood still for longer than one's [`Patience`](crate::rollout::Patience).
    #[error("the upgrade of `{cluster}` has stood still since {since}{}", cause.as_ref().map_or_else(String::new, |cause| format!(": {cause}")))]
    Stuck {
        /// The cluster.
        cluster: ClusterName,
        /// Since when.
        since: Timestamp,
        /// What holds it up, where Cluster API says so.
        cause: Option<Box<Blocked>>,
    },
    /// A machine template that is to be rotated is of a kind that the server does not know.
    #[error("{} {} of cluster `{cluster}` cannot be copied: the server knows no such kind in {}", template.kind, template.name, template.group)]
    NoTemplate {
        /// The cluster.
        cluster: ClusterName,
        /// The template.
        template: TemplateRef,
    },
    /// Somebody else changed the object each time between our reading and our patch.
    #[error("{object} of cluster `{cluster}` keeps changing; nothing was changed by us, so try again later")]
    Contended {
        /// The cluster.
        cluster: ClusterName,
        /// The object.
        object: Box<ObjectRef>,
    },
    /// The management cluster did not answer as it should.
    #[error("cannot {action} for cluster `{cluster}`")]
    Api {
        /// The cluster.
        cluster: ClusterName,
        /// What was asked of it: `list machines`.
        action: String,
        /// What it said.
        #[source]
        source: Arc<kube::Error>,
    },
}

impl UpgradeError {
    /// Whether trying again, with nothing else done, may help: a conflict, an overload, a lost connection.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Contended { .. } | Self::NotReady { .. } => true,
            Self::Api { source, .. } | Self::Management(ManagementError::Lost { source, .. }) => {
                match &**source {
                    kube::Error::Api(status) => {
                        status.code == 429 || status.code >= 500 || status.code == 409
                    }
                    kube::Error::Service(_) | kube::Error::HyperError(_) => true,
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// What is to be committed where a tool keeps versions: for each object whose version is due, a merge patch that names
    /// it, and before it, whole, the new machine template that goes with the version, if one was [ordered](super::Rotation).
    ///
    /// Empty for other errors.
    pub fn patches_to_commit(&self) -> &[Value] {
        match self {
            Self::Declared { commit, .. } => commit,
            _ => &[],
        }
    }

    /// Whether the step is forbidden, so that asking again is no use.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

fn waiting(asked: Option<&KubernetesVersion>, step: &Step) -> String {
    match (step, asked) {
        (Step::Paused { object }, _) => format!("{object} is paused, so resume it"),
        (_, Some(asked)) => format!("it is still on its way to {asked}"),
        (_, None) => "it has no version yet".to_owned(),
    }
}
