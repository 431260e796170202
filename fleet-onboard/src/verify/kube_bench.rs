//! kube-bench's results, check by check, against the CIS version that fits the cluster.

use std::collections::BTreeSet;

use fleet_core::{KubernetesVersion, Provider};
use serde::{Deserialize, Serialize};

use super::Finding;

/// The benchmark that fits a cluster, in kube-bench's words.
///
/// By provider for clusters whose control plane a cloud runs, else by the Kubernetes minor.
///
/// ```
/// use fleet_core::Provider;
/// use fleet_onboard::verify::benchmark_for;
///
/// assert_eq!(benchmark_for(&"v1.31.4".parse()?, &Provider::Aws, false), Some("cis-1.11"));
/// assert_eq!(benchmark_for(&"v1.33.0".parse()?, &Provider::Vsphere, false), Some("cis-1.12"));
/// assert_eq!(benchmark_for(&"v1.33.0".parse()?, &Provider::Aws, true), Some("eks-1.8.0"));
/// // Newer than the benchmarks that are known: say one yourself, rather than be held against the wrong one.
/// assert_eq!(benchmark_for(&"v1.40.0".parse()?, &Provider::Docker, false), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn benchmark_for(
    version: &KubernetesVersion,
    provider: &Provider,
    is_managed: bool,
) -> Option<&'static str> {
    // The others have no control plane that somebody else runs, whatever is known of their nodes.
    match provider {
        Provider::Aws if is_managed => return Some("eks-1.8.0"),
        Provider::Gcp if is_managed => return Some("gke-1.9.0"),
        Provider::Azure if is_managed => return Some("aks-1.8"),
        _ => {}
    }
    match version.minor() {
        29..=31 => Some("cis-1.11"),
        32..=34 => Some("cis-1.12"),
        _ => None,
    }
}

/// A run of kube-bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Benchmark {
    /// The benchmark that it ran: `cis-1.12`.
    pub version: String,
    /// The checks, in the order of their numbers.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// Its number: `1.2.16`.
    pub id: String,
    /// What it looks at.
    pub text: String,
    /// What it found.
    pub outcome: Outcome,
    /// How to mend it.
    pub remediation: String,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Outcome {
    /// It is as it should be.
    Pass,
    /// For information.
    Info,
    /// A person has to look.
    Warn,
    /// It is not as it should be.
    Fail,
}

/// Results that are none of kube-bench's, or of the wrong benchmark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BenchmarkError {
    /// It is not kube-bench's JSON.
    #[error("the results are not the JSON of `kube-bench --json`: {problem}")]
    NotKubeBench {
        /// Where it is not.
        problem: String,
    },
    /// There are no checks in it.
    #[error(
        "the results hold no checks; kube-bench found no component to look at, so run it on the nodes (`hostPID: true`)"
    )]
    Empty,
    /// Parts of it ran against different benchmarks.
    #[error("the results are of {found} and of {other}; run kube-bench once, with `--benchmark`")]
    Mixed {
        /// One.
        found: String,
        /// Another.
        other: String,
    },
    /// A check's result is unknown.
    #[error("check {id} has the status `{found}`, expected PASS, FAIL, WARN or INFO")]
    Status {
        /// The check.
        id: String,
        /// What was found.
        found: String,
    },
}

/// Reads what `kube-bench --json` writes. A check that ran on several kinds of nodes counts as its worst.
///
/// # Errors
/// As [`BenchmarkError`] says.
pub fn read_kube_bench(json: &str) -> Result<Benchmark, BenchmarkError> {
    let wire: Wire = serde_json::from_str(json).map_err(|error| BenchmarkError::NotKubeBench {
        problem: error.to_string(),
    })?;
    let mut version: Option<String> = None;
    let mut checks: Vec<Check> = Vec::new();
    for control in wire.controls {
        match &version {
            Some(found) if *found != control.version => {
                return Err(BenchmarkError::Mixed {
                    found: found.clone(),
                    other: control.version,
                });
            }
            _ => version = Some(control.version),
        }
        for result in control.tests.into_iter().flat_map(|section| section.results) {
            let outcome = match result.status.as_str() {
                "PASS" => Outcome::Pass,
                "INFO" => Outcome::Info,
                "WARN" => Outcome::Warn,
                "FAIL" => Outcome::Fail,
                _ => {
                    return Err(BenchmarkError::Status {
                        id: result.test_number,
                        found: result.status,
                    });
                }
            };
            match checks.iter_mut().find(|check| check.id == result.test_number) {
                Some(check) => check.outcome = check.outcome.max(outcome),
                None => checks.push(Check {
                    id: result.test_number,
                    text: result.test_desc,
                    outcome,
                    remediation: result.remediation,
                }),
            }
        }
    }
    let version = version
        .filter(|_| !checks.is_empty())
        .ok_or(BenchmarkError::Empty)?;
    checks.sort_by_key(|check| numbers(&check.id));
    Ok(Benchmark { version, checks })
}

impl Benchmark {
    /// What keeps a cluster from taking workloads: every check that failed and was not accepted, by its number; and a benchmark that is not the
    /// one that fits. Totals say nothing: a failure that is fixed and a new one add up to the same.
    pub fn findings(&self, expected: &str, accepted: &BTreeSet<String>) -> Vec<Finding> {
        let finding = |id: &str, what: String| Finding {
            source: "kube-bench",
            id: id.to_owned(),
            what,
        };
        let mut findings = Vec::new();
        if self.version != expected {
            findings.push(finding(
                "benchmark",
                format!(
                    "ran {}, expected {expected}; run it with `--benchmark {expected}`",
                    self.version
                ),
            ));
        }
        let failed = self.checks.iter().filter(|check| check.outcome == Outcome::Fail);
        findings.extend(failed.filter(|check| !accepted.contains(&check.id)).map(|check| {
            let first = check.remediation.lines().next().unwrap_or_default().trim();
            finding(
                &check.id,
                format!("{}; {first}", check.text.trim_end_matches('.')),
            )
        }));
        findings
    }
}

/// `1.2.16` after `1.2.2`.
fn numbers(id: &str) -> Vec<u32> {
    id.split('.')
        .map(|part| part.parse().unwrap_or(u32::MAX))
        .collect()
}

#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "Controls")]
    controls: Vec<WireControl>,
}

#[derive(Deserialize)]
struct WireControl {
    version: String,
    #[serde(default)]
    tests: Vec<WireSection>,
}

#[derive(Deserialize)]
struct WireSection {
    #[serde(default)]
    results: Vec<WireResult>,
}

#[derive(Deserialize)]
struct WireResult {
    test_number: String,
    #[serde(default)]
    test_desc: String,
    #[serde(default)]
    remediation: String,
    status: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(version: &str, results: &[(&str, &str)]) -> String {
        let results: Vec<_> = results
            .iter()
            .map(|(id, status)| {
                serde_json::json!({ "test_number": id, "test_desc": format!("check {id}."), "remediation": "Edit the file\nthen restart", "status": status })
            })
            .collect();
        serde_json::json!({ "Controls": [{ "version": version, "tests": [{ "results": results }] }], "Totals": {} }).to_string()
    }

    #[test]
    fn failures_are_told_by_their_numbers_and_accepted_ones_are_not() {
        let found = read_kube_bench(&run(
            "cis-1.12",
            &[
                ("1.2.16", "FAIL"),
                ("1.2.2", "FAIL"),
                ("4.1.1", "WARN"),
                ("1.1.1", "PASS"),
                ("1.1.1", "FAIL"),
            ],
        ))
        .unwrap();
        let order: Vec<_> = found.checks.iter().map(|check| check.id.as_str()).collect();
        assert_eq!(order, ["1.1.1", "1.2.2", "1.2.16", "4.1.1"]);
        let accepted = ["1.2.2".to_owned()].into();
        let findings: Vec<_> = found
            .findings("cis-1.12", &accepted)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            findings,
            [
                "kube-bench 1.1.1: check 1.1.1; Edit the file",
                "kube-bench 1.2.16: check 1.2.16; Edit the file"
            ]
        );
        assert!(
            found.findings("cis-1.11", &accepted)[0]
                .what
                .contains("ran cis-1.12, expected cis-1.11")
        );
    }

    #[test]
    fn what_says_nothing_is_no_pass() {
        assert!(matches!(
            read_kube_bench("[]"),
            Err(BenchmarkError::NotKubeBench { .. })
        ));
        assert_eq!(read_kube_bench(r#"{"Controls":[]}"#), Err(BenchmarkError::Empty));
        assert_eq!(read_kube_bench(&run("cis-1.12", &[])), Err(BenchmarkError::Empty));
        assert!(matches!(
            read_kube_bench(&run("cis-1.12", &[("1", "SKIP")])),
            Err(BenchmarkError::Status { .. })
        ));
        let mixed = r#"{"Controls":[{"version":"cis-1.11"},{"version":"cis-1.12"}]}"#;
        assert!(matches!(
            read_kube_bench(mixed),
            Err(BenchmarkError::Mixed { .. })
        ));
    }
}
