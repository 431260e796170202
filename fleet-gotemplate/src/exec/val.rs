//! The values of an execution: borrowed from the data and the template where they can be, shared where they are made.

use std::borrow::{Borrow, Cow};
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use crate::functions::dates::Time;
use crate::functions::semver::Version;
use crate::value::{self, Elem, Value};

/// A Go value.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint8(u8),
    Uint64(u64),
    Float(f64),
    Complex(f64, f64),
    Str(Str<'a>),
    List(List<'a>),
    Map(Map<'a>),
    /// Kubernetes' `v1.JSON`: a struct around bytes.
    RawJson(&'a str),
    Version(Rc<Version>),
    Time(Rc<Time>),
    Duration(i64),
    Month(i8),
    Weekday(i8),
}

/// A value with what Go's reflection knows about where it came from.
///
/// `Nil` and not boxed is reflection's zero value, "no value"; boxed it is an interface that holds nil.
#[derive(Clone, Debug)]
pub(crate) struct Slot<'a> {
    pub(crate) val: Val<'a>,
    /// Whether the value stands in an `interface {}`, such as an item of a `[]interface {}`.
    pub(crate) boxed: bool,
}

impl<'a> Slot<'a> {
    /// Reflection's zero value.
    pub(crate) const NONE: Self = Slot {
        val: Val::Nil,
        boxed: false,
    };

    pub(crate) fn boxed(val: Val<'a>) -> Self {
        Self { val, boxed: true }
    }

    pub(crate) fn is_none(&self) -> bool {
        !self.boxed && matches!(self.val, Val::Nil)
    }

    /// The type as reflection names it.
    pub(crate) fn static_type(&self) -> &'static str {
        if self.boxed {
            "interface {}"
        } else {
            self.val.type_name()
        }
    }
}

impl<'a> From<Val<'a>> for Slot<'a> {
    fn from(val: Val<'a>) -> Self {
        Self { val, boxed: false }
    }
}

impl<'a> Deref for Slot<'a> {
    type Target = Val<'a>;

    fn deref(&self) -> &Val<'a> {
        &self.val
    }
}

impl<'a> Val<'a> {
    pub(crate) fn from_data(value: &'a Value) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::String(text) => Self::Str(Str::Ref(text)),
            Value::List(list) if list.is_nil() => Self::List(List::Nil(list.elem())),
            Value::List(list) => Self::List(List::Ref(list.elem(), list.as_slice())),
            Value::Map(map) if map.is_nil() => Self::Map(Map::Nil(map.elem())),
            Value::Map(map) => Self::Map(Map::Ref(map)),
            Value::RawJson(text) => Self::RawJson(text),
        }
    }

    /// A copy whose maps can be changed, for templates that call `set` and its like.
    pub(crate) fn from_data_mutable(value: &'a Value) -> Self {
        match value {
            Value::List(list) if !list.is_nil() => Self::List(List::made(
                list.elem(),
                list.iter().map(Self::from_data_mutable).collect(),
            )),
            Value::Map(map) if !map.is_nil() => Self::Map(Map::made(
                map.elem(),
                map.iter()
                    .map(|(key, value)| (Str::Ref(key), Self::from_data_mutable(value)))
                    .collect(),
            )),
            other => Self::from_data(other),
        }
    }

    /// Text or, when they are not UTF-8, bytes.
    pub(crate) fn bytes(bytes: Vec<u8>) -> Self {
        Self::Str(match String::from_utf8(bytes) {
            Ok(text) => Str::Shared(text.into()),
            Err(error) => Str::Bytes(error.into_bytes().into()),
        })
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Whether `if` takes the value for true.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) | Self::Duration(value) => *value != 0,
            Self::Uint8(value) => *value != 0,
            Self::Uint64(value) => *value != 0,
            Self::Month(value) | Self::Weekday(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(list) => list.len() > 0,
            Self::Map(map) => map.len() > 0,
            Self::Version(_) | Self::Time(_) | Self::RawJson(_) => true,
        }
    }

    /// The name of the type, as `%T` prints it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Uint64(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Complex(..) => "complex128",
            Self::Str(_) => "string",
            Self::List(list) => match list.elem() {
                Elem::Any => "[]interface {}",
                Elem::String => "[]string",
                Elem::Int => "[]int",
                Elem::AnyList => "[][]interface {}",
                Elem::AnyMap => "[]map[string]interface {}",
            },
            Self::Map(map) => match map.elem() {
                Elem::Any => "map[string]interface {}",
                Elem::String => "map[string]string",
                Elem::Int => "map[string]int",
                Elem::AnyList => "map[string][]interface {}",
                Elem::AnyMap => "map[string]map[string]interface {}",
            },
            Self::RawJson(_) => "v1.JSON",
            Self::Version(_) => "*semver.Version",
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
        }
    }

    /// The name of the kind of type, as `kindOf` prints it.
    pub(crate) fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Version(_) => "ptr",
            Self::Time(_) | Self::RawJson(_) => "struct",
            Self::Duration(_) => "int64",
            Self::Month(_) | Self::Weekday(_) => "int",
            other => other.type_name(),
        }
    }

    /// How deep lists and maps nest in it, as far as is known without looking into maps that were changed.
    fn depth(&self) -> u16 {
        match self {
            Self::List(List::Shared(_, body)) => body.depth,
            Self::Map(Map::Shared(body)) => body.depth.get(),
            Self::List(_) | Self::Map(_) => 1,
            _ => 0,
        }
    }
}

/// The zero value of a type, as a slot of it holds it.
pub(crate) fn zero<'a>(elem: Elem) -> Slot<'a> {
    match elem {
        Elem::Any => Slot::boxed(Val::Nil),
        Elem::String => Val::Str(Str::Ref("")).into(),
        Elem::Int => Val::Int(0).into(),
        Elem::AnyList => Val::List(List::Nil(Elem::Any)).into(),
        Elem::AnyMap => Val::Map(Map::Nil(Elem::Any)).into(),
    }
}

/// A Go string: bytes that mostly are UTF-8.
#[derive(Clone, Debug)]
pub(crate) enum Str<'a> {
    Ref(&'a str),
    Shared(Rc<str>),
    /// What cutting characters apart and decoding base64 can leave.
    Bytes(Rc<[u8]>),
}

impl Str<'_> {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ref(text) => text.as_bytes(),
            Self::Shared(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The text, with U+FFFD for each byte that is not part of a character.
    pub(crate) fn as_str(&self) -> Cow<'_, str> {
        match self {
            Self::Ref(text) => Cow::Borrowed(text),
            Self::Shared(text) => Cow::Borrowed(text),
            Self::Bytes(bytes) => {
                let mut out = String::with_capacity(bytes.len());
                for chunk in bytes.utf8_chunks() {
                    out.push_str(chunk.valid());
                    out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
                }
                Cow::Owned(out)
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_bytes().len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }
}

impl Borrow<[u8]> for Str<'_> {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Str<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Str<'_> {}

impl PartialOrd for Str<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Str<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

/// A Go slice.
#[derive(Clone, Debug)]
pub(crate) enum List<'a> {
    /// A nil slice: empty, and null in JSON.
    Nil(Elem),
    Ref(Elem, &'a [Value]),
    Shared(Elem, Rc<ListBody<'a>>),
}

#[derive(Debug)]
pub(crate) struct ListBody<'a> {
    items: Vec<Val<'a>>,
    depth: u16,
}

impl<'a> List<'a> {
    pub(crate) fn made(elem: Elem, items: Vec<Val<'a>>) -> Self {
        let depth = items.iter().map(Val::depth).max().unwrap_or(0).saturating_add(1);
        Self::Shared(elem, Rc::new(ListBody { items, depth }))
    }

    pub(crate) fn elem(&self) -> Elem {
        match self {
            Self::Nil(elem) | Self::Ref(elem, _) | Self::Shared(elem, _) => *elem,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Nil(_) => 0,
            Self::Ref(_, items) => items.len(),
            Self::Shared(_, body) => body.items.len(),
        }
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil(_))
    }

    pub(crate) fn get(&self, index: usize) -> Option<Val<'a>> {
        match self {
            Self::Nil(_) => None,
            Self::Ref(_, items) => items.get(index).map(Val::from_data),
            Self::Shared(_, body) => body.items.get(index).cloned(),
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Val<'a>> + ExactSizeIterator + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or(Val::Nil))
    }

    /// `list[start:end]`. The bounds must be within the list.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        match self {
            Self::Nil(elem) => Self::Nil(*elem),
            Self::Ref(elem, items) => Self::Ref(*elem, items.get(start..end).unwrap_or_default()),
            Self::Shared(elem, body) => {
                Self::made(*elem, body.items.get(start..end).unwrap_or_default().to_vec())
            }
        }
    }

    pub(crate) fn depth(&self) -> u16 {
        match self {
            Self::Shared(_, body) => body.depth,
            _ => 1,
        }
    }
}

/// A Go map with string keys: shared, and changed in place where all who hold it see it.
#[derive(Clone, Debug)]
pub(crate) enum Map<'a> {
    Nil(Elem),
    Ref(&'a value::Map),
    Shared(Rc<MapBody<'a>>),
}

#[derive(Debug)]
pub(crate) struct MapBody<'a> {
    elem: Elem,
    pub(crate) entries: RefCell<BTreeMap<Str<'a>, Val<'a>>>,
    depth: Cell<u16>,
}

impl<'a> Map<'a> {
    pub(crate) fn made(elem: Elem, entries: BTreeMap<Str<'a>, Val<'a>>) -> Self {
        let depth = entries
            .values()
            .map(Val::depth)
            .max()
            .unwrap_or(0)
            .saturating_add(1);
        Self::Shared(Rc::new(MapBody {
            elem,
            entries: RefCell::new(entries),
            depth: Cell::new(depth),
        }))
    }

    pub(crate) fn elem(&self) -> Elem {
        match self {
            Self::Nil(elem) => *elem,
            Self::Ref(map) => map.elem(),
            Self::Shared(body) => body.elem,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Nil(_) => 0,
            Self::Ref(map) => map.len(),
            Self::Shared(body) => body.entries.borrow().len(),
        }
    }

    pub(crate) fn is_nil(&self) -> bool {
        matches!(self, Self::Nil(_))
    }

    pub(crate) fn get(&self, key: &str) -> Option<Val<'a>> {
        self.get_bytes(key.as_bytes())
    }

    pub(crate) fn get_bytes(&self, key: &[u8]) -> Option<Val<'a>> {
        match self {
            Self::Nil(_) => None,
            Self::Ref(map) => map.get(std::str::from_utf8(key).ok()?).map(Val::from_data),
            Self::Shared(body) => body.entries.borrow().get(key).cloned(),
        }
    }

    /// The entries, sorted by key, as they are now.
    pub(crate) fn entries(&self) -> Vec<(Str<'a>, Val<'a>)> {
        match self {
            Self::Nil(_) => Vec::new(),
            Self::Ref(map) => map
                .iter()
                .map(|(key, value)| (Str::Ref(key), Val::from_data(value)))
                .collect(),
            Self::Shared(body) => body
                .entries
                .borrow()
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        }
    }

    pub(crate) fn depth(&self) -> u16 {
        match self {
            Self::Shared(body) => body.depth.get(),
            _ => 1,
        }
    }
}

impl<'a> MapBody<'a> {
    /// Puts a value under a key; says whether the map nests deeper than before.
    pub(crate) fn insert(&self, key: Str<'a>, value: Val<'a>) {
        let depth = value.depth().saturating_add(1);
        if depth > self.depth.get() {
            self.depth.set(depth);
        }
        self.entries.borrow_mut().insert(key, value);
    }
}
