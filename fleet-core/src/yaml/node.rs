//! Where the values of a document stand.

use granit_parser::Marker;

use super::error::Position;
use super::path::Segment;

/// Where a value and what is in it stand. It has the shape of the value beside it.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) column: u32,
    /// Byte range of a scalar that stands in the text at exactly one place; `start > end` when there is none.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) children: Children,
}

#[derive(Debug, Clone)]
pub(super) enum Children {
    None,
    Items(Vec<Node>),
    Fields(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Box<str>,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) node: Node,
}

impl Node {
    pub(super) fn position(&self) -> Position {
        Position {
            line: self.line.into(),
            column: self.column.into(),
        }
    }

    pub(super) fn span(&self) -> Option<std::ops::Range<usize>> {
        (self.start <= self.end).then_some(self.start as usize..self.end as usize)
    }

    pub(super) fn child(&self, segment: &Segment) -> Option<&Self> {
        match (&self.children, segment) {
            (Children::Items(items), Segment::Index(index)) => items.get(*index),
            (Children::Fields(entries), Segment::Field(name)) => entries
                .iter()
                .find(|entry| *entry.key == **name)
                .map(|entry| &entry.node),
            _ => None,
        }
    }

    pub(super) fn key_position(&self, name: &str) -> Option<Position> {
        let Children::Fields(entries) = &self.children else {
            return None;
        };
        entries
            .iter()
            .find(|entry| *entry.key == *name)
            .map(|entry| Position {
                line: entry.line.into(),
                column: entry.column.into(),
            })
    }

    /// The way to the scalar with exactly this span.
    pub(super) fn find(&self, span: &std::ops::Range<usize>, way: &mut Vec<Segment>) -> bool {
        match &self.children {
            Children::None => self.span().as_ref() == Some(span),
            Children::Items(items) => items.iter().enumerate().any(|(index, item)| {
                way.push(Segment::Index(index));
                item.find(span, way) || way.pop().is_none()
            }),
            Children::Fields(entries) => entries.iter().any(|entry| {
                way.push(Segment::Field(entry.key.to_string()));
                entry.node.find(span, way) || way.pop().is_none()
            }),
        }
    }

    pub(super) fn new(at: Marker, children: Children) -> Self {
        Self {
            line: narrow(at.line()),
            column: narrow(at.col()).saturating_add(1),
            start: 1,
            end: 0,
            children,
        }
    }

    /// Takes the spans away: what an alias repeats cannot be edited through the alias.
    pub(super) fn without_spans(mut self) -> Self {
        self.start = 1;
        self.end = 0;
        match &mut self.children {
            Children::None => {}
            Children::Items(items) => {
                for item in items {
                    *item =
                        std::mem::replace(item, Self::new(Marker::default(), Children::None)).without_spans();
                }
            }
            Children::Fields(entries) => {
                for entry in entries {
                    let node =
                        std::mem::replace(&mut entry.node, Self::new(Marker::default(), Children::None));
                    entry.node = node.without_spans();
                }
            }
        }
        self
    }
}

/// Lossless below the 4 GiB that a text may have.
pub(super) fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
