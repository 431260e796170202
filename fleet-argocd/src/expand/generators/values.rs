//! `values` of a generator: further parameters, each a template over the generator's own.

use std::collections::BTreeMap;

use fleet_core::yaml::FieldPath;
use serde_json::{Map, Value};

use super::super::error::ExpandError;
use super::super::params::{Kind, Layer, ParamSet, Scope};
use super::super::text::{Text, TextFault};
use super::{Context, Outcome};

/// `values`, read once for all sets of a generator.
pub(super) struct ValueTemplates {
    templates: Vec<(String, Result<Text, TextFault>)>,
    path: FieldPath,
    words: String,
}

impl ValueTemplates {
    /// `words` is what Argo CD puts before an error.
    pub(super) fn new(
        values: Option<&BTreeMap<String, String>>,
        path: &FieldPath,
        words: &str,
        context: &Context<'_>,
    ) -> Self {
        Self {
            templates: values
                .into_iter()
                .flatten()
                .map(|(name, text)| (name.clone(), context.language.read(text)))
                .collect(),
            path: path.clone().field("values"),
            words: words.to_owned(),
        }
    }

    /// The parameters with the values. Values see the generator's own parameters, not each other.
    pub(super) fn applied(&self, mut layer: Layer, context: &Context<'_>) -> Outcome<ParamSet> {
        if self.templates.is_empty() {
            return Ok(layer.into());
        }
        let set = ParamSet::from(layer.clone());
        let scope = set.scope();
        let mut values = Map::new();
        for (name, text) in &self.templates {
            let rendered = match text {
                Ok(text) => text.rendered(&scope, context.meter),
                Err(fault) => Err(fault.clone()),
            };
            let rendered = rendered.map_err(|fault| {
                ExpandError::text_of_generator(self.path.clone().field(name.as_str()), fault, |message| {
                    format!(
                        "{}failed to replace templated string: failed to replace templated string with rendered values: {message}",
                        self.words
                    )
                })
            })?;
            if context.go {
                values.insert(name.clone(), Value::String(rendered));
            } else {
                layer.insert(format!("values.{name}"), rendered);
            }
        }
        if context.go {
            layer.insert("values", Value::Object(values));
            layer.mark(&["values"], Kind::Strings);
        }
        Ok(layer.into())
    }
}

/// Renders the `values` of a generator inside a matrix with the parameters of the first child, as far as that goes.
///
/// In Go's language a value that asks for a key the first child does not have stays as it is written.
pub(super) fn resolve_early(
    generator: &mut Value,
    scope: &Scope<'_>,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<()> {
    let Some(kinds) = generator.as_object_mut() else {
        return Ok(());
    };
    let strict = context.language.strict();
    for (kind, inner) in kinds {
        if matches!(kind.as_str(), "matrix" | "merge") {
            let children = inner.get_mut("generators").and_then(Value::as_array_mut);
            for (index, child) in children.into_iter().flatten().enumerate() {
                let path = path.clone().field(kind.as_str()).field("generators").index(index);
                resolve_early(child, scope, &path, context)?;
            }
            continue;
        }
        let values = inner.get_mut("values").and_then(Value::as_object_mut);
        for (name, value) in values.into_iter().flatten() {
            let Some(text) = value.as_str() else { continue };
            let rendered = strict
                .read(text)
                .and_then(|text| text.rendered(scope, context.meter));
            match rendered {
                Ok(rendered) => *value = Value::String(rendered),
                Err(TextFault::Upstream(message)) if is_missing_key(&message) => {}
                Err(fault) => {
                    let path = path
                        .clone()
                        .field(kind.as_str())
                        .field("values")
                        .field(name.as_str());
                    return Err(ExpandError::text_of_generator(path, fault, |message| {
                        format!(
                            "failed to replace parameters in generator: failed to pre-resolve Values key {}: {message}",
                            super::super::go::quoted(name)
                        )
                    }));
                }
            }
        }
    }
    Ok(())
}

fn is_missing_key(message: &str) -> bool {
    message.contains("map has no entry for key") || message.contains("can't evaluate field")
}
