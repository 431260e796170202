//! The hub itself: its builder, its handle, and the `tower::Service` beneath a `kube::Client`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use tower::{BoxError, Layer as _};

use crate::clock::HubClock;
use crate::faults::{Fault, FaultId, Faults};
use crate::handlers::{self, Answer, AnswerBody};
use crate::request::{ApiRequest, MAX_BODY_BYTES, Verb};
use crate::snapshot::{self, SnapshotError};
use crate::state::State;
use crate::status::ApiError;

/// When no other is asked for, the hub's time starts here: a fixed instant, so that runs can be compared.
const DEFAULT_START: Timestamp = Timestamp::constant(1_767_225_600, 0);
/// Changes kept for watches and consistent lists, for each kind of resource.
const DEFAULT_HISTORY: usize = 10_000;

/// A Kubernetes API server inside this process.
///
/// A handle: clones speak to the same hub. Its state lives as long as one handle, client or open watch does.
///
/// Time is tokio's. On a runtime with paused time (`start_paused`) it is virtual: days pass as soon as
/// every task waits.
#[derive(Clone)]
pub struct Hub {
    pub(crate) shared: Arc<Shared>,
}

/// How a [`Hub`] is to be: see [`Hub::builder`].
#[derive(Debug)]
pub struct HubBuilder {
    seed: u64,
    start: Timestamp,
    history: usize,
    create_namespaces: bool,
    crds: Vec<CustomResourceDefinition>,
}

/// Why a hub could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A definition given to [`HubBuilder::crds`] was refused as an API server refuses it.
    #[error("custom resource definition `{name}` is refused: {message}; mend the definition or leave it out")]
    Definition {
        /// The definition's `metadata.name`.
        name: String,
        /// The answer's message, with the paths of the offending fields.
        message: String,
    },
}

/// How many requests a hub has served, by verb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestCounts(BTreeMap<Verb, u64>);

impl RequestCounts {
    /// Requests of one verb.
    pub fn of(&self, verb: Verb) -> u64 {
        self.0.get(&verb).copied().unwrap_or(0)
    }

    /// Requests of all verbs.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The verbs served so far with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Verb, u64)> {
        self.0.iter().map(|(verb, count)| (*verb, *count))
    }
}

impl fmt::Display for RequestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests", self.total())?;
        for (index, (verb, count)) in self.iter().enumerate() {
            write!(f, "{}{verb} {count}", if index == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

impl HubBuilder {
    /// Serves these definitions from the start, as if they had been created over the API. Adds to earlier ones.
    pub fn crds(mut self, crds: impl IntoIterator<Item = CustomResourceDefinition>) -> Self {
        self.crds.extend(crds);
        self
    }

    /// Seeds uids and generated names: one seed and one sequence of requests give one sequence of answers.
    /// The default is 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The hub's time at the start. The default is 2026-01-01T00:00:00Z.
    pub fn starting_at(mut self, start: Timestamp) -> Self {
        self.start = start;
        self
    }

    /// How many changes of each resource are kept for watches and for lists in pages: at least 1, by default
    /// 10,000. Of large objects fewer are kept: what was changed may take 256 MiB a resource. What reaches further back is
    /// answered with 410 Gone.
    pub fn history(mut self, changes: usize) -> Self {
        self.history = changes.max(1);
        self
    }

    /// Creates a missing namespace when an object is created in it, instead of answering 404 as a real
    /// server does. The default is no.
    pub fn create_missing_namespaces(mut self, create: bool) -> Self {
        self.create_namespaces = create;
        self
    }

    /// Starts the hub. No task, thread or socket is made: it works when it is asked.
    pub fn start(self) -> Result<Hub, HubError> {
        let clock = HubClock::starting_at(self.start);
        let mut state = State::new(self.seed, self.history, self.create_namespaces, clock.now());
        for crd in self.crds {
            let name = crd.metadata.name.clone().unwrap_or_default();
            handlers::install_definition(&mut state, &crd, clock.now()).map_err(|error| {
                HubError::Definition {
                    name,
                    message: error.message,
                }
            })?;
        }
        Ok(Hub::of(clock, state, self.seed))
    }
}

impl Hub {
    /// A hub of the built-in resources, with the namespaces `default` and `kube-system`.
    pub fn builder() -> HubBuilder {
        HubBuilder {
            seed: 0,
            start: DEFAULT_START,
            history: DEFAULT_HISTORY,
            create_namespaces: false,
            crds: Vec::new(),
        }
    }

    /// Writes the whole state to a file: objects with their uids, revisions and managers, the history that watches and
    /// pages read, definitions, the time, and where the seeded generator stands. Not the faults, nor the counts of
    /// requests. A file that is there is replaced in one step; others on the machine cannot read it (it holds Secrets).
    ///
    /// ```
    /// # use fleet_sim::Hub;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let dir = tempfile::tempdir()?;
    /// let hub = Hub::builder().seed(7).start()?;
    /// hub.save(dir.path().join("scenario.hub"))?;
    /// let resumed = Hub::restore(dir.path().join("scenario.hub"))?;
    /// # assert!(resumed.now() >= hub.now() - jiff::SignedDuration::from_mins(1));
    /// # Ok(()) }
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SnapshotError> {
        snapshot::save(path.as_ref(), &self.shared.state(), self.now())
    }

    /// Goes on where [`Hub::save`] stopped: what follows is what would have followed there.
    ///
    /// Simulated controllers are programs of their own; start them again with [`Hub::simulate`] and the same settings.
    pub fn restore(path: impl AsRef<Path>) -> Result<Self, SnapshotError> {
        let (state, now) = snapshot::load(path.as_ref())?;
        Ok(Self::of(HubClock::starting_at(now), state, 0))
    }

    fn of(clock: HubClock, state: State, fault_seed: u64) -> Self {
        Self {
            shared: Arc::new(Shared {
                clock,
                state: Mutex::new(state),
                counts: Mutex::default(),
                faults: Faults::seeded(fault_seed),
            }),
        }
    }

    /// A client of this hub, with `default` as its namespace.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as every `kube::Client`: it spawns its own worker.
    pub fn client(&self) -> kube::Client {
        kube::Client::new(self.shared.faults.layer(self.service()), "default")
    }

    /// A client that [`Hub::inject`] does not touch: what the simulated controllers use.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, as every `kube::Client`.
    pub fn undisturbed_client(&self) -> kube::Client {
        kube::Client::new(self.service(), "default")
    }

    /// Lets something go wrong between the hub and every client that [`Hub::client`] gave or will give.
    ///
    /// ```
    /// # use fleet_sim::{Hub, Verb, faults::Fault};
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let hub = Hub::builder().start()?;
    /// hub.inject(Fault::lost_acknowledgement().on_verb(Verb::Patch).once());
    /// # Ok(())
    /// # }
    /// ```
    pub fn inject(&self, fault: Fault) -> FaultId {
        self.shared.faults.inject(fault)
    }

    /// The faults between the hub and its clients: to take them away again, and to read what struck.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The service that [`Hub::client`] wraps, for those who put layers of their own between.
    pub fn service(&self) -> HubService {
        HubService {
            shared: Arc::clone(&self.shared),
        }
    }

    /// The hub's time: what it writes into `creationTimestamp`.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Lets this much time pass: virtual time if tokio's clock is paused, else real time. Nothing if negative.
    pub async fn advance(&self, time: SignedDuration) {
        if let Ok(time) = std::time::Duration::try_from(time) {
            tokio::time::sleep(time).await;
        }
    }

    /// The requests served so far, refused ones included.
    pub fn requests(&self) -> RequestCounts {
        self.shared
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("now", &self.now())
            .field("requests", &self.requests())
            .finish()
    }
}

/// The body of an answer: whole, or a watch's stream of lines.
pub type HubBody = UnsyncBoxBody<Bytes, Infallible>;

/// Serves the Kubernetes API to a `kube::Client`. It never fails: what it refuses, it answers.
#[derive(Clone)]
pub struct HubService {
    shared: Arc<Shared>,
}

impl fmt::Debug for HubService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubService").finish_non_exhaustive()
    }
}

impl<B> tower::Service<Request<B>> for HubService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<HubBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { Ok(respond(&shared, request).await) })
    }
}

/// What all handles, clients and watches of one hub share.
pub(crate) struct Shared {
    pub(crate) clock: HubClock,
    state: Mutex<State>,
    counts: Mutex<RequestCounts>,
    faults: Faults,
}

impl Shared {
    /// The lock is never held over an await. A panic under it cannot leave half a write: see `Store::commit`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, verb: Verb) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.0.entry(verb).or_default() += 1;
    }
}

async fn respond<B>(shared: &Arc<Shared>, request: Request<B>) -> Response<HubBody>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let answer = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => ApiRequest::parse(&parts, body.to_bytes()).and_then(|request| {
            shared.count(request.verb());
            handlers::serve(shared, &request)
        }),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(ApiError::too_large(MAX_BODY_BYTES))
        }
        Err(_) => Err(ApiError::bad_request(
            "the body of the request could not be read to its end",
        )),
    };
    into_response(answer.unwrap_or_else(|error| Answer::error(&error)))
}

fn into_response(answer: Answer) -> Response<HubBody> {
    let body = match answer.body {
        AnswerBody::Full(bytes) => Full::new(bytes).boxed_unsync(),
        AnswerBody::Stream(chunks) => {
            StreamBody::new(chunks.map(|chunk| Ok(Frame::data(chunk)))).boxed_unsync()
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.code;
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, answer.content_type);
    for warning in answer.warnings {
        if let Ok(value) = http::HeaderValue::try_from(warning) {
            headers.append(http::header::WARNING, value);
        }
    }
    if answer.retry_after > 0 {
        headers.insert(http::header::RETRY_AFTER, answer.retry_after.into());
    }
    response
}
