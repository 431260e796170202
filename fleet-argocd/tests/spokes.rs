//! Spokes from registration to removal, on an API server in memory: what `argocd cluster add` leaves behind, and no more.
#![cfg(feature = "kube")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use fleet_argocd::{
    ClusterConfig, ClusterConnector, ClusterRegistry, ClusterSecret, ClusterTable, ConnectionStatus,
    LabelFilter, OwnCredentials, RegistryError, SecretChange, Spoke, SpokeAccess, spoke,
};
use fleet_sim::{Hub, Verb};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

/// A cluster whose controller makes tokens, as Kubernetes' own does: each Secret gets one of its own.
fn cluster() -> Hub {
    let hub = Hub::builder().create_missing_namespaces(true).start().unwrap();
    let secrets: Api<Secret> = Api::all(hub.undisturbed_client());
    let client = hub.undisturbed_client();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            for secret in secrets.list(&ListParams::default()).await.unwrap() {
                let is_account = secret.type_.as_deref() == Some("kubernetes.io/service-account-token");
                if !is_account
                    || secret
                        .data
                        .as_ref()
                        .is_some_and(|data| data.contains_key("token"))
                {
                    continue;
                }
                let own: Api<Secret> = Api::namespaced(client.clone(), &secret.namespace().unwrap());
                let token = format!("token-of-{}", secret.uid().unwrap());
                let data = json!({"data": {"token": bytes(&token), "ca.crt": bytes("CA of the account")}});
                let name = secret.name_any();
                own.patch(&name, &PatchParams::default(), &Patch::Merge(data))
                    .await
                    .unwrap();
            }
        }
    });
    hub
}

fn bytes(text: &str) -> ByteString {
    ByteString(text.as_bytes().to_vec())
}

/// `Kind namespace/name revision` of everything of the account.
async fn left_behind(hub: &Hub) -> BTreeSet<String> {
    async fn of<K>(hub: &Hub, found: &mut BTreeSet<String>)
    where
        K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
    {
        let api: Api<K> = Api::all(hub.undisturbed_client());
        for object in api.list(&ListParams::default()).await.unwrap() {
            if !object.name_any().starts_with("argocd-manager") {
                continue;
            }
            let namespace = object
                .namespace()
                .map(|name| format!("{name}/"))
                .unwrap_or_default();
            found.insert(format!("{} {namespace}{}", K::kind(&()), object.name_any()));
        }
    }
    let mut found = BTreeSet::new();
    of::<ServiceAccount>(hub, &mut found).await;
    of::<Secret>(hub, &mut found).await;
    of::<ClusterRole>(hub, &mut found).await;
    of::<ClusterRoleBinding>(hub, &mut found).await;
    of::<Role>(hub, &mut found).await;
    of::<RoleBinding>(hub, &mut found).await;
    found
}

fn kubeconfig() -> String {
    let user = "{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}";
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'https://eu:6443', certificate-authority-data: Q0E=}}}}]\n\
         users: [{{name: u, user: {user}}}]\n"
    )
}

fn labels() -> BTreeMap<String, String> {
    [
        ("env", "production"),
        ("region", "eu-west"),
        ("topology.cluster.x-k8s.io/owned", ""),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

fn from_kubeconfig() -> ClusterSecret {
    spoke("eu", &kubeconfig().into(), &labels(), &LabelFilter::all()).unwrap()
}

async fn secret_of(hub: &Hub, name: &str) -> Secret {
    Api::namespaced(hub.undisturbed_client(), "argocd")
        .get(name)
        .await
        .unwrap()
}

fn config_of(secret: &Secret) -> Value {
    serde_json::from_slice(&secret.data.as_ref().unwrap()["config"].0).unwrap()
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_spoke_is_added_once_with_its_labels_and_an_account_of_its_own() {
    let (hub, eu) = (cluster(), cluster());
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    let (account, access) = (Spoke::new(eu.client()), SpokeAccess::new());
    let added = registry.add(&from_kubeconfig(), &account, &access).await.unwrap();
    assert_eq!(added.change, SecretChange::Created);
    assert_eq!(
        left_behind(&eu).await.into_iter().collect::<Vec<_>>(),
        [
            "ClusterRole argocd-manager-role",
            "ClusterRoleBinding argocd-manager-role-binding",
            "Secret kube-system/argocd-manager-long-lived-token",
            "ServiceAccount kube-system/argocd-manager",
        ]
    );
    let secret = secret_of(&hub, "cluster-eu").await;
    assert_eq!(
        json!(secret.metadata.labels),
        json!({"argocd.argoproj.io/secret-type": "cluster", "env": "production", "region": "eu-west"})
    );
    let config = config_of(&secret);
    // The account's token in place of the administrator's certificate; the CA stays the kubeconfig's.
    assert!(
        config["bearerToken"].as_str().unwrap().starts_with("token-of-"),
        "{config}"
    );
    assert_eq!(
        config["tlsClientConfig"],
        json!({"insecure": false, "caData": "Q0E="})
    );

    let before = eu.requests().of(Verb::Delete);
    let revision = |secret: &Secret| secret.resource_version();
    let again = registry.add(&from_kubeconfig(), &account, &access).await.unwrap();
    assert_eq!(again.change, SecretChange::Unchanged);
    assert_eq!(revision(&secret_of(&hub, "cluster-eu").await), revision(&secret));
    assert_eq!(
        eu.requests().of(Verb::Delete),
        before,
        "nothing was there to take away"
    );
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn in_namespaces_argo_cd_gets_roles_there_and_nothing_else() {
    let (hub, eu) = (cluster(), cluster());
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    let account = Spoke::new(eu.client());
    registry
        .add(&from_kubeconfig(), &account, &SpokeAccess::new())
        .await
        .unwrap();
    let shop = |namespaces: &[&str]| SpokeAccess::new().in_namespaces(namespaces.iter().copied());

    // Less than before: what is too much goes.
    registry
        .add(&from_kubeconfig(), &account, &shop(&["shop", "web"]))
        .await
        .unwrap();
    assert_eq!(
        left_behind(&eu).await.into_iter().collect::<Vec<_>>(),
        [
            "Role shop/argocd-manager-role",
            "Role web/argocd-manager-role",
            "RoleBinding shop/argocd-manager-role-binding",
            "RoleBinding web/argocd-manager-role-binding",
            "Secret kube-system/argocd-manager-long-lived-token",
            "ServiceAccount kube-system/argocd-manager",
        ]
    );
    let secret = secret_of(&hub, "cluster-eu").await;
    assert_eq!(secret.data.as_ref().unwrap()["namespaces"], bytes("shop,web"));
    let bound: RoleBinding = Api::namespaced(eu.client(), "shop")
        .get("argocd-manager-role-binding")
        .await
        .unwrap();
    assert_eq!(
        json!(bound.subjects),
        json!([{"kind": "ServiceAccount", "name": "argocd-manager", "namespace": "kube-system"}])
    );

    registry
        .add(&from_kubeconfig(), &account, &shop(&["web"]))
        .await
        .unwrap();
    let left = left_behind(&eu).await;
    assert!(left.contains("Role web/argocd-manager-role"), "{left:?}");
    assert!(!left.iter().any(|one| one.contains("shop/")), "{left:?}");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_token_is_rotated_and_labels_and_project_stay() {
    let (hub, eu) = (cluster(), cluster());
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    let (account, access) = (Spoke::new(eu.client()), SpokeAccess::new());
    let cluster = from_kubeconfig().with_project("shop");
    registry.add(&cluster, &account, &access).await.unwrap();
    let before = secret_of(&hub, "cluster-eu").await;
    registry.rotate("eu", &account, &access).await.unwrap();
    let after = secret_of(&hub, "cluster-eu").await;
    assert_ne!(
        config_of(&before)["bearerToken"],
        config_of(&after)["bearerToken"]
    );
    assert_eq!(
        config_of(&before)["tlsClientConfig"],
        config_of(&after)["tlsClientConfig"]
    );
    assert_eq!(before.metadata.labels, after.metadata.labels);
    assert_eq!(
        before.data.as_ref().unwrap()["project"],
        after.data.as_ref().unwrap()["project"]
    );

    // One that is not registered keeps its token.
    let deletions = eu.requests().of(Verb::Delete);
    let error = registry.rotate("us", &account, &access).await.unwrap_err();
    assert!(matches!(error, RegistryError::NotRegistered { .. }), "{error}");
    assert_eq!(eu.requests().of(Verb::Delete), deletions);
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn labels_are_set_and_taken_away_and_credentials_stay() {
    let hub = cluster();
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    registry.register(&from_kubeconfig()).await.unwrap();
    let change = [
        ("env".to_owned(), Some("staging".to_owned())),
        ("region".to_owned(), None),
    ];
    registry.label("eu", &change.into()).await.unwrap();
    let registered = registry.list().await.unwrap();
    assert_eq!(json!(registered[0].labels), json!({"env": "staging"}));
    assert_eq!(registered[0].summary().authentication, "client certificate");
    let error = registry.label("us", &BTreeMap::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "no cluster is registered as us");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_spoke_is_removed_without_a_trace_and_again() {
    let (hub, eu) = (cluster(), cluster());
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    let (account, access) = (
        Spoke::new(eu.client()),
        SpokeAccess::new().in_namespaces(["shop"]),
    );
    registry.add(&from_kubeconfig(), &account, &access).await.unwrap();
    assert!(registry.remove("eu").await.unwrap());
    // Whoever removes it need not know what had been granted.
    account.revoke(&SpokeAccess::new()).await.unwrap();
    assert_eq!(left_behind(&eu).await, BTreeSet::new());
    assert!(!registry.remove("eu").await.unwrap());
    account.revoke(&SpokeAccess::new()).await.unwrap();
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_cluster_of_cluster_api_is_added_with_an_account_and_not_as_its_administrator() {
    let (hub, eu) = (cluster(), cluster());
    let secrets: Api<Secret> = Api::namespaced(hub.undisturbed_client(), "clusters");
    let secret = serde_json::from_value(json!({
        "metadata": {"name": "eu-kubeconfig", "namespace": "clusters"},
        "type": "cluster.x-k8s.io/secret",
        "data": {"value": bytes(&kubeconfig())},
    }));
    secrets
        .create(&PostParams::default(), &secret.unwrap())
        .await
        .unwrap();
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    let filter = LabelFilter::only(["env"]);
    let cluster = registry
        .cluster_api("clusters", "eu", &labels(), &filter)
        .await
        .unwrap();
    registry
        .add(&cluster, &Spoke::new(eu.client()), &SpokeAccess::new())
        .await
        .unwrap();
    let registered = registry.list().await.unwrap();
    assert_eq!(registered[0].summary().authentication, "bearer token");
    assert_eq!(json!(registered[0].labels), json!({"env": "production"}));
    assert_eq!(registered[0].server, "https://eu:6443");
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_controller_that_makes_no_token_is_named() {
    let eu = Hub::builder().create_missing_namespaces(true).start().unwrap();
    let error = Spoke::new(eu.client())
        .grant(&SpokeAccess::new())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Secret kube-system/argocd-manager-long-lived-token has got no token; is the controller of service account tokens running?"
    );
}

/// Knows one cluster; another refuses, a third never answers, a fourth is only Argo CD's to reach.
struct Connector(Hub);

#[async_trait]
impl ClusterConnector for Connector {
    async fn connect(
        &self,
        cluster: &ClusterSecret,
    ) -> Result<Option<kube::Client>, Box<dyn Error + Send + Sync>> {
        match cluster.name.as_str() {
            "eu" => Ok(Some(self.0.client())),
            "slow" => std::future::pending().await,
            "aws" => Ok(None),
            _ => Err("connection refused".into()),
        }
    }
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn the_list_says_which_clusters_answer_and_what_they_run() {
    let (hub, eu) = (cluster(), cluster());
    let registry = ClusterRegistry::new(hub.client(), "argocd");
    for name in ["us", "eu", "slow", "aws"] {
        let mut cluster = ClusterSecret::new(name, format!("https://{name}:6443"))
            .with_project("shop")
            .with_config(ClusterConfig::bearer_token("s3cret"));
        if name == "eu" {
            cluster.namespaces = vec!["a".to_owned(), "b".to_owned()];
        }
        registry.register(&cluster).await.unwrap();
    }
    let version = eu.client().apiserver_version().await.unwrap().git_version;
    let statuses = registry.statuses(&Connector(eu)).await.unwrap();
    let states: Vec<_> = statuses
        .iter()
        .map(|one| (one.cluster.name.as_str(), one.connection))
        .collect();
    assert_eq!(
        states,
        [
            ("aws", ConnectionStatus::Unknown),
            ("eu", ConnectionStatus::Successful),
            ("slow", ConnectionStatus::Failed),
            ("us", ConnectionStatus::Failed),
            ("in-cluster", ConnectionStatus::Successful),
        ]
    );
    let table = ClusterTable(&statuses).to_string();
    let expected = format!(
        "SERVER                           NAME        VERSION  STATUS      MESSAGE                                               PROJECT\n\
         https://aws:6443                 aws                  Unknown     its credentials (bearer token) cannot be used from here  shop\n\
         https://eu:6443 (2 namespaces)   eu          {version}  Successful                                                        shop\n"
    );
    let words = |text: &str| {
        text.lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&table)[..3], words(&expected)[..]);
    assert_eq!(
        words(&table)[3],
        "https://slow:6443 slow Failed no answer within 10 s shop"
    );
    assert_eq!(
        words(&table)[5],
        format!("https://kubernetes.default.svc in-cluster {version} Successful")
    );
    let columns: BTreeSet<_> = table
        .lines()
        .take(4)
        .map(|line| line.find("shop").or(line.find("PROJECT")))
        .collect();
    assert_eq!(columns.len(), 1, "the columns stand under each other:\n{table}");
    assert!(!format!("{statuses:?}{}", json!(statuses)).contains("s3cret"));
}

#[tokio::test]
async fn a_registration_becomes_the_configuration_of_a_client() {
    let mut cluster = ClusterSecret::new("eu", "https://eu:6443");
    cluster.config = ClusterConfig::bearer_token("s3cret");
    cluster.config.tls_client_config.insecure = true;
    let config = cluster.kube_config().await.unwrap();
    assert_eq!(config.cluster_url.to_string(), "https://eu:6443/");
    assert!(config.accept_invalid_certs && config.auth_info.token.is_some());
    assert!(!format!("{config:?}").contains("s3cret"));

    cluster.config.aws_auth_config = Some(fleet_argocd::AwsAuth::default());
    assert!(OwnCredentials.connect(&cluster).await.unwrap().is_none());
    let mut broken = ClusterSecret::new("eu", "not a url");
    broken.config.tls_client_config.ca_data = Some(b"no certificate".to_vec());
    let error = broken.kube_config().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the registration of cluster eu cannot be used to connect"
    );
}
