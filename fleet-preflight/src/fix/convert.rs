//! What an object is in its replacement's version: from value to value, with the defaults that changed written out.

use fleet_core::MinorVersion;
use serde_json::{Map, Value, json};

use crate::lifecycle::{self, State};

/// What became of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Conversion {
    /// It is fine as it is.
    Nothing,
    /// It moves to this version.
    New { to: &'static str, value: Value },
    /// It should move, and a person must do it.
    Refused(String),
}

/// The object as the target version wants it.
pub(crate) fn convert(api_version: &str, kind: &str, value: &Value, target: MinorVersion) -> Conversion {
    let Some(api) = lifecycle::find_object(api_version, kind) else {
        return Conversion::Nothing;
    };
    if !matches!(api.state(target), State::Removed | State::Deprecated) {
        return Conversion::Nothing;
    }
    let Some(mut replacement) = api.replacement_at(target) else {
        return Conversion::Refused("nothing replaces it".to_owned());
    };
    // What is deprecated itself by then is only a stop on the way; chains are three versions long at most.
    for _ in 0..4 {
        let next = lifecycle::find(replacement.group, replacement.version, replacement.kind)
            .filter(|api| matches!(api.state(target), State::Removed | State::Deprecated))
            .and_then(|api| api.replacement_at(target))
            .filter(|next| next.since.is_none_or(|since| since <= target));
        match next {
            Some(next) => replacement = next,
            None => break,
        }
    }
    if replacement.since.is_some_and(|since| since > target) {
        return Conversion::Refused(format!("{replacement} comes only after {target}"));
    }
    if replacement.kind != api.kind {
        return Conversion::Refused(format!("{replacement} is another kind: write it by hand"));
    }
    let mut new = value.clone();
    let Some(object) = new.as_object_mut() else {
        return Conversion::Nothing;
    };
    match shape(api.group, api.version, replacement.version, kind, object) {
        Ok(()) => {
            if object.contains_key("apiVersion") {
                object.insert("apiVersion".to_owned(), replacement.api_version.into());
            }
            Conversion::New {
                to: replacement.api_version,
                value: new,
            }
        }
        Err(reason) => Conversion::Refused(reason),
    }
}

fn shape(
    group: &str,
    from: &str,
    to: &str,
    kind: &str,
    object: &mut Map<String, Value>,
) -> Result<(), String> {
    match (group, kind) {
        ("extensions" | "apps", "Deployment" | "DaemonSet" | "StatefulSet" | "ReplicaSet") => {
            workload(group, from, kind, object)
        }
        ("extensions" | "networking.k8s.io", "Ingress") if to == "v1" => ingress(object),
        ("autoscaling", "HorizontalPodAutoscaler") if from == "v2beta1" => autoscaler(object),
        ("policy", "PodDisruptionBudget") => budget(object),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration") => {
            if matches!(from, "v1alpha1" | "v1beta1" | "v1beta2")
                && matches!(to, "v1beta3" | "v1")
                && let Some(limited) = at(object, &["spec", "limited"])
            {
                rename(limited, "assuredConcurrencyShares", "nominalConcurrencyShares");
            }
            Ok(())
        }
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => webhooks(object),
        ("certificates.k8s.io", "CertificateSigningRequest") => {
            let spec = at(object, &["spec"]);
            let complete =
                spec.is_some_and(|spec| spec.contains_key("signerName") && spec.contains_key("usages"));
            if complete {
                Ok(())
            } else {
                Err("v1 wants spec.signerName and spec.usages, which only the author knows".to_owned())
            }
        }
        ("authorization.k8s.io", "SubjectAccessReview" | "LocalSubjectAccessReview") => {
            if let Some(spec) = at(object, &["spec"]) {
                rename(spec, "group", "groups");
            }
            Ok(())
        }
        ("node.k8s.io", "RuntimeClass") if from == "v1alpha1" => {
            let spec = object.remove("spec").unwrap_or_default();
            for (field, value) in spec.as_object().into_iter().flatten() {
                let name = if field == "runtimeHandler" {
                    "handler"
                } else {
                    field.as_str()
                };
                object.insert(name.to_owned(), value.clone());
            }
            Ok(())
        }
        ("discovery.k8s.io", "EndpointSlice") => {
            let endpoints = object
                .get("endpoints")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            if endpoints
                .into_iter()
                .any(|endpoint| endpoint.get("topology").is_some())
            {
                return Err("endpoints[].topology is gone in v1: use nodeName and zone".to_owned());
            }
            if !object.get("addressType").is_some_and(|kind| kind != "IP") {
                return Err("v1 wants addressType IPv4, IPv6 or FQDN".to_owned());
            }
            Ok(())
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") if from == "v1alpha1" => {
            let subjects = object
                .get("subjects")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            if subjects
                .into_iter()
                .any(|subject| subject.get("apiVersion").is_some() || subject["name"] == "*")
            {
                return Err("subjects of v1alpha1 mean something else: write them by hand".to_owned());
            }
            Ok(())
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            Err("v1 wants a structural schema for each version: write it by hand".to_owned())
        }
        _ if is_same(group, from, kind) => Ok(()),
        _ => Err(format!(
            "the shape of {kind} changed after {from}: write it by hand"
        )),
    }
}

/// Kinds with the same shape in both versions.
fn is_same(group: &str, from: &str, kind: &str) -> bool {
    (matches!(
        (group, kind),
        ("batch", "CronJob")
            | ("autoscaling", "HorizontalPodAutoscaler")
            | ("extensions", "NetworkPolicy" | "PodSecurityPolicy" | "Ingress")
            | (
                "networking.k8s.io",
                "Ingress" | "IngressClass" | "IPAddress" | "ServiceCIDR"
            )
            | ("apps", "ControllerRevision")
            | ("apiregistration.k8s.io", "APIService")
            | ("authentication.k8s.io", "TokenReview" | "SelfSubjectReview")
            | (
                "authorization.k8s.io",
                "SelfSubjectAccessReview" | "SelfSubjectRulesReview"
            )
            | ("coordination.k8s.io", "Lease")
            | ("flowcontrol.apiserver.k8s.io", "FlowSchema")
            | ("node.k8s.io", "RuntimeClass")
            | (
                "rbac.authorization.k8s.io",
                "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding"
            )
            | ("scheduling.k8s.io", "PriorityClass")
            | (
                "storage.k8s.io",
                "StorageClass"
                    | "VolumeAttachment"
                    | "CSIDriver"
                    | "CSINode"
                    | "CSIStorageCapacity"
                    | "VolumeAttributesClass"
            )
            | (
                "admissionregistration.k8s.io",
                "ValidatingAdmissionPolicy"
                    | "ValidatingAdmissionPolicyBinding"
                    | "MutatingAdmissionPolicy"
                    | "MutatingAdmissionPolicyBinding"
            )
            | ("certificates.k8s.io", "ClusterTrustBundle")
    ) || group == "resource.k8s.io"
        && from == "v1beta2"
        && matches!(
            kind,
            "DeviceClass" | "ResourceClaim" | "ResourceClaimTemplate" | "ResourceSlice"
        ))
        && !(kind == "RuntimeClass" && from == "v1alpha1")
}

fn workload(group: &str, from: &str, kind: &str, object: &mut Map<String, Value>) -> Result<(), String> {
    let Some(spec) = at(object, &["spec"]) else {
        return Ok(());
    };
    spec.remove("rollbackTo");
    spec.remove("templateGeneration");
    let first_version = group == "extensions" || from == "v1beta1";
    if spec.get("selector").is_none_or(Value::is_null) {
        let labels = ["template", "metadata", "labels"]
            .iter()
            .try_fold(&*spec, |map, name| map.get(*name)?.as_object());
        let Some(labels) = labels.filter(|labels| !labels.is_empty()).cloned() else {
            return Err(
                "apps/v1 wants spec.selector, and the template has no labels to take it from".to_owned(),
            );
        };
        spec.insert("selector".to_owned(), json!({"matchLabels": labels}));
    }
    // What was the default then and is another one now is written out, so that nothing changes.
    match kind {
        "Deployment" if group == "extensions" => {
            let strategy = spec
                .entry("strategy")
                .or_insert_with(|| json!({"type": "RollingUpdate"}));
            if let Some(strategy) = strategy.as_object_mut()
                && strategy.get("type").is_none_or(|kind| kind == "RollingUpdate")
            {
                let rolling = strategy.entry("rollingUpdate").or_insert_with(|| json!({}));
                if let Some(rolling) = rolling.as_object_mut() {
                    for bound in ["maxSurge", "maxUnavailable"] {
                        rolling.entry(bound).or_insert_with(|| 1.into());
                    }
                }
            }
            // The largest there is: no limit, no deadline.
            for endless in ["revisionHistoryLimit", "progressDeadlineSeconds"] {
                spec.entry(endless).or_insert_with(|| i32::MAX.into());
            }
        }
        "Deployment"
            if group == "apps" && from == "v1beta1" && !spec.contains_key("revisionHistoryLimit") =>
        {
            spec.insert("revisionHistoryLimit".to_owned(), 2.into());
        }
        "DaemonSet" | "StatefulSet" if first_version && !spec.contains_key("updateStrategy") => {
            spec.insert("updateStrategy".to_owned(), json!({"type": "OnDelete"}));
        }
        _ => {}
    }
    Ok(())
}

fn ingress(object: &mut Map<String, Value>) -> Result<(), String> {
    let Some(spec) = at(object, &["spec"]) else {
        return Ok(());
    };
    if let Some(mut default) = spec.remove("backend") {
        backend(&mut default)?;
        spec.insert("defaultBackend".to_owned(), default);
    }
    for rule in items(spec, "rules") {
        let Some(http) = rule.get_mut("http").and_then(Value::as_object_mut) else {
            continue;
        };
        for path in items(http, "paths") {
            let Some(path) = path.as_object_mut() else {
                continue;
            };
            if let Some(found) = path.get_mut("backend") {
                backend(found)?;
            }
            if path.get("pathType").is_none_or(Value::is_null) {
                path.insert("pathType".to_owned(), "ImplementationSpecific".into());
            }
        }
    }
    Ok(())
}

fn backend(value: &mut Value) -> Result<(), String> {
    let Some(backend) = value.as_object_mut() else {
        return Ok(());
    };
    let (name, port) = (backend.remove("serviceName"), backend.remove("servicePort"));
    let Some(name) = name else {
        return if port.is_some() {
            Err("a backend has a servicePort and no serviceName".to_owned())
        } else {
            Ok(())
        };
    };
    let port = match port {
        None | Some(Value::Null) => return Err("a backend has no servicePort, which v1 wants".to_owned()),
        Some(Value::String(text)) => match text.parse::<u16>() {
            Ok(number) => json!({"number": number}),
            Err(_) => json!({"name": text}),
        },
        Some(number) => json!({"number": number}),
    };
    backend.insert("service".to_owned(), json!({"name": name, "port": port}));
    Ok(())
}

fn budget(object: &Map<String, Value>) -> Result<(), String> {
    let selector = object.get("spec").and_then(|spec| spec.get("selector"));
    let empty = |name: &str| {
        selector
            .and_then(|selector| selector.get(name))
            .is_none_or(|part| match part {
                Value::Array(items) => items.is_empty(),
                Value::Object(fields) => fields.is_empty(),
                _ => true,
            })
    };
    if selector.is_some_and(Value::is_object) && empty("matchLabels") && empty("matchExpressions") {
        return Err(
            "an empty selector covers no pod in v1beta1 and every pod in v1: say which is meant".to_owned(),
        );
    }
    Ok(())
}

fn autoscaler(object: &mut Map<String, Value>) -> Result<(), String> {
    // The server writes the status anew.
    object.remove("status");
    let Some(spec) = at(object, &["spec"]) else {
        return Ok(());
    };
    for metric in items(spec, "metrics") {
        let Some(kind) = metric.get("type").and_then(Value::as_str).map(str::to_owned) else {
            return Err("a metric has no type".to_owned());
        };
        let field = match kind.as_str() {
            "Resource" => "resource",
            "ContainerResource" => "containerResource",
            "Pods" => "pods",
            "Object" => "object",
            "External" => "external",
            _ => return Err(format!("a metric has the unknown type {kind}")),
        };
        let Some(source) = metric.get_mut(field).and_then(Value::as_object_mut) else {
            continue;
        };
        if source.contains_key("describedObject")
            || source
                .get("target")
                .is_some_and(|target| target.get("type").is_some())
        {
            continue;
        }
        let described = source.remove("target");
        let target = target(source)?;
        if let Some(name) = source.remove("metricName") {
            let mut named = Map::from_iter([("name".to_owned(), name)]);
            if let Some(selector) = source
                .remove("metricSelector")
                .or_else(|| source.remove("selector"))
            {
                named.insert("selector".to_owned(), selector);
            }
            source.insert("metric".to_owned(), Value::Object(named));
        }
        if let Some(described) = described {
            source.insert("describedObject".to_owned(), described);
        }
        source.insert("target".to_owned(), target);
    }
    Ok(())
}

fn target(source: &mut Map<String, Value>) -> Result<Value, String> {
    let utilization = source.remove("targetAverageUtilization");
    let average = source
        .remove("targetAverageValue")
        .or_else(|| source.remove("averageValue"));
    let value = source.remove("targetValue");
    Ok(match (utilization, average, value) {
        (Some(utilization), ..) => json!({"type": "Utilization", "averageUtilization": utilization}),
        (_, Some(average), _) => json!({"type": "AverageValue", "averageValue": average}),
        (_, _, Some(value)) => json!({"type": "Value", "value": value}),
        _ => return Err("a metric has no target".to_owned()),
    })
}

fn webhooks(object: &mut Map<String, Value>) -> Result<(), String> {
    for webhook in items(object, "webhooks") {
        let Some(webhook) = webhook.as_object_mut() else {
            continue;
        };
        match webhook.get("sideEffects").and_then(Value::as_str) {
            Some("None" | "NoneOnDryRun") => {}
            _ => {
                return Err(
                    "v1 wants sideEffects None or NoneOnDryRun: only the webhook's author knows".to_owned(),
                );
            }
        }
        for (field, old_default) in [
            ("failurePolicy", json!("Ignore")),
            ("matchPolicy", json!("Exact")),
            ("timeoutSeconds", json!(30)),
            ("admissionReviewVersions", json!(["v1beta1"])),
        ] {
            webhook.entry(field).or_insert(old_default);
        }
    }
    Ok(())
}

fn at<'m>(map: &'m mut Map<String, Value>, path: &[&str]) -> Option<&'m mut Map<String, Value>> {
    path.iter()
        .try_fold(map, |map, name| map.get_mut(*name)?.as_object_mut())
}

fn items<'m>(map: &'m mut Map<String, Value>, field: &str) -> impl Iterator<Item = &'m mut Value> {
    map.get_mut(field)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn rename(map: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = map.remove(from) {
        map.insert(to.to_owned(), value);
    }
}
