//! Certificates that end soon: TLS Secrets, CA bundles of webhooks, API services and CRDs, cert-manager's Certificates.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};

use super::{At, Subject};
use crate::finding::{Finding, Severity};
use crate::rules;

/// From how long before its end on a certificate is reported.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn check(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    // Without a clock nothing is about to happen.
    let Some(now) = subject.question.now else { return };
    let root = subject.root();
    match (subject.group, subject.kind) {
        ("", "Secret") if root.text("type") == Some("kubernetes.io/tls") => {
            if let Some(at) = root.fields(&["data", "tls.crt"]) {
                bundle(subject, &at, now, findings);
            }
        }
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => {
            for webhook in root.field("webhooks").iter().flat_map(At::items) {
                if let Some(at) = webhook.fields(&["clientConfig", "caBundle"]) {
                    bundle(subject, &at, now, findings);
                }
            }
        }
        ("apiregistration.k8s.io", "APIService") => {
            if let Some(at) = root.fields(&["spec", "caBundle"]) {
                bundle(subject, &at, now, findings);
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            if let Some(at) = root.fields(&["spec", "conversion", "webhook", "clientConfig", "caBundle"]) {
                bundle(subject, &at, now, findings);
            }
        }
        ("cert-manager.io", "Certificate") => {
            if let Some(at) = root.fields(&["status", "notAfter"])
                && let Some(end) = at.str().and_then(|text| text.parse::<Timestamp>().ok())
            {
                judge(subject, &at, end, now, findings);
            }
        }
        _ => {}
    }
}

/// Base64 of PEM, as Kubernetes keeps certificates.
fn bundle(subject: &Subject<'_>, at: &At<'_>, now: Timestamp, findings: &mut Vec<Finding>) {
    let Some(pem) = at.str().and_then(|text| STANDARD.decode(text.trim()).ok()) else {
        return;
    };
    let Ok(pem) = String::from_utf8(pem) else { return };
    let ends = certificates(&pem).filter_map(|der| not_after(&der));
    // Of several CAs, an old one may well have ended: what counts is the newest.
    if let Some(end) = ends.max() {
        judge(subject, at, end, now, findings);
    }
}

fn judge(subject: &Subject<'_>, at: &At<'_>, end: Timestamp, now: Timestamp, findings: &mut Vec<Finding>) {
    let left = end.duration_since(now);
    if left > SOON {
        return;
    }
    let (severity, message) = if left.is_negative() {
        (Severity::Error, format!("the certificate ended at {end}"))
    } else {
        let days = left.as_hours() / 24;
        (
            Severity::Warning,
            format!("the certificate ends at {end}, in {days} days"),
        )
    };
    findings.push(
        subject
            .finding(&rules::CERTIFICATE_EXPIRES, at, message)
            .severity(severity),
    );
}

fn certificates(pem: &str) -> impl Iterator<Item = Vec<u8>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    pem.split(BEGIN).skip(1).filter_map(|rest| {
        let body: String = rest.split("-----END").next()?.split_whitespace().collect();
        STANDARD.decode(body).ok()
    })
}

/// When an X.509 certificate ends: the second time of the validity in its signed part (RFC 5280, 4.1).
fn not_after(der: &[u8]) -> Option<Timestamp> {
    const SEQUENCE: u8 = 0x30;
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut signed, _) = element(certificate, SEQUENCE)?;
    if signed.first() == Some(&0xa0) {
        (_, signed) = element(signed, 0xa0)?;
    }
    (_, signed) = element(signed, 0x02)?;
    (_, signed) = element(signed, SEQUENCE)?;
    (_, signed) = element(signed, SEQUENCE)?;
    let (validity, _) = element(signed, SEQUENCE)?;
    let (_, end) = element(validity, *validity.first()?)?;
    let tag = *end.first()?;
    let (text, _) = element(end, tag)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        // Two digits of the year: 1950 to 2049.
        0x17 => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| text.get(range);
    format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    )
    .parse()
    .ok()
}

/// The content of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = if length & 0x80 == 0 {
        (usize::from(*length), rest)
    } else {
        let count = usize::from(length & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let bytes = rest.get(..count)?;
        let length = bytes
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        (length, rest.get(count..)?)
    };
    (*found == tag).then_some(())?;
    Some((rest.get(..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82];
        out.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        out.extend(content);
        out
    }

    #[test]
    fn the_end_of_a_certificate_is_found_and_nonsense_is_not() {
        let validity = [der(0x17, b"200101000000Z"), der(0x17, b"301231235960Z")].concat();
        let long = [der(0x17, b"200101000000Z"), der(0x18, b"20601231000000Z")].concat();
        let certificate = |validity: &[u8]| {
            let signed = [
                der(0xa0, &der(0x02, &[2])),
                der(0x02, &[1]),
                der(0x30, b""),
                der(0x30, b"issuer"),
                der(0x30, validity),
            ]
            .concat();
            der(0x30, &der(0x30, &signed))
        };
        assert_eq!(
            not_after(&certificate(&long)),
            Some("2060-12-31T00:00:00Z".parse().unwrap())
        );
        assert!(not_after(&certificate(&validity)).is_some());
        let bytes = certificate(&long);
        for end in 0..bytes.len() {
            assert_eq!(not_after(&bytes[..end]), None);
        }
    }
}
