//! The patches of a step, as JSON merge patches.

use fleet_core::KubernetesVersion;
use serde_json::{Value, json};

use super::UpgradeRecord;
use crate::rollout::{MachineGroup, UPGRADE_ANNOTATION};

/// The version of a managed topology.
pub(super) fn topology(version: &KubernetesVersion, record: &UpgradeRecord) -> Value {
    let mut patch = mark(Some(record));
    json_patch::merge(&mut patch, &json!({"spec": {"topology": {"version": version}}}));
    patch
}

/// Version and template of a control plane: one request, one rollout.
pub(super) fn control_plane(
    group: &MachineGroup,
    version: &KubernetesVersion,
    template: Option<&str>,
    record: Option<&UpgradeRecord>,
) -> Value {
    let mut patch = mark(record);
    json_patch::merge(&mut patch, &json!({"spec": {"version": version}}));
    if let Some(name) = template {
        let reference = json!({"infrastructureRef": {"name": name}});
        let machines = if group.object.api_version.ends_with("/v1beta1") {
            reference
        } else {
            json!({"spec": reference})
        };
        json_patch::merge(&mut patch, &json!({"spec": {"machineTemplate": machines}}));
    }
    patch
}

/// Version and template of a worker group.
pub(super) fn workers(version: &KubernetesVersion, template: Option<&str>) -> Value {
    let mut machine = json!({"version": version});
    if let Some(name) = template {
        machine["infrastructureRef"] = json!({"name": name});
    }
    json!({"spec": {"template": {"spec": machine}}})
}

/// Writes the record of an upgrade, or takes it away.
pub(super) fn mark(record: Option<&UpgradeRecord>) -> Value {
    let text = record.map(|record| json!(record).to_string());
    json!({"metadata": {"annotations": {UPGRADE_ANNOTATION: text}}})
}
