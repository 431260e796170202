//! Answers requests: finds the resource a path names, and hands over to the verb.

mod collection;
mod definitions;
mod delete;
mod discovery;
mod openapi;
mod patch;
mod read;
mod review;
mod scale;
mod watch;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

pub(crate) use definitions::install_definition;

use crate::clock::to_rfc3339;
use crate::hub::Shared;
use crate::object;
use crate::request::{ApiRequest, Route, View};
use crate::resources::{ResourceType, ServedVersion, is_built_in_group};
use crate::state::State;
use crate::status::{ApiError, ApiResult, Subject};
use crate::store::{ObjectId, Stored};
use crate::table;

/// What goes back over the wire.
pub(crate) struct Answer {
    pub(crate) code: StatusCode,
    pub(crate) content_type: HeaderValue,
    pub(crate) body: AnswerBody,
    /// `Warning` headers.
    pub(crate) warnings: Vec<String>,
    /// Seconds for a `Retry-After` header; none if 0.
    pub(crate) retry_after: u32,
}

pub(crate) enum AnswerBody {
    Full(Bytes),
    Stream(BoxStream<'static, Bytes>),
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

impl Answer {
    fn bytes(code: StatusCode, bytes: Bytes) -> Self {
        Self {
            code,
            content_type: JSON,
            body: AnswerBody::Full(bytes),
            warnings: Vec::new(),
            retry_after: 0,
        }
    }

    fn json(code: StatusCode, value: &Value) -> Self {
        Self::bytes(code, to_bytes(value))
    }

    fn text(text: &'static str) -> Self {
        Self {
            content_type: TEXT,
            ..Self::bytes(StatusCode::OK, Bytes::from_static(text.as_bytes()))
        }
    }

    pub(crate) fn error(error: &ApiError) -> Self {
        if error.plain_text {
            let bytes = Bytes::from(error.message.clone());
            return Self {
                content_type: TEXT,
                ..Self::bytes(error.code, bytes)
            };
        }
        let answer = Self::json(error.code, &error.to_status());
        let mut answer = answer.warning(error.warnings.iter().cloned());
        answer.retry_after = error
            .details
            .as_ref()
            .map_or(0, |details| details.retry_after_seconds);
        answer
    }

    fn warning(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.warnings.extend(
            texts
                .into_iter()
                .map(|text| format!("299 - {}", Value::from(text))),
        );
        self
    }

    fn warning_of(mut self, fields: &[String]) -> Self {
        self.warnings.extend(
            fields
                .iter()
                .map(|field| format!("299 - \"unknown field \\\"{field}\\\"\"")),
        );
        self
    }
}

fn to_bytes(value: &Value) -> Bytes {
    // A Value always serialises: its keys are strings and its numbers finite.
    Bytes::from(serde_json::to_vec(value).unwrap_or_default())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subresource {
    None,
    Status,
    Scale,
}

impl Subresource {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Status => "status",
            Self::Scale => "scale",
        }
    }
}

/// One request on a resource, with all that its verb needs.
struct Call<'a> {
    shared: &'a Arc<Shared>,
    request: &'a ApiRequest,
    resource: Arc<ResourceType>,
    version: ServedVersion,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
    subresource: Subresource,
    api_version: String,
    now: String,
}

pub(crate) fn serve(shared: &Arc<Shared>, request: &ApiRequest) -> ApiResult<Answer> {
    let mut state = shared.state();
    let Route::Resource(path) = &request.route else {
        return if matches!(request.method.as_str(), "GET" | "HEAD") {
            discovery::serve(&state, &request.route, request.view)
        } else {
            Err(ApiError::method_not_allowed())
        };
    };
    if let Some(kind) = review::kind_of(&path.group, &path.version, &path.resource) {
        return if request.method == http::Method::POST && path.name.is_none() {
            review::answer(kind, &path.group, &request.json_body()?)
        } else {
            Err(ApiError::method_not_allowed())
        };
    }
    let resource = state
        .types
        .served(&path.group, &path.version, &path.resource)
        .filter(|resource| resource.namespaced || path.namespace.is_none())
        .cloned()
        .ok_or_else(|| {
            // The built-in groups answer for themselves; elsewhere there is no one to answer.
            let known = is_built_in_group(&path.group) && path.version == "v1";
            if known {
                ApiError::no_such_resource()
            } else {
                ApiError::no_such_page()
            }
        })?;
    let version = resource
        .version(&path.version)
        .cloned()
        .ok_or_else(ApiError::no_such_resource)?;
    let subresource = match path.subresource.as_deref() {
        None => Subresource::None,
        Some("status") if version.status => Subresource::Status,
        Some("scale") if version.scale.is_some() => Subresource::Scale,
        Some(_) if resource.custom() => {
            let name = path.name.as_deref().unwrap_or_default();
            let subject = Subject {
                group: &path.group,
                plural: &path.resource,
                name,
            };
            return Err(ApiError::not_found(subject));
        }
        Some(_) => return Err(ApiError::no_such_resource()),
    };
    if resource.namespaced && path.namespace.is_none() && path.name.is_some() {
        return Err(ApiError::no_such_resource());
    }
    let call = Call {
        shared,
        request,
        api_version: resource.api_version(&version.name),
        resource,
        version,
        namespace: path.namespace.as_deref(),
        name: path.name.as_deref(),
        subresource,
        now: to_rfc3339(shared.clock.now()),
    };
    let deprecation = call.version.deprecation.as_deref().map(str::to_owned);
    match call.dispatch(&mut state) {
        Ok(answer) => Ok(answer.warning(deprecation)),
        Err(mut error) => {
            error.warnings.extend(deprecation);
            Err(error)
        }
    }
}

impl Call<'_> {
    fn dispatch(&self, state: &mut State) -> ApiResult<Answer> {
        let scale = self.subresource == Subresource::Scale;
        match (self.request.method.as_str(), self.name) {
            ("GET", None) if self.request.options.watch => self.watch(state),
            ("GET" | "HEAD", None) => self.list(state),
            ("GET" | "HEAD", Some(_)) if scale => self.read_scale(state),
            ("GET" | "HEAD", Some(name)) => self.read(state, name),
            ("POST", None) if self.namespace.is_some() || !self.resource.namespaced => self.create(state),
            ("PUT", Some(_)) if scale => self.replace_scale(state),
            ("PUT", Some(name)) => self.replace(state, name),
            ("PATCH", Some(_)) if scale => self.patch_scale(state),
            ("PATCH", Some(name)) => self.patch(state, name),
            ("DELETE", Some(name)) if self.subresource == Subresource::None => self.delete(state, name),
            ("DELETE", None)
                if self.resource.traits.deletes_collections
                    && (self.namespace.is_some() || !self.resource.namespaced) =>
            {
                self.delete_collection(state)
            }
            ("POST", None) => Err(ApiError::no_such_page()),
            ("PUT" | "PATCH", None) if self.resource.custom() => {
                Err(ApiError::bad_request("name must be provided"))
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    fn subject<'s>(&'s self, name: &'s str) -> Subject<'s> {
        Subject {
            group: &self.resource.key.group,
            plural: &self.resource.key.plural,
            name,
        }
    }

    fn id(&self, name: &str) -> ObjectId {
        ObjectId {
            resource: self.resource.key.clone(),
            key: object::key_of(self.namespace, name).into(),
        }
    }

    fn existing(&self, state: &State, name: &str) -> ApiResult<Arc<Stored>> {
        let key = object::key_of(self.namespace, name);
        state
            .store
            .get(&self.resource.key, &key)
            .cloned()
            .ok_or_else(|| ApiError::not_found(self.subject(name)))
    }

    /// A stored object in the version and shape that was asked for.
    fn render(&self, stored: &Stored) -> Bytes {
        render(&self.resource, &self.version, self.request.view, stored)
    }

    fn value(&self, stored: &Stored) -> Value {
        convert(&self.resource, stored.value(), &stored.version, &self.version)
    }

    fn answer(&self, code: StatusCode, stored: &Stored) -> Answer {
        if self.request.view == View::Table {
            return self.answer_value(code, self.value(stored));
        }
        Answer::bytes(code, self.render(stored))
    }

    /// One object in the shape that was asked for.
    fn answer_value(&self, code: StatusCode, value: Value) -> Answer {
        if self.request.view == View::Table {
            let metadata = json!({"resourceVersion": object::resource_version(&value)});
            return Answer::json(code, &self.table(&[value], &metadata));
        }
        Answer::json(code, &shaped(value, self.request.view))
    }

    fn table(&self, objects: &[Value], metadata: &Value) -> Value {
        let columns = &self.version.columns;
        table::table(
            columns,
            objects,
            metadata,
            self.request.options.include,
            self.shared.clock.now(),
        )
    }
}

fn render(resource: &ResourceType, version: &ServedVersion, view: View, stored: &Stored) -> Bytes {
    if view != View::Metadata && stored.version == version.name {
        return stored.json().clone();
    }
    let value = convert(resource, stored.value(), &stored.version, version);
    to_bytes(&shaped(value, view))
}

fn shaped(value: Value, view: View) -> Value {
    match view {
        View::Whole | View::Table | View::Discovery => value,
        View::Metadata => json!({
            "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": value.get("metadata").cloned().unwrap_or_default(),
        }),
    }
}

/// Conversion strategy None: another `apiVersion`, and what the other version does not know is dropped.
fn convert(resource: &ResourceType, mut value: Value, from: &str, to: &ServedVersion) -> Value {
    if *to.name != *from {
        object::map_mut(&mut value).insert("apiVersion".into(), json!(resource.api_version(&to.name)));
        to.schema.prune(&mut value);
    }
    value
}
