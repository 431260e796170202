//! The version-skew policy: which versions may run beside each other, and which steps an upgrade may take.
//!
//! The rules are Kubernetes' own (the "Version Skew Policy" page of its documentation, unchanged since 1.28):
//!
//! - API servers of one control plane: at most one minor apart.
//! - kubelet and kube-proxy: never newer than the API server; at most three minors older, two before 1.25 (the
//!   kubelet's version counts).
//! - controller manager, scheduler, cloud controller manager: never newer, at most one minor older.
//! - kubectl: at most one minor older or newer.
//! - a control plane moves up by one minor at a time, and never down.

use crate::{KubernetesVersion, MinorVersion};

/// A component whose version is compared with that of the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Component {
    /// Another API server of the same control plane.
    ApiServer,
    /// The kubelet of a node.
    Kubelet,
    /// kube-proxy on a node.
    KubeProxy,
    /// kube-controller-manager.
    ControllerManager,
    /// kube-scheduler.
    Scheduler,
    /// A cloud controller manager.
    CloudControllerManager,
    /// kubectl.
    Kubectl,
}

impl Component {
    /// The name of the program.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiServer => "kube-apiserver",
            Self::Kubelet => "kubelet",
            Self::KubeProxy => "kube-proxy",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::CloudControllerManager => "cloud-controller-manager",
            Self::Kubectl => "kubectl",
        }
    }

    /// How many minors older than the API server, and how many newer, this component may be.
    fn tolerance(self, component: MinorVersion) -> (i64, i64) {
        match self {
            Self::ApiServer | Self::Kubectl => (1, 1),
            Self::Kubelet | Self::KubeProxy if component < MinorVersion::new(1, 25) => (2, 0),
            Self::Kubelet | Self::KubeProxy => (3, 0),
            Self::ControllerManager | Self::Scheduler | Self::CloudControllerManager => (1, 0),
        }
    }
}

/// Whether `component` at `version` may talk to an API server at `api_server`.
///
/// ```
/// use fleet_core::skew::{self, Component};
///
/// let api_server = "v1.31.0".parse()?;
/// assert!(skew::check(Component::Kubelet, &"v1.28.9".parse()?, &api_server).is_ok());
/// assert!(skew::check(Component::Kubelet, &"v1.32.0".parse()?, &api_server).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(
    component: Component,
    version: &KubernetesVersion,
    api_server: &KubernetesVersion,
) -> Result<(), SkewError> {
    let (older, newer) = component.tolerance(version.minor_version());
    let distance = api_server.minor_distance(version);
    if distance > newer {
        return Err(SkewError::TooNew {
            component,
            version: version.clone(),
            api_server: api_server.clone(),
            newer,
        });
    }
    if distance < -older {
        return Err(SkewError::TooOld {
            component,
            version: version.clone(),
            api_server: api_server.clone(),
            older,
        });
    }
    Ok(())
}

/// Whether nodes at `kubelet` may run under an API server at `api_server`.
pub fn check_kubelet(api_server: &KubernetesVersion, kubelet: &KubernetesVersion) -> Result<(), SkewError> {
    check(Component::Kubelet, kubelet, api_server)
}

/// Whether a control plane may go from one version to another in one step: up, by at most one minor.
///
/// Cluster API's own admission checks only the upper end; a lower version is accepted by `KubeadmControlPlane` and
/// rolled out, which breaks the cluster. Here it is refused.
pub fn check_control_plane_hop(from: &KubernetesVersion, to: &KubernetesVersion) -> Result<(), SkewError> {
    if to < from && !to.same_release(from) {
        return Err(SkewError::Downgrade {
            from: from.clone(),
            to: to.clone(),
        });
    }
    match from.minor_distance(to) {
        0 | 1 => Ok(()),
        _ => Err(SkewError::HopTooFar {
            from: from.clone(),
            to: to.clone(),
        }),
    }
}

/// A combination of versions, or a step between them, that Kubernetes does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkewError {
    /// A component is newer than its API server allows.
    #[error("{} {version} is newer than its API server {api_server}; at most {newer} minor versions ahead are supported", component.as_str())]
    TooNew {
        /// The component.
        component: Component,
        /// Its version.
        version: KubernetesVersion,
        /// The API server's version.
        api_server: KubernetesVersion,
        /// How many minors ahead are allowed.
        newer: i64,
    },
    /// A component is older than its API server allows.
    #[error(
        "{} {version} is too old for its API server {api_server}; at most {older} minor versions behind are supported",
        component.as_str()
    )]
    TooOld {
        /// The component.
        component: Component,
        /// Its version.
        version: KubernetesVersion,
        /// The API server's version.
        api_server: KubernetesVersion,
        /// How many minors behind are allowed.
        older: i64,
    },
    /// A control plane would move down.
    #[error("{to} is older than {from}; a control plane cannot be downgraded")]
    Downgrade {
        /// The version now.
        from: KubernetesVersion,
        /// The version asked for.
        to: KubernetesVersion,
    },
    /// A control plane would skip a minor version.
    #[error(
        "{from} to {to} is more than one minor version; a control plane moves one minor at a time, next to {}",
        from.minor_version().next()
    )]
    HopTooFar {
        /// The version now.
        from: KubernetesVersion,
        /// The version asked for.
        to: KubernetesVersion,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minor: u64) -> KubernetesVersion {
        KubernetesVersion::new(1, minor, 0)
    }

    #[test]
    fn kubelets_lag_three_minors_since_1_25_two_before() {
        for (api_server, oldest) in [(24, 22), (26, 24), (27, 25), (28, 25), (31, 28)] {
            assert!(
                check_kubelet(&at(api_server), &at(oldest)).is_ok(),
                "{api_server} {oldest}"
            );
            assert!(
                check_kubelet(&at(api_server), &at(oldest - 1)).is_err(),
                "{api_server} {oldest}"
            );
            assert!(check_kubelet(&at(api_server), &at(api_server + 1)).is_err());
        }
    }

    #[test]
    fn control_planes_move_up_one_minor() {
        assert!(check_control_plane_hop(&at(30), &at(31)).is_ok());
        assert!(check_control_plane_hop(&at(30), &KubernetesVersion::new(1, 30, 9)).is_ok());
        assert!(matches!(
            check_control_plane_hop(&at(30), &at(32)),
            Err(SkewError::HopTooFar { .. })
        ));
        assert!(matches!(
            check_control_plane_hop(&at(31), &at(30)),
            Err(SkewError::Downgrade { .. })
        ));
        let patch_down = check_control_plane_hop(&KubernetesVersion::new(1, 30, 9), &at(30));
        assert!(matches!(patch_down, Err(SkewError::Downgrade { .. })));
        let next_major = check_control_plane_hop(&at(30), &KubernetesVersion::new(2, 0, 0));
        assert!(matches!(next_major, Err(SkewError::HopTooFar { .. })));
    }

    #[test]
    fn a_vendors_suffix_is_no_downgrade() {
        let vendor = "v1.30.0-eks-1".parse().unwrap();
        assert!(check_control_plane_hop(&vendor, &at(30)).is_ok());
    }

    #[test]
    fn other_components() {
        assert!(check(Component::Scheduler, &at(30), &at(31)).is_ok());
        assert!(check(Component::Scheduler, &at(29), &at(31)).is_err());
        assert!(check(Component::Kubectl, &at(32), &at(31)).is_ok());
        assert!(check(Component::ApiServer, &at(33), &at(31)).is_err());
    }
}
