//! The scale subresource: an object's replica counts in one common shape.

use http::StatusCode;
use serde_json::{Value, json};

use super::write::{Ownership, Written};
use super::{Answer, Call};
use crate::kubernetes::{self, structure};
use crate::object;
use crate::request::PatchKind;
use crate::resources::ScalePaths;
use crate::state::State;
use crate::status::{ApiError, ApiResult, FieldError};

impl Call<'_> {
    pub(super) fn read_scale(&self, state: &State) -> ApiResult<Answer> {
        let stored = self.existing(state, self.name.unwrap_or_default())?;
        Ok(Answer::json(
            StatusCode::OK,
            &self.scale_of(&self.value(&stored))?,
        ))
    }

    pub(super) fn replace_scale(&self, state: &mut State) -> ApiResult<Answer> {
        let scale = self.request.json_body()?;
        self.set_scale(state, |_| Ok(scale))
    }

    pub(super) fn patch_scale(&self, state: &mut State) -> ApiResult<Answer> {
        let kind = self.request.patch_kind(self.resource.custom())?;
        self.set_scale(state, |mut scale| {
            match kind {
                PatchKind::Json => self.patch_value(kind, &mut scale)?,
                PatchKind::Merge | PatchKind::Strategic => {
                    json_patch::merge(&mut scale, &crate::request::parse_json(&self.request.body)?);
                }
                PatchKind::Apply => json_patch::merge(&mut scale, &self.request.yaml_body()?),
            }
            Ok(scale)
        })
    }

    fn set_scale(
        &self,
        state: &mut State,
        change: impl FnOnce(Value) -> ApiResult<Value>,
    ) -> ApiResult<Answer> {
        let name = self.name.unwrap_or_default();
        let stored = self.existing(state, name)?;
        let live = self.value(&stored);
        let mut object = live.clone();
        let scale = change(self.scale_of(&object)?)?;
        let replicas = scale
            .pointer("/spec/replicas")
            .cloned()
            .unwrap_or_else(|| json!(0));
        let mut read = scale.clone();
        if let Some(structure) = structure("autoscaling/v1.Scale")
            && let Some(error) = kubernetes::decode(&mut read, structure).error
        {
            return Err(ApiError::bad_request(format!(
                "Scale in version \"v1\" cannot be handled as a Scale: {error}"
            )));
        }
        // A custom resource's own schema judges its replicas.
        if replicas.as_i64().is_none_or(|replicas| replicas < 0) && !self.resource.custom() {
            let error = FieldError::invalid("spec.replicas", &replicas, "must be greater than or equal to 0");
            return Err(ApiError::invalid("autoscaling", "Scale", name, &[error]));
        }
        let version = object::resource_version(&scale).to_owned();
        if !version.is_empty() {
            object::meta_mut(&mut object).insert("resourceVersion".into(), json!(version));
        }
        let spec_path = &self.scale_paths()?.spec_replicas;
        set_at(&mut object, spec_path, replicas);
        let written = self.rewrite(state, &stored, live, object, Ownership::Updated)?;
        let object = match written {
            Written::Stored(stored) => self.value(&stored),
            Written::Shown(value) => value,
        };
        Ok(Answer::json(StatusCode::OK, &self.scale_of(&object)?))
    }

    fn scale_paths(&self) -> ApiResult<&ScalePaths> {
        self.version.scale.as_ref().ok_or_else(ApiError::no_such_resource)
    }

    fn scale_of(&self, object: &Value) -> ApiResult<Value> {
        let paths = self.scale_paths()?;
        let spec = at(object, &paths.spec_replicas).and_then(Value::as_i64);
        let mut metadata = json!({});
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let Some(value) = object::meta(object, field) {
                metadata[field] = value.clone();
            }
        }
        let replicas = at(object, &paths.status_replicas)
            .and_then(Value::as_i64)
            .unwrap_or(0);
        let mut status = json!({"replicas": replicas});
        match at(object, &paths.selector) {
            Some(Value::String(selector)) if !selector.is_empty() => status["selector"] = json!(selector),
            Some(selector @ Value::Object(_)) => {
                let parsed: Option<fleet_core::Selector> = serde_json::from_value(selector.clone()).ok();
                if let Some(selector) = parsed.map(|selector| selector.to_string()) {
                    status["selector"] = json!(selector);
                }
            }
            _ => {}
        }
        Ok(json!({
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": {"replicas": spec.unwrap_or(0)}, "status": status,
        }))
    }
}

fn at<'v>(object: &'v Value, path: &[String]) -> Option<&'v Value> {
    if path.is_empty() {
        None
    } else {
        path.iter().try_fold(object, |value, part| value.get(part))
    }
}

fn set_at(object: &mut Value, path: &[String], value: Value) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut place = object;
    for part in parents {
        place = object::map_mut(place)
            .entry(part.clone())
            .or_insert_with(|| json!({}));
    }
    object::map_mut(place).insert(last.clone(), value);
}
