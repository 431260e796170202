//! Plugins over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, header};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{HttpClient, message_of, within};
use super::ports::{PluginCall, PluginSource, SecretSource};
use crate::expand::{FailureKind, SourceFailure};

/// Calls plugins as Argo CD does: `POST BASE/api/v1/getparams.execute` with a bearer token.
#[derive(Clone)]
pub struct HttpPlugins {
    client: Arc<dyn HttpClient>,
    secrets: Arc<dyn SecretSource>,
}

impl std::fmt::Debug for HttpPlugins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpPlugins").finish_non_exhaustive()
    }
}

impl HttpPlugins {
    /// Over this client, with tokens from these Secrets.
    pub fn new(client: impl HttpClient + 'static, secrets: impl SecretSource + 'static) -> Self {
        Self {
            client: Arc::new(client),
            secrets: Arc::new(secrets),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    output: Output,
}

#[derive(Deserialize)]
struct Output {
    parameters: Vec<Value>,
}

#[async_trait]
impl PluginSource for HttpPlugins {
    async fn parameters(&self, call: &PluginCall) -> Result<Vec<Value>, SourceFailure> {
        let (secret, key) = &call.token;
        let token = self.secrets.secret(secret, key).await?;
        let url = format!("{}/api/v1/getparams.execute", call.base_url.trim_end_matches('/'));
        let body = json!({
            "applicationSetName": call.application_set,
            "input": {"parameters": call.input},
        });
        let request = Request::builder()
            .method(Method::POST)
            .uri(&url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", token.expose_secret().trim()),
            )
            .body(Bytes::from(body.to_string()))
            .map_err(|error| {
                SourceFailure::new(
                    FailureKind::Setup,
                    format!("the plugin's URL {url} cannot be used: {error}"),
                )
            })?;
        let response = within(&*self.client, call.timeout, request).await?;
        if !response.status().is_success() {
            // Argo CD tells the code in the same words.
            return Err(SourceFailure::new(
                super::http::kind_of(response.status()),
                format!(
                    "API error with status code {}: {}",
                    response.status().as_u16(),
                    message_of(response.body())
                ),
            ));
        }
        let answer: Answer = serde_json::from_slice(response.body()).map_err(|error| {
            SourceFailure::new(
                FailureKind::Garbage,
                format!("the plugin's answer is not {{\"output\": {{\"parameters\": [...]}}}}: {error}"),
            )
        })?;
        Ok(answer.output.parameters)
    }
}
