//! The patches of a step, as JSON merge patches.

use fleet_core::KubernetesVersion;
use serde_json::{Value, json};

use super::UpgradeRecord;
use crate::rollout::{MachineGroup, ObjectRef, UPGRADE_ANNOTATION};

/// The version of a managed topology.
pub(super) fn topology(version: &KubernetesVersion) -> Value {
    json!({"spec": {"topology": {"version": version}}})
}

/// Version and template of a control plane: one request, one rollout.
pub(super) fn control_plane(
    group: &MachineGroup,
    version: &KubernetesVersion,
    template: Option<&str>,
) -> Value {
    let mut spec = json!({"version": version});
    if let Some(name) = template {
        let reference = json!({"infrastructureRef": {"name": name}});
        spec["machineTemplate"] = if group.object.api_version.ends_with("/v1beta1") {
            reference
        } else {
            json!({"spec": reference})
        };
    }
    json!({"spec": spec})
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

/// A change, and the record of the upgrade in the same request.
pub(super) fn marked(change: &Value, record: Option<&UpgradeRecord>) -> Value {
    // In this order: merged into a change, the null that takes the record away would be gone itself.
    let mut patch = mark(record);
    json_patch::merge(&mut patch, change);
    patch
}

/// A change as people commit it: a patch that names its object.
pub(super) fn to_commit(object: &ObjectRef, change: &Value) -> Value {
    let mut patch = json!({
        "apiVersion": object.api_version, "kind": object.kind, "metadata": {"name": object.name},
    });
    json_patch::merge(&mut patch, change);
    patch
}
