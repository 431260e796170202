//! The control plane: how many machines, of what make, and what its API server is told.

use std::collections::BTreeMap;

use fleet_core::yaml::FieldPath;

use crate::SensitiveString;
use crate::admission::Problem;
use crate::v1beta2::{Arg, File, HostPathMount};

/// A control plane that kubeadm sets up.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPlane {
    pub(super) replicas: u32,
    pub(super) instance_type: Option<String>,
    pub(super) image: Option<String>,
    pub(super) disk_gib: Option<u32>,
    pub(super) api_server_args: BTreeMap<String, String>,
    pub(super) cert_sans: Vec<String>,
    pub(super) files: Vec<File>,
    pub(super) audit_log: Option<AuditLog>,
}

impl From<u32> for ControlPlane {
    fn from(replicas: u32) -> Self {
        Self::new(replicas)
    }
}

impl ControlPlane {
    /// A control plane of so many machines: an odd number, because etcd runs on them.
    pub fn new(replicas: u32) -> Self {
        Self {
            replicas,
            instance_type: None,
            image: None,
            disk_gib: None,
            api_server_args: BTreeMap::new(),
            cert_sans: Vec::new(),
            files: Vec::new(),
            audit_log: None,
        }
    }

    /// The size of the machines: see [`NodePool::instance_type`](super::NodePool::instance_type).
    pub fn instance_type(mut self, instance_type: impl Into<String>) -> Self {
        self.instance_type = Some(instance_type.into());
        self
    }

    /// The machine image: see [`NodePool::image`](super::NodePool::image).
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// The size of the machines' first disk, in GiB.
    pub fn disk_gib(mut self, size: u32) -> Self {
        self.disk_gib = Some(size);
        self
    }

    /// A flag of the API server, without the dashes.
    pub fn api_server_arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.api_server_args.insert(name.into(), value.into());
        self
    }

    /// A further name or address in the API server's certificate.
    pub fn cert_san(mut self, name: impl Into<String>) -> Self {
        self.cert_sans.push(name.into());
        self
    }

    /// A file on each control-plane machine, such as a static pod's manifest.
    pub fn file(mut self, path: impl Into<String>, content: impl Into<SensitiveString>) -> Self {
        self.files.push(File {
            content: Some(content.into()),
            owner: Some("root:root".to_owned()),
            path: path.into(),
            permissions: Some("0600".to_owned()),
            ..File::default()
        });
        self
    }

    /// Has the API server write an audit log.
    pub fn audit_log(mut self, audit_log: AuditLog) -> Self {
        self.audit_log = Some(audit_log);
        self
    }

    pub(super) fn args(&self) -> Vec<Arg> {
        let mut args = self.api_server_args.clone();
        if let Some(audit) = &self.audit_log {
            for (name, value) in [
                ("audit-log-path", audit.path.clone()),
                ("audit-policy-file", AUDIT_POLICY.to_owned()),
                ("audit-log-maxage", audit.days.to_string()),
                ("audit-log-maxbackup", audit.files.to_string()),
                ("audit-log-maxsize", audit.megabytes.to_string()),
            ] {
                args.entry(name.to_owned()).or_insert(value);
            }
        }
        let arg = |(name, value)| Arg {
            name,
            value,
            ..Arg::default()
        };
        args.into_iter().map(arg).collect()
    }

    pub(super) fn volumes(&self) -> Vec<HostPathMount> {
        let Some(audit) = &self.audit_log else {
            return Vec::new();
        };
        let directory = audit
            .path
            .rsplit_once('/')
            .map_or("/", |(directory, _)| directory);
        vec![
            HostPathMount {
                host_path: AUDIT_POLICY.to_owned(),
                mount_path: AUDIT_POLICY.to_owned(),
                name: "audit-policy".to_owned(),
                path_type: Some("File".to_owned()),
                read_only: Some(true),
                ..HostPathMount::default()
            },
            HostPathMount {
                host_path: directory.to_owned(),
                mount_path: directory.to_owned(),
                name: "audit-log".to_owned(),
                path_type: Some("DirectoryOrCreate".to_owned()),
                ..HostPathMount::default()
            },
        ]
    }

    pub(super) fn all_files(&self) -> Vec<File> {
        let policy = self.audit_log.as_ref().map(|audit| File {
            content: Some(audit.policy.as_str().into()),
            owner: Some("root:root".to_owned()),
            path: AUDIT_POLICY.to_owned(),
            permissions: Some("0600".to_owned()),
            ..File::default()
        });
        policy.into_iter().chain(self.files.clone()).collect()
    }
}

/// What the API server writes down, and where.
///
/// A policy alone, or the flags alone, leave an API server that does not start or does not log: this brings the policy file to
/// the machines, mounts it and the log's directory, and sets the flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLog {
    pub(super) policy: String,
    pub(super) path: String,
    pub(super) days: u32,
    pub(super) files: u32,
    pub(super) megabytes: u32,
}

impl AuditLog {
    /// Of a policy, a YAML document of `audit.k8s.io/v1`; to `/var/log/kubernetes/audit.log`, ten files of 100 MB each, for 30
    /// days.
    pub fn of_policy(policy: impl Into<String>) -> Self {
        Self {
            policy: policy.into(),
            path: "/var/log/kubernetes/audit.log".to_owned(),
            days: 30,
            files: 10,
            megabytes: 100,
        }
    }

    /// Who did what to which object, without the content of requests and responses.
    pub fn metadata() -> Self {
        Self::of_policy("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n")
    }

    /// The file, as the API server and the machine see it.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The directory of the log is mounted into the API server, so it must be one, and not the whole machine.
    pub(super) fn mistake(&self) -> Option<(FieldPath, Problem)> {
        let directory = self.path.rsplit_once('/').map_or("", |(directory, _)| directory);
        let is_file = directory.len() > 1 && self.path.starts_with('/') && !self.path.ends_with('/');
        let problem = Problem::Invalid {
            found: format!("{:?}", self.path),
            expected: "a file in a directory of its own, such as /var/log/kubernetes/audit.log",
        };
        let at = FieldPath::root()
            .field("controlPlane")
            .field("auditLog")
            .field("path");
        (!is_file).then_some((at, problem))
    }

    /// For how many days, in how many files of how many megabytes it is kept.
    pub fn kept(mut self, days: u32, files: u32, megabytes: u32) -> Self {
        (self.days, self.files, self.megabytes) = (days, files, megabytes);
        self
    }
}

const AUDIT_POLICY: &str = "/etc/kubernetes/audit-policy.yaml";
