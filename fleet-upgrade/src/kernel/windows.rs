//! Whether a hop may start now as far as a calendar goes: it is open, and expected to stay open until the hop's end.

use fleet_core::Calendar;
use jiff::{SignedDuration, Timestamp};

use super::moment::after;

/// What a calendar says to a hop now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Granted,
    /// Not before this; never where there is none.
    Deferred(Option<Timestamp>),
}

impl Admission {
    /// Where no window of the calendar is long enough for the hop, it starts in any: it is going to be cut short, and waiting
    /// for longer would change nothing. (The plan warns of it.)
    pub(crate) fn of(calendar: &Calendar, now: Timestamp, takes: SignedDuration) -> Self {
        if !calendar.is_open(now) {
            return Self::Deferred(calendar.next_opening(now));
        }
        match calendar.closes_at(now) {
            Some(closes) if closes < after(now, takes) => long_enough(calendar, closes, takes)
                .map_or(Self::Granted, |opens| Self::Deferred(Some(opens))),
            _ => Self::Granted,
        }
    }
}

/// When the first window that is long enough opens, of those to come.
fn long_enough(calendar: &Calendar, from: Timestamp, takes: SignedDuration) -> Option<Timestamp> {
    let mut from = from;
    for _ in 0..LOOK_AHEAD {
        let opens = calendar.next_opening(from)?;
        match calendar.closes_at(opens) {
            Some(closes) if closes < after(opens, takes) => from = closes,
            _ => return Some(opens),
        }
    }
    None
}

/// How many windows are looked at: more than a month of daily ones.
const LOOK_AHEAD: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn minutes(minutes: i64) -> SignedDuration {
        SignedDuration::from_mins(minutes)
    }

    #[test]
    fn a_hop_starts_in_a_window_that_holds_it() {
        let calendar: Calendar = serde_json::from_str(
            r#"{"timeZone": "UTC", "windows": [{"days": "Mon-Thu", "start": "09:00", "duration": "1h"},
                {"days": "Fri", "start": "09:00", "duration": "3h"}]}"#,
        )
        .unwrap();
        let monday = at("2026-03-02T09:00:00Z");
        let deferred = |until: &str| Admission::Deferred(Some(at(until)));
        let admission = |now: Timestamp, takes: i64| Admission::of(&calendar, now, minutes(takes));
        assert_eq!(admission(monday, 60), Admission::Granted);
        assert_eq!(
            admission(after(monday, minutes(1)), 60),
            deferred("2026-03-03T09:00:00Z")
        );
        assert_eq!(admission(after(monday, minutes(1)), 59), Admission::Granted);
        assert_eq!(
            admission(after(monday, minutes(-1)), 5),
            deferred("2026-03-02T09:00:00Z")
        );
        // Only Friday's is long enough.
        assert_eq!(admission(monday, 61), deferred("2026-03-06T09:00:00Z"));
        assert_eq!(admission(monday, 180), deferred("2026-03-06T09:00:00Z"));
        // None is.
        assert_eq!(admission(monday, 181), Admission::Granted);
        assert_eq!(
            admission(at("2026-03-02T11:00:00Z"), 181),
            deferred("2026-03-03T09:00:00Z")
        );
        let always = Admission::of(&Calendar::always(), monday, minutes(1_000_000));
        assert_eq!(always, Admission::Granted);
    }
}
