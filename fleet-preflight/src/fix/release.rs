//! Mended Helm releases: a new revision whose manifest the target version takes, so that `helm upgrade` finds its way.

use std::fmt;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use similar::TextDiff;

use super::{Moved, Refused};
use crate::helm::{self, HelmError};
use crate::lifecycle::{self, State};
use crate::pass::read;
use crate::scan::Scanner;
use crate::text::chunk::documents;

/// The change of one Helm release, not yet made. It prints as a unified diff of the manifest.
///
/// Two records are to be written: [`record`](Self::record), which is new, and [`superseded`](Self::superseded) in place of the
/// one that was read. A rollback to the old revision stays possible where the old API is served.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HelmFix {
    /// The release.
    pub release: String,
    /// The revision that was read.
    pub from: u64,
    /// The new revision.
    pub revision: u64,
    /// The manifest as it is recorded now.
    pub before: String,
    /// The manifest that the new revision has.
    pub after: String,
    /// What moved.
    pub moved: Vec<Moved>,
    /// What must be moved by hand, in the chart.
    pub refused: Vec<Refused>,
    /// Objects of kinds that nothing serves any more: the new revision does not have them.
    pub dropped: Vec<String>,
    /// The record as it was read, marked as superseded.
    pub superseded: Value,
    /// The record of the new revision.
    pub record: Value,
}

/// A Helm record that cannot be mended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HelmFixError {
    /// It is no record of a release.
    #[error("the record {name} cannot be read: {reason}")]
    Unreadable {
        /// The record.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Scanner {
    /// What a Helm release would be recorded as, with its manifest moved to versions that the target has; `None` when there is
    /// nothing to move.
    ///
    /// The record is a Secret or a `ConfigMap`, as the API server gives it. Unlike a text replacement this understands every layout
    /// that a chart may render, and moves fields with their versions.
    ///
    /// # Errors
    /// When the record holds no release.
    pub fn fix_helm_record(&self, record: &Value) -> Result<Option<HelmFix>, HelmFixError> {
        self.fix_helm_record_above(record, 0)
    }

    /// The same, with a revision above `newest` as well: later ones may have failed.
    pub(crate) fn fix_helm_record_above(
        &self,
        record: &Value,
        newest: u64,
    ) -> Result<Option<HelmFix>, HelmFixError> {
        let name = record["metadata"]["name"].as_str().unwrap_or_default();
        let unreadable = |error: HelmError| HelmFixError::Unreadable {
            name: name.to_owned(),
            reason: error.to_string(),
        };
        let kind = if record["kind"] == "ConfigMap" {
            "ConfigMap"
        } else {
            "Secret"
        };
        let release = helm::decode(kind, record).map_err(unreadable)?;
        let bytes = helm::unpack(kind, record).map_err(unreadable)?;
        let mut whole: Value = serde_json::from_slice(&bytes).map_err(|error| {
            unreadable(HelmError::Json {
                line: error.line(),
                column: error.column(),
            })
        })?;
        let fix = self.fix_text(name, &release.manifest);
        let (after, dropped) = self.without_gone(&fix.text);
        if after == release.manifest {
            return Ok(None);
        }
        let revision = release.version.max(newest).saturating_add(1);
        whole["info"]["status"] = "superseded".into();
        let superseded = written(record, kind, name, &whole, release.version, "superseded");
        whole["info"]["status"] = "deployed".into();
        let target = self.target();
        whole["info"]["description"] = format!("API versions moved for Kubernetes {target}").into();
        whole["manifest"] = after.clone().into();
        whole["version"] = revision.into();
        let new_name = format!("sh.helm.release.v1.{}.v{revision}", release.name);
        let record = written(record, kind, &new_name, &whole, revision, "deployed");
        Ok(Some(HelmFix {
            release: release.name,
            from: release.version,
            revision,
            before: release.manifest,
            after,
            moved: fix.moved,
            // What is dropped is not left to anyone.
            refused: fix
                .refused
                .into_iter()
                .filter(|refused| {
                    lifecycle::find_object(&refused.object.api_version, &refused.object.kind)
                        .is_none_or(|api| !self.is_gone(api))
                })
                .collect(),
            dropped,
            superseded,
            record,
        }))
    }

    fn is_gone(&self, api: &lifecycle::Lifecycle) -> bool {
        api.state(self.target) == State::Removed && api.replacement_at(self.target).is_none()
    }

    /// A manifest without the documents that hold nothing but what is gone for good.
    fn without_gone(&self, manifest: &str) -> (String, Vec<String>) {
        let mut out = String::with_capacity(manifest.len());
        let mut dropped = Vec::new();
        for (document, _) in documents(manifest) {
            let contents = read(document).unwrap_or_default();
            let gone = |api_version: &Option<_>, kind: &Option<_>| match (api_version, kind) {
                (Some(version), Some(kind)) => {
                    let version: &std::borrow::Cow<'_, str> = version;
                    let kind: &std::borrow::Cow<'_, str> = kind;
                    lifecycle::find_object(version, kind).is_some_and(|api| self.is_gone(api))
                }
                _ => false,
            };
            let objects = &contents.objects;
            if !objects.is_empty()
                && objects
                    .iter()
                    .all(|outline| gone(&outline.api_version, &outline.kind))
            {
                dropped.extend(objects.iter().map(|outline| {
                    let name = outline.name.as_deref().unwrap_or("");
                    format!("{} {name}", outline.kind.as_deref().unwrap_or(""))
                }));
            } else {
                out.push_str(document);
            }
        }
        (out, dropped)
    }
}

fn written(record: &Value, kind: &str, name: &str, release: &Value, revision: u64, status: &str) -> Value {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail.
    let written = gzip
        .write_all(release.to_string().as_bytes())
        .and_then(|()| gzip.finish());
    let mut text = STANDARD.encode(written.unwrap_or_default());
    if kind == "Secret" {
        text = STANDARD.encode(text);
    }
    let mut labels = record["metadata"]["labels"].clone();
    labels["status"] = status.into();
    labels["version"] = revision.to_string().into();
    let mut new = json!({
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": record["metadata"]["namespace"], "labels": labels},
        "data": {"release": text},
    });
    if let Some(of) = record.get("type") {
        new["type"] = of.clone();
    }
    if record["metadata"]["name"] == name
        && let Some(version) = record["metadata"].get("resourceVersion")
    {
        // Only if nobody else has changed it since.
        new["metadata"]["resourceVersion"] = version.clone();
    }
    new
}

impl fmt::Display for HelmFix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diff = TextDiff::from_lines(&self.before, &self.after);
        let old = format!("{}.v{}", self.release, self.from);
        let new = format!("{}.v{}", self.release, self.revision);
        write!(f, "{}", diff.unified_diff().header(&old, &new))
    }
}

/// Without the records and the manifests, which may hold secrets.
impl fmt::Debug for HelmFix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HelmFix")
            .field("release", &self.release)
            .field("revision", &self.revision)
            .field("moved", &self.moved)
            .field("refused", &self.refused)
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}
