//! GitHub's REST API: open pull requests, and the repositories of an organisation.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::http::{HttpClient, kind_of, message_of, within};
use super::ports::{PullRequestSource, ScmSource, SecretSource};
use crate::application_set::{PullRequestGenerator, ScmGithub, ScmProviderGenerator, SecretKeyRef};
use crate::expand::{FailureKind, PullRequest, ScmRepository, SourceFailure};

/// GitHub, or GitHub Enterprise where the generator names its API.
///
/// All pages are read; a page that fails is a failure of the whole. What was read before is asked for with its `ETag`, so that
/// what has not changed costs nothing of the rate limit. A rate limit is told with the time it ends and not waited for:
/// that is the caller's decision. GitHub Apps (`appSecretName`) are not supported; use a token.
#[derive(Clone)]
pub struct GitHub {
    client: Arc<dyn HttpClient>,
    secrets: Arc<dyn SecretSource>,
    timeout: Duration,
    known: Arc<Mutex<HashMap<(String, bool), Known>>>,
}

/// A page as it was last seen.
#[derive(Clone)]
struct Known {
    etag: String,
    body: Bytes,
    next: Option<String>,
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl GitHub {
    /// Over this client, with tokens from these Secrets. An answer may take 30 seconds.
    pub fn new(client: impl HttpClient + 'static, secrets: impl SecretSource + 'static) -> Self {
        Self {
            client: Arc::new(client),
            secrets: Arc::new(secrets),
            timeout: Duration::from_secs(30),
            known: Arc::default(),
        }
    }

    /// With another bound on each answer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn token(
        &self,
        reference: Option<&SecretKeyRef>,
        app: Option<&String>,
    ) -> Result<Option<SecretString>, SourceFailure> {
        match (reference, app) {
            (Some(reference), _) => self
                .secrets
                .secret(&reference.secret_name, &reference.key)
                .await
                .map(Some),
            (None, Some(app)) => Err(SourceFailure::new(
                FailureKind::Setup,
                format!("appSecretName {app}: GitHub Apps are not supported here; use tokenRef"),
            )),
            (None, None) => Ok(None),
        }
    }

    /// All items of all pages.
    async fn all<T: DeserializeOwned>(
        &self,
        api: &Api,
        path: &str,
        token: Option<&SecretString>,
    ) -> Result<Vec<T>, SourceFailure> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut url = format!("{}{path}{separator}per_page=100", api.base);
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.page(&url, token).await?;
            all.append(&mut decoded::<Vec<T>>(&url, &page.body)?);
            match page.next {
                None => return Ok(all),
                Some(next) => {
                    // A token goes to nobody but the API it is for.
                    if !api.is_own(&next) {
                        return Err(SourceFailure::new(
                            FailureKind::Garbage,
                            format!("the next page of {url} is on another server: {next}"),
                        ));
                    }
                    url = next;
                }
            }
        }
        Err(SourceFailure::new(
            FailureKind::Garbage,
            format!("{path} has more than {MAX_PAGES} pages"),
        ))
    }

    async fn page(&self, url: &str, token: Option<&SecretString>) -> Result<Known, SourceFailure> {
        let key = (url.to_owned(), token.is_some());
        let known = self.known.lock().ok().and_then(|known| known.get(&key).cloned());
        let mut request = Request::get(url)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header(header::USER_AGENT, "fleet-sdk")
            .header("x-github-api-version", "2022-11-28");
        if let Some(token) = token {
            request = request.header(
                header::AUTHORIZATION,
                format!("Bearer {}", token.expose_secret().trim()),
            );
        }
        if let Some(known) = &known {
            request = request.header(header::IF_NONE_MATCH, &known.etag);
        }
        let request = request.body(Bytes::new()).map_err(|error| {
            SourceFailure::new(FailureKind::Setup, format!("{url} cannot be asked for: {error}"))
        })?;
        let response = within(&*self.client, self.timeout, request)
            .await
            .map_err(|failure| SourceFailure::new(failure.kind, format!("GET {url}: {}", failure.message)))?;
        if let (StatusCode::NOT_MODIFIED, Some(known)) = (response.status(), known) {
            return Ok(known);
        }
        let headers = response.headers();
        if !response.status().is_success() {
            return Err(refusal(url, response.status(), headers, response.body()));
        }
        let page = Known {
            etag: text(headers, header::ETAG.as_str())
                .unwrap_or_default()
                .to_owned(),
            next: text(headers, header::LINK.as_str()).and_then(next_link),
            body: response.body().clone(),
        };
        if !page.etag.is_empty()
            && let Ok(mut known) = self.known.lock()
        {
            if known.len() >= MAX_KNOWN {
                known.clear();
            }
            known.insert(key, page.clone());
        }
        Ok(page)
    }

    async fn has_path(
        &self,
        api: &Api,
        repository: &str,
        branch: &str,
        path: &str,
        token: Option<&SecretString>,
    ) -> Result<bool, SourceFailure> {
        let (path, branch) = (escaped(path.trim_matches('/'), true), escaped(branch, false));
        let url = format!("{}/repos/{repository}/contents/{path}?ref={branch}", api.base);
        match self.page(&url, token).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

#[derive(Deserialize)]
struct Pull {
    number: i64,
    title: String,
    head: End,
    base: End,
    #[serde(default)]
    labels: Vec<Label>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

#[derive(Deserialize)]
struct Repository {
    id: i64,
    name: String,
    ssh_url: String,
    clone_url: String,
    default_branch: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    topics: Vec<String>,
}

#[derive(Deserialize)]
struct Branch {
    name: String,
    commit: Commit,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

#[async_trait]
impl PullRequestSource for GitHub {
    async fn pull_requests(&self, query: &PullRequestGenerator) -> Result<Vec<PullRequest>, SourceFailure> {
        let github = query.github.as_ref().ok_or_else(|| not_github("pullRequest"))?;
        let api = Api::new(github.api.as_deref());
        let token = self
            .token(github.token_ref.as_ref(), github.app_secret_name.as_ref())
            .await?;
        let path = format!(
            "/repos/{}/{}/pulls",
            escaped(&github.owner, false),
            escaped(&github.repo, false)
        );
        let pulls: Vec<Pull> = self.all(&api, &path, token.as_ref()).await?;
        Ok(pulls
            .into_iter()
            .map(|pull| PullRequest {
                number: pull.number,
                title: pull.title,
                branch: pull.head.branch,
                target_branch: pull.base.branch,
                head_sha: pull.head.sha,
                labels: pull.labels.into_iter().map(|label| label.name).collect(),
                author: pull.user.map(|user| user.login).unwrap_or_default(),
            })
            .collect())
    }
}

#[async_trait]
impl ScmSource for GitHub {
    async fn repositories(&self, query: &ScmProviderGenerator) -> Result<Vec<ScmRepository>, SourceFailure> {
        let github = query.github.as_ref().ok_or_else(|| not_github("scmProvider"))?;
        let api = Api::new(github.api.as_deref());
        let token = self
            .token(github.token_ref.as_ref(), github.app_secret_name.as_ref())
            .await?;
        let token = token.as_ref();
        let path = format!("/orgs/{}/repos", escaped(&github.organization, false));
        let repositories: Vec<Repository> = self.all(&api, &path, token).await?;
        let asked = asked_paths(query);
        let mut found = Vec::new();
        for repository in repositories {
            if repository.archived && github.exclude_archived_repos == Some(true) {
                continue;
            }
            for branch in self.branches(&api, github, &repository, token).await? {
                let full_name = format!(
                    "{}/{}",
                    escaped(&github.organization, false),
                    escaped(&repository.name, false)
                );
                let mut paths = Vec::new();
                for path in &asked {
                    if self.has_path(&api, &full_name, &branch.name, path, token).await? {
                        paths.push(path.trim_matches('/').to_owned());
                    }
                }
                found.push(ScmRepository {
                    organization: github.organization.clone(),
                    repository: repository.name.clone(),
                    url: match query.clone_protocol.as_deref() {
                        Some("https") => repository.clone_url.clone(),
                        _ => repository.ssh_url.clone(),
                    },
                    branch: branch.name,
                    sha: branch.commit.sha,
                    labels: repository.topics.clone(),
                    repository_id: Value::from(repository.id),
                    paths,
                });
            }
        }
        Ok(found)
    }
}

impl GitHub {
    /// The default branch, and the others after it if the generator asks for them. An empty repository has none.
    async fn branches(
        &self,
        api: &Api,
        github: &ScmGithub,
        repository: &Repository,
        token: Option<&SecretString>,
    ) -> Result<Vec<Branch>, SourceFailure> {
        let base = format!(
            "/repos/{}/{}/branches",
            escaped(&github.organization, false),
            escaped(&repository.name, false)
        );
        if github.all_branches == Some(true) {
            let mut branches: Vec<Branch> = self.all(api, &base, token).await?;
            branches.sort_by_key(|branch| branch.name != repository.default_branch);
            return Ok(branches);
        }
        let url = format!("{}{base}/{}", api.base, escaped(&repository.default_branch, true));
        match self.page(&url, token).await {
            Ok(page) => Ok(vec![decoded(&url, &page.body)?]),
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(Vec::new()),
            Err(failure) => Err(failure),
        }
    }
}

/// Where an API is.
struct Api {
    base: String,
}

impl Api {
    fn new(api: Option<&str>) -> Self {
        let base = api
            .filter(|api| !api.is_empty())
            .unwrap_or("https://api.github.com");
        Self {
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    fn is_own(&self, url: &str) -> bool {
        let (Ok(own), Ok(other)) = (self.base.parse::<Uri>(), url.parse::<Uri>()) else {
            return false;
        };
        own.scheme() == other.scheme() && own.authority() == other.authority()
    }
}

/// The paths that the generator's filters ask about.
fn asked_paths(query: &ScmProviderGenerator) -> BTreeSet<&str> {
    query
        .filters
        .iter()
        .flatten()
        .flat_map(|filter| [&filter.paths_exist, &filter.paths_do_not_exist])
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect()
}

fn refusal(url: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> SourceFailure {
    let spent =
        text(headers, "x-ratelimit-remaining") == Some("0") || headers.contains_key(header::RETRY_AFTER);
    let limited = status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::FORBIDDEN && spent);
    let mut message = format!("GET {url}: {}: {}", status.as_u16(), message_of(body));
    if !limited {
        return SourceFailure::new(kind_of(status), message);
    }
    if let Some(seconds) = text(headers, header::RETRY_AFTER.as_str()) {
        let _ = write!(message, "; try again in {seconds} s");
    } else if let Some(at) = text(headers, "x-ratelimit-reset").and_then(|at| at.parse().ok())
        && let Ok(at) = k8s_openapi::jiff::Timestamp::from_second(at)
    {
        let _ = write!(message, "; the rate limit is reset at {at}");
    }
    SourceFailure::new(FailureKind::RateLimited, message)
}

fn not_github(kind: &str) -> SourceFailure {
    SourceFailure::new(
        FailureKind::Setup,
        format!("{kind} names another code host; this source knows github only"),
    )
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

/// A name as part of a URL's path; slashes stay if it is a path itself.
fn escaped(name: &str, slashes: bool) -> String {
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
