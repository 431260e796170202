//! Clusters that write to one bucket and prefix.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Rule};
use crate::AccessMode;
use crate::inventory::{ClusterState, FleetState, bucket_of};

type Writers<'a> = BTreeMap<(&'a str, &'a str, &'a str), Vec<(&'a ClusterState, &'a str)>>;

pub(super) fn lint(fleet: &FleetState, findings: &mut Vec<Finding>) {
    let mut writers: Writers<'_> = BTreeMap::new();
    for cluster in &fleet.clusters {
        for location in &cluster.locations {
            if location.spec.access_mode != Some(AccessMode::ReadOnly) {
                let (bucket, prefix) = bucket_of(location);
                let name = location.metadata.name.as_deref().unwrap_or_default();
                let key = (location.spec.provider.as_str(), bucket, prefix);
                writers.entry(key).or_default().push((cluster, name));
            }
        }
    }
    for ((_, bucket, prefix), users) in writers {
        let clusters: BTreeSet<&str> = users.iter().map(|(cluster, _)| cluster.name.as_str()).collect();
        if clusters.len() < 2 {
            continue;
        }
        let mut schedules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (cluster, location) in &users {
            for schedule in &cluster.schedules {
                let target = schedule.spec.template.storage_location.as_deref();
                if target.unwrap_or(cluster.default_location()) == *location {
                    schedules
                        .entry(super::name_of(schedule))
                        .or_default()
                        .insert(cluster.name.as_str());
                }
            }
        }
        let place = if prefix.is_empty() {
            bucket.to_owned()
        } else {
            format!("{bucket}/{prefix}")
        };
        let twice: Vec<&str> = schedules
            .iter()
            .filter(|(_, users)| users.len() > 1)
            .map(|(name, _)| *name)
            .collect();
        // One finding for all of them: in a large fleet each would say the same.
        let named: Vec<&str> = clusters.iter().copied().take(5).collect();
        let more = clusters.len().saturating_sub(named.len());
        let named = match more {
            0 => named.join(", "),
            more => format!("{} and {more} more", named.join(", ")),
        };
        let (first, location) = users[0];
        let mut tell = |rule, reason| {
            findings.push(Finding {
                rule,
                cluster: first.name.to_string(),
                kind: "BackupStorageLocation",
                name: location.to_owned(),
                path: Some("spec.objectStorage".to_owned()),
                reason,
                fix: "give each cluster a prefix of its own".to_owned(),
            });
        };
        tell(
            Rule::SharedBucket,
            format!(
                "{place} is written to by {named}: each takes the others' backups for its own and deletes them when they expire"
            ),
        );
        if !twice.is_empty() {
            let same = twice.join(", ");
            tell(
                Rule::CollidingNames,
                format!(
                    "{named} write to {place} and have schedules of the same name ({same}): a second backup of one name fails"
                ),
            );
        }
    }
}
