//! Gathering: everything that is asked for, once, and never less in silence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use fleet_argocd::{
    ApplicationSet, ClusterSecret, Expander, FailureKind, GitEntry, GitTree, PullRequest, RecordedSources,
    Snapshot, SourceFailure, Sources, expand,
};
use futures::executor::block_on;
use serde_json::{Value, json};

fn set(generators: impl Into<Value>) -> ApplicationSet {
    let generators: Value = generators.into();
    ApplicationSet::read(json!({
        "metadata": {"name": "web", "namespace": "argocd"},
        "spec": {
            "goTemplate": true,
            "goTemplateOptions": ["missingkey=error"],
            "generators": generators,
            "template": {
                "metadata": {"name": "{{ .name }}"},
                "spec": {"project": "default", "destination": {"name": "in-cluster"}},
            },
        },
    }))
    .unwrap()
}

fn all(recorded: &RecordedSources) -> Sources {
    Sources::new()
        .git(recorded.clone())
        .clusters(recorded.clone())
        .pull_requests(recorded.clone())
        .scm(recorded.clone())
        .decisions(recorded.clone())
        .plugins(recorded.clone())
}

fn names(set: &ApplicationSet, snapshot: &Snapshot) -> Vec<String> {
    let expansion = expand(set, snapshot).unwrap();
    expansion.iter().map(|one| one.name().to_owned()).collect()
}

#[test]
fn only_what_generators_ask_for_is_asked_for_and_only_once() {
    let recorded = RecordedSources::new(Snapshot::empty());
    let elements = json!({"list": {"elements": [{"name": "a"}]}});
    let snapshot = block_on(Snapshot::gather(&all(&recorded), &set(json!([elements])))).unwrap();
    assert!(recorded.asked().is_empty());
    assert_eq!(names(&set(json!([elements])), &snapshot), ["a"]);

    let clusters = set(json!([{"clusters": {}}, {"clusters": {"selector": {"matchLabels": {"a": "b"}}}}]));
    block_on(Snapshot::gather(&all(&recorded), &clusters)).unwrap();
    assert_eq!(recorded.asked(), ["clusters"]);
}

#[test]
fn what_one_generator_names_with_the_parameters_of_another_is_gathered_in_the_next_round() {
    let files = |names: &[&str]| {
        GitTree::new(
            names
                .iter()
                .map(|name| (format!("{name}/app.yaml"), format!("name: {name}"))),
        )
    };
    let hub = Snapshot::empty()
        .with_projects(["default", "other"])
        .with_git(
            "https://index",
            "main",
            Ok(GitTree::new([(
                "repos.yaml",
                "- url: https://one\n- url: https://two\n",
            )])),
        )
        .with_git("https://one", "HEAD", Ok(files(&["a", "b"])))
        .with_git("https://two", "HEAD", Ok(files(&["c"])));
    let recorded = RecordedSources::new(hub);
    let set = set(json!([{"matrix": {"generators": [
        {"git": {"repoURL": "https://index", "revision": "main", "files": [{"path": "repos.yaml"}]}},
        {"git": {"repoURL": "{{ .url }}", "revision": "HEAD", "files": [{"path": "*/app.yaml"}], "pathParamPrefix": "own"}},
    ]}}]));
    let snapshot = block_on(Snapshot::gather(&all(&recorded), &set)).unwrap();
    assert_eq!(names(&set, &snapshot), ["a", "b", "c"]);
    assert_eq!(
        recorded.asked(),
        [
            "clusters",
            "git https://index main",
            "git https://one HEAD",
            "git https://two HEAD"
        ]
    );
}

#[test]
fn a_plugin_is_asked_after_its_config_map() {
    let config = [
        ("baseUrl".to_owned(), "http://p".to_owned()),
        ("token".to_owned(), "$t".to_owned()),
    ];
    let hub = Snapshot::empty().with_config_map("p", config.into()).with_plugin(
        "p",
        &json!({"k": "v"}),
        Ok(vec![json!({"name": "from-plugin"})]),
    );
    let recorded = RecordedSources::new(hub);
    let set = set(json!([{"plugin": {"configMapRef": {"name": "p"}, "input": {"parameters": {"k": "v"}}}}]));
    let snapshot = block_on(Snapshot::gather(&all(&recorded), &set)).unwrap();
    assert_eq!(names(&set, &snapshot), ["from-plugin"]);
    assert_eq!(recorded.asked(), ["configmap p", r#"plugin p {"k":"v"}"#]);
}

#[test]
fn a_source_that_does_not_answer_is_an_error_that_names_the_generator() {
    let denied = SourceFailure::new(FailureKind::Denied, "401: bad credentials");
    let before = Snapshot::empty()
        .with_clusters(&[ClusterSecret::new("eu", "https://eu")])
        .with_pull_requests(
            "o/r",
            Ok(vec![PullRequest {
                number: 7,
                ..PullRequest::default()
            }]),
        );
    let now = before.clone().with_pull_requests("o/r", Err(denied));
    let set = set(json!([
        {"clusters": {"selector": {"matchExpressions": [{"key": "argocd.argoproj.io/secret-type", "operator": "Exists"}]}}},
        {"pullRequest": {"github": {"owner": "o", "repo": "r"}, "values": {"x": "y"},
            "template": {"metadata": {"name": "pr-{{ .number }}"}, "spec": {"project": "default", "destination": {}}}}},
    ]));
    let error = block_on(Snapshot::gather(&all(&RecordedSources::new(now)), &set)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "spec.generators[1].pullRequest: pull requests of o/r: 401: bad credentials"
    );

    // Nothing is expanded from the rest, unless that is asked for; and then nothing is deleted.
    let partial = error.into_partial();
    assert!(expand(&set, &partial).is_err());
    let after = Expander::new().partial().expand(&set, &partial).unwrap();
    assert_eq!(
        after.iter().map(|one| one.name().to_owned()).collect::<Vec<_>>(),
        ["eu"]
    );
    assert_eq!(
        after.incomplete().next().unwrap().0.to_string(),
        "spec.generators[1].pullRequest"
    );
    let diff = expand(&set, &before).unwrap().diff(&after);
    assert!(diff.deleted.is_empty());
    assert_eq!(diff.withheld, ["pr-7"]);
}

#[test]
fn a_source_that_was_not_given_is_not_an_empty_one() {
    let set = set(json!([{"clusters": {}}]));
    let error = block_on(Snapshot::gather(&Sources::new(), &set)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "spec.generators[0].clusters: clusters and projects: no source of clusters was given"
    );
}

#[test]
fn a_repository_is_read_at_a_revision_without_a_checkout() {
    let directory = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let status = Command::new("git")
            .arg("-C")
            .arg(directory.path())
            .args([
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.com",
                "-c",
                "init.defaultBranch=main",
            ])
            .args(arguments)
            .output();
        status.is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "--quiet"]) {
        println!("skipped: there is no git on this machine");
        return;
    }
    std::fs::create_dir(directory.path().join("a")).unwrap();
    std::fs::write(directory.path().join("a/x.yaml"), "v: 1\n").unwrap();
    assert!(git(&["add", "-A"]) && git(&["commit", "--quiet", "-m", "one"]) && git(&["tag", "v1"]));
    std::fs::write(directory.path().join("a/x.yaml"), "v: 2\n").unwrap();
    std::fs::write(directory.path().join("not-committed"), "").unwrap();

    let tree = GitTree::at_revision(directory.path(), "v1").unwrap();
    let entries: Vec<_> = tree.entries().collect();
    assert_eq!(entries, [("a/x.yaml", &GitEntry::File("v: 1\n".to_owned()))]);
    assert_eq!(GitTree::at_revision(directory.path(), "").unwrap(), tree);
    for missing in ["v2", "--help", "v1:a"] {
        let failure = GitTree::at_revision(directory.path(), missing).unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound, "{missing}");
    }
}
