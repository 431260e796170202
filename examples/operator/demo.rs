//! A rehearsal: a fleet on an embedded hub, one `FleetUpgrade`, and an operator that is killed at random until the run ends.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use fleet_capi::management::ManagementCluster;
use fleet_capi::rollout::RolloutStatus;
use fleet_capi::{ClusterSpec, NodePool};
use fleet_sim::Hub;
use fleet_sim::cluster_api::{ClusterApi, Delay};
use fleet_upgrade::adapters::{CapiFleet, CapiUpgrader};
use fleet_upgrade::operator::{
    FleetUpgradeController, FleetUpgradeResource, FleetUpgradeStatus, RunPhase, crd,
};
use fleet_upgrade::ports::TokioClock;
use jiff::Timestamp;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

const NAMESPACE: &str = "fleet";
const OBJECT: &str = "to-1.31";

/// Runs it to its end; an error if that is not that every cluster is upgraded.
pub async fn run(clusters: u32, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut out = fleet_examples::stdout();
    let hub = bring_up(clusters, seed).await?;
    let api: Api<FleetUpgradeResource> = Api::namespaced(hub.client(), NAMESPACE);
    let object = object(clusters);
    writeln!(
        out,
        "{clusters} clusters run v1.30.8. What is applied:\n\n{}",
        fleet_core::yaml::to_string(&object)?
    )?;
    api.create(&PostParams::default(), &serde_json::from_value(object)?)
        .await?;

    writeln!(
        out,
        "{:<17}{:<11}{:<10}{:<12}WAITS FOR",
        "TIME", "PHASE", "PROGRESS", "STAGE"
    )?;
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let (mut kills, mut writes, mut bytes) = (0_u32, 0, 0);
    let status = loop {
        let controller = FleetUpgradeController::new(hub.client())
            .fleet(CapiFleet::new(hub.client()))
            .upgrader(CapiUpgrader::new(hub.client()))
            .clock(TokioClock::starting_at(hub.now()));
        let metrics = controller.metrics();
        let operator = tokio::spawn(controller.run(std::future::pending()));
        let lives = Duration::from_mins(chance.random_range(2..240));
        let status = tokio::time::timeout(lives, watch(&mut out, &hub, &api)).await;
        operator.abort();
        writes += metrics.writes();
        bytes += metrics.bytes();
        match status {
            Ok(status) => break status?,
            Err(_) => kills += 1,
        }
    };

    writeln!(out, "\nCONDITION         STATUS  MESSAGE")?;
    for condition in &status.conditions {
        writeln!(
            out,
            "{:<18}{:<8}{}",
            condition.type_, condition.status, condition.message
        )?;
    }
    writeln!(
        out,
        "\nThe operator was killed {kills} times. To keep the run it wrote {writes} times, {bytes} bytes: {:.1} writes and {} bytes a cluster.",
        writes as f64 / f64::from(clusters),
        bytes / u64::from(clusters)
    )?;
    if status.phase == RunPhase::Completed {
        Ok(())
    } else {
        Err(format!("the run ended as {}", status.phase.as_str()).into())
    }
}

fn object(clusters: u32) -> Value {
    let at_once = clusters.div_ceil(4).max(2);
    json!({
        "apiVersion": "fleet-sdk.dev/v1alpha1", "kind": "FleetUpgrade",
        "metadata": {"name": OBJECT, "namespace": NAMESPACE},
        "spec": {
            "target": "v1.31.4",
            "stages": [
                {"name": "staging", "selector": "env=staging", "maxConcurrent": at_once, "soak": "6h"},
                {"name": "canary", "selector": "env=production", "pick": {"count": 1}, "soak": "1d"},
                {"name": "production", "maxConcurrent": at_once},
            ],
        },
    })
}

/// Prints what `kubectl get --watch` would, line by line, until the run is over.
async fn watch(
    out: &mut impl Write,
    hub: &Hub,
    api: &Api<FleetUpgradeResource>,
) -> Result<FleetUpgradeStatus, Box<dyn Error>> {
    let mut last = String::new();
    loop {
        let status = api.get(OBJECT).await?.status.unwrap_or_default();
        let line = format!(
            "{:<11}{:<10}{:<12}{}",
            status.phase.as_str(),
            status.progress.as_deref().unwrap_or("-"),
            status.stage.as_deref().unwrap_or("-"),
            status.waiting_for.as_deref().unwrap_or("-"),
        );
        if line != last {
            writeln!(
                out,
                "{:<17}{line}",
                hub.now().strftime("%a %d %b %H:%M").to_string()
            )?;
            last = line;
        }
        if status.phase.is_over() {
            return Ok(status);
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
}

/// A hub with simulated Cluster API controllers, and clusters on it: one in three is staging.
async fn bring_up(clusters: u32, seed: u64) -> Result<Hub, Box<dyn Error>> {
    let began: Timestamp = "2026-06-01T06:00:00Z".parse()?;
    let hub = Hub::builder()
        .crds(fleet_capi::crds().into_iter().chain([crd()]))
        .seed(seed)
        .starting_at(began)
        .create_missing_namespaces(true)
        .start()?;
    let time = hub.clone();
    ClusterApi::default()
        .seed(seed)
        .machine_startup(Delay::around(Duration::from_secs(150), 0.3))
        .spawn(hub.client(), move || time.now());
    for number in 0..clusters {
        let env = if number < clusters / 3 {
            "staging"
        } else {
            "production"
        };
        let spec = ClusterSpec::docker(format!("{env}-{number}"))
            .namespace(NAMESPACE)
            .labels([("env", env)])
            .version("v1.30.8".parse()?)
            .control_plane(1)
            .pool(NodePool::new("workers", 2));
        for object in spec.manifests()? {
            apply(&hub, &object.to_value()?).await?;
        }
    }
    let management = ManagementCluster::new(hub.client());
    while !all_run(&management, clusters).await? {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    Ok(hub)
}

/// Whether every cluster has all of its machines.
async fn all_run(management: &ManagementCluster, clusters: u32) -> Result<bool, Box<dyn Error>> {
    let fleet = management.fleet().await?;
    for cluster in &fleet {
        let state = management.state(cluster.name()).await?;
        if !RolloutStatus::of(&state, cluster.version()).is_done() {
            return Ok(false);
        }
    }
    Ok(fleet.len() == clusters as usize)
}

async fn apply(hub: &Hub, object: &Value) -> Result<(), Box<dyn Error>> {
    let text = |pointer| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (group, version) = text("/apiVersion").split_once('/').unwrap_or_default();
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text("/kind")));
    let api: Api<DynamicObject> = Api::namespaced_with(hub.client(), NAMESPACE, &kind);
    api.patch(
        text("/metadata/name"),
        &PatchParams::apply("operator-demo"),
        &Patch::Apply(object),
    )
    .await?;
    Ok(())
}
