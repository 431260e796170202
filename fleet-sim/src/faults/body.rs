//! Bodies that break off, and watches whose events come twice, in another order, or no more.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use tokio::time::Instant;
use tower::BoxError;

use super::fault::{Effect, Refusal, RequestFacts};
use super::service::{FaultBody, status};
use super::{ConnectionFault, Faults};

/// How long an event waits for another to go before it.
const LONGEST_HOLD: Duration = Duration::from_secs(1);
const EXPIRED: Refusal = Refusal {
    code: 410,
    reason: "Expired",
    message: "too old resource version",
    retry_after_seconds: 0,
};

/// How a watch is made to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Dropped,
    Expired,
}

/// The first bytes of a body, and then the connection breaks.
pub(super) fn cut(body: FaultBody, bytes: usize) -> FaultBody {
    let stream = futures::stream::unfold(Some((body.into_data_stream(), bytes)), |state| async move {
        let (mut body, left) = state?;
        if left == 0 {
            return Some((Err(ConnectionFault::Reset.into()), None));
        }
        let mut part = match body.next().await? {
            Ok(part) => part,
            Err(error) => return Some((Err(error), None)),
        };
        part.truncate(left);
        let left = left - part.len();
        Some((Ok(part), Some((body, left))))
    });
    from_stream(stream.boxed())
}

fn from_stream(stream: BoxStream<'static, Result<Bytes, BoxError>>) -> FaultBody {
    StreamBody::new(stream.map(|part| part.map(Frame::data))).boxed_unsync()
}

struct Watch {
    body: BoxStream<'static, Result<Bytes, BoxError>>,
    /// What came of a line that is not whole yet.
    partial: BytesMut,
    faults: Faults,
    facts: RequestFacts,
    ending: Option<(Ending, Instant)>,
    out: VecDeque<Result<Bytes, BoxError>>,
    held: Option<(Bytes, Instant)>,
    finished: bool,
}

/// A watch under faults, until one ends it.
pub(super) fn watch(
    body: FaultBody,
    faults: Faults,
    facts: RequestFacts,
    ending: Option<(Ending, Duration)>,
) -> FaultBody {
    let now = Instant::now();
    let watch = Watch {
        body: body.into_data_stream().boxed(),
        partial: BytesMut::new(),
        faults,
        facts,
        ending: ending.map(|(ending, after)| (ending, now + after)),
        out: VecDeque::new(),
        held: None,
        finished: false,
    };
    let stream = futures::stream::unfold(watch, |mut watch| async move {
        let part = watch.next().await?;
        Some((part, watch))
    });
    from_stream(stream.boxed())
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Bytes, BoxError>> {
        loop {
            self.faults.wait_out_pause().await;
            if let Some(part) = self.out.pop_front() {
                return Some(part);
            }
            if self.finished {
                return None;
            }
            let end = self.ending.map(|(_, at)| at);
            let release = self.held.as_ref().map(|(_, at)| *at);
            let shared = std::sync::Arc::clone(&self.faults.shared);
            let changed = shared.changed.notified();
            if self.faults.is_cut_off(&self.facts) {
                self.finished = true;
                return Some(Err(ConnectionFault::Reset.into()));
            }
            tokio::select! {
                biased;
                () = until(end) => self.end(),
                // New rules, or a pause: looked at in the next round.
                () = changed => {}
                part = self.body.next() => match part {
                    Some(Ok(part)) => self.take(&part),
                    Some(Err(error)) => {
                        self.release();
                        self.out.push_back(Err(error));
                        self.finished = true;
                    }
                    None => {
                        self.release();
                        self.finished = true;
                    }
                },
                () = until(release) => self.release(),
            }
        }
    }

    fn end(&mut self) {
        self.finished = true;
        if let Some((Ending::Expired, _)) = self.ending.take() {
            let event = json!({"type": "ERROR", "object": status(EXPIRED)});
            self.out.push_back(Ok(Bytes::from(format!("{event}\n"))));
        } else {
            // In the middle of a line.
            self.out.push_back(Ok(Bytes::from_static(b"{\"type\":\"MODI")));
            self.out.push_back(Err(ConnectionFault::Reset.into()));
        }
    }

    fn take(&mut self, part: &Bytes) {
        if self.partial.is_empty() && !self.faults.has_event_faults() {
            self.release();
            self.out.push_back(Ok(part.clone()));
            return;
        }
        self.partial.extend_from_slice(part);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line = self.partial.split_to(end + 1).freeze();
            self.pass(line);
        }
    }

    fn pass(&mut self, line: Bytes) {
        let strikes = self.faults.strikes_on_event(&self.facts);
        let reorder = strikes
            .iter()
            .any(|strike| matches!(strike.effect, Effect::ReorderEvents));
        let twice = strikes
            .iter()
            .any(|strike| matches!(strike.effect, Effect::DuplicateEvents));
        if reorder && self.held.is_none() {
            self.held = Some((line, Instant::now() + LONGEST_HOLD));
            return;
        }
        if twice {
            self.out.push_back(Ok(line.clone()));
        }
        self.out.push_back(Ok(line));
        self.release();
    }

    fn release(&mut self) {
        if let Some((line, _)) = self.held.take() {
            self.out.push_back(Ok(line));
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
