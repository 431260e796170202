//! A soak: time that counts only as far as it was witnessed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rules::Required;

/// What a stage's soak has earned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Soak {
    pub(crate) started: Timestamp,
    /// Since when looks count: the start, or the last relapse.
    #[serde(default)]
    since: Timestamp,
    /// The last moment all was seen well; none after a relapse.
    pub(crate) last: Option<Timestamp>,
    pub(crate) earned: SignedDuration,
    /// How many looks found all well.
    #[serde(default)]
    pub(crate) samples: u32,
    /// How much of the time since `last` was paused, in pauses that are over.
    masked: SignedDuration,
    /// The end of the last of those pauses: evidence from before it is too late to be told apart from the pause.
    resumed: Option<Timestamp>,
}

impl Soak {
    pub(super) fn starting(at: Timestamp) -> Self {
        Self {
            started: at,
            since: at,
            last: Some(at),
            earned: SignedDuration::ZERO,
            samples: 0,
            masked: SignedDuration::ZERO,
            resumed: None,
        }
    }

    /// Whether evidence from this moment adds to what is known.
    pub(crate) fn accepts(&self, seen: Timestamp) -> bool {
        seen >= self.since
            && self.last.is_none_or(|last| seen > last)
            && self.resumed.is_none_or(|resumed| seen >= resumed)
    }

    /// Whether what was asked for is earned.
    pub(crate) fn is_earned(&self, required: Required) -> bool {
        self.earned >= required.time && self.samples >= required.samples
    }

    /// What would be earned if all was well at `seen`.
    pub(crate) fn earned_at(
        &self,
        seen: Timestamp,
        max_age: SignedDuration,
        paused: Option<Timestamp>,
    ) -> SignedDuration {
        let Some(last) = self.last else { return self.earned };
        let gap = seen.duration_since(last);
        if gap.is_negative() || gap > max_age {
            return self.earned;
        }
        let masked = self.masked + paused.map_or(SignedDuration::ZERO, |since| overlap(since, seen, last));
        self.earned + (gap - masked).max(SignedDuration::ZERO)
    }

    pub(super) fn credit(&mut self, seen: Timestamp, max_age: SignedDuration, paused: Option<Timestamp>) {
        if !self.accepts(seen) {
            return;
        }
        self.earned = self.earned_at(seen, max_age, paused);
        if paused.is_none() {
            self.samples = self.samples.saturating_add(1);
        }
        self.last = Some(seen);
        self.masked = SignedDuration::ZERO;
    }

    /// A relapse: what was earned is lost, and nothing seen before it counts any more.
    pub(super) fn lose(&mut self, at: Timestamp) {
        self.since = at;
        self.last = None;
        self.earned = SignedDuration::ZERO;
        self.samples = 0;
        self.masked = SignedDuration::ZERO;
    }

    pub(super) fn mask(&mut self, from: Timestamp, to: Timestamp) {
        if let Some(last) = self.last {
            self.masked += overlap(from, to, last);
        }
        self.resumed = self.resumed.max(Some(to));
    }

    /// Brings what lies after this time to it. What may have been earned by a leap of the clock alone is lost, and no more
    /// is left than the time that has passed since the start.
    pub(super) fn set_back(&mut self, to: Timestamp, max_age: SignedDuration) {
        self.started = self.started.min(to);
        self.since = self.since.min(to);
        let beyond = self
            .last
            .map_or(SignedDuration::ZERO, |last| last.duration_since(to));
        let by_a_leap = beyond.clamp(SignedDuration::ZERO, max_age);
        self.earned = (self.earned - by_a_leap)
            .min(to.duration_since(self.started))
            .max(SignedDuration::ZERO);
        for at in [&mut self.last, &mut self.resumed].into_iter().flatten() {
            *at = (*at).min(to);
        }
    }
}

/// How much of `from..to` lies after `last`.
fn overlap(from: Timestamp, to: Timestamp, last: Timestamp) -> SignedDuration {
    to.duration_since(from.max(last)).max(SignedDuration::ZERO)
}
