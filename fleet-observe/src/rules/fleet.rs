//! The alerts that every fleet needs.

use super::{PrometheusRule, Rule, RuleGroup};
use crate::promql::{PromDuration, PromqlError};
use crate::queries::{self, FleetQuery};

/// Alerts on the library's queries: nodes not ready, clusters that went silent, Applications out of sync, backups that are too old, storage
/// locations and remote clusters out of reach.
///
/// `backup_age` is how old the last good backup of a schedule may be: the recovery point objective, with room for the backup itself.
///
/// # Errors
/// None that depends on what is given.
pub fn fleet_rules(namespace: &str, backup_age: PromDuration) -> Result<PrometheusRule, PromqlError> {
    let library = queries::library()?;
    let find = |name: &str| library.iter().find(|query| query.name == name);
    let alert = |name: &str, query: &FleetQuery, holds: &str, severity: &str, summary: &str| {
        Ok(Rule::alert(name, &query.expr)
            .holds_for(holds.parse()?)
            .label("severity", severity)
            .annotation("summary", summary))
    };
    let table = [
        (
            "NodeNotReady",
            "nodes_not_ready",
            "10m",
            "page",
            "{{ $labels.cluster }}: node {{ $labels.node }} is not ready",
        ),
        (
            "ClusterSilent",
            "clusters_silent",
            "10m",
            "page",
            "{{ $labels.cluster }} reports no nodes any more",
        ),
        (
            "ApplicationsOutOfSync",
            "out_of_sync",
            "30m",
            "ticket",
            "{{ $labels.cluster }}: {{ $value }} Applications are out of sync",
        ),
        (
            "BackupLocationUnavailable",
            "location_unavailable",
            "15m",
            "ticket",
            "{{ $labels.cluster }}: {{ $labels.backup_location_name }} cannot be reached",
        ),
        (
            "RemoteClusterDown",
            "mesh_clusters_down",
            "10m",
            "page",
            "{{ $labels.source_cluster }} is not connected with {{ $labels.target_cluster }}",
        ),
    ];
    let mut rules = Vec::new();
    for (name, query, holds, severity, summary) in table {
        if let Some(query) = find(query) {
            let rule: Result<_, PromqlError> = alert(name, query, holds, severity, summary);
            rules.push(rule?);
        }
    }
    if let Some(age) = find("backup_age") {
        let old = age.expr.clone().above(backup_age.as_secs_f64());
        rules.push(
            Rule::alert("BackupTooOld", &old)
                .label("severity", "ticket")
                .annotation("summary", "{{ $labels.cluster }}: the last good backup of {{ $labels.schedule }} is {{ $value | humanizeDuration }} old"),
        );
    }
    Ok(PrometheusRule::new("fleet", namespace).group(RuleGroup::new("fleet", rules)))
}
