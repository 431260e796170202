//! A real API server with upstream's own CRDs accepts what an onboarding puts into the repository.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fleet_capi::{ClusterSpec, NodePool};
use fleet_core::{Fleet, FleetCluster, Labels, Provider, yaml};
use fleet_observe::thanos::{ObjectStore, Thanos};
use fleet_onboard::steps::{Evidence, StepFailure, onboarding};
use fleet_onboard::verify::Finding;
use fleet_onboard::{AddonSettings, OnboardRequest, Onboarding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::runtime::{conditions, wait::await_condition};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

type TestResult = Result<(), Box<dyn std::error::Error>>;

struct Nothing;

#[async_trait]
impl Evidence for Nothing {
    async fn preflight(&self, _: &str) -> Result<Option<Vec<Finding>>, StepFailure> {
        Ok(None)
    }
    async fn kube_bench(&self, _: &str) -> Result<Option<String>, StepFailure> {
        Ok(None)
    }
    async fn connectivity(&self, _: &str) -> Result<Option<String>, StepFailure> {
        Ok(None)
    }
}

fn request() -> Result<OnboardRequest, Box<dyn std::error::Error>> {
    let labels = Labels::from_pairs([("env", "production"), ("region", "eu-north"), ("tier", "gold")])?;
    let cluster = FleetCluster::new("production-eu-north".parse()?, "v1.33.2".parse()?)
        .with_labels(labels)
        .with_provider(Provider::Docker);
    let spec = ClusterSpec::docker("production-eu-north")
        .control_plane(3)
        .pool(NodePool::new("workers", 5));
    Ok(OnboardRequest::new(
        cluster,
        spec,
        &Fleet::default(),
        None,
        Thanos::new(ObjectStore::s3("metrics", "s3.example.com")),
        AddonSettings::new("https://git.example.com/gitops"),
    )?)
}

/// Upstream's definitions, without the conversion webhooks that nobody serves here.
fn upstream() -> Result<Vec<CustomResourceDefinition>, Box<dyn std::error::Error>> {
    let shared = std::env::var("FLEET_SHARED").unwrap_or_else(|_| "../../shared".to_owned());
    let mut crds = Vec::new();
    for directory in ["cluster-api", "docker", "argocd"] {
        for entry in std::fs::read_dir(PathBuf::from(&shared).join("crds").join(directory))? {
            for document in yaml::documents(&std::fs::read_to_string(entry?.path())?)? {
                let mut value = document.into_value();
                if let Some(spec) = value["spec"].as_object_mut() {
                    spec.remove("conversion");
                }
                crds.push(serde_json::from_value(value)?);
            }
        }
    }
    Ok(crds)
}

#[tokio::test]
#[ignore = "needs a real API server without these CRDs; .ci/run starts one"]
async fn the_change_of_the_repository_is_accepted_with_strict_validation() -> TestResult {
    let client = Client::try_default().await?;
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let crds = upstream()?;
    for crd in &crds {
        api.patch(
            &crd.name_any(),
            &PatchParams::apply("fleet-e2e").force(),
            &Patch::Apply(crd),
        )
        .await?;
    }
    for crd in &crds {
        let name = crd.name_any();
        let established = await_condition(api.clone(), &name, conditions::is_crd_established());
        tokio::time::timeout(Duration::from_mins(1), established).await??;
    }
    let groups: BTreeSet<&str> = crds.iter().map(|crd| crd.spec.group.as_str()).collect();

    let onboarding = Onboarding::new(client.clone(), request()?, Arc::new(Nothing), onboarding())?;
    let mut accepted = Vec::new();
    let mut elsewhere = BTreeSet::new();
    for file in onboarding
        .files()?
        .iter()
        .filter(|file| file.path.contains(".yaml"))
    {
        for document in yaml::documents(&file.text)? {
            let object = document.into_value();
            // Values and data sources are no objects.
            let (Some(version), Some(kind)) = (object["apiVersion"].as_str(), object["kind"].as_str()) else {
                continue;
            };
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            if !groups.contains(group) {
                elsewhere.insert(format!("{kind}.{group}"));
                continue;
            }
            apply(&client, group, version, kind, &object)
                .await
                .map_err(|error| format!("{}: {kind}: {error}", file.path))?;
            accepted.push(format!(
                "{kind} {}",
                object["metadata"]["name"].as_str().unwrap_or_default()
            ));
        }
    }
    for line in &accepted {
        println!("accepted: {line}");
    }
    println!(
        "{} objects accepted; without a definition in the shared folder: {elsewhere:?}",
        accepted.len()
    );
    assert!(accepted.len() > 12, "{accepted:?}");
    Ok(())
}

async fn apply(
    client: &Client,
    group: &str,
    version: &str,
    kind: &str,
    object: &Value,
) -> Result<(), kube::Error> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
    let mut parameters = PatchParams::apply("fleet-e2e").force();
    let own = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
    namespaces
        .patch(namespace, &parameters, &Patch::Apply(&own))
        .await?;
    parameters.field_validation = Some(kube::api::ValidationDirective::Strict);
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    api.patch(name, &parameters, &Patch::Apply(object))
        .await
        .map(drop)
}
