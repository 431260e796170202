//! Changing a text so that it says another value, and nothing else: comments, order and layout stay.

use std::ops::Range;

use fleet_core::yaml::{self, Document, FieldPath};
use serde_json::{Map, Value};

/// Why a text cannot be changed in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatchError {
    #[error("what must change comes from an anchor or an alias")]
    Shared,
    #[error("a list would change its length")]
    Length,
    #[error("the layout is one that cannot be changed in place")]
    Layout,
}

/// The changes of one text, found by comparing two values.
pub(crate) struct Patch<'t> {
    text: &'t str,
    document: &'t Document,
    lines: Vec<usize>,
    edits: Vec<(Range<usize>, String)>,
}

impl<'t> Patch<'t> {
    pub(crate) fn new(text: &'t str, document: &'t Document) -> Self {
        let mut lines = vec![0];
        lines.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1));
        Self {
            text,
            document,
            lines,
            edits: Vec::new(),
        }
    }

    /// The new text.
    pub(crate) fn apply(mut self) -> Result<String, PatchError> {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(self.text.len() + 256);
        let mut at = 0;
        for (range, new) in &self.edits {
            out.push_str(self.text.get(at..range.start).ok_or(PatchError::Layout)?);
            out.push_str(new);
            at = range.end;
        }
        out.push_str(self.text.get(at..).ok_or(PatchError::Layout)?);
        Ok(out)
    }

    /// Makes the value at a path another one.
    pub(crate) fn change(&mut self, path: &FieldPath, old: &Value, new: &Value) -> Result<(), PatchError> {
        match (old, new) {
            _ if old == new => Ok(()),
            (Value::Object(old), Value::Object(new)) => self.mapping(path, old, new),
            (Value::Array(old), Value::Array(new)) => {
                if old.len() != new.len() {
                    return Err(PatchError::Length);
                }
                for (index, (old, new)) in old.iter().zip(new).enumerate() {
                    self.change(&path.clone().index(index), old, new)?;
                }
                Ok(())
            }
            (Value::String(_), Value::String(new)) => {
                let span = self.document.span(path).ok_or(PatchError::Shared)?;
                let quote = self.text.get(span.clone()).and_then(|old| old.chars().next());
                let text = match quote {
                    Some(quote @ ('"' | '\'')) => format!("{quote}{new}{quote}"),
                    _ => new.clone(),
                };
                self.edits.push((span, text));
                Ok(())
            }
            _ => Err(PatchError::Layout),
        }
    }

    fn mapping(
        &mut self,
        path: &FieldPath,
        old: &Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        for (name, value) in old {
            if let Some(other) = new.get(name) {
                self.change(&path.clone().field(name.as_str()), value, other)?;
            }
        }
        let mut removed: Vec<&String> = old.keys().filter(|name| !new.contains_key(*name)).collect();
        let mut added: Map<String, Value> = new
            .iter()
            .filter(|(name, _)| !old.contains_key(*name))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        if removed.is_empty() && added.is_empty() {
            return Ok(());
        }
        // One for one: a new name, and what is below it changes where it stands.
        if let ([from], 1) = (removed.as_slice(), added.len())
            && let Some((to, value)) = added.iter().next()
            && let Some(before) = old.get(*from)
            && std::mem::discriminant(before) == std::mem::discriminant(value)
        {
            let key = self.key(&path.clone().field(from.as_str()))?;
            let start = if self.text[key..].starts_with(['"', '\'']) {
                key + 1
            } else {
                key
            };
            if !self.text[start..].starts_with(from.as_str()) {
                return Err(PatchError::Layout);
            }
            self.edits.push((start..start + from.len(), to.clone()));
            return self.change(&path.clone().field(from.as_str()), before, value);
        }
        // In the order of the text.
        let mut keys: Vec<(usize, &String)> = Vec::with_capacity(old.len());
        for name in old.keys() {
            keys.push((self.key(&path.clone().field(name.as_str()))?, name));
        }
        keys.sort_unstable();
        removed.sort_by_key(|name| keys.iter().position(|(_, key)| key == name));
        let Some((first, _)) = keys.first().copied() else {
            return Err(PatchError::Layout);
        };
        if self.is_flow(path) {
            self.flow(path, &keys, &removed, &mut added)
        } else {
            self.block(first, &keys, old, new, &removed, &added)
        }
    }

    fn block(
        &mut self,
        first: usize,
        keys: &[(usize, &String)],
        old: &Map<String, Value>,
        new: &Map<String, Value>,
        removed: &[&String],
        added: &Map<String, Value>,
    ) -> Result<(), PatchError> {
        let column = first - self.line_start(first);
        let mut rendered = String::new();
        if !added.is_empty() {
            rendered = yaml::to_string(added).map_err(|_| PatchError::Layout)?;
        }
        let mut lines: Vec<String> = rendered.lines().map(str::to_owned).collect();
        let mut place = None;
        let mut told = 0;
        for name in removed {
            let Some((start, _)) = keys.iter().find(|(_, key)| key == name).copied() else {
                continue;
            };
            let end = self.entry_end(start, column);
            let comments = comments(&self.text[start..end]);
            let after = told + comments.len();
            lines.splice(told..told, comments);
            told = after;
            if place.is_none() && !added.is_empty() {
                place = Some(start..end);
                continue;
            }
            let before = &self.text[self.line_start(start)..start];
            let range = if before.trim().is_empty() {
                // The whole lines, with the newline after them.
                let end = if self.text[end..].starts_with("\r\n") {
                    end + 2
                } else {
                    (end + 1).min(self.text.len())
                };
                self.line_start(start)..end
            } else {
                // It shares its line with a dash: the next key takes its place.
                let next = keys
                    .iter()
                    .find(|(key, _)| *key > start)
                    .ok_or(PatchError::Layout)?
                    .0;
                start..next
            };
            self.edits.push((range, String::new()));
        }
        if added.is_empty() {
            return Ok(());
        }
        let newline = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        let joined = lines.join(&format!("{newline}{}", " ".repeat(column)));
        if let Some(range) = place {
            self.edits.push((range, joined));
            return Ok(());
        }
        // After a scalar that stays as it is, as `pathType` after `path`; else before the first key.
        let anchor = keys.iter().find(|(_, name)| {
            let value = old.get(*name);
            value == new.get(*name) && value.is_some_and(|value| !value.is_object() && !value.is_array())
        });
        if let Some((start, _)) = anchor {
            let end = self.entry_end(*start, column);
            self.edits
                .push((end..end, format!("{newline}{}{joined}", " ".repeat(column))));
        } else {
            self.edits
                .push((first..first, format!("{joined}{newline}{}", " ".repeat(column))));
        }
        Ok(())
    }

    fn flow(
        &mut self,
        path: &FieldPath,
        keys: &[(usize, &String)],
        removed: &[&String],
        added: &mut Map<String, Value>,
    ) -> Result<(), PatchError> {
        let (open, _) = self.value(path)?;
        let close = self.flow_end(open)?;
        let json = self.text[keys.first().map_or(open, |(start, _)| *start)..].starts_with('"');
        let entries: Vec<String> = added
            .iter()
            .map(|(name, value)| format!("{}: {}", flow_key(name, json), flow(value, json)))
            .collect();
        let entries = Some(entries.join(", ")).filter(|text| !text.is_empty());
        let next = |index: usize| keys.get(index + 1).map_or(close, |(start, _)| *start);
        // Without the comma and what follows it.
        let end = |index: usize| {
            let start = keys.get(index).map_or(close, |(start, _)| *start);
            let body = self.text[start..next(index)].trim_end();
            start + body.strip_suffix(',').unwrap_or(body).trim_end().len()
        };
        let goes: Vec<bool> = keys.iter().map(|(_, name)| removed.contains(name)).collect();
        // What comes new takes the place of the first that goes.
        let place = goes.iter().position(|goes| *goes).filter(|_| entries.is_some());
        let stays = |index: usize| !goes[index] || Some(index) == place;
        let tail = (0..keys.len()).rposition(stays).map_or(0, |last| last + 1);
        let mut edits = Vec::new();
        for (index, (start, _)) in keys.iter().enumerate().take(tail) {
            if !stays(index) {
                edits.push((*start..next(index), String::new()));
            }
        }
        if tail < keys.len() {
            let from = tail.checked_sub(1).map_or(keys[0].0, end);
            edits.push((from..end(keys.len() - 1), String::new()));
        }
        match (entries, place) {
            (Some(entries), Some(place)) => edits.push((keys[place].0..end(place), entries)),
            (Some(entries), None) => {
                let first = keys.first().map_or(open + 1, |(start, _)| *start);
                edits.push((first..first, format!("{entries}, ")));
            }
            (None, _) => {}
        }
        self.edits.append(&mut edits);
        Ok(())
    }

    fn is_flow(&self, path: &FieldPath) -> bool {
        self.value(path).is_ok_and(|(_, first)| first == '{')
    }

    fn key(&self, path: &FieldPath) -> Result<usize, PatchError> {
        let at = self.document.key_position(path).ok_or(PatchError::Shared)?;
        self.offset(at.line, at.column).ok_or(PatchError::Layout)
    }

    fn value(&self, path: &FieldPath) -> Result<(usize, char), PatchError> {
        let at = self.document.position(path).ok_or(PatchError::Shared)?;
        let offset = self.offset(at.line, at.column).ok_or(PatchError::Layout)?;
        let first = self.text[offset..].chars().next().ok_or(PatchError::Layout)?;
        if matches!(first, '&' | '*' | '!') {
            return Err(PatchError::Shared);
        }
        Ok((offset, first))
    }

    fn offset(&self, line: u64, column: u64) -> Option<usize> {
        let start = *self.lines.get(usize::try_from(line).ok()?.checked_sub(1)?)?;
        let skip = usize::try_from(column).ok()?.checked_sub(1)?;
        let rest = self.text.get(start..)?;
        let length = rest
            .char_indices()
            .nth(skip)
            .map_or(rest.len(), |(offset, _)| offset);
        Some(start + length)
    }

    fn line_start(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|start| *start <= offset);
        self.lines.get(after.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// Where an entry of a block mapping ends: before the newline after its last line that is not a comment between entries.
    fn entry_end(&self, start: usize, column: usize) -> usize {
        let line = |offset: usize| {
            let end = memchr::memchr(b'\n', &self.text.as_bytes()[offset..])
                .map_or(self.text.len(), |at| offset + at);
            (self.text[offset..end].trim_end_matches('\r'), end)
        };
        let (first, mut at) = line(start);
        let mut end = start + first.len();
        while at < self.text.len() {
            let next = at + 1;
            let (text, after) = line(next.min(self.text.len()));
            at = after.max(next);
            let content = text.trim_start();
            let indent = text.len() - content.len();
            if content.is_empty() {
                continue;
            }
            let inside = indent > column || indent == column && (content == "-" || content.starts_with("- "));
            if content.starts_with('#') && !inside {
                continue;
            }
            if !inside || text.starts_with("---") || text.starts_with("...") {
                break;
            }
            end = next + text.len();
        }
        end
    }

    /// Where a flow collection ends: its closing bracket.
    fn flow_end(&self, open: usize) -> Result<usize, PatchError> {
        let mut depth = 0_usize;
        let mut quote = None;
        let mut escaped = false;
        for (offset, byte) in self.text.bytes().enumerate().skip(open) {
            match (quote, byte) {
                _ if escaped => escaped = false,
                (Some(b'"'), b'\\') => escaped = true,
                (Some(open), byte) if open == byte => quote = None,
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'{' | b'[') => depth += 1,
                (None, b'}' | b']') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Ok(offset);
                    }
                }
                _ => {}
            }
        }
        Err(PatchError::Layout)
    }
}

/// The comments in the lines of an entry that goes.
fn comments(text: &str) -> Vec<String> {
    let comment = |line: &str| {
        let at = if line.trim_start().starts_with('#') {
            line.find('#')?
        } else {
            line.find(" #")? + 1
        };
        let before = &line[..at];
        // Inside of quotes it is none.
        let open = |quote| before.matches(quote).count() % 2 == 1;
        (!open('"') && !open('\'')).then(|| line[at..].trim_end().to_owned())
    };
    text.lines().filter_map(comment).collect()
}

fn flow_key(name: &str, json: bool) -> String {
    if json {
        format!("\"{name}\"")
    } else {
        name.to_owned()
    }
}

/// A value in one line.
fn flow(value: &Value, json: bool) -> String {
    match value {
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(name, value)| format!("{}: {}", flow_key(name, json), flow(value, json)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, json)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) if !json && is_plain(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a string needs no quotes anywhere in YAML. Anything else is quoted as in JSON.
fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n" | "null"
        )
}
