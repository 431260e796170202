//! Creates and replaces objects: the one path that every write takes to the store.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{Answer, Call, Subresource, convert, definitions, shaped};
use crate::apply::{Managers, Writer};
use crate::gc::Settling;
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
            return Err(ApiError::bad_request(format!(
                "the name of the object ({name} based on URL) was undeterminable: name must be provided"
            )));
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
        let warnings = self.drop_unknown(&mut object, |error| {
            ApiError::bad_request(self.undecodable(error))
        })?;
        let live = self.value(&old);
        let written = self.rewrite(state, &old, live, object, Ownership::Updated)?;
        Ok(self.written(StatusCode::OK, written).warning_of(&warnings))
    }

    pub(super) fn written(&self, code: StatusCode, written: Written) -> Answer {
        match written {
            Written::Stored(stored) => self.answer(code, &stored),
            Written::Shown(value) => Answer::json(code, &shaped(value, self.request.view)),
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
                "" if !self.resource.custom => {
                    object::map_mut(object).insert(key.into(), json!(expected));
                }
                found if found != expected => {
                    return Err(ApiError::bad_request(format!(
                        "the {what} in the data ({found}) does not match the expected {what} ({expected})"
                    )));
                }
                _ => {}
            }
        }
        if object
            .get("metadata")
            .is_some_and(|metadata| !metadata.is_object() && !metadata.is_null())
        {
            return Err(ApiError::bad_request("metadata must be a JSON object"));
        }
        let namespace = object::namespace(object);
        if !namespace.is_empty() && Some(namespace) != self.namespace {
            return Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        Ok(())
    }

    /// Drops fields that the schema does not know: refused, warned of, or passed over in silence.
    pub(super) fn drop_unknown(
        &self,
        object: &mut Value,
        refuse: impl FnOnce(String) -> Box<ApiError>,
    ) -> ApiResult<Vec<String>> {
        let dropped = self.version.schema.prune(object);
        match self.request.options.field_validation {
            FieldValidation::Strict if !dropped.is_empty() => {
                let fields: Vec<String> = dropped
                    .iter()
                    .map(|field| format!("unknown field \"{field}\""))
                    .collect();
                Err(refuse(format!("strict decoding error: {}", fields.join(", "))))
            }
            FieldValidation::Ignore => Ok(Vec::new()),
            _ => Ok(dropped),
        }
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
        if !object::resource_version(&object).is_empty() {
            return Err(ApiError::unknown(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        let warnings = self.drop_unknown(&mut object, |error| {
            ApiError::bad_request(self.undecodable(error))
        })?;
        self.place(state, &mut object)?;
        self.require_namespace(state, &object)?;
        if self.version.status && !self.resource.traits.status_on_create {
            object::map_mut(&mut object).remove("status");
        }
        self.version.schema.apply_defaults(&mut object);
        self.complete(&mut object);
        self.start_metadata(state, &mut object);
        let managers = match ownership {
            Ownership::Applied(managers) => managers,
            Ownership::Updated => {
                let mut managers = Managers::of(&object);
                object::meta_mut(&mut object).remove("managedFields");
                let nothing = json!({"apiVersion": self.api_version, "kind": self.resource.kind});
                managers.update(&nothing, &object, &self.version.schema, self.writer());
                managers
            }
        };
        managers.store(&mut object);
        self.begin_life(&mut object);
        self.check(&object)?;
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
        self.complete(&mut new);
        let changed = old != new;
        if changed && self.resource.traits.generation && self.moves_generation(&old, &new) {
            let generation = object::generation(&old).unwrap_or(0) + 1;
            object::meta_mut(&mut new).insert("generation".into(), json!(generation));
        }
        let own = |given: &Option<Value>| self.subresource == Subresource::None && *given != before;
        let managers = match ownership {
            Ownership::Updated if !changed && !reset && !own(&given) => {
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
                if changed {
                    managers.update(&old, &new, &self.version.schema, self.writer());
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
        self.check(&new)?;
        let added: Vec<String> = object::finalizers(&new)
            .filter(|finalizer| !object::has_finalizer(&old, finalizer))
            .map(|finalizer| format!("{finalizer:?}"))
            .collect();
        if object::is_deleting(&old) && !added.is_empty() {
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                added.join(", ")
            );
            return Err(self.invalid(&name, &[FieldError::forbidden("metadata.finalizers", detail)]));
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
            now: &self.now,
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
            settling.remove(state, &self.resource, &mut object);
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
        for field in [
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "selfLink",
            "generation",
        ] {
            metadata.remove(field);
        }
        metadata.insert("uid".into(), json!(uid));
        metadata.insert("creationTimestamp".into(), json!(self.now));
        if self.resource.traits.generation {
            metadata.insert("generation".into(), json!(1));
        }
    }

    /// What a kind itself adds to its objects.
    fn complete(&self, object: &mut Value) {
        if self.resource.custom || !self.resource.group().is_empty() {
            return;
        }
        match &*self.resource.key.plural {
            "secrets" => complete_secret(object::map_mut(object)),
            "namespaces" => {
                let name = object::name(object).to_owned();
                let labels = object::meta_mut(object)
                    .entry("labels")
                    .or_insert_with(|| json!({}));
                object::map_mut(labels).insert("kubernetes.io/metadata.name".into(), json!(name));
                let fields = object::map_mut(object);
                fields
                    .entry("spec")
                    .or_insert_with(|| json!({"finalizers": ["kubernetes"]}));
                fields
                    .entry("status")
                    .or_insert_with(|| json!({"phase": "Active"}));
            }
            "pods" => {
                object::map_mut(object)
                    .entry("status")
                    .or_insert_with(|| json!({"phase": "Pending"}));
            }
            _ => {}
        }
    }

    /// What the server adds to a new object in nobody's name.
    fn begin_life(&self, object: &mut Value) {
        if self.resource.is("", "namespaces") {
            let fields = object::map_mut(object);
            fields.insert("spec".into(), json!({"finalizers": ["kubernetes"]}));
            fields.insert("status".into(), json!({"phase": "Active"}));
        } else if self.resource.is("", "pods") {
            object::map_mut(object).insert("status".into(), json!({"phase": "Pending"}));
        }
    }

    fn check_identity(&self, old: &Value, new: &Value, name: &str) -> ApiResult<()> {
        let version = object::resource_version(new);
        if !version.is_empty() && version != "0" {
            crate::request::resource_version(version)?;
            if version != object::resource_version(old) {
                return Err(ApiError::stale(self.subject(name)));
            }
        }
        let uid = object::uid(new);
        if !uid.is_empty() && uid != object::uid(old) && self.request.method == Method::PATCH {
            let error = FieldError::invalid("metadata.uid", &json!(uid), "field is immutable");
            return Err(self.invalid(name, &[error]));
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
                for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
                    object::keep_meta(&mut result, new, field);
                }
            }
            *new = result;
        } else if self.version.status {
            object::keep_field(new, old, "status");
        }
    }

    fn moves_generation(&self, old: &Value, new: &Value) -> bool {
        if self.subresource == Subresource::Status {
            return false;
        }
        let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
            return false;
        };
        let counts = |key: &str| key != "metadata" && !(key == "status" && self.version.status);
        let differs = |a: &Map<String, Value>, b: &Map<String, Value>| {
            a.iter()
                .any(|(key, value)| counts(key) && b.get(key) != Some(value))
        };
        differs(old, new) || differs(new, old)
    }

    fn check(&self, object: &Value) -> ApiResult<()> {
        match object::weight(object, MAX_DEPTH) {
            None => {
                return Err(ApiError::bad_request(format!(
                    "the object nests deeper than {MAX_DEPTH} levels, which is as deep as can be stored"
                )));
            }
            Some(bytes) if bytes > MAX_OBJECT_BYTES => return Err(ApiError::too_large(MAX_OBJECT_BYTES)),
            Some(_) => {}
        }
        let mut errors = check_metadata(object, self.resource.traits.name);
        errors.extend(self.version.schema.validate(object));
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

/// Turns `stringData` into `data`.
fn complete_secret(secret: &mut Map<String, Value>) {
    use base64::Engine as _;
    if let Some(Value::Object(texts)) = secret.remove("stringData") {
        let data = object::map_mut(secret.entry("data").or_insert_with(|| json!({})));
        for (key, text) in texts {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default());
            data.insert(key, json!(encoded));
        }
    }
    secret.entry("type").or_insert_with(|| json!("Opaque"));
}
