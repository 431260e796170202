//! A spoke's side of a registration, on a live cluster: the account, its token, and a new one.

use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::debug;

use super::access::{MANAGED_BY, SpokeAccess};
use super::config::ClusterConfig;
use super::registry::{FIELD_MANAGER, RegistryError};
use super::secret::secret_text;

/// Puts Argo CD's account onto one spoke. Doing it again changes nothing.
///
/// ```no_run
/// use fleet_argocd::{ClusterRegistry, ClusterSecret, Spoke, SpokeAccess};
/// # async fn example(spoke: kube::Client, hub: kube::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let access = SpokeAccess::new().in_namespaces(["shop"]);
/// let config = Spoke::new(spoke).grant(&access).await?;
/// let mut cluster = ClusterSecret::new("eu", "https://eu:6443").with_labels([("env", "production")]).with_config(config);
/// cluster.namespaces.clone_from(&access.namespaces);
/// ClusterRegistry::new(hub, "argocd").register(&cluster).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Spoke {
    client: kube::Client,
    patience: u32,
}

impl std::fmt::Debug for Spoke {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spoke").finish_non_exhaustive()
    }
}

impl Spoke {
    /// The spoke that the client talks to, with the rights of an administrator.
    pub fn new(client: kube::Client) -> Self {
        Self { client, patience: 60 }
    }

    /// Creates the account, its roles and its token, and waits until Kubernetes has made the token. Roles that the account was
    /// granted before and that are not of this access are taken away, after the new ones stand.
    ///
    /// # Errors
    /// The API server refuses, or no token comes within 30 seconds.
    pub async fn grant(&self, access: &SpokeAccess) -> Result<ClusterConfig, RegistryError> {
        let namespace = access.account_namespace.as_str();
        self.in_namespace(namespace, &access.service_account()).await?;
        if let (Some(role), Some(binding)) = (access.cluster_role(), access.cluster_role_binding()) {
            self.in_cluster(&role).await?;
            self.in_cluster(&binding).await?;
        }
        for (role, binding) in access.roles().iter().zip(access.role_bindings()) {
            let namespace = role.namespace().unwrap_or_default();
            self.in_namespace(&namespace, role).await?;
            self.in_namespace(&namespace, &binding).await?;
        }
        self.in_namespace(namespace, &access.token_secret()).await?;
        self.withdraw(access).await?;
        self.token(access).await
    }

    /// Takes away the account's roles that are not of this access.
    async fn withdraw(&self, access: &SpokeAccess) -> Result<(), RegistryError> {
        if !access.namespaces.is_empty() {
            let before = access.everywhere();
            if let (Some(role), Some(binding)) = (before.cluster_role(), before.cluster_role_binding()) {
                self.gone(&binding).await?;
                self.gone(&role).await?;
            }
        }
        self.stale_gone::<RoleBinding>(access).await?;
        self.stale_gone::<Role>(access).await
    }

    async fn stale_gone<K>(&self, access: &SpokeAccess) -> Result<(), RegistryError>
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
        K::DynamicType: Default,
    {
        let (label, value) = MANAGED_BY;
        let ours = ListParams::default().labels(&format!("{label}={value}"));
        let found = Api::<K>::all(self.client.clone())
            .list(&ours)
            .await
            .map_err(|source| failed("listing", "", "*", source))?;
        for object in found.items {
            let namespace = object.namespace();
            if access.is_stale(&object.name_any(), namespace.as_deref()) {
                self.gone_from(&namespace.unwrap_or_default(), &object).await?;
            }
        }
        Ok(())
    }

    /// Makes the account a new token; the one before is void from then on. The cluster's Secret on the hub has to be
    /// registered with the result at once.
    ///
    /// # Errors
    /// As [`grant`](Self::grant).
    pub async fn rotate(&self, access: &SpokeAccess) -> Result<ClusterConfig, RegistryError> {
        let name = access.token_secret_name();
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &access.account_namespace);
        match secrets.delete(&name, &DeleteParams::default()).await {
            Ok(_) => debug!(secret = name, "token withdrawn"),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(source) => return Err(failed("deleting", &access.account_namespace, &name, source)),
        }
        self.grant(access).await
    }

    /// Takes the account, its roles wherever they are, and its token away.
    ///
    /// # Errors
    /// The API server refuses. What is not there is passed over.
    pub async fn revoke(&self, access: &SpokeAccess) -> Result<(), RegistryError> {
        let namespace = access.account_namespace.as_str();
        self.gone_from(namespace, &access.token_secret()).await?;
        self.withdraw(&access.nowhere()).await?;
        self.gone_from(namespace, &access.service_account()).await
    }

    /// The Kubernetes version of the spoke, which also says that it can be reached.
    ///
    /// # Errors
    /// It cannot.
    pub async fn version(&self) -> Result<String, RegistryError> {
        self.client
            .apiserver_version()
            .await
            .map(|version| version.git_version)
            .map_err(|source| failed("reading", "", "version", source))
    }

    async fn token(&self, access: &SpokeAccess) -> Result<ClusterConfig, RegistryError> {
        let name = access.token_secret_name();
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), &access.account_namespace);
        for _ in 0..self.patience {
            let secret = secrets
                .get(&name)
                .await
                .map_err(|source| failed("reading", &access.account_namespace, &name, source))?;
            if let Some(token) = secret_text(&secret, "token")?.filter(|token| !token.is_empty()) {
                let mut config = ClusterConfig::bearer_token(token);
                config.tls_client_config.ca_data = secret
                    .data
                    .as_ref()
                    .and_then(|data| data.get("ca.crt"))
                    .map(|ca| ca.0.clone());
                return Ok(config);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Err(RegistryError::NoToken {
            namespace: access.account_namespace.clone(),
            secret: name,
        })
    }

    async fn in_namespace<K>(&self, namespace: &str, object: &K) -> Result<(), RegistryError>
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + Serialize + DeserializeOwned + std::fmt::Debug,
        K::DynamicType: Default,
    {
        self.applied(
            &Api::namespaced(self.client.clone(), namespace),
            namespace,
            object,
        )
        .await
    }

    async fn in_cluster<K>(&self, object: &K) -> Result<(), RegistryError>
    where
        K: Resource<Scope = ClusterResourceScope> + Clone + Serialize + DeserializeOwned + std::fmt::Debug,
        K::DynamicType: Default,
    {
        self.applied(&Api::all(self.client.clone()), "", object).await
    }

    async fn applied<K>(&self, api: &Api<K>, namespace: &str, object: &K) -> Result<(), RegistryError>
    where
        K: Resource + Clone + Serialize + DeserializeOwned + std::fmt::Debug,
    {
        let name = object.name_any();
        let params = PatchParams::apply(FIELD_MANAGER).force();
        api.patch(&name, &params, &Patch::Apply(object))
            .await
            .map(drop)
            .map_err(|source| failed("applying", namespace, &name, source))
    }

    async fn gone_from<K>(&self, namespace: &str, object: &K) -> Result<(), RegistryError>
    where
        K: Resource<Scope = NamespaceResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
        K::DynamicType: Default,
    {
        deleted(
            &Api::<K>::namespaced(self.client.clone(), namespace),
            namespace,
            object,
        )
        .await
    }

    async fn gone<K>(&self, object: &K) -> Result<(), RegistryError>
    where
        K: Resource<Scope = ClusterResourceScope> + Clone + DeserializeOwned + std::fmt::Debug,
        K::DynamicType: Default,
    {
        deleted(&Api::<K>::all(self.client.clone()), "", object).await
    }
}

async fn deleted<K>(api: &Api<K>, namespace: &str, object: &K) -> Result<(), RegistryError>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let name = object.name_any();
    match api.delete(&name, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(failed("deleting", namespace, &name, source)),
    }
}

fn failed(verb: &'static str, namespace: &str, name: &str, source: kube::Error) -> RegistryError {
    RegistryError::Kubernetes {
        verb,
        kind: "object",
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        source: Box::new(source),
    }
}
