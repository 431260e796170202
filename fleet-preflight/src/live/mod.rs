//! Live objects: which version each writer used. What the API server returns is converted, and proves nothing.

#[cfg(feature = "kube")]
mod client;
#[cfg(feature = "kube")]
mod releases;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::checks::Typed;
use crate::finding::{Confidence, Finding, HelmOwner, ObjectRef, Owner, Place, Severity};
use crate::lifecycle::{self, State};
use crate::pass::Pass;
use crate::rules;
use crate::scan::Scanner;
use crate::verdict::Report;

/// A scan of one cluster's objects, fed one by one; nothing is kept but findings.
///
/// ```
/// use fleet_preflight::{Scanner, Verdict};
/// use serde_json::json;
///
/// let scanner = Scanner::new("1.25".parse()?);
/// let mut scan = scanner.live("spoke-1");
/// let budget = json!({"metadata": {"name": "web", "namespace": "shop", "managedFields": [
///     {"manager": "argocd-controller", "operation": "Apply", "apiVersion": "policy/v1beta1"}]}});
/// scan.object("policy/v1", "PodDisruptionBudget", &budget);
/// assert_eq!(scan.finish().verdict(), Verdict::Removed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LiveScan<'s> {
    pass: Pass<'s>,
    place: Place,
}

impl std::fmt::Debug for LiveScan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveScan")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// Who used a version.
struct Writer {
    told: String,
    manager: Option<(String, String, Option<String>)>,
    weak: bool,
}

impl Scanner {
    /// Begins a scan of a cluster's objects, however they are read.
    pub fn live(&self, cluster: &str) -> LiveScan<'_> {
        let mut pass = Pass::new(self);
        pass.cluster = Some(Arc::from(cluster));
        LiveScan {
            pass,
            place: Place::whole(format!("cluster:{cluster}")),
        }
    }
}

impl LiveScan<'_> {
    /// Judges an object that was read in this version: its metadata alone, or all of it.
    pub fn object(&mut self, api_version: &str, kind: &str, value: &Value) {
        self.pass.sink.summary.objects += 1;
        let typed = Typed {
            value,
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        };
        if kind == "CustomResourceDefinition" {
            self.pass.sink.definitions.definition(value);
        }
        let object = self.pass.object_of(&typed);
        let mut used: BTreeMap<String, Vec<Writer>> = BTreeMap::new();
        self.applied(&object, value, &mut used);
        managed(value, &mut used);
        let (group, listed) = lifecycle::split(api_version);
        let mut found = false;
        for (version, writers) in &used {
            if let Some(finding) = self.judge(version, &object, writers) {
                found = true;
                self.report(finding, value, writers);
            }
        }
        if !found
            && let Some(api) = lifecycle::find(group, listed, kind)
            && api.state(self.pass.scanner.target) == State::Removed
            && api.replacement_at(self.pass.scanner.target).is_none()
        {
            let message = format!(
                "{}: the object is there, and nothing serves it any more",
                self.pass.sentence(api, State::Removed)
            );
            let finding = Finding::new(&rules::API_REMOVED, self.place.clone(), object, message);
            let finding = self.pass.with_life(finding, api);
            self.report(finding, value, &[]);
        }
        let place = self.place.clone();
        self.pass.whole(&typed, &|_| place.clone());
    }

    /// Reads the API server's metrics.
    pub fn metrics(&mut self, text: &str) {
        let place = self.place.clone();
        self.pass.metrics(&place, text);
    }

    /// Something that could not be read: then the verdict is at best `Incomplete`.
    pub fn unreadable(&mut self, what: &str, why: &str) {
        self.pass.sink.summary.unreadable += 1;
        let message = format!("{what} cannot be read: {why}");
        let finding = Finding::new(
            &rules::UNREADABLE,
            self.place.clone(),
            ObjectRef::default(),
            message,
        );
        self.pass.report(finding);
    }

    /// What it comes to.
    pub fn finish(self) -> Report {
        self.pass.finish()
    }

    fn report(&mut self, mut finding: Finding, value: &Value, writers: &[Writer]) {
        finding.owner = owner(value, writers).map(Arc::new);
        self.pass.report(finding);
    }

    fn judge(&self, version: &str, object: &ObjectRef, writers: &[Writer]) -> Option<Finding> {
        let (old_group, old_version) = lifecycle::split(version);
        let told = writers
            .iter()
            .map(|writer| writer.told.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        let weak = writers.iter().all(|writer| writer.weak);
        let object_as = |api_version: Cow<'static, str>| ObjectRef {
            api_version,
            ..object.clone()
        };
        let mut finding = if let Some(api) = lifecycle::find(old_group, old_version, &object.kind) {
            let state = api.state(self.pass.scanner.target);
            let rule = match state {
                State::Removed => &rules::API_REMOVED,
                State::Deprecated => &rules::API_DEPRECATED,
                _ => return None,
            };
            let message = format!("{}; written by {told}", self.pass.sentence(api, state));
            let object = object_as(Cow::Borrowed(api.api_version));
            self.pass
                .with_life(Finding::new(rule, self.place.clone(), object, message), api)
        } else if let Some(broken) = self
            .pass
            .sink
            .definitions
            .judge(old_group, old_version, &object.kind)
        {
            let rule = broken?;
            let message = format!("{}: {}; written by {told}", version, rule.title);
            Finding::new(
                rule,
                self.place.clone(),
                object_as(Cow::Owned(version.to_owned())),
                message,
            )
        } else {
            let api_version: Cow<'static, str> = Cow::Owned(version.to_owned());
            let mut finding =
                self.pass
                    .platform(old_group, old_version, &object.kind, self.place.clone(), || {
                        object_as(api_version.clone())
                    })?;
            finding.message = format!("{}; written by {told}", finding.message).into();
            finding
        };
        if weak {
            finding.confidence = Confidence::Weak;
            finding.severity = finding.severity.min(Severity::Warning);
        }
        Some(finding)
    }

    /// The version that was applied, as annotations keep it.
    fn applied(&mut self, object: &ObjectRef, value: &Value, used: &mut BTreeMap<String, Vec<Writer>>) {
        let annotations = value
            .get("metadata")
            .and_then(|metadata| metadata.get("annotations"));
        let names = std::iter::once("kubectl.kubernetes.io/last-applied-configuration")
            .chain(self.pass.scanner.annotations.iter().map(String::as_str));
        let mut broken = Vec::new();
        for name in names {
            let Some(text) = annotations
                .and_then(|annotations| annotations.get(name))
                .and_then(Value::as_str)
            else {
                continue;
            };
            match serde_json::from_str::<Applied<'_>>(text) {
                Ok(applied) => used
                    .entry(applied.api_version.into_owned())
                    .or_default()
                    .push(Writer {
                        told: format!("whoever applied it (annotation {name})"),
                        manager: None,
                        weak: false,
                    }),
                Err(_) => broken.push(name.to_owned()),
            }
        }
        for name in broken {
            let message = format!("the annotation {name} holds no JSON object with an apiVersion");
            let finding = Finding::new(
                &rules::ANNOTATION_UNREADABLE,
                self.place.clone(),
                object.clone(),
                message,
            );
            self.pass.report(finding);
        }
    }
}

#[derive(serde::Deserialize)]
struct Applied<'t> {
    #[serde(borrow, rename = "apiVersion")]
    api_version: Cow<'t, str>,
}

/// The versions that field managers used.
fn managed(value: &Value, used: &mut BTreeMap<String, Vec<Writer>>) {
    let entries = value
        .get("metadata")
        .and_then(|metadata| metadata.get("managedFields"));
    let entries: Vec<&Value> = entries.and_then(Value::as_array).into_iter().flatten().collect();
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    for entry in &entries {
        let (Some(version), Some(manager)) = (text(entry, "apiVersion"), text(entry, "manager")) else {
            continue;
        };
        let operation = text(entry, "operation").unwrap_or_default();
        let time = text(entry, "time");
        // A manager that has written another version since has moved on; times of RFC 3339 in UTC sort as text.
        let moved_on = entries.iter().any(|other| {
            text(other, "manager").as_deref() == Some(&manager)
                && text(other, "apiVersion").as_deref() != Some(&version)
                && text(other, "time") > time
        });
        let passing_on =
            manager == "kube-controller-manager" || text(entry, "subresource").as_deref() == Some("status");
        let since = time
            .as_deref()
            .map(|time| format!(", {time}"))
            .unwrap_or_default();
        used.entry(version).or_default().push(Writer {
            told: format!("{manager} ({operation}{since})"),
            manager: Some((manager, operation, time)),
            weak: moved_on || passing_on,
        });
    }
}

/// What installed an object, as its annotations say.
pub(crate) fn installer(value: &Value) -> Option<Owner> {
    let annotations = value.get("metadata")?.get("annotations")?;
    let annotation = |name: &str| annotations.get(name)?.as_str();
    if let Some(id) = annotation("argocd.argoproj.io/tracking-id") {
        let name = id.split(':').next().unwrap_or(id).to_owned();
        return Some(Owner::Application { name });
    }
    let name = annotation("meta.helm.sh/release-name")?;
    Some(Owner::HelmRelease(HelmOwner {
        name: name.to_owned(),
        namespace: annotation("meta.helm.sh/release-namespace")
            .unwrap_or_default()
            .to_owned(),
        revision: 0,
        status: "deployed".to_owned(),
        record: String::new(),
        part: "manifest",
        template: None,
        line: 0,
    }))
}

/// What installed a live object; else who wrote it.
fn owner(value: &Value, writers: &[Writer]) -> Option<Owner> {
    installer(value).or_else(|| {
        let (manager, operation, time) = writers.iter().find_map(|writer| writer.manager.clone())?;
        Some(Owner::Writer {
            manager,
            operation,
            time,
        })
    })
}
