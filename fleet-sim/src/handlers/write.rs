//! Creates and replaces objects: the one path that every write takes to the store.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Answer, Call, Subresource, convert, definitions};
use crate::apply::{Managers, Writer};
use crate::gc::Settling;
use crate::kubernetes::{self, Decoded, strategy, structure};
use crate::names::check_metadata;
use crate::object;
use crate::request::FieldValidation;
use crate::state::State;
use crate::status::{ApiError, ApiResult, FieldError};
use crate::store::{ResourceKey, Stored};

/// Deeper values could not be read back: the reader stops at 128 levels, and lists add some around an object.
const MAX_DEPTH: usize = 100;
/// The largest object that is kept, as etcd's default: 1.5 MiB.
const MAX_OBJECT_BYTES: usize = 1_572_864;
/// How often a generated name may be taken before the caller is told.
const NAME_ATTEMPTS: u32 = 8;

/// How a write changes the managers of fields.
pub(super) enum Ownership {
    /// The writer takes what it changes.
    Updated,
    /// Server-side apply has worked it out.
    Applied(Managers),
}

/// What a write came to.
pub(super) enum Written {
    Stored(Arc<Stored>),
    /// Shown, not stored: a dry run, or the write that ended the object.
    Shown(Value),
}

impl Call<'_> {
    pub(super) fn create(&self, state: &mut State) -> ApiResult<Answer> {
        let mut object = self.request.json_body()?;
        self.check_type(&mut object)?;
        let (written, warnings) = self.insert(state, object, Ownership::Updated)?;
        Ok(self.written(StatusCode::CREATED, written).warning_of(&warnings))
    }

    pub(super) fn replace(&self, state: &mut State, name: &str) -> ApiResult<Answer> {
        let mut object = self.request.json_body()?;
        self.check_type(&mut object)?;
        let found = object::name(&object);
        if found.is_empty() {
            return Err(self.nameless(name));
        }
        if found != name {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({found}) does not match the name on the URL ({name})"
            )));
        }
        let old = match self.existing(state, name) {
            Ok(old) => old,
            Err(_) if self.resource.traits.create_on_update && self.subresource == Subresource::None => {
                object::meta_mut(&mut object).remove("resourceVersion");
                let (written, warnings) = self.insert(state, object, Ownership::Updated)?;
                return Ok(self.written(StatusCode::CREATED, written).warning_of(&warnings));
            }
            Err(error) => return Err(error),
        };
        if object::resource_version(&object).is_empty() && !self.resource.traits.unconditional_update {
            let error = FieldError::invalid(
                "metadata.resourceVersion",
                &json!(0),
                "must be specified for an update",
            );
            // Here, and only here, the resource stands where the kind does otherwise.
            let plural = &self.resource.key.plural;
            return Err(ApiError::invalid(self.resource.group(), plural, name, &[error]));
        }
        let warnings = self.read_as_type(&mut object, |error| {
            ApiError::bad_request(self.undecodable(error))
        })?;
        let live = self.value(&old);
        let written = self.rewrite(state, &old, live, object, Ownership::Updated)?;
        Ok(self.written(StatusCode::OK, written).warning_of(&warnings))
    }

    pub(super) fn written(&self, code: StatusCode, written: Written) -> Answer {
        match written {
            Written::Stored(stored) => self.answer(code, &stored),
            Written::Shown(value) => self.answer_value(code, value),
        }
    }

    /// Holds apiVersion and kind against the path, and fills them in where built-in types may leave them out.
    pub(super) fn check_type(&self, object: &mut Value) -> ApiResult<()> {
        if !object.is_object() {
            return Err(ApiError::bad_request(
                "the body of the request must be one JSON object",
            ));
        }
        for (key, expected, what) in [
            ("apiVersion", self.api_version.as_str(), "API version"),
            ("kind", self.resource.kind.as_str(), "kind"),
        ] {
            match object::text(object, &[key]) {
                "" if !self.resource.custom() => {
                    object::map_mut(object).insert(key.into(), json!(expected));
                }
                found if found != expected && !self.resource.custom() => {
                    return Err(self.unregistered(object));
                }
                found if found != expected && key == "kind" => {
                    let error = FieldError::invalid("kind", &json!(found), format!("must be {expected}"));
                    let name = object::name(object);
                    return Err(ApiError::invalid(self.resource.group(), found, name, &[error]));
                }
                found if found != expected => {
                    return Err(ApiError::bad_request(format!(
                        "the {what} in the data ({found}) does not match the expected {what} ({expected})"
                    )));
                }
                _ => {}
            }
        }
        if let Some(metadata) = object
            .get("metadata")
            .filter(|found| !found.is_object() && !found.is_null())
        {
            let found = kubernetes::kind_of(metadata);
            let place = if self.resource.custom() {
                "value".to_owned()
            } else {
                format!("struct field {}.metadata", self.resource.kind)
            };
            return Err(ApiError::bad_request(self.undecodable(format!(
                "json: cannot unmarshal {found} into Go {place} of type v1.ObjectMeta"
            ))));
        }
        let namespace = object::namespace(object);
        let elsewhere = !namespace.is_empty() && Some(namespace) != self.namespace;
        // What is in no namespace may name one; it is dropped.
        if elsewhere && self.resource.namespaced {
            return Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        Ok(())
    }

    /// The body is of a type that Kubernetes' own scheme does not know.
    fn unregistered(&self, object: &Value) -> Box<ApiError> {
        let kind = object::kind(object);
        let kind = if kind.is_empty() {
            &self.resource.kind
        } else {
            kind
        };
        let version = object::api_version(object).rsplit('/').next().unwrap_or_default();
        let version = if version.is_empty() {
            &*self.version.name
        } else {
            version
        };
        let expected = &self.resource.kind;
        ApiError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {expected}: {}",
            self.no_such_kind(object)
        ))
    }

    /// What Kubernetes' own scheme says of a type that it does not know.
    pub(super) fn no_such_kind(&self, object: &Value) -> String {
        let or = |text: &str, fallback: &str| {
            if text.is_empty() {
                fallback.to_owned()
            } else {
                text.to_owned()
            }
        };
        let kind = or(object::kind(object), &self.resource.kind);
        let api_version = or(object::api_version(object), &self.api_version);
        format!(
            "no kind {kind:?} is registered for version {api_version:?} in scheme \"pkg/runtime/scheme.go:111\""
        )
    }

    /// Reads the object as its type does. What the type does not know is refused, warned of, or passed over in silence;
    /// what cannot be read at all is always refused.
    pub(super) fn read_as_type(
        &self,
        object: &mut Value,
        refuse: impl FnOnce(String) -> Box<ApiError>,
    ) -> ApiResult<Vec<String>> {
        let unknown = if let Some(name) = &self.resource.go_type {
            let found = structure(name).map(|structure| kubernetes::decode(object, structure));
            let Decoded { unknown, error } = found.unwrap_or_default();
            if let Some(error) = error {
                return Err(refuse(error));
            }
            kubernetes::apply_defaults(name, object);
            strategy::complete(name, object);
            unknown
        } else {
            let mut unknown = self.version.schema.prune(object);
            if let Some(metadata) = object.get_mut("metadata").filter(|metadata| metadata.is_object())
                && let Some(structure) = structure("meta/v1.ObjectMeta")
            {
                let found = kubernetes::decode(metadata, structure);
                if let Some(error) = found.error {
                    return Err(refuse(error));
                }
                unknown.extend(found.unknown.iter().map(|field| format!("metadata.{field}")));
                unknown.sort();
            }
            unknown
        };
        match self.request.options.field_validation {
            FieldValidation::Strict if !unknown.is_empty() => {
                let fields: Vec<String> = unknown
                    .iter()
                    .map(|field| format!("unknown field \"{field}\""))
                    .collect();
                Err(refuse(format!("strict decoding error: {}", fields.join(", "))))
            }
            FieldValidation::Ignore => Ok(Vec::new()),
            _ => Ok(unknown),
        }
    }

    /// The object of this type in which nothing is set.
    pub(super) fn empty(&self) -> Value {
        let mut empty = json!({"apiVersion": self.api_version, "kind": self.resource.kind});
        if let Some(structure) = self.resource.go_type.as_deref().and_then(structure) {
            kubernetes::decode(&mut empty, structure);
        }
        empty
    }

    #[allow(clippy::unused_self)]
    pub(super) fn nameless(&self, name: &str) -> Box<ApiError> {
        ApiError::bad_request(format!(
            "the name of the object ({name} based on URL) was undeterminable: name must be provided"
        ))
    }

    pub(super) fn undecodable(&self, error: impl AsRef<str>) -> String {
        let kind = &self.resource.kind;
        format!(
            "{kind} in version \"{}\" cannot be handled as a {kind}: {}",
            self.version.name,
            error.as_ref()
        )
    }

    /// Stores a new object.
    pub(super) fn insert(
        &self,
        state: &mut State,
        mut object: Value,
        ownership: Ownership,
    ) -> ApiResult<(Written, Vec<String>)> {
        if !object::resource_version(&object).is_empty() && !self.request.options.dry_run {
            return Err(ApiError::unknown(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        let warnings = self.read_as_type(&mut object, |error| {
            ApiError::bad_request(self.undecodable(error))
        })?;
        self.place(state, &mut object)?;
        self.require_namespace(state, &object)?;
        let empty = self.empty();
        if self.version.status && !self.resource.traits.status_on_create {
            object::keep_field(&mut object, &empty, "status");
        }
        self.version.schema.apply_defaults(&mut object);
        self.start_metadata(state, &mut object);
        let managers = match ownership {
            Ownership::Applied(mut managers) => {
                managers.touch(self.writer());
                managers
            }
            Ownership::Updated => {
                let mut managers = Managers::of(&object);
                object::meta_mut(&mut object).remove("managedFields");
                managers.update(
                    &empty,
                    &object,
                    &self.version.schema,
                    self.writer(),
                    self.reset_fields(),
                );
                managers
            }
        };
        managers.store(&mut object);
        if let Some(name) = &self.resource.go_type {
            kubernetes::forget_empty_lists(name, &mut object);
            strategy::admit(name, &mut object);
            strategy::begin_life(name, &mut object, state.store.revision() + 1);
        }
        self.check(&object, None)?;
        let key = object::key(&object);
        if state.store.get(&self.resource.key, &key).is_some() {
            return Err(ApiError::already_exists(self.subject(object::name(&object))));
        }
        if self.request.options.dry_run {
            return Ok((Written::Shown(object), warnings));
        }
        Ok((self.store(state, object), warnings))
    }

    /// Stores another state of an object, within what the endpoint may change. `old` is what `stored` holds.
    pub(super) fn rewrite(
        &self,
        state: &mut State,
        stored: &Arc<Stored>,
        mut old: Value,
        mut new: Value,
        ownership: Ownership,
    ) -> ApiResult<Written> {
        let name = object::name(&old).to_owned();
        self.check_identity(&old, &new, &name)?;
        let reset = is_reset(&new);
        // Most writes change nobody's ownership, or only their own: who owns what is read when it is asked for.
        let before = object::meta_mut(&mut old).remove("managedFields");
        let given = object::meta_mut(&mut new).remove("managedFields");
        self.restore(&old, &mut new);
        self.version.schema.apply_defaults(&mut new);
        if let Some(name) = &self.resource.go_type {
            kubernetes::forget_empty_lists(name, &mut new);
        }
        // Ownership follows what was asked for; what the server then adds or keeps belongs to nobody.
        let asked = new.clone();
        if let Some(name) = &self.resource.go_type {
            strategy::keep_allocated(name, &old, &mut new, state.store.revision() + 1);
        }
        let changed = old != new;
        if changed && self.resource.traits.generation && self.moves_generation(&old, &new) {
            let generation = object::generation(&old).unwrap_or(0) + 1;
            object::meta_mut(&mut new).insert("generation".into(), json!(generation));
        }
        let own = |given: &Option<Value>| self.subresource == Subresource::None && *given != before;
        let managers = match ownership {
            Ownership::Updated if !changed && asked == old && !reset && !own(&given) => {
                return Ok(Written::Stored(Arc::clone(stored)));
            }
            Ownership::Updated if reset => Managers::default(),
            Ownership::Updated => {
                let mut managers = Managers::read(before.as_ref());
                if own(&given) {
                    let given = Managers::read(given.as_ref());
                    if !given.is_empty() {
                        managers = given;
                    }
                }
                // Where nobody is recorded, recording has been given up.
                if !managers.is_empty() {
                    managers.update(
                        &old,
                        &asked,
                        &self.version.schema,
                        self.writer(),
                        self.reset_fields(),
                    );
                }
                managers
            }
            Ownership::Applied(mut managers) => {
                if changed {
                    managers.touch(self.writer());
                }
                managers
            }
        };
        if !changed && managers.same_fields(&Managers::read(before.as_ref())) {
            return Ok(Written::Stored(Arc::clone(stored)));
        }
        managers.store(&mut new);
        self.check(&new, Some(&old))?;
        let added: Vec<String> = object::finalizers(&new)
            .filter(|finalizer| !object::has_finalizer(&old, finalizer))
            .map(|finalizer| format!("{finalizer:?}"))
            .collect();
        if object::is_deleting(&old) && !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            let error = FieldError::forbidden("metadata.finalizers", detail);
            let times = if strategy::rechecks_metadata(self.resource.go_type.as_deref()) {
                2
            } else {
                1
            };
            return Err(self.invalid(&name, &vec![error; times]));
        }
        if self.request.options.dry_run {
            return Ok(Written::Shown(new));
        }
        Ok(self.store(state, new))
    }

    pub(super) fn writer(&self) -> Writer<'_> {
        Writer {
            manager: self.request.manager(),
            api_version: &self.api_version,
            subresource: self.subresource.as_str(),
            // Kubernetes passes managers through the shape of a scale, which has no place for the time.
            now: if self.subresource == Subresource::Scale {
                ""
            } else {
                &self.now
            },
        }
    }

    /// What this endpoint leaves as it is, so that nobody can come to own it here.
    pub(super) fn reset_fields(&self) -> &'static [&'static str] {
        match self.subresource {
            Subresource::Status => &["spec"],
            Subresource::None if self.version.status => &["status"],
            _ => &[],
        }
    }

    pub(super) fn invalid(&self, name: &str, errors: &[FieldError]) -> Box<ApiError> {
        ApiError::invalid(self.resource.group(), &self.resource.kind, name, errors)
    }

    fn store(&self, state: &mut State, object: Value) -> Written {
        let storage = self.resource.version(&self.resource.storage_version);
        let mut object = match storage {
            Some(storage) => convert(&self.resource, object, &self.version.name, storage),
            None => object,
        };
        let mut settling = Settling::new(&self.now);
        let ends = object::is_deleting(&object)
            && object::finalizers(&object).next().is_none()
            && !self.resource.is("", "namespaces")
            && object::meta(&object, "deletionGracePeriodSeconds")
                .and_then(Value::as_i64)
                .unwrap_or(0)
                == 0;
        if ends {
            // The answer is the last state that was stored; watchers see the end under a revision of its own.
            let last = convert(
                &self.resource,
                object.clone(),
                &self.resource.storage_version,
                &self.version,
            );
            // What is gone is what was stored last, not what the last write would have made of it.
            let key = object::key(&object);
            let mut gone = state
                .store
                .get(&self.resource.key, &key)
                .map_or(object, |stored| stored.value());
            settling.remove(state, &self.resource, &mut gone);
            settling.run(state);
            return Written::Shown(last);
        }
        let stored = settling.put(state, &self.resource, &mut object);
        if self
            .resource
            .is("apiextensions.k8s.io", "customresourcedefinitions")
        {
            definitions::accept(state, &mut settling, object);
        }
        settling.run(state);
        Written::Stored(stored)
    }

    /// Gives a new object its place: namespace and name.
    fn place(&self, state: &mut State, object: &mut Value) -> ApiResult<()> {
        let metadata = object::meta_mut(object);
        if let Some(namespace) = self.namespace {
            metadata.insert("namespace".into(), json!(namespace));
        } else {
            metadata.remove("namespace");
        }
        if !object::name(object).is_empty() {
            return Ok(());
        }
        let base = object::text(object, &["metadata", "generateName"]).to_owned();
        if base.is_empty() {
            let error = FieldError::required("metadata.name", "name or generateName is required");
            return Err(self.invalid("", &[error]));
        }
        for _ in 0..NAME_ATTEMPTS {
            let name = state.entropy.generated_name(&base);
            object::meta_mut(object).insert("name".into(), json!(name));
            if state
                .store
                .get(&self.resource.key, &object::key(object))
                .is_none()
            {
                break;
            }
        }
        Ok(())
    }

    fn require_namespace(&self, state: &mut State, object: &Value) -> ApiResult<()> {
        let Some(namespace) = self.namespace else {
            return Ok(());
        };
        let namespaces = ResourceKey::new("", "namespaces");
        match state.store.get(&namespaces, namespace) {
            Some(found) if found.deleting => Err(ApiError::forbidden(
                self.subject(object::name(object)),
                format!(
                    "unable to create new content in namespace {namespace} because it is being terminated"
                ),
            )),
            Some(_) => Ok(()),
            None if state.create_namespaces => {
                state.create_namespace(namespace, self.shared.clock.now());
                Ok(())
            }
            None => Err(ApiError::not_found(crate::status::Subject {
                group: "",
                plural: "namespaces",
                name: namespace,
            })),
        }
    }

    fn start_metadata(&self, state: &mut State, object: &mut Value) {
        let uid = state.entropy.uid();
        let metadata = object::meta_mut(object);
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
            metadata.remove(field);
        }
        metadata.insert("uid".into(), json!(uid));
        metadata.insert("creationTimestamp".into(), json!(self.now));
        if self.resource.traits.generation {
            metadata.insert("generation".into(), json!(1));
        }
    }

    fn check_identity(&self, old: &Value, new: &Value, name: &str) -> ApiResult<()> {
        let version = object::resource_version(new);
        if !version.is_empty() && version != "0" {
            if version.parse::<u64>().is_err() {
                return Err(ApiError::unknown(format!(
                    "strconv.ParseUint: parsing {version:?}: invalid syntax"
                )));
            }
            if version != object::resource_version(old) {
                return Err(ApiError::stale(self.subject(name)));
            }
        }
        let uid = object::uid(new);
        if !uid.is_empty() && uid != object::uid(old) && self.request.method == Method::PATCH {
            let error = FieldError::invalid("metadata.uid", &json!(uid), "field is immutable");
            let times = if self.resource.custom() { 1 } else { 2 };
            return Err(self.invalid(name, &vec![error; times]));
        }
        if !uid.is_empty() && uid != object::uid(old) {
            return Err(ApiError::conflict(
                self.subject(name),
                format!(
                    "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
                    object::uid(old)
                ),
            ));
        }
        let mut errors = Vec::new();
        for field in ["name", "namespace"] {
            if let Some(value) = object::meta(new, field)
                && object::meta(old, field) != Some(value)
            {
                errors.push(FieldError::invalid(
                    format!("metadata.{field}"),
                    value,
                    "field is immutable",
                ));
            }
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(self.invalid(name, &errors))
        }
    }

    /// Takes back what this endpoint does not change.
    fn restore(&self, old: &Value, new: &mut Value) {
        for field in KEPT {
            object::keep_meta(new, old, field);
        }
        object::keep_field(new, old, "apiVersion");
        object::keep_field(new, old, "kind");
        if self.subresource == Subresource::Status {
            let mut result = old.clone();
            object::keep_field(&mut result, new, "status");
            if self.resource.traits.status_keeps_metadata {
                // The status of a deployment says nothing of its labels.
                let labels = self.resource.go_type.as_deref() != Some("apps/v1.Deployment");
                for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
                    if field != "labels" || labels {
                        object::keep_meta(&mut result, new, field);
                    }
                }
            }
            *new = result;
        } else if self.version.status {
            object::keep_field(new, old, "status");
        }
    }

    fn moves_generation(&self, before: &Value, after: &Value) -> bool {
        if self.subresource == Subresource::Status {
            return false;
        }
        let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
            return false;
        };
        let intent = self
            .resource
            .go_type
            .as_deref()
            .map_or(&[][..], strategy::metadata_of_intent);
        if intent
            .iter()
            .any(|field| object::meta(before, field) != object::meta(after, field))
        {
            return true;
        }
        let counts = |key: &str| key != "metadata" && !(key == "status" && self.version.status);
        let differs = |a: &Map<String, Value>, b: &Map<String, Value>| {
            a.iter()
                .any(|(key, value)| counts(key) && b.get(key) != Some(value))
        };
        differs(old, new) || differs(new, old)
    }

    fn check(&self, object: &Value, old: Option<&Value>) -> ApiResult<()> {
        match object::weight(object, MAX_DEPTH) {
            None => {
                return Err(ApiError::bad_request(format!(
                    "the object nests deeper than {MAX_DEPTH} levels, which is as deep as can be stored"
                )));
            }
            Some(bytes) if bytes > MAX_OBJECT_BYTES => return Err(ApiError::too_large(MAX_OBJECT_BYTES)),
            Some(_) => {}
        }
        let mut errors = check_metadata(object, self.resource.traits.name, !self.resource.custom());
        if old.is_some() && !self.resource.custom() {
            // As an update, and then as the object that it makes: each violation counts twice.
            errors.extend(errors.clone());
        }
        if let Some(name) = &self.resource.go_type {
            errors.extend(kubernetes::validate(name, object, old));
        } else {
            errors.extend(self.version.schema.validate(object));
            if errors.is_empty() {
                errors.extend(self.version.schema.check_rules(object, old));
            }
            errors.extend(
                self.version
                    .scale
                    .as_ref()
                    .and_then(|paths| paths.violation(object)),
            );
        }
        if !errors.is_empty() {
            return Err(self.invalid(object::name(object), &errors));
        }
        if self
            .resource
            .is("apiextensions.k8s.io", "customresourcedefinitions")
        {
            definitions::check(object)?;
        }
        Ok(())
    }
}

/// Metadata that only the server changes.
const KEPT: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generation",
];

/// A list of one empty entry gives up all ownership.
fn is_reset(object: &Value) -> bool {
    object::meta(object, "managedFields")
        .and_then(Value::as_array)
        .is_some_and(|entries| entries.len() == 1 && entries[0] == json!({}))
}
