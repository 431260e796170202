//! The infrastructure provider for Azure, AKS through the Azure Service Operator included.

mod enums;
pub mod v1beta1;
