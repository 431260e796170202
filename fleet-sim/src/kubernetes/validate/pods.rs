//! Pods and what they are made of, wherever a pod or a template of pods stands.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Violations, text, text_of, under};

/// Checks one struct of a pod. `root` is the type of the whole object.
pub(super) fn check(name: &str, fields: &Map<String, Value>, path: &str, root: &str, found: &mut Violations) {
    match name {
        "core/v1.PodSpec" => pod_spec(fields, path, root, found),
        "core/v1.PodTemplateSpec" => {
            let metadata = under(path, "metadata");
            let labels = fields.get("metadata").and_then(|metadata| metadata.get("labels"));
            found.labels(&format!("{metadata}.labels"), labels);
        }
        "core/v1.Container" => container(fields, path, found),
        "core/v1.ContainerPort" => container_port(fields, path, found),
        "core/v1.EnvVar" => env(fields, path, found),
        "core/v1.Probe" => probe(fields, path, found),
        "core/v1.HTTPGetAction" => {
            found.port(under(path, "port"), fields.get("port"));
            found.one_of(fields, path, "scheme", &["HTTP", "HTTPS"]);
        }
        "core/v1.TCPSocketAction" | "core/v1.GRPCAction" => {
            found.port(under(path, "port"), fields.get("port"));
        }
        "core/v1.ExecAction" if list(fields, "command").is_empty() => {
            found.required(under(path, "command"), "");
        }
        "core/v1.Toleration" => {
            found.one_of_if_set(
                fields,
                path,
                "effect",
                &["NoSchedule", "PreferNoSchedule", "NoExecute"],
            );
        }
        _ => {}
    }
}

fn list<'a>(fields: &'a Map<String, Value>, key: &str) -> &'a [Value] {
    fields
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn pod_spec(spec: &Map<String, Value>, path: &str, root: &str, found: &mut Violations) {
    let mut volumes = BTreeSet::new();
    for (index, volume) in list(spec, "volumes").iter().enumerate() {
        let place = format!("{}[{index}].name", under(path, "volumes"));
        match volume["name"].as_str().unwrap_or_default() {
            "" => found.required(place, ""),
            name => {
                found.dns_label(place.clone(), &volume["name"]);
                if !volumes.insert(name) {
                    found.duplicate(place, &volume["name"]);
                }
            }
        }
        let sources: Vec<&str> = volume
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, source)| *key != "name" && source.is_object())
            .map(|(key, _)| key.as_str())
            .collect();
        if sources.len() > 1 {
            volumes.remove(volume["name"].as_str().unwrap_or_default());
        }
        for source in sources.iter().skip(1) {
            let place = format!("{}[{index}].{source}", under(path, "volumes"));
            found.forbidden(place, "may not specify more than 1 volume type");
        }
    }
    if list(spec, "containers").is_empty() {
        found.required(under(path, "containers"), "");
    }
    let mut names = BTreeSet::new();
    for kind in ["containers", "initContainers"] {
        for (index, container) in list(spec, kind).iter().enumerate() {
            let place = format!("{}[{index}]", under(path, kind));
            if let Some(name) = container["name"].as_str().filter(|name| !name.is_empty())
                && !names.insert(name)
            {
                found.duplicate(format!("{place}.name"), &container["name"]);
            }
            mounts(container, &place, &volumes, found);
        }
    }
    found.one_of(spec, path, "restartPolicy", &["Always", "OnFailure", "Never"]);
    found.one_of(
        spec,
        path,
        "dnsPolicy",
        &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
    );
    found.labels(&under(path, "nodeSelector"), spec.get("nodeSelector"));
    for key in [
        "serviceAccountName",
        "nodeName",
        "priorityClassName",
        "runtimeClassName",
    ] {
        if let Some(value) = spec.get(key)
            && let Some(detail) = value
                .as_str()
                .filter(|text| !text.is_empty())
                .and_then(text::subdomain_violation)
        {
            found.invalid(under(path, key), value, &detail);
        }
    }
    for key in ["hostname", "subdomain"] {
        if let Some(value) = spec.get(key) {
            found.dns_label(under(path, key), value);
        }
    }
    if let Some(seconds) = spec.get("activeDeadlineSeconds")
        && seconds
            .as_i64()
            .is_none_or(|number| !(1..=i64::from(i32::MAX)).contains(&number))
    {
        found.invalid(
            under(path, "activeDeadlineSeconds"),
            seconds,
            "must be between 1 and 2147483647, inclusive",
        );
    }
    let always = matches!(
        root,
        "apps/v1.Deployment" | "apps/v1.ReplicaSet" | "apps/v1.StatefulSet" | "apps/v1.DaemonSet"
    );
    if always && text_of(spec, "restartPolicy") != "Always" {
        let policy = spec.get("restartPolicy").cloned().unwrap_or_default();
        found.not_supported(under(path, "restartPolicy"), &policy, &["Always"]);
    }
    let once = matches!(root, "batch/v1.Job" | "batch/v1.CronJob");
    if once && text_of(spec, "restartPolicy") == "Always" {
        found.required(
            under(path, "restartPolicy"),
            "valid values: \"OnFailure\", \"Never\"",
        );
    }
}

fn mounts(container: &Value, path: &str, volumes: &BTreeSet<&str>, found: &mut Violations) {
    let mut places = BTreeSet::new();
    for (index, mount) in container["volumeMounts"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let place = format!("{path}.volumeMounts[{index}]");
        let name = mount["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            found.required(format!("{place}.name"), "");
        }
        if !volumes.contains(name) {
            found.0.push(crate::status::FieldError::not_found(
                format!("{place}.name"),
                &mount["name"],
            ));
        }
        match mount["mountPath"].as_str().unwrap_or_default() {
            "" => found.required(format!("{place}.mountPath"), ""),
            target if !places.insert(target) => {
                found.invalid(
                    format!("{place}.mountPath"),
                    &mount["mountPath"],
                    "must be unique",
                );
            }
            _ => {}
        }
    }
}

fn container(fields: &Map<String, Value>, path: &str, found: &mut Violations) {
    match fields.get("name") {
        Some(name) if *name != "" => found.dns_label(under(path, "name"), name),
        _ => found.required(under(path, "name"), ""),
    }
    if text_of(fields, "image").is_empty() {
        found.required(under(path, "image"), "");
    }
    found.one_of(
        fields,
        path,
        "terminationMessagePolicy",
        &["File", "FallbackToLogsOnError"],
    );
    let mut names = BTreeSet::new();
    for (index, port) in list(fields, "ports").iter().enumerate() {
        if let Some(name) = port["name"].as_str().filter(|name| !name.is_empty())
            && text::port_name_violations(name).is_empty()
            && !names.insert(name)
        {
            found.duplicate(format!("{}[{index}].name", under(path, "ports")), &port["name"]);
        }
    }
    found.one_of(
        fields,
        path,
        "imagePullPolicy",
        &["Always", "IfNotPresent", "Never"],
    );
}

fn container_port(fields: &Map<String, Value>, path: &str, found: &mut Violations) {
    if let Some(name) = fields.get("name") {
        for detail in text::port_name_violations(name.as_str().unwrap_or_default()) {
            found.invalid(under(path, "name"), name, detail);
        }
    }
    match fields.get("containerPort") {
        Some(number) if *number != 0 => found.port_number(under(path, "containerPort"), number),
        _ => found.required(under(path, "containerPort"), ""),
    }
    if let Some(number) = fields.get("hostPort") {
        found.port_number(under(path, "hostPort"), number);
    }
    found.one_of(fields, path, "protocol", &["SCTP", "TCP", "UDP"]);
}

fn env(fields: &Map<String, Value>, path: &str, found: &mut Violations) {
    match fields.get("name") {
        Some(name) if *name != "" => {
            let text = name.as_str().unwrap_or_default();
            if !text.chars().all(|c| (' '..='~').contains(&c) && c != '=') {
                found.invalid(
                    under(path, "name"),
                    name,
                    "a valid environment variable name must consist only of printable ASCII characters other than '='",
                );
            }
        }
        _ => found.required(under(path, "name"), ""),
    }
    let Some(Value::Object(from)) = fields.get("valueFrom") else {
        return;
    };
    let place = under(path, "valueFrom");
    let sources = from.values().filter(|source| source.is_object()).count();
    let value = Value::from("");
    if sources == 0 {
        found.invalid(
            place,
            &value,
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        );
    } else if !text_of(fields, "value").is_empty() {
        found.invalid(place, &value, "may not be specified when `value` is not empty");
    } else if sources > 1 {
        found.invalid(
            place,
            &value,
            "may not have more than one field specified at a time",
        );
    }
}

fn probe(fields: &Map<String, Value>, path: &str, found: &mut Violations) {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    let mut given = handlers
        .iter()
        .filter(|handler| fields.get(**handler).is_some_and(Value::is_object));
    if given.next().is_none() {
        found.required(path.to_owned(), "must specify a handler type");
    }
    for handler in given {
        found.forbidden(under(path, handler), "may not specify more than 1 handler type");
    }
    found.not_negative(
        fields,
        path,
        &[
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        ],
    );
    let once = path.ends_with("livenessProbe") || path.ends_with("startupProbe");
    if let Some(threshold) = fields
        .get("successThreshold")
        .filter(|threshold| once && **threshold != 1)
    {
        found.invalid(under(path, "successThreshold"), threshold, "must be 1");
    }
}
