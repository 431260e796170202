//! The embedded hub, in process and served over HTTP, and a real API server through one `kube::Client`, as a table.
//!
//! With `KUBECONFIG` set, every line is measured on that server as well, in the same run. `-- --full` goes up to
//! 100,000 objects in the hub.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use std::future::Future;
use std::time::{Duration, Instant};

use fleet_sim::Hub;
use fleet_sim::http::Server;
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{
    DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::{Api, Client, Config};

/// Requests on their way at once, on both sides.
const CONCURRENCY: usize = 32;
const OBJECTS: u64 = 10_000;
const WRITES: u64 = 2_000;
const WATCHERS: usize = 1_000;
const NAMESPACE: &str = "fleet-bench";

/// What was measured on one server: name, figure, unit.
struct Row {
    what: &'static str,
    per_second: f64,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let full = std::env::args().any(|argument| argument == "--full");
        let began = Instant::now();
        let hub = Hub::builder().start().unwrap();
        Api::<Namespace>::all(hub.client()).get("default").await.unwrap();
        println!("Start to first answer: {:?}\n", began.elapsed());

        // First, while the memory of this process is its own.
        let sizes: &[u64] = if full {
            &[100_000, 10_000, 100]
        } else {
            &[10_000, 100]
        };
        scale(sizes).await;
        println!();
        let ours = measure(hub.client()).await;
        let served = measure(serve()).await;
        let theirs = match std::env::var_os("KUBECONFIG") {
            Some(_) => Some(measure(Client::try_default().await.unwrap()).await),
            None => None,
        };
        println!("| {CONCURRENCY} requests at once, per second | hub | over HTTP | real server | times | over HTTP |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: |");
        for (index, row) in ours.iter().enumerate() {
            let (hub, http) = (row.per_second, served[index].per_second);
            let real = theirs.as_ref().map(|rows| rows[index].per_second);
            let (shown, times, http_times) = real.map_or_else(Default::default, |real| {
                let times = |one: f64| format!("{:.1}", one / real);
                (format!("{real:.0}"), times(hub), times(http))
            });
            println!(
                "| {} | {hub:.0} | {http:.0} | {shown} | {times} | {http_times} |",
                row.what
            );
        }
    });
}

/// A client of a hub that another thread serves, as the real server is another process.
fn serve() -> Client {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let hub = Hub::builder().start().unwrap();
            let server = Server::bind(&hub, "127.0.0.1:0".parse().unwrap()).await.unwrap();
            tell.send(server.address()).unwrap();
            server.serve(std::future::pending()).await;
        });
    });
    let address = told.recv().unwrap();
    let config = Config::new(format!("http://{address}").parse().unwrap());
    Client::try_from(config).unwrap()
}

async fn measure(client: Client) -> Vec<Row> {
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(NAMESPACE.to_owned()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    Api::all(client.clone())
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), NAMESPACE);
    let mut rows = Vec::new();
    let mut row = |what, count: u64, time: Duration| {
        rows.push(Row {
            what,
            per_second: count as f64 / time.as_secs_f64(),
        });
    };
    let time = many(OBJECTS, |number| create(&api, number)).await;
    row("create", OBJECTS, time);
    let get = |number: u64| {
        let api = api.clone();
        async move { drop(api.get(&name(number)).await.unwrap()) }
    };
    row("get", WRITES, many(WRITES, get).await);
    let merge = |number: u64| {
        let api = api.clone();
        let patch = Patch::Merge(serde_json::json!({"data": {"replicas": number.to_string()}}));
        async move {
            drop(
                api.patch(&name(number), &PatchParams::default(), &patch)
                    .await
                    .unwrap(),
            )
        }
    };
    row("merge patch", WRITES, many(WRITES, merge).await);
    let apply = |number: u64| {
        let api = api.clone();
        let patch = Patch::Apply(config_map(number));
        async move {
            let options = PatchParams::apply("bench").force();
            drop(api.patch(&name(number), &options, &patch).await.unwrap());
        }
    };
    row("server-side apply", WRITES, many(WRITES, apply).await);
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(
            api.list(&ListParams::default()).await.unwrap().items.len() as u64,
            OBJECTS
        );
    }
    row("objects of a list of 10,000", 5 * OBJECTS, began.elapsed());
    let (events, time) = fan_out(&api, OBJECTS, 20).await;
    row("events to 1,000 watches", events, time);
    let delete = |number: u64| {
        let api = api.clone();
        async move { drop(api.delete(&name(number), &DeleteParams::default()).await.unwrap()) }
    };
    row("delete", WRITES, many(WRITES, delete).await);
    rows
}

/// How long so many calls take, a number of them at once.
async fn many<F: Future<Output = ()>>(count: u64, call: impl Fn(u64) -> F) -> Duration {
    let began = Instant::now();
    futures::stream::iter(0..count)
        .map(call)
        .buffer_unordered(CONCURRENCY)
        .collect::<Vec<()>>()
        .await;
    began.elapsed()
}

/// Creates objects one after the other, each seen by every watcher before the next.
async fn fan_out(api: &Api<ConfigMap>, first: u64, times: u64) -> (u64, Duration) {
    let revision = api.list(&ListParams::default().limit(1)).await.unwrap();
    let revision = revision.metadata.resource_version.unwrap_or_default();
    let mut watches = Vec::new();
    for _ in 0..WATCHERS {
        watches.push(
            api.watch(&WatchParams::default(), &revision)
                .await
                .unwrap()
                .boxed(),
        );
    }
    let began = Instant::now();
    for number in first..first + times {
        create(api, number).await;
        for watch in &mut watches {
            let event = watch.try_next().await.unwrap();
            assert!(matches!(event, Some(WatchEvent::Added(_))));
        }
    }
    (times * WATCHERS as u64, began.elapsed())
}

/// What grows with the number of objects in the hub, and what does not.
async fn scale(sizes: &[u64]) {
    println!(
        "| objects in the hub | create, us | get, us | watch event, us | memory an object / its JSON (bytes) |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: |");
    for (index, size) in sizes.iter().enumerate() {
        // Lets the one before go in full.
        tokio::time::sleep(Duration::from_millis(200)).await;
        let before = resident();
        let hub = Hub::builder().start().unwrap();
        let api: Api<ConfigMap> = Api::default_namespaced(hub.client());
        let time = many(*size, |number| create(&api, number)).await;
        let memory = resident().saturating_sub(before) as f64;
        let json = serde_json::to_vec(&api.get(&name(1)).await.unwrap())
            .unwrap()
            .len() as f64;
        let gets = many(1_000, |number| {
            let api = api.clone();
            async move { drop(api.get(&name(number % size)).await.unwrap()) }
        })
        .await;
        let one = api.list(&ListParams::default().limit(1)).await.unwrap();
        let revision = one.metadata.resource_version.unwrap_or_default();
        let mut watch = api
            .watch(&WatchParams::default(), &revision)
            .await
            .unwrap()
            .boxed();
        let began = Instant::now();
        for number in 0..1_000 {
            create(&api, size + number).await;
            watch.try_next().await.unwrap();
        }
        let events = began.elapsed();
        let micros = |time: Duration, count: f64| time.as_secs_f64() * 1e6 / count;
        println!(
            "| {size} | {:.1} | {:.1} | {:.1} | {} |",
            micros(time, *size as f64),
            micros(gets, 1_000.0),
            micros(events, 1_000.0),
            // Later hubs are built in memory that earlier ones gave back.
            if index == 0 {
                format!("{:.2} ({json})", memory / *size as f64 / json)
            } else {
                String::new()
            },
        );
    }
}

/// Bytes of memory that this process holds; 0 where the system does not tell.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}

async fn create(api: &Api<ConfigMap>, number: u64) {
    api.create(&PostParams::default(), &config_map(number))
        .await
        .unwrap();
}

fn name(number: u64) -> String {
    format!("object-{number}")
}

fn config_map(number: u64) -> ConfigMap {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": { "name": name(number), "labels": { "env": "production", "region": "eu-west-1" } },
        "data": { "values.yaml": "replicas: 3\nimage: registry.example.com/shop:1.2.3\n".repeat(8) },
    }))
    .unwrap()
}
