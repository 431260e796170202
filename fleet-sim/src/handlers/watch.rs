//! Streams changes: each watch keeps a place in the history and reads on from there, so nothing is queued.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;

use super::collection::forbidden;
use super::{Answer, AnswerBody, Call, JSON, convert, render, shaped, to_bytes};
use crate::field_selector::FieldSelector;
use crate::hub::Shared;
use crate::object;
use crate::request::{VersionMatch, View};
use crate::resources::{ResourceType, ServedVersion};
use crate::state::State;
use crate::status::{ApiError, ApiResult};
use crate::store::{Change, Stored};
use crate::table::{self, Include};

/// How often an idle watch is told how far the server is.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);
/// How long before its end a watch is told how far the server is, so that the next one can go on from there.
const LAST_BOOKMARK: Duration = Duration::from_secs(2);
/// How long a watch lasts that does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_hours(1);
/// Events written at once; readers in between let other tasks run.
const BATCH: usize = 256;

struct Watch {
    shared: Arc<Shared>,
    resource: Arc<ResourceType>,
    version: ServedVersion,
    namespace: Option<String>,
    labels: fleet_core::Selector,
    fields: FieldSelector,
    view: View,
    include: Include,
    /// Everything up to this revision has been told.
    cursor: u64,
    /// Told before anything else.
    initial: Vec<Arc<Stored>>,
    /// After the initial objects, a bookmark says that they are all.
    mark_initial_end: bool,
    bookmarks: bool,
    wake: Receiver<u64>,
    next_bookmark: Instant,
    last_bookmark: Instant,
    deadline: Instant,
    finished: bool,
}

impl Call<'_> {
    pub(super) fn watch(&self, state: &mut State) -> ApiResult<Answer> {
        self.check_fields()?;
        let options = &self.request.options;
        let initial_events = options.send_initial_events;
        if initial_events.is_some() && options.version_match != Some(VersionMatch::NotOlderThan) {
            return Err(forbidden(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
        if initial_events.is_none() && options.version_match.is_some() {
            return Err(forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ));
        }
        let from = options.resource_version.filter(|version| *version > 0);
        let now = Instant::now();
        let deadline = now
            + options
                .timeout_seconds
                .map_or(DEFAULT_TIMEOUT, Duration::from_secs)
                .min(YEAR);
        // The last bookmark comes shortly before the end, if there is that much time.
        let last_bookmark = deadline
            .checked_sub(LAST_BOOKMARK)
            .filter(|last| *last > now)
            .unwrap_or(deadline);
        let mut watch = Watch {
            shared: Arc::clone(self.shared),
            resource: Arc::clone(&self.resource),
            version: self.version.clone(),
            namespace: self.namespace.map(str::to_owned),
            labels: options.labels.clone(),
            fields: options.fields.clone(),
            view: self.request.view,
            include: options.include,
            cursor: from.unwrap_or_else(|| state.store.revision()),
            initial: Vec::new(),
            mark_initial_end: initial_events == Some(true) && options.bookmarks,
            bookmarks: options.bookmarks,
            wake: state.store.subscribe(&self.resource.key),
            next_bookmark: (now + BOOKMARK_EVERY).min(last_bookmark),
            last_bookmark,
            deadline,
            finished: false,
        };
        if initial_events == Some(true) || (initial_events.is_none() && from.is_none()) {
            self.refuse_future_version(state)?;
            watch.cursor = state.store.revision();
            let objects = state.store.list(&self.resource.key, self.namespace, None);
            let mut initial: Vec<Arc<Stored>> =
                objects.filter(|object| watch.matches(object)).cloned().collect();
            // Taken from the end.
            initial.reverse();
            watch.initial = initial;
        }
        let chunks = futures::stream::unfold(watch, |mut watch| async move {
            let chunk = watch.next().await?;
            Some((chunk, watch))
        });
        Ok(Answer {
            code: StatusCode::OK,
            content_type: JSON,
            body: AnswerBody::Stream(chunks.boxed()),
            warnings: Vec::new(),
            retry_after: 0,
        })
    }
}

/// Keeps a deadline within what a timer can hold.
const YEAR: Duration = Duration::from_hours(366 * 24);

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.finished {
                return None;
            }
            // Before reading the history, so that what comes meanwhile wakes again.
            self.wake.mark_unchanged();
            let mut out = BytesMut::new();
            self.read_on(&mut out);
            if !out.is_empty() {
                return Some(out.freeze());
            }
            if self.finished {
                return None;
            }
            let timer = if self.bookmarks {
                self.deadline.min(self.next_bookmark)
            } else {
                self.deadline
            };
            tokio::select! {
                biased;
                changed = self.wake.changed() => self.finished = changed.is_err(),
                () = tokio::time::sleep_until(timer) => {
                    self.finished = timer == self.deadline;
                    let next = timer + BOOKMARK_EVERY;
                    self.next_bookmark = if timer < self.last_bookmark { next.min(self.last_bookmark) } else { next };
                    if self.bookmarks && !self.finished {
                        let mut out = BytesMut::new();
                        write_event(&mut out, "BOOKMARK", &to_bytes(&self.bookmark(false)));
                        return Some(out.freeze());
                    }
                }
            }
        }
    }

    /// Writes what there is to tell, a batch at most.
    fn read_on(&mut self, out: &mut BytesMut) {
        for _ in 0..BATCH {
            let Some(object) = self.initial.pop() else { break };
            write_event(out, "ADDED", &self.rendered(&object));
        }
        if !self.initial.is_empty() {
            return;
        }
        if std::mem::take(&mut self.mark_initial_end) {
            write_event(out, "BOOKMARK", &to_bytes(&self.bookmark(true)));
        }
        let shared = Arc::clone(&self.shared);
        let state = shared.state();
        let changes = match state.store.changes_since(&self.resource.key, self.cursor) {
            Ok(changes) => changes,
            Err(compacted) => {
                let error = ApiError::expired(format!(
                    "too old resource version: {} ({})",
                    self.cursor, compacted.oldest
                ));
                write_event(out, "ERROR", &to_bytes(&error.to_status()));
                self.finished = true;
                return;
            }
        };
        let mut events = 0;
        for change in changes {
            self.cursor = change.object.revision;
            if let Some((event, object)) = self.event(change) {
                write_event(out, event, &object);
                events += 1;
                if events >= BATCH {
                    return;
                }
            }
        }
        // A revision still to come stays the place to start from.
        self.cursor = self.cursor.max(state.store.revision());
        if state.types.get(&self.resource.key).is_none() {
            self.finished = true;
        }
    }

    /// What a change is to this watch's selection: the same write may add, change or remove.
    fn event(&self, change: &Change) -> Option<(&'static str, Bytes)> {
        if self
            .namespace
            .as_deref()
            .is_some_and(|namespace| change.object.namespace() != namespace)
        {
            return None;
        }
        let before = change.previous.as_ref().filter(|object| self.matches(object));
        let after = !change.deleted && self.matches(&change.object);
        match (before, after) {
            (None, true) => Some(("ADDED", self.rendered(&change.object))),
            (Some(_), true) => Some(("MODIFIED", self.rendered(&change.object))),
            (Some(_), false) if change.deleted => Some(("DELETED", self.rendered(&change.object))),
            (Some(before), false) => {
                // No longer selected: its last selected state, under the revision that took it away.
                let mut value = convert(&self.resource, before.value(), &before.version, &self.version);
                object::set_resource_version(&mut value, change.object.revision);
                Some(("DELETED", self.shaped(value)))
            }
            (None, false) => None,
        }
    }

    fn matches(&self, object: &Stored) -> bool {
        (self.labels.is_everything() || self.labels.matches_with(|key| object.label(key)))
            && (self.fields.is_everything() || self.fields.matches(object))
    }

    fn rendered(&self, object: &Stored) -> Bytes {
        if self.view == View::Table {
            return self.shaped(convert(
                &self.resource,
                object.value(),
                &object.version,
                &self.version,
            ));
        }
        render(&self.resource, &self.version, self.view, object)
    }

    fn shaped(&self, value: Value) -> Bytes {
        if self.view == View::Table {
            let metadata = json!({"resourceVersion": object::resource_version(&value)});
            let now = self.shared.clock.now();
            let table = table::table(&self.version.columns, &[value], &metadata, self.include, now);
            return to_bytes(&table);
        }
        to_bytes(&shaped(value, self.view))
    }

    fn bookmark(&self, initial_end: bool) -> Value {
        let mut metadata = json!({"resourceVersion": self.cursor.to_string()});
        if initial_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = json!({
            "kind": self.resource.kind, "apiVersion": self.resource.api_version(&self.version.name),
            "metadata": metadata,
        });
        shaped(object, self.view)
    }
}

fn write_event(out: &mut BytesMut, event: &str, object: &[u8]) {
    out.reserve(object.len() + 40);
    out.put_slice(b"{\"type\":\"");
    out.put_slice(event.as_bytes());
    out.put_slice(b"\",\"object\":");
    out.put_slice(object);
    out.put_slice(b"}\n");
}
