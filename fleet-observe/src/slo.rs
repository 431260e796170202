//! Service level objectives: burn rates over several windows, for any objective and any period.
//!
//! A burn rate says how many times faster than allowed the error budget goes: 1 uses it up exactly at the end of the period. An alert looks
//! at a long window, for enough evidence, and at a short one, so that it ends soon after the trouble. Every factor is derived: a budget share
//! that may be lost within a long window is a burn rate of `share × period / window`.
//!
//! ```
//! use fleet_observe::promql::PromDuration;
//! use fleet_observe::slo::{BurnWindow, Slo};
//!
//! let slo = Slo::availability("shop", 0.999, "30d".parse()?, "http_requests_total")?;
//! let factors: Vec<_> = slo.windows().iter().map(|window| window.factor(slo.period())).collect();
//! assert_eq!(factors, [14.4, 6.0, 3.0, 1.0]);
//!
//! // A week has other factors, and an alert that can never fire is refused: nothing burns faster than everything failing.
//! let week: PromDuration = "7d".parse()?;
//! assert!((BurnWindow::PAGE_FAST.factor(week) - 3.36).abs() < 1e-9);
//! assert!(Slo::availability("lax", 0.9, "30d".parse()?, "http_requests_total").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use serde::Serialize;

use crate::promql::{Expr, Matcher, PromDuration, PromqlError, is_label, metric, sum};
use crate::rules::{PrometheusRule, Rule, RuleGroup};

/// A share of the budget that may be lost within a time, before somebody is told.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct BurnWindow {
    /// The window that gathers evidence.
    pub long: PromDuration,
    /// The share of the period's budget: 0.02 is 2 %.
    pub budget_share: f64,
    /// What happens.
    pub severity: Severity,
}

/// What an alert asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// Somebody now.
    Page,
    /// Somebody in working hours.
    Ticket,
}

impl Severity {
    /// The value of the label `severity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

impl BurnWindow {
    /// 2 % of the budget in an hour.
    pub const PAGE_FAST: Self = Self::new(PromDuration::seconds(3_600), 0.02, Severity::Page);
    /// 5 % in six hours.
    pub const PAGE_SLOW: Self = Self::new(PromDuration::seconds(21_600), 0.05, Severity::Page);
    /// 10 % in a day.
    pub const TICKET_FAST: Self = Self::new(PromDuration::seconds(86_400), 0.10, Severity::Ticket);
    /// 10 % in three days.
    pub const TICKET_SLOW: Self = Self::new(PromDuration::seconds(259_200), 0.10, Severity::Ticket);

    /// A window of your own.
    pub const fn new(long: PromDuration, budget_share: f64, severity: Severity) -> Self {
        Self {
            long,
            budget_share,
            severity,
        }
    }

    /// The burn rate that loses the share within the window.
    pub fn factor(&self, period: PromDuration) -> f64 {
        let factor = self.budget_share * period.as_secs_f64() / self.long.as_secs_f64();
        // As precise as it was asked for, without what binary fractions add.
        (factor * 1e9).round() / 1e9
    }

    /// The window that ends the alert: a twelfth of the long one.
    pub fn short(&self) -> PromDuration {
        self.long.divided(12)
    }
}

/// An objective over a period, and how its errors are counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Slo {
    name: String,
    objective: f64,
    period: PromDuration,
    requests: String,
    errors: (String, Matcher),
    by: Vec<String>,
    windows: Vec<BurnWindow>,
}

/// An objective that cannot be kept or watched.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SloError {
    /// The name is none that a recording rule can have.
    #[error(
        "`{found}` cannot name an SLO: its recording rules are named after it, so use letters, digits and `_`"
    )]
    Name {
        /// The name.
        found: String,
    },
    /// The objective is no share.
    #[error("found an objective of {found}, expected a share above 0 and below 1, such as 0.999")]
    Objective {
        /// What was found.
        found: f64,
    },
    /// An alert can never fire.
    #[error(
        "an objective of {objective} allows {allowed:.4} errors, so that nothing burns faster than {fastest:.2}; the window of {window} \
         would fire at {factor:.2}, that is never: raise the objective, or lower the budget share"
    )]
    NeverFires {
        /// The objective.
        objective: f64,
        /// The share that may fail.
        allowed: f64,
        /// The highest burn rate that there is.
        fastest: f64,
        /// The window.
        window: String,
        /// The burn rate that it waits for.
        factor: f64,
    },
    /// A window is longer than the period.
    #[error("the window of {window} is longer than the period of {period}; shorten it")]
    Window {
        /// The window.
        window: String,
        /// The period.
        period: String,
    },
    /// A name that PromQL does not take.
    #[error(transparent)]
    Promql(#[from] PromqlError),
}

impl Slo {
    /// A share of requests that do not fail, counted by a counter with a label `code`; by cluster, over the four usual windows: those that
    /// fit into the period.
    ///
    /// # Errors
    /// As [`SloError`] says.
    pub fn availability(
        name: impl Into<String>,
        objective: f64,
        period: PromDuration,
        requests: impl Into<String>,
    ) -> Result<Self, SloError> {
        let usual = [
            BurnWindow::PAGE_FAST,
            BurnWindow::PAGE_SLOW,
            BurnWindow::TICKET_FAST,
            BurnWindow::TICKET_SLOW,
        ];
        Self {
            name: name.into(),
            objective,
            period,
            requests: requests.into(),
            errors: ("code".to_owned(), Matcher::Matches("5..".to_owned())),
            by: vec!["cluster".to_owned()],
            windows: usual.into_iter().filter(|window| window.long <= period).collect(),
        }
        .checked()
    }

    /// Which requests fail: those whose label matches.
    ///
    /// # Errors
    /// What is no label.
    pub fn errors_where(self, label: impl Into<String>, matcher: Matcher) -> Result<Self, SloError> {
        Self {
            errors: (label.into(), matcher),
            ..self
        }
        .checked()
    }

    /// For each combination of these labels a budget of its own; never only for the whole fleet, where one cluster that fails as a whole
    /// disappears among the others.
    ///
    /// # Errors
    /// What is no label.
    pub fn by(self, labels: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, SloError> {
        Self {
            by: labels.into_iter().map(Into::into).collect(),
            ..self
        }
        .checked()
    }

    /// Other windows.
    ///
    /// # Errors
    /// Those that can never fire, or are longer than the period.
    pub fn with_windows(self, windows: impl IntoIterator<Item = BurnWindow>) -> Result<Self, SloError> {
        Self {
            windows: windows.into_iter().collect(),
            ..self
        }
        .checked()
    }

    /// Its windows.
    pub fn windows(&self) -> &[BurnWindow] {
        &self.windows
    }

    /// Its period.
    pub fn period(&self) -> PromDuration {
        self.period
    }

    /// The share that may fail.
    pub fn allowed(&self) -> f64 {
        // 1 - 0.999 is 0.0010000000000000009.
        ((1.0 - self.objective) * 1e12).round() / 1e12
    }

    /// The share of requests that fail within a time: what a recording rule keeps.
    ///
    /// # Errors
    /// A metric or label that is none.
    pub fn error_share(&self, over: PromDuration) -> Result<Expr, PromqlError> {
        let (label, matcher) = self.errors.clone();
        let errors = sum(metric(&self.requests)?
            .matching(label, matcher)?
            .over(over)
            .rate())
        .by(&self.by)?;
        let requests =
            || -> Result<Expr, PromqlError> { sum(metric(&self.requests)?.over(over).rate()).by(&self.by) };
        // Without an error there is no series of errors, and without a series no answer: none is 0.
        Ok(errors.or(requests()?.times(0.0)).over(requests()?))
    }

    /// The name of the recording rule of a window.
    pub fn recorded(&self, over: PromDuration) -> String {
        format!("slo:{}:error_share{over}", self.name)
    }

    /// Recording rules for every window, an alert for each long one, and the budget that is left, as one object.
    ///
    /// # Errors
    /// A metric or label that is none.
    pub fn rules(&self, namespace: &str) -> Result<PrometheusRule, SloError> {
        let mut times: Vec<_> = self
            .windows
            .iter()
            .flat_map(|window| [window.short(), window.long])
            .chain([self.period])
            .collect();
        times.sort_unstable();
        times.dedup();
        let mut records = Vec::new();
        for time in times {
            records
                .push(Rule::record(self.recorded(time), &self.error_share(time)?).label("slo", &self.name));
        }
        let spent = Expr::from(metric(self.recorded(self.period))?).over(self.allowed());
        let left = format!("slo:{}:budget_left", self.name);
        records.push(Rule::record(left, &Expr::number(1.0).minus(spent)).label("slo", &self.name));
        let mut alerts = Vec::new();
        for window in &self.windows {
            alerts.push(self.alert(window)?);
        }
        Ok(PrometheusRule::new(
            format!("slo-{}", self.name.replace('_', "-").to_ascii_lowercase()),
            namespace,
        )
        .group(RuleGroup::new(format!("slo-{}-records", self.name), records))
        .group(RuleGroup::new(format!("slo-{}-alerts", self.name), alerts)))
    }

    fn alert(&self, window: &BurnWindow) -> Result<Rule, PromqlError> {
        let factor = window.factor(self.period);
        let burns = |time: PromDuration| -> Result<Expr, PromqlError> {
            Ok(metric(self.recorded(time))?
                .expr()
                .above(((factor * self.allowed()) * 1e12).round() / 1e12))
        };
        let who: Vec<_> = self
            .by
            .iter()
            .map(|label| format!("{{{{ $labels.{label} }}}}"))
            .collect();
        let lost = format!("{}", (window.budget_share * 1e4).round() / 1e2);
        Ok(Rule::alert(
            format!("SloBurn_{}_{}", self.name, window.long),
            &burns(window.long)?.and(burns(window.short())?),
        )
        .label("severity", window.severity.as_str())
        .label("slo", &self.name)
        .annotation(
            "summary",
            format!(
                "{}: the error budget of {} burns {factor} times too fast",
                who.join(" "),
                self.name
            ),
        )
        .annotation(
            "description",
            format!(
                "At this rate {lost} % of the budget of {} goes in {}; the objective is {}.",
                self.period, window.long, self.objective
            ),
        ))
    }

    fn checked(self) -> Result<Self, SloError> {
        if !is_label(&self.name) {
            return Err(SloError::Name { found: self.name });
        }
        if !(self.objective > 0.0 && self.objective < 1.0) {
            return Err(SloError::Objective {
                found: self.objective,
            });
        }
        let fastest = 1.0 / self.allowed();
        for window in &self.windows {
            let factor = window.factor(self.period);
            if window.long > self.period {
                return Err(SloError::Window {
                    window: window.long.to_string(),
                    period: self.period.to_string(),
                });
            }
            if factor >= fastest {
                return Err(SloError::NeverFires {
                    objective: self.objective,
                    allowed: self.allowed(),
                    fastest,
                    window: window.long.to_string(),
                    factor,
                });
            }
        }
        self.error_share(self.period)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(period: &str) -> Vec<f64> {
        let slo = Slo::availability("x", 0.999, period.parse().unwrap(), "requests_total").unwrap();
        slo.windows()
            .iter()
            .map(|window| window.factor(slo.period()))
            .collect()
    }

    #[test]
    fn factors_of_the_usual_periods() {
        assert_eq!(factors("30d"), [14.4, 6.0, 3.0, 1.0]);
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert!(
                found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.005),
                "{found:?}"
            );
        };
        close(factors("28d"), &[13.44, 5.6, 2.8, 0.93]);
        close(factors("7d"), &[3.36, 1.4, 0.7, 0.23]);
        // Three days do not fit into two.
        assert_eq!(factors("2d").len(), 3);
    }

    #[test]
    fn what_can_never_fire_and_what_is_no_objective() {
        let slo = |objective| Slo::availability("x", objective, "30d".parse().unwrap(), "requests_total");
        assert!(matches!(slo(0.93), Err(SloError::NeverFires { .. })));
        assert!(slo(0.9306).is_ok());
        for wrong in [0.0, 1.0, -1.0, 99.9, f64::NAN] {
            assert!(matches!(slo(wrong), Err(SloError::Objective { .. })), "{wrong}");
        }
        assert!(matches!(
            Slo::availability("a-b", 0.99, "30d".parse().unwrap(), "r"),
            Err(SloError::Name { .. })
        ));
        assert!(Slo::availability("a", 0.99, "30d".parse().unwrap(), "no metric").is_err());
        assert!(slo(0.99).unwrap().by(["no-label"]).is_err());
        let long = BurnWindow::new("31d".parse().unwrap(), 0.1, Severity::Ticket);
        assert!(matches!(
            slo(0.99).unwrap().with_windows([long]),
            Err(SloError::Window { .. })
        ));
    }
}
