//! What each kind asks of its objects as a whole.

use std::collections::BTreeSet;

use fleet_core::Selector;
use serde_json::{Map, Value, json};

use super::{Violations, text, text_of, under};
use crate::object;

const RBAC: &str = "rbac.authorization.k8s.io";
const MAX_CONFIG_BYTES: usize = 1024 * 1024;

pub(super) fn check(go_type: &str, object: &Value, found: &mut Violations) {
    let empty = Map::new();
    let spec = object.get("spec").and_then(Value::as_object).unwrap_or(&empty);
    match go_type {
        "core/v1.ConfigMap" => config_map(object, found),
        "core/v1.Secret" => secret(object, found),
        "core/v1.Service" => service(object, spec, found),
        "core/v1.Event" => event(object, found),
        "core/v1.PersistentVolumeClaim" => claim(spec, found),
        "apps/v1.Deployment" => {
            workload(spec, "deployment", found);
            strategy(spec, found);
            found.not_negative(spec, "spec", &["minReadySeconds", "revisionHistoryLimit"]);
            let number = |key: &str| spec.get(key).and_then(Value::as_i64);
            if let Some(deadline) = number("progressDeadlineSeconds")
                && deadline <= number("minReadySeconds").unwrap_or(0)
            {
                let detail = "must be greater than minReadySeconds";
                found.invalid("spec.progressDeadlineSeconds".into(), &json!(deadline), detail);
            }
        }
        "apps/v1.ReplicaSet" => {
            found.not_negative(spec, "spec", &["minReadySeconds"]);
            workload(spec, "deployment", found);
        }
        "apps/v1.StatefulSet" => {
            found.one_of(spec, "spec", "podManagementPolicy", &["OrderedReady", "Parallel"]);
            workload(spec, "statefulset", found);
            found.not_negative(spec, "spec", &["minReadySeconds"]);
        }
        "apps/v1.DaemonSet" => {
            workload(spec, "daemonset", found);
            found.not_negative(spec, "spec", &["minReadySeconds", "revisionHistoryLimit"]);
        }
        "batch/v1.Job" => {
            generated_selector(object, spec, found);
            job(spec, "spec", found);
        }
        "batch/v1.CronJob" => cron_job(spec, found),
        "policy/v1.PodDisruptionBudget" => budget(spec, found),
        "coordination/v1.Lease" => lease(spec, found),
        "rbac/v1.Role" | "rbac/v1.ClusterRole" => role(object, go_type == "rbac/v1.Role", found),
        "rbac/v1.RoleBinding" => binding(object, true, found),
        "rbac/v1.ClusterRoleBinding" => binding(object, false, found),
        "autoscaling/v2.HorizontalPodAutoscaler" => autoscaler(spec, found),
        "networking/v1.Ingress" => ingress(spec, found),
        "storage/v1.StorageClass"
            if text_of(object.as_object().unwrap_or(&empty), "provisioner").is_empty() =>
        {
            found.required("provisioner".into(), "");
        }
        _ => {}
    }
}

fn config_map(object: &Value, found: &mut Violations) {
    let mut size = 0;
    for list in ["data", "binaryData"] {
        for (key, value) in object[list].as_object().into_iter().flatten() {
            if let Some(detail) = text::config_key_violation(key) {
                found.invalid(format!("{list}[{key}]"), &json!(key), &detail);
            }
            if list == "data" && object["binaryData"].get(key).is_some() {
                found.invalid(
                    format!("data[{key}]"),
                    &json!(key),
                    "duplicate of key present in binaryData",
                );
            }
            let length = value.as_str().map_or(0, str::len);
            size += if list == "data" { length } else { length / 4 * 3 };
        }
    }
    if size > MAX_CONFIG_BYTES {
        found
            .0
            .push(crate::status::FieldError::too_long("[]", MAX_CONFIG_BYTES as u64));
    }
}

fn secret(object: &Value, found: &mut Violations) {
    let data = object["data"].as_object();
    let mut size = 0;
    for (key, value) in data.into_iter().flatten() {
        if let Some(detail) = text::config_key_violation(key) {
            found.invalid(format!("data[{key}]"), &json!(key), &detail);
        }
        size += value.as_str().map_or(0, |text| text.len() / 4 * 3);
    }
    if size > MAX_CONFIG_BYTES {
        found.0.push(crate::status::FieldError::too_long(
            "data",
            MAX_CONFIG_BYTES as u64,
        ));
    }
    let has = |key: &str| data.is_some_and(|data| data.contains_key(key));
    let need = |key: &str, found: &mut Violations| {
        if !has(key) {
            found.required(format!("data[{key}]"), "");
        }
    };
    match object["type"].as_str().unwrap_or_default() {
        "kubernetes.io/tls" => {
            need("tls.crt", found);
            need("tls.key", found);
        }
        "kubernetes.io/dockercfg" => need(".dockercfg", found),
        "kubernetes.io/dockerconfigjson" => need(".dockerconfigjson", found),
        "kubernetes.io/ssh-auth" => need("ssh-privatekey", found),
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            need("username", found);
            need("password", found);
        }
        "kubernetes.io/service-account-token" => {
            let name = "kubernetes.io/service-account.name";
            if object["metadata"]["annotations"][name]
                .as_str()
                .is_none_or(str::is_empty)
            {
                found.required(format!("metadata.annotations[{name}]"), "");
            }
        }
        _ => {}
    }
}

fn service(object: &Value, spec: &Map<String, Value>, found: &mut Violations) {
    let kind = text_of(spec, "type");
    let headless = text_of(spec, "clusterIP") == "None";
    let ports = object["spec"]["ports"].as_array().map_or(&[][..], Vec::as_slice);
    if ports.is_empty() && !headless && kind != "ExternalName" {
        found.required("spec.ports".into(), "");
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            found.invalid("spec.clusterIPs[0]".into(), &json!("None"), &detail);
        }
        "ExternalName" => {
            let name = text_of(spec, "externalName").trim_end_matches('.');
            if name.is_empty() {
                found.required("spec.externalName".into(), "");
            } else if let Some(detail) = text::subdomain_violation(name) {
                found.invalid("spec.externalName".into(), &json!(name), &detail);
            }
        }
        _ => {}
    }
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let name = port["name"].as_str().unwrap_or_default();
        if name.is_empty() && ports.len() > 1 {
            found.required(format!("{path}.name"), "");
        } else if !name.is_empty() {
            found.dns_label(format!("{path}.name"), &port["name"]);
            if !names.insert(name) {
                found.duplicate(format!("{path}.name"), &port["name"]);
            }
        }
        found.port_number(format!("{path}.port"), &port["port"]);
        if let Value::Object(fields) = port {
            found.one_of(fields, &path, "protocol", &["SCTP", "TCP", "UDP"]);
        }
        found.port(format!("{path}.targetPort"), port.get("targetPort"));
    }
    found.labels("spec.selector", spec.get("selector"));
    found.one_of(spec, "spec", "sessionAffinity", &["ClientIP", "None"]);
    found.one_of(
        spec,
        "spec",
        "type",
        &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"],
    );
    for (index, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        if kind == "ClusterIP" && port.get("nodePort").is_some_and(|number| *number != 0) {
            found.forbidden(
                format!("{path}.nodePort"),
                "may not be used when `type` is 'ClusterIP'",
            );
        }
        if !numbers.insert((port["protocol"].to_string(), port["port"].to_string())) {
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                port["protocol"], port["port"]
            );
            found.duplicate_as(path, &shown);
        }
    }
}

fn event(object: &Value, found: &mut Violations) {
    let namespace = crate::object::namespace(object);
    let about = object["involvedObject"]["namespace"].as_str().unwrap_or_default();
    if object.get("eventTime").is_none_or(Value::is_null) {
        let fits = if about.is_empty() {
            namespace == "default"
        } else {
            about == namespace
        };
        if !fits {
            found.invalid(
                "involvedObject.namespace".into(),
                &json!(about),
                "does not match event.namespace",
            );
        }
    }
}

fn claim(spec: &Map<String, Value>, found: &mut Violations) {
    if spec
        .get("accessModes")
        .and_then(Value::as_array)
        .is_none_or(Vec::is_empty)
    {
        found.required("spec.accessModes".into(), "at least 1 access mode is required");
    }
    for mode in spec
        .get("accessModes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let supported = [
            "ReadOnlyMany",
            "ReadWriteMany",
            "ReadWriteOnce",
            "ReadWriteOncePod",
        ];
        if !mode.as_str().is_some_and(|mode| supported.contains(&mode)) {
            found.not_supported("spec.accessModes".into(), mode, &supported);
        }
    }
    let storage = spec
        .get("resources")
        .and_then(|resources| resources.pointer("/requests/storage"));
    if storage.is_none() {
        found.required("spec.resources[storage]".into(), "");
    }
}

/// A selector that is there, selects something, and selects the pods of its own template.
fn workload(spec: &Map<String, Value>, kind: &str, found: &mut Violations) {
    found.not_negative(spec, "spec", &["replicas"]);
    let Some(selector) = spec.get("selector").filter(|selector| selector.is_object()) else {
        if kind != "daemonset" {
            found.required("spec.selector".into(), "");
        }
        selects_nothing(spec, found);
        return;
    };
    if selector.as_object().is_some_and(Map::is_empty) {
        found.invalid(
            "spec.selector".into(),
            selector,
            &format!("empty selector is invalid for {kind}"),
        );
    }
    if serde_json::from_value::<Selector>(selector.clone()).is_err() {
        match kind {
            "daemonset" => {}
            "statefulset" => {
                found.invalid_struct("spec.selector".into(), "meta/v1.LabelSelector", selector, "");
            }
            _ => found.invalid_struct(
                "spec.selector".into(),
                "meta/v1.LabelSelector",
                selector,
                "invalid label selector",
            ),
        }
        return;
    }
    selects_own_pods(spec, selector, found);
}

/// A selector that is not there selects nothing, the template's pods included.
fn selects_nothing(spec: &Map<String, Value>, found: &mut Violations) {
    let labels = spec
        .get("template")
        .and_then(|template| template.pointer("/metadata/labels"));
    found.invalid(
        "spec.template.metadata.labels".into(),
        labels.unwrap_or(&Value::Null),
        "`selector` does not match template `labels`",
    );
}

fn selects_own_pods(spec: &Map<String, Value>, selector: &Value, found: &mut Violations) {
    let Ok(parsed) = serde_json::from_value::<Selector>(selector.clone()) else {
        return;
    };
    let template = spec.get("template");
    let labels = template.and_then(|template| template.pointer("/metadata/labels"));
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    if selector.is_object()
        && spec.get("selector").is_some_and(Value::is_object)
        && !parsed.matches_with(label)
    {
        found.invalid(
            "spec.template.metadata.labels".into(),
            labels.unwrap_or(&Value::Null),
            "`selector` does not match template `labels`",
        );
    }
}

fn strategy(spec: &Map<String, Value>, found: &mut Violations) {
    let Some(strategy) = spec.get("strategy").and_then(Value::as_object) else {
        return;
    };
    match text_of(strategy, "type") {
        "Recreate" => {
            if strategy.contains_key("rollingUpdate") {
                let detail = "may not be specified when strategy `type` is 'Recreate'";
                found.forbidden("spec.strategy.rollingUpdate".into(), detail);
            }
        }
        "RollingUpdate" => {
            let Some(rolling) = strategy.get("rollingUpdate").and_then(Value::as_object) else {
                return;
            };
            let path = "spec.strategy.rollingUpdate";
            for key in ["maxUnavailable", "maxSurge"] {
                int_or_percent(rolling, path, key, found);
            }
            let zero = |key: &str| {
                rolling
                    .get(key)
                    .is_some_and(|value| *value == 0 || *value == "0%")
            };
            if zero("maxUnavailable") && zero("maxSurge") {
                found.invalid(
                    under(path, "maxUnavailable"),
                    &rolling["maxUnavailable"],
                    "may not be 0 when `maxSurge` is 0",
                );
            }
            at_most_all(rolling, path, "maxUnavailable", found);
        }
        _ => {
            let rolling = strategy.get("rollingUpdate").unwrap_or(&Value::Null);
            let kind = json!(text_of(strategy, "type"));
            let shown = format!("{{\"Type\":{kind},\"RollingUpdate\":{rolling}}}");
            found.not_supported_as("spec.strategy".into(), &shown, &["Recreate", "RollingUpdate"]);
        }
    }
}

fn percent(value: &Value) -> Option<u32> {
    value.as_str()?.strip_suffix('%')?.parse().ok()
}

fn int_or_percent(fields: &Map<String, Value>, path: &str, key: &str, found: &mut Violations) {
    match fields.get(key) {
        Some(value @ Value::String(_)) if percent(value).is_none() => {
            let detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
                          '93%', regex used for validation is '[0-9]+%')";
            found.invalid(under(path, key), value, detail);
        }
        Some(Value::Number(_)) => found.not_negative(fields, path, &[key]),
        _ => {}
    }
}

fn at_most_all(fields: &Map<String, Value>, path: &str, key: &str, found: &mut Violations) {
    if let Some(value) = fields.get(key)
        && percent(value).is_some_and(|percent| percent > 100)
    {
        found.invalid(under(path, key), value, "must not be greater than 100%");
    }
}

/// A job that does not manage its selector itself has the one that is made from its uid, and the labels for it.
fn generated_selector(job: &Value, spec: &Map<String, Value>, found: &mut Violations) {
    let Some(selector) = spec.get("selector").filter(|selector| selector.is_object()) else {
        return;
    };
    if spec.get("manualSelector").is_some_and(|manual| *manual == true) {
        return;
    }
    let (uid, name) = (object::uid(job), object::name(job));
    let expected = [
        ("controller-uid", uid),
        ("job-name", name),
        ("batch.kubernetes.io/controller-uid", uid),
        ("batch.kubernetes.io/job-name", name),
    ];
    let labels = job.pointer("/spec/template/metadata/labels");
    for (key, expected) in expected {
        let path = "spec.template.metadata.labels";
        match labels.and_then(|labels| labels.get(key)) {
            None => found.required(format!("{path}[{key}]"), &format!("must be '{expected}'")),
            Some(label) if label != expected => {
                let shown = labels.unwrap_or(&Value::Null);
                found.invalid(format!("{path}[{key}]"), shown, &format!("must be '{expected}'"));
            }
            Some(_) => {}
        }
    }
    let label = |key: &str| {
        let known = expected.iter().find(|(known, _)| *known == key);
        known.map(|(_, value)| *value)
    };
    if let Ok(parsed) = serde_json::from_value::<Selector>(selector.clone())
        && !parsed.matches_with(label)
    {
        let detail = "`selector` not auto-generated";
        found.invalid_struct("spec.selector".into(), "meta/v1.LabelSelector", selector, detail);
    }
}

fn job(spec: &Map<String, Value>, path: &str, found: &mut Violations) {
    found.not_negative(
        spec,
        path,
        &[
            "parallelism",
            "completions",
            "activeDeadlineSeconds",
            "backoffLimit",
            "ttlSecondsAfterFinished",
        ],
    );
    found.one_of_if_set(spec, path, "completionMode", &["NonIndexed", "Indexed"]);
    if text_of(spec, "completionMode") == "Indexed" && !spec.contains_key("completions") {
        found.required(under(path, "completions"), "when completion mode is Indexed");
    }
    if path == "spec" {
        if let Some(selector @ Value::Object(_)) = spec.get("selector") {
            selects_own_pods(spec, selector, found);
        } else {
            found.required("spec.selector".into(), "");
            selects_nothing(spec, found);
        }
    }
}

fn cron_job(spec: &Map<String, Value>, found: &mut Violations) {
    let schedule = text_of(spec, "schedule");
    if schedule.is_empty() {
        found.required("spec.schedule".into(), "");
    } else if let Err(error) = schedule.parse::<fleet_core::cron::Schedule>() {
        found.invalid("spec.schedule".into(), &json!(schedule), &error.to_string());
    }
    found.not_negative(
        spec,
        "spec",
        &[
            "startingDeadlineSeconds",
            "successfulJobsHistoryLimit",
            "failedJobsHistoryLimit",
        ],
    );
    found.one_of(spec, "spec", "concurrencyPolicy", &["Allow", "Forbid", "Replace"]);
    let template = spec
        .get("jobTemplate")
        .and_then(|template| template.get("spec"))
        .and_then(Value::as_object);
    if let Some(template) = template {
        job(template, "spec.jobTemplate.spec", found);
    }
}

fn budget(spec: &Map<String, Value>, found: &mut Violations) {
    if spec.contains_key("minAvailable") && spec.contains_key("maxUnavailable") {
        let shown = format!(
            "{{\"MinAvailable\":{},\"Selector\":{},\"MaxUnavailable\":{},\"UnhealthyPodEvictionPolicy\":{}}}",
            spec["minAvailable"],
            spec.get("selector").unwrap_or(&Value::Null),
            spec["maxUnavailable"],
            spec.get("unhealthyPodEvictionPolicy").unwrap_or(&Value::Null),
        );
        let detail = "minAvailable and maxUnavailable cannot be both set";
        found
            .0
            .push(crate::status::FieldError::invalid_as("spec", &shown, detail));
    }
    for key in ["minAvailable", "maxUnavailable"] {
        int_or_percent(spec, "spec", key, found);
        at_most_all(spec, "spec", key, found);
    }
    found.one_of_if_set(
        spec,
        "spec",
        "unhealthyPodEvictionPolicy",
        &["AlwaysAllow", "IfHealthyBudget"],
    );
}

fn lease(spec: &Map<String, Value>, found: &mut Violations) {
    let number = |key: &str| spec.get(key).and_then(Value::as_i64);
    if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        found.invalid(
            "spec.leaseDurationSeconds".into(),
            &json!(seconds),
            "must be greater than 0",
        );
    }
    found.not_negative(spec, "spec", &["leaseTransitions"]);
}

fn role(object: &Value, namespaced: bool, found: &mut Violations) {
    for (index, rule) in object["rules"].as_array().into_iter().flatten().enumerate() {
        let path = format!("rules[{index}]");
        let has = |key: &str| rule[key].as_array().is_some_and(|list| !list.is_empty());
        if !has("verbs") {
            found.required(format!("{path}.verbs"), "verbs must contain at least one value");
        }
        if has("nonResourceURLs") {
            let urls = &rule["nonResourceURLs"];
            let place = format!("{path}.nonResourceURLs");
            if namespaced {
                found.invalid(
                    place.clone(),
                    urls,
                    "namespaced rules cannot apply to non-resource URLs",
                );
            }
            if has("apiGroups") || has("resources") || has("resourceNames") {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                found.invalid(place, urls, detail);
            }
            continue;
        }
        if !has("apiGroups") {
            found.required(
                format!("{path}.apiGroups"),
                "resource rules must supply at least one api group",
            );
        }
        if !has("resources") {
            found.required(
                format!("{path}.resources"),
                "resource rules must supply at least one resource",
            );
        }
    }
}

fn binding(object: &Value, namespaced: bool, found: &mut Violations) {
    let empty = Map::new();
    let role = object["roleRef"].as_object().unwrap_or(&empty);
    if text_of(role, "apiGroup") != RBAC {
        found.not_supported(
            "roleRef.apiGroup".into(),
            &json!(text_of(role, "apiGroup")),
            &[RBAC],
        );
    }
    let kinds: &[&str] = if namespaced {
        &["Role", "ClusterRole"]
    } else {
        &["ClusterRole"]
    };
    if !kinds.contains(&text_of(role, "kind")) {
        found.not_supported("roleRef.kind".into(), &json!(text_of(role, "kind")), kinds);
    }
    if text_of(role, "name").is_empty() {
        found.required("roleRef.name".into(), "");
    }
    for (index, subject) in object["subjects"].as_array().into_iter().flatten().enumerate() {
        let path = format!("subjects[{index}]");
        let subject = subject.as_object().unwrap_or(&empty);
        let name = text_of(subject, "name");
        if name.is_empty() {
            found.required(format!("{path}.name"), "");
        }
        let group = json!(text_of(subject, "apiGroup"));
        match text_of(subject, "kind") {
            "ServiceAccount" => {
                if !name.is_empty()
                    && let Some(detail) = text::subdomain_violation(name)
                {
                    found.invalid(format!("{path}.name"), &json!(name), &detail);
                }
                if group != "" {
                    found.not_supported(format!("{path}.apiGroup"), &group, &[""]);
                }
                if !namespaced && text_of(subject, "namespace").is_empty() {
                    found.required(format!("{path}.namespace"), "");
                }
            }
            "User" | "Group" => {
                if group != RBAC {
                    found.not_supported(format!("{path}.apiGroup"), &group, &[RBAC]);
                }
            }
            other => {
                let kinds = ["ServiceAccount", "User", "Group"];
                found.not_supported(format!("{path}.kind"), &json!(other), &kinds);
            }
        }
    }
}

fn autoscaler(spec: &Map<String, Value>, found: &mut Violations) {
    let number = |key: &str| spec.get(key).and_then(Value::as_i64);
    let (least, most) = (
        number("minReplicas").unwrap_or(1),
        number("maxReplicas").unwrap_or(0),
    );
    if least < 1 {
        found.invalid(
            "spec.minReplicas".into(),
            &json!(least),
            "must be greater than or equal to 1",
        );
    }
    if most < 1 {
        found.required("spec.maxReplicas".into(), "must be set and greater than 0");
    }
    if most < least {
        let detail = "must be greater than or equal to `minReplicas`";
        found.invalid("spec.maxReplicas".into(), &json!(most), detail);
    }
    let target = spec.get("scaleTargetRef");
    let version = target
        .and_then(|target| target.get("apiVersion"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !version.contains('/')
        && target.and_then(|target| target.get("kind")) != Some(&json!("ReplicationController"))
    {
        let detail = "apiVersion must specify API group";
        found.invalid("spec.scaleTargetRef.apiVersion".into(), &json!(version), detail);
    }
    for key in ["kind", "name"] {
        let target = spec.get("scaleTargetRef").and_then(|target| target.get(key));
        if target.and_then(Value::as_str).is_none_or(str::is_empty) {
            found.required(format!("spec.scaleTargetRef.{key}"), "");
        }
    }
}

fn ingress(spec: &Map<String, Value>, found: &mut Violations) {
    let rules = spec.get("rules").and_then(Value::as_array);
    if rules.is_none_or(Vec::is_empty) && spec.get("defaultBackend").is_none() {
        let shown = Value::Object(spec.clone());
        found.invalid(
            "spec".into(),
            &shown,
            "either `defaultBackend` or `rules` must be specified",
        );
    }
    for (index, rule) in rules.into_iter().flatten().enumerate() {
        for (at, path) in rule["http"]["paths"].as_array().into_iter().flatten().enumerate() {
            let place = format!("spec.rules[{index}].http.paths[{at}]");
            if path.get("pathType").is_none_or(Value::is_null) {
                found.required(format!("{place}.pathType"), "pathType must be specified");
            }
        }
    }
}
