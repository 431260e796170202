//! Asking Prometheus or a Thanos querier: what to send, and what an answer means. The feature `client` brings a client.
//!
//! Without it the embedder's own client sends [`Query::form`] as a `POST` to [`Query::path`] and gives status and body to [`read`]. What is incomplete is
//! never taken for an answer: warnings, partial responses and errors are [`QueryError`]s, unless one asks for what there is
//! ([`read_with_warnings`]).
//!
//! ```
//! use fleet_observe::prometheus::{Query, QueryError, read};
//!
//! let query = Query::instant("up").at("2026-06-01T12:00:00Z".parse()?);
//! assert_eq!(query.form(), "query=up&partial_response=false&time=1780315200");
//!
//! let body = r#"{"status":"success","data":{"resultType":"vector","result":[
//!     {"metric":{"cluster":"eu"},"value":[1780315200,"3"]}]}}"#;
//! let answer = read(200, body.as_bytes())?;
//! assert_eq!(answer.series[0].labels["cluster"], "eu");
//! assert_eq!(answer.series[0].last(), Some(3.0));
//!
//! let partial = body.replacen('{', r#"{"warnings":["store eu-west is down"],"#, 1);
//! assert!(matches!(read(200, partial.as_bytes()), Err(QueryError::Incomplete { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "client")]
mod client;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

#[cfg(feature = "client")]
pub use client::{Client, ClientError};

use crate::promql::PromDuration;

/// A query on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    expr: String,
    at: Option<Timestamp>,
    range: Option<(Timestamp, Timestamp, PromDuration)>,
    timeout: Option<PromDuration>,
}

impl Query {
    /// The values at one instant; now, unless [`at`](Self::at) says another.
    pub fn instant(expr: &(impl ToString + ?Sized)) -> Self {
        Self {
            expr: expr.to_string(),
            at: None,
            range: None,
            timeout: None,
        }
    }

    /// The values from a time to another, in steps.
    pub fn range(
        expr: &(impl ToString + ?Sized),
        from: Timestamp,
        to: Timestamp,
        step: PromDuration,
    ) -> Self {
        Self {
            range: Some((from, to, step)),
            ..Self::instant(expr)
        }
    }

    /// At which instant.
    pub fn at(self, at: Timestamp) -> Self {
        Self { at: Some(at), ..self }
    }

    /// How long the server may take.
    pub fn timeout(self, timeout: PromDuration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self
        }
    }

    /// The path below the server's URL.
    pub fn path(&self) -> &'static str {
        if self.range.is_some() {
            "/api/v1/query_range"
        } else {
            "/api/v1/query"
        }
    }

    /// The body, `application/x-www-form-urlencoded`. Thanos is told to fail rather than to answer without some of its stores; Prometheus
    /// does not know the parameter and leaves it alone.
    pub fn form(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("query", &self.expr)
            .append_pair("partial_response", "false");
        if let Some(at) = self.at {
            form.append_pair("time", &seconds(at));
        }
        if let Some((from, to, step)) = &self.range {
            form.append_pair("start", &seconds(*from))
                .append_pair("end", &seconds(*to))
                .append_pair("step", &step.to_string());
        }
        if let Some(timeout) = &self.timeout {
            form.append_pair("timeout", &timeout.to_string());
        }
        form.finish()
    }
}

fn seconds(at: Timestamp) -> String {
    format!("{}", at.as_millisecond() as f64 / 1_000.0)
}

/// What a query found.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The series; one without labels for a scalar.
    pub series: Vec<Series>,
    /// What the server says may be missing: empty, unless it was asked for ([`read_with_warnings`]).
    pub warnings: Vec<String>,
}

impl Answer {
    /// The last value by the value of one label; series without it, and those without samples, are left out.
    pub fn by_label(&self, label: &str) -> BTreeMap<&str, f64> {
        let series = self.series.iter();
        series
            .filter_map(|series| Some((series.labels.get(label)?.as_str(), series.last()?)))
            .collect()
    }
}

/// A series of an answer.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// Its labels, the metric's name as `__name__`.
    pub labels: BTreeMap<String, String>,
    /// Its samples, in the order of time: seconds since 1970, and the value.
    pub samples: Vec<(f64, f64)>,
}

impl Series {
    /// The last value.
    pub fn last(&self) -> Option<f64> {
        self.samples.last().map(|(_, value)| *value)
    }
}

/// Why there is no answer to rely on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The server refuses, or fails.
    #[error("the server answers {status} ({kind}): {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The kind, in Prometheus' words: `bad_data`, `timeout`, `execution`.
        kind: String,
        /// What is wrong.
        message: String,
    },
    /// The answer may be a part only.
    #[error("the answer is incomplete: {}; what is missing cannot be told from what is well", warnings.join("; "))]
    Incomplete {
        /// What the server says.
        warnings: Vec<String>,
    },
    /// The answer is none of Prometheus'.
    #[error("the answer to the query is not Prometheus' JSON: {problem} (HTTP status {status})")]
    NotPrometheus {
        /// The HTTP status.
        status: u16,
        /// Where it is not.
        problem: String,
    },
}

/// Reads an answer; one with warnings is an error.
///
/// # Errors
/// As [`QueryError`] says.
pub fn read(status: u16, body: &[u8]) -> Result<Answer, QueryError> {
    let answer = read_with_warnings(status, body)?;
    if answer.warnings.is_empty() {
        Ok(answer)
    } else {
        Err(QueryError::Incomplete {
            warnings: answer.warnings,
        })
    }
}

/// Reads an answer, and what the server warns of.
///
/// # Errors
/// As [`QueryError`] says, warnings aside.
pub fn read_with_warnings(status: u16, body: &[u8]) -> Result<Answer, QueryError> {
    let strange = |problem: String| QueryError::NotPrometheus { status, problem };
    let wire: Wire = serde_json::from_slice(body).map_err(|error| strange(error.to_string()))?;
    if wire.status != "success" {
        return Err(QueryError::Refused {
            status,
            kind: wire.error_type,
            message: wire.error,
        });
    }
    let data = wire
        .data
        .ok_or_else(|| strange("there is no `data`".to_owned()))?;
    let series = match data.result_type.as_str() {
        "scalar" => vec![Series {
            samples: vec![sample(&data.result).map_err(strange)?],
            labels: BTreeMap::new(),
        }],
        "vector" | "matrix" => {
            let list: Vec<WireSeries> =
                serde_json::from_value(data.result).map_err(|error| strange(error.to_string()))?;
            list.into_iter()
                .map(WireSeries::read)
                .collect::<Result<_, _>>()
                .map_err(strange)?
        }
        other => return Err(strange(format!("a result of the type `{other}`"))),
    };
    Ok(Answer {
        series,
        warnings: wire.warnings,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    status: String,
    #[serde(default)]
    data: Option<WireData>,
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireData {
    result_type: String,
    result: Value,
}

#[derive(Deserialize)]
struct WireSeries {
    metric: BTreeMap<String, String>,
    #[serde(default)]
    value: Option<Value>,
    #[serde(default)]
    values: Vec<Value>,
}

impl WireSeries {
    fn read(self) -> Result<Series, String> {
        let samples = self.values.iter().chain(&self.value).map(sample);
        Ok(Series {
            samples: samples.collect::<Result<_, _>>()?,
            labels: self.metric,
        })
    }
}

/// `[1780315200.123, "3"]`: the value is a text, since JSON has no NaN.
fn sample(value: &Value) -> Result<(f64, f64), String> {
    let wrong = || format!("a sample `{value}`");
    let at = value.get(0).and_then(Value::as_f64).ok_or_else(wrong)?;
    let number = value.get(1).and_then(Value::as_str).ok_or_else(wrong)?;
    let number = match number {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        other => other.parse().map_err(|_| wrong())?,
    };
    Ok((at, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_an_error() {
        let refused = read(
            400,
            br#"{"status":"error","errorType":"bad_data","error":"1:3: parse error"}"#,
        );
        assert_eq!(
            refused.unwrap_err().to_string(),
            "the server answers 400 (bad_data): 1:3: parse error"
        );
        for body in [
            "",
            "<html>",
            r#"{"status":"success"}"#,
            r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#,
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"x"]}]}}"#,
        ] {
            assert!(
                matches!(read(502, body.as_bytes()), Err(QueryError::NotPrometheus { .. })),
                "{body}"
            );
        }
    }

    #[test]
    fn every_kind_of_result() {
        let read = |kind: &str, result: &str| {
            let body =
                format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#);
            read(200, body.as_bytes()).unwrap()
        };
        assert_eq!(
            read("scalar", r#"[1.5,"+Inf"]"#).series[0].samples,
            [(1.5, f64::INFINITY)]
        );
        let matrix = read("matrix", r#"[{"metric":{"a":"b"},"values":[[1,"1"],[2,"NaN"]]}]"#);
        assert!(matrix.series[0].last().unwrap().is_nan());
        assert!(read("vector", "[]").series.is_empty());
        let vector = read(
            "vector",
            r#"[{"metric":{"a":"b"},"value":[1,"-Inf"]},{"metric":{},"value":[1,"2"]}]"#,
        );
        assert_eq!(vector.by_label("a"), [("b", f64::NEG_INFINITY)].into());
    }
}
