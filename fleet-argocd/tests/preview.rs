//! Previews: what changes, what is flagged, and what must hold of every expansion.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_argocd::{
    ApplicationSet, Diff, Expansion, FailureKind, GitTree, GuardRails, PullRequest, Rail, Snapshot,
};
use fleet_argocd::{SourceFailure, expand};
use proptest::prelude::*;
use serde_json::{Value, json};

fn set(generators: &Value, name: &str) -> ApplicationSet {
    ApplicationSet::read(json!({
        "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {"generators": generators, "template": {
            "metadata": {"name": name},
            "spec": {"project": "{{project}}", "destination": {"name": "{{cluster}}"}},
        }},
    }))
    .unwrap()
}

fn listed(names: &[&str], cluster: &str, name: &str) -> Expansion {
    let elements: Vec<_> = names
        .iter()
        .map(|name| json!({"name": name, "cluster": cluster, "project": "p"}))
        .collect();
    expand(
        &set(&json!([{"list": {"elements": elements}}]), name),
        &Snapshot::empty(),
    )
    .unwrap()
}

#[test]
fn a_change_is_told_field_by_field() {
    let diff = listed(&["a", "b"], "eu", "{{name}}").diff(&listed(&["b", "c"], "us", "{{name}}"));
    assert_eq!(diff.created, ["c"]);
    assert_eq!(diff.deleted, ["a"]);
    assert_eq!(diff.changed[0].moved, Some(("eu".into(), "us".into())));
    assert_eq!(diff.changed[0].fields[0].path, "spec.destination.name");
    assert_eq!(
        diff.to_string(),
        "+ c\n~ b\n    moves from eu to us\n    spec.destination.name: \"eu\" -> \"us\"\n- a\n1 created, 1 changed, 1 deleted (2 before, 2 after)"
    );
}

fn rails(findings: &[fleet_argocd::Finding]) -> Vec<Rail> {
    findings.iter().map(|finding| finding.rail).collect()
}

#[test]
fn deletions_renames_and_emptiness_are_flagged() {
    let guard = GuardRails::default();
    let before = listed(&["a", "b"], "eu", "{{name}}");
    assert_eq!(guard.check_diff(&before.diff(&before)), []);
    assert_eq!(
        rails(&guard.check_diff(&before.diff(&listed(&[], "eu", "{{name}}")))),
        [Rail::BecomesEmpty, Rail::TooManyDeletions]
    );
    assert_eq!(
        rails(&guard.check_diff(&before.diff(&listed(&["a", "b"], "eu", "x-{{name}}")))),
        [Rail::TooManyDeletions, Rail::Renames, Rail::Renames]
    );
}

#[test]
fn a_generator_that_stopped_matching_is_flagged_with_what_it_looks_for() {
    let generators = json!([
        {"list": {"elements": [{"name": "a"}]}},
        {"git": {"repoURL": "r", "revision": "main", "directories": [{"path": "apps/*"}, {"path": "apps/old", "exclude": true}]}},
        {"git": {"repoURL": "r", "revision": "main", "files": [{"path": "config/*.yaml"}]}},
    ]);
    let written = set(&generators, "{{name}}{{path}}");
    let at = |files: &[&str]| {
        let tree = GitTree::new(files.iter().map(|file| (*file, "name: x")));
        expand(&written, &Snapshot::empty().with_git("r", "main", Ok(tree))).unwrap()
    };
    let before = at(&["apps/web/x", "apps/old/x", "config/one.yaml"]);
    let mut guard = GuardRails::default();
    guard.max_deleted_percent = None;
    assert!(!rails(&guard.check_change(&written, &before, &before)).contains(&Rail::GeneratorCollapsed));
    // The directory has moved; the list still gives one, so nothing becomes empty.
    let findings = guard.check_change(&written, &before, &at(&["services/web/x", "config/one.yaml"]));
    let collapsed: Vec<_> = findings
        .iter()
        .filter(|one| one.rail == Rail::GeneratorCollapsed)
        .collect();
    assert_eq!(collapsed.len(), 1, "{findings:?}");
    assert_eq!(
        collapsed[0].reason,
        "spec.generators[1].git gave 1 Applications and gives none any more: nothing in the repository matches apps/*"
    );
    assert_eq!(collapsed[0].parameter.as_deref(), Some("spec.generators[1].git"));
    assert!(!rails(&findings).contains(&Rail::BecomesEmpty));
    let both = guard.check_change(&written, &before, &at(&["services/web/x"]));
    assert_eq!(
        both.iter()
            .filter(|one| one.rail == Rail::GeneratorCollapsed)
            .count(),
        2
    );
}

#[test]
fn a_preview_in_a_privileged_project_is_flagged_through_a_matrix() {
    let generators = json!([{"matrix": {"generators": [
        {"pullRequest": {"gitlab": {"project": "o/r"}}},
        {"list": {"elements": [{"project": "platform", "cluster": "lab"}]}},
    ]}}]);
    let written = set(&generators, "pr-{{number}}");
    let pull = PullRequest {
        number: 7,
        ..PullRequest::default()
    };
    let snapshot = Snapshot::empty().with_pull_requests("o/r", Ok(vec![pull]));
    let expansion = expand(&written, &snapshot).unwrap();
    let mut guard = GuardRails::default();
    assert_eq!(guard.check(&expansion), []);
    guard.privileged_projects = vec!["platform".into()];
    assert_eq!(
        guard.check(&expansion)[0].to_string(),
        "preview-reaches-production: the preview of pull request 7 has spec.project platform (number=7)"
    );
}

#[test]
fn names_taken_twice_and_leftover_placeholders_are_flagged_with_their_place() {
    let findings = GuardRails::default().check(&listed(&["a", "b"], "eu", "same-{{nope}}"));
    assert!(rails(&findings).contains(&Rail::DuplicateName));
    let unresolved = findings.iter().find(|one| one.rail == Rail::Unresolved).unwrap();
    assert_eq!(unresolved.parameter.as_deref(), Some("metadata.name"));
    let (one, other) = (listed(&["a"], "eu", "{{name}}"), listed(&["a"], "us", "{{name}}"));
    assert_eq!(
        GuardRails::check_together([("one", &one), ("other", &other)])[0].reason,
        "a is generated by one and other"
    );
}

#[test]
fn a_preview_in_production_is_flagged() {
    let generators = json!([{"pullRequest": {"github": {"owner": "o", "repo": "r"}}}]);
    let mut written = set(&generators, "pr-{{number}}");
    written.spec.template.spec.destination.name = Some("production".into());
    let pull = PullRequest {
        number: 7,
        ..PullRequest::default()
    };
    let snapshot = Snapshot::empty().with_pull_requests("o/r", Ok(vec![pull]));
    let mut guard = GuardRails::default();
    guard.production = vec!["production".into()];
    let findings = guard.check(&expand(&written, &snapshot).unwrap());
    let reached = findings
        .iter()
        .find(|one| one.rail == Rail::PreviewReachesProduction)
        .unwrap();
    assert_eq!(reached.applications, ["pr-7"]);
    assert_eq!(reached.parameter.as_deref(), Some("number=7"));
}

#[test]
fn a_source_that_did_not_answer_is_never_an_empty_one() {
    let generators = json!([
        {"list": {"elements": [{"name": "a"}]}},
        {"git": {"repoURL": "r", "revision": "main", "directories": [{"path": "*"}]}},
    ]);
    let written = set(&generators, "{{path}}");
    let error = expand(&written, &Snapshot::empty()).unwrap_err();
    assert_eq!(error.path().to_string(), "spec.generators[1].git");
    let failure = SourceFailure::new(FailureKind::RateLimited, "429: wait 60 s");
    let snapshot = Snapshot::empty().with_git("r", "main", Err(failure));
    let error = expand(&written, &snapshot).unwrap_err();
    assert!(error.to_string().contains("429: wait 60 s"), "{error}");
    let snapshot = Snapshot::empty().with_git("r", "main", Ok(GitTree::default()));
    assert_eq!(expand(&written, &snapshot).unwrap().len(), 1);
    let clusters = set(&json!([{"clusters": {}}]), "{{name}}");
    let failure = SourceFailure::new(FailureKind::Unavailable, "timed out");
    assert!(expand(&clusters, &Snapshot::empty().without_clusters(failure)).is_err());
}

#[test]
fn a_link_that_leaves_the_repository_is_not_followed() {
    let tree = GitTree::default().with_symlink("config.yaml", "../../etc/passwd");
    let written = set(
        &json!([{"git": {"repoURL": "r", "revision": "main", "files": [{"path": "config.yaml"}]}}]),
        "x",
    );
    let error = expand(&written, &Snapshot::empty().with_git("r", "main", Ok(tree))).unwrap_err();
    assert!(error.to_string().contains("leaves the repository"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_a_diff_with_itself_is_empty(names in prop::collection::vec("[a-z{}]{1,6}", 0..12)) {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let expansion = listed(&names, "eu", "{{name}}");
        prop_assert!(expansion.diff(&expansion).is_empty());
        prop_assert_eq!(&expansion, &listed(&names, "eu", "{{name}}"));
    }

    #[test]
    fn prop_a_diff_there_and_back_mirrors(
        before in prop::collection::btree_set("[a-d]{1,2}", 0..8),
        after in prop::collection::btree_set("[a-d]{1,2}", 0..8),
    ) {
        let expanded = |names: &std::collections::BTreeSet<String>| {
            listed(&names.iter().map(String::as_str).collect::<Vec<_>>(), "eu", "{{name}}")
        };
        let (before, after) = (expanded(&before), expanded(&after));
        let (there, back): (Diff, Diff) = (before.diff(&after), after.diff(&before));
        prop_assert_eq!(there.created, back.deleted);
        prop_assert_eq!(there.deleted, back.created);
    }

    #[test]
    fn prop_splitting_a_list_over_generators_changes_nothing(count in 0usize..20, at in 0usize..20) {
        let elements: Vec<_> = (0..count)
            .map(|index| json!({"name": format!("n{index}"), "cluster": "eu", "project": "p"}))
            .collect();
        let at = at.min(count);
        let whole = set(&json!([{"list": {"elements": elements}}]), "{{name}}");
        let split = set(&json!([{"list": {"elements": elements[..at]}}, {"list": {"elements": elements[at..]}}]),
            "{{name}}",
        );
        let values = |set: &ApplicationSet| {
            let expansion = expand(set, &Snapshot::empty()).unwrap();
            expansion.iter().map(|one| one.to_value()).collect::<Vec<_>>()
        };
        prop_assert_eq!(values(&whole), values(&split));
    }
}

#[test]
fn comments_and_definitions_render_to_nothing() {
    let set = ApplicationSet::read(json!({
        "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {"goTemplate": true, "generators": [{"list": {"elements": [{"name": "a"}]}}], "template": {
            "metadata": {"name": "{{/* who */}}a", "annotations": {"{{/* key */}}k": "{{- /* branch */ -}} main"}},
            "spec": {"project": "{{ define \"h\" }}hi{{ end }}p", "destination": {"name": "eu"}},
        }},
    }))
    .unwrap();
    let expansion = expand(&set, &Snapshot::empty()).unwrap();
    let found = expansion.iter().next().unwrap().to_value();
    assert_eq!(found["metadata"]["name"], "a");
    assert_eq!(found["metadata"]["annotations"], json!({"k": "main"}));
    assert_eq!(found["spec"]["project"], "p");
}
