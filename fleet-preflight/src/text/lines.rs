//! Reads the plain block style that nearly every manifest is written in, line by line.
//!
//! A recogniser for a strict subset of YAML: whatever it accepts, a YAML parser accepts with the same meaning (a property
//! test holds it to that), and whatever it is not sure of, it refuses, so that [`walk`](super::walk) reads it.

use std::borrow::Cow;

use super::Outline;
use super::flow::{Scalar, collection, quoted};

/// The outline of the one object of a document; `None` when this is not the plain style.
///
/// The outer `Some` with an empty outline is a document without content.
pub(crate) fn read(text: &str) -> Option<Outline<'_>> {
    if !text.is_ascii()
        || text
            .bytes()
            .any(|byte| byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t') || byte == 0x7f)
    {
        return None;
    }
    let mut reader = Reader {
        levels: Vec::with_capacity(16),
        pending: false,
        block: None,
        hidden: false,
        outline: Outline::default(),
    };
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut number = 0;
    let mut begun = false;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
        let line = text[start..end].strip_suffix('\r').unwrap_or(&text[start..end]);
        start = end + 1;
        number += 1;
        let indent = line.len() - line.trim_start_matches(' ').len();
        let content = &line[indent..];
        if let Some(block) = &mut reader.block {
            if content.is_empty() {
                if indent > 0 && !block.begun {
                    return None;
                }
                continue;
            }
            if indent > block.parent {
                block.begun = true;
                // The first line sets the indentation; less is an error or something else.
                let first = *block.indent.get_or_insert(indent);
                if indent < first {
                    return None;
                }
                continue;
            }
            reader.block = None;
        }
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if line.contains(['\t', '\r']) {
            return None;
        }
        if indent == 0 && (content.starts_with("---") || content.starts_with("...")) {
            let rest = content[3..].trim_start_matches(' ');
            if !(rest.is_empty() || rest.starts_with('#') && content[3..].starts_with(' ')) {
                return None;
            }
            if content.starts_with("---") && !begun {
                begun = true;
                continue;
            }
            // After the end only comments may follow.
            let ended = content.starts_with("...")
                && text[start.min(text.len())..]
                    .lines()
                    .all(|line| line.trim_start().is_empty() || line.starts_with('#'));
            return if ended { reader.done() } else { None };
        }
        begun = true;
        reader.line(indent, content, number)?;
    }
    reader.done()
}

struct Reader<'t> {
    levels: Vec<Level<'t>>,
    /// Whether the last key or dash still waits for its value.
    pending: bool,
    block: Option<Block>,
    /// Whether a value that was not looked into may hold the labels of Pods, or how many there are.
    hidden: bool,
    outline: Outline<'t>,
}

#[derive(Clone, Copy)]
struct Level<'t> {
    indent: usize,
    sequence: bool,
    /// The key of a mapping that was read last.
    key: &'t str,
}

struct Block {
    parent: usize,
    indent: Option<usize>,
    begun: bool,
}

impl<'t> Reader<'t> {
    fn done(self) -> Option<Outline<'t>> {
        (!self.hidden || !self.outline.makes_pods()).then_some(self.outline)
    }

    fn line(&mut self, mut indent: usize, mut content: &'t str, number: u64) -> Option<()> {
        while content == "-" || content.starts_with("- ") {
            self.dash(indent)?;
            let rest = content[1..].trim_start_matches(' ');
            indent += content.len() - rest.len();
            content = rest;
            if content.is_empty() || content.starts_with('#') {
                return Some(());
            }
        }
        let key_length = content
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-'))
            .count();
        let after = &content[key_length..];
        let is_key = key_length > 0 && !content.starts_with('-') && (after == ":" || after.starts_with(": "));
        if !is_key {
            // An item that is a scalar or a flow collection, behind its dash or deeper than it on a line of its own. Anything
            // else at this place is not plain.
            let parent = self
                .levels
                .last()
                .filter(|level| level.sequence && self.pending && level.indent < indent)?
                .indent;
            self.pending = false;
            self.value(content, parent, &mut |_, _| {})?;
            return if self.pending { None } else { Some(()) };
        }
        let key = &content[..key_length];
        // `~:`, `null:` and numbers are keys of other types: leave them to those who know.
        if !key.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '/')) {
            return None;
        }
        self.key(indent, key)?;
        self.pending = false;
        let depth = self.levels.len();
        let root = self.levels.first().map_or("", |level| level.key);
        let is_metadata = depth == 1 && key == "metadata";
        if is_metadata {
            self.outline.name = None;
            self.outline.namespace = None;
        }
        let mut names: (Option<Scalar<'t>>, Option<Scalar<'t>>) = (None, None);
        let scalar = self.value(after[1..].trim_start_matches(' '), indent, &mut |name, value| {
            if is_metadata {
                match name {
                    "name" => names.0 = Some(value),
                    "namespace" => names.1 = Some(value),
                    _ => {}
                }
            }
        })?;
        let take = |scalar: Option<Scalar<'t>>| match scalar {
            Some(Scalar::Text(text)) => Some(Some(Cow::Borrowed(text))),
            Some(Scalar::Opaque) => None,
            _ => Some(None),
        };
        if is_metadata {
            if names.0.is_some() {
                self.outline.name = take(names.0)?;
            }
            if names.1.is_some() {
                self.outline.namespace = take(names.1)?;
            }
            return Some(());
        }
        self.hidden |= matches!(scalar, Some(Scalar::Opaque)) && self.leads_to_labels();
        match (depth, root, key) {
            (1, _, "apiVersion") => {
                self.outline.api_version = take(Some(scalar?))?;
                self.outline.line = number;
                self.outline.column = indent as u64 + 1;
            }
            (1, _, "kind") => self.outline.kind = take(Some(scalar?))?,
            // Whatever opens lists knows better.
            (1, _, "items" | "objects") => return None,
            (2, "metadata", "name") if self.in_mappings() => self.outline.name = take(Some(scalar?))?,
            (2, "metadata", "namespace") if self.in_mappings() => {
                self.outline.namespace = take(Some(scalar?))?;
            }
            (2, "spec", "replicas") if self.in_mappings() => {
                self.outline.replicas = match scalar? {
                    Scalar::Text(text) => text.parse().ok(),
                    _ => None,
                };
            }
            // Of two, the last one counts.
            (4, "spec", "labels") if self.leads_to_labels() => self.outline.labels.clear(),
            (5, "spec", _) if self.leads_to_labels() => {
                if let Some(Scalar::Text(value)) = scalar {
                    self.outline
                        .labels
                        .push((Cow::Borrowed(key), Cow::Borrowed(value)));
                }
            }
            _ => {}
        }
        Some(())
    }

    fn in_mappings(&self) -> bool {
        self.levels.iter().all(|level| !level.sequence)
    }

    /// Whether the key that was read last is `spec.template.metadata.labels`, one in it, or one on the way to it.
    fn leads_to_labels(&self) -> bool {
        self.in_mappings()
            && self.levels.len() <= 5
            && ["spec", "template", "metadata", "labels"]
                .iter()
                .zip(&self.levels)
                .all(|(name, level)| level.key == *name)
    }

    /// A dash: an item of the sequence at this column, or the first of a new one.
    fn dash(&mut self, indent: usize) -> Option<()> {
        while self.levels.last().is_some_and(|level| level.indent > indent) {
            self.levels.pop();
            self.pending = false;
        }
        let level = self.levels.last()?;
        let fits = level.sequence && level.indent == indent;
        // Below a key that waits: deeper, or at the key's own column. Below a dash that waits: deeper.
        let begins = self.pending && (level.indent < indent || !level.sequence && level.indent == indent);
        if !fits && !begins {
            return None;
        }
        if !fits {
            self.levels.push(Level {
                indent,
                sequence: true,
                key: "",
            });
        }
        self.pending = true;
        Some(())
    }

    /// A key of the mapping at this column, or the first of a new one.
    fn key(&mut self, indent: usize, key: &'t str) -> Option<()> {
        while self.levels.len() > 1 && self.levels.last().is_some_and(|level| level.indent > indent) {
            self.levels.pop();
            self.pending = false;
        }
        // A sequence may stand at the column of the key that holds it.
        if self
            .levels
            .last()
            .is_some_and(|level| level.sequence && level.indent == indent)
        {
            self.levels.pop();
            self.pending = false;
        }
        match self.levels.last_mut() {
            Some(level) if !level.sequence && level.indent == indent => level.key = key,
            Some(level) if level.indent < indent && self.pending => self.levels.push(Level {
                indent,
                sequence: false,
                key,
            }),
            // The first key sets the indentation of the whole.
            None => self.levels.push(Level {
                indent,
                sequence: false,
                key,
            }),
            Some(_) => return None,
        }
        Some(())
    }

    /// A value on the rest of a line: the scalar it is, or nothing for blocks.
    #[allow(clippy::option_option)] // The outer `None` is a refusal.
    fn value(
        &mut self,
        text: &'t str,
        parent: usize,
        entry: &mut dyn FnMut(&'t str, Scalar<'t>),
    ) -> Option<Option<Scalar<'t>>> {
        let ends = |rest: &str| {
            let trimmed = rest.trim_start_matches(' ');
            trimmed.is_empty() || trimmed.starts_with('#') && trimmed.len() < rest.len()
        };
        match text.as_bytes().first() {
            None | Some(b'#') => {
                self.pending = true;
                Some(Some(Scalar::Null))
            }
            Some(b'|' | b'>') => {
                let rest = text[1..].strip_prefix(['+', '-']).unwrap_or(&text[1..]);
                if !ends(rest) {
                    return None;
                }
                self.block = Some(Block {
                    parent,
                    indent: None,
                    begun: false,
                });
                Some(None)
            }
            Some(b'"' | b'\'') => {
                let (scalar, rest) = quoted(text)?;
                ends(rest).then_some(Some(scalar))
            }
            Some(b'{' | b'[') => {
                let rest = collection(text, entry)?;
                ends(rest).then_some(Some(Scalar::Opaque))
            }
            Some(b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'?' | b':' | b',' | b']' | b'}') => None,
            Some(b'-') if text.len() == 1 || text.starts_with("- ") => None,
            Some(_) => {
                let text = text
                    .find(" #")
                    .map_or(text, |comment| &text[..comment])
                    .trim_end_matches(' ');
                if text.contains(": ") || text.ends_with(':') {
                    return None;
                }
                Some(Some(match text {
                    "null" | "Null" | "NULL" | "~" => Scalar::Null,
                    text => Scalar::Text(text),
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lines that a manifest may be made of, plain ones and tricky ones.
    fn line() -> impl Strategy<Value = String> {
        let keys = prop::sample::select(
            &[
                "apiVersion",
                "kind",
                "metadata",
                "spec",
                "name",
                "namespace",
                "labels",
                "a",
                "b-c",
                "template",
                "replicas",
                "x/y",
                "null",
                "1",
                "~",
                "items",
            ][..],
        );
        let values = prop::sample::select(
            &[
                "",
                "",
                "",
                "v1",
                "apps/v1",
                "Deployment",
                "'q'",
                "\"d q\"",
                "'it''s'",
                "\"e\\n\"",
                "{name: n, namespace: s}",
                "[a, 'b']",
                "{}",
                "|",
                "|-",
                ">",
                ">2",
                "&x y",
                "*x",
                "!!str z",
                "# c",
                "w # c",
                "w#c",
                "a: b",
                "null",
                "~",
                "-",
                "- q",
                "a b",
                "@",
                "%",
                "\u{e9}",
                "{a",
                "'a",
                "a,b",
                "[",
                "null # x",
                "3",
                "--- x",
                "? q",
                "a:",
                "{a: b}c",
                "\"a\" b",
            ][..],
        );
        let prefix = prop::sample::select(
            &[
                "", "", "", "  ", "  ", "   ", "    ", "- ", "  - ", "- - ", "\t", " ",
            ][..],
        );
        prop_oneof![
            12 => (prefix.clone(), keys, values.clone()).prop_map(|(prefix, key, value)| format!("{prefix}{key}: {value}").trim_end().to_owned()),
            1 => Just("---".to_owned()),
            1 => Just("...".to_owned()),
            1 => Just(String::new()),
            1 => Just("# comment".to_owned()),
            1 => (prefix, values).prop_map(|(prefix, value)| format!("{prefix}{value}")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

        /// What this reader accepts, a YAML parser accepts with the same meaning.
        #[test]
        fn what_is_accepted_means_the_same_to_a_yaml_parser(lines in prop::collection::vec(line(), 1..9)) {
            let text = lines.join("\n") + "\n";
            if let Some(mut outline) = read(&text) {
                let walked = super::super::walk::read(&text);
                prop_assert!(walked.is_ok(), "{text:?}: {walked:?}");
                let contents = walked.unwrap();
                prop_assert_eq!(contents.objects.len(), usize::from(outline.is_object()), "{:?}", text);
                if let Some(object) = contents.objects.first() {
                    if !object.makes_pods() {
                        outline.labels.clone_from(&object.labels);
                    }
                    prop_assert_eq!(object, &outline, "{:?}", text);
                }
            }
        }
    }

    #[test]
    fn an_item_on_a_line_of_its_own_stands_deeper_than_its_dash() {
        assert!(read("args:\n  -\n    v1\n").is_some());
        assert_eq!(read("args:\n  -\n  v1\n"), None);
        assert_eq!(read("args:\n  - \n v1\n"), None);
    }

    #[test]
    fn an_ordinary_deployment_is_understood() {
        let text = "---\n# comment\napiVersion: apps/v1 # now\nkind: Deployment\nmetadata:\n  name: web\n  labels:\n    name: no\n  \
                    namespace: shop\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata:\n      \
                    labels:\n        app: web\n    spec:\n      containers:\n      - name: web\n        args:\n        - --x\n        \
                    command: [\"a\", 'b']\n        env:\n        - name: A\n          value: |\n            kind: No\n            x\n      \
                    volumes: []\n";
        let outline = read(text).unwrap();
        assert_eq!(outline.api_version.as_deref(), Some("apps/v1"));
        assert_eq!(outline.kind.as_deref(), Some("Deployment"));
        assert_eq!(
            (outline.name.as_deref(), outline.namespace.as_deref()),
            (Some("web"), Some("shop"))
        );
        assert_eq!((outline.line, outline.replicas), (3, Some(1)));
        assert_eq!(outline.labels, [("app".into(), "web".into())]);
    }

    #[test]
    fn a_workload_whose_labels_or_replicas_stand_in_a_flow_is_left_to_others() {
        for spec in [
            "spec: {replicas: 1}\n",
            "spec:\n  template: {metadata: {labels: {a: b}}}\n",
            "spec:\n  template:\n    metadata: {labels: {a: b}}\n",
            "spec:\n  template:\n    metadata:\n      labels: {a: b}\n",
        ] {
            let workload = format!("apiVersion: apps/v1\nkind: Deployment\n{spec}");
            assert_eq!(read(&workload), None, "{spec}");
            assert!(read(&workload.replace("Deployment", "Other")).is_some(), "{spec}");
        }
        let selector = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  selector: {matchLabels: {a: b}}\n";
        assert!(read(selector).is_some());
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        for text in [
            "a: b: c\n",
            "a: 'b\n",
            "a: {b\n",
            "a: &x b\n",
            "a: *x\n",
            "a: b\n c: d\n",
            "a: b\n  more\n",
            "{{ if x }}\na: b\n",
            "a:\n  b: c\n d: e\n",
            "a:\n\tb: c\n",
            "- a\n",
            "a: |2\n   x\n",
            "\"a\": b\n",
            "a: b\n---\nc: d\n",
            "kind: List\nitems: []\n",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
