//! The API versions that references of v1beta1 need.

use std::collections::BTreeMap;

use crate::object::Object;

/// Which API version a reference of v1beta1 says for a kind: the newest that follows Cluster API's contract.
///
/// The default knows the kinds of this crate; a provider of one's own is added with [`ApiVersions::with`].
///
/// ```
/// use fleet_capi::conversion::ApiVersions;
///
/// let versions = ApiVersions::default().with("infrastructure.example.com", "ExampleCluster", "v1");
/// assert_eq!(
///     versions.of("infrastructure.example.com", "ExampleCluster").as_deref(),
///     Some("infrastructure.example.com/v1")
/// );
/// assert_eq!(
///     versions.of("cluster.x-k8s.io", "Machine").as_deref(),
///     Some("cluster.x-k8s.io/v1beta2")
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiVersions(BTreeMap<(String, String), String>);

impl ApiVersions {
    /// Knows no kind.
    pub fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Knows one kind more, or another version of one it knows.
    pub fn with(
        mut self,
        group: impl Into<String>,
        kind: impl Into<String>,
        version: impl Into<String>,
    ) -> Self {
        self.0.insert((group.into(), kind.into()), version.into());
        self
    }

    /// The `apiVersion` of a kind, if it is known.
    pub fn of(&self, group: &str, kind: &str) -> Option<String> {
        let version = self.0.get(&(group.to_owned(), kind.to_owned()))?;
        Some(format!("{group}/{version}"))
    }
}

impl Default for ApiVersions {
    fn default() -> Self {
        let mut newest = BTreeMap::new();
        for known in Object::KINDS {
            let (group, version) = known.api_version.split_once('/').unwrap_or_default();
            let held = newest
                .entry((group.to_owned(), known.kind.to_owned()))
                .or_insert_with(|| version.to_owned());
            if held.as_str() < version {
                version.clone_into(held);
            }
        }
        Self(newest)
    }
}
