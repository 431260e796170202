//! The generator over the repositories of a code host's organisation.

use std::collections::BTreeMap;

use fleet_core::Extra;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pull_request::{BasicAuthRef, BearerTokenRef, ConfigMapKeyRef, SecretKeyRef};
use super::spec::ApplicationTemplate;

/// One set of parameters for each repository, and each branch if asked, of an organisation. One code host is
/// set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmProviderGenerator {
    /// GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub github: Option<ScmGithub>,
    /// GitLab.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<ScmGitlab>,
    /// Bitbucket Cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitbucket: Option<ScmBitbucket>,
    /// Bitbucket Server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bitbucket_server: Option<ScmBitbucketServer>,
    /// Gitea.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gitea: Option<ScmGitea>,
    /// Azure DevOps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azure_dev_ops: Option<ScmAzureDevOps>,
    /// AWS `CodeCommit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_code_commit: Option<ScmAwsCodeCommit>,
    /// Which repositories and branches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filters: Option<Vec<ScmFilter>>,
    /// `ssh` or `https`, for the parameter `url`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_protocol: Option<String>,
    /// Further parameters, each a template over the repository's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
    /// How often to look, in seconds; default 1800.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Overrides of the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Box<ApplicationTemplate>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which repositories and branches; all that is set must match, and one filter that matches is enough.
/// Regular expressions, unanchored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmFilter {
    /// The repository's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_match: Option<String>,
    /// One of the repository's labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_match: Option<String>,
    /// The branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_match: Option<String>,
    /// Paths that are in the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths_exist: Option<Vec<String>>,
    /// Paths that are not in the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths_do_not_exist: Option<Vec<String>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An organisation on GitHub.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmGithub {
    /// The organisation.
    #[serde(default)]
    #[schemars(!default)]
    pub organization: String,
    /// The API's URL, for GitHub Enterprise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// A token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretKeyRef>,
    /// The Secret of a GitHub App, in place of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_secret_name: Option<String>,
    /// Whether every branch counts, not only the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_branches: Option<bool>,
    /// Whether archived repositories are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_archived_repos: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A group on GitLab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmGitlab {
    /// The group's number or path.
    #[serde(default)]
    #[schemars(!default)]
    pub group: String,
    /// The API's URL, for another GitLab than gitlab.com.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// A token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretKeyRef>,
    /// Whether subgroups count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_subgroups: Option<bool>,
    /// Whether projects shared with the group count. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_shared_projects: Option<bool>,
    /// Whether archived projects count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include_archived_repos: Option<bool>,
    /// Whether every branch counts, not only the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_branches: Option<bool>,
    /// Only projects with this topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Whether the server's certificate is not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    /// Certificates to trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<ConfigMapKeyRef>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A workspace on Bitbucket Cloud.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmBitbucket {
    /// The workspace.
    #[serde(default)]
    #[schemars(!default)]
    pub owner: String,
    /// The user to sign in as.
    #[serde(default)]
    #[schemars(!default)]
    pub user: String,
    /// The user's app password.
    #[serde(default)]
    #[schemars(!default)]
    pub app_password_ref: SecretKeyRef,
    /// Whether every branch counts, not only the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_branches: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A project on Bitbucket Server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmBitbucketServer {
    /// The project.
    #[serde(default)]
    #[schemars(!default)]
    pub project: String,
    /// The API's URL.
    #[serde(default)]
    #[schemars(!default)]
    pub api: String,
    /// A user and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuthRef>,
    /// A token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<BearerTokenRef>,
    /// Whether every branch counts, not only the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_branches: Option<bool>,
    /// Whether the server's certificate is not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    /// Certificates to trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<ConfigMapKeyRef>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An organisation or user on Gitea.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmGitea {
    /// The organisation or user.
    #[serde(default)]
    #[schemars(!default)]
    pub owner: String,
    /// The API's URL.
    #[serde(default)]
    #[schemars(!default)]
    pub api: String,
    /// A token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretKeyRef>,
    /// Whether every branch counts, not only the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_branches: Option<bool>,
    /// Whether archived repositories are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude_archived_repos: Option<bool>,
    /// Whether the server's certificate is not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A team project on Azure DevOps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmAzureDevOps {
    /// The organisation.
    #[serde(default)]
    #[schemars(!default)]
    pub organization: String,
    /// The team project.
    #[serde(default)]
    #[schemars(!default)]
    pub team_project: String,
    /// A token.
    #[serde(default)]
    #[schemars(!default)]
    pub access_token_ref: SecretKeyRef,
    /// The API's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// Whether every branch counts, not only the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_branches: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The repositories of an AWS account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScmAwsCodeCommit {
    /// The AWS region; default: the controller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The ARN of a role to assume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Only repositories with these tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_filters: Option<Vec<TagFilter>>,
    /// Whether every branch counts, not only the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_branches: Option<bool>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A tag of a repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagFilter {
    /// The tag.
    #[serde(default)]
    #[schemars(!default)]
    pub key: String,
    /// Its value; default any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}
