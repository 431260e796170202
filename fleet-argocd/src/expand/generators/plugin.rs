//! Parameters from an HTTP service.

use fleet_core::yaml::FieldPath;
use serde_json::{Value, json};

use super::super::error::ExpandError;
use super::super::go;
use super::super::params::{Kind, Layer, ParamSet};
use super::super::snapshot::FailureKind;
use super::values::ValueTemplates;
use super::{Context, Outcome, Sought, flattened_into, other};
use crate::application_set::PluginGenerator;

pub(super) fn run(
    generator: &PluginGenerator,
    path: &FieldPath,
    context: &Context<'_>,
) -> Outcome<Vec<ParamSet>> {
    let reference = &generator.config_map_ref.name;
    let setup = |message: String| {
        other(
            path.clone().field("configMapRef"),
            format!("error getting plugin from generator: {message}"),
        )
    };
    let config = context.config_map(reference, path).map_err(|failure| {
        let words = "error getting plugin from generator: error fetching ConfigMap: ";
        ExpandError::source(path.clone(), failure.within(words))
    })?;
    let Some(config) = config else {
        return Err(setup(format!(
            "error fetching ConfigMap: configmaps \"{reference}\" not found"
        )));
    };
    for key in ["baseUrl", "token"] {
        if config.get(key).is_none_or(String::is_empty) {
            return Err(setup(format!(
                "error fetching ConfigMap: {key} not found in ConfigMap"
            )));
        }
    }
    let token = &config["token"];
    if !token.starts_with('$') {
        return Err(setup(format!(
            "error fetching Secret token: token is empty, or does not reference a secret key starting with '$': {token}"
        )));
    }
    if let Some(timeout) = config.get("requestTimeout")
        && timeout.parse::<i64>().is_err()
    {
        return Err(setup(format!(
            "error set requestTimeout : strconv.Atoi: parsing {}: invalid syntax",
            go::quoted(timeout)
        )));
    }
    let input = plugin_input(generator);
    let answer = context.found(context.snapshot.plugin(reference, &input), path, || {
        Sought::Plugin {
            set: context.set_name.to_owned(),
            config_map: reference.clone(),
            data: config.clone(),
            input: input.clone(),
        }
    });
    let answer = answer.map_err(|failure| {
        let words = if failure.kind == FailureKind::Setup {
            "error getting plugin from generator: ".to_owned()
        } else {
            format!("error listing params: error get api '{}': ", context.set_name)
        };
        ExpandError::source(path.clone(), failure.within(&words))
    })?;
    let words = "error generating params: ";
    let values = ValueTemplates::new(generator.values.as_ref(), path, words, context);
    let mut sets = Vec::new();
    for object in answer.iter() {
        let mut layer = Layer::default();
        match object {
            Value::Object(fields) if context.go => {
                layer.map.clone_from(fields);
                layer.map.values_mut().for_each(go::decoded);
            }
            Value::Null => {}
            object => flattened_into(&mut layer, "", object),
        }
        layer.insert("generator", json!({"input": {"parameters": input}}));
        layer.mark(&["generator", "input"], Kind::Input);
        sets.push(values.applied(layer, context)?);
    }
    Ok(sets)
}

/// What is sent to the plugin; null if nothing is.
pub(crate) fn plugin_input(generator: &PluginGenerator) -> Value {
    let parameters = generator
        .input
        .as_ref()
        .and_then(|input| input.parameters.as_ref());
    parameters.map_or(Value::Null, |parameters| {
        parameters
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    })
}
