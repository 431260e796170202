//! Decimal numbers, in which sprig adds and multiplies floats so that 0.1 and 0.2 make 0.3.

use std::borrow::Cow;

/// `mantissa * 10^exponent`; beyond 38 digits, a float.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decimal {
    Exact { mantissa: i128, exponent: i32 },
    Float(f64),
}

type Result = std::result::Result<Decimal, Cow<'static, str>>;

impl Decimal {
    /// The shortest decimal that is this float.
    pub(super) fn from_float(value: f64) -> Result {
        if !value.is_finite() {
            let name = if value.is_nan() {
                "NaN"
            } else if value > 0.0 {
                "+Inf"
            } else {
                "-Inf"
            };
            return Err(format!("Cannot create a Decimal from {name}").into());
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let mantissa = digits.replace('.', "").parse().unwrap_or(0);
        let exponent: i32 = exponent.parse().unwrap_or(0);
        Ok(Self::Exact {
            mantissa,
            exponent: exponent - i32::try_from(decimals).unwrap_or(0),
        })
    }

    pub(super) fn to_float(self) -> f64 {
        match self {
            Self::Exact { mantissa, exponent } => format!("{mantissa}e{exponent}").parse().unwrap_or(0.0),
            Self::Float(value) => value,
        }
    }

    pub(super) fn add(&self, other: &Self) -> Result {
        Ok(self.aligned(other).and_then(|(a, b, exponent)| {
            Some(Self::Exact {
                mantissa: a.checked_add(b)?,
                exponent,
            })
        }))
        .map(|exact| exact.unwrap_or_else(|| Self::Float(self.to_float() + other.to_float())))
    }

    pub(super) fn subtract(&self, other: &Self) -> Result {
        Ok(self.aligned(other).and_then(|(a, b, exponent)| {
            Some(Self::Exact {
                mantissa: a.checked_sub(b)?,
                exponent,
            })
        }))
        .map(|exact| exact.unwrap_or_else(|| Self::Float(self.to_float() - other.to_float())))
    }

    #[allow(clippy::unnecessary_wraps)] // as its siblings
    pub(super) fn multiply(&self, other: &Self) -> Result {
        if let (
            Self::Exact {
                mantissa: a,
                exponent: x,
            },
            Self::Exact {
                mantissa: b,
                exponent: y,
            },
        ) = (self, other)
            && let Some(mantissa) = a.checked_mul(*b)
        {
            return Ok(Self::Exact {
                mantissa,
                exponent: x + y,
            });
        }
        Ok(Self::Float(self.to_float() * other.to_float()))
    }

    /// To 16 decimals, halves away from zero.
    pub(super) fn divide(&self, other: &Self) -> Result {
        const DECIMALS: i32 = 16;
        let (
            Self::Exact {
                mantissa: a,
                exponent: x,
            },
            Self::Exact {
                mantissa: b,
                exponent: y,
            },
        ) = (self, other)
        else {
            return Ok(Self::Float(self.to_float() / other.to_float()));
        };
        if *b == 0 {
            return Err("decimal division by 0".into());
        }
        let shift = x - y + DECIMALS;
        let power = |digits: i32| 10_i128.checked_pow(digits.unsigned_abs());
        let scaled = if shift >= 0 {
            power(shift).and_then(|power| Some((a.checked_mul(power)?, *b)))
        } else {
            power(shift).and_then(|power| Some((*a, b.checked_mul(power)?)))
        };
        let Some((dividend, divisor)) = scaled else {
            return Ok(Self::Float(self.to_float() / other.to_float()));
        };
        let (mut quotient, rest) = (dividend / divisor, dividend % divisor);
        if rest.unsigned_abs() >= divisor.unsigned_abs() - rest.unsigned_abs() {
            quotient += if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
        }
        Ok(Self::Exact {
            mantissa: quotient,
            exponent: -DECIMALS,
        })
    }

    /// Both mantissas at the smaller exponent.
    fn aligned(&self, other: &Self) -> Option<(i128, i128, i32)> {
        let (
            Self::Exact {
                mantissa: a,
                exponent: x,
            },
            Self::Exact {
                mantissa: b,
                exponent: y,
            },
        ) = (self, other)
        else {
            return None;
        };
        let exponent = *x.min(y);
        let scale = |mantissa: i128, own: i32| {
            if mantissa == 0 {
                return Some(0);
            }
            mantissa.checked_mul(10_i128.checked_pow((own - exponent).unsigned_abs())?)
        };
        Some((scale(*a, *x)?, scale(*b, *y)?, exponent))
    }
}
