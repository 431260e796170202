//! Deletes objects and collections, with preconditions and propagation policies.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Call, convert, to_bytes};
use crate::gc::{How, Settling};
use crate::kubernetes::{self, structure};
use crate::object;
use crate::request::Propagation;
use crate::state::State;
use crate::status::{self, ApiError, ApiResult, FieldError, Subject};
use crate::store::Stored;

/// The namespaces that admission keeps (Kubernetes 1.36, `NamespaceLifecycle`).
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// `DeleteOptions`, from the body or the query.
#[derive(Debug, Default)]
struct DeleteOptions {
    propagation: Option<Propagation>,
    grace_period_seconds: Option<i64>,
    uid: Option<String>,
    resource_version: Option<String>,
    dry_run: bool,
}

impl Call<'_> {
    pub(super) fn delete(&self, state: &mut State, name: &str) -> ApiResult<Answer> {
        let options = self.delete_options()?;
        if self.resource.is("", "namespaces") && IMMORTAL.contains(&name) {
            let why = "this namespace may not be deleted";
            return Err(ApiError::forbidden(self.subject(name), why));
        }
        let warnings = self.delete_warnings(&options);
        self.delete_one(state, name, &options)
            .map_err(|mut error| {
                error.warnings.extend(warnings.clone());
                error
            })
            .map(|answer| answer.warning(warnings))
    }

    fn delete_one(&self, state: &mut State, name: &str, options: &DeleteOptions) -> ApiResult<Answer> {
        let stored = self.existing(state, name)?;
        if self.resource.is("", "namespaces") {
            self.check_namespace_preconditions(options, &stored)?;
        }
        // Preconditions name the kind where other errors name the resource.
        let record = Subject {
            plural: &self.resource.kind,
            ..self.subject(name)
        };
        if let Some(uid) = options.uid.as_deref().filter(|uid| **uid != *stored.uid) {
            return Err(ApiError::conflict(
                record,
                format!(
                    "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might \
                     have been deleted and then recreated",
                    stored.uid
                ),
            ));
        }
        let current = stored.revision.to_string();
        if let Some(version) = options
            .resource_version
            .as_deref()
            .filter(|version| **version != *current)
        {
            return Err(ApiError::conflict(
                record,
                format!(
                    "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in \
                     record ({current}). The object might have been modified"
                ),
            ));
        }
        let how = How {
            propagation: options.propagation,
            grace_period_seconds: options.grace_period_seconds,
        };
        let mut settling = Settling::new(&self.now);
        if options.dry_run {
            let (value, held) = settling.deletion(&self.resource, &stored, how);
            return Ok(self.deleted(name, &stored.uid, !held, &value));
        }
        let deleted = settling.delete(state, &self.id(name), how);
        settling.run(state);
        let Some(deleted) = deleted else {
            return Err(ApiError::not_found(self.subject(name)));
        };
        Ok(self.deleted(name, &stored.uid, deleted.gone, &deleted.object.value()))
    }

    /// The object, or the word that it is gone.
    fn deleted(&self, name: &str, uid: &str, gone: bool, value: &Value) -> Answer {
        if gone && !self.resource.traits.returns_deleted {
            return Answer::json(StatusCode::OK, &status::deleted(self.subject(name), uid));
        }
        let value = convert(
            &self.resource,
            value.clone(),
            &self.resource.storage_version,
            &self.version,
        );
        self.answer_value(StatusCode::OK, value)
    }

    /// Jobs leave their pods behind unless told otherwise, which surprises people.
    fn delete_warnings(&self, options: &DeleteOptions) -> Option<String> {
        (self.resource.is("batch", "jobs") && options.propagation.is_none()).then(|| {
            "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them \
             or set propagationPolicy=Orphan to suppress this warning"
                .to_owned()
        })
    }

    /// Namespaces are held against their preconditions in words of their own.
    fn check_namespace_preconditions(&self, options: &DeleteOptions, stored: &Stored) -> ApiResult<()> {
        let subject = self.subject(stored.name());
        if let Some(uid) = options.uid.as_deref().filter(|uid| **uid != *stored.uid) {
            return Err(ApiError::conflict(
                subject,
                format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                    stored.uid
                ),
            ));
        }
        let current = stored.revision.to_string();
        match options
            .resource_version
            .as_deref()
            .filter(|version| **version != *current)
        {
            Some(version) => Err(ApiError::conflict(
                subject,
                format!(
                    "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: \
                     {current}"
                ),
            )),
            None => Ok(()),
        }
    }

    pub(super) fn delete_collection(&self, state: &mut State) -> ApiResult<Answer> {
        let options = self.delete_options()?;
        let selected = self.selected(state)?;
        let mut items: Vec<Value> = selected.iter().map(|object| self.value(object)).collect();
        if !self.resource.custom() {
            for item in &mut items {
                object::map_mut(item).retain(|key, _| !matches!(key.as_str(), "kind" | "apiVersion"));
            }
        }
        if !options.dry_run {
            let mut settling = Settling::new(&self.now);
            for object in &selected {
                let id = self.id(object.name());
                let how = How {
                    propagation: options.propagation,
                    grace_period_seconds: options.grace_period_seconds,
                };
                settling.delete(state, &id, how);
            }
            settling.run(state);
        }
        let mut body = json!({
            "kind": self.resource.list_kind, "apiVersion": self.api_version,
            "metadata": {"resourceVersion": state.store.revision().to_string()}, "items": items,
        });
        if self.resource.custom() {
            body["metadata"]["continue"] = json!("");
        }
        Ok(Answer::bytes(StatusCode::OK, to_bytes(&body)))
    }

    fn delete_options(&self) -> ApiResult<DeleteOptions> {
        let query = &self.request.options;
        let mut options = DeleteOptions {
            propagation: query.propagation,
            grace_period_seconds: query.grace_period_seconds,
            dry_run: query.dry_run,
            ..DeleteOptions::default()
        };
        if self.request.body.is_empty() {
            return Ok(options);
        }
        let mut body = self.request.json_body()?;
        if let Some(structure) = structure("meta/v1.DeleteOptions")
            && let Some(error) = kubernetes::decode(&mut body, structure).error
        {
            return Err(ApiError::bad_request(error));
        }
        let kind = object::kind(&body);
        if !matches!(kind, "" | "DeleteOptions") {
            return Err(ApiError::bad_request(format!(
                "no kind {kind:?} is registered for version \"meta.k8s.io/v1\" in scheme \"pkg/runtime/scheme.go:111\""
            )));
        }
        if body.get("orphanDependents").is_some()
            && let Some(policy) = body.get("propagationPolicy")
        {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            return Err(ApiError::invalid_options(
                "DeleteOptions",
                FieldError::invalid("propagationPolicy", policy, detail),
            ));
        }
        if let Some(policy) = body.get("propagationPolicy").and_then(Value::as_str) {
            options.propagation = Some(Propagation::parse(policy)?);
        } else if let Some(orphan) = body.get("orphanDependents").and_then(Value::as_bool) {
            options.propagation = Some(if orphan {
                Propagation::Orphan
            } else {
                Propagation::Background
            });
        }
        if let Some(grace) = body.get("gracePeriodSeconds").and_then(Value::as_i64) {
            options.grace_period_seconds = Some(grace);
        }
        let precondition = |key: &str| {
            let found = object::text(&body, &["preconditions", key]);
            (!found.is_empty()).then(|| found.to_owned())
        };
        options.uid = precondition("uid");
        options.resource_version = precondition("resourceVersion");
        let dry_run = body
            .get("dryRun")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        if dry_run.iter().any(|value| value != "All") {
            let supported = ["All".to_owned()];
            let error = FieldError::not_supported("dryRun", &json!(dry_run), &supported);
            return Err(ApiError::invalid_options("DeleteOptions", error));
        }
        options.dry_run |= !dry_run.is_empty();
        Ok(options)
    }
}
