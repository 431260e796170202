//! Planning a fleet, and one decision of the kernel in the middle of a run.
//!
//! The bound beside the planner: sorting the same clusters by the same key once, which any planner that picks by
//! criticality and size has to do.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fleet_benches::{NOW, fleet, half_way, policy};
use fleet_upgrade::kernel::decide;
use fleet_upgrade::plan;
use jiff::Timestamp;

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

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = planning, deciding }
criterion_main!(benches);
