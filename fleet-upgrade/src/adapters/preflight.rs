//! Scans a cluster for what breaks at its next version.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fleet_core::{ClusterName, KubernetesVersion, MinorVersion};
use fleet_preflight::{Baseline, Finding, Report, Scanner, Severity, Verdict};
use kube::Client;
use tokio::time::Instant;

use super::clients::Clients;
use crate::kernel::PreflightVerdict;
use crate::ports::{BoxError, Preflight};

type Configure = dyn Fn(&ClusterName, Scanner) -> Scanner + Send + Sync;

/// A [`Preflight`] that scans each cluster with [`fleet_preflight`]: its objects by their writers, its Helm releases, nodes and
/// metrics.
///
/// Findings of severity error block, unless the [`baseline`](Self::baseline) knows them. What could not be read makes the verdict
/// incomplete. An answer is remembered for a while, because a cluster that waits is asked about at every look; the
/// report behind it is at hand in [`report`](Self::report).
///
/// The clients come from wherever the embedder has them; for clusters of Cluster API, from `fleet_capi::workload`:
///
/// ```no_run
/// use fleet_capi::workload::ClusterClients;
/// use fleet_upgrade::adapters::ClusterScan;
///
/// # fn scan(management: kube::Client) -> ClusterScan {
/// let clients = ClusterClients::new(management);
/// ClusterScan::new(move |cluster| {
///     let clients = clients.clone();
///     async move { Ok(clients.client("fleet", &cluster).await?) }
/// })
/// # }
/// ```
#[derive(Clone)]
pub struct ClusterScan {
    clients: Clients,
    configure: Arc<Configure>,
    baseline: Option<Arc<Baseline>>,
    fresh_for: Duration,
    answers: Arc<Mutex<BTreeMap<(ClusterName, MinorVersion), Answer>>>,
}

#[derive(Clone)]
struct Answer {
    report: Arc<Report>,
    at: Instant,
}

impl fmt::Debug for ClusterScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterScan")
            .field("fresh_for", &self.fresh_for)
            .finish_non_exhaustive()
    }
}

impl ClusterScan {
    /// Scans clusters through the clients that this gives.
    pub fn new<F>(clients: impl Fn(ClusterName) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Client, BoxError>> + Send + 'static,
    {
        Self {
            clients: Clients::new(clients),
            configure: Arc::new(|_, scanner| scanner),
            baseline: None,
            fresh_for: Duration::from_mins(10),
            answers: Arc::default(),
        }
    }

    /// Tells the scanner more: the versions of a cluster's platform components, the time, another table.
    pub fn configure(
        mut self,
        configure: impl Fn(&ClusterName, Scanner) -> Scanner + Send + Sync + 'static,
    ) -> Self {
        self.configure = Arc::new(configure);
        self
    }

    /// Findings that are known, and do not block.
    pub fn baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = Some(Arc::new(baseline));
        self
    }

    /// How long an answer holds. Default: 10 minutes.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh_for = time;
        self
    }

    /// The report behind the newest answer about a cluster and a version, however old: the evidence.
    pub fn report(&self, cluster: &ClusterName, to: MinorVersion) -> Option<Arc<Report>> {
        let answers = self.answers();
        answers
            .get(&(cluster.clone(), to))
            .map(|answer| answer.report.clone())
    }

    fn answers(&self) -> MutexGuard<'_, BTreeMap<(ClusterName, MinorVersion), Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Preflight for ClusterScan {
    async fn check(
        &self,
        cluster: &ClusterName,
        to: &KubernetesVersion,
    ) -> Result<PreflightVerdict, BoxError> {
        let key = (cluster.clone(), to.minor_version());
        let known = self.answers().get(&key).cloned();
        if let Some(answer) = known.filter(|answer| answer.at.elapsed() < self.fresh_for) {
            return Ok(verdict(&answer.report));
        }
        let client = self.clients.of(cluster).await?;
        let scanner = (self.configure)(cluster, Scanner::new(to.minor_version()));
        let mut report = scanner.scan_cluster(client, cluster.as_str()).await;
        if let Some(baseline) = &self.baseline {
            report.apply(baseline);
        }
        let answer = Answer {
            report: Arc::new(report),
            at: Instant::now(),
        };
        let verdict = verdict(&answer.report);
        self.answers().insert(key, answer);
        Ok(verdict)
    }
}

fn verdict(report: &Report) -> PreflightVerdict {
    let first = |found: &dyn Fn(&Finding) -> bool| {
        let finding = report.findings.iter().find(|finding| found(finding));
        finding.map_or_else(String::new, sentence)
    };
    let count = |severity| u32::try_from(report.count(severity)).unwrap_or(u32::MAX);
    match report.verdict() {
        Verdict::Removed => PreflightVerdict::Blocked {
            reason: first(&|finding| finding.severity == Severity::Error),
            findings: count(Severity::Error),
        },
        Verdict::Clean | Verdict::Deprecated => PreflightVerdict::Clear {
            warnings: count(Severity::Warning),
        },
        // Incomplete, and whatever may come: nothing that is not clear lets a cluster start.
        _ => PreflightVerdict::Incomplete {
            reason: first(&|finding| finding.rule.incomplete),
        },
    }
}

/// A finding in a sentence: which rule, about what.
fn sentence(finding: &Finding) -> String {
    let object = finding.object.to_string();
    let object = object.trim();
    let about = if object.is_empty() {
        String::new()
    } else {
        format!(" {object}:")
    };
    format!("{}:{about} {}", finding.rule.id, finding.message)
}
