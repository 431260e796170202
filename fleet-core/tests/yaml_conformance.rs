//! Every case of `conformance/yaml`, with the answers of sigs.k8s.io/yaml.
#![cfg(feature = "yaml")]
// A test that cannot go on fails.
#![allow(clippy::unwrap_used, clippy::panic)]

use fleet_core::yaml;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Case {
    yaml: String,
    out: Option<String>,
    err: Option<String>,
}

/// A tab before a token: YAML 1.2 has it as white space, go-yaml refuses it.
const TABS: &[&str] = &[
    "\t\n...",
    "\t---\n",
    "\tb: ",
    "\tb: !!str ",
    "\n  \t",
    "a: |\n  \tx\n",
    "b: \n\t",
];

/// Go reads one document and never looks at what follows it; what does not belong to any document is an error here,
/// because a key lost in silence (`b` in the second case) is worse than a refusal.
const REST: &[&str] = &[
    "  a: 1\nb: 2",
    "!!str !!str ",
    "!!str *x- ",
    "!!str ], ",
    "\"a\":1",
    "&x *x",
    "&x , *x",
    "&x ]",
    "''---\n",
    "'a':1",
    "---\n---\n? ",
];

/// YAML 1.2's syntax, of which go-yaml accepts other parts: directives, `-`, `?` and `:` next to brackets, an anchor's name, `\/`,
/// surrogate pairs, Unicode line breaks.
const SYNTAX: &[&str] = &[
    "%FOO\n---\na: 1",
    "%YAML 1.2\n---\na: 1",
    "&a: v",
    "[!a]",
    "[-]",
    "[:a]",
    "[?]",
    "[?a]",
    "[a:]",
    "[yes:]",
    "[ñ:]",
    "a: \"\\/\"",
    "a: \"\\ud83d\\ude00\"",
    "a: x\u{85}y",
    "a: \u{85}b",
    "a: \u{2028}b",
    "{a: !a}",
    "{a: -}",
    "{a: :a}",
    "{a: ?a}",
    "{a: ?}",
    "{a: a:}",
    "{a: yes:}",
    "{a: ñ:}",
    "|#---\n",
];

/// A text that has only an end marker has no document; go-yaml wants one.
const EMPTY: &[&str] = &[
    "...",
    "...\n",
    "...\n   # c",
    "...\n...",
    "... # c!!str ",
    "... # ca",
];

/// Equal, with one allowance: `serde_json` reads Go's long decimals a few units in the last place off.
fn same_value(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| ours.0 == theirs.0 && same_value(ours.1, theirs.1))
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .all(|(ours, theirs)| same_value(ours, theirs))
        }
        (Value::Number(ours), Value::Number(theirs)) if ours.is_f64() && theirs.is_f64() => {
            let (ours, theirs) = (ours.as_f64().unwrap(), theirs.as_f64().unwrap());
            (ours - theirs).abs() <= theirs.abs() * 1e-15
        }
        _ => ours == theirs,
    }
}

fn check(cases: &str) {
    let cases: Vec<Case> = serde_json::from_str(cases).unwrap();
    assert!(cases.len() > 40);
    let mut wrong = Vec::new();
    for case in &cases {
        // Go reads the first document only.
        let ours = yaml::documents(&case.yaml).map(|documents| {
            documents
                .into_iter()
                .next()
                .map_or(Value::Null, yaml::Document::into_value)
        });
        let theirs = case
            .out
            .as_ref()
            .map(|out| serde_json::from_str::<Value>(out).unwrap());
        let same = match (&ours, &theirs) {
            (Ok(ours), Some(theirs)) => same_value(ours, theirs),
            (Err(_), None) => case.err.is_some(),
            _ => false,
        };
        let listed = [TABS, REST, SYNTAX, EMPTY].concat().contains(&case.yaml.as_str());
        if same == listed {
            wrong.push(format!(
                "{:?}: Go {theirs:?} {:?}, we {ours:?}, listed as a difference: {listed}",
                case.yaml, case.err
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn the_shared_cases() {
    check(include_str!("conformance/yaml/cases.json"));
}

#[test]
fn more_cases() {
    check(include_str!("conformance/yaml/more.json"));
}
