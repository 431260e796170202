//! Commands that Velero runs in pods around a backup or a restore.

use fleet_core::{Extra, GoDuration, open_enum};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema;

/// Commands run in pods before and after they are backed up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupHooks {
    /// The hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<BackupResourceHookSpec>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Hooks of some pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupResourceHookSpec {
    /// The hook's name.
    #[serde(default)]
    #[schemars(!default)]
    pub name: String,
    /// The namespaces; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_namespaces: Option<Vec<String>>,
    /// The namespaces left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_namespaces: Option<Vec<String>>,
    /// The kinds; only `pods` has an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_resources: Option<Vec<String>>,
    /// The kinds left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_resources: Option<Vec<String>>,
    /// Only pods with these labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// What is run before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre: Option<Vec<BackupResourceHook>>,
    /// What is run after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<Vec<BackupResourceHook>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One hook of a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupResourceHook {
    /// The command.
    #[serde(default)]
    #[schemars(!default)]
    pub exec: ExecHook,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A command run in a container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecHook {
    /// The container; default: the pod's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The command and its arguments.
    #[serde(default)]
    #[schemars(!default)]
    pub command: Vec<String>,
    /// What an error means; default `Fail`. Either makes the backup `PartiallyFailed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<HookErrorMode>,
    /// How long it may take; default 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is run in pods after they are restored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreHooks {
    /// The hooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<RestoreResourceHookSpec>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Hooks of some pods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreResourceHookSpec {
    /// The hook's name.
    #[serde(default)]
    #[schemars(!default)]
    pub name: String,
    /// The namespaces; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_namespaces: Option<Vec<String>>,
    /// The namespaces left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_namespaces: Option<Vec<String>>,
    /// The kinds; only `pods` has an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_resources: Option<Vec<String>>,
    /// The kinds left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_resources: Option<Vec<String>>,
    /// Only pods with these labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// The hooks, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_hooks: Option<Vec<RestoreResourceHook>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One hook of a restore: `exec` or `init`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreResourceHook {
    /// A command in a container of the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<ExecRestoreHook>,
    /// Containers run before the pod's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitRestoreHook>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A command run in a container of a restored pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecRestoreHook {
    /// The container; default: the pod's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The command and its arguments.
    #[serde(default)]
    #[schemars(!default)]
    pub command: Vec<String>,
    /// Whether an error stops the hooks of this pod; default `Continue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<HookErrorMode>,
    /// How long the command may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec_timeout: Option<GoDuration>,
    /// How long to wait for the container to be ready; default: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_timeout: Option<GoDuration>,
    /// Whether the container must be ready, not only running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_for_ready: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Containers that run before a restored pod's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitRestoreHook {
    /// The containers, of the Kubernetes type `Container`. Upstream leaves their shape open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::preserved_list")]
    pub init_containers: Option<Vec<Value>>,
    /// How long they may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<GoDuration>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What an error of a hook means (`HookErrorMode`).
    #[derive(Default)]
    pub enum HookErrorMode: listed {
        /// The next hook is run.
        Continue = "Continue",
        /// No further hook is run.
        #[default]
        Fail = "Fail",
    }
}
