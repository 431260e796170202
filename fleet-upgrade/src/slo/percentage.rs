//! Percentages as people write them: `99.9%`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A percentage above 0 % and below 100 %, written with its sign: `99.9%`.
///
/// Neither bound is one: an objective of 100 % leaves no budget to burn, one of 0 % promises nothing.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Percentage(f64);

impl Percentage {
    /// A percentage from its number: 99.9 for 99.9 %.
    pub fn new(percent: f64) -> Result<Self, PercentageError> {
        if percent > 0.0 && percent < 100.0 {
            Ok(Self(percent))
        } else {
            Err(PercentageError {
                found: percent.to_string(),
            })
        }
    }

    /// As a fraction between 0 and 1.
    pub fn as_fraction(self) -> f64 {
        self.0 / 100.0
    }

    /// What is left to 100 %, as a fraction. Of an objective: the error budget.
    pub fn remainder(self) -> f64 {
        (100.0 - self.0) / 100.0
    }
}

impl fmt::Display for Percentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl FromStr for Percentage {
    type Err = PercentageError;

    fn from_str(text: &str) -> Result<Self, PercentageError> {
        let error = || PercentageError {
            found: text.to_owned(),
        };
        let number = text.strip_suffix('%').ok_or_else(error)?.trim_end();
        Self::new(number.parse().map_err(|_| error())?).map_err(|_| error())
    }
}

impl TryFrom<String> for Percentage {
    type Error = PercentageError;

    fn try_from(text: String) -> Result<Self, PercentageError> {
        text.parse()
    }
}

impl From<Percentage> for String {
    fn from(percentage: Percentage) -> Self {
        percentage.to_string()
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Percentage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percentage".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^[0-9]{1,2}(\.[0-9]+)?%$" })
    }
}

/// A text that is not a percentage between the bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected a percentage above 0 and below 100, such as `99.9%`")]
pub struct PercentageError {
    /// What was found.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_written_with_their_sign_and_lie_between_the_bounds() {
        assert_eq!("99.9%".parse::<Percentage>().unwrap().to_string(), "99.9%");
        for wrong in [
            "99.9", "0%", "100%", "-1%", "NaN%", "inf%", "%", "9.9.9%", "1e400%",
        ] {
            assert!(wrong.parse::<Percentage>().is_err(), "{wrong}");
        }
        let remainder = "99.9%".parse::<Percentage>().unwrap().remainder();
        assert!((remainder - 0.001).abs() < 1e-12);
    }
}
