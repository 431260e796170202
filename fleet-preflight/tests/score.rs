//! The table of the README: true and false findings of kubent, Pluto and this crate on the shared corpus.
//!
//! `cargo test -p fleet-preflight --test score -- --nocapture` prints it. What the tools said was recorded when they were run; a
//! finding counts when it names the object with its version, whatever it says about releases. Only claims about
//! Kubernetes' own API groups are counted: what the tools know about other components the truth does not judge.

#![allow(missing_docs, clippy::unwrap_used)] // Helpers of tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use fleet_preflight::{Scanner, lifecycle};
use serde_json::Value;

/// apiVersion, kind and name, with how often.
type Claims = BTreeMap<(String, String, String), usize>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join("expected").join(name)).unwrap()).unwrap()
}

fn claims<'v>(values: impl IntoIterator<Item = &'v Value>) -> Claims {
    let mut claims = Claims::new();
    for value in values {
        let text = |name: &str| {
            value[name]
                .as_str()
                .filter(|text| *text != "<undefined>")
                .unwrap_or("")
                .to_owned()
        };
        let claim = (text("apiVersion"), text("kind"), text("name"));
        let group = claim.0.split_once('/').map_or("", |(group, _)| group);
        if lifecycle::all().any(|api| api.group == group) {
            *claims.entry(claim).or_default() += 1;
        }
    }
    claims
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Score {
    all: usize,
    found: usize,
    wrong: usize,
}

impl Score {
    fn add(&mut self, truth: &Claims, said: &Claims) {
        self.all += truth.values().sum::<usize>();
        for (claim, count) in said {
            let true_ones = truth.get(claim).copied().unwrap_or(0).min(*count);
            self.found += true_ones;
            self.wrong += count - true_ones;
        }
    }
}

#[test]
fn the_readme_has_the_scores() {
    let (truth, kubent, pluto) = (json("truth.json"), json("kubent.json"), json("pluto.json"));
    let (mut ours, mut theirs) = (Score::default(), [Score::default(), Score::default()]);
    for (file, facts) in truth.as_object().unwrap() {
        for target in ["1.16", "1.22", "1.25", "1.26", "1.29", "1.32", "1.34", "1.37"] {
            let findings = facts["findings"].as_array().unwrap().iter();
            let truth =
                claims(findings.filter(|finding| {
                    matches!(finding["at"][target].as_str(), Some("removed" | "deprecated"))
                }));
            for (score, tool) in theirs.iter_mut().zip([&kubent, &pluto]) {
                let results = tool[file][target]["results"].as_array();
                score.add(&truth, &claims(results.into_iter().flatten()));
            }
            let report =
                Scanner::new(target.parse().unwrap()).scan_paths([folder().join("manifests").join(file)]);
            let findings = report
                .findings
                .iter()
                .filter(|f| matches!(f.rule.id, "api-removed" | "api-deprecated"));
            let findings: Vec<Value> = findings
                .map(|finding| serde_json::to_value(finding).unwrap())
                .collect();
            ours.add(&truth, &claims(&findings));
        }
    }
    let mut table = String::from("| | true findings | found | false |\n| --- | --- | --- | --- |\n");
    let [kubent, pluto] = theirs;
    for (name, score) in [("fleet-preflight", &ours), ("Pluto", &pluto), ("kubent", &kubent)] {
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} |",
            thousands(score.all),
            thousands(score.found),
            score.wrong
        );
    }
    println!("{table}");
    assert_eq!((ours.found, ours.wrong), (ours.all, 0));
    assert!(
        include_str!("../README.md").contains(&table),
        "the README has another table than\n{table}"
    );
}

fn thousands(number: usize) -> String {
    match number / 1000 {
        0 => number.to_string(),
        more => format!("{more},{:03}", number % 1000),
    }
}
