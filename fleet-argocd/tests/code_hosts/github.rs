//! GitHub, and what is the same for every host: pages, credentials, refusals, silence.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use fleet_argocd::{
    ApplicationSet, CodeHosts, FailureKind, PullRequestSource, ScmSource, Snapshot, SourceFailure, Sources,
    TowerClient, expand,
};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::fake::{Log, Secrets, Seen, set};

fn pull_requests() -> ApplicationSet {
    set(json!({"pullRequest": {"github": {
        "owner": "o", "repo": "r", "tokenRef": {"secretName": "github", "key": "token"},
    }}}))
}

fn pull(number: i64) -> Value {
    json!({
        "number": number, "title": "t", "head": {"ref": format!("b{number}"), "sha": "0123456789"},
        "base": {"ref": "main", "sha": "x"}, "labels": [{"name": "preview"}], "user": {"login": "ann"},
    })
}

async fn ask(github: &CodeHosts) -> Result<Vec<fleet_argocd::PullRequest>, SourceFailure> {
    let set = pull_requests();
    github
        .pull_requests(set.spec.generators[0].pull_request.as_ref().unwrap())
        .await
}

#[tokio::test]
async fn all_pages_are_read_with_the_token_and_again_for_nothing() {
    let log = Log::default();
    let github = CodeHosts::new(
        server!(log, |seen: &Seen| {
            if seen.etag.is_some() {
                return (304, Vec::new(), String::new());
            }
            if seen.url.contains("page=2") && !seen.url.contains("per_page=100&page") {
                return (
                    200,
                    vec![("etag", "\"two\"".to_owned())],
                    json!([pull(2)]).to_string(),
                );
            }
            let next = "<https://api.github.com/repositories/1/pulls?page=2>; rel=\"next\", <https://x>; rel=\"last\"";
            (
                200,
                vec![("etag", "\"one\"".to_owned()), ("link", next.to_owned())],
                json!([pull(1)]).to_string(),
            )
        }),
        Secrets,
    );
    let set = pull_requests();
    let sources = Sources::new().pull_requests(github.clone());
    let snapshot = Snapshot::gather(&sources, &set).await.unwrap();
    let expansion = expand(&set, &snapshot).unwrap();
    let names: Vec<_> = expansion.iter().map(|one| one.name().to_owned()).collect();
    assert_eq!(names, ["b1-1{{name}}", "b2-2{{name}}"]);

    assert_eq!(ask(&github).await.unwrap().len(), 2);
    let seen = log.lock().unwrap().clone();
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[0].url, "https://api.github.com/repos/o/r/pulls?per_page=100");
    assert!(
        seen.iter()
            .all(|one| one.token.as_deref() == Some("Bearer s3cr3t"))
    );
    assert_eq!(seen[3].etag.as_deref(), Some("\"two\""));
}

#[tokio::test]
async fn a_token_goes_to_no_other_server() {
    let log = Log::default();
    let github = CodeHosts::new(
        server!(log, |_: &Seen| {
            let next = "<https://evil.example/pulls?page=2>; rel=\"next\"";
            (200, vec![("link", next.to_owned())], json!([pull(1)]).to_string())
        }),
        Secrets,
    );
    let failure = ask(&github).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Garbage);
    assert_eq!(log.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn every_refusal_is_told_for_what_it_is() {
    let reset = vec![
        ("x-ratelimit-remaining", "0".to_owned()),
        ("x-ratelimit-reset", "1767225600".to_owned()),
    ];
    for (status, headers, body, kind, words) in [
        (
            401,
            Vec::new(),
            r#"{"message": "Bad credentials"}"#,
            FailureKind::Denied,
            "401: Bad credentials",
        ),
        (403, Vec::new(), "{}", FailureKind::Denied, "403"),
        (
            403,
            reset,
            "{}",
            FailureKind::RateLimited,
            "the rate limit is reset at 2026-01-01T00:00:00Z",
        ),
        (
            429,
            vec![("retry-after", "60".to_owned())],
            "{}",
            FailureKind::RateLimited,
            "try again in 60 s",
        ),
        (404, Vec::new(), "{}", FailureKind::NotFound, "404"),
        (502, Vec::new(), "<html>", FailureKind::Unavailable, "502: <html>"),
        (200, Vec::new(), "<html>", FailureKind::Garbage, "cannot be read"),
        (200, Vec::new(), "{}", FailureKind::Garbage, "cannot be read"),
    ] {
        let github = CodeHosts::new(
            server!(Log::default(), move |_: &Seen| (
                status,
                headers.clone(),
                body.to_owned()
            )),
            Secrets,
        );
        let failure = ask(&github).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.message.contains(words), "{failure}");
        assert!(!failure.message.contains("s3cr3t"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let client = TowerClient::new(tower::service_fn(|_: Request<Full<Bytes>>| async {
        std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
    }));
    let github = CodeHosts::new(client, Secrets).timeout(Duration::from_secs(5));
    let failure = ask(&github).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.ends_with("no answer within 5 s"), "{failure}");
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_named() {
    let set = set(json!({"pullRequest": {"github": {
        "owner": "o", "repo": "r", "tokenRef": {"secretName": "gone", "key": "token"},
    }}}));
    let log = Log::default();
    let github = CodeHosts::new(
        server!(log, |_: &Seen| (200, Vec::new(), "[]".to_owned())),
        Secrets,
    );
    let error = Snapshot::gather(&Sources::new().pull_requests(github), &set)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "spec.generators[0].pullRequest: pull requests of o/r: secrets \"gone\" not found"
    );
    assert!(log.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_organisation_gives_its_repositories_with_branches_and_the_paths_asked_for() {
    let repository = |name: &str, archived: bool| {
        json!({
            "id": 5, "name": name, "ssh_url": format!("git@x:o/{name}"), "clone_url": format!("https://x/o/{name}"),
            "default_branch": "main", "archived": archived, "topics": ["web"],
        })
    };
    let log = Log::default();
    let github = CodeHosts::new(
        server!(log, move |seen: &Seen| {
            let path = seen.url.trim_start_matches("https://ghe.example/api/v3");
            let body = match path.split('?').next().unwrap() {
                "/orgs/o/repos" => json!([
                    repository("a", false),
                    repository("old", true),
                    repository("empty", false)
                ]),
                "/repos/o/a/branches" => json!([
                    {"name": "dev", "commit": {"sha": "d"}}, {"name": "main", "commit": {"sha": "m"}},
                ]),
                "/repos/o/empty/branches" => json!([]),
                "/repos/o/a/contents/deploy/app.yaml" if path.ends_with("ref=main") => json!({}),
                _ => return (404, Vec::new(), "{}".to_owned()),
            };
            (200, Vec::new(), body.to_string())
        }),
        Secrets,
    );
    let set = set(json!({"scmProvider": {
        "github": {"organization": "o", "api": "https://ghe.example/api/v3/", "allBranches": true, "excludeArchivedRepos": true},
        "cloneProtocol": "https",
        "filters": [{"pathsExist": ["deploy/app.yaml"]}],
    }}));
    let found = github
        .repositories(set.spec.generators[0].scm_provider.as_ref().unwrap())
        .await
        .unwrap();
    let branches: Vec<_> = found
        .iter()
        .map(|one| {
            (
                one.repository.as_str(),
                one.branch.as_str(),
                one.url.as_str(),
                one.paths.len(),
            )
        })
        .collect();
    assert_eq!(
        branches,
        [
            ("a", "main", "https://x/o/a", 1),
            ("a", "dev", "https://x/o/a", 0)
        ]
    );
    let snapshot = Snapshot::gather(&Sources::new().scm(github), &set).await.unwrap();
    assert_eq!(expand(&set, &snapshot).unwrap().len(), 1);
}
