//! Step 1: the cluster itself, by Cluster API.

use async_trait::async_trait;
use fleet_core::yaml::YamlError;
use jiff::SignedDuration;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use serde_json::Value;

use super::objects::{apply, delete, namespace};
use super::{Progress, Step, StepFailure};
use crate::saga::StepSpec;
use crate::{Context, OnboardRequest, RepositoryFile, files};

pub(super) struct Provision;

#[async_trait]
impl Step for Provision {
    fn spec(&self) -> StepSpec {
        StepSpec::new(
            "provision",
            "Provision the cluster (Cluster API)",
            [] as [&str; 0],
        )
        .takes(SignedDuration::from_mins(15), SignedDuration::from_mins(45))
    }

    fn files(&self, request: &OnboardRequest) -> Result<Vec<RepositoryFile>, YamlError> {
        Ok(vec![files::cluster_file(request)?])
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        namespace(&context.hub, &context.request.namespace).await?;
        for manifest in &context.request.manifests {
            apply(&context.hub, manifest).await?;
        }
        Ok(())
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        let kind = ApiResource::erase::<fleet_capi::v1beta2::Cluster>(&());
        let clusters: Api<DynamicObject> =
            Api::namespaced_with(context.hub.clone(), &context.request.namespace, &kind);
        let Some(cluster) = clusters.get_opt(context.request.name()).await? else {
            return Err(StepFailure::may_pass("the Cluster is not there any more"));
        };
        let conditions = cluster
            .data
            .pointer("/status/conditions")
            .and_then(Value::as_array);
        let available = conditions
            .into_iter()
            .flatten()
            .find(|condition| condition["type"] == "Available");
        Ok(match available {
            Some(condition) if condition["status"] == "True" => Progress::Done,
            Some(condition) => {
                let text = condition["message"].as_str().unwrap_or_default();
                Progress::Waiting(text.lines().next().unwrap_or_default().to_owned())
            }
            None => Progress::Waiting("Cluster API has not looked at it yet".to_owned()),
        })
    }

    /// Only the Cluster: Cluster API takes down the rest, in its order.
    async fn compensate(&self, context: &Context) -> Result<(), StepFailure> {
        let is_cluster = |manifest: &&Value| manifest["kind"] == "Cluster";
        for manifest in context.request.manifests.iter().filter(is_cluster) {
            delete(&context.hub, manifest).await?;
        }
        Ok(())
    }
}
