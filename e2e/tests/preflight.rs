//! Mended manifests on a real API server: accepted with strict validation, and meaning what they meant; and a scan of that server.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "preflight/every_version.rs"]
mod every_version;

use std::collections::BTreeSet;

use every_version::EveryVersion;
use fleet_core::yaml;
use fleet_preflight::{Scanner, Verdict, lifecycle};
use http::Request;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::Api;
use kube::api::PostParams;
use serde_json::{Map, Value, json};

type BoxError = Box<dyn std::error::Error>;

/// Old manifests as people wrote them, in kinds whose shape or defaults changed and in kinds that only moved.
const MANIFESTS: &str = include_str!("manifests/preflight-old.yaml");

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real API server; .ci/run starts one"]
async fn mended_manifests_are_accepted_and_keep_their_meaning() -> Result<(), BoxError> {
    let client = Client::try_default().await?;
    let info = client.apiserver_version().await?;
    let target = format!("{}.{}", info.major, info.minor.trim_end_matches('+')).parse()?;
    namespace(&client, "shop").await?;

    let fix = Scanner::new(target).fix_text("preflight-old.yaml", MANIFESTS);
    assert_eq!(fix.refused, [], "something is left to a person");
    let before = yaml::documents(MANIFESTS)?;
    let after = yaml::documents(&fix.text)?;
    assert_eq!((before.len(), after.len()), (fix.moved.len(), fix.moved.len()));

    let mut accepted = BTreeSet::new();
    for (old, new) in before.iter().zip(&after) {
        let new = new.value();
        let name = format!("{} {}", old.value()["apiVersion"], new["kind"]);
        let created = post(&client, new)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let lost = missing(new, &created);
        assert_eq!(lost, Vec::<String>::new(), "{name} is not what was sent");
        accepted.insert(name);
    }
    println!("{target}: {} kinds accepted: {accepted:#?}", accepted.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the API server of the end-to-end scripts; .ci/run builds it"]
async fn a_server_of_both_versions_reads_the_same_in_both_texts() -> Result<(), BoxError> {
    let Some(server) = EveryVersion::start().await? else {
        return Ok(());
    };
    let client = &server.client;
    let info = client.apiserver_version().await?;
    let target = format!("{}.{}", info.major, info.minor.trim_end_matches('+')).parse()?;
    namespace(client, "shop").await?;

    let fix = Scanner::new(target).fix_text("preflight-old.yaml", MANIFESTS);
    let before = yaml::documents(MANIFESTS)?;
    let after = yaml::documents(&fix.text)?;
    let mut trips = BTreeSet::new();
    for (old, new) in before.iter().zip(&after) {
        let (old, new) = (old.value(), new.value());
        if !is_served(client, &old["apiVersion"], &old["kind"]).await? {
            continue;
        }
        let trip = format!("{} -> {} {}", old["apiVersion"], new["apiVersion"], new["kind"]);
        assert_ne!(old["apiVersion"], new["apiVersion"], "{trip}");
        let seen_of_old = made_and_seen(client, old, [old, new])
            .await
            .map_err(|error| format!("{trip}: {error}"))?;
        let seen_of_new = made_and_seen(client, new, [old, new])
            .await
            .map_err(|error| format!("{trip}: {error}"))?;
        assert!(
            seen_of_new.iter().all(|fields| !fields.is_empty()),
            "{trip}: nothing to compare"
        );
        assert_eq!(seen_of_old, seen_of_new, "{trip}");
        trips.insert(trip);
    }
    println!(
        "{target}: {} round trips through the server: {trips:#?}",
        trips.len()
    );
    assert!(!trips.is_empty(), "the server has no old version at all");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real API server; .ci/run starts one"]
async fn a_real_server_is_read_to_the_end() -> Result<(), BoxError> {
    let client = Client::try_default().await?;
    namespace(&client, "ops").await?;
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "stuck", "namespace": "ops", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"PodDisruptionBudget\"}",
        }},
        "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "stuck"}}},
    });
    post(&client, &budget).await?;
    let report = Scanner::new(lifecycle::NEWEST).scan_cluster(client, "real").await;
    println!("{}", report.as_table());
    let seen: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.object.name.as_deref() == Some("stuck"))
        .map(|finding| finding.rule.id)
        .collect();
    assert_eq!(seen, ["api-removed", "pdb-never-evicts"]);
    assert_eq!(report.summary.unreadable, 0);
    assert_eq!(report.verdict(), Verdict::Removed);
    // Listing must not be what the next scan finds.
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.rule.id != "api-requested" || !finding.message.contains("LIST"))
    );
    Ok(())
}

async fn namespace(client: &Client, name: &str) -> Result<(), BoxError> {
    let object = Namespace {
        metadata: kube::api::ObjectMeta {
            name: Some(name.to_owned()),
            ..kube::api::ObjectMeta::default()
        },
        ..Namespace::default()
    };
    match Api::all(client.clone())
        .create(&PostParams::default(), &object)
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Creates an object; unknown and doubled fields are errors.
async fn post(client: &Client, object: &Value) -> Result<Value, BoxError> {
    let uri = format!("{}?fieldValidation=Strict", path(object));
    let request = Request::post(uri)
        .header("content-type", "application/json")
        .body(serde_json::to_vec(object)?)?;
    Ok(client.request(request).await?)
}

/// What a text makes, as it is read in the versions of these objects; it is gone afterwards.
async fn made_and_seen(
    client: &Client,
    text: &Value,
    versions: [&Value; 2],
) -> Result<[Map<String, Value>; 2], BoxError> {
    post(client, text).await?;
    let name = text["metadata"]["name"].as_str().unwrap();
    let place = |like: &Value| format!("{}/{name}", path(like));
    let mut seen = [Map::new(), Map::new()];
    for (fields, version) in seen.iter_mut().zip(versions) {
        let object: Value = client
            .request(Request::get(place(version)).body(Vec::new())?)
            .await?;
        assert_eq!(object["apiVersion"], version["apiVersion"]);
        *fields = meaning(&object);
    }
    // Nobody is here to take finalizers away.
    let bare = json!({"metadata": {"finalizers": null}}).to_string().into_bytes();
    let patch = Request::patch(place(text)).header("content-type", "application/merge-patch+json");
    client.request::<Value>(patch.body(bare)?).await?;
    client
        .request::<Value>(Request::delete(place(text)).body(Vec::new())?)
        .await?;
    Ok(seen)
}

/// Whether the server has a kind in a version.
async fn is_served(client: &Client, api_version: &Value, kind: &Value) -> Result<bool, BoxError> {
    let version = api_version.as_str().unwrap();
    let served = match client.list_api_group_resources(version).await {
        Ok(list) => list
            .resources
            .iter()
            .any(|resource| *kind == resource.kind.as_str()),
        Err(kube::Error::Api(status)) if status.code == 404 => false,
        Err(error) => return Err(error.into()),
    };
    Ok(served)
}

/// What an object says, without which object it is and in which version it was read.
fn meaning(object: &Value) -> Map<String, Value> {
    let mut fields = object.as_object().cloned().unwrap_or_default();
    let metadata = fields.remove("metadata").unwrap_or_default();
    fields.retain(|name, _| !["apiVersion", "kind", "status"].contains(&name.as_str()));
    for kept in ["labels", "annotations", "finalizers"] {
        if let Some(value) = metadata.get(kept) {
            fields.insert(format!("metadata.{kept}"), value.clone());
        }
    }
    fields
}

/// The collection that an object belongs to.
fn path(object: &Value) -> String {
    let api_version = object["apiVersion"].as_str().unwrap();
    let api = lifecycle::find_object(api_version, object["kind"].as_str().unwrap()).unwrap();
    let root = if api.group.is_empty() { "/api" } else { "/apis" };
    let namespace = match (api.namespaced, object["metadata"]["namespace"].as_str()) {
        (Some(true), namespace) => format!("namespaces/{}/", namespace.unwrap_or("default")),
        _ => String::new(),
    };
    format!("{root}/{api_version}/{namespace}{}", api.plural.unwrap())
}

/// What of the first value is not in the second: servers add, and must not take away.
fn missing(sent: &Value, got: &Value) -> Vec<String> {
    match (sent, got) {
        (Value::Object(sent), Value::Object(got)) => sent
            .iter()
            .flat_map(|(name, value)| match got.get(name) {
                Some(other) => missing(value, other)
                    .into_iter()
                    .map(|path| format!("{name}.{path}"))
                    .collect(),
                None => vec![name.clone()],
            })
            .collect(),
        (Value::Array(sent), Value::Array(got)) if sent.len() == got.len() => sent
            .iter()
            .zip(got)
            .flat_map(|(sent, got)| missing(sent, got))
            .collect(),
        (sent, got) if sent == got => Vec::new(),
        (sent, got) => vec![format!(" {sent} became {got}")],
    }
}
