//! Clients of workload clusters: made once, made anew when the Secret changes, and silent about what is in it.
#![allow(clippy::unwrap_used)] // Helpers of tests fail as tests do.
#![cfg(feature = "kube")]

use std::time::Duration;

use fleet_capi::workload::ClusterClients;
use fleet_core::ClusterName;
use fleet_sim::{Hub, Verb};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

const TOKEN: &str = "hush-0123456789";

fn kubeconfig(namespace: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
         clusters: [{{name: eu, cluster: {{server: 'http://127.0.0.1:1'}}}}]\n\
         users: [{{name: admin, user: {user}}}]\n\
         contexts: [{{name: a, context: {{cluster: eu, user: admin, namespace: {namespace}}}}}]\n"
    )
}

async fn write(hub: &Hub, text: &str) {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "eu-kubeconfig"},
        "stringData": {"value": text}});
    let secrets: Api<Secret> = Api::namespaced(hub.client(), "clusters");
    let params = PatchParams::apply("test").force();
    secrets
        .patch("eu-kubeconfig", &params, &Patch::Apply(secret))
        .await
        .unwrap();
}

async fn hub() -> Hub {
    let hub = Hub::builder().start().unwrap();
    let namespace = serde_json::from_value(json!({"metadata": {"name": "clusters"}})).unwrap();
    let namespaces: Api<Namespace> = Api::all(hub.client());
    namespaces
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap();
    hub
}

fn eu() -> ClusterName {
    "eu".parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_is_kept_until_the_secret_changes() {
    let hub = hub().await;
    let clients = ClusterClients::new(hub.client());
    let error = clients.client("clusters", &eu()).await.err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("no Secret `eu-kubeconfig` in namespace clusters")
    );

    let user = format!("{{token: {TOKEN}}}");
    write(&hub, &kubeconfig("one", &user)).await;
    let before = hub.requests().of(Verb::Get);
    for _ in 0..10 {
        assert_eq!(
            clients
                .client("clusters", &eu())
                .await
                .unwrap()
                .default_namespace(),
            "one"
        );
    }
    assert_eq!(hub.requests().of(Verb::Get) - before, 1);
    assert!(!format!("{clients:?}").contains(TOKEN));

    write(&hub, &kubeconfig("two", &user)).await;
    assert_eq!(
        clients
            .client("clusters", &eu())
            .await
            .unwrap()
            .default_namespace(),
        "one"
    );
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(
        clients
            .client("clusters", &eu())
            .await
            .unwrap()
            .default_namespace(),
        "two"
    );
    write(&hub, &kubeconfig("three", &user)).await;
    clients.forget("clusters", &eu());
    assert_eq!(
        clients
            .client("clusters", &eu())
            .await
            .unwrap()
            .default_namespace(),
        "three"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_of_no_use_or_of_harm_is_refused_and_not_quoted() {
    let hub = hub().await;
    for (user, problem) in [
        (
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: hush-0123456789}}",
            "would run a program",
        ),
        ("{tokenFile: /hush-0123456789}", "refers to files"),
        ("{client-key: /hush-0123456789}", "refers to files"),
        ("[hush-0123456789]", "is no kubeconfig"),
    ] {
        write(&hub, &kubeconfig("one", user)).await;
        let clients = ClusterClients::new(hub.client());
        let error = clients.client("clusters", &eu()).await.err().unwrap();
        assert!(error.to_string().contains(problem), "{error}");
        assert!(!format!("{error:?} {error}").contains(TOKEN), "{error:?}");
    }
}
