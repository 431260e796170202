//! What people have said yes to.

use async_trait::async_trait;

use super::BoxError;
use crate::kernel::Approval;

/// Where approvals are given: an annotation, a ticket, a chat.
///
/// Asked while a run waits for one. Whose approval counts, and for how long, is the policy's to say: an implementation
/// hands out everything it has, and vouches for the names.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait Approvals: Send + Sync {
    /// All approvals given for this run so far, also those for later stages. An error counts as none.
    async fn granted(&self, run: &str) -> Result<Vec<Approval>, BoxError>;
}
