//! A served hub: who may speak to it, what it refuses, and how it ends.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use fleet_sim::Hub;
use fleet_sim::http::{BindError, Server};
use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use secrecy::SecretString;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const TOKEN: &str = "a-token-of-sixteen-and-more";
const MIB: usize = 1024 * 1024;

struct Served {
    hub: Hub,
    address: SocketAddr,
    kubeconfig: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Served {
    async fn start(token: Option<&str>) -> Self {
        let hub = Hub::builder().start().unwrap();
        let address = "127.0.0.1:0".parse().unwrap();
        let server = match token {
            Some(token) => Server::bind_exposed(&hub, address, SecretString::from(token)).await,
            None => Server::bind(&hub, address).await,
        };
        let server = server.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        Self {
            hub,
            address: server.address(),
            kubeconfig: server.kubeconfig(),
            stop,
            serving: tokio::spawn(server.serve(async {
                let _ = stopped.await;
            })),
        }
    }

    async fn client(&self) -> Client {
        let kubeconfig = Kubeconfig::from_yaml(&self.kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        Client::try_from(config.unwrap()).unwrap()
    }

    fn anonymous(&self) -> Client {
        let config = Config::new(format!("http://{}", self.address).parse().unwrap());
        Client::try_from(config).unwrap()
    }

    /// Sends bytes as they are, and reads the answer until the server closes or says nothing more.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let mut part = [0; 4096];
        while let Ok(Ok(read)) = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut part)).await {
            if read == 0 {
                break;
            }
            answer.extend_from_slice(&part[..read]);
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("no answer of a server: {other}"),
    }
}

#[tokio::test]
async fn an_address_that_others_reach_needs_a_token_worth_the_name() {
    let hub = Hub::builder().start().unwrap();
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let refused = Server::bind(&hub, everywhere).await.unwrap_err();
    assert!(matches!(refused, BindError::Exposed { .. }), "{refused}");
    for weak in ["short", "", "sixteen characters but with spaces"] {
        let refused = Server::bind_exposed(&hub, everywhere, SecretString::from(weak)).await;
        assert!(matches!(refused, Err(BindError::Token)), "{weak:?}");
    }
    let server = Server::bind_exposed(&hub, everywhere, SecretString::from(TOKEN))
        .await
        .unwrap();
    assert!(!format!("{server:?}").contains(TOKEN));
    assert!(server.kubeconfig().contains(TOKEN));
}

#[tokio::test]
async fn without_the_token_nothing_is_told() {
    let served = Served::start(Some(TOKEN)).await;
    let with = served.client().await;
    assert!(with.apiserver_version().await.is_ok());
    assert_eq!(
        code(&served.anonymous().apiserver_version().await.unwrap_err()),
        401
    );
    for other in ["a-token-of-sixteen-and-mora", "a-token-of-sixteen-and-more-"] {
        let head = format!("GET /version HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {other}\r\n\r\n");
        let answer = served.raw(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    assert_eq!(
        served.hub.requests().total(),
        1,
        "what is not allowed reaches no hub"
    );
}

#[tokio::test]
async fn clients_write_and_watch_and_a_stop_cuts_watches_off() {
    let served = Served::start(None).await;
    let maps: Api<ConfigMap> = Api::default_namespaced(served.client().await);
    let events = maps.watch(&WatchParams::default(), "0").await.unwrap();
    let mut events = Box::pin(events);
    let settings = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"mode": "blue"}});
    maps.patch("settings", &PatchParams::apply("one"), &Patch::Apply(&settings))
        .await
        .unwrap();
    let Some(WatchEvent::Added(added)) = events.try_next().await.unwrap() else {
        panic!("the new object is told");
    };
    assert_eq!(added.metadata.name.as_deref(), Some("settings"));
    served.stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), served.serving).await;
    assert!(ended.is_ok(), "a watch that is open holds nothing up");
    assert!(
        !matches!(events.try_next().await, Ok(Some(_))),
        "and hears no more"
    );
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_next_one_is_served() {
    let served = Served::start(None).await;
    let body = |length: usize, kind: &str, body: &[u8]| {
        let head = format!(
            "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: hub\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes();
    let long_name = format!("GET /{} HTTP/1.1\r\nHost: hub\r\n\r\n", "a".repeat(MIB));
    for (what, request, expected) in [
        ("no HTTP", b"\x16\x03\x01 hello\r\n\r\n".to_vec(), "400"),
        (
            "a header that is none",
            b"GET / HTTP/1.1\r\nbad header\r\n\r\n".to_vec(),
            "400",
        ),
        ("an endless path", long_name.into_bytes(), "431"),
        ("no JSON", body(1, "application/json", b"{"), "400"),
        (
            "deep JSON",
            body(nested.len(), "application/json", &nested),
            "400",
        ),
        ("another type", body(2, "text/csv", b"{}"), "415"),
        (
            "no protobuf",
            body(2, "application/vnd.kubernetes.protobuf", b"{}"),
            "400",
        ),
        (
            "too much",
            body(4 * MIB, "application/json", &vec![b' '; 3 * MIB + 1]),
            "413",
        ),
    ] {
        let answer = served.raw(&request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}")),
            "{what}: {}",
            answer.lines().next().unwrap_or("closed without an answer")
        );
    }
    // A body that never comes takes nobody else's turn.
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(&body(100, "application/json", b"{"))
        .await
        .unwrap();
    let maps: Api<ConfigMap> = Api::default_namespaced(served.client().await);
    let mut map = ConfigMap::default();
    map.metadata.name = Some("a".to_owned());
    assert!(maps.create(&PostParams::default(), &map).await.is_ok());
    assert_eq!(
        code(&maps.create(&PostParams::default(), &map).await.unwrap_err()),
        409
    );
}

#[tokio::test]
async fn go_clients_may_write_protobuf() {
    let served = Served::start(None).await;
    // What `kubectl create configmap settings --from-literal=mode=blue` sends.
    let part = |number: u8, content: &[u8]| {
        [
            &[number << 3 | 2, u8::try_from(content.len()).unwrap()][..],
            content,
        ]
        .concat()
    };
    let meta = [part(1, b"v1"), part(2, b"ConfigMap")].concat();
    let entry = [part(1, b"mode"), part(2, b"blue")].concat();
    let raw = [part(1, &part(1, b"settings")), part(2, &entry)].concat();
    let object = [&b"k8s\0"[..], &part(1, &meta), &part(2, &raw)].concat();
    let head = format!(
        "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: hub\r\nContent-Length: {}\r\n\
         Content-Type: application/vnd.kubernetes.protobuf\r\nAccept: application/vnd.kubernetes.protobuf,application/json\r\n\r\n",
        object.len()
    );
    let answer = served.raw(&[head.as_bytes(), &object].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let maps: Api<ConfigMap> = Api::default_namespaced(served.client().await);
    let map = maps.get("settings").await.unwrap();
    assert_eq!(map.data.unwrap().get("mode").map(String::as_str), Some("blue"));
}
