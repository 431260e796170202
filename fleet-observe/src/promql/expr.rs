//! Expressions, and how they are written.

use std::fmt;

use serde::{Serialize, Serializer};

use super::selector::{Matcher, Range, Vector};
use super::{PromqlError, labels};

/// A PromQL expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Vector(Vector),
    Range(Range),
    Call(&'static str, Vec<Expr>),
    Aggregate {
        operator: &'static str,
        of: Box<Expr>,
        grouping: Option<Grouping>,
    },
    Binary {
        left: Box<Expr>,
        operator: &'static str,
        matching: String,
        right: Box<Expr>,
    },
    Raw(String),
}

#[derive(Debug, Clone, PartialEq)]
struct Grouping {
    word: &'static str,
    labels: Vec<String>,
    /// Behind the expression, as some people write it.
    after: bool,
}

/// A comparison, which keeps the series that it holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Above,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
}

macro_rules! aggregations {
    ($($(#[$doc:meta])* $name:ident)+) => {
        $($(#[$doc])* pub fn $name(of: impl Into<Expr>) -> Expr {
            Expr::aggregate(stringify!($name), of.into())
        })+
    };
}

aggregations! {
    /// The sum of all series.
    sum
    /// Their mean.
    avg
    /// The smallest.
    min
    /// The largest.
    max
    /// How many there are.
    count
}

impl Expr {
    /// A number.
    pub fn number(value: f64) -> Self {
        Self(Node::Number(value))
    }

    /// PromQL that somebody wrote, kept as it is: Prometheus decides whether it is any.
    pub fn raw(text: impl Into<String>) -> Self {
        Self(Node::Raw(text.into()))
    }

    /// The present time, in seconds.
    pub fn time() -> Self {
        Self(Node::Call("time", Vec::new()))
    }

    pub(super) fn range(range: Range) -> Self {
        Self(Node::Range(range))
    }

    pub(super) fn call(function: &'static str, arguments: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::Call(function, arguments.into_iter().collect()))
    }

    fn aggregate(operator: &'static str, of: Self) -> Self {
        Self(Node::Aggregate {
            operator,
            of: Box::new(of),
            grouping: None,
        })
    }

    /// `sum by (…) (…)`: a series for each combination of these labels. Of what is no aggregation, the sum.
    pub fn by(self, names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, PromqlError> {
        self.grouped("by", names, false)
    }

    /// The same, written behind: `sum(…) by (…)`.
    pub fn by_after(self, names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, PromqlError> {
        self.grouped("by", names, true)
    }

    /// `sum without (…) (…)`: a series for each combination of all other labels.
    pub fn without(self, names: impl IntoIterator<Item = impl Into<String>>) -> Result<Self, PromqlError> {
        self.grouped("without", names, false)
    }

    fn grouped(
        self,
        word: &'static str,
        names: impl IntoIterator<Item = impl Into<String>>,
        after: bool,
    ) -> Result<Self, PromqlError> {
        let grouping = Some(Grouping {
            word,
            labels: labels(names)?,
            after,
        });
        Ok(Self(match self.0 {
            Node::Aggregate { operator, of, .. } => Node::Aggregate {
                operator,
                of,
                grouping,
            },
            other => Node::Aggregate {
                operator: "sum",
                of: Box::new(Self(other)),
                grouping,
            },
        }))
    }

    /// The quantile of a histogram's buckets.
    pub fn histogram_quantile(self, quantile: f64) -> Self {
        Self::call("histogram_quantile", [Self::number(quantile), self])
    }

    /// Holds against a number, and keeps the series that it holds for.
    pub fn compare(self, comparison: Comparison, with: impl Into<Self>) -> Self {
        let operator = match comparison {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Above => ">",
            Comparison::Below => "<",
            Comparison::AtLeast => ">=",
            Comparison::AtMost => "<=",
        };
        self.binary(operator, with.into())
    }

    /// `== number`
    pub fn eq(self, number: f64) -> Self {
        self.compare(Comparison::Equal, number)
    }

    /// `> number`
    pub fn above(self, number: f64) -> Self {
        self.compare(Comparison::Above, number)
    }

    /// `< number`
    pub fn below(self, number: f64) -> Self {
        self.compare(Comparison::Below, number)
    }

    /// Divided by another.
    pub fn over(self, other: impl Into<Self>) -> Self {
        self.binary("/", other.into())
    }

    /// Times another.
    pub fn times(self, other: impl Into<Self>) -> Self {
        self.binary("*", other.into())
    }

    /// Minus another.
    pub fn minus(self, other: impl Into<Self>) -> Self {
        self.binary("-", other.into())
    }

    /// Plus another.
    pub fn plus(self, other: impl Into<Self>) -> Self {
        self.binary("+", other.into())
    }

    /// Where both are.
    pub fn and(self, other: impl Into<Self>) -> Self {
        self.binary("and", other.into())
    }

    /// The first, and of the second what the first has not.
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.binary("or", other.into())
    }

    /// The first without those that the second has, by these labels.
    pub fn unless_on(
        self,
        names: impl IntoIterator<Item = impl Into<String>>,
        other: impl Into<Self>,
    ) -> Result<Self, PromqlError> {
        let matching = format!(" on ({})", labels(names)?.join(", "));
        Ok(Self(Node::Binary {
            left: Box::new(self),
            operator: "unless",
            matching,
            right: Box::new(other.into()),
        }))
    }

    /// Only series with such a label, everywhere in the expression: how a dashboard's variable narrows a query of the fleet. What somebody wrote as
    /// text is left as it is.
    ///
    /// ```
    /// use fleet_observe::promql::Matcher;
    ///
    /// let query = fleet_observe::queries::out_of_sync()?.scoped("cluster", &Matcher::Matches("$cluster".into()))?;
    /// assert_eq!(query.to_string(), "sum by (cluster) (argocd_app_info{sync_status='OutOfSync', cluster=~'$cluster'})");
    /// # Ok::<(), fleet_observe::promql::PromqlError>(())
    /// ```
    ///
    /// # Errors
    /// What is no label.
    pub fn scoped(self, label: &str, matcher: &Matcher) -> Result<Self, PromqlError> {
        let inner = |expr: Box<Self>| expr.scoped(label, matcher).map(Box::new);
        Ok(Self(match self.0 {
            Node::Vector(vector) => Node::Vector(vector.matching(label, matcher.clone())?),
            Node::Range(range) => Node::Range(range.matching(label, matcher.clone())?),
            Node::Call(function, arguments) => {
                let arguments = arguments.into_iter().map(|it| it.scoped(label, matcher));
                Node::Call(function, arguments.collect::<Result<_, _>>()?)
            }
            Node::Aggregate {
                operator,
                of,
                grouping,
            } => Node::Aggregate {
                operator,
                of: inner(of)?,
                grouping,
            },
            Node::Binary {
                left,
                operator,
                matching,
                right,
            } => Node::Binary {
                left: inner(left)?,
                operator,
                matching,
                right: inner(right)?,
            },
            other @ (Node::Number(_) | Node::Raw(_)) => other,
        }))
    }

    /// Whether it keeps the series that something holds for: then no series is the good answer.
    pub fn is_comparison(&self) -> bool {
        match &self.0 {
            Node::Binary { operator, .. } => ["==", "!=", ">", "<", ">=", "<=", "unless"].contains(operator),
            Node::Aggregate { of, .. } => of.is_comparison(),
            _ => false,
        }
    }

    fn binary(self, operator: &'static str, right: Self) -> Self {
        Self(Node::Binary {
            left: Box::new(self),
            operator,
            matching: String::new(),
            right: Box::new(right),
        })
    }

    /// In brackets, where it is an operand and would otherwise be read in another way.
    fn operand(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::Binary { .. } | Node::Raw(_) => write!(f, "({self})"),
            _ => write!(f, "{self}"),
        }
    }
}

impl From<Vector> for Expr {
    fn from(vector: Vector) -> Self {
        Self(Node::Vector(vector))
    }
}

impl From<f64> for Expr {
    fn from(number: f64) -> Self {
        Self::number(number)
    }
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Node::Number(number) if number.is_nan() => f.write_str("NaN"),
            Node::Number(number) if number.is_infinite() => {
                f.write_str(if *number > 0.0 { "Inf" } else { "-Inf" })
            }
            Node::Number(number) => write!(f, "{number}"),
            Node::Vector(vector) => write!(f, "{vector}"),
            Node::Range(range) => write!(f, "{range}"),
            Node::Raw(text) => f.write_str(text),
            Node::Call(function, arguments) => {
                write!(f, "{function}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Node::Aggregate {
                operator,
                of,
                grouping,
            } => {
                let grouping = grouping.as_ref();
                let words = grouping.map(|it| format!("{} ({})", it.word, it.labels.join(", ")));
                match (words, grouping.is_some_and(|it| it.after)) {
                    (Some(words), false) => write!(f, "{operator} {words} ({of})"),
                    (Some(words), true) => write!(f, "{operator}({of}) {words}"),
                    (None, _) => write!(f, "{operator}({of})"),
                }
            }
            Node::Binary {
                left,
                operator,
                matching,
                right,
            } => {
                left.operand(f)?;
                write!(f, " {operator}{matching} ")?;
                right.operand(f)
            }
        }
    }
}
