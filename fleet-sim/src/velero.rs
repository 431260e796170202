//! Simulated Velero: schedules fire, backups and restores pass their phases, what has expired goes.
//!
//! [`Velero`] takes the place of Velero's server, seen from outside. It talks to the API through a plain
//! [`kube::Client`], on tokio's time. Backups take a drawn time; everything else follows Velero 1.18's rules:
//!
//! - A Schedule with a valid expression becomes `Enabled`, and fires when its next time after the last backup (or its own
//!   creation) has come; one that was due while nobody looked fires once. `paused` holds it. The backup is named
//!   `<schedule>-<yyyymmddhhmmss>` and carries the schedule's labels and `velero.io/schedule-name`.
//! - A Backup goes `New`, `InProgress`, `Finalizing`, `Completed` (or `Failed`, where a rule says so). Without a
//!   `BackupStorageLocation` of its name that is there and can be written, it is `FailedValidation`. It expires after its `ttl`,
//!   30 days by default, and is then deleted, unless its location is read-only.
//! - A `BackupStorageLocation` becomes `Available`. What was completed is in its bucket, an [`ObjectStore`] that outlives the
//!   objects: within a minute, Backups that are in the bucket and not in the cluster are made, as when a new cluster is
//!   given the location of a lost one.
//! - A Restore of a completed backup goes the same way, one after the other; of none, `FailedValidation`.
//!
//! Only the Backups themselves are stored, and nothing is brought back: a restore says that it is done, and of how many objects.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fleet_core::cron::Schedule as Cron;
use jiff::{SignedDuration, Timestamp};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::Hub;
use crate::cluster_api::Delay;
use crate::simulation::Simulation;
use crate::wake::Wake;

mod store;

pub use store::ObjectStore;
use store::Place;

/// How long a backup is kept that does not say: 30 days, as Velero's server is started by default.
const DEFAULT_TTL: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How often a location's bucket is looked at, as Velero's server does by default.
const SYNC: SignedDuration = SignedDuration::from_mins(1);
/// How long after a failed request the controllers look again.
const RETRY: Duration = Duration::from_secs(5);
const KINDS: [(&str, &str); 4] = [
    ("Backup", "backups"),
    ("BackupStorageLocation", "backupstoragelocations"),
    ("Restore", "restores"),
    ("Schedule", "schedules"),
];

/// The simulated Velero: how it behaves.
///
/// ```
/// use fleet_sim::cluster_api::Delay;
/// use fleet_sim::velero::Velero;
/// use std::time::Duration;
///
/// let velero = Velero::default()
///     .seed(7)
///     .backup_duration(Delay::around(Duration::from_secs(600), 0.3))
///     .backup_fails(|name| name.starts_with("nightly-20260301"));
/// # let _ = velero;
/// ```
#[derive(Clone)]
pub struct Velero {
    seed: u64,
    backup: Delay,
    restore: Delay,
    items: u64,
    fails: Vec<Condition>,
    hangs: Vec<Condition>,
    store: ObjectStore,
}

/// What holds of a backup's name.
type Condition = Arc<dyn Fn(&str) -> bool + Send + Sync>;

impl fmt::Debug for Velero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Velero")
            .field("seed", &self.seed)
            .field("backup", &self.backup)
            .field("restore", &self.restore)
            .finish_non_exhaustive()
    }
}

/// The running controllers. They end with it.
#[derive(Debug)]
pub struct VeleroHandle(JoinHandle<()>);

impl Drop for VeleroHandle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Default for Velero {
    /// Seed 0; backups take 5 minutes and hold 100 objects, restores 10; an empty store of its own.
    fn default() -> Self {
        Self {
            seed: 0,
            backup: Delay::fixed(Duration::from_mins(5)),
            restore: Delay::fixed(Duration::from_mins(10)),
            items: 100,
            fails: Vec::new(),
            hangs: Vec::new(),
            store: ObjectStore::default(),
        }
    }
}

/// The objects of one namespace's Velero, by kind.
#[derive(Debug, Default)]
struct World(BTreeMap<&'static str, Vec<Value>>);

/// One change to make.
#[derive(Debug, Clone, PartialEq)]
enum Write {
    Create(&'static str, Value),
    /// A merge patch.
    Change(&'static str, Value, Value),
    Delete(&'static str, Value),
    /// Into the bucket.
    Keep(Place, Value),
    /// Out of the bucket.
    Discard(Place, String),
}

/// How a Backup or Restore goes on.
struct Course {
    kind: &'static str,
    takes: Delay,
    /// Why it is not begun.
    refusal: Option<String>,
    /// How long it is kept once it is made.
    kept: Option<SignedDuration>,
    items: u64,
    hangs: bool,
}

impl Velero {
    /// Where the draws from [`Delay`]s come from. Default 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// From a backup's start to its end. Default 5 minutes.
    pub fn backup_duration(mut self, delay: impl Into<Delay>) -> Self {
        self.backup = delay.into();
        self
    }

    /// From a restore's start to its end. Default 10 minutes.
    pub fn restore_duration(mut self, delay: impl Into<Delay>) -> Self {
        self.restore = delay.into();
        self
    }

    /// Backups and restores whose name fits end `Failed`. Rules add up.
    pub fn backup_fails(mut self, rule: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.fails.push(Arc::new(rule));
        self
    }

    /// How many objects a backup holds, by its progress. Default 100.
    pub fn backup_items(mut self, items: u64) -> Self {
        self.items = items;
        self
    }

    /// Restores whose name fits stay `InProgress` for ever. Rules add up.
    pub fn restore_hangs(mut self, rule: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.hangs.push(Arc::new(rule));
        self
    }

    /// The buckets behind the locations. Default: its own, and empty.
    pub fn object_store(mut self, store: ObjectStore) -> Self {
        self.store = store;
        self
    }

    /// What there is to do now, and when there is more.
    fn step(&self, world: &World, now: Timestamp) -> (Vec<Write>, Option<Timestamp>) {
        let (mut writes, mut next) = (Vec::new(), None::<Timestamp>);
        let mut later = |at: Timestamp| next = Some(next.map_or(at, |next| next.min(at)));
        for location in world.of("BackupStorageLocation") {
            self.sync(location, world, now, &mut writes, &mut later);
        }
        for schedule in world.of("Schedule") {
            Self::fire(schedule, now, &mut writes, &mut later);
        }
        for backup in world.of("Backup") {
            self.back_up(backup, world, now, &mut writes, &mut later);
        }
        // One at a time, as the server does; one that has begun is ended first.
        let open = world.of("Restore").filter(|restore| !is_final(phase(restore)));
        let current = open.min_by_key(|restore| {
            let created = text(&restore["metadata"]["creationTimestamp"]);
            (
                phase(restore).is_empty(),
                created,
                text(&restore["metadata"]["name"]),
            )
        });
        if let Some(restore) = current {
            self.restore(restore, world, now, &mut writes, &mut later);
        }
        (writes, next)
    }

    /// Validates a location, and makes the Backups that are in its bucket alone.
    fn sync(
        &self,
        location: &Value,
        world: &World,
        now: Timestamp,
        writes: &mut Vec<Write>,
        later: &mut impl FnMut(Timestamp),
    ) {
        let mut change = |status: Value| {
            writes.push(Write::Change(
                "BackupStorageLocation",
                location.clone(),
                json!({"status": status}),
            ));
        };
        let status = &location["status"];
        if text(&status["phase"]) != "Available" {
            change(json!({"phase": "Available", "lastValidationTime": now.to_string()}));
            return;
        }
        let is_here = |name: &str| world.of("Backup").any(|known| same_place(known, location, name));
        let mut missing = self.store.backups(&place_of(location));
        missing.retain(|backup| !is_here(text(&backup["metadata"]["name"])));
        let last = [&status["lastSyncedTime"], &status["lastValidationTime"]];
        let Some(last) = last.into_iter().find_map(time).filter(|_| !missing.is_empty()) else {
            return;
        };
        let due = last.checked_add(SYNC).unwrap_or(now);
        if due > now {
            later(due);
            return;
        }
        change(json!({"lastSyncedTime": now.to_string()}));
        for mut backup in missing {
            backup["metadata"]["namespace"] = location["metadata"]["namespace"].clone();
            backup["spec"]["storageLocation"] = location["metadata"]["name"].clone();
            writes.push(Write::Create("Backup", backup));
        }
    }

    fn back_up(
        &self,
        backup: &Value,
        world: &World,
        now: Timestamp,
        writes: &mut Vec<Write>,
        later: &mut impl FnMut(Timestamp),
    ) {
        let name = text(&backup["metadata"]["name"]);
        let wanted = text(&backup["spec"]["storageLocation"]);
        let wanted = if wanted.is_empty() { "default" } else { wanted };
        let location = world
            .of("BackupStorageLocation")
            .find(|found| same_place(found, backup, wanted));
        let is_read_only = location.is_some_and(|found| text(&found["spec"]["accessMode"]) == "ReadOnly");
        if let Some(expiry) = time(&backup["status"]["expiration"]) {
            if expiry > now {
                later(expiry);
            } else if !is_read_only {
                writes.push(Write::Delete("Backup", backup.clone()));
                writes.extend(location.map(|found| Write::Discard(place_of(found), name.to_owned())));
                return;
            }
        }
        let refusal = match location {
            None => Some(format!(
                "an existing backup storage location wasn't specified at backup creation time and the default '{wanted}' wasn't found"
            )),
            Some(_) if is_read_only => Some(format!(
                "backup can't be created because backup storage location {wanted} is currently in read-only mode"
            )),
            Some(_) => None,
        };
        let course = Course {
            kind: "Backup",
            takes: self.backup,
            refusal,
            kept: Some(go_duration(text(&backup["spec"]["ttl"])).unwrap_or(DEFAULT_TTL)),
            items: self.items,
            hangs: false,
        };
        let Some(status) = self.advance(&course, backup, now, later) else {
            return;
        };
        if let Some(location) = location.filter(|_| text(&status["phase"]) == "Completed") {
            let mut kept = backup.clone();
            if let (Some(old), Some(new)) = (kept["status"].as_object_mut(), status.as_object()) {
                old.extend(new.clone());
            }
            writes.push(Write::Keep(place_of(location), kept));
        }
        writes.push(Write::Change("Backup", backup.clone(), json!({"status": status})));
    }

    fn restore(
        &self,
        restore: &Value,
        world: &World,
        now: Timestamp,
        writes: &mut Vec<Write>,
        later: &mut impl FnMut(Timestamp),
    ) {
        let (name, of) = (
            text(&restore["metadata"]["name"]),
            text(&restore["spec"]["backupName"]),
        );
        let backup = world
            .of("Backup")
            .find(|backup| same_place(backup, restore, of) && phase(backup) == "Completed");
        let is_begun = !matches!(phase(restore), "" | "New");
        let items = backup.and_then(|backup| backup["status"]["progress"]["itemsBackedUp"].as_u64());
        let course = Course {
            kind: "Restore",
            takes: self.restore,
            refusal: (backup.is_none() && !is_begun)
                .then(|| format!("backup {of:?} is not there, or not completed")),
            kept: None,
            items: items.unwrap_or(self.items),
            hangs: self.hangs.iter().any(|rule| rule(name)),
        };
        if let Some(status) = self.advance(&course, restore, now, later) {
            writes.push(Write::Change(
                "Restore",
                restore.clone(),
                json!({"status": status}),
            ));
        }
    }

    fn fire(schedule: &Value, now: Timestamp, writes: &mut Vec<Write>, later: &mut impl FnMut(Timestamp)) {
        let cron = match text(&schedule["spec"]["schedule"]).parse::<Cron>() {
            Ok(cron) => cron,
            Err(error) => {
                if text(&schedule["status"]["phase"]) != "FailedValidation" {
                    let status = json!({"status": {"phase": "FailedValidation",
                        "validationErrors": [format!("invalid schedule: {error}")]}});
                    writes.push(Write::Change("Schedule", schedule.clone(), status));
                }
                return;
            }
        };
        if text(&schedule["status"]["phase"]) != "Enabled" {
            writes.push(Write::Change(
                "Schedule",
                schedule.clone(),
                json!({"status": {"phase": "Enabled"}}),
            ));
        }
        if schedule["spec"]["paused"] == true {
            return;
        }
        let last = [
            &schedule["status"]["lastBackup"],
            &schedule["status"]["lastSkipped"],
            &schedule["metadata"]["creationTimestamp"],
        ];
        let Some(last) = last.into_iter().find_map(time) else {
            return;
        };
        let Some(due) = cron.next_after(last) else { return };
        if due > now {
            later(due);
            return;
        }
        let name = format!(
            "{}-{}",
            text(&schedule["metadata"]["name"]),
            now.strftime("%Y%m%d%H%M%S")
        );
        let mut labels = schedule["metadata"]["labels"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        labels.insert(
            "velero.io/schedule-name".into(),
            schedule["metadata"]["name"].clone(),
        );
        let backup = json!({"apiVersion": "velero.io/v1", "kind": "Backup",
            "metadata": {"name": name, "namespace": schedule["metadata"]["namespace"], "labels": labels},
            "spec": schedule["spec"]["template"]});
        writes.push(Write::Create("Backup", backup));
        writes.push(Write::Change(
            "Schedule",
            schedule.clone(),
            json!({"status": {"lastBackup": now.to_string()}}),
        ));
    }

    /// What changes of the status of a Backup or Restore.
    fn advance(
        &self,
        course: &Course,
        object: &Value,
        now: Timestamp,
        later: &mut impl FnMut(Timestamp),
    ) -> Option<Value> {
        let name = text(&object["metadata"]["name"]);
        let counted = if course.kind == "Backup" {
            "itemsBackedUp"
        } else {
            "itemsRestored"
        };
        let progress = |done: u64| json!({"totalItems": course.items, counted: done});
        match phase(object) {
            "" | "New" => {
                if let Some(refusal) = &course.refusal {
                    return Some(json!({"phase": "FailedValidation", "validationErrors": [refusal]}));
                }
                let mut status = json!({
                    "phase": "InProgress", "startTimestamp": now.to_string(), "progress": progress(0),
                });
                if let Some(kept) = course.kept {
                    status["version"] = json!(1);
                    status["formatVersion"] = json!("1.1.0");
                    status["expiration"] = json!((now + kept).to_string());
                }
                Some(status)
            }
            "InProgress" | "Finalizing" if !course.hangs => {
                let start = time(&object["status"]["startTimestamp"])?;
                let whole = SignedDuration::try_from(course.takes.draw(self.seed, &[course.kind, name]))
                    .unwrap_or(SignedDuration::MAX);
                // Most of the time goes into the contents, the last tenth into the summary.
                let (finalizing, end) = (start + whole * 9 / 10, start + whole);
                if now >= end && self.fails.iter().any(|rule| rule(name)) {
                    return Some(json!({
                        "phase": "Failed", "failureReason": "simulated failure", "errors": 1,
                        "completionTimestamp": now.to_string(),
                    }));
                }
                if now >= end {
                    return Some(json!({
                        "phase": "Completed", "completionTimestamp": now.to_string(),
                        "progress": progress(course.items),
                    }));
                }
                let is_contents = phase(object) == "InProgress";
                later(if is_contents && now < finalizing {
                    finalizing
                } else {
                    end
                });
                (is_contents && now >= finalizing)
                    .then(|| json!({"phase": "Finalizing", "progress": progress(course.items)}))
            }
            _ => None,
        }
    }

    async fn carry_out(&self, client: &kube::Client, write: Write) -> Result<(), kube::Error> {
        let (kind, object) = match &write {
            Write::Keep(place, backup) => {
                self.store.put(&place.0, &place.1, backup.clone());
                return Ok(());
            }
            Write::Discard(place, name) => {
                self.store.remove(&place.0, &place.1, name);
                return Ok(());
            }
            Write::Create(kind, object) | Write::Change(kind, object, _) | Write::Delete(kind, object) => {
                (kind, object)
            }
        };
        let plural = KINDS
            .iter()
            .find(|(known, _)| known == kind)
            .map_or("", |(_, plural)| plural);
        let namespace = text(&object["metadata"]["namespace"]);
        let api: Api<DynamicObject> =
            Api::namespaced_with(client.clone(), namespace, &resource(kind, plural));
        let name = text(&object["metadata"]["name"]);
        match &write {
            Write::Create(_, object) => {
                if let Ok(object) = serde_json::from_value(object.clone()) {
                    api.create(&PostParams::default(), &object).await?;
                }
            }
            // As upstream's, these kinds have no status subresource.
            Write::Change(_, _, patch) => {
                api.patch(name, &PatchParams::default(), &Patch::Merge(patch))
                    .await?;
            }
            _ => {
                api.delete(name, &DeleteParams::default()).await?;
            }
        }
        Ok(())
    }
}

impl World {
    fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.get(kind).into_iter().flatten()
    }
}

impl Simulation for Velero {
    type Handle = VeleroHandle;

    fn start_on(self, hub: &Hub) -> VeleroHandle {
        let (client, clock) = (hub.undisturbed_client(), hub.clone());
        VeleroHandle(tokio::spawn(async move {
            let apis: Vec<(&'static str, Api<DynamicObject>)> = KINDS
                .map(|(kind, plural)| (kind, api(&client, kind, plural)))
                .into();
            let wake = Wake::on(apis.iter().map(|(_, api)| api.clone()));
            loop {
                let now = clock.now();
                let next = match look(&apis).await {
                    Ok(world) => {
                        let (writes, next) = self.step(&world, now);
                        let wrote = !writes.is_empty();
                        for write in writes {
                            if let Err(error) = self.carry_out(&client, write).await {
                                tracing::debug!(%error, "a simulated write failed");
                            }
                        }
                        if wrote {
                            Some(Duration::from_millis(250))
                        } else {
                            next.map(|next| until(next, now))
                        }
                    }
                    Err(_) => Some(RETRY),
                };
                wake.wait(next).await;
            }
        }))
    }
}

fn until(next: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now))
        .unwrap_or(Duration::ZERO)
        .max(Duration::from_millis(10))
}

fn api(client: &kube::Client, kind: &str, plural: &str) -> Api<DynamicObject> {
    Api::all_with(client.clone(), &resource(kind, plural))
}

fn resource(kind: &str, plural: &str) -> ApiResource {
    ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("velero.io", "v1", kind), plural)
}

async fn look(apis: &[(&'static str, Api<DynamicObject>)]) -> Result<World, kube::Error> {
    let mut world = World::default();
    for (kind, api) in apis {
        let list = api.list(&ListParams::default()).await?;
        let objects = list
            .items
            .iter()
            .filter_map(|object| serde_json::to_value(object).ok())
            .collect();
        world.0.insert(kind, objects);
    }
    Ok(world)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn phase(object: &Value) -> &str {
    text(&object["status"]["phase"])
}

fn is_final(phase: &str) -> bool {
    matches!(
        phase,
        "Completed" | "PartiallyFailed" | "Failed" | "FailedValidation"
    )
}

/// The bucket and prefix of a location.
fn place_of(location: &Value) -> Place {
    let store = &location["spec"]["objectStorage"];
    (
        text(&store["bucket"]).to_owned(),
        text(&store["prefix"]).trim_matches('/').to_owned(),
    )
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn same_place(found: &Value, beside: &Value, name: &str) -> bool {
    text(&found["metadata"]["name"]) == name
        && found["metadata"]["namespace"] == beside["metadata"]["namespace"]
}

/// Go's notation of a duration, as far as a `ttl` uses it: `720h0m0s`.
fn go_duration(text: &str) -> Option<SignedDuration> {
    let (mut total, mut number) = (SignedDuration::ZERO, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let amount: i64 = std::mem::take(&mut number).parse().ok()?;
        let unit = match c {
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(SignedDuration::from_secs(amount.checked_mul(unit)?))?;
    }
    (number.is_empty() && !total.is_zero()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(go_duration("720h0m0s"), Some(SignedDuration::from_hours(720)));
        assert_eq!(go_duration("1h30m"), Some(SignedDuration::from_mins(90)));
        assert_eq!(go_duration("5"), None);
        assert_eq!(go_duration("5d"), None);
    }
}
