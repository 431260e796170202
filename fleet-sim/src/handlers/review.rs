//! Reviews of access: who asks the hub may do everything, and is told so.

use http::StatusCode;
use serde_json::{Value, json};

use super::Answer;
use crate::object;
use crate::status::{ApiError, ApiResult};

/// Resources of `authorization.k8s.io` and `authentication.k8s.io` that answer when they are created.
pub(super) const RESOURCES: [(&str, &str, &str, bool); 5] = [
    (
        "authentication.k8s.io",
        "selfsubjectreviews",
        "SelfSubjectReview",
        false,
    ),
    (
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        true,
    ),
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        false,
    ),
    (
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        false,
    ),
    (
        "authorization.k8s.io",
        "subjectaccessreviews",
        "SubjectAccessReview",
        false,
    ),
];

/// The kind of review that a path asks for.
pub(super) fn kind_of(group: &str, version: &str, plural: &str) -> Option<&'static str> {
    RESOURCES
        .iter()
        .find(|(known, resource, ..)| *known == group && *resource == plural && version == "v1")
        .map(|(_, _, kind, _)| *kind)
}

pub(super) fn answer(kind: &str, group: &str, body: &Value) -> ApiResult<Answer> {
    if !body.is_object() {
        return Err(ApiError::bad_request("a review must be one JSON object"));
    }
    let mut review = body.clone();
    let fields = object::map_mut(&mut review);
    fields.insert("kind".into(), json!(kind));
    fields.insert("apiVersion".into(), json!(format!("{group}/v1")));
    fields.entry("metadata").or_insert_with(|| json!({}));
    let status = match kind {
        "SelfSubjectReview" => json!({"userInfo": {"username": "fleet-sim", "groups": ["system:masters"]}}),
        "SelfSubjectRulesReview" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}], "incomplete": false,
        }),
        _ => json!({"allowed": true, "reason": "the hub lets everyone do everything"}),
    };
    fields.insert("status".into(), status);
    Ok(Answer::json(StatusCode::CREATED, &review))
}
