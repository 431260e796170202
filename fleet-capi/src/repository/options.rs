//! How strictly a repository is read.

use std::path::Path;

use super::{ClusterRepository, RepositoryErrors};

/// How a [`ClusterRepository`] is read. The default refuses whatever it does not understand.
///
/// ```no_run
/// use fleet_capi::repository::{RepositoryOptions, UnknownFields};
///
/// let repository = RepositoryOptions::default()
///     .unknown_fields(UnknownFields::Keep) // a Cluster API newer than our models
///     .open("gitops-repo/clusters")?;
/// # Ok::<(), fleet_capi::repository::RepositoryErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryOptions {
    pub(super) unknown_fields: UnknownFields,
    pub(super) unknown_kinds: UnknownKinds,
    pub(super) references: References,
    pub(super) max_file_bytes: u64,
}

impl Default for RepositoryOptions {
    fn default() -> Self {
        Self {
            unknown_fields: UnknownFields::Refuse,
            unknown_kinds: UnknownKinds::Refuse,
            references: References::Check,
            max_file_bytes: 4 << 20,
        }
    }
}

impl RepositoryOptions {
    /// What to do about fields that the model of a kind does not have. Default: refuse.
    pub fn unknown_fields(self, unknown_fields: UnknownFields) -> Self {
        Self {
            unknown_fields,
            ..self
        }
    }

    /// What to do about kinds that have no model. Default: refuse.
    pub fn unknown_kinds(self, unknown_kinds: UnknownKinds) -> Self {
        Self {
            unknown_kinds,
            ..self
        }
    }

    /// Whether what an object refers to must stand in the repository. Default: check.
    pub fn references(self, references: References) -> Self {
        Self { references, ..self }
    }

    /// The largest file that is read, in bytes. Default: 4 MiB.
    pub fn max_file_bytes(self, max_file_bytes: u64) -> Self {
        Self {
            max_file_bytes,
            ..self
        }
    }

    /// Reads the repository at a path: the directory that holds one directory for each cluster.
    ///
    /// # Errors
    /// Everything that is wrong with it, not only the first thing.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<ClusterRepository, RepositoryErrors> {
        ClusterRepository::read(path.as_ref(), self)
    }
}

/// What to do about a field without a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownFields {
    /// An error, with the field that was probably meant: the API server would drop it without a word.
    #[default]
    Refuse,
    /// Kept, as every typed object keeps it: for a Cluster API newer than the models.
    Keep,
}

/// What to do about a kind without a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownKinds {
    /// An error, with the kind that was probably meant.
    #[default]
    Refuse,
    /// Kept as it is, unread: it can still be referred to.
    Keep,
}

/// What to do about references between objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum References {
    /// A reference to an object that is not in the repository is an error.
    #[default]
    Check,
    /// Objects may stand elsewhere: templates that a platform team keeps in the management cluster.
    Unchecked,
}
