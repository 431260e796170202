//! The operator: `FleetUpgrade` objects in a management cluster, planned and run.
//!
//! Each object's policy is planned once, and the plan run by the [engine](crate::engine) with its log in the object's status. An
//! operator that is killed at any moment leaves everything there; the next one goes on. Several replicas share the objects
//! out by Leases.
//!
//! ```no_run
//! # async fn embedded(client: kube::Client, shutdown: impl Future<Output = ()> + Send + Sync + 'static)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! use fleet_upgrade::adapters::{CapiFleet, CapiUpgrader};
//! use fleet_upgrade::operator::{FleetUpgradeController, Sharding};
//!
//! FleetUpgradeController::new(client.clone())
//!     .fleet(CapiFleet::new(client.clone()))
//!     .upgrader(CapiUpgrader::new(client))
//!     .sharded(Sharding::one_leader("fleet-system", std::env::var("POD_NAME")?))
//!     .run(shutdown)
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! The custom resource definition is [`crd`]; least-privilege roles are [`RBAC`].
//!
//! # What people do with an object
//!
//! - `kubectl wait --for=condition=Complete fleetupgrade/to-1.31`
//! - alert: on the condition `Stalled`: the run cannot be taken up, or not go on, until somebody has looked at it;
//! - pause: `spec.paused: true`, or the annotation [`PAUSED`]; cancel: the annotation [`CANCEL`], or delete the object, which stays
//!   until what is under way has ended;
//! - approve: `kubectl annotate fleetupgrade/to-1.31 approve-before.fleet-sdk.dev/canary=alice`, or a
//!   [`GivenApproval`] in `spec.approvals`.

mod changes;
mod controller;
mod lease;
mod metrics;
mod packing;
mod people;
mod resource;
mod run;
mod schema;
mod status;
mod store;

pub use controller::{FleetSource, FleetUpgradeController, OperatorError};
pub use lease::Sharding;
pub use metrics::Metrics;
pub use resource::{
    APPROVE_AFTER, APPROVE_BEFORE, APPROVE_GO_ON, CANCEL, Chunked, ClusterStatus, EventStatus, FINALIZER,
    FleetUpgradeResource, FleetUpgradeResourceSpec, FleetUpgradeStatus, GivenApproval, PAUSED, RunPhase,
    RunRecord, SeenApproval, StageStatus,
};
pub use schema::crd;
pub use store::ResourceStore;

/// The roles an operator needs and no more, as manifests: what the operator itself reads and writes, and what
/// [`CapiUpgrader`](crate::adapters::CapiUpgrader) does. The namespace is `fleet-system`.
pub const RBAC: &str = include_str!("../manifests/rbac.yaml");
