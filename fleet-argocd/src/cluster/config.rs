//! How Argo CD connects to a cluster: the `config` of a cluster Secret.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How Argo CD connects to a cluster (`ClusterConfig`, argo-cd v3).
///
/// Credentials are held as secrets: they are in no `Debug` text, and are written only by
/// [`ClusterSecret::to_secret`](super::ClusterSecret::to_secret).
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ClusterConfig {
    /// The user of basic authentication.
    pub username: Option<String>,
    /// The password of basic authentication.
    pub password: Option<SecretString>,
    /// A bearer token, usually a `ServiceAccount`'s.
    pub bearer_token: Option<SecretString>,
    /// Certificates: the server's to check, and the client's own.
    pub tls_client_config: TlsClientConfig,
    /// Access to an EKS cluster by AWS' IAM.
    pub aws_auth_config: Option<AwsAuth>,
    /// A program that prints credentials.
    pub exec_provider_config: Option<ExecAuth>,
    /// Whether answers are not compressed.
    pub disable_compression: Option<bool>,
    /// The URL of a proxy. May hold a password.
    pub proxy_url: Option<SecretString>,
    extra: Unknown,
}

/// Certificates of a connection (`TLSClientConfig`, argo-cd v3). Each is PEM, not base64.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TlsClientConfig {
    /// Whether the server's certificate is not checked.
    pub insecure: bool,
    /// The name expected in the server's certificate, when it is not the URL's.
    pub server_name: Option<String>,
    /// The certificates to trust, PEM.
    pub ca_data: Option<Vec<u8>>,
    /// The client's certificate, PEM.
    pub cert_data: Option<Vec<u8>>,
    /// The client's private key, PEM.
    pub key_data: Option<SecretString>,
    extra: Unknown,
}

/// Access to an EKS cluster by AWS' IAM (`AWSAuthConfig`, argo-cd v3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AwsAuth {
    /// The cluster's name in EKS.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cluster_name: String,
    /// The ARN of a role to assume.
    #[serde(default, rename = "roleARN", skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// A file with AWS credentials, mounted into Argo CD's pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// A program that prints credentials (`ExecProviderConfig`, argo-cd v3).
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ExecAuth {
    /// The program; it must be in Argo CD's images.
    pub command: String,
    /// Its arguments. They may hold secrets.
    pub args: Vec<SecretString>,
    /// Its environment. Values may be secrets.
    pub env: BTreeMap<String, SecretString>,
    /// The version of the credential protocol (`client.authentication.k8s.io/v1`).
    pub api_version: Option<String>,
    /// What to tell a person when the program is missing.
    pub install_hint: Option<String>,
}

/// Fields of a newer Argo CD. What they hold is not known, so it is not shown.
#[derive(Clone, Default, PartialEq)]
struct Unknown(Map<String, Value>);

impl ClusterConfig {
    /// A connection with a bearer token.
    pub fn bearer_token(token: impl Into<String>) -> Self {
        Self {
            bearer_token: Some(token.into().into()),
            ..Self::default()
        }
    }

    /// Trusts these certificates (PEM).
    pub fn with_ca(mut self, ca: impl Into<Vec<u8>>) -> Self {
        self.tls_client_config.ca_data = Some(ca.into());
        self
    }

    /// The same connection with an account's credentials in place of its own. The account's certificates to trust count where
    /// there are none.
    #[cfg(feature = "kube")]
    pub(crate) fn with_account(&self, account: Self) -> Self {
        let mut tls = self.tls_client_config.clone();
        tls.cert_data = None;
        tls.key_data = None;
        if !tls.insecure && tls.ca_data.is_none() {
            tls.ca_data = account.tls_client_config.ca_data;
        }
        Self {
            username: account.username,
            password: account.password,
            bearer_token: account.bearer_token,
            tls_client_config: tls,
            aws_auth_config: None,
            exec_provider_config: None,
            ..self.clone()
        }
    }

    /// How the client proves who it is, in a word that holds no secret.
    pub fn authentication(&self) -> &'static str {
        if self.aws_auth_config.is_some() {
            "aws"
        } else if self.exec_provider_config.is_some() {
            "exec"
        } else if self.bearer_token.is_some() {
            "bearer token"
        } else if self.username.is_some() {
            "basic"
        } else if self.tls_client_config.cert_data.is_some() {
            "client certificate"
        } else {
            "none"
        }
    }

    /// The JSON of a cluster Secret's `config`. This text holds the credentials.
    pub(crate) fn to_json(&self) -> Result<String, serde_json::Error> {
        let tls = &self.tls_client_config;
        let wire = Wire {
            username: self.username.clone(),
            password: exposed(self.password.as_ref()),
            bearer_token: exposed(self.bearer_token.as_ref()),
            tls_client_config: WireTls {
                insecure: tls.insecure,
                server_name: tls.server_name.clone(),
                ca_data: tls.ca_data.as_ref().map(|pem| STANDARD.encode(pem)),
                cert_data: tls.cert_data.as_ref().map(|pem| STANDARD.encode(pem)),
                key_data: tls
                    .key_data
                    .as_ref()
                    .map(|pem| STANDARD.encode(pem.expose_secret())),
                extra: tls.extra.0.clone(),
            },
            aws_auth_config: self.aws_auth_config.clone(),
            exec_provider_config: self.exec_provider_config.as_ref().map(WireExec::from),
            disable_compression: self.disable_compression,
            proxy_url: exposed(self.proxy_url.as_ref()),
            extra: self.extra.0.clone(),
        };
        serde_json::to_string(&wire)
    }

    /// Reads the JSON of a cluster Secret's `config`. `None` if it is none; why is not told, as the parser's message
    /// may quote a credential.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let wire: Wire = serde_json::from_str(text).ok()?;
        let decoded = |data: Option<String>| data.map(|data| STANDARD.decode(data)).transpose().ok();
        let tls = wire.tls_client_config;
        Some(Self {
            username: wire.username,
            password: wire.password.map(SecretString::from),
            bearer_token: wire.bearer_token.map(SecretString::from),
            tls_client_config: TlsClientConfig {
                insecure: tls.insecure,
                server_name: tls.server_name,
                ca_data: decoded(tls.ca_data)?,
                cert_data: decoded(tls.cert_data)?,
                key_data: match decoded(tls.key_data)? {
                    None => None,
                    Some(pem) => Some(String::from_utf8(pem).ok()?.into()),
                },
                extra: Unknown(tls.extra),
            },
            aws_auth_config: wire.aws_auth_config,
            exec_provider_config: wire.exec_provider_config.map(ExecAuth::from),
            disable_compression: wire.disable_compression,
            proxy_url: wire.proxy_url.map(SecretString::from),
            extra: Unknown(wire.extra),
        })
    }
}

impl fmt::Debug for ClusterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClusterConfig")
            .field("authentication", &self.authentication())
            .field("username", &self.username)
            .field("tls_client_config", &self.tls_client_config)
            .field("aws_auth_config", &self.aws_auth_config)
            .field("exec_provider_config", &self.exec_provider_config)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClientConfig")
            .field("insecure", &self.insecure)
            .field("server_name", &self.server_name)
            .field("ca_data", &self.ca_data.is_some())
            .field("cert_data", &self.cert_data.is_some())
            .field("key_data", &self.key_data)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ExecAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecAuth")
            .field("command", &self.command)
            .field("args", &self.args)
            .field("env", &self.env)
            .field("api_version", &self.api_version)
            .finish_non_exhaustive()
    }
}

/// The `config` as it is written. Lives only while it is read or written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bearer_token: Option<String>,
    #[serde(default)]
    tls_client_config: WireTls,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aws_auth_config: Option<AwsAuth>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exec_provider_config: Option<WireExec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disable_compression: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy_url: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTls {
    #[serde(default)]
    insecure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cert_data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_data: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireExec {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    command: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    install_hint: Option<String>,
}

impl From<&ExecAuth> for WireExec {
    fn from(exec: &ExecAuth) -> Self {
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        Self {
            command: exec.command.clone(),
            args: exec.args.iter().map(text).collect(),
            env: exec
                .env
                .iter()
                .map(|(name, value)| (name.clone(), text(value)))
                .collect(),
            api_version: exec.api_version.clone(),
            install_hint: exec.install_hint.clone(),
        }
    }
}

impl From<WireExec> for ExecAuth {
    fn from(wire: WireExec) -> Self {
        Self {
            command: wire.command,
            args: wire.args.into_iter().map(SecretString::from).collect(),
            env: wire
                .env
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect(),
            api_version: wire.api_version,
            install_hint: wire.install_hint,
        }
    }
}

fn exposed(secret: Option<&SecretString>) -> Option<String> {
    secret.map(|secret| secret.expose_secret().to_owned())
}
