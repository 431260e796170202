//! The form of a calendar in YAML and JSON.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::CalendarError;
use super::period::{Days, Moment, time_of_day, time_zone};
use crate::HumanDuration;
use crate::cron::Schedule;

/// A time in which work is allowed: what opens it, and how long it lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WindowFields", into = "WindowFields")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(with = "WindowFields", rename = "Window"))]
pub struct Window {
    pub(super) opens: Opens,
    pub(super) duration: HumanDuration,
    pub(super) time_zone: Option<TimeZone>,
}

/// What opens a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opens {
    /// A time of the clock on some days of the week.
    Weekly { days: Days, start: Time },
    /// A cron expression.
    Cron(Schedule),
}

/// A window as it is written: `days` and `start`, or `cron`; and `duration`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(extend("oneOf" = [{"required": ["start"]}, {"required": ["cron"]}])))]
struct WindowFields {
    /// The days of the week on which it starts. Default: every day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schemars", schemars(schema_with = "days_schema"))]
    days: Option<Days>,
    /// When it starts, on the clock of the zone, such as `09:00`.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_time",
        deserialize_with = "read_time"
    )]
    #[cfg_attr(feature = "schemars", schemars(with = "String", regex(pattern = TIME)))]
    start: Option<Time>,
    /// When it starts, instead of `days` and `start`, as a cron expression of five fields: `0 22 * * 1-5`. Read as a `CronJob`'s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schemars", schemars(length(min = 1)))]
    cron: Option<String>,
    /// How long it lasts. Full days are days of the calendar, the rest is time that passes.
    #[serde(deserialize_with = "read_duration")]
    duration: HumanDuration,
    /// The zone of its clock, an IANA name. Default: the calendar's.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_zone",
        deserialize_with = "read_zone"
    )]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    time_zone: Option<TimeZone>,
}

impl TryFrom<WindowFields> for Window {
    type Error = CalendarError;

    fn try_from(fields: WindowFields) -> Result<Self, CalendarError> {
        let opens = match (fields.start, fields.cron) {
            (Some(start), None) => Opens::Weekly {
                days: fields.days.unwrap_or(Days::EVERY),
                start,
            },
            (None, Some(expression)) if fields.days.is_none() => {
                Opens::Cron(schedule(&expression, TimeZone::UTC)?)
            }
            _ => return Err(CalendarError::WindowStart),
        };
        Ok(Self {
            opens,
            duration: fields.duration,
            time_zone: fields.time_zone,
        })
    }
}

impl From<Window> for WindowFields {
    fn from(window: Window) -> Self {
        let (days, start, cron) = match window.opens {
            Opens::Weekly { days, start } => {
                (Some(days).filter(|days| *days != Days::EVERY), Some(start), None)
            }
            Opens::Cron(schedule) => (None, None, Some(schedule.expression().to_owned())),
        };
        Self {
            days,
            start,
            cron,
            duration: window.duration,
            time_zone: window.time_zone,
        }
    }
}

/// A cron expression that says when something starts.
fn schedule(expression: &str, zone: TimeZone) -> Result<Schedule, CalendarError> {
    let found = || expression.to_owned();
    let schedule = Schedule::parse_in(expression, zone).map_err(|problem| CalendarError::BadCron {
        found: found(),
        problem: problem.to_string(),
    })?;
    if schedule.has_phase() {
        Ok(schedule)
    } else {
        Err(CalendarError::NoPhase { found: found() })
    }
}

impl Window {
    /// A window in the calendar's own zone.
    ///
    /// # Errors
    /// [`CalendarError::EmptyWindow`] when the duration is zero.
    pub fn new(days: Days, start: Time, duration: HumanDuration) -> Result<Self, CalendarError> {
        Ok(Self {
            opens: Opens::Weekly { days, start },
            duration: lasting(duration)?,
            time_zone: None,
        })
    }

    /// A window that opens when a cron expression of five fields says so, in the calendar's zone unless it names its own. It is
    /// read as Kubernetes reads a `CronJob`'s; a time that the clock leaves out opens nothing.
    ///
    /// # Errors
    /// [`CalendarError::EmptyWindow`] when the duration is zero, [`CalendarError::BadCron`] for what is no expression, and
    /// [`CalendarError::NoPhase`] for `@every`.
    pub fn cron(expression: &str, duration: HumanDuration) -> Result<Self, CalendarError> {
        Ok(Self {
            opens: Opens::Cron(schedule(expression, TimeZone::UTC)?),
            duration: lasting(duration)?,
            time_zone: None,
        })
    }

    /// The window, with its cron expression read in the zone where it counts.
    pub(super) fn in_zone(mut self, calendar: &TimeZone) -> Result<Self, CalendarError> {
        if let Opens::Cron(read) = &self.opens {
            let zone = self.time_zone.as_ref().unwrap_or(calendar);
            self.opens = Opens::Cron(schedule(read.expression(), zone.clone())?);
        }
        Ok(self)
    }

    /// The days of the week on which it starts; none where a cron expression says when.
    pub fn days(&self) -> Option<Days> {
        match self.opens {
            Opens::Weekly { days, .. } => Some(days),
            Opens::Cron(_) => None,
        }
    }

    /// When it starts, on the clock of the zone; none where a cron expression says when.
    pub fn start(&self) -> Option<Time> {
        match self.opens {
            Opens::Weekly { start, .. } => Some(start),
            Opens::Cron(_) => None,
        }
    }

    /// The cron expression that says when it starts, if one does.
    pub fn cron_expression(&self) -> Option<&str> {
        match &self.opens {
            Opens::Weekly { .. } => None,
            Opens::Cron(schedule) => Some(schedule.expression()),
        }
    }

    /// How long it lasts.
    pub fn duration(&self) -> HumanDuration {
        self.duration
    }
}

/// A stretch of time in which no work is allowed, whatever the windows say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Freeze {
    /// When it starts. A day counts from its start.
    #[cfg_attr(feature = "schemars", schemars(with = "String", regex(pattern = DATE)))]
    pub(super) from: Moment,
    /// When it ends. A day counts to its end; a time is where work may start again.
    #[cfg_attr(feature = "schemars", schemars(with = "String", regex(pattern = DATE)))]
    pub(super) to: Moment,
    /// Why, for those who wait.
    pub(super) reason: String,
}

impl Freeze {
    /// A freeze from a moment to a moment. A day ([`Date`]) counts from its start and to its end.
    pub fn new(from: impl Into<Moment>, to: impl Into<Moment>, reason: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            to: to.into(),
            reason: reason.into(),
        }
    }
}

/// A day on which no work is allowed, from midnight to midnight in the calendar's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    pub(super) date: Date,
    pub(super) name: Option<String>,
}

impl Holiday {
    /// A holiday without a name.
    pub fn new(date: Date) -> Self {
        Self { date, name: None }
    }

    /// The holiday with a name, for those who wait.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }
}

impl Serialize for Holiday {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.name {
            None => serializer.collect_str(&self.date),
            Some(name) => NamedHoliday {
                date: Moment::Day(self.date),
                name: Some(name.clone()),
            }
            .serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Holiday {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = NamedHoliday;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a day such as 2026-12-25, or `date` and `name`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<NamedHoliday, E> {
                Ok(NamedHoliday {
                    date: text.parse().map_err(E::custom)?,
                    name: None,
                })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<NamedHoliday, A::Error> {
                NamedHoliday::deserialize(de::value::MapAccessDeserializer::new(map))
            }
        }

        let NamedHoliday { date, name } = deserializer.deserialize_any(Visitor)?;
        match date {
            Moment::Day(date) => Ok(Self { date, name }),
            other => Err(de::Error::custom(format_args!(
                "`{other}` is not a day; expected one such as 2026-12-25 (a freeze may start and end at any time)"
            ))),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NamedHoliday {
    date: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A [`Calendar`](super::Calendar) as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub(super) struct CalendarSpec {
    /// The zone of the calendar's clock and days, an IANA name. Default: UTC.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_zone",
        deserialize_with = "read_zone"
    )]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    time_zone: Option<TimeZone>,
    /// When work is allowed. None: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    windows: Vec<Window>,
    /// When no work is allowed, whatever the windows say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    freezes: Vec<Freeze>,
    /// Days on which no work is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schemars", schemars(schema_with = "holidays_schema"))]
    holidays: Vec<Holiday>,
    /// Further calendars that must be open, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    all_of: Vec<RulesSpec>,
}

/// One of the calendars that an intersection is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub(super) struct RulesSpec {
    /// The zone of the calendar's clock and days, an IANA name. Default: UTC.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_zone",
        deserialize_with = "read_zone"
    )]
    #[cfg_attr(feature = "schemars", schemars(with = "Option<String>"))]
    pub(super) time_zone: Option<TimeZone>,
    /// When work is allowed. None: always.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) windows: Vec<Window>,
    /// When no work is allowed, whatever the windows say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) freezes: Vec<Freeze>,
    /// Days on which no work is allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schemars", schemars(schema_with = "holidays_schema"))]
    pub(super) holidays: Vec<Holiday>,
}

impl CalendarSpec {
    pub(super) fn into_parts(self) -> (RulesSpec, Vec<RulesSpec>) {
        let first = RulesSpec {
            time_zone: self.time_zone,
            windows: self.windows,
            freezes: self.freezes,
            holidays: self.holidays,
        };
        (first, self.all_of)
    }

    pub(super) fn from_parts(first: RulesSpec, all_of: Vec<RulesSpec>) -> Self {
        Self {
            time_zone: first.time_zone,
            windows: first.windows,
            freezes: first.freezes,
            holidays: first.holidays,
            all_of,
        }
    }
}

fn lasting(duration: HumanDuration) -> Result<HumanDuration, CalendarError> {
    if duration.is_zero() {
        Err(CalendarError::EmptyWindow)
    } else {
        Ok(duration)
    }
}

fn read_duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HumanDuration, D::Error> {
    lasting(HumanDuration::deserialize(deserializer)?).map_err(de::Error::custom)
}

#[allow(clippy::ref_option)] // serde's signature
fn write_time<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(time) = time else {
        return serializer.serialize_none();
    };
    if time.second() == 0 && time.subsec_nanosecond() == 0 {
        serializer.collect_str(&format_args!("{:02}:{:02}", time.hour(), time.minute()))
    } else {
        serializer.collect_str(time)
    }
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| time_of_day(&text).map_err(de::Error::custom))
        .transpose()
}

#[allow(clippy::ref_option)] // serde's signature
fn write_zone<S: Serializer>(zone: &Option<TimeZone>, serializer: S) -> Result<S::Ok, S::Error> {
    zone.as_ref().and_then(TimeZone::iana_name).serialize(serializer)
}

fn read_zone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TimeZone>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|name| time_zone(&name).map_err(de::Error::custom))
        .transpose()
}

/// A text or a list of texts, which a Kubernetes schema can only say by letting anything pass; reading checks it.
#[cfg(feature = "schemars")]
fn days_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
}

/// A day, or an object with `date` and `name`.
#[cfg(feature = "schemars")]
fn holidays_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let date = schemars::json_schema!({ "type": "string", "pattern": DATE });
    schemars::json_schema!({ "type": "array", "items": { "anyOf": [date, {
        "type": "object", "required": ["date"],
        "properties": { "date": date, "name": { "type": "string" } },
    }] } })
}

/// How a time of the day looks, and how what begins with a date does; reading checks the rest.
#[cfg(feature = "schemars")]
const TIME: &str = r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$";
#[cfg(feature = "schemars")]
const DATE: &str = r"^[-+]?\d{4,6}-?\d{2}-?\d{2}";
