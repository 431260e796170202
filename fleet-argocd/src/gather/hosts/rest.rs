//! Asking a REST API: pages, `ETag`s, credentials, and refusals told for what they are.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::http::{HttpClient, kind_of, message_of, within};
use super::super::ports::SecretSource;
use super::setup;
use crate::application_set::{BasicAuthRef, BearerTokenRef, SecretKeyRef};
use crate::expand::{FailureKind, SourceFailure};

/// Who asks, and what was answered before.
#[derive(Clone)]
pub(super) struct Rest {
    client: Arc<dyn HttpClient>,
    secrets: Arc<dyn SecretSource>,
    pub(super) timeout: Duration,
    known: Arc<Mutex<HashMap<(String, bool), Page>>>,
}

/// The API of one host, with one credential.
pub(super) struct Api<'r> {
    rest: &'r Rest,
    base: String,
    credential: Option<(HeaderName, HeaderValue)>,
}

/// A page as it was last seen.
#[derive(Clone)]
pub(super) struct Page {
    etag: String,
    next: Option<String>,
    body: Bytes,
}

/// How a host tells that there is a next page.
#[derive(Clone, Copy)]
pub(super) enum Paging {
    /// The answer is the list; the next page's URL is in a `Link` header.
    Linked,
    /// The list is `values`; the next page's URL is `next`, or where it starts is `nextPageStart`.
    Values,
    /// The list is `value`; there are no pages.
    Value,
    /// The list is `value`; the next page begins after so many, until one is not full.
    Skipping(usize),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing<T> {
    #[serde(alias = "value")]
    values: Vec<T>,
    next: Option<String>,
    #[serde(default)]
    is_last_page: bool,
    next_page_start: Option<u64>,
}

impl Rest {
    pub(super) fn new(client: impl HttpClient + 'static, secrets: impl SecretSource + 'static) -> Self {
        Self {
            client: Arc::new(client),
            secrets: Arc::new(secrets),
            timeout: Duration::from_secs(30),
            known: Arc::default(),
        }
    }

    /// The API at this URL. The text of the credential goes into this header of every request.
    pub(super) fn api(
        &self,
        base: impl Into<String>,
        credential: Option<(HeaderName, SecretString)>,
    ) -> Result<Api<'_>, SourceFailure> {
        let base: String = base.into();
        let absolute = base.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some());
        if !absolute {
            return Err(setup(format!(
                "{base:?} is not the URL of an API; expected one like https://git.example.com"
            )));
        }
        let credential = credential
            .map(|(name, secret)| -> Result<_, SourceFailure> {
                // Why not is not told: the text is a credential.
                let mut value = HeaderValue::from_str(secret.expose_secret()).map_err(|_| {
                    setup("the credential cannot be sent: it has line breaks or control characters")
                })?;
                value.set_sensitive(true);
                Ok((name, value))
            })
            .transpose()?;
        Ok(Api {
            rest: self,
            base,
            credential,
        })
    }

    /// The credential in a Secret, after some words that go before it.
    pub(super) async fn secret(
        &self,
        name: HeaderName,
        words: &str,
        reference: Option<&SecretKeyRef>,
    ) -> Result<Option<(HeaderName, SecretString)>, SourceFailure> {
        let Some(reference) = reference else {
            return Ok(None);
        };
        let secret = self.value(reference).await?;
        let text = format!("{words}{}", secret.expose_secret().trim());
        Ok(Some((name, text.into())))
    }

    /// A user and the password in a Secret, as basic authentication has them.
    pub(super) async fn basic(
        &self,
        user: &str,
        password: &SecretKeyRef,
    ) -> Result<Option<(HeaderName, SecretString)>, SourceFailure> {
        let password = self.value(password).await?;
        let both: SecretString = format!("{user}:{}", password.expose_secret().trim()).into();
        let text = format!("Basic {}", STANDARD.encode(both.expose_secret()));
        Ok(Some((header::AUTHORIZATION, text.into())))
    }

    /// A token, or else a user and password, or else nothing.
    pub(super) async fn token_or_basic(
        &self,
        token: Option<&BearerTokenRef>,
        basic: Option<&BasicAuthRef>,
    ) -> Result<Option<(HeaderName, SecretString)>, SourceFailure> {
        match (token, basic) {
            (Some(token), _) => {
                self.secret(header::AUTHORIZATION, "Bearer ", Some(&token.token_ref))
                    .await
            }
            (None, Some(basic)) => self.basic(&basic.username, &basic.password_ref).await,
            (None, None) => Ok(None),
        }
    }

    async fn value(&self, reference: &SecretKeyRef) -> Result<SecretString, SourceFailure> {
        self.secrets.secret(&reference.secret_name, &reference.key).await
    }
}

impl Api<'_> {
    /// All items of all pages. The path may have a query.
    pub(super) async fn all<T: DeserializeOwned>(
        &self,
        path: &str,
        paging: Paging,
    ) -> Result<Vec<T>, SourceFailure> {
        let first = format!("{}{path}", self.base);
        let mut url = first.clone();
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.page(&url).await?;
            let (mut items, next) = paging.read(&first, &url, &page, all.len())?;
            all.append(&mut items);
            let Some(next) = next else { return Ok(all) };
            if !self.is_own(&next) {
                return Err(SourceFailure::new(
                    FailureKind::Garbage,
                    format!("the next page of {url} is on another server: {next}"),
                ));
            }
            if next == url {
                return Err(SourceFailure::new(
                    FailureKind::Garbage,
                    format!("the next page of {url} is that page itself"),
                ));
            }
            url = next;
        }
        Err(SourceFailure::new(
            FailureKind::Garbage,
            format!("{path} has more than {MAX_PAGES} pages"),
        ))
    }

    /// One object.
    pub(super) async fn one<T: DeserializeOwned>(&self, path: &str) -> Result<T, SourceFailure> {
        let url = format!("{}{path}", self.base);
        decoded(&url, &self.page(&url).await?.body)
    }

    /// One object, or nothing if the answer is empty.
    pub(super) async fn one_if_any<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, SourceFailure> {
        let url = format!("{}{path}", self.base);
        let page = self.page(&url).await?;
        if page.body.is_empty() {
            return Ok(None);
        }
        decoded(&url, &page.body).map(Some)
    }

    /// Whether the host has something there.
    pub(super) async fn exists(&self, path: &str) -> Result<bool, SourceFailure> {
        let found = self.page(&format!("{}{path}", self.base)).await;
        unless_missing(found.map(|_| true), false)
    }

    async fn page(&self, url: &str) -> Result<Page, SourceFailure> {
        let key = (url.to_owned(), self.credential.is_some());
        let known = self
            .rest
            .known
            .lock()
            .ok()
            .and_then(|known| known.get(&key).cloned());
        let mut request = Request::get(url)
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "fleet-sdk");
        if let Some((name, value)) = &self.credential {
            request = request.header(name, value);
        }
        if let Some(known) = &known {
            request = request.header(header::IF_NONE_MATCH, &known.etag);
        }
        let request = request
            .body(Bytes::new())
            .map_err(|error| setup(format!("{url} cannot be asked for: {error}")))?;
        let response = within(&*self.rest.client, self.rest.timeout, request)
            .await
            .map_err(|failure| SourceFailure::new(failure.kind, format!("GET {url}: {}", failure.message)))?;
        if let (StatusCode::NOT_MODIFIED, Some(known)) = (response.status(), known) {
            return Ok(known);
        }
        let headers = response.headers();
        let is_html = text(headers, header::CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("html"));
        if response.status() == StatusCode::NON_AUTHORITATIVE_INFORMATION && is_html {
            // Azure DevOps' page to sign in, for a token that is none.
            return Err(SourceFailure::new(
                FailureKind::Denied,
                format!("GET {url}: 203: the host asks to sign in"),
            ));
        }
        if !response.status().is_success() {
            return Err(refusal(url, response.status(), headers, response.body()));
        }
        let page = Page {
            etag: text(headers, header::ETAG.as_str())
                .unwrap_or_default()
                .to_owned(),
            next: text(headers, header::LINK.as_str()).and_then(next_link),
            body: response.body().clone(),
        };
        if !page.etag.is_empty()
            && let Ok(mut known) = self.rest.known.lock()
        {
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(key, page.clone());
        }
        Ok(page)
    }

    /// A credential goes to nobody but the API it is for.
    fn is_own(&self, url: &str) -> bool {
        let (Ok(own), Ok(other)) = (self.base.parse::<Uri>(), url.parse::<Uri>()) else {
            return false;
        };
        own.scheme() == other.scheme() && own.authority() == other.authority()
    }
}

impl Paging {
    /// The items of a page, and where the next one is.
    fn read<T: DeserializeOwned>(
        self,
        first: &str,
        url: &str,
        page: &Page,
        before: usize,
    ) -> Result<(Vec<T>, Option<String>), SourceFailure> {
        if matches!(self, Self::Linked) {
            return Ok((decoded(url, &page.body)?, page.next.clone()));
        }
        let listing: Listing<T> = decoded(url, &page.body)?;
        let further = |parameter: String| {
            let separator = if first.contains('?') { '&' } else { '?' };
            format!("{first}{separator}{parameter}")
        };
        let next = match self {
            Self::Linked | Self::Value => None,
            Self::Values => {
                let start = listing.next_page_start.filter(|_| !listing.is_last_page);
                listing
                    .next
                    .or_else(|| start.map(|start| further(format!("start={start}"))))
            }
            Self::Skipping(full) => (listing.values.len() >= full)
                .then(|| further(format!("$skip={}", before + listing.values.len()))),
        };
        Ok((listing.values, next))
    }
}

/// What was found, or something else if there is nothing.
pub(super) fn unless_missing<T>(found: Result<T, SourceFailure>, missing: T) -> Result<T, SourceFailure> {
    match found {
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(missing),
        found => found,
    }
}

/// The URL that a generator gives, or the host's own, without the slashes at its end.
pub(super) fn base<'u>(given: Option<&'u str>, own: &'u str) -> &'u str {
    given
        .filter(|url| !url.is_empty())
        .unwrap_or(own)
        .trim_end_matches('/')
}

fn refusal(url: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> SourceFailure {
    let spent =
        text(headers, "x-ratelimit-remaining") == Some("0") || headers.contains_key(header::RETRY_AFTER);
    let limited = status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::FORBIDDEN && spent);
    let mut message = format!("GET {url}: {}: {}", status.as_u16(), message_of(body));
    if !limited {
        return SourceFailure::new(kind_of(status), message);
    }
    let reset = text(headers, "x-ratelimit-reset").or_else(|| text(headers, "ratelimit-reset"));
    if let Some(seconds) = text(headers, header::RETRY_AFTER.as_str()) {
        let _ = write!(message, "; try again in {seconds} s");
    } else if let Some(at) = reset.and_then(|at| at.parse().ok())
        && let Ok(at) = k8s_openapi::jiff::Timestamp::from_second(at)
    {
        let _ = write!(message, "; the rate limit is reset at {at}");
    }
    SourceFailure::new(FailureKind::RateLimited, message)
}

fn decoded<T: DeserializeOwned>(url: &str, body: &[u8]) -> Result<T, SourceFailure> {
    serde_json::from_slice(body).map_err(|error| {
        SourceFailure::new(
            FailureKind::Garbage,
            format!("the answer to GET {url} cannot be read: {error}"),
        )
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The URL of `rel="next"` in a `Link` header.
fn next_link(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (url, about) = link.split_once(';')?;
        about.contains("rel=\"next\"").then(|| {
            url.trim()
                .trim_start_matches('<')
                .trim_end_matches('>')
                .to_owned()
        })
    })
}

/// A name as part of a URL's path or query.
pub(super) fn escaped(name: &str) -> String {
    escaped_but(name, false)
}

/// A path as part of a URL's path: its slashes stay.
pub(super) fn escaped_path(path: &str) -> String {
    escaped_but(path, true)
}

fn escaped_but(name: &str, slashes: bool) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b'/' if slashes => out.push('/'),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A hundred items each; an organisation of more repositories is not gathered in one go.
const MAX_PAGES: usize = 1_000;
/// Pages that are remembered.
const MAX_KNOWN: usize = 10_000;
