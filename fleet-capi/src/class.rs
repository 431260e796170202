//! What classes of clusters have in both versions.

use fleet_core::{Extra, open_enum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::meta::TemplateMeta;

/// JSON patches of one kind of template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchDefinition {
    /// What is changed.
    pub json_patches: Vec<ClassJsonPatch>,
    /// Which templates are changed.
    pub selector: PatchSelector,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A JSON patch (RFC 6902) whose value may depend on variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassJsonPatch {
    /// What is done.
    pub op: JsonPatchOperation,
    /// Where, as a JSON pointer below `spec`.
    pub path: String,
    /// The value, where it is always the same.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub value: Option<Value>,
    /// Where the value comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_from: Option<JsonPatchValueSource>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where the value of a patch comes from; one of the fields is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JsonPatchValueSource {
    /// A Go template of the value, in YAML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The variable whose value it is, such as `network.podCIDR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which templates are changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchSelector {
    /// The API version of the template.
    pub api_version: String,
    /// The kind of the template.
    pub kind: String,
    /// Where the template must be used.
    pub match_resources: PatchSelectorMatch,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where a template must be used to be changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchSelectorMatch {
    /// For the control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_plane: Option<bool>,
    /// For the infrastructure provider's cluster object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure_cluster: Option<bool>,
    /// For deployments of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_deployment_class: Option<PatchSelectorClasses>,
    /// For pools of machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_pool_class: Option<PatchSelectorClasses>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Classes of workers, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchSelectorClasses {
    /// The names in the class; `*` matches any, and may stand at one end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How clusters of a class are upgraded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassUpgrade {
    /// A runtime extension does it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ClusterClassUpgradeExternal>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A runtime extension that plans upgrades.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterClassUpgradeExternal {
    /// The extension that says which versions an upgrade goes through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_upgrade_plan_extension: Option<String>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What values a variable takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariableSchema {
    /// An OpenAPI schema.
    #[serde(rename = "openAPIV3Schema")]
    pub open_apiv3_schema: VariableSchemaProps,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An OpenAPI schema, as far as variables may use it.
///
/// Schemas inside it (`properties`, `items` and so on) are kept as they were written, as upstream keeps them: read one with
/// `serde_json::from_value::<VariableSchemaProps>`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariableSchemaProps {
    /// The schema of the values of a map.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub additional_properties: Option<Value>,
    /// Schemas that must all hold.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub all_of: Option<Value>,
    /// Schemas of which one at least must hold.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub any_of: Option<Value>,
    /// The value where the cluster gives none.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub default: Option<Value>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The values that are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "crate::schema::any_json_list")]
    pub enum_: Option<Vec<Value>>,
    /// A value, for people.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub example: Option<Value>,
    /// Whether `maximum` itself is too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_maximum: Option<bool>,
    /// Whether `minimum` itself is too little.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<bool>,
    /// A format of strings, such as `ipv4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The schema of the items of a list.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub items: Option<Value>,
    /// How many items a list may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<i64>,
    /// How long a string may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<i64>,
    /// How many entries an object may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_properties: Option<i64>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
    /// How many items a list must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<i64>,
    /// How long a string must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<i64>,
    /// How many entries an object must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_properties: Option<i64>,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// A schema that must not hold.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub not: Option<Value>,
    /// Schemas of which exactly one must hold.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub one_of: Option<Value>,
    /// A regular expression strings must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The schemas of the properties of an object.
    #[serde(
        default,
        deserialize_with = "crate::presence::any_json",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "crate::schema::any_json")]
    pub properties: Option<Value>,
    /// The properties an object must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<Vec<String>>,
    /// The type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_: Option<VariableType>,
    /// Whether the items of a list must differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_items: Option<bool>,
    /// Whether a number and a string are both right.
    #[serde(
        rename = "x-kubernetes-int-or-string",
        skip_serializing_if = "Option::is_none"
    )]
    pub x_kubernetes_int_or_string: Option<bool>,
    /// Whether properties without a schema are kept.
    #[serde(
        rename = "x-kubernetes-preserve-unknown-fields",
        skip_serializing_if = "Option::is_none"
    )]
    pub x_kubernetes_preserve_unknown_fields: Option<bool>,
    /// Rules that values must obey.
    #[serde(rename = "x-kubernetes-validations", skip_serializing_if = "Option::is_none")]
    pub x_kubernetes_validations: Option<Vec<ValidationRule>>,
    /// Labels and annotations of the schema.
    #[serde(rename = "x-metadata", skip_serializing_if = "Option::is_none")]
    pub x_metadata: Option<TemplateMeta>,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A rule in CEL.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidationRule {
    /// The field that is wrong when the rule does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_path: Option<String>,
    /// What is said when the rule does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A CEL expression of what is said when the rule does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_expression: Option<String>,
    /// The kind of error when the rule does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<FieldErrorReason>,
    /// A CEL expression over `self`.
    pub rule: String,
    /// Fields this version of the library does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// What a patch does.
    pub enum JsonPatchOperation {
        Add = "add",
        Replace = "replace",
        Remove = "remove",
    }
}

open_enum! {
    /// The type of a value.
    pub enum VariableType {
        Object = "object",
        Array = "array",
        String = "string",
        Integer = "integer",
        Number = "number",
        Boolean = "boolean",
    }
}

open_enum! {
    /// The kind of error in a field.
    pub enum FieldErrorReason {
        Invalid = "FieldValueInvalid",
        Forbidden = "FieldValueForbidden",
        Required = "FieldValueRequired",
        Duplicate = "FieldValueDuplicate",
    }
}
