//! A management cluster's clusters, kept current by one watch a kind: a look at one of them asks nothing of the server.
//!
//! ```no_run
//! # async fn look(client: kube::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use fleet_capi::management::ManagementCluster;
//!
//! let management = ManagementCluster::new(client);
//! let fleet = management.fleet().await?; // four lists, and a watch of each from then on
//! for cluster in fleet.iter() {
//!     let state = management.state(cluster.name()).await?; // nothing, after the first
//!     println!("{}: {} machines", cluster.name(), state.machines.len());
//! }
//! # Ok(())
//! # }
//! ```

mod feed;
mod index;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fleet_core::{ClusterName, Fleet, FleetCluster};
use futures::future::try_join_all;
use kube::Client;
use serde_json::Value;
use tokio::sync::watch::{Receiver, channel};
use tokio::task::AbortHandle;

use self::feed::{Contact, Feed, Source};
pub(crate) use self::index::Entry;
use self::index::{Index, Missing};
use self::record::Record;
use crate::inventory::InventoryError;
use crate::rollout::{ClusterState, StateError};

/// What a management cluster holds, for all who look: clones share the watches.
///
/// Nothing is asked before the first look. Then each kind that the look needs is listed once and watched from there;
/// the watches end with the last clone. While a kind cannot be listed or watched, looks fail and say why, rather than
/// telling old news; the watch goes on by itself when the server is back.
///
/// Must be used within a tokio runtime: the watches are tasks of it.
#[derive(Clone)]
pub struct ManagementCluster {
    client: Client,
    namespace: Option<String>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    index: Arc<Mutex<Index>>,
    feeds: Mutex<BTreeMap<Source, (Receiver<Contact>, AbortHandle)>>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        let feeds = self.feeds.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (_, task) in feeds.values() {
            task.abort();
        }
    }
}

impl std::fmt::Debug for ManagementCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("ManagementCluster");
        debug.field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl ManagementCluster {
    /// The clusters of all namespaces.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            namespace: None,
            shared: Arc::default(),
        }
    }

    /// The clusters of one namespace; with watches of its own.
    pub fn in_namespace(&self, namespace: impl Into<String>) -> Self {
        Self {
            client: self.client.clone(),
            namespace: Some(namespace.into()),
            shared: Arc::default(),
        }
    }

    /// The client it asks with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The namespace it is confined to.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The state of the cluster of a name, as of the last event.
    ///
    /// # Errors
    /// [`ManagementError::Lost`] while the server cannot be watched.
    pub async fn state(&self, cluster: &ClusterName) -> Result<Arc<ClusterState>, ManagementError> {
        self.follow(&PARTS).await?;
        let kind = self.index().control_plane_kind(cluster.as_str());
        if let Some((group, kind)) = kind {
            self.follow(&[Source::ControlPlane { group, kind }]).await?;
        }
        let state = self.index().state(cluster.as_str()).map(|(state, _)| state);
        state.map_err(|missing| self.missing(cluster, missing))
    }

    /// Returns when the state of a cluster is another one than `seen`. It may return early.
    ///
    /// # Errors
    /// As [`state`](Self::state).
    pub async fn changed(
        &self,
        cluster: &ClusterName,
        seen: &Arc<ClusterState>,
    ) -> Result<Arc<ClusterState>, ManagementError> {
        loop {
            let (state, news) = self
                .index()
                .state(cluster.as_str())
                .map_err(|missing| self.missing(cluster, missing))?;
            let mut told = std::pin::pin!(news.notified());
            // From here on news are not missed; what came before is looked for once more.
            told.as_mut().enable();
            let now = self.state(cluster).await?;
            if !Arc::ptr_eq(&now, seen) && now != *seen {
                return Ok(now);
            }
            drop((state, now));
            told.await;
        }
    }

    /// The fleet of all clusters, as of the last event.
    ///
    /// # Errors
    /// One cluster that cannot be a member of a fleet is an error, not a gap: for whoever upgrades all of them. Where one that
    /// somebody has just made, without a version yet, must not hide the others, ask for the [`members`](Self::members).
    pub async fn fleet(&self) -> Result<Fleet, InventoryError> {
        let members: Result<Vec<_>, _> = self.members().await?.into_iter().collect();
        Fleet::new(members?).map_err(InventoryError::Fleet)
    }

    /// Each cluster by itself, by name and namespace, as of the last event: a member of a fleet, or why it cannot be one.
    ///
    /// # Errors
    /// [`InventoryError::Api`] while the server cannot be watched.
    pub async fn members(&self) -> Result<Vec<Result<FleetCluster, InventoryError>>, InventoryError> {
        let lost = |error| match error {
            ManagementError::Lost { kind, source } => InventoryError::Api { kind, source },
            error => InventoryError::Management(Box::new(error)),
        };
        let inventory = [
            Source::Cluster,
            Source::kubeadm(),
            Source::MachineDeployment,
            Source::MachinePool,
        ];
        self.follow(&inventory).await.map_err(lost)?;
        // Other control planes report their version on the Cluster, from Cluster API 1.14 on. Else they are looked into.
        let silent: BTreeSet<_> = self
            .index()
            .entries()
            .filter_map(Entry::silent_control_plane)
            .collect();
        let silent = silent
            .into_iter()
            .map(|(group, kind)| Source::ControlPlane { group, kind });
        self.follow(&silent.collect::<Vec<_>>()).await.map_err(lost)?;
        Ok(self.index().entries().map(Entry::member).collect())
    }

    /// Takes in what a patch answered, so that the next look sees it.
    pub(crate) fn learn(&self, object: &Value) {
        let Some(kind) = object.get("kind").and_then(Value::as_str) else {
            return;
        };
        let source = match kind {
            "Cluster" => Source::Cluster,
            "MachineDeployment" => Source::MachineDeployment,
            "MachinePool" => Source::MachinePool,
            "MachineSet" => Source::MachineSet,
            "Machine" => Source::Machine,
            kind => Source::ControlPlane {
                group: object
                    .get("apiVersion")
                    .and_then(Value::as_str)
                    .and_then(|version| Some(version.split_once('/')?.0))
                    .unwrap_or_default()
                    .to_owned(),
                kind: kind.to_owned(),
            },
        };
        if let Some(record) = Record::of(object, source.is_control_plane()) {
            self.index().put(&source, record);
        }
    }

    /// Sees to it that kinds are watched, and waits until they have been listed.
    async fn follow(&self, sources: &[Source]) -> Result<(), ManagementError> {
        let contacts: Vec<_> = sources.iter().map(|source| self.feed(source)).collect();
        let waits = sources
            .iter()
            .zip(contacts)
            .map(|(source, mut contact)| async move {
                let found = contact
                    .wait_for(|contact| !matches!(contact, Contact::Starting))
                    .await;
                match found.as_deref() {
                    Ok(Contact::Lost(error)) => Err(ManagementError::Lost {
                        kind: source.kind().to_owned(),
                        source: Arc::clone(error),
                    }),
                    Ok(_) => Ok(()),
                    Err(_) => Err(ManagementError::Stopped),
                }
            });
        try_join_all(waits).await.map(|_| ())
    }

    fn feed(&self, source: &Source) -> Receiver<Contact> {
        let mut feeds = self.shared.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((contact, task)) = feeds.get(source)
            && !task.is_finished()
        {
            return contact.clone();
        }
        let (sender, contact) = channel(Contact::Starting);
        let feed = Feed {
            client: self.client.clone(),
            namespace: self.namespace.clone(),
            source: source.clone(),
            index: Arc::clone(&self.shared.index),
            contact: sender,
        };
        let task = tokio::spawn(feed.run()).abort_handle();
        feeds.insert(source.clone(), (contact.clone(), task));
        contact
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.shared.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missing(&self, cluster: &ClusterName, missing: Missing) -> ManagementError {
        match missing {
            Missing::Nowhere => ManagementError::NotFound {
                cluster: cluster.clone(),
                namespace: self.namespace.clone(),
            },
            Missing::Several(namespaces) => ManagementError::Ambiguous {
                cluster: cluster.clone(),
                namespaces,
            },
            Missing::Unreadable(source) => ManagementError::State {
                cluster: cluster.clone(),
                source,
            },
        }
    }
}

/// Why a cluster cannot be looked at.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ManagementError {
    /// There is no Cluster of that name.
    #[error("no Cluster `{cluster}` in {}", scope(namespace.as_deref()))]
    NotFound {
        /// The name.
        cluster: ClusterName,
        /// The namespace that was searched; `None` for all.
        namespace: Option<String>,
    },
    /// Clusters of that name stand in several namespaces.
    #[error("Cluster `{cluster}` stands in several namespaces ({}); say which with in_namespace", namespaces.join(", "))]
    Ambiguous {
        /// The name.
        cluster: ClusterName,
        /// The namespaces.
        namespaces: Vec<String>,
    },
    /// The objects on the management cluster do not make sense.
    #[error("the state of cluster `{cluster}` cannot be read")]
    State {
        /// The cluster.
        cluster: ClusterName,
        /// Why.
        #[source]
        source: Arc<StateError>,
    },
    /// The server cannot be watched at present. It is tried again all the time.
    #[error("cannot list and watch {kind} objects of the management cluster")]
    Lost {
        /// The kind.
        kind: String,
        /// What the server says.
        #[source]
        source: Arc<kube::Error>,
    },
    /// The runtime that the watches run on is shutting down.
    #[error("the watches of the management cluster have been stopped")]
    Stopped,
}

fn scope(namespace: Option<&str>) -> String {
    namespace.map_or_else(
        || "any namespace".to_owned(),
        |namespace| format!("namespace {namespace}"),
    )
}

/// What a state is made of, beside the control plane.
const PARTS: [Source; 5] = [
    Source::Cluster,
    Source::MachineDeployment,
    Source::MachinePool,
    Source::MachineSet,
    Source::Machine,
];

const CORE_GROUP: &str = "cluster.x-k8s.io";
const CONTROL_PLANE_GROUP: &str = "controlplane.cluster.x-k8s.io";
