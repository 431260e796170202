//! Expansion against Argo CD's own answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_argocd::{ApplicationSet, ExpandError, Snapshot, expand};
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Map, Value, json};

/// Where the text of an error is not Argo CD's; see the README beside the cases.
const OTHER_TEXT: &[&str] = &[
    "list-elementsYaml-syntax-error",
    "decode-bool-placeholder-error",
    "decode-elements-wrong-type-error",
];

enum Answer {
    Applications(Vec<Value>, Vec<Vec<Value>>),
    Refused(Box<ExpandError>),
    Undecodable(String),
}

#[test]
fn every_case_is_answered_as_argo_cd_answers_it() {
    let cases = lines(include_str!("conformance/applicationset/cases.jsonl"));
    let expected = lines(include_str!("conformance/applicationset/expected.jsonl"));
    assert_eq!(cases.len(), expected.len());
    assert!(cases.len() >= 60, "the cases are gone");

    let mut differences = Vec::new();
    for (case, expected) in cases.iter().zip(&expected) {
        assert_eq!(case["name"], expected["name"]);
        if let Some(difference) = compare(case, expected) {
            differences.push(format!("{}: {difference}", case["name"]));
        }
    }
    println!("{} cases, {} equal", cases.len(), cases.len() - differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn compare(case: &Value, expected: &Value) -> Option<String> {
    let name = case["name"].as_str().unwrap();
    let wanted_error = expected["error"].as_str();
    match (answer(case), wanted_error) {
        (Answer::Undecodable(_), Some(_)) if expected["stage"] == "decode" => None,
        (Answer::Undecodable(message), _) => Some(format!("cannot be read: {message}")),
        (Answer::Refused(error), None) => Some(format!("refused: {error}")),
        (Answer::Applications(..), Some(wanted)) => Some(format!("expanded, but Argo CD says: {wanted}")),
        (Answer::Refused(error), Some(wanted)) => {
            let text = error.upstream().unwrap_or_default();
            if text != wanted && !OTHER_TEXT.contains(&name) {
                return Some(format!("the error is\n  {text}\nbut Argo CD's is\n  {wanted}"));
            }
            (error.reason() != expected["reason"].as_str())
                .then(|| format!("the reason is {:?}", error.reason()))
        }
        (Answer::Applications(mut found, params), None) => {
            let mut wanted = expected["applications"].as_array().cloned().unwrap_or_default();
            if expected["order"] == "unspecified" {
                found.sort_by_key(Value::to_string);
                wanted.sort_by_key(Value::to_string);
            }
            if found != wanted {
                return Some(format!(
                    "the Applications are\n  {}\nbut Argo CD's are\n  {}",
                    json!(found),
                    json!(wanted)
                ));
            }
            compare_params(params, expected)
        }
    }
}

fn compare_params(found: Vec<Vec<Value>>, expected: &Value) -> Option<String> {
    for (index, mut found) in found.into_iter().enumerate() {
        let mut wanted: Vec<Value> = expected["params"][index]["params"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|params| {
                if params.is_null() {
                    json!({})
                } else {
                    params.clone()
                }
            })
            .collect();
        found.sort_by_key(Value::to_string);
        wanted.sort_by_key(Value::to_string);
        if found != wanted {
            return Some(format!(
                "the parameters are\n  {}\nbut Argo CD's are\n  {}",
                json!(found),
                json!(wanted)
            ));
        }
    }
    None
}

fn answer(case: &Value) -> Answer {
    let set: ApplicationSet = match serde_json::from_value(case["applicationSet"].clone()) {
        Ok(set) => set,
        Err(error) => return Answer::Undecodable(error.to_string()),
    };
    let namespace = case["argocdNamespace"].as_str().unwrap_or("argocd");
    let secrets: Vec<Secret> = case["clusters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|secret| serde_json::from_value(secret.clone()).unwrap())
        .collect();
    let snapshot = Snapshot::from_secrets(namespace, &secrets).unwrap();
    match expand(&set, &snapshot) {
        Err(error) => Answer::Refused(Box::new(error)),
        Ok(expansion) => {
            let applications = expansion.applications().map(printed).collect();
            let mut params = vec![Vec::new(); set.spec.generators.len()];
            for generated in expansion.iter() {
                let provenance = generated.provenance();
                params[provenance.generator].push(serde_json::to_value(&provenance.params).unwrap());
            }
            Answer::Applications(applications, params)
        }
    }
}

/// As the cases print an Application: without type and with numbers as JSON compares them.
fn printed(application: &fleet_argocd::Application) -> Value {
    let mut value = serde_json::to_value(application).unwrap();
    let object = value.as_object_mut().unwrap();
    object.retain(|key, _| key == "metadata" || key == "spec");
    Value::Object(std::mem::take::<Map<String, Value>>(object))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
