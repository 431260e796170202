//! What stands on a spoke so that Argo CD may work there: an account, its token and its roles.

use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Argo CD's account on a spoke: what `argocd cluster add` leaves there.
///
/// By default Argo CD may do everything everywhere, as upstream. [`in_namespaces`](Self::in_namespaces) gives it everything in
/// these namespaces only and nothing else; the cluster is then registered with the same namespaces.
///
/// ```
/// use fleet_argocd::SpokeAccess;
///
/// let access = SpokeAccess::new().in_namespaces(["shop", "web"]);
/// assert!(access.cluster_role().is_none());
/// assert_eq!(access.roles().len(), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpokeAccess {
    /// The `ServiceAccount`. Default `argocd-manager`.
    pub account: String,
    /// The namespace it is in. Default `kube-system`.
    pub account_namespace: String,
    /// The namespaces Argo CD may work in; empty for all, and for what is in none.
    pub namespaces: Vec<String>,
}

impl Default for SpokeAccess {
    fn default() -> Self {
        Self {
            account: "argocd-manager".to_owned(),
            account_namespace: "kube-system".to_owned(),
            namespaces: Vec::new(),
        }
    }
}

impl SpokeAccess {
    /// Upstream's: everything everywhere.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only in these namespaces.
    pub fn in_namespaces<N: Into<String>>(mut self, namespaces: impl IntoIterator<Item = N>) -> Self {
        self.namespaces = namespaces.into_iter().map(Into::into).collect();
        self
    }

    /// The account.
    pub fn service_account(&self) -> ServiceAccount {
        ServiceAccount {
            metadata: metadata(&self.account, Some(&self.account_namespace)),
            ..ServiceAccount::default()
        }
    }

    /// The Secret that Kubernetes puts the account's token into.
    pub fn token_secret(&self) -> Secret {
        let mut about = metadata(&self.token_secret_name(), Some(&self.account_namespace));
        about.annotations = Some([(ACCOUNT_ANNOTATION.to_owned(), self.account.clone())].into());
        Secret {
            metadata: about,
            type_: Some("kubernetes.io/service-account-token".to_owned()),
            ..Secret::default()
        }
    }

    /// The name of the token's Secret.
    pub fn token_secret_name(&self) -> String {
        format!("{}-long-lived-token", self.account)
    }

    /// The role on the whole cluster, if Argo CD may work everywhere.
    pub fn cluster_role(&self) -> Option<ClusterRole> {
        self.namespaces.is_empty().then(|| ClusterRole {
            metadata: metadata(&self.role(), None),
            rules: Some(vec![
                everything(),
                PolicyRule {
                    non_resource_urls: Some(vec!["*".to_owned()]),
                    verbs: vec!["*".to_owned()],
                    ..PolicyRule::default()
                },
            ]),
            ..ClusterRole::default()
        })
    }

    /// The binding of the role on the whole cluster.
    pub fn cluster_role_binding(&self) -> Option<ClusterRoleBinding> {
        self.namespaces.is_empty().then(|| ClusterRoleBinding {
            metadata: metadata(&format!("{}-binding", self.role()), None),
            role_ref: self.role_ref("ClusterRole"),
            subjects: Some(vec![self.subject()]),
        })
    }

    /// The roles in the namespaces, if Argo CD may work only there.
    pub fn roles(&self) -> Vec<Role> {
        let role = |namespace: &String| Role {
            metadata: metadata(&self.role(), Some(namespace)),
            rules: Some(vec![everything()]),
        };
        self.namespaces.iter().map(role).collect()
    }

    /// The bindings of the roles in the namespaces.
    pub fn role_bindings(&self) -> Vec<RoleBinding> {
        let binding = |namespace: &String| RoleBinding {
            metadata: metadata(&format!("{}-binding", self.role()), Some(namespace)),
            role_ref: self.role_ref("Role"),
            subjects: Some(vec![self.subject()]),
        };
        self.namespaces.iter().map(binding).collect()
    }

    /// Whether a role or binding in a namespace is the account's, and of a namespace where Argo CD may not work any more.
    #[cfg(feature = "kube")]
    pub(super) fn is_stale(&self, name: &str, namespace: Option<&str>) -> bool {
        let own = name == self.role() || name == format!("{}-binding", self.role());
        own && !self
            .namespaces
            .iter()
            .any(|known| Some(known.as_str()) == namespace)
    }

    /// The same account with access to everything: what may have been granted before.
    #[cfg(feature = "kube")]
    pub(super) fn everywhere(&self) -> Self {
        Self {
            namespaces: Vec::new(),
            ..self.clone()
        }
    }

    /// The same account with access to nothing: no namespace has an empty name.
    #[cfg(feature = "kube")]
    pub(super) fn nowhere(&self) -> Self {
        self.clone().in_namespaces([""])
    }

    fn role(&self) -> String {
        format!("{}-role", self.account)
    }

    fn role_ref(&self, kind: &str) -> RoleRef {
        RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: kind.to_owned(),
            name: self.role(),
        }
    }

    fn subject(&self) -> Subject {
        Subject {
            kind: "ServiceAccount".to_owned(),
            name: self.account.clone(),
            namespace: Some(self.account_namespace.clone()),
            ..Subject::default()
        }
    }
}

fn metadata(name: &str, namespace: Option<&String>) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.cloned(),
        labels: Some([(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned())].into()),
        ..ObjectMeta::default()
    }
}

fn everything() -> PolicyRule {
    let all = || vec!["*".to_owned()];
    PolicyRule {
        api_groups: Some(all()),
        resources: Some(all()),
        verbs: all(),
        ..PolicyRule::default()
    }
}

/// The label of all that is granted.
pub(super) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "fleet-sdk");
const ACCOUNT_ANNOTATION: &str = "kubernetes.io/service-account.name";
