//! Clusters on AWS, with EC2 instances for machines.

use std::collections::BTreeMap;

use fleet_core::yaml::FieldPath;

use super::ClusterSpec;
use super::kubeadm::Node;
use super::platform::{Machines, missing};
use crate::Object;
use crate::admission::Problem;
use crate::aws::v1beta2::{
    AWSCluster, AWSClusterSpec, AWSMachineSpec, AWSMachineTemplate, AWSMachineTemplateResource,
    AWSMachineTemplateSpec, AmiReference, NetworkSpec, Volume, VpcSpec,
};

/// A region of AWS, and what is special about a cluster there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aws {
    region: String,
    ssh_key: Option<String>,
    vpc: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Aws {
    pub(super) const KINDS: (&'static str, &'static str) = ("AWSCluster", "AWSMachineTemplate");

    /// A region.
    pub fn new(region: impl Into<String>) -> Self {
        Self {
            region: region.into(),
            ..Self::default()
        }
    }

    /// The name of an EC2 key pair, for SSH to the machines.
    pub fn ssh_key(mut self, name: impl Into<String>) -> Self {
        self.ssh_key = Some(name.into());
        self
    }

    /// The address range of the VPC that is made; the provider's default is `10.0.0.0/16`.
    pub fn vpc(mut self, range: impl Into<String>) -> Self {
        self.vpc = Some(range.into());
        self
    }

    /// A tag of every AWS resource of the cluster.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    pub(super) fn cluster(&self, spec: &ClusterSpec) -> Object {
        let network = self.vpc.clone().map(|range| NetworkSpec {
            vpc: Some(VpcSpec {
                cidr_block: Some(range),
                ..VpcSpec::default()
            }),
            ..NetworkSpec::default()
        });
        let mut cluster = AWSCluster::new(
            &spec.name,
            AWSClusterSpec {
                additional_tags: (!self.tags.is_empty()).then(|| self.tags.clone()),
                network,
                region: Some(self.region.clone()),
                ssh_key_name: self.ssh_key.clone(),
                ..AWSClusterSpec::default()
            },
        );
        cluster.metadata = spec.meta(&spec.name);
        cluster.into()
    }

    pub(super) fn machines(&self, spec: &ClusterSpec, machines: &Machines<'_>) -> Object {
        let profile = if machines.is_control_plane {
            "control-plane"
        } else {
            "nodes"
        };
        let machine = AWSMachineSpec {
            ami: machines.image.map(|id| AmiReference {
                id: Some(id.to_owned()),
                ..AmiReference::default()
            }),
            iam_instance_profile: Some(format!("{profile}.cluster-api-provider-aws.sigs.k8s.io")),
            instance_type: machines.instance_type.unwrap_or(INSTANCE_TYPE).to_owned(),
            root_volume: machines.disk_gib.map(|size| Volume {
                size: size.into(),
                ..Volume::default()
            }),
            ssh_key_name: self.ssh_key.clone(),
            ..AWSMachineSpec::default()
        };
        let mut template = AWSMachineTemplate::new(
            &machines.template,
            AWSMachineTemplateSpec {
                template: AWSMachineTemplateResource {
                    spec: machine,
                    ..AWSMachineTemplateResource::default()
                },
                ..AWSMachineTemplateSpec::default()
            },
        );
        template.metadata = spec.meta(&machines.template);
        template.into()
    }

    #[allow(clippy::unused_self, reason = "every platform is asked in the same way")]
    pub(super) fn node(&self, _: &ClusterSpec, _: &str, _: bool) -> Node {
        Node {
            name: Some("{{ ds.meta_data.local_hostname }}"),
            external_cloud: true,
            ..Node::default()
        }
    }

    pub(super) fn mistakes(&self, _: &ClusterSpec) -> Vec<(FieldPath, Problem)> {
        let region = FieldPath::root().field("aws").field("region");
        let is_missing = self.region.is_empty();
        is_missing
            .then(|| missing(region, "a region, such as eu-west-1"))
            .into_iter()
            .collect()
    }
}

/// Two processors and eight GiB: the least that a control plane is comfortable with.
const INSTANCE_TYPE: &str = "m6i.large";
