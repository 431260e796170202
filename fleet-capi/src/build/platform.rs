//! What a cluster runs on.

use fleet_core::yaml::FieldPath;

use super::ClusterSpec;
use super::kubeadm::Node;
use crate::Object;
use crate::admission::Problem;

/// What a cluster runs on: `Aws`, `Azure`, `Vsphere`, `Docker` or `InMemory`, or a `ClusterClass` that knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Platform(pub(super) Kind);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    #[cfg(feature = "aws")]
    Aws(super::Aws),
    #[cfg(feature = "azure")]
    Azure(super::Azure),
    #[cfg(feature = "vsphere")]
    Vsphere(super::Vsphere),
    #[cfg(feature = "docker")]
    Docker(super::Docker),
    #[cfg(feature = "docker")]
    InMemory(super::InMemory),
    /// A `ClusterClass`, by its name.
    Class(String),
}

/// One half's machines: what their template says.
pub(super) struct Machines<'a> {
    /// The name of the template.
    pub template: String,
    /// The half, or the pool: where its settings stand.
    pub instance_type: Option<&'a str>,
    pub image: Option<&'a str>,
    pub disk_gib: Option<u32>,
    pub is_control_plane: bool,
}

macro_rules! platforms {
    ($($feature:literal $kind:ident),+ $(,)?) => {
        $(
            #[cfg(feature = $feature)]
            impl From<super::$kind> for Platform {
                fn from(platform: super::$kind) -> Self {
                    Self(Kind::$kind(platform))
                }
            }
        )+

        impl Platform {
            /// The group-less kinds of the cluster's and the machines' templates.
            pub(super) fn kinds(&self) -> (&'static str, &'static str) {
                match &self.0 {
                    $( #[cfg(feature = $feature)] Kind::$kind(_) => super::$kind::KINDS, )+
                    Kind::Class(_) => ("", ""),
                }
            }

            /// The cluster's infrastructure.
            pub(super) fn cluster(&self, spec: &ClusterSpec) -> Option<Object> {
                match &self.0 {
                    $( #[cfg(feature = $feature)] Kind::$kind(platform) => Some(platform.cluster(spec)), )+
                    Kind::Class(_) => None,
                }
            }

            /// The template of one half's machines.
            pub(super) fn machines(&self, spec: &ClusterSpec, machines: &Machines<'_>) -> Option<Object> {
                match &self.0 {
                    $( #[cfg(feature = $feature)] Kind::$kind(platform) => Some(platform.machines(spec, machines)), )+
                    Kind::Class(_) => None,
                }
            }

            /// What kubeadm is told on each machine.
            pub(super) fn node(&self, spec: &ClusterSpec, template: &str, is_control_plane: bool) -> Node {
                match &self.0 {
                    $( #[cfg(feature = $feature)] Kind::$kind(platform) => platform.node(spec, template, is_control_plane), )+
                    Kind::Class(_) => Node::default(),
                }
            }

            /// What must be said and was not, and what was said and means nothing here.
            pub(super) fn mistakes(&self, spec: &ClusterSpec) -> Vec<(FieldPath, Problem)> {
                match &self.0 {
                    $( #[cfg(feature = $feature)] Kind::$kind(platform) => platform.mistakes(spec), )+
                    Kind::Class(_) => super::topology::mistakes(spec),
                }
            }
        }
    };
}

platforms! {
    "aws" Aws,
    "azure" Azure,
    "vsphere" Vsphere,
    "docker" Docker,
    "docker" InMemory,
}

impl Platform {
    /// A `ClusterClass` of the cluster's namespace.
    pub fn class(name: impl Into<String>) -> Self {
        Self(Kind::Class(name.into()))
    }

    pub(super) fn as_class(&self) -> Option<&str> {
        match &self.0 {
            Kind::Class(name) => Some(name),
            #[allow(
                unreachable_patterns,
                reason = "without a provider's feature there is no other"
            )]
            _ => None,
        }
    }
}

/// A mistake: something that must be said.
pub(super) fn missing(path: FieldPath, expected: &'static str) -> (FieldPath, Problem) {
    (path, Problem::Missing { expected })
}

/// A mistake: something that means nothing on the platform.
pub(super) fn forbidden(path: FieldPath, reason: &'static str) -> (FieldPath, Problem) {
    (path, Problem::Forbidden { reason })
}

/// The settings of both halves that stand under a name, with their paths.
pub(super) fn halves<'a, T: 'a>(
    spec: &'a ClusterSpec,
    field: &'static str,
    of_control_plane: impl Fn(&'a super::ControlPlane) -> T,
    of_pool: impl Fn(&'a super::NodePool) -> T,
) -> Vec<(FieldPath, T)> {
    let root = FieldPath::root;
    let control_plane = (
        root().field("controlPlane").field(field),
        of_control_plane(&spec.control_plane),
    );
    let pools = spec.pools.iter().enumerate();
    let pools = pools.map(|(index, pool)| (root().field("pools").index(index).field(field), of_pool(pool)));
    std::iter::once(control_plane).chain(pools).collect()
}
