//! Schedules that Argo CD keeps: what it undoes, and what it prunes.

use super::{Linter, Rule};
use crate::Schedule;
use crate::inventory::Tracking;

const TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
const INSTANCE: &str = "app.kubernetes.io/instance";

impl Linter<'_> {
    pub(super) fn gitops(&mut self, schedule: &Schedule) {
        let has = |map: &Option<std::collections::BTreeMap<String, String>>, key: &str| {
            map.as_ref().is_some_and(|map| map.contains_key(key))
        };
        let by_annotation = has(&schedule.metadata.annotations, TRACKING_ID);
        let by_label = has(&schedule.metadata.labels, INSTANCE);
        let in_git = by_annotation || by_label && self.git.tracking == Tracking::Label;
        if !in_git {
            return;
        }
        match schedule.spec.skip_immediately {
            Some(true) => self.find_schedule(
                Rule::SkipImmediatelyInGit,
                schedule,
                "spec.skipImmediately",
                "the server sets it to false and counts a skip; self-heal sets it back, and each time a skip counts: no backup, ever",
                "write skipImmediately: false into Git",
            ),
            None => self.find_schedule(
                Rule::SpecDrift,
                schedule,
                "spec.skipImmediately",
                "the server writes skipImmediately: false into the spec: the application is OutOfSync for ever",
                "write skipImmediately: false into Git",
            ),
            Some(false) => {}
        }
        let own_labels = schedule
            .spec
            .template
            .metadata
            .as_ref()
            .is_some_and(|metadata| metadata.labels.is_some());
        if by_label && self.git.tracking == Tracking::Label && !own_labels {
            self.find_schedule(
                Rule::InheritedTracking,
                schedule,
                "metadata.labels",
                format!("its backups inherit the label {INSTANCE}, are not in Git, and are pruned with their data's only record"),
                "set template.metadata.labels, and exclude backups.velero.io in Argo CD's resource.exclusions",
            );
        }
    }
}
