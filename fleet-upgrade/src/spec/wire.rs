//! A policy as a Kubernetes object: `apiVersion`, `kind`, `metadata`, `spec`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{API_VERSION, FleetUpgrade, FleetUpgradeSpec, KIND, Source};

/// The whole document.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub(crate) struct Document {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: FleetUpgradeSpec,
}

/// What of a Kubernetes object's metadata a policy in Git may carry. Only the name means something here; the rest is
/// what Kubernetes and the tools that apply a policy go by.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
struct Metadata {
    name: String,
    #[serde(default, skip_serializing)]
    #[allow(dead_code)]
    namespace: Option<String>,
    #[serde(default, skip_serializing)]
    #[allow(dead_code)]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing)]
    #[allow(dead_code)]
    annotations: BTreeMap<String, String>,
}

/// A document that is something else than a policy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WrongDocument {
    #[error("found apiVersion `{0}`, expected `{API_VERSION}`")]
    ApiVersion(String),
    #[error("found kind `{0}`, expected `{KIND}`")]
    Kind(String),
}

impl TryFrom<Document> for FleetUpgrade {
    type Error = WrongDocument;

    fn try_from(document: Document) -> Result<Self, WrongDocument> {
        if document.kind != KIND {
            return Err(WrongDocument::Kind(document.kind));
        }
        if document.api_version != API_VERSION {
            return Err(WrongDocument::ApiVersion(document.api_version));
        }
        Ok(Self {
            name: document.metadata.name,
            spec: document.spec,
            source: Source::default(),
        })
    }
}

impl From<FleetUpgrade> for Document {
    fn from(policy: FleetUpgrade) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            metadata: Metadata {
                name: policy.name,
                namespace: None,
                labels: BTreeMap::new(),
                annotations: BTreeMap::new(),
            },
            spec: policy.spec,
        }
    }
}
