//! Steps 7 and 14: Argo CD knows the cluster; and it takes workloads. Two steps far apart: the labels that workloads go by come last, so that a cluster
//! that fails verification takes none.

use std::collections::BTreeMap;

use async_trait::async_trait;
use fleet_argocd::{ClusterRegistry, LabelFilter, RegistryError};
use jiff::SignedDuration;

use super::{Progress, Step, StepFailure};
use crate::Context;
use crate::saga::StepSpec;

/// Says that a cluster is not ready yet; a platform's ApplicationSets leave it out by this, if they go by other labels.
const ONBOARDING_LABEL: &str = "fleet-sdk.dev/onboarding";

fn registry(context: &Context) -> ClusterRegistry {
    ClusterRegistry::new(context.hub.clone(), &context.request.addons.argocd_namespace)
}

fn failure(error: &RegistryError) -> StepFailure {
    let mut causes = vec![error.to_string()];
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    StepFailure::may_pass(causes.join(": "))
}

/// The labels of the registration, with or without those that workloads go by.
fn labels(context: &Context, takes_workloads: bool) -> BTreeMap<String, String> {
    let own = context.request.labels().iter();
    let mut labels: BTreeMap<String, String> = own
        .filter(|_| takes_workloads)
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    if !takes_workloads {
        labels.insert(ONBOARDING_LABEL.to_owned(), "in-progress".to_owned());
    }
    labels
}

async fn register(context: &Context, takes_workloads: bool) -> Result<(), StepFailure> {
    let request = &context.request;
    super::objects::namespace(&context.hub, &request.addons.argocd_namespace).await?;
    let labels = labels(context, takes_workloads);
    registry(context)
        .register_cluster_api(
            &request.namespace,
            request.name(),
            &labels,
            &LabelFilter::default(),
        )
        .await
        .map(drop)
        .map_err(|error| failure(&error))
}

async fn registered(context: &Context) -> Result<Option<BTreeMap<String, String>>, StepFailure> {
    let all = registry(context).list().await.map_err(|error| failure(&error))?;
    let found = all
        .into_iter()
        .find(|cluster| cluster.name == context.request.name());
    Ok(found.map(|cluster| cluster.labels))
}

/// The cluster Secret of Argo CD.
pub(super) struct Register;

#[async_trait]
impl Step for Register {
    fn spec(&self) -> StepSpec {
        StepSpec::new(
            "register",
            "Register the cluster in the Argo CD hub",
            ["provision"],
        )
        .takes(SignedDuration::from_secs(15), SignedDuration::from_mins(10))
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        register(context, false).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        Ok(match registered(context).await? {
            Some(_) => Progress::Done,
            None => Progress::Waiting("the cluster Secret is not there".to_owned()),
        })
    }

    async fn compensate(&self, context: &Context) -> Result<(), StepFailure> {
        remove(context).await
    }
}

pub(super) async fn remove(context: &Context) -> Result<(), StepFailure> {
    let removed = registry(context).remove(context.request.name()).await;
    removed.map(drop).map_err(|error| failure(&error))
}

pub(super) async fn is_registered(context: &Context) -> Result<bool, StepFailure> {
    Ok(registered(context).await?.is_some())
}

/// The labels env, region and tier, and all others of the cluster.
pub(super) struct Tag;

#[async_trait]
impl Step for Tag {
    fn spec(&self) -> StepSpec {
        StepSpec::new("tag", "Tag the cluster: env, region, tier", ["verify"])
            .takes(SignedDuration::from_secs(15), SignedDuration::from_mins(10))
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        register(context, true).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        Ok(if takes_workloads(context).await? {
            Progress::Done
        } else {
            Progress::Waiting("the labels are not there".to_owned())
        })
    }

    async fn compensate(&self, context: &Context) -> Result<(), StepFailure> {
        untag(context).await
    }
}

/// Takes the labels away that workloads go by; of a cluster that is not registered, nothing.
pub(super) async fn untag(context: &Context) -> Result<(), StepFailure> {
    if is_registered(context).await? {
        register(context, false).await?;
    }
    Ok(())
}

pub(super) async fn takes_workloads(context: &Context) -> Result<bool, StepFailure> {
    let Some(found) = registered(context).await? else {
        return Ok(false);
    };
    Ok(["env", "region", "tier"]
        .iter()
        .all(|label| found.get(*label).map(String::as_str) == context.request.labels().get(label)))
}
