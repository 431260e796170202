//! The hub's time: a base timestamp plus what tokio's clock has counted since.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Follows tokio's time, so that a paused runtime makes it virtual.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HubClock {
    base: Timestamp,
    started: Instant,
}

impl HubClock {
    pub(crate) fn starting_at(base: Timestamp) -> Self {
        Self {
            base,
            started: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX);
        self.base.checked_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}

/// A timestamp as Kubernetes writes it in metadata: UTC, whole seconds.
pub(crate) fn to_rfc3339(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_follows_tokio_and_is_written_in_whole_seconds() {
        let clock = HubClock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(90_750)).await;
        assert_eq!(to_rfc3339(clock.now()), "2026-01-01T00:01:30Z");
    }
}
