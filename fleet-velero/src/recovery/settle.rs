//! What comes last: verified, reached, backed up again, clean.

use std::collections::BTreeSet;

use super::action::Action;
use super::build::{Builder, MINUTES};
use super::fact::{ClusterIndex, Fact};
use super::own_location::writers;
use crate::inventory::{ClusterState, bucket_of};

impl<'a> Builder<'a> {
    /// Verified, reached, backed up, clean.
    pub(super) fn settle(&mut self, cluster: &ClusterState, target: ClusterIndex, first: u32) {
        let model = &self.options.model;
        let mut done = self.done(target, first);
        if cluster.is_hub {
            done.push(Fact::Registered(target));
            let gives = [Fact::OperatorsRunning(target), Fact::HubReady];
            let ends = [Fact::OperatorsHeld(target)];
            self.push(
                Action::ResumeClusters { cluster: target },
                &done,
                &gives,
                &ends,
                MINUTES,
            );
        }
        done.push(Fact::OperatorsRunning(target));
        let verified = Fact::Verified(target);
        self.push(
            Action::Verify { cluster: target },
            &done,
            &[verified],
            &[],
            model.verify,
        );
        let moved = Fact::TrafficMoved(target);
        self.push(
            Action::MoveTraffic { cluster: target },
            &[verified],
            &[moved],
            &[],
            MINUTES,
        );
        let mut settled = vec![moved];
        let mut writers = writers(cluster);
        if writers.is_empty() {
            writers.insert(cluster.default_location(), Vec::new());
        }
        for (location, schedules) in writers {
            let own = self.replace_location(cluster, target, location, Fact::VeleroReady(target));
            settled.push(self.protect(target, own, schedules, &[verified]));
        }
        self.clean_up(target, &settled);
    }

    pub(super) fn clean_up(&mut self, target: ClusterIndex, needs: &[Fact]) {
        let restores = self.steps.iter().filter_map(|step| match &step.action {
            Action::Restore(restore) if restore.cluster == target => Some(restore.name.clone()),
            _ => None,
        });
        let restores = restores.collect();
        self.push(
            Action::CleanUp {
                cluster: target,
                restores,
            },
            needs,
            &[Fact::Clean(target)],
            &[],
            MINUTES,
        );
    }

    /// A cluster that runs on, and whose backups are in a location that is gone.
    pub(super) fn protect_again(&mut self, cluster: &'a ClusterState) {
        let gone: BTreeSet<&str> = cluster
            .locations
            .iter()
            .filter(|location| self.losses.buckets.contains(bucket_of(location).0))
            .filter_map(|location| location.metadata.name.as_deref())
            .collect();
        if gone.is_empty() {
            return;
        }
        self.warn_of_backups(cluster, &gone);
        let mut affected = writers(cluster);
        affected.retain(|location, _| gone.contains(location));
        if affected.is_empty() {
            return;
        }
        let target = self.target(cluster, false);
        let ready = Fact::VeleroReady(target);
        self.initial.extend([ready, Fact::ClusterReady(target)]);
        for (location, schedules) in affected {
            let own = self.replace_location(cluster, target, location, ready);
            self.protect(target, own, schedules, &[]);
        }
    }
}
