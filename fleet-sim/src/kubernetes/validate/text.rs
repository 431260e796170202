//! Which texts are labels, names and keys, and how Kubernetes words a refusal.

const MAX_NAME: usize = 63;
const MAX_SUBDOMAIN: usize = 253;

const DNS_LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
     and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
     and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
     validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const NAME_PART: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

pub(crate) fn is_dns_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

pub(super) fn dns_label_violation(text: &str) -> Option<String> {
    if text.len() > MAX_NAME {
        return Some(format!("must be no more than {MAX_NAME} bytes"));
    }
    if text.contains('.') && text.split('.').all(is_dns_label) {
        return Some("must not contain dots".to_owned());
    }
    (!is_dns_label(text)).then(|| DNS_LABEL.to_owned())
}

pub(super) fn subdomain_violation(text: &str) -> Option<String> {
    if text.len() > MAX_SUBDOMAIN {
        return Some(format!("must be no more than {MAX_SUBDOMAIN} bytes"));
    }
    (!text.split('.').all(is_dns_label)).then(|| SUBDOMAIN.to_owned())
}

/// What is wrong with the value of a label.
pub(crate) fn label_value_violation(value: &str) -> Option<&'static str> {
    if value.len() > MAX_NAME {
        return Some("must be no more than 63 bytes");
    }
    (!value.is_empty() && !is_name_part(value)).then_some(LABEL_VALUE)
}

/// What is wrong with the key of a label: `example.com/name`.
pub(crate) fn label_key_violations(key: &str) -> Vec<String> {
    name_violations(key, "a valid label key")
}

/// What is wrong with the key of an annotation, or the name of a finalizer.
pub(crate) fn qualified_name_violations(key: &str) -> Vec<String> {
    name_violations(key, "a qualified name")
}

fn name_violations(key: &str, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    let parts: Vec<&str> = key.split('/').collect();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                found.push("prefix part must be non-empty".to_owned());
            } else if let Some(detail) = subdomain_violation(prefix) {
                found.push(format!("prefix part {detail}"));
            }
            *name
        }
        _ => {
            return vec![format!(
                "{what} {NAME_PART} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        found.push("name part must be non-empty".to_owned());
    } else if name.len() > MAX_NAME {
        found.push(format!("name part must be no more than {MAX_NAME} bytes"));
    }
    if !is_name_part(name) {
        found.push(format!("name part {NAME_PART}"));
    }
    found
}

fn is_name_part(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    text.bytes().all(inner) && edge(text.bytes().next()) && edge(text.bytes().last())
}

/// What is wrong with a key of a config map or a secret.
pub(super) fn config_key_violation(key: &str) -> Option<String> {
    if key.len() > MAX_SUBDOMAIN {
        return Some(format!("must be no more than {MAX_SUBDOMAIN} bytes"));
    }
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if key.is_empty() || !key.bytes().all(inner) {
        return Some(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or \
             'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    match key {
        "." => Some("must not be '.'".to_owned()),
        ".." => Some("must not be '..'".to_owned()),
        _ if key.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// What is wrong with the name of a port.
pub(super) fn port_name_violations(name: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    if name.len() > 15 {
        found.push("must be no more than 15 bytes");
    }
    if !name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    {
        found.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        found.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        found.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        found.push("must not begin or end with a hyphen");
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_one_prefix_at_most() {
        for good in ["a", "example.com/name", "a_b.C-1", "app.kubernetes.io/name"] {
            assert_eq!(qualified_name_violations(good), Vec::<String>::new(), "{good}");
        }
        for bad in ["", "/a", "a/", "a/b/c", "-a", "Upper.com/x", "ä"] {
            assert!(!qualified_name_violations(bad).is_empty(), "{bad}");
        }
    }

    #[test]
    fn ports_are_named_as_services_are() {
        assert!(port_name_violations("http-2").is_empty());
        assert_eq!(port_name_violations("--1").len(), 3);
        assert_eq!(port_name_violations("a-name-that-is-too-long").len(), 1);
    }
}
