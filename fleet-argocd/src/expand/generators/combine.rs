//! Generators made of others: every combination of two, or one overridden by others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fleet_core::yaml::FieldPath;
use serde_json::{Map, Value};

use super::super::error::ExpandError;
use super::super::go;
use super::super::params::{Layer, ParamSet, printed};
use super::merge::overlay;
use super::{Batch, Context, Group, Interpolated, Outcome, other, run, unnested};
use crate::application_set::{Generator, MatrixGenerator, MergeGenerator, NestedGenerator};

pub(super) fn matrix(
    generator: &MatrixGenerator,
    path: &FieldPath,
    context: &Context<'_>,
    depth: usize,
) -> Outcome<Vec<Group>> {
    let [first, second] = generator.generators.as_slice() else {
        let many = if generator.generators.len() < 2 {
            "less"
        } else {
            "more"
        };
        return Err(other(
            path.clone(),
            format!("found {many} than two generators, Matrix support only two"),
        ));
    };
    let children = path.clone().field("generators");
    let words = "error failed to get params for first generator in matrix generator: ";
    let outer =
        child(first, &children.clone().index(0), context, depth).map_err(|error| error.within(words))?;
    let path = children.index(1);
    let words = "failed to get params for second generator in the matrix generator: ";
    combined(&outer, second, &path, context, depth).map_err(|error| match error {
        Combined::Child(error) => error.within(words),
        Combined::Union(error) => error,
    })
}

enum Combined {
    Child(ExpandError),
    Union(ExpandError),
}

fn combined(
    outer: &[ParamSet],
    second: &NestedGenerator,
    path: &FieldPath,
    context: &Context<'_>,
    depth: usize,
) -> Result<Vec<Group>, Combined> {
    let mut groups: Vec<Group> = Vec::new();
    let mut count = 0;
    let mut interpolated: Option<(Generator, Interpolated)> = None;
    let mut shared: Option<Inner> = None;
    for set in outer {
        if interpolated.is_none() {
            let item = unnested(second, path).map_err(Combined::Child)?;
            let rendering = Interpolated::new(&item, path, context).map_err(Combined::Child)?;
            interpolated = Some((item, rendering));
        }
        let Some((item, rendering)) = &interpolated else {
            continue;
        };
        let fresh;
        let inner = match &shared {
            Some(inner) if rendering.fixed.is_some() && !set.is_empty() => inner,
            _ => {
                let rendered;
                let generator = if set.is_empty() {
                    item
                } else if let Some(fixed) = &rendering.fixed {
                    fixed
                } else {
                    rendered = rendering
                        .render(set, path, context)
                        .map_err(|error| Combined::Child(error.within(CHILD)))?;
                    // The selector is asked as it is written.
                    &Generator {
                        selector: item.selector.clone(),
                        ..rendered
                    }
                };
                let inner = Inner::new(
                    only(run(generator, path, context, depth + 1), path).map_err(Combined::Child)?,
                );
                if rendering.fixed.is_some() && !set.is_empty() {
                    &*shared.insert(inner)
                } else {
                    fresh = inner;
                    &fresh
                }
            }
        };
        count += inner.sets.len();
        context.meter.check_sets(count, path).map_err(Combined::Union)?;
        groups.push(united(set, inner, path, context).map_err(Combined::Union)?);
    }
    Ok(groups)
}

/// Sets of parameters with the names that stand in any of them.
struct Inner {
    sets: Arc<[ParamSet]>,
    names: BTreeSet<String>,
    /// The sets with every value as text, as the plain language joins them.
    texts: Option<Arc<[ParamSet]>>,
}

impl Inner {
    fn new(sets: Vec<ParamSet>) -> Self {
        let mut names = BTreeSet::new();
        for name in sets
            .iter()
            .flat_map(|set| &set.layers)
            .flat_map(|layer| layer.map.keys())
        {
            // Mostly they all have the same.
            if !names.contains(name) {
                names.insert(name.clone());
            }
        }
        let texts = sets
            .iter()
            .any(|set| !is_text(set))
            .then(|| sets.iter().map(as_text).collect::<Vec<_>>().into());
        Self {
            sets: sets.into(),
            names,
            texts,
        }
    }
}

fn united(set: &ParamSet, inner: &Inner, path: &FieldPath, context: &Context<'_>) -> Outcome<Group> {
    let disjoint = set
        .layers
        .iter()
        .flat_map(|layer| layer.map.keys())
        .all(|name| !inner.names.contains(name));
    if context.go {
        if disjoint {
            return Ok(Group {
                outer: set.clone(),
                inner: inner.sets.clone(),
            });
        }
        let over = set.flat();
        let merged: Outcome<Vec<ParamSet>> = inner
            .sets
            .iter()
            .map(|set| {
                let mut base = set.flat();
                overlay(&mut base, &over).map_err(|message| other(path.clone(), message))?;
                Ok(base.into())
            })
            .collect();
        return Ok(Group {
            outer: ParamSet::default(),
            inner: merged?.into(),
        });
    }
    let outer = if is_text(set) { set.clone() } else { as_text(set) };
    let texts = inner.texts.as_ref().unwrap_or(&inner.sets);
    if !disjoint {
        let scope = outer.scope();
        for inner in texts.iter() {
            for (name, value) in inner.layers.iter().flat_map(|layer| &layer.map) {
                if let Some(known) = scope.get(name).filter(|known| *known != value) {
                    return Err(other(
                        path.clone(),
                        format!(
                            "failed to combine string maps with merging params for the matrix generator: found duplicate key {name} with different value, a: {} ,b: {}",
                            go::plain(known),
                            go::plain(value)
                        ),
                    ));
                }
            }
        }
    }
    Ok(Group {
        outer,
        inner: texts.clone(),
    })
}

fn is_text(set: &ParamSet) -> bool {
    set.layers
        .iter()
        .all(|layer| layer.map.values().all(Value::is_string))
}

fn as_text(set: &ParamSet) -> ParamSet {
    let flat = set.flat();
    let mut layer = Layer::default();
    for (name, value) in &flat.map {
        let text = match value {
            Value::Object(fields) if name == "generator" && fields.contains_key("input") => {
                let kind = flat.kind(&["generator".to_owned(), "input".to_owned()]);
                format!("map[input:{}]", printed(&fields["input"], kind))
            }
            value => printed(value, flat.kind(std::slice::from_ref(name))),
        };
        layer.insert(name.as_str(), text);
    }
    layer.into()
}

pub(super) fn merge(
    generator: &MergeGenerator,
    path: &FieldPath,
    context: &Context<'_>,
    depth: usize,
) -> Outcome<Vec<ParamSet>> {
    let count = generator.generators.len();
    if count < 2 {
        return Err(other(
            path.clone(),
            "found less than two generators, Merge requires two or more",
        ));
    }
    let mut children = Vec::with_capacity(count);
    for (index, nested) in generator.generators.iter().enumerate() {
        let path = path.clone().field("generators").index(index);
        let words = format!(
            "error getting param sets from generators: error getting params from generator {} of {count}: ",
            index + 1
        );
        children.push(child(nested, &path, context, depth).map_err(|error| error.within(&words))?);
    }
    let keyed = |index: usize, sets: &[ParamSet]| {
        by_key(&generator.merge_keys, sets).map_err(|message| {
            let path = path.clone().field("generators").index(index);
            other(path, format!("error getting param sets by merge key: {message}"))
        })
    };
    let mut base: Vec<Layer> = children[0].iter().map(ParamSet::flat).collect();
    let keys = keyed(0, &children[0])?;
    for (index, sets) in children.iter().enumerate().skip(1) {
        for (key, at) in keyed(index, sets)? {
            let Some(&target) = keys.get(&key) else { continue };
            let over = sets[at].flat();
            if context.go {
                overlay(&mut base[target], &over)
                    .map_err(|message| other(path.clone().field("generators").index(index), message))?;
            } else if base[target].map.is_empty() && !over.map.is_empty() {
                return Err(other(path.clone().field("generators").index(0), NIL_MAP));
            } else {
                base[target].map.extend(over.map);
            }
        }
    }
    Ok(base.into_iter().map(ParamSet::from).collect())
}

/// The sets' places by the values of the merge keys.
fn by_key(keys: &[String], sets: &[ParamSet]) -> Result<BTreeMap<String, usize>, String> {
    if keys.is_empty() {
        return Err("no merge keys were specified, Merge requires at least one".to_owned());
    }
    let mut found = BTreeMap::new();
    for (index, set) in sets.iter().enumerate() {
        let scope = set.scope();
        let key: Map<String, Value> = keys
            .iter()
            .map(|key| (key.clone(), scope.get(key).cloned().unwrap_or_default()))
            .collect();
        let key = go::json(&Value::Object(key));
        if found.insert(key.clone(), index).is_some() {
            return Err(format!(
                "the parameters from a generator were not unique by the given mergeKeys, Merge requires all param sets to be unique. Duplicate key was {key}"
            ));
        }
    }
    Ok(found)
}

/// The sets of a generator inside a combination.
fn child(
    nested: &NestedGenerator,
    path: &FieldPath,
    context: &Context<'_>,
    depth: usize,
) -> Outcome<Vec<ParamSet>> {
    let item = unnested(nested, path)?;
    only(run(&item, path, context, depth + 1), path)
}

fn only(batches: Outcome<Vec<Batch>>, path: &FieldPath) -> Outcome<Vec<ParamSet>> {
    let mut batches = batches.map_err(|error| error.within(CHILD))?;
    let batch = match batches.len() {
        0 => return Err(other(path.clone(), "child generator generated no parameters")),
        1 => batches.remove(0),
        _ => {
            return Err(other(
                path.clone(),
                "found more than one generator in matrix.Generators",
            ));
        }
    };
    Ok(batch
        .groups
        .iter()
        .flat_map(|group| group.inner.iter().map(|inner| group.outer.joined(inner)))
        .collect())
}

/// An element without parameters is no map at all in the plain language, and Go's runtime takes nothing into it.
const NIL_MAP: &str = "panic: assignment to entry in nil map";
const CHILD: &str = "child generator returned an error on parameter generation: ";
