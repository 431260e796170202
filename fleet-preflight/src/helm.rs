//! Helm 3 release records: Secrets and `ConfigMap`s that hold a release as base64 of gzip of JSON.

use std::io::Read;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use crate::finding::{Finding, HelmOwner, ObjectRef, Place};
use crate::pass::{HelmContext, Pass};
use crate::rules;

/// The largest release that is read, unpacked. Packed it is at most what fits into a Secret, 1 MiB.
const MAX_RELEASE: u64 = 16 << 20;

/// What Helm keeps of a release, as far as it matters here. The chart and its values are passed over.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) namespace: String,
    #[serde(default)]
    pub(crate) version: u64,
    #[serde(default)]
    pub(crate) info: Info,
    #[serde(default)]
    pub(crate) manifest: String,
    #[serde(default)]
    hooks: Option<Vec<Hook>>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Info {
    #[serde(default)]
    pub(crate) status: String,
}

#[derive(Debug, Deserialize)]
struct Hook {
    #[serde(default)]
    path: String,
    #[serde(default)]
    manifest: String,
}

/// A record that is no release.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HelmError {
    #[error("it has no data.release")]
    NoRelease,
    #[error("data.release is not base64")]
    Base64,
    #[error("data.release cannot be unzipped: {0}")]
    Gzip(std::io::Error),
    #[error("the release is larger than {} MiB", MAX_RELEASE >> 20)]
    TooLarge,
    #[error("the release is not the JSON that Helm writes, at line {line} column {column}")]
    Json { line: usize, column: usize },
}

/// Whether an object is a record of what Helm has deployed.
pub(crate) fn is_deployed(value: &Value) -> bool {
    let label = |name: &str| value.get("metadata")?.get("labels")?.get(name)?.as_str();
    label("owner") == Some("helm") && label("status") == Some("deployed")
}

/// Decodes what stands in a record: base64 (for a Secret once more than for a `ConfigMap`), gzip or not, JSON.
pub(crate) fn decode(kind: &str, value: &Value) -> Result<Release, HelmError> {
    let bytes = unpack(kind, value)?;
    serde_json::from_slice(&bytes).map_err(|error| HelmError::Json {
        line: error.line(),
        column: error.column(),
    })
}

pub(crate) fn unpack(kind: &str, value: &Value) -> Result<Vec<u8>, HelmError> {
    let text = value
        .get("data")
        .and_then(|data| data.get("release"))
        .and_then(Value::as_str);
    let text = text.ok_or(HelmError::NoRelease)?;
    let base64 = |bytes: &[u8]| {
        let trimmed: Vec<u8> = bytes
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        STANDARD.decode(trimmed).map_err(|_| HelmError::Base64)
    };
    let mut bytes = base64(text.as_bytes())?;
    if kind == "Secret" {
        bytes = base64(&bytes)?;
    }
    if !bytes.starts_with(b"\x1f\x8b\x08") {
        return Ok(bytes);
    }
    let mut unzipped = Vec::new();
    let mut reader = GzDecoder::new(bytes.as_slice()).take(MAX_RELEASE + 1);
    reader.read_to_end(&mut unzipped).map_err(HelmError::Gzip)?;
    if unzipped.len() as u64 > MAX_RELEASE {
        return Err(HelmError::TooLarge);
    }
    Ok(unzipped)
}

impl Pass<'_> {
    /// Reads the release in a Secret or `ConfigMap`, if it is a record of one.
    pub(crate) fn helm_record(&mut self, kind: &str, value: &Value, place: &Place) {
        let metadata = |name: &str| value.get("metadata")?.get(name)?.as_str();
        let label = |name: &str| value.get("metadata")?.get("labels")?.get(name)?.as_str();
        let name = metadata("name").unwrap_or_default();
        let namespace = metadata("namespace").unwrap_or_default();
        let object = ObjectRef {
            api_version: "v1".into(),
            kind: kind.to_owned().into(),
            namespace: Some(namespace.to_owned()).filter(|namespace| !namespace.is_empty()),
            name: Some(name.to_owned()),
        };
        if label("OWNER") == Some("TILLER") {
            self.sink.summary.unreadable += 1;
            let message = "a release of Helm 2: not read";
            return self.report(Finding::new(&rules::HELM_2, place.clone(), object, message));
        }
        let is_record = label("owner") == Some("helm")
            || value.get("type").and_then(Value::as_str) == Some("helm.sh/release.v1");
        // Metadata alone is no record.
        if self.cluster.is_some() && value.get("data").is_none() {
            return;
        }
        if !is_record || !name.starts_with("sh.helm.release.v1.") {
            return;
        }
        let labelled = label("version").and_then(|version| version.parse::<u64>().ok());
        if let (Some(release), Some(revision)) = (label("name"), labelled) {
            self.saw_revision(namespace, release, revision);
        }
        if !self.scanner.all_revisions && matches!(label("status"), Some("superseded" | "uninstalled")) {
            return;
        }
        let release = match decode(kind, value) {
            Ok(release) => release,
            Err(error) => {
                self.sink.summary.unreadable += 1;
                let message = error.to_string();
                return self.report(Finding::new(
                    &rules::HELM_RELEASE_UNREADABLE,
                    place.clone(),
                    object,
                    message,
                ));
            }
        };
        self.sink.summary.helm_releases += 1;
        let namespace = if release.namespace.is_empty() {
            namespace.to_owned()
        } else {
            release.namespace.clone()
        };
        self.saw_revision(&namespace, &release.name, release.version);
        let status = release.info.status.as_str();
        if status == "uninstalled" || status == "superseded" && !self.scanner.all_revisions {
            return;
        }
        self.release(&release, namespace, format!("{kind}/{name}"), place);
    }

    fn saw_revision(&mut self, namespace: &str, name: &str, revision: u64) {
        let key = (namespace.to_owned(), name.to_owned());
        let newest = self.sink.newest.entry(key).or_default();
        *newest = revision.max(*newest);
    }

    fn release(&mut self, release: &Release, namespace: String, record: String, place: &Place) {
        let file: Arc<str> = place.file.clone();
        let owner = HelmOwner {
            name: release.name.clone(),
            namespace,
            revision: release.version,
            status: release.info.status.clone(),
            record,
            part: "manifest",
            template: None,
            line: 0,
        };
        let hooks = release
            .hooks
            .iter()
            .flatten()
            .map(|hook| ("hook", hook.manifest.as_str(), hook.path.as_str()));
        let parts = std::iter::once(("manifest", release.manifest.as_str(), "")).chain(hooks);
        for (part, text, path) in parts {
            self.helm = Some(Box::new(HelmContext {
                place: place.clone(),
                owner: HelmOwner {
                    part,
                    ..owner.clone()
                },
            }));
            self.manifest(&file, text);
            // A hook says itself which template made it.
            if !path.is_empty() {
                self.name_template(path, &owner);
            }
        }
        self.helm = None;
    }

    fn name_template(&mut self, path: &str, owner: &HelmOwner) {
        use crate::finding::Owner;
        for finding in self.sink.findings.since(0) {
            let Some(shared) = &mut finding.owner else { return };
            let Owner::HelmRelease(found) = Arc::make_mut(shared) else {
                return;
            };
            if found.record != owner.record || found.part != "hook" || found.template.is_some() {
                return;
            }
            found.template = Some(path.to_owned());
        }
    }
}
