//! Why a cluster's Secret or kubeconfig cannot be read. No error holds a credential.

/// Why a cluster's Secret or kubeconfig cannot be read.
///
/// Texts from inside a credential never get here: not even a parser's message, which may quote its input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterSecretError {
    /// The Secret has no name.
    #[error("a cluster Secret has no metadata.name")]
    Unnamed,
    /// The Secret is not one of a cluster.
    #[error("Secret {secret} is not a cluster's: expected the label argocd.argoproj.io/secret-type=cluster")]
    NotACluster {
        /// The Secret's name.
        secret: String,
    },
    /// A key is missing.
    #[error("Secret {secret} has no key `{key}`; expected {expected}")]
    Missing {
        /// The Secret's name.
        secret: String,
        /// The key.
        key: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// A key holds something else than expected.
    #[error("key `{key}` of Secret {secret} cannot be read: expected {expected}")]
    Unreadable {
        /// The Secret's name.
        secret: String,
        /// The key.
        key: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// The kubeconfig is not one.
    #[error("the kubeconfig of cluster {cluster} cannot be read: expected {expected}")]
    Kubeconfig {
        /// The cluster.
        cluster: String,
        /// What should be there.
        expected: &'static str,
    },
    /// The kubeconfig refers to something it does not hold.
    #[error("the kubeconfig of cluster {cluster} has no {what} named `{name}`")]
    Dangling {
        /// The cluster.
        cluster: String,
        /// `context`, `cluster` or `user`.
        what: &'static str,
        /// The name referred to.
        name: String,
    },
    /// The kubeconfig refers to files, which another machine does not have.
    #[error(
        "the kubeconfig of cluster {cluster} refers to a file in `{field}`; expected the content itself in `{field}-data` or a token"
    )]
    FileReference {
        /// The cluster.
        cluster: String,
        /// The field.
        field: &'static str,
    },
}
