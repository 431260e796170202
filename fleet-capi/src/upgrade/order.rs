//! What is to become of one cluster, and the record of it that stands on the cluster itself.

use std::collections::BTreeSet;

use fleet_core::{KubernetesVersion, MinorVersion};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rollout::ClusterState;
use crate::rollout::state::first_of_minor;

/// Where a cluster is to go, by which way, and which part of the way is asked for.
///
/// ```
/// use fleet_capi::upgrade::{Order, Rotation};
/// use serde_json::json;
///
/// let order = Order::to("v1.33.2".parse()?)
///     .through("v1.32.6".parse()?) // the control plane takes one minor at a time; the workers skip what they may
///     .rotating(Rotation::of_all("v1.32.6".parse()?, json!({"ami": {"id": "ami-32"}})))
///     .rotating(Rotation::of_all("v1.33.2".parse()?, json!({"ami": {"id": "ami-33"}})));
/// assert_eq!(order.stops().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Order {
    /// The version that every machine runs in the end.
    pub target: KubernetesVersion,
    /// The versions that the control plane stops at on its way.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub through: BTreeSet<KubernetesVersion>,
    /// Which machines.
    #[serde(default, skip_serializing_if = "Phases::is_all")]
    pub phases: Phases,
    /// Which machine templates change with the version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotations: Vec<Rotation>,
}

impl Order {
    /// To a version: the control plane, then all workers, with the templates they have.
    pub fn to(target: KubernetesVersion) -> Self {
        Self {
            target,
            through: BTreeSet::new(),
            phases: Phases::All,
            rotations: Vec::new(),
        }
    }

    /// The control plane stops at this version on its way. Every minor in between needs one, because the control plane
    /// takes one minor at a time. The workers go straight to the target, unless they would fall out of the version skew.
    ///
    /// A managed topology needs none where its `ClusterClass` lists the versions on the way.
    pub fn through(mut self, version: KubernetesVersion) -> Self {
        self.through.insert(version);
        self
    }

    /// Only the control plane.
    pub fn only_control_plane(mut self) -> Self {
        self.phases = Phases::ControlPlane;
        self
    }

    /// Only these `MachineDeployments` and `MachinePools`, under a control plane that is there already; all of them
    /// when none is named.
    pub fn only_workers(mut self, groups: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.phases = Phases::Workers {
            groups: groups.into_iter().map(Into::into).collect(),
        };
        self
    }

    /// Changes machine templates together with the version.
    pub fn rotating(mut self, rotation: Rotation) -> Self {
        self.rotations.push(rotation);
        self
    }

    /// The versions on the way, the target last.
    pub fn stops(&self) -> Vec<&KubernetesVersion> {
        let before = self.through.iter().filter(|stop| is_before(stop, &self.target));
        before.chain(std::iter::once(&self.target)).collect()
    }

    /// The same order with each version at the first release of its minor, for clusters that are
    /// [compared so](crate::rollout::ClusterState::is_by_minor).
    pub(super) fn in_minors(&self) -> Self {
        let mut order = self.clone();
        order.target = first_of_minor(&order.target);
        order.through = order.through.iter().map(first_of_minor).collect();
        for rotation in &mut order.rotations {
            rotation.version = first_of_minor(&rotation.version);
        }
        order
    }

    /// The stop that a cluster was sent to.
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver sends them.
    pub(super) fn stop_of(&self, cluster: &ClusterState) -> Option<&KubernetesVersion> {
        let asked = cluster.desired_version()?;
        if cluster.is_by_minor() {
            return self.stop_in(asked.minor_version());
        }
        self.stops().into_iter().find(|stop| stop.same_release(asked))
    }

    /// The stop of this minor, as it was ordered.
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver writes versions.
    pub(super) fn stop_in(&self, minor: MinorVersion) -> Option<&KubernetesVersion> {
        let mut stops = self.stops().into_iter().rev();
        stops.find(|stop| stop.minor_version() == minor)
    }

    /// The next stop of a control plane that asks for `current`.
    pub(super) fn next_stop(&self, current: &KubernetesVersion) -> Option<&KubernetesVersion> {
        self.stops().into_iter().find(|stop| is_before(current, stop))
    }

    /// Whether a version is one that the order asks for on its way.
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver asks.
    pub(super) fn passes(&self, version: &KubernetesVersion) -> bool {
        self.stops().iter().any(|stop| stop.same_release(version))
    }

    /// A rotation that comes with none of the stops.
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver asks.
    pub(super) fn idle_rotation(&self, by_minor: bool) -> Option<&Rotation> {
        let (stops, mut rotations) = (self.stops(), self.rotations.iter());
        rotations.find(|rotation| {
            !stops.iter().any(|stop| {
                let (a, b) = (&rotation.version, *stop);
                a.same_release(b) || by_minor && a.minor_version() == b.minor_version()
            })
        })
    }

    /// What changes in the templates of one half with a version, all rotations taken together.
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver asks.
    pub(super) fn changes(&self, half: Half, version: &KubernetesVersion) -> Vec<&Value> {
        let rotations = self.rotations.iter().filter(|rotation| {
            rotation.version.same_release(version) && rotation.half.is_none_or(|of| of == half)
        });
        rotations.map(|rotation| &rotation.change).collect()
    }
}

fn is_before(a: &KubernetesVersion, b: &KubernetesVersion) -> bool {
    a < b && !a.same_release(b)
}

/// Which part of a cluster an [`Order`] is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Phases {
    /// The control plane, then the workers.
    #[default]
    All,
    /// The control plane.
    ControlPlane,
    /// Worker groups, by name; all of them when none is named.
    Workers {
        /// Their names.
        groups: BTreeSet<String>,
    },
}

impl Phases {
    fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

/// A change of machine templates that comes with a version: another image, mostly.
///
/// Templates are not changed in place. A copy is made, called after the template, the version and its content
/// (`workers-v1-31-0-5f1d22c0`), and the same request that sets the version points to it. The former template is kept:
/// old machines refer to it, and so does a way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rotation {
    /// The version it comes with.
    pub version: KubernetesVersion,
    /// Whose templates; both halves' if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half: Option<Half>,
    /// A JSON merge patch of the template's `spec.template.spec`.
    pub change: Value,
}

impl Rotation {
    /// Of the control plane's template and the workers'.
    pub fn of_all(version: KubernetesVersion, change: Value) -> Self {
        Self {
            version,
            half: None,
            change,
        }
    }

    /// Of one half's templates.
    pub fn of(half: Half, version: KubernetesVersion, change: Value) -> Self {
        Self {
            version,
            half: Some(half),
            change,
        }
    }
}

/// The halves of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::exhaustive_enums)] // There are two.
pub enum Half {
    /// The control plane.
    ControlPlane,
    /// All worker groups.
    Workers,
}

/// An upgrade under way, as it stands in the annotation
/// [`UPGRADE_ANNOTATION`](crate::rollout::UPGRADE_ANNOTATION) of the object that holds the cluster's version. All that
/// another process needs to go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UpgradeRecord {
    /// What was ordered.
    pub order: Order,
    /// What the control plane had before the hop that is under way, for an abort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<Former>,
    /// Somebody wants no further step to be taken: see
    /// [`CapiClusterDriver::hold`](super::CapiClusterDriver::hold).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// A version and the machine template that went with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Former {
    /// The version.
    pub version: KubernetesVersion,
    /// The machine template's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
}

impl UpgradeRecord {
    #[cfg_attr(not(feature = "kube"), allow(dead_code))] // The driver begins upgrades.
    pub(super) fn of(order: Order) -> Self {
        Self {
            order,
            former: None,
            held: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn version(text: &str) -> KubernetesVersion {
        text.parse().unwrap()
    }

    #[test]
    fn stops_are_in_order_and_end_with_the_target() {
        let order = Order::to(version("v1.33.0"))
            .through(version("v1.32.1"))
            .through(version("v1.31.4"))
            .through(version("v1.34.0"));
        let stops: Vec<_> = order.stops().into_iter().map(ToString::to_string).collect();
        assert_eq!(stops, ["v1.31.4", "v1.32.1", "v1.33.0"]);
        assert_eq!(order.next_stop(&version("v1.31.4")), Some(&version("v1.32.1")));
        assert_eq!(order.next_stop(&version("v1.33.0")), None);
        assert!(order.passes(&version("v1.31.4")) && !order.passes(&version("v1.30.0")));
    }

    #[test]
    fn the_record_is_small_and_reads_back() {
        let record = UpgradeRecord::of(Order::to(version("v1.31.0")));
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(text, r#"{"order":{"target":"v1.31.0"}}"#);
        assert_eq!(serde_json::from_str::<UpgradeRecord>(&text).unwrap(), record);
        let order = Order::to(version("v1.31.0"))
            .only_workers(["a"])
            .rotating(Rotation::of(
                Half::Workers,
                version("v1.31.0"),
                json!({"image": "x"}),
            ));
        assert_eq!(
            order.changes(Half::Workers, &version("v1.31.0")),
            [&json!({"image": "x"})]
        );
        assert!(order.changes(Half::ControlPlane, &version("v1.31.0")).is_empty());
        let record = UpgradeRecord::of(order);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<UpgradeRecord>(&text).unwrap(), record);
    }
}
