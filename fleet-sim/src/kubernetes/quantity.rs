//! Quantities of resources: `500m`, `1.5Gi`, `2e3`. Read as apimachinery reads them, written in their canonical form.

/// How a text that is no quantity is refused.
pub(crate) const REFUSED: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// Nano units: the smallest that a quantity keeps.
const NANO: i128 = 1_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Binary,
    Decimal,
    Exponent,
}

/// A quantity in nano units, and how it is written.
#[derive(Debug, Clone, Copy)]
struct Quantity {
    nano: i128,
    format: Format,
}

/// The canonical form of a quantity, if it is one.
pub(crate) fn canonical(text: &str) -> Option<String> {
    Some(parse(text)?.to_text())
}

/// The amount in nano units, for comparisons.
pub(crate) fn nano(text: &str) -> Option<i128> {
    Some(parse(text)?.nano)
}

fn parse(text: &str) -> Option<Quantity> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let negative = text.starts_with('-');
    let end = unsigned
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let (base_two, power, format) = suffix_of(suffix)?;
    let digits: String = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    if digits.len() > 36 {
        // Beyond what any resource has; the largest that is kept.
        return Some(Quantity {
            nano: signed(i128::from(i64::MAX) * NANO, negative),
            format,
        });
    }
    let mut amount: i128 = if digits.is_empty() {
        0
    } else {
        digits.parse().ok()?
    };
    let mut scale = 9 - i32::try_from(fraction.len()).ok()?;
    if base_two {
        amount = amount.checked_mul(1_i128.checked_shl(u32::try_from(power).ok()?)?)?;
    } else {
        scale += power;
    }
    while scale > 0 {
        amount = amount.checked_mul(10)?;
        scale -= 1;
    }
    // What is finer than nano is rounded away from zero.
    let mut inexact = false;
    while scale < 0 {
        inexact |= amount % 10 != 0;
        amount /= 10;
        scale += 1;
    }
    let amount = (amount + i128::from(inexact)).min(i128::from(i64::MAX) * NANO);
    Some(Quantity {
        nano: signed(amount, negative),
        format,
    })
}

const fn signed(amount: i128, negative: bool) -> i128 {
    if negative { -amount } else { amount }
}

/// Whether the suffix counts in powers of two, the power, and the format.
fn suffix_of(suffix: &str) -> Option<(bool, i32, Format)> {
    Some(match suffix {
        "" => (false, 0, Format::Decimal),
        "n" => (false, -9, Format::Decimal),
        "u" => (false, -6, Format::Decimal),
        "m" => (false, -3, Format::Decimal),
        "k" => (false, 3, Format::Decimal),
        "M" => (false, 6, Format::Decimal),
        "G" => (false, 9, Format::Decimal),
        "T" => (false, 12, Format::Decimal),
        "P" => (false, 15, Format::Decimal),
        "E" => (false, 18, Format::Decimal),
        "Ki" => (true, 10, Format::Binary),
        "Mi" => (true, 20, Format::Binary),
        "Gi" => (true, 30, Format::Binary),
        "Ti" => (true, 40, Format::Binary),
        "Pi" => (true, 50, Format::Binary),
        "Ei" => (true, 60, Format::Binary),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            (exponent.abs() <= 18).then_some(())?;
            (false, exponent, Format::Exponent)
        }
    })
}

impl Quantity {
    fn to_text(self) -> String {
        let mut format = self.format;
        if format == Format::Binary && (self.nano % NANO != 0 || (self.nano.abs() < 1024 * NANO)) {
            format = Format::Decimal;
        }
        if self.nano == 0 {
            return "0".into();
        }
        if format == Format::Binary {
            let (mut amount, mut power) = (self.nano / NANO, 0);
            while amount % 1024 == 0 && power < 6 {
                amount /= 1024;
                power += 1;
            }
            return format!("{amount}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power]);
        }
        let (mut amount, mut power) = (self.nano, 0_usize);
        while amount % 1000 == 0 && power < 9 {
            amount /= 1000;
            power += 1;
        }
        if format == Format::Exponent {
            let exponent = i32::try_from(power).unwrap_or(0) * 3 - 9;
            return if exponent == 0 {
                amount.to_string()
            } else {
                format!("{amount}e{exponent}")
            };
        }
        format!(
            "{amount}{}",
            ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][power]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_forms_are_the_servers() {
        for (given, expected) in [
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("100Mi", "100Mi"),
            ("512Ki", "512Ki"),
            ("0.5Ki", "512"),
            ("1500M", "1500M"),
            ("2e3", "2e3"),
            ("1E", "1E"),
            ("0", "0"),
            ("-5", "-5"),
            ("1000Ki", "1000Ki"),
            ("0.1Gi", "107374182400m"),
        ] {
            assert_eq!(canonical(given).as_deref(), Some(expected), "{given}");
        }
        for bad in ["", "x", "1.2.3", "5 Gi", "1gi", "--1", "e3"] {
            assert_eq!(canonical(bad), None, "{bad}");
        }
    }
}
