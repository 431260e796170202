//! The infrastructure provider for AWS.

mod enums;
mod parts;
pub mod v1beta1;
pub mod v1beta2;
