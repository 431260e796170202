//! What the sources give, and why they could not.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Why a source has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
#[non_exhaustive]
pub struct SourceFailure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What happened, in the source's words; what Argo CD would show.
    pub message: String,
}

/// The kinds of failure that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum FailureKind {
    /// Nobody asked the source.
    NotGathered,
    /// 401 or 403: the credentials are missing, wrong or too weak.
    Denied,
    /// 404: there is no such repository, or it may not be seen.
    NotFound,
    /// 429: too many requests.
    RateLimited,
    /// 5xx, no connection or no answer in time.
    Unavailable,
    /// The answer cannot be understood.
    Garbage,
    /// The source is set up wrongly.
    Setup,
}

impl SourceFailure {
    /// A failure of this kind.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn not_gathered(what: impl std::fmt::Display) -> Self {
        Self::new(
            FailureKind::NotGathered,
            format!("the snapshot does not hold {what}; gather it first"),
        )
    }

    pub(crate) fn within(mut self, words: &str) -> Self {
        self.message.insert_str(0, words);
        self
    }
}

/// An open pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::exhaustive_structs)] // Upstream's PullRequest.
pub struct PullRequest {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// The branch it comes from.
    pub branch: String,
    /// The branch it goes to.
    pub target_branch: String,
    /// The commit it stands at.
    #[serde(rename = "headSHA")]
    pub head_sha: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who opened it.
    pub author: String,
}

/// A branch of a repository of an organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(clippy::exhaustive_structs)] // Upstream's Repository.
pub struct ScmRepository {
    /// The organisation, group or owner.
    pub organization: String,
    /// The repository's name.
    pub repository: String,
    /// Where it is cloned from.
    pub url: String,
    /// The branch.
    pub branch: String,
    /// The commit the branch stands at.
    pub sha: String,
    /// The repository's labels or topics.
    pub labels: Vec<String>,
    /// The provider's own id of it.
    pub repository_id: Value,
    /// The paths in the branch, for `pathsExist` and `pathsDoNotExist`.
    pub paths: Vec<String>,
}
