//! Versions of what is installed in a cluster.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A release of Cilium or Submariner: `1.18.4`, with or without a `v`, written as it stands in an image's tag (`v1.18.4`).
///
/// ```
/// use fleet_mesh::ReleaseVersion;
///
/// let version: ReleaseVersion = "1.18.4".parse()?;
/// assert_eq!(version.to_string(), "v1.18.4");
/// assert_eq!(version.minor(), (1, 18));
/// assert!("1.18".parse::<ReleaseVersion>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseVersion(semver::Version);

impl ReleaseVersion {
    /// A release.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self(semver::Version::new(major, minor, patch))
    }

    /// Major and minor: what compatibility is promised between.
    pub fn minor(&self) -> (u64, u64) {
        (self.0.major, self.0.minor)
    }

    /// How many minors apart two releases are; `None` between majors.
    pub fn minors_apart(&self, other: &Self) -> Option<u64> {
        (self.0.major == other.0.major).then(|| self.0.minor.abs_diff(other.0.minor))
    }
}

impl FromStr for ReleaseVersion {
    type Err = ReleaseVersionError;

    fn from_str(text: &str) -> Result<Self, ReleaseVersionError> {
        let number = text.strip_prefix('v').unwrap_or(text);
        semver::Version::parse(number)
            .map(Self)
            .map_err(|_| ReleaseVersionError {
                found: text.to_owned(),
            })
    }
}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("v{}", self.0))
    }
}

impl Serialize for ReleaseVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReleaseVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A text that is no release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found `{found}`, expected a complete release such as `v1.18.4`")]
pub struct ReleaseVersionError {
    /// The text.
    pub found: String,
}
