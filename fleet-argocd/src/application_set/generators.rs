//! What gives an ApplicationSet its parameters.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pull_request::PullRequestGenerator;
use super::scm::ScmProviderGenerator;
use super::spec::ApplicationTemplate;
use crate::schema;

/// One item of `spec.generators` (`ApplicationSetGenerator`, argoproj.io/v1alpha1). One kind is set; Argo CD
/// runs several, in the order of these fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Generator {
    /// Parameters written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListGenerator>,
    /// One set of parameters for each cluster registered in Argo CD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterGenerator>,
    /// One set of parameters for each directory or file of a Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitGenerator>,
    /// One set of parameters for each repository of an organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scm_provider: Option<ScmProviderGenerator>,
    /// One set of parameters for each cluster that another controller decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_decision_resource: Option<ClusterDecisionResourceGenerator>,
    /// One set of parameters for each open pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestGenerator>,
    /// Every combination of two generators' parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<MatrixGenerator>,
    /// Parameters of one generator, overridden by those of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeGenerator>,
    /// Parameters from an HTTP service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginGenerator>,
    /// Keeps only the sets of parameters that match, as if parameters were labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A generator inside a matrix or merge generator.
///
/// A matrix or merge inside another may hold only generators that are neither. Upstream's schema leaves it
/// open, and so does ours: a schema cannot refer to itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NestedGenerator {
    /// Parameters written out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListGenerator>,
    /// One set of parameters for each cluster registered in Argo CD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterGenerator>,
    /// One set of parameters for each directory or file of a Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitGenerator>,
    /// One set of parameters for each repository of an organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scm_provider: Option<ScmProviderGenerator>,
    /// One set of parameters for each cluster that another controller decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_decision_resource: Option<ClusterDecisionResourceGenerator>,
    /// One set of parameters for each open pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestGenerator>,
    /// A nested [`MatrixGenerator`]; read it with [`NestedGenerator::nested_matrix`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::preserved_value")]
    pub matrix: Option<Value>,
    /// A nested [`MergeGenerator`]; read it with [`NestedGenerator::nested_merge`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::preserved_value")]
    pub merge: Option<Value>,
    /// Parameters from an HTTP service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginGenerator>,
    /// Keeps only the sets of parameters that match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

impl NestedGenerator {
    /// The matrix inside this generator, typed.
    ///
    /// # Errors
    /// The value is not a matrix generator.
    pub fn nested_matrix(&self) -> Result<Option<MatrixGenerator>, serde_json::Error> {
        self.matrix.as_ref().map(MatrixGenerator::deserialize).transpose()
    }

    /// The merge inside this generator, typed.
    ///
    /// # Errors
    /// The value is not a merge generator.
    pub fn nested_merge(&self) -> Result<Option<MergeGenerator>, serde_json::Error> {
        self.merge.as_ref().map(MergeGenerator::deserialize).transpose()
    }
}

/// Parameters written out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListGenerator {
    /// The sets of parameters. In the plain template form each is an object of strings; `values` in it may be
    /// an object of strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::preserved_list")]
    pub elements: Option<Vec<Value>>,
    /// More sets of parameters, as YAML text; they come after `elements`. Of use as the second generator of a
    /// matrix, where the text is a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elements_yaml: Option<String>,
    /// Overrides of the template for these parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One set of parameters for each cluster registered in Argo CD.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterGenerator {
    /// The clusters, by the labels of their Secrets. Without one, all and the cluster Argo CD runs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// Further parameters, each a template over the cluster's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
    /// Whether all clusters go into one set of parameters, as a list under `clusters`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flat_list: Option<bool>,
    /// Overrides of the template for these clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One set of parameters for each directory or file of a Git repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitGenerator {
    /// The repository's URL.
    #[serde(rename = "repoURL", default)]
    #[schemars(!default)]
    pub repo_url: String,
    /// The branch, tag or commit.
    #[serde(default)]
    #[schemars(!default)]
    pub revision: String,
    /// The directories. Win over `files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directories: Option<Vec<GitPathItem>>,
    /// The YAML or JSON files, whose content gives parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<GitPathItem>>,
    /// A prefix for the parameters about the path, so that two Git generators do not collide in a matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_param_prefix: Option<String>,
    /// Further parameters, each a template over the item's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
    /// How often to look, in seconds; default 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Overrides of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A pattern of directories or files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitPathItem {
    /// The pattern.
    #[serde(default)]
    #[schemars(!default)]
    pub path: String,
    /// Whether what matches is left out, whatever else includes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One set of parameters for each cluster in the status of another controller's resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDecisionResourceGenerator {
    /// The `ConfigMap` that says where in the resource the clusters are.
    #[serde(default)]
    #[schemars(!default)]
    pub config_map_ref: String,
    /// The resource's name. Exactly one of `name` and `labelSelector` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The resources, by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Further parameters, as they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
    /// How often to look, in seconds; default 180.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Overrides of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Every combination of two generators' parameters; the second may use the parameters of the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MatrixGenerator {
    /// The two generators.
    #[serde(default)]
    #[schemars(!default)]
    pub generators: Vec<NestedGenerator>,
    /// Overrides of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Parameters of the first generator, overridden by those of the others that agree in the merge keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergeGenerator {
    /// The generators; the first is the base.
    #[serde(default)]
    #[schemars(!default)]
    pub generators: Vec<NestedGenerator>,
    /// The parameters by which sets are matched.
    #[serde(default)]
    #[schemars(!default)]
    pub merge_keys: Vec<String>,
    /// Overrides of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Parameters from an HTTP service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginGenerator {
    /// The `ConfigMap` that says where the service is and which token it takes.
    #[serde(default)]
    #[schemars(!default)]
    pub config_map_ref: PluginConfigMapRef,
    /// What is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<PluginInput>,
    /// Further parameters, each a template over the plugin's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
    /// How often to ask, in seconds; default 1800.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Overrides of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The `ConfigMap` of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginConfigMapRef {
    /// Its name.
    #[serde(default)]
    #[schemars(!default)]
    pub name: String,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What is sent to a plugin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginInput {
    /// Parameters of any shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::preserved_map")]
    pub parameters: Option<BTreeMap<String, Value>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}
