//! Kubernetes versions as clusters, manifests and vendors write them.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A Kubernetes version: `v1.30.4`, with a pre-release (`v1.32.0-rc.1`) or a vendor's suffix (`v1.30.4-eks-a737599`,
/// `v1.31.2+k3s1`, `v1.33.1-gke.1386000`) where there is one.
///
/// # Parsing and printing
///
/// The leading `v` may be missing; it is always printed. All of major, minor and patch are required: `1.31` names a
/// minor version ([`MinorVersion`]), not something a control plane can run.
///
/// What follows a `-` is a pre-release when it starts with `alpha`, `beta` or `rc`, as Kubernetes' own releases do,
/// and a vendor's suffix otherwise. Semantic versioning would sort `v1.30.4-eks-a737599` *before* `v1.30.4`; it is
/// the same release, patched by the vendor.
///
/// # Comparing
///
/// Versions are ordered by release, pre-release and then suffix (none first, numeric parts by value), so that equal
/// means identical. [`same_release`](Self::same_release) leaves the suffix out: it answers whether a kubelet that
/// reports `v1.31.0-eks-1a2b3c` runs the wanted `v1.31.0`.
///
/// ```
/// use fleet_core::KubernetesVersion;
///
/// let node: KubernetesVersion = "v1.30.4-eks-a737599".parse()?;
/// let wanted: KubernetesVersion = "1.31.0".parse()?;
/// assert_eq!(wanted.to_string(), "v1.31.0");
/// assert!(node < wanted);
/// assert_eq!(node.minor_distance(&wanted), 1);
/// assert!(node.same_release(&KubernetesVersion::new(1, 30, 4)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KubernetesVersion {
    major: u64,
    minor: u64,
    patch: u64,
    pre_release: Prerelease,
    /// Boxed, since few versions have one and many versions are held.
    suffix: Option<Box<Suffix>>,
}

impl KubernetesVersion {
    /// A release without pre-release or suffix.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self {
            major,
            minor,
            patch,
            pre_release: Prerelease::EMPTY,
            suffix: None,
        }
    }

    /// The major version: 1.
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The minor version: 31 in `v1.31.2`.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The patch release: 2 in `v1.31.2`.
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// The pre-release, without its `-`: `rc.1`.
    pub fn pre_release(&self) -> Option<&str> {
        (!self.pre_release.is_empty()).then(|| self.pre_release.as_str())
    }

    /// The vendor's suffix or build metadata, without its `-` or `+`: `eks-a737599`, `k3s1`.
    pub fn suffix(&self) -> Option<&str> {
        self.suffix.as_ref().map(|suffix| suffix.text.as_str())
    }

    /// Major and minor: `1.31`.
    pub fn minor_version(&self) -> MinorVersion {
        MinorVersion {
            major: self.major,
            minor: self.minor,
        }
    }

    /// How many minor versions lie between this version and `to`: positive when `to` is newer.
    ///
    /// Across major versions there is no such number; the distance is then [`i64::MAX`] or [`i64::MIN`], which no
    /// policy accepts.
    pub fn minor_distance(&self, to: &Self) -> i64 {
        self.minor_version().distance(to.minor_version())
    }

    /// Whether both are the same upstream release, whatever vendors append.
    pub fn same_release(&self, other: &Self) -> bool {
        self.cmp_release(other).is_eq()
    }

    /// The same release without the vendor's suffix.
    pub fn release(&self) -> Self {
        Self {
            suffix: None,
            ..self.clone()
        }
    }

    fn cmp_release(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| self.pre_release.cmp(&other.pre_release))
    }
}

impl Ord for KubernetesVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_release(other)
            .then_with(|| self.suffix.cmp(&other.suffix))
    }
}

impl PartialOrd for KubernetesVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refuse = |reason| VersionError {
            found: text.to_owned(),
            reason,
        };
        let bare = text.strip_prefix('v').unwrap_or(text);
        if let Ok(minor) = bare.parse::<MinorVersion>() {
            return Err(refuse(VersionProblem::NoPatch(minor)));
        }
        let version = semver::Version::parse(bare).map_err(|_| refuse(VersionProblem::NotAVersion))?;
        let (pre_release, vendor) = if is_upstream_pre_release(&version.pre) {
            (version.pre, None)
        } else {
            let vendor = (!version.pre.is_empty()).then(|| version.pre.as_str().to_owned());
            (Prerelease::EMPTY, vendor)
        };
        let suffix = match (vendor, version.build.is_empty()) {
            (Some(vendor), true) => Some(Suffix {
                separator: '-',
                text: vendor,
            }),
            (Some(vendor), false) => Some(Suffix {
                separator: '-',
                text: format!("{vendor}+{}", version.build),
            }),
            (None, false) => Some(Suffix {
                separator: '+',
                text: version.build.as_str().to_owned(),
            }),
            (None, true) => None,
        }
        .map(Box::new);
        Ok(Self {
            major: version.major,
            minor: version.minor,
            patch: version.patch,
            pre_release,
            suffix,
        })
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        let mut text = format!("v{}.{}.{}", self.major, self.minor, self.patch);
        if !self.pre_release.is_empty() {
            write!(text, "-{}", self.pre_release)?;
        }
        if let Some(suffix) = &self.suffix {
            write!(text, "{}{}", suffix.separator, suffix.text)?;
        }
        f.pad(&text)
    }
}

impl fmt::Debug for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for KubernetesVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KubernetesVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for KubernetesVersion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KubernetesVersion".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?$",
        })
    }
}

/// A minor version of Kubernetes, `1.31`: what has a support period, and what a version-skew policy counts.
///
/// ```
/// use fleet_core::MinorVersion;
///
/// let minor: MinorVersion = "v1.31".parse()?;
/// assert_eq!(minor, MinorVersion::new(1, 31));
/// assert_eq!(minor.next().to_string(), "1.32");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinorVersion {
    /// 1, so far.
    pub major: u64,
    /// 31 in `1.31`.
    pub minor: u64,
}

impl MinorVersion {
    /// Major and minor.
    pub const fn new(major: u64, minor: u64) -> Self {
        Self { major, minor }
    }

    /// The minor version after this one.
    pub const fn next(self) -> Self {
        Self {
            major: self.major,
            minor: self.minor.saturating_add(1),
        }
    }

    /// How many minor versions `to` is ahead; negative when it is behind. See
    /// [`KubernetesVersion::minor_distance`] for versions of different majors.
    pub fn distance(self, to: Self) -> i64 {
        match to.major.cmp(&self.major) {
            Ordering::Greater => i64::MAX,
            Ordering::Less => i64::MIN,
            Ordering::Equal => {
                let distance = i128::from(to.minor) - i128::from(self.minor);
                i64::try_from(distance).unwrap_or(if distance > 0 { i64::MAX } else { i64::MIN })
            }
        }
    }
}

impl FromStr for MinorVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let number = |part: &str| {
            let canonical =
                part == "0" || (!part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()));
            canonical.then(|| part.parse().ok()).flatten()
        };
        text.strip_prefix('v')
            .unwrap_or(text)
            .split_once('.')
            .and_then(|(major, minor)| {
                Some(Self {
                    major: number(major)?,
                    minor: number(minor)?,
                })
            })
            .ok_or_else(|| VersionError {
                found: text.to_owned(),
                reason: VersionProblem::NotAMinorVersion,
            })
    }
}

impl fmt::Display for MinorVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.major, self.minor))
    }
}

impl Serialize for MinorVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MinorVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A text that is not a Kubernetes version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` {reason}")]
pub struct VersionError {
    /// The text.
    pub found: String,
    /// What is wrong with it, and what was expected.
    pub reason: VersionProblem,
}

/// What is wrong with a version's text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum VersionProblem {
    /// Not of the form `v1.31.2`.
    NotAVersion,
    /// Only a minor version: the patch release is missing.
    NoPatch(MinorVersion),
    /// Not of the form `1.31`.
    NotAMinorVersion,
}

impl fmt::Display for VersionProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAVersion => f.write_str("is not a Kubernetes version; expected something like v1.31.2"),
            Self::NoPatch(minor) => {
                write!(
                    f,
                    "names a minor version without a patch release; write v{minor}.0 or the patch release you mean"
                )
            }
            Self::NotAMinorVersion => {
                f.write_str("is not a minor version of Kubernetes; expected something like 1.31")
            }
        }
    }
}

/// What a vendor appends to a release, with the character that leads it in.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Suffix {
    separator: char,
    text: String,
}

impl Ord for Suffix {
    fn cmp(&self, other: &Self) -> Ordering {
        // semver orders build metadata by its dot-separated parts, numbers by value; `gke.1386000` > `gke.1386`.
        // A suffix that is not valid build metadata cannot be (it was part of a valid version), text order is the
        // total fallback.
        let key = |suffix: &Self| BuildMetadata::new(&suffix.text.replace('+', ".")).ok();
        key(self)
            .cmp(&key(other))
            .then_with(|| self.text.cmp(&other.text))
            .then(self.separator.cmp(&other.separator))
    }
}

impl PartialOrd for Suffix {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn is_upstream_pre_release(pre: &Prerelease) -> bool {
    ["alpha", "beta", "rc"].iter().any(|stage| {
        pre.as_str().strip_prefix(stage).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> KubernetesVersion {
        text.parse().unwrap()
    }

    #[test]
    fn reads_vendors_as_they_write() {
        for (text, pre, suffix) in [
            ("v1.30.4-eks-a737599", None, Some("eks-a737599")),
            ("v1.31.2+k3s1", None, Some("k3s1")),
            ("v1.33.1-gke.1386000", None, Some("gke.1386000")),
            ("v1.34.1+vmware.1-fips", None, Some("vmware.1-fips")),
            ("v1.32.0-rc.1", Some("rc.1"), None),
            ("v1.32.0-alpha.0.12+5ab5c4f", Some("alpha.0.12"), Some("5ab5c4f")),
            ("v1.28.3-aliyun.1+build", None, Some("aliyun.1+build")),
        ] {
            let parsed = version(text);
            assert_eq!((parsed.pre_release(), parsed.suffix()), (pre, suffix), "{text}");
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn orders_as_releases_follow_each_other() {
        let ordered = [
            "v1.30.0-alpha.1",
            "v1.30.0-beta.0",
            "v1.30.0-rc.1",
            "v1.30.0",
            "v1.30.0-eks-1",
            "v1.30.4",
            "v1.30.4-gke.9",
            "v1.30.4-gke.10",
            "v1.31.0-rc.0",
            "v1.31.0",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            (
                "1.31",
                "`1.31` names a minor version without a patch release; write v1.31.0 or the patch release you mean",
            ),
            (
                "latest",
                "`latest` is not a Kubernetes version; expected something like v1.31.2",
            ),
            (
                "v1.031.0",
                "`v1.031.0` is not a Kubernetes version; expected something like v1.31.2",
            ),
            (
                "",
                "`` is not a Kubernetes version; expected something like v1.31.2",
            ),
        ] {
            assert_eq!(
                text.parse::<KubernetesVersion>().unwrap_err().to_string(),
                message
            );
        }
    }

    #[test]
    fn distance_never_overflows() {
        let far = KubernetesVersion::new(1, u64::MAX, 0);
        assert_eq!(KubernetesVersion::new(1, 0, 0).minor_distance(&far), i64::MAX);
        assert_eq!(far.minor_distance(&KubernetesVersion::new(1, 0, 0)), i64::MIN);
        assert_eq!(
            KubernetesVersion::new(1, 33, 0).minor_distance(&KubernetesVersion::new(2, 0, 0)),
            i64::MAX
        );
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree(text in "v(0|[1-9][0-9]{0,3})\\.(0|[1-9][0-9]{0,3})\\.(0|[1-9][0-9]{0,3})(-(rc\\.[1-9]|eks-[a-f][0-9]{3}|gke\\.[1-9][0-9]{0,4}))?(\\+[a-z][a-z0-9]{0,5})?") {
            let parsed = version(&text);
            prop_assert_eq!(parsed.to_string(), text.clone());
            prop_assert_eq!(version(&parsed.to_string()), parsed);
        }

        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = text.parse::<KubernetesVersion>();
            let _ = text.parse::<MinorVersion>();
        }
    }
}
