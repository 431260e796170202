//! Expansion against Argo CD's own answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_argocd::{CaseError, ExpandCase, ExpandError};
use serde_json::{Value, json};

/// Where the text of an error is not Argo CD's; see the README beside the cases.
const OTHER_TEXT: &[&str] = &[
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
    assert!(cases.len() >= 200, "the cases are gone");

    let mut differences = Vec::new();
    let mut go = 0;
    for (case, expected) in cases.iter().zip(&expected) {
        assert_eq!(case["name"], expected["name"]);
        if case["applicationSet"]["spec"]["goTemplate"] == true {
            go += 1;
        }
        if let Some(difference) = compare(case, expected) {
            differences.push(format!("{}: {difference}", case["name"]));
        }
    }
    println!(
        "{} cases, {go} of them in Go's language: {} equal",
        cases.len(),
        cases.len() - differences.len()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn further_cases_are_answered_as_argo_cd_answers_them() {
    let shared: Value = serde_json::from_str(include_str!("conformance/further/shared.json")).unwrap();
    let mut cases = lines(include_str!("conformance/further/cases.jsonl"));
    assert!(cases.len() >= 1_000, "the cases are gone");
    let mut differences = Vec::new();
    for case in &mut cases {
        let uses = case["use"].as_array().cloned().unwrap_or_default();
        for part in uses.iter().filter_map(Value::as_str) {
            case[part] = shared[part].clone();
        }
        let wanted = case["applications"].as_array().cloned();
        let difference = match (answer(case), case["error"].as_str(), wanted) {
            (Answer::Undecodable(_), Some(wanted), _) if wanted.starts_with("json: ") => None,
            (Answer::Refused(error), Some(wanted), _) if error.upstream().as_deref() == Some(wanted) => None,
            (Answer::Applications(mut found, _), None, Some(mut wanted)) => {
                found.sort_by_key(Value::to_string);
                wanted.sort_by_key(Value::to_string);
                (found != wanted).then(|| format!("{} is not {}", json!(found), json!(wanted)))
            }
            (Answer::Applications(..), ..) => Some("expanded".to_owned()),
            (Answer::Undecodable(message), ..) => Some(message),
            (Answer::Refused(error), ..) => Some(format!("{error} ({:?})", error.upstream())),
        };
        differences.extend(difference.map(|text| format!("{}: {text}", case["name"])));
    }
    println!(
        "{} further cases, {} equal",
        cases.len(),
        cases.len() - differences.len()
    );
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
    let case = match ExpandCase::read(case.clone()) {
        Ok(case) => case,
        Err(CaseError::ApplicationSet { message }) => return Answer::Undecodable(message),
        Err(error) => panic!("{error}"),
    };
    match case.expand() {
        Err(error) => Answer::Refused(Box::new(error)),
        Ok(expansion) => {
            let applications = expansion
                .iter()
                .map(|application| application.to_value())
                .collect();
            let mut params = vec![Vec::new(); case.application_set().spec.generators.len()];
            for generated in expansion.iter() {
                let provenance = generated.provenance();
                params[provenance.generator].push(serde_json::to_value(&provenance.params).unwrap());
            }
            Answer::Applications(applications, params)
        }
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
