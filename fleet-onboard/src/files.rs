//! The repository change that brings a cluster in: everything that can be a file, as one reviewable set.

use fleet_core::yaml;
use fleet_mesh::helm_values;
use fleet_mesh::resources::default_deny;
use fleet_observe::grafana::{self, DataSource, provisioning};
use fleet_observe::thanos::ObjectStore;
use serde::Serialize;
use serde_json::{Value, json};

use crate::OnboardRequest;

/// A file of the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(clippy::exhaustive_structs)] // a path and a text
pub struct RepositoryFile {
    /// Its path from the repository's root.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl RepositoryFile {
    /// A file with one YAML document, or several.
    ///
    /// # Errors
    /// A value that cannot be written, which JSON values always can.
    pub fn yaml<'a>(
        path: impl Into<String>,
        documents: impl IntoIterator<Item = &'a Value>,
    ) -> Result<Self, yaml::YamlError> {
        let mut text = String::new();
        for (number, document) in documents.into_iter().enumerate() {
            if number > 0 {
                text.push_str("---\n");
            }
            text += &yaml::to_string(document)?;
        }
        Ok(Self {
            path: path.into(),
            text,
        })
    }
}

/// The whole change for a request, as the fourteen steps make it, in the order of the paths: without a hub, and without what a platform's own
/// steps add (`Onboarding::files`, feature `kube`, has those too).
///
/// # Errors
/// Values that cannot be written.
pub fn change(request: &OnboardRequest) -> Result<Vec<RepositoryFile>, yaml::YamlError> {
    let mut files = vec![
        cluster_file(request)?,
        project_file(request)?,
        data_source_file(request)?,
    ];
    files.extend(overview_file());
    for step in ADDON_STEPS {
        if let Some(addon) = addon(step, request) {
            files.extend(addon_files(&addon, request)?);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The steps that install an add-on.
const ADDON_STEPS: [&str; 7] = [
    "cni",
    "cert-manager",
    "secrets",
    "policies",
    "default-deny",
    "backup",
    "metrics",
];

/// The cluster itself.
pub(crate) fn cluster_file(request: &OnboardRequest) -> Result<RepositoryFile, yaml::YamlError> {
    RepositoryFile::yaml(
        format!("clusters/{}/cluster.yaml", request.name()),
        &request.manifests,
    )
}

/// The project that the platform's Applications are in.
pub(crate) fn project(request: &OnboardRequest) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
        "metadata": { "name": request.addons.project, "namespace": request.addons.argocd_namespace },
        "spec": {
            "description": "What the platform installs on every cluster",
            "sourceRepos": ["*"],
            "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
        },
    })
}

pub(crate) fn project_file(request: &OnboardRequest) -> Result<RepositoryFile, yaml::YamlError> {
    let path = format!("platform/argocd/project-{}.yaml", request.addons.project);
    RepositoryFile::yaml(path, [&project(request)])
}

/// The fleet overview, which asks for every cluster that reports.
pub(crate) fn overview() -> Result<Value, grafana::DashboardError> {
    grafana::overview().and_then(|dashboard| dashboard.classic())
}

pub(crate) fn overview_file() -> Option<RepositoryFile> {
    let text = overview().ok()?.to_string();
    Some(RepositoryFile {
        path: "platform/grafana/dashboards/fleet-overview.json".to_owned(),
        text,
    })
}

/// An add-on: a chart with its values, and objects beside it.
pub(crate) struct Addon {
    /// Its name, and that of its directory.
    pub(crate) name: &'static str,
    pub(crate) chart: &'static str,
    pub(crate) repository: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) values: Value,
    /// Objects that the chart does not have: the file's name and its documents.
    pub(crate) objects: Vec<(&'static str, Vec<Value>)>,
}

/// The add-on of a step, by the step's id; `None` for a step that installs none.
pub(crate) fn addon(step: &str, request: &OnboardRequest) -> Option<Addon> {
    Some(match step {
        "cni" => Addon {
            name: "cilium",
            chart: "cilium",
            repository: "https://helm.cilium.io",
            namespace: "kube-system",
            values: cilium_values(request),
            objects: Vec::new(),
        },
        "cert-manager" => Addon {
            name: "cert-manager",
            chart: "cert-manager",
            repository: "https://charts.jetstack.io",
            namespace: "cert-manager",
            values: json!({ "crds": { "enabled": true } }),
            objects: vec![("cluster-issuer.yaml", vec![cluster_issuer(request)])],
        },
        "secrets" => Addon {
            name: "external-secrets",
            chart: "external-secrets",
            repository: "https://charts.external-secrets.io",
            namespace: "external-secrets",
            values: json!({ "installCRDs": true }),
            objects: vec![("cluster-secret-store.yaml", vec![secret_store(request)])],
        },
        "policies" => Addon {
            name: "kyverno",
            chart: "kyverno",
            repository: "https://kyverno.github.io/kyverno",
            namespace: "kyverno",
            values: json!({ "admissionController": { "replicas": 3 } }),
            objects: vec![("cluster-policies.yaml", platform_policies())],
        },
        "backup" => Addon {
            name: "velero",
            chart: "velero",
            repository: "https://vmware-tanzu.github.io/helm-charts",
            namespace: "velero",
            values: velero_values(request),
            objects: Vec::new(),
        },
        "metrics" => Addon {
            name: "monitoring",
            chart: "kube-prometheus-stack",
            repository: "https://prometheus-community.github.io/helm-charts",
            namespace: "monitoring",
            values: request.thanos.sidecar_values(&request.cluster),
            objects: vec![(
                "thanos-objstore.yaml",
                vec![ObjectStore::external_secret(
                    "monitoring",
                    "vault",
                    "platform/thanos",
                )],
            )],
        },
        "default-deny" => Addon {
            name: "network-policy",
            chart: "",
            repository: "",
            namespace: "kube-system",
            values: Value::Null,
            objects: vec![(
                "default-deny.yaml",
                vec![serde_json::to_value(default_deny(request.mesh.as_ref())).unwrap_or_default()],
            )],
        },
        _ => return None,
    })
}

/// The Application by which Argo CD installs an add-on on a cluster.
pub(crate) fn application(addon: &Addon, request: &OnboardRequest) -> Value {
    let settings = &request.addons;
    let directory = format!("clusters/{}/{}", request.name(), addon.name);
    let files = json!({
        "repoURL": settings.repository, "targetRevision": settings.revision, "path": format!("{directory}/objects"),
    });
    let mut sources = Vec::new();
    if !addon.chart.is_empty() {
        sources.push(json!({
            "repoURL": addon.repository, "chart": addon.chart,
            "targetRevision": settings.versions.get(addon.name).map_or("*", String::as_str),
            "helm": { "releaseName": addon.name, "valueFiles": [format!("$values/{directory}/values.yaml")] },
        }));
        sources.push(json!({
            "repoURL": settings.repository, "targetRevision": settings.revision, "ref": "values",
        }));
    }
    if !addon.objects.is_empty() {
        sources.push(files);
    }
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {
            "name": format!("{}-{}", addon.name, request.name()), "namespace": settings.argocd_namespace,
            "labels": { "fleet-sdk.dev/cluster": request.name(), "fleet-sdk.dev/addon": addon.name },
        },
        "spec": {
            "project": settings.project,
            "sources": sources,
            "destination": { "name": request.name(), "namespace": addon.namespace },
            "syncPolicy": {
                "automated": { "prune": true, "selfHeal": true },
                "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
                "retry": { "limit": 10, "backoff": { "duration": "15s", "factor": 2, "maxDuration": "3m" } },
            },
        },
    })
}

/// The files of an add-on: its values, its objects, its Application.
pub(crate) fn addon_files(
    addon: &Addon,
    request: &OnboardRequest,
) -> Result<Vec<RepositoryFile>, yaml::YamlError> {
    let directory = format!("clusters/{}/{}", request.name(), addon.name);
    let mut files = Vec::new();
    if !addon.chart.is_empty() {
        files.push(RepositoryFile::yaml(
            format!("{directory}/values.yaml"),
            [&addon.values],
        )?);
    }
    for (name, documents) in &addon.objects {
        files.push(RepositoryFile::yaml(
            format!("{directory}/objects/{name}"),
            documents,
        )?);
    }
    let path = format!("clusters/{}/argocd/{}.yaml", request.name(), addon.name);
    files.push(RepositoryFile::yaml(path, [&application(addon, request)])?);
    Ok(files)
}

/// The cluster's own data source, beside the fleet's.
pub(crate) fn data_source(request: &OnboardRequest) -> DataSource {
    let name = request.name();
    DataSource::prometheus(name, format!("http://{name}.metrics.internal:9090"))
}

pub(crate) fn data_source_file(request: &OnboardRequest) -> Result<RepositoryFile, yaml::YamlError> {
    let path = format!("platform/grafana/datasources/{}.yaml", request.name());
    RepositoryFile::yaml(path, [&provisioning(&[data_source(request)])])
}

fn cilium_values(request: &OnboardRequest) -> Value {
    let member = request
        .mesh
        .as_ref()
        .and_then(|plan| helm_values(plan, request.cluster.name()));
    let own = || {
        json!({
            "cluster": { "name": "default", "id": 0 },
            "ipam": { "mode": "cluster-pool", "operator": { "clusterPoolIPv4PodCIDRList": request.cluster.networks().pods } },
        })
    };
    let mut values = member
        .and_then(|values| serde_json::to_value(values).ok())
        .unwrap_or_else(own);
    values["operator"] = json!({ "replicas": 2, "prometheus": { "enabled": true } });
    values["prometheus"] = json!({ "enabled": true });
    values["hubble"] = json!({ "enabled": true, "relay": { "enabled": true } });
    values
}

fn cluster_issuer(request: &OnboardRequest) -> Value {
    json!({
        "apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer",
        "metadata": { "name": "letsencrypt" },
        "spec": { "acme": {
            "server": "https://acme-v02.api.letsencrypt.org/directory",
            "email": request.addons.acme_email,
            "privateKeySecretRef": { "name": "letsencrypt-account" },
            "solvers": [{ "http01": { "ingress": { "ingressClassName": "nginx" } } }],
        } },
    })
}

fn secret_store(request: &OnboardRequest) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterSecretStore",
        "metadata": { "name": "vault" },
        "spec": { "provider": { "vault": {
            "server": request.addons.vault_server, "path": "secret", "version": "v2",
            "auth": { "kubernetes": {
                "mountPath": format!("kubernetes/{}", request.name()), "role": "external-secrets",
                "serviceAccountRef": { "name": "external-secrets", "namespace": "external-secrets" },
            } },
        } } },
    })
}

/// What every cluster of the platform refuses.
fn platform_policies() -> Vec<Value> {
    let policy = |name: &str, about: &str, message: &str, pattern: Value| {
        json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
            "metadata": { "name": name, "annotations": { "policies.kyverno.io/description": about } },
            "spec": { "background": true, "rules": [{
                "name": name,
                "match": { "any": [{ "resources": { "kinds": ["Pod"] } }] },
                "exclude": { "any": [{ "resources": { "namespaces": ["kube-system", "velero"] } }] },
                "validate": { "failureAction": "Enforce", "message": message, "pattern": pattern },
            }] },
        })
    };
    vec![
        policy(
            "no-privileged-containers",
            "A privileged container is the node.",
            "privileged containers are not allowed; ask for single capabilities",
            json!({ "spec": { "containers": [{ "=(securityContext)": { "=(privileged)": false } }] } }),
        ),
        policy(
            "no-latest-tag",
            "A tag that moves cannot be rolled back to.",
            "an image needs a tag, and another one than latest",
            json!({ "spec": { "containers": [{ "image": "*:* & !*:latest" }] } }),
        ),
        policy(
            "requests-and-limits",
            "Without requests the scheduler guesses; without a limit of memory one Pod takes the node.",
            "requests of CPU and memory, and a limit of memory are needed",
            json!({ "spec": { "containers": [{ "resources": {
                "requests": { "cpu": "?*", "memory": "?*" }, "limits": { "memory": "?*" },
            } }] } }),
        ),
    ]
}

fn velero_values(request: &OnboardRequest) -> Value {
    let region = request.cluster.region().unwrap_or_default();
    let provider = match request.cluster.provider() {
        fleet_core::Provider::Azure => "azure",
        fleet_core::Provider::Gcp => "gcp",
        // What speaks S3 is reached by the same plugin.
        _ => "aws",
    };
    json!({
        "configuration": {
            "backupStorageLocation": [{
                "name": "default", "default": true, "provider": provider,
                "bucket": request.addons.backup_bucket, "prefix": request.name(), "config": { "region": region },
            }],
            "volumeSnapshotLocation": [{ "name": "default", "provider": provider, "config": { "region": region } }],
        },
        "schedules": { "daily": {
            "schedule": "0 2 * * *",
            "template": { "ttl": "720h", "excludedNamespaces": ["kube-system", "velero"], "storageLocation": "default" },
        } },
        "metrics": { "enabled": true },
    })
}
