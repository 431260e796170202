//! What the operator tells Prometheus: OpenMetrics text.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::resource::RunPhase;
use crate::kernel::Counts;

/// The operator's metrics. Clones share them; [`Display`](fmt::Display) writes OpenMetrics text, to be served at `/metrics` with
/// the content type `application/openmetrics-text; version=1.0.0`.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    writes: AtomicU64,
    bytes: AtomicU64,
    reconciles: AtomicU64,
    errors: AtomicU64,
    shards: AtomicU64,
    runs: Mutex<BTreeMap<(String, String), (RunPhase, Counts)>>,
}

impl Metrics {
    /// How many times something was written to the API server to keep a run.
    pub fn writes(&self) -> u64 {
        self.shared.writes.load(Ordering::Relaxed)
    }

    /// How many bytes that were.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.shared.writes.fetch_add(1, Ordering::Relaxed);
        self.shared.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn reconciled(&self, ok: bool) {
        self.shared.reconciles.fetch_add(1, Ordering::Relaxed);
        if !ok {
            self.shared.errors.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn holds(&self, shards: usize) {
        self.shared.shards.store(shards as u64, Ordering::Relaxed);
    }

    pub(super) fn run(&self, namespace: &str, name: &str, phase: RunPhase, counts: Counts) {
        let key = (namespace.to_owned(), name.to_owned());
        let mut runs = self.shared.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.insert(key, (phase, counts));
    }

    pub(super) fn forget(&self, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        self.shared
            .runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&key);
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.shared;
        for (name, help, value) in [
            (
                "fleet_upgrade_writes",
                "Writes to the API server to keep runs",
                &shared.writes,
            ),
            (
                "fleet_upgrade_written_bytes",
                "Bytes of those writes",
                &shared.bytes,
            ),
            ("fleet_upgrade_reconciles", "Reconciliations", &shared.reconciles),
            (
                "fleet_upgrade_reconcile_errors",
                "Reconciliations that failed",
                &shared.errors,
            ),
        ] {
            writeln!(f, "# TYPE {name} counter\n# HELP {name} {help}.")?;
            writeln!(f, "{name}_total {}", value.load(Ordering::Relaxed))?;
        }
        writeln!(
            f,
            "# TYPE fleet_upgrade_shards gauge\n# HELP fleet_upgrade_shards Shards this replica leads."
        )?;
        writeln!(
            f,
            "fleet_upgrade_shards {}",
            shared.shards.load(Ordering::Relaxed)
        )?;
        let runs = shared.runs.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(
            f,
            "# TYPE fleet_upgrade_run info\n# HELP fleet_upgrade_run Where a run is."
        )?;
        for ((namespace, name), (phase, _)) in &*runs {
            let phase = phase.as_str();
            writeln!(
                f,
                "fleet_upgrade_run_info{{namespace=\"{namespace}\",name=\"{name}\",phase=\"{phase}\"}} 1"
            )?;
        }
        writeln!(
            f,
            "# TYPE fleet_upgrade_clusters gauge\n# HELP fleet_upgrade_clusters Clusters of a run by state."
        )?;
        for ((namespace, name), (_, counts)) in &*runs {
            for (state, count) in [
                ("pending", counts.pending),
                ("running", counts.running),
                ("upgraded", counts.upgraded),
                ("failed", counts.failed),
                ("held", counts.held),
                ("gone", counts.gone),
                ("skipped", counts.skipped),
            ] {
                writeln!(
                    f,
                    "fleet_upgrade_clusters{{namespace=\"{namespace}\",name=\"{name}\",state=\"{state}\"}} {count}"
                )?;
            }
        }
        writeln!(f, "# EOF")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_text_ends_as_it_must() {
        let metrics = Metrics::default();
        metrics.wrote(100);
        metrics.run("fleet", "to-1.31", RunPhase::Running, Counts::default());
        let text = metrics.to_string();
        assert!(text.contains("fleet_upgrade_writes_total 1\n"));
        assert!(
            text.contains(
                "fleet_upgrade_run_info{namespace=\"fleet\",name=\"to-1.31\",phase=\"Running\"} 1\n"
            )
        );
        assert!(text.ends_with("# EOF\n"));
        metrics.forget("fleet", "to-1.31");
        assert!(!metrics.to_string().contains("to-1.31"));
    }
}
