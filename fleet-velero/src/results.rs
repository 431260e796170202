//! The results file of a backup or a restore: warnings and errors, by namespace.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a `BackupResults` or `RestoreResults` file holds. That a restore is Completed says less than its warnings.
///
/// ```
/// use fleet_velero::Results;
///
/// let results: Results = serde_json::from_str(
///     r#"{"errors": {}, "warnings": {"namespaces": {"shop": ["could not restore, ConfigMap:web already exists. Warning: the in-cluster version is different than the backed-up version"]}}}"#,
/// )?;
/// assert_eq!(results.not_restored().collect::<Vec<_>>(), [("shop", "ConfigMap:web")]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Results {
    /// What went wrong.
    pub errors: Messages,
    /// What was not as it was meant.
    pub warnings: Messages,
}

/// Messages, by where they are from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Messages {
    /// Of Velero itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub velero: Vec<String>,
    /// Of cluster-scoped objects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cluster: Vec<String>,
    /// Of the objects of each namespace.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub namespaces: BTreeMap<String, Vec<String>>,
}

impl Messages {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.velero.len() + self.cluster.len() + self.namespaces.values().map(Vec::len).sum::<usize>()
    }
}

impl Results {
    /// The objects that were there already, differ, and were therefore not restored: namespace and `Kind:name`.
    pub fn not_restored(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.warnings.namespaces.iter();
        let each =
            all.flat_map(|(namespace, messages)| messages.iter().map(move |message| (namespace, message)));
        each.filter_map(|(namespace, message)| {
            let object = message.strip_prefix("could not restore, ")?;
            let (object, _) = object.split_once(" already exists")?;
            Some((namespace.as_str(), object))
        })
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} errors, {} warnings",
            self.errors.count(),
            self.warnings.count()
        )?;
        for (what, messages) in [("error", &self.errors), ("warning", &self.warnings)] {
            for message in messages.velero.iter().chain(&messages.cluster) {
                write!(f, "\n  {what}: {message}")?;
            }
            for (namespace, messages) in &messages.namespaces {
                for message in messages {
                    write!(f, "\n  {what} in {namespace}: {message}")?;
                }
            }
        }
        Ok(())
    }
}
