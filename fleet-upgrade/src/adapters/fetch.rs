//! The transport beneath adapters that speak plain HTTP.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use secrecy::{ExposeSecret as _, SecretString};

use crate::ports::BoxError;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 1 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Fetches one URL: the transport beneath [`Prometheus`](super::Prometheus) and [`WebhookGate`](super::WebhookGate), which a program with
/// TLS or a proxy of its own brings itself.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// The status and the body that a GET of this URL gives.
    async fn get(&self, url: &str, token: Option<&SecretString>) -> Result<(u16, Vec<u8>), BoxError>;

    /// The status and the body that a POST of this JSON gives. Default: an error, for transports that only read.
    async fn post(
        &self,
        url: &str,
        token: Option<&SecretString>,
        json: Vec<u8>,
    ) -> Result<(u16, Vec<u8>), BoxError> {
        let _ = (token, json);
        Err(format!("this transport does not post to {url}").into())
    }
}

/// Plain HTTP.
#[derive(Debug, Clone)]
pub struct HttpFetch {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }
}

impl HttpFetch {
    async fn send(
        &self,
        mut request: http::request::Builder,
        token: Option<&SecretString>,
        body: Vec<u8>,
    ) -> Result<(u16, Vec<u8>), BoxError> {
        if let Some(token) = token {
            let token = format!("Bearer {}", token.expose_secret());
            request = request.header(http::header::AUTHORIZATION, token);
        }
        let request = request.body(Full::from(body))?;
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await??;
        let status = answer.status().as_u16();
        let body =
            tokio::time::timeout(PATIENCE, Limited::new(answer.into_body(), LONGEST).collect()).await??;
        Ok((status, body.to_bytes().to_vec()))
    }
}

#[async_trait]
impl Fetch for HttpFetch {
    async fn get(&self, url: &str, token: Option<&SecretString>) -> Result<(u16, Vec<u8>), BoxError> {
        self.send(http::Request::get(url), token, Vec::new()).await
    }

    async fn post(
        &self,
        url: &str,
        token: Option<&SecretString>,
        json: Vec<u8>,
    ) -> Result<(u16, Vec<u8>), BoxError> {
        let request = http::Request::post(url).header(http::header::CONTENT_TYPE, "application/json");
        self.send(request, token, json).await
    }
}

/// A URL that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected a URL such as `{example}`")]
pub struct BaseUrlError {
    /// What was found.
    pub found: String,
    /// One that would do.
    pub example: &'static str,
}

/// A URL with a scheme and a host.
pub(super) fn url(found: &str, example: &'static str) -> Result<http::Uri, BaseUrlError> {
    let error = || BaseUrlError {
        found: found.to_owned(),
        example,
    };
    let url: http::Uri = found.parse().map_err(|_| error())?;
    if url.scheme().is_none() || url.host().is_none_or(str::is_empty) {
        return Err(error());
    }
    Ok(url)
}
