//! Objects on the hub: applied, looked at, deleted; and the steps that are nothing else.

use async_trait::async_trait;
use fleet_core::yaml::YamlError;
use fleet_observe::grafana;
use jiff::SignedDuration;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use serde_json::{Value, json};

use super::{Progress, Step, StepFailure};
use crate::saga::StepSpec;
use crate::{Context, OnboardRequest, RepositoryFile, files};

/// Who applies.
const MANAGER: &str = "fleet-onboard";

/// The API of an object's kind, and the object's name.
fn api(client: &Client, object: &Value) -> Result<(Api<DynamicObject>, String), StepFailure> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (group, version) = text("/apiVersion")
        .split_once('/')
        .unwrap_or(("", text("/apiVersion")));
    let kind = text("/kind");
    if version.is_empty() || kind.is_empty() || text("/metadata/name").is_empty() {
        return Err(StepFailure::for_good(
            "an object without apiVersion, kind or metadata.name cannot be applied",
        ));
    }
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let api = match text("/metadata/namespace") {
        "" => Api::all_with(client.clone(), &resource),
        namespace => Api::namespaced_with(client.clone(), namespace, &resource),
    };
    Ok((api, text("/metadata/name").to_owned()))
}

/// Server-side apply: the same object twice is the same object.
pub(super) async fn apply(client: &Client, object: &Value) -> Result<(), StepFailure> {
    let (api, name) = api(client, object)?;
    api.patch(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object))
        .await?;
    Ok(())
}

/// Deletes an object; one that is not there is deleted.
pub(super) async fn delete(client: &Client, object: &Value) -> Result<(), StepFailure> {
    let (api, name) = api(client, object)?;
    match api.delete(&name, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The object as it is now.
pub(super) async fn get(client: &Client, object: &Value) -> Result<Option<DynamicObject>, StepFailure> {
    let (api, name) = api(client, object)?;
    Ok(api.get_opt(&name).await?)
}

/// A namespace that is there, or will be.
pub(super) async fn namespace(client: &Client, name: &str) -> Result<(), StepFailure> {
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    apply(client, &object).await
}

/// Objects that are done as soon as they are there.
async fn there(client: &Client, objects: &[Value]) -> Result<Progress, StepFailure> {
    for object in objects {
        if get(client, object).await?.is_none() {
            let text = |pointer: &str| {
                object
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            return Ok(Progress::Waiting(format!(
                "{} {} is not there",
                text("/kind"),
                text("/metadata/name")
            )));
        }
    }
    Ok(Progress::Done)
}

/// Step 6: the project in which the platform's Applications for the cluster are, which may go to it and to no other.
pub(super) struct Spoke;

#[async_trait]
impl Step for Spoke {
    fn spec(&self) -> StepSpec {
        StepSpec::new(
            "spoke",
            "Set Argo CD up for the platform's components",
            ["register"],
        )
        .takes(SignedDuration::from_secs(15), SignedDuration::from_mins(10))
    }

    fn files(&self, request: &OnboardRequest) -> Result<Vec<RepositoryFile>, YamlError> {
        Ok(vec![files::project_file(request)?])
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        apply(&context.hub, &files::project(&context.request)).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        there(&context.hub, &[files::project(&context.request)]).await
    }
    // Not undone: the project is every cluster's.
}

/// A `ConfigMap` that Grafana's sidecar reads, by its label.
fn grafana_map(request: &OnboardRequest, what: &str, file: &str, content: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": format!("grafana-{what}-{}", request.name()), "namespace": request.thanos.namespace,
            "labels": { format!("grafana_{what}"): "1", "fleet-sdk.dev/cluster": request.name() },
        },
        "data": { file: content },
    })
}

/// Step 11: Grafana can ask the cluster itself.
pub(super) struct DataSourceStep;

impl DataSourceStep {
    fn map(request: &OnboardRequest) -> Value {
        let sources = grafana::provisioning(&[files::data_source(request)]);
        // JSON is YAML.
        grafana_map(
            request,
            "datasource",
            &format!("{}.yaml", request.name()),
            &sources.to_string(),
        )
    }
}

#[async_trait]
impl Step for DataSourceStep {
    fn spec(&self) -> StepSpec {
        StepSpec::new(
            "data-source",
            "Add the cluster to Grafana's data sources",
            ["metrics"],
        )
        .takes(SignedDuration::from_secs(15), SignedDuration::from_mins(10))
    }

    fn files(&self, request: &OnboardRequest) -> Result<Vec<RepositoryFile>, YamlError> {
        Ok(vec![files::data_source_file(request)?])
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        namespace(&context.hub, &context.request.thanos.namespace).await?;
        apply(&context.hub, &Self::map(&context.request)).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        there(&context.hub, &[Self::map(&context.request)]).await
    }

    async fn compensate(&self, context: &Context) -> Result<(), StepFailure> {
        delete(&context.hub, &Self::map(&context.request)).await
    }
}

/// Step 12: the overview shows it. The overview asks for every cluster that reports, so nothing has to be added to it; what is checked is that it is
/// there, in the version that asks so.
pub(super) struct DashboardStep;

impl DashboardStep {
    fn map(request: &OnboardRequest) -> Result<Value, StepFailure> {
        let overview = files::overview().map_err(|error| StepFailure::for_good(error.to_string()))?;
        let mut map = grafana_map(request, "dashboard", "fleet-overview.json", &overview.to_string());
        map["metadata"]["name"] = json!("grafana-dashboard-fleet-overview");
        map["metadata"]["labels"] = json!({ "grafana_dashboard": "1" });
        Ok(map)
    }
}

#[async_trait]
impl Step for DashboardStep {
    fn spec(&self) -> StepSpec {
        StepSpec::new("dashboard", "Show the cluster on the fleet overview", ["metrics"])
            .takes(SignedDuration::from_secs(15), SignedDuration::from_mins(10))
    }

    fn files(&self, _: &OnboardRequest) -> Result<Vec<RepositoryFile>, YamlError> {
        Ok(files::overview_file().into_iter().collect())
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        namespace(&context.hub, &context.request.thanos.namespace).await?;
        apply(&context.hub, &Self::map(&context.request)?).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        there(&context.hub, &[Self::map(&context.request)?]).await
    }
    // Not undone: the overview is the fleet's.
}
