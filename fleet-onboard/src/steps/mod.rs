//! The steps: the fourteen of an onboarding, those of an off-boarding, and the trait that a platform's own are made with.

mod addon;
mod leave;
mod objects;
mod provision;
mod register;
mod verify;

use std::sync::Arc;

use async_trait::async_trait;
use fleet_core::yaml::YamlError;
use jiff::SignedDuration;

pub use leave::offboarding;

use crate::saga::StepSpec;
use crate::{Context, OnboardRequest, RepositoryFile};

/// A step of a saga.
///
/// Every method may be called again after it was carried out: a process may end between doing and remembering.
#[async_trait]
pub trait Step: Send + Sync {
    /// What the saga knows of it.
    fn spec(&self) -> StepSpec;

    /// Why it can never be done for this request, and how to mend that: asked before anything is done.
    fn impossible(&self, request: &OnboardRequest) -> Option<String> {
        let _ = request;
        None
    }

    /// What of it can be files of the repository.
    ///
    /// # Errors
    /// Values that cannot be written.
    fn files(&self, request: &OnboardRequest) -> Result<Vec<RepositoryFile>, YamlError> {
        let _ = request;
        Ok(Vec::new())
    }

    /// Does it, or has it done.
    async fn act(&self, context: &Context) -> Result<(), StepFailure>;

    /// Whether it is done.
    async fn check(&self, context: &Context) -> Result<Progress, StepFailure>;

    /// Undoes it; of what was never done, nothing.
    async fn compensate(&self, context: &Context) -> Result<(), StepFailure> {
        let _ = context;
        Ok(())
    }
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Done.
    Done,
    /// Not yet, and what it waits for.
    Waiting(String),
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepFailure {
    /// What a person reads.
    pub reason: String,
    /// Whether another attempt may find it otherwise.
    pub may_pass: bool,
}

impl StepFailure {
    /// Another attempt may find it otherwise.
    pub fn may_pass(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            may_pass: true,
        }
    }

    /// Another attempt would find the same.
    pub fn for_good(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            may_pass: false,
        }
    }
}

impl From<kube::Error> for StepFailure {
    fn from(error: kube::Error) -> Self {
        match error {
            // Another attempt sends the same object.
            kube::Error::Api(status) if [400, 403, 422].contains(&status.code) => {
                Self::for_good(status.message)
            }
            kube::Error::Api(status) => Self::may_pass(status.message),
            error => Self::may_pass(error.to_string()),
        }
    }
}

/// What is found out about a cluster by tools that run in it or against it. `None`: not there yet.
#[async_trait]
pub trait Evidence: Send + Sync {
    /// What a preflight scan found: nothing is good, `None` is not scanned yet.
    async fn preflight(&self, cluster: &str) -> Result<Option<Vec<crate::verify::Finding>>, StepFailure>;
    /// The JSON of `kube-bench --json`.
    async fn kube_bench(&self, cluster: &str) -> Result<Option<String>, StepFailure>;
    /// The report of `cilium connectivity test`.
    async fn connectivity(&self, cluster: &str) -> Result<Option<String>, StepFailure>;
    /// Carries out a command that no file can stand for (`cilium clustermesh connect …`), in the order in which they are asked for. The default has
    /// nobody to do it.
    async fn carry_out(&self, command: &fleet_mesh::Command) -> Result<(), StepFailure> {
        Err(StepFailure::for_good(format!(
            "nobody is here to run `{command}`"
        )))
    }
}

/// The fourteen steps from a commit to a cluster that takes workloads.
///
/// | step | what | requires |
/// | --- | --- | --- |
/// | `provision` | Cluster API objects; done when the cluster is available | |
/// | `register` | the cluster Secret of Argo CD, without the labels that workloads go by | provision |
/// | `spoke` | the project that the platform's Applications are in | register |
/// | `cni` | Cilium, as a member of the mesh if it joins one | spoke |
/// | `default-deny` | the clusterwide policy | cni |
/// | `cert-manager`, `secrets`, `policies` | with issuer, store and policies | cni |
/// | `backup`, `metrics` | Velero with its location; Prometheus with Thanos' sidecar | secrets |
/// | `data-source`, `dashboard` | Grafana knows it | metrics |
/// | `verify` | preflight, kube-bench, connectivity | all of the above |
/// | `tag` | env, region and tier: from here on it takes workloads | verify |
pub fn onboarding() -> Vec<Arc<dyn Step>> {
    let addon = |id, title, requires: &[&str], typical| -> Arc<dyn Step> {
        Arc::new(addon::AddonStep::new(
            StepSpec::new(id, title, requires.iter().copied())
                .takes(SignedDuration::from_secs(typical), SignedDuration::from_mins(15)),
        ))
    };
    vec![
        Arc::new(provision::Provision),
        addon("cni", "Install CNI (Cilium)", &["spoke"], 150),
        addon(
            "cert-manager",
            "Install cert-manager and ClusterIssuer",
            &["cni"],
            60,
        ),
        addon(
            "secrets",
            "Install External Secrets and ClusterSecretStore",
            &["cni"],
            60,
        ),
        addon(
            "policies",
            "Install Kyverno and the platform's policies",
            &["cni"],
            60,
        ),
        Arc::new(objects::Spoke),
        Arc::new(register::Register),
        addon(
            "default-deny",
            "Apply the default-deny network policy",
            &["cni"],
            30,
        ),
        addon(
            "backup",
            "Install Velero and its backup location",
            &["secrets"],
            60,
        ),
        addon(
            "metrics",
            "Install Prometheus and Thanos' sidecar",
            &["secrets"],
            90,
        ),
        Arc::new(objects::DataSourceStep),
        Arc::new(objects::DashboardStep),
        Arc::new(verify::Verify),
        Arc::new(register::Tag),
    ]
}
