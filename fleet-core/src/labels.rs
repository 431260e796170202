//! Labels, with Kubernetes' rules for their keys and values.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The labels of a cluster, validated as the Kubernetes API validates `metadata.labels`.
///
/// ```
/// use fleet_core::Labels;
///
/// let labels = Labels::from_pairs([("env", "production"), ("tier", "gold")])?;
/// assert_eq!(labels.get("tier"), Some("gold"));
/// assert!(Labels::from_pairs([("env", "pro duction")]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// No labels.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Labels from pairs of key and value; of two values for one key, the later one counts.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, LabelError>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut labels = Self::new();
        for (key, value) in pairs {
            labels.insert(key, value)?;
        }
        Ok(labels)
    }

    /// Sets a label, and returns the value it had.
    pub fn insert(
        &mut self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Option<String>, LabelError> {
        let (key, value) = (key.into(), value.into());
        check_key(&key)?;
        check_value(&key, &value)?;
        Ok(self.0.insert(key, value))
    }

    /// Removes a label, and returns the value it had.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether there is a label with this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = LabelError;

    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, LabelError> {
        for (key, value) in &labels {
            check_key(key)?;
            check_value(key, value)?;
        }
        Ok(Self(labels))
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        labels.0
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `env=production,tier=gold`: the form that `kubectl get --show-labels` prints.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{key}={value}")?;
        }
        Ok(())
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<String, String>::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}

/// A label that the Kubernetes API would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A key that is not `name` or `prefix/name`.
    #[error(
        "label key `{key}` is not valid; expected `name` or `prefix/name`: the name at most 63 letters, digits, `-`, `_` \
         and `.`, with a letter or digit at both ends, the prefix a DNS subdomain"
    )]
    Key {
        /// The key.
        key: String,
    },
    /// A value that is not empty and not at most 63 letters, digits, `-`, `_` and `.`.
    #[error(
        "value `{value}` of label `{key}` is not valid; expected at most 63 letters, digits, `-`, `_` and `.`, with a \
         letter or digit at both ends"
    )]
    Value {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
}

/// Whether `key` may be a label's key.
pub(crate) fn check_key(key: &str) -> Result<(), LabelError> {
    let is_valid = match key.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_qualified_name(name),
        None => is_qualified_name(key),
    };
    if is_valid {
        Ok(())
    } else {
        Err(LabelError::Key { key: key.to_owned() })
    }
}

/// Whether `value` may be the value of a label.
pub(crate) fn check_value(key: &str, value: &str) -> Result<(), LabelError> {
    if value.is_empty() || is_qualified_name(value) {
        Ok(())
    } else {
        Err(LabelError::Value {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

fn is_qualified_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=63).contains(&bytes.len())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

fn is_subdomain(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.split('.').all(|label| {
            let bytes = label.as_bytes();
            bytes
                .iter()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
                && bytes.first().is_some_and(|b| *b != b'-')
                && bytes.last().is_some_and(|b| *b != b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_as_the_api_server_takes_them() {
        for good in [
            "env",
            "a",
            "A.b_c-d",
            "cluster.x-k8s.io/cluster-name",
            "0/0",
            &"k".repeat(63),
        ] {
            assert_eq!(check_key(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "-a",
            "a-",
            "a/",
            "/a",
            "a/b/c",
            "Prefix/a",
            "a b",
            "é",
            &"k".repeat(64),
            "a..b/c",
        ] {
            assert!(check_key(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_as_the_api_server_takes_them() {
        for good in ["", "production", "v1.31.0", "A_b", &"v".repeat(63)] {
            assert_eq!(check_value("k", good), Ok(()), "{good}");
        }
        for bad in ["-a", "a-", "a/b", "a b", "v1+k3s1", &"v".repeat(64)] {
            assert!(check_value("k", bad).is_err(), "{bad}");
        }
    }
}
