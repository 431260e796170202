//! SLO gates: whether the users of a cluster pay for its upgrade.
//!
//! Two pure judgements over request counts that a monitoring system gave:
//!
//! - [`Slo::judge`]: multi-window burn rates, the hard stop. The factors are derived from the objective and its period,
//!   the windows never reach back before the upgrade, and without enough requests there is no verdict.
//! - [`Comparison`]: upgraded clusters against those that are not yet, by a sequential test that may be read as often
//!   as one likes. Reading a plain threshold for five days raises false alarms; reading this one does not.
//!
//! Neither ever takes the absence of data for health: the third verdict is [`SloVerdict::Inconclusive`].
//!
//! ```
//! use fleet_upgrade::slo::{Reading, Requests, Slo, SloVerdict};
//!
//! let slo = Slo::new("99.9%".parse()?, "30d".parse()?)?;
//! let factors: Vec<_> = slo.rules().map(|rule| (rule.long.to_string(), rule.factor)).collect();
//! assert_eq!(factors[0], ("1h".to_owned(), 14.4));
//!
//! let upgraded = "2026-11-02T08:00:00Z".parse()?;
//! let now = "2026-11-02T12:00:00Z".parse()?;
//! let healthy = slo.judge(upgraded, now, |_window| Reading::Requests(Requests::new(12.0, 1_000_000.0)));
//! assert_eq!(healthy, SloVerdict::Pass);
//! let broken = slo.judge(upgraded, now, |_window| Reading::Requests(Requests::new(40_000.0, 1_000_000.0)));
//! assert!(matches!(broken, SloVerdict::Fail(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod burn;
mod compare;
mod percentage;
mod reading;
mod verdict;

pub use burn::{BurnRule, BurnWindow, Slo, SloError, Window, WindowKind};
pub use compare::{Comparison, ComparisonError, Sensitivity};
pub use percentage::{Percentage, PercentageError};
pub use reading::{Missing, Reading, Requests};
pub use verdict::{Burn, Doubtful, SloVerdict, Unsure};
