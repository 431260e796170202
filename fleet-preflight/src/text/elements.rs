//! Cuts JSON that is too large to hold into its elements: the items of a list, of an array, or texts after each other.

/// Finds the elements of a JSON text that arrives in pieces.
#[derive(Debug, Default)]
pub(crate) struct Elements {
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// How deep the containers of elements lie: an array at the top, or `items` of a mapping at the top.
    inside: Inside,
    /// The name of the last key at the top of the outermost mapping.
    key: Vec<u8>,
    at_key: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// Elements stand at this depth.
    Items(usize),
}

/// What an offset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// An element begins here.
    Begin(usize),
    /// An element ends before here.
    End(usize),
    /// A whole text ends before here.
    Top(usize),
}

impl Elements {
    /// Whether everything that was opened is closed.
    pub(crate) fn is_complete(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    /// Goes through the next piece; offsets are the piece's.
    pub(crate) fn feed(&mut self, piece: &[u8], mut mark: impl FnMut(Mark)) {
        for (offset, &byte) in piece.iter().enumerate() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' {
                    self.escaped = true;
                } else if byte == b'"' {
                    self.in_string = false;
                } else if self.at_key && self.depth == 1 && self.key.len() < 16 {
                    self.key.push(byte);
                }
                continue;
            }
            match byte {
                b'"' => {
                    self.in_string = true;
                    if self.depth == 1 && self.at_key {
                        self.key.clear();
                    }
                }
                b':' if self.depth == 1 => self.at_key = false,
                b',' if self.depth == 1 => self.at_key = true,
                b'{' | b'[' => {
                    if self.inside == Inside::Items(self.depth) && byte == b'{' {
                        mark(Mark::Begin(offset));
                    }
                    self.depth += 1;
                    if self.inside == Inside::Nothing {
                        let list = byte == b'['
                            && (self.depth == 1 || self.depth == 2 && !self.at_key && self.key == b"items");
                        if list {
                            self.inside = Inside::Items(self.depth);
                        } else if self.depth == 1 {
                            self.at_key = true;
                        }
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    match self.inside {
                        Inside::Items(depth) if self.depth == depth && byte == b'}' => {
                            mark(Mark::End(offset + 1));
                        }
                        Inside::Items(depth) if self.depth < depth => self.inside = Inside::Nothing,
                        _ => {}
                    }
                    if self.depth == 0 {
                        mark(Mark::Top(offset + 1));
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_whatever_the_pieces() {
        let text =
            br#"{"apiVersion":"v1","x":{"items":[{"no":1}]},"items":[{"a":"}]{"},{"b":[{}]}],"kind":"List"}"#;
        for size in 1..text.len() {
            let mut elements = Elements::default();
            let mut marks = Vec::new();
            for (number, piece) in text.chunks(size).enumerate() {
                elements.feed(piece, |mark| {
                    if let Mark::Begin(at) | Mark::End(at) = mark {
                        marks.push(at + number * size);
                    }
                });
            }
            let seen: Vec<_> = marks
                .chunks(2)
                .map(|pair| std::str::from_utf8(&text[pair[0]..pair[1]]).unwrap())
                .collect();
            assert_eq!(seen, [r#"{"a":"}]{"}"#, r#"{"b":[{}]}"#]);
        }
    }
}
