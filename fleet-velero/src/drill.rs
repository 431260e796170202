//! Restore drills: the newest backup, restored into namespaces of its own, compared, measured, and taken away again.
//!
//! Never in place: a drill must not be able to harm what it is to save. What comes back starts nothing: workloads have no replicas,
//! and what would reach the outside is left out.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::disaster::Losses;
use crate::inventory::ClusterState;
use crate::protection::{Candidates, Estimate, Exposure, Measurements, RtoModel, Work};
use crate::text;
use crate::{Restore, RestorePhase, RestoreSpec};

/// A drill of some namespaces of a cluster.
///
/// ```
/// # use fleet_velero::drill::Drill;
/// # use fleet_velero::inventory::ClusterState;
/// # use fleet_velero::protection::RtoModel;
/// let cluster = ClusterState::new("production".parse()?);
/// let drill = Drill::of(&cluster, &["payments"], &RtoModel::default(), "2026-06-11T09:20:00Z".parse()?);
/// assert_eq!(drill.without_backup, ["payments"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Drill {
    /// When.
    pub at: Timestamp,
    /// The restores, one for each namespace.
    pub restores: Vec<DrillRestore>,
    /// Namespaces that no usable backup holds: a finding of its own.
    pub without_backup: Vec<String>,
}

/// The drill of one namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct DrillRestore {
    /// The namespace.
    pub namespace: String,
    /// Where it is restored to.
    pub target: String,
    /// The backup.
    pub backup: String,
    /// How old its data is: the RPO that is measured.
    pub recovery_point_age: SignedDuration,
    /// What is expected to take.
    pub expected: Estimate,
    /// How many of its objects and volumes are expected at least.
    pub expected_parts: u32,
}

/// The name of the `ConfigMap` with the changes that make restored objects harmless.
pub const MODIFIERS: &str = "fleet-drill-modifiers";

impl Drill {
    /// The drill of these namespaces at this time: each from the newest backup that holds it, volumes included.
    pub fn of(cluster: &ClusterState, namespaces: &[&str], model: &RtoModel, now: Timestamp) -> Self {
        let nothing_lost = Losses::default();
        let candidates = Candidates::left(cluster, &nothing_lost, now);
        let mut drill = Self {
            at: now,
            restores: Vec::new(),
            without_backup: Vec::new(),
        };
        for name in namespaces {
            let state = cluster
                .namespaces
                .iter()
                .find(|namespace| namespace.name == *name);
            let found = state.and_then(|namespace| {
                let in_scope = candidates.holding(namespace);
                let volumes = namespace.volumes.iter().filter(|volume| !volume.disposable);
                let volumes = volumes.map(|volume| in_scope.volume(volume).newest);
                let objects = namespace
                    .objects
                    .iter()
                    .map(|object| in_scope.object(object).newest);
                // The oldest of the newest: all of it must be there.
                let all: Option<Vec<_>> = volumes.chain(objects).collect();
                let oldest = all?.into_iter().min_by_key(|candidate| candidate.point.started)?;
                Some((namespace, oldest.point.name.clone(), oldest.point.started?))
            });
            let Some((namespace, backup, started)) = found else {
                drill.without_backup.push((*name).to_owned());
                continue;
            };
            let work = Work {
                objects: u64::from(namespace.object_count).max(1),
                volumes: namespace
                    .volumes
                    .iter()
                    .map(|volume| (volume.bytes, volume.files))
                    .collect(),
                snapshots: 0,
            };
            let parts = namespace.objects.len() + namespace.volumes.len();
            drill.restores.push(DrillRestore {
                namespace: (*name).to_owned(),
                target: format!("drill-{}", name.chars().take(57).collect::<String>()),
                backup,
                recovery_point_age: now.duration_since(started).max(SignedDuration::ZERO),
                expected: model.restore(&work),
                expected_parts: u32::try_from(parts).unwrap_or(u32::MAX),
            });
        }
        drill
    }

    /// The Restores, as they are applied; the `ConfigMap` of [`modifiers`](Self::modifiers) comes first.
    pub fn objects(&self, velero_namespace: &str) -> Vec<Restore> {
        let restores = self.restores.iter().map(|drill| {
            let excluded = [
                "applications.argoproj.io",
                "ingresses",
                "mutatingwebhookconfigurations",
                "validatingwebhookconfigurations",
            ];
            let spec = RestoreSpec {
                backup_name: Some(drill.backup.clone()),
                included_namespaces: Some(vec![drill.namespace.clone()]),
                namespace_mapping: Some(BTreeMap::from([(drill.namespace.clone(), drill.target.clone())])),
                excluded_resources: Some(excluded.map(str::to_owned).to_vec()),
                restore_pvs: Some(true),
                resource_modifier: serde_json::from_value(json!({"kind": "ConfigMap", "name": MODIFIERS}))
                    .ok(),
                ..RestoreSpec::default()
            };
            let mut restore = Restore::new(&self.restore_name(drill), spec);
            restore.metadata.namespace = Some(velero_namespace.to_owned());
            restore
        });
        restores.collect()
    }

    /// The changes that make restored objects harmless: no replicas, and no load balancer.
    pub fn modifiers(velero_namespace: &str) -> Value {
        let rules = "version: v1\n\
             resourceModifierRules:\n\
             - conditions: {groupResource: deployments.apps, resourceNameRegex: \".*\"}\n  \
               patches: [{operation: replace, path: /spec/replicas, value: \"0\"}]\n\
             - conditions: {groupResource: statefulsets.apps, resourceNameRegex: \".*\"}\n  \
               patches: [{operation: replace, path: /spec/replicas, value: \"0\"}]\n\
             - conditions: {groupResource: services, resourceNameRegex: \".*\"}\n  \
               patches: [{operation: replace, path: /spec/type, value: \"\\\"ClusterIP\\\"\"}]\n";
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": MODIFIERS, "namespace": velero_namespace},
            "data": {"modifiers.yaml": rules},
        })
    }

    /// What is taken away afterwards.
    pub fn clean_up(&self) -> Vec<String> {
        let namespaces = self
            .restores
            .iter()
            .map(|drill| format!("kubectl delete namespace {}", drill.target));
        let restores = self
            .restores
            .iter()
            .map(|drill| format!("velero restore delete {} --confirm", self.restore_name(drill)));
        namespaces.chain(restores).collect()
    }

    /// The name of one of the drill's Restores.
    pub fn restore_name(&self, drill: &DrillRestore) -> String {
        format!("{}-{}", drill.target, self.at.strftime("%Y%m%d%H%M%S"))
    }

    /// What came of it, from the Restores as they are now.
    pub fn report(&self, restores: &[Restore]) -> DrillReport {
        let mut measured = Measurements::default();
        let results = self.restores.iter().map(|drill| {
            let name = self.restore_name(drill);
            let restore = restores
                .iter()
                .find(|restore| restore.metadata.name.as_ref() == Some(&name));
            if let Some(restore) = restore {
                measured.restore(restore);
            }
            DrillResult::of(drill, restore)
        });
        let results = results.collect();
        DrillReport {
            at: self.at,
            results,
            measured,
            without_backup: self.without_backup.clone(),
        }
    }
}

/// What came of a drill: evidence to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct DrillReport {
    /// When the drill was.
    pub at: Timestamp,
    /// Namespace by namespace.
    pub results: Vec<DrillResult>,
    /// How fast it was, for [`RtoModel::calibrate`].
    pub measured: Measurements,
    /// Namespaces that no usable backup holds.
    pub without_backup: Vec<String>,
}

/// What came of the drill of one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillResult {
    /// The namespace.
    pub namespace: String,
    /// The backup.
    pub backup: String,
    /// The RPO that was measured.
    pub rpo: Exposure,
    /// How long the restore took; `None`: it is not over.
    pub took: Option<SignedDuration>,
    /// What was expected (95th percentile).
    pub expected: SignedDuration,
    /// Why it does not count as a success.
    pub complaints: Vec<String>,
}

impl DrillResult {
    fn of(drill: &DrillRestore, restore: Option<&Restore>) -> Self {
        let mut complaints = Vec::new();
        let status = restore
            .and_then(|restore| restore.status.clone())
            .unwrap_or_default();
        let took = status
            .start_timestamp
            .zip(status.completion_timestamp)
            .map(|(start, end)| end.0.duration_since(start.0));
        let restored = status
            .progress
            .and_then(|progress| progress.items_restored)
            .unwrap_or(0);
        match status.phase {
            None => complaints.push("the restore is not there, or was not begun".to_owned()),
            Some(RestorePhase::Completed) => {
                if i64::from(restored) < i64::from(drill.expected_parts) {
                    complaints.push(format!(
                        "{restored} objects came back, and {} are known",
                        drill.expected_parts
                    ));
                }
                let warnings = status.warnings.unwrap_or(0);
                if warnings > 0 {
                    complaints.push(format!("{warnings} warnings"));
                }
            }
            Some(phase) => complaints.push(format!(
                "the restore is {phase} with {} errors",
                status.errors.unwrap_or(0)
            )),
        }
        if let Some(took) = took.filter(|took| *took > drill.expected.p95) {
            complaints.push(format!(
                "it took {}, and {} was expected at most",
                text::duration(took),
                text::duration(drill.expected.p95)
            ));
        }
        Self {
            namespace: drill.namespace.clone(),
            backup: drill.backup.clone(),
            rpo: Exposure::Last(drill.recovery_point_age),
            took,
            expected: drill.expected.p95,
            complaints,
        }
    }
}

impl DrillReport {
    /// Whether everything came back, in time.
    pub fn is_success(&self) -> bool {
        self.without_backup.is_empty()
            && !self.results.is_empty()
            && self.results.iter().all(|result| result.complaints.is_empty())
    }
}

impl fmt::Display for DrillReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "drill of {}: {}",
            text::time(self.at),
            if self.is_success() { "passed" } else { "failed" }
        )?;
        for result in &self.results {
            let took = result.took.map_or_else(|| "not over".to_owned(), text::duration);
            write!(
                f,
                "  {} from {}: rpo {}, restored in {took} of {}",
                result.namespace,
                result.backup,
                result.rpo,
                text::duration(result.expected)
            )?;
            writeln!(
                f,
                "{}{}",
                if result.complaints.is_empty() { "" } else { ": " },
                result.complaints.join("; ")
            )?;
        }
        for name in &self.without_backup {
            writeln!(f, "  {name}: no usable backup holds all of it")?;
        }
        Ok(())
    }
}
