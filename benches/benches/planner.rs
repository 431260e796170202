//! Planning a fleet, and one decision of the kernel in the middle of a run.
//!
//! The bound beside the planner: sorting the same clusters by the same key once, which any planner that picks by
//! criticality and size has to do.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fleet_benches::{NOW, fleet, policy};
use fleet_upgrade::kernel::{
    ClusterId, ClusterObservation, ClusterReport, Command, Fact, Observation, RunState, decide, evidence_due,
};
use fleet_upgrade::plan;
use jiff::{SignedDuration, Timestamp};

fn planning(c: &mut Criterion) {
    let now: Timestamp = NOW.parse().unwrap();
    let mut group = c.benchmark_group("plan");
    for size in [1_000, 10_000, 100_000] {
        let (fleet, policy) = (fleet(size).unwrap(), policy(size / 20));
        group.throughput(Throughput::Elements(size.into()));
        group.bench_with_input(BenchmarkId::new("plan", size), &size, |b, _| {
            b.iter(|| plan(&policy, &fleet, now).unwrap())
        });
        group.bench_with_input(BenchmarkId::new("bound: one sort", size), &size, |b, _| {
            b.iter(|| {
                let mut clusters: Vec<_> = fleet.iter().collect();
                clusters
                    .sort_by_cached_key(|cluster| (cluster.criticality(), cluster.nodes(), cluster.name()));
                clusters
            });
        });
    }
    group.finish();
}

/// A run in its first production day: staging and canary done, some clusters running.
fn deciding(c: &mut Criterion) {
    let mut group = c.benchmark_group("decide");
    for size in [1_000, 10_000, 100_000] {
        let plan = plan(&policy(size / 20), &fleet(size).unwrap(), NOW.parse().unwrap()).unwrap();
        let (run, seen, now) = half_way(&plan);
        group.throughput(Throughput::Elements(size.into()));
        group.bench_with_input(BenchmarkId::new("decide", size), &size, |b, _| {
            b.iter(|| decide(&plan, &run, &seen, now))
        });
    }
    group.finish();
}

/// Drives the kernel alone, every cluster taking 20 minutes, until half of the clusters are upgraded.
fn half_way(plan: &fleet_upgrade::UpgradePlan) -> (RunState, Observation, Timestamp) {
    let mut now = plan.created();
    let (mut run, mut seen) = (RunState::new(plan), Observation::empty());
    let mut orders: std::collections::BTreeMap<ClusterId, (Timestamp, fleet_core::KubernetesVersion)> =
        std::collections::BTreeMap::new();
    loop {
        for id in evidence_due(plan, &run, &seen, now) {
            let version = match orders.get(&id) {
                Some((since, to)) if now.duration_since(*since) >= SignedDuration::from_mins(20) => {
                    to.clone()
                }
                Some(_) => continue,
                None => fleet_core::KubernetesVersion::new(1, 30, 4),
            };
            seen.insert(
                id,
                ClusterObservation::present(now, ClusterReport::settled(version)),
            );
        }
        if fleet_upgrade::kernel::Counts::of(&run).upgraded as usize * 2 >= plan.len() {
            return (run, seen, now);
        }
        let mut until = None;
        for command in decide(plan, &run, &seen, now) {
            match command {
                Command::Record(fact) => {
                    let event = run.next_event(now, fact);
                    run.apply(&event);
                }
                Command::StartHop(order) => {
                    orders.insert(order.cluster, (now, order.to.clone()));
                    let event = run.next_event(
                        now,
                        Fact::HopStarted {
                            readiness: None,
                            cluster: order.cluster,
                            hop: order.hop,
                        },
                    );
                    run.apply(&event);
                }
                Command::WaitUntil { until: time, .. } => until = time,
                _ => return (run, seen, now),
            }
        }
        if let Some(time) = until {
            now = time
                .min(now + SignedDuration::from_mins(10))
                .max(now + SignedDuration::from_secs(1));
        }
    }
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = planning, deciding }
criterion_main!(benches);
