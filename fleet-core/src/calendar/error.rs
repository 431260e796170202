//! What can be wrong with a calendar.

/// What is wrong with a calendar, with what was found and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// A name that is not in the time zone database.
    #[error("`{name}` is not a time zone; expected an IANA name such as Europe/Berlin or UTC")]
    UnknownTimeZone {
        /// The name.
        name: String,
    },
    /// A text that is not days of the week.
    #[error(
        "`{found}` is not a day of the week or a range of them; expected something like Mon, Tue-Thu or Fri-Mon"
    )]
    UnknownDay {
        /// The text.
        found: String,
    },
    /// A list of no days.
    #[error("there are no days; leave `days` out for every day")]
    NoDays,
    /// A text that is not a time of the day.
    #[error("`{found}` is not a time of the day; expected hours and minutes, such as 09:00")]
    BadTime {
        /// The text.
        found: String,
    },
    /// A text that is not a moment.
    #[error(
        "`{found}` is not a day or a time; expected a day (2026-12-18), a local time (2026-12-18T18:00) or an instant \
         (2026-12-18T18:00:00+01:00)"
    )]
    BadMoment {
        /// The text.
        found: String,
    },
    /// A window that does not say when it starts, or says it twice.
    #[error(
        "a window starts at a `start` on its `days`, or when its `cron` says so; expected one of the two, such as \
         `start: 09:00` or `cron: 0 22 * * 1-5`"
    )]
    WindowStart,
    /// A text that is no cron expression.
    #[error("`{found}` is no cron expression ({problem}); expected five fields, such as `0 22 * * 1-5`")]
    BadCron {
        /// The text.
        found: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A cron expression that counts from nowhere.
    #[error("`{found}` does not say when it begins to count; expected five fields, such as `0 22 * * 1-5`")]
    NoPhase {
        /// The text.
        found: String,
    },
    /// A window without a length never opens.
    #[error("a window must last longer than zero; correct its `duration` or remove it")]
    EmptyWindow,
    /// A freeze that is over before it starts.
    #[error("the freeze `{reason}` ends ({to}) before it starts ({from}); exchange `from` and `to`")]
    EmptyFreeze {
        /// Its reason.
        reason: String,
        /// Its start.
        from: super::Moment,
        /// Its end.
        to: super::Moment,
    },
    /// A moment before the year -9999 or after 9999.
    #[error("{moment} is beyond the years that can be computed with")]
    OutOfRange {
        /// The moment.
        moment: super::Moment,
    },
}
