//! Keeps a run in its own object: the plan and the log in the status, and what is too large for it in ConfigMaps that the
//! status names.
//!
//! Every write of the log names the version of the object it rests on, so that of two writers one is refused. ConfigMaps
//! are only ever made, each under a name that its content gives, and count only once the status names them: a process that
//! dies between the two leaves garbage that is collected with the object, never a log that is half one thing and half another.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, Resource as _};
use serde_json::json;
use tracing::debug;

use super::metrics::Metrics;
use super::packing::{pack, unpack};
use super::resource::{Chunked, RunObject, RunRecord};
use crate::kernel::{Event, PlanDigest, RunState};
use crate::ports::{BoxError, RunStore, RunStoreError, StoredRun};
use crate::{FleetUpgradeSpec, UpgradePlan};

/// A plan that is longer than this, packed, goes into ConfigMaps.
const INLINE_PLAN: usize = 128 << 10;
/// The longest piece of a plan in one ConfigMap.
const PIECE: usize = 512 << 10;
/// When the newer entries of the log are longer than this, packed, they are sealed in a ConfigMap.
const OPEN_LOG: usize = 16 << 10;
/// How many times a write is tried again because somebody else wrote to the object meanwhile.
const TRIES: usize = 8;

/// A [`RunStore`] of one run, in the status of its `FleetUpgrade`.
#[derive(Clone)]
pub struct ResourceStore {
    api: Api<RunObject>,
    config_maps: Api<ConfigMap>,
    name: String,
    metrics: Metrics,
    /// What a run that begins is planned by.
    policy: Option<FleetUpgradeSpec>,
    known: Arc<tokio::sync::Mutex<Known>>,
    snapshot: Arc<Mutex<Option<Snapshot>>>,
}

impl std::fmt::Debug for ResourceStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResourceStore")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What is known of the object.
#[derive(Default)]
struct Known {
    /// The version that the next write rests on.
    version: String,
    owner: Option<OwnerReference>,
    record: RunRecord,
    /// The entries of the open log.
    open: Vec<Event>,
}

/// A run as far as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) plan: Arc<UpgradePlan>,
    pub(super) state: RunState,
}

impl ResourceStore {
    /// The run of the object of this name.
    pub fn new(client: Client, namespace: &str, name: &str) -> Self {
        Self::with_metrics(client, namespace, name, Metrics::default())
    }

    pub(super) fn with_metrics(client: Client, namespace: &str, name: &str, metrics: Metrics) -> Self {
        Self {
            api: Api::namespaced(client.clone(), namespace),
            config_maps: Api::namespaced(client, namespace),
            name: name.to_owned(),
            metrics,
            policy: None,
            known: Arc::default(),
            snapshot: Arc::default(),
        }
    }

    /// Keeps the policy with the run that begins.
    pub(super) fn keeping(mut self, policy: FleetUpgradeSpec) -> Self {
        self.policy = Some(policy);
        self
    }

    /// The policy that the stored run began with; none where nobody kept it.
    pub(super) async fn began_with(&self) -> Option<FleetUpgradeSpec> {
        let known = self.known.lock().await;
        unpack(&known.record.policy).ok()
    }

    /// The run as far as it is stored; nothing before the plan is.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Reads the object, and everything it names. What is known stays as it is where a part cannot be read: the version alone
    /// would let a log that is not the newest pass for it.
    async fn read(&self, known: &mut Known) -> Result<Option<StoredRun>, BoxError> {
        let object: RunObject = self.api.get(&self.name).await?;
        let mut read = Known {
            version: object.metadata.resource_version.clone().unwrap_or_default(),
            owner: object.controller_owner_ref(&()),
            ..Known::default()
        };
        let Some(record) = object.status.and_then(|status| status.run) else {
            *known = read;
            return Ok(None);
        };
        let plan: UpgradePlan = unpack(&self.join(&record.plan).await?)?;
        let mut events: Vec<Event> = Vec::new();
        for name in &record.sealed_log {
            let sealed: Vec<Event> = unpack(&self.piece(name).await?)?;
            events.extend(sealed);
        }
        if events.len() as u64 != record.sealed_entries {
            return Err(format!(
                "{} entries are sealed, {} are expected",
                events.len(),
                record.sealed_entries
            )
            .into());
        }
        if !record.open_log.is_empty() {
            read.open = unpack(&record.open_log)?;
        }
        read.record = record;
        events.extend(read.open.iter().cloned());
        *known = read;
        let state = RunState::replay(&plan, &events);
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Snapshot {
            plan: Arc::new(plan.clone()),
            state,
        });
        Ok(Some(StoredRun { plan, events }))
    }

    async fn join(&self, chunked: &Chunked) -> Result<String, BoxError> {
        if chunked.in_config_maps.is_empty() {
            return Ok(chunked.inline.clone());
        }
        let mut text = String::new();
        for name in &chunked.in_config_maps {
            text.push_str(&self.piece(name).await?);
        }
        Ok(text)
    }

    async fn piece(&self, name: &str) -> Result<String, BoxError> {
        let map = self.config_maps.get(name).await?;
        let piece = map.data.and_then(|mut data| data.remove(KEY));
        piece.ok_or_else(|| format!("ConfigMap {name} has no {KEY}").into())
    }

    /// Makes a ConfigMap of the piece, named after its content. One that is there has that content.
    async fn seal(
        &self,
        owner: Option<&OwnerReference>,
        what: &str,
        piece: &str,
    ) -> Result<String, BoxError> {
        // Names end in twelve digits of the content, behind as much of the object's name as a name may be long.
        let digest = PlanDigest::of_bytes(piece.as_bytes());
        let stem: String = self.name.chars().take(200).collect();
        let name = format!("{stem}-{what}-{digest}");
        let map = ConfigMap {
            metadata: ObjectMeta {
                name: Some(name.clone()),
                owner_references: owner.cloned().map(|owner| vec![owner]),
                labels: Some(
                    [(
                        "app.kubernetes.io/managed-by".to_owned(),
                        "fleet-upgrade".to_owned(),
                    )]
                    .into(),
                ),
                ..ObjectMeta::default()
            },
            data: Some([(KEY.to_owned(), piece.to_owned())].into()),
            immutable: Some(true),
            ..ConfigMap::default()
        };
        self.metrics.wrote(piece.len());
        match self.config_maps.create(&PostParams::default(), &map).await {
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
                if self.piece(&name).await? == piece {
                    Ok(name)
                } else {
                    Err(format!("ConfigMap {name} has another content").into())
                }
            }
            answer => answer.map(|_| name).map_err(Into::into),
        }
    }

    /// Writes the record, if the object is still at the version that is known.
    async fn write(&self, known: &mut Known, record: RunRecord) -> Result<(), kube::Error> {
        let mut run = json!({
            "sealedLog": record.sealed_log,
            "sealedEntries": record.sealed_entries,
            "openLog": record.open_log,
        });
        // A merge patch keeps what it does not name: the plan is sent once.
        if record.plan != known.record.plan || record.policy != known.record.policy {
            run["plan"] = json!({
                "inline": some(&record.plan.inline),
                "inConfigMaps": record.plan.in_config_maps,
            });
            run["policy"] = json!(some(&record.policy));
        }
        let patch = json!({
            "metadata": {"resourceVersion": known.version},
            "status": {"run": run},
        });
        self.metrics.wrote(record.open_log.len());
        let object = self
            .api
            .patch_status(&self.name, &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        known.version = object.metadata.resource_version.unwrap_or_default();
        known.record = record;
        Ok(())
    }

    fn conflict(&self, seq: u64) -> RunStoreError {
        RunStoreError::Conflict {
            run: self.name.clone(),
            seq,
        }
    }

    fn unavailable(&self, source: impl Into<BoxError>) -> RunStoreError {
        RunStoreError::Unavailable {
            run: self.name.clone(),
            source: source.into(),
        }
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The key of a ConfigMap's only value.
const KEY: &str = "data";

fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

#[async_trait]
impl RunStore for ResourceStore {
    async fn load(&self, _run: &str) -> Result<Option<StoredRun>, RunStoreError> {
        let mut known = self.known.lock().await;
        self.read(&mut known)
            .await
            .map_err(|source| self.unavailable(source))
    }

    async fn create(&self, _run: &str, plan: &UpgradePlan) -> Result<(), RunStoreError> {
        let mut known = self.known.lock().await;
        if let Some(stored) = self
            .read(&mut known)
            .await
            .map_err(|source| self.unavailable(source))?
        {
            return if stored.plan == *plan {
                Ok(())
            } else {
                Err(self.conflict(0))
            };
        }
        let packed = pack(plan).map_err(|source| self.unavailable(source))?;
        let mut chunked = Chunked::default();
        if packed.len() <= INLINE_PLAN {
            chunked.inline = packed;
        } else {
            // Base64 is ASCII: it can be cut anywhere.
            for piece in packed.as_bytes().chunks(PIECE) {
                let piece = String::from_utf8_lossy(piece);
                let owner = known.owner.clone();
                let sealed = self.seal(owner.as_ref(), "plan", &piece).await;
                chunked
                    .in_config_maps
                    .push(sealed.map_err(|source| self.unavailable(source))?);
            }
        }
        let policy = self.policy.as_ref().map(pack).transpose();
        let record = RunRecord {
            plan: chunked,
            policy: policy
                .map_err(|source| self.unavailable(source))?
                .unwrap_or_default(),
            ..RunRecord::default()
        };
        self.write(&mut known, record).await.map_err(|error| {
            // Whoever wrote meanwhile: the next try reads what.
            self.unavailable(error)
        })?;
        *self.snapshot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Snapshot {
            plan: Arc::new(plan.clone()),
            state: RunState::new(plan),
        });
        Ok(())
    }

    async fn append(&self, _run: &str, events: &[Event]) -> Result<(), RunStoreError> {
        let mut known = self.known.lock().await;
        for _ in 0..TRIES {
            let next = known.record.sealed_entries + known.open.len() as u64;
            let mut new = Vec::new();
            for event in events {
                let place = event.seq.checked_sub(known.record.sealed_entries);
                let there = place.and_then(|place| known.open.get(usize::try_from(place).ok()?));
                match there {
                    Some(there) if there == event => {}
                    None if event.seq == next + new.len() as u64 => new.push(event.clone()),
                    // What is sealed is not compared: nobody repeats an append from so long ago.
                    _ => return Err(self.conflict(event.seq)),
                }
            }
            if new.is_empty() {
                return Ok(());
            }
            let mut open = known.open.clone();
            open.extend(new.iter().cloned());
            let packed = pack(&open).map_err(|source| self.unavailable(source))?;
            let mut record = known.record.clone();
            let seals = packed.len() > OPEN_LOG;
            if seals {
                let owner = known.owner.clone();
                let sealed = self.seal(owner.as_ref(), "log", &packed).await;
                record
                    .sealed_log
                    .push(sealed.map_err(|source| self.unavailable(source))?);
                record.sealed_entries += open.len() as u64;
                record.open_log = String::new();
            } else {
                record.open_log = packed;
            }
            match self.write(&mut known, record).await {
                Ok(()) => {
                    known.open = if seals { Vec::new() } else { open };
                    let mut snapshot = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(snapshot) = snapshot.as_mut() {
                        for event in &new {
                            snapshot.state.apply(event);
                        }
                    }
                    return Ok(());
                }
                Err(error) if is_conflict(&error) => {
                    debug!(run = %self.name, "somebody else wrote to the object; reading it again");
                    let read = self.read(&mut known).await;
                    read.map_err(|source| self.unavailable(source))?.ok_or_else(|| {
                        RunStoreError::NotFound {
                            run: self.name.clone(),
                        }
                    })?;
                }
                Err(error) => {
                    // It may have been written all the same: the next try must know.
                    let _ = self.read(&mut known).await;
                    return Err(self.unavailable(error));
                }
            }
        }
        Err(self.unavailable("somebody else writes to the object all the time"))
    }
}
