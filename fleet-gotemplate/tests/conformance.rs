//! The engine held against Go's own answers.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use fleet_gotemplate::{Env, Options, Template, Value};
use serde_json::Value as Json;

fn read(name: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/conformance")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What the engine answers: the output, or the error's text.
fn answer(name: &str, text: &str, missing_key: &str, data: &Value, env: &Env<'_>) -> Result<String, String> {
    let options =
        Options::from_go([format!("missingkey={missing_key}")]).map_err(|error| error.to_string())?;
    let template = Template::parse(name, text, &options).map_err(|error| error.to_string())?;
    template
        .render_to_string(data, env)
        .map_err(|error| error.to_string())
}

#[test]
fn go_and_sprig_answer_the_same() {
    let data = Value::from(read("data.json"));
    let mut wrong = Vec::new();
    for case in read("cases.json").as_array().unwrap() {
        let text = |key: &str| case[key].as_str();
        let expected = text("out")
            .map(str::to_owned)
            .ok_or_else(|| text("err").unwrap().to_owned());
        let found = answer(
            "",
            text("tmpl").unwrap(),
            text("mk").unwrap(),
            &data,
            &Env::default(),
        );
        if found != expected {
            wrong.push(format!(
                "{}: {}\n  found    {found:?}\n  expected {expected:?}",
                case["id"], case["tmpl"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
