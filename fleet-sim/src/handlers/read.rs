//! Gets one object.

use http::StatusCode;

use super::{Answer, Call};
use crate::state::State;
use crate::status::{ApiError, ApiResult};

impl Call<'_> {
    pub(super) fn read(&self, state: &State, name: &str) -> ApiResult<Answer> {
        self.refuse_future_version(state)?;
        let stored = self.existing(state, name)?;
        Ok(self.answer(StatusCode::OK, &stored))
    }

    /// "Not older than" cannot be promised for a revision that is still to come.
    pub(super) fn refuse_future_version(&self, state: &State) -> ApiResult<()> {
        match self.request.options.resource_version {
            Some(asked) if asked > state.store.revision() => Err(ApiError::too_large_resource_version(
                asked,
                state.store.revision(),
            )),
            _ => Ok(()),
        }
    }
}
