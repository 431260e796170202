//! What the `CustomResourceDefinition`s of an input say about the versions of its custom resources.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::finding::{Finding, ObjectRef, Place};
use crate::lifecycle;
use crate::rules::{self, Rule};

/// How many custom resources are kept until every definition was seen.
const MAX_OBJECTS: usize = 8_000;

/// Definitions, and the objects that wait for them.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    /// The versions of each kind, by group and kind.
    kinds: BTreeMap<(String, String), BTreeMap<String, Served>>,
    objects: Vec<(Place, ObjectRef)>,
}

#[derive(Debug, Clone, Copy)]
struct Served {
    served: bool,
    deprecated: bool,
}

impl Definitions {
    /// Takes in a definition. Of several for one kind, any will do: a repository may hold one for each cluster.
    pub(crate) fn definition(&mut self, value: &Value) {
        let spec = |name: &str| value.get("spec")?.get(name);
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let group = text(spec("group"));
        let kind = text(spec("names").and_then(|names| names.get("kind")));
        let (Some(group), Some(kind)) = (group, kind) else {
            return;
        };
        for version in spec("versions").and_then(Value::as_array).into_iter().flatten() {
            let flag = |name: &str| version.get(name).and_then(Value::as_bool);
            let Some(name) = text(version.get("name")) else {
                continue;
            };
            let served = Served {
                served: flag("served").unwrap_or(true),
                deprecated: flag("deprecated").unwrap_or(false),
            };
            let kind = self.kinds.entry((group.clone(), kind.clone())).or_default();
            kind.entry(name)
                .and_modify(|known| known.add(served))
                .or_insert(served);
        }
    }

    /// Keeps a custom resource of a file; says whether there was room for it.
    pub(crate) fn object(&mut self, place: Place, object: ObjectRef) -> bool {
        let room = self.objects.len() < MAX_OBJECTS;
        if room {
            self.objects.push((place, object));
        }
        room
    }

    /// The rule that a version breaks; the outer `None` when no definition of the kind was seen.
    #[allow(clippy::option_option)]
    pub(crate) fn judge(&self, group: &str, version: &str, kind: &str) -> Option<Option<&'static Rule>> {
        let versions = self.kinds.get(&(group.to_owned(), kind.to_owned()))?;
        Some(match versions.get(version) {
            None | Some(Served { served: false, .. }) => Some(&rules::CRD_VERSION_NOT_SERVED),
            Some(Served { deprecated: true, .. }) => Some(&rules::CRD_VERSION_DEPRECATED),
            Some(_) => None,
        })
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (kind, versions) in other.kinds {
            let known = self.kinds.entry(kind).or_default();
            for (name, served) in versions {
                known
                    .entry(name)
                    .and_modify(|known| known.add(served))
                    .or_insert(served);
            }
        }
        self.objects.extend(other.objects);
    }

    /// The objects in versions that the definitions do not serve, or deprecate.
    pub(crate) fn findings(self) -> Vec<Finding> {
        let objects = &self.objects;
        let findings = objects.iter().filter_map(|(place, object)| {
            let (group, version) = lifecycle::split(&object.api_version);
            let rule = self.judge(group, version, &object.kind)??;
            let message = format!("{} {}: {}", object.api_version, object.kind, rule.reason);
            Some(Finding::new(rule, place.clone(), object.clone(), message))
        });
        findings.collect()
    }
}

impl Served {
    fn add(&mut self, other: Self) {
        self.served |= other.served;
        self.deprecated &= other.deprecated;
    }
}
