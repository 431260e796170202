//! What functions get besides their arguments: the caller's surroundings and the bounds.

use std::rc::Rc;

use super::val::{List, Map, MapBody, Str, Val};
use crate::error::Limit;
use crate::options::{Env, Limits, Usage};
use crate::value::Elem;

/// Why a function failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// What Go says.
    Message(String),
    /// The template called `fail`.
    Fail(String),
    Limit(Limit),
    /// Argo CD has the function, and we do not offer it.
    Refused(String),
}

impl From<String> for Fault {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

impl From<&str> for Fault {
    fn from(message: &str) -> Self {
        Self::Message(message.to_owned())
    }
}

impl From<Limit> for Fault {
    fn from(limit: Limit) -> Self {
        Self::Limit(limit)
    }
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// The state of one execution that functions share.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) env: &'a Env<'a>,
    steps: u64,
    memory: usize,
    /// How deep a function is in values within values.
    depth: usize,
    /// Maps that other containers were put into: they may form cycles, which are cut at the end.
    linked: Vec<Rc<MapBody<'a>>>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(env: &'a Env<'a>) -> Self {
        Self {
            env,
            steps: 0,
            memory: 0,
            depth: 0,
            linked: Vec::new(),
        }
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage { steps: self.steps }
    }

    /// Counts work.
    pub(crate) fn step(&mut self, count: usize) -> Result<()> {
        self.steps = self.steps.saturating_add(count as u64);
        if self.steps > self.env.limits.steps {
            return Err(Limit::Steps(self.env.limits.steps).into());
        }
        Ok(())
    }

    /// Goes into a map, which may contain itself.
    pub(crate) fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > Limits::DEPTH {
            return Err(Limit::Depth(Limits::DEPTH).into());
        }
        Ok(())
    }

    /// Comes out of a map. Not needed on the way to an error, which ends the execution.
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts bytes before they are made.
    pub(crate) fn claim(&mut self, bytes: usize) -> Result<()> {
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > self.env.limits.memory {
            return Err(Limit::Memory(self.env.limits.memory).into());
        }
        Ok(())
    }

    /// How many bytes may still be made.
    pub(crate) fn room(&self) -> usize {
        self.env.limits.memory.saturating_sub(self.memory)
    }

    pub(crate) fn out_of_memory(&self) -> Fault {
        Limit::Memory(self.env.limits.memory).into()
    }

    pub(crate) fn text(&mut self, text: impl Into<Rc<str>>) -> Result<Val<'a>> {
        let text = text.into();
        self.claim(text.len())?;
        Ok(Val::Str(Str::Shared(text)))
    }

    pub(crate) fn bytes(&mut self, bytes: Vec<u8>) -> Result<Val<'a>> {
        self.claim(bytes.len())?;
        Ok(Val::bytes(bytes))
    }

    pub(crate) fn list(&mut self, elem: Elem, items: Vec<Val<'a>>) -> Result<Val<'a>> {
        self.step(items.len())?;
        self.claim(items.len().saturating_mul(size_of::<Val<'_>>()))?;
        let list = List::made(elem, items);
        check_depth(list.depth())?;
        Ok(Val::List(list))
    }

    pub(crate) fn strings<S: Into<Rc<str>>>(
        &mut self,
        items: impl IntoIterator<Item = S>,
    ) -> Result<Val<'a>> {
        let mut list = Vec::new();
        for item in items {
            let item = item.into();
            self.claim(item.len())?;
            list.push(Val::Str(Str::Shared(item)));
        }
        self.list(Elem::String, list)
    }

    pub(crate) fn map(
        &mut self,
        elem: Elem,
        entries: impl IntoIterator<Item = (Str<'a>, Val<'a>)>,
    ) -> Result<Val<'a>> {
        let entries: std::collections::BTreeMap<_, _> = entries.into_iter().collect();
        self.step(entries.len())?;
        self.claim(entries.len().saturating_mul(2 * size_of::<Val<'_>>()))?;
        let map = Map::made(elem, entries);
        check_depth(map.depth())?;
        Ok(Val::Map(map))
    }

    /// Puts a value into a map that others may hold.
    pub(crate) fn put(&mut self, map: &Map<'a>, key: Str<'a>, value: Val<'a>) -> Result<()> {
        self.step(1)?;
        self.claim(key.len() + 2 * size_of::<Val<'_>>())?;
        match map {
            Map::Nil(_) => Err("assignment to entry in nil map".into()),
            // Data is never borrowed by a template that changes maps.
            Map::Ref(_) => Err("the map is read-only".into()),
            Map::Shared(body) => {
                if matches!(value, Val::List(_) | Val::Map(_)) {
                    self.linked.push(Rc::clone(body));
                }
                body.insert(key, value);
                check_depth(map.depth())
            }
        }
    }
}

impl Drop for Cx<'_> {
    /// A map that contains itself would never be freed. Emptying them all while they are all held also keeps the freeing from
    /// recursing along a chain of them.
    fn drop(&mut self) {
        let contents: Vec<_> = self
            .linked
            .iter()
            .map(|body| std::mem::take(&mut *body.entries.borrow_mut()))
            .collect();
        drop(contents);
    }
}

fn check_depth(depth: u16) -> Result<()> {
    if usize::from(depth) > Limits::DEPTH {
        return Err(Limit::Depth(Limits::DEPTH).into());
    }
    Ok(())
}
