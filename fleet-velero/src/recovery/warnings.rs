//! What one should know beside the steps.

use std::collections::BTreeSet;

use super::action::{Action, Owner};
use super::build::Builder;
use super::commands::listed;
use crate::disaster::Losses;
use crate::inventory::{ClusterState, NamespaceState, region_of};
use crate::protection::{Candidates, Exposure, InScope};
use crate::text;

/// What of a namespace's backups a loss leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    /// As new as before.
    All,
    /// Older ones.
    Older,
    /// None for some of it.
    Nothing,
}

impl<'a> Builder<'a> {
    /// What the loss of locations means for each namespace: others may hold it, too.
    pub(super) fn warn_of_backups(&mut self, cluster: &'a ClusterState, gone: &BTreeSet<&str>) {
        let now = self.options.now;
        let lost = cluster.backups.iter().filter(|point| {
            let location = point.location.as_deref().unwrap_or(cluster.default_location());
            gone.contains(location) && !point.is_ahead_of(now)
        });
        let count = lost.count();
        if count == 0 {
            return;
        }
        let nothing_lost = Losses::default();
        let before = Candidates::left(cluster, &nothing_lost, now);
        let losses = self.losses.clone();
        let after = Candidates::left(cluster, &losses, now);
        self.note_ahead(cluster, after.ahead);
        let (mut unprotected, mut older) = (Vec::new(), Vec::new());
        for namespace in &cluster.namespaces {
            match left(namespace, &before.holding(namespace), &after.holding(namespace)) {
                Left::All => {}
                Left::Older => older.push(namespace.name.as_str()),
                Left::Nothing => unprotected.push(namespace.name.as_str()),
            }
        }
        let mut told = vec![format!("{}: {count} backups are gone", cluster.name)];
        if !unprotected.is_empty() {
            told.push(format!(
                "no other holds all of {}, and until the first new one a second loss is final",
                listed(&unprotected)
            ));
        }
        if !older.is_empty() {
            told.push(format!("those that are left of {} are older", listed(&older)));
        }
        if told.len() == 1 {
            told.push("those that are left are as new for every namespace".to_owned());
        }
        self.warnings.push(told.join("; "));
    }

    /// A cluster has backups that are not there yet at the time of the plan.
    pub(super) fn note_ahead(&mut self, cluster: &'a ClusterState, count: usize) {
        if count > 0 {
            self.ahead.push((cluster.name.as_str(), count));
        }
    }

    pub(super) fn warn_of_clocks(&mut self) {
        let (names, counts): (Vec<&str>, Vec<usize>) = self.ahead.iter().copied().unzip();
        if !names.is_empty() {
            self.warnings.push(format!(
                "{} backups of {} are from after {}: at that time they were not taken yet, or a clock is wrong; none of them is used",
                counts.iter().sum::<usize>(),
                listed(&names),
                text::time(self.options.now)
            ));
        }
    }

    /// What is lost, and what is needed and in no backup.
    pub(super) fn warn_of_losses(&mut self) {
        let (mut volumes, mut bytes, mut objects, mut empty) = (0_u32, 0_u64, 0_u32, 0_u32);
        for part in self.namespaces.iter().flat_map(|namespace| &namespace.parts) {
            if part.lost != Exposure::Everything {
                continue;
            }
            if part.part.starts_with("persistentvolumeclaims/") {
                volumes += 1;
                bytes += part.bytes;
                empty += u32::from(part.owner == Owner::Git);
            } else {
                objects += 1;
            }
        }
        if volumes > 0 {
            let size = text::bytes(bytes);
            self.warnings.push(format!(
                "the data of {volumes} volumes ({size}) is in no backup that is left: it is lost"
            ));
        }
        if empty > 0 {
            self.warnings.push(format!(
                "{empty} of the lost volumes are made by Git: they come back empty, and look healthy"
            ));
        }
        if objects > 0 {
            self.warnings.push(format!(
                "{objects} objects are neither in Git nor in a backup that is left: they are lost"
            ));
        }
        let regionless = self.fleet.clusters.iter().flat_map(|cluster| &cluster.locations);
        let regionless = regionless
            .filter(|location| region_of(location).is_none())
            .count();
        if regionless > 0 && !self.losses.regions.is_empty() {
            self.warnings.push(format!(
                "{regionless} storage locations do not say in which region they are, and count as lost: set spec.config.region"
            ));
        }
        if self
            .steps
            .iter()
            .any(|step| matches!(step.action, Action::InstallVelero { .. }))
        {
            self.warnings.push(
                "Velero's credentials and the Secret velero-repo-credentials are in no backup: have them at hand, without the second no \
                 volume data can be read"
                    .to_owned(),
            );
        }
    }
}

fn left(namespace: &NamespaceState, before: &InScope<'_, '_>, after: &InScope<'_, '_>) -> Left {
    let objects = namespace
        .objects
        .iter()
        .filter(|object| object.application.is_none() && !object.synced)
        .map(|object| (before.object(object), after.object(object)));
    let volumes = namespace
        .volumes
        .iter()
        .filter(|volume| !volume.disposable)
        .map(|volume| (before.volume(volume), after.volume(volume)));
    objects
        .chain(volumes)
        .map(|(before, after)| match (before.newest, after.newest) {
            (Some(_), None) => Left::Nothing,
            (Some(before), Some(after)) if after.point.started < before.point.started => Left::Older,
            _ => Left::All,
        })
        .max()
        .unwrap_or(Left::All)
}
