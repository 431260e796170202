//! An Application's template, compiled once and rendered for each set of parameters.

use serde_json::{Map, Number, Value};

use super::error::TemplateFault;
use super::fasttemplate::FastTemplate;
use super::params::Params;
use super::shape::{Field, Shape};

/// A value in upstream's shape, with its templates found and read.
#[derive(Debug)]
pub(crate) enum Compiled {
    /// Nothing to render in it.
    Fixed(Value),
    Text(FastTemplate),
    List(Vec<Compiled>),
    /// The fields of a struct; a text that renders to nothing may be left out.
    Fields(Vec<(String, Compiled, Emptied)>),
    /// Keys are templates too.
    Map(Vec<(FastTemplate, Compiled)>),
}

/// What becomes of a text field that renders to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emptied {
    Stays,
    Goes,
}

impl Compiled {
    /// Reads the templates in a value of this shape. The error carries where in the value it is.
    pub(crate) fn new(shape: &Shape, value: Value) -> Result<Self, TemplateFault> {
        let compiled = match (shape, value) {
            (Shape::Struct(fields), Value::Object(object)) => {
                let mut compiled = Vec::with_capacity(object.len());
                for (name, value) in object {
                    let field = fields.get(&name);
                    let shape = field.map_or(&Shape::Free, |field| &field.shape);
                    let value = Self::new(shape, value).map_err(|fault| fault.under_field(&name))?;
                    compiled.push((name, value, field.map_or(Emptied::Stays, emptied)));
                }
                Self::Fields(compiled)
            }
            (Shape::Map(values), Value::Object(object)) => Self::map(values, object, false)?,
            // The user's own values: Go decodes them, and drops nulls in maps, before it walks them.
            (Shape::Free, Value::Object(object)) => Self::map(&Shape::Free, object, true)?,
            (Shape::List(items), Value::Array(list)) => Self::list(items, list)?,
            (Shape::Free, Value::Array(list)) => Self::list(&Shape::Free, list)?,
            (Shape::Free, Value::Number(number)) => Self::Fixed(Value::Number(as_float64(&number))),
            (_, Value::String(text)) => Self::Text(read(&text)?),
            (_, other) => Self::Fixed(other),
        };
        Ok(compiled.settled())
    }

    /// The value for one set of parameters.
    pub(crate) fn render(&self, params: &Params) -> Value {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => Value::String(template.render(params).into_owned()),
            Self::List(items) => Value::Array(items.iter().map(|item| item.render(params)).collect()),
            Self::Fields(fields) => {
                let mut object = Map::new();
                for (name, field, emptied) in fields {
                    let value = field.render(params);
                    if *emptied == Emptied::Goes && value.as_str().is_some_and(str::is_empty) {
                        continue;
                    }
                    object.insert(name.clone(), value);
                }
                Value::Object(object)
            }
            Self::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.render(params).into_owned(), value.render(params)))
                    .collect(),
            ),
        }
    }

    fn map(values: &Shape, object: Map<String, Value>, drop_nulls: bool) -> Result<Self, TemplateFault> {
        let mut compiled = Vec::with_capacity(object.len());
        for (key, value) in object {
            if drop_nulls && value.is_null() {
                continue;
            }
            let template = read(&key).map_err(|fault| fault.under_field(&key))?;
            let value = Self::new(values, value).map_err(|fault| fault.under_field(&key))?;
            compiled.push((template, value));
        }
        Ok(Self::Map(compiled))
    }

    fn list(items: &Shape, list: Vec<Value>) -> Result<Self, TemplateFault> {
        let items: Result<Vec<_>, _> = list
            .into_iter()
            .enumerate()
            .map(|(index, item)| Self::new(items, item).map_err(|fault| fault.under_index(index)))
            .collect();
        Ok(Self::List(items?))
    }

    /// A value without templates becomes a fixed one, so that rendering only copies it.
    fn settled(self) -> Self {
        let plain = match &self {
            Self::Fixed(_) => true,
            Self::Text(template) => template.is_plain(),
            Self::List(items) => items.iter().all(|item| matches!(item, Self::Fixed(_))),
            Self::Fields(fields) => fields.iter().all(|(_, field, _)| matches!(field, Self::Fixed(_))),
            Self::Map(entries) => entries
                .iter()
                .all(|(key, value)| key.is_plain() && matches!(value, Self::Fixed(_))),
        };
        if plain {
            Self::Fixed(self.render(&Params::default()))
        } else {
            self
        }
    }
}

fn emptied(field: &Field) -> Emptied {
    if field.keeps(&Value::String(String::new())) {
        Emptied::Stays
    } else {
        Emptied::Goes
    }
}

fn read(text: &str) -> Result<FastTemplate, TemplateFault> {
    FastTemplate::parse(text)
        .map_err(|unclosed| TemplateFault::new(text, format!("invalid template: {}", unclosed.upstream())))
}

/// A number after Go has held it as a float64.
fn as_float64(number: &Number) -> Number {
    let Some(float) = number.as_f64() else {
        return number.clone();
    };
    #[allow(clippy::cast_possible_truncation)] // checked: whole and within range
    if float.fract() == 0.0 && float.abs() < 9.2e18 {
        Number::from(float as i64)
    } else {
        Number::from_f64(float).unwrap_or_else(|| number.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use fleet_core::yaml::FieldPath;

    use super::super::shape;
    use super::*;

    #[test]
    fn strings_keys_and_the_users_own_values_are_rendered() {
        let shape = shape::template();
        let value = shape.applied(json!({
            "metadata": {"name": "{{a}}", "labels": {"{{k}}": "{{a}}"}},
            "spec": {
                "project": "{{none}}",
                "source": {"repoURL": "r", "path": "{{empty}}", "helm": {"valuesObject": {
                    "{{k}}": [{"x": null}, null, "{{a}}"], "n": 9_007_199_254_740_993_u64, "f": 1.5,
                }}},
                "destination": {"server": "{{empty}}"},
            },
        }));
        let params = Params::from_iter([
            ("a".to_owned(), "x".into()),
            ("k".to_owned(), "key".into()),
            ("empty".to_owned(), "".into()),
        ]);
        assert_eq!(
            Compiled::new(shape, value).unwrap().render(&params),
            json!({
                "metadata": {"name": "x", "labels": {"key": "x"}},
                "spec": {
                    "project": "{{none}}",
                    "source": {"repoURL": "r", "helm": {"valuesObject": {
                        "key": [{}, null, "x"], "n": 9_007_199_254_740_992_u64, "f": 1.5,
                    }}},
                    "destination": {},
                },
            })
        );
    }

    #[test]
    fn a_fault_says_where_it_is() {
        let value = json!({"metadata": {}, "spec": {"sources": [{}, {"helm": {"values": "{{a}} {{b"}}]}});
        let fault = Compiled::new(shape::template(), value).unwrap_err();
        assert_eq!(
            fault.below(&FieldPath::default()).to_string(),
            "spec.sources[1].helm.values"
        );
    }
}
