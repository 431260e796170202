//! What comes last: verified, reached, backed up again, clean.

use std::collections::BTreeSet;

use super::LocationRef;
use super::action::{Access, Action};
use super::build::{Builder, MINUTE, MINUTES};
use super::fact::{ClusterIndex, Fact};
use super::restores::location_ref;
use crate::inventory::{ClusterState, bucket_of};
use crate::protection::Estimate;
use crate::{AccessMode, BackupStorageLocation};

impl Builder<'_> {
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
        let schedules = self.own_location(cluster, target, Fact::VeleroReady(target));
        let needs = [Fact::LocationWritable(target), verified];
        let protect = Action::Protect {
            cluster: target,
            schedules,
        };
        self.push(
            protect,
            &needs,
            &[Fact::Protected(target)],
            &[],
            Estimate::minutes(5, 30),
        );
        self.clean_up(target, &[moved, Fact::Protected(target)]);
    }

    /// A location that the cluster may write to: what the one before it left stays untouched.
    pub(super) fn own_location(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        needs: Fact,
    ) -> Vec<String> {
        let region = self.clusters[target.0 as usize].region.clone();
        let default = cluster.default_location();
        let spared = cluster.locations.iter().find(|location| {
            self.losses.spares_location(location) && location.spec.access_mode != Some(AccessMode::ReadOnly)
        });
        let template = spared.or_else(|| cluster.location(default));
        let mut location = template.map_or_else(
            || LocationRef {
                name: default.to_owned(),
                provider: "aws".to_owned(),
                bucket: format!("velero-{}", cluster.name),
                prefix: String::new(),
                region: region.clone(),
            },
            location_ref,
        );
        if spared.is_none() {
            location.bucket = format!("{}-{}", location.bucket, self.options.now.strftime("%Y%m%d"));
            location.region = region;
        }
        location.name = format!("{}-new", default.chars().take(50).collect::<String>());
        location.prefix = format!("{}-{}", cluster.name, self.options.now.strftime("%Y%m%d"));
        let add = Action::AddLocation {
            cluster: target,
            location,
            access: Access::ReadWrite,
            backups: Vec::new(),
        };
        self.push(
            add,
            &[needs, Fact::Declared],
            &[Fact::LocationWritable(target)],
            &[],
            MINUTE,
        );
        let names = cluster
            .schedules
            .iter()
            .filter_map(|schedule| schedule.metadata.name.clone());
        names.collect()
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

    /// A cluster that runs on, and whose backups went to a location that is gone.
    pub(super) fn protect_again(&mut self, cluster: &ClusterState) {
        if self.losses.buckets.is_empty() {
            return;
        }
        let gone = |location: &BackupStorageLocation| self.losses.buckets.contains(bucket_of(location).0);
        let names: BTreeSet<&str> = cluster
            .locations
            .iter()
            .filter(|location| gone(location))
            .filter_map(|location| location.metadata.name.as_deref())
            .collect();
        let affected: Vec<String> = cluster
            .schedules
            .iter()
            .filter(|schedule| {
                let target = schedule.spec.template.storage_location.as_deref();
                names.contains(target.unwrap_or(cluster.default_location()))
            })
            .filter_map(|schedule| schedule.metadata.name.clone())
            .collect();
        if affected.is_empty() {
            return;
        }
        let lost = cluster
            .backups
            .iter()
            .filter(|point| names.contains(point.location.as_deref().unwrap_or(cluster.default_location())));
        let count = lost.count();
        self.warnings.push(format!(
            "{}: {count} backups are gone; nothing of its namespaces can be restored from before the first new backup, and until then a second \
             loss is final",
            cluster.name
        ));
        let target = self.target(cluster, false);
        let ready = Fact::VeleroReady(target);
        self.initial.extend([ready, Fact::ClusterReady(target)]);
        self.own_location(cluster, target, ready);
        let protect = Action::Protect {
            cluster: target,
            schedules: affected,
        };
        self.push(
            protect,
            &[Fact::LocationWritable(target)],
            &[Fact::Protected(target)],
            &[],
            Estimate::minutes(5, 30),
        );
    }
}
