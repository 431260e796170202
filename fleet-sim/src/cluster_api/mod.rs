//! Simulated Cluster API: provisions clusters and rolls machines as Cluster API 1.14 does, seen from outside.
//!
//! [`ClusterApi`] takes the place of Cluster API's controllers, of kubeadm's providers and of the
//! infrastructure's. It talks to the API through a plain [`kube::Client`], on tokio's time, which is virtual on a
//! runtime started with paused time. Machines come up after a drawn delay; everything else follows the rules of
//! the real controllers:
//!
//! - A Cluster's infrastructure is provisioned, its API endpoint set, its kubeconfig Secret written.
//! - A KubeadmControlPlane makes its first machine, and the others one after the other. A new version or
//!   template rolls machine by machine, with `maxSurge` 1 or 0, and only from a healthy whole.
//! - A MachineDeployment makes one MachineSet for each template and rolls within `maxSurge` and
//!   `maxUnavailable`. New workers wait for a control plane that is upgrading, and for the skew policies of
//!   Kubernetes and kubeadm; the reason is in the `ScalingUp` message of the new MachineSet.
//! - Pausing (`spec.paused`, the annotation) freezes; deletion tears down workers, control plane, infrastructure.
//! - Status, counters and conditions are written in the version of each object, v1beta2 or v1beta1.
//!
//! # What it does not do
//!
//! It makes no bootstrap or infrastructure objects for machines (`KubeadmConfig`, `AWSMachine`, …): Machines name
//! them and that is all. There is no remediation, no managed topology, no `MachinePool`, no webhook (so no defaulting
//! and no refused versions), no workload cluster behind the kubeconfig. `status.deprecated` stays empty.
//!
//! # Two layers
//!
//! [`ClusterApi::step`] is pure: one cluster's objects and the time go in, changes and the next moment to look come
//! out. The edge around it keeps an index fed by one watch per kind and steps only clusters that changed or whose
//! moment has come, so an event costs the same in a fleet of ten and of ten thousand.

mod delay;
mod edge;
mod index;
mod object;
mod snapshot;
mod step;
mod watch;
#[cfg(test)]
mod world;
mod write;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use delay::Delay;
pub(crate) use delay::mix;
pub use edge::{ClusterApiHandle, ClusterApiStats};
pub use object::{Object, ObjectKey, ObjectKind, Shape};
pub use snapshot::ClusterSnapshot;
pub use step::Step;
pub use write::Write;

/// The simulated Cluster API controllers: how they behave, and the way to start them.
///
/// ```
/// use fleet_sim::cluster_api::{ClusterApi, Delay};
/// use std::time::Duration;
///
/// let controllers = ClusterApi::default()
///     .seed(7)
///     .machine_startup(Delay::around(Duration::from_secs(90), 0.2))
///     .machine_never_starts(|m| m.cluster == "staging" && m.version == "v1.31.0");
/// # let _ = controllers;
/// ```
#[derive(Clone, Debug)]
pub struct ClusterApi {
    seed: u64,
    machine_startup: Delay,
    machine_deletion: Delay,
    infrastructure_startup: Delay,
    reaction_time: Duration,
    never_starts: Vec<Rule>,
    stalls: Vec<ClusterRule>,
    unreachable: Vec<ClusterRule>,
}

/// What a fault rule about a whole cluster may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterFacts<'a> {
    /// The Cluster's name.
    pub name: &'a str,
    /// Its namespace.
    pub namespace: &'a str,
    /// The control plane's `spec.version`, with the `v`; empty when it has none.
    pub version: &'a str,
}

/// What a fault rule may look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineFacts<'a> {
    /// The Cluster's name.
    pub cluster: &'a str,
    /// The namespace of both.
    pub namespace: &'a str,
    /// The Machine's name.
    pub name: &'a str,
    /// The Machine's `spec.version`, with the `v`; empty when it has none.
    pub version: &'a str,
    /// Whether it belongs to the control plane.
    pub control_plane: bool,
}

impl Default for ClusterApi {
    /// Seed 0, machines start in 90 s and go in 30 s, infrastructure takes 60 s, controllers react in 250 ms.
    fn default() -> Self {
        Self {
            seed: 0,
            machine_startup: Delay::fixed(Duration::from_secs(90)),
            machine_deletion: Delay::fixed(Duration::from_secs(30)),
            infrastructure_startup: Delay::fixed(Duration::from_mins(1)),
            reaction_time: Duration::from_millis(250),
            never_starts: Vec::new(),
            stalls: Vec::new(),
            unreachable: Vec::new(),
        }
    }
}

impl ClusterApi {
    /// Where the names of machines and the draws from [`Delay`]s come from. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// From the start of a machine's provisioning to its Node being ready: two thirds until it is `Provisioned`,
    /// one third until it is `Running`. Default 90 s. The times objects carry are whole seconds, so a machine may
    /// be up to two seconds early.
    pub fn machine_startup(mut self, delay: impl Into<Delay>) -> Self {
        self.machine_startup = delay.into();
        self
    }

    /// From a Machine's deletion to its end: half of it draining (skipped when there was never a Node), half of it
    /// the infrastructure. Default 30 s.
    pub fn machine_deletion(mut self, delay: impl Into<Delay>) -> Self {
        self.machine_deletion = delay.into();
        self
    }

    /// From the creation of the infrastructure cluster to its being provisioned. Default 60 s.
    pub fn infrastructure_startup(mut self, delay: impl Into<Delay>) -> Self {
        self.infrastructure_startup = delay.into();
        self
    }

    /// How long after a change the controllers act on it; changes that come meanwhile are taken together.
    /// Default 250 ms. It is also how long a MachineDeployment's status pretends that an upgrade it has just seen
    /// is already done, as the real one does.
    pub fn reaction_time(mut self, time: Duration) -> Self {
        self.reaction_time = time;
        self
    }

    /// Machines for which this holds stay `Provisioning`: the infrastructure never delivers. Rules add up.
    ///
    /// A rule is asked whenever the machine's cluster is looked at; one that changes its mind over time takes
    /// effect at the next change in that cluster, or at once after [`ClusterApiHandle::look_again`].
    pub fn machine_never_starts(
        mut self,
        rule: impl Fn(&MachineFacts<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.never_starts.push(Rule(Arc::new(rule)));
        self
    }

    /// Control planes of clusters for which this holds stop at one replica that is up to date, in a rollout and in a first
    /// provisioning: etcd is not well, and without it no member may be added or removed. Rules add up, and are asked as
    /// those of [`ClusterApi::machine_never_starts`].
    pub fn control_plane_stalls(
        mut self,
        rule: impl Fn(&ClusterFacts<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.stalls.push(ClusterRule(Arc::new(rule)));
        self
    }

    /// Clusters for which this holds cannot be reached: their `RemoteConnectionProbe` fails, the nodes of their machines
    /// are `Unknown`, and nothing that needs to look at them goes on. Rules add up, and are asked as those of
    /// [`ClusterApi::machine_never_starts`]. For a client that cannot reach a hub, see [`crate::faults`].
    pub fn cluster_unreachable(
        mut self,
        rule: impl Fn(&ClusterFacts<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.unreachable.push(ClusterRule(Arc::new(rule)));
        self
    }

    /// What the controllers do next about one cluster: pure, total, the same for the same arguments (as long as
    /// the fault rules are).
    pub fn step(&self, snapshot: &ClusterSnapshot, now: Timestamp) -> Step {
        step::step(self, snapshot, now)
    }

    /// Starts the controllers as one task on the current runtime.
    ///
    /// `now` is the hub's time (`move || hub.now()`): it has to agree with the hub's `creationTimestamp`s and to
    /// advance with tokio's clock. The task survives every failure of the API (it lists and watches again, and
    /// tries writes again after 1 s, doubling up to 30 s) and ends with [`ClusterApiHandle::stop`] or the runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as `tokio::spawn`.
    pub fn spawn(
        self,
        client: kube::Client,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> ClusterApiHandle {
        edge::spawn(self, client, Box::new(now))
    }
}

#[derive(Clone)]
struct Rule(Arc<dyn Fn(&MachineFacts<'_>) -> bool + Send + Sync>);

impl Rule {
    fn applies(&self, facts: &MachineFacts<'_>) -> bool {
        (self.0)(facts)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}

#[derive(Clone)]
struct ClusterRule(Arc<dyn Fn(&ClusterFacts<'_>) -> bool + Send + Sync>);

impl ClusterRule {
    fn any(rules: &[Self], facts: &ClusterFacts<'_>) -> bool {
        rules.iter().any(|rule| (rule.0)(facts))
    }
}

impl fmt::Debug for ClusterRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterRule")
    }
}
