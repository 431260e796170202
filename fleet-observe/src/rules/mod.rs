//! Recording and alerting rules: as `PrometheusRule` objects (monitoring.coreos.com/v1) and as files of Prometheus.

mod fleet;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use fleet::fleet_rules;

use crate::promql::{Expr, PromDuration};

/// The rules of one file or object.
///
/// Kept small on purpose: the object is what an operator reads, [`file`](Self::file) what Prometheus and `promtool` read.
#[derive(Debug, Clone, PartialEq)]
pub struct PrometheusRule {
    name: String,
    namespace: String,
    labels: BTreeMap<String, String>,
    groups: Vec<RuleGroup>,
}

impl PrometheusRule {
    /// An object without groups.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            labels: BTreeMap::new(),
            groups: Vec::new(),
        }
    }

    /// Adds a group.
    pub fn group(mut self, group: RuleGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Adds a label: what an operator's `ruleSelector` asks for.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its groups.
    pub fn groups(&self) -> &[RuleGroup] {
        &self.groups
    }

    /// As an object for the API server.
    pub fn object(&self) -> Value {
        let mut metadata = json!({ "name": self.name, "namespace": self.namespace });
        if !self.labels.is_empty() {
            metadata["labels"] = json!(self.labels);
        }
        json!({
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": metadata,
            "spec": self.file(),
        })
    }

    /// As the content of a rule file.
    pub fn file(&self) -> Value {
        json!({ "groups": self.groups })
    }
}

/// Rules that are evaluated one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuleGroup {
    /// Its name, unique in the file.
    pub name: String,
    /// How often, where it is not Prometheus' own interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl RuleGroup {
    /// A group.
    pub fn new(name: impl Into<String>, rules: impl IntoIterator<Item = Rule>) -> Self {
        Self {
            name: name.into(),
            interval: None,
            rules: rules.into_iter().collect(),
        }
    }

    /// How often it is evaluated.
    pub fn every(self, interval: PromDuration) -> Self {
        Self {
            interval: Some(interval.to_string()),
            ..self
        }
    }
}

/// A recording rule or an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rule {
    /// The series that it records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The alert that it raises.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// What is asked.
    pub expr: String,
    /// How long it must hold before it is an alert.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub for_: Option<String>,
    /// Labels that are added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What a person reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Rule {
    /// A rule that records a series.
    pub fn record(name: impl Into<String>, expr: &Expr) -> Self {
        Self {
            record: Some(name.into()),
            alert: None,
            expr: expr.to_string(),
            for_: None,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
        }
    }

    /// A rule that raises an alert for each series of the answer.
    pub fn alert(name: impl Into<String>, expr: &Expr) -> Self {
        Self {
            record: None,
            alert: Some(name.into()),
            ..Self::record("", expr)
        }
    }

    /// How long it must hold.
    pub fn holds_for(self, time: PromDuration) -> Self {
        Self {
            for_: Some(time.to_string()),
            ..self
        }
    }

    /// Adds a label.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Adds an annotation.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }
}
