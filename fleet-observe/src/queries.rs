//! Queries of a fleet: health, delivery, backups, upgrades, mesh, error budgets.
//!
//! Each names the exporter that its metrics come from. All are held against a real Prometheus with written series in CI.

use serde::Serialize;

use crate::promql::{
    Comparison, Expr, Matcher, PromqlError, Range, Vector, avg, count, max, metric, min, sum,
};

/// A query of the library.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FleetQuery {
    /// Its name in this library.
    pub name: &'static str,
    /// What a person reads above the panel.
    pub title: &'static str,
    /// What it answers, and from whose metrics.
    pub about: &'static str,
    /// The PromQL.
    pub expr: Expr,
    /// How a series is named: Grafana's `legendFormat`.
    pub legend: &'static str,
    /// The unit of its values, in Grafana's words.
    pub unit: &'static str,
    /// Which part of the fleet it is about.
    pub subsystem: Subsystem,
}

/// A part of the fleet that has a dashboard of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Subsystem {
    /// Nodes, API servers, workloads.
    Clusters,
    /// Argo CD.
    Delivery,
    /// Velero.
    Backups,
    /// Versions on their way.
    Upgrades,
    /// Cilium Cluster Mesh and Submariner.
    Mesh,
    /// Error budgets.
    Slo,
}

impl Subsystem {
    /// All of them, in the order of the dashboards.
    pub const ALL: [Self; 6] = [
        Self::Clusters,
        Self::Delivery,
        Self::Backups,
        Self::Upgrades,
        Self::Mesh,
        Self::Slo,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Delivery => "delivery",
            Self::Backups => "backups",
            Self::Upgrades => "upgrades",
            Self::Mesh => "mesh",
            Self::Slo => "slo",
        }
    }
}

/// Requests a second, by cluster and service: the query that a fleet's querier is tried with.
///
/// ```
/// let query = fleet_observe::queries::request_rate()?;
/// assert_eq!(query.to_string(), "sum(rate(http_requests_total[5m])) by (cluster, service)");
/// # Ok::<(), fleet_observe::promql::PromqlError>(())
/// ```
pub fn request_rate() -> Result<Expr, PromqlError> {
    sum(metric("http_requests_total")?.over("5m".parse()?).rate()).by_after(["cluster", "service"])
}

/// Nodes that are not ready (kube-state-metrics).
///
/// ```
/// let query = fleet_observe::queries::nodes_not_ready()?;
/// assert_eq!(query.to_string(), "kube_node_status_condition{condition='Ready', status='true'} == 0");
/// # Ok::<(), fleet_observe::promql::PromqlError>(())
/// ```
pub fn nodes_not_ready() -> Result<Expr, PromqlError> {
    Ok(node_condition()?.expr().eq(0.0))
}

/// Applications that are not in sync, by cluster (Argo CD). `cluster` is the label of the Argo CD that reports, which in a fleet with one
/// hub is the hub; the cluster that an Application is for is in `dest_server`.
///
/// ```
/// let query = fleet_observe::queries::out_of_sync()?;
/// assert_eq!(query.to_string(), "sum by (cluster) (argocd_app_info{sync_status='OutOfSync'})");
/// # Ok::<(), fleet_observe::promql::PromqlError>(())
/// ```
pub fn out_of_sync() -> Result<Expr, PromqlError> {
    sum(metric("argocd_app_info")?.with("sync_status", "OutOfSync")?).by(["cluster"])
}

fn node_condition() -> Result<Vector, PromqlError> {
    metric("kube_node_status_condition")?
        .with("condition", "Ready")?
        .with("status", "true")
}

fn over_5m(name: &str) -> Result<Range, PromqlError> {
    Ok(metric(name)?.over("5m".parse()?))
}

/// The whole library, in the order of the subsystems.
pub fn library() -> Result<Vec<FleetQuery>, PromqlError> {
    use Subsystem::{Backups, Clusters, Delivery, Mesh, Slo, Upgrades};
    let query = |subsystem, name, title, about, expr: Expr, legend, unit| FleetQuery {
        name,
        title,
        about,
        expr,
        legend,
        unit,
        subsystem,
    };
    let errors = sum(metric("http_requests_total")?
        .matching("code", Matcher::Matches("5..".to_owned()))?
        .over("5m".parse()?)
        .rate())
    .by(["cluster"])?;
    let requests = sum(over_5m("http_requests_total")?.rate()).by(["cluster"])?;
    let last_backup = max(metric("velero_backup_last_successful_timestamp")?
        .matching("schedule", Matcher::IsNot(String::new()))?)
    .by(["cluster", "schedule"])?;
    let kubelets = count(metric("kube_node_info")?).by(["cluster", "kubelet_version"])?;
    let api_errors = sum(metric("apiserver_request_total")?
        .matching("code", Matcher::Matches("5..".to_owned()))?
        .over("5m".parse()?)
        .rate())
    .by(["cluster"])?;
    Ok(vec![
        query(
            Clusters,
            "nodes_not_ready",
            "Cluster Health Overview",
            "nodes that are not ready (kube-state-metrics)",
            nodes_not_ready()?,
            "{{cluster}} - {{node}} NOT READY",
            "short",
        ),
        query(
            Clusters,
            "ready_share",
            "Ready nodes",
            "the share of nodes that are ready, by cluster (kube-state-metrics)",
            avg(node_condition()?).by(["cluster"])?,
            "{{cluster}}",
            "percentunit",
        ),
        query(
            Clusters,
            "clusters_silent",
            "Clusters that went silent",
            "clusters that an hour ago had ready nodes and now report nothing (kube-state-metrics)",
            count(node_condition()?.offset("1h".parse()?))
                .by(["cluster"])?
                .unless_on(["cluster"], count(node_condition()?).by(["cluster"])?)?,
            "{{cluster}}",
            "short",
        ),
        query(
            Clusters,
            "api_error_share",
            "API server errors",
            "the share of requests that the API server fails, by cluster (kube-apiserver)",
            api_errors.over(sum(over_5m("apiserver_request_total")?.rate()).by(["cluster"])?),
            "{{cluster}}",
            "percentunit",
        ),
        query(
            Clusters,
            "request_rate",
            "Requests",
            "requests a second, by cluster and service (the workloads)",
            request_rate()?,
            "{{cluster}} {{service}}",
            "reqps",
        ),
        query(
            Delivery,
            "out_of_sync",
            "Workloads OutOfSync (ArgoCD)",
            "Applications that are not in sync, by cluster (Argo CD)",
            out_of_sync()?,
            "{{cluster}}",
            "short",
        ),
        query(
            Delivery,
            "unhealthy",
            "Applications that are not healthy",
            "Applications by destination and health, the healthy ones left out (Argo CD)",
            sum(metric("argocd_app_info")?.matching("health_status", Matcher::IsNot("Healthy".to_owned()))?)
                .by(["dest_server", "health_status"])?,
            "{{dest_server}} {{health_status}}",
            "short",
        ),
        query(
            Delivery,
            "failed_syncs",
            "Failed syncs",
            "syncs of the last hour that failed, by Application (Argo CD)",
            sum(metric("argocd_app_sync_total")?
                .matching("phase", Matcher::Matches("Error|Failed".to_owned()))?
                .over("1h".parse()?)
                .increase())
            .by(["name"])?
            .above(0.0),
            "{{name}}",
            "short",
        ),
        query(
            Backups,
            "backup_age",
            "Age of the last good backup",
            "seconds since the last backup of a schedule that succeeded, by cluster (Velero)",
            Expr::time().minus(last_backup),
            "{{cluster}} {{schedule}}",
            "s",
        ),
        query(
            Backups,
            "backup_failures",
            "Failed backups",
            "backups of the last day that failed, in part or as a whole, by cluster (Velero)",
            sum(metric("velero_backup_failure_total")?
                .over("1d".parse()?)
                .increase())
            .by(["cluster"])?
            .plus(
                sum(metric("velero_backup_partial_failure_total")?
                    .over("1d".parse()?)
                    .increase())
                .by(["cluster"])?,
            ),
            "{{cluster}}",
            "short",
        ),
        query(
            Backups,
            "location_unavailable",
            "Storage locations out of reach",
            "backup storage locations that Velero cannot reach (Velero)",
            min(metric("velero_backup_location_status_gauge")?)
                .by(["cluster", "backup_location_name"])?
                .eq(0.0),
            "{{cluster}} {{backup_location_name}}",
            "short",
        ),
        query(
            Upgrades,
            "versions",
            "Nodes by version",
            "nodes by cluster and kubelet version (kube-state-metrics)",
            kubelets.clone(),
            "{{cluster}} {{kubelet_version}}",
            "short",
        ),
        query(
            Upgrades,
            "mixed_versions",
            "Clusters on their way",
            "how many kubelet versions a cluster has, where it has more than one (kube-state-metrics)",
            count(kubelets).by(["cluster"])?.above(1.0),
            "{{cluster}}",
            "short",
        ),
        query(
            Upgrades,
            "upgraded_clusters",
            "Clusters by API server version",
            "clusters by the version of their API server (kube-apiserver)",
            count(
                count(metric("kubernetes_build_info")?.with("job", "apiserver")?)
                    .by(["cluster", "git_version"])?,
            )
            .by(["git_version"])?,
            "{{git_version}}",
            "short",
        ),
        query(
            Mesh,
            "mesh_clusters_down",
            "Remote clusters out of reach",
            "remote clusters that an agent is not connected with (Cilium)",
            count(
                metric("cilium_clustermesh_remote_cluster_readiness_status")?
                    .expr()
                    .eq(0.0),
            )
            .by(["source_cluster", "target_cluster"])?,
            "{{source_cluster}} to {{target_cluster}}",
            "short",
        ),
        query(
            Mesh,
            "mesh_failures",
            "Failures of remote clusters",
            "failures to reach a remote cluster in the last hour (Cilium)",
            sum(metric("cilium_clustermesh_remote_cluster_failures")?
                .over("1h".parse()?)
                .delta())
            .by(["source_cluster", "target_cluster"])?
            .compare(Comparison::Above, 0.0),
            "{{source_cluster}} to {{target_cluster}}",
            "short",
        ),
        query(
            Mesh,
            "gateway_connections",
            "Tunnels",
            "connections of gateways by state (Submariner)",
            sum(metric("submariner_connections")?).by(["cluster", "remote_cluster", "status"])?,
            "{{cluster}} to {{remote_cluster}} {{status}}",
            "short",
        ),
        query(
            Slo,
            "error_share",
            "Errors",
            "the share of requests that fail, by cluster (the workloads)",
            errors.over(requests),
            "{{cluster}}",
            "percentunit",
        ),
    ])
}
