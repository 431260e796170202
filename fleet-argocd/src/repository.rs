//! The Secrets by which Argo CD knows repositories, and credentials for all repositories below a URL.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use secrecy::{ExposeSecret, SecretString};

use crate::cluster::SECRET_TYPE_LABEL;

/// A repository, or credentials for all repositories below a URL, as Argo CD keeps them: a Secret with the label
/// `argocd.argoproj.io/secret-type`.
///
/// Every key that may hold a credential is in no `Debug` text; keys this library does not know count as such.
///
/// ```
/// use fleet_argocd::{RepositoryScope, RepositorySecret};
///
/// let repository = RepositorySecret::new(RepositoryScope::Repository, "gitops", "https://git.example.com/org/gitops")
///     .with_credential("username", "bot")
///     .with_credential("password", "s3cret");
/// assert!(!format!("{repository:?}").contains("s3cret"));
/// let secret = repository.to_secret("argocd");
/// assert_eq!(RepositorySecret::from_secret(&secret)?.url, "https://git.example.com/org/gitops");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct RepositorySecret {
    /// The Secret's name.
    pub secret_name: String,
    /// One repository, or all below a URL.
    pub scope: RepositoryScope,
    /// The repository's URL, or the beginning of URLs.
    pub url: String,
    /// Settings that are no credentials, by upstream's keys: `name`, `type`, `project`, `insecure`, `enableLfs`, `enableOCI`,
    /// `noProxy`, `githubAppID`, `githubAppInstallationID`, `githubAppEnterpriseBaseUrl`, `forceHttpBasicAuth`,
    /// `useAzureWorkloadIdentity`, `depth`.
    pub settings: BTreeMap<String, String>,
    /// Credentials, by upstream's keys: `username`, `password`, `bearerToken`, `sshPrivateKey`, `tlsClientCertData`,
    /// `tlsClientCertKey`, `githubAppPrivateKey`, `gcpServiceAccountKey`, `proxy`, and keys that are not known.
    pub credentials: BTreeMap<String, SecretString>,
    /// Labels, without the one that makes it a repository's.
    pub labels: BTreeMap<String, String>,
}

/// What a repository's Secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RepositoryScope {
    /// One repository.
    Repository,
    /// Credentials for all repositories whose URLs begin with this one.
    Credentials,
    /// One repository, for writing hydrated manifests.
    WriteRepository,
    /// Credentials for writing hydrated manifests.
    WriteCredentials,
}

/// Why a Secret is no repository's. It holds no credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RepositorySecretError {
    /// The label is missing or another.
    #[error(
        "Secret {secret} is no repository's: expected the label argocd.argoproj.io/secret-type to be repository, repo-creds, \
         repository-write or repo-write-creds, found {found:?}"
    )]
    NotARepository {
        /// The Secret.
        secret: String,
        /// The label's value.
        found: Option<String>,
    },
    /// There is no URL.
    #[error("Secret {secret} has no key `url`; expected the repository's URL")]
    NoUrl {
        /// The Secret.
        secret: String,
    },
    /// A key holds bytes that are no text.
    #[error("key `{key}` of Secret {secret} is no text")]
    NotText {
        /// The Secret.
        secret: String,
        /// The key.
        key: String,
    },
}

impl RepositoryScope {
    /// The value of the label.
    pub fn secret_type(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Credentials => "repo-creds",
            Self::WriteRepository => "repository-write",
            Self::WriteCredentials => "repo-write-creds",
        }
    }

    fn read(text: &str) -> Option<Self> {
        [
            Self::Repository,
            Self::Credentials,
            Self::WriteRepository,
            Self::WriteCredentials,
        ]
        .into_iter()
        .find(|scope| scope.secret_type() == text)
    }
}

impl RepositorySecret {
    /// A repository without settings or credentials.
    pub fn new(scope: RepositoryScope, secret_name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            secret_name: secret_name.into(),
            scope,
            url: url.into(),
            settings: BTreeMap::new(),
            credentials: BTreeMap::new(),
            labels: BTreeMap::new(),
        }
    }

    /// With a setting that is no credential.
    pub fn with_setting(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(key.into(), value.into());
        self
    }

    /// With a credential.
    pub fn with_credential(mut self, key: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.credentials.insert(key.into(), value.into());
        self
    }

    /// Whether these credentials are for the repository of this URL.
    pub fn covers(&self, repo_url: &str) -> bool {
        match self.scope {
            RepositoryScope::Repository | RepositoryScope::WriteRepository => {
                plain_url(&self.url) == plain_url(repo_url)
            }
            RepositoryScope::Credentials | RepositoryScope::WriteCredentials => {
                plain_url(repo_url).starts_with(&plain_url(&self.url))
            }
        }
    }

    /// Reads a Secret.
    ///
    /// # Errors
    /// It is no repository's, has no URL, or holds what is no text.
    pub fn from_secret(secret: &Secret) -> Result<Self, RepositorySecretError> {
        let name = secret.metadata.name.clone().unwrap_or_default();
        let mut labels = secret.metadata.labels.clone().unwrap_or_default();
        let found = labels.remove(SECRET_TYPE_LABEL);
        let Some(scope) = found.as_deref().and_then(RepositoryScope::read) else {
            return Err(RepositorySecretError::NotARepository { secret: name, found });
        };
        let mut repository = Self::new(scope, name.as_str(), "");
        repository.labels = labels;
        let bytes = secret
            .data
            .iter()
            .flatten()
            .map(|(key, value)| (key, value.0.clone()));
        let texts = secret.string_data.iter().flatten();
        for (key, value) in bytes.chain(texts.map(|(key, value)| (key, value.clone().into_bytes()))) {
            let text = String::from_utf8(value).map_err(|_| RepositorySecretError::NotText {
                secret: name.clone(),
                key: key.clone(),
            })?;
            if key == "url" {
                repository.url = text;
            } else if SETTINGS.contains(&key.as_str()) {
                repository.settings.insert(key.clone(), text);
            } else {
                repository.credentials.insert(key.clone(), text.into());
            }
        }
        if repository.url.is_empty() {
            return Err(RepositorySecretError::NoUrl { secret: name });
        }
        Ok(repository)
    }

    /// The Secret, with the credentials in it.
    pub fn to_secret(&self, argocd_namespace: &str) -> Secret {
        let mut labels = self.labels.clone();
        labels.insert(SECRET_TYPE_LABEL.to_owned(), self.scope.secret_type().to_owned());
        let bytes = |text: &str| ByteString(text.as_bytes().to_vec());
        let mut data: BTreeMap<_, _> = self
            .settings
            .iter()
            .map(|(key, value)| (key.clone(), bytes(value)))
            .chain(
                self.credentials
                    .iter()
                    .map(|(key, value)| (key.clone(), bytes(value.expose_secret()))),
            )
            .collect();
        data.insert("url".to_owned(), bytes(&self.url));
        Secret {
            metadata: ObjectMeta {
                name: Some(self.secret_name.clone()),
                namespace: Some(argocd_namespace.to_owned()),
                labels: Some(labels),
                ..ObjectMeta::default()
            },
            data: Some(data),
            type_: Some("Opaque".to_owned()),
            ..Secret::default()
        }
    }
}

impl fmt::Debug for RepositorySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepositorySecret")
            .field("secret_name", &self.secret_name)
            .field("scope", &self.scope)
            .field("url", &without_user(&self.url))
            .field("settings", &self.settings)
            .field("credentials", &self.credentials.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A URL as Argo CD compares them: lower case, without `.git`, a slash or white space at its end.
fn plain_url(url: &str) -> String {
    let url = url.trim().to_lowercase();
    url.strip_suffix(".git")
        .unwrap_or(&url)
        .trim_end_matches('/')
        .to_owned()
}

/// A URL may hold a user and a password.
fn without_user(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://{host}"),
            _ => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

const SETTINGS: &[&str] = &[
    "name",
    "type",
    "project",
    "insecure",
    "insecureIgnoreHostKey",
    "enableLfs",
    "enableOCI",
    "insecureOCIForceHttp",
    "noProxy",
    "githubAppID",
    "githubAppInstallationID",
    "githubAppEnterpriseBaseUrl",
    "forceHttpBasicAuth",
    "useAzureWorkloadIdentity",
    "depth",
];
