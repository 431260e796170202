//! What changes between two expansions, field by field.

use std::collections::BTreeMap;
use std::fmt;

use fleet_core::yaml::FieldPath;
use serde::Serialize;
use serde_json::Value;

use super::Expansion;

/// What changes between two expansions, by the Applications' names.
///
/// Of an expansion with itself it is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Diff {
    /// How many Applications there were.
    pub before: usize,
    /// How many there are.
    pub after: usize,
    /// Come into being.
    pub created: Vec<String>,
    /// Stay and differ.
    pub changed: Vec<ApplicationChange>,
    /// Cease to be.
    pub deleted: Vec<String>,
    /// One that goes and one that comes, alike but for their names.
    pub renamed: Vec<Rename>,
    /// Would cease to be, had all sources answered as if there were none; they stay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
}

/// An Application that stays and differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApplicationChange {
    /// The Application.
    pub name: String,
    /// What differs, in the order of the paths.
    pub fields: Vec<FieldChange>,
    /// From which cluster to which, if it moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<(String, String)>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FieldChange {
    /// Where it is (`spec.source.targetRevision`).
    pub path: String,
    /// What it was; nothing if it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; nothing if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// A rename: Argo CD deletes the one, with what it deployed, and creates the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rename {
    /// The name that goes.
    pub from: String,
    /// The name that comes.
    pub to: String,
}

impl Expansion {
    /// What changes from this expansion to another.
    ///
    /// To one from incomplete sources nothing is deleted: what would be is in [`Diff::withheld`].
    pub fn diff(&self, after: &Self) -> Diff {
        let values = |expansion: &Self| expansion.iter().map(|one| one.to_value()).collect::<Vec<_>>();
        let diff = Diff::between(&values(self), &values(after));
        if after.incomplete().next().is_some() {
            diff.without_deletions()
        } else {
            diff
        }
    }
}

impl Diff {
    /// What changes between two lists of Applications.
    ///
    /// Of Applications that share a name the last counts; [`Warning`](super::Warning)s tell of them.
    pub fn between(before: &[Value], after: &[Value]) -> Self {
        let old = by_name(before);
        let new = by_name(after);
        let mut diff = Self {
            before: old.len(),
            after: new.len(),
            ..Self::default()
        };
        for (name, application) in &new {
            match old.get(name) {
                None => diff.created.push((*name).to_owned()),
                Some(known) => {
                    let mut fields = Vec::new();
                    compare(&FieldPath::default(), Some(known), Some(application), &mut fields);
                    if !fields.is_empty() {
                        diff.changed.push(ApplicationChange {
                            name: (*name).to_owned(),
                            fields,
                            moved: moved(known, application),
                        });
                    }
                }
            }
        }
        diff.deleted = old
            .keys()
            .filter(|name| !new.contains_key(*name))
            .map(|name| (*name).to_owned())
            .collect();
        for gone in &diff.deleted {
            let twin = diff.created.iter().find(|come| {
                old[gone.as_str()].get("spec") == new[come.as_str()].get("spec")
                    && !diff.renamed.iter().any(|rename| rename.to == **come)
            });
            if let Some(come) = twin {
                diff.renamed.push(Rename {
                    from: gone.clone(),
                    to: come.clone(),
                });
            }
        }
        diff
    }

    /// The same without deletions, which incomplete sources cannot justify.
    pub fn without_deletions(mut self) -> Self {
        self.withheld.append(&mut self.deleted);
        self.renamed.clear();
        self
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.changed.is_empty() && self.deleted.is_empty()
    }
}

fn by_name(applications: &[Value]) -> BTreeMap<&str, &Value> {
    applications
        .iter()
        .map(|application| {
            let name = application.pointer("/metadata/name").and_then(Value::as_str);
            (name.unwrap_or_default(), application)
        })
        .collect()
}

fn moved(before: &Value, after: &Value) -> Option<(String, String)> {
    let cluster = |application: &Value| {
        let destination = application.pointer("/spec/destination")?;
        let named = destination.get("server").or_else(|| destination.get("name"))?;
        named.as_str().map(str::to_owned)
    };
    let (from, to) = (cluster(before)?, cluster(after)?);
    (from != to).then_some((from, to))
}

fn compare(path: &FieldPath, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let mut names: Vec<_> = before.keys().chain(after.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let path = path.clone().field(name.as_str());
                compare(&path, before.get(name), after.get(name), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                let path = path.clone().index(index);
                compare(&path, before.get(index), after.get(index), found);
            }
        }
        (before, after) => found.push(FieldChange {
            path: path.to_string(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.created {
            writeln!(f, "+ {name}")?;
        }
        for change in &self.changed {
            writeln!(f, "~ {}", change.name)?;
            if let Some((from, to)) = &change.moved {
                writeln!(f, "    moves from {from} to {to}")?;
            }
            for field in &change.fields {
                let text =
                    |value: &Option<Value>| value.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
                writeln!(
                    f,
                    "    {}: {} -> {}",
                    field.path,
                    text(&field.before),
                    text(&field.after)
                )?;
            }
        }
        for name in &self.deleted {
            writeln!(f, "- {name}")?;
        }
        write!(
            f,
            "{} created, {} changed, {} deleted ({} before, {} after)",
            self.created.len(),
            self.changed.len(),
            self.deleted.len(),
            self.before,
            self.after
        )
    }
}
