//! Reads a file in bounded pieces that end where documents do.

use std::io::{self, Read};

use super::elements::{Elements, Mark};

/// How much is handed on at once, when documents are small.
const CHUNK: usize = 512 << 10;
/// The largest document that is kept whole. The API server takes no request above 3 MiB, and etcd no object above 1.5 MiB.
pub(crate) const MAX_DOCUMENT: usize = 2 << 20;
const READ: usize = 128 << 10;

/// A piece of a file.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) text: String,
    /// The line of the file that the text begins with, and the column of that line.
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) content: Content,
}

/// What a piece holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Whole documents.
    Documents,
    /// Items of a block sequence at this indentation, from a list that was too large to be kept whole.
    Items { indent: usize },
    /// Elements of a JSON array that was too large to be kept whole, with the commas between them.
    Elements,
    /// The JSON ended before everything was closed.
    Unfinished,
    /// A part of a document that was too large to be kept whole; the first part says so.
    Fragment { first: bool },
    /// Bytes that are no text: nothing of the chunk is kept.
    NotText,
}

/// Cuts what it reads into [`Chunk`]s.
pub(crate) struct Chunker<R> {
    source: Source<R>,
    buffer: Vec<u8>,
    line: u64,
    column: u64,
    mode: Mode,
    begun: bool,
    ended: bool,
    /// No cut was found in so many bytes: no need to search them again.
    searched: usize,
    /// The memory of pieces that are done with. Giving it back would leave holes that nothing fits into.
    spare: Vec<Vec<u8>>,
}

enum Mode {
    Documents,
    Items {
        indent: usize,
    },
    /// The offset in the buffer of the first element that was not handed on yet.
    Elements {
        state: Elements,
        begin: Option<usize>,
    },
    Fragments,
}

impl<R: Read> Chunker<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            source: Source {
                reader,
                encoding: Encoding::Unknown,
                left: Vec::new(),
            },
            buffer: Vec::new(),
            line: 1,
            column: 1,
            mode: Mode::Documents,
            begun: false,
            ended: false,
            searched: 0,
            spare: Vec::new(),
        }
    }

    /// Takes back the memory of a piece that is done with.
    pub(crate) fn reuse(&mut self, text: String) {
        self.spare.push(text.into_bytes());
    }

    /// The next piece; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Chunk>> {
        loop {
            if self.ended && self.buffer.is_empty() {
                return Ok(None);
            }
            if !self.ended && self.buffer.len() < CHUNK.max(self.searched + READ) {
                self.ended = !self.source.fill(&mut self.buffer)?;
                if !self.begun && !self.buffer.is_empty() {
                    self.begun = true;
                    let head = &self.buffer[..self.buffer.len().min(8 << 10)];
                    if memchr::memchr(0, head).is_some() || head.starts_with(b"\x1f\x8b") {
                        self.buffer.clear();
                        self.ended = true;
                        return Ok(Some(Chunk {
                            text: String::new(),
                            line: 0,
                            column: 0,
                            content: Content::NotText,
                        }));
                    }
                }
                if !self.ended && self.buffer.len() < CHUNK.max(self.searched + READ) {
                    continue;
                }
            }
            if self.buffer.is_empty() {
                continue;
            }
            if let Some(chunk) = self.cut() {
                return Ok(Some(chunk));
            }
        }
    }

    fn cut(&mut self) -> Option<Chunk> {
        if matches!(self.mode, Mode::Elements { .. }) {
            return self.cut_elements();
        }
        if let Mode::Items { indent } = self.mode {
            return self.cut_items(indent);
        }
        if let Some(end) = last_separator(&self.buffer) {
            let content = match self.mode {
                Mode::Fragments => {
                    // Only what comes before the first separator belongs to the fragment.
                    let end = first_separator(&self.buffer).unwrap_or(end);
                    self.mode = Mode::Documents;
                    self.searched = 0;
                    return Some(self.take(end, Content::Fragment { first: false }));
                }
                _ => Content::Documents,
            };
            if !self.ended || !matches!(self.mode, Mode::Documents) {
                self.searched = 0;
                return Some(self.take(end, content));
            }
        }
        if self.ended {
            let content = match self.mode {
                Mode::Fragments => Content::Fragment { first: false },
                _ => Content::Documents,
            };
            return Some(self.take(self.buffer.len(), content));
        }
        if matches!(self.mode, Mode::Fragments) {
            let end = memchr::memrchr(b'\n', &self.buffer).map_or(self.buffer.len(), |newline| newline + 1);
            return Some(self.take(end, Content::Fragment { first: false }));
        }
        if self.buffer.len() < MAX_DOCUMENT {
            self.searched = self.buffer.len();
            return None;
        }
        // Too large to be kept whole.
        let begin = self
            .buffer
            .iter()
            .position(|byte| !byte.is_ascii_whitespace())
            .unwrap_or(0);
        if matches!(self.buffer[begin], b'{' | b'[') {
            // Texts after each other are cut between them; one that is too large, between its elements.
            let mut end = None;
            Elements::default().feed(&self.buffer, |mark| {
                if let Mark::Top(at) = mark {
                    end = Some(at);
                }
            });
            self.searched = 0;
            if let Some(end) = end {
                return Some(self.take(end, Content::Documents));
            }
            self.mode = Mode::Elements {
                state: Elements::default(),
                begin: None,
            };
            return None;
        }
        if let Some((start, indent)) = items(&self.buffer) {
            self.mode = Mode::Items { indent };
            self.searched = 0;
            return Some(self.take(start, Content::Documents));
        }
        self.mode = Mode::Fragments;
        self.searched = 0;
        let end = memchr::memrchr(b'\n', &self.buffer).map_or(self.buffer.len(), |newline| newline + 1);
        Some(self.take(end, Content::Fragment { first: true }))
    }

    /// Cuts before the last item that begins in the buffer, or where the sequence ends.
    fn cut_items(&mut self, indent: usize) -> Option<Chunk> {
        let mut last = 0;
        let mut at = 0;
        while at < self.buffer.len() {
            let end = memchr::memchr(b'\n', &self.buffer[at..]).map(|length| at + length);
            let line = &self.buffer[at..end.unwrap_or(self.buffer.len())];
            let spaces = line.iter().take_while(|byte| **byte == b' ').count();
            let first = line.get(spaces).copied();
            let blank = matches!(first, None | Some(b'\r' | b'#'));
            let whole = end.is_some() || self.ended;
            if spaces == indent
                && first == Some(b'-')
                && matches!(line.get(spaces + 1), None | Some(b' ' | b'\r'))
            {
                last = at;
            } else if !blank && spaces <= indent && whole {
                // The sequence has ended; what follows is the rest of the list's own mapping.
                self.mode = Mode::Documents;
                self.searched = 0;
                return Some(self.take(at, Content::Items { indent }));
            }
            at = end.map_or(self.buffer.len(), |end| end + 1);
        }
        if self.ended {
            return Some(self.take(self.buffer.len(), Content::Items { indent }));
        }
        if last == 0 {
            if self.buffer.len() >= MAX_DOCUMENT {
                self.mode = Mode::Fragments;
                return Some(self.take(self.buffer.len(), Content::Fragment { first: true }));
            }
            self.searched = self.buffer.len();
            return None;
        }
        self.searched = 0;
        Some(self.take(last, Content::Items { indent }))
    }

    /// Cuts after the last element that ends in the buffer; what lies around the elements is passed over.
    fn cut_elements(&mut self) -> Option<Chunk> {
        let Mode::Elements { state, begin } = &mut self.mode else {
            return None;
        };
        let (mut first, mut end, mut next) = (*begin, None, None);
        let fed = self.searched;
        state.feed(&self.buffer[fed..], |mark| match mark {
            Mark::Begin(at) => {
                first.get_or_insert(fed + at);
                next.get_or_insert(fed + at);
            }
            Mark::End(at) => {
                end = Some(fed + at);
                next = None;
            }
            Mark::Top(_) => {}
        });
        let complete = state.is_complete();
        if let (Some(first), Some(end)) = (first, end) {
            *begin = next.map(|next| next - end);
            self.searched = self.buffer.len() - end;
            self.skip(first);
            return Some(self.take(end - first, Content::Elements));
        }
        let keep = first.unwrap_or(self.buffer.len());
        *begin = first.map(|_| 0);
        self.skip(keep);
        self.searched = self.buffer.len();
        if self.ended {
            let content = if complete {
                Content::Elements
            } else {
                Content::Unfinished
            };
            return (!complete || !self.buffer.is_empty()).then(|| self.take(self.buffer.len(), content));
        }
        if self.buffer.len() >= MAX_DOCUMENT {
            self.mode = Mode::Fragments;
            self.searched = 0;
            return Some(self.take(self.buffer.len(), Content::Fragment { first: true }));
        }
        None
    }

    fn skip(&mut self, length: usize) {
        self.count(length);
        self.buffer.drain(..length);
    }

    fn take(&mut self, length: usize, content: Content) -> Chunk {
        let (line, column) = (self.line, self.column);
        let bytes = self.advance(length);
        match String::from_utf8(bytes) {
            Ok(text) => Chunk {
                text,
                line,
                column,
                content,
            },
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let before = error.as_bytes().get(..valid).unwrap_or_default();
                Chunk {
                    line: line + memchr::memchr_iter(b'\n', before).count() as u64,
                    column: 1,
                    text: String::new(),
                    content: Content::NotText,
                }
            }
        }
    }

    fn advance(&mut self, length: usize) -> Vec<u8> {
        self.count(length);
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(&self.buffer[..length]);
        self.buffer.drain(..length);
        bytes
    }

    /// Moves line and column on by so many bytes.
    fn count(&mut self, length: usize) {
        let bytes = &self.buffer[..length];
        let newlines = memchr::memchr_iter(b'\n', bytes).count() as u64;
        self.line += newlines;
        let start = memchr::memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
        let characters = bytes[start..]
            .iter()
            .filter(|byte| (**byte & 0xc0) != 0x80)
            .count() as u64;
        self.column = if newlines > 0 { 1 } else { self.column } + characters;
    }
}

/// The start of the last line that begins a document, not counting the first line.
fn last_separator(text: &[u8]) -> Option<usize> {
    memchr::memmem::rfind_iter(text, b"\n---")
        .map(|newline| newline + 1)
        .find(|start| ends_marker(&text[start + 3..]))
}

fn first_separator(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, b"\n---")
        .map(|newline| newline + 1)
        .find(|start| ends_marker(&text[start + 3..]))
}

fn ends_marker(rest: &[u8]) -> bool {
    matches!(rest.first(), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
}

/// Where the items of a block list begin, and their indentation.
fn items(text: &[u8]) -> Option<(usize, usize)> {
    let key = if text.starts_with(b"items:") {
        0
    } else {
        memchr::memmem::find(text, b"\nitems:")? + 1
    };
    let end = key + memchr::memchr(b'\n', &text[key..])?;
    let start = end + 1;
    let indent = text[start..].iter().take_while(|byte| **byte == b' ').count();
    (text.get(start + indent) == Some(&b'-')).then_some((start, indent))
}

/// The documents of a text, each with the line it begins with, counted from 0.
pub(crate) fn documents(text: &str) -> impl Iterator<Item = (&str, u64)> {
    let mut rest = Some(text);
    let mut line = 0;
    std::iter::from_fn(move || {
        let text = rest?;
        let mut end = first_separator(text.as_bytes());
        // What stands before a separator may be the directives of the document after it.
        if let Some(at) = end.filter(|at| is_directives(&text[..*at])) {
            end = first_separator(&text.as_bytes()[at..]).map(|next| at + next);
        }
        let (document, after) = text.split_at(end.unwrap_or(text.len()));
        rest = end.map(|_| after);
        let start = line;
        line += memchr::memchr_iter(b'\n', document.as_bytes()).count() as u64;
        Some((document, start))
    })
}

fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether a text is directives (`%YAML 1.2`) and nothing else but comments.
fn is_directives(text: &str) -> bool {
    text.starts_with(['%', '#'])
        && text.contains('%')
        && text
            .lines()
            .all(|line| line.trim().is_empty() || line.starts_with(['%', '#']))
}

/// Reads bytes and turns UTF-16 into UTF-8, known by its byte order mark or by the zeros of its first characters.
struct Source<R> {
    reader: R,
    encoding: Encoding,
    left: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Unknown,
    Utf8,
    Utf16 { big: bool },
}

impl<R: Read> Source<R> {
    /// Appends what the next read gives; whether there may be more.
    fn fill(&mut self, buffer: &mut Vec<u8>) -> io::Result<bool> {
        if self.encoding == Encoding::Utf8 {
            return Ok((&mut self.reader).take(READ as u64).read_to_end(buffer)? == READ);
        }
        let mut bytes = std::mem::take(&mut self.left);
        let read = (&mut self.reader).take(READ as u64).read_to_end(&mut bytes)?;
        let ended = read < READ;
        if self.encoding == Encoding::Unknown {
            self.encoding = match bytes.as_slice() {
                [0xff, 0xfe, ..] => Encoding::Utf16 { big: false },
                [0xfe, 0xff, ..] => Encoding::Utf16 { big: true },
                [a, 0, b, 0, ..] if is_text(*a) && is_text(*b) => Encoding::Utf16 { big: false },
                [0, a, 0, b, ..] if is_text(*a) && is_text(*b) => Encoding::Utf16 { big: true },
                _ => Encoding::Utf8,
            };
            let mark = match self.encoding {
                Encoding::Utf16 { .. } if is_text(bytes[0]) || is_text(bytes[1]) => 0,
                Encoding::Utf16 { .. } => 2,
                _ if bytes.starts_with(b"\xef\xbb\xbf") => 3,
                _ => 0,
            };
            bytes.drain(..mark);
        }
        let Encoding::Utf16 { big } = self.encoding else {
            buffer.append(&mut bytes);
            return Ok(!ended);
        };
        let unit = |pair: &[u8]| match pair {
            [a, b] if big => u16::from_be_bytes([*a, *b]),
            [a, b] => u16::from_le_bytes([*a, *b]),
            _ => 0xfffd,
        };
        // A pair of surrogates may be cut in two by the read.
        let mut whole = bytes.len() - bytes.len() % 2;
        if !ended && whole >= 2 && (0xd800..0xdc00).contains(&unit(&bytes[whole - 2..whole])) {
            whole -= 2;
        }
        if !ended {
            self.left = bytes.split_off(whole);
        }
        let mut utf8 = [0; 4];
        for character in char::decode_utf16(bytes.chunks(2).map(unit)) {
            let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
            buffer.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        }
        Ok(!ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &[u8]) -> Vec<Chunk> {
        let mut chunker = Chunker::new(text);
        std::iter::from_fn(|| chunker.next().unwrap()).collect()
    }

    #[test]
    fn documents_are_split_with_their_lines() {
        let seen: Vec<_> = documents("a\n--- # x\nb\n---\n---x\nc\n---").collect();
        assert_eq!(
            seen,
            [("a\n", 0), ("--- # x\nb\n", 1), ("---\n---x\nc\n", 3), ("---", 6)]
        );
    }

    #[test]
    fn a_large_file_comes_in_pieces_that_add_up() {
        let document = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n---\n";
        let text = document.repeat(100_000);
        let chunks = chunks(text.as_bytes());
        assert!(chunks.len() > 5);
        assert!(chunks.iter().all(|chunk| chunk.text.len() <= CHUNK + READ));
        let mut line = 1;
        for chunk in &chunks {
            assert_eq!((chunk.line, &chunk.content), (line, &Content::Documents));
            line += chunk.text.matches('\n').count() as u64;
        }
        assert_eq!(
            chunks.iter().map(|chunk| chunk.text.len()).sum::<usize>(),
            text.len()
        );
    }

    #[test]
    fn large_lists_are_cut_between_items() {
        let item = "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: a}\n";
        let text = format!("apiVersion: v1\nitems:\n{}kind: List\n", item.repeat(100_000));
        let chunks = chunks(text.as_bytes());
        let items: usize = chunks
            .iter()
            .filter(|chunk| chunk.content == Content::Items { indent: 0 })
            .inspect(|chunk| assert!(chunk.text.starts_with("- apiVersion")))
            .map(|chunk| chunk.text.matches("- apiVersion").count())
            .sum();
        assert_eq!(items, 100_000);
        assert_eq!(chunks.last().unwrap().text, "kind: List\n");
        let json = format!(
            r#"{{"kind":"List","items":[{}{{}}]}}"#,
            "{\"a\":{\"b\":1}},\n".repeat(200_000)
        );
        let elements = super::tests::chunks(json.as_bytes());
        let mut line = 1;
        let mut number = 0;
        for chunk in &elements {
            assert_eq!((&chunk.content, chunk.line), (&Content::Elements, line));
            let array: Vec<serde_json::Value> = serde_json::from_str(&format!("[{}]", chunk.text)).unwrap();
            number += array.len();
            line += chunk.text.matches('\n').count() as u64 + 1;
        }
        assert_eq!(number, 200_001);
        let cut = super::tests::chunks(&json.as_bytes()[..json.len() - 100]);
        assert_eq!(cut.last().unwrap().content, Content::Unfinished);
    }

    #[test]
    fn one_huge_document_comes_in_fragments() {
        let text = format!(
            "a: |\n{}---\nb: c\n",
            "  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(200_000)
        );
        let chunks = chunks(text.as_bytes());
        assert_eq!(chunks[0].content, Content::Fragment { first: true });
        assert!(chunks.iter().all(|chunk| chunk.text.len() <= MAX_DOCUMENT + READ));
        assert_eq!(chunks.last().unwrap().text, "---\nb: c\n");
        assert_eq!(chunks.last().unwrap().line, 200_002);
    }

    #[test]
    fn utf_16_and_marks_are_understood() {
        let utf16: Vec<u8> = "\u{feff}a: \u{1f600}\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(chunks(&utf16)[0].text, "a: \u{1f600}\n");
        assert_eq!(chunks("\u{feff}a: b".as_bytes())[0].text, "a: b");
        assert_eq!(chunks(b"a\0b")[0].content, Content::NotText);
        assert_eq!(chunks(b"a\n\xff\xff")[0].line, 2);
        assert!(chunks(b"").is_empty());
    }
}
