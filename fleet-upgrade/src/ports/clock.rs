//! The real clock, and one that follows tokio's time.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::Clock;

/// The longest nap: after each the wall clock is read again, so that a machine that was suspended, or whose clock was
/// set, wakes up late by at most this.
const NAP: Duration = Duration::from_secs(30);

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(NAP)).await;
        }
    }
}

/// A clock that starts where it is told and goes with tokio's time, which is virtual when the runtime is paused: five
/// days of soak pass in no time.
///
/// ```
/// use fleet_upgrade::ports::{Clock, TokioClock};
/// use jiff::{Timestamp, ToSpan};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let start: Timestamp = "2026-11-02T08:00:00Z".parse()?;
/// let clock = TokioClock::starting_at(start);
/// let later = start + 120.hours();
/// clock.sleep_until(later).await;
/// assert_eq!(clock.now(), later);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    start: Timestamp,
    origin: Instant,
}

impl TokioClock {
    /// A clock that shows this time now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            start,
            origin: Instant::now(),
        }
    }
}

#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    async fn sleep_until(&self, at: Timestamp) {
        // Tokio's timer has a resolution of a millisecond and may wake up to one early in this clock's terms.
        loop {
            let left = Duration::try_from(at.duration_since(self.now())).unwrap_or(Duration::ZERO);
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.max(Duration::from_millis(1))).await;
        }
    }
}
