//! Simulated Velero: schedules fire, backups and restores pass their phases, what has expired goes.
//!
//! [`Velero`] takes the place of Velero's server, seen from outside. It talks to the API through a plain
//! [`kube::Client`], on tokio's time. Backups take a drawn time; everything else follows Velero 1.18's rules:
//!
//! - A Schedule with a valid expression becomes `Enabled`, and fires when its next time after the last backup (or its own
//!   creation) has come; one that was due while nobody looked fires once. `paused` holds it. The backup is named
//!   `<schedule>-<yyyymmddhhmmss>` and carries the schedule's labels and `velero.io/schedule-name`.
//! - A Backup goes `New`, `InProgress`, `Finalizing`, `Completed` (or `Failed`, where a rule says so). Without a
//!   `BackupStorageLocation` of its name that is there, it is `FailedValidation`. It expires after its `ttl`, 30 days by
//!   default, and is then deleted.
//! - A Restore of a completed backup goes the same way; of none, `FailedValidation`.
//!
//! Nothing is stored, and nothing is brought back: a restore says that it is done.

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

/// How long a backup is kept that does not say: 30 days, as Velero's server is started by default.
const DEFAULT_TTL: SignedDuration = SignedDuration::from_hours(30 * 24);
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
    fails: Vec<Condition>,
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
    /// Seed 0; backups take 5 minutes, restores 10.
    fn default() -> Self {
        Self {
            seed: 0,
            backup: Delay::fixed(Duration::from_mins(5)),
            restore: Delay::fixed(Duration::from_mins(10)),
            fails: Vec::new(),
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

    /// What there is to do now, and when there is more.
    fn step(&self, world: &World, now: Timestamp) -> (Vec<Write>, Option<Timestamp>) {
        let (mut writes, mut next) = (Vec::new(), None::<Timestamp>);
        let mut later = |at: Timestamp| next = Some(next.map_or(at, |next| next.min(at)));
        for schedule in world.of("Schedule") {
            Self::fire(schedule, now, &mut writes, &mut later);
        }
        for backup in world.of("Backup") {
            if let Some(expiry) = time(&backup["status"]["expiration"]) {
                if expiry <= now {
                    writes.push(Write::Delete("Backup", backup.clone()));
                    continue;
                }
                later(expiry);
            }
            let location = text(&backup["spec"]["storageLocation"]);
            let location = if location.is_empty() { "default" } else { location };
            let refusal = (!world.of("BackupStorageLocation").any(|found| same_place(found, backup, location)))
                .then(|| format!("an existing backup storage location wasn't specified at backup creation time and the default '{location}' wasn't found"));
            let kept = go_duration(text(&backup["spec"]["ttl"])).unwrap_or(DEFAULT_TTL);
            self.advance(
                "Backup",
                backup,
                self.backup,
                refusal,
                Some(kept),
                now,
                &mut writes,
                &mut later,
            );
        }
        for restore in world.of("Restore") {
            let name = text(&restore["spec"]["backupName"]);
            let done = world.of("Backup").any(|backup| {
                same_place(backup, restore, name) && text(&backup["status"]["phase"]) == "Completed"
            });
            let started =
                !text(&restore["status"]["phase"]).is_empty() && text(&restore["status"]["phase"]) != "New";
            let refusal =
                (!done && !started).then(|| format!("backup {name:?} is not there, or not completed"));
            self.advance(
                "Restore",
                restore,
                self.restore,
                refusal,
                None,
                now,
                &mut writes,
                &mut later,
            );
        }
        (writes, next)
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

    #[allow(clippy::too_many_arguments)] // What the two kinds that take time differ in.
    fn advance(
        &self,
        kind: &'static str,
        object: &Value,
        delay: Delay,
        refusal: Option<String>,
        kept: Option<SignedDuration>,
        now: Timestamp,
        writes: &mut Vec<Write>,
        later: &mut impl FnMut(Timestamp),
    ) {
        let name = text(&object["metadata"]["name"]);
        let mut change =
            |status: Value| writes.push(Write::Change(kind, object.clone(), json!({"status": status})));
        match text(&object["status"]["phase"]) {
            "" | "New" => {
                if let Some(refusal) = refusal {
                    change(json!({"phase": "FailedValidation", "validationErrors": [refusal]}));
                    return;
                }
                let mut status = json!({"phase": "InProgress", "startTimestamp": now.to_string()});
                if let Some(kept) = kept {
                    status["version"] = json!(1);
                    status["formatVersion"] = json!("1.1.0");
                    status["expiration"] = json!((now + kept).to_string());
                }
                change(status);
            }
            "InProgress" | "Finalizing" => {
                let Some(start) = time(&object["status"]["startTimestamp"]) else {
                    return;
                };
                let whole = SignedDuration::try_from(delay.draw(self.seed, &[kind, name]))
                    .unwrap_or(SignedDuration::MAX);
                // Most of the time goes into the contents, the last tenth into the summary.
                let (finalizing, end) = (start + whole * 9 / 10, start + whole);
                if now >= end {
                    let failed = self.fails.iter().any(|rule| rule(name));
                    let mut status = json!({"completionTimestamp": now.to_string()});
                    if failed {
                        status["phase"] = json!("Failed");
                        status["failureReason"] = json!("simulated failure");
                        status["errors"] = json!(1);
                    } else {
                        status["phase"] = json!("Completed");
                    }
                    change(status);
                } else if now >= finalizing && text(&object["status"]["phase"]) == "InProgress" {
                    change(json!({"phase": "Finalizing"}));
                    later(end);
                } else {
                    later(if now < finalizing { finalizing } else { end });
                }
            }
            _ => {}
        }
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
                            if let Err(error) = carry_out(&client, write).await {
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

async fn carry_out(client: &kube::Client, write: Write) -> Result<(), kube::Error> {
    let (Write::Create(kind, object) | Write::Change(kind, object, _) | Write::Delete(kind, object)) = &write;
    let plural = KINDS
        .iter()
        .find(|(known, _)| known == kind)
        .map_or("", |(_, plural)| plural);
    let namespace = text(&object["metadata"]["namespace"]);
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource(kind, plural));
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
        Write::Delete(..) => {
            api.delete(name, &DeleteParams::default()).await?;
        }
    }
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
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
