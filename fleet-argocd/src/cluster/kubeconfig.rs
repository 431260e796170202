//! From a kubeconfig and a cluster's labels to its registration in Argo CD.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::config::{ClusterConfig, ExecAuth, TlsClientConfig};
use super::error::ClusterSecretError;
use super::secret::ClusterSecret;

/// Which labels of a cluster its registration takes over.
///
/// Labels of Kubernetes and Cluster API themselves (`*.k8s.io`, `*.x-k8s.io`, `*.kubernetes.io`) and of Argo CD are
/// never taken: they are about the machinery, not about the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelFilter {
    only: Option<BTreeSet<String>>,
}

impl LabelFilter {
    /// All labels but the machinery's.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only these keys.
    pub fn only<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self {
            only: Some(keys.into_iter().map(Into::into).collect()),
        }
    }

    /// The labels that are taken over.
    pub fn apply(&self, labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        labels
            .iter()
            .filter(|(key, _)| !is_machinery(key))
            .filter(|(key, _)| self.only.as_ref().is_none_or(|only| only.contains(*key)))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

/// The registration of a cluster, from its kubeconfig and labels: server, certificates and credentials of the current
/// context.
///
/// # Errors
/// The kubeconfig is not one, refers to what it does not hold, or to files.
pub fn spoke(
    name: &str,
    kubeconfig: &SecretString,
    labels: &BTreeMap<String, String>,
    filter: &LabelFilter,
) -> Result<ClusterSecret, ClusterSecretError> {
    let unreadable = |expected| ClusterSecretError::Kubeconfig {
        cluster: name.to_owned(),
        expected,
    };
    let dangling = |what, reference: &str| ClusterSecretError::Dangling {
        cluster: name.to_owned(),
        what,
        name: reference.to_owned(),
    };
    let config: Kubeconfig = fleet_core::yaml::documents(kubeconfig.expose_secret())
        .ok()
        .and_then(|documents| documents.into_iter().next())
        .and_then(|document| serde_json::from_value(document.into_value()).ok())
        .ok_or_else(|| unreadable("YAML with `clusters`, `users`, `contexts` and `current-context`"))?;

    let context = match config
        .current_context
        .as_deref()
        .filter(|context| !context.is_empty())
    {
        Some(current) => named(&config.contexts, current).ok_or_else(|| dangling("context", current))?,
        None => match config.contexts.as_slice() {
            [one] => &one.entry,
            _ => return Err(unreadable("a `current-context`")),
        },
    };
    let cluster =
        named(&config.clusters, &context.cluster).ok_or_else(|| dangling("cluster", &context.cluster))?;
    let user = named(&config.users, &context.user).ok_or_else(|| dangling("user", &context.user))?;
    for (field, reference) in [
        ("certificate-authority", &cluster.certificate_authority),
        ("client-certificate", &user.client_certificate),
        ("client-key", &user.client_key),
        ("token-file", &user.token_file),
    ] {
        if reference.is_some() {
            return Err(ClusterSecretError::FileReference {
                cluster: name.to_owned(),
                field,
            });
        }
    }
    let pem = |data: &Option<String>, expected| {
        data.as_deref()
            .map(|data| STANDARD.decode(data.trim()))
            .transpose()
            .map_err(|_| unreadable(expected))
    };
    let key = pem(&user.client_key_data, "base64 in `client-key-data`")?
        .map(String::from_utf8)
        .transpose()
        .map_err(|_| unreadable("PEM in `client-key-data`"))?;

    let mut tls = TlsClientConfig::default();
    tls.insecure = cluster.insecure_skip_tls_verify;
    tls.server_name.clone_from(&cluster.tls_server_name);
    tls.ca_data = pem(
        &cluster.certificate_authority_data,
        "base64 in `certificate-authority-data`",
    )?;
    tls.cert_data = pem(
        &user.client_certificate_data,
        "base64 in `client-certificate-data`",
    )?;
    tls.key_data = key.map(SecretString::from);
    if tls.insecure {
        // Argo CD refuses a connection that is both unchecked and checked against a certificate.
        tls.ca_data = None;
    }

    let mut connection = ClusterConfig::default();
    connection.username.clone_from(&user.username);
    connection.password = user.password.clone().map(SecretString::from);
    connection.bearer_token = user.token.clone().map(SecretString::from);
    connection.tls_client_config = tls;
    connection.proxy_url = cluster.proxy_url.clone().map(SecretString::from);
    connection.exec_provider_config = user.exec.as_ref().map(exec_auth);
    Ok(ClusterSecret::new(name, &cluster.server)
        .with_labels(filter.apply(labels))
        .with_config(connection))
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kubeconfig {
    #[serde(default)]
    clusters: Vec<Named<Cluster>>,
    #[serde(default)]
    users: Vec<Named<User>>,
    #[serde(default)]
    contexts: Vec<Named<Context>>,
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(alias = "cluster", alias = "user", alias = "context")]
    entry: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: String,
    certificate_authority: Option<String>,
    certificate_authority_data: Option<String>,
    #[serde(default)]
    insecure_skip_tls_verify: bool,
    tls_server_name: Option<String>,
    proxy_url: Option<String>,
}

#[derive(Deserialize)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    token: Option<String>,
    #[serde(alias = "tokenFile")]
    token_file: Option<String>,
    client_certificate: Option<String>,
    client_certificate_data: Option<String>,
    client_key: Option<String>,
    client_key_data: Option<String>,
    username: Option<String>,
    password: Option<String>,
    exec: Option<Exec>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exec {
    command: String,
    #[serde(default)]
    args: Option<Vec<String>>,
    #[serde(default)]
    env: Option<Vec<ExecVariable>>,
    api_version: Option<String>,
    install_hint: Option<String>,
}

#[derive(Deserialize)]
struct ExecVariable {
    name: String,
    value: String,
}

fn exec_auth(exec: &Exec) -> ExecAuth {
    let mut auth = ExecAuth::default();
    auth.command.clone_from(&exec.command);
    auth.args = exec.args.iter().flatten().map(|arg| arg.clone().into()).collect();
    auth.env = exec
        .env
        .iter()
        .flatten()
        .map(|one| (one.name.clone(), one.value.clone().into()))
        .collect();
    auth.api_version.clone_from(&exec.api_version);
    auth.install_hint.clone_from(&exec.install_hint);
    auth
}

fn named<'a, T>(entries: &'a [Named<T>], name: &str) -> Option<&'a T> {
    entries
        .iter()
        .find(|entry| entry.name == name)
        .map(|entry| &entry.entry)
}

fn is_machinery(key: &str) -> bool {
    let Some((prefix, _)) = key.split_once('/') else {
        return false;
    };
    MACHINERY.iter().any(|domain| {
        prefix
            .strip_suffix(domain)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

const MACHINERY: &[&str] = &["k8s.io", "x-k8s.io", "kubernetes.io", "argocd.argoproj.io"];

#[cfg(test)]
mod tests {
    use super::*;

    fn kubeconfig(user: &str) -> SecretString {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: https://10.0.0.1:6443\n    \
             certificate-authority-data: Q0E=\nusers:\n- name: admin\n  user: {user}\ncontexts:\n- name: admin@c\n  \
             context: {{cluster: c, user: admin}}\ncurrent-context: admin@c\n"
        )
        .into()
    }

    #[test]
    fn the_machinerys_labels_are_not_taken_over() {
        let labels: BTreeMap<String, String> = [
            ("env", "production"),
            ("cluster.x-k8s.io/cluster-name", "a"),
            ("topology.cluster.x-k8s.io/owned", ""),
            ("app.kubernetes.io/name", "a"),
            ("company.io/team", "platform"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        let all: Vec<_> = LabelFilter::all().apply(&labels).into_keys().collect();
        assert_eq!(all, ["company.io/team", "env"]);
        let only: Vec<_> = LabelFilter::only(["env", "app.kubernetes.io/name"])
            .apply(&labels)
            .into_keys()
            .collect();
        assert_eq!(only, ["env"]);
    }

    #[test]
    fn a_kubeconfig_gives_server_certificates_and_credentials() {
        let config = kubeconfig("{client-certificate-data: Q0VSVA==, client-key-data: S0VZ}");
        let cluster = spoke("eu", &config, &BTreeMap::new(), &LabelFilter::all()).unwrap();
        assert_eq!(cluster.server, "https://10.0.0.1:6443");
        assert_eq!(cluster.config.authentication(), "client certificate");
        let json: serde_json::Value = serde_json::from_str(&cluster.config.to_json().unwrap()).unwrap();
        assert_eq!(
            json["tlsClientConfig"],
            serde_json::json!({"insecure": false, "caData": "Q0E=", "certData": "Q0VSVA==", "keyData": "S0VZ"})
        );
    }

    #[test]
    fn what_is_wrong_is_named_without_the_credential() {
        for (config, expected) in [
            ("not a kubeconfig: [s3cret".into(), "expected YAML"),
            (kubeconfig("{token-file: /s3cret}"), "token-file"),
            (kubeconfig("{client-key-data: 's3cret!'}"), "client-key-data"),
            (
                kubeconfig("{token: s3cret}")
                    .expose_secret()
                    .replace("user: admin}", "user: nobody}")
                    .into(),
                "nobody",
            ),
        ] {
            let error = spoke("eu", &config, &BTreeMap::new(), &LabelFilter::all()).unwrap_err();
            let texts = format!("{error} {error:?}");
            assert!(texts.contains(expected), "{texts}");
            assert!(!texts.contains("s3cret"), "{texts}");
        }
    }
}
