//! Which controllers run beside the hub.

use clap::ValueEnum;
use fleet_sim::Hub;
use fleet_sim::argocd::{ArgoCd, ArgoCdHandle};
use fleet_sim::cluster_api::{ClusterApi, ClusterApiHandle};
use fleet_sim::velero::{Velero, VeleroHandle};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

/// A system whose controllers can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum System {
    /// Clusters come up, roll and go.
    ClusterApi,
    /// ApplicationSets are expanded, Applications sync.
    #[value(name = "argocd")]
    ArgoCd,
    /// Schedules fire, backups and restores pass their phases.
    Velero,
}

impl System {
    /// The kinds that its controllers work on.
    pub fn definitions(self) -> Vec<CustomResourceDefinition> {
        match self {
            Self::ClusterApi => fleet_capi::crds(),
            Self::ArgoCd => fleet_argocd::crds(),
            Self::Velero => fleet_velero::crds(),
        }
    }
}

/// The controllers that run. They end with it.
#[derive(Debug, Default)]
pub struct Running {
    cluster_api: Option<ClusterApiHandle>,
    argocd: Option<ArgoCdHandle>,
    velero: Option<VeleroHandle>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(handle) = self.cluster_api.take() {
            handle.stop();
        }
    }
}

pub fn start(hub: &Hub, systems: &[System], seed: u64) -> Running {
    let mut running = Running::default();
    for system in systems {
        match system {
            System::ClusterApi => {
                running.cluster_api = Some(hub.simulate(ClusterApi::default().seed(seed)));
            }
            System::ArgoCd => running.argocd = Some(hub.simulate(ArgoCd::default().seed(seed))),
            System::Velero => running.velero = Some(hub.simulate(Velero::default().seed(seed))),
        }
    }
    running
}
