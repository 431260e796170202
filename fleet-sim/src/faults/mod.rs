//! Faults on command between a client and its API server, real or embedded: a [`tower::Layer`] with a seed and a log.
//!
//! ```
//! use fleet_sim::faults::{Fault, Faults};
//! use fleet_sim::{Hub, Verb};
//! use k8s_openapi::api::core::v1::Namespace;
//! use kube::Api;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = Hub::builder().start()?;
//! let faults = Faults::seeded(7);
//! faults.inject(Fault::unavailable().on_verb(Verb::Get).on_resource("namespaces").once());
//!
//! let api: Api<Namespace> = Api::all(faults.wrap(hub.client()));
//! assert!(api.get("default").await.is_err());
//! assert!(api.get("default").await.is_ok());
//! assert_eq!(faults.log()[0].to_string(), "0.000s ServiceUnavailable: get namespaces default");
//! # Ok(())
//! # }
//! ```

mod body;
mod fault;
mod service;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

pub use fault::{Fault, RequestFacts};
pub use service::{FaultBody, FaultyService};

use crate::cluster_api::Delay;
use crate::cluster_api::mix;
use fault::Effect;

/// How many entries the log keeps; older ones go first.
const LOG_LIMIT: usize = 100_000;
/// How many answers are remembered for stale reads, and how large one may be.
const MEMORY_LIMIT: usize = 1_000;
const MEMORY_BYTES: usize = 1024 * 1024;

/// Faults to inject, and what was injected: a handle, clones share rules and log. As a [`tower::Layer`] it goes
/// into any client's stack (`ClientBuilder::with_layer`); [`Faults::wrap`] goes around a finished client.
///
/// One seed and one sequence of requests give one sequence of faults.
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

/// Names an injected fault, to take it away again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId(u64);

/// One fault that struck.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Injected {
    /// When, counted from the making of the [`Faults`].
    pub at: Duration,
    /// What: `watch dropped`, or the reason of a refusal such as `Conflict`.
    pub effect: &'static str,
    /// Which rule.
    pub fault: FaultId,
    /// The request it struck, or whose answer.
    pub request: RequestFacts,
}

/// How an injected break of the connection looks to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionFault {
    /// No connection: nothing was sent.
    #[error("injected fault: connection refused")]
    Refused,
    /// The connection broke; what was sent may have been done.
    #[error("injected fault: connection reset by peer")]
    Reset,
    /// No answer in time.
    #[error("injected fault: the request timed out")]
    TimedOut,
}

struct Shared {
    seed: u64,
    started: Instant,
    /// Whether there is anything to look up: a request through no faults costs nothing.
    armed: AtomicBool,
    state: Mutex<State>,
    changed: tokio::sync::Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    rules: BTreeMap<FaultId, Rule>,
    paused_until: Option<Instant>,
    log: std::collections::VecDeque<Injected>,
    answers: BTreeMap<String, Answer>,
}

struct Rule {
    fault: Fault,
    seen: u64,
    struck: u64,
}

/// A remembered answer.
#[derive(Clone)]
struct Answer {
    head: http::HeaderMap,
    body: Bytes,
}

/// A fault that strikes now, with what was drawn for it.
struct Strike {
    effect: Effect,
    delay: Duration,
}

impl Faults {
    /// No faults yet; draws will come from this seed.
    pub fn seeded(seed: u64) -> Self {
        let shared = Shared {
            seed,
            started: Instant::now(),
            armed: AtomicBool::new(false),
            state: Mutex::default(),
            changed: tokio::sync::Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Adds a fault. Faults are tried in the order in which they were added.
    pub fn inject(&self, fault: Fault) -> FaultId {
        let mut state = self.state();
        let id = FaultId(state.next);
        state.next += 1;
        let rule = Rule {
            fault,
            seen: 0,
            struck: 0,
        };
        state.rules.insert(id, rule);
        self.shared.armed.store(true, Ordering::Relaxed);
        drop(state);
        self.shared.changed.notify_waiters();
        id
    }

    /// Takes a fault away; false if it is not there.
    pub fn remove(&self, id: FaultId) -> bool {
        self.state().rules.remove(&id).is_some()
    }

    /// Takes all faults away, a pause included.
    pub fn clear(&self) {
        let mut state = self.state();
        state.rules.clear();
        state.paused_until = None;
        self.shared.armed.store(false, Ordering::Relaxed);
        drop(state);
        self.shared.changed.notify_waiters();
    }

    /// What struck so far, oldest first: the last 100,000.
    pub fn log(&self) -> Vec<Injected> {
        self.state().log.iter().cloned().collect()
    }

    /// How often this fault has struck.
    pub fn strikes(&self, id: FaultId) -> u64 {
        self.state().rules.get(&id).map_or(0, |rule| rule.struck)
    }

    /// A client that speaks through these faults to another client.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as every `kube::Client`.
    pub fn wrap(&self, client: kube::Client) -> kube::Client {
        let namespace = client.default_namespace().to_owned();
        let inner = tower::service_fn(move |request| {
            let client = client.clone();
            async move { client.send(request).await }
        });
        kube::Client::new(tower::Layer::layer(self, inner), namespace)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_armed(&self) -> bool {
        self.shared.armed.load(Ordering::Relaxed)
    }

    /// The faults that strike this request.
    fn strikes_on(&self, facts: &RequestFacts) -> Vec<Strike> {
        self.draw(facts, false)
    }

    /// The faults that strike this event of a watch.
    fn strikes_on_event(&self, facts: &RequestFacts) -> Vec<Strike> {
        self.draw(facts, true)
    }

    fn draw(&self, facts: &RequestFacts, events: bool) -> Vec<Strike> {
        let elapsed = self.shared.started.elapsed();
        let mut state = self.state();
        let State { rules, log, .. } = &mut *state;
        let mut strikes = Vec::new();
        for (id, rule) in rules.iter_mut() {
            let fault = &rule.fault;
            if fault.effect.is_of_events() != events || !fault.matches(facts, elapsed) {
                continue;
            }
            let number = rule.seen;
            rule.seen += 1;
            let words = [id.0.to_string(), number.to_string()];
            let words = |what| [what, words[0].as_str(), words[1].as_str()];
            let scripted = fault.script.as_ref().is_none_or(|script| {
                usize::try_from(number).is_ok_and(|number| script.get(number).copied().unwrap_or(false))
            });
            let chance = mix(self.shared.seed, &words("rate")) >> 11;
            let lucky = chance as f64 / (1_u64 << 53) as f64 >= fault.rate;
            if lucky
                || !scripted
                || number < fault.skip
                || fault.times.is_some_and(|times| rule.struck >= times)
            {
                continue;
            }
            rule.struck += 1;
            let delay = match &fault.effect {
                Effect::Latency(delay) | Effect::DropWatch(delay) | Effect::ExpireWatch(delay) => *delay,
                Effect::TimeOut(time) | Effect::Pause(time) => Delay::fixed(*time),
                _ => Delay::fixed(Duration::ZERO),
            };
            strikes.push(Strike {
                effect: fault.effect.clone(),
                delay: delay.draw(self.shared.seed, &words("delay")),
            });
            if log.len() >= LOG_LIMIT {
                log.pop_front();
            }
            log.push_back(Injected {
                at: elapsed,
                effect: fault.effect.name(),
                fault: *id,
                request: facts.clone(),
            });
        }
        strikes
    }

    fn has_event_faults(&self) -> bool {
        self.state()
            .rules
            .values()
            .any(|rule| rule.fault.effect.is_of_events())
    }

    fn remembers_reads(&self) -> bool {
        let is_stale = |rule: &Rule| matches!(rule.fault.effect, Effect::StaleRead);
        self.state().rules.values().any(is_stale)
    }

    fn is_cut_off(&self, facts: &RequestFacts) -> bool {
        let elapsed = self.shared.started.elapsed();
        let cuts = |rule: &Rule| {
            let fault = &rule.fault;
            let always = fault.rate >= 1.0 && fault.times.is_none() && fault.script.is_none();
            matches!(fault.effect, Effect::Unreachable) && always && fault.matches(facts, elapsed)
        };
        self.state().rules.values().any(cuts)
    }

    fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state();
        state.paused_until = Some(state.paused_until.map_or(until, |other| other.max(until)));
        drop(state);
        self.shared.changed.notify_waiters();
    }

    async fn wait_out_pause(&self) {
        while self.is_armed() {
            let changed = self.shared.changed.notified();
            let until = self.state().paused_until;
            match until {
                Some(until) if until > Instant::now() => {
                    tokio::select! {
                        () = tokio::time::sleep_until(until) => {}
                        () = changed => {}
                    }
                }
                _ => return,
            }
        }
    }

    fn remembered(&self, key: &str) -> Option<Answer> {
        self.state().answers.get(key).cloned()
    }

    fn remember(&self, key: String, answer: Answer) {
        let mut state = self.state();
        if answer.body.len() > MEMORY_BYTES {
            return;
        }
        if state.answers.len() >= MEMORY_LIMIT && !state.answers.contains_key(&key) {
            state.answers.pop_first();
        }
        state.answers.insert(key, answer);
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Faults")
            .field("seed", &self.shared.seed)
            .field("rules", &state.rules.len())
            .field("injected", &state.log.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Injected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestFacts {
            verb,
            resource,
            subresource,
            namespace,
            name,
            ..
        } = &self.request;
        write!(
            f,
            "{:.3}s {}: {verb} {resource}",
            self.at.as_secs_f64(),
            self.effect
        )?;
        if !subresource.is_empty() {
            write!(f, "/{subresource}")?;
        }
        match (namespace.as_str(), name.as_str()) {
            ("", "") => Ok(()),
            ("", name) => write!(f, " {name}"),
            (namespace, name) => write!(f, " {namespace}/{name}"),
        }
    }
}
