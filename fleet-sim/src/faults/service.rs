//! The service around a client's: strikes before the request, instead of it, and after it.

use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::{BoxError, Layer, Service};

use super::body::{self, Ending};
use super::fault::{Effect, Refusal, RequestFacts};
use super::{Answer, ConnectionFault, Faults, Strike};
use crate::Verb;
use crate::request::Route;

/// The body of an answer that came through a [`Faults`] layer.
pub type FaultBody = UnsyncBoxBody<Bytes, BoxError>;

/// A service behind a [`Faults`] layer.
#[derive(Clone, Debug)]
pub struct FaultyService<S> {
    inner: S,
    faults: Faults,
}

impl<S> Layer<S> for Faults {
    type Service = FaultyService<S>;

    fn layer(&self, inner: S) -> FaultyService<S> {
        FaultyService {
            inner,
            faults: self.clone(),
        }
    }
}

impl<S, B, R> Service<Request<B>> for FaultyService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    type Response = Response<FaultBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that is ready is the one to call.
        let spare = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, spare);
        let faults = self.faults.clone();
        Box::pin(async move {
            // Watches are kept hold of: a fault may come while they are open.
            if !faults.is_armed() && !is_watch(&request) {
                return Ok(ready.call(request).await.map_err(Into::into)?.map(boxed));
            }
            let facts = facts(&request);
            let key = faults.remembers_reads().then(|| read_key(&request)).flatten();
            let strikes = faults.strikes_on(&facts);
            if let Some(answer) = before(&faults, &strikes, key.as_deref()).await? {
                return Ok(answer);
            }
            let response = ready.call(request).await.map_err(Into::into)?;
            after(&faults, &strikes, facts, key, response.map(boxed)).await
        })
    }
}

/// What strikes before the request is sent, and may answer in its place.
async fn before(
    faults: &Faults,
    strikes: &[Strike],
    key: Option<&str>,
) -> Result<Option<Response<FaultBody>>, BoxError> {
    for strike in strikes {
        match &strike.effect {
            Effect::Pause(time) => faults.pause_for(*time),
            Effect::Latency(_) => tokio::time::sleep(strike.delay).await,
            Effect::Refusal(refusal) => return Ok(Some(refused(*refusal))),
            Effect::TimeOut(_) => {
                tokio::time::sleep(strike.delay).await;
                return Err(ConnectionFault::TimedOut.into());
            }
            Effect::Unreachable => return Err(ConnectionFault::Refused.into()),
            Effect::StaleRead => {
                if let Some(answer) = key.and_then(|key| faults.remembered(key)) {
                    let mut response = Response::new(full(answer.body));
                    *response.headers_mut() = answer.head;
                    return Ok(Some(response));
                }
            }
            _ => {}
        }
    }
    faults.wait_out_pause().await;
    Ok(None)
}

/// What strikes the answer.
async fn after(
    faults: &Faults,
    strikes: &[Strike],
    facts: RequestFacts,
    key: Option<String>,
    response: Response<FaultBody>,
) -> Result<Response<FaultBody>, BoxError> {
    if strikes
        .iter()
        .any(|strike| matches!(strike.effect, Effect::LostAcknowledgement))
    {
        // Whatever the server still has to do, it does.
        response.into_body().collect().await?;
        return Err(ConnectionFault::Reset.into());
    }
    let ok = response.status() == StatusCode::OK;
    let (head, mut body) = response.into_parts();
    if let Some(key) = key.filter(|_| ok) {
        let whole = body.collect().await?.to_bytes();
        let answer = Answer {
            head: head.headers.clone(),
            body: whole.clone(),
        };
        faults.remember(key, answer);
        body = full(whole);
    }
    for strike in strikes {
        if let Effect::CutBody(bytes) = strike.effect {
            body = body::cut(body, bytes);
        }
    }
    if facts.verb == Verb::Watch && ok {
        let ending = strikes.iter().find_map(|strike| match strike.effect {
            Effect::DropWatch(_) => Some((Ending::Dropped, strike.delay)),
            Effect::ExpireWatch(_) => Some((Ending::Expired, strike.delay)),
            _ => None,
        });
        body = body::watch(body, faults.clone(), facts, ending);
    }
    Ok(Response::from_parts(head, body))
}

/// A `Status`, as a server writes it.
fn refused(refusal: Refusal) -> Response<FaultBody> {
    let mut response = Response::new(full(Bytes::from(status(refusal).to_string())));
    *response.status_mut() = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if refusal.retry_after_seconds > 0 {
        headers.insert(header::RETRY_AFTER, refusal.retry_after_seconds.into());
    }
    response
}

pub(super) fn status(refusal: Refusal) -> serde_json::Value {
    let mut status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": refusal.message, "reason": refusal.reason, "code": refusal.code,
    });
    if refusal.retry_after_seconds > 0 {
        status["details"] = json!({"retryAfterSeconds": refusal.retry_after_seconds});
    }
    status
}

fn full(bytes: Bytes) -> FaultBody {
    Full::new(bytes).map_err(Into::into).boxed_unsync()
}

fn boxed<R>(body: R) -> FaultBody
where
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    body.map_err(Into::into).boxed_unsync()
}

/// What tells reads apart: where, and in which form. Nothing for what is no read.
fn read_key<B>(request: &Request<B>) -> Option<String> {
    if request.method() != http::Method::GET || is_watch(request) {
        return None;
    }
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    Some(format!("{} {}", accept.unwrap_or_default(), request.uri()))
}

fn is_watch<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .any(|(key, value)| key == "watch" && matches!(&*value, "1" | "true"))
}

fn facts<B>(request: &Request<B>) -> RequestFacts {
    let mut facts = RequestFacts {
        verb: Verb::Discover,
        group: String::new(),
        resource: String::new(),
        subresource: String::new(),
        namespace: String::new(),
        name: String::new(),
    };
    if let Ok(Route::Resource(path)) = Route::parse(request.uri().path()) {
        facts.verb = Verb::of(request.method(), path.name.is_some(), is_watch(request));
        facts.group = path.group;
        facts.resource = path.resource;
        facts.subresource = path.subresource.unwrap_or_default();
        facts.namespace = path.namespace.unwrap_or_default();
        facts.name = path.name.unwrap_or_default();
    }
    facts
}
