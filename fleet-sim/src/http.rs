//! Serves a hub over a socket, so that kubectl and programs in any language can speak to it.
//!
//! ```no_run
//! # use fleet_sim::{Hub, http::Server};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = Hub::builder().start()?;
//! let server = Server::bind(&hub, "127.0.0.1:8001".parse()?).await?;
//! std::fs::write("hub.kubeconfig", server.kubeconfig())?;
//! server.serve(async { tokio::signal::ctrl_c().await.unwrap_or_default() }).await;
//! # Ok(()) }
//! ```
//!
//! Plain HTTP/1.1. Beyond this machine a server asks for a token: see [`Server::bind_exposed`].

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tower::Service as _;

use crate::hub::{Hub, HubBody, HubService};

/// Connections served at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 4_096;
/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long answers may take to end once the server stops. Watches are cut off then: they would never end.
const GRACE: Duration = Duration::from_secs(2);

/// Why a server could not be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The address is taken, or not this machine's.
    #[error("unable to listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The address can be reached from other machines.
    #[error(
        "{address} can be reached from other machines, and a hub lets everyone do everything: listen on 127.0.0.1, or \
         expose it with a token"
    )]
    Exposed {
        /// The address asked for.
        address: SocketAddr,
    },
    /// A token that guards nothing.
    #[error(
        "a token must be at least 16 characters of letters, digits, '-', '.' and '_', and this one is not"
    )]
    Token,
}

/// A hub at an address.
pub struct Server {
    service: HubService,
    listener: TcpListener,
    address: SocketAddr,
    token: Option<SecretString>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Listens on an address of this machine only. Port 0 takes a free one.
    pub async fn bind(hub: &Hub, address: SocketAddr) -> Result<Self, BindError> {
        if !address.ip().is_loopback() {
            return Err(BindError::Exposed { address });
        }
        Self::listen(hub, address, None).await
    }

    /// Listens on any address, and serves who brings the token (`Authorization: Bearer`). At least 16 characters.
    pub async fn bind_exposed(
        hub: &Hub,
        address: SocketAddr,
        token: SecretString,
    ) -> Result<Self, BindError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let text = token.expose_secret();
        if text.len() < 16 || !text.chars().all(plain) {
            return Err(BindError::Token);
        }
        Self::listen(hub, address, Some(token)).await
    }

    async fn listen(hub: &Hub, address: SocketAddr, token: Option<SecretString>) -> Result<Self, BindError> {
        let failed = |source| BindError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(Self {
            service: hub.service(),
            address: listener.local_addr().map_err(failed)?,
            listener,
            token,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A kubeconfig for this server, its token included: a secret where there is one.
    pub fn kubeconfig(&self) -> String {
        let user = match &self.token {
            Some(token) => json!({"token": token.expose_secret()}),
            None => json!({}),
        };
        let mut host = self.address;
        if host.ip().is_unspecified() {
            host.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
        }
        // JSON is YAML, too.
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "hub",
            "clusters": [{"name": "hub", "cluster": {"server": format!("http://{host}")}}],
            "contexts": [{"name": "hub", "context": {"cluster": "hub", "user": "hub", "namespace": "default"}}],
            "users": [{"name": "hub", "user": user}],
        });
        format!("{config:#}\n")
    }

    /// Serves until `stop` completes: then no more is accepted, answers on their way may end, watches are cut off.
    pub async fn serve(self, stop: impl Future<Output = ()>) {
        let (stopping, stopped) = watch::channel(false);
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let token = self.token.map(Arc::new);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = accept(&self.listener, &room) => accepted,
            };
            let Some((stream, permit)) = accepted else {
                continue;
            };
            let (service, token, stopped) = (self.service.clone(), token.clone(), stopped.clone());
            tokio::spawn(async move {
                connection(stream, service, token, stopped).await;
                drop(permit);
            });
        }
        drop(self.listener);
        stopping.send_replace(true);
        let _ = tokio::time::timeout(
            GRACE * 2,
            room.acquire_many(u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX)),
        )
        .await;
    }
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            // Out of file descriptors, say: not for ever, and not in a busy loop.
            tracing::warn!(%error, "unable to accept a connection");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    service: HubService,
    token: Option<Arc<SecretString>>,
    mut stopped: watch::Receiver<bool>,
) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let (mut service, allowed) = (service.clone(), is_allowed(&request, token.as_deref()));
        async move {
            if allowed {
                service.call(request).await
            } else {
                Ok(unauthorized())
            }
        }
    });
    // A peer that is slow to take what it asked for holds one connection, and nothing is queued for it.
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended");
            }
        }
        () = async { drop(stopped.wait_for(|stopped| *stopped).await) } => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(GRACE, connection).await;
        }
    }
}

fn is_allowed(request: &Request<Incoming>, token: Option<&SecretString>) -> bool {
    let Some(token) = token else { return true };
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let given = given
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    let expected = token.expose_secret();
    // Compared in full whatever differs, so that time tells nothing of where.
    let differing = given
        .bytes()
        .zip(expected.bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == expected.len() && differing == 0
}

fn unauthorized() -> Response<HubBody> {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
        "reason": "Unauthorized", "code": 401});
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())).boxed_unsync());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
