//! The upgraded clusters of a run against those that it has not begun, on Prometheus or Thanos.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fleet_core::{ClusterName, HumanDuration};
use jiff::{SignedDuration, Timestamp};

use super::Prometheus;
use crate::ports::cohorts::{Cohorts, CohortsId};
use crate::ports::{BoxError, GateLook, HealthGate, Verdict};
use crate::slo::{Comparison, Missing, Requests, Sensitivity};

/// A [`HealthGate`] that fails the run's upgraded clusters when they err more than those that it has not begun.
///
/// Since the first upgrade, block by block, it counts what the [`Cohorts`] of the run did in the same stretch of time and bets on
/// the difference ([`Comparison`]): it may be asked at any time and as often as one likes, over any soak, and raises a false
/// alarm with no more than the probability of its [`Sensitivity`]. What makes every cluster err alike, such as a payment provider that
/// is down, is no alarm; what a burn rate is too coarse to see in one cluster is seen in many. It comes beside a
/// [`SloGate`](super::SloGate), which is the hard stop, and judges each cluster by itself.
///
/// An alarm is laid at the door of the upgraded cluster that errs most: it fails, the others pass, nothing starts. When that
/// cluster has left the cohort, the comparison begins anew. Where an upgraded cluster tells nothing, or both sides together had too
/// few requests, the verdict is inconclusive; so it is while the control tells nothing. With no cluster left to
/// compare with, nothing is compared.
///
/// After a restart the blocks since the first upgrade are counted again, in at most 288 steps.
///
/// ```
/// use fleet_upgrade::adapters::{CohortGate, Prometheus};
/// use fleet_upgrade::slo::Sensitivity;
///
/// // More than twice the errors of the others, with a false alarm in one run of a hundred.
/// let sensitivity = Sensitivity::new("1%".parse()?, 2.0)?;
/// let gate = CohortGate::new(sensitivity, Prometheus::new("http://thanos.monitoring:9090")?);
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CohortGate {
    prometheus: Prometheus,
    sensitivity: Sensitivity,
    requests: String,
    errors: String,
    label: String,
    block: SignedDuration,
    min_requests: f64,
    /// The comparison of each run that is at work.
    tests: Arc<Mutex<Vec<(CohortsId, SharedTest)>>>,
}

type SharedTest = Arc<tokio::sync::Mutex<Test>>;

/// The most blocks that are counted to catch up.
const MOST_BLOCKS: i32 = 288;

/// No error where there are requests that have a code, and none of them failed.
const ERRORS: &str = r#"sum by (cluster) (increase(http_requests_total{code=~"5.."}[$window])) or 0 * sum by (cluster) (increase(http_requests_total{code!=""}[$window]))"#;

impl CohortGate {
    /// Compares by this, with the queries for `http_requests_total`, in blocks of five minutes, from 1,000 requests on each
    /// side on.
    pub fn new(sensitivity: Sensitivity, prometheus: Prometheus) -> Self {
        Self {
            prometheus,
            sensitivity,
            requests: "sum by (cluster) (increase(http_requests_total[$window]))".to_owned(),
            errors: ERRORS.to_owned(),
            label: "cluster".to_owned(),
            block: SignedDuration::from_mins(5),
            min_requests: 1_000.0,
            tests: Arc::default(),
        }
    }

    /// Counts requests by this query: one number for each cluster, `$window` stands for the block's length.
    pub fn requests(mut self, query: impl Into<String>) -> Self {
        self.requests = query.into();
        self
    }

    /// Counts the failed ones by this query. A cluster that it leaves out has told nothing.
    pub fn errors(mut self, query: impl Into<String>) -> Self {
        self.errors = query.into();
        self
    }

    /// The label of the answers that names the cluster. Default: `cluster`.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Compares in blocks of this length, and of a second at least.
    pub fn block(mut self, length: HumanDuration) -> Self {
        self.block = length.as_signed().max(SignedDuration::from_secs(1));
        self
    }

    /// Says nothing before each side had so many requests.
    pub fn min_requests(mut self, requests: u32) -> Self {
        self.min_requests = f64::from(requests);
        self
    }

    fn test_of(&self, cohorts: &Cohorts) -> SharedTest {
        let mut tests = self.tests.lock().unwrap_or_else(PoisonError::into_inner);
        tests.retain(|(id, _)| !id.is_gone());
        if let Some((_, test)) = tests.iter().find(|(id, _)| id.is_of(cohorts)) {
            return Arc::clone(test);
        }
        let test = SharedTest::new(tokio::sync::Mutex::new(Test::new(&self.sensitivity)));
        tests.push((cohorts.identity(), Arc::clone(&test)));
        test
    }

    /// Counts the blocks that have passed.
    async fn catch_up(&self, test: &mut Test, cohorts: &Cohorts, now: Timestamp) {
        let Some(first) = cohorts.first_upgrade() else {
            return;
        };
        // What a clock that was ahead has counted is counted again when it is time.
        let from = test.until.unwrap_or(first).min(now);
        let block = self.block.max(now.duration_since(from) / MOST_BLOCKS);
        let mut from = from;
        while let Ok(to) = from.checked_add(block)
            && to <= now
        {
            let (upgraded, control) = (cohorts.upgraded(from), cohorts.control(to));
            if !upgraded.is_empty() && !control.is_empty() {
                test.missing = match self.count(to, block).await {
                    Ok(counted) => test.compare(&counted, &upgraded, &control).err(),
                    Err(missing) => Some(missing),
                };
            }
            test.until = Some(to);
            from = to;
        }
    }

    /// What each cluster did in a block.
    async fn count(
        &self,
        to: Timestamp,
        block: SignedDuration,
    ) -> Result<BTreeMap<String, Requests>, Missing> {
        let window = format!("{}s", block.as_secs().max(1));
        let of = |query: &str| query.replace("$window", &window);
        let totals = self
            .prometheus
            .by_label(&of(&self.requests), &self.label, to)
            .await?;
        let errors = self
            .prometheus
            .by_label(&of(&self.errors), &self.label, to)
            .await?;
        let known = totals.into_iter().filter_map(|(cluster, total)| {
            let errors = errors.get(&cluster)?;
            Some((cluster, Requests::new(*errors, total)))
        });
        Ok(known.collect())
    }
}

/// One run's comparison so far.
#[derive(Debug)]
struct Test {
    comparison: Comparison,
    /// Blocks are counted up to here.
    until: Option<Timestamp>,
    /// Why the last block could not be counted.
    missing: Option<Missing>,
    /// What each upgraded cluster did, since the comparison began.
    each: BTreeMap<ClusterName, Requests>,
    blamed: Option<ClusterName>,
}

impl Test {
    fn new(sensitivity: &Sensitivity) -> Self {
        Self {
            comparison: Comparison::new(sensitivity.clone()),
            until: None,
            missing: None,
            each: BTreeMap::new(),
            blamed: None,
        }
    }

    /// Takes in a block.
    fn compare(
        &mut self,
        counted: &BTreeMap<String, Requests>,
        upgraded: &[ClusterName],
        control: &[ClusterName],
    ) -> Result<(), Missing> {
        let of = |name: &ClusterName| counted.get(name.as_str()).copied();
        let each: Vec<_> = upgraded
            .iter()
            .map(|name| Some((name.clone(), of(name)?)))
            .collect();
        // Without one of them the cohort would look better than it is.
        let each = each
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .ok_or(Missing::NoData)?;
        let control: Vec<_> = control.iter().filter_map(of).collect();
        if control.is_empty() {
            return Err(Missing::NoData);
        }
        let upgraded = each.iter().map(|(_, requests)| *requests).sum();
        self.comparison.observe(upgraded, control.into_iter().sum());
        for (name, requests) in each {
            let known = self.each.entry(name).or_default();
            *known = *known + requests;
        }
        Ok(())
    }

    /// The upgraded cluster that errs most.
    fn worst(&self, upgraded: &[ClusterName]) -> Option<ClusterName> {
        let ratio = |name: &&ClusterName| {
            let requests = self.each.get(*name);
            requests
                .and_then(|requests| requests.error_ratio())
                .unwrap_or(0.0)
        };
        let worst = upgraded.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        worst.cloned()
    }

    fn verdict(&mut self, cluster: &ClusterName, cohorts: &Cohorts, least: f64, now: Timestamp) -> Verdict {
        let has_left = |blamed: &ClusterName| !cohorts.is_upgraded(blamed, now);
        if self.blamed.as_ref().is_some_and(has_left) {
            *self = Self {
                until: self.until,
                ..Self::new(self.comparison.sensitivity())
            };
        }
        let [ours, others] = self.comparison.requests();
        if self.comparison.is_worse() {
            if self.blamed.is_none() {
                self.blamed = self.worst(&cohorts.upgraded(now));
            }
            if self.blamed.as_ref() != Some(cluster) {
                return Verdict::Pass;
            }
            let percent = |requests: Requests| requests.error_ratio().unwrap_or(0.0) * 100.0;
            let own = self.each.get(cluster).copied().unwrap_or_default();
            return Verdict::Fail {
                reason: format!(
                    "the upgraded clusters err more than the others: {:.3}% against {:.3}% of their requests (p < {:.2e}), and \
                     this one most: {:.3}%",
                    percent(ours),
                    percent(others),
                    self.comparison.p_value(),
                    percent(own),
                ),
            };
        }
        if !cohorts.has_control(now) {
            return Verdict::Pass;
        }
        if self.missing.is_some() || ours.total() < least || others.total() < least {
            return Verdict::Inconclusive;
        }
        Verdict::Pass
    }
}

#[async_trait]
impl HealthGate for CohortGate {
    async fn check(&self, cluster: &ClusterName, look: &GateLook) -> Result<Verdict, BoxError> {
        // One that is not upgraded has nothing to answer for, and is what the others are held against.
        if look.upgraded.is_none() {
            return Ok(Verdict::Pass);
        }
        let test = self.test_of(&look.cohorts);
        let mut test = test.lock().await;
        self.catch_up(&mut test, &look.cohorts, look.now).await;
        Ok(test.verdict(cluster, &look.cohorts, self.min_requests, look.now))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use secrecy::SecretString;

    use super::*;
    use crate::adapters::Fetch;

    fn at(hour: i64, minute: i64) -> Timestamp {
        let begin: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
        begin + SignedDuration::from_mins(hour * 60 + minute)
    }

    fn name(text: &str) -> ClusterName {
        text.parse().unwrap()
    }

    /// Every cluster has 1,000 requests a block; how many of them failed is told by cluster and time, and nothing is told
    /// where nothing is known.
    #[derive(Clone)]
    struct Monitored {
        clusters: Vec<&'static str>,
        errors: fn(&str, Timestamp) -> Option<f64>,
        asked: Arc<AtomicUsize>,
    }

    #[async_trait]
    impl Fetch for Monitored {
        async fn get(&self, url: &str, _: Option<&SecretString>) -> Result<(u16, Vec<u8>), BoxError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let (_, query) = url.split_once('?').unwrap();
            let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let at = Timestamp::from_second(query["time"].parse().unwrap()).unwrap();
            let errors = query["query"].contains("5..");
            let samples = self.clusters.iter().filter_map(|cluster| {
                let failed = (self.errors)(cluster, at)?;
                let number = if errors { failed } else { 1_000.0 };
                Some(serde_json::json!({"metric": {"cluster": cluster}, "value": [at.as_second(), number.to_string()]}))
            });
            let samples: Vec<_> = samples.collect();
            let answer =
                serde_json::json!({"status": "success", "data": {"resultType": "vector", "result": samples}});
            Ok((200, answer.to_string().into_bytes()))
        }
    }

    fn gate(errors: fn(&str, Timestamp) -> Option<f64>) -> (CohortGate, Monitored) {
        let monitored = Monitored {
            clusters: vec!["a", "b", "c", "d", "e"],
            errors,
            asked: Arc::default(),
        };
        let prometheus = Prometheus::new("http://prometheus:9090")
            .unwrap()
            .fetch(monitored.clone());
        let sensitivity = Sensitivity::new("1%".parse().unwrap(), 2.0).unwrap();
        (CohortGate::new(sensitivity, prometheus), monitored)
    }

    /// `a` and `b` were upgraded at one and two; `c`, `d`, `e` have not begun.
    fn cohorts() -> Cohorts {
        let upgraded = |text, hour| (name(text), Some(at(hour, -20)), Some(at(hour, 0)));
        let control = ["c", "d", "e"].map(|text| (name(text), None, None));
        Cohorts::new([upgraded("a", 1), upgraded("b", 2)].into_iter().chain(control))
    }

    async fn ask(gate: &CohortGate, cluster: &str, cohorts: &Cohorts, now: Timestamp) -> Verdict {
        let of = cohorts.upgraded(now).contains(&name(cluster)).then_some(now);
        let look = GateLook {
            upgraded: of,
            cohorts: cohorts.clone(),
            ..GateLook::at(now)
        };
        gate.check(&name(cluster), &look).await.unwrap()
    }

    #[tokio::test]
    async fn those_that_err_like_the_others_pass_though_all_err() {
        // An outage for everybody from three to four.
        let (gate, _) = gate(|_, now| {
            Some(if (at(3, 0)..at(4, 0)).contains(&now) {
                400.0
            } else {
                1.0
            })
        });
        let cohorts = cohorts();
        for minute in (0..600).step_by(7) {
            let now = at(2, 10 + minute);
            for cluster in ["a", "b"] {
                assert_eq!(ask(&gate, cluster, &cohorts, now).await, Verdict::Pass, "{now}");
            }
            assert_eq!(
                ask(&gate, "c", &cohorts, now).await,
                Verdict::Pass,
                "it is not upgraded"
            );
        }
    }

    #[tokio::test]
    async fn a_difference_is_laid_at_the_door_of_the_worst() {
        let (gate, _) = gate(|cluster, now| {
            Some(match cluster {
                "b" if now > at(5, 0) => 9.0,
                _ => 1.0,
            })
        });
        let cohorts = cohorts();
        assert_eq!(ask(&gate, "b", &cohorts, at(5, 0)).await, Verdict::Pass);
        let mut now = at(5, 5);
        let reason = loop {
            if let Verdict::Fail { reason } = ask(&gate, "b", &cohorts, now).await {
                break reason;
            }
            now += SignedDuration::from_mins(5);
            assert!(now < at(8, 0), "no alarm in three hours");
        };
        assert!(reason.contains("this one most"), "{reason}");
        assert_eq!(
            ask(&gate, "a", &cohorts, now).await,
            Verdict::Pass,
            "one is to blame"
        );
        // It has failed, and is no longer of the cohort: the comparison begins anew.
        cohorts.set(&name("b"), None);
        assert_eq!(
            ask(&gate, "a", &cohorts, now + SignedDuration::from_mins(1)).await,
            Verdict::Inconclusive
        );
        assert_eq!(
            ask(&gate, "a", &cohorts, now + SignedDuration::from_mins(30)).await,
            Verdict::Pass
        );
    }

    #[tokio::test]
    async fn who_tells_nothing_is_not_taken_for_well() {
        // `a` falls silent from four to five, the control from six to seven.
        let (gate, _) = gate(|cluster, now| {
            let silent = match cluster {
                "a" => at(4, 0)..at(5, 0),
                "b" => at(0, 0)..at(0, 0),
                _ => at(6, 0)..at(7, 0),
            };
            (!silent.contains(&now)).then_some(1.0)
        });
        let cohorts = cohorts();
        for (hour, verdict) in [
            (3, Verdict::Pass),
            (4, Verdict::Inconclusive),
            (5, Verdict::Pass),
            (6, Verdict::Inconclusive),
            (7, Verdict::Pass),
        ] {
            assert_eq!(ask(&gate, "b", &cohorts, at(hour, 30)).await, verdict, "{hour}");
        }
    }

    #[tokio::test]
    async fn too_few_requests_prove_nothing_and_no_control_asks_for_nothing() {
        let (gate, monitored) = gate(|_, _| Some(0.0));
        let gate = gate.min_requests(50_000);
        let cohorts = cohorts();
        assert_eq!(ask(&gate, "a", &cohorts, at(2, 30)).await, Verdict::Inconclusive);
        assert_eq!(ask(&gate, "a", &cohorts, at(6, 0)).await, Verdict::Pass);
        for cluster in ["c", "d", "e"] {
            cohorts.set(&name(cluster), Some((Some(at(6, 0)), None)));
        }
        let asked = monitored.asked.load(Ordering::Relaxed);
        assert_eq!(ask(&gate, "a", &cohorts, at(9, 0)).await, Verdict::Pass);
        assert_eq!(
            monitored.asked.load(Ordering::Relaxed),
            asked,
            "nothing is counted"
        );
    }

    #[tokio::test]
    async fn a_new_process_comes_to_the_same_in_few_steps_and_runs_are_kept_apart() {
        let errors: fn(&str, Timestamp) -> Option<f64> =
            |cluster, _| Some(if cluster == "b" { 40.0 } else { 1.0 });
        let (gate, monitored) = gate(errors);
        let one = cohorts();
        // Ten days later.
        assert!(matches!(
            ask(&gate, "b", &one, at(240, 0)).await,
            Verdict::Fail { .. }
        ));
        let asked = monitored.asked.load(Ordering::Relaxed);
        assert!(asked <= 2 * 289, "{asked}");
        // The same clusters in another run, in which `b` was never upgraded.
        let other = Cohorts::new([
            (name("a"), Some(at(1, 0)), Some(at(1, 20))),
            (name("c"), None, None),
        ]);
        assert_eq!(ask(&gate, "a", &other, at(240, 0)).await, Verdict::Pass);
        drop(one);
        assert_eq!(ask(&gate, "a", &other, at(240, 1)).await, Verdict::Pass);
        assert_eq!(gate.tests.lock().unwrap().len(), 1, "the first is forgotten");
    }
}
