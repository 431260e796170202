//! List and watch of one kind, for ever: what the API shows goes into the index.
//!
//! `kube::runtime::watcher` is not used for three reasons. It ends each watch after less than five minutes, which for a
//! fleet at rest, or on virtual time, is most of what would be asked of the API server. It hands over whole objects, so that a list of 100,000 Machines is in memory
//! before it can be made small. And it does not say whether it is in touch with the server: a look at a cluster must
//! fail, not tell old news, when it is not.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{Stream, TryStreamExt as _};
use kube::Client;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, WatchEvent};
use kube::core::Resource as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch::Sender;

use super::index::Index;
use super::record::Record;
use super::{CONTROL_PLANE_GROUP, CORE_GROUP};
use crate::contract::{ContractError, resource_of};
use crate::rollout::GroupKind;

/// A kind that is watched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Cluster,
    ControlPlane { group: String, kind: String },
    MachineDeployment,
    MachinePool,
    MachineSet,
    Machine,
}

impl Source {
    pub(super) fn kubeadm() -> Self {
        Self::ControlPlane {
            group: CONTROL_PLANE_GROUP.to_owned(),
            kind: "KubeadmControlPlane".to_owned(),
        }
    }

    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Cluster => "Cluster",
            Self::ControlPlane { kind, .. } => kind,
            Self::MachineDeployment => "MachineDeployment",
            Self::MachinePool => "MachinePool",
            Self::MachineSet => "MachineSet",
            Self::Machine => "Machine",
        }
    }

    pub(super) fn is_control_plane(&self) -> bool {
        matches!(self, Self::ControlPlane { .. })
    }

    pub(super) fn group_kind(&self) -> GroupKind {
        match self {
            Self::MachinePool => GroupKind::MachinePool,
            Self::MachineDeployment => GroupKind::MachineDeployment,
            _ => GroupKind::ControlPlane,
        }
    }

    /// Which versions to ask for, the best first; none when they are to be asked of the server.
    fn versions(&self) -> Option<[GroupVersionKind; 2]> {
        let group = match self {
            Self::ControlPlane { .. } if *self == Self::kubeadm() => CONTROL_PLANE_GROUP,
            Self::ControlPlane { .. } => return None,
            _ => CORE_GROUP,
        };
        Some(["v1beta2", "v1beta1"].map(|version| GroupVersionKind::gvk(group, version, self.kind())))
    }
}

/// Whether a kind's part of the index is current.
#[derive(Debug, Clone)]
pub(super) enum Contact {
    /// It has not been listed yet.
    Starting,
    /// It follows the server.
    Current,
    /// It could not be listed, or not be watched on.
    Lost(Arc<kube::Error>),
}

pub(super) struct Feed {
    pub(super) client: Client,
    pub(super) namespace: Option<String>,
    pub(super) source: Source,
    pub(super) index: Arc<Mutex<Index>>,
    pub(super) contact: Sender<Contact>,
}

impl Feed {
    /// Never ends; whoever started it ends it.
    pub(super) async fn run(self) {
        let mut failures = 0;
        loop {
            let (served, revision) = match self.list().await {
                Ok(Some(listed)) => listed,
                // A kind behind a feature gate. It may come one day.
                Ok(None) => {
                    self.contact.send_replace(Contact::Current);
                    tokio::time::sleep(NOT_SERVED).await;
                    continue;
                }
                Err(error) => {
                    self.lose(error);
                    pause(&mut failures).await;
                    continue;
                }
            };
            self.contact.send_replace(Contact::Current);
            self.follow(&served, revision, &mut failures).await;
        }
    }

    /// Everything there is, in the best version that is served, and as of when.
    async fn list(&self) -> Result<Option<(GroupVersionKind, String)>, kube::Error> {
        let versions = match self.source.versions() {
            Some(versions) => versions.to_vec(),
            None => self.discover().await?,
        };
        for (at, version) in versions.iter().enumerate() {
            match self.list_version(version).await {
                Ok(revision) => return Ok(Some((version.clone(), revision))),
                Err(kube::Error::Api(status)) if status.code == 404 => {
                    let is_last = at + 1 == versions.len();
                    if is_last && matches!(self.source, Source::Cluster) {
                        return Err(kube::Error::Api(status));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Another provider's versions are its own; a reference in v1beta2 does not name one.
    async fn discover(&self) -> Result<Vec<GroupVersionKind>, kube::Error> {
        let Source::ControlPlane { group, kind } = &self.source else {
            return Ok(Vec::new());
        };
        match resource_of(&self.client, group, kind).await {
            Ok((found, _)) => Ok(vec![GroupVersionKind::gvk(
                &found.group,
                &found.version,
                &found.kind,
            )]),
            Err(ContractError::UnknownKind { .. }) => Ok(Vec::new()),
            Err(ContractError::Api { source, .. }) => Err(*source),
        }
    }

    async fn list_version(&self, version: &GroupVersionKind) -> Result<String, kube::Error> {
        let mut records = Vec::new();
        let mut query = format!("limit={PAGE}");
        loop {
            let page: Page = self.client.request(self.request(version, &query)?).await?;
            let items = page.items.into_iter();
            records.extend(items.filter_map(|item| self.record(item, version)));
            let Some(next) = page.metadata.next.filter(|next| !next.is_empty()) else {
                self.index().replace(&self.source, records);
                return Ok(page.metadata.resource_version);
            };
            let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            query = format!("limit={PAGE}&continue={next}");
        }
    }

    /// Watches on from a revision until the server no longer knows what came after it.
    async fn follow(&self, version: &GroupVersionKind, mut revision: String, failures: &mut u32) {
        loop {
            let end = match self.open(version, &revision).await {
                Ok(events) => {
                    self.contact.send_replace(Contact::Current);
                    self.receive(events, version, &mut revision, failures).await
                }
                Err(error) => End::Failed(error),
            };
            match end {
                End::Expired => return,
                // Servers end watches now and then, connections break: once is nothing to tell.
                End::Closed if *failures == 0 => *failures = 1,
                End::Closed => pause(failures).await,
                End::Failed(kube::Error::Api(status)) if status.code == 410 => return,
                End::Failed(error) => {
                    if *failures > 0 {
                        self.lose(error);
                    }
                    pause(failures).await;
                }
            }
        }
    }

    async fn open(
        &self,
        version: &GroupVersionKind,
        revision: &str,
    ) -> Result<impl Stream<Item = Result<WatchEvent<Value>, kube::Error>> + use<>, kube::Error> {
        let query = format!(
            "watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={revision}",
            LONGEST_WATCH.as_secs()
        );
        self.client.request_events(self.request(version, &query)?).await
    }

    async fn receive(
        &self,
        events: impl Stream<Item = Result<WatchEvent<Value>, kube::Error>>,
        version: &GroupVersionKind,
        revision: &mut String,
        failures: &mut u32,
    ) -> End {
        let mut events = std::pin::pin!(events);
        loop {
            // Bookmarks come every minute: whoever is silent for longer is not there any more.
            let event = match tokio::time::timeout(SILENCE, events.try_next()).await {
                Ok(Ok(Some(event))) => event,
                Ok(Ok(None)) | Err(_) => return End::Closed,
                Ok(Err(error)) => return End::Failed(error),
            };
            let (object, gone) = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
                WatchEvent::Deleted(object) => (object, true),
                WatchEvent::Bookmark(bookmark) => {
                    *revision = bookmark.metadata.resource_version;
                    *failures = 0;
                    continue;
                }
                WatchEvent::Error(status) if status.code == 410 => return End::Expired,
                WatchEvent::Error(status) => return End::Failed(kube::Error::Api(status)),
            };
            *failures = 0;
            if let Some(new) = object
                .pointer("/metadata/resourceVersion")
                .and_then(Value::as_str)
            {
                new.clone_into(revision);
            }
            let Some(record) = self.record(object, version) else {
                continue;
            };
            if gone {
                let owner = record.owner.as_deref();
                self.index()
                    .remove(&self.source, &record.namespace, &record.name, owner);
            } else {
                self.index().put(&self.source, record);
            }
        }
    }

    /// Items of a list do not always say what they are.
    fn record(&self, mut object: Value, version: &GroupVersionKind) -> Option<Record> {
        let fields = object.as_object_mut()?;
        fields.insert("apiVersion".to_owned(), version.api_version().into());
        fields.insert("kind".to_owned(), version.kind.as_str().into());
        Record::of(&object, self.source.is_control_plane())
    }

    fn request(
        &self,
        version: &GroupVersionKind,
        query: &str,
    ) -> Result<http::Request<Vec<u8>>, kube::Error> {
        let path = DynamicObject::url_path(&ApiResource::from_gvk(version), self.namespace.as_deref());
        http::Request::get(format!("{path}?{query}"))
            .body(Vec::new())
            .map_err(kube::Error::HttpError)
    }

    fn lose(&self, error: kube::Error) {
        tracing::debug!(kind = self.source.kind(), %error, "the watch cannot go on yet");
        self.contact.send_replace(Contact::Lost(Arc::new(error)));
    }

    fn index(&self) -> std::sync::MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a watch ended.
enum End {
    /// The server ended it, or is silent.
    Closed,
    /// It no longer knows what came after the revision.
    Expired,
    Failed(kube::Error),
}

async fn pause(failures: &mut u32) {
    let length = FIRST_PAUSE
        .saturating_mul(1 << (*failures).min(10))
        .min(LONGEST_PAUSE);
    *failures = failures.saturating_add(1);
    tokio::time::sleep(length).await;
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
    next: Option<String>,
}

/// A page is what an API server answers quickly; ten thousand objects at once are not.
const PAGE: u32 = 500;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_mins(3);
/// Unasked, a server ends watches after half an hour to an hour.
const LONGEST_WATCH: Duration = Duration::from_hours(6);
const NOT_SERVED: Duration = Duration::from_mins(10);
