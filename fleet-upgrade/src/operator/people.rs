//! What people say by annotations and by the spec, and what they are told by Events.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};

use super::resource::{
    APPROVE_AFTER, APPROVE_BEFORE, APPROVE_GO_ON, EventStatus, FleetUpgradeResource, SeenApproval,
};
use crate::kernel::{Approval, ApprovalPoint};
use crate::ports::{Approvals, BoxError, Clock, Notice, Notifier};

/// The approvals that stand in an object's annotations and in its spec.
#[derive(Clone)]
pub(super) struct Annotations {
    clock: Arc<dyn Clock>,
    taken: Arc<Mutex<Taken>>,
}

/// What was taken in of an object's approvals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taken {
    given: Given,
    /// Of those that say no time, when they were first seen.
    pub(super) seen: Vec<SeenApproval>,
}

/// By stage, point and person: when it was given, or first seen; and until when it counts.
type Given = BTreeMap<(String, ApprovalPoint, String), (Timestamp, Option<Timestamp>)>;

impl Annotations {
    /// With what an operator has seen before.
    pub(super) fn new(clock: Arc<dyn Clock>, seen: Vec<SeenApproval>) -> Self {
        let given = Given::new();
        Self {
            clock,
            taken: Arc::new(Mutex::new(Taken { given, seen })),
        }
    }

    /// What was taken in last.
    pub(super) fn taken(&self) -> Taken {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on this counts. What was taken back does no longer, unless it was used.
    pub(super) fn take(&self, taken: Taken) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = taken;
    }

    /// What the object says now.
    pub(super) fn look(&self, object: &FleetUpgradeResource) -> Taken {
        let now = self.clock.now();
        let known = self.taken().seen;
        let mut new = Taken::default();
        let mut note = |stage: &str, point, by: &str, at: Option<Timestamp>, expires| {
            let by = by.trim();
            let at = at.unwrap_or_else(|| {
                let same = |one: &&SeenApproval| one.stage == stage && one.point == point && one.by == by;
                // A clock that was ahead when it was seen does not keep it from counting.
                let seen = known.iter().find(same).map_or(now, |known| known.seen.min(now));
                let (stage, by) = (stage.to_owned(), by.to_owned());
                new.seen.push(SeenApproval {
                    stage,
                    point,
                    by,
                    seen,
                });
                seen
            });
            new.given
                .insert((stage.to_owned(), point, by.to_owned()), (at, expires));
        };
        for (key, value) in object.metadata.annotations.iter().flatten() {
            let points = [
                (APPROVE_BEFORE, ApprovalPoint::BeforeStage),
                (APPROVE_AFTER, ApprovalPoint::AfterStage),
                (APPROVE_GO_ON, ApprovalPoint::GoOn),
            ];
            let Some((stage, point)) = points
                .into_iter()
                .find_map(|(prefix, point)| Some((key.strip_prefix(prefix)?, point)))
            else {
                continue;
            };
            // `alice`, or `alice@2026-01-05T09:00:00Z`; an address has an @ of its own.
            let (by, at) = match value.rsplit_once('@').map(|(by, at)| (by, at.parse())) {
                Some((by, Ok(at))) => (by, Some(at)),
                _ => (value.as_str(), None),
            };
            note(stage, point, by, at, None);
        }
        for approval in &object.spec.approvals {
            note(
                &approval.stage,
                approval.point,
                &approval.by,
                approval.at,
                approval.expires,
            );
        }
        new
    }
}

#[async_trait]
impl Approvals for Annotations {
    async fn granted(&self, _run: &str) -> Result<Vec<Approval>, BoxError> {
        let given = self.taken().given;
        Ok(given
            .into_iter()
            .map(|((stage, point, by), (at, expires))| Approval {
                stage,
                point,
                by,
                at,
                expires,
            })
            .collect())
    }
}

/// Publishes notices as Kubernetes Events, keeps the last of them for the status, and hands them on.
#[derive(Clone)]
pub(super) struct Events {
    recorder: Recorder,
    object: ObjectReference,
    last: Arc<Mutex<Vec<EventStatus>>>,
    further: Option<Arc<dyn Notifier>>,
}

/// How many events the status has.
const KEPT: usize = 20;

impl Events {
    pub(super) fn new(
        client: Client,
        identity: &str,
        object: ObjectReference,
        known: Vec<EventStatus>,
        further: Option<Arc<dyn Notifier>>,
    ) -> Self {
        let reporter = Reporter {
            controller: "fleet-upgrade".to_owned(),
            instance: Some(identity.to_owned()),
        };
        Self {
            recorder: Recorder::new(client, reporter),
            object,
            last: Arc::new(Mutex::new(known)),
            further,
        }
    }

    /// What happened last, the newest first.
    pub(super) fn last(&self) -> Vec<EventStatus> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Notifier for Events {
    async fn notify(&self, notice: &Notice) -> Result<(), BoxError> {
        let mut message = notice.text.clone();
        if let Some(cluster) = &notice.cluster {
            message = format!("{cluster}: {message}");
        }
        if let Some(stage) = &notice.stage {
            message = format!("stage {stage}: {message}");
        }
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.insert(
                0,
                EventStatus {
                    at: notice.at,
                    reason: notice.kind.to_string(),
                    message: message.clone(),
                },
            );
            last.truncate(KEPT);
        }
        // An Event's note holds a kilobyte.
        let note: String = message.chars().take(1000).collect();
        let event = Event {
            type_: if notice.is_urgent() {
                EventType::Warning
            } else {
                EventType::Normal
            },
            reason: notice.kind.to_string(),
            note: Some(note),
            action: "Upgrade".to_owned(),
            secondary: None,
        };
        let published = self.recorder.publish(&event, &self.object).await;
        if let Some(further) = &self.further {
            further.notify(notice).await?;
        }
        published.map_err(Into::into)
    }
}
