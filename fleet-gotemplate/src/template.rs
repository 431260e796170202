//! A template: parsed once, executed many times.

use crate::error::{ExecError, ParseError};
use crate::exec;
use crate::options::{Env, Options, Usage};
use crate::syntax::{self, Node, Tree};
use crate::value::Value;

/// A parsed template.
///
/// It can be shared between threads; an execution changes nothing in it.
///
/// ```
/// use fleet_gotemplate::{Env, Options, Template, Value};
/// use serde_json::json;
///
/// let template = Template::parse("base", "{{ .cluster | upper }}-{{ .n }}", &Options::default())?;
/// let mut out = String::new();
/// template.render(&Value::from(json!({"cluster": "eu", "n": 1_000_000})), &Env::default(), &mut out)?;
/// assert_eq!(out, "EU-1e+06");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Template {
    pub(crate) name: Box<str>,
    pub(crate) text: Box<str>,
    pub(crate) tree: Tree,
    pub(crate) options: Options,
    /// Whether it calls a function that changes maps in place.
    pub(crate) mutates: bool,
}

impl Template {
    /// Parses a text. The name stands in errors; Argo CD calls its templates `base`.
    ///
    /// # Errors
    /// What Go refuses, in Go's words; and texts beyond the bounds of [`Limits`](crate::Limits).
    pub fn parse(name: &str, text: &str, options: &Options) -> Result<Self, ParseError> {
        let tree = syntax::parse(name, text)?;
        let mutates = syntax::calls(&tree, |function| function.mutates);
        Ok(Self {
            name: name.into(),
            text: text.into(),
            tree,
            options: options.clone(),
            mutates,
        })
    }

    /// Executes the template on the data and appends what it prints to `out`.
    ///
    /// # Errors
    /// Where Go fails, in Go's words; and when a bound is exceeded. `out` then holds what was printed before, as Go's
    /// writer does.
    pub fn render(&self, data: &Value, env: &Env<'_>, out: &mut String) -> Result<Usage, ExecError> {
        if let Some(text) = self.literal() {
            out.push_str(text);
            return Ok(Usage::default());
        }
        exec::execute(self, data, env, out).map_err(|error| *error)
    }

    /// Executes the template on the data and returns what it prints.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render_to_string(&self, data: &Value, env: &Env<'_>) -> Result<String, ExecError> {
        let mut out = String::new();
        self.render(data, env, &mut out)?;
        Ok(out)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text as it was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, when the template prints it whatever the data: there is no action in it.
    pub fn literal(&self) -> Option<&str> {
        match self
            .tree
            .definitions
            .get(&*self.name)
            .map(|definition| definition.nodes.as_slice())
        {
            Some([]) => Some(""),
            Some([Node::Text(text)]) => Some(text),
            _ => None,
        }
    }

    /// The line from 1, and the byte in it as Go counts it: from 0 in the first line and from 1 in the others.
    pub(crate) fn line_and_column(&self, pos: u32) -> (usize, usize) {
        let before = self.text.as_bytes().get(..pos as usize).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let column = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(before.len(), |at| before.len() - at - 1);
        (line, column)
    }
}
