//! Conditions, counters and versions in the forms of both API versions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::object::{Object, Shape};
use super::stamp;

/// Conditions under construction.
pub(super) struct Conditions {
    rows: Vec<Row>,
}

struct Row {
    kind: &'static str,
    status: &'static str,
    reason: String,
    message: String,
}

impl Row {
    fn is_shown_in(&self, current: &[Value], generation: i64) -> bool {
        current.iter().any(|condition| {
            let is = |field: &str, text: &str| condition.get(field).and_then(Value::as_str) == Some(text);
            is("type", self.kind)
                && is("status", self.status)
                && is("reason", &self.reason)
                && is("message", &self.message)
                && condition.get("observedGeneration").and_then(Value::as_i64) == Some(generation)
        })
    }
}

impl Conditions {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// A condition that is health when it is true. Its message is kept only while it is not.
    pub(super) fn good(
        &mut self,
        kind: &'static str,
        holds: bool,
        yes: &str,
        no: &str,
        why_not: impl Into<String>,
    ) {
        let (reason, message) = if holds {
            (yes, String::new())
        } else {
            (no, why_not.into())
        };
        self.row(kind, holds, reason, message);
    }

    /// A condition that tells of something going on. Its message is kept only while it is.
    pub(super) fn going_on(&mut self, kind: &'static str, holds: bool, message: impl Into<String>) {
        let message = if holds { message.into() } else { String::new() };
        let reason = if holds {
            kind.to_owned()
        } else {
            format!("Not{kind}")
        };
        self.row(kind, holds, &reason, message);
    }

    pub(super) fn row(&mut self, kind: &'static str, holds: bool, reason: &str, message: impl Into<String>) {
        let status = if holds { "True" } else { "False" };
        self.rows.push(Row {
            kind,
            status,
            reason: reason.to_owned(),
            message: message.into(),
        });
    }

    /// A condition of which nobody knows, since what it tells of cannot be seen.
    pub(super) fn unknown(&mut self, kind: &'static str, reason: &str, message: impl Into<String>) {
        self.rows.push(Row {
            kind,
            status: "Unknown",
            reason: reason.to_owned(),
            message: message.into(),
        });
    }

    fn holds(&self, kind: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.kind == kind)
    }

    /// Puts them into a status of this object's version. `old` names the conditions that v1beta1 shows in
    /// `status.conditions`, each with the new condition it follows.
    pub(super) fn write(
        &self,
        object: &Object,
        generation: i64,
        now: Timestamp,
        old: &[(&str, &str)],
        status: &mut Value,
    ) {
        let current = object.conditions().as_array().map_or(&[][..], Vec::as_slice);
        // Mostly nothing has changed, and then there is nothing to build, compare and throw away.
        if self.rows.iter().all(|row| row.is_shown_in(current, generation)) {
            return;
        }
        let mut list: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "type": row.kind, "status": row.status, "reason": row.reason, "message": row.message,
                    "observedGeneration": generation,
                    "lastTransitionTime": transition(current, row.kind, row.status, now),
                })
            })
            .collect();
        list.extend(
            current
                .iter()
                .filter(|c| self.holds(kind_of(c)).is_none())
                .cloned(),
        );
        match object.shape() {
            Shape::V1Beta2 => status["conditions"] = Value::Array(list),
            Shape::V1Beta1 => {
                status["v1beta2"]["conditions"] = Value::Array(list);
                status["conditions"] = self.old_form(object, now, old);
            }
        }
    }

    fn old_form(&self, object: &Object, now: Timestamp, old: &[(&str, &str)]) -> Value {
        let current = object
            .at("/status/conditions")
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let mut list: Vec<Value> = old
            .iter()
            .filter_map(|(kind, follows)| {
                let row = self.holds(follows)?;
                let mut condition = json!({
                    "type": kind, "status": row.status,
                    "lastTransitionTime": transition(current, kind, row.status, now),
                });
                if row.status == "False" {
                    condition["severity"] = json!("Info");
                    condition["reason"] = json!(row.reason);
                    if !row.message.is_empty() {
                        condition["message"] = json!(row.message);
                    }
                }
                Some(condition)
            })
            .collect();
        list.extend(
            current
                .iter()
                .filter(|c| !old.iter().any(|(kind, _)| *kind == kind_of(c)))
                .cloned(),
        );
        Value::Array(list)
    }
}

/// Only `Paused` changes on an object that is paused: everything else freezes at its last value.
pub(super) fn freeze(object: &Object, now: Timestamp) -> Value {
    let current = object.conditions().as_array().map_or(&[][..], Vec::as_slice);
    let generation = object.generation();
    let mut list = current.to_vec();
    list.retain(|c| kind_of(c) != "Paused");
    list.push(json!({
        "type": "Paused", "status": "True", "reason": "Paused", "message": "",
        "observedGeneration": generation,
        "lastTransitionTime": transition(current, "Paused", "True", now),
    }));
    match object.shape() {
        Shape::V1Beta2 => json!({ "conditions": list }),
        Shape::V1Beta1 => json!({ "v1beta2": { "conditions": list } }),
    }
}

fn kind_of(condition: &Value) -> &str {
    condition.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn transition(current: &[Value], kind: &str, status: &str, now: Timestamp) -> Value {
    current
        .iter()
        .find(|c| kind_of(c) == kind && c.get("status").and_then(Value::as_str) == Some(status))
        .and_then(|c| c.get("lastTransitionTime").cloned())
        .unwrap_or_else(|| stamp(now))
}

/// How many machines there are, by what they have reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) replicas: i64,
    pub(super) ready: i64,
    pub(super) available: i64,
    pub(super) up_to_date: i64,
    /// Nodes by the kubelet version they report.
    pub(super) versions: BTreeMap<String, i64>,
}

impl Tally {
    pub(super) fn add(&mut self, machine: &Object, up_to_date: bool) {
        self.replicas += 1;
        self.ready += i64::from(machine.is("Ready"));
        self.available += i64::from(machine.is("Available"));
        self.up_to_date += i64::from(up_to_date);
        let version = machine.str("/status/nodeInfo/kubeletVersion");
        if !version.is_empty() {
            *self.versions.entry(version.to_owned()).or_default() += 1;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.replicas += other.replicas;
        self.ready += other.ready;
        self.available += other.available;
        self.up_to_date += other.up_to_date;
        for (version, count) in &other.versions {
            *self.versions.entry(version.clone()).or_default() += count;
        }
    }

    pub(super) fn versions_value(&self) -> Value {
        // An empty list means "unset", which the API wants written as no field at all.
        if self.versions.is_empty() {
            return Value::Null;
        }
        self.versions
            .iter()
            .map(|(version, replicas)| json!({ "version": version, "replicas": replicas }))
            .collect()
    }

    /// The counters of a status in this version. `owner_counts` adds v1beta1's `updatedReplicas` and
    /// `unavailableReplicas`, which sets do not have.
    pub(super) fn write(&self, shape: Shape, owner_counts: bool, status: &mut Value) {
        status["replicas"] = json!(self.replicas);
        status["versions"] = self.versions_value();
        status["readyReplicas"] = json!(self.ready);
        let new = match shape {
            Shape::V1Beta2 => status,
            Shape::V1Beta1 => {
                if owner_counts {
                    status["updatedReplicas"] = json!(self.up_to_date);
                    status["unavailableReplicas"] = json!(self.replicas - self.available);
                }
                status["v1beta2"]["readyReplicas"] = json!(self.ready);
                &mut status["v1beta2"]
            }
        };
        new["availableReplicas"] = json!(self.available);
        new["upToDateReplicas"] = json!(self.up_to_date);
    }

    /// As [`Tally::write`], in the form of the Cluster's roll-up.
    pub(super) fn roll_up(&self, desired: i64) -> Value {
        json!({
            "desiredReplicas": desired, "replicas": self.replicas, "readyReplicas": self.ready,
            "availableReplicas": self.available, "upToDateReplicas": self.up_to_date,
            "versions": self.versions_value(),
        })
    }
}

/// Conditions every owner of machines has, from the machines.
pub(super) fn about_machines<'a>(
    conditions: &mut Conditions,
    machines: impl Iterator<Item = (&'a Object, bool)>,
    names: (&'static str, &'static str),
) {
    let (mut unready, mut outdated, mut any) = (Vec::new(), Vec::new(), false);
    for (machine, up_to_date) in machines {
        any = true;
        if !machine.is("Ready") {
            let phase = machine.str("/status/phase");
            let phase = if phase.is_empty() { "Pending" } else { phase };
            let why = if machine.deleting().is_some() {
                "Machine is being deleted".to_owned()
            } else {
                format!("Machine is {phase}")
            };
            unready.push(format!("* Machine {}:\n  * {why}", machine.name()));
        }
        if !up_to_date {
            outdated.push(format!(
                "* Machine {}: version {} is outdated",
                machine.name(),
                machine.str("/spec/version")
            ));
        }
    }
    let yes = |word: &'static str| if any { word } else { "NoReplicas" };
    conditions.good(
        names.0,
        unready.is_empty(),
        yes("Ready"),
        "NotReady",
        unready.join("\n"),
    );
    conditions.good(
        names.1,
        outdated.is_empty(),
        yes("UpToDate"),
        "NotUpToDate",
        outdated.join("\n"),
    );
}

/// `ScalingUp` and `ScalingDown`, with what holds them back.
pub(super) fn about_scaling(conditions: &mut Conditions, desired: i64, replicas: i64, blocked: &[String]) {
    let mut because = String::new();
    if !blocked.is_empty() {
        because.push_str(" is blocked because:");
        for reason in blocked {
            because.push_str("\n* ");
            because.push_str(reason);
        }
    }
    let text = |way: &str| format!("Scaling {way} from {replicas} to {desired} replicas{because}");
    conditions.going_on("ScalingUp", replicas < desired, text("up"));
    conditions.going_on("ScalingDown", replicas > desired, text("down"));
}

/// The message of `RollingOut`: how many machines are not what is asked for.
pub(super) fn rolling_out_message(outdated: &[&Object], wanted: &str) -> String {
    let mut versions: Vec<&str> = outdated
        .iter()
        .map(|m| m.str("/spec/version"))
        .filter(|version| *version != wanted)
        .collect();
    versions.sort_unstable();
    versions.dedup();
    let mut message = format!("Rolling out {} not up-to-date replicas", outdated.len());
    if !versions.is_empty() {
        message.push_str("\n* Version ");
        message.push_str(&versions.join(", "));
        message.push_str(", ");
        message.push_str(wanted);
        message.push_str(" required");
    }
    message
}
