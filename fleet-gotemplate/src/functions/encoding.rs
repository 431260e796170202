//! Base64, base32 and hashes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::Function;
use super::Ty::Str;
use super::arg::string;
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{Slot, Val};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("b64enc", &[Str], |cx, args| {
        let text = string(args, 0);
        room(cx, text.len().saturating_mul(2))?;
        cx.text(STANDARD.encode(text.as_bytes()))
    }),
    // An error is the result, as in sprig.
    Function::new("b64dec", &[Str], |cx, args| {
        let text = string(args, 0);
        match unbase64(text.as_bytes()) {
            Ok(bytes) => cx.bytes(bytes),
            Err(at) => cx.text(format!("illegal base64 data at input byte {at}")),
        }
    }),
    Function::new("b32enc", &[Str], |cx, args| {
        let text = string(args, 0);
        room(cx, text.len().saturating_mul(2))?;
        cx.text(base32(text.as_bytes()))
    }),
    Function::new("b32dec", &[Str], |cx, args| {
        let text = string(args, 0);
        match unbase32(text.as_bytes()) {
            Ok(bytes) => cx.bytes(bytes),
            Err(at) => cx.text(format!("illegal base32 data at input byte {at}")),
        }
    }),
    Function::new("sha1sum", &[Str], hash::<Sha1>),
    Function::new("sha256sum", &[Str], hash::<Sha256>),
    Function::new("sha512sum", &[Str], hash::<Sha512>),
    Function::new("adler32sum", &[Str], |cx, args| {
        let text = string(args, 0);
        cx.step(text.len() / 64)?;
        cx.text(adler32(text.as_bytes()).to_string())
    }),
];

fn room(cx: &Cx<'_>, bytes: usize) -> Result<()> {
    if bytes > cx.room() {
        Err(cx.out_of_memory())
    } else {
        Ok(())
    }
}

fn hash<'a, D: Digest>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let text = string(args, 0);
    cx.step(text.len() / 64)?;
    cx.text(hexadecimal(&D::digest(text.as_bytes())))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (mut a, mut b) = (1, 0);
    // So many bytes cannot overflow.
    for chunk in bytes.chunks(5_552) {
        for byte in chunk {
            a += u32::from(*byte);
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
    }
    b << 16 | a
}

fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let mut block = [0; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(block);
        let letters = (chunk.len() * 8).div_ceil(5);
        for index in 0..8 {
            let letter = ALPHABET[usize::try_from(bits >> (35 - 5 * index) & 31).unwrap_or(0)];
            out.push(if index < letters { char::from(letter) } else { '=' });
        }
    }
    out
}

/// Decodes as Go does: line breaks are passed over, bits behind the end ignored. The error is the offset that Go names.
fn unbase64(text: &[u8]) -> std::result::Result<Vec<u8>, usize> {
    let skip = |at: usize| {
        at + text[at..]
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count()
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut at = 0;
    loop {
        let (mut bits, mut letters) = (0_u32, 0);
        let mut done = false;
        while letters < 4 {
            at = skip(at);
            let Some(letter) = text.get(at) else {
                return if letters == 0 { Ok(out) } else { Err(at - letters) };
            };
            at += 1;
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if letters >= 2 => {
                    if letters == 2 {
                        at = skip(at);
                        match text.get(at) {
                            Some(b'=') => at += 1,
                            Some(_) => return Err(at - 1),
                            None => return Err(text.len()),
                        }
                    }
                    at = skip(at);
                    if at < text.len() {
                        return Err(at);
                    }
                    done = true;
                    break;
                }
                _ => return Err(at - 1),
            };
            bits = bits << 6 | u32::from(value);
            letters += 1;
        }
        bits <<= 32 - 6 * letters;
        out.extend_from_slice(&bits.to_be_bytes()[..letters * 6 / 8]);
        if done {
            return Ok(out);
        }
    }
}

/// As [`unbase64`]; line breaks do not count in offsets.
fn unbase32(text: &[u8]) -> std::result::Result<Vec<u8>, usize> {
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    let mut at = 0;
    while at < text.len() {
        let (mut bits, mut letters) = (0_u64, 0);
        let mut done = false;
        while letters < 8 {
            let letter = *text.get(at).ok_or(at - letters)?;
            at += 1;
            let left = text.len() - at;
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                b'=' if letters >= 2 && left < 8 => {
                    if left + letters < 7 {
                        return Err(text.len());
                    }
                    let padding = text[at..].iter().take(7 - letters);
                    if let Some(wrong) = padding.into_iter().position(|byte| *byte != b'=') {
                        return Err(at + wrong - 1);
                    }
                    if matches!(letters, 3 | 6) {
                        return Err(at - 1);
                    }
                    done = true;
                    break;
                }
                _ => return Err(at - 1),
            };
            bits = bits << 5 | u64::from(value);
            letters += 1;
        }
        bits <<= 64 - 5 * letters;
        out.extend_from_slice(&bits.to_be_bytes()[..letters * 5 / 8]);
        if done {
            break;
        }
    }
    Ok(out)
}
