//! Every code host that a generator may name expands from a snapshot, offline: the same parameters whoever told them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_argocd::{ApplicationSet, PullRequest, ScmRepository, Snapshot, expand};
use serde_json::{Value, json};

fn set(generator: &Value, name: &str) -> ApplicationSet {
    ApplicationSet::read(json!({
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {"goTemplate": true, "goTemplateOptions": ["missingkey=error"], "generators": [generator], "template": {
            "metadata": {"name": name},
            "spec": {"project": "default", "destination": {"name": "in-cluster"}},
        }},
    }))
    .unwrap()
}

fn names(set: &ApplicationSet, snapshot: &Snapshot) -> Vec<String> {
    let expansion = expand(set, snapshot).unwrap_or_else(|error| panic!("{error}"));
    expansion.iter().map(|one| one.name().to_owned()).collect()
}

#[test]
fn pull_requests_of_every_host_expand_with_labels_and_filters() {
    let pull = |number: i64, branch: &str, title: &str, labels: &[&str]| PullRequest {
        number,
        title: title.to_owned(),
        branch: branch.to_owned(),
        target_branch: "main".to_owned(),
        head_sha: "0123456789ab".to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        author: "ann".to_owned(),
    };
    let token = json!({"secretName": "s", "key": "k"});
    for (host, generator, has_labels) in [
        (
            "github",
            json!({"owner": "o", "repo": "r", "labels": ["preview"]}),
            true,
        ),
        (
            "gitlab",
            json!({"project": "o/r", "labels": ["preview"], "tokenRef": token}),
            true,
        ),
        (
            "gitea",
            json!({"owner": "o", "repo": "r", "api": "https://g", "labels": ["preview"]}),
            true,
        ),
        (
            "bitbucket",
            json!({"owner": "o", "repo": "r", "bearerToken": {"tokenRef": token}}),
            false,
        ),
        (
            "bitbucketServer",
            json!({"project": "o", "repo": "r", "api": "https://b"}),
            false,
        ),
        (
            "azuredevops",
            json!({"organization": "x", "project": "o", "repo": "r", "labels": ["preview"]}),
            true,
        ),
    ] {
        let filters = json!([{"branchMatch": "^feature", "titleMatch": "^Add"}, {"branchMatch": "hotfix", "targetBranchMatch": "release"}]);
        let generator = json!({"pullRequest": {host: generator, "filters": filters}});
        let set = set(
            &generator,
            "{{ .number }}-{{ .branch_slug }}-{{ .head_short_sha }}-{{ .head_short_sha_7 }}-{{ .author }}",
        );
        let found = vec![
            pull(1, "feature/A", "Add a", &["preview"]),
            pull(2, "feature/B", "Add b", &[]),
            pull(3, "feature/C", "Drop c", &["preview"]),
            pull(4, "hotfix", "Add d", &["preview"]),
        ];
        let mut expected = vec!["1-feature-a-01234567-0123456-ann"];
        if !has_labels {
            expected.push("2-feature-b-01234567-0123456-ann");
        }
        assert_eq!(
            names(&set, &Snapshot::empty().with_pull_requests("o/r", Ok(found))),
            expected,
            "{host}"
        );
    }
}

#[test]
fn repositories_of_every_host_expand_with_branches_and_filters() {
    let branch = |repository: &str, branch: &str, labels: &[&str], paths: &[&str]| ScmRepository {
        organization: "o".to_owned(),
        repository: repository.to_owned(),
        url: format!("git@x:o/{repository}.git"),
        branch: branch.to_owned(),
        sha: "0123456789ab".to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        repository_id: json!(5),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    };
    let token = json!({"secretName": "s", "key": "k"});
    for (host, generator) in [
        ("github", json!({"organization": "o"})),
        ("gitlab", json!({"group": "o"})),
        ("gitea", json!({"owner": "o", "api": "https://g"})),
        (
            "bitbucket",
            json!({"owner": "o", "user": "u", "appPasswordRef": token}),
        ),
        ("bitbucketServer", json!({"project": "o", "api": "https://b"})),
        (
            "azureDevOps",
            json!({"organization": "o", "teamProject": "p", "accessTokenRef": token}),
        ),
        ("awsCodeCommit", json!({"region": "o"})),
    ] {
        for all_branches in [false, true] {
            let mut generator = generator.clone();
            generator["allBranches"] = json!(all_branches);
            let filters = json!([{"repositoryMatch": "^shop", "pathsExist": ["deploy"], "pathsDoNotExist": ["old/x.yaml"]}]);
            let generator = json!({"scmProvider": {host: generator, "filters": filters, "values": {"v": "{{ .repository }}"}}});
            let set = set(
                &generator,
                "{{ .values.v }}-{{ .branchNormalized }}-{{ .short_sha_7 }}-{{ .labels }}-{{ .repository_id }}",
            );
            let found = vec![
                branch("shop-web", "main", &["a", "b"], &["deploy/app.yaml"]),
                branch("shop-web", "Next_1", &["a", "b"], &["deploy/app.yaml"]),
                branch("shop-old", "main", &[], &["deploy", "old/x.yaml"]),
                branch("tools", "main", &[], &["deploy"]),
            ];
            let mut expected = vec!["shop-web-main-0123456-a,b-5"];
            if all_branches {
                expected.push("shop-web-next-1-0123456-a,b-5");
            }
            assert_eq!(
                names(&set, &Snapshot::empty().with_repositories("o", Ok(found))),
                expected,
                "{host}"
            );
        }
    }
}
