//! What a new cluster shall be.

use std::collections::{BTreeMap, BTreeSet};

use fleet_capi::ClusterSpec;
use fleet_core::{Fleet, FleetCluster, Labels, Networks};
use fleet_mesh::{MeshError, MeshPlan, MeshPolicy, mesh_plan};
use fleet_observe::thanos::Thanos;
use serde_json::Value;

/// A cluster to bring into a fleet, and the fleet that it comes into.
///
/// Made by [`OnboardRequest::new`], which checks what can be checked before anything is made: the manifests, the mesh, the external labels.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OnboardRequest {
    /// The cluster.
    pub cluster: FleetCluster,
    /// The namespace of its Cluster API objects on the hub.
    pub namespace: String,
    /// Its Cluster API objects, in an order in which they can be applied.
    pub manifests: Vec<Value>,
    /// The mesh that it joins, planned with it in it.
    pub mesh: Option<MeshPlan>,
    /// The fleet's metrics.
    pub thanos: Thanos,
    /// The fleet with it.
    pub fleet: Fleet,
    /// What the add-ons need to know.
    pub addons: AddonSettings,
    /// Checks of the CIS benchmark that may fail, by their numbers.
    pub accepted_checks: BTreeSet<String>,
    /// The benchmark, where it is not the one that fits the version.
    pub benchmark: Option<String>,
}

/// What the add-ons of a cluster need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddonSettings {
    /// The repository that Argo CD reads.
    pub repository: String,
    /// The branch, tag or commit.
    pub revision: String,
    /// Argo CD's namespace on the hub.
    pub argocd_namespace: String,
    /// The project of the Applications.
    pub project: String,
    /// Who is told about certificates.
    pub acme_email: String,
    /// Vault, where External Secrets reads.
    pub vault_server: String,
    /// The bucket of backups.
    pub backup_bucket: String,
    /// The releases of the charts, by add-on.
    pub versions: BTreeMap<String, String>,
}

impl AddonSettings {
    /// A repository, with names that are to be changed.
    pub fn new(repository: impl Into<String>) -> Self {
        let versions = [
            ("cilium", "1.18.4"),
            ("cert-manager", "v1.19.1"),
            ("external-secrets", "1.0.0"),
            ("kyverno", "3.6.0"),
            ("velero", "11.2.0"),
            ("monitoring", "79.5.0"),
        ];
        Self {
            repository: repository.into(),
            revision: "HEAD".to_owned(),
            argocd_namespace: "argocd".to_owned(),
            project: "platform".to_owned(),
            acme_email: "platform@example.com".to_owned(),
            vault_server: "https://vault.example.com:8200".to_owned(),
            backup_bucket: "velero-backups".to_owned(),
            versions: versions
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .into(),
        }
    }
}

/// A cluster that cannot be brought into the fleet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// There is one of its name.
    #[error("the fleet has a cluster {name} already; choose another name, or resume its onboarding")]
    Exists {
        /// The name.
        name: String,
    },
    /// Its name or labels cannot be a cluster's.
    #[error("the cluster is none: {problem}")]
    Cluster {
        /// What is wrong.
        problem: String,
    },
    /// A label that workloads and metrics go by is missing.
    #[error(
        "{cluster} has no label `{label}`, or an empty one; env, region and tier decide what is deployed to it"
    )]
    Label {
        /// The cluster.
        cluster: String,
        /// The label.
        label: &'static str,
    },
    /// Its manifests would be refused.
    #[error("its manifests would be refused: {problem}")]
    Manifests {
        /// What is wrong.
        problem: String,
    },
    /// It cannot join the mesh.
    #[error("it cannot join the mesh: {0}")]
    Mesh(MeshError),
    /// Its metrics could not be told apart.
    #[error("its metrics could not be told apart: {problem}")]
    Metrics {
        /// What is wrong.
        problem: String,
    },
}

impl OnboardRequest {
    /// A cluster of this spec, for this fleet. Where a mesh policy selects it, it gets its id and its networks from there: the spec's own Pod and
    /// Service ranges stay only where `networks` says so.
    ///
    /// # Errors
    /// As [`RequestError`] says; nothing is made.
    pub fn new(
        cluster: FleetCluster,
        spec: ClusterSpec,
        fleet: &Fleet,
        policy: Option<&MeshPolicy>,
        thanos: Thanos,
        addons: AddonSettings,
    ) -> Result<Self, RequestError> {
        let name = cluster.name().to_string();
        if fleet.get(&name).is_some() {
            return Err(RequestError::Exists { name });
        }
        for label in ["env", "region", "tier"] {
            if cluster.label(label).is_none_or(str::is_empty) {
                return Err(RequestError::Label { cluster: name, label });
            }
        }
        let with = |cluster: &FleetCluster| {
            Fleet::new(fleet.iter().cloned().chain([cluster.clone()])).map_err(|error| {
                RequestError::Cluster {
                    problem: error.to_string(),
                }
            })
        };
        let mut cluster = cluster;
        let selected = policy.filter(|policy| policy.selector.matches(cluster.labels()));
        let mesh = match selected {
            Some(policy) => Some(mesh_plan(&with(&cluster)?, policy).map_err(RequestError::Mesh)?),
            None => None,
        };
        if let Some(member) = mesh
            .as_ref()
            .and_then(|plan| plan.member(cluster.name().as_str()))
        {
            cluster = cluster.with_networks(member.networks.clone());
        }
        let spec = networks(spec, cluster.networks()).labels(
            cluster
                .labels()
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect::<Vec<_>>(),
        );
        let namespace = "clusters".to_owned();
        let objects = spec
            .namespace(namespace.clone())
            .version(cluster.version().clone())
            .manifests()
            .map_err(|mistakes| RequestError::Manifests {
                problem: mistakes.to_string(),
            })?;
        let manifests: Result<Vec<_>, _> = objects.iter().map(serde_json::to_value).collect();
        let fleet = with(&cluster)?;
        thanos.check(&fleet).map_err(|errors| RequestError::Metrics {
            problem: errors.to_string(),
        })?;
        Ok(Self {
            manifests: manifests.map_err(|error| RequestError::Manifests {
                problem: error.to_string(),
            })?,
            cluster,
            namespace,
            mesh,
            thanos,
            fleet,
            addons,
            accepted_checks: BTreeSet::new(),
            benchmark: None,
        })
    }

    /// The cluster's name.
    pub fn name(&self) -> &str {
        self.cluster.name().as_str()
    }

    /// Its labels.
    pub fn labels(&self) -> &Labels {
        self.cluster.labels()
    }
}

fn networks(spec: ClusterSpec, networks: &Networks) -> ClusterSpec {
    let words = |blocks: &[_]| -> Vec<String> { blocks.iter().map(ToString::to_string).collect() };
    let mut spec = spec;
    if !networks.pods.is_empty() {
        spec = spec.pods(words(&networks.pods));
    }
    if !networks.services.is_empty() {
        spec = spec.services(words(&networks.services));
    }
    spec
}
