//! What may not change once an object is there.

use serde_json::{Value, json};

use super::Violations;

const IMMUTABLE: &str = "field is immutable";

pub(super) fn check(go_type: &str, new: &Value, old: &Value, found: &mut Violations) {
    match go_type {
        "core/v1.ConfigMap" => sealed(new, old, &["data", "binaryData"], found),
        "core/v1.Secret" => {
            same(new, old, "/type", found);
            sealed(new, old, &["data"], found);
        }
        "core/v1.Service" => {
            let address = |object: &Value| {
                object["spec"]["clusterIP"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            let outside = |object: &Value| object["spec"]["type"] == "ExternalName";
            if address(new) != address(old) && !address(old).is_empty() && !outside(new) && !outside(old) {
                let list = json!([address(new)]);
                found.invalid("spec.clusterIPs[0]".into(), &list, "may not change once set");
            }
        }
        "apps/v1.Deployment" | "apps/v1.ReplicaSet" | "apps/v1.DaemonSet" => {
            same(new, old, "/spec/selector", found);
        }
        "apps/v1.StatefulSet" => stateful_set(new, old, found),
        "batch/v1.Job" => {
            same(new, old, "/spec/selector", found);
            if new["spec"]["completionMode"] != "Indexed" {
                same(new, old, "/spec/completions", found);
            }
            let suspended = old["spec"]["suspend"] == true;
            if !suspended {
                same(new, old, "/spec/template", found);
            }
            same(new, old, "/spec/completionMode", found);
        }
        "rbac/v1.RoleBinding" | "rbac/v1.ClusterRoleBinding" if new["roleRef"] != old["roleRef"] => {
            let role = &new["roleRef"];
            let shown = json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
            found.invalid("roleRef".into(), &shown, "cannot change roleRef");
        }
        "core/v1.Pod" => pod(new, old, found),
        "storage/v1.StorageClass" => {
            for field in ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"] {
                if new[field] != old[field] {
                    let detail = "updates to this field are forbidden.";
                    match field {
                        "reclaimPolicy" | "volumeBindingMode" => {
                            found.invalid(field.into(), &new[field], IMMUTABLE);
                        }
                        "parameters" => found.forbidden(field.into(), "updates to parameters are forbidden."),
                        _ => found.forbidden(field.into(), &detail.replace("this field", field)),
                    }
                }
            }
        }
        "scheduling/v1.PriorityClass" if new["value"] != old["value"] => {
            found.forbidden("value".into(), "may not be changed in an update.");
        }
        _ => {}
    }
}

fn same(new: &Value, old: &Value, pointer: &str, found: &mut Violations) {
    let (after, before) = (new.pointer(pointer), old.pointer(pointer));
    if after != before {
        let path = pointer.trim_start_matches('/').replace('/', ".");
        found.invalid(path, after.unwrap_or(&Value::Null), IMMUTABLE);
    }
}

/// A map of settings that says of itself that it will not change.
fn sealed(new: &Value, old: &Value, fields: &[&str], found: &mut Violations) {
    if old["immutable"] != true {
        return;
    }
    let detail = "field is immutable when `immutable` is set";
    if new["immutable"] != true {
        found.forbidden("immutable".into(), detail);
    }
    for field in fields {
        if new[*field] != old[*field] {
            found.forbidden((*field).to_owned(), detail);
        }
    }
}

fn stateful_set(new: &Value, old: &Value, found: &mut Violations) {
    const MUTABLE: [&str; 8] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
        "podManagementPolicy",
    ];
    let fixed = |object: &Value| {
        let mut spec = object["spec"].clone();
        if let Value::Object(fields) = &mut spec {
            fields.retain(|key, _| key == "podManagementPolicy" || !MUTABLE.contains(&key.as_str()));
        }
        spec
    };
    if fixed(new) != fixed(old) {
        found.forbidden(
            "spec".into(),
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
             'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        );
    }
}

fn pod(new: &Value, old: &Value, found: &mut Violations) {
    for list in ["containers", "initContainers"] {
        let count = |object: &Value| object["spec"][list].as_array().map_or(0, Vec::len);
        if count(new) != count(old) {
            found.forbidden(
                format!("spec.{list}"),
                "pod updates may not add or remove containers",
            );
            return;
        }
    }
    let fixed = |object: &Value| {
        let mut spec = object["spec"].clone();
        for list in ["containers", "initContainers"] {
            for container in spec[list].as_array_mut().into_iter().flatten() {
                container["image"] = json!("");
            }
        }
        if let Value::Object(fields) = &mut spec {
            for key in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] {
                fields.remove(key);
            }
        }
        spec
    };
    if fixed(new) != fixed(old) {
        found.forbidden(
            "spec".into(),
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
             `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n",
        );
    }
}
