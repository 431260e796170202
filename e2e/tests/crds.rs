//! A real API server accepts the `CustomResourceDefinition`s that our models generate, and keeps our objects whole.

use std::time::Duration;

use fleet_core::yaml;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{GroupVersionKind, TypeMeta};
use kube::runtime::{conditions, wait::await_condition};
use kube::{Api, Client, ResourceExt};
use serde_json::Value;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[tokio::test]
#[ignore = "needs a real API server without these CRDs; .ci/run starts one"]
async fn our_crds_become_established_and_serve_our_objects() -> TestResult {
    let client = Client::try_default().await?;
    let crds: Vec<_> = [fleet_capi::crds(), fleet_argocd::crds(), fleet_velero::crds()].concat();
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
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
        tokio::time::timeout(Duration::from_mins(1), established)
            .await
            .map_err(|_| format!("{name} was not established"))??;
        let seen = api.get(&name).await?;
        let refused: Vec<_> = seen
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten())
            .filter(|c| c.type_ == "NonStructuralSchema")
            .collect();
        assert!(refused.is_empty(), "{name}: {refused:?}");
        println!(
            "established: {name} ({})",
            crd.spec
                .versions
                .iter()
                .map(|v| v.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    println!("{} CRDs established", crds.len());

    for namespace in ["clusters", "argocd", "velero"] {
        let object = serde_json::from_value(serde_json::json!({ "metadata": { "name": namespace } }))?;
        Api::<k8s_openapi::api::core::v1::Namespace>::all(client.clone())
            .create(&PostParams::default(), &object)
            .await?;
    }
    // What the server returns must be what was sent: nothing pruned, nothing refused.
    let mut objects = 0;
    for manifest in [
        // In v1beta2, which is what is stored: without Cluster API's conversion webhooks a server relabels v1beta1 and
        // prunes what v1beta2 does not know.
        include_str!("../../examples/gitops-repo/clusters/search-eu-west/cluster.yaml"),
        include_str!("../../examples/gitops-repo/clusters/search-eu-west/workers.yaml"),
        include_str!("manifests/applicationset.yaml"),
        include_str!("manifests/velero.yaml"),
    ] {
        for document in yaml::documents(manifest)? {
            let sent = document.into_value();
            let returned = create(&client, &sent).await?;
            assert_eq!(
                returned.get("spec"),
                sent.get("spec"),
                "{}",
                sent["metadata"]["name"]
            );
            objects += 1;
        }
    }
    println!("{objects} objects created, returned as sent");
    Ok(())
}

async fn create(client: &Client, object: &Value) -> Result<Value, Box<dyn std::error::Error>> {
    let types: TypeMeta = serde_json::from_value(object.clone())?;
    let kind = GroupVersionKind::try_from(&types)?;
    let namespace = object
        .pointer("/metadata/namespace")
        .and_then(Value::as_str)
        .unwrap_or("default");
    let api: Api<DynamicObject> =
        Api::namespaced_with(client.clone(), namespace, &ApiResource::from_gvk(&kind));
    let params = PostParams {
        field_manager: Some("fleet-e2e".into()),
        ..PostParams::default()
    };
    let object: DynamicObject = serde_json::from_value(object.clone())?;
    Ok(serde_json::to_value(api.create(&params, &object).await?)?)
}
