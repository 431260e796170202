//! What Kubernetes fills in where an object does not say: the defaults of `k8s.io/kubernetes/pkg/apis/*/v1`.

use serde_json::{Map, Value, json};

use super::types::structure;
use super::walk;

type Fields = Map<String, Value>;

/// Completes an object of the built-in type `name`.
pub(crate) fn apply_defaults(name: &str, value: &mut Value) {
    walk::visit_mut(name, value, &mut |name, fields| {
        of_struct(name, fields);
        declared(name, fields);
    });
}

/// Defaults that the types declare themselves.
fn declared(name: &str, fields: &mut Fields) {
    let Some(structure) = structure(name) else { return };
    for (key, field) in &structure.fields {
        if let Some(default) = &field.default {
            set(fields, key, default.clone());
        }
    }
}

/// Defaults that Kubernetes computes.
fn of_struct(name: &str, fields: &mut Fields) {
    match name {
        "core/v1.Namespace" => {
            let name = fields
                .get("metadata")
                .map_or("", |metadata| text(metadata, "name"))
                .to_owned();
            if !name.is_empty() {
                map(map(fields, "metadata"), "labels")
                    .insert("kubernetes.io/metadata.name".into(), json!(name));
            }
        }
        "core/v1.NamespaceStatus" => set(fields, "phase", json!("Active")),
        "core/v1.PodStatus" => {
            if let Some(address) = fields.get("podIP").filter(|address| **address != "").cloned() {
                fields.entry("podIPs").or_insert_with(|| json!([{"ip": address}]));
            }
        }
        "core/v1.NodeStatus" => {
            if let Some(capacity) = fields.get("capacity").cloned() {
                set(fields, "allocatable", capacity);
            }
        }
        "core/v1.Secret" => set(fields, "type", json!("Opaque")),
        "core/v1.Pod" => pod(fields),
        "core/v1.PodSpec" => {
            set(fields, "dnsPolicy", json!("ClusterFirst"));
            set(fields, "restartPolicy", json!("Always"));
            set(fields, "securityContext", json!({}));
            set(fields, "terminationGracePeriodSeconds", json!(30));
            set(fields, "schedulerName", json!("default-scheduler"));
            same_account(fields);
        }
        "core/v1.Container" | "core/v1.EphemeralContainer" => {
            let policy = pull_policy(fields.get("image").and_then(Value::as_str).unwrap_or_default());
            set(fields, "imagePullPolicy", json!(policy));
            set(fields, "terminationMessagePath", json!("/dev/termination-log"));
            set(fields, "terminationMessagePolicy", json!("File"));
        }
        "core/v1.Probe" => {
            for (key, value) in [
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ] {
                set(fields, key, json!(value));
            }
        }
        "core/v1.HTTPGetAction" => {
            set(fields, "path", json!("/"));
            set(fields, "scheme", json!("HTTP"));
        }
        "core/v1.GRPCAction" => set(fields, "service", json!("")),
        "core/v1.ObjectFieldSelector" => set(fields, "apiVersion", json!("v1")),
        "core/v1.ResourceFieldSelector" => set(fields, "divisor", json!("0")),
        "core/v1.Volume" => {
            if fields.keys().all(|key| key == "name") {
                fields.insert("emptyDir".into(), json!({}));
            }
            if let Some(Value::Object(image)) = fields.get_mut("image") {
                let policy = pull_policy(image.get("reference").and_then(Value::as_str).unwrap_or_default());
                set(image, "pullPolicy", json!(policy));
            }
        }
        "core/v1.SecretVolumeSource"
        | "core/v1.ConfigMapVolumeSource"
        | "core/v1.DownwardAPIVolumeSource"
        | "core/v1.ProjectedVolumeSource" => set(fields, "defaultMode", json!(0o644)),
        "core/v1.ServiceAccountTokenProjection" => set(fields, "expirationSeconds", json!(3600)),
        "core/v1.HostPathVolumeSource" => set(fields, "type", json!("")),
        "core/v1.PersistentVolume" => {
            set(map(fields, "status"), "phase", json!("Pending"));
            let spec = map(fields, "spec");
            set(spec, "persistentVolumeReclaimPolicy", json!("Retain"));
            set(spec, "volumeMode", json!("Filesystem"));
        }
        "core/v1.PersistentVolumeClaim" => set(map(fields, "status"), "phase", json!("Pending")),
        "core/v1.PersistentVolumeClaimSpec" => set(fields, "volumeMode", json!("Filesystem")),
        "core/v1.Service" => service(map(fields, "spec")),
        "core/v1.ReplicationController" => {
            labels_from_template(fields);
            let labels = fields
                .get("spec")
                .and_then(|spec| spec.pointer("/template/metadata/labels"))
                .cloned();
            if let Some(labels) = labels {
                set(map(fields, "spec"), "selector", labels);
            }
        }
        "core/v1.LimitRangeItem" => limit_range(fields),
        "apps/v1.DeploymentSpec" => {
            set(fields, "replicas", json!(1));
            set(fields, "revisionHistoryLimit", json!(10));
            set(fields, "progressDeadlineSeconds", json!(600));
            let strategy = map(fields, "strategy");
            set(strategy, "type", json!("RollingUpdate"));
            if is(strategy, "type", "RollingUpdate") {
                let rolling = map(strategy, "rollingUpdate");
                set(rolling, "maxUnavailable", json!("25%"));
                set(rolling, "maxSurge", json!("25%"));
            }
        }
        "apps/v1.DaemonSetSpec" => {
            set(fields, "revisionHistoryLimit", json!(10));
            let strategy = map(fields, "updateStrategy");
            set(strategy, "type", json!("RollingUpdate"));
            if is(strategy, "type", "RollingUpdate") {
                let rolling = map(strategy, "rollingUpdate");
                set(rolling, "maxUnavailable", json!(1));
                set(rolling, "maxSurge", json!(0));
            }
        }
        "apps/v1.StatefulSetSpec" => {
            set(fields, "podManagementPolicy", json!("OrderedReady"));
            set(fields, "replicas", json!(1));
            set(fields, "revisionHistoryLimit", json!(10));
            if let Some(Value::Array(claims)) = fields.get_mut("volumeClaimTemplates") {
                for claim in claims.iter_mut().filter_map(Value::as_object_mut) {
                    set(claim, "apiVersion", json!("v1"));
                    set(claim, "kind", json!("PersistentVolumeClaim"));
                }
            }
            let retention = map(fields, "persistentVolumeClaimRetentionPolicy");
            set(retention, "whenDeleted", json!("Retain"));
            set(retention, "whenScaled", json!("Retain"));
            let strategy = map(fields, "updateStrategy");
            if !strategy.contains_key("type") {
                set(strategy, "type", json!("RollingUpdate"));
                map(strategy, "rollingUpdate");
            }
            if is(strategy, "type", "RollingUpdate")
                && let Some(Value::Object(rolling)) = strategy.get_mut("rollingUpdate")
            {
                set(rolling, "partition", json!(0));
            }
        }
        "core/v1.NodeSpec" => {
            if let Some(range) = fields.get("podCIDR").filter(|range| **range != "").cloned() {
                fields.entry("podCIDRs").or_insert_with(|| json!([range]));
            }
        }
        "apps/v1.ReplicaSetSpec" => set(fields, "replicas", json!(1)),
        "batch/v1.Job" => {
            labels_from_template(fields);
            job(map(fields, "spec"));
        }
        "batch/v1.CronJobSpec" => {
            set(fields, "concurrencyPolicy", json!("Allow"));
            set(fields, "suspend", json!(false));
            set(fields, "successfulJobsHistoryLimit", json!(3));
            set(fields, "failedJobsHistoryLimit", json!(1));
        }
        "batch/v1.PodFailurePolicyOnPodConditionsPattern" => set(fields, "status", json!("True")),
        "core/v1.EndpointPort" | "networking/v1.NetworkPolicyPort" => set(fields, "protocol", json!("TCP")),
        "networking/v1.NetworkPolicySpec" => {
            let egress = fields
                .get("egress")
                .and_then(Value::as_array)
                .is_some_and(|rules| !rules.is_empty());
            let types = if egress {
                json!(["Ingress", "Egress"])
            } else {
                json!(["Ingress"])
            };
            set(fields, "policyTypes", types);
        }
        "networking/v1.IngressClassParametersReference" => set(fields, "scope", json!("Cluster")),
        "rbac/v1.RoleRef" => set(fields, "apiGroup", json!("rbac.authorization.k8s.io")),
        "rbac/v1.Subject" if (is(fields, "kind", "User") || is(fields, "kind", "Group")) => {
            set(fields, "apiGroup", json!("rbac.authorization.k8s.io"));
        }
        "discovery/v1.EndpointPort" => {
            set(fields, "name", json!(""));
            set(fields, "protocol", json!("TCP"));
        }
        "scheduling/v1.PriorityClass" => set(fields, "preemptionPolicy", json!("PreemptLowerPriority")),
        "storage/v1.StorageClass" => {
            set(fields, "reclaimPolicy", json!("Delete"));
            set(fields, "volumeBindingMode", json!("Immediate"));
        }
        "storage/v1.CSIDriverSpec" => {
            set(fields, "attachRequired", json!(true));
            for key in [
                "podInfoOnMount",
                "storageCapacity",
                "requiresRepublish",
                "seLinuxMount",
            ] {
                set(fields, key, json!(false));
            }
            set(fields, "fsGroupPolicy", json!("ReadWriteOnceWithFSType"));
            set(fields, "volumeLifecycleModes", json!(["Persistent"]));
        }
        "autoscaling/v2.HorizontalPodAutoscalerSpec" => autoscaler(fields),
        "admissionregistration/v1.ValidatingWebhook" | "admissionregistration/v1.MutatingWebhook" => {
            set(fields, "failurePolicy", json!("Fail"));
            set(fields, "matchPolicy", json!("Equivalent"));
            set(fields, "namespaceSelector", json!({}));
            set(fields, "objectSelector", json!({}));
            set(fields, "timeoutSeconds", json!(10));
            if name.ends_with("MutatingWebhook") {
                set(fields, "reinvocationPolicy", json!("Never"));
            }
        }
        "admissionregistration/v1.Rule" | "admissionregistration/v1.RuleWithOperations" => {
            set(fields, "scope", json!("*"));
        }
        "admissionregistration/v1.ServiceReference" => set(fields, "port", json!(443)),
        "apiextensions/v1.CustomResourceDefinitionSpec" => definition(fields),
        _ => {}
    }
}

/// Sets a field that is absent, or that is as good as absent: null, the empty string, zero.
fn set(fields: &mut Fields, key: &str, value: Value) {
    let given = fields
        .get(key)
        .is_some_and(|found| !found.is_null() && found != "");
    let unset_number = fields.get(key).is_some_and(|found| found == 0)
        && matches!(
            key,
            "timeoutSeconds" | "periodSeconds" | "successThreshold" | "failureThreshold"
        );
    let unset_list = matches!(key, "policyTypes" | "volumeLifecycleModes" | "metrics")
        && fields
            .get(key)
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty);
    if !given || unset_number || unset_list {
        fields.insert(key.to_owned(), value);
    }
}

/// The map under a key, made where there is none.
fn map<'a>(fields: &'a mut Fields, key: &str) -> &'a mut Fields {
    crate::object::map_mut(fields.entry(key).or_insert_with(|| json!({})))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is(fields: &Fields, key: &str, expected: &str) -> bool {
    fields.get(key).is_some_and(|found| found == expected)
}

/// An image without a tag, or with the tag `latest`, is always pulled.
fn pull_policy(image: &str) -> &'static str {
    let named = image.rsplit('/').next().unwrap_or_default();
    let by_digest = named.contains('@');
    match named.split('@').next().unwrap_or_default().split_once(':') {
        Some((_, "latest")) => "Always",
        None if !by_digest && !image.is_empty() => "Always",
        _ => "IfNotPresent",
    }
}

/// `serviceAccount` is the older name of `serviceAccountName`; both are always written.
fn same_account(spec: &mut Fields) {
    let name = spec
        .get("serviceAccountName")
        .or_else(|| spec.get("serviceAccount"))
        .cloned();
    if let Some(name) = name.filter(|name| *name != "") {
        spec.insert("serviceAccountName".into(), name.clone());
        spec.insert("serviceAccount".into(), name);
    }
}

fn pod(fields: &mut Fields) {
    let spec = map(fields, "spec");
    let host_network = spec.get("hostNetwork") == Some(&json!(true));
    for list in ["containers", "initContainers"] {
        let Some(Value::Array(containers)) = spec.get_mut(list) else {
            continue;
        };
        for container in containers.iter_mut().filter_map(Value::as_object_mut) {
            if host_network && let Some(Value::Array(ports)) = container.get_mut("ports") {
                for port in ports.iter_mut().filter_map(Value::as_object_mut) {
                    if let Some(number) = port.get("containerPort").cloned() {
                        set(port, "hostPort", number);
                    }
                }
            }
            let limits = container
                .get("resources")
                .and_then(|resources| resources.get("limits"))
                .cloned();
            if let Some(Value::Object(limits)) = limits {
                let requests = map(map(container, "resources"), "requests");
                for (resource, limit) in limits {
                    requests.entry(resource).or_insert(limit);
                }
            }
        }
    }
    set(spec, "enableServiceLinks", json!(true));
}

fn labels_from_template(fields: &mut Fields) {
    let labels = fields
        .get("spec")
        .and_then(|spec| spec.pointer("/template/metadata/labels"))
        .cloned();
    let Some(labels) = labels else { return };
    let metadata = map(fields, "metadata");
    if metadata
        .get("labels")
        .and_then(Value::as_object)
        .is_none_or(Map::is_empty)
    {
        metadata.insert("labels".into(), labels);
    }
}

fn service(spec: &mut Fields) {
    set(spec, "sessionAffinity", json!("None"));
    if is(spec, "sessionAffinity", "None") {
        spec.remove("sessionAffinityConfig");
    } else if is(spec, "sessionAffinity", "ClientIP") {
        set(
            map(map(spec, "sessionAffinityConfig"), "clientIP"),
            "timeoutSeconds",
            json!(10_800),
        );
    }
    set(spec, "type", json!("ClusterIP"));
    if let Some(Value::Array(ports)) = spec.get_mut("ports") {
        for port in ports.iter_mut().filter_map(Value::as_object_mut) {
            set(port, "protocol", json!("TCP"));
            let number = port.get("port").cloned().unwrap_or_else(|| json!(0));
            if port
                .get("targetPort")
                .is_none_or(|target| *target == 0 || *target == "" || target.is_null())
            {
                port.insert("targetPort".into(), number);
            }
        }
    }
    let kind = spec
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let has_external_ips = spec
        .get("externalIPs")
        .and_then(Value::as_array)
        .is_some_and(|ips| !ips.is_empty());
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && has_external_ips) {
        set(spec, "externalTrafficPolicy", json!("Cluster"));
    }
    if kind != "ExternalName" {
        set(spec, "internalTrafficPolicy", json!("Cluster"));
    }
    if kind == "LoadBalancer" {
        set(spec, "allocateLoadBalancerNodePorts", json!(true));
    }
}

fn job(spec: &mut Fields) {
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        spec.insert("completions".into(), json!(1));
    }
    set(spec, "parallelism", json!(1));
    let limit = if spec.contains_key("backoffLimitPerIndex") {
        i32::MAX
    } else {
        6
    };
    set(spec, "backoffLimit", json!(limit));
    set(spec, "completionMode", json!("NonIndexed"));
    set(spec, "suspend", json!(false));
    let policy = if spec.contains_key("podFailurePolicy") {
        "Failed"
    } else {
        "TerminatingOrFailed"
    };
    set(spec, "podReplacementPolicy", json!(policy));
    set(spec, "manualSelector", json!(false));
}

fn limit_range(item: &mut Fields) {
    if !is(item, "type", "Container") {
        return;
    }
    let list = |item: &Fields, key: &str| {
        item.get(key)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let (max, min) = (list(item, "max"), list(item, "min"));
    let mut default = list(item, "default");
    for (key, value) in max {
        default.entry(key).or_insert(value);
    }
    let mut request = list(item, "defaultRequest");
    for (key, value) in default.iter().chain(&min) {
        request.entry(key.clone()).or_insert_with(|| value.clone());
    }
    for (key, value) in [("default", default), ("defaultRequest", request)] {
        if !value.is_empty() {
            item.insert(key.into(), Value::Object(value));
        }
    }
}

fn autoscaler(spec: &mut Fields) {
    set(spec, "minReplicas", json!(1));
    set(
        spec,
        "metrics",
        json!([{"type": "Resource", "resource":
            {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]),
    );
    let Some(Value::Object(behavior)) = spec.get_mut("behavior") else {
        return;
    };
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    let up = map(behavior, "scaleUp");
    set(up, "stabilizationWindowSeconds", json!(0));
    set(up, "selectPolicy", json!("Max"));
    set(
        up,
        "policies",
        json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, percent]),
    );
    let down = map(behavior, "scaleDown");
    set(down, "selectPolicy", json!("Max"));
    set(down, "policies", json!([percent]));
}

fn definition(spec: &mut Fields) {
    set(map(spec, "conversion"), "strategy", json!("None"));
    let names = map(spec, "names");
    let kind = names
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    if !kind.is_empty() {
        set(names, "singular", json!(kind.to_lowercase()));
        set(names, "listKind", json!(format!("{kind}List")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_is_completed_through_its_template() {
        let mut value = json!({"spec": {"template": {"spec": {"containers": [
            {"name": "c", "image": "nginx", "ports": [{"containerPort": 80}],
             "livenessProbe": {"httpGet": {"port": 80}}}]}}}});
        apply_defaults("apps/v1.Deployment", &mut value);
        assert_eq!(value["spec"]["strategy"]["rollingUpdate"]["maxSurge"], "25%");
        let container = &value["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["imagePullPolicy"], "Always");
        assert_eq!(container["ports"][0]["protocol"], "TCP");
        assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/");
        assert_eq!(
            value["spec"]["template"]["spec"]["schedulerName"],
            "default-scheduler"
        );
    }

    #[test]
    fn tags_decide_when_an_image_is_pulled() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("localhost:5000/nginx", "Always"),
            ("nginx@sha256:abc", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
