//! The names under which a Service of one cluster is reached from another: those that exist, and an answer to those that do not.
//!
//! A common guess is that a mesh makes a DNS domain for each cluster or region, `order-service.default.svc.eu-west.local`. Neither
//! Cilium, nor the Multi-Cluster Services API, nor Submariner makes such a name. What they make is in [`ServiceNames`]; what a name
//! means, or why it does not resolve and what to use instead, says [`explain`].

use std::fmt;

use fleet_core::ClusterName;
use serde::Serialize;

use crate::plan::MeshPlan;
use crate::policy::Technology;

/// The domain of exported Services (Multi-Cluster Services API, KEP-1645).
pub const CLUSTERSET_DOMAIN: &str = "clusterset.local";
/// The domain of a cluster's own Services, unless it was set up with another.
pub const CLUSTER_DOMAIN: &str = "cluster.local";

/// The names of one Service in a mesh.
///
/// ```
/// use fleet_mesh::names::ServiceNames;
///
/// let names = ServiceNames::new("default", "order-service");
/// assert_eq!(names.global(), "order-service.default.svc.cluster.local");
/// assert_eq!(names.exported(), "order-service.default.svc.clusterset.local");
/// assert_eq!(
///     names.headless("orders-0", "production-eu-west"),
///     "orders-0.production-eu-west.order-service.default.svc.clusterset.local"
/// );
/// assert_eq!(names.regional("eu-west").exported(), "order-service-eu-west.default.svc.clusterset.local");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceNames {
    namespace: String,
    service: String,
}

impl ServiceNames {
    /// A Service of a namespace.
    pub fn new(namespace: impl Into<String>, service: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            service: service.into(),
        }
    }

    /// The Service's name.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Cilium's global Service: the ordinary name. A Service of this name, and its namespace, must exist in the cluster that
    /// asks, with the annotation `service.cilium.io/global: "true"` on both sides.
    pub fn global(&self) -> String {
        format!("{}.{}.svc.{CLUSTER_DOMAIN}", self.service, self.namespace)
    }

    /// The Service exported with a `ServiceExport`: all clusters that export it, together.
    pub fn exported(&self) -> String {
        format!("{}.{}.svc.{CLUSTERSET_DOMAIN}", self.service, self.namespace)
    }

    /// One Pod of an exported headless Service, in one cluster.
    pub fn headless(&self, host: &str, cluster: &str) -> String {
        format!("{host}.{cluster}.{}", self.exported())
    }

    /// The exported Service in one cluster only (Submariner's Lighthouse).
    pub fn in_cluster(&self, cluster: &str) -> String {
        format!("{cluster}.{}", self.exported())
    }

    /// A Service of its own for a region, which is how one name a region comes to be.
    pub fn regional(&self, region: &str) -> Self {
        Self {
            namespace: self.namespace.clone(),
            service: format!("{}-{region}", self.service),
        }
    }
}

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "meaning", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Meaning {
    /// A Service of the cluster that asks; with Cilium's annotation, of all that have it.
    Local {
        /// The Service.
        names: ServiceNames,
    },
    /// A Service that clusters exported.
    Exported {
        /// The Service.
        names: ServiceNames,
        /// The cluster that it is limited to, and the Pod.
        of: Option<String>,
    },
    /// A name that nothing makes.
    Unresolvable {
        /// The Service that was meant.
        names: ServiceNames,
        /// The part that was taken for a cluster or region.
        place: String,
        /// The cluster of that name, if there is one.
        cluster: Option<ClusterName>,
        /// What joins the clusters.
        technology: &'static str,
        /// What to use instead, the best one first.
        instead: Vec<Instead>,
    },
    /// No name of a Service.
    NotAService,
}

/// A name to use instead of one that does not resolve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Instead {
    /// The name.
    pub name: String,
    /// What makes it exist.
    pub needs: String,
}

/// What a name means to a Pod in a member of a mesh.
///
/// ```
/// use fleet_mesh::names::{Meaning, explain};
/// # use fleet_core::{Fleet, FleetCluster, Networks};
/// # use fleet_mesh::{CiliumSettings, MeshPolicy, Technology, mesh_plan};
/// # let networks = Networks { pods: vec!["10.64.0.0/16".parse()?], ..Networks::default() };
/// # let fleet = Fleet::new([FleetCluster::new("eu-west".parse()?, "v1.33.0".parse()?).with_networks(networks)])?;
/// # let policy = MeshPolicy::new("all", Technology::Cilium(CiliumSettings::new("v1.18.4".parse()?)));
/// # let plan = mesh_plan(&fleet, &policy)?;
/// let meaning = explain("order-service.default.svc.eu-west.local", &plan);
/// assert!(matches!(&meaning, Meaning::Unresolvable { place, .. } if place == "eu-west"));
/// assert!(meaning.to_string().starts_with("nothing makes this name"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain(name: &str, plan: &MeshPlan) -> Meaning {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let Some((before, domain)) = name.split_once(".svc.") else {
        return Meaning::NotAService;
    };
    let mut parts: Vec<&str> = before.split('.').collect();
    let (Some(namespace), Some(service)) = (parts.pop(), parts.pop()) else {
        return Meaning::NotAService;
    };
    if namespace.is_empty() || service.is_empty() {
        return Meaning::NotAService;
    }
    let names = ServiceNames::new(namespace, service);
    let of = (!parts.is_empty()).then(|| parts.join("."));
    match domain {
        CLUSTERSET_DOMAIN => Meaning::Exported { names, of },
        CLUSTER_DOMAIN => Meaning::Local { names },
        domain if is_a_members_domain(domain, plan) => Meaning::Local { names },
        domain => {
            let place = domain.strip_suffix(".local").unwrap_or(domain).to_owned();
            let cluster = plan
                .members()
                .iter()
                .find(|member| member.name == place || member.cluster == place.as_str())
                .map(|member| member.cluster.clone());
            Meaning::Unresolvable {
                instead: instead(&names, &place, cluster.as_ref(), plan),
                names,
                place,
                cluster,
                technology: plan.technology().as_str(),
            }
        }
    }
}

fn is_a_members_domain(domain: &str, plan: &MeshPlan) -> bool {
    let mut members = plan.members().iter();
    members.any(|member| member.networks.service_domain.as_deref() == Some(domain))
}

fn instead(
    names: &ServiceNames,
    place: &str,
    cluster: Option<&ClusterName>,
    plan: &MeshPlan,
) -> Vec<Instead> {
    let service = names.service();
    let regional = names.regional(place);
    let mut found = Vec::new();
    let exports = match plan.technology() {
        Technology::Cilium(settings) => {
            found.push(Instead {
                name: names.global(),
                needs: format!(
                    "a Service {service} with the annotation service.cilium.io/global: \"true\" in namespace {} of both \
                     clusters; add service.cilium.io/affinity: remote to prefer the other one",
                    names.namespace()
                ),
            });
            if settings.mcs_api {
                ""
            } else {
                " (and `mcsApi: true` in the mesh's policy)"
            }
        }
        Technology::Submariner(_) => {
            if let Some(cluster) = cluster {
                found.push(Instead {
                    name: names.in_cluster(cluster.as_str()),
                    needs: format!("a ServiceExport {service} in {cluster}"),
                });
            }
            ""
        }
    };
    found.push(Instead {
        name: names.exported(),
        needs: format!("a ServiceExport {service} in the clusters that serve it{exports}"),
    });
    found.push(Instead {
        name: regional.exported(),
        needs: format!(
            "a Service and a ServiceExport {} in the clusters of {place}{exports}: one name for each region",
            regional.service()
        ),
    });
    found
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { names } => write!(
                f,
                "the Service {} of namespace {} in the cluster that asks; if it is global (Cilium), its Pods in every \
                 connected cluster",
                names.service, names.namespace
            ),
            Self::Exported { names, of: None } => write!(
                f,
                "the Service {} of namespace {} in all clusters that export it",
                names.service, names.namespace
            ),
            Self::Exported { names, of: Some(of) } => write!(
                f,
                "{of} of the exported Service {} of namespace {}",
                names.service, names.namespace
            ),
            Self::Unresolvable {
                place,
                technology,
                instead,
                ..
            } => {
                write!(
                    f,
                    "nothing makes this name: {technology} has no domain `{place}.local`, and a Pod that asks for it gets \
                     NXDOMAIN. Use instead:"
                )?;
                instead
                    .iter()
                    .try_for_each(|it| write!(f, "\n  {}: needs {}", it.name, it.needs))
            }
            Self::NotAService => f.write_str("no name of a Service: expected `service.namespace.svc.domain`"),
        }
    }
}
