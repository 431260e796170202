//! The central components: one Deployment or `StatefulSet` and one Service each.

use fleet_core::Fleet;
use serde_json::{Value, json};

use super::{SECRET, SECRET_KEY, Thanos};

/// A component.
struct Component {
    name: &'static str,
    arguments: Vec<String>,
    /// Space for blocks and indices; `None` for what keeps nothing.
    disk: Option<&'static str>,
    replicas: u32,
    reads_store: bool,
}

pub(super) fn all(thanos: &Thanos, fleet: &Fleet) -> Vec<Value> {
    components(thanos, fleet)
        .iter()
        .flat_map(|component| [service(thanos, component), workload(thanos, component)])
        .collect()
}

fn components(thanos: &Thanos, fleet: &Fleet) -> Vec<Component> {
    let namespace = &thanos.namespace;
    let inside = |name: &str| format!("dnssrv+_grpc._tcp.{name}.{namespace}.svc.cluster.local");
    let mut query = vec![
        "query".to_owned(),
        format!("--query.replica-label={}", thanos.replica_label),
        // The ruler's own replicas.
        "--query.replica-label=rule_replica".to_owned(),
        // What is missing must not look like what is well.
        "--no-query.partial-response".to_owned(),
        "--query.auto-downsampling".to_owned(),
    ];
    query.extend(
        fleet
            .iter()
            .map(|cluster| format!("--endpoint={}", thanos.endpoint(cluster.name()))),
    );
    query.extend(["thanos-store", "thanos-rule"].map(|name| format!("--endpoint={}", inside(name))));
    let retention = [
        ("raw", thanos.retention.raw),
        ("5m", thanos.retention.five_minutes),
        ("1h", thanos.retention.one_hour),
    ];
    let mut compact = vec![
        "compact".to_owned(),
        "--wait".to_owned(),
        "--data-dir=/var/thanos".to_owned(),
        format!("--deduplication.replica-label={}", thanos.replica_label),
    ];
    compact.extend(retention.map(|(resolution, time)| {
        let time = time.map_or_else(|| "0d".to_owned(), |time| time.to_string());
        format!("--retention.resolution-{resolution}={time}")
    }));
    let rule = vec![
        "rule".to_owned(),
        "--data-dir=/var/thanos".to_owned(),
        "--rule-file=/etc/thanos/rules/*.yaml".to_owned(),
        format!("--query=dnssrv+_http._tcp.thanos-query.{namespace}.svc.cluster.local"),
        "--label=rule_replica=\"$(NAME)\"".to_owned(),
        "--alert.label-drop=rule_replica".to_owned(),
        format!(
            "--alertmanagers.url=dnssrv+http://_http-web._tcp.alertmanager-operated.{namespace}.svc.cluster.local"
        ),
    ];
    vec![
        Component {
            name: "thanos-query",
            arguments: query,
            disk: None,
            replicas: 2,
            reads_store: false,
        },
        Component {
            name: "thanos-store",
            arguments: vec!["store".to_owned(), "--data-dir=/var/thanos".to_owned()],
            disk: Some("50Gi"),
            replicas: 2,
            reads_store: true,
        },
        // Never two: they would compact the same blocks.
        Component {
            name: "thanos-compact",
            arguments: compact,
            disk: Some("200Gi"),
            replicas: 1,
            reads_store: true,
        },
        Component {
            name: "thanos-rule",
            arguments: rule,
            disk: Some("20Gi"),
            replicas: 2,
            reads_store: true,
        },
    ]
}

fn labels(component: &Component) -> Value {
    json!({ "app.kubernetes.io/name": component.name, "app.kubernetes.io/part-of": "thanos" })
}

fn service(thanos: &Thanos, component: &Component) -> Value {
    let mut spec = json!({
        "selector": labels(component),
        "ports": [
            { "name": "http", "port": 10902, "targetPort": "http" },
            { "name": "grpc", "port": 10901, "targetPort": "grpc" },
        ],
    });
    // Found one by one, so that a querier asks each of them.
    spec["clusterIP"] = json!("None");
    if component.name == "thanos-query" {
        spec = json!({
            "selector": labels(component),
            "ports": [
                { "name": "http", "port": 9090, "targetPort": "http" },
                { "name": "grpc", "port": 10901, "targetPort": "grpc" },
            ],
        });
    }
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": component.name, "namespace": thanos.namespace, "labels": labels(component) },
        "spec": spec,
    })
}

fn workload(thanos: &Thanos, component: &Component) -> Value {
    let mut arguments = component.arguments.clone();
    arguments.extend(["--http-address=0.0.0.0:10902".to_owned()]);
    if component.name != "thanos-compact" {
        arguments.push("--grpc-address=0.0.0.0:10901".to_owned());
    }
    if component.reads_store {
        arguments.push("--objstore.config=$(OBJSTORE_CONFIG)".to_owned());
    }
    let mut environment =
        vec![json!({ "name": "NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } })];
    if component.reads_store {
        environment.push(json!({
            "name": "OBJSTORE_CONFIG", "valueFrom": { "secretKeyRef": { "name": SECRET, "key": SECRET_KEY } },
        }));
    }
    let probe = |path: &str| json!({ "httpGet": { "path": path, "port": "http" } });
    let mut container = json!({
        "name": "thanos",
        "image": format!("quay.io/thanos/thanos:{}", thanos.version),
        "args": arguments,
        "env": environment,
        "ports": [{ "name": "http", "containerPort": 10902 }, { "name": "grpc", "containerPort": 10901 }],
        "livenessProbe": probe("/-/healthy"),
        "readinessProbe": probe("/-/ready"),
        "securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] },
        },
    });
    let mut pod = json!({
        "securityContext": { "runAsNonRoot": true, "runAsUser": 65534, "fsGroup": 65534, "seccompProfile": { "type": "RuntimeDefault" } },
    });
    let mut mounts = Vec::new();
    if component.disk.is_some() {
        mounts.push(json!({ "name": "data", "mountPath": "/var/thanos" }));
    }
    if component.name == "thanos-rule" {
        mounts.push(json!({ "name": "rules", "mountPath": "/etc/thanos/rules" }));
        pod["volumes"] = json!([{ "name": "rules", "configMap": { "name": "thanos-rules" } }]);
    }
    if !mounts.is_empty() {
        container["volumeMounts"] = json!(mounts);
    }
    pod["containers"] = json!([container]);
    let mut spec = json!({
        "replicas": component.replicas,
        "selector": { "matchLabels": labels(component) },
        "template": { "metadata": { "labels": labels(component) }, "spec": pod },
    });
    let kind = match component.disk {
        Some(size) => {
            spec["serviceName"] = json!(component.name);
            spec["volumeClaimTemplates"] = json!([{
                "metadata": { "name": "data" },
                "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": size } } },
            }]);
            "StatefulSet"
        }
        None => "Deployment",
    };
    json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": { "name": component.name, "namespace": thanos.namespace, "labels": labels(component) },
        "spec": spec,
    })
}
