#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cilium;
mod command;
mod ipam;
#[cfg(feature = "kube")]
pub mod live;
pub mod names;
mod picture;
mod plan;
mod policy;
#[cfg(feature = "resources")]
pub mod resources;
mod skew;
mod status;
mod steps;
mod submariner;
mod sweep;
mod version;

pub use cilium::{CiliumValues, helm_values};
pub use command::Command;
pub use ipam::AddressSpace;
pub use picture::{mermaid, svg};
pub use plan::{
    Allocation, At, Connection, Island, MeshError, MeshPlan, Opening, PlannedMember, Problem, Protocol,
    Renumbering, Role, Warning, What, check_together, mesh_plan,
};
#[cfg(feature = "yaml")]
pub use policy::PolicyError;
pub use policy::{
    CableDriver, CiliumSettings, Globalnet, IpamMode, KubeProxyMode, Member, MeshPolicy, Pool, Pools, Port,
    RoutingMode, ServiceType, SubmarinerSettings, Technology, Topology, TunnelProtocol,
};
pub use skew::{MeshSkew, SkewBreach, Upgrade};
pub use status::{Difference, LinkState, Observed, ObservedMember};
pub use steps::{Action, Present, Step};
pub use submariner::subctl_commands;
pub use version::{ReleaseVersion, ReleaseVersionError};
