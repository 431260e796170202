//! URLs, as Go's `net/url` parses and prints them.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use super::Function;
use super::Ty::{Map as MapTy, Str};
use super::arg::{map, text};
use crate::exec::cx::{Cx, Result};
use crate::exec::val::{Map, Slot, Str as Text, Val};
use crate::text::quote::quoted;
use crate::value::Elem;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("urlParse", &[Str], url_parse),
    Function::new("urlJoin", &[MapTy], url_join),
];

#[derive(Debug, Default)]
struct Url {
    scheme: String,
    opaque: String,
    user: Option<(Vec<u8>, Option<Vec<u8>>)>,
    host: Vec<u8>,
    path: Vec<u8>,
    query: String,
    fragment: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Path,
    User,
    Host,
    Zone,
    Fragment,
}

fn url_parse<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let text = text(args, 0);
    cx.claim(4 * text.len())?;
    let url = parse(&text).map_err(|error| format!("unable to parse url: {error}"))?;
    let hostname = hostname(&url.host).to_vec();
    let user = url.user.as_ref().map_or_else(String::new, user_text);
    let entries: Vec<(Text<'a>, Val<'a>)> = vec![
        (Text::Ref("scheme"), cx.text(url.scheme)?),
        (Text::Ref("host"), cx.bytes(url.host)?),
        (Text::Ref("hostname"), cx.bytes(hostname)?),
        (Text::Ref("path"), cx.bytes(url.path)?),
        (Text::Ref("query"), cx.text(url.query)?),
        (Text::Ref("opaque"), cx.text(url.opaque)?),
        (Text::Ref("fragment"), cx.bytes(url.fragment)?),
        (Text::Ref("userinfo"), cx.text(user)?),
    ];
    cx.map(Elem::Any, entries)
}

fn url_join<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    let map = map(args, 0);
    let (scheme, opaque, query) = (part(&map, "scheme")?, part(&map, "opaque")?, part(&map, "query")?);
    let (host, path, fragment) = (part(&map, "host")?, part(&map, "path")?, part(&map, "fragment")?);
    let userinfo = part(&map, "userinfo")?;
    let mut url = Url {
        scheme: scheme.as_str().into_owned(),
        opaque: opaque.as_str().into_owned(),
        query: query.as_str().into_owned(),
        host: host.as_bytes().to_vec(),
        path: path.as_bytes().to_vec(),
        fragment: fragment.as_bytes().to_vec(),
        user: None,
    };
    if !userinfo.is_empty() {
        let parsed = parse(&format!("proto://{}@host", userinfo.as_str()));
        url.user = parsed
            .map_err(|error| format!("unable to parse userinfo in dict: {error}"))?
            .user;
    }
    let joined = url.join();
    cx.text(joined)
}

fn part<'a>(map: &Map<'a>, key: &str) -> Result<Text<'a>> {
    match map.get(key) {
        None => Ok(Text::Ref("")),
        Some(Val::Str(text)) => Ok(text),
        Some(Val::Nil) => Err(super::lists::NIL_DEREFERENCE.into()),
        Some(other) => Err(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind_name()
        )
        .into()),
    }
}

/// `url.Parse`; the error is Go's.
fn parse(text: &str) -> std::result::Result<Url, String> {
    let (before, fragment) = text.split_once('#').unwrap_or((text, ""));
    let mut url =
        parse_without_fragment(before).map_err(|error| format!("parse {}: {error}", quoted(before)))?;
    url.fragment = unescape(fragment.as_bytes(), Mode::Fragment)
        .map_err(|error| format!("parse {}: {error}", quoted(text)))?;
    Ok(url)
}

fn parse_without_fragment(text: &str) -> std::result::Result<Url, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = Url::default();
    if text == "*" {
        url.path = b"*".to_vec();
        return Ok(url);
    }
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    query.clone_into(&mut url.query);
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if rest
            .split('/')
            .next()
            .is_some_and(|segment| segment.contains(':'))
        {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let mut path = rest;
    if (!url.scheme.is_empty() || !rest.starts_with("///"))
        && let Some(authority) = rest.strip_prefix("//")
    {
        let end = authority.find('/').unwrap_or(authority.len());
        path = &authority[end..];
        parse_authority(&mut url, &authority[..end])?;
    }
    url.path = unescape(path.as_bytes(), Mode::Path)?;
    Ok(url)
}

fn scheme(text: &str) -> std::result::Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse_authority(url: &mut Url, authority: &str) -> std::result::Result<(), String> {
    let (user, host) = authority
        .rsplit_once('@')
        .map_or((None, authority), |(user, host)| (Some(user), host));
    url.host = parse_host(&url.scheme, host)?;
    let Some(user) = user else { return Ok(()) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !user.chars().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let (name, password) = user
        .split_once(':')
        .map_or((user, None), |(name, password)| (name, Some(password)));
    let name = unescape(name.as_bytes(), Mode::User)?;
    let password = password
        .map(|password| unescape(password.as_bytes(), Mode::User))
        .transpose()?;
    url.user = Some((name, password));
    Ok(())
}

fn parse_host(scheme: &str, host: &str) -> std::result::Result<Vec<u8>, String> {
    match host.rfind('[') {
        Some(0) => return parse_literal(host),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    if let Some(first) = host.find(':') {
        let last = host.rfind(':').unwrap_or(first);
        let at = if matches!(scheme, "http" | "https") {
            first
        } else {
            last
        };
        check_port(&host[at..])?;
    }
    unescape(host.as_bytes(), Mode::Host)
}

/// An IPv6 address in brackets.
fn parse_literal(host: &str) -> std::result::Result<Vec<u8>, String> {
    let end = host.rfind(']').ok_or("missing ']' in host")?;
    check_port(&host[end + 1..])?;
    let inner = &host[1..end];
    let name = match inner.find("%25") {
        Some(zone) => {
            let mut name = unescape(&inner.as_bytes()[..zone], Mode::Host)?;
            name.extend(unescape(&inner.as_bytes()[zone..], Mode::Zone)?);
            name
        }
        None => unescape(inner.as_bytes(), Mode::Host)?,
    };
    let text = String::from_utf8_lossy(&name).into_owned();
    let address = text.split('%').next().unwrap_or("");
    if address.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".to_owned());
    }
    if address.parse::<Ipv6Addr>().is_err() {
        return Err(format!(
            "invalid host: ParseAddr({}): unable to parse IP",
            quoted(&text)
        ));
    }
    let mut out = vec![b'['];
    out.extend(name);
    out.push(b']');
    out.extend(unescape(&host.as_bytes()[end + 1..], Mode::Host)?);
    Ok(out)
}

fn check_port(port: &str) -> std::result::Result<(), String> {
    let valid = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if valid {
        Ok(())
    } else {
        Err(format!("invalid port {} after host", quoted(port)))
    }
}

/// The host without port and brackets.
fn hostname(host: &[u8]) -> &[u8] {
    let is_port = |port: &[u8]| port.iter().all(u8::is_ascii_digit);
    let without_port = match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if is_port(&host[colon + 1..]) => &host[..colon],
        _ => host,
    };
    match without_port {
        [b'[', inner @ .., b']'] => inner,
        other => other,
    }
}

fn unescape(text: &[u8], mode: Mode) -> std::result::Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        if byte == b'%' {
            let part = &text[at..text.len().min(at + 3)];
            let bad = || format!("invalid URL escape {}", quoted(&String::from_utf8_lossy(part)));
            let digits = std::str::from_utf8(part.get(1..3).ok_or_else(bad)?).map_err(|_| bad())?;
            let value = u8::from_str_radix(digits, 16)
                .ok()
                .filter(|_| !digits.starts_with('+'))
                .ok_or_else(bad)?;
            if mode == Mode::Host && value < 0x80 && part != b"%25" {
                return Err(bad());
            }
            if mode == Mode::Zone && part != b"%25" && value != b' ' && escapes(value, Mode::Host) {
                return Err(bad());
            }
            out.push(value);
            at += 3;
        } else {
            if matches!(mode, Mode::Host | Mode::Zone) && byte < 0x80 && escapes(byte, mode) {
                return Err(format!(
                    "invalid character {} in host name",
                    quoted(&char::from(byte).to_string())
                ));
            }
            out.push(byte);
            at += 1;
        }
    }
    Ok(out)
}

fn escapes(byte: u8, mode: Mode) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']'
        | b'<' | b'>' | b'"'
            if matches!(mode, Mode::Host | Mode::Zone) =>
        {
            false
        }
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match mode {
            Mode::Path => byte == b'?',
            Mode::User => matches!(byte, b'@' | b'/' | b'?' | b':'),
            _ => false,
        },
        b'!' | b'(' | b')' | b'*' => mode != Mode::Fragment,
        _ => true,
    }
}

fn escape(text: &[u8], mode: Mode) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text {
        if escapes(*byte, mode) {
            let _ = write!(out, "%{byte:02X}");
        } else {
            out.push(char::from(*byte));
        }
    }
    out
}

fn user_text((name, password): &(Vec<u8>, Option<Vec<u8>>)) -> String {
    let mut out = escape(name, Mode::User);
    if let Some(password) = password {
        out.push(':');
        out.push_str(&escape(password, Mode::User));
    }
    out
}

impl Url {
    fn join(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        if self.opaque.is_empty() {
            let some = !self.host.is_empty() || self.user.is_some();
            if some || (!self.scheme.is_empty() && !self.path.is_empty()) {
                out.push_str("//");
            }
            if let Some(user) = &self.user {
                out.push_str(&user_text(user));
                out.push('@');
            }
            out.push_str(&escape(&self.host, Mode::Host));
            let path = if self.path == b"*" {
                "*".to_owned()
            } else {
                escape(&self.path, Mode::Path)
            };
            if !path.is_empty() && !path.starts_with('/') && !self.host.is_empty() {
                out.push('/');
            }
            if out.is_empty()
                && path
                    .split('/')
                    .next()
                    .is_some_and(|segment| segment.contains(':'))
            {
                out.push_str("./");
            }
            out.push_str(&path);
        } else {
            out.push_str(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push('?');
            out.push_str(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&escape(&self.fragment, Mode::Fragment));
        }
        out
    }
}
