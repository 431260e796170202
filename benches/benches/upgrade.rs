//! A run's costs: one decision when one cluster has changed, rehearsals, and what the operator asks of its API server.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion};
use fleet_benches::{NOW, fleet, half_way, policy};
use fleet_sim::Hub;
use fleet_upgrade::kernel::{ClusterObservation, ClusterReport, LiveRun, decide};
use fleet_upgrade::operator::{FleetUpgradeController, FleetUpgradeResource, crd};
use fleet_upgrade::plan;
use fleet_upgrade::ports::TokioClock;
use fleet_upgrade::simulate::{Odds, simulate};
use fleet_upgrade::testing::InMemoryUpgrader;
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use kube::Client;
use kube::api::{Api, PostParams};
use kube::client::Body;
use serde_json::json;

/// How many clusters a child of this process runs the operator over.
const ONLY: &str = "FLEET_BENCH_ONLY";

fn main() {
    if let Ok(size) = std::env::var(ONLY) {
        operator(size.parse().unwrap());
        return;
    }
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    deciding(&mut criterion);
    rehearsing(&mut criterion);
    criterion.final_summary();
    println!(
        "\n| operator over | requests a cluster | bytes sent a cluster | peak memory | time of its one thread |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    // A process of its own for each: memory that one gives back is there for the next.
    for size in [100, 1_000, 10_000] {
        let this = std::env::current_exe().unwrap();
        assert!(
            Command::new(this)
                .env(ONLY, size.to_string())
                .status()
                .unwrap()
                .success()
        );
    }
}

/// In the middle of a run one cluster is looked at again: a decision from scratch, and one of a run that is followed.
fn deciding(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide, one cluster changed");
    for size in [1_000, 10_000] {
        let plan = plan(&policy(size / 20), &fleet(size).unwrap(), NOW.parse().unwrap()).unwrap();
        let (run, seen, now) = half_way(&plan);
        group.bench_with_input(BenchmarkId::new("from scratch", size), &size, |b, _| {
            b.iter(|| decide(&plan, &run, &seen, now))
        });
        let mut live = LiveRun::with_evidence(&plan, run, seen);
        let id = fleet_upgrade::kernel::ClusterId(0);
        let version = plan.target().clone();
        let mut millis = 0;
        group.bench_with_input(BenchmarkId::new("live", size), &size, |b, _| {
            b.iter(|| {
                millis += 1;
                let at = now - SignedDuration::from_millis(millis % 1_000);
                live.observe(
                    id,
                    ClusterObservation::present(at, ClusterReport::settled(version.clone())),
                );
                live.decide(now)
            })
        });
    }
    group.finish();
}

/// Each with its rehearsals of what a looser policy would give: a tenth as many for each of the three knobs.
fn rehearsing(c: &mut Criterion) {
    let mut group = c.benchmark_group("simulate");
    for (size, runs) in [(10_000, 1_u32), (1_000, 1_000)] {
        let plan = plan(&policy(size / 20), &fleet(size).unwrap(), NOW.parse().unwrap()).unwrap();
        let mut odds = Odds::typical();
        odds.defect = None;
        let name = format!("{runs} runs of {size} clusters");
        group.bench_function(name, |b| {
            b.iter(|| simulate(&plan, &odds, runs.try_into().unwrap(), 7))
        });
    }
    group.finish();
}

/// What goes through a client.
#[derive(Default)]
struct Traffic {
    requests: AtomicU64,
    bytes: AtomicU64,
}

fn counted(inner: Client, traffic: Arc<Traffic>) -> Client {
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (inner, traffic) = (inner.clone(), Arc::clone(&traffic));
        async move {
            let (parts, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes)
                .unwrap_or_default();
            traffic.requests.fetch_add(1, Ordering::Relaxed);
            traffic.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
            inner
                .send(http::Request::from_parts(parts, Body::from(body.to_vec())))
                .await
        }
    });
    Client::new(service, "fleet")
}

/// Runs the operator from an object's creation to the run's end, on virtual time and clusters in memory, and counts.
fn operator(size: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let began = Instant::now();
    let traffic = Arc::new(Traffic::default());
    runtime.block_on(async {
        let hub = Hub::builder()
            .crds([crd()])
            .starting_at(NOW.parse().unwrap())
            .create_missing_namespaces(true)
            .start()
            .unwrap();
        let fleet = fleet(size).unwrap();
        let clock = TokioClock::starting_at(hub.now());
        let versions = fleet
            .iter()
            .map(|cluster| (cluster.name().clone(), cluster.version().clone()));
        let upgrader = InMemoryUpgrader::new(versions, clock);
        let api: Api<FleetUpgradeResource> = Api::namespaced(hub.client(), "fleet");
        let object = json!({"apiVersion": "fleet-sdk.dev/v1alpha1", "kind": "FleetUpgrade",
            "metadata": {"name": "up"}, "spec": policy(size / 20).spec});
        api.create(&PostParams::default(), &serde_json::from_value(object).unwrap())
            .await
            .unwrap();
        let controller = FleetUpgradeController::new(counted(hub.client(), Arc::clone(&traffic)))
            .fleet(fleet)
            .upgrader(upgrader)
            .clock(clock);
        let operator = tokio::spawn(controller.run(std::future::pending()));
        loop {
            tokio::time::sleep(Duration::from_hours(1)).await;
            let status = api.get("up").await.unwrap().status.unwrap_or_default();
            if status.phase.is_over() {
                assert_eq!(status.progress, Some(format!("{size}/{size}")));
                break;
            }
        }
        operator.abort();
    });
    let per_cluster = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / f64::from(size);
    println!(
        "| {size} clusters | {:.2} | {:.0} | {} MiB | {:.1} s |",
        per_cluster(&traffic.requests),
        per_cluster(&traffic.bytes),
        peak_memory() >> 10,
        began.elapsed().as_secs_f64()
    );
}

/// The most that this process has had resident, in KiB.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default()
}
