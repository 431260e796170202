//! Submariner's `Broker` (submariner.io/v1alpha1), and its `Gateway` (submariner.io/v1), which says how the tunnels are.

use fleet_core::{Extra, open_enum};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::MeshPlan;
use crate::policy::Technology;

/// The broker: where the members find each other.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "submariner.io",
    version = "v1alpha1",
    kind = "Broker",
    plural = "brokers",
    namespaced,
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
pub struct BrokerSpec {
    /// `service-discovery`, `connectivity`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Domains that are asked for imported Services besides `clusterset.local`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_custom_domains: Vec<String>,
    /// Whether members get global addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub globalnet_enabled: Option<bool>,
    /// Out of which block.
    #[serde(
        default,
        rename = "globalnetCIDRRange",
        skip_serializing_if = "Option::is_none"
    )]
    pub globalnet_cidr_range: Option<String>,
    /// How many each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_globalnet_cluster_size: Option<u32>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The broker of a mesh, one island of it; `None` for Cilium.
pub fn broker(plan: &MeshPlan, island: usize) -> Option<Broker> {
    let Technology::Submariner(settings) = plan.technology() else {
        return None;
    };
    plan.islands().get(island)?;
    let globalnet = settings.globalnet.as_ref();
    let mut broker = Broker::new(
        "submariner-broker",
        BrokerSpec {
            components: ["service-discovery", "connectivity"].map(str::to_owned).into(),
            globalnet_enabled: Some(globalnet.is_some()),
            globalnet_cidr_range: globalnet.map(|globalnet| globalnet.cidr.to_string()),
            default_globalnet_cluster_size: globalnet
                .and_then(|globalnet| 1u32.checked_shl(32 - u32::from(globalnet.prefix))),
            ..BrokerSpec::default()
        },
    );
    broker.metadata.namespace = Some(crate::submariner::broker_namespace(plan, island));
    Some(broker)
}

/// A gateway node. All that it has to say is its status.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "submariner.io",
    version = "v1",
    kind = "Gateway",
    plural = "gateways",
    namespaced,
    status = "GatewayStatus",
    derive = "Default",
    derive = "PartialEq"
)]
pub struct GatewaySpec {
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How a gateway is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayStatus {
    /// The release it runs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Whether it is the one of the cluster's gateways that works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ha_status: Option<HaStatus>,
    /// Who it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_endpoint: Option<EndpointSpec>,
    /// What keeps it from working.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status_failure: String,
    /// Its tunnels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<Connection>,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

open_enum! {
    /// Whether a gateway works or stands by.
    pub enum HaStatus {
        /// It works.
        Active = "active",
        /// It stands by.
        Passive = "passive",
    }
}

open_enum! {
    /// How a tunnel is.
    pub enum ConnectionStatus {
        /// It works.
        Connected = "connected",
        /// It is being made.
        Connecting = "connecting",
        /// It does not work.
        Error = "error",
    }
}

/// A tunnel to another cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// How it is.
    pub status: ConnectionStatus,
    /// Why, if it does not work.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub status_message: String,
    /// To whom.
    pub endpoint: EndpointSpec,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A cluster's end of a tunnel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndpointSpec {
    /// The cluster's name in the mesh.
    #[serde(default)]
    pub cluster_id: String,
    /// The name of the cable.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cable_name: String,
    /// The networks behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subnets: Vec<String>,
    /// The cable driver.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub backend: String,
    /// Fields this version of the library does not know, kept as they were read.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a cluster's gateways say of it: the active one counts.
#[cfg(feature = "kube")]
pub(crate) fn submariner_states(gateways: &[Gateway]) -> crate::ObservedMember {
    use crate::LinkState;

    let statuses = gateways.iter().filter_map(|gateway| gateway.status.as_ref());
    let Some(active) = statuses
        .into_iter()
        .find(|status| status.ha_status == Some(HaStatus::Active))
    else {
        return crate::ObservedMember::default();
    };
    crate::ObservedMember {
        name: active
            .local_endpoint
            .as_ref()
            .map(|endpoint| endpoint.cluster_id.clone()),
        id: None,
        version: active.version.parse().ok(),
        links: active
            .connections
            .iter()
            .map(|connection| {
                let state = match connection.status {
                    ConnectionStatus::Connected => LinkState::Connected,
                    ConnectionStatus::Connecting => LinkState::Connecting,
                    _ => LinkState::Failed,
                };
                (connection.endpoint.cluster_id.clone(), state)
            })
            .collect(),
        ready: active.status_failure.is_empty(),
    }
}
