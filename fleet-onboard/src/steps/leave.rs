//! Off-boarding: in the order in which nothing is lost and nobody is surprised.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::objects::{apply, delete, get};
use super::register::{is_registered, remove, takes_workloads, untag};
use super::{Progress, Step, StepFailure};
use crate::Context;
use crate::saga::StepSpec;

/// The steps that take a cluster out: no new workloads and its old ones gone, a last backup, out of Argo CD, out of the mesh, and then deleted. Nothing of it
/// is undone: what stopped is resumed.
pub fn offboarding() -> Vec<Arc<dyn Step>> {
    vec![
        Arc::new(Drain),
        Arc::new(LastBackup),
        Arc::new(Deregister),
        Arc::new(Disconnect),
        Arc::new(Delete),
    ]
}

struct Drain;

#[async_trait]
impl Step for Drain {
    fn spec(&self) -> StepSpec {
        StepSpec::new(
            "drain",
            "Take the labels away that workloads go by",
            [] as [&str; 0],
        )
        .takes(SignedDuration::from_mins(3), SignedDuration::from_mins(30))
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        untag(context).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        Ok(if takes_workloads(context).await? {
            Progress::Waiting("the labels are still there".to_owned())
        } else {
            Progress::Done
        })
    }
}

/// A backup of everything, asked for on the hub, where an Application or a propagating controller brings it to the cluster.
struct LastBackup;

impl LastBackup {
    fn backup(context: &Context) -> Value {
        let name = context.request.name();
        json!({
            "apiVersion": "velero.io/v1", "kind": "Backup",
            "metadata": {
                "name": format!("last-of-{name}"), "namespace": "velero", "labels": { "fleet-sdk.dev/cluster": name },
            },
            "spec": { "includedNamespaces": ["*"], "storageLocation": "default", "ttl": "8760h" },
        })
    }
}

#[async_trait]
impl Step for LastBackup {
    fn spec(&self) -> StepSpec {
        StepSpec::new("last-backup", "Take a last backup", ["drain"])
            .takes(SignedDuration::from_mins(10), SignedDuration::from_hours(6))
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        super::objects::namespace(&context.hub, "velero").await?;
        apply(&context.hub, &Self::backup(context)).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        let found = get(&context.hub, &Self::backup(context)).await?;
        let phase = found
            .as_ref()
            .and_then(|backup| backup.data.pointer("/status/phase")?.as_str());
        match phase {
            Some("Completed") => Ok(Progress::Done),
            Some(phase @ ("Failed" | "PartiallyFailed" | "FailedValidation")) => {
                Err(StepFailure::for_good(format!(
                    "the last backup is {phase}; mend it before the cluster is taken down, or delete it and resume"
                )))
            }
            phase => Ok(Progress::Waiting(format!(
                "the backup is {}",
                phase.unwrap_or("new")
            ))),
        }
    }
}

struct Disconnect;

#[async_trait]
impl Step for Disconnect {
    fn spec(&self) -> StepSpec {
        StepSpec::new("disconnect", "Take the cluster out of the mesh", ["deregister"])
            .takes(SignedDuration::from_mins(2), SignedDuration::from_mins(30))
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        let Some(plan) = &context.request.mesh else {
            return Ok(());
        };
        let leaving = context.request.cluster.name();
        for connection in plan.connections().filter(|it| it.ends().contains(&leaving)) {
            let [one, other] = connection.ends().map(|end| {
                plan.member(end.as_str())
                    .map_or_else(|| end.to_string(), |member| member.context.clone())
            });
            let arguments = [
                "clustermesh",
                "disconnect",
                "--context",
                &one,
                "--destination-context",
                &other,
            ];
            context
                .evidence
                .carry_out(&fleet_mesh::Command::new("cilium", arguments))
                .await?;
        }
        Ok(())
    }

    async fn check(&self, _: &Context) -> Result<Progress, StepFailure> {
        Ok(Progress::Done)
    }
}

struct Deregister;

#[async_trait]
impl Step for Deregister {
    fn spec(&self) -> StepSpec {
        StepSpec::new("deregister", "Take the cluster out of Argo CD", ["last-backup"])
            .takes(SignedDuration::from_secs(15), SignedDuration::from_mins(10))
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        remove(context).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        Ok(if is_registered(context).await? {
            Progress::Waiting("the cluster Secret is still there".to_owned())
        } else {
            Progress::Done
        })
    }
}

struct Delete;

#[async_trait]
impl Step for Delete {
    fn spec(&self) -> StepSpec {
        StepSpec::new("delete", "Delete the cluster (Cluster API)", ["disconnect"])
            .takes(SignedDuration::from_mins(10), SignedDuration::from_hours(2))
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        for manifest in context
            .request
            .manifests
            .iter()
            .filter(|it| it["kind"] == "Cluster")
        {
            delete(&context.hub, manifest).await?;
        }
        Ok(())
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        for manifest in context
            .request
            .manifests
            .iter()
            .filter(|it| it["kind"] == "Cluster")
        {
            if get(&context.hub, manifest).await?.is_some() {
                return Ok(Progress::Waiting("Cluster API is taking it down".to_owned()));
            }
        }
        Ok(Progress::Done)
    }
}
