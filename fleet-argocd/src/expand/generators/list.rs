//! Parameters written out.

use fleet_core::yaml::{self, FieldPath};
use serde_json::Value;

use super::super::error::{ExpandError, GeneratorProblem};
use super::super::go;
use super::super::go_yaml;
use super::super::params::{Layer, ParamSet};
use super::{Context, Outcome};
use crate::application_set::ListGenerator;

pub(super) fn run(
    generator: &ListGenerator,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<Vec<ParamSet>> {
    let mut sets = Vec::new();
    for (index, element) in generator.elements.iter().flatten().enumerate() {
        let path = || path.clone().field("elements").index(index);
        sets.push(list_element(element, &path, context)?.into());
    }
    if let Some(text) = generator.elements_yaml.as_deref().filter(|text| !text.is_empty()) {
        let path = path.clone().field("elementsYaml");
        sets.extend(elements_yaml(text, &path)?);
    }
    Ok(sets)
}

/// The parameters of an element. Where it is counts only when something is wrong with it.
fn list_element(element: &Value, path: &dyn Fn() -> FieldPath, context: &Context<'_>) -> Outcome<Layer> {
    let Value::Object(fields) = element else {
        let found = go::kind(element);
        return Err(problem(&path(), GeneratorProblem::ElementNotObject { found }));
    };
    let mut layer = Layer::default();
    if context.go {
        layer.map.clone_from(fields);
        layer.map.values_mut().for_each(go::decoded);
        return Ok(layer);
    }
    for (key, value) in fields {
        let path = || path().field(key.as_str());
        let found = go::kind(value);
        match value {
            Value::String(text) if key != "values" => layer.insert(key.as_str(), text.as_str()),
            Value::Object(values) if key == "values" => {
                for (name, value) in values {
                    let Value::String(text) = value else {
                        let found = go::kind(value);
                        let path = path().field(name.as_str());
                        return Err(problem(&path, GeneratorProblem::NotString { found }));
                    };
                    layer.insert(format!("values.{name}"), text.as_str());
                }
            }
            _ if key == "values" => {
                return Err(problem(&path(), GeneratorProblem::ValuesNotObject { found }));
            }
            _ => return Err(problem(&path(), GeneratorProblem::NotString { found })),
        }
    }
    Ok(layer)
}

/// Unlike `elements`, these are neither checked nor flattened, also in the plain language.
fn elements_yaml(text: &str, path: &FieldPath) -> Outcome<Vec<ParamSet>> {
    let documents = yaml::documents(text).map_err(|error| {
        let message = error.to_string();
        let upstream = format!(
            "error unmarshling decoded ElementsYaml error converting YAML to JSON: {}",
            go_yaml::message(&error, text)
        );
        ExpandError::Generator {
            path: path.clone(),
            problem: GeneratorProblem::ElementsYamlSyntax { message },
            upstream,
        }
    })?;
    let items = match documents.into_iter().next().map(yaml::Document::into_value) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(other) => {
            let found = go::kind(&other);
            return Err(problem(
                path,
                GeneratorProblem::ElementsYamlShape { found, item: false },
            ));
        }
    };
    items
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let mut layer = Layer::default();
            match item {
                Value::Object(fields) => {
                    layer.map = fields;
                    layer.map.values_mut().for_each(go::decoded);
                }
                Value::Null => {}
                other => {
                    let found = go::kind(&other);
                    let path = path.clone().index(index);
                    return Err(problem(
                        &path,
                        GeneratorProblem::ElementsYamlShape { found, item: true },
                    ));
                }
            }
            Ok(layer.into())
        })
        .collect()
}

fn problem(path: &FieldPath, problem: GeneratorProblem) -> ExpandError {
    ExpandError::generator(path.clone(), problem)
}
