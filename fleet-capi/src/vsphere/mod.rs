//! The infrastructure provider for vSphere.

mod enums;
mod parts;
pub mod v1beta1;
pub mod v1beta2;
