//! Multi-window burn rates: how fast the error budget burns since the upgrade.

use fleet_core::HumanDuration;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::verdict::{Burn, Doubtful, SloVerdict, Unsure};
use super::{Missing, Percentage, Reading, Requests};

/// A short window is this much shorter than its long one.
const SHORT: i32 = 12;

/// With fewer requests than a rule needs, it still speaks when chance explains what was seen less often than this.
const OVERWHELMING: f64 = 1e-6;

/// How probable it must be that a burn at the rule's rate would have shown at least one error, for its absence to count.
const CONFIDENCE: f64 = 0.95;

/// A service level objective and the windows its burn rate is read over.
///
/// The windows default to those of the SRE workbook: 2 % of the period's budget in one hour, 5 % in six, 10 % in a day,
/// 10 % in three days. The factors follow from the period; for 30 days they are 14.4, 6, 3 and 1.
///
/// ```
/// use fleet_upgrade::slo::Slo;
///
/// // At 90 % even a total outage burns only ten times as fast as it may: a rule for 14.4 can never fire.
/// let error = Slo::new("90%".parse()?, "30d".parse()?).unwrap_err();
/// assert!(error.to_string().contains("can never fire"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schemars", schemars(with = "Wire", rename = "Slo"))]
pub struct Slo {
    objective: Percentage,
    period: HumanDuration,
    windows: Vec<BurnWindow>,
}

/// A share of the period's error budget, and the time in which it may not be spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BurnWindow {
    /// The share of the budget.
    pub budget: Percentage,
    /// The time: the long window. The short one is a twelfth of it.
    #[serde(rename = "in")]
    pub within: HumanDuration,
}

impl BurnWindow {
    /// So much of the budget in so much time.
    pub fn new(budget: Percentage, within: HumanDuration) -> Self {
        Self { budget, within }
    }
}

impl Slo {
    /// An objective over a period, with the default windows that fit into the period.
    pub fn new(objective: Percentage, period: HumanDuration) -> Result<Self, SloError> {
        let defaults = [(2.0, 1), (5.0, 6), (10.0, 24), (10.0, 72)];
        let windows = defaults.into_iter().filter_map(|(budget, hours)| {
            let within = HumanDuration::hours(hours);
            let budget = Percentage::new(budget).ok()?;
            (within.as_signed() < period.as_signed()).then_some(BurnWindow { budget, within })
        });
        Self::with_windows(objective, period, windows)
    }

    /// An objective over a period, with windows of one's own.
    ///
    /// # Errors
    /// Without a window, with one of no time or as long as the period, and with one whose rule could never fire.
    pub fn with_windows(
        objective: Percentage,
        period: HumanDuration,
        windows: impl IntoIterator<Item = BurnWindow>,
    ) -> Result<Self, SloError> {
        let slo = Self {
            objective,
            period,
            windows: windows.into_iter().collect(),
        };
        if slo.windows.is_empty() {
            return Err(SloError::NoWindow { period });
        }
        for window in &slo.windows {
            let within = window.within.as_signed();
            if !within.is_positive() || within >= period.as_signed() {
                return Err(SloError::Window {
                    within: window.within,
                    period,
                });
            }
        }
        let highest = 1.0 / objective.remainder();
        let deaf = slo.rules().find(|rule| rule.factor >= highest);
        match deaf {
            Some(rule) => Err(SloError::NeverFires {
                within: rule.long,
                factor: rule.factor,
                highest,
                objective,
            }),
            None => Ok(slo),
        }
    }

    /// The objective.
    pub fn objective(&self) -> Percentage {
        self.objective
    }

    /// The period the budget is for.
    pub fn period(&self) -> HumanDuration {
        self.period
    }

    /// The rules that follow from objective, period and windows, in the order of the windows.
    pub fn rules(&self) -> impl Iterator<Item = BurnRule> {
        self.windows.iter().map(|window| {
            let factor =
                window.budget.as_fraction() * ratio(self.period.as_signed(), window.within.as_signed());
            // Six digits are more than anyone reads, and 14.4 is 14.4.
            let factor = (factor * 1e6).round() / 1e6;
            let limit = factor * self.objective.remainder();
            BurnRule {
                long: window.within,
                short: window.within.as_signed() / SHORT,
                factor,
                min_requests: to_see_one(limit),
                limit,
            }
        })
    }

    /// Judges what was read since a cluster's upgrade. `read` is asked for each [`Window`] that matters, the same window
    /// at most once for each rule.
    ///
    /// A rule is broken when its long and its short window both burn faster than its factor. A burn in the long window is
    /// over when the short one has enough requests to say so. The verdict is
    /// [`SloVerdict::Fail`] when a rule is broken, [`SloVerdict::Pass`] when every rule has enough requests and holds,
    /// else [`SloVerdict::Inconclusive`]. Windows are cut at the upgrade: the calm before it would dilute them.
    pub fn judge(
        &self,
        upgraded: Timestamp,
        now: Timestamp,
        mut read: impl FnMut(&Window) -> Reading,
    ) -> SloVerdict {
        let mut unsure = Vec::new();
        for rule in self.rules() {
            match rule.judge(self.objective, upgraded, now, &mut read) {
                Ok(()) => {}
                Err(Doubt::Broken(burn)) => return SloVerdict::Fail(burn),
                Err(Doubt::Unsure(reason)) => unsure.push(reason),
            }
        }
        if unsure.is_empty() {
            SloVerdict::Pass
        } else {
            SloVerdict::Inconclusive(unsure)
        }
    }
}

/// One rule of an [`Slo`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BurnRule {
    /// The long window: it says that the burn is worth stopping for.
    pub long: HumanDuration,
    /// The short window: it says that the burn goes on.
    pub short: SignedDuration,
    /// How many times faster than the budget allows both must burn.
    pub factor: f64,
    /// With fewer requests than this (a whole number), a burn at this rate could pass unseen with more than 5 %
    /// probability, and the absence of errors says nothing.
    pub min_requests: f64,
    /// The error ratio at the factor.
    limit: f64,
}

enum Doubt {
    Broken(Burn),
    Unsure(Unsure),
}

impl BurnRule {
    /// The rule's windows that end now, cut at the upgrade.
    pub fn windows(&self, upgraded: Timestamp, now: Timestamp) -> [Window; 2] {
        let window = |kind, length: SignedDuration| {
            let whole = now.checked_sub(length).unwrap_or(Timestamp::MIN);
            Window {
                kind,
                from: whole.max(upgraded).min(now),
                to: now,
            }
        };
        [
            window(WindowKind::Long, self.long.as_signed()),
            window(WindowKind::Short, self.short),
        ]
    }

    fn judge(
        &self,
        objective: Percentage,
        upgraded: Timestamp,
        now: Timestamp,
        read: &mut impl FnMut(&Window) -> Reading,
    ) -> Result<(), Doubt> {
        let unsure = |why| {
            Doubt::Unsure(Unsure {
                within: self.long,
                why,
            })
        };
        let [long, short] = self.windows(upgraded, now);
        if long.is_empty() {
            return Err(unsure(Missing::NoData.into()));
        }
        let count = |reading| match reading {
            Reading::Requests(requests) => Ok(requests),
            Reading::Missing(missing) => Err(unsure(missing.into())),
        };
        let in_long = count(read(&long))?;
        let has_enough = in_long.total() >= self.min_requests;
        let too_few = || {
            unsure(Doubtful::TooFew {
                requests: in_long.total(),
                needed: self.min_requests,
            })
        };
        if !self.is_exceeded_by(in_long) {
            return if has_enough { Ok(()) } else { Err(too_few()) };
        }
        let in_short = count(read(&short))?;
        if in_short.total() <= 0.0 {
            return Err(unsure(Missing::NoData.into()));
        }
        if !self.is_exceeded_by(in_short) {
            // Were the burn still going on, so many requests would have shown it.
            let needed = to_see_one(in_long.error_ratio().unwrap_or(1.0));
            return if in_short.total() < needed {
                Err(unsure(Doubtful::NotOver {
                    requests: in_short.total(),
                    needed,
                }))
            } else if has_enough {
                Ok(())
            } else {
                Err(too_few())
            };
        }
        if !has_enough && self.chance_of(in_long) > OVERWHELMING {
            return Err(too_few());
        }
        let burn = |requests: Requests| requests.error_ratio().unwrap_or(0.0) / objective.remainder();
        Err(Doubt::Broken(Burn {
            within: self.long,
            factor: self.factor,
            long: burn(in_long),
            short: burn(in_short),
            requests: in_long,
        }))
    }

    fn is_exceeded_by(&self, requests: Requests) -> bool {
        requests.error_ratio().is_some_and(|ratio| ratio > self.limit)
    }

    /// An upper bound (Chernoff's) on the probability of so many errors at the rule's very rate.
    fn chance_of(&self, requests: Requests) -> f64 {
        let seen = requests.error_ratio().unwrap_or(0.0);
        let divergence = seen * (seen / self.limit).ln()
            + if seen < 1.0 {
                (1.0 - seen) * ((1.0 - seen) / (1.0 - self.limit)).ln()
            } else {
                0.0
            };
        (-requests.total() * divergence).exp()
    }
}

/// A stretch of time to count requests in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Window {
    /// Which of a rule's two it is.
    pub kind: WindowKind,
    /// Where it begins: never before the upgrade.
    pub from: Timestamp,
    /// Where it ends: now.
    pub to: Timestamp,
}

impl Window {
    /// How long it is.
    pub fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }

    /// Whether there is no time in it.
    pub fn is_empty(&self) -> bool {
        !self.length().is_positive()
    }
}

/// The long or the short window of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum WindowKind {
    /// The long one.
    Long,
    /// The short one, a twelfth of it.
    Short,
}

/// An objective that cannot be gated on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SloError {
    /// There is no window.
    #[error(
        "found no burn window for a period of {period}, expected at least one; name windows shorter than the period"
    )]
    NoWindow {
        /// The period.
        period: HumanDuration,
    },
    /// A window has no time in it, or as much as the period.
    #[error("found a burn window of {within}, expected one above 0s and below the period of {period}")]
    Window {
        /// The window.
        within: HumanDuration,
        /// The period.
        period: HumanDuration,
    },
    /// A rule that could not be broken by a total outage.
    #[error(
        "the rule of {factor} times over {within} can never fire: with an objective of {objective} nothing burns more than \
         {highest:.1} times too fast; raise the objective, or give that window a smaller share of the budget"
    )]
    NeverFires {
        /// The rule's long window.
        within: HumanDuration,
        /// Its factor.
        factor: f64,
        /// The highest burn rate there is.
        highest: f64,
        /// The objective.
        objective: Percentage,
    },
}

/// How an [`Slo`] is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
struct Wire {
    /// The share of requests that are to succeed: `99.9%`.
    objective: Percentage,
    /// The time the error budget is for: `30d`.
    period: HumanDuration,
    /// What share of the budget may not be spent in what time. Default: 2% in 1h, 5% in 6h, 10% in 1d, 10% in 3d.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    windows: Option<Vec<BurnWindow>>,
}

impl TryFrom<Wire> for Slo {
    type Error = SloError;

    fn try_from(wire: Wire) -> Result<Self, SloError> {
        match wire.windows {
            Some(windows) => Self::with_windows(wire.objective, wire.period, windows),
            None => Self::new(wire.objective, wire.period),
        }
    }
}

impl From<Slo> for Wire {
    fn from(slo: Slo) -> Self {
        Self {
            objective: slo.objective,
            period: slo.period,
            windows: Some(slo.windows),
        }
    }
}

/// How many requests show at least one error with [`CONFIDENCE`], where so large a share of them fails.
fn to_see_one(share: f64) -> f64 {
    ((1.0 - CONFIDENCE).ln() / (-share).ln_1p()).ceil().max(1.0)
}

fn ratio(of: SignedDuration, to: SignedDuration) -> f64 {
    of.as_secs_f64() / to.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slo(objective: &str, period: &str) -> Result<Slo, SloError> {
        Slo::new(objective.parse().unwrap(), period.parse().unwrap())
    }

    fn at(hours: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    }

    #[test]
    fn factors_follow_from_the_period() {
        for (period, expected) in [
            ("30d", [14.4, 6.0, 3.0, 1.0]),
            ("28d", [13.44, 5.6, 2.8, 0.933_333]),
            ("7d", [3.36, 1.4, 0.7, 0.233_333]),
        ] {
            let factors: Vec<f64> = slo("99.9%", period)
                .unwrap()
                .rules()
                .map(|rule| rule.factor)
                .collect();
            assert_eq!(factors, expected, "{period}");
        }
        let rule = slo("99.9%", "30d").unwrap().rules().next().unwrap();
        assert_eq!(rule.short, SignedDuration::from_mins(5));
    }

    #[test]
    fn the_requests_that_a_verdict_takes_follow_from_the_factor() {
        let needed: Vec<f64> = slo("99.9%", "30d")
            .unwrap()
            .rules()
            .map(|rule| rule.min_requests)
            .collect();
        assert_eq!(format!("{needed:?}"), "[207.0, 498.0, 998.0, 2995.0]");
    }

    #[test]
    fn a_rule_that_a_total_outage_could_not_break_is_refused() {
        assert!(matches!(slo("93%", "30d"), Err(SloError::NeverFires { .. })));
        assert!(slo("93.06%", "30d").is_ok());
        assert!(matches!(slo("99%", "30m"), Err(SloError::NoWindow { .. })));
        let window = BurnWindow::new("2%".parse().unwrap(), "0s".parse().unwrap());
        let refused = Slo::with_windows("99%".parse().unwrap(), "30d".parse().unwrap(), [window]);
        assert!(matches!(refused, Err(SloError::Window { .. })));
    }

    /// One hour after the upgrade, six hours would be five of the old version and one of the new.
    #[test]
    fn windows_do_not_reach_back_before_the_upgrade() {
        let slo = slo("99.9%", "30d").unwrap();
        let mut asked = Vec::new();
        let verdict = slo.judge(at(99), at(100), |window| {
            asked.push(*window);
            // Ten times too fast since the upgrade; diluted with the five hours before, it would be less than two.
            Reading::Requests(Requests::new(
                2.0 * 10.0 * window.length().as_secs_f64() / 1000.0,
                2.0 * window.length().as_secs_f64(),
            ))
        });
        assert!(
            asked
                .iter()
                .all(|window| window.from >= at(99) && window.to == at(100))
        );
        let SloVerdict::Fail(burn) = verdict else {
            panic!("{verdict}");
        };
        assert!((burn.factor - 6.0).abs() < 1e-9);
        assert!((burn.long - 10.0).abs() < 1e-6);
    }

    #[test]
    fn a_burn_that_is_over_is_no_reason_to_stop() {
        let slo = slo("99.9%", "30d").unwrap();
        let verdict = slo.judge(at(0), at(100), |window| {
            let errors = match window.kind {
                WindowKind::Long => 50_000.0,
                WindowKind::Short => 0.0,
            };
            Reading::Requests(Requests::new(errors, 1e6))
        });
        assert_eq!(verdict, SloVerdict::Pass);
    }

    /// Errors must never make up for requests that are lacking.
    #[test]
    fn a_burn_that_is_over_needs_as_many_requests_as_one_that_never_was() {
        let rule = BurnWindow {
            budget: "2%".parse().unwrap(),
            within: HumanDuration::hours(1),
        };
        let slo = Slo::with_windows("99.9%".parse().unwrap(), HumanDuration::days(30), [rule]).unwrap();
        let needed = slo.rules().next().unwrap().min_requests;
        assert!((needed - 207.0).abs() < 0.5, "{needed}");
        let judge = |long: (f64, f64), short: (f64, f64)| {
            slo.judge(at(0), at(100), |window| {
                let (errors, total) = match window.kind {
                    WindowKind::Long => long,
                    WindowKind::Short => short,
                };
                Reading::Requests(Requests::new(errors, total))
            })
        };
        let why = |verdict| match verdict {
            SloVerdict::Inconclusive(reasons) => reasons[0].to_string(),
            other => panic!("{other}"),
        };
        let few = judge((3.0, 200.0), (0.0, 200.0));
        assert_eq!(why(few), "200 requests over 1h, of 207 needed");
        // One good request after half of all failed says nothing; after five the other half would have shown.
        let one = judge((150.0, 300.0), (0.0, 1.0));
        assert_eq!(
            why(one),
            "the error budget burned too fast over 1h, and of the last requests too few tell whether that is over: 1, of 5 needed"
        );
        assert_eq!(judge((150.0, 300.0), (0.0, 5.0)), SloVerdict::Pass);
    }

    #[test]
    fn without_enough_requests_there_is_no_verdict_but_an_overwhelming_one() {
        let slo = slo("99.9%", "30d").unwrap();
        let of = |errors, total| {
            slo.judge(at(0), at(100), |_| {
                Reading::Requests(Requests::new(errors, total))
            })
        };
        assert!(matches!(of(0.0, 100.0), SloVerdict::Inconclusive(reasons) if reasons.len() == 4));
        assert!(matches!(of(1.0, 2.0), SloVerdict::Inconclusive(_)));
        assert!(matches!(of(20.0, 20.0), SloVerdict::Fail(_)));
    }

    /// "No data" counts as success in other tools.
    #[test]
    fn what_is_missing_is_never_a_pass() {
        let slo = slo("99.9%", "30d").unwrap();
        for missing in [
            Missing::NoData,
            Missing::Stale { age_seconds: 900 },
            Missing::Partial {
                warning: "store eu did not answer".into(),
            },
            Missing::NoClusterLabel {
                label: "cluster".into(),
            },
            Missing::Unavailable { reason: "503".into() },
        ] {
            let verdict = slo.judge(at(0), at(100), |_| Reading::Missing(missing.clone()));
            assert!(matches!(verdict, SloVerdict::Inconclusive(_)), "{missing}");
        }
        assert!(matches!(SloVerdict::together([]), SloVerdict::Inconclusive(_)));
        // No time has passed since the upgrade.
        let verdict = slo.judge(at(5), at(5), |_| Reading::Requests(Requests::new(0.0, 1e9)));
        assert!(matches!(verdict, SloVerdict::Inconclusive(_)));
    }

    #[test]
    fn an_slo_is_written_as_a_policy_has_it() {
        let text = r#"{"objective":"99.9%","period":"30d","windows":[{"budget":"2%","in":"1h"}]}"#;
        let slo: Slo = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&slo).unwrap(), text);
        let error = serde_json::from_str::<Slo>(r#"{"objective":"90%","period":"30d"}"#).unwrap_err();
        assert!(error.to_string().contains("can never fire"), "{error}");
        assert!(serde_json::from_str::<Slo>(r#"{"objective":"99%","period":"30d","window":[]}"#).is_err());
    }
}
