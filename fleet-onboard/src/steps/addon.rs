//! Steps that install something on the cluster: an Argo CD Application, done when it is in sync and healthy.

use async_trait::async_trait;
use fleet_core::yaml::YamlError;
use serde_json::Value;

use super::objects::{apply, delete, get};
use super::{Progress, Step, StepFailure};
use crate::files::{addon, addon_files, application};
use crate::saga::StepSpec;
use crate::{Context, OnboardRequest, RepositoryFile};

pub(super) struct AddonStep {
    spec: StepSpec,
}

impl AddonStep {
    pub(super) fn new(spec: StepSpec) -> Self {
        Self { spec }
    }

    fn application(&self, request: &OnboardRequest) -> Result<Value, StepFailure> {
        addon(&self.spec.id, request)
            .map(|addon| application(&addon, request))
            .ok_or_else(|| StepFailure::for_good("there is no add-on of this name"))
    }
}

#[async_trait]
impl Step for AddonStep {
    fn spec(&self) -> StepSpec {
        self.spec.clone()
    }

    fn files(&self, request: &OnboardRequest) -> Result<Vec<RepositoryFile>, YamlError> {
        match addon(&self.spec.id, request) {
            Some(addon) => addon_files(&addon, request),
            None => Ok(Vec::new()),
        }
    }

    async fn act(&self, context: &Context) -> Result<(), StepFailure> {
        apply(&context.hub, &self.application(&context.request)?).await
    }

    async fn check(&self, context: &Context) -> Result<Progress, StepFailure> {
        let Some(found) = get(&context.hub, &self.application(&context.request)?).await? else {
            return Err(StepFailure::may_pass("the Application is not there any more"));
        };
        let status = |pointer: &str| {
            let text = found.data.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let (sync, health) = (status("/status/sync/status"), status("/status/health/status"));
        match (sync.as_str(), health.as_str()) {
            ("Synced", "Healthy") => Ok(Progress::Done),
            ("", _) => Ok(Progress::Waiting("Argo CD has not looked at it yet".to_owned())),
            _ => {
                let message = status("/status/operationState/message");
                let because = if message.is_empty() {
                    message
                } else {
                    format!(": {message}")
                };
                Ok(Progress::Waiting(format!(
                    "the Application is {sync} and {health}{because}"
                )))
            }
        }
    }

    async fn compensate(&self, context: &Context) -> Result<(), StepFailure> {
        delete(&context.hub, &self.application(&context.request)?).await
    }
}
