//! Label selectors: Kubernetes' whole language, in both of its forms.
//!
//! The semantics are those of `k8s.io/apimachinery/pkg/labels` (1.36): `!=` and `notin` also match an object that lacks
//! the key; an empty selector matches everything; `in ()` without a value is refused; `>` and `<` compare integers
//! and match nothing else.

mod parse;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::parse::Parser;
use crate::Labels;
use crate::labels::{LabelError, check_key, check_value};

/// Which clusters (or objects) are meant, by their labels.
///
/// # Two forms
///
/// The string form is what `kubectl --selector` takes; the structured one ([`LabelSelector`]) is what stands in
/// manifests. In YAML and JSON both are read wherever a `Selector` stands:
///
/// ```
/// use fleet_core::{Labels, Selector};
///
/// let selector: Selector = "env in (production,staging),tier!=gold,!frozen".parse()?;
/// assert!(selector.matches(&Labels::from_pairs([("env", "staging")])?));
/// assert!(!selector.matches(&Labels::from_pairs([("env", "staging"), ("tier", "gold")])?));
///
/// let structured: Selector = serde_json::from_str(
///     r#"{"matchLabels": {"env": "production"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}"#,
/// )?;
/// assert_eq!(structured, "env=production,tier".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is written in the structured form, or as a string where that form cannot say it (`>` and `<`).
///
/// # Equality
///
/// Two selectors are equal when they consist of the same requirements, in whatever order and form they were written.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// All must hold. Sorted, without repetitions.
    requirements: Vec<Requirement>,
    matches_nothing: bool,
}

impl Selector {
    /// The selector that matches every set of labels: the empty one.
    pub const fn everything() -> Self {
        Self {
            requirements: Vec::new(),
            matches_nothing: false,
        }
    }

    /// The selector that matches no set of labels: what an absent (not an empty) selector means in Kubernetes.
    pub const fn nothing() -> Self {
        Self {
            requirements: Vec::new(),
            matches_nothing: true,
        }
    }

    /// A selector for clusters that meet all these requirements.
    pub fn all_of(requirements: impl IntoIterator<Item = Requirement>) -> Self {
        let requirements: BTreeSet<_> = requirements.into_iter().collect();
        Self {
            requirements: requirements.into_iter().collect(),
            matches_nothing: false,
        }
    }

    /// Whether these labels meet every requirement.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_with(|key| labels.get(key))
    }

    /// Whether labels kept in another shape (a `BTreeMap` in an object's metadata, say) meet every requirement.
    pub fn matches_with<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
        !self.matches_nothing
            && self
                .requirements
                .iter()
                .all(|requirement| requirement.holds(value_of(&requirement.key)))
    }

    /// The requirements, sorted by key. All must hold.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether every set of labels matches.
    pub fn is_everything(&self) -> bool {
        self.requirements.is_empty() && !self.matches_nothing
    }
}

/// One condition of a [`Selector`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    key: String,
    operator: Operator,
}

impl Requirement {
    /// A condition on the label `key`. Refused where Kubernetes would refuse it: an invalid key or value, no values
    /// for `In` or `NotIn`.
    pub fn new(key: impl Into<String>, operator: Operator) -> Result<Self, SelectorError> {
        let key = key.into();
        check_key(&key).map_err(SelectorError::Label)?;
        match &operator {
            Operator::In(values) | Operator::NotIn(values) => {
                if values.is_empty() {
                    return Err(SelectorError::NoValues { key });
                }
                for value in values {
                    check_value(&key, value).map_err(SelectorError::Label)?;
                }
            }
            Operator::Exists | Operator::DoesNotExist | Operator::GreaterThan(_) | Operator::LessThan(_) => {}
        }
        Ok(Self { key, operator })
    }

    /// The label's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is required of its value.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan(bound) => number().is_some_and(|number| number > *bound),
            Operator::LessThan(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

/// What a [`Requirement`] asks of a label's value.
///
/// `a=b` and `a==b` are `In` with one value, `a!=b` is `NotIn` with one value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // Kubernetes' selector language is closed.
pub enum Operator {
    /// The label is there, with one of these values.
    In(BTreeSet<String>),
    /// The label is absent, or has none of these values.
    NotIn(BTreeSet<String>),
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
    /// The label is an integer greater than this.
    GreaterThan(i64),
    /// The label is an integer less than this.
    LessThan(i64),
}

/// The structured form of a selector, as manifests write it (`LabelSelector` of `meta/v1`). All parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    /// Labels with exactly these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Further conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<MatchExpression>,
}

/// One condition of a [`LabelSelector`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MatchExpression {
    /// The label's key.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values, for `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl TryFrom<&LabelSelector> for Selector {
    type Error = SelectorError;

    fn try_from(structured: &LabelSelector) -> Result<Self, SelectorError> {
        let labels = structured
            .match_labels
            .iter()
            .map(|(key, value)| Requirement::new(key, one(value)));
        let expressions = structured
            .match_expressions
            .iter()
            .map(|expression| requirement(&expression.key, &expression.operator, &expression.values));
        Ok(Self::all_of(
            labels.chain(expressions).collect::<Result<Vec<_>, _>>()?,
        ))
    }
}

#[cfg(feature = "k8s-openapi")]
impl TryFrom<&k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector> for Selector {
    type Error = SelectorError;

    fn try_from(
        structured: &k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector,
    ) -> Result<Self, SelectorError> {
        let labels = structured
            .match_labels
            .iter()
            .flatten()
            .map(|(key, value)| Requirement::new(key, one(value)));
        let expressions = structured.match_expressions.iter().flatten().map(|expression| {
            requirement(
                &expression.key,
                &expression.operator,
                expression.values.as_deref().unwrap_or_default(),
            )
        });
        Ok(Self::all_of(
            labels.chain(expressions).collect::<Result<Vec<_>, _>>()?,
        ))
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        Parser::new(text).selector()
    }
}

impl fmt::Display for Selector {
    /// The string form, requirements sorted by key. The selector that matches nothing has none, and prints as
    /// `<none>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.matches_nothing {
            return f.write_str("<none>");
        }
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, operator } = self;
        let several =
            |values: &BTreeSet<String>| values.iter().map(String::as_str).collect::<Vec<_>>().join(",");
        match operator {
            Operator::In(values) => match values.first() {
                Some(value) if values.len() == 1 => write!(f, "{key}={value}"),
                _ => write!(f, "{key} in ({})", several(values)),
            },
            Operator::NotIn(values) => match values.first() {
                Some(value) if values.len() == 1 => write!(f, "{key}!={value}"),
                _ => write!(f, "{key} notin ({})", several(values)),
            },
            Operator::Exists => f.write_str(key),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan(bound) => write!(f, "{key}>{bound}"),
            Operator::LessThan(bound) => write!(f, "{key}<{bound}"),
        }
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selector({self})")
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.matches_nothing {
            return serializer.serialize_none();
        }
        match self.structured() {
            Some(structured) => structured.serialize(serializer),
            None => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;
        impl<'de> Visitor<'de> for EitherForm {
            type Value = Selector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a label selector: a string such as \"env=production,tier!=gold\", or matchLabels and matchExpressions")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Selector, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<Selector, E> {
                Ok(Selector::nothing())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Selector, A::Error> {
                let structured = LabelSelector::deserialize(MapAccessDeserializer::new(map))?;
                Selector::try_from(&structured).map_err(serde::de::Error::custom)
            }
        }
        deserializer.deserialize_any(EitherForm)
    }
}

#[cfg(feature = "schemars")]
impl schemars::JsonSchema for Selector {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Selector".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// Kubernetes' structural schemas cannot say "a string or an object"; what is accepted is checked on reading.
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "x-kubernetes-preserve-unknown-fields": true })
    }
}

impl Selector {
    fn structured(&self) -> Option<LabelSelector> {
        let mut structured = LabelSelector::default();
        for Requirement { key, operator } in &self.requirements {
            let (operator, values) = match operator {
                Operator::In(values) if values.len() == 1 && !structured.match_labels.contains_key(key) => {
                    structured
                        .match_labels
                        .extend(values.first().map(|value| (key.clone(), value.clone())));
                    continue;
                }
                Operator::In(values) => ("In", values.iter().cloned().collect()),
                Operator::NotIn(values) => ("NotIn", values.iter().cloned().collect()),
                Operator::Exists => ("Exists", Vec::new()),
                Operator::DoesNotExist => ("DoesNotExist", Vec::new()),
                Operator::GreaterThan(_) | Operator::LessThan(_) => return None,
            };
            structured.match_expressions.push(MatchExpression {
                key: key.clone(),
                operator: operator.to_owned(),
                values,
            });
        }
        Some(structured)
    }
}

/// Why a selector cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectorError {
    /// The string form does not parse.
    #[error(
        "selector `{selector}` does not parse at character {position}: found {found}, expected {expected}"
    )]
    Syntax {
        /// The selector's text.
        selector: String,
        /// Where, counted from 1.
        position: usize,
        /// What stands there.
        found: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A key or value that no label can have.
    #[error(transparent)]
    Label(LabelError),
    /// `In` or `NotIn` without a value.
    #[error("the selector's requirement on `{key}` names no value; `in` and `notin` need at least one")]
    NoValues {
        /// The key.
        key: String,
    },
    /// `Exists` or `DoesNotExist` with values.
    #[error("the selector's requirement on `{key}` gives values to {operator}, which takes none")]
    SuperfluousValues {
        /// The key.
        key: String,
        /// The operator.
        operator: String,
    },
    /// `>` or `<` with something else than an integer.
    #[error("the selector compares `{key}` with `{value}`, which is not an integer")]
    NotAnInteger {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// An operator that does not exist.
    #[error(
        "the selector's requirement on `{key}` has the operator `{operator}`; expected In, NotIn, Exists or DoesNotExist"
    )]
    UnknownOperator {
        /// The key.
        key: String,
        /// The operator.
        operator: String,
    },
}

fn one(value: &str) -> Operator {
    Operator::In(BTreeSet::from([value.to_owned()]))
}

fn requirement(key: &str, operator: &str, values: &[String]) -> Result<Requirement, SelectorError> {
    let set = || values.iter().cloned().collect();
    let (operator, takes_values) = match operator {
        "In" => (Operator::In(set()), true),
        "NotIn" => (Operator::NotIn(set()), true),
        "Exists" => (Operator::Exists, false),
        "DoesNotExist" => (Operator::DoesNotExist, false),
        _ => {
            return Err(SelectorError::UnknownOperator {
                key: key.to_owned(),
                operator: operator.to_owned(),
            });
        }
    };
    if !takes_values && !values.is_empty() {
        let operator = if operator == Operator::Exists {
            "Exists"
        } else {
            "DoesNotExist"
        };
        return Err(SelectorError::SuperfluousValues {
            key: key.to_owned(),
            operator: operator.to_owned(),
        });
    }
    Requirement::new(key, operator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::from_pairs(pairs.iter().copied()).unwrap()
    }

    fn selector(text: &str) -> Selector {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn matches_as_kubernetes_does() {
        let production = labels(&[
            ("env", "production"),
            ("tier", "gold"),
            ("nodes", "12"),
            ("empty", ""),
        ]);
        for matching in [
            "",
            "  ",
            "env",
            "!gone",
            "env=production",
            "env==production",
            "env!=staging",
            "gone!=x",
            "env in (staging, production)",
            "tier notin (silver,bronze)",
            "gone notin (x)",
            "nodes>11",
            "nodes<13",
            "empty=",
            "empty in (a,)",
            "env = production , tier",
            "\tenv\n=\rproduction",
        ] {
            assert!(selector(matching).matches(&production), "{matching}");
        }
        for other in [
            "gone",
            "!env",
            "env=Production",
            "env!=production",
            "env in (staging)",
            "gone in (x)",
            "env notin (production)",
            "nodes>12",
            "nodes<12",
            "tier>1",
            "gone>1",
            "env=production,tier=silver",
            "env=",
        ] {
            assert!(!selector(other).matches(&production), "{other}");
        }
        assert!(!Selector::nothing().matches(&production));
    }

    #[test]
    fn keywords_may_be_keys_and_values() {
        assert!(selector("in=notin").matches(&labels(&[("in", "notin")])));
        assert!(selector("in in (in)").matches(&labels(&[("in", "in")])));
    }

    #[test]
    fn refuses_with_the_place() {
        for (text, message) in [
            ("env=", None),
            (
                "env in production",
                Some(
                    "selector `env in production` does not parse at character 8: found `production`, expected `(`",
                ),
            ),
            (
                "env in (a",
                Some(
                    "selector `env in (a` does not parse at character 10: found the end, expected `,` or `)`",
                ),
            ),
            (
                "a,",
                Some("selector `a,` does not parse at character 3: found the end, expected a label's key"),
            ),
            (
                ",a",
                Some("selector `,a` does not parse at character 1: found `,`, expected a label's key"),
            ),
            (
                "a=b c",
                Some("selector `a=b c` does not parse at character 5: found `c`, expected `,` or the end"),
            ),
            (
                "a b",
                Some(
                    "selector `a b` does not parse at character 3: found `b`, expected an operator: =, ==, !=, in, notin, >, <",
                ),
            ),
            (
                "!a=b",
                Some("selector `!a=b` does not parse at character 3: found `=`, expected `,` or the end"),
            ),
            ("é=1", None),
            (
                "a in ()",
                Some("the selector's requirement on `a` names no value; `in` and `notin` need at least one"),
            ),
            (
                "a>b",
                Some("the selector compares `a` with `b`, which is not an integer"),
            ),
        ] {
            match (text.parse::<Selector>(), message) {
                (Err(error), Some(message)) => assert_eq!(error.to_string(), message),
                (Err(SelectorError::Label(_)) | Ok(_), None) => {}
                (other, _) => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn structured_operators_are_checked() {
        for (json, message) in [
            (
                r#"{"matchExpressions":[{"key":"a","operator":"in","values":["b"]}]}"#,
                "expected In, NotIn, Exists or DoesNotExist",
            ),
            (
                r#"{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}"#,
                "gives values to Exists",
            ),
            (
                r#"{"matchExpressions":[{"key":"a","operator":"In"}]}"#,
                "names no value",
            ),
            (r#"{"matchLabel":{"a":"b"}}"#, "unknown field `matchLabel`"),
            (r#"{"matchLabels":{"a b":"c"}}"#, "label key `a b` is not valid"),
        ] {
            let error = serde_json::from_str::<Selector>(json).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn contradictory_labels_keep_both_requirements() {
        let never = selector("a=1,a=2");
        assert_eq!(
            serde_json::from_value::<Selector>(serde_json::to_value(&never).unwrap()).unwrap(),
            never
        );
        assert!(!never.matches(&labels(&[("a", "1")])));
    }

    fn any_requirement() -> impl Strategy<Value = Requirement> {
        let key = "[a-c]";
        let values = proptest::collection::btree_set("[x-z]?", 1..3);
        (
            key,
            prop_oneof![
                values.clone().prop_map(Operator::In),
                values.prop_map(Operator::NotIn),
                Just(Operator::Exists),
                Just(Operator::DoesNotExist),
                (-3_i64..3).prop_map(Operator::GreaterThan),
                (-3_i64..3).prop_map(Operator::LessThan),
            ],
        )
            .prop_map(|(key, operator)| Requirement::new(key, operator).unwrap())
    }

    proptest! {
        #[test]
        fn every_form_says_the_same(requirements in proptest::collection::vec(any_requirement(), 0..4)) {
            let built = Selector::all_of(requirements);
            prop_assert_eq!(&built.to_string().parse::<Selector>().unwrap(), &built);
            let json = serde_json::to_string(&built).unwrap();
            prop_assert_eq!(serde_json::from_str::<Selector>(&json).unwrap(), built);
        }

        #[test]
        fn never_panics(text in "[a-c=!(),<>in \\tnotéx-z0-9/.]{0,24}") {
            let _ = text.parse::<Selector>();
        }

        #[test]
        fn more_requirements_never_match_more(
            requirements in proptest::collection::vec(any_requirement(), 1..4),
            pairs in proptest::collection::btree_map("[a-c]", "[x-z0-2]?", 0..3),
        ) {
            let labels = Labels::try_from(pairs).unwrap();
            let fewer = Selector::all_of(requirements[1..].to_vec());
            prop_assert!(!Selector::all_of(requirements).matches(&labels) || fewer.matches(&labels));
        }
    }
}
