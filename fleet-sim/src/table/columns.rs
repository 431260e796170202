//! The columns of built-in kinds, as kube-apiserver prints them.

use serde_json::{Value, json};

use super::{Cell, Column, JsonPath};

/// The columns of a built-in type, its name first and its age last.
pub(crate) fn built_in(go_type: &str) -> Vec<Column> {
    let mut columns = vec![Column::of_name()];
    let created = matches!(
        go_type,
        "rbac/v1.Role" | "rbac/v1.ClusterRole" | "apiextensions/v1.CustomResourceDefinition"
    );
    if created {
        columns.push(path("Created At", "date_as_it_is", ".metadata.creationTimestamp"));
        return columns;
    }
    if go_type == "core/v1.Event" || go_type == "events/v1.Event" {
        return vec![
            computed("Last Seen", |event| {
                let seen =
                    ["lastTimestamp", "eventTime", "deprecatedLastTimestamp"].map(|key| event[key].clone());
                seen.into_iter()
                    .find(Value::is_string)
                    .unwrap_or_else(|| event["metadata"]["creationTimestamp"].clone())
            })
            .of_kind("date"),
            path("Type", "string", ".type"),
            path("Reason", "string", ".reason"),
            computed("Object", |event| {
                let about = if event["involvedObject"].is_object() {
                    &event["involvedObject"]
                } else {
                    &event["regarding"]
                };
                json!(format!(
                    "{}/{}",
                    text(&about["kind"]).to_lowercase(),
                    text(&about["name"])
                ))
            }),
            computed("Message", |event| {
                let message = [&event["message"], &event["note"]]
                    .into_iter()
                    .find(|text| text.is_string());
                message.cloned().unwrap_or_default()
            }),
            Column::of_name().wide(),
        ];
    }
    columns.extend(own(go_type));
    columns.push(Column::of_age());
    columns.extend(wide(go_type));
    columns
}

impl Column {
    fn of_kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.kind);
        self
    }
}

fn path(name: &str, kind: &str, path: &str) -> Column {
    let cell = JsonPath::parse(path).map_or(Cell::Computed(|_| Value::Null), Cell::Path);
    Column::new(name, kind, cell)
}

fn computed(name: &str, compute: fn(&Value) -> Value) -> Column {
    Column::new(name, "string", Cell::Computed(compute))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

fn size(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len) + value.as_array().map_or(0, Vec::len)
}

fn ready(object: &Value) -> Value {
    json!(format!(
        "{}/{}",
        number(&object["status"]["readyReplicas"]),
        number(&object["spec"]["replicas"])
    ))
}

fn own(go_type: &str) -> Vec<Column> {
    match go_type {
        "core/v1.Pod" => vec![
            computed("Ready", |pod| {
                let statuses = pod["status"]["containerStatuses"].as_array();
                let ready = statuses
                    .into_iter()
                    .flatten()
                    .filter(|status| status["ready"] == true)
                    .count();
                json!(format!("{ready}/{}", size(&pod["spec"]["containers"])))
            }),
            computed("Status", |pod| {
                let ending = pod["metadata"]["deletionTimestamp"].is_string();
                let reason = text(&pod["status"]["reason"]);
                let phase = text(&pod["status"]["phase"]);
                json!(if ending {
                    "Terminating"
                } else if reason.is_empty() {
                    phase
                } else {
                    reason
                })
            }),
            computed("Restarts", |pod| {
                let statuses = pod["status"]["containerStatuses"].as_array();
                let restarts: i64 = statuses
                    .into_iter()
                    .flatten()
                    .map(|status| number(&status["restartCount"]))
                    .sum();
                json!(restarts.to_string())
            }),
        ],
        "core/v1.ConfigMap" => vec![computed("Data", |map| {
            json!((size(&map["data"]) + size(&map["binaryData"])).to_string())
        })],
        "core/v1.Secret" => vec![
            path("Type", "string", ".type"),
            computed("Data", |secret| json!(size(&secret["data"]).to_string())),
        ],
        "core/v1.ServiceAccount" => vec![computed("Secrets", |account| {
            json!(size(&account["secrets"]).to_string())
        })],
        "core/v1.Namespace" => vec![path("Status", "string", ".status.phase")],
        "core/v1.Node" => vec![
            computed("Status", |node| {
                let conditions = node["status"]["conditions"].as_array();
                let ready = conditions
                    .into_iter()
                    .flatten()
                    .find(|condition| condition["type"] == "Ready");
                let state = match ready.map(|condition| text(&condition["status"])) {
                    Some("True") => "Ready",
                    Some(_) => "NotReady",
                    None => "Unknown",
                };
                let closed = if node["spec"]["unschedulable"] == true {
                    ",SchedulingDisabled"
                } else {
                    ""
                };
                json!(format!("{state}{closed}"))
            }),
            computed("Roles", |node| {
                let labels = node["metadata"]["labels"].as_object();
                let roles: Vec<&str> = labels
                    .into_iter()
                    .flatten()
                    .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
                    .collect();
                json!(if roles.is_empty() {
                    "<none>".to_owned()
                } else {
                    roles.join(",")
                })
            }),
        ],
        "core/v1.Service" => vec![
            path("Type", "string", ".spec.type"),
            computed("Cluster-IP", |service| {
                let address = text(&service["spec"]["clusterIP"]);
                json!(if address.is_empty() { "<none>" } else { address })
            }),
            computed("External-IP", |service| match text(&service["spec"]["type"]) {
                "ExternalName" => service["spec"]["externalName"].clone(),
                "LoadBalancer" => {
                    let address = &service["status"]["loadBalancer"]["ingress"][0];
                    let found = [&address["ip"], &address["hostname"]]
                        .into_iter()
                        .find(|value| value.is_string());
                    found.cloned().unwrap_or_else(|| json!("<pending>"))
                }
                _ => json!("<none>"),
            }),
            computed("Port(s)", |service| {
                let ports = service["spec"]["ports"].as_array();
                let ports: Vec<String> = ports
                    .into_iter()
                    .flatten()
                    .map(|port| match port["nodePort"].as_i64() {
                        Some(node) if node > 0 => {
                            format!("{}:{node}/{}", port["port"], text(&port["protocol"]))
                        }
                        _ => format!("{}/{}", port["port"], text(&port["protocol"])),
                    })
                    .collect();
                json!(if ports.is_empty() {
                    "<none>".to_owned()
                } else {
                    ports.join(",")
                })
            }),
        ],
        "core/v1.PersistentVolumeClaim" => vec![
            path("Status", "string", ".status.phase"),
            path("Volume", "string", ".spec.volumeName"),
            path("Capacity", "string", ".status.capacity.storage"),
            computed("Access Modes", |claim| {
                let modes = claim["status"]["accessModes"].as_array();
                let short = modes
                    .into_iter()
                    .flatten()
                    .map(|mode| text(mode).chars().filter(char::is_ascii_uppercase).collect());
                json!(short.collect::<Vec<String>>().join(","))
            }),
            path("StorageClass", "string", ".spec.storageClassName"),
        ],
        "apps/v1.Deployment" => vec![
            computed("Ready", ready),
            computed("Up-to-date", |object| {
                json!(number(&object["status"]["updatedReplicas"]).to_string())
            }),
            computed("Available", |object| {
                json!(number(&object["status"]["availableReplicas"]).to_string())
            }),
        ],
        "apps/v1.StatefulSet" => vec![computed("Ready", ready)],
        "apps/v1.ReplicaSet" | "core/v1.ReplicationController" => vec![
            path("Desired", "integer", ".spec.replicas"),
            computed("Current", |object| json!(number(&object["status"]["replicas"]))).of_kind("integer"),
            computed("Ready", |object| {
                json!(number(&object["status"]["readyReplicas"]))
            })
            .of_kind("integer"),
        ],
        "apps/v1.DaemonSet" => [
            ("Desired", "desiredNumberScheduled" as &str),
            ("Current", "currentNumberScheduled"),
            ("Ready", "numberReady"),
            ("Up-to-date", "updatedNumberScheduled"),
            ("Available", "numberAvailable"),
        ]
        .into_iter()
        .map(|(name, field)| path(name, "integer", &format!(".status.{field}")))
        .collect(),
        "batch/v1.Job" => vec![
            computed("Status", |job| {
                let conditions = job["status"]["conditions"].as_array();
                let met = |kind: &str| {
                    conditions
                        .into_iter()
                        .flatten()
                        .any(|condition| condition["type"] == kind && condition["status"] == "True")
                };
                let state = ["Failed", "Complete", "Suspended"]
                    .into_iter()
                    .find(|kind| met(kind));
                json!(state.unwrap_or("Running"))
            }),
            computed("Completions", |job| {
                json!(format!(
                    "{}/{}",
                    number(&job["status"]["succeeded"]),
                    job["spec"]["completions"].as_i64().unwrap_or(1)
                ))
            }),
        ],
        "batch/v1.CronJob" => vec![
            path("Schedule", "string", ".spec.schedule"),
            computed("Timezone", |cron| {
                cron["spec"]
                    .get("timeZone")
                    .cloned()
                    .unwrap_or_else(|| json!("<none>"))
            }),
            computed("Suspend", |cron| {
                json!(if cron["spec"]["suspend"] == true {
                    "True"
                } else {
                    "False"
                })
            }),
            computed("Active", |cron| json!(size(&cron["status"]["active"]))).of_kind("integer"),
        ],
        "coordination/v1.Lease" => vec![path("Holder", "string", ".spec.holderIdentity")],
        "policy/v1.PodDisruptionBudget" => vec![
            computed("Min Available", |budget| {
                budget["spec"].get("minAvailable").map_or(json!("N/A"), shown)
            }),
            computed("Max Unavailable", |budget| {
                budget["spec"].get("maxUnavailable").map_or(json!("N/A"), shown)
            }),
            computed("Allowed Disruptions", |budget| {
                json!(number(&budget["status"]["disruptionsAllowed"]))
            })
            .of_kind("integer"),
        ],
        "rbac/v1.RoleBinding" | "rbac/v1.ClusterRoleBinding" => vec![computed("Role", |binding| {
            json!(format!(
                "{}/{}",
                text(&binding["roleRef"]["kind"]),
                text(&binding["roleRef"]["name"])
            ))
        })],
        "networking/v1.Ingress" => vec![
            computed("Class", |ingress| {
                ingress["spec"]
                    .get("ingressClassName")
                    .cloned()
                    .unwrap_or_else(|| json!("<none>"))
            }),
            computed("Hosts", |ingress| {
                let hosts: Vec<&str> = ingress["spec"]["rules"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|rule| text(&rule["host"]))
                    .collect();
                json!(if hosts.is_empty() {
                    "*".to_owned()
                } else {
                    hosts.join(",")
                })
            }),
        ],
        "storage/v1.StorageClass" => vec![
            path("Provisioner", "string", ".provisioner"),
            path("ReclaimPolicy", "string", ".reclaimPolicy"),
            path("VolumeBindingMode", "string", ".volumeBindingMode"),
        ],
        _ => Vec::new(),
    }
}

fn wide(go_type: &str) -> Vec<Column> {
    match go_type {
        "core/v1.Pod" => vec![
            path("IP", "string", ".status.podIP").wide(),
            path("Node", "string", ".spec.nodeName").wide(),
        ],
        "core/v1.Node" => vec![path("Version", "string", ".status.nodeInfo.kubeletVersion")],
        "apps/v1.Deployment" | "apps/v1.ReplicaSet" | "apps/v1.StatefulSet" | "apps/v1.DaemonSet" => {
            let containers = |field: &'static str| match field {
                "name" => (|object: &Value| containers_of(object, "name")) as fn(&Value) -> Value,
                _ => |object: &Value| containers_of(object, "image"),
            };
            vec![
                computed("Containers", containers("name")).wide(),
                computed("Images", containers("image")).wide(),
            ]
        }
        "core/v1.Service" => vec![
            computed("Selector", |service| {
                let selector = service["spec"]["selector"].as_object();
                let pairs: Vec<String> = selector
                    .into_iter()
                    .flatten()
                    .map(|(key, value)| format!("{key}={}", text(value)))
                    .collect();
                json!(if pairs.is_empty() {
                    "<none>".to_owned()
                } else {
                    pairs.join(",")
                })
            })
            .wide(),
        ],
        _ => Vec::new(),
    }
}

fn containers_of(object: &Value, field: &str) -> Value {
    let containers = object["spec"]["template"]["spec"]["containers"].as_array();
    let found: Vec<&str> = containers
        .into_iter()
        .flatten()
        .map(|container| text(&container[field]))
        .collect();
    json!(found.join(","))
}

fn shown(value: &Value) -> Value {
    json!(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
