//! From a document to a typed value, with the nulls and the errors that Kubernetes users expect.
//!
//! This is a serde deserializer of its own over [`Value`], for three reasons: an error carries the field's path and is
//! structured (which field is unknown, which were possible); null in place of a field is absence, as for Go, while nulls
//! inside of free-form values (Helm's, where null deletes a default) stay; and a list is never taken for a struct.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde_json::{Map, Value};

use super::error::DecodeProblem;
use super::nearest::nearest;
use super::path::{FieldPath, Segment};

/// Why decoding failed, before the position is known.
#[derive(Debug)]
pub(super) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    /// The way to the field, innermost first.
    way: Vec<Segment>,
    at_key: bool,
    problem: DecodeProblem,
}

impl Failure {
    pub(super) fn into_parts(self) -> (FieldPath, bool, DecodeProblem) {
        let Inner {
            mut way,
            mut at_key,
            problem,
        } = *self.0;
        if let DecodeProblem::UnknownField { found, .. } = &problem {
            way.insert(0, Segment::Field(found.clone()));
            at_key = true;
        }
        way.reverse();
        (FieldPath::from(way), at_key, problem)
    }

    fn new(problem: DecodeProblem) -> Self {
        Self(Box::new(Inner {
            way: Vec::new(),
            at_key: false,
            problem,
        }))
    }

    fn inside(mut self, segment: Segment) -> Self {
        self.0.way.push(segment);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.problem, f)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(DecodeProblem::Invalid {
            message: message.to_string(),
        })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(DecodeProblem::Mismatch {
            found: describe(found),
            expected: expected.to_string(),
        })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        Self::new(DecodeProblem::UnknownField {
            found: found.to_owned(),
            expected,
            suggestion: nearest(found, expected.iter().copied()),
        })
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::new(DecodeProblem::UnknownVariant {
            found: found.to_owned(),
            expected,
            suggestion: nearest(found, expected.iter().copied()),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(DecodeProblem::MissingField { field })
    }
}

/// A value on its way into a type.
#[derive(Clone, Copy)]
pub(super) struct Decoder<'de> {
    value: &'de Value,
    /// Where null is data: inside of a free-form value, and in JSON.
    free_form: bool,
}

impl<'de> Decoder<'de> {
    pub(super) fn new(value: &'de Value) -> Self {
        Self {
            value,
            free_form: false,
        }
    }

    pub(super) fn of_json(value: &'de Value) -> Self {
        Self {
            value,
            free_form: true,
        }
    }

    fn with(self, value: &'de Value) -> Self {
        Self { value, ..self }
    }

    fn mismatch(self, expected: &dyn Expected) -> Failure {
        let found = match self.value {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => unexpected_number(number),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        };
        de::Error::invalid_type(found, expected)
    }

    fn map<V: Visitor<'de>>(self, map: &'de Map<String, Value>, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(Fields {
            left: map.iter(),
            current: None,
            decoder: self,
        })
    }
}

macro_rules! scalars {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            self.scalar(visitor)
        })*
    };
}

impl<'de> Decoder<'de> {
    fn scalar<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => {
                if let Some(value) = number.as_u64() {
                    visitor.visit_u64(value)
                } else if let Some(value) = number.as_i64() {
                    visitor.visit_i64(value)
                } else if let Some(value) = number.as_f64() {
                    visitor.visit_f64(value)
                } else {
                    Err(self.mismatch(&visitor))
                }
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) | Value::Object(_) => Err(self.mismatch(&visitor)),
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let free = Self {
            free_form: true,
            ..self
        };
        match self.value {
            Value::Object(map) => free.map(map, visitor),
            Value::Array(_) => free.deserialize_seq(visitor),
            _ => self.scalar(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if self.value.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.iter().enumerate(),
                decoder: self,
            }),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.value {
            Value::Object(map) => self.map(map, visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match self.value {
            Value::String(text) => visitor.visit_enum(Variant {
                name: text,
                content: None,
                decoder: self,
            }),
            Value::Object(map) if map.len() == 1 => match map.iter().next() {
                Some((name, content)) => visitor.visit_enum(Variant {
                    name,
                    content: Some(content),
                    decoder: self,
                }),
                None => Err(self.mismatch(&visitor)),
            },
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    scalars! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_unit deserialize_identifier
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.scalar(visitor)
    }
}

struct Items<'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    decoder: Decoder<'de>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some((index, item)) = self.items.next() else {
            return Ok(None);
        };
        match seed.deserialize(self.decoder.with(item)) {
            Ok(value) => Ok(Some(value)),
            Err(failure) => Err(failure.inside(Segment::Index(index))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Fields<'de> {
    left: serde_json::map::Iter<'de>,
    current: Option<(&'de str, &'de Value)>,
    decoder: Decoder<'de>,
}

// The models have more than a thousand structs, and serde compiles `next_key_seed` and `next_value_seed` for each: what
// needs no type parameter stands outside of them.
impl<'de> Fields<'de> {
    fn next_name(&mut self) -> Option<&'de str> {
        let free_form = self.decoder.free_form;
        let (name, value) = self.left.find(|(_, value)| free_form || !value.is_null())?;
        self.current = Some((name, value));
        Some(name)
    }

    fn take_value(&mut self) -> Result<(&'de str, Decoder<'de>), Failure> {
        let Some((name, value)) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        Ok((name, self.decoder.with(value)))
    }
}

#[cold]
fn at_key(mut failure: Failure, name: &str) -> Failure {
    if matches!(failure.0.problem, DecodeProblem::UnknownField { .. }) {
        return failure;
    }
    failure.0.at_key = true;
    in_field(failure, name)
}

#[cold]
fn in_field(failure: Failure, name: &str) -> Failure {
    failure.inside(Segment::Field(name.to_owned()))
}

impl<'de> de::MapAccess<'de> for Fields<'de> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(name) = self.next_name() else {
            return Ok(None);
        };
        match seed.deserialize(KeyDecoder { name }) {
            Ok(key) => Ok(Some(key)),
            Err(failure) => Err(at_key(failure, name)),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let (name, value) = self.take_value()?;
        match seed.deserialize(value) {
            Ok(value) => Ok(value),
            Err(failure) => Err(in_field(failure, name)),
        }
    }
}

/// A mapping's key: text that may have to become a number.
struct KeyDecoder<'de> {
    name: &'de str,
}

macro_rules! integer_keys {
    ($($method:ident $visit:ident $type:ty),*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match self.name.parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => visitor.visit_borrowed_str(self.name),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for KeyDecoder<'de> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_borrowed_str(self.name)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        BorrowedStrDeserializer::new(self.name).deserialize_enum(name, variants, visitor)
    }

    integer_keys! {
        deserialize_i8 visit_i64 i64, deserialize_i16 visit_i64 i64, deserialize_i32 visit_i64 i64,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u64 u64, deserialize_u16 visit_u64 u64,
        deserialize_u32 visit_u64 u64, deserialize_u64 visit_u64 u64, deserialize_bool visit_bool bool
    }

    serde::forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

struct Variant<'de> {
    name: &'de str,
    content: Option<&'de Value>,
    decoder: Decoder<'de>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Failure> {
        let name: StrDeserializer<'_, Failure> = self.name.into_deserializer();
        let value = seed.deserialize(name)?;
        Ok((value, self))
    }
}

impl<'de> Variant<'de> {
    fn content(&self, expected: &dyn Expected) -> Result<Decoder<'de>, Failure> {
        self.content
            .map(|content| self.decoder.with(content))
            .ok_or_else(|| de::Error::invalid_type(Unexpected::UnitVariant, expected))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'de> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        match self.content {
            None | Some(Value::Null) => Ok(()),
            Some(content) => Err(self.decoder.with(content).mismatch(&"only the variant's name")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Failure> {
        let content = self.content(&"a variant with a value")?;
        seed.deserialize(content)
            .map_err(|failure| failure.inside(Segment::Field(self.name.to_owned())))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Failure> {
        let content = self.content(&visitor)?;
        content
            .deserialize_seq(visitor)
            .map_err(|failure| failure.inside(Segment::Field(self.name.to_owned())))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let content = self.content(&visitor)?;
        content
            .deserialize_map(visitor)
            .map_err(|failure| failure.inside(Segment::Field(self.name.to_owned())))
    }
}

/// The problem without any value of the document; the names of fields stay.
pub(super) fn redact(problem: DecodeProblem, value: Option<&Value>) -> DecodeProblem {
    let kind = match value {
        None => "a value",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "a string",
        Some(Value::Array(_)) => "a sequence",
        Some(Value::Object(_)) => "a mapping",
    };
    match problem {
        DecodeProblem::Mismatch { expected, .. } => DecodeProblem::Mismatch {
            found: kind.to_owned(),
            expected,
        },
        // The type's own words may quote the value.
        DecodeProblem::Invalid { .. } => DecodeProblem::Invalid {
            message: format!("{kind} is not valid here (not shown, because the document is a Secret)"),
        },
        DecodeProblem::UnknownVariant { expected, .. } => DecodeProblem::UnknownVariant {
            found: "(not shown)".to_owned(),
            expected,
            suggestion: None,
        },
        names @ (DecodeProblem::UnknownField { .. } | DecodeProblem::MissingField { .. }) => names,
    }
}

fn unexpected_number(number: &serde_json::Number) -> Unexpected<'static> {
    if let Some(value) = number.as_u64() {
        Unexpected::Unsigned(value)
    } else if let Some(value) = number.as_i64() {
        Unexpected::Signed(value)
    } else {
        Unexpected::Float(number.as_f64().unwrap_or(f64::NAN))
    }
}

/// The value as an error shows it: in YAML's words, and not a whole page of it.
fn describe(found: Unexpected<'_>) -> String {
    const LONGEST: usize = 80;
    match found {
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a sequence".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        Unexpected::Str(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("string {start:?}…")
        }
        found => found.to_string(),
    }
}
