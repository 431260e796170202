//! What a scalar means: the resolution rules of go-yaml v2, which is what sigs.k8s.io/yaml and so Kubernetes uses.

use std::borrow::Cow;

use base64::Engine as _;
use serde_json::{Number, Value};

/// A scalar once its tag and style are taken into account.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX` only.
    Uint(u64),
    Float(f64),
    Str(Cow<'a, str>),
}

/// Why a scalar has no meaning under its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TagMismatch {
    pub(super) found: &'static str,
    pub(super) expected: &'static str,
}

impl<'a> Scalar<'a> {
    /// A plain scalar without a tag.
    pub(super) fn plain(text: Cow<'a, str>) -> Self {
        match resolve(&text) {
            Some(scalar) => scalar,
            None => Self::Str(text),
        }
    }

    /// A scalar with an explicit tag of the YAML namespace (`!!int` gives `int`), plain or quoted.
    pub(super) fn tagged(tag: &str, text: Cow<'a, str>) -> Result<Self, TagMismatch> {
        let expected = match tag {
            "null" => "null",
            "bool" => "bool",
            "int" => "int",
            "float" => "float",
            "timestamp" => "timestamp",
            "binary" => {
                let packed: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
                let bytes = base64::engine::general_purpose::STANDARD
                    .decode(packed)
                    .map_err(|_| TagMismatch {
                        found: "something else",
                        expected: "base64",
                    })?;
                return Ok(Self::Str(Cow::Owned(
                    String::from_utf8_lossy(&bytes).into_owned(),
                )));
            }
            // `!!str`, and tags that mean nothing here: the text as it stands.
            _ => return Ok(Self::Str(text)),
        };
        let resolved = resolve(&text);
        let found = match &resolved {
            Some(Self::Null) => "null",
            Some(Self::Bool(_)) => "bool",
            Some(Self::Int(_) | Self::Uint(_)) => "int",
            Some(Self::Float(_)) => "float",
            _ if is_timestamp(&text) => "timestamp",
            _ => "str",
        };
        match resolved {
            #[allow(clippy::cast_precision_loss)] // As Go does: the tag asks for a float.
            Some(Self::Int(int)) if expected == "float" => Ok(Self::Float(int as f64)),
            Some(scalar) if found == expected => Ok(scalar),
            None if found == expected => Ok(Self::Str(text)),
            _ => Err(TagMismatch { found, expected }),
        }
    }

    /// The JSON value Kubernetes makes of it; `None` for infinities and NaN, which JSON cannot say.
    pub(super) fn into_value(self) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::from(value),
            Self::Uint(value) => Value::from(value),
            Self::Float(value) => Value::Number(number(value)?),
            Self::Str(text) => Value::String(text.into_owned()),
        })
    }

    /// The text it becomes as a mapping's key; `None` when Kubernetes refuses it as a key.
    pub(super) fn into_key(self) -> Option<String> {
        Some(match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => float_key(value),
            Self::Str(text) => text.into_owned(),
            Self::Null | Self::Uint(_) => return None,
        })
    }
}

/// What plain text means when it is not a string.
fn resolve(text: &str) -> Option<Scalar<'static>> {
    let Some(first) = text.bytes().next() else {
        return Some(Scalar::Null);
    };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => word(text).or_else(|| go_float(&without_separators(text)?)),
        b'+' | b'-' | b'0'..=b'9' => {
            if let Some(found) = word(text) {
                return Some(found);
            }
            let plain: Cow<'_, str> = if text.contains('_') {
                Cow::Owned(text.replace('_', ""))
            } else {
                Cow::Borrowed(text)
            };
            go_int(&plain).or_else(|| go_float(&plain))
        }
        _ => None,
    }
}

fn word(text: &str) -> Option<Scalar<'static>> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// Go's `ParseInt(text, 0, 64)`, then `ParseUint`: 0x, 0o, 0b and a plain 0 as octal. Underscores are gone by now.
fn go_int(text: &str) -> Option<Scalar<'static>> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // `from_str_radix` would take a second sign.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        0i64.checked_sub_unsigned(magnitude).map(Scalar::Int)
    } else if let Ok(int) = i64::try_from(magnitude) {
        Some(Scalar::Int(int))
    } else {
        // ParseUint takes no sign, so `+18446744073709551615` goes on to be a float.
        (!text.starts_with('+')).then_some(Scalar::Uint(magnitude))
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_yaml_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    mantissa_fits
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

/// Go's `ParseFloat` for text that starts with a digit, a sign or a dot; out of range is no float.
fn go_float(text: &str) -> Option<Scalar<'static>> {
    if !is_yaml_float(text) {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Scalar::Float(value))
}

/// Underscores may stand between two digits of a Go float.
fn without_separators(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let between_digits = |at: usize| {
        at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
    };
    (0..bytes.len())
        .all(|at| bytes[at] != b'_' || between_digits(at))
        .then(|| text.replace('_', ""))
}

/// Whether it can pass for a `!!timestamp`. The value is a string all the same.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 5 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
}

/// A float as Go's encoding/json writes it: a whole one below 1e21 without fraction and exponent, so as an integer.
fn number(value: f64) -> Option<Number> {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        // Both languages print the shortest digits that give the same float, and then zeros.
        let digits = format!("{value}");
        if let Ok(int) = digits.parse::<i64>() {
            // `-0` is a float to JSON readers.
            if int != 0 || value.is_sign_positive() {
                return Some(Number::from(int));
            }
        } else if let Ok(int) = digits.parse::<u64>() {
            return Some(Number::from(int));
        }
    }
    Number::from_f64(value)
}

/// Go's `FormatFloat(value, 'g', -1, 32)`, which is how a float becomes a key.
fn float_key(value: f64) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    #[allow(clippy::cast_possible_truncation)] // A key has the precision of 32 bits in Go, too.
    let narrow = value as f32;
    if narrow.is_infinite() {
        return if narrow > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{narrow:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    // Rust writes `1e21` where Go writes `1e+21`, and Go changes over below 1e-4 and from 1e6 on.
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{narrow}"),
    }
}
