//! The systematic part: every kind through its life, every rule broken once.

mod definitions;
mod invalid;
mod kinds;
mod lists;
mod malformed;

use serde_json::{Value, json};

use crate::server::{Request, request, with_body};

pub(crate) const JSON: &str = "application/json";
pub(crate) const MERGE: &str = "application/merge-patch+json";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";
pub(crate) const APPLY: &str = "application/apply-patch+yaml";

pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/diff/configmaps";
pub(crate) const WIDGETS: &str = "/apis/diff.example.com/v1/namespaces/diff/widgets";

/// All requests of the systematic part, in order.
pub(crate) fn all() -> Vec<Request> {
    let mut cases = Cases::default();
    cases.post(
        "namespace",
        "/api/v1/namespaces",
        &json!({"metadata": {"name": "diff"}}),
    );
    definitions::install(&mut cases);
    kinds::lives(&mut cases);
    kinds::subresources(&mut cases);
    invalid::metadata(&mut cases);
    invalid::specs(&mut cases);
    malformed::bodies(&mut cases);
    malformed::options(&mut cases);
    lists::lists(&mut cases);
    lists::watches(&mut cases);
    lists::collections(&mut cases);
    definitions::rules(&mut cases);
    definitions::versions(&mut cases);
    cases.0
}

#[derive(Default)]
pub(crate) struct Cases(Vec<Request>);

impl Cases {
    pub(crate) fn push(&mut self, request: Request) {
        self.0.push(request);
    }

    pub(crate) fn get(&mut self, label: &str, path: &str) {
        self.push(request(label, "GET", path));
    }

    pub(crate) fn delete(&mut self, label: &str, path: &str) {
        self.push(request(label, "DELETE", path));
    }

    pub(crate) fn delete_with(&mut self, label: &str, path: &str, options: &Value) {
        self.push(with_body(label, "DELETE", path, JSON, options));
    }

    pub(crate) fn post(&mut self, label: &str, path: &str, body: &Value) {
        self.push(with_body(label, "POST", path, JSON, body));
    }

    pub(crate) fn put(&mut self, label: &str, path: &str, body: &Value) {
        self.push(with_body(label, "PUT", path, JSON, body));
    }

    pub(crate) fn patch(&mut self, label: &str, kind: &'static str, path: &str, body: &Value) {
        self.push(with_body(label, "PATCH", path, kind, body));
    }
}

/// `base` with `change` merged over it.
pub(crate) fn changed(base: &Value, change: &Value) -> Value {
    let mut out = base.clone();
    merge(&mut out, change);
    out
}

fn merge(value: &mut Value, change: &Value) {
    match (value, change) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (key, change) in changes {
                if change.is_null() {
                    fields.remove(key);
                } else {
                    merge(fields.entry(key.clone()).or_insert(Value::Null), change);
                }
            }
        }
        (value, change) => *value = change.clone(),
    }
}
