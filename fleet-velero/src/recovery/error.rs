//! Why there is no plan.

use fleet_core::purpose::Breach;
use jiff::Timestamp;

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The fleet has no such cluster.
    #[error("the fleet has no cluster `{name}`{}", meant(.nearest.as_deref()))]
    UnknownCluster {
        /// The name.
        name: String,
        /// One that is nearly the same.
        nearest: Option<String>,
    },
    /// The cluster has no such namespace.
    #[error("cluster {cluster} has no namespace `{name}`{}", meant(.nearest.as_deref()))]
    UnknownNamespace {
        /// The cluster.
        cluster: String,
        /// The name.
        name: String,
        /// One that is nearly the same.
        nearest: Option<String>,
    },
    /// Nothing of the fleet is in the region.
    #[error("nothing of the fleet is in region `{region}`{}", meant(.nearest.as_deref()))]
    UnknownRegion {
        /// The region.
        region: String,
        /// One that is nearly the same.
        nearest: Option<String>,
    },
    /// No location uses the bucket.
    #[error("no backup storage location uses bucket `{bucket}`{}", meant(.nearest.as_deref()))]
    UnknownBucket {
        /// The bucket.
        bucket: String,
        /// One that is nearly the same.
        nearest: Option<String>,
    },
    /// What is suspect lies in the future: nothing would be.
    #[error(
        "ransomware since {since} is after {now}, the time of the plan: give the first moment that is not trusted"
    )]
    NotYet {
        /// The first moment that is not trusted.
        since: Timestamp,
        /// The time of the plan.
        now: Timestamp,
    },
    /// Clusters would be made anew in what is lost.
    #[error("region `{region}` is what is lost; name another one to make the clusters anew in")]
    LostTarget {
        /// The region.
        region: String,
    },
    /// No cluster is marked as the hub.
    #[error("no cluster of the fleet is marked as the hub")]
    NoHub,
    /// Namespaces that wait for each other.
    #[error("namespaces of cluster {cluster} depend on each other in a circle: {}", .namespaces.join(" -> "))]
    DependencyCycle {
        /// The cluster.
        cluster: String,
        /// The namespaces; the first is also the last.
        namespaces: Vec<String>,
    },
    /// Clusters would be made anew where their data must not be.
    #[error("{}", .breaches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Residency {
        /// Each of them.
        breaches: Vec<Breach>,
    },
    /// A step needs what no step gives: a defect of this library.
    #[error("step `{step}` needs what no earlier step gives: {fact}")]
    Unreachable {
        /// The step.
        step: String,
        /// What it needs.
        fact: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
