//! One of the two servers: sends requests, and remembers what later requests refer to.

use std::collections::HashMap;
use std::time::Duration;

use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// A request as it is sent to both. `{rv:PATH}`, `{uid:PATH}`, `{name:PATH}` and `{continue}` stand for what the server
/// answered last for that path.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) label: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) warnings: Vec<String>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        crate::message(&self.body)
    }
}

pub(crate) struct Server {
    client: Client,
    known: HashMap<String, Value>,
    token: String,
    revision: String,
}

/// A watch that a server does not end is cut off.
const PATIENCE: Duration = Duration::from_secs(20);

impl Server {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            known: HashMap::new(),
            token: String::new(),
            revision: String::new(),
        }
    }

    pub(crate) async fn send(&mut self, request: &Request) -> Result<Answer, Box<dyn std::error::Error>> {
        if request.method == "WAIT" {
            return self.wait_for(&request.path).await;
        }
        let path = self.fill(&request.path);
        let body = match std::str::from_utf8(&request.body) {
            Ok(text) if text.contains('{') => self.fill(text).into_bytes(),
            _ => request.body.clone(),
        };
        let mut built = http::Request::builder().method(request.method).uri(&path);
        if !request.content_type.is_empty() {
            built = built.header("content-type", request.content_type);
        }
        let built = built
            .header("accept", "application/json")
            .header("user-agent", "differential/1")
            .body(Body::from(body))?;
        let response = self.client.send(built).await?;
        let (parts, body) = response.into_parts();
        let bytes = tokio::time::timeout(PATIENCE, body.collect()).await??.to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        let body = if path.contains("watch=") && parts.status.is_success() {
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap_or_default())
                .collect()
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(text))
        };
        self.remember(&request.path, &body);
        let warnings = parts.headers.get_all("warning").iter();
        let mut warnings: Vec<String> = warnings
            .filter_map(|value| Some(value.to_str().ok()?.to_owned()))
            .collect();
        warnings.sort();
        Ok(Answer {
            code: parts.status.as_u16(),
            warnings,
            body,
        })
    }

    /// Waits until a definition that has just been accepted is served.
    async fn wait_for(&self, path: &str) -> Result<Answer, Box<dyn std::error::Error>> {
        for _ in 0..200 {
            let request = http::Request::builder().uri(path).body(Body::empty())?;
            if self.client.send(request).await?.status().is_success() {
                // The schema is served with the resource; what validates it follows within the same second.
                tokio::time::sleep(Duration::from_millis(300)).await;
                return Ok(Answer {
                    code: 200,
                    warnings: Vec::new(),
                    body: Value::Null,
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("{path} is not served").into())
    }

    fn remember(&mut self, path: &str, body: &Value) {
        let path = path.split('?').next().unwrap_or_default();
        if let Some(token) = body["metadata"]["continue"].as_str() {
            token.clone_into(&mut self.token);
        }
        if body["kind"].as_str().is_some_and(|kind| kind.ends_with("List"))
            && let Some(revision) = body["metadata"]["resourceVersion"].as_str()
        {
            revision.clone_into(&mut self.revision);
        }
        let Some(name) = body["metadata"]["name"].as_str() else {
            return;
        };
        let place = if path.ends_with(name) {
            path.to_owned()
        } else {
            format!("{path}/{name}")
        };
        let place = place.replace("/status/", "/").replace("/scale/", "/");
        self.known.insert(place, body["metadata"].clone());
        self.known
            .insert(format!("last:{path}"), body["metadata"].clone());
    }

    fn fill(&self, text: &str) -> String {
        let mut out = text
            .replace("{continue}", &self.token)
            .replace("{revision}", &self.revision);
        for (mark, field) in [("{rv:", "resourceVersion"), ("{uid:", "uid"), ("{name:", "name")] {
            while let Some(start) = out.find(mark) {
                let Some(length) = out[start..].find('}') else {
                    break;
                };
                let path = out[start + mark.len()..start + length].to_owned();
                let value = self
                    .known
                    .get(&path)
                    .and_then(|metadata| metadata[field].as_str())
                    .unwrap_or("unknown");
                let value = value.to_owned();
                out.replace_range(start..=start + length, &value);
            }
        }
        out
    }
}

pub(crate) fn request(label: &str, method: &'static str, path: impl Into<String>) -> Request {
    Request {
        label: label.to_owned(),
        method,
        path: path.into(),
        content_type: "",
        body: Vec::new(),
    }
}

pub(crate) fn with_body(
    label: &str,
    method: &'static str,
    path: impl Into<String>,
    content_type: &'static str,
    body: &Value,
) -> Request {
    Request {
        label: label.to_owned(),
        method,
        path: path.into(),
        content_type,
        body: body.to_string().into_bytes(),
    }
}
