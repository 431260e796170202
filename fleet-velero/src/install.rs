//! Installing Velero: what `velero install` makes, as objects and as values of the Helm chart.

use std::collections::{BTreeMap, BTreeSet};

use fleet_core::ClusterName;
use serde_json::{Value, json};

use crate::inventory::VeleroVersion;

/// A Velero server to be installed, with the choices of `velero install`.
///
/// ```
/// use fleet_velero::VeleroInstall;
///
/// let fleet = VeleroInstall::aws("velero-backups", "eu-west-1")
///     .plugin("velero/velero-plugin-for-aws:v1.14.0")
///     .with_node_agent()
///     .with_feature("EnableCSI");
/// let one = fleet.for_cluster(&"production-eu-west".parse()?);
/// let location = one.objects().into_iter().find(|object| object["kind"] == "BackupStorageLocation").unwrap();
/// assert_eq!(location["spec"]["objectStorage"]["prefix"], "production-eu-west");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VeleroInstall {
    /// The namespace.
    pub namespace: String,
    /// The server's version.
    pub version: String,
    /// The image, without its tag.
    pub image: String,
    /// The provider of locations (`aws`, `azure`, `gcp`).
    pub provider: String,
    /// The images of the plugins.
    pub plugins: Vec<String>,
    /// The bucket.
    pub bucket: String,
    /// The path in it; each cluster needs its own.
    pub prefix: String,
    /// Settings of the storage location.
    pub location_config: BTreeMap<String, String>,
    /// Settings of the snapshot location; `None`: there is none.
    pub snapshot_config: Option<BTreeMap<String, String>>,
    /// The Secret with the provider's credentials in the key `cloud`; `None`: the service account has a role of its own.
    ///
    /// The Secret itself is not part of what is made: credentials do not belong into Git, nor into this program.
    pub credentials: Option<String>,
    /// Annotations of the service account (`eks.amazonaws.com/role-arn`).
    pub service_account_annotations: BTreeMap<String, String>,
    /// Whether the node agent is installed, without which no data leaves a node.
    pub node_agent: bool,
    /// Features (`EnableCSI`).
    pub features: Vec<String>,
    /// Whether volumes are copied file by file unless they say otherwise.
    pub default_volumes_to_fs_backup: bool,
    /// Whether the data of snapshots is moved unless a backup says otherwise.
    pub default_snapshot_move_data: bool,
}

impl VeleroInstall {
    /// A server with one location in this bucket and snapshots in its region, credentials in the Secret `cloud-credentials`.
    pub fn new(provider: &str, bucket: &str, region: &str) -> Self {
        let region = BTreeMap::from([("region".to_owned(), region.to_owned())]);
        Self {
            namespace: "velero".to_owned(),
            version: VeleroVersion::MODELLED.to_string(),
            image: "velero/velero".to_owned(),
            provider: provider.to_owned(),
            plugins: Vec::new(),
            bucket: bucket.to_owned(),
            prefix: String::new(),
            location_config: region.clone(),
            snapshot_config: Some(region),
            credentials: Some("cloud-credentials".to_owned()),
            service_account_annotations: BTreeMap::new(),
            node_agent: false,
            features: Vec::new(),
            default_volumes_to_fs_backup: false,
            default_snapshot_move_data: false,
        }
    }

    /// On AWS.
    pub fn aws(bucket: &str, region: &str) -> Self {
        Self::new("aws", bucket, region)
    }

    /// With one more plugin.
    pub fn plugin(mut self, image: &str) -> Self {
        self.plugins.push(image.to_owned());
        self
    }

    /// With the node agent.
    pub fn with_node_agent(self) -> Self {
        Self {
            node_agent: true,
            ..self
        }
    }

    /// With one more feature.
    pub fn with_feature(mut self, feature: &str) -> Self {
        self.features.push(feature.to_owned());
        self
    }

    /// The same for one cluster of a fleet: with a prefix of its own, below that of the fleet. Names of clusters are unique in a
    /// fleet, and hold no slash, so that no prefix is another's or lies in it.
    pub fn for_cluster(&self, cluster: &ClusterName) -> Self {
        let prefix = match self.prefix.trim_matches('/') {
            "" => cluster.to_string(),
            fleet => format!("{fleet}/{cluster}"),
        };
        Self {
            prefix,
            ..self.clone()
        }
    }

    /// The place its backups go to: provider, bucket, prefix.
    pub fn place(&self) -> (&str, &str, &str) {
        (&self.provider, &self.bucket, self.prefix.trim_matches('/'))
    }

    /// The installations that would write where another does, or within: the first of each pair that collides.
    pub fn collisions<'a>(all: impl IntoIterator<Item = &'a Self>) -> Vec<&'a Self> {
        let mut seen: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
        let mut found = Vec::new();
        for install in all {
            let (provider, bucket, prefix) = install.place();
            let within = |outer: &str, inner: &str| {
                outer.is_empty()
                    || inner == outer
                    || inner
                        .strip_prefix(outer)
                        .is_some_and(|rest| rest.starts_with('/'))
            };
            let collides = seen.iter().any(|(other, place, taken)| {
                *other == provider && *place == bucket && (within(taken, prefix) || within(prefix, taken))
            });
            if collides {
                found.push(install);
            }
            seen.insert((provider, bucket, prefix));
        }
        found
    }

    /// Everything but the `CustomResourceDefinition`s ([`crds`](crate::crds)) and the Secret, in the order to apply it in.
    pub fn objects(&self) -> Vec<Value> {
        let labels = json!({"component": "velero"});
        let security = ["enforce", "audit", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}"));
        let mut namespace_labels = labels.clone();
        for mode in security {
            namespace_labels[format!("{mode}-version")] = json!("latest");
            namespace_labels[mode] = json!("privileged");
        }
        let role = match self.namespace.as_str() {
            "velero" => "velero".to_owned(),
            other => format!("velero-{other}"),
        };
        let metadata = |name: &str| json!({"name": name, "namespace": self.namespace, "labels": labels});
        let mut account = metadata("velero");
        if !self.service_account_annotations.is_empty() {
            account["annotations"] = json!(self.service_account_annotations);
        }
        let mut objects = vec![
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": namespace_labels}}),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": role, "labels": labels},
                "subjects": [{"kind": "ServiceAccount", "namespace": self.namespace, "name": "velero"}],
                "roleRef": {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": "rbac.authorization.k8s.io"},
            }),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}),
            self.location(&metadata("default")),
        ];
        if let Some(config) = &self.snapshot_config {
            objects.push(json!({
                "apiVersion": "velero.io/v1", "kind": "VolumeSnapshotLocation", "metadata": metadata("default"),
                "spec": {"provider": self.provider, "config": config},
            }));
        }
        objects.push(self.deployment(&metadata("velero")));
        if self.node_agent {
            objects.push(self.daemon_set(&metadata("node-agent")));
        }
        objects
    }

    fn location(&self, metadata: &Value) -> Value {
        let mut store = json!({"bucket": self.bucket});
        if !self.prefix.is_empty() {
            store["prefix"] = json!(self.prefix.trim_matches('/'));
        }
        json!({
            "apiVersion": "velero.io/v1", "kind": "BackupStorageLocation", "metadata": metadata,
            "spec": {"provider": self.provider, "objectStorage": store, "config": self.location_config, "default": true},
        })
    }

    fn deployment(&self, metadata: &Value) -> Value {
        let mut args = vec!["server".to_owned()];
        args.extend(self.features_flag());
        if self.default_volumes_to_fs_backup {
            args.push("--default-volumes-to-fs-backup=true".to_owned());
        }
        if self.default_snapshot_move_data {
            args.push("--default-snapshot-move-data=true".to_owned());
        }
        args.push("--uploader-type=kopia".to_owned());
        let mut container = self.container("velero", &args);
        container["volumeMounts"] = json!([
            {"name": "plugins", "mountPath": "/plugins"},
            {"name": "scratch", "mountPath": "/scratch"},
        ]);
        container["env"] = json!([
            {"name": "VELERO_SCRATCH_DIR", "value": "/scratch"},
            {"name": "VELERO_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "LD_LIBRARY_PATH", "value": "/plugins"},
        ]);
        let plugins = self.plugins.iter().map(|image| {
            json!({
                "name": plugin_name(image), "image": image, "imagePullPolicy": "IfNotPresent",
                "volumeMounts": [{"name": "plugins", "mountPath": "/target"}],
            })
        });
        let mut pod = json!({
            "restartPolicy": "Always",
            "serviceAccountName": "velero",
            "os": {"name": "linux"},
            "initContainers": plugins.collect::<Vec<_>>(),
            "containers": [container],
            "volumes": [{"name": "plugins", "emptyDir": {}}, {"name": "scratch", "emptyDir": {}}],
        });
        self.add_credentials(&mut pod);
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
            "spec": {
                "selector": {"matchLabels": {"deploy": "velero"}},
                "template": {
                    "metadata": {
                        "labels": {"component": "velero", "deploy": "velero"},
                        "annotations": {
                            "prometheus.io/scrape": "true", "prometheus.io/port": "8085", "prometheus.io/path": "/metrics",
                        },
                    },
                    "spec": pod,
                },
            },
        })
    }

    fn daemon_set(&self, metadata: &Value) -> Value {
        let mut args = vec!["node-agent".to_owned(), "server".to_owned()];
        args.extend(self.features_flag());
        let mut container = self.container("node-agent", &args);
        container["securityContext"] = json!({"privileged": false});
        container["volumeMounts"] = json!([
            {"name": "host-pods", "mountPath": "/host_pods", "mountPropagation": "HostToContainer"},
            {"name": "host-plugins", "mountPath": "/var/lib/kubelet/plugins", "mountPropagation": "HostToContainer"},
            {"name": "scratch", "mountPath": "/scratch"},
        ]);
        container["env"] = json!([
            {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "VELERO_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "VELERO_SCRATCH_DIR", "value": "/scratch"},
        ]);
        let mut pod = json!({
            "serviceAccountName": "velero",
            "securityContext": {"runAsUser": 0},
            "containers": [container],
            "volumes": [
                {"name": "host-pods", "hostPath": {"path": "/var/lib/kubelet/pods"}},
                {"name": "host-plugins", "hostPath": {"path": "/var/lib/kubelet/plugins"}},
                {"name": "scratch", "emptyDir": {}},
            ],
        });
        self.add_credentials(&mut pod);
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata,
            "spec": {
                "selector": {"matchLabels": {"name": "node-agent"}},
                "template": {
                    "metadata": {"labels": {"component": "velero", "name": "node-agent", "role": "node-agent"}},
                    "spec": pod,
                },
            },
        })
    }

    fn features_flag(&self) -> Option<String> {
        (!self.features.is_empty()).then(|| format!("--features={}", self.features.join(",")))
    }

    fn container(&self, name: &str, args: &[String]) -> Value {
        json!({
            "name": name,
            "image": format!("{}:{}", self.image, self.version),
            "imagePullPolicy": "IfNotPresent",
            "ports": [{"name": "metrics", "containerPort": 8085}],
            "command": ["/velero"],
            "args": args,
        })
    }

    /// Mounts the Secret, and tells each provider's library where it is.
    fn add_credentials(&self, pod: &mut Value) {
        const VARIABLES: [&str; 4] = [
            "GOOGLE_APPLICATION_CREDENTIALS",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AZURE_CREDENTIALS_FILE",
            "ALIBABA_CLOUD_CREDENTIALS_FILE",
        ];
        let Some(secret) = &self.credentials else { return };
        let push = |list: &mut Value, item: Value| {
            if let Some(list) = list.as_array_mut() {
                list.push(item);
            }
        };
        push(
            &mut pod["volumes"],
            json!({"name": "cloud-credentials", "secret": {"secretName": secret, "defaultMode": 0o444}}),
        );
        let container = &mut pod["containers"][0];
        push(
            &mut container["volumeMounts"],
            json!({"name": "cloud-credentials", "mountPath": "/credentials"}),
        );
        for name in VARIABLES {
            push(
                &mut container["env"],
                json!({"name": name, "value": "/credentials/cloud"}),
            );
        }
    }

    /// The same as values of the Helm chart `vmware-tanzu/velero`.
    pub fn helm_values(&self) -> Value {
        let mut location = json!({
            "name": "default", "provider": self.provider, "bucket": self.bucket, "default": true, "config": self.location_config,
        });
        if !self.prefix.is_empty() {
            location["prefix"] = json!(self.prefix.trim_matches('/'));
        }
        let mut configuration = json!({
            "backupStorageLocation": [location],
            "defaultVolumesToFsBackup": self.default_volumes_to_fs_backup,
            "defaultSnapshotMoveData": self.default_snapshot_move_data,
            "uploaderType": "kopia",
        });
        if let Some(config) = &self.snapshot_config {
            configuration["volumeSnapshotLocation"] =
                json!([{"name": "default", "provider": self.provider, "config": config}]);
        }
        if !self.features.is_empty() {
            configuration["features"] = json!(self.features.join(","));
        }
        let credentials = match &self.credentials {
            Some(secret) => json!({"useSecret": true, "existingSecret": secret}),
            None => json!({"useSecret": false}),
        };
        let plugins = self.plugins.iter().map(|image| {
            json!({
                "name": plugin_name(image), "image": image,
                "volumeMounts": [{"name": "plugins", "mountPath": "/target"}],
            })
        });
        json!({
            "image": {"repository": self.image, "tag": self.version},
            "initContainers": plugins.collect::<Vec<_>>(),
            "configuration": configuration,
            "credentials": credentials,
            "snapshotsEnabled": self.snapshot_config.is_some(),
            "deployNodeAgent": self.node_agent,
            "serviceAccount": {"server": {"name": "velero", "annotations": self.service_account_annotations}},
        })
    }
}

/// The name of a plugin's container: the image without registry's dots, slashes and tag.
fn plugin_name(image: &str) -> String {
    let image = image.split('@').next().unwrap_or(image);
    let slash = image.rfind('/').map_or(0, |at| at + 1);
    let untagged = image[slash..].find(':').map_or(image, |at| &image[..slash + at]);
    untagged.replace(['/', '.', '_', ':'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_of_a_fleet_never_share_a_place() {
        let fleet = VeleroInstall::aws("backups", "eu-west-1");
        let one = |name: &str| fleet.for_cluster(&name.parse().expect("a name"));
        let all = [one("a"), one("a-b"), one("b")];
        assert_eq!(VeleroInstall::collisions(&all), Vec::<&VeleroInstall>::new());
        let twice = [one("a"), one("a")];
        assert_eq!(VeleroInstall::collisions(&twice).len(), 1);
        // The fleet's own place holds all of them.
        let mut with_fleet = all.to_vec();
        with_fleet.push(fleet.clone());
        assert_eq!(VeleroInstall::collisions(&with_fleet).len(), 1);
    }

    #[test]
    fn names_of_plugins() {
        assert_eq!(
            plugin_name("velero/velero-plugin-for-aws:v1.8.0"),
            "velero-velero-plugin-for-aws"
        );
        assert_eq!(
            plugin_name("registry.example.com:5000/aws@sha256:00"),
            "registry-example-com-5000-aws"
        );
    }
}
