//! SLO gates on Prometheus or Thanos.
//!
//! [`SloGate`] judges a cluster by an [`Slo`] and what [`Prometheus`] counts of its requests, in windows that never reach back
//! before the cluster's upgrade. What is not a whole answer is none: no series, a stale one, several where one was
//! expected, a warning, a partial response, an error. None of these ever lets a run go on.
//!
//! ```
//! use std::sync::Arc;
//!
//! use fleet_upgrade::adapters::{Prometheus, SloGate};
//! use fleet_upgrade::slo::Slo;
//!
//! let prometheus = Prometheus::new("http://prometheus.monitoring:9090")?
//!     .requests(r#"sum(increase(http_requests_total{cluster="$cluster"}[$window]))"#)
//!     .errors(r#"sum(increase(http_requests_total{cluster="$cluster",code=~"5.."}[$window]))
//!         or 0 * sum(increase(http_requests_total{cluster="$cluster",code!=""}[$window]))"#)
//!     .newest(r#"max(timestamp(http_requests_total{cluster="$cluster"}))"#);
//! let gate = SloGate::new(Slo::new("99.9%".parse()?, "30d".parse()?)?, prometheus);
//! # let _ = gate;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use fleet_core::ClusterName;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;

use super::fetch::{self, BaseUrlError, Fetch, HttpFetch};
use crate::ports::{BoxError, GateLook, HealthGate, Verdict};
use crate::slo::{Missing, Reading, Requests, Slo, SloVerdict, Window};

/// Counts a cluster's requests by queries to Prometheus, Thanos or whatever speaks their query API.
///
/// In the queries `$cluster` stands for the cluster's name and `$window` for the window's length in seconds (`300s`). Each
/// must give one number. An errors query that gives nothing is no data, not no error. Where there is no series of errors before the
/// first one, let it fall back to zero by what must be there for it to mean something, as the default does by the label `code`; an
/// `or vector(0)` gives zero also where the label has another name.
#[derive(Clone)]
pub struct Prometheus {
    base: String,
    fetch: Arc<dyn Fetch>,
    token: Option<SecretString>,
    requests: String,
    errors: String,
    newest: Option<String>,
    max_age: SignedDuration,
}

/// No error where there are requests that have a code, and none of them failed.
const ERRORS: &str = r#"sum(increase(http_requests_total{cluster="$cluster",code=~"5.."}[$window])) or 0 * sum(increase(http_requests_total{cluster="$cluster",code!=""}[$window]))"#;

impl std::fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prometheus")
            .field("base", &self.base)
            .field("requests", &self.requests)
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}

impl Prometheus {
    /// The query API at this URL, over plain HTTP, with the queries for `http_requests_total`.
    ///
    /// # Errors
    ///
    /// A text that is no URL with a host.
    pub fn new(base: &str) -> Result<Self, BaseUrlError> {
        let example = "http://prometheus.monitoring:9090";
        if fetch::url(base, example)?.query().is_some() {
            return Err(BaseUrlError {
                found: base.to_owned(),
                example,
            });
        }
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            fetch: Arc::new(HttpFetch::default()),
            token: None,
            requests: r#"sum(increase(http_requests_total{cluster="$cluster"}[$window]))"#.to_owned(),
            errors: ERRORS.to_owned(),
            newest: Some(r#"max(timestamp(http_requests_total{cluster="$cluster"}))"#.to_owned()),
            max_age: SignedDuration::from_mins(5),
        })
    }

    /// Fetches by this.
    pub fn fetch(mut self, fetch: impl Fetch + 'static) -> Self {
        self.fetch = Arc::new(fetch);
        self
    }

    /// Shows this token.
    pub fn bearer(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Counts all requests by this query.
    pub fn requests(mut self, query: impl Into<String>) -> Self {
        self.requests = query.into();
        self
    }

    /// Counts the failed ones by this query.
    pub fn errors(mut self, query: impl Into<String>) -> Self {
        self.errors = query.into();
        self
    }

    /// Asks for the newest sample's time by this query.
    pub fn newest(mut self, query: impl Into<String>) -> Self {
        self.newest = Some(query.into());
        self
    }

    /// Samples may be so old. Default: five minutes.
    pub fn max_age(mut self, age: SignedDuration) -> Self {
        self.max_age = age;
        self
    }

    /// The requests of a cluster in a window.
    pub async fn read(&self, cluster: &ClusterName, window: &Window) -> Reading {
        match self.count(cluster, window).await {
            Ok(requests) => Reading::Requests(requests),
            Err(missing) => Reading::Missing(missing),
        }
    }

    async fn count(&self, cluster: &ClusterName, window: &Window) -> Result<Requests, Missing> {
        let seconds = window.length().as_secs().max(1);
        let of = |query: &str| {
            query
                .replace("$cluster", cluster.as_str())
                .replace("$window", &format!("{seconds}s"))
        };
        if let Some(newest) = &self.newest {
            let newest = self.number(&of(newest), window.to).await?;
            let age = window.to.as_second() as f64 - newest;
            if age > self.max_age.as_secs_f64() {
                // A time before 1970 is no time.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let age_seconds = age.clamp(0.0, 1e15) as u64;
                return Err(Missing::Stale { age_seconds });
            }
        }
        let total = self.number(&of(&self.requests), window.to).await?;
        let errors = self.number(&of(&self.errors), window.to).await?;
        Ok(Requests::new(errors, total))
    }

    /// The one number that a query gives.
    async fn number(&self, query: &str, at: Timestamp) -> Result<f64, Missing> {
        let sample = match self.ask(query, at).await? {
            Data::Scalar { result } => result,
            Data::Vector { result } => {
                let mut samples = result.into_iter();
                match (samples.next(), samples.next()) {
                    (None, _) => return Err(Missing::NoData),
                    (Some(sample), None) => sample.value,
                    (Some(_), Some(_)) => {
                        return Err(unavailable(format!(
                            "several series where one was expected: {query}"
                        )));
                    }
                }
            }
            Data::Other => return Err(unavailable(format!("not a number: {query}"))),
        };
        let number = value(&sample)?;
        if number.is_finite() {
            Ok(number)
        } else {
            Err(Missing::NoData)
        }
    }

    /// The numbers that a query gives, by a label. What has no such label, or is no number, is left out.
    pub(super) async fn by_label(
        &self,
        query: &str,
        label: &str,
        at: Timestamp,
    ) -> Result<BTreeMap<String, f64>, Missing> {
        let Data::Vector { result } = self.ask(query, at).await? else {
            return Err(unavailable(format!("not one number for each {label}: {query}")));
        };
        let mut numbers = BTreeMap::new();
        for mut sample in result {
            let Some(of) = sample.metric.remove(label) else {
                continue;
            };
            let number = value(&sample.value)?;
            if number.is_finite() && numbers.insert(of, number).is_some() {
                return Err(unavailable(format!(
                    "several series of one {label} where one was expected: {query}"
                )));
            }
        }
        Ok(numbers)
    }

    async fn ask(&self, query: &str, at: Timestamp) -> Result<Data, Missing> {
        // Thanos leaves out what does not answer unless it is told not to; Prometheus knows nothing of it.
        let parameters = form_urlencoded::Serializer::new(String::new())
            .append_pair("query", query)
            .append_pair("time", &at.as_second().to_string())
            .append_pair("partial_response", "false")
            .finish();
        let url = format!("{}/api/v1/query?{parameters}", self.base);
        let (status, body) = self
            .fetch
            .get(&url, self.token.as_ref())
            .await
            .map_err(|error| unavailable(error.to_string()))?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| unavailable(format!("status {status}, and no answer in JSON")))?;
        if answer.status != "success" || status != 200 {
            return Err(unavailable(
                answer.error.unwrap_or_else(|| format!("status {status}")),
            ));
        }
        if let Some(warning) = answer.warnings.into_iter().next() {
            return Err(Missing::Partial { warning });
        }
        answer
            .data
            .ok_or_else(|| unavailable(format!("not a number: {query}")))
    }
}

fn unavailable(reason: String) -> Missing {
    Missing::Unavailable { reason }
}

fn value(sample: &(f64, String)) -> Result<f64, Missing> {
    let number = sample.1.parse();
    number.map_err(|_| unavailable(format!("not a number: {}", sample.1)))
}

/// What the query API answers.
#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    data: Option<Data>,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", rename_all = "camelCase")]
enum Data {
    Vector {
        result: Vec<Sample>,
    },
    Scalar {
        result: (f64, String),
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

/// A [`HealthGate`] by burn rates: the cluster passes while no rule of the SLO is broken and every rule has enough requests.
///
/// A cluster that is not upgraded yet is judged by full windows: one that burns already is not started.
#[derive(Debug, Clone)]
pub struct SloGate {
    slo: Slo,
    prometheus: Prometheus,
}

impl SloGate {
    /// Judges by this SLO what Prometheus counts.
    pub fn new(slo: Slo, prometheus: Prometheus) -> Self {
        Self { slo, prometheus }
    }

    /// What the burn rates say of a cluster that was upgraded then; before its upgrade: long ago.
    pub async fn judge(
        &self,
        cluster: &ClusterName,
        upgraded: Option<Timestamp>,
        now: Timestamp,
    ) -> SloVerdict {
        let upgraded = upgraded.unwrap_or(Timestamp::MIN);
        let mut readings: BTreeMap<(Timestamp, Timestamp), Reading> = BTreeMap::new();
        for window in self.slo.rules().flat_map(|rule| rule.windows(upgraded, now)) {
            let key = (window.from, window.to);
            if !window.is_empty() && !readings.contains_key(&key) {
                readings.insert(key, self.prometheus.read(cluster, &window).await);
            }
        }
        self.slo.judge(upgraded, now, |window| {
            let known = readings.get(&(window.from, window.to)).cloned();
            known.unwrap_or(Reading::Missing(Missing::NoData))
        })
    }
}

#[async_trait]
impl HealthGate for SloGate {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        Ok(match self.judge(cluster, look.upgraded, look.now).await {
            SloVerdict::Pass => Verdict::Pass,
            SloVerdict::Fail(burn) => Verdict::Fail {
                reason: burn.to_string(),
            },
            SloVerdict::Inconclusive(_) => Verdict::Inconclusive,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers every query with the first of these that fits.
    struct Told(Mutex<Vec<(&'static str, u16, String)>>);

    #[async_trait]
    impl Fetch for Told {
        async fn get(&self, url: &str, _: Option<&SecretString>) -> Result<(u16, Vec<u8>), BoxError> {
            assert!(url.contains("partial_response=false"), "{url}");
            let answers = self.0.lock().unwrap();
            let found = answers
                .iter()
                .find(|(part, ..)| url.contains(part))
                .ok_or("no answer")?;
            Ok((found.1, found.2.clone().into_bytes()))
        }
    }

    fn vector(value: &str) -> String {
        format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[1,"{value}"]}}]}}}}"#
        )
    }

    async fn reading(answers: Vec<(&'static str, u16, String)>) -> Reading {
        let prometheus = Prometheus::new("http://prometheus:9090")
            .unwrap()
            .requests("all{cluster=\"$cluster\"}[$window]")
            .errors("bad{cluster=\"$cluster\"}[$window]")
            .newest("newest")
            .fetch(Told(Mutex::new(answers)));
        let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let slo = Slo::new("99.9%".parse().unwrap(), "30d".parse().unwrap()).unwrap();
        let window = slo.rules().next().unwrap().windows(Timestamp::MIN, now)[0];
        prometheus.read(&"eu".parse().unwrap(), &window).await
    }

    fn fresh() -> (&'static str, u16, String) {
        ("newest", 200, vector("1772438400"))
    }

    #[tokio::test]
    async fn whole_answers_are_counted() {
        let answers = vec![fresh(), ("all", 200, vector("1000")), ("bad", 200, vector("3"))];
        assert_eq!(
            reading(answers).await,
            Reading::Requests(Requests::new(3.0, 1000.0))
        );
    }

    #[tokio::test]
    async fn what_is_not_a_whole_answer_is_none() {
        let empty = || r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#.to_owned();
        let warned = || vector("1000").replacen('{', r#"{"warnings":["store eu did not answer"],"#, 1);
        let several = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]},{"metric":{},"value":[1,"2"]}]}}"#;
        let error = r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#;
        let missing = |reading: Reading| match reading {
            Reading::Missing(missing) => missing,
            Reading::Requests(requests) => panic!("{requests:?}"),
        };
        assert_eq!(
            missing(reading(vec![fresh(), ("all", 200, empty())]).await),
            Missing::NoData
        );
        let no_errors = vec![fresh(), ("all", 200, vector("1000")), ("bad", 200, empty())];
        assert_eq!(
            missing(reading(no_errors).await),
            Missing::NoData,
            "no series is not no error"
        );
        assert_eq!(
            missing(reading(vec![fresh(), ("all", 200, vector("NaN"))]).await),
            Missing::NoData
        );
        assert!(matches!(
            missing(reading(vec![fresh(), ("all", 200, warned())]).await),
            Missing::Partial { .. }
        ));
        let old = vec![("newest", 200, vector("1772430000"))];
        assert_eq!(missing(reading(old).await), Missing::Stale { age_seconds: 8400 });
        for (status, body) in [
            (200, several),
            (503, error),
            (200, error),
            (200, "<html>"),
            (200, "{}"),
        ] {
            let answer = missing(reading(vec![fresh(), ("all", status, body.to_owned())]).await);
            assert!(
                matches!(answer, Missing::Unavailable { .. }),
                "{body}: {answer:?}"
            );
        }
        assert!(matches!(
            missing(reading(Vec::new()).await),
            Missing::Unavailable { .. }
        ));
    }

    #[test]
    fn a_base_is_a_url_with_a_host() {
        for wrong in ["", "prometheus:9090", "/api", "http://", "http://p/?a=b"] {
            assert!(Prometheus::new(wrong).is_err(), "{wrong}");
        }
    }
}
