//! From an ApplicationSet and a snapshot to the Applications Argo CD would make of them.

mod error;
mod expansion;
mod fasttemplate;
mod generators;
mod go;
mod params;
mod selector;
mod shape;
mod snapshot;
mod template;

use fleet_core::yaml::FieldPath;
use serde::Deserialize;
use serde_json::Value;

pub use error::{ExpandError, GeneratorProblem};
pub use expansion::{Expansion, GeneratedApplication, Provenance, Warning};
pub use generators::GeneratorKind;
pub use params::Params;
pub use snapshot::{Snapshot, SnapshotCluster};

use crate::application::Application;
use crate::application_set::{ApplicationSet, ApplicationTemplate};
use generators::{Batch, Generated};
use template::Compiled;

/// The Applications Argo CD makes of an ApplicationSet: a pure function of it and the snapshot.
///
/// Exact as to Argo CD 3.5 for the `list` and `clusters` generators in the plain `{{name}}` language, quirks
/// included; the quirks are in [`Expansion::warnings`]. Owner references come on applying, as in Argo CD.
///
/// # Errors
/// Where Argo CD fails, and for what is not expanded yet: Go templates, `templatePatch`, other generators. An error
/// names its place in the ApplicationSet; nothing is expanded in part.
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
/// let names: Vec<_> = expansion.applications().map(|application| application.name()).collect();
/// assert_eq!(names, ["web-eu", "web-us"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn expand(set: &ApplicationSet, snapshot: &Snapshot) -> Result<Expansion, ExpandError> {
    let spec_path = FieldPath::default().field("spec");
    refuse_unsupported(set, &spec_path)?;
    let namespace = set.metadata.namespace.as_deref();
    let preserved = set
        .spec
        .sync_policy
        .as_ref()
        .and_then(|policy| policy.preserve_resources_on_deletion);
    let finalized = preserved != Some(true);
    let base = shaped(&set.spec.template, &spec_path.clone().field("template"))?;

    let mut expansion = Expansion::default();
    for (index, item) in set.spec.generators.iter().enumerate() {
        let path = spec_path.clone().field("generators").index(index);
        let batches = generators::run(item, &path, snapshot)?;
        if batches.is_empty() {
            expansion
                .warnings
                .push(Warning::UnrecognizedGenerator { generator: index });
        }
        for Batch {
            kind,
            path,
            generated,
            template,
        } in batches
        {
            let renderer = Renderer::new(&base, template, &path, &spec_path, namespace, finalized)?;
            for Generated { params, cluster } in generated {
                let application = renderer.application(&params, &mut expansion.warnings)?;
                let provenance = Provenance {
                    generator: index,
                    kind,
                    cluster,
                    params,
                };
                expansion.applications.push(GeneratedApplication {
                    application,
                    provenance,
                });
            }
        }
    }
    expansion.check_names();
    Ok(expansion)
}

fn refuse_unsupported(set: &ApplicationSet, spec: &FieldPath) -> Result<(), ExpandError> {
    if set.spec.go_template == Some(true) {
        return Err(ExpandError::Unsupported {
            path: spec.clone().field("goTemplate"),
            what: "Go's template language",
            expected: "false: the plain `{{name}}` form",
        });
    }
    if set
        .spec
        .template_patch
        .as_deref()
        .is_some_and(|patch| !patch.is_empty())
    {
        return Err(ExpandError::Unsupported {
            path: spec.clone().field("templatePatch"),
            what: "a patch of the rendered Applications",
            expected: "no patch",
        });
    }
    Ok(())
}

/// One generator's template, ready for its parameters.
struct Renderer<'a> {
    /// The template as it stands: for a set of parameters that is empty.
    plain: Value,
    /// The template compiled. A fault counts only when there is something to render.
    compiled: Result<Compiled, ExpandError>,
    path: &'a FieldPath,
    namespace: Option<&'a str>,
    finalized: bool,
}

impl<'a> Renderer<'a> {
    fn new(
        base: &Value,
        over: Option<&ApplicationTemplate>,
        path: &'a FieldPath,
        spec: &FieldPath,
        namespace: Option<&'a str>,
        finalized: bool,
    ) -> Result<Self, ExpandError> {
        let shape = shape::template();
        let plain = match over {
            None => base.clone(),
            Some(over) => shape.merged(shaped(over, &path.clone().field("template"))?, base.clone()),
        };
        let place = if over.is_some() {
            path.clone()
        } else {
            spec.clone()
        }
        .field("template");
        let compiled = Compiled::new(shape, plain.clone()).map_err(|fault| ExpandError::Template {
            path: fault.below(&place),
            message: fault.message,
            template: fault.template,
        });
        Ok(Self {
            plain,
            compiled,
            path,
            namespace,
            finalized,
        })
    }

    fn application(&self, params: &Params, warnings: &mut Vec<Warning>) -> Result<Application, ExpandError> {
        let mut value = if params.is_empty() {
            self.plain.clone()
        } else {
            self.compiled.as_ref().map_err(Clone::clone)?.render(params)
        };
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("namespace");
        }
        let unresolved = unresolved(&value);
        let mut application = Application::deserialize(value).map_err(|error| ExpandError::Shape {
            path: self.path.clone(),
            message: error.to_string(),
        })?;
        application.metadata.namespace = self.namespace.map(str::to_owned);
        if self.finalized && !params.is_empty() && application.metadata.finalizers.is_none() {
            application.metadata.finalizers = Some(vec![RESOURCES_FINALIZER.to_owned()]);
        }
        warnings.extend(unresolved.into_iter().map(|(path, text)| Warning::Unresolved {
            application: application.name().to_owned(),
            path: path.to_string(),
            text,
        }));
        Ok(application)
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

/// The texts that still look like templates, and where they are. Helm's own (`{{ .Values.x }}`) are none of ours.
fn unresolved(value: &Value) -> Vec<(FieldPath, String)> {
    fn walk(value: &Value, path: &FieldPath, found: &mut Vec<(FieldPath, String)>) {
        match value {
            Value::String(text) if fasttemplate::has_placeholder(text) => {
                found.push((path.clone(), text.clone()));
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(item, &path.clone().index(index), found);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    walk(field, &path.clone().field(name.as_str()), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, &FieldPath::default(), &mut found);
    found
}

/// Deletes an Application's resources with it.
const RESOURCES_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";
