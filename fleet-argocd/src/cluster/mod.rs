//! Clusters as Argo CD registers them: Secrets with credentials.

mod access;
mod config;
#[cfg(feature = "kube")]
mod connection;
mod error;
mod kubeconfig;
#[cfg(feature = "kube")]
mod registry;
mod secret;
#[cfg(feature = "kube")]
mod spoke_client;

pub use access::SpokeAccess;
pub use config::{AwsAuth, ClusterConfig, ExecAuth, TlsClientConfig};
#[cfg(feature = "kube")]
pub use connection::{ClusterConnector, ClusterStatus, ClusterTable, ConnectionStatus, OwnCredentials};
pub use error::ClusterSecretError;
pub use kubeconfig::{LabelFilter, spoke};
#[cfg(feature = "kube")]
pub use registry::{ClusterRegistry, Registered, RegistryError, SecretChange};
pub use secret::{ClusterSecret, ClusterSummary, IN_CLUSTER_SERVER, SECRET_TYPE_LABEL};
#[cfg(feature = "kube")]
pub use spoke_client::Spoke;

pub(crate) use secret::secret_text;
