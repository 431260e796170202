//! Floats as Go's `strconv.FormatFloat` writes them.

use std::fmt::Write as _;

/// The shortest text that reads back as the same float, with an exponent below 1e-4 and from 1e6 on: `%v`.
pub(crate) fn shortest(value: f64) -> String {
    let mut out = String::new();
    push_shortest(&mut out, value);
    out
}

/// Appends what [`shortest`] returns.
pub(crate) fn push_shortest(out: &mut String, value: f64) {
    if let Some(text) = special(value) {
        out.push_str(text);
        return;
    }
    // Most numbers in data are small and whole.
    #[allow(clippy::cast_possible_truncation)]
    if value.fract() == 0.0 && value.abs() < 1e6 && (value != 0.0 || value.is_sign_positive()) {
        let _ = write!(out, "{}", value as i64);
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = split(&scientific);
    if (-4..6).contains(&exponent) {
        let _ = write!(out, "{value}");
    } else {
        with_exponent(out, mantissa, exponent, 'e');
    }
}

/// Go's `FormatFloat(value, verb, precision, 64)` for the verbs of `printf`; `precision` is `None` for the shortest text.
pub(crate) fn format(value: f64, verb: char, precision: Option<usize>) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let mut out = String::new();
    match (verb, precision) {
        ('f' | 'F', Some(precision)) => {
            let _ = write!(out, "{value:.precision$}");
        }
        ('f' | 'F', None) => {
            let _ = write!(out, "{value}");
        }
        ('e' | 'E', precision) => {
            let text = precision.map_or_else(
                || format!("{value:e}"),
                |precision| format!("{value:.precision$e}"),
            );
            let (mantissa, exponent) = split(&text);
            with_exponent(&mut out, mantissa, exponent, verb);
        }
        ('g' | 'G', Some(precision)) => general(&mut out, value, precision.max(1), verb),
        ('b', _) => binary(&mut out, value),
        ('x' | 'X', precision) => hexadecimal(&mut out, value, precision, verb == 'X'),
        _ => {
            push_shortest(&mut out, value);
            if verb == 'G' {
                out.make_ascii_uppercase();
            }
        }
    }
    out
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

fn split(scientific: &str) -> (&str, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa, exponent.parse().unwrap_or(0))
}

fn with_exponent(out: &mut String, mantissa: &str, exponent: i32, letter: char) {
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "{mantissa}{letter}{sign}{:02}", exponent.abs());
}

/// `%g` with a precision: so many digits at most, trailing zeros left out.
fn general(out: &mut String, value: f64, precision: usize, verb: char) {
    let text = format!("{value:.*e}", precision - 1);
    let (mantissa, exponent) = split(&text);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let needed = digits.trim_end_matches('0').len().max(1);
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    let mut threshold = precision;
    if threshold > needed && needed >= whole {
        threshold = needed;
    }
    if exponent < -4
        || (exponent >= 0 && usize::try_from(exponent).is_ok_and(|exponent| exponent >= threshold))
    {
        let mantissa = if mantissa.contains('.') {
            mantissa.trim_end_matches('0').trim_end_matches('.')
        } else {
            mantissa
        };
        with_exponent(out, mantissa, exponent, if verb == 'G' { 'E' } else { 'e' });
    } else {
        let decimals =
            usize::try_from(i64::try_from(needed).unwrap_or(0) - 1 - i64::from(exponent)).unwrap_or(0);
        let _ = write!(out, "{value:.decimals$}");
    }
}

/// `%b`: the mantissa as an integer and the exponent of two.
fn binary(out: &mut String, value: f64) {
    let (mantissa, exponent) = parts(value);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let _ = write!(out, "{sign}{mantissa}p{exponent:+}");
}

/// `%x`: hexadecimal digits and the exponent of two.
fn hexadecimal(out: &mut String, value: f64, precision: Option<usize>, upper: bool) {
    let (mut mantissa, mut exponent) = parts(value);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // Normalised to a leading one with 60 bits behind it.
        exponent += 60;
        while mantissa & (1 << 60) == 0 {
            mantissa <<= 1;
            exponent -= 1;
        }
    }
    if let Some(precision) = precision.filter(|precision| *precision < 15) {
        let shift = precision * 4;
        let extra = (mantissa << shift) & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let mut text = String::new();
    let _ = write!(text, "0x{}", mantissa >> 60);
    let fraction = format!("{:015x}", mantissa & ((1 << 60) - 1));
    let fraction = match precision {
        None => fraction.trim_end_matches('0').to_owned(),
        Some(precision) => format!("{fraction:0<precision$}")[..precision].to_owned(),
    };
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(&fraction);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(text, "p{sign}{:02}", exponent.abs());
    if upper {
        text.make_ascii_uppercase();
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    out.push_str(&text);
}

/// The mantissa as an integer, and the exponent of two that goes with it.
fn parts(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    let mantissa = bits & ((1 << 52) - 1);
    if exponent == 0 {
        (mantissa, -1074)
    } else {
        (mantissa | (1 << 52), exponent - 1075)
    }
}
