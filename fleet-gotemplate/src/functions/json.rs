//! sprig's JSON functions.

use super::Function;
use super::Ty::{Any, Str};
use super::arg::text;
use crate::exec::cx::{Cx, Fault, Result};
use crate::exec::val::{Slot, Val};
use crate::text::json::{Style, read, write};
use crate::text::print::Sink;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("toJson", &[Any], |cx, args| or_nothing(cx, args, COMPACT)),
    Function::new("mustToJson", &[Any], |cx, args| encoded(cx, args, COMPACT)),
    Function::new("toPrettyJson", &[Any], |cx, args| or_nothing(cx, args, PRETTY)),
    Function::new("mustToPrettyJson", &[Any], |cx, args| encoded(cx, args, PRETTY)),
    Function::new("toRawJson", &[Any], raw),
    Function::new("mustToRawJson", &[Any], raw),
    Function::new("fromJson", &[Str], |cx, args| match read(cx, &text(args, 0)) {
        Err(Fault::Message(_)) => Ok(Val::Nil),
        other => other,
    }),
    Function::new("mustFromJson", &[Str], |cx, args| read(cx, &text(args, 0))),
];

const COMPACT: Style = Style {
    escape_html: true,
    indent: false,
};
const PRETTY: Style = Style {
    escape_html: true,
    indent: true,
};
const RAW: Style = Style {
    escape_html: false,
    indent: false,
};

pub(super) fn raw<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>]) -> Result<Val<'a>> {
    encoded(cx, args, RAW)
}

fn encoded<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], style: Style) -> Result<Val<'a>> {
    let mut outcome = Ok(());
    let text = super::builtin::formatted(cx, |sink: &mut Sink<'_>| outcome = write(sink, &args[0], style))?;
    outcome?;
    Ok(text)
}

/// What cannot be said in JSON is nothing.
fn or_nothing<'a>(cx: &mut Cx<'a>, args: &[Slot<'a>], style: Style) -> Result<Val<'a>> {
    match encoded(cx, args, style) {
        Err(Fault::Message(_)) => cx.text(""),
        other => other,
    }
}
