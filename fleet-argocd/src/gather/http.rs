//! The HTTP client that adapters use: the embedder's own, so that TLS, proxies and pools are the embedder's too.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use tower::{Service, ServiceExt};

use crate::expand::{FailureKind, SourceFailure};

/// Sends requests.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request and reads the whole answer, up to 32 MiB.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The server could not be reached, or went away.
    #[error("the server cannot be reached: {0}")]
    Transport(Box<dyn Error + Send + Sync>),
    /// The answer is too large, or broke off.
    #[error("the answer cannot be read: {0}")]
    Body(Box<dyn Error + Send + Sync>),
}

/// Any `tower::Service` over HTTP as an [`HttpClient`]: hyper's client, or a function in a test.
#[derive(Clone, Debug)]
pub struct TowerClient<S>(S);

impl<S> TowerClient<S> {
    /// Wraps a service, which is cloned for each request.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

#[async_trait]
impl<S, B> HttpClient for TowerClient<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self
            .0
            .clone()
            .oneshot(request.map(Full::new))
            .await
            .map_err(|error| HttpError::Transport(error.into()))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(HttpError::Body)?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

/// Sends a request and waits so long for the answer.
pub(super) async fn within(
    client: &dyn HttpClient,
    timeout: Duration,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, SourceFailure> {
    let unavailable = |message: String| SourceFailure::new(FailureKind::Unavailable, message);
    match tokio::time::timeout(timeout, client.send(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(unavailable(error.to_string())),
        Err(_) => Err(unavailable(format!("no answer within {} s", timeout.as_secs()))),
    }
}

/// What kind of failure a status is.
pub(super) fn kind_of(status: StatusCode) -> FailureKind {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FailureKind::Denied,
        StatusCode::NOT_FOUND => FailureKind::NotFound,
        StatusCode::TOO_MANY_REQUESTS => FailureKind::RateLimited,
        _ => FailureKind::Unavailable,
    }
}

/// What a service says in an answer that is no success: its own message, cut.
pub(super) fn message_of(body: &[u8]) -> String {
    let said = serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|value| {
            ["message", "error"]
                .iter()
                .find_map(|key| value.get(*key)?.as_str().map(str::to_owned))
        });
    let text = said.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    text.chars().take(MAX_MESSAGE).collect()
}

const MAX_ANSWER: usize = 32 << 20;
const MAX_MESSAGE: usize = 300;
