//! Judges a cluster by a Job that tests the workload on it.

use std::fmt;
use std::future::Future;

use async_trait::async_trait;
use fleet_core::ClusterName;
use k8s_openapi::api::batch::v1::Job;
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::Value;

use super::clients::Clients;
use crate::ports::{BoxError, GateLook, HealthGate, Verdict};

/// A [`HealthGate`] that runs a Job (`batch/v1`) on each upgraded cluster, once after its upgrade, and judges by how it ends.
///
/// The Job is made of a template in its own namespace, under the template's name and the time of the upgrade, so that a restarted
/// engine finds it again. It passes when the Job is complete, fails when the Job has failed, and says nothing until then. Before its
/// upgrade there is nothing to test: a cluster passes. A Job that is deleted (`ttlSecondsAfterFinished`) is run again.
#[derive(Clone)]
pub struct JobGate {
    clients: Clients,
    template: Job,
}

impl fmt::Debug for JobGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobGate")
            .field("template", &self.template.metadata.name)
            .finish_non_exhaustive()
    }
}

/// A Job that cannot be a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the Job has no {field}, expected one: it is where the Job is made on each cluster")]
pub struct JobTemplateError {
    /// `metadata.name` or `metadata.namespace`.
    pub field: &'static str,
}

/// A name may have 63 characters where it becomes a label's value, as a Job's does; the time takes 11.
const LONGEST_NAME: usize = 52;

impl JobGate {
    /// Runs this on each upgraded cluster, through the clients that this gives.
    ///
    /// # Errors
    ///
    /// A template without a name or a namespace.
    pub fn new<F>(
        clients: impl Fn(ClusterName) -> F + Send + Sync + 'static,
        template: Job,
    ) -> Result<Self, JobTemplateError>
    where
        F: Future<Output = Result<Client, BoxError>> + Send + 'static,
    {
        let missing = |field| JobTemplateError { field };
        let metadata = &template.metadata;
        if metadata.name.as_ref().is_none_or(String::is_empty) {
            return Err(missing("metadata.name"));
        }
        if metadata.namespace.as_ref().is_none_or(String::is_empty) {
            return Err(missing("metadata.namespace"));
        }
        Ok(Self {
            clients: Clients::new(clients),
            template,
        })
    }
}

#[async_trait]
impl HealthGate for JobGate {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        let Some(upgraded) = look.upgraded else {
            return Ok(Verdict::Pass);
        };
        let mut job = self.template.clone();
        let name: String = job
            .metadata
            .name
            .iter()
            .flat_map(|name| name.chars())
            .take(LONGEST_NAME)
            .collect();
        let name = format!("{}-{}", name.trim_end_matches(['-', '.']), upgraded.as_second());
        job.metadata.name = Some(name.clone());
        let client = self.clients.of(cluster).await?;
        let namespace = job.metadata.namespace.clone().unwrap_or_default();
        let api: Api<Job> = Api::namespaced(client, &namespace);
        if let Some(found) = api.get_opt(&name).await? {
            return Ok(verdict(&found)?);
        }
        match api.create(&PostParams::default(), &job).await {
            Ok(_) => Ok(Verdict::Inconclusive),
            // Another look was quicker.
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(Verdict::Inconclusive),
            Err(error) => Err(error.into()),
        }
    }
}

fn verdict(job: &Job) -> Result<Verdict, serde_json::Error> {
    // Untyped: which Kubernetes version's types these are, is the final program's choice.
    let job = serde_json::to_value(job)?;
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    for condition in conditions
        .into_iter()
        .flatten()
        .filter(|condition| condition["status"] == "True")
    {
        match condition["type"].as_str() {
            Some("Complete") => return Ok(Verdict::Pass),
            Some("Failed") => {
                let because = condition["message"].as_str().or(condition["reason"].as_str());
                let name = job["metadata"]["name"].as_str().unwrap_or_default();
                return Ok(Verdict::Fail {
                    reason: format!("Job {name} failed: {}", because.unwrap_or("no reason given")),
                });
            }
            _ => {}
        }
    }
    Ok(Verdict::Inconclusive)
}
