//! Reading 1,000 cluster directories into a typed, checked fleet.
//!
//! Beside it two bounds on the same files: reading their bytes, and parsing them to untyped values with positions.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use std::fs;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fleet_capi::ClusterRepository;
use fleet_core::yaml;

fn reading(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let template = include_str!("../../examples/gitops-repo/clusters/production-eu-west/cluster.yaml");
    for number in 0..CLUSTERS {
        let cluster = directory.path().join(format!("cluster-{number:04}"));
        fs::create_dir(&cluster).unwrap();
        let text = template.replace("production-eu-west", &format!("cluster-{number:04}"));
        fs::write(cluster.join("cluster.yaml"), text).unwrap();
    }
    let mut group = c.benchmark_group("repository");
    group.throughput(Throughput::Elements(CLUSTERS));
    group.bench_function("open and fleet", |b| {
        b.iter(|| {
            ClusterRepository::open(directory.path())
                .unwrap()
                .fleet()
                .unwrap()
        })
    });
    group.bench_function("bound: bytes", |b| b.iter(|| texts(directory.path()).len()));
    group.bench_function("bound: untyped documents", |b| {
        b.iter(|| {
            texts(directory.path())
                .iter()
                .map(|text| yaml::documents(text).unwrap().len())
                .sum::<usize>()
        });
    });
    group.finish();
}

fn texts(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("cluster.yaml"));
    files.map(|file| fs::read_to_string(file).unwrap()).collect()
}

const CLUSTERS: u64 = 1_000;

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = reading }
criterion_main!(benches);
