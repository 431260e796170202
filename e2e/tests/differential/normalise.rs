//! Makes two answers alike where servers may differ: uids, revisions, times, generated names, allocated addresses.

use serde_json::{Map, Value, json};

pub(crate) fn normalised(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut out = Map::new();
            for (key, child) in fields {
                let child = match key.as_str() {
                    "uid" | "resourceVersion" | "continue"
                        if child.as_str().is_some_and(|text| !text.is_empty()) =>
                    {
                        json!(key)
                    }
                    "creationTimestamp" | "deletionTimestamp" | "time" | "lastTransitionTime"
                        if child.is_string() =>
                    {
                        json!("TIME")
                    }
                    "clusterIP" if child.as_str().is_some_and(|text| text.starts_with("10.")) => {
                        json!("ADDRESS")
                    }
                    "clusterIPs" => child.as_array().map_or(child.clone(), |list| {
                        let list = list.iter().map(|address| match address.as_str() {
                            Some(text) if text.starts_with("10.") => json!("ADDRESS"),
                            _ => address.clone(),
                        });
                        list.collect()
                    }),
                    "nodePort" => json!("PORT"),
                    "serverAddressByClientCIDRs" | "storageVersionHash" => continue,
                    _ => normalised(child),
                };
                out.insert(plain(key), child);
            }
            // Managers are listed by time, and two servers do not pass the same second at once.
            if let Some(Value::Array(managers)) = out.get_mut("managedFields") {
                let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
                managers.sort_by_key(|entry| {
                    ["operation", "manager", "subresource", "apiVersion"].map(|key| text(entry, key))
                });
            }
            // The order in which a server finds violations is nobody's business.
            if let Some(Value::Array(causes)) = out.get_mut("causes") {
                causes.sort_by_key(Value::to_string);
            }
            if let Some(Value::String(message)) = out.get_mut("message")
                && let Some((head, rest)) = message.split_once(" is invalid: [")
            {
                let mut parts: Vec<&str> = rest.trim_end_matches(']').split(", ").collect();
                parts.sort_unstable();
                *message = format!("{head} is invalid: [{}]", parts.join(", "));
            }
            Value::Object(out)
        }
        Value::Array(items) => items.iter().map(normalised).collect(),
        // What runs the API server of the end-to-end suite names itself after its own program.
        Value::String(text) if text == "controlplane" => json!("kube-apiserver"),
        Value::String(text) => json!(plain(text)),
        other => other.clone(),
    }
}

/// Texts with uids, times and generated suffixes taken out.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(length) = uid_at(rest) {
            out.push_str("UID");
            rest = &rest[length..];
        } else if let Some(length) = time_at(rest) {
            out.push_str("TIME");
            rest = &rest[length..];
        } else if let Some((base, tail)) = ["gen-", "UPPER-"]
            .iter()
            .find_map(|base| Some((*base, rest.strip_prefix(*base)?)))
            .filter(|(_, tail)| {
                tail.get(..5)
                    .is_some_and(|suffix| suffix.bytes().all(|b| b.is_ascii_alphanumeric()))
            })
        {
            out.push_str(base);
            out.push_str("SUFFIX");
            rest = tail.get(5..).unwrap_or_default();
        } else if let Some(tail) = rest.strip_prefix("(resourceVersion ") {
            out.push_str("(resourceVersion ");
            rest = tail.trim_start_matches(|c: char| c.is_ascii_digit());
        } else if let Some((name, tail)) = [
            "resourceVersion\\\":\\\"",
            "resourceVersion\":\"",
            "resource version: ",
            "precondition (",
            "record (",
            "object meta: ",
        ]
        .iter()
        .find_map(|name| Some((*name, rest.strip_prefix(*name)?)))
        .filter(|(_, tail)| uid_at(tail).is_none())
        {
            out.push_str(name);
            rest = tail.trim_start_matches(|c: char| c.is_ascii_digit());
        } else {
            let mut chars = rest.chars();
            out.extend(chars.next());
            rest = chars.as_str();
        }
    }
    out
}

fn uid_at(text: &str) -> Option<usize> {
    let candidate = text.get(..36)?;
    let fits = candidate.bytes().enumerate().all(|(index, b)| match index {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    fits.then_some(36)
}

fn time_at(text: &str) -> Option<usize> {
    let candidate = text.get(..20)?;
    (candidate.starts_with("20") && candidate.ends_with('Z') && candidate.parse::<jiff::Timestamp>().is_ok())
        .then_some(20)
}

/// Every place in which two values differ.
pub(crate) fn difference(ours: &Value, theirs: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(ours, theirs, "", &mut found);
    found
}

fn walk(ours: &Value, theirs: &Value, path: &str, found: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let path = format!("{path}.{key}");
                match b.get(key) {
                    Some(other) => walk(value, other, &path, found),
                    None => found.push(format!("  {path}: only the hub has {value}")),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                found.push(format!("  {path}.{key}: only the server has {value}"));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (one, other)) in a.iter().zip(b).enumerate() {
                walk(one, other, &format!("{path}[{index}]"), found);
            }
        }
        _ if ours == theirs => {}
        _ => found.push(format!("  {path}:\n    hub    {ours}\n    server {theirs}")),
    }
}
