//! Seeded sequences: three managers apply, patch and replace the same objects, agreeing and not agreeing.

use rand::{Rng, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use crate::cases::{APPLY, JSON_PATCH, MERGE, STRATEGIC};
use crate::server::{Request, request, with_body};

const STEPS: usize = 90;

pub(crate) fn applies(seed: u64) -> Vec<Request> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let kind = ["ConfigMap", "Deployment", "Widget", "Service"][usize::try_from(seed % 4).unwrap_or(0)];
    let name = format!("random-{seed}");
    let (collection, api_version) = match kind {
        "ConfigMap" => ("/api/v1/namespaces/diff/configmaps", "v1"),
        "Deployment" => ("/apis/apps/v1/namespaces/diff/deployments", "apps/v1"),
        "Service" => ("/api/v1/namespaces/diff/services", "v1"),
        _ => (
            "/apis/diff.example.com/v1/namespaces/diff/widgets",
            "diff.example.com/v1",
        ),
    };
    let path = format!("{collection}/{name}");
    let mut out = Vec::new();
    for step in 0..STEPS {
        let label = format!("random {seed}.{step}");
        let manager = ["alpha", "beta", "gamma"][random.random_range(0..3)];
        let mut object = content(kind, &mut random);
        object["apiVersion"] = json!(api_version);
        object["kind"] = json!(kind);
        object["metadata"]["name"] = json!(name);
        out.push(match random.random_range(0..14) {
            0..=5 => {
                let force = random.random_range(0..3) == 0;
                with_body(&label, "PATCH", format!("{path}?fieldManager={manager}&force={force}"), APPLY, &object)
            }
            6 => with_body(&label, "POST", format!("{collection}?fieldManager={manager}"), "application/json", &object),
            7 | 8 => {
                let merge = json!({"metadata": {"labels": {pick(&mut random, "l"): pick(&mut random, "v")}}});
                with_body(&label, "PATCH", format!("{path}?fieldManager={manager}"), MERGE, &merge)
            }
            9 => {
                let kind = if kind == "Widget" { MERGE } else { STRATEGIC };
                with_body(&label, "PATCH", format!("{path}?fieldManager={manager}"), kind, &part(&object))
            }
            10 => {
                let operations = json!([{"op": "add", "path": "/metadata/annotations", "value": {pick(&mut random, "a"): "1"}}]);
                with_body(&label, "PATCH", format!("{path}?fieldManager={manager}"), JSON_PATCH, &operations)
            }
            11 => {
                object["metadata"]["resourceVersion"] = json!(format!("{{rv:{path}}}"));
                with_body(&label, "PUT", format!("{path}?fieldManager={manager}"), "application/json", &object)
            }
            12 => request(&label, "GET", path.clone()),
            _ if random.random_range(0..4) == 0 => request(&label, "DELETE", path.clone()),
            _ => request(&label, "GET", collection),
        });
    }
    out.push(request(&format!("random {seed} end"), "DELETE", path));
    out
}

/// What a patch may set without naming the object.
fn part(object: &Value) -> Value {
    let fields: Map<String, Value> = object
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    Value::Object(fields)
}

fn pick(random: &mut impl Rng, stem: &str) -> String {
    format!("{stem}{}", random.random_range(0..3))
}

fn some_of(random: &mut impl Rng, stem: &str) -> Value {
    let mut out = Map::new();
    for _ in 0..random.random_range(0..3) {
        out.insert(pick(random, stem), json!(pick(random, "v")));
    }
    Value::Object(out)
}

fn content(kind: &str, random: &mut impl Rng) -> Value {
    let mut object = json!({"metadata": {}});
    if random.random_range(0..2) == 0 {
        object["metadata"]["labels"] = some_of(random, "l");
    }
    match kind {
        "ConfigMap" => object["data"] = some_of(random, "k"),
        "Deployment" => {
            let mut container = json!({"name": "main", "image": pick(random, "image:v")});
            if random.random_range(0..2) == 0 {
                container["env"] = json!([{"name": pick(random, "E"), "value": pick(random, "v")}]);
            }
            if random.random_range(0..3) == 0 {
                container["ports"] = json!([{"containerPort": random.random_range(80..83)}]);
            }
            let mut containers = vec![container];
            if random.random_range(0..3) == 0 {
                containers.push(json!({"name": "side", "image": "side:1"}));
            }
            object["spec"] = json!({"selector": {"matchLabels": {"app": "a"}},
                "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": containers}}});
            if random.random_range(0..2) == 0 {
                object["spec"]["replicas"] = json!(random.random_range(0..4));
            }
        }
        "Service" => {
            let mut ports = Vec::new();
            for number in 80..80 + random.random_range(1..4) {
                ports.push(json!({"name": format!("p{number}"), "port": number}));
            }
            object["spec"] = json!({"ports": ports, "selector": some_of(random, "s")});
        }
        _ => {
            let mut items = Vec::new();
            for index in 0..random.random_range(0..3) {
                items.push(json!({"name": format!("i{index}"), "size": random.random_range(1..4)}));
            }
            let mut tags: Vec<String> = (0..random.random_range(0..3))
                .map(|_| pick(random, "t"))
                .collect();
            tags.sort();
            tags.dedup();
            object["spec"] = json!({"items": items, "tags": tags, "mode": pick(random, "m"),
                "replicas": random.random_range(1..4)});
            let options = some_of(random, "o");
            if options.as_object().is_some_and(|options| !options.is_empty()) {
                object["spec"]["options"] = options;
            }
        }
    }
    object
}
