//! Why each cluster of the fleet exists, and which constraints it breaks: by the mesh, and by the ApplicationSets and the upgrade
//! that are named.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

use fleet_argocd::{ApplicationSet, ClusterSecret, Snapshot, expand};
use fleet_core::purpose::{ClusterReport, Facts, report};
use fleet_core::{ClusterName, Fleet, yaml};
use fleet_mesh::{Connection, MeshPlan, MeshPolicy};
use fleet_upgrade::{FleetUpgrade, UpgradePlan};
use jiff::Timestamp;

/// The longest ApplicationSet that is read, in bytes: 8 MiB.
const LONGEST: u64 = 8 << 20;

/// The report of a fleet with what its subsystems do; of a mesh that is refused, nothing is joined.
pub fn of(
    fleet: &Fleet,
    policy: &MeshPolicy,
    mesh: Option<&MeshPlan>,
    sets: &[PathBuf],
    upgrade: Option<&Path>,
) -> Result<Vec<ClusterReport>, Box<dyn Error>> {
    let ends = |connection: Connection| connection.ends().map(Clone::clone);
    let mut facts = Facts {
        connections: mesh
            .into_iter()
            .flat_map(MeshPlan::connections)
            .map(ends)
            .collect(),
        ..Facts::default()
    };
    // Argo CD's cluster Secrets, as a registration makes them; only the addresses are not known yet.
    let spokes: Vec<_> = fleet
        .iter()
        .map(|cluster| {
            let server = format!("https://{}.invalid:6443", cluster.name());
            ClusterSecret::new(cluster.name().as_str(), server).with_labels(cluster.labels().iter())
        })
        .collect();
    let snapshot = Snapshot::empty().with_clusters(&spokes);
    for file in sets {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let text = yaml::read_file(file, LONGEST).map_err(|error| at(&error))?;
        for document in yaml::documents(&text).map_err(|error| at(&error))? {
            let kind = &document.value()["kind"];
            if kind != "ApplicationSet" {
                let (file, start) = (file.display(), document.start());
                return Err(format!("{file}:{start}: found kind {kind}, expected ApplicationSet").into());
            }
            let set: ApplicationSet = document.decode().map_err(|error| at(&error))?;
            let expansion = expand(&set, &snapshot).map_err(|error| at(&error))?;
            let name = set.metadata.name.unwrap_or_default();
            let reached = expansion.reached(fleet).into_keys().collect();
            facts.applications.insert(name, reached);
        }
    }
    if let Some(file) = upgrade {
        let plan = fleet_upgrade::plan(&FleetUpgrade::read(file)?, fleet, Timestamp::now())?;
        facts.changed_at_once = changed_at_once(&plan);
    }
    Ok(report(fleet, &policy.constraints, &facts))
}

/// A line for each cluster, and one for each constraint that it breaks.
pub fn text(reports: &[ClusterReport]) -> String {
    let lines: Vec<_> = reports.iter().map(ToString::to_string).collect();
    lines.join("\n") + "\n"
}

/// At each start, the clusters that are under way by then.
fn changed_at_once(plan: &UpgradePlan) -> Vec<BTreeSet<ClusterName>> {
    let mut clusters: Vec<_> = plan.clusters().collect();
    clusters.sort_by_key(|cluster| cluster.start);
    let mut under_way = Vec::new();
    let mut groups = Vec::new();
    for cluster in clusters {
        under_way.retain(|(end, _)| *end > cluster.start);
        under_way.push((cluster.end, &cluster.name));
        if under_way.len() > 1 {
            groups.push(under_way.iter().map(|(_, name)| (*name).clone()).collect());
        }
    }
    groups
}
