//! From an ApplicationSet and a snapshot to the Applications Argo CD would make of them.

mod case;
mod diff;
mod error;
mod expansion;
mod fasttemplate;
mod generators;
mod go;
mod guard;
mod params;
mod patch;
mod patterns;
mod selector;
mod shape;
mod snapshot;
mod template;
mod text;

use std::sync::Arc;

use fleet_core::yaml::FieldPath;
use serde_json::Value;

pub use case::{CaseError, ExpandCase};
pub use diff::{ApplicationChange, Diff, FieldChange, Rename};
pub use error::{ExpandError, GeneratorProblem};
pub use expansion::{Expansion, GeneratedApplication, Provenance, Warning};
pub use generators::GeneratorKind;
pub use guard::{Finding, GuardRails, Rail};
pub use params::Params;
pub use snapshot::{
    FailureKind, GitEntry, GitTree, PullRequest, ScmRepository, Snapshot, SnapshotCluster, SourceFailure,
    Switches,
};

use crate::application_set::{ApplicationSet, ApplicationTemplate};
use expansion::{Body, ExpandedBatch, ExpandedGroup};
use generators::{Batch, Context};
use params::Scope;
use patch::Patch;
use template::Template;
use text::Language;

/// The Applications Argo CD makes of an ApplicationSet: a pure function of it and the snapshot.
///
/// Exact as to Argo CD 3.5 for every generator in the plain `{{name}}` language and for `templatePatch`, quirks included;
/// the quirks are in [`Expansion::warnings`]. Owner references come on applying, as in Argo CD.
///
/// # Errors
/// Where Argo CD fails, where the snapshot lacks a source or holds its failure, and for Go templates, which are not
/// expanded yet. An error names its place in the ApplicationSet; nothing is expanded in part.
///
/// ```
/// use fleet_argocd::{ApplicationSet, Snapshot, expand};
///
/// let set: ApplicationSet = serde_json::from_value(serde_json::json!({
///     "metadata": {"name": "web", "namespace": "argocd"},
///     "spec": {
///         "generators": [{"list": {"elements": [{"cluster": "eu"}, {"cluster": "us"}]}}],
///         "template": {
///             "metadata": {"name": "web-{{cluster}}"},
///             "spec": {"project": "shop", "destination": {"name": "{{cluster}}"}},
///         },
///     },
/// }))?;
/// let expansion = expand(&set, &Snapshot::empty())?;
/// let names: Vec<_> = expansion.iter().map(|application| application.name().to_owned()).collect();
/// assert_eq!(names, ["web-eu", "web-us"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn expand(set: &ApplicationSet, snapshot: &Snapshot) -> Result<Expansion, ExpandError> {
    let spec_path = FieldPath::default().field("spec");
    if set.spec.go_template == Some(true) {
        return Err(ExpandError::Unsupported {
            path: spec_path.field("goTemplate"),
            what: "Go's template language",
            expected: "false: the plain `{{name}}` form",
        });
    }
    let language = Language::Plain;
    let context = Context {
        language: &language,
        go: false,
        snapshot,
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
        spec: &spec_path,
        finalized: preserved != Some(true),
        namespace: set.metadata.namespace.as_deref().map(Arc::from),
        patch: set
            .spec
            .template_patch
            .as_deref()
            .map(|text| Patch::new(text, &language, spec_path.clone().field("templatePatch"))),
    };

    let mut expansion = Expansion::default();
    for (index, item) in set.spec.generators.iter().enumerate() {
        let path = spec_path.clone().field("generators").index(index);
        let batches = generators::run(item, &path, &context, 0)?;
        if batches.is_empty() {
            expansion.unrecognized.push(index);
        }
        for batch in batches {
            expansion.batches.push(frame.rendered(index, batch)?);
        }
    }
    Ok(expansion)
}

/// What all generators' templates have in common.
struct Frame<'a> {
    base: Value,
    language: &'a Language,
    spec: &'a FieldPath,
    finalized: bool,
    namespace: Option<Arc<str>>,
    patch: Option<Patch>,
}

impl Frame<'_> {
    fn rendered(&self, generator: usize, batch: Batch) -> Result<ExpandedBatch, ExpandError> {
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
        let mut scratch = String::new();
        for group in batch.groups {
            let mut bodies = Vec::with_capacity(group.inner.len());
            for inner in group.inner.iter() {
                let scope = Scope::new(&group.outer.layers, &inner.layers);
                let body = if group.outer.is_empty() && inner.is_empty() {
                    Body::Plain
                } else {
                    let rendered = expanded.template.render(&scope, &mut scratch).map_err(|fault| {
                        ExpandError::Template {
                            path: template::below(&place, &fault.segments),
                            message: fault.message,
                            template: fault.template,
                        }
                    })?;
                    Body::Rendered(rendered)
                };
                bodies.push(match &self.patch {
                    None => body,
                    Some(patch) => Body::Patched(Box::new(patch.applied(expanded.value_of(&body), &scope)?)),
                });
            }
            expanded.groups.push(ExpandedGroup {
                outer: group.outer,
                inner: group.inner,
                bodies,
            });
        }
        Ok(expanded)
    }
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
