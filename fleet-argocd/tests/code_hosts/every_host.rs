//! The same pull requests and repositories on every code host, each in its own words and pages.

use fleet_argocd::{
    CodeHosts, FailureKind, PullRequest, PullRequestSource, ScmRepository, ScmSource, Snapshot, Sources,
    expand,
};
use serde_json::{Value, json};

use crate::fake::{Answer, Log, Secrets, Seen, set};

fn answered(body: &Value) -> Answer {
    (200, Vec::new(), body.to_string())
}

fn linked(body: &Value, next: &str) -> Answer {
    (
        200,
        vec![("link", format!("<{next}>; rel=\"next\""))],
        body.to_string(),
    )
}

fn missing() -> Answer {
    (404, Vec::new(), r#"{"message": "not found"}"#.to_owned())
}

fn token_ref() -> Value {
    json!({"secretName": "host", "key": "token"})
}

/// What the fake of a host says to a URL.
type Fake = fn(&str) -> Answer;

/// A host: the name of its generator, the generator, its fake, and what it must have been sent to sign in.
type Host = (&'static str, Value, Fake, &'static str);

fn host(name: &'static str, generator: Value, fake: Fake, credential: &'static str) -> Host {
    (name, generator, fake, credential)
}

fn gitlab_pull(number: i64, label: &str) -> Value {
    json!({
        "id": 900 + number, "iid": number, "title": "t", "source_branch": format!("b{number}"), "target_branch": "main",
        "sha": "0123456789", "labels": [label], "author": {"username": "ann"},
    })
}

fn gitea_pull(number: i64, label: &str) -> Value {
    json!({
        "id": 900 + number, "number": number, "title": "t", "head": {"ref": format!("b{number}"), "sha": "0123456789"},
        "base": {"ref": "main", "sha": "x"}, "labels": [{"name": label}], "user": {"login": "ann"},
    })
}

fn bitbucket_pull(number: i64) -> Value {
    json!({
        "id": number, "title": "t", "source": {"branch": {"name": format!("b{number}")}, "commit": {"hash": "0123456789"}},
        "destination": {"branch": {"name": "main"}, "commit": null}, "author": {"nickname": "ann"},
    })
}

fn server_pull(number: i64) -> Value {
    json!({
        "id": number, "title": "t", "fromRef": {"id": "refs/heads/x", "displayId": format!("b{number}"), "latestCommit": "0123456789"},
        "toRef": {"displayId": "main"}, "author": {"user": {"name": "ann"}},
    })
}

fn azure_pull(number: usize) -> Value {
    json!({
        "pullRequestId": number, "title": "t", "sourceRefName": format!("refs/heads/b{number}"), "targetRefName": "refs/heads/main",
        "lastMergeSourceCommit": {"commitId": "0123456789"}, "labels": [{"id": "1", "name": "preview"}],
        "createdBy": {"uniqueName": "ann@example.com"},
    })
}

fn with_pull_requests() -> Vec<Host> {
    vec![
        host(
            "gitlab",
            json!({"project": "o/r", "api": "https://git.example/", "tokenRef": token_ref(), "labels": ["preview"], "pullRequestState": "opened"}),
            |url| match url {
                "https://git.example/api/v4/projects/o%2Fr/merge_requests?per_page=100&labels=preview&state=opened" => {
                    linked(
                        &json!([gitlab_pull(1, "preview")]),
                        "https://git.example/api/v4/projects/7/merge_requests?page=2",
                    )
                }
                "https://git.example/api/v4/projects/7/merge_requests?page=2" => {
                    answered(&json!([gitlab_pull(2, "preview")]))
                }
                _ => missing(),
            },
            "s3cr3t",
        ),
        host(
            "gitea",
            json!({"owner": "o", "repo": "r", "api": "https://git.example", "tokenRef": token_ref(), "labels": ["preview"]}),
            |url| match url {
                "https://git.example/api/v1/repos/o/r/pulls?state=open&limit=50" => linked(
                    &json!([gitea_pull(1, "preview"), gitea_pull(9, "other")]),
                    "https://git.example/api/v1/repos/o/r/pulls?page=2",
                ),
                "https://git.example/api/v1/repos/o/r/pulls?page=2" => {
                    answered(&json!([gitea_pull(2, "preview")]))
                }
                _ => missing(),
            },
            "token s3cr3t",
        ),
        host(
            "bitbucket",
            json!({"owner": "o", "repo": "r", "bearerToken": {"tokenRef": token_ref()}}),
            |url| match url {
                "https://api.bitbucket.org/2.0/repositories/o/r/pullrequests?state=OPEN&pagelen=50" => {
                    answered(
                        &json!({"values": [bitbucket_pull(1)], "next": "https://api.bitbucket.org/2.0/repositories/o/r/pullrequests?page=2"}),
                    )
                }
                "https://api.bitbucket.org/2.0/repositories/o/r/pullrequests?page=2" => {
                    answered(&json!({"values": [bitbucket_pull(2)]}))
                }
                _ => missing(),
            },
            "Bearer s3cr3t",
        ),
        host(
            "bitbucketServer",
            json!({"project": "o", "repo": "r", "api": "https://git.example/rest/", "basicAuth": {"username": "u", "passwordRef": token_ref()}}),
            |url| match url {
                "https://git.example/rest/api/1.0/projects/o/repos/r/pull-requests?limit=100" => {
                    answered(&json!({"values": [server_pull(1)], "isLastPage": false, "nextPageStart": 100}))
                }
                "https://git.example/rest/api/1.0/projects/o/repos/r/pull-requests?limit=100&start=100" => {
                    answered(&json!({"values": [server_pull(2)], "isLastPage": true, "nextPageStart": null}))
                }
                _ => missing(),
            },
            "Basic dTpzM2NyM3Q=",
        ),
    ]
}

async fn asked_for_pull_requests(host: &Host) -> (Vec<PullRequest>, Vec<Seen>) {
    let (name, generator, fake, _) = host;
    let (log, fake) = (Log::default(), *fake);
    let hosts = CodeHosts::new(server!(log, move |seen: &Seen| fake(&seen.url)), Secrets);
    let set = set(json!({"pullRequest": {*name: generator}}));
    let found = hosts
        .pull_requests(set.spec.generators[0].pull_request.as_ref().unwrap())
        .await
        .unwrap_or_else(|failure| panic!("{name}: {failure}"));
    let seen = log.lock().unwrap().clone();
    (found, seen)
}

#[tokio::test]
async fn all_pull_requests_of_all_pages_are_read_with_the_hosts_credential() {
    for host in with_pull_requests() {
        let (found, seen) = asked_for_pull_requests(&host).await;
        let (name, credential) = (host.0, host.3);
        let kept: Vec<_> = found.iter().filter(|pull| pull.number < 9).collect();
        assert_eq!(
            kept.iter().map(|pull| pull.number).collect::<Vec<_>>(),
            [1, 2],
            "{name}"
        );
        for pull in kept {
            assert_eq!(pull.branch, format!("b{}", pull.number), "{name}");
            assert_eq!(
                (
                    pull.title.as_str(),
                    pull.target_branch.as_str(),
                    pull.head_sha.as_str(),
                    pull.author.as_str()
                ),
                ("t", "main", "0123456789", "ann"),
                "{name}"
            );
        }
        assert_eq!(seen.len(), 2, "{name}");
        assert!(
            seen.iter().all(|one| one.token.as_deref() == Some(credential)),
            "{name}: {seen:?}"
        );
    }
}

#[tokio::test]
async fn azures_pages_are_read_until_one_is_not_full() {
    let generator = json!({"organization": "o", "project": "p", "repo": "r", "tokenRef": token_ref(), "labels": ["preview"]});
    let host = host(
        "azuredevops",
        generator,
        |url| {
            let first = "https://dev.azure.com/o/p/_apis/git/repositories/r/pullrequests?searchCriteria.status=active&$top=100&api-version=7.1";
            let numbers = match url.strip_prefix(first) {
                Some("") => 1..101,
                Some("&$skip=100") => 101..103,
                _ => return missing(),
            };
            let mut pulls: Vec<_> = numbers.map(azure_pull).collect();
            // Of one that Azure has not looked at yet, the commit is not known.
            pulls[1]["lastMergeSourceCommit"] = Value::Null;
            answered(&json!({"value": pulls, "count": pulls.len()}))
        },
        "",
    );
    let (found, seen) = asked_for_pull_requests(&host).await;
    assert_eq!((found.len(), seen.len()), (100, 2));
    assert_eq!(
        found[0],
        PullRequest {
            number: 1,
            title: "t".to_owned(),
            branch: "b1".to_owned(),
            target_branch: "main".to_owned(),
            head_sha: "0123456789".to_owned(),
            labels: vec!["preview".to_owned()],
            author: "ann".to_owned(),
        }
    );
    assert_eq!(seen[0].token.as_deref(), Some("Basic OnMzY3IzdA=="));
}

#[tokio::test]
async fn a_host_that_asks_to_sign_in_has_denied_it() {
    let generator = json!({"organization": "o", "project": "p", "repo": "r", "tokenRef": token_ref()});
    let hosts = CodeHosts::new(
        server!(Log::default(), |_: &Seen| {
            (
                203,
                vec![("content-type", "text/html; charset=utf-8".to_owned())],
                "<html>".to_owned(),
            )
        }),
        Secrets,
    );
    let set = set(json!({"pullRequest": {"azuredevops": generator}}));
    let error = Snapshot::gather(&Sources::new().pull_requests(hosts), &set)
        .await
        .unwrap_err();
    assert_eq!(error.failures[0].failure.kind, FailureKind::Denied);
}

fn with_repositories() -> Vec<Host> {
    vec![
        host(
            "gitlab",
            json!({"group": "o", "api": "https://git.example/api/v4", "tokenRef": token_ref(), "allBranches": true, "includeSubgroups": true, "topic": "web"}),
            |url| {
                let project = |name: &str, branch: Option<&str>| {
                    json!({
                        "id": 5, "path": name, "namespace": {"full_path": "o"}, "default_branch": branch, "topics": ["web"],
                        "ssh_url_to_repo": format!("git@x:o/{name}"), "http_url_to_repo": format!("https://x/o/{name}"),
                    })
                };
                match url.strip_prefix("https://git.example/api/v4").unwrap() {
                    "/groups/o/projects?per_page=100&include_subgroups=true&with_shared=true&topic=web" => {
                        answered(&json!([project("a", Some("main")), project("empty", None)]))
                    }
                    "/projects/5/repository/branches?per_page=100" => answered(&json!([
                        {"name": "dev", "commit": {"id": "d", "short_id": "d"}}, {"name": "main", "commit": {"id": "m"}},
                    ])),
                    "/projects/5/repository/tree?path=deploy%2Fapp&ref=main" => {
                        answered(&json!([{"path": "deploy/app/x"}]))
                    }
                    "/projects/5/repository/tree?path=deploy%2Fapp&ref=dev" => answered(&json!([])),
                    _ => missing(),
                }
            },
            "s3cr3t",
        ),
        host(
            "gitea",
            json!({"owner": "o", "api": "https://git.example/", "tokenRef": token_ref(), "allBranches": true, "excludeArchivedRepos": true}),
            |url| {
                let repository = |name: &str, archived: bool| {
                    json!({
                        "id": 5, "name": name, "ssh_url": format!("git@x:o/{name}"), "html_url": format!("https://x/o/{name}"),
                        "default_branch": "main", "archived": archived,
                    })
                };
                match url.strip_prefix("https://git.example/api/v1").unwrap() {
                    "/orgs/o/repos?limit=50" => {
                        answered(&json!([repository("a", false), repository("old", true)]))
                    }
                    "/repos/o/a/labels?limit=50" => answered(&json!([{"name": "web"}])),
                    "/repos/o/a/branches?limit=50" => answered(&json!([
                        {"name": "dev", "commit": {"id": "d"}}, {"name": "main", "commit": {"id": "m"}},
                    ])),
                    "/repos/o/a/contents/deploy/app?ref=main" => answered(&json!([])),
                    _ => missing(),
                }
            },
            "token s3cr3t",
        ),
        host(
            "bitbucket",
            json!({"owner": "o", "user": "u", "appPasswordRef": token_ref(), "allBranches": true}),
            |url| match url
                .strip_prefix("https://api.bitbucket.org/2.0/repositories/o")
                .unwrap()
            {
                "?role=member&pagelen=100" => answered(&json!({"values": [{
                    "uuid": "{5}", "slug": "a", "mainbranch": {"name": "main"},
                    "links": {"clone": [{"name": "https", "href": "https://x/o/a"}, {"name": "ssh", "href": "git@x:o/a"}]},
                }]})),
                "/a/refs/branches?pagelen=100" => answered(&json!({"values": [
                    {"name": "dev", "target": {"hash": "d"}}, {"name": "main", "target": {"hash": "m"}},
                ]})),
                "/a/src/m/deploy/app?format=meta" => answered(&json!({})),
                _ => missing(),
            },
            "Basic dTpzM2NyM3Q=",
        ),
        host(
            "bitbucketServer",
            json!({"project": "o", "api": "https://git.example", "bearerToken": {"tokenRef": token_ref()}, "allBranches": true}),
            |url| {
                let repository = |name: &str| {
                    json!({
                        "id": 5, "slug": name, "name": name, "project": {"key": "o"},
                        "links": {"clone": [{"name": "http", "href": "https://x/o/a"}, {"name": "ssh", "href": "git@x:o/a"}]},
                    })
                };
                match url
                    .strip_prefix("https://git.example/rest/api/1.0/projects/o/repos")
                    .unwrap()
                {
                    "?limit=100" => answered(
                        &json!({"values": [repository("a"), repository("empty")], "isLastPage": true}),
                    ),
                    "/a/branches/default" => answered(&json!({"displayId": "main", "latestCommit": "m"})),
                    "/empty/branches/default" => (204, Vec::new(), String::new()),
                    "/a/branches?limit=100" => answered(&json!({"values": [
                        {"displayId": "dev", "latestCommit": "d"}, {"displayId": "main", "latestCommit": "m"},
                    ], "isLastPage": true})),
                    "/a/browse/deploy/app?at=main&type=true" => answered(&json!({"type": "DIRECTORY"})),
                    _ => missing(),
                }
            },
            "Bearer s3cr3t",
        ),
        host(
            "azureDevOps",
            json!({"organization": "o", "teamProject": "p", "accessTokenRef": token_ref(), "allBranches": true}),
            |url| match url
                .strip_prefix("https://dev.azure.com/o/p/_apis/git/repositories")
                .unwrap()
            {
                "?api-version=7.1" => answered(&json!({"value": [
                    {"id": "5", "name": "a", "remoteUrl": "https://x/o/a", "defaultBranch": "refs/heads/main"},
                    {"id": "6", "name": "empty", "remoteUrl": "https://x/o/empty"},
                ]})),
                "/5/stats/branches?api-version=7.1" => answered(&json!({"value": [
                    {"name": "dev", "commit": {"commitId": "d", "treeId": "t"}}, {"name": "main", "commit": {"commitId": "m"}},
                ]})),
                "/5/items?path=/deploy%2Fapp&versionDescriptor.version=main&versionDescriptor.versionType=branch&api-version=7.1" => {
                    answered(&json!({}))
                }
                _ => missing(),
            },
            "Basic OnMzY3IzdA==",
        ),
    ]
}

#[tokio::test]
async fn an_organisation_gives_the_same_repositories_on_every_host() {
    for (name, generator, fake, credential) in with_repositories() {
        let log = Log::default();
        let hosts = CodeHosts::new(server!(log, move |seen: &Seen| fake(&seen.url)), Secrets);
        let set = set(json!({"scmProvider": {
            name: generator, "cloneProtocol": "https", "filters": [{"pathsExist": ["deploy/app/"]}],
        }}));
        let query = set.spec.generators[0].scm_provider.as_ref().unwrap();
        let found = hosts
            .repositories(query)
            .await
            .unwrap_or_else(|failure| panic!("{name}: {failure}"));
        let one = |found: &ScmRepository| {
            let paths = found.paths.join(",");
            [
                &found.organization,
                &found.repository,
                &found.url,
                &found.branch,
                &found.sha,
                &paths,
            ]
            .map(String::clone)
        };
        let found: Vec<_> = found.iter().map(one).filter(|one| one[1] != "empty").collect();
        let expected = [
            ["o", "a", "https://x/o/a", "main", "m", "deploy/app"],
            ["o", "a", "https://x/o/a", "dev", "d", ""],
        ];
        assert_eq!(found, expected, "{name}");
        let seen = log.lock().unwrap().clone();
        assert!(
            seen.iter().all(|one| one.token.as_deref() == Some(credential)),
            "{name}: {seen:?}"
        );

        let snapshot = Snapshot::gather(&Sources::new().scm(hosts), &set).await.unwrap();
        let expansion = expand(&set, &snapshot).unwrap();
        assert!(
            expansion.iter().all(|one| one.name().starts_with("main-")),
            "{name}"
        );
        assert!(!expansion.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn what_is_not_supported_is_said_before_anything_is_asked() {
    let log = Log::default();
    let hosts = CodeHosts::new(server!(log, |_: &Seen| missing()), Secrets);
    for (generator, words) in [
        (
            json!({"scmProvider": {"awsCodeCommit": {"region": "eu-west-1"}}}),
            "awsCodeCommit is not supported here",
        ),
        (
            json!({"pullRequest": {"github": {"owner": "o", "repo": "r", "appSecretName": "app"}}}),
            "appSecretName app: GitHub Apps are not supported here; use tokenRef",
        ),
        (
            json!({"pullRequest": {"gitea": {"owner": "o", "repo": "r", "api": "git.example"}}}),
            "is not the URL of an API",
        ),
    ] {
        let set = set(generator);
        let sources = Sources::new().pull_requests(hosts.clone()).scm(hosts.clone());
        let error = Snapshot::gather(&sources, &set).await.unwrap_err();
        assert_eq!(error.failures[0].failure.kind, FailureKind::Setup, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
    assert!(log.lock().unwrap().is_empty());
}
