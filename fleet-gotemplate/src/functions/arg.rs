//! Arguments whose types were checked before the call.

use std::borrow::Cow;

use crate::exec::val::{Map, Slot, Str, Val};
use crate::value::Elem;

/// A string argument as text.
pub(super) fn text<'v>(args: &'v [Slot<'_>], index: usize) -> Cow<'v, str> {
    match args.get(index).map(|slot| &slot.val) {
        Some(Val::Str(text)) => text.as_str(),
        _ => Cow::Borrowed(""),
    }
}

/// A string argument as it is.
pub(super) fn string<'a>(args: &[Slot<'a>], index: usize) -> Str<'a> {
    match args.get(index).map(|slot| &slot.val) {
        Some(Val::Str(text)) => text.clone(),
        _ => Str::Ref(""),
    }
}

/// A number argument.
pub(super) fn int(args: &[Slot<'_>], index: usize) -> i64 {
    match args.get(index).map(|slot| &slot.val) {
        Some(Val::Int(value) | Val::Int64(value) | Val::Duration(value)) => *value,
        Some(Val::Month(value) | Val::Weekday(value)) => (*value).into(),
        _ => 0,
    }
}

/// A map argument.
pub(super) fn map<'a>(args: &[Slot<'a>], index: usize) -> Map<'a> {
    match args.get(index).map(|slot| &slot.val) {
        Some(Val::Map(map)) => map.clone(),
        _ => Map::Nil(Elem::Any),
    }
}

/// Any argument; nil where there is none.
pub(super) fn any<'a>(args: &[Slot<'a>], index: usize) -> Val<'a> {
    args.get(index).map_or(Val::Nil, |slot| slot.val.clone())
}
