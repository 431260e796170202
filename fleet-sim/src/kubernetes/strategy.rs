//! What a kind's own registry does around a write: admission before it, and what the server sets in nobody's name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::object;

/// The first address that services are given, and how many there are: 10.96.0.0/12, as kubeadm sets it.
const SERVICE_NETWORK: (u32, u64) = (0x0A60_0000, 1 << 20);
const NODE_PORTS: (u64, u64) = (30_000, 2_768);

/// What conversion to the stored form does: `stringData` becomes `data`, a daemon set counts its templates.
pub(crate) fn complete(go_type: &str, object: &mut Value) {
    if go_type == "apps/v1.DaemonSet" && object["metadata"]["annotations"][TEMPLATE_GENERATION].is_null() {
        annotate_template_generation(object, 0);
    }
    if go_type != "core/v1.Secret" {
        return;
    }
    let secret = object::map_mut(object);
    if let Some(Value::Object(texts)) = secret.remove("stringData") {
        let data = object::map_mut(secret.entry("data").or_insert_with(|| json!({})));
        for (key, text) in texts {
            data.insert(key, json!(STANDARD.encode(text.as_str().unwrap_or_default())));
        }
    }
}

/// What the admission plugins that every server runs add to an object. Nobody owns it.
pub(crate) fn admit(go_type: &str, object: &mut Value) {
    match go_type {
        "core/v1.Pod" => {
            let spec = object::map_mut(object::map_mut(object).entry("spec").or_insert_with(|| json!({})));
            tolerate_lost_nodes(spec);
            let priority = match spec.get("priorityClassName").and_then(Value::as_str) {
                None | Some("") => Some(0),
                Some("system-node-critical") => Some(2_000_001_000),
                Some("system-cluster-critical") => Some(2_000_000_000),
                Some(_) => None,
            };
            if let Some(priority) = priority {
                spec.entry("priority").or_insert_with(|| json!(priority));
                spec.entry("preemptionPolicy")
                    .or_insert_with(|| json!("PreemptLowerPriority"));
            }
        }
        "core/v1.PersistentVolumeClaim" => object::add_finalizer(object, "kubernetes.io/pvc-protection"),
        "core/v1.PersistentVolume" => object::add_finalizer(object, "kubernetes.io/pv-protection"),
        "core/v1.Node" => {
            let spec = object::map_mut(object::map_mut(object).entry("spec").or_insert_with(|| json!({})));
            let taints = spec.entry("taints").or_insert_with(|| json!([]));
            let not_ready = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
            if let Value::Array(taints) = taints
                && !taints.contains(&not_ready)
            {
                taints.push(not_ready);
            }
        }
        _ => {}
    }
}

/// A pod stays five minutes on a node that is lost, unless it says otherwise.
fn tolerate_lost_nodes(spec: &mut Map<String, Value>) {
    let tolerations = spec.entry("tolerations").or_insert_with(|| json!([]));
    let Value::Array(tolerations) = tolerations else {
        return;
    };
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = tolerations.iter().any(|toleration| {
            let field = |name: &str| object::text(toleration, &[name]);
            (field("key") == key || field("key").is_empty()) && matches!(field("effect"), "NoExecute" | "")
        });
        if !tolerated {
            tolerations.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute",
                "tolerationSeconds": 300}));
        }
    }
}

/// What the server sets in a new object after its owner is recorded. `serial` differs for every call.
pub(crate) fn begin_life(go_type: &str, object: &mut Value, serial: u64) {
    match go_type {
        "core/v1.Namespace" => {
            let name = object::name(object).to_owned();
            let labels = object::meta_mut(object)
                .entry("labels")
                .or_insert_with(|| json!({}));
            object::map_mut(labels).insert("kubernetes.io/metadata.name".into(), json!(name));
            let fields = object::map_mut(object);
            let spec = object::map_mut(fields.entry("spec").or_insert_with(|| json!({})));
            let finalizers = spec.entry("finalizers").or_insert_with(|| json!([]));
            if let Value::Array(finalizers) = finalizers
                && !finalizers.contains(&json!("kubernetes"))
            {
                finalizers.push(json!("kubernetes"));
            }
            fields.insert("status".into(), json!({"phase": "Active"}));
        }
        "core/v1.Pod" => {
            let class = quality_of_service(object);
            object["status"] = json!({"phase": "Pending", "qosClass": class});
        }
        "core/v1.PersistentVolumeClaim" => object["status"] = json!({"phase": "Pending"}),
        "core/v1.PersistentVolume" => {
            let now = object["metadata"]["creationTimestamp"].clone();
            object["status"] = json!({"phase": "Pending", "lastPhaseTransitionTime": now});
        }
        "apps/v1.DaemonSet" => {
            annotate_template_generation(object, 1);
        }
        "apiextensions/v1.CustomResourceDefinition" => {
            let storage = object["spec"]["versions"].as_array().into_iter().flatten();
            let storage: Vec<Value> = storage
                .filter(|version| version["storage"] == true)
                .map(|version| version["name"].clone())
                .collect();
            if !storage.is_empty() {
                object["status"]["storedVersions"] = json!(storage);
            }
        }
        "core/v1.Service" => allocate(object, serial),
        "coordination/v1.Lease" => {
            // Of a feature that is off.
            for field in ["strategy", "preferredHolder"] {
                object["spec"].as_object_mut().and_then(|spec| spec.remove(field));
            }
        }
        "batch/v1.Job" => select_pods(object),
        _ => {}
    }
}

const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn annotate_template_generation(daemon_set: &mut Value, generation: i64) {
    let annotations = object::meta_mut(daemon_set)
        .entry("annotations")
        .or_insert_with(|| json!({}));
    object::map_mut(annotations).insert(TEMPLATE_GENERATION.into(), json!(generation.to_string()));
}

/// Fields of the stored object that a replacement may leave out.
pub(crate) fn keep_allocated(go_type: &str, old: &Value, new: &mut Value, serial: u64) {
    match go_type {
        "core/v1.Service" => keep_addresses(old, new, serial),
        "core/v1.Pod" => admit(go_type, new),
        "core/v1.Namespace" => new["spec"] = old["spec"].clone(),
        "apps/v1.DaemonSet" => {
            let annotation = &old["metadata"]["annotations"][TEMPLATE_GENERATION];
            let generation: i64 = annotation
                .as_str()
                .and_then(|text| text.parse().ok())
                .unwrap_or(1);
            let moved = i64::from(old["spec"]["template"] != new["spec"]["template"]);
            annotate_template_generation(new, generation + moved);
        }
        _ => {}
    }
}

fn keep_addresses(old: &Value, new: &mut Value, serial: u64) {
    let kind = |object: &Value| object::text(object, &["spec", "type"]).to_owned();
    let needs_address = |kind: &str| kind != "ExternalName";
    if needs_address(&kind(old)) && needs_address(&kind(new)) {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let absent = new["spec"]
                .get(field)
                .is_none_or(|value| value.is_null() || *value == "");
            if absent && let Some(value) = old["spec"].get(field) {
                new["spec"][field] = value.clone();
            }
        }
    }
    if kind(new) == "ExternalName" && kind(old) != "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            object::map_mut(&mut new["spec"]).remove(field);
        }
    }
    if uses_node_ports(&kind(old)) && kind(new) == "ClusterIP" {
        // What belonged to the former type goes with it, unless the write asks for something else.
        let spec = object::map_mut(&mut new["spec"]);
        for field in ["allocateLoadBalancerNodePorts", "externalTrafficPolicy"] {
            if spec.get(field) == old["spec"].get(field) {
                spec.remove(field);
            }
        }
        for port in spec
            .get_mut("ports")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            object::map_mut(port).remove("nodePort");
        }
    }
    if uses_node_ports(&kind(old)) && uses_node_ports(&kind(new)) {
        let before = old["spec"]["ports"].as_array().cloned().unwrap_or_default();
        if let Some(Value::Array(ports)) = new["spec"].get_mut("ports") {
            for port in ports {
                let earlier = before.iter().find(|earlier| {
                    earlier["port"] == port["port"] && earlier["protocol"] == port["protocol"]
                });
                if port.get("nodePort").is_none()
                    && let Some(number) = earlier.and_then(|earlier| earlier.get("nodePort"))
                {
                    port["nodePort"] = number.clone();
                }
            }
        }
    }
    allocate(new, serial);
}

fn uses_node_ports(kind: &str) -> bool {
    matches!(kind, "NodePort" | "LoadBalancer")
}

/// Gives a service its address and its node ports.
fn allocate(service: &mut Value, serial: u64) {
    let kind = object::text(service, &["spec", "type"]).to_owned();
    if kind == "ExternalName" {
        return;
    }
    let spec = object::map_mut(&mut service["spec"]);
    let address = match spec.get("clusterIP").and_then(Value::as_str) {
        Some(address) if !address.is_empty() => address.to_owned(),
        _ => {
            let offset = u32::try_from(serial % (SERVICE_NETWORK.1 - 2) + 1).unwrap_or(1);
            std::net::Ipv4Addr::from(SERVICE_NETWORK.0 + offset).to_string()
        }
    };
    let family = if address.contains(':') { "IPv6" } else { "IPv4" };
    let headless = address == "None";
    let selects = spec
        .get("selector")
        .and_then(Value::as_object)
        .is_some_and(|selector| !selector.is_empty());
    spec.insert("clusterIP".into(), json!(address));
    spec.entry("clusterIPs").or_insert_with(|| json!([address]));
    if headless && !selects {
        spec.entry("ipFamilies")
            .or_insert_with(|| json!([family, "IPv6"]));
        spec.entry("ipFamilyPolicy")
            .or_insert_with(|| json!("RequireDualStack"));
        if spec["ipFamilies"] == json!(["IPv4", "IPv6"]) && spec["ipFamilyPolicy"] == "SingleStack" {
            spec["ipFamilies"] = json!(["IPv4"]);
        }
    } else {
        spec.entry("ipFamilies").or_insert_with(|| json!([family]));
        spec.entry("ipFamilyPolicy")
            .or_insert_with(|| json!("SingleStack"));
    }
    let ports = uses_node_ports(&kind) && spec.get("allocateLoadBalancerNodePorts") != Some(&json!(false));
    if let Some(Value::Array(list)) = spec.get_mut("ports").filter(|_| ports) {
        for (index, port) in (0..).zip(list) {
            if port.get("nodePort").is_none_or(|number| *number == 0) {
                port["nodePort"] = json!(NODE_PORTS.0 + (serial * 7 + index) % NODE_PORTS.1);
            }
        }
    }
}

/// A job that names no selector is given one of its own, by its uid.
fn select_pods(job: &mut Value) {
    if job["spec"]["manualSelector"] == true {
        return;
    }
    let (uid, name) = (object::uid(job).to_owned(), object::name(job).to_owned());
    // A job without labels of its own shares its template's, so that what is added to one is in both.
    let shared = job["metadata"]["labels"].is_object()
        && job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"];
    let labels = job["spec"]["template"]["metadata"]
        .as_object_mut()
        .map(|metadata| metadata.entry("labels").or_insert_with(|| json!({})));
    if let Some(Value::Object(labels)) = labels {
        for prefix in ["", "batch.kubernetes.io/"] {
            labels
                .entry(format!("{prefix}job-name"))
                .or_insert_with(|| json!(name));
            labels
                .entry(format!("{prefix}controller-uid"))
                .or_insert_with(|| json!(uid));
        }
    }
    if shared || !job["metadata"]["labels"].is_object() {
        job["metadata"]["labels"] = job["spec"]["template"]["metadata"]["labels"].clone();
    }
    let spec = object::map_mut(&mut job["spec"]);
    let selector = object::map_mut(spec.entry("selector").or_insert_with(|| json!({})));
    let labels = object::map_mut(selector.entry("matchLabels").or_insert_with(|| json!({})));
    labels
        .entry("batch.kubernetes.io/controller-uid")
        .or_insert_with(|| json!(uid));
}

/// The class by which a pod's resources are guaranteed.
fn quality_of_service(pod: &Value) -> &'static str {
    let containers = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten());
    let (mut any, mut guaranteed) = (false, true);
    for container in containers {
        let amount = |kind: &str, resource: &str| {
            container["resources"][kind][resource]
                .as_str()
                .filter(|amount| super::quantity::nano(amount).is_some_and(|nano| nano > 0))
        };
        for resource in ["cpu", "memory"] {
            let (request, limit) = (amount("requests", resource), amount("limits", resource));
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && request == limit;
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

/// Which metadata counts as part of the object's intent, so that `generation` moves with it.
pub(crate) fn metadata_of_intent(go_type: &str) -> &'static [&'static str] {
    match go_type {
        "apps/v1.Deployment" => &["annotations"],
        "discovery/v1.EndpointSlice" => &["labels"],
        _ => &[],
    }
}

/// Whether the kind's own rules check a change of the metadata once more, after those of all kinds.
pub(crate) fn rechecks_metadata(go_type: Option<&str>) -> bool {
    !matches!(
        go_type,
        Some(
            "core/v1.Event"
                | "core/v1.LimitRange"
                | "core/v1.PersistentVolume"
                | "discovery/v1.EndpointSlice"
                | "policy/v1.PodDisruptionBudget"
        )
    )
}

/// What becomes of dependents when a delete does not say: jobs and replication controllers leave theirs behind.
pub(crate) fn orphans_by_default(go_type: &str) -> bool {
    matches!(go_type, "batch/v1.Job" | "core/v1.ReplicationController")
}
