//! Where a cluster's backups go from now on: a new location for each that its schedules wrote to.

use std::collections::BTreeMap;

use super::action::Action;
use super::build::{Builder, MINUTE};
use super::fact::{ClusterIndex, Fact, LocationIndex};
use super::restores::location_ref;
use super::{LocationRef, OwnLocation};
use crate::AccessMode;
use crate::inventory::{ClusterState, region_of};
use crate::protection::Estimate;

/// The locations that a cluster's schedules write to, each with those schedules.
pub(super) fn writers(cluster: &ClusterState) -> BTreeMap<&str, Vec<String>> {
    let mut writers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for schedule in &cluster.schedules {
        let named = schedule.spec.template.storage_location.as_deref();
        let schedules = writers.entry(named.unwrap_or(cluster.default_location()));
        schedules.or_default().extend(schedule.metadata.name.clone());
    }
    writers
}

impl Builder<'_> {
    /// A location in place of the one of this name; what is in that one stays untouched.
    pub(super) fn replace_location(
        &mut self,
        cluster: &ClusterState,
        target: ClusterIndex,
        old: &str,
        needs: Fact,
    ) -> LocationIndex {
        // A bucket's name has 63 characters at most.
        const LONGEST_STEM: usize = 54;
        let date = self.options.now.strftime("%Y%m%d").to_string();
        let dated = |stem: &str| {
            let cut: String = stem.chars().take(LONGEST_STEM).collect();
            format!("{}-{date}", cut.trim_end_matches(['-', '.']))
        };
        let own = self.clusters[target.0 as usize].region.clone();
        let state = cluster.location(old);
        let mut location = state.map_or_else(
            || LocationRef {
                name: old.to_owned(),
                provider: "aws".to_owned(),
                bucket: format!("velero-{}", cluster.name),
                prefix: String::new(),
                region: own.clone(),
            },
            location_ref,
        );
        location.name = dated(old);
        let is_left = state.is_some_and(|state| {
            self.losses.spares_location(state) && state.spec.access_mode != Some(AccessMode::ReadOnly)
        });
        let was = state.and_then(region_of);
        let is_copy = was.is_some() && cluster.region.is_some() && was != cluster.region.as_deref();
        let fallback = if is_left {
            location.region.clone()
        } else {
            own.clone()
        };
        let region = if is_copy {
            let elsewhere = self.region_of_copy(cluster, was, own.as_deref());
            if elsewhere.is_none() {
                self.warnings.push(format!(
                    "{}: location {old} was in another region than the cluster, and no other region is known for {}: it is in {}, with the \
                     cluster, and one loss takes both; name a bucket in another region",
                    cluster.name,
                    location.name,
                    fallback.as_deref().unwrap_or("no region that is known"),
                ));
            }
            elsewhere.or(fallback)
        } else {
            fallback
        };
        let is_shared = !self.whole_buckets.contains(location.bucket.as_str());
        let is_new_bucket = !is_left || !is_shared || region != location.region;
        if is_new_bucket {
            location.bucket = dated(&location.bucket);
            location.region = region;
        }
        // Beside the old prefix, not in it: Velero refuses a location with directories that are not its own.
        location.prefix = format!("{}-{}", cluster.name, location.name);
        let index = LocationIndex(u32::try_from(self.locations.len()).unwrap_or(u32::MAX));
        self.locations.push(OwnLocation {
            cluster: target,
            replaces: old.to_owned(),
            is_default: old == cluster.default_location(),
            is_new_bucket,
            location,
        });
        self.push(
            Action::ReplaceLocation {
                cluster: target,
                location: index,
            },
            &[needs, Fact::Declared],
            &[Fact::LocationWritable(index)],
            &[],
            MINUTE,
        );
        index
    }

    /// Schedules that write to a new location, and a first backup in it.
    pub(super) fn protect(
        &mut self,
        cluster: ClusterIndex,
        location: LocationIndex,
        schedules: Vec<String>,
        needs: &[Fact],
    ) -> Fact {
        let protected = Fact::Protected(location);
        let mut all = vec![Fact::LocationWritable(location)];
        all.extend_from_slice(needs);
        let protect = Action::Protect {
            cluster,
            location,
            schedules,
        };
        self.push(protect, &all, &[protected], &[], Estimate::minutes(5, 30));
        protected
    }

    /// A region that a loss of the cluster's own spares: where the copy was, else where most of the rest of the fleet is.
    fn region_of_copy(&self, cluster: &ClusterState, was: Option<&str>, own: Option<&str>) -> Option<String> {
        let residency = cluster.data_residency.as_deref();
        let was = was.filter(|region| Some(*region) != own && self.is_left(region, residency));
        was.map(str::to_owned)
            .or_else(|| self.other_region(residency, own))
    }
}
