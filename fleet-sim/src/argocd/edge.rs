//! The edge: one task that follows the hub, asks what comes next, and writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fleet_argocd::{
    Application, ApplicationSet, ApplicationSpec, Expansion, HubSource, Operation, Snapshot, Sources,
    SyncOperation, expand,
};
use futures::FutureExt as _;
use futures::stream::{BoxStream, SelectAll, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Client, ResourceExt as _};

use super::kept::Kept;
use super::{ArgoCd, Commands, application_set};
use crate::Hub;

const FIELD_MANAGER: &str = "argocd-applicationset-controller";
const CLUSTER_SECRETS: &str = "argocd.argoproj.io/secret-type=cluster";
/// How long after a change an ApplicationSet is looked at; changes that come meanwhile are taken together.
const REACTION: SignedDuration = SignedDuration::from_millis(500);
/// How long after a failed request an object is looked at again.
const RETRY: SignedDuration = SignedDuration::from_secs(5);
/// How often what generators look at outside the hub is looked at again, as Argo CD does by default.
const POLL: SignedDuration = SignedDuration::from_mins(3);

/// Namespace and name.
type Key = (String, String);

/// What the API showed.
enum Seen {
    Application(Key),
    Set(Key),
    /// A cluster was registered, changed or removed.
    Clusters,
    /// Everything there is has been listed.
    All,
}

/// An ApplicationSet as it was expanded last.
struct Expanded {
    generation: Option<i64>,
    outcome: Result<Expansion, String>,
}

struct Edge {
    argocd: ArgoCd,
    hub: Hub,
    client: Client,
    sources: Sources,
    commands: Arc<Commands>,
    applications: Store<Kept<Application>>,
    sets: Store<Kept<ApplicationSet>>,
    changed: BTreeSet<Key>,
    applications_due: Due,
    sets_due: Due,
    expanded: BTreeMap<Key, Expanded>,
    /// What was written last, and the spec that the hub made of it.
    applied: BTreeMap<Key, (Application, ApplicationSpec)>,
}

/// When each thing is to be looked at.
#[derive(Debug, Default)]
struct Due {
    by_time: BTreeSet<(Timestamp, Key)>,
    by_key: BTreeMap<Key, Timestamp>,
}

impl Due {
    /// At this time, or earlier if that is already planned.
    fn by(&mut self, key: Key, at: Timestamp) {
        if self.by_key.get(&key).is_none_or(|planned| at < *planned) {
            self.at(key, at);
        }
    }

    fn at(&mut self, key: Key, at: Timestamp) {
        if let Some(planned) = self.by_key.insert(key.clone(), at) {
            self.by_time.remove(&(planned, key.clone()));
        }
        self.by_time.insert((at, key));
    }

    fn first(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }

    fn take(&mut self, now: Timestamp) -> Vec<Key> {
        let mut due = Vec::new();
        while self.first().is_some_and(|at| at <= now) {
            if let Some((_, key)) = self.by_time.pop_first() {
                self.by_key.remove(&key);
                due.push(key);
            }
        }
        due
    }
}

pub(super) async fn run(argocd: ArgoCd, hub: Hub, commands: Arc<Commands>) {
    let client = hub.undisturbed_client();
    let (applications, applications_writer) = reflector::store();
    let (sets, sets_writer) = reflector::store();
    let everything = watcher::Config::default;
    let mut seen: SelectAll<BoxStream<'static, Seen>> = SelectAll::new();
    let events = watcher(Api::<Kept<Application>>::all(client.clone()), everything()).default_backoff();
    seen.push(follow(events.reflect(applications_writer), Seen::Application));
    let events = watcher(Api::<Kept<ApplicationSet>>::all(client.clone()), everything()).default_backoff();
    seen.push(follow(events.reflect(sets_writer), Seen::Set));
    let secrets = Api::<Secret>::namespaced(client.clone(), &argocd.namespace);
    let events = watcher(secrets, everything().labels(CLUSTER_SECRETS)).default_backoff();
    seen.push(follow(events, |_| Seen::Clusters));

    let source = HubSource::new(client.clone(), &argocd.namespace);
    let mut edge = Edge {
        sources: argocd.sources.clone().clusters(source.clone()).decisions(source),
        argocd,
        hub,
        client,
        commands,
        applications,
        sets,
        changed: BTreeSet::new(),
        applications_due: Due::default(),
        sets_due: Due::default(),
        expanded: BTreeMap::new(),
        applied: BTreeMap::new(),
    };
    let commands = Arc::clone(&edge.commands);
    loop {
        edge.work().await;
        let pause = edge.pause();
        // In this order, always: what is known is taken in before anything is decided.
        tokio::select! {
            biased;
            Some(first) = seen.next() => {
                edge.see(first);
                while let Some(Some(next)) = seen.next().now_or_never() {
                    edge.see(next);
                }
            }
            () = commands.changed.notified() => edge.look_again(),
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

fn follow<K>(
    events: impl futures::Stream<Item = Result<Event<K>, watcher::Error>> + Send + 'static,
    one: impl Fn(Key) -> Seen + Send + Sync + 'static,
) -> BoxStream<'static, Seen>
where
    K: kube::Resource + 'static,
{
    events
        .filter_map(move |event| {
            let seen = match event {
                Ok(Event::Apply(object) | Event::Delete(object)) => Some(one(key_of(&object))),
                Ok(Event::InitDone) => Some(Seen::All),
                Ok(Event::Init | Event::InitApply(_)) => None,
                Err(error) => {
                    tracing::debug!(%error, "a simulated controller's watch failed");
                    None
                }
            };
            futures::future::ready(seen)
        })
        .boxed()
}

fn key_of(object: &impl kube::Resource) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

impl Edge {
    fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Application(key) => {
                self.changed.insert(key);
            }
            Seen::Set(key) => self.sets_due.by(key, self.hub.now() + REACTION),
            Seen::Clusters => self.expand_anew(),
            Seen::All => self.look_again(),
        }
    }

    fn look_again(&mut self) {
        self.changed
            .extend(self.applications.state().iter().map(|one| key_of(&**one)));
        self.expand_anew();
    }

    fn expand_anew(&mut self) {
        self.expanded.clear();
        let at = self.hub.now() + REACTION;
        for set in self.sets.state() {
            self.sets_due.by(key_of(&*set), at);
        }
    }

    fn pause(&self) -> Option<Duration> {
        let first = [self.applications_due.first(), self.sets_due.first()];
        let first = first.into_iter().flatten().min()?;
        // Not at once: times that objects carry are whole seconds, and a moment that has passed is no reason to spin.
        let pause = first.duration_since(self.hub.now());
        Some(
            Duration::try_from(pause)
                .unwrap_or_default()
                .max(Duration::from_millis(1)),
        )
    }

    async fn work(&mut self) {
        let now = self.hub.now();
        let mut keys = std::mem::take(&mut self.changed);
        keys.extend(self.applications_due.take(now));
        for key in keys {
            self.advance(key, now).await;
        }
        for key in self.sets_due.take(now) {
            self.reconcile(key, now).await;
        }
    }

    async fn advance(&mut self, key: Key, now: Timestamp) {
        let found = self.applications.get(&ObjectRef::new(&key.1).within(&key.0));
        let Some(application) = found else {
            // It is gone; a set may want it back.
            if self.applied.remove(&key).is_some() {
                let sets: Vec<Key> = self.sets.state().iter().map(|set| key_of(&**set)).collect();
                for set in sets.into_iter().filter(|set| set.0 == key.0) {
                    self.sets_due.by(set, now + REACTION);
                }
            }
            return;
        };
        if let Some(set) = set_of(&application) {
            self.sets_due.by((key.0.clone(), set.to_owned()), now + REACTION);
        }
        let degraded = self.commands.of(&key.1);
        let turn = self.argocd.turn(&application, degraded.as_deref(), now);
        if let Some(after) = turn.write {
            let api: Api<Application> = Api::namespaced(self.client.clone(), &key.0);
            let written = api.replace(&key.1, &PostParams::default(), &after).await;
            if let Err(error) = written {
                tracing::debug!(application = key.1, %error, "a simulated write failed");
                self.applications_due.at(key, now + RETRY);
            }
        } else if let Some(next) = turn.next {
            self.applications_due.at(key, next);
        }
    }

    async fn reconcile(&mut self, key: Key, now: Timestamp) {
        let Some(set) = self.sets.get(&ObjectRef::new(&key.1).within(&key.0)) else {
            self.expanded.remove(&key);
            return;
        };
        if set.metadata.deletion_timestamp.is_some() {
            return;
        }
        let stale = self.argocd.polls
            || self
                .expanded
                .get(&key)
                .is_none_or(|expanded| expanded.generation != set.metadata.generation);
        if stale {
            let expanded = Expanded {
                generation: set.metadata.generation,
                outcome: self.expand(&set).await,
            };
            self.expanded.insert(key.clone(), expanded);
        }
        let live = self.owned(&set);
        let plan = match self.expanded.get(&key).map(|expanded| &expanded.outcome) {
            Some(Ok(expansion)) => application_set::plan(&set, expansion, &live, now),
            Some(Err(error)) => Err(error.clone()),
            None => return,
        };
        let (status, done) = match plan {
            Ok(plan) => {
                let done = self.carry_out(&key.0, &plan, &live).await;
                (plan.status, done)
            }
            Err(error) => (application_set::failed(&set, &error, now), Ok(())),
        };
        let (status, done) = match done {
            Err(error) => (application_set::failed(&set, &error.to_string(), now), Err(error)),
            Ok(()) => (status, Ok(())),
        };
        // A failure is told, too; of two the first is the one to try again for.
        let reported = self.report(&set, status).await;
        let written = done.and(reported);
        if let Err(error) = written {
            tracing::debug!(set = key.1, %error, "a simulated write failed");
            self.sets_due.by(key, now + RETRY);
        } else if self.argocd.polls {
            self.sets_due.by(key, now + POLL);
        }
    }

    async fn expand(&self, set: &ApplicationSet) -> Result<Expansion, String> {
        let snapshot = Snapshot::gather(&self.sources, set)
            .await
            .map_err(|error| error.to_string())?;
        expand(set, &snapshot).map_err(|error| error.to_string())
    }

    /// The Applications of a set, by name.
    fn owned(&self, set: &ApplicationSet) -> BTreeMap<String, Application> {
        let namespace = set.namespace();
        let all = self.applications.state();
        let owned = all.iter().filter(|one| {
            one.namespace() == namespace
                && one
                    .owner_references()
                    .iter()
                    .any(|owner| Some(&owner.uid) == set.metadata.uid.as_ref())
        });
        owned
            .map(|one| (one.name().to_owned(), (***one).clone()))
            .collect()
    }

    async fn carry_out(
        &mut self,
        namespace: &str,
        plan: &application_set::Plan,
        live: &BTreeMap<String, Application>,
    ) -> Result<(), kube::Error> {
        let api: Api<Application> = Api::namespaced(self.client.clone(), namespace);
        let params = PatchParams::apply(FIELD_MANAGER).force();
        for wanted in &plan.write {
            let key = (namespace.to_owned(), wanted.name().to_owned());
            let unchanged = self.applied.get(&key).is_some_and(|(last, spec)| {
                last == wanted && live.get(wanted.name()).is_some_and(|live| live.spec == *spec)
            });
            if !unchanged {
                let written = api.patch(wanted.name(), &params, &Patch::Apply(wanted)).await?;
                self.applied.insert(key, (wanted.clone(), written.spec));
            }
        }
        for name in &plan.delete {
            match api.delete(name, &DeleteParams::default()).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                other => {
                    other?;
                }
            }
        }
        for name in &plan.sync {
            if let Some(application) = live.get(name) {
                let mut after = application.clone();
                after.operation = Some(Operation {
                    sync: Some(SyncOperation::default()),
                    ..Operation::default()
                });
                api.replace(name, &PostParams::default(), &after).await?;
            }
        }
        Ok(())
    }

    async fn report(
        &self,
        set: &ApplicationSet,
        status: fleet_argocd::ApplicationSetStatus,
    ) -> Result<(), kube::Error> {
        if set.status.as_ref() == Some(&status) {
            return Ok(());
        }
        let mut after = set.clone();
        after.status = Some(status);
        let namespace = set.namespace().unwrap_or_default();
        let api: Api<ApplicationSet> = Api::namespaced(self.client.clone(), &namespace);
        api.replace_status(&set.name_any(), &PostParams::default(), &after)
            .await?;
        Ok(())
    }
}

/// The name of the ApplicationSet that an Application belongs to.
fn set_of(application: &Application) -> Option<&str> {
    application
        .metadata
        .owner_references
        .iter()
        .flatten()
        .find(|owner| owner.kind == "ApplicationSet")
        .map(|owner| owner.name.as_str())
}
