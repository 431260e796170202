//! List and watch of one kind, for ever: what the API shows becomes a stream of sightings.

use std::fmt::Write as _;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt as _};
use http::Request;
use kube::core::WatchEvent;
use serde::Deserialize;
use serde_json::Value;

use super::object::{Object, ObjectKind};

/// Where a kind is served.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) kind: ObjectKind,
    /// `/apis/<group>/<version>`, or `/api/v1`.
    pub(super) root: String,
    pub(super) plural: String,
    /// A label selector, percent-encoded; empty for none.
    pub(super) selector: &'static str,
}

/// Something seen in the API.
pub(super) enum Sighting {
    /// Everything of this kind there is.
    Listed {
        /// Which kind.
        kind: ObjectKind,
        /// All of them.
        objects: Vec<Object>,
        /// As of which revision.
        revision: Option<u64>,
    },
    /// One object as it is now.
    Changed(Box<Object>),
    /// One object as it was last.
    Gone(Box<Object>),
}

const PAGE: usize = 500;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// An endless stream of what happens to this kind. Errors of any sort lead to another watch, and to another list
/// when the server no longer has the history; pauses between failures double up to 30 s.
pub(super) fn watch(client: kube::Client, resource: Resource) -> BoxStream<'static, Sighting> {
    let state = Watch {
        client,
        resource,
        revision: None,
        events: None,
        failures: 0,
    };
    futures::stream::unfold(state, |mut state| async move {
        let sighting = state.next().await;
        Some((sighting, state))
    })
    .boxed()
}

struct Watch {
    client: kube::Client,
    resource: Resource,
    revision: Option<String>,
    events: Option<BoxStream<'static, Result<WatchEvent<Value>, kube::Error>>>,
    failures: u32,
}

impl Watch {
    async fn next(&mut self) -> Sighting {
        loop {
            if let Some(events) = &mut self.events {
                let event = events.next().await;
                if let Some(sighting) = self.receive(event).await {
                    return sighting;
                }
            } else if let Some(revision) = self.revision.clone() {
                self.open(&revision).await;
            } else if let Some(sighting) = self.list().await {
                return sighting;
            }
        }
    }

    async fn receive(&mut self, event: Option<Result<WatchEvent<Value>, kube::Error>>) -> Option<Sighting> {
        match event {
            Some(Ok(WatchEvent::Added(value) | WatchEvent::Modified(value))) => {
                self.object(value).map(Sighting::Changed)
            }
            Some(Ok(WatchEvent::Deleted(value))) => self.object(value).map(Sighting::Gone),
            Some(Ok(WatchEvent::Bookmark(bookmark))) => {
                self.revision = Some(bookmark.metadata.resource_version);
                None
            }
            Some(Ok(WatchEvent::Error(status))) => {
                self.failed(status.code).await;
                None
            }
            Some(Err(error)) => {
                tracing::debug!(kind = self.resource.kind.as_str(), %error, "watch broke off");
                self.failed(0).await;
                None
            }
            None => {
                self.failed(0).await;
                None
            }
        }
    }

    fn object(&mut self, value: Value) -> Option<Box<Object>> {
        self.failures = 0;
        if let Some(revision) = value.pointer("/metadata/resourceVersion").and_then(Value::as_str) {
            self.revision = Some(revision.to_owned());
        }
        Object::new(self.resource.kind.clone(), value).map(Box::new)
    }

    async fn open(&mut self, revision: &str) {
        // Neither a time-out nor bookmarks are asked for: on virtual time they are all that would happen in a fleet at
        // rest. What a bookmark saves, a list after a 410 mends.
        let query = format!("watch=true&resourceVersion={revision}");
        let Some(request) = self.request(&query) else {
            return self.failed(0).await;
        };
        match self.client.request_events::<Value>(request).await {
            Ok(events) => self.events = Some(events.boxed()),
            Err(kube::Error::Api(status)) => self.failed(status.code).await,
            Err(_) => self.failed(0).await,
        }
    }

    async fn list(&mut self) -> Option<Sighting> {
        let mut objects = Vec::new();
        let mut after = String::new();
        loop {
            let mut query = format!("limit={PAGE}");
            if !after.is_empty() {
                query.push_str("&continue=");
                query.push_str(&percent_encoded(&after));
            }
            let page = match self.request(&query) {
                Some(request) => self.client.request::<Page>(request).await,
                None => return None,
            };
            match page {
                Ok(page) => {
                    objects.extend(
                        page.items
                            .into_iter()
                            .filter_map(|value| Object::new(self.resource.kind.clone(), value)),
                    );
                    after = page.metadata.after.unwrap_or_default();
                    if after.is_empty() {
                        let revision = page.metadata.resource_version.parse().ok();
                        self.revision = Some(page.metadata.resource_version);
                        self.failures = 0;
                        return Some(Sighting::Listed {
                            kind: self.resource.kind.clone(),
                            objects,
                            revision,
                        });
                    }
                }
                Err(error) => {
                    tracing::debug!(kind = self.resource.kind.as_str(), %error, "list failed");
                    self.failed(0).await;
                    return None;
                }
            }
        }
    }

    /// Gone (410) means that the history between is lost: only a new list tells what happened.
    async fn failed(&mut self, code: u16) {
        self.events = None;
        if code == 410 {
            self.revision = None;
        }
        let pause = FIRST_PAUSE
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        tokio::time::sleep(pause).await;
    }

    fn request(&self, query: &str) -> Option<Request<Vec<u8>>> {
        let Resource {
            root,
            plural,
            selector,
            ..
        } = &self.resource;
        let selector = if selector.is_empty() {
            String::new()
        } else {
            format!("&labelSelector={selector}")
        };
        Request::get(format!("{root}/{plural}?{query}{selector}"))
            .body(Vec::new())
            .ok()
    }
}

#[derive(Deserialize)]
struct Page {
    metadata: PageMeta,
    #[serde(default)]
    items: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default, rename = "continue")]
    after: Option<String>,
}

fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
