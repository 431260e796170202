//! The custom resource: a policy as its spec, the run as its status.

use std::num::NonZeroU32;

use fleet_core::ClusterName;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use kube::CustomResource;
use kube::api::DynamicObject;
use serde::{Deserialize, Serialize};

use crate::FleetUpgradeSpec;
use crate::kernel::{ApprovalPoint, StageState};

/// What a `FleetUpgrade` in a cluster asks for: the policy, and whether its run is to stand still.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CustomResource)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "fleet-sdk.dev",
    version = "v1alpha1",
    kind = "FleetUpgrade",
    root = "FleetUpgradeResource",
    plural = "fleetupgrades",
    namespaced,
    status = "FleetUpgradeStatus",
    schema = "disabled",
    derive = "PartialEq"
)]
pub struct FleetUpgradeResourceSpec {
    /// The policy. A run goes by the policy it began with; a change counts for nothing, and is told.
    #[serde(flatten)]
    pub policy: FleetUpgradeSpec,
    /// Nothing new starts while this holds. Default: false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Approvals, where they are not given by annotation. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<GivenApproval>,
}

/// A person's yes in an object's spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenApproval {
    /// The stage's name.
    pub stage: String,
    /// `beforeStage`, `afterStage`, or `goOn` after too many failures.
    pub point: ApprovalPoint,
    /// Who gives it.
    pub by: String,
    /// When. Default: when the operator first sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// It counts for nothing from this instant on. Default: the policy's `validFor` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// As much of an object as a run is kept in: it can be read and written whatever the spec says.
#[derive(Debug, Clone, Serialize, Deserialize, kube::Resource)]
#[resource(inherit = FleetUpgradeResource)]
pub(super) struct RunObject {
    #[serde(flatten)]
    types: Option<kube::api::TypeMeta>,
    pub(super) metadata: ObjectMeta,
    pub(super) status: Option<FleetUpgradeStatus>,
}

impl FleetUpgradeResource {
    /// Reads an object whose spec may be anything that the API server lets pass.
    ///
    /// # Errors
    ///
    /// The first field that does not fit, with its path.
    pub(super) fn read(object: &DynamicObject) -> Result<Self, String> {
        let object = serde_json::to_value(object).map_err(|error| error.to_string())?;
        serde_json::from_value(object.clone()).map_err(|error| {
            // The whole is read by a reader that knows no paths; the policy is most of it.
            let mut spec = object.get("spec").cloned().unwrap_or_default();
            if let Some(fields) = spec.as_object_mut() {
                fields.retain(|field, _| field != "paused" && field != "approvals");
            }
            match fleet_core::yaml::decode_value::<FleetUpgradeSpec>(&spec) {
                Err(field) => format!("spec.{field}"),
                Ok(_) => error.to_string(),
            }
        })
    }

    /// Whether somebody wants the run to stand still, by the field or by the annotation.
    pub fn wants_pause(&self) -> bool {
        self.spec.paused || self.annotation(PAUSED).is_some_and(|value| value == "true")
    }

    /// Whether somebody wants the run to end with what is under way.
    pub fn wants_cancel(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
            || self.annotation(CANCEL).is_some_and(|value| value == "true")
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.metadata.annotations.as_ref()?.get(key).map(String::as_str)
    }
}

/// The annotation that pauses a run while its value is `true`.
pub const PAUSED: &str = "fleet-sdk.dev/paused";
/// The annotation that cancels a run when its value is `true`.
pub const CANCEL: &str = "fleet-sdk.dev/cancel";
/// The prefix of the annotation that approves the beginning of a stage: `approve-before.fleet-sdk.dev/canary: alice`.
pub const APPROVE_BEFORE: &str = "approve-before.fleet-sdk.dev/";
/// The prefix of the annotation that approves the end of a stage's soak.
pub const APPROVE_AFTER: &str = "approve-after.fleet-sdk.dev/";
/// The prefix of the annotation that lets a halted run go on: `approve-go-on.fleet-sdk.dev/production: alice`.
///
/// It counts for the halts from before the operator first saw it. For a later one it is given anew: taken away and written
/// again, or with the time, `alice@2026-01-05T09:00:00Z`.
pub const APPROVE_GO_ON: &str = "approve-go-on.fleet-sdk.dev/";
/// What keeps an object until its run has ended what it had begun.
pub const FINALIZER: &str = "fleet-sdk.dev/run";

/// How far a run is. Everything that must outlive the operator is in here, or in objects that this names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct FleetUpgradeStatus {
    /// The generation of the spec that this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Where the run is, in one word.
    pub phase: RunPhase,
    /// The version it upgrades to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Clusters at the target of all clusters: `3/20`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<String>,
    /// The stage that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What the next step waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<String>,
    /// When the run began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When the plan, made before the run began, expects it to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_finish: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// The stages, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageStatus>,
    /// The clusters that people want to see: first those that failed or are held, then those under way, then the others, 200
    /// at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterStatus>,
    /// How many clusters are not in that list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters_omitted: Option<NonZeroU32>,
    /// The clusters that have joined the fleet since the run began, and wait for another one; 200 at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<ClusterName>,
    /// What happened last, 20 at most, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventStatus>,
    /// `Planned`, `Progressing`, `Paused`, `ApprovalRequired`, `Stalled`, `Complete` and `Stopped`, for `kubectl wait`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// When the approvals that say no time were first seen. They count from then on, whichever operator is at work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<SeenApproval>,
    /// The plan and the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunRecord>,
}

/// A person's yes that says no time, and when it was first seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SeenApproval {
    /// The stage's name.
    pub stage: String,
    /// The point.
    pub point: ApprovalPoint,
    /// Who gave it.
    pub by: String,
    /// When it was first seen.
    pub seen: Timestamp,
}

/// Where a run is, in one word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RunPhase {
    /// Nobody has looked at it yet.
    #[default]
    Pending,
    /// The policy cannot be planned; the condition `Planned` says why.
    Refused,
    /// It is under way.
    Running,
    /// Somebody paused it.
    Paused,
    /// It waits for an approval.
    WaitingForApproval,
    /// Every stage is done.
    Completed,
    /// It stopped by itself.
    Stopped,
    /// Somebody cancelled it.
    Cancelled,
}

impl RunPhase {
    /// Whether nothing will happen any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Stopped | Self::Cancelled)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Refused => "Refused",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::WaitingForApproval => "WaitingForApproval",
            Self::Completed => "Completed",
            Self::Stopped => "Stopped",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// One stage of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StageStatus {
    /// Its name.
    pub name: String,
    /// `waiting`, `active`, `soaking` or `done`.
    pub state: StageState,
    /// How many of its clusters run the target.
    pub upgraded: u32,
    /// How many are being upgraded.
    pub running: u32,
    /// How many failed or are held.
    pub failed: u32,
    /// How many it has.
    pub total: u32,
}

/// One cluster of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterStatus {
    /// Its name.
    pub name: String,
    /// Its stage.
    pub stage: String,
    /// Where it is, in words.
    pub state: String,
    /// The last version it was seen to complete.
    pub version: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventStatus {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub reason: String,
    /// What, in a sentence.
    pub message: String,
}

/// Where the plan and the log of a run are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunRecord {
    /// The plan, or the objects that hold it.
    pub plan: Chunked,
    /// The policy it was made of: JSON, compressed with gzip, in base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy: String,
    /// The ConfigMaps that hold the log's older entries, in order. They are never changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sealed_log: Vec<String>,
    /// How many entries those hold.
    pub sealed_entries: u64,
    /// The log's newer entries: JSON, compressed with gzip, in base64.
    pub open_log: String,
}

/// A value that is too large for some objects: in place, or spread over ConfigMaps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Chunked {
    /// JSON, compressed with gzip, in base64; empty where it is in other objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub inline: String,
    /// The ConfigMaps that hold it, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub in_config_maps: Vec<String>,
}
