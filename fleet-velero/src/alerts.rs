//! Alert rules for Prometheus: missed, failed and stale backups, and locations that cannot be reached.
//!
//! Velero's metrics have traps: `velero_backup_last_status` is 1 for a schedule that never ran,
//! `velero_backup_last_successful_timestamp` counts backups that were synced from other clusters and outlives its schedule. So the
//! rules go by age, and each age by what its schedule promises.

use fleet_core::cron::CronError;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::inventory::ClusterState;
use crate::schedules::{TICK, Timing};
use crate::text;

/// The alert rules of one cluster, as a `PrometheusRule` (monitoring.coreos.com/v1).
///
/// A schedule that is not read, or never matches, gets no rule: the linter says so.
///
/// ```
/// use fleet_velero::inventory::{ClusterState, Server};
/// use fleet_velero::{Schedule, ScheduleSpec, alerts};
///
/// let mut cluster = ClusterState::new("production".parse()?);
/// cluster.server = Some(Server::default());
/// cluster.schedules.push(Schedule::new("hourly", ScheduleSpec { schedule: "0 * * * *".into(), ..Default::default() }));
/// let rule = alerts::prometheus_rule(&cluster, "2026-06-11T09:20:00Z".parse()?);
/// let stale = &rule["spec"]["groups"][0]["rules"][0];
/// assert_eq!(stale["alert"], "VeleroBackupStale");
/// // Twice the gap, and the minute the server takes to look.
/// assert!(stale["expr"].as_str().unwrap().ends_with("> 7260"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn prometheus_rule(cluster: &ClusterState, now: Timestamp) -> Value {
    let mut rules = Vec::new();
    for schedule in &cluster.schedules {
        let name = schedule.metadata.name.as_deref().unwrap_or_default();
        if let Ok(Some(gap)) = longest_gap(cluster, schedule, now)
            && Timing::is_active(schedule)
        {
            // One failed run is a warning of its own; two in a row are an incident.
            let limit = gap.saturating_mul(2).saturating_add(TICK);
            rules.push(json!({
                "alert": "VeleroBackupStale",
                "expr": format!("time() - velero_backup_last_successful_timestamp{{schedule=\"{name}\"}} > {}", limit.as_secs()),
                "for": "5m",
                "labels": {"severity": "critical", "schedule": name},
                "annotations": {
                    "summary": format!("{name}: no completed backup for more than {}", text::duration(limit)),
                },
            }));
            rules.push(json!({
                "alert": "VeleroBackupMissing",
                "expr": format!("absent(velero_backup_last_successful_timestamp{{schedule=\"{name}\"}})"),
                "for": format!("{}s", limit.as_secs()),
                "labels": {"severity": "critical", "schedule": name},
                "annotations": {"summary": format!("{name}: no backup was ever completed")},
            }));
            rules.push(json!({
                "alert": "VeleroBackupFailed",
                "expr": format!(
                    "increase(velero_backup_failure_total{{schedule=\"{name}\"}}[1h]) + \
                     increase(velero_backup_partial_failure_total{{schedule=\"{name}\"}}[1h]) + \
                     increase(velero_backup_validation_failure_total{{schedule=\"{name}\"}}[1h]) > 0"
                ),
                "labels": {"severity": "warning", "schedule": name},
                "annotations": {"summary": format!("{name}: a backup failed, in part or wholly")},
            }));
        }
    }
    for location in &cluster.locations {
        let name = location.metadata.name.as_deref().unwrap_or_default();
        rules.push(json!({
            "alert": "VeleroLocationUnavailable",
            "expr": format!("velero_backup_location_status_gauge{{backup_location_name=\"{name}\"}} == 0"),
            "for": "10m",
            "labels": {"severity": "critical", "location": name},
            "annotations": {"summary": format!("{name} cannot be reached: backups to it are refused")},
        }));
    }
    json!({
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "velero", "namespace": "velero"},
        "spec": {"groups": [{"name": "velero", "rules": rules}]},
    })
}

fn longest_gap(
    cluster: &ClusterState,
    schedule: &crate::Schedule,
    now: Timestamp,
) -> Result<Option<SignedDuration>, CronError> {
    let default = crate::inventory::Server::default();
    let server = cluster.server.as_ref().unwrap_or(&default);
    let gap = Timing::of(schedule, server)?.worst_gap(now);
    Ok(gap.map(|gap| gap.length()))
}
