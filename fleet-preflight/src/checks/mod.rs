//! The checks beyond API versions: what an object says that the target version ignores, refuses or dies of.
//!
//! Most manifests say nothing of the kind, so the text is searched for the words first; only what has one is read into a tree.

mod certificate;
mod components;
mod control_plane;
mod disruption;
mod embedded;
mod node;
mod objects;
mod pods;
mod references;

use std::sync::{Arc, LazyLock};

use aho_corasick::AhoCorasick;
use fleet_core::MinorVersion;
use fleet_core::yaml::{FieldPath, Segment};
use jiff::Timestamp;
use serde_json::Value;

use crate::finding::{Finding, ObjectRef, Place};
use crate::rules::Rule;

pub(crate) use components::ComponentTable;
pub(crate) use disruption::Budgets;
pub(crate) use embedded::manifests as embedded_manifests;

/// What the checks are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) target: MinorVersion,
    pub(crate) now: Option<Timestamp>,
}

/// One object, to be checked.
pub(crate) struct Subject<'a> {
    pub(crate) value: &'a Value,
    pub(crate) group: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) object: ObjectRef,
    /// Where a path of the object stands.
    pub(crate) place: &'a dyn Fn(&FieldPath) -> Place,
    pub(crate) question: Question,
    pub(crate) components: &'a ComponentTable,
}

impl<'a> Subject<'a> {
    fn root(&self) -> At<'a> {
        At {
            value: self.value,
            path: FieldPath::root(),
        }
    }

    fn finding(&self, rule: &'static Rule, at: &At<'_>, message: impl Into<Arc<str>>) -> Finding {
        Finding::new(rule, (self.place)(&at.path), self.object.clone(), message)
    }

    fn from(&self, minor: u64) -> bool {
        self.question.target >= MinorVersion::new(1, minor)
    }
}

/// A value in an object, and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    pub(crate) value: &'a Value,
    pub(crate) path: FieldPath,
}

impl<'a> At<'a> {
    fn field(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name)?;
        (!value.is_null()).then(|| Self {
            value,
            path: self.path.clone().field(name),
        })
    }

    fn fields(&self, names: &[&str]) -> Option<Self> {
        names.iter().try_fold(self.clone(), |at, name| at.field(name))
    }

    fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let path = self.path.clone();
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items.map(move |(index, value)| Self {
            value,
            path: path.clone().index(index),
        })
    }

    fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let path = self.path.clone();
        self.value
            .as_object()
            .into_iter()
            .flatten()
            .map(move |(name, value)| {
                let at = Self {
                    value,
                    path: path.clone().field(name.as_str()),
                };
                (name.as_str(), at)
            })
    }

    fn str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }
}

/// Checks an object.
pub(crate) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    objects::check(subject, findings);
    pods::check(subject, findings);
    control_plane::check(subject, findings);
    disruption::check(subject, findings);
    certificate::check(subject, findings);
    node::check(subject, findings);
    components::check(subject, findings);
    references::check(subject, findings);
}

/// Whether a text has a word that some check looks for.
pub(crate) fn concerns(text: &str) -> bool {
    WORDS.as_ref().is_none_or(|words| words.is_match(text))
}

static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = [
        "alpha.kubernetes.io/",
        "beta.kubernetes.io/",
        "node-role.kubernetes.io/master",
        "k8s.gcr.io",
        "awsElasticBlockStore",
        "gcePersistentDisk",
        "azureDisk",
        "azureFile",
        "cinder",
        "vsphereVolume",
        "portworxVolume",
        "gitRepo",
        "glusterfs",
        "cephfs",
        "rbd",
        "flocker",
        "quobyte",
        "storageos",
        "scaleIO",
        "serviceAccount:",
        "\"serviceAccount\"",
        "kubernetes.io/ingress.class",
        "loadBalancerIP",
        "topologyKeys",
        "externalIPs",
        "tolerate-unready-endpoints",
        "clusterName",
        "TZ=",
        "kind: StorageClass",
        "\"StorageClass\"",
        "podsecuritypolicies",
        "extensions",
        "PodDisruptionBudget",
        "WebhookConfiguration",
        "ExtraArgs",
        "extraArgs",
        "featureGates",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubelet",
        "userspace",
        "kubernetes.io/tls",
        "kind: Node",
        "\"Node\"",
        "CustomResourceDefinition",
        "sh.helm.release",
        "TILLER",
        "Kustomization",
        "fromRequires",
        "toRequires",
        "validationFailureAction",
        "scaleTargetRef",
        "VerticalPodAutoscaler",
        "AdmissionPolicy",
        "AppProject",
        "docker.sock",
        "dockershim.sock",
        "kubernetes.io/topology-aware-hints",
        "kubernetes.io/enforce-mountable-secrets",
        "argocd.argoproj.io/tracking-id",
        "meta.helm.sh/release-name",
    ];
    let images = ComponentTable::built_in();
    let words = words.iter().copied().chain(images.images());
    AhoCorasick::new(words).ok()
});

/// Every object in a value, with its place in it: lists are opened, and items of typed lists take their kind from the list.
pub(crate) fn objects_in(value: &Value) -> Vec<(Vec<Segment>, Typed<'_>)> {
    let mut found = Vec::new();
    open(value, &mut Vec::new(), None, 0, &mut found);
    found
}

/// An object with its type.
pub(crate) struct Typed<'v> {
    pub(crate) value: &'v Value,
    pub(crate) api_version: String,
    pub(crate) kind: String,
}

fn open<'v>(
    value: &'v Value,
    path: &mut Vec<Segment>,
    list: Option<(&str, &str)>,
    depth: usize,
    found: &mut Vec<(Vec<Segment>, Typed<'v>)>,
) {
    if depth > 64 {
        return;
    }
    if let Some(items) = value.as_array() {
        for (index, item) in items.iter().enumerate() {
            path.push(Segment::Index(index));
            open(item, path, list, depth + 1, found);
            path.pop();
        }
        return;
    }
    let text = |name| value.get(name).and_then(Value::as_str);
    let (api_version, kind) = match (text("apiVersion"), text("kind"), list) {
        (Some(api_version), Some(kind), _) => (api_version, kind),
        (None, None, Some(list)) => list,
        _ => return,
    };
    for field in ["items", "objects"] {
        if let Some(items) = value.get(field).filter(|items| items.is_array())
            && (kind.ends_with("List") || kind == "Template")
        {
            let single = kind.strip_suffix("List").filter(|single| !single.is_empty());
            path.push(Segment::Field(field.to_owned()));
            open(
                items,
                path,
                single.map(|kind| (api_version, kind)),
                depth + 1,
                found,
            );
            path.pop();
            return;
        }
    }
    found.push((
        path.clone(),
        Typed {
            value,
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
        },
    ));
}
