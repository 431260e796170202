//! Kubernetes' own error answers: a `Status` with code, reason, details and causes.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value, json};

pub(crate) type ApiResult<T> = Result<T, Box<ApiError>>;

/// One refused request, as metav1.Status puts it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) code: StatusCode,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<Details>,
    /// Answered as plain text: the path belongs to no API at all.
    pub(crate) plain_text: bool,
    /// Set on the 410 of a list: a token that continues the list without its consistency.
    pub(crate) continue_token: Option<String>,
    /// Said beside the refusal.
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Details {
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) uid: String,
    pub(crate) causes: Vec<Cause>,
    pub(crate) retry_after_seconds: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) field: String,
}

/// What an error is about: `machines.cluster.x-k8s.io "a"`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) group: &'a str,
    pub(crate) plural: &'a str,
    pub(crate) name: &'a str,
}

impl Subject<'_> {
    fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    fn details(&self) -> Details {
        Details {
            name: self.name.to_owned(),
            group: self.group.to_owned(),
            kind: self.plural.to_owned(),
            ..Details::default()
        }
    }
}

/// One violation found in an object, as field.Error puts it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldError {
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    /// Without the field: `Required value`, `Invalid value: 3: must be even`.
    pub(crate) body: String,
}

impl FieldError {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let body = if detail.is_empty() {
            "Required value".into()
        } else {
            format!("Required value: {detail}")
        };
        Self {
            reason: "FieldValueRequired",
            field: field.into(),
            body,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: impl AsRef<str>) -> Self {
        let body = format!("Invalid value: {}: {}", shown(value), detail.as_ref());
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            body,
        }
    }

    /// The same, where the value is shown in Kubernetes' own words.
    pub(crate) fn invalid_as(field: impl Into<String>, shown: &str, detail: impl AsRef<str>) -> Self {
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            body: match detail.as_ref() {
                "" => format!("Invalid value: {shown}"),
                detail => format!("Invalid value: {shown}: {detail}"),
            },
        }
    }

    pub(crate) fn type_invalid(field: impl Into<String>, found: &str, detail: impl AsRef<str>) -> Self {
        let body = format!("Invalid value: \"{found}\": {}", detail.as_ref());
        Self {
            reason: "FieldValueTypeInvalid",
            field: field.into(),
            body,
        }
    }

    pub(crate) fn not_supported(field: impl Into<String>, value: &Value, supported: &[String]) -> Self {
        Self::not_supported_as(field, &shown(value), supported)
    }

    pub(crate) fn not_supported_as(field: impl Into<String>, shown: &str, supported: &[String]) -> Self {
        let listed: Vec<String> = supported.iter().map(|s| format!("{s:?}")).collect();
        let body = format!(
            "Unsupported value: {shown}: supported values: {}",
            listed.join(", ")
        );
        Self {
            reason: "FieldValueNotSupported",
            field: field.into(),
            body,
        }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: impl AsRef<str>) -> Self {
        let body = format!("Forbidden: {}", detail.as_ref());
        Self {
            reason: "FieldValueForbidden",
            field: field.into(),
            body,
        }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self::duplicate_as(field, &shown(value))
    }

    pub(crate) fn duplicate_as(field: impl Into<String>, shown: &str) -> Self {
        let body = format!("Duplicate value: {shown}");
        Self {
            reason: "FieldValueDuplicate",
            field: field.into(),
            body,
        }
    }

    pub(crate) fn not_found(field: impl Into<String>, value: &Value) -> Self {
        let body = format!("Not found: {}", shown(value));
        Self {
            reason: "FieldValueNotFound",
            field: field.into(),
            body,
        }
    }

    pub(crate) fn too_long(field: impl Into<String>, max: u64) -> Self {
        let body = format!("Too long: may not be more than {max} bytes");
        Self {
            reason: "FieldValueTooLong",
            field: field.into(),
            body,
        }
    }

    pub(crate) fn too_many(field: impl Into<String>, found: usize, max: u64) -> Self {
        let body = format!("Too many: {found}: must have at most {max} items");
        Self {
            reason: "FieldValueTooMany",
            field: field.into(),
            body,
        }
    }
}

/// A value as Kubernetes shows it in errors: scalars as JSON, the rest compact.
fn shown(value: &Value) -> String {
    value.to_string()
}

impl ApiError {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            code,
            reason,
            message: message.into(),
            details: None,
            plain_text: false,
            continue_token: None,
            warnings: Vec::new(),
        })
    }

    fn about(mut self: Box<Self>, details: Details) -> Box<Self> {
        self.details = Some(details);
        self
    }

    pub(crate) fn not_found(subject: Subject<'_>) -> Box<Self> {
        let message = format!("{} \"{}\" not found", subject.qualified(), subject.name);
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(subject.details())
    }

    /// No such path: no group, version, resource or subresource answers here.
    pub(crate) fn no_such_resource() -> Box<Self> {
        Self::new(
            StatusCode::NOT_FOUND,
            "NotFound",
            "the server could not find the requested resource",
        )
        .about(Details::default())
    }

    /// No API answers here, not even with a Status.
    pub(crate) fn no_such_page() -> Box<Self> {
        let mut error = Self::new(StatusCode::NOT_FOUND, "NotFound", "404 page not found\n");
        error.plain_text = true;
        error
    }

    /// Options that contradict themselves: `ListOptions`, `DeleteOptions`, `PatchOptions`.
    pub(crate) fn invalid_options(kind: &str, error: FieldError) -> Box<Self> {
        Self::invalid("meta.k8s.io", kind, "", &[error])
    }

    pub(crate) fn already_exists(subject: Subject<'_>) -> Box<Self> {
        let message = format!("{} \"{}\" already exists", subject.qualified(), subject.name);
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(subject.details())
    }

    pub(crate) fn conflict(subject: Subject<'_>, cause: impl AsRef<str>) -> Box<Self> {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": {}",
            subject.qualified(),
            subject.name,
            cause.as_ref()
        );
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(subject.details())
    }

    /// Someone wrote the object since the caller read it.
    pub(crate) fn stale(subject: Subject<'_>) -> Box<Self> {
        Self::conflict(
            subject,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(crate) fn apply_conflict(message: String, causes: Vec<Cause>) -> Box<Self> {
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(Details {
            causes,
            ..Details::default()
        })
    }

    pub(crate) fn forbidden(subject: Subject<'_>, cause: impl AsRef<str>) -> Box<Self> {
        let message = format!(
            "{} \"{}\" is forbidden: {}",
            subject.qualified(),
            subject.name,
            cause.as_ref()
        );
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(subject.details())
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Box<Self> {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(crate) fn invalid(group: &str, kind: &str, name: &str, errors: &[FieldError]) -> Box<Self> {
        let mut listed: Vec<String> = errors
            .iter()
            .map(|e| {
                if e.field.is_empty() {
                    e.body.clone()
                } else {
                    format!("{}: {}", e.field, e.body)
                }
            })
            .collect();
        // Each is told once, although each is a cause.
        let mut told = BTreeSet::new();
        listed.retain(|text| told.insert(text.clone()));
        let what = if group.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind}.{group}")
        };
        let errors_text = match listed.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let causes = errors
            .iter()
            .map(|e| Cause {
                reason: e.reason,
                message: e.body.clone(),
                field: e.field.clone(),
            })
            .collect();
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Invalid",
            format!("{what} \"{name}\" is invalid: {errors_text}"),
        )
        .about(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes,
            ..Details::default()
        })
    }

    /// A patch that cannot be applied to this object.
    pub(crate) fn unprocessable(message: impl Into<String>) -> Box<Self> {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message).about(Details::default())
    }

    /// A patch of a kind that does not exist, or not for this resource.
    pub(crate) fn unsupported_patch_type() -> Box<Self> {
        let message = "415: Unsupported Media Type";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            message,
        )
        .about(Details::default())
    }

    pub(crate) fn unsupported_media_type(accepted: &[&str]) -> Box<Self> {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            message,
        )
    }

    pub(crate) fn not_acceptable(offered: &str) -> Box<Self> {
        let message = format!("only the following media types are accepted: {offered}");
        Self::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    }

    pub(crate) fn too_large(limit: usize) -> Box<Self> {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", message)
    }

    pub(crate) fn method_not_allowed() -> Box<Self> {
        let message = "the server does not allow this method on the requested resource";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message).about(Details::default())
    }

    /// The revision asked for is no longer kept.
    pub(crate) fn expired(message: impl Into<String>) -> Box<Self> {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// The revision asked for is still to come.
    pub(crate) fn too_large_resource_version(asked: u64, current: u64) -> Box<Self> {
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause = Cause {
            reason: "ResourceVersionTooLarge",
            message: "Too large resource version".into(),
            field: String::new(),
        };
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message).about(Details {
            causes: vec![cause],
            retry_after_seconds: 1,
            ..Details::default()
        })
    }

    /// An answer of code 500 whose reason Kubernetes leaves empty.
    pub(crate) fn unknown(message: impl Into<String>) -> Box<Self> {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "", message)
    }

    pub(crate) fn to_status(&self) -> Value {
        let mut metadata = Map::new();
        if let Some(token) = &self.continue_token {
            metadata.insert("continue".into(), json!(token));
        }
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": self.message, "code": self.code.as_u16(),
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            status["details"] = details.to_value();
        }
        status
    }
}

impl Details {
    fn to_value(&self) -> Value {
        let mut out = Map::new();
        for (key, text) in [
            ("name", &self.name),
            ("group", &self.group),
            ("kind", &self.kind),
            ("uid", &self.uid),
        ] {
            if !text.is_empty() {
                out.insert(key.into(), json!(text));
            }
        }
        if !self.causes.is_empty() {
            let causes = self.causes.iter().map(|cause| {
                let mut entry = Map::new();
                entry.insert("reason".into(), json!(cause.reason));
                entry.insert("message".into(), json!(cause.message));
                if !cause.field.is_empty() {
                    entry.insert("field".into(), json!(cause.field));
                }
                Value::Object(entry)
            });
            out.insert("causes".into(), causes.collect());
        }
        if self.retry_after_seconds > 0 {
            out.insert("retryAfterSeconds".into(), json!(self.retry_after_seconds));
        }
        Value::Object(out)
    }
}

/// The answer to a delete that took effect at once.
pub(crate) fn deleted(subject: Subject<'_>, uid: &str) -> Value {
    let details = Details {
        uid: uid.to_owned(),
        ..subject.details()
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details.to_value(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_violations_are_listed_in_brackets_with_one_cause_each() {
        let errors = [
            FieldError::required("spec.a", ""),
            FieldError::invalid(
                "spec.b",
                &json!(0),
                "spec.b in body should be greater than or equal to 1",
            ),
        ];
        let status = ApiError::invalid("g.io", "Thing", "x", &errors).to_status();
        assert_eq!(
            status["message"],
            "Thing.g.io \"x\" is invalid: [spec.a: Required value, spec.b: Invalid value: 0: spec.b in body \
             should be greater than or equal to 1]"
        );
        assert_eq!(status["details"]["causes"][0]["reason"], "FieldValueRequired");
        assert_eq!(status["details"]["causes"][1]["field"], "spec.b");
        assert_eq!(status["code"], 422);
    }

    #[test]
    fn the_core_group_is_not_written() {
        let error = ApiError::not_found(Subject {
            group: "",
            plural: "namespaces",
            name: "x",
        });
        assert_eq!(error.to_status()["message"], "namespaces \"x\" not found");
    }
}
