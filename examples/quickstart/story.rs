//! What the quickstart has to tell, as plain data: every output (text, JSON, HTML) is a view of it.

use std::collections::BTreeMap;

use fleet_core::{ClusterName, Fleet};
use fleet_upgrade::UpgradePlan;
use fleet_upgrade::kernel::RunReport;
use jiff::SignedDuration;
use serde::Serialize;

/// The whole run, from the repository to the last upgraded cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// The clusters as the repository describes them.
    pub fleet: Fleet,
    /// The Applications that the repository's ApplicationSets make of them.
    pub applications: Vec<Application>,
    /// What is going to happen, and why so.
    pub plan: UpgradePlan,
    /// What happened.
    pub run: Run,
}

/// One Application on the hub.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    pub name: String,
    #[serde(rename = "applicationSet")]
    pub from: String,
    pub cluster: String,
    pub namespace: String,
    pub project: String,
}

/// How the run went: what the engine says, and what the hub shows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Whether every cluster ended as planned, by the engine's word and by the hub's objects.
    pub succeeded: bool,
    #[serde(flatten)]
    pub report: RunReport,
    /// What each cluster's control plane and nodes run, read from the hub anew after the run.
    pub versions: BTreeMap<ClusterName, Vec<String>>,
    pub summary: Summary,
}

/// The last lines.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub clusters: usize,
    pub upgraded: usize,
    pub machines: usize,
    /// In seconds, from the first object to the end of the run.
    #[serde(serialize_with = "as_seconds")]
    pub virtual_time: SignedDuration,
    pub api_requests: u64,
}

fn as_seconds<S: serde::Serializer>(duration: &SignedDuration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(duration.as_secs())
}
