//! Our conversions beside the webhooks of Cluster API's own controllers, field by field, on generated objects.
//!
//! The admission webhooks are taken away first, so that an object is what its schema allows and not more: this test wants a
//! control plane of its own, and `.ci/run` gives it one.

// The helpers of a test fail the test, as the test itself does.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../fleet-capi/tests/upstream/mod.rs"]
mod upstream;

use std::collections::BTreeMap;

use fleet_capi::conversion::{ApiVersions, DATA_ANNOTATION, to_v1beta1, to_v1beta2};
use fleet_capi::{ApiKind, Object};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client};
use serde_json::{Value, json};

use upstream::valid::Valid;
use upstream::{Pair, diff, drop_empty, pairs};

type BoxError = Box<dyn std::error::Error>;

const ROUNDS: i64 = 24;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Cluster API's controllers on a control plane of its own; .ci/run starts one"]
async fn we_convert_as_the_real_webhooks_do() -> Result<(), BoxError> {
    let pairs = pairs().expect("upstream's schemas");
    let client = Client::try_default().await?;
    take_away_admission(&client).await?;

    let mut tallies = BTreeMap::new();
    let mut differences = Vec::new();
    for pair in &pairs {
        let Some(other) = counterpart(pair) else { continue };
        let tally: &mut Tally = tallies
            .entry((pair.kind.clone(), pair.version.clone()))
            .or_default();
        let mut generator = Valid::new(0xf1ee7);
        for round in 0..ROUNDS {
            let share = [100, 0, 15, 40, 70, 5][usize::try_from(round % 6)?];
            let name = format!("{}-{}-{round}", pair.kind.to_lowercase(), pair.version);
            let sent = object(pair, &name, &mut generator, share);
            match compare(&client, pair, &other, sent, &mut differences).await {
                Ok(comparisons) => {
                    tally.objects += 1;
                    tally.comparisons += comparisons;
                }
                Err(error) => {
                    tally.refused += 1;
                    tally.why.get_or_insert(error.to_string());
                }
            }
        }
    }
    println!(
        "{:<28} {:<9} {:>7} {:>11} {:>8}  the first refusal",
        "kind", "created", "objects", "comparisons", "refused"
    );
    let (mut objects, mut comparisons) = (0, 0);
    for ((kind, version), tally) in &tallies {
        println!(
            "{kind:<28} {version:<9} {:>7} {:>11} {:>8}  {}",
            tally.objects,
            tally.comparisons,
            tally.refused,
            tally
                .why
                .as_deref()
                .unwrap_or_default()
                .chars()
                .take(160)
                .collect::<String>()
        );
        assert!(
            tally.objects >= ROUNDS / 2,
            "{kind} {version}: too few objects were taken"
        );
        objects += tally.objects;
        comparisons += tally.comparisons;
    }
    println!(
        "{objects} objects, {comparisons} comparisons, {} differences",
        differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

#[derive(Default)]
struct Tally {
    objects: i64,
    comparisons: i64,
    refused: i64,
    why: Option<String>,
}

/// Creates an object in one version, reads it in both and holds our conversions against what was read.
async fn compare(
    client: &Client,
    pair: &Pair,
    other: &str,
    sent: Value,
    differences: &mut Vec<String>,
) -> Result<i64, BoxError> {
    let (here, there) = (api(client, pair, &pair.version), api(client, pair, other));
    let name = sent["metadata"]["name"].as_str().unwrap().to_owned();
    let created = here
        .create(&PostParams::default(), &serde_json::from_value(sent.clone())?)
        .await?;
    if sent["status"].is_object() && pair.upstream["properties"]["status"].is_object() {
        status(&here, &name, created, &sent["status"]).await?;
    }
    // The controllers may write in between: both must be of one moment.
    let (mut mine, mut theirs);
    loop {
        mine = here.get(&name).await?;
        theirs = there.get(&name).await?;
        if mine.metadata.resource_version == theirs.metadata.resource_version {
            break;
        }
    }
    let (mine, theirs) = (serde_json::to_value(mine)?, serde_json::to_value(theirs)?);
    let created_newer = pair.version == "v1beta2";
    let (older, newer) = if created_newer {
        (theirs, mine)
    } else {
        (mine, theirs)
    };
    let (older_api, newer_api) = if created_newer {
        (there, here)
    } else {
        (here, there)
    };
    let context = format!("{} created in {}, {name}", pair.kind, pair.version);
    let mut check = |what: &str, expected: &Value, found: &Value| {
        let mut found_differences = Vec::new();
        diff("", &plain(expected), &plain(found), &mut found_differences);
        differences.extend(found_differences.into_iter().map(|difference| {
            format!("{context}: {what}: {difference}")
                .replace("read", "webhook")
                .replace("written", "ours")
        }));
    };
    let down = to_v1beta1(&Object::from_value(newer.clone())?, &ApiVersions::default())?.to_value()?;
    check("v1beta2 to v1beta1", &older, &down);
    let mut comparisons = 2;
    if !created_newer {
        // What v1beta1 knew at first: nothing of v1beta2 helps.
        let mut fresh = older.clone();
        if let Some(annotations) = fresh["metadata"]["annotations"].as_object_mut() {
            annotations.remove(DATA_ANNOTATION);
        }
        let fresh = to_v1beta2(&Object::from_value(fresh)?)?.to_value()?;
        check("v1beta1 at first to v1beta2", &newer, &fresh);
        comparisons += 1;
    }
    // Written back as v1beta1 has it: the webhook makes v1beta2 of it. Twice, because the first time fills in the defaults of
    // v1beta1's schema; and again where a controller wrote in between.
    for round in 0..20 {
        let older = older_api.get(&name).await?;
        let mut written = match older_api.replace(&name, &PostParams::default(), &older).await {
            Ok(written) => written,
            Err(kube::Error::Api(error)) if error.code == 409 => continue,
            Err(error) => return Err(error.into()),
        };
        let older = serde_json::to_value(older)?;
        if older["status"].is_object() && pair.upstream["properties"]["status"].is_object() {
            written = status(&older_api, &name, written, &older["status"]).await?;
        }
        let newer = newer_api.get(&name).await?;
        if round == 0 || newer.metadata.resource_version != written.metadata.resource_version {
            continue;
        }
        let up = to_v1beta2(&Object::from_value(older)?)?.to_value()?;
        check("v1beta1 to v1beta2", &serde_json::to_value(newer)?, &up);
        return Ok(comparisons);
    }
    Err("the controllers never left it alone".into())
}

async fn status(
    api: &Api<DynamicObject>,
    name: &str,
    created: DynamicObject,
    status: &Value,
) -> Result<DynamicObject, BoxError> {
    let mut object = created;
    for _ in 0..20 {
        object.data["status"] = status.clone();
        match api.replace_status(name, &PostParams::default(), &object).await {
            Ok(written) => return Ok(written),
            // A controller was faster.
            Err(kube::Error::Api(error)) if error.code == 409 => object = api.get(name).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err("the status could not be written".into())
}

/// As it is compared: without what upstream's encoder writes for nothing, and the annotation as what it holds.
fn plain(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|field, _| field == "annotations" || field == "name");
    }
    if let Some(Value::String(text)) = object["metadata"]["annotations"].get(DATA_ANNOTATION).cloned() {
        object["metadata"]["annotations"][DATA_ANNOTATION] = serde_json::from_str(&text).unwrap();
    }
    drop_empty(&mut object);
    object
}

fn object(pair: &Pair, name: &str, generator: &mut Valid, share: i64) -> Value {
    let mut object = json!({
        "apiVersion": format!("{}/{}", pair.group, pair.version),
        "kind": pair.kind,
        // The controllers leave it alone.
        "metadata": {"name": name, "namespace": "default", "annotations": {"cluster.x-k8s.io/paused": "true"}},
    });
    if pair.kind == "ExtensionConfig" {
        object["metadata"].as_object_mut().unwrap().remove("namespace");
    }
    for part in ["spec", "status"] {
        let schema = &pair.upstream["properties"][part];
        if schema.is_object() && (part == "spec" || share > 0) {
            object[part] = generator.value(part, schema, share);
        }
    }
    object
}

/// The other version of a kind that is Cluster API's own.
fn counterpart(pair: &Pair) -> Option<String> {
    if pair.group.starts_with("infrastructure.")
        || pair.group.starts_with("controlplane.") && pair.kind.starts_with("AWS")
    {
        return None;
    }
    Object::KINDS
        .iter()
        .filter(|known| known.kind == pair.kind)
        .filter_map(|ApiKind { api_version, .. }| api_version.split_once('/'))
        .find(|(group, version)| *group == pair.group && *version != pair.version)
        .map(|(_, version)| version.to_owned())
}

fn api(client: &Client, pair: &Pair, version: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(&pair.group, version, &pair.kind));
    if pair.kind == "ExtensionConfig" {
        return Api::all_with(client.clone(), &resource);
    }
    Api::namespaced_with(client.clone(), "default", &resource)
}

async fn take_away_admission(client: &Client) -> Result<(), BoxError> {
    let (delete, all) = (DeleteParams::default(), ListParams::default());
    Api::<MutatingWebhookConfiguration>::all(client.clone())
        .delete_collection(&delete, &all)
        .await?;
    Api::<ValidatingWebhookConfiguration>::all(client.clone())
        .delete_collection(&delete, &all)
        .await?;
    Ok(())
}
