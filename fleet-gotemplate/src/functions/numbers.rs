//! Numbers: sprig's arithmetic and conversions, with the rules of spf13/cast.

/// The start of `strconv.ParseInt(text, 10, 64)` whose error is ignored: the number, its bound when it is too large, or 0.
pub(super) fn parse_decimal(text: &str) -> i64 {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    text.parse().unwrap_or(if negative { i64::MIN } else { i64::MAX })
}
