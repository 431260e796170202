//! Lists collections: by selectors, and in pages over one consistent snapshot.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, Call};
use crate::request::{VersionMatch, View};
use crate::state::State;
use crate::status::{ApiError, ApiResult, FieldError};
use crate::store::Stored;

/// Where the next page begins.
struct Continue {
    /// The snapshot's revision; none for the inconsistent continuation that an expired token is traded for.
    revision: Option<u64>,
    after: String,
}

/// One page of a collection.
struct Page {
    items: Vec<Arc<Stored>>,
    revision: u64,
    next: Option<Continue>,
    remaining: Option<usize>,
}

impl Call<'_> {
    pub(super) fn list(&self, state: &State) -> ApiResult<Answer> {
        let page = self.page(state)?;
        Ok(Answer::bytes(StatusCode::OK, self.write_page(&page)))
    }

    pub(super) fn matches(&self, object: &Stored) -> bool {
        let options = &self.request.options;
        (options.labels.is_everything() || options.labels.matches_with(|key| object.label(key)))
            && (options.fields.is_everything() || options.fields.matches(object))
    }

    pub(super) fn check_fields(&self) -> ApiResult<()> {
        let known = &self.version.selectable_fields;
        let standard = !self.resource.custom() && known.is_empty();
        self.request
            .options
            .fields
            .check(|path| known.iter().any(|known| known == path), standard)
    }

    /// All objects that a request without pages selects.
    pub(super) fn selected(&self, state: &State) -> ApiResult<Vec<Arc<Stored>>> {
        self.check_fields()?;
        let objects = state.store.list(&self.resource.key, self.namespace, None);
        Ok(objects.filter(|object| self.matches(object)).cloned().collect())
    }

    fn page(&self, state: &State) -> ApiResult<Page> {
        self.check_fields()?;
        let options = &self.request.options;
        let from = options
            .continue_token
            .as_deref()
            .map(Continue::decode)
            .transpose()?;
        if from.is_some() && options.resource_version.is_some_and(|version| version != 0) {
            return Err(ApiError::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        if options.send_initial_events.is_some() {
            return Err(forbidden(
                "sendInitialEvents",
                "sendInitialEvents is forbidden for list",
            ));
        }
        if options.version_match.is_some() && options.resource_version.is_none() {
            return Err(forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        self.refuse_future_version(state)?;
        let exact = match (&from, options.version_match, options.resource_version) {
            (Some(from), _, _) => from.revision,
            (None, Some(VersionMatch::Exact), Some(0)) => {
                return Err(forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
                ));
            }
            (None, Some(VersionMatch::Exact), asked) => asked,
            _ => None,
        };
        let after = from.as_ref().map(|from| from.after.as_str());
        let current = state.store.revision();
        match exact.filter(|exact| *exact < current) {
            None => {
                let objects = state
                    .store
                    .list(&self.resource.key, self.namespace, after)
                    .cloned();
                Ok(self.cut(objects, current))
            }
            Some(revision) => {
                let objects = state
                    .store
                    .list_at(&self.resource.key, self.namespace, after, revision)
                    .map_err(|_| expired(from.as_ref()))?;
                Ok(self.cut(objects.into_iter(), revision))
            }
        }
    }

    fn cut(&self, objects: impl Iterator<Item = Arc<Stored>>, revision: u64) -> Page {
        let options = &self.request.options;
        let mut rest = objects.filter(|object| self.matches(object)).peekable();
        let items: Vec<Arc<Stored>> = match options.limit {
            Some(limit) => rest.by_ref().take(limit).collect(),
            None => rest.by_ref().collect(),
        };
        let next = items
            .last()
            .filter(|_| rest.peek().is_some())
            .map(|last| Continue {
                revision: Some(revision),
                after: last.key().to_string(),
            });
        let countable = options.labels.is_everything() && options.fields.is_everything();
        let remaining = (next.is_some() && countable).then(|| rest.count());
        Page {
            items,
            revision,
            next,
            remaining,
        }
    }

    fn write_page(&self, page: &Page) -> Bytes {
        let mut metadata = json!({"resourceVersion": page.revision.to_string()});
        if self.resource.custom() {
            metadata["continue"] = json!("");
        }
        if let Some(next) = &page.next {
            metadata["continue"] = json!(next.encode());
        }
        if let Some(remaining) = page.remaining {
            metadata["remainingItemCount"] = json!(remaining);
        }
        if self.request.view == View::Table {
            let objects: Vec<Value> = page.items.iter().map(|object| self.value(object)).collect();
            return super::to_bytes(&self.table(&objects, &metadata));
        }
        let (kind, api_version) = match self.request.view {
            View::Whole | View::Table | View::Discovery => {
                (self.resource.list_kind.as_str(), self.api_version.as_str())
            }
            View::Metadata => ("PartialObjectMetadataList", "meta.k8s.io/v1"),
        };
        let head = json!({"kind": kind, "apiVersion": api_version, "metadata": metadata}).to_string();
        // In a list of built-in objects the list alone says what they are.
        let bare = self.request.view != View::Metadata && !self.resource.custom();
        let items: Vec<Bytes> = page.items.iter().map(|object| self.render(object)).collect();
        let size = items.iter().map(|item| item.len() + 1).sum::<usize>();
        let mut out = Vec::with_capacity(head.len() + size + 16);
        // The head without its closing brace; the items as they are stored.
        out.extend_from_slice(&head.as_bytes()[..head.len() - 1]);
        out.extend_from_slice(b",\"items\":[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if bare {
                out.push(b'{');
                out.extend_from_slice(page.items[index].untyped_json());
            } else {
                out.extend_from_slice(item);
            }
        }
        out.extend_from_slice(b"]}");
        Bytes::from(out)
    }
}

pub(super) fn forbidden(option: &str, detail: &str) -> Box<ApiError> {
    ApiError::invalid_options("ListOptions", FieldError::forbidden(option, detail))
}

fn expired(from: Option<&Continue>) -> Box<ApiError> {
    let Some(from) = from else {
        return ApiError::expired("The resourceVersion for the provided list is too old.");
    };
    let mut error = ApiError::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter, or use the continue token in this response to retrieve the remainder of \
         the results. Continuing with the provided token results in an inconsistent list - objects that were \
         created, modified, or deleted between the time the first chunk was returned and now may show up in the \
         list.",
    );
    let inconsistent = Continue {
        revision: None,
        after: from.after.clone(),
    };
    error.continue_token = Some(inconsistent.encode());
    error
}

impl Continue {
    fn encode(&self) -> String {
        let revision = self.revision.map_or(json!(-1), |revision| json!(revision));
        URL_SAFE_NO_PAD
            .encode(json!({"v": "meta.k8s.io/v1", "rv": revision, "start": self.after}).to_string())
    }

    fn decode(token: &str) -> ApiResult<Self> {
        let refused = || {
            ApiError::bad_request(
                "invalid continue token: continue key is not valid: encoded start key empty (end of input)",
            )
        };
        let json = URL_SAFE_NO_PAD.decode(token).map_err(|error| {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                _ => token.len() / 4 * 4,
            };
            ApiError::bad_request(format!(
                "invalid continue token: continue key is not valid: illegal base64 data at input byte {at}"
            ))
        })?;
        let token: Value = serde_json::from_slice(&json).map_err(|_| refused())?;
        let after = token["start"].as_str().ok_or_else(refused)?.to_owned();
        let revision = token["rv"].as_i64().ok_or_else(refused)?;
        Ok(Self {
            revision: u64::try_from(revision).ok(),
            after,
        })
    }
}
