//! Which API version of a provider's kind is asked for, on a management cluster with many providers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.
#![cfg(feature = "kube")]

use fleet_capi::contract::{Contract, ContractError, resource_of};
use fleet_sim::Hub;

#[tokio::test(start_paused = true)]
async fn providers_share_a_group_and_not_its_versions() {
    let hub = Hub::builder().crds(fleet_capi::crds()).start().unwrap();
    let group = "infrastructure.cluster.x-k8s.io";
    for (kind, version, contract) in [
        // Its v1beta2 follows v1beta1.
        ("AWSMachineTemplate", "v1beta2", Contract::V1beta1),
        // There is no v1beta2 of it, though the group has one.
        ("AzureMachineTemplate", "v1beta1", Contract::V1beta1),
        ("VSphereMachineTemplate", "v1beta2", Contract::V1beta2),
        ("DevMachineTemplate", "v1beta2", Contract::V1beta2),
    ] {
        let (resource, found) = resource_of(&hub.client(), group, kind).await.unwrap();
        assert_eq!(
            (resource.version.as_str(), found),
            (version, Some(contract)),
            "{kind}"
        );
        assert_eq!(resource.plural, format!("{}s", kind.to_lowercase()));
    }
    for (group, kind) in [
        (group, "GCPMachineTemplate"),
        ("nobody.example.com", "MachineTemplate"),
    ] {
        let error = resource_of(&hub.client(), group, kind).await.unwrap_err();
        assert!(matches!(error, ContractError::UnknownKind { .. }), "{error:?}");
    }
}
