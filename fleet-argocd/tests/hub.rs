//! Registration and applying against a small API server in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(feature = "kube")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fleet_argocd::{
    ApplicationSet, ApplyError, ClusterRegistry, ClusterSecret, Deletions, LabelFilter, RegistryError,
    SecretChange, Snapshot, apply, expand,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};

/// Objects by path. An apply replaces the object; a resource version grows only when something changed.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    version: u64,
    writes: usize,
    refuse: Option<String>,
}

impl Server {
    fn client(&self) -> kube::Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, std::convert::Infallible>(server.answer(request).await) }
        });
        kube::Client::new(service, "default")
    }

    fn put(&self, path: &str, object: Value) {
        self.0.lock().unwrap().store(path, object);
    }

    fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }

    fn refuse(&self, path: &str) {
        self.0.lock().unwrap().refuse = Some(path.to_owned());
    }

    fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let method = request.method().clone();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let mut state = self.0.lock().unwrap();
        if method != Method::GET && state.refuse.as_deref() == Some(path.as_str()) {
            return failure(StatusCode::FORBIDDEN, "Forbidden");
        }
        match method {
            Method::PATCH => {
                assert!(
                    query.contains("fieldManager=fleet-sdk") && query.contains("force=true"),
                    "{query}"
                );
                let object = serde_json::from_slice(&body).unwrap();
                state.writes += 1;
                success(&state.store(&path, object))
            }
            Method::DELETE => {
                state.writes += 1;
                match state.objects.remove(&path) {
                    Some(object) => success(&object),
                    None => failure(StatusCode::NOT_FOUND, "NotFound"),
                }
            }
            _ if path.ends_with("/secrets") || path.ends_with("/applications") => {
                let below = format!("{path}/");
                let only_clusters = query.contains("secret-type");
                let items: Vec<_> = state
                    .objects
                    .iter()
                    .filter(|(at, _)| at.starts_with(&below))
                    .map(|(_, object)| object)
                    .filter(|o| {
                        !only_clusters
                            || o["metadata"]["labels"]["argocd.argoproj.io/secret-type"] == "cluster"
                    })
                    .collect();
                success(&json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}))
            }
            _ => match state.objects.get(&path) {
                Some(object) => success(object),
                None => failure(StatusCode::NOT_FOUND, "NotFound"),
            },
        }
    }
}

impl State {
    fn store(&mut self, path: &str, mut object: Value) -> Value {
        let version = self
            .objects
            .get(path)
            .map(|old| old["metadata"]["resourceVersion"].clone());
        object["metadata"]["resourceVersion"] = version.unwrap_or_else(|| json!("0"));
        if self.objects.get(path) != Some(&object) {
            self.version += 1;
            object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        }
        self.objects.insert(path.to_owned(), object.clone());
        object
    }
}

fn success(object: &Value) -> Response<Body> {
    Response::new(Body::from(object.to_string().into_bytes()))
}

fn failure(code: StatusCode, reason: &str) -> Response<Body> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason, "reason": reason, "code": code.as_u16()});
    Response::builder()
        .status(code)
        .body(Body::from(status.to_string().into_bytes()))
        .unwrap()
}

const SECRETS: &str = "/api/v1/namespaces/argocd/secrets";
const APPLICATIONS: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

fn cluster_api_secret(server: &Server, kind: &str) {
    let kubeconfig = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://eu:6443'}}]\nusers: [{name: u, user: {token: s3cret}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n";
    server.put(
        "/api/v1/namespaces/clusters/secrets/eu-kubeconfig",
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": kind,
            "metadata": {"name": "eu-kubeconfig", "namespace": "clusters"},
            "data": {"value": base64(kubeconfig)},
        }),
    );
}

fn base64(text: &str) -> Value {
    serde_json::to_value(k8s_openapi::ByteString(text.as_bytes().to_vec())).unwrap()
}

fn labels(env: &str) -> BTreeMap<String, String> {
    [
        ("env", env),
        ("tier", "gold"),
        ("cluster.x-k8s.io/watch-filter", "a"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into()
}

#[tokio::test(flavor = "current_thread")]
async fn a_cluster_is_registered_once_and_kept_up_to_date() {
    let server = Server::default();
    cluster_api_secret(&server, "cluster.x-k8s.io/secret");
    let registry = ClusterRegistry::new(server.client(), "argocd");
    let filter = LabelFilter::all();
    for (env, expected) in [
        ("staging", SecretChange::Created),
        ("staging", SecretChange::Unchanged),
        ("production", SecretChange::Changed),
    ] {
        let registered = registry
            .register_cluster_api("clusters", "eu", &labels(env), &filter)
            .await
            .unwrap();
        assert_eq!(registered.change, expected);
        assert!(!serde_json::to_string(&registered).unwrap().contains("s3cret"));
    }
    let secret = server.get(&format!("{SECRETS}/cluster-eu")).unwrap();
    assert_eq!(
        secret["metadata"]["labels"],
        json!({"argocd.argoproj.io/secret-type": "cluster", "env": "production", "tier": "gold"})
    );
    let listed = registry.list().await.unwrap();
    assert_eq!(
        listed
            .iter()
            .map(|cluster| cluster.name.as_str())
            .collect::<Vec<_>>(),
        ["eu"]
    );
    assert_eq!(listed[0].server, "https://eu:6443");

    assert!(registry.remove("eu").await.unwrap());
    assert!(!registry.remove("eu").await.unwrap());
    assert!(registry.list().await.unwrap().is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn a_cluster_without_a_kubeconfig_of_cluster_api_is_not_registered() {
    let server = Server::default();
    let registry = ClusterRegistry::new(server.client(), "argocd");
    assert!(matches!(
        refusal(&registry).await,
        RegistryError::NoKubeconfig { .. }
    ));
    cluster_api_secret(&server, "Opaque");
    assert!(
        matches!(refusal(&registry).await, RegistryError::NotClusterApis { found, .. } if found == "Opaque")
    );
    assert_eq!(server.writes(), 0);
}

async fn refusal(registry: &ClusterRegistry) -> RegistryError {
    registry
        .register_cluster_api("clusters", "eu", &BTreeMap::new(), &LabelFilter::all())
        .await
        .unwrap_err()
}

fn set() -> ApplicationSet {
    serde_json::from_value(json!({
        "metadata": {"name": "web", "namespace": "argocd", "uid": "u-1"},
        "spec": {
            "generators": [{"clusters": {"selector": {"matchLabels": {"env": "production"}}}}],
            "template": {
                "metadata": {"name": "web-{{name}}"},
                "spec": {
                    "project": "",
                    "source": {"repoURL": "r", "path": "p", "helm": {}, "directory": {}},
                    "destination": {"server": "{{server}}"},
                    "syncPolicy": {},
                },
            },
        },
    }))
    .unwrap()
}

fn snapshot(names: &[&str]) -> Snapshot {
    let clusters: Vec<_> = names
        .iter()
        .map(|name| ClusterSecret::new(*name, format!("https://{name}")).with_labels([("env", "production")]))
        .collect();
    Snapshot::empty().with_clusters(&clusters)
}

#[tokio::test(flavor = "current_thread")]
async fn an_expansion_is_applied_once_and_deletes_only_when_asked() {
    let server = Server::default();
    let client = server.client();
    let set = set();
    let both = expand(&set, &snapshot(&["eu", "us"])).unwrap();
    let report = apply(&client, &set, &both, Deletions::Never).await.unwrap();
    assert_eq!(report.created, ["web-eu", "web-us"]);
    let report = apply(&client, &set, &both, Deletions::Never).await.unwrap();
    assert_eq!(report.unchanged, ["web-eu", "web-us"]);

    let stored = server.get(&format!("{APPLICATIONS}/web-eu")).unwrap();
    assert_eq!(stored["kind"], "Application");
    assert_eq!(
        stored["spec"],
        json!({"project": "default", "source": {"repoURL": "r", "path": "p"}, "destination": {"server": "https://eu"}})
    );
    assert_eq!(
        stored["metadata"]["ownerReferences"],
        json!([{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "web", "uid": "u-1", "controller": true, "blockOwnerDeletion": true}])
    );
    assert_eq!(
        stored["metadata"]["finalizers"],
        json!(["resources-finalizer.argocd.argoproj.io"])
    );

    server.put(
        &format!("{APPLICATIONS}/by-hand"),
        json!({"metadata": {"name": "by-hand"}, "spec": {}}),
    );
    let one = expand(&set, &snapshot(&["eu"])).unwrap();
    let report = apply(&client, &set, &one, Deletions::Never).await.unwrap();
    assert!(report.deleted.is_empty());
    let report = apply(&client, &set, &one, Deletions::Owned).await.unwrap();
    assert_eq!(report.deleted, ["web-us"]);
    assert!(server.get(&format!("{APPLICATIONS}/by-hand")).is_some());
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_is_changed_when_something_is_known_to_fail() {
    let server = Server::default();
    let client = server.client();
    let mut set = set();
    let expansion = expand(&set, &snapshot(&["eu", "us"])).unwrap();
    server.put(
        &format!("{APPLICATIONS}/web-us"),
        json!({"metadata": {"name": "web-us", "ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "other", "uid": "u-2", "controller": true}]}, "spec": {}}),
    );
    let error = apply(&client, &set, &expansion, Deletions::Never)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ApplyError::OwnedByOther { owner, .. } if owner == "ApplicationSet/other"),
        "{error}"
    );

    set.spec.template.metadata.name = Some("web".into());
    let twice = expand(&set, &snapshot(&["eu", "us"])).unwrap();
    let error = apply(&client, &set, &twice, Deletions::Never).await.unwrap_err();
    assert!(matches!(error, ApplyError::DuplicateName { .. }), "{error}");
    assert_eq!(server.writes(), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn what_was_done_before_a_refusal_is_told() {
    let server = Server::default();
    server.refuse(&format!("{APPLICATIONS}/web-us"));
    let set = set();
    let expansion = expand(&set, &snapshot(&["eu", "us"])).unwrap();
    match apply(&server.client(), &set, &expansion, Deletions::Never).await {
        Err(ApplyError::Kubernetes { name, done, .. }) => {
            assert_eq!(name, "web-us");
            assert_eq!(done.created, ["web-eu"]);
        }
        other => panic!("{other:?}"),
    }
}
