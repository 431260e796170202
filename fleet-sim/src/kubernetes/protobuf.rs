//! Reads objects in Kubernetes' protobuf encoding, in which Go clients write built-in types unless they are told otherwise.
//!
//! Only the field numbers are Kubernetes' own; they stand in the table of types. What comes out is the JSON that the same
//! client would have written, before it is decoded as any other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::types::{Shape, Structure, Type, structure};

/// What every encoded object begins with.
const MAGIC: &[u8] = b"k8s\0";
/// As deep as JSON is read.
const MAX_DEPTH: usize = 128;

/// Why bytes are no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")]
    NotAnObject,
    #[error("unexpected EOF")]
    Ends,
    #[error("proto: illegal wireType {0}")]
    WireType(u64),
    #[error("proto: wrong wireType for field {0}")]
    WrongWireType(String),
    #[error("proto: integer overflow")]
    Overflow,
    #[error("proto: field {0} holds no UTF-8 text")]
    Text(String),
    #[error("proto: field {0} holds no JSON")]
    Json(String),
    #[error("exceeded max depth of {MAX_DEPTH}")]
    Depth,
    #[error("no kind {kind:?} is registered for version {api_version:?}")]
    Kind { api_version: String, kind: String },
    #[error("encoding {0:?} is not supported")]
    Encoding(String),
}

/// The object in these bytes, as JSON.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Refusal> {
    let envelope = bytes.strip_prefix(MAGIC).ok_or(Refusal::NotAnObject)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for part in Fields(envelope) {
        match part? {
            (1, Wire::Bytes(type_meta)) => {
                for part in Fields(type_meta) {
                    match part? {
                        (1, Wire::Bytes(found)) => api_version = text(found, "apiVersion")?,
                        (2, Wire::Bytes(found)) => kind = text(found, "kind")?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(found)) => raw = found,
            (3, Wire::Bytes(encoding)) if !encoding.is_empty() => {
                return Err(Refusal::Encoding(text(encoding, "contentEncoding")?));
            }
            _ => {}
        }
    }
    let Some(structure) = structure(&type_name(&api_version, &kind)) else {
        return Err(Refusal::Kind { api_version, kind });
    };
    let mut object = message(raw, structure, MAX_DEPTH)?;
    object.insert("apiVersion".into(), json!(api_version));
    object.insert("kind".into(), json!(kind));
    Ok(Value::Object(object))
}

/// The name of a kind in the table of types, which leaves out the domain of its group.
fn type_name(api_version: &str, kind: &str) -> String {
    // Every group has options of its own, which are the same.
    if kind == "DeleteOptions" {
        return "meta/v1.DeleteOptions".to_owned();
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
    let group = group.split('.').next().unwrap_or_default();
    format!("{group}/{version}.{kind}")
}

fn message(bytes: &[u8], structure: &Structure, depth: usize) -> Result<Map<String, Value>, Refusal> {
    let mut out = Map::new();
    members(bytes, structure, &mut Vec::new(), depth, &mut out)?;
    Ok(out)
}

/// The members of a message, and of those in it that JSON does not show as objects of their own. `within` are the numbers
/// that lead to it.
fn members(
    bytes: &[u8],
    structure: &Structure,
    within: &mut Vec<u32>,
    depth: usize,
    out: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    let depth = depth.checked_sub(1).ok_or(Refusal::Depth)?;
    for part in Fields(bytes) {
        let (number, wire) = part?;
        within.push(number);
        if let Some((name, field)) = structure.fields.iter().find(|(_, field)| field.number == *within) {
            member(wire, name, &field.ty, depth, out)?;
        } else if let Wire::Bytes(inner) = wire
            && structure
                .fields
                .values()
                .any(|field| field.number.starts_with(within))
        {
            members(inner, structure, within, depth, out)?;
        }
        within.pop();
    }
    Ok(())
}

fn member(
    wire: Wire<'_>,
    name: &str,
    ty: &Type,
    depth: usize,
    out: &mut Map<String, Value>,
) -> Result<(), Refusal> {
    match &ty.shape {
        Shape::List(item) => {
            let list = out.entry(name).or_insert_with(|| json!([]));
            let Value::Array(list) = list else { return Ok(()) };
            // Numbers may come packed, all of a list in one.
            if let (Wire::Bytes(packed), true) = (wire, is_varint(&item.shape)) {
                let mut rest = packed;
                while !rest.is_empty() {
                    let number = varint(&mut rest)?;
                    list.push(value(Wire::Varint(number), name, item, depth)?);
                }
            } else {
                list.push(value(wire, name, item, depth)?);
            }
        }
        Shape::Map(item) => {
            let Wire::Bytes(entry) = wire else {
                return Err(Refusal::WrongWireType(name.to_owned()));
            };
            let (mut key, mut found) = (String::new(), None);
            for part in Fields(entry) {
                match part? {
                    (1, Wire::Bytes(bytes)) => key = text(bytes, name)?,
                    (2, wire) => found = Some(value(wire, name, item, depth)?),
                    _ => {}
                }
            }
            let found = match found {
                Some(found) => found,
                None => value(Wire::Bytes(&[]), name, item, depth)?,
            };
            let entries = out.entry(name).or_insert_with(|| json!({}));
            if let Value::Object(entries) = entries {
                entries.insert(key, found);
            }
        }
        _ => {
            out.insert(name.to_owned(), value(wire, name, ty, depth)?);
        }
    }
    Ok(())
}

fn value(wire: Wire<'_>, name: &str, ty: &Type, depth: usize) -> Result<Value, Refusal> {
    let wrong = || Refusal::WrongWireType(name.to_owned());
    let bytes = match (&wire, &ty.shape) {
        (Wire::Varint(number), Shape::Bool) => return Ok(json!(*number != 0)),
        // Two's complement, whatever the width.
        (Wire::Varint(number), Shape::Int32 | Shape::Int64) => return Ok(json!(number.cast_signed())),
        (Wire::Fixed(bits), Shape::Float) => return Ok(json!(f64::from_bits(*bits))),
        (Wire::Bytes(bytes), shape) if !is_varint(shape) && !matches!(shape, Shape::Float) => *bytes,
        _ => return Err(wrong()),
    };
    Ok(match &ty.shape {
        Shape::String => json!(text(bytes, name)?),
        Shape::Bytes => json!(STANDARD.encode(bytes)),
        Shape::Quantity => match one(bytes, 1)? {
            Some(Wire::Bytes(found)) => json!(text(found, name)?),
            _ => json!("0"),
        },
        Shape::Time | Shape::MicroTime => time(bytes)?,
        Shape::IntOrString => match one(bytes, 1)? {
            Some(Wire::Varint(1)) => match one(bytes, 3)? {
                Some(Wire::Bytes(found)) => json!(text(found, name)?),
                _ => json!(""),
            },
            _ => match one(bytes, 2)? {
                Some(Wire::Varint(number)) => json!(number.cast_signed()),
                _ => json!(0),
            },
        },
        Shape::Raw => match one(bytes, 1)? {
            Some(Wire::Bytes(found)) if !found.is_empty() => {
                serde_json::from_slice(found).map_err(|_| Refusal::Json(name.to_owned()))?
            }
            _ => Value::Null,
        },
        Shape::Struct(inner) => match structure(inner) {
            Some(structure) => Value::Object(message(bytes, structure, depth)?),
            None => Value::Null,
        },
        Shape::StructOrBool(inner) => match (one(bytes, 2)?, structure(inner)) {
            (Some(Wire::Bytes(found)), Some(structure)) => Value::Object(message(found, structure, depth)?),
            _ => json!(matches!(one(bytes, 1)?, Some(Wire::Varint(allows)) if allows != 0)),
        },
        // A list in a map is a message with one repeated member.
        Shape::List(item) => {
            let mut list = Vec::new();
            for part in Fields(bytes) {
                if let (1, wire) = part? {
                    list.push(value(wire, name, item, depth)?);
                }
            }
            Value::Array(list)
        }
        _ => return Err(wrong()),
    })
}

fn is_varint(shape: &Shape) -> bool {
    matches!(shape, Shape::Bool | Shape::Int32 | Shape::Int64)
}

/// Seconds and nanoseconds; nothing at all is no time.
fn time(bytes: &[u8]) -> Result<Value, Refusal> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let number = |of| -> Result<i64, Refusal> {
        Ok(match one(bytes, of)? {
            Some(Wire::Varint(number)) => number.cast_signed(),
            _ => 0,
        })
    };
    let nanoseconds = i32::try_from(number(2)?).map_err(|_| Refusal::Overflow)?;
    let time = jiff::Timestamp::new(number(1)?, nanoseconds).map_err(|_| Refusal::Overflow)?;
    Ok(json!(time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()))
}

/// The last member of this number, which is the one that counts.
fn one(bytes: &[u8], number: u32) -> Result<Option<Wire<'_>>, Refusal> {
    let mut last = None;
    for part in Fields(bytes) {
        let (found, wire) = part?;
        if found == number {
            last = Some(wire);
        }
    }
    Ok(last)
}

fn text(bytes: &[u8], name: &str) -> Result<String, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::Text(name.to_owned()))?;
    Ok(text.to_owned())
}

/// What stands behind a member's number.
#[derive(Debug, Clone, Copy)]
enum Wire<'b> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'b [u8]),
}

/// The members of a message, in order.
struct Fields<'b>(&'b [u8]);

impl<'b> Iterator for Fields<'b> {
    type Item = Result<(u32, Wire<'b>), Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let part = self.part();
        if part.is_err() {
            self.0 = &[];
        }
        Some(part)
    }
}

impl<'b> Fields<'b> {
    fn part(&mut self) -> Result<(u32, Wire<'b>), Refusal> {
        let key = varint(&mut self.0)?;
        let number = u32::try_from(key >> 3).map_err(|_| Refusal::Overflow)?;
        let wire = match key & 7 {
            0 => Wire::Varint(varint(&mut self.0)?),
            1 => Wire::Fixed(little_endian(self.take(8)?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| Refusal::Overflow)?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Fixed(little_endian(self.take(4)?)),
            other => return Err(Refusal::WireType(other)),
        };
        Ok((number, wire))
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Refusal> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Refusal::Ends)?;
        self.0 = rest;
        Ok(taken)
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Refusal> {
    let mut out = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(Refusal::Ends)?;
        *bytes = rest;
        out |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(out);
        }
    }
    Err(Refusal::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
        out.extend(content);
        out
    }

    fn object(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [member(1, api_version.as_bytes()), member(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), member(1, &meta), member(2, raw)].concat()
    }

    #[test]
    fn a_config_map_is_read_as_its_json_would_be() {
        let metadata = member(1, &member(1, b"settings"));
        let entry = member(2, &[member(1, b"mode"), member(2, b"blue")].concat());
        let binary = member(3, &[member(1, b"raw"), member(2, &[0xff])].concat());
        let raw = [metadata, entry, binary].concat();
        assert_eq!(
            read(&object("v1", "ConfigMap", &raw)),
            Ok(
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"},
                "data": {"mode": "blue"}, "binaryData": {"raw": "/w=="}})
            )
        );
    }

    #[test]
    fn messages_that_json_does_not_show_are_taken_apart() {
        // A volume's source is a message of its own; a pod's deadline is an integer; -1 takes ten bytes.
        let secret = member(2, &member(6, &member(1, b"keys")));
        let volume = member(1, &[member(1, b"v"), secret].concat());
        let deadline = [0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        let pod = member(2, &[volume, deadline.to_vec()].concat());
        assert_eq!(
            read(&object("v1", "Pod", &pod)),
            Ok(json!({"apiVersion": "v1", "kind": "Pod",
                "spec": {"volumes": [{"name": "v", "secret": {"secretName": "keys"}}], "activeDeadlineSeconds": -1}}))
        );
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_refused() {
        let whole = object("v1", "ConfigMap", &member(1, &member(1, b"a")));
        for end in MAGIC.len()..whole.len() {
            // Whatever it is, it is no panic; where a member ends, what is left may be whole.
            let _ = read(&whole[..end]);
        }
        assert_eq!(read(&whole[..whole.len() - 1]), Err(Refusal::Ends));
        assert_eq!(read(b"{}"), Err(Refusal::NotAnObject));
        let unknown = read(&object("example.com/v1", "Shop", &[]));
        assert!(matches!(unknown, Err(Refusal::Kind { kind, .. }) if kind == "Shop"));
    }

    #[test]
    fn nesting_is_bounded() {
        // additionalProperties.schema, over and over.
        let mut schema = Vec::new();
        for _ in 0..400 {
            let within = long(2, &schema);
            schema = long(30, &within);
        }
        let version = long(4, &long(1, &schema));
        let raw = long(2, &long(7, &version));
        let mut bytes = MAGIC.to_vec();
        let meta = [
            member(1, b"apiextensions.k8s.io/v1"),
            member(2, b"CustomResourceDefinition"),
        ]
        .concat();
        bytes.extend(member(1, &meta));
        bytes.extend(long(2, &raw));
        assert_eq!(read(&bytes), Err(Refusal::Depth));
    }

    fn long(number: u32, content: &[u8]) -> Vec<u8> {
        let mut out = encoded(u64::from(number << 3 | 2));
        out.extend(encoded(content.len() as u64));
        out.extend(content);
        out
    }

    fn encoded(mut number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while number > 0x7f {
            out.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        out.push(number.to_le_bytes()[0]);
        out
    }
}
