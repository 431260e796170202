//! The shared corpus: every finding that is true at every target version, and none that is false.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)] // Helpers of tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fleet_preflight::Scanner;
use serde_json::Value;

const TARGETS: [&str; 9] = [
    "1.16", "1.22", "1.25", "1.26", "1.29", "1.32", "1.34", "1.36", "1.37",
];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

fn truth() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(corpus().join("expected/truth.json")).unwrap();
    match serde_json::from_str(&text).unwrap() {
        Value::Object(files) => files,
        other => panic!("{other}"),
    }
}

#[test]
fn every_true_finding_is_found_and_no_false_one() {
    let (mut right, mut wrong) = (0, Vec::new());
    for (file, truth) in truth() {
        for target in TARGETS {
            let report =
                Scanner::new(target.parse().unwrap()).scan_paths([corpus().join("manifests").join(&file)]);
            let found: BTreeSet<String> = report
                .findings
                .iter()
                .filter(|finding| ["api-removed", "api-deprecated"].contains(&finding.rule.id))
                .map(|finding| {
                    let object = &finding.object;
                    let state = finding.rule.id.trim_start_matches("api-");
                    let (namespace, name) = (object.namespace.as_deref(), object.name.as_deref());
                    let (deprecated, removed) = (finding.deprecated_in, finding.removed_in);
                    let life = [deprecated, removed].map(|v| v.map(|v| v.to_string()));
                    format!(
                        "{} {} {} {namespace:?} {name:?} {life:?} {state}",
                        finding.place.line, object.api_version, object.kind
                    )
                })
                .collect();
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let expected: BTreeSet<String> = truth["findings"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|finding| finding["at"][target] != "ok")
                .map(|finding| {
                    format!(
                        "{} {} {} {:?} {:?} {:?} {}",
                        finding["line"],
                        finding["apiVersion"].as_str().unwrap(),
                        finding["kind"].as_str().unwrap(),
                        text(&finding["namespace"]).as_deref(),
                        text(&finding["name"]).as_deref(),
                        [text(&finding["deprecated"]), text(&finding["removed"])],
                        finding["at"][target].as_str().unwrap()
                    )
                })
                .collect();
            right += expected.intersection(&found).count();
            wrong.extend(
                expected
                    .difference(&found)
                    .map(|line| format!("MISSED {file} at {target}: {line}")),
            );
            wrong.extend(
                found
                    .difference(&expected)
                    .map(|line| format!("FALSE {file} at {target}: {line}")),
            );
        }
    }
    println!("{right} of {right} findings found, {} wrong", wrong.len());
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(30)].join("\n")
    );
    assert!(right > 1_500, "{right}");
}

#[test]
fn text_findings_and_errors_are_those_of_the_truth() {
    let mut wrong = Vec::new();
    for (file, truth) in truth() {
        let report =
            Scanner::new("1.37".parse().unwrap()).scan_paths([corpus().join("manifests").join(&file)]);
        let found: BTreeSet<String> = report
            .findings
            .iter()
            .filter(|finding| finding.rule.id == "api-in-text")
            .map(|f| format!("{} {} {}", f.place.line, f.object.api_version, f.object.kind))
            .collect();
        let expected: BTreeSet<String> = truth["textFindings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| {
                format!(
                    "{} {} {}",
                    f["line"],
                    f["apiVersion"].as_str().unwrap(),
                    f["kind"].as_str().unwrap()
                )
            })
            .collect();
        if found != expected {
            wrong.push(format!("{file}: found {found:?}, expected {expected:?}"));
        }
        let errors = report
            .findings
            .iter()
            .filter(|finding| finding.rule.incomplete)
            .count();
        if errors != truth["errors"].as_array().unwrap().len() {
            let found: Vec<_> = report
                .findings
                .iter()
                .map(|f| format!("{} {}", f.place.line, f.message))
                .collect();
            wrong.push(format!(
                "{file}: expected errors {}, found {found:?}",
                truth["errors"]
            ));
        }
        if report.summary.objects != truth["objects"].as_u64().unwrap() {
            wrong.push(format!(
                "{file}: {} objects, expected {}",
                report.summary.objects, truth["objects"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
