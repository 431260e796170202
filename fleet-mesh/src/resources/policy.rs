//! `CiliumClusterwideNetworkPolicy` (cilium.io/v2), and the default-deny of a mesh.

use std::collections::BTreeMap;

use fleet_core::Extra;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::{MeshPlan, Protocol};
use crate::policy::Technology;

/// A network policy of the whole cluster (`Rule`, cilium.io/v2).
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "cilium.io",
    version = "v2",
    kind = "CiliumClusterwideNetworkPolicy",
    plural = "ciliumclusterwidenetworkpolicies",
    singular = "ciliumclusterwidenetworkpolicy",
    shortname = "ccnp",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct CiliumClusterwideNetworkPolicySpec {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The Pods that it is about; empty: all. Not together with `nodeSelector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_selector: Option<EndpointSelector>,
    /// The nodes that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<EndpointSelector>,
    /// Whether what no policy allows is denied for the Pods that it is about; default: in each direction that it has rules for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_default_deny: Option<DefaultDeny>,
    /// What may come in. An empty rule allows nothing, and thereby denies everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<Vec<IngressRule>>,
    /// What may go out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<Vec<EgressRule>>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// In which directions what is not allowed is denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(clippy::exhaustive_structs)] // the two directions
pub struct DefaultDeny {
    /// What comes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingress: Option<bool>,
    /// What goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub egress: Option<bool>,
}

/// A label selector of Cilium: labels have a source (`k8s:app`), `any` where none is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSelector {
    /// Labels and their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Other requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// What may come in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressRule {
    /// From Pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_endpoints: Vec<EndpointSelector>,
    /// From what is no Pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_entities: Vec<Entity>,
    /// From address blocks.
    #[serde(default, rename = "fromCIDR", skip_serializing_if = "Vec::is_empty")]
    pub from_cidr: Vec<String>,
    /// To which ports; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_ports: Vec<PortRule>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What may go out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EgressRule {
    /// To Pods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_endpoints: Vec<EndpointSelector>,
    /// To what is no Pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_entities: Vec<Entity>,
    /// To address blocks.
    #[serde(default, rename = "toCIDR", skip_serializing_if = "Vec::is_empty")]
    pub to_cidr: Vec<String>,
    /// To which ports; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_ports: Vec<PortRule>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

fleet_core::open_enum! {
    /// What is no Pod, in Cilium's words.
    pub enum Entity {
        /// Everything.
        All = "all",
        /// What is outside of the mesh.
        World = "world",
        /// Everything of this cluster.
        Cluster = "cluster",
        /// The node itself.
        Host = "host",
        /// The nodes of this and of connected clusters.
        RemoteNode = "remote-node",
        /// Cilium's health endpoints.
        Health = "health",
        /// The API server.
        KubeApiserver = "kube-apiserver",
        /// Cilium's ingress.
        Ingress = "ingress",
    }
}

/// Ports, and what may pass through them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortRule {
    /// The ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<PortProtocol>,
    /// What may pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<PortRules>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A port.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)] // a port
pub struct PortProtocol {
    /// Its number or name; 0: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The last number of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_port: Option<i32>,
    /// `TCP`, `UDP`, `SCTP`, `ANY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

/// What may pass through ports, in the application's protocol.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PortRules {
    /// DNS names that may be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<DnsRule>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// DNS names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_structs)] // a name or a pattern
pub struct DnsRule {
    /// One name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_name: Option<String>,
    /// Names with `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub match_pattern: Option<String>,
}

/// The policy that denies what no other policy allows, and leaves open what a cluster of the mesh cannot be without: DNS, health
/// checks, the API server, and the mesh's own traffic. Both directions, all Pods but those of `kube-system`, without which nothing could be repaired.
///
/// ```
/// # use fleet_core::{Fleet, FleetCluster, Networks};
/// # use fleet_mesh::{CiliumSettings, MeshPolicy, Technology, mesh_plan, resources};
/// # let networks = Networks { pods: vec!["10.64.0.0/16".parse()?], ..Networks::default() };
/// # let fleet = Fleet::new([FleetCluster::new("eu".parse()?, "v1.33.0".parse()?).with_networks(networks)])?;
/// # let policy = MeshPolicy::new("all", Technology::Cilium(CiliumSettings::new("v1.18.4".parse()?)));
/// let policy = resources::default_deny(Some(&mesh_plan(&fleet, &policy)?));
/// assert_eq!(policy.metadata.name.as_deref(), Some("default-deny"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn default_deny(plan: Option<&MeshPlan>) -> CiliumClusterwideNetworkPolicy {
    let port = |number: u16, protocol: &str| PortProtocol {
        port: Some(number.to_string()),
        protocol: Some(protocol.to_owned()),
        end_port: None,
    };
    let dns = EgressRule {
        to_endpoints: vec![EndpointSelector {
            match_labels: [
                ("k8s:io.kubernetes.pod.namespace", "kube-system"),
                ("k8s:k8s-app", "kube-dns"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
            match_expressions: Vec::new(),
        }],
        to_ports: vec![PortRule {
            ports: vec![port(53, "UDP"), port(53, "TCP")],
            rules: Some(PortRules {
                dns: vec![DnsRule {
                    match_pattern: Some("*".to_owned()),
                    match_name: None,
                }],
                extra: Extra::new(),
            }),
            extra: Extra::new(),
        }],
        ..EgressRule::default()
    };
    let mesh = plan.and_then(|plan| match plan.technology() {
        Technology::Cilium(_) => {
            let openings = plan.openings();
            let tcp = openings
                .iter()
                .filter(|opening| opening.port.protocol == Protocol::Tcp);
            Some(
                tcp.map(|opening| port(opening.port.number, "TCP"))
                    .collect::<Vec<_>>(),
            )
        }
        Technology::Submariner(_) => None,
    });
    let mut ingress = vec![IngressRule {
        // Probes come from the node; Cilium's own health checks from nodes of connected clusters, too.
        from_entities: vec![Entity::Host, Entity::Health],
        ..IngressRule::default()
    }];
    let mut egress = vec![
        dns,
        EgressRule {
            to_entities: vec![Entity::KubeApiserver, Entity::Health],
            ..EgressRule::default()
        },
    ];
    if let Some(ports) = mesh {
        let to_ports = vec![PortRule {
            ports,
            ..PortRule::default()
        }];
        ingress.push(IngressRule {
            from_entities: vec![Entity::RemoteNode],
            to_ports: to_ports.clone(),
            ..IngressRule::default()
        });
        egress.push(EgressRule {
            to_entities: vec![Entity::RemoteNode],
            to_ports,
            ..EgressRule::default()
        });
    }
    CiliumClusterwideNetworkPolicy::new(
        "default-deny",
        CiliumClusterwideNetworkPolicySpec {
            description: Some(
                "Denies what no other policy allows; leaves DNS, health checks, the API server and the mesh open".to_owned(),
            ),
            endpoint_selector: Some(EndpointSelector {
                match_labels: BTreeMap::new(),
                match_expressions: vec![LabelSelectorRequirement {
                    key: "k8s:io.kubernetes.pod.namespace".to_owned(),
                    operator: "NotIn".to_owned(),
                    values: Some(vec!["kube-system".to_owned()]),
                }],
            }),
            node_selector: None,
            enable_default_deny: Some(DefaultDeny {
                ingress: Some(true),
                egress: Some(true),
            }),
            ingress: Some(ingress),
            egress: Some(egress),
            extra: Extra::new(),
        },
    )
}
