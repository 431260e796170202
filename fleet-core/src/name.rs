//! Cluster names, validated once.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a cluster in a fleet.
///
/// A `ClusterName` is always a DNS-1123 subdomain of at most 63 characters. The subdomain is what the Kubernetes
/// API requires of an object's `metadata.name`; the 63 characters are what Cluster API requires on top, because the
/// name becomes the value of the label `cluster.x-k8s.io/cluster-name` on every object of the cluster.
///
/// Cloning is cheap: the text is shared.
///
/// ```
/// use fleet_core::ClusterName;
///
/// let name: ClusterName = "production-eu-west".parse()?;
/// assert_eq!(name.as_str(), "production-eu-west");
/// assert!("Production_EU".parse::<ClusterName>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName(Arc<str>);

impl ClusterName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check(text)?;
        Ok(Self(Arc::from(text)))
    }
}

impl TryFrom<&str> for ClusterName {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, NameError> {
        text.parse()
    }
}

impl TryFrom<String> for ClusterName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl AsRef<str> for ClusterName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ClusterName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for ClusterName {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for ClusterName {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for ClusterName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClusterName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for ClusterName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClusterName".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_LENGTH })
    }
}

/// Why a text is not the name of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is empty.
    #[error("a cluster's name is empty; expected lower-case letters, digits, `-` and `.`")]
    Empty,
    /// The text is longer than 63 characters.
    #[error(
        "cluster name `{found}` has {length} characters; at most 63 fit into the label cluster.x-k8s.io/cluster-name"
    )]
    TooLong {
        /// The text.
        found: String,
        /// Its length in characters.
        length: usize,
    },
    /// A character that no DNS-1123 subdomain has, or one that stands where it may not.
    #[error(
        "cluster name `{found}` has {character:?} as its character {position}; expected lower-case letters, digits, `-` \
         and `.`, with a letter or digit at both ends and on both sides of each `.`"
    )]
    Character {
        /// The text.
        found: String,
        /// The offending character.
        character: char,
        /// Its place, counted from 1.
        position: usize,
    },
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    let length = text.chars().count();
    if length > MAX_LENGTH {
        return Err(NameError::TooLong {
            found: text.to_owned(),
            length,
        });
    }
    let is_alphanumeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let mut before = None;
    let mut characters = text.chars().enumerate().peekable();
    while let Some((index, character)) = characters.next() {
        let after = characters.peek().map(|(_, c)| *c);
        let fits = match character {
            'a'..='z' | '0'..='9' => true,
            '-' => before.is_some_and(|c| c != '.') && after.is_some_and(|c| c != '.'),
            '.' => is_alphanumeric(before) && is_alphanumeric(after),
            _ => false,
        };
        if !fits {
            return Err(NameError::Character {
                found: text.to_owned(),
                character,
                position: index + 1,
            });
        }
        before = Some(character);
    }
    Ok(())
}

const MAX_LENGTH: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_kubernetes_and_cluster_api_accept() {
        for good in [
            "a",
            "0",
            "production-eu-west",
            "prod.eu-west.example",
            "a--b",
            &"x".repeat(63),
        ] {
            assert_eq!(good.parse::<ClusterName>().unwrap(), *good);
        }
    }

    #[test]
    fn refuses_with_the_place() {
        for (bad, position) in [
            ("-a", 1),
            ("a-", 2),
            ("Prod", 1),
            ("a..b", 2),
            ("a-.b", 2),
            ("a.-b", 2),
            ("a_b", 2),
            ("é", 1),
            ("a.", 2),
        ] {
            match bad.parse::<ClusterName>() {
                Err(NameError::Character { position: found, .. }) => assert_eq!(found, position, "{bad}"),
                other => panic!("{bad}: {other:?}"),
            }
        }
        assert_eq!("".parse::<ClusterName>(), Err(NameError::Empty));
        assert!(matches!(
            "x".repeat(64).parse::<ClusterName>(),
            Err(NameError::TooLong { length: 64, .. })
        ));
    }
}
