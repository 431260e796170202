//! Holding a document against its kind's schema: fields that do not exist, are missing, or have another type.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::nearest::nearest;
use super::{Document, FieldPath, Position};

/// What a document of a kind may look like: the part of a CRD's schema that tells people where they went wrong.
///
/// A typed model keeps fields it does not know, so that nothing is lost; where people write by hand, a field that is
/// not known is a mistake. Types, required fields and names of fields are held against the schema; what else it says
/// is left to the API server.
///
/// ```
/// use fleet_core::yaml::{self, Shape};
/// use serde_json::json;
///
/// let pool = Shape::of_kind(&json!({"type": "object", "required": ["spec"], "properties": {
///     "spec": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
/// }}));
/// let documents = yaml::documents("metadata:\n  name: a\nspec:\n  replica: 3\n")?;
/// let misfits = pool.misfits(&documents[0], |_path| false);
/// assert_eq!(misfits[0].to_string(), "spec.replica: is no field there; did you mean `replicas`?");
/// assert_eq!(misfits[0].position.unwrap().to_string(), "4:3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Shape {
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

/// A place where a document is not of its [`Shape`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Misfit {
    /// The field.
    pub path: FieldPath,
    /// Where it is: the field's name if it should not be there, the mapping it is missing in, else its value.
    pub position: Option<Position>,
    /// What is wrong with it.
    pub problem: MisfitProblem,
}

/// What is wrong with a field that is not of its [`Shape`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MisfitProblem {
    /// There is no such field.
    Unknown {
        /// The field that was probably meant.
        suggestion: Option<String>,
    },
    /// A field that is needed is not there.
    Missing {
        /// Its type.
        expected: &'static str,
    },
    /// A value of another type.
    WrongType {
        /// What is there, shortened; only its type where it may be a secret.
        found: String,
        /// What should be.
        expected: &'static str,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.problem {
            MisfitProblem::Unknown {
                suggestion: Some(meant),
            } => {
                write!(f, "{path}: is no field there; did you mean `{meant}`?")
            }
            MisfitProblem::Unknown { suggestion: None } => write!(f, "{path}: is no field there; remove it"),
            MisfitProblem::Missing { expected } => write!(f, "{path}: is missing; expected {expected}"),
            MisfitProblem::WrongType { found, expected } => {
                write!(f, "{path}: found {found}, expected {expected}")
            }
        }
    }
}

impl Shape {
    /// The shape of a kind whose CRD has this schema (`openAPIV3Schema`), as people write it: with an `ObjectMeta`,
    /// which a CRD leaves to the API server, and without a status that anything could be missing in.
    pub fn of_kind(schema: &Value) -> Self {
        let mut shape = Self::from_schema(schema);
        for field in ["apiVersion", "kind"] {
            shape.fields.insert(field.to_owned(), Self::with(Accepts::Text));
        }
        shape.fields.insert("metadata".to_owned(), object_meta());
        let needs_spec = shape
            .fields
            .get("spec")
            .is_some_and(|spec| !spec.required.is_empty());
        shape.required.retain(|field| field == "spec" && needs_spec);
        shape
    }

    /// Everything in the document that is not of this shape, in the document's order. Of values at a path that
    /// `may_be_secret` only the type is told.
    pub fn misfits(&self, document: &Document, may_be_secret: impl Fn(&FieldPath) -> bool) -> Vec<Misfit> {
        let mut check = Check {
            document,
            may_be_secret: &may_be_secret,
            misfits: Vec::new(),
        };
        self.check_value(document.value(), &mut Vec::new(), &mut check);
        check.misfits
    }

    fn check_value<'a>(&'a self, value: &'a Value, path: &mut Vec<Step<'a>>, check: &mut Check<'_>) {
        // A null counts as absent, as it does for Kubernetes.
        if value.is_null() {
            return;
        }
        if !self.accepts.takes(value) {
            let path = field_path(path);
            let problem = MisfitProblem::WrongType {
                found: describe(value, (check.may_be_secret)(&path)),
                expected: self.accepts.name(),
            };
            let position = check.document.position(&path);
            return check.tell(path, position, problem);
        }
        match value {
            Value::Object(fields) => self.check_fields(fields, path, check),
            Value::Array(items) => {
                if let Some(shape) = &self.items {
                    for (index, item) in items.iter().enumerate() {
                        path.push(Step::Index(index));
                        shape.check_value(item, path, check);
                        path.pop();
                    }
                }
            }
            _ => {}
        }
    }

    fn check_fields<'a>(
        &'a self,
        fields: &'a Map<String, Value>,
        path: &mut Vec<Step<'a>>,
        check: &mut Check<'_>,
    ) {
        let mut meant = Vec::new();
        for (name, value) in fields {
            let known = self.fields.get(name).or(self.entries.as_deref());
            path.push(Step::Field(name));
            match known {
                Some(shape) => shape.check_value(value, path, check),
                None if self.fields.is_empty() => {}
                None => {
                    let path = field_path(path);
                    let suggestion = nearest(name, self.fields.keys().map(String::as_str));
                    meant.extend(suggestion);
                    let position = check.document.key_position(&path);
                    let suggestion = suggestion.map(str::to_owned);
                    check.tell(path, position, MisfitProblem::Unknown { suggestion });
                }
            }
            path.pop();
        }
        // A field that is misspelled is not missing as well.
        let absent =
            |name: &&String| fields.get(*name).is_none_or(Value::is_null) && !meant.contains(&name.as_str());
        for required in self.required.iter().filter(absent) {
            let at = field_path(path);
            let expected = self
                .fields
                .get(required)
                .map_or("a value", |shape| shape.accepts.name());
            let position = check
                .document
                .key_position(&at)
                .or_else(|| check.document.position(&at));
            check.tell(at.field(required), position, MisfitProblem::Missing { expected });
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

/// One document being checked.
struct Check<'d> {
    document: &'d Document,
    may_be_secret: &'d dyn Fn(&FieldPath) -> bool,
    misfits: Vec<Misfit>,
}

impl Check<'_> {
    fn tell(&mut self, path: FieldPath, position: Option<Position>, problem: MisfitProblem) {
        self.misfits.push(Misfit {
            path,
            position,
            problem,
        });
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
