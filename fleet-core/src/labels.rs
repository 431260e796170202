//! Labels, with Kubernetes' rules for their keys and values.

use std::cmp::Ordering;
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
///
/// They are kept in one piece of text, which is what reading those of a hundred thousand clusters wants: setting one
/// label copies all of them.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Labels(
    /// `env=production,tier=gold`, in the order of the keys. Neither keys nor values can hold `=` or `,`.
    String,
);

impl Labels {
    /// No labels.
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// Labels from pairs of key and value; of two values for one key, the later one counts.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self, LabelError>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut labels = BTreeMap::new();
        for (key, value) in pairs {
            let (key, value) = (key.into(), value.into());
            check(&key, &value)?;
            labels.insert(key, value);
        }
        Ok(Self::pack(&labels))
    }

    /// Sets a label, and returns the value it had.
    pub fn insert(
        &mut self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Option<String>, LabelError> {
        let (key, value) = (key.into(), value.into());
        check(&key, &value)?;
        let mut labels: BTreeMap<&str, &str> = self.iter().collect();
        let before = labels.insert(&key, &value).map(str::to_owned);
        *self = Self::pack(&labels);
        Ok(before)
    }

    /// Removes a label, and returns the value it had.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let before = self.get(key)?.to_owned();
        let rest: BTreeMap<&str, &str> = self.iter().filter(|(other, _)| *other != key).collect();
        *self = Self::pack(&rest);
        Some(before)
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        let (initial, mut rest) = (key.bytes().next()?, self.0.as_str());
        loop {
            match rest.bytes().next()?.cmp(&initial) {
                Ordering::Less => {}
                // `env=production,tier` is no key, whatever stands before the next `=`.
                Ordering::Equal if !key.contains('=') => {
                    if let Some(value) = rest.strip_prefix(key).and_then(|rest| rest.strip_prefix('=')) {
                        return value.split(',').next();
                    }
                }
                // The keys behind it come later still.
                Ordering::Equal | Ordering::Greater => return None,
            }
            let comma = rest.bytes().position(|byte| byte == b',')?;
            rest = rest.get(comma + 1..)?;
        }
    }

    /// Whether there is a label with this key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Keys and values, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.split(',').filter_map(|label| label.split_once('='))
    }

    /// How many labels there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts checked labels into one text.
    fn pack<T: AsRef<str>>(labels: &BTreeMap<T, T>) -> Self {
        let parts = labels.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
        let length = parts
            .clone()
            .map(|(key, value)| key.len() + value.len() + 2)
            .sum();
        let mut text = String::with_capacity(length);
        for (key, value) in parts {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(key);
            text.push('=');
            text.push_str(value);
        }
        Self(text)
    }
}

impl TryFrom<BTreeMap<String, String>> for Labels {
    type Error = LabelError;

    fn try_from(labels: BTreeMap<String, String>) -> Result<Self, LabelError> {
        for (key, value) in &labels {
            check(key, value)?;
        }
        Ok(Self::pack(&labels))
    }
}

impl From<Labels> for BTreeMap<String, String> {
    fn from(labels: Labels) -> Self {
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        labels.iter().map(owned).collect()
    }
}

/// Label by label, in the order of the keys.
impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// `env=production,tier=gold`: the form that `kubectl get --show-labels` prints.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<String, String>::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}

fn check(key: &str, value: &str) -> Result<(), LabelError> {
    check_key(key)?;
    check_value(key, value)
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
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    proptest! {
        /// Whatever was set and removed: what a map of the same would hold.
        #[test]
        fn labels_are_a_map(
            start in btree_map("[a-c](-[ab])?", "[xy]{0,2}", 0..5),
            steps in vec(("[a-c](-[ab])?", proptest::option::of("[xy]{0,2}")), 0..8),
            asked in "[a-c=,xy]{0,5}",
        ) {
            let mut map = start;
            let mut labels = Labels::from_pairs(map.clone()).unwrap();
            for (key, value) in steps {
                if let Some(value) = value {
                    prop_assert_eq!(labels.insert(&*key, &*value).unwrap(), map.insert(key, value));
                } else {
                    prop_assert_eq!(labels.remove(&key), map.remove(&key));
                }
            }
            prop_assert_eq!(labels.get(&asked), map.get(&asked).map(String::as_str));
            for (key, value) in &map {
                prop_assert_eq!(labels.get(key), Some(value.as_str()));
            }
            prop_assert_eq!((labels.len(), labels.is_empty()), (map.len(), map.is_empty()));
            prop_assert_eq!(format!("{labels:?}"), format!("{map:?}"));
            prop_assert_eq!(serde_json::to_string(&labels).unwrap(), serde_json::to_string(&map).unwrap());
            prop_assert_eq!(&Labels::try_from(map.clone()).unwrap(), &labels);
            prop_assert_eq!(BTreeMap::from(labels), map);
        }

        /// `a=1` comes before `a-b=1`, as the keys do.
        #[test]
        fn labels_are_in_the_order_of_maps(
            one in btree_map("[a-c](-[ab])?", "[xy]{0,2}", 0..4),
            other in btree_map("[a-c](-[ab])?", "[xy]{0,2}", 0..4),
        ) {
            let labels = |map: &BTreeMap<String, String>| Labels::from_pairs(map.clone()).unwrap();
            prop_assert_eq!(labels(&one).cmp(&labels(&other)), one.cmp(&other));
        }
    }

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
