//! Holding a document against its kind's schema: fields that do not exist, are missing, or have another type.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fleet_core::yaml::{Document, FieldPath};
use serde_json::Value;

use super::error::{Place, RepositoryError};
use super::nearest::nearest;

/// What a document may look like: the part of a CRD's schema that tells people where they went wrong.
#[derive(Debug, Default)]
pub(super) struct Shape {
    accepts: Accepts,
    /// In the order of their names; empty: any field.
    fields: BTreeMap<String, Shape>,
    required: Vec<String>,
    /// Values of a map's entries.
    entries: Option<Box<Shape>>,
    items: Option<Box<Shape>>,
}

/// The types of a schema.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Accepts {
    #[default]
    Anything,
    Text,
    Integer,
    Number,
    Boolean,
    IntegerOrText,
    List,
    Mapping,
}

impl Shape {
    /// The shape of a kind; `None` for a kind without a model. All are made once, from the CRDs of the models.
    pub(super) fn of(api_version: &str, kind: &str) -> Option<&'static Self> {
        static SHAPES: LazyLock<BTreeMap<(String, String), Shape>> = LazyLock::new(shapes);
        SHAPES.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// Everything in the document that is not of this shape.
    pub(super) fn check(
        &self,
        document: &Document,
        subject: &Subject<'_>,
        errors: &mut Vec<RepositoryError>,
    ) {
        let mut path = Vec::new();
        self.check_value(document.value(), document, subject, &mut path, errors);
    }

    fn check_value<'a>(
        &'a self,
        value: &'a Value,
        document: &Document,
        subject: &Subject<'_>,
        path: &mut Vec<Step<'a>>,
        errors: &mut Vec<RepositoryError>,
    ) {
        // A null counts as absent, as it does for Kubernetes.
        if value.is_null() {
            return;
        }
        if !self.accepts.takes(value) {
            let path = field_path(path);
            errors.push(RepositoryError::WrongType {
                at: subject.place(document.position(&path)),
                found: describe(value, may_be_secret(subject.kind, &path)),
                expected: self.accepts.name().to_owned(),
                path,
            });
            return;
        }
        match value {
            Value::Object(fields) => {
                let mut meant = Vec::new();
                for (name, value) in fields {
                    let known = self.fields.get(name).or(self.entries.as_deref());
                    path.push(Step::Field(name));
                    match known {
                        Some(shape) => shape.check_value(value, document, subject, path, errors),
                        None if self.fields.is_empty() || subject.keep_unknown => {}
                        None => {
                            let path = field_path(path);
                            let suggestion = nearest(name, self.fields.keys().map(String::as_str));
                            meant.extend(suggestion.clone());
                            errors.push(RepositoryError::UnknownField {
                                at: subject.place(document.key_position(&path)),
                                kind: subject.kind.to_owned(),
                                suggestion,
                                path,
                            });
                        }
                    }
                    path.pop();
                }
                // A field that is misspelled is not missing as well.
                let absent =
                    |name: &&String| fields.get(*name).is_none_or(Value::is_null) && !meant.contains(*name);
                for required in self.required.iter().filter(absent) {
                    let at = field_path(path);
                    let expected = self
                        .fields
                        .get(required)
                        .map_or("a value", |shape| shape.accepts.name());
                    errors.push(RepositoryError::MissingField {
                        at: subject.place(document.key_position(&at).or_else(|| document.position(&at))),
                        path: at.field(required),
                        expected: expected.to_owned(),
                    });
                }
            }
            Value::Array(items) => {
                if let Some(shape) = &self.items {
                    for (index, item) in items.iter().enumerate() {
                        path.push(Step::Index(index));
                        shape.check_value(item, document, subject, path, errors);
                        path.pop();
                    }
                }
            }
            _ => {}
        }
    }

    fn from_schema(schema: &Value) -> Self {
        let field = |name: &str| schema.get(name).filter(|value| !value.is_null());
        let fields: BTreeMap<_, _> = field("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), Self::from_schema(schema)))
            .collect();
        let entries = field("additionalProperties").filter(|schema| schema.is_object());
        let texts = field("required").and_then(Value::as_array).into_iter().flatten();
        let int_or_string = field("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
        let accepts = match field("type").and_then(Value::as_str) {
            _ if int_or_string => Accepts::IntegerOrText,
            Some("string") => Accepts::Text,
            Some("integer") => Accepts::Integer,
            Some("number") => Accepts::Number,
            Some("boolean") => Accepts::Boolean,
            Some("array") => Accepts::List,
            Some("object") => Accepts::Mapping,
            _ => Accepts::Anything,
        };
        Self {
            accepts,
            fields,
            required: texts.filter_map(Value::as_str).map(str::to_owned).collect(),
            entries: entries.map(|schema| Box::new(Self::from_schema(schema))),
            items: field("items").map(|schema| Box::new(Self::from_schema(schema))),
        }
    }

    fn with(accepts: Accepts) -> Self {
        Self {
            accepts,
            ..Self::default()
        }
    }
}

impl Accepts {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Anything => true,
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::IntegerOrText => value.is_string() || value.is_i64() || value.is_u64(),
            Self::List => value.is_array(),
            Self::Mapping => value.is_object(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Anything => "a value",
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean (true or false)",
            Self::IntegerOrText => "integer or string",
            Self::List => "list",
            Self::Mapping => "mapping",
        }
    }
}

/// What is being checked, for the errors.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// The file.
    pub(super) file: &'a std::path::Path,
    /// The kind.
    pub(super) kind: &'a str,
    /// Fields without a model are fine.
    pub(super) keep_unknown: bool,
}

impl Subject<'_> {
    fn place(&self, position: Option<fleet_core::yaml::Position>) -> Place {
        Place {
            file: self.file.to_owned(),
            position: position.unwrap_or(super::TOP),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Field(&'a str),
    Index(usize),
}

fn field_path(steps: &[Step<'_>]) -> FieldPath {
    steps.iter().fold(FieldPath::root(), |path, step| match step {
        Step::Field(name) => path.field(*name),
        Step::Index(index) => path.index(*index),
    })
}

fn shapes() -> BTreeMap<(String, String), Shape> {
    let mut shapes = BTreeMap::new();
    for crd in crate::crds() {
        for version in &crd.spec.versions {
            let schema = version
                .schema
                .as_ref()
                .and_then(|it| it.open_api_v3_schema.as_ref());
            let schema = schema
                .and_then(|schema| serde_json::to_value(schema).ok())
                .unwrap_or_default();
            let mut shape = Shape::from_schema(&schema);
            shape
                .fields
                .insert("apiVersion".to_owned(), Shape::with(Accepts::Text));
            shape.fields.insert("kind".to_owned(), Shape::with(Accepts::Text));
            shape.fields.insert("metadata".to_owned(), object_meta());
            // What people write has no status, whatever a model says of it.
            let needs_spec = shape
                .fields
                .get("spec")
                .is_some_and(|spec| !spec.required.is_empty());
            shape.required.retain(|field| field == "spec" && needs_spec);
            let api_version = format!("{}/{}", crd.spec.group, version.name);
            shapes.insert((api_version, crd.spec.names.kind.clone()), shape);
        }
    }
    shapes
}

/// `ObjectMeta`, which a CRD leaves to the API server. A label that is lost to a misspelled `labels` changes which
/// stage of an upgrade takes a cluster.
fn object_meta() -> Shape {
    let texts = |accepts| Shape {
        accepts,
        entries: Some(Box::new(Shape::with(Accepts::Text))),
        items: Some(Box::new(Shape::with(Accepts::Text))),
        ..Shape::default()
    };
    let fields = [
        ("annotations", texts(Accepts::Mapping)),
        ("creationTimestamp", Shape::with(Accepts::Text)),
        ("deletionGracePeriodSeconds", Shape::with(Accepts::Integer)),
        ("deletionTimestamp", Shape::with(Accepts::Text)),
        ("finalizers", texts(Accepts::List)),
        ("generateName", Shape::with(Accepts::Text)),
        ("generation", Shape::with(Accepts::Integer)),
        ("labels", texts(Accepts::Mapping)),
        ("managedFields", Shape::with(Accepts::List)),
        ("name", Shape::with(Accepts::Text)),
        ("namespace", Shape::with(Accepts::Text)),
        ("ownerReferences", Shape::with(Accepts::List)),
        ("resourceVersion", Shape::with(Accepts::Text)),
        ("selfLink", Shape::with(Accepts::Text)),
        ("uid", Shape::with(Accepts::Text)),
    ];
    Shape {
        accepts: Accepts::Mapping,
        fields: fields
            .into_iter()
            .map(|(name, shape)| (name.to_owned(), shape))
            .collect(),
        required: vec!["name".to_owned()],
        ..Shape::default()
    }
}

/// Whether a part of a document may hold secrets: bootstrap configuration has tokens and the contents of files.
pub(super) fn may_be_secret(kind: &str, path: &FieldPath) -> bool {
    kind.starts_with("KubeadmConfig") || path.to_string().contains("kubeadmConfigSpec")
}

/// A value in an error: only its type where it may be a secret.
fn describe(value: &Value, may_be_secret: bool) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) if may_be_secret => "boolean".to_owned(),
        Value::Number(_) if may_be_secret => "number".to_owned(),
        Value::Bool(value) => format!("boolean {value}"),
        Value::Number(value) => format!("number {value}"),
        Value::String(text) if !may_be_secret && text.len() <= 60 && !text.contains('\n') => {
            format!("string `{text}`")
        }
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "list".to_owned(),
        Value::Object(_) => "mapping".to_owned(),
    }
}
