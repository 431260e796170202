//! The report of `cilium connectivity test`.

use serde::Serialize;

use super::Finding;

/// What the connectivity test found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Connectivity {
    /// How many tests ran.
    pub tests: u32,
    /// The tests that failed, by name.
    pub failed: Vec<String>,
    /// How many were skipped, for want of a feature.
    pub skipped: u32,
}

/// A report that does not say how it ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectivityError {
    /// The last line is missing: the test was stopped, or this is something else.
    #[error(
        "the report has no summary (`All … tests … successful` or `…/… tests failed`); the test was stopped, so run it again"
    )]
    NoSummary,
    /// The summary counts failures, and none is named.
    #[error("the report counts {failed} failed tests and names {named}; keep the whole report")]
    Unnamed {
        /// How many failed.
        failed: u32,
        /// How many are named.
        named: usize,
    },
}

/// Reads the report that `cilium connectivity test` prints.
///
/// ```
/// use fleet_onboard::verify::read_connectivity;
///
/// let report = "✅ [cilium-test-1] All 72 tests (598 actions) successful, 40 tests skipped, 1 scenarios skipped.";
/// let found = read_connectivity(report)?;
/// assert_eq!((found.tests, found.skipped), (72, 40));
/// assert!(found.findings().is_empty());
///
/// let report = "📋 Test Report [cilium-test-1]\n❌ 1/72 tests failed (2/598 actions), 40 tests skipped, 0 scenarios skipped:\n\
///               Test [client-egress]:\n  ❌ client-egress/pod-to-pod/curl: 10.0.0.1\n";
/// assert_eq!(read_connectivity(report)?.failed, ["client-egress"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`ConnectivityError`] says: a report that ends early is no pass.
pub fn read_connectivity(report: &str) -> Result<Connectivity, ConnectivityError> {
    let mut lines = report.lines();
    let summary = lines.find_map(summary).ok_or(ConnectivityError::NoSummary)?;
    let (tests, failed, skipped) = summary;
    let mut names = Vec::new();
    for line in lines {
        let name = line
            .trim()
            .strip_prefix("Test [")
            .and_then(|rest| rest.strip_suffix("]:"));
        if let Some(name) = name
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    if names.len() != failed as usize {
        return Err(ConnectivityError::Unnamed {
            failed,
            named: names.len(),
        });
    }
    Ok(Connectivity {
        tests,
        failed: names,
        skipped,
    })
}

impl Connectivity {
    /// What keeps a cluster from taking workloads.
    pub fn findings(&self) -> Vec<Finding> {
        let failed = self.failed.iter();
        failed
            .map(|name| Finding {
                source: "connectivity",
                id: name.clone(),
                what: format!("failed; run `cilium connectivity test --test {name}` and look at the flows"),
            })
            .collect()
    }
}

/// Tests, failed ones, skipped ones.
fn summary(line: &str) -> Option<(u32, u32, u32)> {
    let skipped = || -> Option<u32> {
        let before = line.split(" tests skipped").next()?;
        before.rsplit([' ', ',']).next()?.parse().ok()
    };
    if let Some((_, rest)) = line.split_once("All ") {
        let tests = rest.split(' ').next()?.parse().ok()?;
        return rest
            .contains("successful")
            .then(|| (tests, 0, skipped().unwrap_or(0)));
    }
    let (before, _) = line.split_once(" tests failed")?;
    let (failed, tests) = before.rsplit(' ').next()?.split_once('/')?;
    Some((tests.parse().ok()?, failed.parse().ok()?, skipped().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_ends_early_is_no_pass() {
        assert_eq!(read_connectivity(""), Err(ConnectivityError::NoSummary));
        assert_eq!(
            read_connectivity("[=] Test [no-policies] [1/72]\n....."),
            Err(ConnectivityError::NoSummary)
        );
        let cut = "❌ 2/72 tests failed (5/598 actions), 40 tests skipped, 0 scenarios skipped:\nTest [client-egress]:\n";
        assert_eq!(
            read_connectivity(cut),
            Err(ConnectivityError::Unnamed { failed: 2, named: 1 })
        );
    }

    #[test]
    fn failed_tests_are_findings() {
        let report = "❌ 2/72 tests failed (5/598 actions), 40 tests skipped, 0 scenarios skipped:\nTest [a]:\n  ❌ a/x\nTest [b]:\n  ❌ b/x\n";
        let found = read_connectivity(report).unwrap();
        assert_eq!((found.tests, found.skipped), (72, 40));
        let ids: Vec<_> = found.findings().into_iter().map(|finding| finding.id).collect();
        assert_eq!(ids, ["a", "b"]);
    }
}
