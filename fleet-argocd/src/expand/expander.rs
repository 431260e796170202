//! The expansion itself: generators, then templates, then the patch, over as many threads as pay.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use fleet_core::yaml::FieldPath;
use serde_json::Value;

use super::bounds::{Bounds, Meter};
use super::error::ExpandError;
use super::expansion::{Bodies, Body, ExpandedBatch, ExpandedGroup, Expansion, Recipe};
use super::generators::{self, Batch, Context, Group};
use super::params::{ParamSet, Scope};
use super::patch::Patch;
use super::shape;
use super::snapshot::Snapshot;
use super::template::{self, Template};
use super::text::Language;
use crate::application_set::{ApplicationSet, ApplicationTemplate};

/// The Applications Argo CD makes of an ApplicationSet: a pure function of it and the snapshot.
///
/// Exact as to Argo CD 3.5 for every generator, both template languages and `templatePatch`, quirks included; the quirks are
/// in [`Expansion::warnings`]. Owner references come on applying, as in Argo CD. [`Expander`] sets bounds and threads.
///
/// # Errors
/// Where Argo CD fails, where the snapshot lacks a source or holds its failure, and where a bound is exceeded. An error names
/// its place in the ApplicationSet; nothing is expanded in part.
///
/// ```
/// use fleet_argocd::{ApplicationSet, Snapshot, expand};
///
/// let set: ApplicationSet = serde_json::from_value(serde_json::json!({
///     "metadata": {"name": "web", "namespace": "argocd"},
///     "spec": {
///         "goTemplate": true,
///         "goTemplateOptions": ["missingkey=error"],
///         "generators": [{"list": {"elements": [{"cluster": "eu"}, {"cluster": "us"}]}}],
///         "template": {
///             "metadata": {"name": "web-{{ .cluster }}"},
///             "spec": {"project": "shop", "destination": {"name": "{{ .cluster | upper }}"}},
///         },
///     },
/// }))?;
/// let expansion = expand(&set, &Snapshot::empty())?;
/// let names: Vec<_> = expansion.iter().map(|application| application.name().to_owned()).collect();
/// assert_eq!(names, ["web-eu", "web-us"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn expand(set: &ApplicationSet, snapshot: &Snapshot) -> Result<Expansion, ExpandError> {
    Expander::new().expand(set, snapshot)
}

/// Expands ApplicationSets within bounds and over a number of threads. What comes out depends on neither.
///
/// ```
/// use fleet_argocd::{ApplicationSet, Bounds, ExpandError, Expander, Snapshot};
///
/// let set = ApplicationSet::read(serde_json::json!({
///     "metadata": {"name": "bomb", "namespace": "argocd"},
///     "spec": {
///         "goTemplate": true,
///         "generators": [{"list": {"elements": [{"a": "x"}]}}],
///         "template": {
///             "metadata": {"name": "{{ range until 1000000000 }}{{ . }}{{ end }}"},
///             "spec": {"project": "default", "destination": {}},
///         },
///     },
/// }))?;
/// let error = Expander::new().bounds(Bounds::default()).expand(&set, &Snapshot::empty()).unwrap_err();
/// assert!(matches!(error, ExpandError::Bound { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Expander {
    bounds: Bounds,
    threads: Option<NonZeroUsize>,
    partial: bool,
}

impl Expander {
    /// With the default bounds, and as many threads as the machine has where there is enough to do.
    pub fn new() -> Self {
        Self::default()
    }

    /// With other bounds.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// With so many threads, however little there is to do.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Passes over items of `spec.generators` whose sources failed, instead of failing with the first. The expansion says
    /// which ([`Expansion::incomplete`]), and a [`Diff`](super::Diff) to it deletes nothing.
    pub fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Expands an ApplicationSet.
    ///
    /// # Errors
    /// As [`expand`].
    pub fn expand(&self, set: &ApplicationSet, snapshot: &Snapshot) -> Result<Expansion, ExpandError> {
        self.run(set, snapshot, None)
    }

    /// Expands an ApplicationSet again: what depends on the same parameters and the same template as in an earlier expansion
    /// is taken over from it. What comes out is what [`expand`](Self::expand) gives.
    ///
    /// # Errors
    /// As [`expand`].
    pub fn update(
        &self,
        earlier: &Expansion,
        set: &ApplicationSet,
        snapshot: &Snapshot,
    ) -> Result<Expansion, ExpandError> {
        self.run(set, snapshot, Some(earlier))
    }

    fn run(
        &self,
        set: &ApplicationSet,
        snapshot: &Snapshot,
        earlier: Option<&Expansion>,
    ) -> Result<Expansion, ExpandError> {
        let spec_path = FieldPath::default().field("spec");
        let go = set.spec.go_template == Some(true);
        let language = if go {
            Language::go(set.spec.go_template_options.as_deref().unwrap_or_default())
        } else {
            Language::Plain
        };
        let meter = Meter::new(self.bounds);
        let context = Context {
            language: &language,
            go,
            meter: &meter,
            snapshot,
            wants: None,
            project: &set.spec.template.spec.project,
            set_name: set.metadata.name.as_deref().unwrap_or_default(),
        };
        let preserved = set
            .spec
            .sync_policy
            .as_ref()
            .and_then(|policy| policy.preserve_resources_on_deletion);
        let frame = Frame {
            base: shaped(&set.spec.template, &spec_path.clone().field("template"))?,
            language: &language,
            meter: &meter,
            spec: &spec_path,
            finalized: preserved != Some(true),
            namespace: set.metadata.namespace.as_deref().map(Arc::from),
            patch: set
                .spec
                .template_patch
                .as_deref()
                .map(|text| Patch::new(text, &language, spec_path.clone().field("templatePatch"))),
            threads: self.threads,
        };

        let mut expansion = Expansion {
            recipe: Recipe {
                go,
                options: set.spec.go_template_options.clone().unwrap_or_default(),
                patch: set.spec.template_patch.clone(),
            },
            ..Expansion::default()
        };
        let earlier = earlier.filter(|earlier| earlier.recipe == expansion.recipe);
        for (index, item) in set.spec.generators.iter().enumerate() {
            let path = spec_path.clone().field("generators").index(index);
            let batches = match generators::run(item, &path, &context, 0) {
                Ok(batches) => batches,
                Err(ExpandError::Source { path, failure, .. }) if self.partial => {
                    expansion.incomplete.push((path, failure));
                    continue;
                }
                Err(error) => return Err(error),
            };
            if batches.is_empty() {
                expansion.unrecognized.push(index);
            }
            for batch in batches {
                let known = earlier.and_then(|earlier| {
                    let mut batches = earlier.batches.iter();
                    batches.find(|known| known.generator == index && known.kind == batch.kind)
                });
                let (batch, reused) = frame.rendered(index, batch, known)?;
                expansion.batches.push(batch);
                expansion.reused += reused;
            }
        }
        Ok(expansion)
    }
}

/// What all generators' templates have in common.
struct Frame<'a> {
    base: Value,
    language: &'a Language,
    meter: &'a Meter,
    spec: &'a FieldPath,
    finalized: bool,
    namespace: Option<Arc<str>>,
    patch: Option<Patch>,
    threads: Option<NonZeroUsize>,
}

/// Bodies of several groups, one after the other.
type Pieces = Vec<Arc<[Body]>>;

/// A part of a batch that one thread renders in one go.
struct Portion<'a> {
    outer: &'a ParamSet,
    inner: &'a [ParamSet],
    /// What is known already, of each.
    known: Known<'a>,
}

/// Bodies of an earlier expansion: those of a group, and which of them each set of parameters takes over.
#[derive(Clone, Default)]
struct Known<'a> {
    bodies: Option<&'a Bodies>,
    places: Arc<Places>,
    /// The first set of parameters that is asked for.
    offset: usize,
}

impl<'a> Known<'a> {
    /// The piece that begins with this set of parameters, if all of it is taken over.
    fn piece(&self, index: usize) -> Option<&'a Arc<[Body]>> {
        let piece = (self.offset + index) / Bodies::PIECE;
        let is_same = *self.places.pieces.get(piece)?;
        self.bodies?.piece(piece).filter(|_| is_same)
    }

    fn body(&self, index: usize) -> Option<&'a Body> {
        let place = self.places.of.get(self.offset + index)?.as_ref()?;
        self.bodies?.get(*place)
    }
}

impl Frame<'_> {
    fn rendered(
        &self,
        generator: usize,
        batch: Batch,
        known: Option<&ExpandedBatch>,
    ) -> Result<(ExpandedBatch, usize), ExpandError> {
        let shape = shape::template();
        let plain = match &batch.template {
            None => self.base.clone(),
            Some(over) => {
                let over = shaped(over, &batch.path.clone().field("template"))?;
                shape.merged(over, self.base.clone())
            }
        };
        let place = if batch.template.is_some() {
            batch.path.clone()
        } else {
            self.spec.clone()
        }
        .field("template");
        let template = Template::new(self.language, shape, plain.clone(), |_, _| false);
        let bare = plain
            .pointer("/metadata/finalizers")
            .and_then(Value::as_array)
            .is_none_or(Vec::is_empty);
        let mut expanded = ExpandedBatch {
            generator,
            kind: batch.kind,
            plain: Arc::new(plain),
            template: Arc::new(template),
            finalized: self.finalized && bare,
            namespace: self.namespace.clone(),
            groups: Vec::with_capacity(batch.groups.len()),
        };
        let known = known.filter(|known| {
            known.plain == expanded.plain
                && known.finalized == expanded.finalized
                && (self.patch.is_none() || known.namespace == expanded.namespace)
        });
        let (pieces, reused) = self.pieces(&batch.groups, &expanded, &place, known)?;
        let mut pieces = pieces.into_iter();
        for group in batch.groups {
            let count = Bodies::pieces_of(group.inner.len());
            let own = pieces.by_ref().take(count).collect();
            expanded.groups.push(ExpandedGroup {
                outer: group.outer,
                inner: group.inner,
                bodies: own,
            });
        }
        Ok((expanded, reused))
    }

    /// The bodies of all groups' Applications, in order, and how many were taken over. The error is that of the first that
    /// fails.
    fn pieces(
        &self,
        groups: &[Group],
        batch: &ExpandedBatch,
        place: &FieldPath,
        known: Option<&ExpandedBatch>,
    ) -> Result<(Pieces, usize), ExpandError> {
        let known = known_bodies(
            groups,
            known.map(|known| known.groups.as_slice()).unwrap_or_default(),
        );
        let reused: usize = known.iter().map(|known| known.places.found).sum();
        let portions: Vec<_> = groups
            .iter()
            .zip(&known)
            .flat_map(|(group, known)| {
                let outer = &group.outer;
                let portions = group.inner.chunks(PORTION).enumerate();
                portions.map(move |(index, inner)| Portion {
                    outer,
                    inner,
                    known: Known {
                        offset: index * PORTION,
                        ..known.clone()
                    },
                })
            })
            .collect();
        let count: usize = portions.iter().map(|portion| portion.inner.len()).sum();
        let threads = match self.threads {
            Some(threads) => threads.get(),
            None if count - reused < PAYS => 1,
            None => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        }
        .min(portions.len());
        let mut pieces = Vec::with_capacity(Bodies::pieces_of(count) + groups.len());
        if threads <= 1 {
            for portion in &portions {
                pieces.append(&mut self.portion(portion, batch, place)?);
            }
            return Ok((pieces, reused));
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some((index, portion)) = taken(&portions, &next) {
                done.push((index, self.portion(portion, batch, place)));
            }
            done
        };
        let mut done: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            workers
                .into_iter()
                .flat_map(|worker| match worker.join() {
                    Ok(done) => done,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect()
        });
        done.sort_by_key(|(index, _)| *index);
        for (_, portion) in done {
            pieces.append(&mut portion?);
        }
        Ok((pieces, reused))
    }

    fn portion(
        &self,
        portion: &Portion<'_>,
        batch: &ExpandedBatch,
        place: &FieldPath,
    ) -> Result<Pieces, ExpandError> {
        let mut scratch = String::new();
        let mut pieces = Vec::with_capacity(Bodies::pieces_of(portion.inner.len()));
        for start in (0..portion.inner.len()).step_by(Bodies::PIECE) {
            if let Some(piece) = portion.known.piece(start) {
                pieces.push(Arc::clone(piece));
                continue;
            }
            let end = portion.inner.len().min(start + Bodies::PIECE);
            let bodies: Result<Vec<_>, _> = (start..end)
                .map(|index| match portion.known.body(index) {
                    Some(body) => Ok(body.clone()),
                    None => self.body(portion.outer, &portion.inner[index], batch, place, &mut scratch),
                })
                .collect();
            pieces.push(bodies?.into());
        }
        Ok(pieces)
    }

    fn body(
        &self,
        outer: &ParamSet,
        inner: &ParamSet,
        batch: &ExpandedBatch,
        place: &FieldPath,
        scratch: &mut String,
    ) -> Result<Body, ExpandError> {
        let scope = Scope::new(&outer.layers, &inner.layers);
        let body = if outer.is_empty() && inner.is_empty() {
            Body::Plain
        } else {
            let rendered = batch
                .template
                .render(&scope, self.meter, scratch)
                .map_err(|fault| {
                    let path = template::below(place, &fault.segments);
                    ExpandError::text(path, fault.template, fault.cause, |message| message)
                })?;
            Body::Rendered(Arc::new(rendered))
        };
        Ok(match &self.patch {
            None => body,
            Some(patch) => {
                let application = batch.value_of(&body);
                Body::Patched(Arc::new(patch.applied(application, &scope, self.meter)?))
            }
        })
    }
}

/// For each group, what an earlier expansion has of it.
fn known_bodies<'a>(groups: &[Group], earlier: &'a [ExpandedGroup]) -> Vec<Known<'a>> {
    let mut known = Vec::with_capacity(groups.len());
    let mut next = 0;
    // Groups mostly share their sets, so what stands where is found once.
    let mut last: Option<(Sets<'_>, Sets<'_>, Arc<Places>)> = None;
    for group in groups {
        let found = (next..earlier.len())
            .chain(0..next)
            .find(|index| earlier[*index].outer == group.outer);
        let Some(index) = found else {
            known.push(Known::default());
            continue;
        };
        next = index + 1;
        let same = &earlier[index];
        let places = match &last {
            Some((old, new, places)) if Arc::ptr_eq(old, &same.inner) && Arc::ptr_eq(new, &group.inner) => {
                Arc::clone(places)
            }
            _ => Arc::new(Places::new(&same.inner, &group.inner)),
        };
        last = Some((&same.inner, &group.inner, Arc::clone(&places)));
        known.push(Known {
            bodies: Some(&same.bodies),
            places,
            offset: 0,
        });
    }
    known
}

type Sets<'a> = &'a Arc<[ParamSet]>;

/// Where the new sets of parameters of a group stand among the old ones.
#[derive(Default)]
struct Places {
    /// Of each set.
    of: Vec<Option<usize>>,
    /// Of each piece of bodies: whether it is the old one of the same place.
    pieces: Vec<bool>,
    /// How many sets are old ones.
    found: usize,
}

impl Places {
    /// Both are in the generator's order, so an old one is looked for from the last that was found.
    fn new(old: &[ParamSet], new: &[ParamSet]) -> Self {
        let mut next = 0;
        let of: Vec<_> = new
            .iter()
            .map(|set| {
                let mut ahead = old.iter().enumerate().skip(next).take(LOOK_AHEAD);
                let found = ahead.find(|(_, known)| *known == set)?.0;
                next = found + 1;
                Some(found)
            })
            .collect();
        let is_same = |(piece, places): (usize, &[Option<usize>])| {
            let start = piece * Bodies::PIECE;
            let old_end = old.len().min(start + Bodies::PIECE);
            start + places.len() == old_end
                && places
                    .iter()
                    .enumerate()
                    .all(|(index, place)| *place == Some(start + index))
        };
        Self {
            pieces: of.chunks(Bodies::PIECE).enumerate().map(is_same).collect(),
            found: of.iter().flatten().count(),
            of,
        }
    }
}

/// The next portion that nobody has taken.
fn taken<'p, 'a>(portions: &'p [Portion<'a>], next: &AtomicUsize) -> Option<(usize, &'p Portion<'a>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((index, portions.get(index)?))
}

/// A template in upstream's shape.
fn shaped(template: &ApplicationTemplate, path: &FieldPath) -> Result<Value, ExpandError> {
    serde_json::to_value(template)
        .map(|value| shape::template().applied(value))
        .map_err(|error| ExpandError::Shape {
            path: path.clone(),
            message: error.to_string(),
        })
}

/// How many sets that have gone, one after the other, an update looks past.
const LOOK_AHEAD: usize = 64;
/// Sets of parameters that one thread renders in one go: whole pieces of bodies.
const PORTION: usize = 8 * Bodies::PIECE;
/// Below this many, threads cost more than they save.
const PAYS: usize = 2_000;
