//! sprig's random functions, fed by the caller's source, and the secrets that are not made here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Function;
use super::Ty::{Any, Int, Str};
use super::arg::{int, text};
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{Slot, Val};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("randAlphaNum", &[Int], |cx, args| {
        letters(cx, int(args, 0), char::is_ascii_alphanumeric)
    }),
    Function::new("randAlpha", &[Int], |cx, args| {
        letters(cx, int(args, 0), char::is_ascii_alphabetic)
    }),
    Function::new("randNumeric", &[Int], |cx, args| {
        letters(cx, int(args, 0), char::is_ascii_digit)
    }),
    Function::new("randAscii", &[Int], |cx, args| {
        letters(cx, int(args, 0), |c| !c.is_ascii_control())
    }),
    Function::new("randBytes", &[Int], |cx, args| {
        let count =
            usize::try_from(int(args, 0)).map_err(|_| "runtime error: makeslice: len out of range")?;
        cx.claim(count)?;
        let mut bytes = vec![0; count];
        fill(cx, &mut bytes)?;
        cx.text(STANDARD.encode(bytes))
    }),
    Function::new("randInt", &[Int, Int], |cx, args| {
        let (low, high) = (int(args, 0), int(args, 1));
        match u64::try_from(high.wrapping_sub(low)) {
            Ok(width) if width > 0 => Ok(Val::Int(low.wrapping_add_unsigned(below(cx, width)?))),
            _ => Err("invalid argument to Intn".into()),
        }
    }),
    Function::new("shuffle", &[Str], |cx, args| {
        let mut letters: Vec<char> = text(args, 0).chars().collect();
        cx.step(letters.len())?;
        cx.claim(4 * letters.len())?;
        for index in (1..letters.len()).rev() {
            let other = below(cx, index as u64 + 1)?;
            letters.swap(index, usize::try_from(other).unwrap_or(index));
        }
        cx.text(letters.into_iter().collect::<String>())
    }),
    Function::new("uuidv4", &[], |cx, _| {
        let mut bytes = [0; 16];
        fill(cx, &mut bytes)?;
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = super::encoding::hexadecimal(&bytes);
        let parts = [
            &digits[..8],
            &digits[8..12],
            &digits[12..16],
            &digits[16..20],
            &digits[20..],
        ];
        cx.text(parts.join("-"))
    }),
    Function::variadic("bcrypt", &[], Any, secret),
    Function::variadic("htpasswd", &[], Any, secret),
    Function::variadic("derivePassword", &[], Any, secret),
    Function::variadic("encryptAES", &[], Any, secret),
    Function::variadic("decryptAES", &[], Any, secret),
    Function::variadic("genPrivateKey", &[], Any, secret),
    Function::variadic("buildCustomCert", &[], Any, secret),
    Function::variadic("genCA", &[], Any, secret),
    Function::variadic("genCAWithKey", &[], Any, secret),
    Function::variadic("genSelfSignedCert", &[], Any, secret),
    Function::variadic("genSelfSignedCertWithKey", &[], Any, secret),
    Function::variadic("genSignedCert", &[], Any, secret),
    Function::variadic("genSignedCertWithKey", &[], Any, secret),
];

fn secret<'a>(_: &mut Cx<'a>, _: &[Slot<'a>]) -> Result<Val<'a>> {
    Err(Fault::Refused(
        "secrets are not made outside Argo CD: keep them in a Secret and refer to that".to_owned(),
    ))
}

fn fill(cx: &mut Cx<'_>, bytes: &mut [u8]) -> Result<()> {
    cx.step(bytes.len() / 64)?;
    let entropy = cx.env.entropy.ok_or_else(|| {
        Fault::Refused(
            "it needs randomness, and the caller gave none: the result would differ at each run".to_owned(),
        )
    })?;
    entropy.fill(bytes);
    Ok(())
}

/// A number below a bound, which is small beside 2^64.
fn below(cx: &mut Cx<'_>, bound: u64) -> Result<u64> {
    let mut bytes = [0; 8];
    fill(cx, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes) % bound)
}

/// So many letters of some kind. sprig ignores that fewer than none cannot be made.
fn letters<'a>(cx: &mut Cx<'a>, count: i64, allowed: fn(&char) -> bool) -> Result<Val<'a>> {
    let count = usize::try_from(count).unwrap_or(0);
    cx.step(count)?;
    cx.claim(count)?;
    let alphabet: Vec<char> = (0..128_u8).map(char::from).filter(allowed).collect();
    let mut text = String::with_capacity(count);
    for _ in 0..count {
        let index = below(cx, alphabet.len() as u64)?;
        text.extend(usize::try_from(index).ok().and_then(|index| alphabet.get(index)));
    }
    cx.text(text)
}
