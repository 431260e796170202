//! The embedded hub through `kube::Client`: creates, gets, lists, watch events.
//!
//! The bound beside creates and gets is what a `kube::Client` costs by itself: the same request to a service that answers
//! with fixed bytes.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use std::convert::Infallible;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fleet_sim::Hub;
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, PostParams, WatchParams};
use kube::client::Body;
use kube::{Api, Client};
use tokio::runtime::{Builder, Runtime};

fn hub(c: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let mut group = c.benchmark_group("hub");
    group.throughput(Throughput::Elements(1));

    group.bench_function("create", |b| {
        b.iter_custom(|times| {
            let api = config_maps(&runtime);
            let objects: Vec<_> = (0..times).map(config_map).collect();
            runtime.block_on(async {
                let began = Instant::now();
                for object in &objects {
                    api.create(&PostParams::default(), object).await.unwrap();
                }
                began.elapsed()
            })
        });
    });
    let api = filled(&runtime, 10_000);
    group.bench_function("get of 10,000", |b| {
        b.iter(|| runtime.block_on(api.get("object-5000")).unwrap())
    });
    let canned = runtime.block_on(async { Api::default_namespaced(echo(&config_map(5_000))) });
    group.bench_function("bound: kube::Client alone", |b| {
        b.iter(|| runtime.block_on(async { Api::<ConfigMap>::get(&canned, "object-5000").await.unwrap() }));
    });
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("list 10,000", |b| {
        b.iter(|| {
            runtime
                .block_on(api.list(&ListParams::default()))
                .unwrap()
                .items
                .len()
        })
    });
    group.finish();

    let mut group = c.benchmark_group("hub watch");
    for watchers in [1_u64, 100] {
        group.throughput(Throughput::Elements(watchers));
        group.bench_function(format!("one create seen by {watchers}"), |b| {
            b.iter_custom(|times| fan_out(&runtime, times, watchers))
        });
    }
    group.finish();
}

/// From a create to the event's arrival at every watcher.
fn fan_out(runtime: &Runtime, times: u64, watchers: u64) -> Duration {
    let api = config_maps(runtime);
    runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..watchers {
            streams.push(Box::pin(api.watch(&WatchParams::default(), "0").await.unwrap()));
        }
        let began = Instant::now();
        for number in 0..times {
            api.create(&PostParams::default(), &config_map(number))
                .await
                .unwrap();
            for stream in &mut streams {
                stream.try_next().await.unwrap().unwrap();
            }
        }
        began.elapsed()
    })
}

fn config_maps(runtime: &Runtime) -> Api<ConfigMap> {
    runtime.block_on(async { Api::default_namespaced(Hub::builder().start().unwrap().client()) })
}

fn filled(runtime: &Runtime, objects: u64) -> Api<ConfigMap> {
    let api = config_maps(runtime);
    runtime.block_on(async {
        for number in 0..objects {
            api.create(&PostParams::default(), &config_map(number))
                .await
                .unwrap();
        }
    });
    api
}

fn config_map(number: u64) -> ConfigMap {
    serde_json::from_value(serde_json::json!({
        "metadata": { "name": format!("object-{number}"), "labels": { "env": "production" } },
        "data": { "values.yaml": "replicas: 3\nimage: registry.example.com/shop:1.2.3\n" },
    }))
    .unwrap()
}

/// A client of a service that gives the same answer to everything.
fn echo(object: &ConfigMap) -> Client {
    let answer = serde_json::to_vec(object).unwrap();
    Client::new(
        tower::service_fn(move |_: http::Request<Body>| {
            let answer = answer.clone();
            async move { Ok::<_, Infallible>(http::Response::new(Body::from(answer))) }
        }),
        "default",
    )
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = hub }
criterion_main!(benches);
