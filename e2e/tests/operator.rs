//! The operator on Cluster API's real controllers: a `FleetUpgrade` over in-memory clusters in three stages runs to its end while the
//! operator's process, which has the roles of its manifest and no others, is killed at random.
//!
//! Six clusters, or as many as `FLEET_E2E_CLUSTERS` says. `FLEET_E2E_SEED` seeds the kills; with `FLEET_E2E_BOUND` the time is held against
//! that of a script with no safety.
#![allow(clippy::expect_used, clippy::panic)] // As tests fail.

#[path = "../../fleet-upgrade/tests/operator/specs.rs"]
mod specs;
#[path = "upgrade/world.rs"]
#[allow(dead_code, unused_imports)] // The upgrade suite uses the rest of it.
mod world;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fleet_core::yaml;
use fleet_upgrade::adapters::{CapiFleet, CapiUpgrader};
use fleet_upgrade::kernel::RunSettings;
use fleet_upgrade::operator::{FleetUpgradeController, FleetUpgradeResource, RBAC, RunPhase, Sharding, crd};
use futures::future::try_join_all;
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::ResourceExt as _;
use kube::api::{
    Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use world::{CONTROL_PLANE, CORE, Failed, api, classic};

/// How many clusters: two thirds are production, one of them the canary.
fn size() -> Result<usize, Failed> {
    std::env::var("FLEET_E2E_CLUSTERS").map_or(Ok(6), |count| Ok(count.parse()?))
}

/// Names and environments.
fn clusters(size: usize) -> Vec<(String, &'static str)> {
    let staging = (0..size / 3).map(|number| (format!("op-staging-{number:02}"), "staging"));
    let production = (0..size - size / 3).map(|number| (format!("op-prod-{number:02}"), "production"));
    staging.chain(production).collect()
}

/// How many at once.
fn at_once(size: usize) -> usize {
    size.div_ceil(4).max(2)
}

const SOAK: Duration = Duration::from_secs(5);

fn settings() -> RunSettings {
    RunSettings {
        evidence_max_age: SignedDuration::from_secs(9),
        poll: SignedDuration::from_secs(1),
        unwell_limit: SignedDuration::from_mins(3),
    }
}

fn controller(client: &Client, identity: &str) -> FleetUpgradeController {
    FleetUpgradeController::new(client.clone())
        .in_namespace("default")
        .fleet(CapiFleet::new(client.clone()).in_namespace("default"))
        .upgrader(CapiUpgrader::new(client.clone()).in_namespace("default"))
        .settings(settings())
        .sharded(Sharding::one_leader("fleet-system", identity).duration(Duration::from_secs(3)))
}

/// The operator as a process of its own, which ends when it is killed.
struct Process(Child);

impl Process {
    fn start(identity: &str) -> Result<Self, Failed> {
        let child = Command::new(std::env::current_exe()?)
            .args(["the_operator_itself", "--exact", "--ignored"])
            .env(IDENTITY, identity)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Process {
    /// SIGKILL: it can neither finish nor give its Lease up.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process's name where this program is to be the operator.
const IDENTITY: &str = "FLEET_E2E_OPERATOR";

#[tokio::test]
#[ignore = "what the test below starts and kills; without its environment variable nothing"]
async fn the_operator_itself() -> Result<(), Failed> {
    if let Ok(identity) = std::env::var(IDENTITY) {
        let client = as_the_operator().await?;
        controller(&client, &identity).run(std::future::pending()).await?;
    }
    Ok(())
}

/// With the roles of the manifest, and no others.
async fn as_the_operator() -> Result<Client, Failed> {
    let mut config = kube::Config::infer().await?;
    config.auth_info.impersonate = Some("system:serviceaccount:fleet-system:fleet-upgrade".to_owned());
    Ok(Client::try_from(config)?)
}

async fn install(client: &Client) -> Result<(), Failed> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let params = PatchParams::apply("e2e").force();
    definitions
        .patch("fleetupgrades.fleet-sdk.dev", &params, &Patch::Apply(crd()))
        .await?;
    let established = kube::runtime::conditions::is_crd_established();
    kube::runtime::wait::await_condition(definitions, "fleetupgrades.fleet-sdk.dev", established).await?;
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: fleet-system}}";
    for document in yaml::documents(namespace)?.iter().chain(&yaml::documents(RBAC)?) {
        let object: DynamicObject = serde_json::from_value(document.value().clone())?;
        let types = object.types.clone().ok_or("an object has a type")?;
        let kind = ApiResource::from_gvk(&GroupVersionKind::try_from(types)?);
        let api: Api<DynamicObject> = match &object.metadata.namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &kind),
            None => Api::all_with(client.clone(), &kind),
        };
        api.patch(&object.name_any(), &params, &Patch::Apply(&object))
            .await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs a real API server; .ci/run starts one"]
async fn policies_pass_the_definition_and_what_cannot_be_read_does_not() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    install(&client).await?;
    let objects: Api<DynamicObject> = api(&client, "fleet-sdk.dev", "v1alpha1", "FleetUpgrade");
    let try_create = async |text: &str| -> Result<_, Failed> {
        let documents = fleet_core::yaml::documents(text)?;
        let spec = documents.first().ok_or("no document")?.value();
        let object = json!({"apiVersion": "fleet-sdk.dev/v1alpha1", "kind": "FleetUpgrade",
            "metadata": {"name": "only-looked-at"}, "spec": spec});
        let params = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let made = objects.create(&params, &serde_json::from_value(object)?).await;
        Ok((made, spec.clone()))
    };
    for text in specs::GOOD {
        let (made, spec) = try_create(text).await?;
        assert_eq!(made?.data["spec"], spec, "nothing was pruned");
    }
    for (field, text) in specs::WRONG {
        let (made, _) = try_create(text).await?;
        let error = made.err().ok_or_else(|| format!("passes: {text}"))?;
        assert!(error.to_string().contains(field), "{text}: {error}");
    }
    println!(
        "{} policies pass, {} do not",
        specs::GOOD.len(),
        specs::WRONG.len()
    );
    Ok(())
}

/// How many generations an object's spec has had since it was made.
async fn generation(client: &Client, group: &str, kind: &str, name: &str) -> Result<i64, Failed> {
    let object: DynamicObject = api(client, group, "v1beta2", kind).get(name).await?;
    Ok(object.metadata.generation.unwrap_or_default())
}

/// One more generation for each cluster's control plane is what a run may cause.
async fn generations(client: &Client, clusters: &[(String, &str)]) -> Result<Vec<i64>, Failed> {
    let generations = clusters.iter().map(|(name, _)| async move {
        generation(
            client,
            CONTROL_PLANE,
            "KubeadmControlPlane",
            &format!("{name}-control-plane"),
        )
        .await
    });
    try_join_all(generations).await
}

async fn bring_up(client: &Client, clusters: &[(String, &str)]) -> Result<(), Failed> {
    let began = Instant::now();
    try_join_all(clusters.iter().map(|(name, env)| async move {
        classic(client, name, "v1.34.0", 1).await?;
        let labels = json!({"metadata": {"labels": {"e2e": "operator", "env": env}}});
        world::merge(client, CORE, "Cluster", name, labels).await
    }))
    .await?;
    println!(
        "{} clusters up after {:.0} s",
        clusters.len(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What the controllers need at least: the same stages, as many at once and the same soaks, by a script that patches and watches
/// with no safety at all, on clusters of its own.
async fn lower_bound(size: usize) -> Result<Duration, Failed> {
    let (staging, rest) = (size / 3, size - size / 3 - 1);
    let stages = [
        ("bound-staging", staging),
        ("bound-canary", 1),
        ("bound-prod", rest),
    ];
    for (prefix, count) in stages {
        world::script(&["create", &count.to_string(), "--md", "1", "--prefix", prefix]).await?;
    }
    let began = Instant::now();
    for (prefix, _) in stages {
        let parallel = at_once(size).to_string();
        world::script(&["upgrade-all", prefix, "v1.35.0", "--parallel", &parallel]).await?;
        if prefix != "bound-prod" {
            tokio::time::sleep(SOAK).await;
        }
    }
    Ok(began.elapsed())
}

#[tokio::test]
#[ignore = "needs Cluster API's controllers with the in-memory provider; .ci/run starts them"]
async fn a_fleet_in_three_stages_while_the_operator_is_killed_at_random() -> Result<(), Failed> {
    let client = Client::try_default().await?;
    install(&client).await?;
    let size = size()?;
    let clusters = clusters(size);
    bring_up(&client, &clusters).await?;
    // The roles hold: what nobody granted is refused.
    let secrets: Api<Secret> = Api::namespaced(as_the_operator().await?, "default");
    match secrets.list(&ListParams::default()).await {
        Err(kube::Error::Api(status)) if status.is_forbidden() => {}
        other => panic!("Secrets are not the operator's to read: {other:?}"),
    }
    let before = generations(&client, &clusters).await?;
    let upgrades: Api<FleetUpgradeResource> = Api::namespaced(client.clone(), "default");
    let object: FleetUpgradeResource = serde_json::from_value(json!({
        "apiVersion": "fleet-sdk.dev/v1alpha1", "kind": "FleetUpgrade", "metadata": {"name": "to-1.35"},
        "spec": {
            "target": "v1.35.0",
            "clusters": "e2e=operator",
            "stages": [
                {"name": "staging", "selector": "env=staging", "maxConcurrent": at_once(size), "soak": "5s"},
                {"name": "canary", "selector": "env=production", "pick": {"count": 1}, "soak": "5s"},
                {"name": "production", "selector": "env=production", "maxConcurrent": at_once(size)},
            ],
        },
    }))?;
    upgrades.create(&PostParams::default(), &object).await?;
    // The API server itself refuses that a run changes its target.
    let elsewhere = Patch::Merge(json!({"spec": {"target": "v1.36.0"}}));
    let changed = upgrades
        .patch("to-1.35", &PatchParams::default(), &elsewhere)
        .await;
    let message = changed.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(
        message.contains("a run goes to the version it began with"),
        "{message}"
    );

    let seed = std::env::var("FLEET_E2E_SEED").map_or(Ok(7), |seed| seed.parse())?;
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let began = Instant::now();
    let mut kills = 0_usize;
    let status = loop {
        let lives = Duration::from_millis(chance.random_range(1_500..7_500));
        let process = Process::start(&format!("op-{kills}"))?;
        let ends = Instant::now() + lives;
        let mut status = upgrades.get("to-1.35").await?.status.unwrap_or_default();
        while Instant::now() < ends && !status.phase.is_over() {
            tokio::time::sleep(Duration::from_millis(250)).await;
            status = upgrades.get("to-1.35").await?.status.unwrap_or_default();
        }
        drop(process);
        if status.phase.is_over() {
            break status;
        }
        kills += 1;
        let limit = Duration::from_secs(180 + 20 * size as u64);
        assert!(began.elapsed() < limit, "no end after {kills} kills: {status:#?}");
    };
    let wall = began.elapsed().as_secs_f64();
    println!(
        "{size} clusters, one minor, three stages: {wall:.0} s, the operator killed {kills} times (seed {seed})"
    );
    assert_eq!(status.phase, RunPhase::Completed, "{status:#?}");
    assert_eq!(status.progress, Some(format!("{size}/{size}")));
    assert!(kills >= 10, "only {kills} kills");
    let after = generations(&client, &clusters).await?;
    for ((name, _), (before, after)) in clusters.iter().zip(before.iter().zip(after)) {
        assert_eq!(after, before + 1, "{name} was changed once and no more");
    }
    if std::env::var_os("FLEET_E2E_BOUND").is_some() {
        let bound = lower_bound(size).await?.as_secs_f64();
        println!(
            "a script with no safety needs {bound:.0} s for the same stages: {:.2} times",
            wall / bound
        );
    }
    Ok(())
}
