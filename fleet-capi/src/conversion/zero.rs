//! What Go leaves out when it writes an object: most empty values.

use serde_json::Value;

/// Leaves out of an object of v1beta2 what upstream's encoder leaves out.
pub(super) fn drop_newer(tree: &mut Value) {
    drop_from(tree, "", &NEWER);
}

/// Leaves out of an object of v1beta1 what upstream's encoder leaves out.
pub(super) fn drop_older(tree: &mut Value) {
    drop_from(tree, "", &OLDER);
}

/// Where an empty value says something, by the end of its path.
struct Meaning {
    kept: &'static [&'static str],
    /// Numbers that are left out when they are 0, by the end of their path.
    zeros: &'static [&'static str],
}

const NEWER: Meaning = Meaning {
    kept: &[
        ".extraEnvs",
        "nodeRegistration.taints",
        "joinConfiguration.controlPlane",
        "status.deprecated",
        "deprecated.v1beta1",
        "status.deletion",
        "status.nodeInfo",
        "nodeInfo.swap",
        "status.controlPlane",
        "status.workers",
        "patches.external",
        ".valueFrom",
        ".configMapKeyRef",
        ".fieldRef",
        ".fileKeyRef",
        ".resourceFieldRef",
        ".secretKeyRef",
        "machines.selector",
        "machines.clusterSelector",
        "pods.selector",
        "pods.namespaceSelector",
        "spec.namespaceSelector",
        "matchResources.machineDeploymentClass",
        "matchResources.machinePoolClass",
        "bootstrap.dataSecretName",
        "v1beta1.failureMessage",
        "Args.value",
    ],
    zeros: &[
        "before.certificatesExpiryDays",
        ".caCertificateValidityPeriodDays",
        ".certificateValidityPeriodDays",
        ".apiServerPort",
        "status.observedGeneration",
        "conditions.observedGeneration",
        "controlPlaneEndpoint.port",
        "diskLayout.percentage",
        "handlers.timeoutSeconds",
        ".bindPort",
        "versions.replicas",
    ],
};

const OLDER: Meaning = Meaning {
    kept: &[
        "nodeRegistration.taints",
        "joinConfiguration.controlPlane",
        "status.v1beta2",
        "status.deletion",
        "status.nodeInfo",
        "nodeInfo.swap",
        "v1beta2.controlPlane",
        "v1beta2.workers",
        "patches.external",
        ".valueFrom",
        ".configMapKeyRef",
        ".fieldRef",
        ".fileKeyRef",
        ".resourceFieldRef",
        ".secretKeyRef",
        "machines.selector",
        "machines.clusterSelector",
        "pods.selector",
        "pods.namespaceSelector",
        "spec.namespaceSelector",
        "matchResources.machineDeploymentClass",
        "matchResources.machinePoolClass",
        "bootstrap.dataSecretName",
        "status.failureMessage",
        "env.value",
    ],
    zeros: &[
        ".caCertificateValidityPeriodDays",
        ".certificateValidityPeriodDays",
        ".apiServerPort",
        "status.observedGeneration",
        "conditions.observedGeneration",
        "diskLayout.percentage",
        ".bindPort",
        "versions.replicas",
        "handlers.timeoutSeconds",
    ],
};

/// Fields that both versions require. Upstream leaves out an empty one all the same, and then has an object that its own
/// schema refuses; here it stays.
const REQUIRED: [&str; 48] = [
    "spec.selector",
    "spec.clusterSelector",
    "spec.template",
    "template.spec",
    "spec.bootstrap",
    "spec.infrastructure",
    "spec.drain",
    "spec.clientConfig",
    "spec.claimRef",
    "spec.poolRef",
    "spec.machineTemplate",
    "spec.address",
    "spec.version",
    ".clusterName",
    ".cidrBlocks",
    ".schema",
    ".openAPIV3Schema",
    "variables.definitions",
    "definitions.from",
    "definitions.selector",
    "definitions.jsonPatches",
    "selector.matchResources",
    "selector.kind",
    "selector.apiVersion",
    "jsonPatches.path",
    "x-kubernetes-validations.rule",
    ".conditionType",
    ".class",
    ".name",
    ".key",
    ".hostPath",
    ".mountPath",
    "files.path",
    ".device",
    "filesystems.filesystem",
    "topology.version",
    "versions.version",
    "fieldRef.fieldPath",
    "resourceFieldRef.resource",
    "fileKeyRef.path",
    "fileKeyRef.volumeName",
    "templateRef.apiVersion",
    "templateRef.kind",
    "selector.operator",
    ".endpoints",
    "Ref.apiGroup",
    "Ref.kind",
    "kubeConfig.user",
];

/// Fields whose entries are names and values of someone's own: an empty text there is a value.
const MAPS: [&str; 11] = [
    "annotations",
    "attributes",
    "config",
    "default",
    "example",
    "extraArgs",
    "featureGates",
    "kubeletExtraArgs",
    "labels",
    "matchLabels",
    "settings",
];

/// Fields that are written whole.
const WHOLE: [&str; 5] = ["conditions", "enum", "matchExpressions", "nodeInfo", "value"];

fn drop_from(value: &mut Value, path: &str, meaning: &Meaning) {
    match value {
        Value::Object(object) => {
            object.retain(|name, inner| {
                let path = format!("{path}.{name}");
                let ends = |ends: &&str| path.ends_with(*ends);
                let stays = || meaning.kept.iter().chain(&REQUIRED).any(ends);
                if !MAPS.contains(&name.as_str()) && !WHOLE.contains(&name.as_str()) {
                    drop_from(inner, &path, meaning);
                }
                if name == "conditions" {
                    drop_from_conditions(inner);
                }
                // Domains, and schemas inside a schema, say something by being there.
                let domain = path
                    .rsplit_once('.')
                    .is_some_and(|(path, _)| path.ends_with("failureDomains"));
                let schema =
                    path.contains(".openAPIV3Schema.") && name != "x-metadata" && name != "properties";
                if inner.is_object() && (schema || domain) {
                    return true;
                }
                match inner {
                    Value::Null => name == "value",
                    Value::String(text) => !text.is_empty() || stays(),
                    Value::Array(items) => !items.is_empty() || stays(),
                    Value::Object(inner) => !inner.is_empty() || stays() || name == "value",
                    Value::Number(number) => number.as_i64() != Some(0) || !meaning.zeros.iter().any(ends),
                    Value::Bool(_) => true,
                }
            });
        }
        Value::Array(items) => {
            for item in items {
                drop_from(item, path, meaning);
            }
        }
        _ => {}
    }
}

/// Those of v1beta1 leave out an empty reason; those of v1beta2 always have one.
fn drop_from_conditions(conditions: &mut Value) {
    for condition in conditions.as_array_mut().into_iter().flatten() {
        let Some(condition) = condition.as_object_mut() else {
            continue;
        };
        if condition.get("observedGeneration").and_then(Value::as_i64) == Some(0) {
            condition.remove("observedGeneration");
        }
        condition.retain(|name, value| name != "severity" || value != "");
    }
}
