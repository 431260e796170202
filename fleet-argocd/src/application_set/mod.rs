//! ApplicationSet: parameters and a template that make Applications.

mod generators;
mod pull_request;
mod scm;
mod spec;

pub use generators::{
    ClusterDecisionResourceGenerator, ClusterGenerator, Generator, GitGenerator, GitPathItem, ListGenerator,
    MatrixGenerator, MergeGenerator, NestedGenerator, PluginConfigMapRef, PluginGenerator, PluginInput,
};
pub use pull_request::{
    BasicAuthRef, BearerTokenRef, ConfigMapKeyRef, PullRequestAzureDevOps, PullRequestBitbucket,
    PullRequestBitbucketServer, PullRequestFilter, PullRequestGenerator, PullRequestGitea, PullRequestGithub,
    PullRequestGitlab, SecretKeyRef,
};
pub use scm::{
    ScmAwsCodeCommit, ScmAzureDevOps, ScmBitbucket, ScmBitbucketServer, ScmFilter, ScmGitea, ScmGithub,
    ScmGitlab, ScmProviderGenerator, TagFilter,
};
pub use spec::{
    ApplicationMatchExpression, ApplicationSet, ApplicationSetApplicationStatus, ApplicationSetCondition,
    ApplicationSetSpec, ApplicationSetStatus, ApplicationSetStrategy, ApplicationSetSyncPolicy,
    ApplicationTemplate, ApplicationTemplateMeta, ApplicationsSyncPolicy, IgnoreApplicationDifferences,
    PreservedFields, RollingSync, RollingSyncStep,
};
