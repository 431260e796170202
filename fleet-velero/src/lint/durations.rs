//! Durations that Go cannot read.

use super::{Finding, Linter, Rule};
use crate::{Backup, BackupRepository, BackupSpec, BackupStorageLocation, GoDuration, Restore, Schedule};

/// The durations of an object, with their paths.
pub(crate) trait Durations {
    /// Each that is there.
    fn durations(&self) -> Vec<(String, &GoDuration)>;
}

fn named<'a>(prefix: &str, fields: &[(&str, Option<&'a GoDuration>)]) -> Vec<(String, &'a GoDuration)> {
    let there = fields.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    there
        .map(|(name, value)| (format!("{prefix}.{name}"), value))
        .collect()
}

impl BackupSpec {
    fn durations_at(&self, prefix: &str) -> Vec<(String, &GoDuration)> {
        let mut found = named(
            prefix,
            &[
                ("ttl", self.ttl.as_ref()),
                ("csiSnapshotTimeout", self.csi_snapshot_timeout.as_ref()),
                ("itemOperationTimeout", self.item_operation_timeout.as_ref()),
            ],
        );
        let hooks = self
            .hooks
            .iter()
            .flat_map(|hooks| hooks.resources.iter().flatten());
        for (at, hook) in hooks.enumerate() {
            for (list, hooks) in [("pre", &hook.pre), ("post", &hook.post)] {
                for (place, hook) in hooks.iter().flatten().enumerate() {
                    let prefix = format!("{prefix}.hooks.resources[{at}].{list}[{place}].exec");
                    found.extend(named(&prefix, &[("timeout", hook.exec.timeout.as_ref())]));
                }
            }
        }
        found
    }
}

impl Durations for Schedule {
    fn durations(&self) -> Vec<(String, &GoDuration)> {
        self.spec.template.durations_at("spec.template")
    }
}

impl Durations for Backup {
    fn durations(&self) -> Vec<(String, &GoDuration)> {
        self.spec.durations_at("spec")
    }
}

impl Durations for Restore {
    fn durations(&self) -> Vec<(String, &GoDuration)> {
        let timeout = self.spec.item_operation_timeout.as_ref();
        let mut found = named("spec", &[("itemOperationTimeout", timeout)]);
        let hooks = self
            .spec
            .hooks
            .iter()
            .flat_map(|hooks| hooks.resources.iter().flatten());
        for (at, hook) in hooks.enumerate() {
            for (place, hook) in hook.post_hooks.iter().flatten().enumerate() {
                let prefix = format!("spec.hooks.resources[{at}].postHooks[{place}]");
                if let Some(exec) = &hook.exec {
                    let prefix = format!("{prefix}.exec");
                    let timeouts = [
                        ("execTimeout", exec.exec_timeout.as_ref()),
                        ("waitTimeout", exec.wait_timeout.as_ref()),
                    ];
                    found.extend(named(&prefix, &timeouts));
                }
                if let Some(init) = &hook.init {
                    found.extend(named(
                        &format!("{prefix}.init"),
                        &[("timeout", init.timeout.as_ref())],
                    ));
                }
            }
        }
        found
    }
}

impl Durations for BackupStorageLocation {
    fn durations(&self) -> Vec<(String, &GoDuration)> {
        named(
            "spec",
            &[
                ("backupSyncPeriod", self.spec.backup_sync_period.as_ref()),
                ("validationFrequency", self.spec.validation_frequency.as_ref()),
            ],
        )
    }
}

impl Durations for BackupRepository {
    fn durations(&self) -> Vec<(String, &GoDuration)> {
        named(
            "spec",
            &[("maintenanceFrequency", Some(&self.spec.maintenance_frequency))],
        )
    }
}

/// The durations of one object that would stop the server, before it is applied.
pub(super) fn unreadable(
    cluster: &str,
    kind: &'static str,
    name: &str,
    object: &impl Durations,
) -> Vec<Finding> {
    let refused = object.durations().into_iter().filter_map(|(path, duration)| {
        let error = duration.parse().err()?;
        Some(Finding {
            rule: Rule::UnreadableDuration,
            cluster: cluster.to_owned(),
            kind,
            name: name.to_owned(),
            path: Some(path),
            reason: format!(
                "{error}: the API server takes it, and Velero can then list no {kind} any more and does not start again"
            ),
            fix: match in_hours(duration.as_str()) {
                Some(hours) => format!("write it in hours: {hours}h"),
                None => "write it as Go does, in h, m and s: 720h".to_owned(),
            },
        })
    });
    refused.collect()
}

/// Days and weeks in hours.
fn in_hours(text: &str) -> Option<u64> {
    let days = |text: &str| text.trim().parse::<u64>().ok();
    match text.strip_suffix('d') {
        Some(number) => days(number)?.checked_mul(24),
        None => days(text.strip_suffix('w')?)?.checked_mul(24 * 7),
    }
}

impl Linter<'_> {
    pub(super) fn durations_of_schedule(&mut self, schedule: &Schedule) {
        let cluster = self.cluster.name.to_string();
        let found = unreadable(&cluster, "Schedule", super::name_of(schedule), schedule);
        self.findings.extend(found);
    }
}
