//! Texts as Go's formatter writes them, where they reach parameters or messages.

use serde_json::{Number, Value};

/// A string as `%q` writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_ascii_control() => {
                out.push_str("\\x");
                for nibble in [c as u32 >> 4, c as u32 & 0xf] {
                    out.extend(char::from_digit(nibble, 16));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A JSON value as `%v` writes it after Go has decoded it: every number is a float64.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), float),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            let fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| format!("{key}:{}", plain(value)))
                .collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

/// A float64 as `%v` writes it: the shortest digits, in exponent form below 1e-4 and from 1e6 on (1000000 is
/// `1e+06`).
pub(crate) fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let Ok(exponent) = exponent.parse::<i32>() else {
        return scientific;
    };
    if (-4..FIXED_BELOW).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// A value as Go's JSON encoder writes it: keys sorted, and `<`, `>` and `&` escaped.
pub(crate) fn json(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// A number after Go has held it as a float64: as JSON, its shortest digits.
pub(crate) fn as_float64(number: &Number) -> Number {
    let Some(float) = number.as_f64() else {
        return number.clone();
    };
    if float.fract() == 0.0 {
        let digits = format!("{float}");
        if let Ok(whole) = digits.parse::<i64>() {
            return whole.into();
        }
        if let Ok(whole) = digits.parse::<u64>() {
            return whole.into();
        }
    }
    Number::from_f64(float).unwrap_or_else(|| number.clone())
}

/// JSON after Go has held it: every number a float64.
pub(crate) fn decoded(value: &mut Value) {
    match value {
        Value::Number(number) => *number = as_float64(number),
        Value::Array(items) => items.iter_mut().for_each(decoded),
        Value::Object(fields) => fields.values_mut().for_each(decoded),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The kind of a JSON value in the words of Go's decoder.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

const FIXED_BELOW: i32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (value, expected) in [
            (0.0, "0"),
            (3.0, "3"),
            (-1.5, "-1.5"),
            (123_456.0, "123456"),
            (1_000_000.0, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (123_456_789_012.0, "1.23456789012e+11"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
        ] {
            assert_eq!(float(value), expected);
        }
    }

    #[test]
    fn strings_are_quoted_as_go_quotes_them() {
        assert_eq!(quoted("a\"b\\\n\u{1}ü"), r#""a\"b\\\n\x01ü""#);
    }
}
