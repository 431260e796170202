//! Deletes objects and collections, with preconditions and propagation policies.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Call, to_bytes};
use crate::gc::Settling;
use crate::object;
use crate::request::Propagation;
use crate::state::State;
use crate::status::{self, ApiError, ApiResult, Subject};

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
        let stored = self.existing(state, name)?;
        // Preconditions name the kind where other errors name the resource.
        let record = Subject {
            plural: &self.resource.kind,
            ..self.subject(name)
        };
        if let Some(uid) = options.uid.filter(|uid| **uid != *stored.uid) {
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
        if let Some(version) = options.resource_version.filter(|version| *version != current) {
            return Err(ApiError::conflict(
                record,
                format!(
                    "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in \
                     record ({current}). The object might have been modified"
                ),
            ));
        }
        if options.dry_run {
            return Ok(self.answer(StatusCode::OK, &stored));
        }
        let mut settling = Settling::new(&self.now);
        let id = self.id(name);
        let deleted = settling.delete(state, &id, options.propagation, options.grace_period_seconds);
        settling.run(state);
        let Some(deleted) = deleted else {
            return Err(ApiError::not_found(self.subject(name)));
        };
        if deleted.gone && !self.resource.traits.returns_deleted {
            let body = status::deleted(self.subject(name), &stored.uid);
            return Ok(Answer::json(StatusCode::OK, &body));
        }
        Ok(self.answer(StatusCode::OK, &deleted.object))
    }

    pub(super) fn delete_collection(&self, state: &mut State) -> ApiResult<Answer> {
        let options = self.delete_options()?;
        let selected = self.selected(state)?;
        let items: Vec<Value> = selected.iter().map(|object| self.value(object)).collect();
        if !options.dry_run {
            let mut settling = Settling::new(&self.now);
            for object in &selected {
                let id = self.id(object.name());
                settling.delete(state, &id, options.propagation, options.grace_period_seconds);
            }
            settling.run(state);
        }
        let body = json!({
            "kind": self.resource.list_kind, "apiVersion": self.api_version,
            "metadata": {"resourceVersion": state.store.revision().to_string()}, "items": items,
        });
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
        let body = self.request.json_body()?;
        if !body.is_object() {
            return Err(ApiError::bad_request("DeleteOptions must be one JSON object"));
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
        // kube-rs and kubectl write a list; a lone word has been seen too.
        options.dry_run |= match body.get("dryRun") {
            Some(Value::Array(values)) => values.iter().any(|value| value == "All"),
            Some(Value::String(value)) => value == "All",
            _ => false,
        };
        Ok(options)
    }
}
