//! Patches of every kind, server-side apply among them.

use http::StatusCode;
use json_patch::PatchOperation;
use serde_json::{Value, json};

use super::write::Ownership;
use super::{Answer, Call, Subresource};
use crate::apply::{Managers, Writer};
use crate::kubernetes::{self, structure};
use crate::object;
use crate::request::PatchKind;
use crate::state::State;
use crate::status::{ApiError, ApiResult, FieldError};
use crate::strategic;

const MAX_OPERATIONS: usize = 10_000;
/// What the copies of one JSON patch may add up to.
const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;
const COPY_DEPTH: usize = 128;

impl Call<'_> {
    pub(super) fn patch(&self, state: &mut State, name: &str) -> ApiResult<Answer> {
        let kind = self.request.patch_kind(self.resource.custom())?;
        if kind == PatchKind::Apply {
            return self.apply(state, name);
        }
        if self.request.options.force {
            let detail = "may not be specified for non-apply patch";
            return Err(ApiError::invalid_options(
                "PatchOptions",
                FieldError::forbidden("force", detail),
            ));
        }
        let old = self.existing(state, name)?;
        let live = self.value(&old);
        let mut new = live.clone();
        self.patch_value(kind, &mut new)?;
        if !new.is_object() {
            return Err(ApiError::unprocessable("the patch leaves no object behind"));
        }
        let warnings = self.read_patched(&mut new, |error| {
            // The object as it was patched, before it was read: hardly any patch is refused, so nobody keeps it.
            let mut shown = live.clone();
            if let Err(error) = self.patch_value(kind, &mut shown) {
                return error;
            }
            let shown = match &self.resource.go_type {
                Some(name) => kubernetes::go_document(name, &shown),
                None => shown.to_string(),
            };
            ApiError::invalid("", "", "", &[FieldError::invalid("patch", &json!(shown), error)])
        })?;
        let found = object::name(&new);
        if found.is_empty() {
            return Err(self.nameless(name));
        }
        if found != name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({found}) does not match the name on the URL ({name})"
            )));
        }
        let namespace = object::namespace(&new);
        if !namespace.is_empty() && Some(namespace) != self.namespace {
            return Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        let written = self.rewrite(state, &old, live, new, Ownership::Updated)?;
        Ok(self.written(StatusCode::OK, written).warning_of(&warnings))
    }

    /// Reads a patched object as its type does.
    fn read_patched(
        &self,
        new: &mut Value,
        refuse: impl FnOnce(String) -> Box<ApiError>,
    ) -> ApiResult<Vec<String>> {
        let kind = [object::kind(new), object::api_version(new)];
        if !self.resource.custom() && kind != [self.resource.kind.as_str(), self.api_version.as_str()] {
            return Err(refuse(self.no_such_kind(new)));
        }
        self.read_as_type(new, refuse)
    }

    pub(super) fn patch_value(&self, kind: PatchKind, value: &mut Value) -> ApiResult<()> {
        match kind {
            PatchKind::Json => {
                let operations = crate::request::parse_json(&self.request.body).map_err(|error| {
                    ApiError::bad_request(format!("error decoding patch: {}", error.message))
                })?;
                if !operations.is_array() {
                    return Err(ApiError::bad_request(format!(
                        "error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
                        kubernetes::kind_of(&operations)
                    )));
                }
                let operations: Vec<PatchOperation> =
                    serde_json::from_value(operations).map_err(|_| refused_patch())?;
                apply_operations(value, &operations)
            }
            PatchKind::Merge => {
                let patch = crate::request::parse_json(&self.request.body)?;
                refuse_other_than_object(&patch)?;
                json_patch::merge(value, &patch);
                Ok(())
            }
            PatchKind::Strategic => {
                let patch = crate::request::parse_json(&self.request.body)?;
                refuse_other_than_object(&patch)?;
                strategic::merge(value, &patch, Some(&self.version.schema)).map_err(ApiError::unknown)
            }
            PatchKind::Apply => Err(ApiError::bad_request("an apply patch is not merged into a value")),
        }
    }

    fn apply(&self, state: &mut State, name: &str) -> ApiResult<Answer> {
        let options = &self.request.options;
        if options.field_manager.is_none() {
            let error = FieldError::required("fieldManager", "is required for apply patch");
            return Err(ApiError::invalid_options("PatchOptions", error));
        }
        let config = self.applied_configuration(name)?;
        let Ok(old) = self.existing(state, name) else {
            if self.subresource != Subresource::None {
                return Err(ApiError::not_found(self.subject(name)));
            }
            if !object::uid(&config).is_empty() {
                let cause = format!(
                    "uid mismatch: the provided object specified uid {}, and no existing object was found",
                    object::uid(&config)
                );
                return Err(ApiError::conflict(self.subject(name), cause));
            }
            let mut managers = Managers::default();
            let mut object = managers.apply(
                &self.empty(),
                &config,
                &self.version.schema,
                self.writer(),
                self.reset_fields(),
                options.force,
            )?;
            object::meta_mut(&mut object).remove("resourceVersion");
            let (written, warnings) = self.insert(state, object, Ownership::Applied(managers))?;
            return Ok(self.written(StatusCode::CREATED, written).warning_of(&warnings));
        };
        let mut live = self.value(&old);
        let managed = object::meta_mut(&mut live).remove("managedFields");
        let mut managers = Managers::read(managed.as_ref());
        if managers.is_empty() {
            // What was there before anyone was recorded belongs to a manager of its own.
            let writer = Writer {
                manager: "before-first-apply",
                subresource: "",
                ..self.writer()
            };
            managers.update(
                &self.empty(),
                &live,
                &self.version.schema,
                writer,
                self.reset_fields(),
            );
        }
        let mut new = managers.apply(
            &live,
            &config,
            &self.version.schema,
            self.writer(),
            self.reset_fields(),
            options.force,
        )?;
        self.read_as_type(&mut new, ApiError::bad_request)?;
        if let Some(managed) = managed {
            object::meta_mut(&mut live).insert("managedFields".into(), managed);
        }
        let written = self.rewrite(state, &old, live, new, Ownership::Applied(managers))?;
        Ok(self.written(StatusCode::OK, written))
    }

    /// Reads what is applied, and keeps what this endpoint may set.
    fn applied_configuration(&self, name: &str) -> ApiResult<Value> {
        let mut config = self.request.yaml_body()?;
        self.check_type(&mut config)?;
        let found = object::name(&config).to_owned();
        if !found.is_empty() && found != name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({found}) does not match the name on the URL ({name})"
            )));
        }
        let managed = object::meta(&config, "managedFields").and_then(Value::as_array);
        if managed.is_some_and(|entries| !entries.is_empty()) {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let place = object::key_of(Some(object::namespace(&config)), name);
        let metadata = object::meta_mut(&mut config);
        metadata.insert("name".into(), json!(name));
        metadata.remove("managedFields");
        metadata.retain(|_, value| !value.is_null());
        if let Some(namespace) = self.namespace {
            metadata.insert("namespace".into(), json!(namespace));
        }
        if self.subresource == Subresource::Status {
            object::map_mut(&mut config)
                .retain(|key, _| matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
            object::meta_mut(&mut config)
                .retain(|key, _| matches!(key.as_str(), "name" | "namespace" | "uid" | "resourceVersion"));
        } else if self.version.status && !self.resource.traits.status_on_create {
            object::map_mut(&mut config).remove("status");
        }
        if object::weight(&config, COPY_DEPTH).is_none() {
            return Err(ApiError::bad_request("the applied object nests too deeply"));
        }
        let undeclared = match self.resource.go_type.as_deref().and_then(structure) {
            Some(structure) => {
                let found = kubernetes::decode(&mut config.clone(), structure);
                if let Some(error) = found.error {
                    return Err(ApiError::bad_request(error));
                }
                found.unknown
            }
            None => self.version.schema.prune(&mut config.clone()),
        };
        let Some(field) = undeclared.first() else {
            return Ok(config);
        };
        Err(ApiError::unknown(format!(
            "failed to create typed patch object ({place}; {}/{}, Kind={}): .{field}: field not declared in schema",
            self.resource.group(),
            self.version.name,
            self.resource.kind
        )))
    }
}

fn refuse_other_than_object(patch: &Value) -> ApiResult<()> {
    if patch.is_object() {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
        kubernetes::kind_of(patch)
    )))
}

fn refused_patch() -> Box<ApiError> {
    ApiError::unprocessable("the server rejected our request due to an error in our request")
}

fn apply_operations(value: &mut Value, operations: &[PatchOperation]) -> ApiResult<()> {
    if operations.len() > MAX_OPERATIONS {
        return Err(ApiError::too_large(MAX_OPERATIONS));
    }
    let mut copied = 0;
    for operation in operations {
        if let PatchOperation::Copy(copy) = operation {
            let source = value.pointer(copy.from.as_str());
            copied += source
                .and_then(|source| object::weight(source, COPY_DEPTH))
                .unwrap_or(0);
            if copied > MAX_COPIED_BYTES {
                return Err(ApiError::too_large(MAX_COPIED_BYTES));
            }
        }
        json_patch::patch(value, std::slice::from_ref(operation)).map_err(|_| refused_patch())?;
        if object::weight(value, COPY_DEPTH).is_none() {
            return Err(ApiError::unprocessable("the patched object nests too deeply"));
        }
    }
    Ok(())
}
