//! Verification: what must hold before a cluster takes workloads.
//!
//! Three kinds of evidence: what breaks at the next Kubernetes version (a preflight scan), the CIS benchmark (kube-bench), and the network
//! (Cilium's connectivity test). Each is read into a [`Finding`] list; a cluster with findings that were not accepted takes no workloads.

mod connectivity;
mod kube_bench;

use serde::Serialize;

pub use connectivity::{Connectivity, ConnectivityError, read_connectivity};
pub use kube_bench::{Benchmark, BenchmarkError, Check, Outcome, benchmark_for, read_kube_bench};

/// Something that keeps a cluster from taking workloads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Where it was found: `preflight`, `kube-bench`, `connectivity`.
    pub source: &'static str,
    /// What identifies it there: a check's number, a test's name.
    pub id: String,
    /// What is wrong, and how to mend it.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.source, self.id, self.what)
    }
}

impl Finding {
    /// A finding of a preflight scan.
    pub fn preflight(id: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            source: "preflight",
            id: id.into(),
            what: what.into(),
        }
    }
}
