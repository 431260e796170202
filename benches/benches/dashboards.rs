//! Rendering 1,000 dashboards in both schemas, checked for variables and places.
//!
//! The bound beside it: writing the same JSON values as text.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fleet_observe::grafana;

fn rendering(c: &mut Criterion) {
    let mut group = c.benchmark_group("dashboards");
    let dashboards: Vec<_> = grafana::all().unwrap().into_iter().cycle().take(1_000).collect();
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("classic", |b| {
        b.iter(|| {
            dashboards
                .iter()
                .map(|it| it.classic().unwrap())
                .collect::<Vec<_>>()
        })
    });
    group.bench_function("v2", |b| {
        b.iter(|| dashboards.iter().map(|it| it.v2().unwrap()).collect::<Vec<_>>())
    });
    let values: Vec<_> = dashboards.iter().map(|it| it.classic().unwrap()).collect();
    group.bench_function("bound: the classic values as text", |b| {
        b.iter(|| {
            values
                .iter()
                .map(|it| serde_json::to_string(it).unwrap().len())
                .sum::<usize>()
        })
    });
    group.finish();
}

criterion_group!(benches, rendering);
criterion_main!(benches);
