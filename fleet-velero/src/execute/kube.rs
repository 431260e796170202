//! Velero's steps on clusters, through their API servers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::ports::{RecoverySystem, StepState, SystemError};
use crate::recovery::{Action, ClusterIndex, LocationIndex, LocationRef, RecoveryPlan, RestoreAction, Step};
use crate::{
    AccessMode, Backup, BackupPhase, BackupStorageLocation, BackupStorageLocationPhase,
    BackupStorageLocationSpec, DataDownload, DataTransferPhase, ObjectStorageLocation, Phase as _,
    PodVolumeRestore, Restore, RestorePhase, Schedule,
};

/// Clients of the clusters of a plan.
#[async_trait]
pub trait Clients: Send + Sync {
    /// A client of this cluster, which may have been made anew a moment ago.
    async fn client(&self, cluster: &str) -> Result<Client, SystemError>;
}

/// The same client for every cluster: for one cluster, and for tests.
#[async_trait]
impl Clients for Client {
    async fn client(&self, _: &str) -> Result<Client, SystemError> {
        Ok(self.clone())
    }
}

/// Does Velero's steps itself, and gives the others (Cluster API, Argo CD, Git, DNS, people) to another system.
pub struct VeleroSystem {
    clients: Arc<dyn Clients>,
    others: Arc<dyn RecoverySystem>,
    namespace: String,
}

impl std::fmt::Debug for VeleroSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VeleroSystem")
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl VeleroSystem {
    /// Velero in namespace `velero` of each cluster.
    pub fn new(clients: impl Clients + 'static, others: impl RecoverySystem + 'static) -> Self {
        Self {
            clients: Arc::new(clients),
            others: Arc::new(others),
            namespace: "velero".to_owned(),
        }
    }

    async fn api<K>(&self, plan: &RecoveryPlan, cluster: ClusterIndex) -> Result<Api<K>, SystemError>
    where
        K: Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        let client = self.clients.client(&plan.cluster(cluster).name).await?;
        Ok(Api::namespaced(client, &self.namespace))
    }
}

#[async_trait]
impl RecoverySystem for VeleroSystem {
    async fn observe(&self, plan: &RecoveryPlan, step: &Step) -> Result<StepState, SystemError> {
        match &step.action {
            Action::AddLocation {
                cluster, location, ..
            } => self.location(plan, *cluster, location).await,
            Action::ReplaceLocation { cluster, location } => {
                let own = plan.location(*location);
                self.location(plan, *cluster, &own.location).await
            }
            Action::AwaitBackup { cluster, backup } => {
                let name = &plan.backup(*backup).name;
                let found = get::<Backup>(&self.api(plan, *cluster).await?, name).await?;
                Ok(awaited(found.as_ref()))
            }
            Action::Restore(restore) => {
                let found = get::<Restore>(&self.api(plan, restore.cluster).await?, &restore.name).await?;
                let Some(found) = found else {
                    return Ok(StepState::NotBegun);
                };
                match restore_state(&found) {
                    StepState::Running(detail) => {
                        let transfers = self.transfers(plan, restore.cluster, &restore.name).await?;
                        Ok(StepState::Running(format!("{detail}{}", transfers.in_words())))
                    }
                    state => Ok(state),
                }
            }
            Action::Gate { cluster, restore, .. } => {
                let found = get::<Restore>(&self.api(plan, *cluster).await?, restore).await?;
                let Some(found) = found else {
                    // Old news, or somebody took it away: patience tells them apart.
                    return Ok(StepState::Running(format!("restore {restore} is not there")));
                };
                let transfers = self.transfers(plan, *cluster, restore).await?;
                let volumes = planned_volumes(plan, restore);
                Ok(gate(&found, &transfers, volumes))
            }
            Action::Protect {
                cluster,
                location,
                schedules,
            } if !schedules.is_empty() => {
                let name = first_backup(plan, *location);
                let found = get::<Backup>(&self.api(plan, *cluster).await?, &name).await?;
                Ok(match found {
                    None => StepState::NotBegun,
                    Some(found) => backup_state(&found),
                })
            }
            _ => self.others.observe(plan, step).await,
        }
    }

    async fn begin(&self, plan: &RecoveryPlan, step: &Step) -> Result<(), SystemError> {
        match &step.action {
            Action::AddLocation {
                cluster, location, ..
            } => {
                let object = location_object(location, AccessMode::ReadOnly, false, &self.namespace);
                create(&self.api(plan, *cluster).await?, &object).await
            }
            Action::ReplaceLocation { cluster, location } => {
                let own = plan.location(*location);
                let api = self.api(plan, *cluster).await?;
                if own.is_default {
                    no_default(&api).await?;
                }
                let access = AccessMode::ReadWrite;
                create(
                    &api,
                    &location_object(&own.location, access, own.is_default, &self.namespace),
                )
                .await
            }
            Action::Restore(restore) => {
                let mut object = restore.object(plan);
                object.metadata.namespace = Some(self.namespace.clone());
                create(&self.api(plan, restore.cluster).await?, &object).await
            }
            Action::Protect {
                cluster,
                location,
                schedules,
            } if !schedules.is_empty() => self.protect(plan, *cluster, *location, schedules).await,
            // What is only looked at has nothing to begin.
            Action::AwaitBackup { .. } | Action::Gate { .. } => Ok(()),
            _ => self.others.begin(plan, step).await,
        }
    }
}

impl VeleroSystem {
    async fn location(
        &self,
        plan: &RecoveryPlan,
        cluster: ClusterIndex,
        wanted: &LocationRef,
    ) -> Result<StepState, SystemError> {
        let found = get::<BackupStorageLocation>(&self.api(plan, cluster).await?, &wanted.name).await?;
        Ok(found.map_or(StepState::NotBegun, |found| location_state(&found, wanted)))
    }

    /// Points the schedules at a new location, and makes a first backup.
    async fn protect(
        &self,
        plan: &RecoveryPlan,
        cluster: ClusterIndex,
        own: LocationIndex,
        schedules: &[String],
    ) -> Result<(), SystemError> {
        let location = &plan.location(own).location.name;
        let api: Api<Schedule> = self.api(plan, cluster).await?;
        let mut template = None;
        for name in schedules {
            let Some(schedule) = get(&api, name).await? else {
                continue;
            };
            template.get_or_insert_with(|| schedule.spec.template.clone());
            let patch = json!({"spec": {"template": {"storageLocation": location}}});
            let context = || format!("schedule {name}");
            api.patch(name, &PatchParams::default(), &Patch::Merge(&patch))
                .await
                .map_err(|error| SystemError::new(context(), error))?;
        }
        let mut backup = Backup::new(&first_backup(plan, own), template.unwrap_or_default());
        backup.spec.storage_location = Some(location.clone());
        backup.spec.metadata = None;
        backup.metadata.namespace = Some(self.namespace.clone());
        create(&self.api(plan, cluster).await?, &backup).await
    }

    /// The volumes that a restore writes.
    async fn transfers(
        &self,
        plan: &RecoveryPlan,
        cluster: ClusterIndex,
        restore: &str,
    ) -> Result<Transfers, SystemError> {
        let mine = ListParams::default().labels(&format!("velero.io/restore-name={restore}"));
        let context = || format!("volumes of restore {restore}");
        let mut transfers = Transfers::default();
        let downloads: Api<DataDownload> = self.api(plan, cluster).await?;
        let found = downloads
            .list(&mine)
            .await
            .map_err(|error| SystemError::new(context(), error))?;
        for download in found {
            let name = download.spec.target_volume.pvc.clone();
            let status = download.status.unwrap_or_default();
            transfers.add(
                &name,
                status.phase,
                status.progress.map(|all| (all.bytes_done, all.total_bytes)),
                status.message,
            );
        }
        let files: Api<PodVolumeRestore> = self.api(plan, cluster).await?;
        let found = files
            .list(&mine)
            .await
            .map_err(|error| SystemError::new(context(), error))?;
        for file in found {
            let name = file.spec.volume.clone();
            let status = file.status.unwrap_or_default();
            transfers.add(
                &name,
                status.phase,
                status.progress.map(|all| (all.bytes_done, all.total_bytes)),
                status.message,
            );
        }
        Ok(transfers)
    }
}

/// The transfers of a restore.
#[derive(Debug, Default)]
struct Transfers {
    done: usize,
    /// Those that are not, or not wholly, done: what each waits for.
    open: Vec<String>,
    failed: Vec<String>,
}

type Bytes = (Option<i64>, Option<i64>);

impl Transfers {
    fn add(
        &mut self,
        name: &str,
        phase: Option<DataTransferPhase>,
        bytes: Option<Bytes>,
        message: Option<String>,
    ) {
        let phase = phase.unwrap_or_default();
        let short = bytes.is_some_and(|(done, total)| done.unwrap_or(0) < total.unwrap_or(0));
        let message = message.map_or_else(String::new, |message| format!(": {message}"));
        match phase {
            DataTransferPhase::Completed if !short => self.done += 1,
            DataTransferPhase::Completed => self
                .failed
                .push(format!("{name} is Completed and not all of its bytes are there")),
            DataTransferPhase::Failed | DataTransferPhase::Canceled => {
                self.failed.push(format!("{name} is {phase}{message}"));
            }
            phase => self.open.push(format!("{name} is {phase}{message}")),
        }
    }

    fn in_words(&self) -> String {
        if self.open.is_empty() && self.failed.is_empty() && self.done == 0 {
            return String::new();
        }
        let open: Vec<&str> = self
            .open
            .iter()
            .chain(&self.failed)
            .map(String::as_str)
            .take(5)
            .collect();
        format!(
            "; {} volumes done, waiting for {}",
            self.done,
            if open.is_empty() {
                "none".to_owned()
            } else {
                open.join(", ")
            }
        )
    }
}

fn location_state(found: &BackupStorageLocation, wanted: &LocationRef) -> StepState {
    let store = &found.spec.object_storage;
    let prefix = store.prefix.as_deref().unwrap_or_default();
    if store.bucket != wanted.bucket || prefix.trim_matches('/') != wanted.prefix {
        return StepState::Failed(format!(
            "location {} is there and means {}/{prefix}, not {}/{}",
            wanted.name, store.bucket, wanted.bucket, wanted.prefix
        ));
    }
    let status = found.status.clone().unwrap_or_default();
    match status.phase {
        Some(BackupStorageLocationPhase::Available) => StepState::Done,
        phase => {
            let phase = phase.map_or_else(|| "not yet looked at".to_owned(), |phase| phase.to_string());
            StepState::Running(format!("{phase}: {}", status.message.unwrap_or_default()))
        }
    }
}

/// Velero takes one default location: the one before it steps back.
async fn no_default(api: &Api<BackupStorageLocation>) -> Result<(), SystemError> {
    let context = || "backup storage locations".to_owned();
    let all = api.list(&ListParams::default()).await;
    for found in all.map_err(|error| SystemError::new(context(), error))? {
        if found.spec.default == Some(true) {
            let patch = Patch::Merge(json!({"spec": {"default": false}}));
            let done = api
                .patch(&found.name_any(), &PatchParams::default(), &patch)
                .await;
            done.map_err(|error| SystemError::new(context(), error))?;
        }
    }
    Ok(())
}

fn location_object(
    location: &LocationRef,
    access: AccessMode,
    is_default: bool,
    namespace: &str,
) -> BackupStorageLocation {
    let region = location
        .region
        .iter()
        .map(|region| ("region".to_owned(), region.clone()));
    let config: BTreeMap<String, String> = region.collect();
    let spec = BackupStorageLocationSpec {
        provider: location.provider.clone(),
        object_storage: ObjectStorageLocation {
            bucket: location.bucket.clone(),
            prefix: (!location.prefix.is_empty()).then(|| location.prefix.clone()),
            ..ObjectStorageLocation::default()
        },
        config: (!config.is_empty()).then_some(config),
        access_mode: Some(access),
        default: is_default.then_some(true),
        ..BackupStorageLocationSpec::default()
    };
    let mut object = BackupStorageLocation::new(&location.name, spec);
    object.metadata.namespace = Some(namespace.to_owned());
    object
}

fn awaited(found: Option<&Backup>) -> StepState {
    let phase = found
        .and_then(|backup| backup.status.as_ref())
        .and_then(|status| status.phase.clone());
    match (found, phase) {
        (None, _) => StepState::Running("the backup is not yet synced from its bucket".to_owned()),
        (Some(_), Some(BackupPhase::Completed)) => StepState::Done,
        (Some(_), Some(phase)) if phase.is_final() || phase == BackupPhase::Deleting => {
            StepState::Failed(format!("the backup is {phase}"))
        }
        (Some(_), phase) => StepState::Running(format!("the backup is {}", phase.unwrap_or_default())),
    }
}

fn backup_state(backup: &Backup) -> StepState {
    let status = backup.status.clone().unwrap_or_default();
    match status.phase.unwrap_or_default() {
        BackupPhase::Completed => StepState::Done,
        phase if phase.is_final() || phase == BackupPhase::Deleting => {
            let why = status.validation_errors.unwrap_or_default().join("; ");
            StepState::Failed(format!(
                "the backup is {phase} {}{why}",
                status.failure_reason.unwrap_or_default()
            ))
        }
        phase => StepState::Running(format!("the backup is {phase}")),
    }
}

fn restore_state(restore: &Restore) -> StepState {
    let status = restore.status.clone().unwrap_or_default();
    match status.phase.unwrap_or_default() {
        // Whether it is complete is the gate's question.
        RestorePhase::Completed => StepState::Done,
        phase if phase.is_final() => {
            let why = status.validation_errors.unwrap_or_default().join("; ");
            let errors = status.errors.unwrap_or(0);
            let reason = status.failure_reason.unwrap_or_default();
            StepState::Failed(format!("the restore is {phase} ({errors} errors) {reason}{why}"))
        }
        phase => {
            let progress = status.progress.unwrap_or_default();
            let (done, total) = (
                progress.items_restored.unwrap_or(0),
                progress.total_items.unwrap_or(0),
            );
            StepState::Running(format!("the restore is {phase}, {done} of {total} objects"))
        }
    }
}

/// What must hold of a restore that is `Completed`.
fn gate(restore: &Restore, transfers: &Transfers, volumes: usize) -> StepState {
    match restore_state(restore) {
        StepState::Done => {}
        state => return state,
    }
    let status = restore.status.clone().unwrap_or_default();
    let progress = status.progress.unwrap_or_default();
    let (done, total) = (
        progress.items_restored.unwrap_or(0),
        progress.total_items.unwrap_or(0),
    );
    let warnings = status.warnings.unwrap_or(0);
    if done == 0 || done < total {
        StepState::Failed(format!("it is Completed with {done} of {total} objects"))
    } else if warnings > 0 {
        StepState::Failed(format!(
            "it is Completed with {warnings} warnings: objects that were there already and differ were not restored"
        ))
    } else if let Some(failed) = transfers.failed.first() {
        StepState::Failed(format!("volume {failed}"))
    } else if !transfers.open.is_empty() {
        StepState::Running(transfers.in_words())
    } else if transfers.done < volumes {
        StepState::Failed(format!(
            "the data of {} of {volumes} volumes came back: the others are empty",
            transfers.done
        ))
    } else {
        StepState::Done
    }
}

fn planned_volumes(plan: &RecoveryPlan, name: &str) -> usize {
    let restores = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Restore(restore) if restore.name == name => Some(restore),
        _ => None,
    });
    restores
        .map(|restore: &RestoreAction| restore.work.volumes.len())
        .sum()
}

fn first_backup(plan: &RecoveryPlan, location: LocationIndex) -> String {
    let own = plan.location(location);
    let (cluster, at) = (&plan.cluster(own.cluster).name, plan.made_at.strftime("%H%M%S"));
    format!("dr-first-{cluster}-{}-{at}", own.location.name)
}

async fn get<K>(api: &Api<K>, name: &str) -> Result<Option<K>, SystemError>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = ()>,
{
    let context = || format!("{} {name}", K::kind(&()));
    api.get_opt(name)
        .await
        .map_err(|error| SystemError::new(context(), error))
}

/// Creates an object; one that is there already was created by a run before.
async fn create<K>(api: &Api<K>, object: &K) -> Result<(), SystemError>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Serialize + Resource<DynamicType = ()>,
{
    match api.create(&PostParams::default(), object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => {
            let context = format!("{} {}", K::kind(&()), object.name_any());
            Err(SystemError::new(context, error))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn restore(status: &serde_json::Value) -> Restore {
        serde_json::from_value(json!({
            "apiVersion": "velero.io/v1", "kind": "Restore", "metadata": {"name": "r"}, "spec": {}, "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn completed_passes_the_gate_only_when_everything_is_there() {
        let all = json!({"itemsRestored": 5, "totalItems": 5});
        let none = Transfers::default();
        let state = |status: serde_json::Value, volumes| gate(&restore(&status), &none, volumes);
        assert_eq!(
            state(json!({"phase": "Completed", "progress": all}), 0),
            StepState::Done
        );
        for (status, volumes, word) in [
            (
                json!({"phase": "Completed", "progress": all, "warnings": 3}),
                0,
                "warnings",
            ),
            (json!({"phase": "Completed", "progress": {}}), 0, "0 of 0"),
            (
                json!({"phase": "Completed", "progress": {"itemsRestored": 4, "totalItems": 5}}),
                0,
                "4 of 5",
            ),
            (json!({"phase": "Completed", "progress": all}), 2, "empty"),
            (
                json!({"phase": "PartiallyFailed", "progress": all, "errors": 1}),
                0,
                "1 errors",
            ),
        ] {
            let StepState::Failed(reason) = state(status.clone(), volumes) else {
                panic!("{status} passed");
            };
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn a_volume_that_is_short_of_bytes_does_not_pass() {
        let mut transfers = Transfers::default();
        transfers.add(
            "data",
            Some(DataTransferPhase::Completed),
            Some((Some(5), Some(9))),
            None,
        );
        let done = restore(&json!({"phase": "Completed", "progress": {"itemsRestored": 5, "totalItems": 5}}));
        assert!(matches!(gate(&done, &transfers, 1), StepState::Failed(_)));
    }
}
