//! One fault: what goes wrong, for which requests, and how often.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Verb;
use crate::cluster_api::Delay;

/// What is known of a request before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestFacts {
    /// What it does.
    pub verb: Verb,
    /// The API group; empty for the core group and where a path names no resource.
    pub group: String,
    /// The plural; empty where a path names no resource.
    pub resource: String,
    /// `status`, `scale`, …; empty for the object itself.
    pub subresource: String,
    /// Empty outside of namespaces and across all of them.
    pub namespace: String,
    /// Empty for collections.
    pub name: String,
}

/// A fault to inject: made by one of the constructors, narrowed by the other methods.
///
/// Without narrowing it strikes every request that its effect can strike, for ever.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(super) effect: Effect,
    verbs: Vec<Verb>,
    resources: Vec<String>,
    namespace: Option<String>,
    name: Option<String>,
    rule: Option<Rule>,
    pub(super) rate: f64,
    pub(super) skip: u64,
    pub(super) times: Option<u64>,
    pub(super) script: Option<Arc<[bool]>>,
    from: Duration,
    until: Option<Duration>,
}

#[derive(Clone, Debug)]
pub(super) enum Effect {
    Latency(Delay),
    Refusal(Refusal),
    TimeOut(Duration),
    Unreachable,
    CutBody(usize),
    DropWatch(Delay),
    ExpireWatch(Delay),
    DuplicateEvents,
    ReorderEvents,
    LostAcknowledgement,
    StaleRead,
    Pause(Duration),
}

/// An answer in the server's name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: &'static str,
    pub(super) retry_after_seconds: u64,
}

#[derive(Clone)]
struct Rule(Arc<dyn Fn(&RequestFacts) -> bool + Send + Sync>);

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}

impl Fault {
    /// The request is sent after a while, drawn anew for each.
    pub fn latency(delay: impl Into<Delay>) -> Self {
        Self::of(Effect::Latency(delay.into()))
    }

    /// 409 `Conflict`, as for a write on an old `resourceVersion`. Writes of existing objects only.
    pub fn conflict() -> Self {
        let message =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::refusal(409, "Conflict", message, 0).on_verbs([Verb::Update, Verb::Patch, Verb::Delete])
    }

    /// 429 `TooManyRequests` with a `Retry-After` of so many seconds.
    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        let message = "too many requests, please try again later";
        Self::refusal(429, "TooManyRequests", message, retry_after_seconds)
    }

    /// 500 `InternalError`; nothing was done.
    pub fn internal_error() -> Self {
        Self::refusal(500, "InternalError", "an injected internal error", 0)
    }

    /// 503 `ServiceUnavailable`; nothing was done.
    pub fn unavailable() -> Self {
        let message = "the server is currently unable to handle the request";
        Self::refusal(503, "ServiceUnavailable", message, 0)
    }

    /// 410 `Expired` instead of a list or watch: the history asked for is gone.
    pub fn gone() -> Self {
        Self::refusal(410, "Expired", "too old resource version", 0).on_verbs([Verb::List, Verb::Watch])
    }

    /// The request is never sent, and no answer comes: after this long the client's own time-out strikes.
    pub fn time_out(after: Duration) -> Self {
        Self::of(Effect::TimeOut(after))
    }

    /// No connection can be made. Without narrowing: the whole cluster cannot be reached until the fault is removed.
    /// Watches that are open end as well.
    pub fn unreachable() -> Self {
        Self::of(Effect::Unreachable)
    }

    /// The connection breaks after so many bytes of the answer's body.
    pub fn cut_body(after_bytes: usize) -> Self {
        Self::of(Effect::CutBody(after_bytes))
    }

    /// The connection breaks in the middle of a watch, in the middle of a line, after a while.
    pub fn drop_watch(after: impl Into<Delay>) -> Self {
        Self::of(Effect::DropWatch(after.into())).on_verb(Verb::Watch)
    }

    /// An open watch is told after a while that its history is gone: an `ERROR` event of code 410.
    pub fn expire_watch(after: impl Into<Delay>) -> Self {
        Self::of(Effect::ExpireWatch(after.into())).on_verb(Verb::Watch)
    }

    /// A watch event comes twice. Rate, counts and script are those of events, not of requests.
    pub fn duplicate_events() -> Self {
        Self::of(Effect::DuplicateEvents).on_verb(Verb::Watch)
    }

    /// A watch event comes after the one that follows it, or a second late if none does. Rate, counts and script
    /// are those of events, not of requests.
    pub fn reorder_events() -> Self {
        Self::of(Effect::ReorderEvents).on_verb(Verb::Watch)
    }

    /// The write happens, the answer does not arrive: the connection breaks. Writes only.
    pub fn lost_acknowledgement() -> Self {
        Self::of(Effect::LostAcknowledgement).on_verbs(WRITES)
    }

    /// A get or list is answered with what the same request was answered last time. The first time it passes.
    pub fn stale_read() -> Self {
        Self::of(Effect::StaleRead).on_verbs([Verb::Get, Verb::List])
    }

    /// From the request that it strikes on, nothing moves for this long: no request, no watch.
    pub fn pause(time: Duration) -> Self {
        Self::of(Effect::Pause(time))
    }

    /// Only requests of this verb, instead of those the fault strikes by itself.
    pub fn on_verb(self, verb: Verb) -> Self {
        self.on_verbs([verb])
    }

    /// Only requests of these verbs, instead of those the fault strikes by itself.
    pub fn on_verbs(mut self, verbs: impl IntoIterator<Item = Verb>) -> Self {
        self.verbs = verbs.into_iter().collect();
        self
    }

    /// Only this resource: a plural (`machines`), or plural and group (`machines.cluster.x-k8s.io`). Adds up.
    pub fn on_resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Only in this namespace.
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// Only the object of this name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only requests for which this holds. The last rule given counts.
    pub fn only_if(mut self, rule: impl Fn(&RequestFacts) -> bool + Send + Sync + 'static) -> Self {
        self.rule = Some(Rule(Arc::new(rule)));
        self
    }

    /// Only this share of the requests that match, drawn from the seed: 0 to 1, what is no number counts as 0.
    pub fn at_rate(mut self, rate: f64) -> Self {
        self.rate = if rate.is_nan() { 0.0 } else { rate.clamp(0.0, 1.0) };
        self
    }

    /// Only once.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// At most so many times.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets so many matching requests pass first.
    pub fn after(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Says of each matching request in turn whether it is struck; those after the end of the script are not.
    pub fn script(mut self, strikes: impl IntoIterator<Item = bool>) -> Self {
        self.script = Some(strikes.into_iter().collect());
        self
    }

    /// Only from this time on until that one, counted from the making of the [`Faults`](super::Faults).
    pub fn between(mut self, from: Duration, until: Duration) -> Self {
        (self.from, self.until) = (from, Some(until));
        self
    }

    fn of(effect: Effect) -> Self {
        Self {
            effect,
            verbs: Vec::new(),
            resources: Vec::new(),
            namespace: None,
            name: None,
            rule: None,
            rate: 1.0,
            skip: 0,
            times: None,
            script: None,
            from: Duration::ZERO,
            until: None,
        }
    }

    fn refusal(code: u16, reason: &'static str, message: &'static str, retry_after_seconds: u64) -> Self {
        Self::of(Effect::Refusal(Refusal {
            code,
            reason,
            message,
            retry_after_seconds,
        }))
    }

    pub(super) fn matches(&self, facts: &RequestFacts, elapsed: Duration) -> bool {
        elapsed >= self.from
            && self.until.is_none_or(|until| elapsed < until)
            && (self.verbs.is_empty() || self.verbs.contains(&facts.verb))
            && (self.resources.is_empty() || self.resources.iter().any(|wanted| facts.is_resource(wanted)))
            && self
                .namespace
                .as_ref()
                .is_none_or(|wanted| *wanted == facts.namespace)
            && self.name.as_ref().is_none_or(|wanted| *wanted == facts.name)
            && self.rule.as_ref().is_none_or(|rule| (rule.0)(facts))
    }
}

impl RequestFacts {
    fn is_resource(&self, wanted: &str) -> bool {
        match wanted.split_once('.') {
            None => self.resource == wanted,
            Some((plural, group)) => self.resource == plural && self.group == group,
        }
    }
}

impl Effect {
    /// Its name in logs.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Latency(_) => "latency",
            Self::Refusal(refusal) => refusal.reason,
            Self::TimeOut(_) => "time-out",
            Self::Unreachable => "unreachable",
            Self::CutBody(_) => "body cut",
            Self::DropWatch(_) => "watch dropped",
            Self::ExpireWatch(_) => "watch expired",
            Self::DuplicateEvents => "event duplicated",
            Self::ReorderEvents => "event reordered",
            Self::LostAcknowledgement => "acknowledgement lost",
            Self::StaleRead => "stale read",
            Self::Pause(_) => "pause",
        }
    }

    /// Struck event by event, not request by request.
    pub(super) const fn is_of_events(&self) -> bool {
        matches!(self, Self::DuplicateEvents | Self::ReorderEvents)
    }
}

const WRITES: [Verb; 5] = [
    Verb::Create,
    Verb::Update,
    Verb::Patch,
    Verb::Delete,
    Verb::DeleteCollection,
];
