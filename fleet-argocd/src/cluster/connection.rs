//! Whether registered clusters can be reached, and what they run: what `argocd cluster list` shows.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{self, StreamExt};
use kube::config::{
    AuthInfo, Cluster, Context, ExecConfig, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster,
    NamedContext,
};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::config::{ClusterConfig, ExecAuth};
use super::registry::{ClusterRegistry, RegistryError};
use super::secret::{ClusterSecret, ClusterSummary, IN_CLUSTER_SERVER};

/// A registered cluster, and whether it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ClusterStatus {
    /// The cluster, without credentials.
    #[serde(flatten)]
    pub cluster: ClusterSummary,
    /// The version of Kubernetes it runs (`v1.31.2`), if it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether it can be reached.
    pub connection: ConnectionStatus,
    /// Why not. Empty if it can.
    pub message: String,
}

/// Whether a cluster can be reached (`ConnectionStatus`, argo-cd v3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub enum ConnectionStatus {
    /// It answered.
    Successful,
    /// It did not, or refused.
    Failed,
    /// Nobody could ask it: its credentials are of a kind that only Argo CD's own pods can use.
    Unknown,
}

/// Connects to registered clusters.
#[async_trait]
pub trait ClusterConnector: Send + Sync {
    /// A client of the cluster. Nothing if its credentials cannot be used from here.
    async fn connect(
        &self,
        cluster: &ClusterSecret,
    ) -> Result<Option<kube::Client>, Box<dyn Error + Send + Sync>>;
}

/// Connects as Argo CD does, with the credentials in the cluster's Secret: tokens, passwords, certificates, and programs that
/// are on this machine. AWS' IAM is not supported.
///
/// HTTPS needs one of kube's features for TLS (`rustls-tls`, `openssl-tls`), which this crate leaves to the embedder.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs)] // It has nothing to set.
pub struct OwnCredentials;

#[async_trait]
impl ClusterConnector for OwnCredentials {
    async fn connect(
        &self,
        cluster: &ClusterSecret,
    ) -> Result<Option<kube::Client>, Box<dyn Error + Send + Sync>> {
        if cluster.config.aws_auth_config.is_some() {
            return Ok(None);
        }
        let config = cluster.kube_config().await?;
        Ok(Some(kube::Client::try_from(config)?))
    }
}

impl ClusterSecret {
    /// The configuration of a `kube::Client` that connects as Argo CD does.
    ///
    /// # Errors
    /// A certificate or URL is none, or the credentials are AWS' IAM's.
    pub async fn kube_config(&self) -> Result<kube::Config, RegistryError> {
        let unusable = |source: Box<dyn Error + Send + Sync>| RegistryError::Unusable {
            cluster: self.name.clone(),
            source,
        };
        if self.config.aws_auth_config.is_some() {
            return Err(unusable("AWS IAM is used by Argo CD's own pods only".into()));
        }
        let name = self.name.clone();
        let kubeconfig = Kubeconfig {
            current_context: Some(name.clone()),
            contexts: vec![NamedContext {
                name: name.clone(),
                context: Some(Context {
                    cluster: name.clone(),
                    user: Some(name.clone()),
                    ..Context::default()
                }),
                other: BTreeMap::new(),
            }],
            clusters: vec![NamedCluster {
                name: name.clone(),
                cluster: Some(self.server()),
                other: BTreeMap::new(),
            }],
            auth_infos: vec![NamedAuthInfo {
                name,
                auth_info: Some(user(&self.config)),
                other: BTreeMap::new(),
            }],
            ..Kubeconfig::default()
        };
        kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
            .await
            .map_err(|source| unusable(source.into()))
    }

    fn server(&self) -> Cluster {
        let tls = &self.config.tls_client_config;
        Cluster {
            server: Some(self.server.clone()),
            insecure_skip_tls_verify: Some(tls.insecure),
            certificate_authority_data: tls.ca_data.as_ref().map(|pem| STANDARD.encode(pem)),
            proxy_url: self
                .config
                .proxy_url
                .as_ref()
                .map(|url| url.expose_secret().to_owned()),
            disable_compression: self.config.disable_compression,
            tls_server_name: tls.server_name.clone(),
            ..Cluster::default()
        }
    }
}

fn user(config: &ClusterConfig) -> AuthInfo {
    let tls = &config.tls_client_config;
    AuthInfo {
        username: config.username.clone(),
        password: config.password.clone(),
        token: config.bearer_token.clone(),
        client_certificate_data: tls.cert_data.as_ref().map(|pem| STANDARD.encode(pem)),
        client_key_data: tls
            .key_data
            .as_ref()
            .map(|pem| STANDARD.encode(pem.expose_secret()).into()),
        exec: config.exec_provider_config.as_ref().map(program),
        ..AuthInfo::default()
    }
}

fn program(exec: &ExecAuth) -> ExecConfig {
    let variable = |(name, value): (&String, &secrecy::SecretString)| {
        [("name", name.as_str()), ("value", value.expose_secret())]
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .into()
    };
    ExecConfig {
        api_version: exec.api_version.clone(),
        command: Some(exec.command.clone()),
        args: Some(
            exec.args
                .iter()
                .map(|arg| arg.expose_secret().to_owned())
                .collect(),
        ),
        env: Some(exec.env.iter().map(variable).collect()),
        drop_env: None,
        install_hint: exec.install_hint.clone(),
        interactive_mode: None,
        provide_cluster_info: false,
        cluster: None,
        other: BTreeMap::new(),
    }
}

impl ClusterRegistry {
    /// The registered clusters, and the one Argo CD runs in if it is not registered, each asked for its version: by name, at
    /// most sixteen at once, ten seconds for each.
    ///
    /// # Errors
    /// As [`list`](Self::list). A cluster that does not answer is no error: its status says so.
    pub async fn statuses(
        &self,
        connector: &dyn ClusterConnector,
    ) -> Result<Vec<ClusterStatus>, RegistryError> {
        let clusters = self.list().await?;
        let local = clusters.iter().all(|cluster| cluster.server != IN_CLUSTER_SERVER);
        let mut found: Vec<_> = stream::iter(clusters)
            .map(|cluster| asked(connector, cluster))
            .buffered(AT_ONCE)
            .collect()
            .await;
        found.sort_by(|a, b| a.cluster.name.cmp(&b.cluster.name));
        if local {
            let cluster = ClusterSecret::new("in-cluster", IN_CLUSTER_SERVER);
            found.push(answered(&cluster, self.client()).await);
        }
        Ok(found)
    }
}

async fn asked(connector: &dyn ClusterConnector, cluster: ClusterSecret) -> ClusterStatus {
    let connected = tokio::time::timeout(PATIENCE, connector.connect(&cluster)).await;
    let (connection, message) = match connected {
        Ok(Ok(Some(client))) => return answered(&cluster, &client).await,
        Ok(Ok(None)) => (
            ConnectionStatus::Unknown,
            format!(
                "its credentials ({}) cannot be used from here",
                cluster.config.authentication()
            ),
        ),
        Ok(Err(error)) => (ConnectionStatus::Failed, with_sources(&*error)),
        Err(_) => (ConnectionStatus::Failed, no_answer()),
    };
    ClusterStatus {
        cluster: cluster.summary(),
        version: None,
        connection,
        message,
    }
}

async fn answered(cluster: &ClusterSecret, client: &kube::Client) -> ClusterStatus {
    let (version, connection, message) =
        match tokio::time::timeout(PATIENCE, client.apiserver_version()).await {
            Ok(Ok(info)) => (
                Some(info.git_version),
                ConnectionStatus::Successful,
                String::new(),
            ),
            Ok(Err(error)) => (None, ConnectionStatus::Failed, with_sources(&error)),
            Err(_) => (None, ConnectionStatus::Failed, no_answer()),
        };
    ClusterStatus {
        cluster: cluster.summary(),
        version,
        connection,
        message,
    }
}

fn no_answer() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl fmt::Display for ConnectionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Successful => "Successful",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        })
    }
}

/// Clusters as a table, column by column what `argocd cluster list` prints.
///
/// ```
/// use fleet_argocd::ClusterTable;
///
/// assert_eq!(ClusterTable(&[]).to_string(), "SERVER  NAME  VERSION  STATUS  MESSAGE  PROJECT\n");
/// ```
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // A view of a slice.
pub struct ClusterTable<'a>(pub &'a [ClusterStatus]);

impl fmt::Display for ClusterTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["SERVER", "NAME", "VERSION", "STATUS", "MESSAGE", "PROJECT"].map(str::to_owned)];
        rows.extend(self.0.iter().map(|status| {
            let cluster = &status.cluster;
            let server = match cluster.namespaces.len() {
                0 => cluster.server.clone(),
                count => format!("{} ({count} namespaces)", cluster.server),
            };
            [
                server,
                cluster.name.clone(),
                status.version.clone().unwrap_or_default(),
                status.connection.to_string(),
                status.message.replace('\n', " "),
                cluster.project.clone().unwrap_or_default(),
            ]
        }));
        let mut widths = [0; 6];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in &rows {
            let cells = row.iter().zip(widths);
            let line: Vec<_> = cells.map(|(cell, width)| format!("{cell:width$}")).collect();
            writeln!(f, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// How long a cluster may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many clusters are asked at the same time.
const AT_ONCE: usize = 16;
