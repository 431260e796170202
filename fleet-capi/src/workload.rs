//! Clients of the workload clusters, from the kubeconfig Secrets that Cluster API keeps for them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fleet_core::ClusterName;
use k8s_openapi::api::core::v1::Secret;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio::time::Instant;

/// Clients of workload clusters, made once and kept until the Secret changes.
///
/// A client is made from the Secret `<cluster>-kubeconfig`, key `value`. The Secret is read again when a client is asked for
/// and the last look is older than [`fresh_for`](Self::fresh_for); the client stays the same as long as the Secret does.
/// Cluster API renews certificates half a year before they end, so minutes are early enough. One that a cluster has
/// refused all the same is read again after [`forget`](Self::forget).
///
/// Nothing of a kubeconfig is in `Debug`, logs or errors. One that would run a program on this host, or read a file of
/// it, is refused: whoever may write a Secret of the management cluster could otherwise do so.
#[derive(Clone)]
pub struct ClusterClients {
    management: Client,
    fresh_for: Duration,
    known: Arc<Mutex<BTreeMap<(String, ClusterName), Known>>>,
}

struct Known {
    client: Client,
    version: Option<String>,
    read: Instant,
}

impl fmt::Debug for ClusterClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = self.known().keys().map(|(_, name)| name.to_string()).collect();
        f.debug_struct("ClusterClients")
            .field("known", &known)
            .finish_non_exhaustive()
    }
}

impl ClusterClients {
    /// Reads the Secrets of a management cluster.
    pub fn new(management: Client) -> Self {
        Self {
            management,
            fresh_for: Duration::from_mins(5),
            known: Arc::default(),
        }
    }

    /// How long a Secret is taken to be as it was read. Default: 5 minutes.
    pub fn fresh_for(self, time: Duration) -> Self {
        Self {
            fresh_for: time,
            ..self
        }
    }

    /// The client of a cluster, by its Cluster's namespace and name.
    ///
    /// Encryption is the final program's choice, as everywhere with `kube`: without one of its TLS features the client
    /// cannot be made.
    pub async fn client(&self, namespace: &str, cluster: &ClusterName) -> Result<Client, WorkloadError> {
        let key = (namespace.to_owned(), cluster.clone());
        let now = Instant::now();
        if let Some(known) = self.known().get(&key)
            && now.duration_since(known.read) < self.fresh_for
        {
            return Ok(known.client.clone());
        }
        let secrets: Api<Secret> = Api::namespaced(self.management.clone(), namespace);
        let secret = secrets.get_opt(&format!("{cluster}-kubeconfig")).await;
        let secret = secret.map_err(|source| WorkloadError::Api {
            cluster: cluster.clone(),
            source: Box::new(source),
        })?;
        let Some(secret) = secret else {
            self.known().remove(&key);
            return Err(WorkloadError::NoSecret {
                cluster: cluster.clone(),
                namespace: namespace.to_owned(),
            });
        };
        let version = secret.metadata.resource_version.clone();
        if let Some(known) = self
            .known()
            .get_mut(&key)
            .filter(|known| known.version == version)
        {
            known.read = now;
            return Ok(known.client.clone());
        }
        let client = client_of(cluster, &secret).await?;
        let known = Known {
            client: client.clone(),
            version,
            read: now,
        };
        self.known().insert(key, known);
        Ok(client)
    }

    /// Reads the Secret again when the client is asked for next: the cluster has refused it, say.
    pub fn forget(&self, namespace: &str, cluster: &ClusterName) {
        self.known().remove(&(namespace.to_owned(), cluster.clone()));
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<(String, ClusterName), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn client_of(cluster: &ClusterName, secret: &Secret) -> Result<Client, WorkloadError> {
    let invalid = |problem| WorkloadError::Invalid {
        cluster: cluster.clone(),
        problem,
    };
    let data = secret.data.as_ref().and_then(|data| data.get("value"));
    let data = data.ok_or_else(|| invalid("has no key `value`"))?;
    let text = std::str::from_utf8(&data.0).map_err(|_| invalid("is not UTF-8"))?;
    // What the parser says may quote what it read.
    let kubeconfig = Kubeconfig::from_yaml(text).map_err(|_| invalid("is no kubeconfig"))?;
    for user in kubeconfig
        .auth_infos
        .iter()
        .filter_map(|user| user.auth_info.as_ref())
    {
        if user.exec.is_some() || user.auth_provider.is_some() {
            return Err(invalid(
                "would run a program on this host to log in; expected certificates or a token",
            ));
        }
        if user.client_certificate.is_some() || user.client_key.is_some() || user.token_file.is_some() {
            return Err(invalid("refers to files of this host; expected their content"));
        }
    }
    let mut clusters = kubeconfig
        .clusters
        .iter()
        .filter_map(|named| named.cluster.as_ref());
    if clusters.any(|named| named.certificate_authority.is_some()) {
        return Err(invalid("refers to files of this host; expected their content"));
    }
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    let config = config
        .map_err(|_| invalid("is not complete; expected a current context, its cluster and its user"))?;
    Client::try_from(config)
        .map_err(|_| invalid("makes no client; expected usable certificates, and a TLS feature of kube"))
}

/// Why there is no client of a workload cluster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkloadError {
    /// The Secret is not there (yet): Cluster API writes it when the control plane's endpoint is known.
    #[error(
        "no Secret `{cluster}-kubeconfig` in namespace {namespace}; Cluster API writes it when the control plane has an endpoint"
    )]
    NoSecret {
        /// The cluster.
        cluster: ClusterName,
        /// The namespace.
        namespace: String,
    },
    /// What the Secret holds is of no use. The text is never quoted.
    #[error("the kubeconfig in Secret `{cluster}-kubeconfig` {problem}")]
    Invalid {
        /// The cluster.
        cluster: ClusterName,
        /// What is wrong with it, and what was expected.
        problem: &'static str,
    },
    /// The Secret cannot be read.
    #[error("cannot read Secret `{cluster}-kubeconfig`")]
    Api {
        /// The cluster.
        cluster: ClusterName,
        /// What the management cluster says.
        #[source]
        source: Box<kube::Error>,
    },
}
