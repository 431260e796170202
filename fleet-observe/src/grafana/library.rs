//! The dashboards of a fleet: the overview, and one for each subsystem.

use super::{Dashboard, DashboardError, PanelKind, Target, Variable};
use crate::promql::Matcher;
use crate::queries::{self, FleetQuery, Subsystem};

/// The fleet overview: which nodes are not ready and what is out of sync first, over all clusters; then a number and a line for each subsystem.
///
/// # Errors
/// None that depends on what is given.
pub fn overview() -> Result<Dashboard, DashboardError> {
    let library = queries::library()?;
    let mut dashboard = Dashboard::new("fleet-overview", "Fleet overview")
        .panel(
            "Cluster Health Overview",
            PanelKind::Table,
            vec![Target {
                expr: queries::nodes_not_ready()?,
                legend: Some("{{cluster}} - {{node}} NOT READY".to_owned()),
                instant: true,
            }],
        )
        .panel(
            "Workloads OutOfSync (ArgoCD)",
            PanelKind::Stat,
            vec![Target {
                expr: queries::out_of_sync()?,
                legend: None,
                instant: true,
            }],
        );
    let more = [
        "clusters_silent",
        "backup_age",
        "mixed_versions",
        "mesh_clusters_down",
        "error_share",
        "request_rate",
    ];
    for query in more
        .iter()
        .filter_map(|name| library.iter().find(|query| query.name == *name))
    {
        dashboard = with(dashboard, query, query.expr.clone());
    }
    dashboard.check()?;
    Ok(dashboard)
}

/// The dashboard of a subsystem: every query of it, narrowed to the clusters that are chosen.
///
/// # Errors
/// None that depends on what is given.
pub fn subsystem(subsystem: Subsystem) -> Result<Dashboard, DashboardError> {
    let word = subsystem.as_str();
    let mut dashboard =
        Dashboard::new(format!("fleet-{word}"), format!("Fleet: {word}")).variable(Variable::Label {
            name: "cluster".to_owned(),
            label: "cluster".to_owned(),
            metric: "up".to_owned(),
        });
    let chosen = Matcher::Matches("$cluster".to_owned());
    for query in queries::library()?
        .iter()
        .filter(|query| query.subsystem == subsystem)
    {
        let expr = query.expr.clone().scoped("cluster", &chosen)?;
        dashboard = with(dashboard, query, expr);
    }
    dashboard.check()?;
    Ok(dashboard)
}

/// The overview, and one for each subsystem.
///
/// # Errors
/// None that depends on what is given.
pub fn all() -> Result<Vec<Dashboard>, DashboardError> {
    let subsystems = Subsystem::ALL.into_iter().map(subsystem);
    std::iter::once(overview()).chain(subsystems).collect()
}

fn with(dashboard: Dashboard, query: &FleetQuery, expr: crate::promql::Expr) -> Dashboard {
    // A query that names series that should not be there is a list; anything else is a line.
    let is_list = expr.is_comparison();
    let target = Target {
        expr,
        legend: Some(query.legend.to_owned()),
        instant: is_list,
    };
    let kind = if is_list {
        PanelKind::Table
    } else {
        PanelKind::TimeSeries
    };
    let mut dashboard = dashboard.panel(query.title, kind, vec![target]);
    if let Some(panel) = dashboard.panels.last_mut() {
        query.about.clone_into(&mut panel.description);
        query.unit.clone_into(&mut panel.unit);
    }
    dashboard
}
