//! A server that is a function, and Secrets with one value.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fleet_argocd::{ApplicationSet, FailureKind, SecretSource, SourceFailure};
use secrecy::SecretString;
use serde_json::{Value, json};

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub url: String,
    pub token: Option<String>,
    pub etag: Option<String>,
    pub body: String,
}

pub type Log = Arc<Mutex<Vec<Seen>>>;
pub type Answer = (u16, Vec<(&'static str, String)>, String);

/// A server that is a function.
macro_rules! server {
    ($log:expr, $answer:expr) => {{
        let (log, answer): (
            $crate::fake::Log,
            std::sync::Arc<dyn Fn(&$crate::fake::Seen) -> $crate::fake::Answer + Send + Sync>,
        ) = ($log.clone(), std::sync::Arc::new($answer));
        fleet_argocd::TowerClient::new(tower::service_fn(
            move |request: http::Request<http_body_util::Full<bytes::Bytes>>| {
                let (log, answer) = (log.clone(), std::sync::Arc::clone(&answer));
                async move {
                    let (parts, body) = request.into_parts();
                    let header = |name: &str| {
                        parts
                            .headers
                            .get(name)
                            .map(|value| value.to_str().unwrap().to_owned())
                    };
                    let seen = $crate::fake::Seen {
                        url: parts.uri.to_string(),
                        token: header("authorization").or_else(|| header("private-token")),
                        etag: header("if-none-match"),
                        body: String::from_utf8(
                            http_body_util::BodyExt::collect(body)
                                .await
                                .unwrap()
                                .to_bytes()
                                .to_vec(),
                        )
                        .unwrap(),
                    };
                    log.lock().unwrap().push(seen.clone());
                    let (status, headers, text) = answer(&seen);
                    let mut response = http::Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    Ok::<_, std::convert::Infallible>(
                        response
                            .body(http_body_util::Full::new(bytes::Bytes::from(text)))
                            .unwrap(),
                    )
                }
            },
        ))
    }};
}

#[derive(Clone)]
pub struct Secrets;

#[async_trait]
impl SecretSource for Secrets {
    async fn secret(&self, name: &str, key: &str) -> Result<SecretString, SourceFailure> {
        match (name, key) {
            ("github" | "host", "token") | ("argocd-secret", "plugin.token") => Ok("s3cr3t".into()),
            _ => Err(SourceFailure::new(
                FailureKind::Setup,
                format!("secrets \"{name}\" not found"),
            )),
        }
    }
}

pub fn set(generator: impl Into<Value>) -> ApplicationSet {
    let generator: Value = generator.into();
    ApplicationSet::read(json!({
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"generators": [generator], "template": {
            "metadata": {"name": "{{branch}}-{{number}}{{name}}"},
            "spec": {"project": "default", "destination": {"name": "in-cluster"}},
        }},
    }))
    .unwrap()
}
