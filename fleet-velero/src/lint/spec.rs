//! Specs that the server refuses, and specs that match nothing.

use super::{Linter, Rule, name_of};
use crate::Schedule;
use crate::inventory::ClusterState;
use crate::schedules::{Coverage, CoverageError, Glob, Uncovered, has_old_filters};

impl Linter<'_> {
    pub(super) fn spec(&mut self, schedule: &Schedule) {
        for (path, reason, fix) in refusals(schedule, self.cluster) {
            self.find_schedule(Rule::Refused, schedule, &path, reason, fix);
        }
        self.unknown_fields(schedule);
        self.matches_nothing(schedule);
        self.volumes(schedule);
    }

    fn unknown_fields(&mut self, schedule: &Schedule) {
        let spec = &schedule.spec;
        let places = [("spec", &spec.extra), ("spec.template", &spec.template.extra)];
        for (place, extra) in places {
            for (field, _) in extra {
                self.find_schedule(
                    Rule::UnknownField,
                    schedule,
                    &format!("{place}.{field}"),
                    "Velero 1.18 has no such field, and does nothing about it",
                    "take it out, or correct its name",
                );
            }
        }
    }

    fn matches_nothing(&mut self, schedule: &Schedule) {
        let template = &schedule.spec.template;
        let resources = [
            ("includedResources", &template.included_resources),
            (
                "includedNamespaceScopedResources",
                &template.included_namespace_scoped_resources,
            ),
            ("excludedResources", &template.excluded_resources),
        ];
        for (field, list) in resources {
            for name in list.iter().flatten() {
                let in_group = name.contains(['.', '*', '/']);
                let used = self
                    .cluster
                    .namespaces
                    .iter()
                    .flat_map(|namespace| &namespace.objects);
                let seen = used.into_iter().any(|object| object.resource == *name);
                // What is not built in may be a custom resource; a near miss of what is built in is none.
                let meant = crate::schedules::nearest_known(name);
                if !in_group && !seen && !crate::schedules::is_known(name) {
                    let fix = match meant {
                        Some(meant) => format!("did you mean {meant}?"),
                        None => "write it with its group, as in deployments.apps".to_owned(),
                    };
                    self.find_schedule(
                        Rule::UnknownResource,
                        schedule,
                        &format!("spec.template.{field}"),
                        format!(
                            "no resource is named `{name}`: the backup completes as if it were not there"
                        ),
                        fix,
                    );
                }
            }
        }
        if self.cluster.namespaces.is_empty() {
            return;
        }
        for pattern in template
            .included_namespaces
            .iter()
            .flatten()
            .filter(|name| *name != "*")
        {
            let glob = Glob::lenient(pattern);
            if !self
                .cluster
                .namespaces
                .iter()
                .any(|namespace| glob.matches(&namespace.name))
            {
                let outcome = if glob.is_pattern() {
                    "the backup completes, and is empty of it"
                } else {
                    "every backup is PartiallyFailed"
                };
                self.find_schedule(
                    Rule::NamespaceMatchesNothing,
                    schedule,
                    "spec.template.includedNamespaces",
                    format!("no namespace matches `{pattern}`: {outcome}"),
                    "correct the name, or take it out",
                );
            }
        }
    }

    /// What becomes of the volumes: in this region, and at all.
    fn volumes(&mut self, schedule: &Schedule) {
        let template = &schedule.spec.template;
        let location = template
            .storage_location
            .as_deref()
            .unwrap_or(self.cluster.default_location());
        let target = self
            .cluster
            .location(location)
            .and_then(crate::inventory::region_of);
        let home = self.cluster.region.as_deref();
        let Ok(coverage) = Coverage::of(template, self.cluster) else {
            return;
        };
        let (mut stay, mut no_agent, mut count) = (0_u32, 0_u32, 0_u32);
        let mut too_large = Vec::new();
        for namespace in &self.cluster.namespaces {
            if coverage.namespace(namespace).is_err() {
                continue;
            }
            for volume in namespace.volumes.iter().filter(|volume| !volume.disposable) {
                count += 1;
                match coverage.volume(&namespace.name, volume) {
                    Ok(method) if !method.is_in_object_store() => stay += 1,
                    // Kopia moves 100 to 147 MB/s: more than this cannot be done in the time there is.
                    Ok(_) if !fits(volume.bytes, self.server.fs_backup_timeout) => {
                        too_large.push(format!("{}/{}", namespace.name, volume.claim));
                    }
                    Err(Uncovered::NoNodeAgent) => no_agent += 1,
                    _ => {}
                }
            }
        }
        if let (Some(target), Some(home)) = (target, home)
            && target != home
            && (stay > 0 || count == 0 && template.snapshot_volumes != Some(false) && !self.moves(schedule))
        {
            let volumes = match count {
                0 => "the snapshots of its volumes".to_owned(),
                _ => format!("the snapshots of {stay} of its {count} volumes"),
            };
            self.find_schedule(
                Rule::VolumesStayInRegion,
                schedule,
                "spec.template.storageLocation",
                format!("its objects go to {target}; {volumes} stay in {home} and are lost with it"),
                "set snapshotMoveData: true or defaultVolumesToFsBackup: true, with the node agent installed",
            );
        }
        let wants_agent =
            template.snapshot_move_data == Some(true) || template.default_volumes_to_fs_backup == Some(true);
        if no_agent > 0 || count == 0 && wants_agent && !self.server.node_agent {
            self.find_schedule(
                Rule::NoNodeAgent,
                schedule,
                "spec.template",
                "data is to be moved or copied, and no node agent runs: the backup completes without it",
                "install Velero with --use-node-agent",
            );
        }
        if !too_large.is_empty() {
            let named = too_large.join(", ");
            self.find_schedule(
                Rule::VolumeExceedsTimeout,
                schedule,
                "spec.template",
                format!(
                    "at 147 MB/s these take longer than {} to copy: {named}",
                    crate::text::duration(self.server.fs_backup_timeout)
                ),
                "raise --fs-backup-timeout and itemOperationTimeout, or use local snapshots",
            );
        }
    }

    fn moves(&self, schedule: &Schedule) -> bool {
        let template = &schedule.spec.template;
        let moved = template
            .snapshot_move_data
            .unwrap_or(self.server.default_snapshot_move_data);
        let files = template
            .default_volumes_to_fs_backup
            .unwrap_or(self.server.default_volumes_to_fs_backup);
        moved || files
    }
}

fn fits(bytes: u64, timeout: jiff::SignedDuration) -> bool {
    const FASTEST: u64 = 147_000_000;
    u64::try_from(timeout.as_secs()).is_ok_and(|seconds| bytes / FASTEST <= seconds)
}

/// What the server's validation refuses: path, reason, fix.
fn refusals(schedule: &Schedule, cluster: &ClusterState) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut refuse = |path: &str, reason: String, fix: &str| {
        let path = if path.is_empty() {
            "metadata.name".to_owned()
        } else {
            format!("spec.template.{path}")
        };
        found.push((path, reason, fix.to_owned()));
    };
    let name = name_of(schedule);
    if name.len() > 63 {
        refuse(
            "",
            format!(
                "a name of {} characters: it becomes a label, which has 63 at most",
                name.len()
            ),
            "shorten it",
        );
    }
    let template = &schedule.spec.template;
    let old = has_old_filters(template);
    let scoped = [
        (
            "includedClusterScopedResources",
            &template.included_cluster_scoped_resources,
        ),
        (
            "excludedClusterScopedResources",
            &template.excluded_cluster_scoped_resources,
        ),
        (
            "includedNamespaceScopedResources",
            &template.included_namespace_scoped_resources,
        ),
        (
            "excludedNamespaceScopedResources",
            &template.excluded_namespace_scoped_resources,
        ),
    ];
    if let Some((field, _)) = scoped
        .iter()
        .find(|(_, list)| list.as_ref().is_some_and(|list| !list.is_empty()))
        && old
    {
        refuse(
            field,
            "scoped filters and includedResources, excludedResources or includeClusterResources".into(),
            "use one of the two kinds of filters",
        );
    }
    let pairs = [
        (
            "includedNamespaces",
            &template.included_namespaces,
            "excludedNamespaces",
            &template.excluded_namespaces,
        ),
        (
            "includedResources",
            &template.included_resources,
            "excludedResources",
            &template.excluded_resources,
        ),
        (scoped[0].0, scoped[0].1, scoped[1].0, scoped[1].1),
        (scoped[2].0, scoped[2].1, scoped[3].0, scoped[3].1),
    ];
    for (in_field, included, out_field, excluded) in pairs {
        let (included, excluded): (Vec<&String>, Vec<&String>) = (
            included.iter().flatten().collect(),
            excluded.iter().flatten().collect(),
        );
        let star = |list: &[&String]| list.iter().any(|name| *name == "*");
        if star(&included) && included.len() > 1 {
            refuse(
                in_field,
                "`*` together with names".into(),
                "keep `*` alone, or the names",
            );
        }
        let alone = out_field.contains("Scoped") && included.is_empty();
        if star(&excluded) && !alone {
            refuse(
                out_field,
                "`*` excludes everything".into(),
                "name what is to be left out",
            );
        }
        if let Some(both) = included
            .iter()
            .find(|name| **name != "*" && excluded.contains(name))
        {
            refuse(
                out_field,
                format!("`{both}` is included and excluded"),
                "take it out of one list",
            );
        }
    }
    for (field, list) in [
        ("includedNamespaces", &template.included_namespaces),
        ("excludedNamespaces", &template.excluded_namespaces),
    ] {
        for error in list
            .iter()
            .flatten()
            .filter_map(|pattern| Glob::namespace(pattern).err())
        {
            refuse(field, error.to_string(), "use *, ? and [abc] only");
        }
    }
    if template.label_selector.is_some() && template.or_label_selectors.is_some() {
        refuse(
            "orLabelSelectors",
            "labelSelector is there, too; an empty list counts".into(),
            "take one of them out",
        );
    }
    if let Some(reference) = &template.resource_policy {
        if let Some(reason) = cluster.refused_policies.get(&reference.name) {
            refuse(
                "resourcePolicy",
                format!("ConfigMap {}: {reason}", reference.name),
                "correct it",
            );
        } else if !cluster.policies.is_empty() && !cluster.policies.contains_key(&reference.name) {
            refuse(
                "resourcePolicy",
                format!("there is no ConfigMap {}", reference.name),
                "make it, or correct the name",
            );
        }
    }
    let mut providers: Vec<&str> = Vec::new();
    for name in template.volume_snapshot_locations.iter().flatten() {
        let mut all = cluster.snapshot_locations.iter();
        match all.find(|location| location.metadata.name.as_ref() == Some(name)) {
            None => refuse(
                "volumeSnapshotLocations",
                format!("there is no VolumeSnapshotLocation {name}"),
                "make it, or correct the name",
            ),
            Some(location) if providers.contains(&location.spec.provider.as_str()) => {
                refuse(
                    "volumeSnapshotLocations",
                    format!("two of provider {}", location.spec.provider),
                    "keep one",
                );
            }
            Some(location) => providers.push(&location.spec.provider),
        }
    }
    match Coverage::of(template, cluster) {
        Ok(_) | Err(CoverageError::RefusedPolicy(_)) => {}
        Err(error @ CoverageError::OldFiltersWithPolicy(_)) => {
            refuse("resourcePolicy", error.to_string(), "use the scoped filters");
        }
        Err(error) => {
            let source = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            refuse("labelSelector", format!("{error}: {source}"), "correct it");
        }
    }
    found
}
