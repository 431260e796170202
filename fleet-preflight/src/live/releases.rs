//! Mending the Helm releases of a live cluster.

use std::collections::BTreeMap;

use http::Request;
use kube::Client;
use serde_json::Value;

use super::client::Reader;
use crate::fix::{HelmFix, HelmFixError};
use crate::scan::Scanner;

/// Where Helm keeps its releases: the path of each kind, and what selects them.
const STORES: [(&str, &str); 2] = [
    ("secrets", "&fieldSelector=type%3Dhelm.sh%2Frelease.v1"),
    ("configmaps", "&labelSelector=owner%3Dhelm"),
];

/// The revisions of one release: the newest of all, and the newest that is deployed, which Helm works from.
#[derive(Default)]
struct Revisions {
    newest: u64,
    deployed: Option<(u64, Value)>,
}

impl Scanner {
    /// What the Helm releases of a cluster would be recorded as, with their manifests moved to versions that the target has.
    ///
    /// Each release is mended from its newest deployed revision, as a revision above all that there are. Nothing is written:
    /// see [`HelmFix::write`]. Records that cannot be read are errors of their own.
    ///
    /// # Errors
    /// When Secrets or `ConfigMap`s cannot be listed.
    pub async fn fix_releases(&self, client: Client) -> kube::Result<(Vec<HelmFix>, Vec<HelmFixError>)> {
        let reader = Reader { client };
        let mut fixes = Vec::new();
        let mut errors = Vec::new();
        for (plural, selector) in STORES {
            let mut releases: BTreeMap<(String, String), Revisions> = BTreeMap::new();
            let path = format!("/api/v1/{plural}");
            reader
                .pages(&path, selector, None, &mut |mut record| {
                    let text = |record: &Value, path: &str| {
                        record.pointer(path).and_then(Value::as_str).map(str::to_owned)
                    };
                    let version =
                        text(&record, "/metadata/labels/version").and_then(|text| text.parse().ok());
                    let (Some(name), Some(version)) = (text(&record, "/metadata/labels/name"), version)
                    else {
                        return;
                    };
                    let namespace = text(&record, "/metadata/namespace").unwrap_or_default();
                    let of = releases.entry((namespace, name)).or_default();
                    of.newest = of.newest.max(version);
                    let deployed = text(&record, "/metadata/labels/status").as_deref() == Some("deployed");
                    if deployed && of.deployed.as_ref().is_none_or(|(known, _)| version > *known) {
                        // Items of a list do not say what they are.
                        record["kind"] = if plural == "secrets" {
                            "Secret"
                        } else {
                            "ConfigMap"
                        }
                        .into();
                        of.deployed = Some((version, record));
                    }
                })
                .await?;
            for revisions in releases.into_values() {
                let Some((_, record)) = revisions.deployed else {
                    continue;
                };
                match self.fix_helm_record_above(&record, revisions.newest) {
                    Ok(fix) => fixes.extend(fix),
                    Err(error) => errors.push(error),
                }
            }
        }
        Ok((fixes, errors))
    }
}

impl HelmFix {
    /// Makes the change: creates the new revision, then marks the old one as superseded. The old one is kept.
    ///
    /// # Errors
    /// When the server refuses, as when the old record has changed since it was read; the new revision is taken away again then.
    pub async fn write(&self, client: Client) -> kube::Result<()> {
        let plural = if self.record["kind"] == "ConfigMap" {
            "configmaps"
        } else {
            "secrets"
        };
        let text =
            |record: &Value, field: &str| record["metadata"][field].as_str().unwrap_or_default().to_owned();
        let path = format!("/api/v1/namespaces/{}/{plural}", text(&self.record, "namespace"));
        client
            .request::<Value>(request("POST", &path, &self.record))
            .await?;
        let old = format!("{path}/{}", text(&self.superseded, "name"));
        let marked = client
            .request::<Value>(request("PUT", &old, &self.superseded))
            .await;
        if marked.is_err() {
            let new = format!("{path}/{}", text(&self.record, "name"));
            client
                .request::<Value>(request("DELETE", &new, &Value::Null))
                .await?;
        }
        marked.map(|_| ())
    }
}

fn request(method: &str, path: &str, body: &Value) -> Request<Vec<u8>> {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    let mut request = Request::new(body);
    if let (Ok(method), Ok(uri)) = (method.parse(), path.parse()) {
        *request.method_mut() = method;
        *request.uri_mut() = uri;
    }
    let json = http::HeaderValue::from_static("application/json");
    request.headers_mut().insert(http::header::CONTENT_TYPE, json);
    request
}
