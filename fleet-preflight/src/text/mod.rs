//! The front end: from bytes to the objects in them, without building what no rule will look at.
//!
//! A text goes through the first of these that understands it:
//!
//! 1. [`lines`]: the plain block style that nearly every manifest is written in, line by line, at memory speed. It refuses what
//!    it is not sure of.
//! 2. [`json`]: JSON, and several JSON texts after each other.
//! 3. [`walk`]: any YAML, event by event, keeping only what names an object.
//!
//! What cannot be parsed is searched as text by [`guess`].

pub(crate) mod chunk;
pub(crate) mod elements;
mod flow;
pub(crate) mod guess;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod walk;

use std::borrow::Cow;

use fleet_core::yaml::Segment;

/// What names an object, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outline<'t> {
    pub(crate) api_version: Option<Cow<'t, str>>,
    pub(crate) kind: Option<Cow<'t, str>>,
    pub(crate) namespace: Option<Cow<'t, str>>,
    pub(crate) name: Option<Cow<'t, str>>,
    /// Where the key `apiVersion` stands, or else the object.
    pub(crate) line: u64,
    pub(crate) column: u64,
    /// `spec.replicas`, when it is a number.
    pub(crate) replicas: Option<u64>,
    /// `spec.template.metadata.labels` of a workload.
    pub(crate) labels: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    /// The way from the document's root to the object.
    pub(crate) path: Vec<Segment>,
}

impl Outline<'_> {
    pub(crate) fn is_object(&self) -> bool {
        self.api_version.is_some() && self.kind.is_some()
    }

    /// Whether it is a workload whose Pods a `PodDisruptionBudget` may cover.
    pub(crate) fn makes_pods(&self) -> bool {
        matches!(
            self.kind.as_deref(),
            Some("Deployment" | "StatefulSet" | "ReplicaSet")
        )
    }
}

/// What was found in one document.
#[derive(Debug, Default)]
pub(crate) struct Contents<'t> {
    /// Every object, lists opened.
    pub(crate) objects: Vec<Outline<'t>>,
    /// Whether there was anything at all: an empty document is none.
    pub(crate) documents: u64,
    /// Documents that hold no Kubernetes object.
    pub(crate) others: u64,
}

/// Why a text could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) message: String,
}

/// The deepest nesting that is followed.
pub(crate) const MAX_DEPTH: usize = 1_000;
/// The most values of a document that are looked at, those that aliases repeat included.
pub(crate) const MAX_VALUES: usize = 500_000;

/// Whether a list of this kind holds its objects in this field.
pub(crate) fn holds_objects(field: &str) -> bool {
    matches!(field, "items" | "objects")
}

/// Opens the lists among the outlines: what has items is replaced by them, and items of a typed list that do not say what they
/// are take it from the list.
///
/// `found` pairs each outline with the index of the list it stands in; lists come before their items.
pub(crate) fn open_lists<'t>(found: Vec<Found<'t>>) -> Vec<Outline<'t>> {
    let mut lists: Vec<Option<(Cow<'t, str>, Cow<'t, str>)>> = Vec::with_capacity(found.len());
    let mut hidden = vec![false; found.len()];
    let mut kept = vec![false; found.len()];
    let mut inherited: Vec<Option<(Cow<'t, str>, Cow<'t, str>)>> = vec![None; found.len()];
    for (index, item) in found.iter().enumerate() {
        let parent = item.list.map(|list| (list, lists.get(list).cloned().flatten()));
        if let Some((list, typed)) = parent {
            let listed = typed.is_some();
            kept[index] =
                listed && kept[list] || found[list].outline.api_version.is_none() && found[list].top;
            if item.outline.api_version.is_none() && item.outline.kind.is_none() {
                inherited[index] = typed.and_then(|(version, kind)| {
                    let single = kind
                        .strip_suffix("List")
                        .filter(|kind| !kind.is_empty())?
                        .to_owned();
                    Some((version, Cow::Owned(single)))
                });
            }
        } else {
            kept[index] = true;
        }
        let is_list = match (&item.outline.api_version, &item.outline.kind) {
            (Some(version), Some(kind))
                if kind.ends_with("List") && item.has_items
                    || kind == "Template" && version.starts_with("template.openshift.io/") =>
            {
                Some((version.clone(), kind.clone()))
            }
            _ => None,
        };
        hidden[index] = is_list.is_some() || item.top;
        lists.push(is_list);
    }
    found
        .into_iter()
        .enumerate()
        .filter(|(index, _)| kept[*index] && !hidden[*index])
        .map(|(index, item)| {
            let mut outline = item.outline;
            if let Some((version, kind)) = inherited[index].take() {
                outline.api_version = Some(version);
                outline.kind = Some(kind);
            }
            outline
        })
        .collect()
}

/// An outline, and the list it was found in.
#[derive(Debug)]
pub(crate) struct Found<'t> {
    pub(crate) outline: Outline<'t>,
    /// The index of the list it stands in, among all that were found.
    pub(crate) list: Option<usize>,
    /// Whether it has a field with items.
    pub(crate) has_items: bool,
    /// Whether it stands for a sequence at the top of a document.
    pub(crate) top: bool,
}
