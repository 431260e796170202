//! Which API version of a provider's kind is asked for, on a management cluster with many providers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // Helpers of tests fail as tests do.
#![cfg(feature = "kube")]

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use fleet_capi::contract::{Contract, ContractError, resource_of};
use fleet_sim::Hub;
use kube::Client;
use kube::client::Body;

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

/// A client to which a version of the group is not served yet, for as many requests as it says.
fn before_it_is_served(client: &Client, refusals: usize) -> Client {
    let (inner, left) = (client.clone(), Arc::new(AtomicUsize::new(refusals)));
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (inner, left) = (inner.clone(), Arc::clone(&left));
        async move {
            let asked = request.uri().path().ends_with("cluster.x-k8s.io/v1beta1");
            let less = |count: usize| count.checked_sub(1);
            if asked && left.fetch_update(Relaxed, Relaxed, less).is_ok() {
                let page = Body::from(b"404 page not found\n".to_vec());
                return Ok(http::Response::builder().status(404).body(page).unwrap());
            }
            inner.send(request).await
        }
    });
    Client::new(service, "default")
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_being_installed_holds_up_nobody() {
    let hub = Hub::builder().crds(fleet_capi::crds()).start().unwrap();
    let ask = |refusals| {
        let client = before_it_is_served(&hub.client(), refusals);
        async move { resource_of(&client, "infrastructure.cluster.x-k8s.io", "DevMachineTemplate").await }
    };
    assert_eq!(ask(3).await.unwrap().0.version, "v1beta2");
    // One that never comes is told.
    assert!(matches!(ask(100).await.unwrap_err(), ContractError::Api { .. }));
}
