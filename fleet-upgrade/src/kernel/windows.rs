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
    let (mut from, last) = (from, after(from, FAR));
    for _ in 0..LOOK_AHEAD {
        let opens = calendar.next_opening(from).filter(|opens| *opens <= last)?;
        match calendar.closes_at(opens) {
            Some(closes) if closes < after(opens, takes) => from = closes,
            _ => return Some(opens),
        }
    }
    None
}

/// How far is looked ahead for a window that is long enough.
const FAR: SignedDuration = SignedDuration::from_hours(40 * 24);

/// How many windows are looked at on the way: one every half an hour.
const LOOK_AHEAD: usize = 2_000;

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
    fn many_short_windows_do_not_hide_a_long_one() {
        let calendar: Calendar = serde_json::from_str(
            r#"{"windows": [{"cron": "0 * * * *", "duration": "15m"}, {"days": "Sat", "start": "22:00", "duration": "6h"}]}"#,
        )
        .unwrap();
        let now = at("2026-03-02T08:05:00Z");
        assert_eq!(Admission::of(&calendar, now, minutes(10)), Admission::Granted);
        let saturday = Some(at("2026-03-07T22:00:00Z"));
        assert_eq!(
            Admission::of(&calendar, now, minutes(40)),
            Admission::Deferred(saturday)
        );
        let second = now.as_second();
        let fit = crate::plan::openings::Openings::new(&calendar).fit(second, 40 * 60);
        assert_eq!(
            fit.map(|(opens, _)| opens),
            saturday.map(Timestamp::as_second),
            "the plan says the same"
        );
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
