//! Reads an HTTP request into what the Kubernetes API means by it: route, options, verb.

use std::fmt;

use bytes::Bytes;
use fleet_core::Selector;
use http::{Method, header};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::field_selector::FieldSelector;
use crate::kubernetes::protobuf;
use crate::resources::is_built_in_group;
use crate::status::{ApiError, ApiResult, FieldError};
use crate::table::Include;

/// The largest request body that is read, as in kube-apiserver: 3 MiB.
pub(crate) const MAX_BODY_BYTES: usize = 3 * 1024 * 1024;
const MAX_FIELD_MANAGER: usize = 128;

/// A verb of the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Which groups, versions and resources there are; also `/version` and health checks.
    Discover,
    /// One object.
    Get,
    /// A collection.
    List,
    /// A stream of changes.
    Watch,
    /// A new object.
    Create,
    /// A whole object in place of another (PUT).
    Update,
    /// A change of an object, server-side apply included.
    Patch,
    /// The end of one object.
    Delete,
    /// The end of a collection.
    DeleteCollection,
}

impl Verb {
    /// The verb of a request on a resource.
    pub(crate) fn of(method: &Method, named: bool, watch: bool) -> Self {
        match (method.as_str(), named) {
            ("GET", false) if watch => Self::Watch,
            ("GET" | "HEAD", false) => Self::List,
            ("POST", _) => Self::Create,
            ("PUT", _) => Self::Update,
            ("PATCH", _) => Self::Patch,
            ("DELETE", false) => Self::DeleteCollection,
            ("DELETE", true) => Self::Delete,
            _ => Self::Get,
        }
    }

    /// The verb as RBAC and metrics write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    Version,
    Health,
    CoreVersions,
    Groups,
    Group(String),
    Resources {
        group: String,
        version: String,
    },
    /// `OpenAPI` version 2, of everything.
    Swagger,
    OpenApiIndex,
    OpenApi {
        group: String,
        version: String,
    },
    Resource(ResourcePath),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResourcePath {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) namespace: Option<String>,
    pub(crate) resource: String,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
}

/// How a patch's body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchKind {
    Json,
    Merge,
    Strategic,
    Apply,
}

/// In which shape objects are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
    /// Rows of a table.
    Table,
    /// All groups with all their resources in one answer.
    Discovery,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionMatch {
    NotOlderThan,
    Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// The query's options, each read and checked.
#[allow(clippy::struct_excessive_bools)] // They are the API's own, each a parameter by itself.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) labels: Selector,
    pub(crate) fields: FieldSelector,
    pub(crate) limit: Option<usize>,
    pub(crate) continue_token: Option<String>,
    pub(crate) resource_version: Option<u64>,
    pub(crate) version_match: Option<VersionMatch>,
    pub(crate) watch: bool,
    pub(crate) bookmarks: bool,
    pub(crate) send_initial_events: Option<bool>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) field_manager: Option<String>,
    pub(crate) field_validation: FieldValidation,
    pub(crate) force: bool,
    pub(crate) propagation: Option<Propagation>,
    pub(crate) grace_period_seconds: Option<i64>,
    /// Which part of an object goes with its row of a table.
    pub(crate) include: Include,
}

#[derive(Debug, Clone)]
pub(crate) struct ApiRequest {
    pub(crate) method: Method,
    pub(crate) route: Route,
    pub(crate) options: Options,
    pub(crate) content_type: Option<String>,
    pub(crate) view: View,
    user_agent: Option<String>,
    pub(crate) body: Bytes,
}

impl ApiRequest {
    pub(crate) fn parse(parts: &http::request::Parts, body: Bytes) -> ApiResult<Self> {
        let text = |name| {
            parts
                .headers
                .get(name)
                .and_then(|v: &http::HeaderValue| v.to_str().ok())
        };
        let content_type = text(header::CONTENT_TYPE).map(|value| {
            value
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        });
        Ok(Self {
            method: parts.method.clone(),
            route: Route::parse(parts.uri.path())?,
            options: Options::parse(parts.uri.query().unwrap_or_default(), &parts.method)?,
            content_type,
            view: View::parse(text(header::ACCEPT).unwrap_or_default())?,
            user_agent: text(header::USER_AGENT).map(str::to_owned),
            body,
        })
    }

    pub(crate) fn verb(&self) -> Verb {
        let Route::Resource(path) = &self.route else {
            return Verb::Discover;
        };
        Verb::of(&self.method, path.name.is_some(), self.options.watch)
    }

    /// Who writes: the field manager asked for, else the first part of the user agent, as in Kubernetes.
    pub(crate) fn manager(&self) -> &str {
        if let Some(manager) = &self.options.field_manager {
            return manager;
        }
        let agent = self.user_agent.as_deref().unwrap_or_default();
        let product = agent.split('/').next().unwrap_or_default();
        if product.is_empty() { "unknown" } else { product }
    }

    /// How the patch is to be read. Custom resources take no strategic merge patches, and say what they take.
    pub(crate) fn patch_kind(&self, custom: bool) -> ApiResult<PatchKind> {
        match self.content_type.as_deref() {
            Some("application/json-patch+json") => Ok(PatchKind::Json),
            Some("application/merge-patch+json") => Ok(PatchKind::Merge),
            Some("application/strategic-merge-patch+json") if !custom => Ok(PatchKind::Strategic),
            Some("application/apply-patch+yaml") => Ok(PatchKind::Apply),
            _ if custom => Err(ApiError::unsupported_media_type(&[
                "application/json-patch+json",
                "application/merge-patch+json",
                "application/apply-patch+yaml",
            ])),
            _ => Err(ApiError::unsupported_patch_type()),
        }
    }

    /// The body as one JSON object.
    pub(crate) fn json_body(&self) -> ApiResult<Value> {
        match self.content_type.as_deref() {
            None | Some("application/json" | "*/*") => parse_json(&self.body),
            Some("application/yaml") => parse_yaml(&self.body),
            Some("application/vnd.kubernetes.protobuf") => {
                protobuf::read(&self.body).map_err(|error| ApiError::bad_request(error.to_string()))
            }
            Some(_) => Err(ApiError::unsupported_media_type(&[
                "application/json",
                "application/yaml",
                "application/vnd.kubernetes.protobuf",
            ])),
        }
    }

    /// An apply patch's body: YAML, of which JSON is the usual case.
    pub(crate) fn yaml_body(&self) -> ApiResult<Value> {
        parse_json(&self.body).or_else(|error| parse_yaml(&self.body).map_err(|_| error))
    }
}

pub(crate) fn parse_json(body: &[u8]) -> ApiResult<Value> {
    // serde_json refuses what nests deeper than 128 levels.
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("error decoding the request body as JSON: {error}")))
}

fn parse_yaml(body: &[u8]) -> ApiResult<Value> {
    let refused = |error: &dyn fmt::Display| {
        ApiError::bad_request(format!("error decoding the request body as YAML: {error}"))
    };
    let text = std::str::from_utf8(body).map_err(|error| refused(&error))?;
    let mut documents = fleet_core::yaml::documents(text).map_err(|error| refused(&error))?;
    match documents.len() {
        1 => Ok(documents.remove(0).into_value()),
        many => Err(refused(&format_args!("found {many} documents, expected 1"))),
    }
}

impl Route {
    pub(crate) fn parse(path: &str) -> ApiResult<Self> {
        let mut segments = Vec::new();
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let decoded = percent_decode_str(segment).decode_utf8();
            segments.push(decoded.map_err(|_| ApiError::no_such_page())?.into_owned());
        }
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["version"] => Ok(Self::Version),
            ["healthz" | "livez" | "readyz", ..] => Ok(Self::Health),
            ["openapi", "v2"] => Ok(Self::Swagger),
            ["openapi", "v3"] => Ok(Self::OpenApiIndex),
            ["openapi", "v3", "api", version] => Ok(Self::OpenApi {
                group: String::new(),
                version: (*version).to_owned(),
            }),
            ["openapi", "v3", "apis", group, version] => Ok(Self::OpenApi {
                group: (*group).to_owned(),
                version: (*version).to_owned(),
            }),
            ["api"] => Ok(Self::CoreVersions),
            ["api", version] if *version != "v1" => Err(ApiError::no_such_resource()),
            ["apis"] => Ok(Self::Groups),
            ["apis", group] => Ok(Self::Group((*group).to_owned())),
            ["api", version] => Ok(Self::Resources {
                group: String::new(),
                version: (*version).to_owned(),
            }),
            ["apis", group, version] => Ok(Self::Resources {
                group: (*group).to_owned(),
                version: (*version).to_owned(),
            }),
            ["api", version, rest @ ..] => ResourcePath::parse("", version, rest),
            ["apis", group, version, rest @ ..] => ResourcePath::parse(group, version, rest),
            _ => Err(ApiError::no_such_page()),
        }
    }
}

impl ResourcePath {
    fn parse(group: &str, version: &str, rest: &[&str]) -> ApiResult<Route> {
        let (namespace, rest) = match rest {
            // `namespaces/x/status` is a namespace's subresource, `namespaces/x/pods` a collection in it.
            ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some((*namespace).to_owned()), rest),
            _ => (None, rest),
        };
        let (resource, name, subresource) = match rest {
            [resource] => (resource, None, None),
            [resource, name] => (resource, Some(*name), None),
            [resource, name, subresource] => (resource, Some(*name), Some(*subresource)),
            _ if is_built_in_group(group) => return Err(ApiError::no_such_resource()),
            _ => return Err(ApiError::no_such_page()),
        };
        Ok(Route::Resource(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            namespace,
            resource: (*resource).to_owned(),
            name: name.map(str::to_owned),
            subresource: subresource.map(str::to_owned),
        }))
    }
}

impl View {
    /// The first media type the hub can write wins, as kube-apiserver chooses.
    fn parse(accept: &str) -> ApiResult<Self> {
        if accept.is_empty() {
            return Ok(Self::Whole);
        }
        for clause in accept.split(',') {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            let shape = parts.find_map(|part| part.strip_prefix("as="));
            match (media, shape) {
                ("application/json" | "application/*" | "*/*", None) => return Ok(Self::Whole),
                ("application/json", Some("PartialObjectMetadata" | "PartialObjectMetadataList")) => {
                    return Ok(Self::Metadata);
                }
                ("application/json", Some("Table")) => return Ok(Self::Table),
                ("application/json", Some("APIGroupDiscoveryList"))
                    if clause.split(';').any(|part| part.trim() == "v=v2") =>
                {
                    return Ok(Self::Discovery);
                }
                _ => {}
            }
        }
        Err(ApiError::not_acceptable("application/json"))
    }
}

impl Options {
    fn parse(query: &str, method: &Method) -> ApiResult<Self> {
        let kind = match method.as_str() {
            "POST" => "CreateOptions",
            "PUT" => "UpdateOptions",
            "PATCH" => "PatchOptions",
            "DELETE" => "DeleteOptions",
            _ => "ListOptions",
        };
        let unsupported = |key: &str, value: &Value, supported: &[&str]| {
            let supported: Vec<String> = supported.iter().map(|value| (*value).to_owned()).collect();
            ApiError::invalid_options(kind, FieldError::not_supported(key, value, &supported))
        };
        let mut options = Self {
            labels: Selector::everything(),
            fields: FieldSelector::default(),
            limit: None,
            continue_token: None,
            resource_version: None,
            version_match: None,
            watch: false,
            bookmarks: false,
            send_initial_events: None,
            timeout_seconds: None,
            dry_run: false,
            field_manager: None,
            field_validation: FieldValidation::default(),
            force: false,
            propagation: None,
            grace_period_seconds: None,
            include: Include::default(),
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if value.is_empty() && key != "dryRun" {
                continue;
            }
            match key.as_ref() {
                "labelSelector" => {
                    options.labels = value.parse().map_err(|error| {
                        ApiError::bad_request(format!("unable to parse requirement: {error}"))
                    })?;
                }
                "fieldSelector" => options.fields = FieldSelector::parse(&value)?,
                "limit" => {
                    let limit = number(&value)?;
                    options.limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
                }
                "continue" => options.continue_token = Some(value.into_owned()),
                "resourceVersion" => options.resource_version = Some(resource_version(&value)?),
                "resourceVersionMatch" => {
                    options.version_match = Some(match value.as_ref() {
                        "NotOlderThan" => VersionMatch::NotOlderThan,
                        "Exact" => VersionMatch::Exact,
                        _ => return Err(unsupported(&key, &json!(value), &["Exact", "NotOlderThan", ""])),
                    });
                }
                "watch" => options.watch = truth(&value),
                "allowWatchBookmarks" => options.bookmarks = truth(&value),
                "sendInitialEvents" => options.send_initial_events = Some(truth(&value)),
                "timeoutSeconds" => options.timeout_seconds = u64::try_from(number(&value)?).ok(),
                "dryRun" if value == "All" => options.dry_run = true,
                "dryRun" => return Err(unsupported(&key, &json!([value]), &["All"])),
                "fieldManager" if value.len() > MAX_FIELD_MANAGER => {
                    let error = FieldError::too_long("fieldManager", MAX_FIELD_MANAGER as u64);
                    return Err(ApiError::invalid_options(kind, error));
                }
                "fieldManager" if value.contains(char::is_control) => {
                    let at = value.find(char::is_control).unwrap_or(0);
                    let found = u32::from(value[at..].chars().next().unwrap_or_default());
                    let detail = format!("invalid character U+{found:04X} (at position {at})");
                    let shown = format!(
                        "\"{}\"",
                        value.escape_default().to_string().replace("\\u{1}", "\\x01")
                    );
                    return Err(ApiError::invalid_options(
                        kind,
                        FieldError::invalid_as("fieldManager", &shown, detail),
                    ));
                }
                "fieldManager" => options.field_manager = Some(value.into_owned()),
                "fieldValidation" => {
                    options.field_validation = match value.as_ref() {
                        "Strict" => FieldValidation::Strict,
                        "Warn" => FieldValidation::Warn,
                        "Ignore" => FieldValidation::Ignore,
                        _ => {
                            return Err(unsupported(
                                &key,
                                &json!(value),
                                &["", "Ignore", "Strict", "Warn"],
                            ));
                        }
                    };
                }
                "includeObject" => {
                    options.include = match value.as_ref() {
                        "None" => Include::None,
                        "Object" => Include::Object,
                        _ => Include::Metadata,
                    }
                }
                "force" => options.force = truth(&value),
                "propagationPolicy" => options.propagation = Some(Propagation::parse(&value)?),
                "gracePeriodSeconds" => options.grace_period_seconds = Some(number(&value)?),
                _ => {}
            }
        }
        Ok(options)
    }
}

impl Propagation {
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        match text {
            "Background" => Ok(Self::Background),
            "Foreground" => Ok(Self::Foreground),
            "Orphan" => Ok(Self::Orphan),
            _ => {
                let supported = ["Foreground", "Background", "Orphan", "nil"].map(str::to_owned);
                let error = FieldError::not_supported("propagationPolicy", &json!(text), &supported);
                Err(ApiError::invalid_options("DeleteOptions", error))
            }
        }
    }
}

pub(crate) fn resource_version(text: &str) -> ApiResult<u64> {
    text.parse().map_err(|_| {
        ApiError::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: \
             invalid syntax"
        ))
    })
}

fn number(value: &str) -> ApiResult<i64> {
    value
        .parse()
        .map_err(|_| ApiError::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax")))
}

/// Kubernetes reads every value but these as true.
fn truth(value: &str) -> bool {
    !matches!(value, "0" | "false" | "False" | "FALSE" | "f" | "F")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str) -> ResourcePath {
        match Route::parse(path).unwrap() {
            Route::Resource(path) => path,
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn a_namespace_is_an_object_and_a_place() {
        let object = route("/api/v1/namespaces/x");
        assert_eq!((object.namespace, object.resource.as_str()), (None, "namespaces"));
        let status = route("/api/v1/namespaces/x/status");
        assert_eq!(status.subresource.as_deref(), Some("status"));
        let place = route("/api/v1/namespaces/x/configmaps/c");
        assert_eq!(
            (place.namespace.as_deref(), place.name.as_deref()),
            (Some("x"), Some("c"))
        );
        assert_eq!(
            route("/apis/g.io/v1/namespaces/x/things/t/scale")
                .subresource
                .as_deref(),
            Some("scale")
        );
    }

    #[test]
    fn the_accept_header_chooses_the_first_shape_we_write() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
        assert_eq!(View::parse(table).unwrap(), View::Table);
        let metadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
        assert_eq!(View::parse(metadata).unwrap(), View::Metadata);
        assert_eq!(
            View::parse("application/vnd.kubernetes.protobuf")
                .unwrap_err()
                .code,
            406
        );
    }

    #[test]
    fn options_that_mean_nothing_are_refused() {
        for query in [
            "limit=x",
            "dryRun=Some",
            "labelSelector=%21%21",
            "resourceVersion=abc",
            "fieldSelector=a",
            "resourceVersionMatch=Odd",
        ] {
            let code = Options::parse(query, &Method::GET).unwrap_err().code;
            assert!(code == 400 || code == 422, "{query}: {code}");
        }
    }
}
