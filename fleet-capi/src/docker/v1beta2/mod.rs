//! Cluster API for the Docker and development provider, infrastructure.cluster.x-k8s.io/v1beta2.

mod dev_cluster;
mod dev_cluster_template;
mod dev_machine;
mod dev_machine_pool;
mod dev_machine_template;
mod docker_cluster;
mod docker_cluster_template;
mod docker_machine;
mod docker_machine_pool;
mod docker_machine_template;

pub use crate::docker::parts::{
    ConfigMapReference, DevMachineBackend, DockerLoadBalancer, DockerMachineBackend, InMemoryClusterBackend,
    InMemoryComponent, InMemoryMachineBackend, InMemoryProvisioning, Mount,
};
pub use crate::docker::pools::{DockerMachinePoolInstance, DockerMachinePoolMachineTemplate};
pub use dev_cluster::{
    DevCluster, DevClusterBackend, DevClusterSpec, DevClusterStatus, DockerClusterBackend,
};
pub use dev_cluster_template::{DevClusterTemplate, DevClusterTemplateResource, DevClusterTemplateSpec};
pub use dev_machine::{DevMachine, DevMachineSpec, DevMachineStatus};
pub use dev_machine_pool::{
    DevMachinePool, DevMachinePoolBackend, DevMachinePoolInstance, DevMachinePoolSpec, DevMachinePoolStatus,
    DevMachinePoolTemplate, DevMachinePoolTemplateResource, DevMachinePoolTemplateSpec,
};
pub use dev_machine_template::{
    DevMachineTemplate, DevMachineTemplateResource, DevMachineTemplateSpec, DevMachineTemplateStatus,
};
pub use docker_cluster::{DockerCluster, DockerClusterSpec, DockerClusterStatus};
pub use docker_cluster_template::{
    DockerClusterTemplate, DockerClusterTemplateResource, DockerClusterTemplateSpec,
};
pub use docker_machine::{DockerMachine, DockerMachineSpec, DockerMachineStatus};
pub use docker_machine_pool::{
    DockerMachinePool, DockerMachinePoolSpec, DockerMachinePoolStatus, DockerMachinePoolTemplate,
    DockerMachinePoolTemplateResource, DockerMachinePoolTemplateSpec,
};
pub use docker_machine_template::{
    DockerMachineTemplate, DockerMachineTemplateResource, DockerMachineTemplateSpec,
    DockerMachineTemplateStatus,
};
