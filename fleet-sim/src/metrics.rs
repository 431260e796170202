//! A simulated Prometheus that counts the requests of clusters, and burns their error budgets on command.
//!
//! [`Metrics`] stands for the query API (`/api/v1/query`) of a Prometheus with one counter, `http_requests_total`, for each
//! cluster. It answers what asks for an increase in a window or for the time of the newest sample, as burn-rate gates do;
//! it is no engine for PromQL. It needs no socket and no time of its own: whoever fetches URLs hands them over.
//!
//! ```
//! use fleet_sim::metrics::Metrics;
//! use jiff::{SignedDuration, Timestamp};
//!
//! let upgraded: Timestamp = "2026-03-02T08:00:00Z".parse()?;
//! // One request in ten fails from then on, for two hours.
//! let metrics = Metrics::default()
//!     .requests_per_second(20.0)
//!     .burns("eu", upgraded, upgraded + SignedDuration::from_hours(2), 0.1);
//!
//! let query = r#"sum(increase(http_requests_total{cluster="eu",code=~"5.."}[3600s]))"#;
//! assert_eq!(metrics.value(query, upgraded + SignedDuration::from_hours(1)), Some(7_200.0));
//! assert_eq!(metrics.value(query, upgraded), Some(0.0));
//!
//! let (status, body) = metrics.answer("http://prometheus:9090/api/v1/query?query=up", upgraded);
//! assert_eq!((status, body.contains("parse error")), (400, true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// The simulated Prometheus: what it counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests_per_second: f64,
    burns: Vec<Burn>,
    silences: Vec<Silence>,
}

/// A share of a cluster's requests that fail for a while.
#[derive(Debug, Clone)]
struct Burn {
    cluster: String,
    from: Timestamp,
    until: Timestamp,
    share: f64,
}

/// No sample of a cluster arrives from then on.
#[derive(Debug, Clone)]
struct Silence {
    cluster: String,
    from: Timestamp,
}

impl Default for Metrics {
    /// Every cluster has 50 requests a second, and none of them fails.
    fn default() -> Self {
        Self {
            requests_per_second: 50.0,
            burns: Vec::new(),
            silences: Vec::new(),
        }
    }
}

impl Metrics {
    /// How many requests each cluster gets. Default 50.
    pub fn requests_per_second(mut self, rate: f64) -> Self {
        self.requests_per_second = rate;
        self
    }

    /// Lets this share (0 to 1) of a cluster's requests fail between two instants. Those that overlap add up, to 1 at most.
    pub fn burns(
        mut self,
        cluster: impl Into<String>,
        from: Timestamp,
        until: Timestamp,
        share: f64,
    ) -> Self {
        self.burns.push(Burn {
            cluster: cluster.into(),
            from,
            until,
            share,
        });
        self
    }

    /// Lets no sample of a cluster arrive from this instant on: what is asked gets older and older answers, then none.
    pub fn falls_silent(mut self, cluster: impl Into<String>, from: Timestamp) -> Self {
        self.silences.push(Silence {
            cluster: cluster.into(),
            from,
        });
        self
    }

    /// What a query gives at an instant; `None` is no series.
    ///
    /// Understood are a matcher `cluster="NAME"`, a window `[DURATION]` in one of s, m, h or d, a matcher of codes that
    /// begin with 5 (what failed), and `timestamp(` (when the newest sample was taken, in seconds).
    pub fn value(&self, query: &str, at: Timestamp) -> Option<f64> {
        let cluster = between(query, "cluster=\"", "\"")?;
        let newest = self
            .silences
            .iter()
            .filter(|silence| silence.cluster == cluster)
            .map(|silence| silence.from)
            .chain([at])
            .min()?;
        if query.contains("timestamp(") {
            return Some(newest.as_second() as f64);
        }
        let from = at.checked_sub(window(between(query, "[", "]")?)?).ok()?;
        if newest <= from {
            return None;
        }
        let failed = ["code=~\"5", "status=~\"5", "status_code=~\"5"]
            .iter()
            .any(|matcher| query.contains(matcher));
        let counted = if failed {
            self.failed(cluster, from, newest)
        } else {
            newest.duration_since(from).as_secs_f64()
        };
        Some(counted * self.requests_per_second)
    }

    /// What the query API answers to a GET of this URL (or its path and query): a status and a body in JSON. `now` counts
    /// where the URL names no `time`.
    pub fn answer(&self, url: &str, now: Timestamp) -> (u16, String) {
        let (path, parameters) = url.split_once('?').unwrap_or((url, ""));
        let parameter = |name: &str| -> Option<Cow<'_, str>> {
            form_urlencoded::parse(parameters.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        let refused = |status: u16, error: &str| {
            let body = json!({"status": "error", "errorType": "bad_data", "error": error});
            (status, body.to_string())
        };
        if !path.ends_with("/api/v1/query") {
            return refused(404, "not found: only /api/v1/query is simulated");
        }
        let Some(query) = parameter("query") else {
            return refused(400, "invalid parameter \"query\": unknown position: parse error");
        };
        if between(&query, "cluster=\"", "\"").is_none() {
            let error =
                "invalid parameter \"query\": parse error: the simulation needs a matcher cluster=\"NAME\"";
            return refused(400, error);
        }
        let at = parameter("time")
            .and_then(|time| time.parse::<f64>().ok())
            .and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
            .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok())
            .unwrap_or(now);
        let samples: Vec<_> = self
            .value(&query, at)
            .into_iter()
            .map(|value| json!({"metric": {}, "value": [at.as_second(), value.to_string()]}))
            .collect();
        let body = json!({"status": "success", "data": {"resultType": "vector", "result": samples}});
        (200, body.to_string())
    }

    /// How many whole seconds' worth of requests failed.
    fn failed(&self, cluster: &str, from: Timestamp, until: Timestamp) -> f64 {
        let burns: Vec<&Burn> = self.burns.iter().filter(|burn| burn.cluster == cluster).collect();
        // Between two of these instants the share does not change.
        let mut instants: Vec<Timestamp> = burns
            .iter()
            .flat_map(|burn| [burn.from, burn.until])
            .filter(|at| (from..until).contains(at))
            .chain([from, until])
            .collect();
        instants.sort_unstable();
        instants
            .windows(2)
            .map(|pair| {
                let share: f64 = burns
                    .iter()
                    .filter(|burn| burn.from <= pair[0] && pair[0] < burn.until)
                    .map(|burn| burn.share)
                    .sum();
                pair[1].duration_since(pair[0]).as_secs_f64() * share.clamp(0.0, 1.0)
            })
            .sum()
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let rest = text.split_once(start)?.1;
    Some(rest.split_once(end)?.0)
}

/// One of Prometheus' durations with one unit: `300s`, `5m`.
fn window(text: &str) -> Option<SignedDuration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number: i64 = text.get(..text.len() - 1)?.parse().ok()?;
    Some(SignedDuration::from_secs(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str = r#"sum(increase(http_requests_total{cluster="eu",code=~"5.."}[1h])) or vector(0)"#;
    const ALL: &str = r#"sum(increase(http_requests_total{cluster="eu"}[1h]))"#;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_burns_in_the_window_counts() {
        let (from, until) = (at("2026-03-01T08:00:00Z"), at("2026-03-01T08:30:00Z"));
        let metrics = Metrics::default()
            .requests_per_second(10.0)
            .burns("eu", from, until, 0.5)
            .burns("us", from, until, 1.0);
        assert_eq!(metrics.value(ALL, at("2026-03-01T09:00:00Z")), Some(36_000.0));
        assert_eq!(metrics.value(FAILED, at("2026-03-01T08:10:00Z")), Some(3_000.0));
        assert_eq!(metrics.value(FAILED, at("2026-03-01T09:00:00Z")), Some(9_000.0));
        assert_eq!(metrics.value(FAILED, at("2026-03-01T09:20:00Z")), Some(3_000.0));
        assert_eq!(metrics.value(FAILED, at("2026-03-01T10:00:00Z")), Some(0.0));
    }

    #[test]
    fn what_falls_silent_grows_old_and_ends() {
        let metrics = Metrics::default().falls_silent("eu", at("2026-03-01T08:00:00Z"));
        let newest = r#"max(timestamp(http_requests_total{cluster="eu"}))"#;
        let later = at("2026-03-01T08:20:00Z");
        assert_eq!(
            metrics.value(newest, later),
            Some(at("2026-03-01T08:00:00Z").as_second() as f64)
        );
        assert_eq!(metrics.value(ALL, later), Some(50.0 * 40.0 * 60.0));
        assert_eq!(metrics.value(ALL, at("2026-03-01T09:00:00Z")), None);
    }

    #[test]
    fn answers_are_prometheus_own() {
        let metrics = Metrics::default();
        let url = "http://p:9090/api/v1/query?query=increase(x%7Bcluster%3D%22eu%22%7D%5B10s%5D)&time=1772352000&partial_response=false";
        let (status, body) = metrics.answer(url, Timestamp::UNIX_EPOCH);
        assert_eq!(status, 200);
        assert_eq!(
            body,
            r#"{"data":{"result":[{"metric":{},"value":[1772352000,"500"]}],"resultType":"vector"},"status":"success"}"#
        );
        assert_eq!(metrics.answer("/metrics", Timestamp::UNIX_EPOCH).0, 404);
    }
}
