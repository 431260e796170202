//! Numbers in templates: Go's ideal constants, read under every type that can hold them.

use super::literal::unquote_rune;
use crate::text::quote::quoted;

/// A numerical constant.
#[derive(Debug, Default)]
pub(crate) struct Number {
    pub(crate) text: Box<str>,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

impl Number {
    /// A character constant.
    pub(super) fn rune(text: &str) -> Result<Self, String> {
        let value = unquote_rune(text)?;
        Ok(Self {
            text: text.into(),
            int: Some(value),
            uint: u64::try_from(value).ok(),
            float: Some(value as f64),
            complex: None,
        })
    }

    /// A pair such as `1+2i`.
    pub(super) fn complex(text: &str) -> Result<Self, String> {
        let inner = text.strip_suffix('i').unwrap_or(text);
        let split = inner
            .char_indices()
            .skip(1)
            .filter(|(at, c)| matches!(c, '+' | '-') && !inner[..*at].ends_with(['e', 'E', 'p', 'P']))
            .map(|(at, _)| at)
            .last();
        let parts = split.and_then(|at| Some((parse_float(&inner[..at])?, parse_float(&inner[at..])?)));
        let (real, imaginary) = parts.ok_or_else(|| "syntax error scanning complex number".to_owned())?;
        Ok(Self {
            text: text.into(),
            complex: Some((real, imaginary)),
            ..Self::default()
        }
        .simplified(real, imaginary))
    }

    /// Any other number.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if let Some(imaginary) = text.strip_suffix('i').and_then(parse_float) {
            let number = Self {
                text: text.into(),
                complex: Some((0.0, imaginary)),
                ..Self::default()
            };
            return Ok(number.simplified(0.0, imaginary));
        }
        let mut number = Self {
            text: text.into(),
            ..Self::default()
        };
        number.uint = parse_uint(text);
        number.int = parse_int(text);
        if number.int == Some(0) {
            number.uint = Some(0);
        }
        if let Some(int) = number.int {
            number.float = Some(int as f64);
        } else if let Some(uint) = number.uint {
            number.float = Some(uint as f64);
        } else if let Some(float) = parse_float(text) {
            if !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", quoted(text)));
            }
            number.float = Some(float);
            number.int = whole(float);
            number.uint = whole_unsigned(float);
        }
        if number.int.is_none() && number.uint.is_none() && number.float.is_none() {
            return Err(format!("illegal number syntax: {}", quoted(text)));
        }
        Ok(number)
    }

    /// Whether the constant is a float where nothing says which type it should be.
    pub(crate) fn looks_like_a_float(&self) -> bool {
        let text = &self.text;
        let hexadecimal = text.len() > 2
            && (text.starts_with("0x") || text.starts_with("0X"))
            && !text.contains(['p', 'P']);
        self.float.is_some()
            && !hexadecimal
            && !text.starts_with('\'')
            && text.contains(['.', 'e', 'E', 'p', 'P'])
    }

    /// With the types that hold it when it has no imaginary part.
    #[allow(clippy::float_cmp)] // exactly zero is the question
    fn simplified(mut self, real: f64, imaginary: f64) -> Self {
        if imaginary == 0.0 {
            self.float = Some(real);
            self.int = whole(real);
            self.uint = whole_unsigned(real);
        }
        self
    }
}

#[allow(clippy::cast_possible_truncation, clippy::float_cmp)] // the round trip is the question
fn whole(float: f64) -> Option<i64> {
    let int = float as i64;
    // 2^63 saturates to i64::MAX, which as a float is 2^63 again.
    (int as f64 == float && float < 9_223_372_036_854_775_808.0).then_some(int)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::float_cmp)] // the round trip is the question
fn whole_unsigned(float: f64) -> Option<u64> {
    let int = float as u64;
    (int as f64 == float && float < 18_446_744_073_709_551_616.0).then_some(int)
}

/// `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let (digits, radix, prefixed) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (&text[2..], 16, true),
        [b'0', b'o' | b'O', ..] => (&text[2..], 8, true),
        [b'0', b'b' | b'B', ..] => (&text[2..], 2, true),
        [b'0', _, ..] => (&text[1..], 8, true),
        _ => (text, 10, false),
    };
    digits_to_u64(digits, radix, prefixed)
}

/// `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = parse_uint(digits)?;
    if negative {
        0_i64.checked_sub_unsigned(value)
    } else {
        i64::try_from(value).ok()
    }
}

/// Digits with single underscores between them, and after a prefix.
fn digits_to_u64(digits: &str, radix: u32, prefixed: bool) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    let mut after_digit = prefixed;
    for c in digits.chars() {
        if c == '_' {
            if !after_digit {
                return None;
            }
            after_digit = false;
        } else {
            value = value
                .checked_mul(u64::from(radix))?
                .checked_add(u64::from(c.to_digit(radix)?))?;
            after_digit = true;
        }
    }
    after_digit.then_some(value)
}

/// `strconv.ParseFloat(text, 64)`, which refuses what is too large.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        return parse_hexadecimal_float(text, &unsigned[2..]);
    }
    let lower = unsigned.to_ascii_lowercase();
    if matches!(lower.as_str(), "inf" | "infinity" | "nan") {
        return text.parse().ok();
    }
    // Underscores are for literals with a prefix only.
    if !unsigned
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return None;
    }
    text.parse::<f64>().ok().filter(|float| float.is_finite())
}

fn parse_hexadecimal_float(text: &str, digits: &str) -> Option<f64> {
    let (mantissa, exponent) = digits.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0;
    for c in whole.chars().chain(fraction.chars()).filter(|c| *c != '_') {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    value *= 2.0_f64.powi(shift);
    Some(if text.starts_with('-') { -value } else { value }).filter(|float| float.is_finite())
}
