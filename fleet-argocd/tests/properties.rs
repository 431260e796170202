//! What holds for every expansion: the same however the work is split, and nothing changes between equal ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::num::NonZeroUsize;

use fleet_argocd::{
    ApplicationSet, Bounds, ClusterSecret, ExpandError, Expander, GitTree, GuardRails, RollingSyncPlan,
    RolloutBlocker, Snapshot, expand,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-zA-Z0-9 .{}_-]{0,8}".prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn elements() -> impl Strategy<Value = Vec<Value>> {
    let element = prop::collection::btree_map("[a-e]", value(), 0..5)
        .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>()));
    prop::collection::vec(element, 0..12)
}

/// Go templates of pieces that mostly fit together.
fn go_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{ .a }}"),
        Just("{{ .b.c }}"),
        Just("{{ .c | toJson }}"),
        Just("{{ range $k, $v := . }}{{ $k }}{{ end }}"),
        Just("{{ if .a }}x{{ else }}y{{ end }}"),
        Just("{{ default \"d\" .d }}"),
        Just("{{ index . \"e\" }}"),
        Just("{{ .a | upper | trunc 3 }}"),
        Just("{{ printf \"%v-%d\" .a .b }}"),
        Just("text"),
        Just("{{"),
        Just("}}"),
        Just("{{ end }}"),
        Just("{{ set . \"a\" 1 }}"),
        Just("{{ with .b }}{{ . }}{{ end }}"),
        Just("{{ toYaml . }}"),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn set(go: bool, elements: impl Into<Value>, inner: impl Into<Value>, text: &str) -> ApplicationSet {
    let (elements, inner): (Value, Value) = (elements.into(), inner.into());
    let matrix =
        json!({"matrix": {"generators": [{"list": {"elements": elements}}, {"list": {"elements": inner}}]}});
    ApplicationSet::read(json!({
        "metadata": {"name": "p", "namespace": "argocd"},
        "spec": {
            "goTemplate": go,
            "generators": [{"list": {"elements": elements}}, matrix],
            "template": {
                "metadata": {"name": text, "labels": {"k": text, text: "v"}},
                "spec": {"project": "default", "source": {"repoURL": "r", "helm": {"valuesObject": {"x": text}}},
                    "destination": {"name": "in-cluster"}},
            },
        },
    }))
    .unwrap()
}

fn threads(count: usize) -> Expander {
    Expander::new().threads(NonZeroUsize::new(count).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_an_expansion_is_the_same_however_often_and_however_split(
        outer in elements(), inner in elements(), text in go_text(), go in any::<bool>(),
    ) {
        let set = set(go, outer, inner, &text);
        let snapshot = Snapshot::empty();
        let one = threads(1).expand(&set, &snapshot);
        for count in [1, 2, 7] {
            prop_assert_eq!(&one, &threads(count).expand(&set, &snapshot));
        }
        if let Ok(expansion) = one {
            prop_assert!(expansion.diff(&expansion).is_empty());
            prop_assert!(GuardRails::default().check_diff(&expansion.diff(&expansion)).is_empty() );
        }
    }

    #[test]
    fn prop_an_update_is_what_a_new_expansion_is(
        outer in elements(), inner in elements(), more in elements(), text in go_text(), at in 0..12usize,
    ) {
        let snapshot = Snapshot::empty();
        let Ok(earlier) = expand(&set(true, outer.clone(), inner.clone(), &text), &snapshot) else { return Ok(()) };
        let at = at.min(outer.len());
        let changed: Vec<_> = outer[..at].iter().chain(&more).chain(outer.get(at + 1..).unwrap_or_default()).cloned().collect();
        for now in [set(true, changed, inner.clone(), &text), set(true, outer.clone(), more, &text), set(true, outer, inner, "x")] {
            prop_assert_eq!(expand(&now, &snapshot), Expander::new().update(&earlier, &now, &snapshot));
        }
    }

    #[test]
    fn prop_the_order_of_keys_does_not_matter(outer in elements(), text in go_text(), go in any::<bool>()) {
        let reversed = outer
            .iter()
            .map(|element| element.as_object().unwrap().iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect())
            .collect::<Vec<Value>>();
        let snapshot = Snapshot::empty();
        prop_assert_eq!(
            expand(&set(go, outer, Vec::<Value>::new(), &text), &snapshot),
            expand(&set(go, reversed, Vec::<Value>::new(), &text), &snapshot)
        );
    }

    // Fuzzing in a box: whatever the text, an answer and no panic.
    #[test]
    fn prop_no_text_of_either_language_panics(text in ".{0,40}", braces in "[{}. a-z|$\"()=:-]{0,40}", go in any::<bool>()) {
        for text in [text, format!("{{{{{braces}}}}}"), braces] {
            let elements = vec![json!({"a": "x", "n": 1.5, "l": [1, null], "m": {"k": "v"}})];
            let mut set = set(go, elements, Vec::<Value>::new(), &text);
            set.spec.template_patch = Some(text);
            drop(expand(&set, &Snapshot::empty()));
        }
    }

    #[test]
    fn prop_no_pattern_of_any_glob_language_panics(
        pattern in "[a-c*?/\\[\\]{},!^\\\\.:()-]{0,16}", new_globbing in any::<bool>(), directories in any::<bool>(),
    ) {
        let files = ["a/b.yaml", "a/b/c.yaml", "b/[c].yaml", "c*.yaml", ".h/a.yaml"];
        let mut snapshot = Snapshot::empty().with_git("r", "HEAD", Ok(GitTree::new(files.map(|file| (file, "a: b")))));
        snapshot.switches.new_git_file_globbing = new_globbing;
        let kind = if directories { "directories" } else { "files" };
        let set = ApplicationSet::read(json!({
            "metadata": {"name": "p", "namespace": "argocd"},
            "spec": {
                "generators": [{"git": {"repoURL": "r", "revision": "HEAD", kind: [{"path": pattern}]}}],
                "template": {"metadata": {"name": "{{path}}"}, "spec": {"project": "default", "destination": {}}},
            },
        })).unwrap();
        drop(expand(&set, &snapshot));
    }
}

#[test]
fn a_changed_label_expands_again_only_what_depends_on_it() {
    let clusters = |changed: usize| {
        let all: Vec<_> = (0..20)
            .map(|n| {
                let region = if n == changed { "moved" } else { "eu" };
                ClusterSecret::new(format!("c{n:02}"), format!("https://c{n}"))
                    .with_labels([("region", region)])
            })
            .collect();
        let tree = GitTree::new((0..10).map(|n| (format!("apps/a{n}/x"), "")));
        Snapshot::empty()
            .with_clusters(&all)
            .with_git("r", "HEAD", Ok(tree))
    };
    let set = ApplicationSet::read(json!({
        "metadata": {"name": "p", "namespace": "argocd"},
        "spec": {
            "goTemplate": true,
            "generators": [{"matrix": {"generators": [
                {"git": {"repoURL": "r", "revision": "HEAD", "directories": [{"path": "apps/*"}]}},
                {"clusters": {"selector": {"matchExpressions": [{"key": "region", "operator": "Exists"}]}}},
            ]}}],
            "template": {
                "metadata": {"name": "{{ .path.basename }}-{{ .name }}", "labels": {"region": "{{ .metadata.labels.region }}"}},
                "spec": {"project": "default", "destination": {"server": "{{ .server }}"}},
            },
        },
    }))
    .unwrap();
    let before = expand(&set, &clusters(99)).unwrap();
    let after = Expander::new().update(&before, &set, &clusters(7)).unwrap();
    assert_eq!((after.len(), after.reused()), (200, 190));
    assert_eq!(after, expand(&set, &clusters(7)).unwrap());
    assert_eq!(before.diff(&after).changed.len(), 10);
}

#[test]
fn an_update_of_many_takes_over_all_that_is_the_same_wherever_it_stands() {
    type Edit = fn(&mut Vec<Value>);
    let inner = |edit: Edit| {
        let mut elements: Vec<_> = (0..200).map(|n| json!({"n": n})).collect();
        edit(&mut elements);
        elements
    };
    let outer = vec![json!({"a": "x"}), json!({"a": "y"}), json!({"a": "z"})];
    let text = "{{ .a }}-{{ .n }}";
    let of = |inner: Vec<Value>| set(true, outer.clone(), inner, text);
    let snapshot = Snapshot::empty();
    let earlier = expand(&of(inner(|_| {})), &snapshot).unwrap();
    let edits: [(Edit, usize); 8] = [
        (|_| {}, 0),
        (|all| all[70] = json!({"n": "other"}), 3),
        (|all| all[199] = json!({"n": "other"}), 3),
        (|all| drop(all.remove(3)), 0),
        (|all| all.insert(64, json!({"n": "more"})), 3),
        (|all| all.push(json!({"n": "more"})), 3),
        (|all| all.truncate(64), 0),
        (Vec::clear, 0),
    ];
    for (edit, rendered) in edits {
        let now = of(inner(edit));
        let fresh = expand(&now, &snapshot).unwrap();
        for count in [1, 3] {
            let updated = threads(count).update(&earlier, &now, &snapshot).unwrap();
            assert_eq!(updated, fresh);
            assert_eq!(updated.len() - updated.reused(), rendered);
            // And again from what was taken over.
            assert_eq!(
                threads(count)
                    .update(&updated, &of(inner(|_| {})), &snapshot)
                    .unwrap(),
                earlier
            );
        }
    }
}

#[test]
fn bounds_say_which_they_are() {
    let many: Vec<Value> = (0..1_000).map(|n| json!({"a": n})).collect();
    let with = |change: fn(&mut Bounds)| {
        let mut bounds = Bounds::default();
        change(&mut bounds);
        Expander::new().bounds(bounds)
    };
    let long = "{{ range until 100 }}{{ repeat 1000 \"x\" }}{{ end }}";
    for (expander, text, words) in [
        (
            with(|bounds| bounds.sets = 5_000),
            "{{ .a }}",
            "sets of parameters",
        ),
        (
            with(|bounds| bounds.output = 1 << 20),
            long,
            "bytes for all rendered texts",
        ),
        (
            with(|bounds| bounds.steps = 10_000),
            long,
            "steps for all templates",
        ),
        (
            Expander::new(),
            "{{ range until 100000000 }}{{ end }}",
            "the limit of",
        ),
        (
            Expander::new(),
            "{{ define \"t\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" . }}",
            "maximum template depth",
        ),
        (Expander::new(), "{{ repeat 100000000 \"x\" }}", "exceed"),
    ] {
        let set = set(true, many.clone(), many[..10].to_vec(), text);
        match expander.expand(&set, &Snapshot::empty()).unwrap_err() {
            ExpandError::Bound { path, message } => {
                assert!(message.contains(words), "{message}");
                assert!(path.to_string().starts_with("spec."), "{path}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_rollout_is_planned_from_its_own_step_and_read_from_live_status() {
    let elements: Vec<Value> = (0..10)
        .map(|n| json!({"n": format!("canary-{n}"), "env": "canary"}))
        .chain((0..90).map(|n| json!({"n": format!("other-{n}"), "env": "none"})))
        .chain([json!({"n": "prod", "env": "prod"})])
        .collect();
    let mut object = json!({
        "metadata": {"name": "p", "namespace": "argocd"},
        "spec": {
            "generators": [{"list": {"elements": elements}}],
            "strategy": {"type": "RollingSync", "rollingSync": {"steps": [
                {"matchExpressions": [{"key": "env", "operator": "In", "values": ["canary"]}], "maxUpdate": "10%"},
                {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]},
            ]}},
            "template": {"metadata": {"name": "{{n}}", "labels": {"env": "{{env}}"}},
                "spec": {"project": "default", "destination": {"name": "in-cluster"}}},
        },
    });
    let set = ApplicationSet::read(object.clone()).unwrap();
    let plan = RollingSyncPlan::new(&set, &expand(&set, &Snapshot::empty()).unwrap()).unwrap();
    // Argo CD counts the 90 of no step in the first one's total, and starts all ten canaries at once.
    assert_eq!(
        (plan.steps[0].max_update, plan.steps[0].upstream_max_update),
        (1, 10)
    );
    assert_eq!(plan.unmatched.len(), 90);

    let progress = plan.progress(&set, &[]);
    assert_eq!(
        (progress.current, progress.startable.as_slice()),
        (Some(0), &["canary-0".to_owned()][..])
    );

    let state = |name: &str, status: &str| json!({"application": name, "status": status, "message": "", "step": "1", "targetRevisions": []});
    let mut states: Vec<_> = (0..10)
        .map(|n| state(&format!("canary-{n}"), "Healthy"))
        .collect();
    object["status"] = json!({"applicationStatus": states});
    let progress = plan.progress(&ApplicationSet::read(object.clone()).unwrap(), &[]);
    assert_eq!(
        (progress.current, progress.done, progress.total),
        (Some(1), 10, 11)
    );

    // A canary that degrades after it was healthy stops the rest; in Argo CD it does not.
    let degraded = serde_json::from_value(json!({
        "metadata": {"name": "canary-3"},
        "spec": {"project": "default", "destination": {}},
        "status": {"health": {"status": "Degraded"}},
    }))
    .unwrap();
    let progress = plan.progress(&ApplicationSet::read(object.clone()).unwrap(), &[degraded]);
    assert_eq!(progress.current, Some(0));
    assert_eq!(
        progress.blockers,
        [RolloutBlocker::Regressed {
            step: 0,
            application: "canary-3".to_owned()
        }]
    );
    assert!(progress.startable.is_empty());

    states[9] = state("canary-9", "Progressing");
    object["status"] = json!({"applicationStatus": states});
    let progress = plan.progress(&ApplicationSet::read(object).unwrap(), &[]);
    assert_eq!(progress.current, Some(0));
    assert_eq!(progress.blockers.len(), 1);
}
