//! Evidence from a preflight scan of the new cluster, beside what other tools found.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fleet_preflight::{Baseline, Report, Scanner, Severity};
use kube::Client;
use tokio::time::Instant;

use crate::steps::{Evidence, StepFailure};
use crate::verify::Finding;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Clients = dyn Fn(String) -> Pin<Box<dyn Future<Output = Result<Client, BoxError>> + Send>> + Send + Sync;

/// An [`Evidence`] whose preflight part is a scan of the live cluster with [`fleet_preflight`]; kube-bench, the connectivity test and
/// commands are left to another one.
///
/// Findings of severity error keep the cluster from taking workloads, unless the [`baseline`](Self::baseline) knows them, and so does
/// everything that could not be read. Warnings do not. A cluster that cannot be reached is asked again, as its step's
/// spec says. An answer is remembered for a while, because a step that waits is asked at every look.
///
/// ```no_run
/// use fleet_onboard::ScannedEvidence;
/// use fleet_onboard::steps::Evidence;
/// use fleet_preflight::Scanner;
///
/// # fn scanned(tools: impl Evidence) -> Result<impl Evidence, Box<dyn std::error::Error>> {
/// let evidence = ScannedEvidence::new(tools, Scanner::new("1.34".parse()?), |cluster| async move {
///     // Or from the Secret that Cluster API keeps: `fleet_capi::workload::ClusterClients`.
///     let options = kube::config::KubeConfigOptions { context: Some(cluster), ..Default::default() };
///     Ok(kube::Client::try_from(kube::Config::from_kubeconfig(&options).await?)?)
/// });
/// # Ok(evidence)
/// # }
/// ```
pub struct ScannedEvidence<E> {
    tools: E,
    scanner: Scanner,
    clients: Box<Clients>,
    baseline: Option<Baseline>,
    fresh_for: Duration,
    /// The newest answer, and what it is about.
    answer: Mutex<Option<(String, Instant, Vec<Finding>)>>,
}

impl<E: fmt::Debug> fmt::Debug for ScannedEvidence<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScannedEvidence")
            .field("tools", &self.tools)
            .field("fresh_for", &self.fresh_for)
            .finish_non_exhaustive()
    }
}

impl<E> ScannedEvidence<E> {
    /// Scans as the scanner says (its target is the version that the cluster must be fit for: its own, or the next one), through the
    /// clients that this gives.
    pub fn new<F>(tools: E, scanner: Scanner, clients: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Client, BoxError>> + Send + 'static,
    {
        Self {
            tools,
            scanner,
            clients: Box::new(move |cluster| Box::pin(clients(cluster))),
            baseline: None,
            fresh_for: Duration::from_mins(10),
            answer: Mutex::new(None),
        }
    }

    /// Findings that are known, and keep no cluster from its workloads.
    pub fn baseline(mut self, baseline: Baseline) -> Self {
        self.baseline = Some(baseline);
        self
    }

    /// How long an answer holds. Default: 10 minutes.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh_for = time;
        self
    }

    fn known(&self, cluster: &str) -> Option<Vec<Finding>> {
        let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner);
        let (about, at, findings) = answer.as_ref()?;
        (about == cluster && at.elapsed() < self.fresh_for).then(|| findings.clone())
    }
}

#[async_trait]
impl<E: Evidence> Evidence for ScannedEvidence<E> {
    async fn preflight(&self, cluster: &str) -> Result<Option<Vec<Finding>>, StepFailure> {
        if let Some(findings) = self.known(cluster) {
            return Ok(Some(findings));
        }
        let client = (self.clients)(cluster.to_owned()).await;
        let client =
            client.map_err(|error| StepFailure::may_pass(format!("{cluster} cannot be scanned: {error}")))?;
        let mut report = self.scanner.scan_cluster(client, cluster).await;
        if let Some(baseline) = &self.baseline {
            report.apply(baseline);
        }
        let findings = blocking(&report);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((cluster.to_owned(), Instant::now(), findings.clone()));
        Ok(Some(findings))
    }

    async fn kube_bench(&self, cluster: &str) -> Result<Option<String>, StepFailure> {
        self.tools.kube_bench(cluster).await
    }

    async fn connectivity(&self, cluster: &str) -> Result<Option<String>, StepFailure> {
        self.tools.connectivity(cluster).await
    }

    async fn carry_out(&self, command: &fleet_mesh::Command) -> Result<(), StepFailure> {
        self.tools.carry_out(command).await
    }
}

/// What keeps a cluster from its workloads: what breaks, and what nobody could look at.
fn blocking(report: &Report) -> Vec<Finding> {
    let blocks = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error || finding.rule.incomplete);
    blocks
        .map(|finding| {
            let object = finding.object.to_string();
            let about = match object.trim() {
                "" => finding.place.to_string(),
                object => object.to_owned(),
            };
            Finding::preflight(
                finding.rule.id,
                format!("{about}: {}; {}", finding.message, finding.rule.fix),
            )
        })
        .collect()
}
