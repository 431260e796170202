//! Judges a cluster by what a web service of the embedder's says.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fleet_core::ClusterName;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use super::fetch::{self, BaseUrlError, Fetch, HttpFetch};
use crate::ports::{BoxError, GateLook, HealthGate, Verdict};

/// A [`HealthGate`] that asks a URL.
///
/// It posts `{"cluster", "now", "started", "upgraded"}` with RFC 3339 times, the last two null before they happen, and expects
/// `{"verdict": "pass" | "fail" | "inconclusive", "reason": "…"}` with status 200. Anything else is no answer, and lets nothing go
/// on.
///
/// ```
/// use fleet_upgrade::adapters::WebhookGate;
///
/// let gate = WebhookGate::new("http://checks.platform:8080/upgrade")?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WebhookGate {
    url: String,
    fetch: Arc<dyn Fetch>,
    token: Option<SecretString>,
}

impl fmt::Debug for WebhookGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookGate")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl WebhookGate {
    /// Asks this URL, over plain HTTP.
    ///
    /// # Errors
    ///
    /// A text that is no URL with a host.
    pub fn new(url: &str) -> Result<Self, BaseUrlError> {
        fetch::url(url, "http://checks.platform:8080/upgrade")?;
        Ok(Self {
            url: url.to_owned(),
            fetch: Arc::new(HttpFetch::default()),
            token: None,
        })
    }

    /// Asks through this.
    pub fn fetch(mut self, fetch: impl Fetch + 'static) -> Self {
        self.fetch = Arc::new(fetch);
        self
    }

    /// Shows this token.
    pub fn bearer(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }
}

#[derive(Deserialize)]
struct Answer {
    verdict: Said,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Said {
    Pass,
    Fail,
    Inconclusive,
}

#[async_trait]
impl HealthGate for WebhookGate {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        let question = json!({
            "cluster": cluster, "now": look.now, "started": look.started, "upgraded": look.upgraded,
        });
        let question = serde_json::to_vec(&question)?;
        let (status, body) = self.fetch.post(&self.url, self.token.as_ref(), question).await?;
        if status != 200 {
            return Err(format!("{} answered with status {status}, expected 200", self.url).into());
        }
        let answer: Answer = serde_json::from_slice(&body)?;
        Ok(match answer.verdict {
            Said::Pass => Verdict::Pass,
            Said::Inconclusive => Verdict::Inconclusive,
            Said::Fail if answer.reason.is_empty() => Verdict::Fail {
                reason: "no reason given".to_owned(),
            },
            Said::Fail => Verdict::Fail {
                reason: answer.reason,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers with this, and keeps what it was asked.
    #[derive(Clone)]
    struct Told(u16, &'static str, Arc<Mutex<Vec<u8>>>);

    #[async_trait]
    impl Fetch for Told {
        async fn get(&self, _: &str, _: Option<&SecretString>) -> Result<(u16, Vec<u8>), BoxError> {
            Err("only posts".into())
        }

        async fn post(
            &self,
            _: &str,
            _: Option<&SecretString>,
            json: Vec<u8>,
        ) -> Result<(u16, Vec<u8>), BoxError> {
            *self.2.lock().unwrap() = json;
            Ok((self.0, self.1.as_bytes().to_vec()))
        }
    }

    async fn asked(status: u16, body: &'static str) -> (Result<Verdict, BoxError>, String) {
        let told = Told(status, body, Arc::default());
        let gate = WebhookGate::new("http://checks/upgrade")
            .unwrap()
            .fetch(told.clone());
        let verdict = gate
            .check(
                &"eu".parse().unwrap(),
                &GateLook::at("2026-03-02T08:00:00Z".parse().unwrap()),
            )
            .await;
        let question = String::from_utf8(told.2.lock().unwrap().clone()).unwrap();
        (verdict, question)
    }

    #[tokio::test]
    async fn it_says_what_the_service_says() {
        let (verdict, question) = asked(200, r#"{"verdict": "pass"}"#).await;
        assert_eq!(verdict.unwrap(), Verdict::Pass);
        assert_eq!(
            question,
            r#"{"cluster":"eu","now":"2026-03-02T08:00:00Z","started":null,"upgraded":null}"#
        );
        let (verdict, _) = asked(200, r#"{"verdict": "fail", "reason": "slow"}"#).await;
        assert_eq!(
            verdict.unwrap(),
            Verdict::Fail {
                reason: "slow".into()
            }
        );
        let (verdict, _) = asked(200, r#"{"verdict": "inconclusive"}"#).await;
        assert_eq!(verdict.unwrap(), Verdict::Inconclusive);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_none() {
        for (status, body) in [
            (500, r#"{"verdict": "pass"}"#),
            (204, ""),
            (200, "{}"),
            (200, r#"{"verdict": "maybe"}"#),
            (200, "<html>"),
        ] {
            assert!(asked(status, body).await.0.is_err(), "{status} {body}");
        }
    }

    #[test]
    fn a_url_has_a_host() {
        for wrong in ["", "checks:8080", "/upgrade", "http://"] {
            assert!(WebhookGate::new(wrong).is_err(), "{wrong}");
        }
    }
}
