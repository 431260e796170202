//! Who runs what: shards of the upgrades, each led by the replica that holds its Lease.
//!
//! A replica judges by its own clock alone: a Lease is free when it has not seen it change for the Lease's duration, and a
//! replica that has not renewed for two thirds of that gives its shards up before anybody else may take them. Whoever is
//! wrong all the same is refused by the store, which takes the log of one writer only.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, info, warn};

/// How upgrades are shared out among replicas.
#[derive(Debug, Clone)]
pub struct Sharding {
    /// The namespace of the Leases.
    pub namespace: String,
    /// What their names begin with; the same for all replicas. Default: `fleet-upgrade`.
    pub name: String,
    /// This replica, unlike all others: a Pod's name.
    pub identity: String,
    /// How many shards there are; the same for all replicas. More replicas than shards stand by. Default: 1, one leader.
    pub shards: u32,
    /// How long a Lease lasts without being renewed; renewed three times as often. Default: 15 seconds.
    pub duration: Duration,
}

impl Sharding {
    /// One shard: one replica leads, the others stand by.
    pub fn one_leader(namespace: impl Into<String>, identity: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: "fleet-upgrade".to_owned(),
            identity: identity.into(),
            shards: 1,
            duration: Duration::from_secs(15),
        }
    }

    /// So many shards, spread over the replicas there are.
    pub fn shards(mut self, shards: u32) -> Self {
        self.shards = shards.max(1);
        self
    }

    /// Leases last so long.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = duration.max(Duration::from_secs(1));
        self
    }

    /// The shard of an object: the same for every replica.
    pub(super) fn shard_of(&self, namespace: &str, name: &str) -> u32 {
        let text = format!("{namespace}/{name}");
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        u32::try_from(hash % u64::from(self.shards.max(1))).unwrap_or(0)
    }
}

/// Takes, renews and gives up Leases, and tells which shards this replica leads.
pub(super) struct Elector {
    sharding: Sharding,
    api: Api<Lease>,
    /// Each Lease as it was last seen to change, and when that was.
    seen: BTreeMap<String, (String, Instant)>,
    /// The shards it leads, and until when without another renewal.
    held: BTreeMap<u32, Instant>,
    leads: watch::Sender<BTreeSet<u32>>,
}

impl Elector {
    pub(super) fn new(client: Client, sharding: Sharding) -> (Self, watch::Receiver<BTreeSet<u32>>) {
        let (leads, receiver) = watch::channel(BTreeSet::new());
        let elector = Self {
            api: Api::namespaced(client, &sharding.namespace),
            sharding,
            seen: BTreeMap::new(),
            held: BTreeMap::new(),
            leads,
        };
        (elector, receiver)
    }

    /// Goes on until the future is dropped.
    pub(super) async fn run(mut self) {
        let every = self.sharding.duration / 3;
        loop {
            let began = Instant::now();
            if let Err(error) = tokio::time::timeout(every, self.round())
                .await
                .unwrap_or_else(|_| {
                    Err(kube::Error::Service(
                        "the API server did not answer in time".into(),
                    ))
                })
            {
                warn!(%error, "the Leases could not be looked at");
            }
            self.drop_expired();
            tokio::time::sleep_until(began + every).await;
        }
    }

    /// Gives up what it leads, so that others need not wait, and takes itself off the list of replicas.
    pub(super) async fn release(client: Client, sharding: Sharding) {
        let api: Api<Lease> = Api::namespaced(client, &sharding.namespace);
        let member = member_name(&sharding);
        if let Ok(Some(lease)) = api.get_opt(&member).await
            && holder(&lease) == Some(&sharding.identity)
        {
            remove(&api, &member, &lease).await;
        }
        for name in (0..sharding.shards).map(|shard| shard_name(&sharding, shard)) {
            let Ok(Some(mut lease)) = api.get_opt(&name).await else {
                continue;
            };
            if holder(&lease) == Some(&sharding.identity)
                && let Some(spec) = &mut lease.spec
            {
                spec.holder_identity = None;
                if let Err(error) = api.replace(&name, &PostParams::default(), &lease).await {
                    debug!(%error, %name, "a Lease could not be given up; it runs out");
                }
            }
        }
    }

    /// One look at all Leases, and what follows from it.
    async fn round(&mut self) -> Result<(), kube::Error> {
        let began = Instant::now();
        let selector = format!("{LABEL}={}", self.sharding.name);
        let listed = self.api.list(&ListParams::default().labels(&selector)).await?;
        let mut leases: BTreeMap<String, Lease> = listed
            .items
            .into_iter()
            .filter_map(|lease| Some((lease.metadata.name.clone()?, lease)))
            .collect();
        self.seen.retain(|name, _| leases.contains_key(name));
        for (name, lease) in &leases {
            let record = format!("{:?}", lease.spec);
            match self.seen.get(name) {
                Some((known, _)) if *known == record => {}
                _ => {
                    self.seen.insert(name.clone(), (record, began));
                }
            }
        }
        let member = member_name(&self.sharding);
        self.take(&member, leases.remove(&member), began).await?;
        let prefix = format!("{}-member-", self.sharding.name);
        let (others, gone): (Vec<_>, Vec<_>) = leases
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .partition(|(name, lease)| !self.is_free(name, lease));
        let others = others.len();
        for (name, lease) in gone {
            if self.has_been_still(name, self.sharding.duration * GONE) {
                remove(&self.api, name, lease).await;
            }
        }
        let replicas = u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1);
        let fair = self.sharding.shards.div_ceil(replicas) as usize;
        // Each replica begins elsewhere, so that they do not all run for the same.
        let offset = self.sharding.shard_of("replica", &self.sharding.identity);
        let order = (0..self.sharding.shards).map(|shard| (shard + offset) % self.sharding.shards);
        for shard in order.collect::<Vec<_>>() {
            let name = shard_name(&self.sharding, shard);
            let lease = leases.remove(&name);
            let mine = lease.as_ref().and_then(holder) == Some(&self.sharding.identity);
            let free = lease.as_ref().is_none_or(|lease| self.is_free(&name, lease));
            let leads = self.held.contains_key(&shard);
            if mine && leads && self.held.len() > fair {
                info!(shard, "gives a shard up: there are {replicas} replicas");
                self.lose(shard);
                if let Some(mut lease) = lease
                    && let Some(spec) = &mut lease.spec
                {
                    spec.holder_identity = None;
                    self.api.replace(&name, &PostParams::default(), &lease).await?;
                }
                continue;
            }
            if !(mine || (free && self.held.len() < fair)) {
                if leads {
                    self.lose(shard);
                }
                continue;
            }
            match self.take(&name, lease, began).await {
                Ok(true) => {
                    if self
                        .held
                        .insert(shard, began + self.sharding.duration * 2 / 3)
                        .is_none()
                    {
                        info!(shard, identity = %self.sharding.identity, "leads a shard");
                    }
                }
                Ok(false) => self.lose(shard),
                Err(error) => warn!(shard, %error, "the Lease could not be renewed"),
            }
        }
        self.tell();
        Ok(())
    }

    /// Takes or renews a Lease; false when somebody else was faster.
    async fn take(&mut self, name: &str, lease: Option<Lease>, now: Instant) -> Result<bool, kube::Error> {
        let time = MicroTime(Timestamp::now());
        let seconds = i32::try_from(self.sharding.duration.as_secs()).unwrap_or(i32::MAX);
        let answer = match lease {
            None => {
                let lease = Lease {
                    metadata: ObjectMeta {
                        name: Some(name.to_owned()),
                        labels: Some([(LABEL.to_owned(), self.sharding.name.clone())].into()),
                        ..ObjectMeta::default()
                    },
                    spec: Some(LeaseSpec {
                        holder_identity: Some(self.sharding.identity.clone()),
                        lease_duration_seconds: Some(seconds),
                        acquire_time: Some(time.clone()),
                        renew_time: Some(time),
                        lease_transitions: Some(0),
                        ..LeaseSpec::default()
                    }),
                };
                self.api.create(&PostParams::default(), &lease).await
            }
            Some(mut lease) => {
                let spec = lease.spec.get_or_insert_default();
                if spec.holder_identity.as_ref() != Some(&self.sharding.identity) {
                    spec.acquire_time = Some(time.clone());
                    spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0).saturating_add(1));
                }
                spec.holder_identity = Some(self.sharding.identity.clone());
                spec.lease_duration_seconds = Some(seconds);
                spec.renew_time = Some(time);
                // The version in the metadata makes this fail when somebody else has written.
                self.api.replace(name, &PostParams::default(), &lease).await
            }
        };
        match answer {
            Ok(lease) => {
                self.seen
                    .insert(name.to_owned(), (format!("{:?}", lease.spec), now));
                Ok(true)
            }
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether nobody holds a Lease, or whoever does has not renewed it for as long as it lasts.
    fn is_free(&self, name: &str, lease: &Lease) -> bool {
        if holder(lease).is_none_or(String::is_empty) {
            return true;
        }
        let seconds = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.lease_duration_seconds)
            .unwrap_or(0);
        let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or(0)).max(Duration::from_secs(1));
        self.has_been_still(name, lasts)
    }

    /// Whether this replica has not seen a Lease change for so long.
    fn has_been_still(&self, name: &str, span: Duration) -> bool {
        self.seen
            .get(name)
            .is_some_and(|(_, since)| since.elapsed() >= span)
    }

    fn lose(&mut self, shard: u32) {
        if self.held.remove(&shard).is_some() {
            warn!(shard, identity = %self.sharding.identity, "leads a shard no longer");
        }
        self.tell();
    }

    fn drop_expired(&mut self) {
        let now = Instant::now();
        let expired: Vec<u32> = self
            .held
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(shard, _)| *shard)
            .collect();
        for shard in expired {
            self.lose(shard);
        }
    }

    fn tell(&self) {
        let leads: BTreeSet<u32> = self.held.keys().copied().collect();
        self.leads.send_if_modified(|known| {
            let news = *known != leads;
            if news {
                *known = leads;
            }
            news
        });
    }
}

fn shard_name(sharding: &Sharding, shard: u32) -> String {
    format!("{}-{shard}", sharding.name)
}

fn member_name(sharding: &Sharding) -> String {
    format!("{}-member-{}", sharding.name, sharding.identity)
}

/// Deletes the Lease of a replica that is gone, unless somebody has written to it since.
async fn remove(api: &Api<Lease>, name: &str, lease: &Lease) {
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            resource_version: lease.metadata.resource_version.clone(),
            uid: lease.metadata.uid.clone(),
        }),
        ..DeleteParams::default()
    };
    if let Err(error) = api.delete(name, &params).await {
        debug!(%error, %name, "the Lease of a replica that is gone could not be removed");
    }
}

fn holder(lease: &Lease) -> Option<&String> {
    lease.spec.as_ref()?.holder_identity.as_ref()
}

/// After how many times a Lease's duration a replica that does not renew its own is gone for good: a Pod's name never comes
/// back, and each would leave a Lease behind.
const GONE: u32 = 20;

/// The label of all Leases of one operator.
const LABEL: &str = "fleet-sdk.dev/leases-of";
