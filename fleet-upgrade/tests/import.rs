//! Others' strategies, as their documentation shows them, become policies of ours with a report of what was lost.

// A test that meets what it does not expect stops; clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_upgrade::import::{Imported, import};

fn imported(text: &str) -> Imported {
    import(text, "strategy.yaml", "v1.31.4".parse().unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    import(text, "s.yaml", "v1.31.4".parse().unwrap())
        .unwrap_err()
        .to_string()
}

fn notes(imported: &Imported) -> Vec<String> {
    imported.lost.iter().map(ToString::to_string).collect()
}

fn lost(imported: &Imported) -> Vec<&str> {
    imported.lost.iter().map(|lost| lost.field.as_str()).collect()
}

#[test]
fn a_kubefleet_strategy() {
    let imported = imported(
        "
apiVersion: placement.kubernetes-fleet.io/v1beta1
kind: ClusterStagedUpdateStrategy
metadata: {name: example-strategy}
spec:
  stages:
  - name: staging
    labelSelector: {matchLabels: {environment: staging}}
    maxConcurrency: 2
    afterStageTasks:
    - {type: TimedWait, waitTime: 1h}
  - name: canary
    labelSelector: {matchLabels: {environment: canary}}
    sortingLabelKey: name
    maxConcurrency: 50%
    beforeStageTasks: [{type: Approval}]
    afterStageTasks: [{type: Approval}]
",
    );
    let stages = &imported.policy.spec.stages;
    assert_eq!(imported.policy.name, "example-strategy");
    assert_eq!(stages[0].max_concurrent.get(), 2);
    assert_eq!(stages[0].soak.min_time.to_string(), "1h");
    assert_eq!(
        stages[0].selector.as_ref().unwrap().to_string(),
        "environment=staging"
    );
    assert!(stages[1].approval.before.is_some() && stages[1].approval.after.is_some());
    assert_eq!(stages[1].max_concurrent.get(), 1, "a share is not guessed");
    assert_eq!(
        lost(&imported),
        ["spec.stages[1].sortingLabelKey", "spec.stages[1].maxConcurrency"]
    );
}

#[test]
fn an_azure_update_strategy() {
    let imported = imported(
        r#"{
  "name": "strategy1",
  "properties": {"strategy": {"stages": [
    {"name": "stage1", "groups": [{"name": "group-1a"}, {"name": "group-1b"}], "afterStageWaitInSeconds": 3600},
    {"name": "stage2", "groups": [{"name": "group-2"}], "beforeGates": [{"type": "Approval"}]}
  ]}}
}"#,
    );
    let stages = &imported.policy.spec.stages;
    assert_eq!(stages[0].groups.len(), 2);
    assert_eq!(stages[0].soak.min_time.to_string(), "1h");
    assert_eq!(
        stages[1].selector.as_ref().unwrap().to_string(),
        "update-group=group-2"
    );
    assert!(stages[1].approval.before.is_some());
    assert_eq!(lost(&imported), ["strategy.stages[].groups[].name"]);
}

#[test]
fn an_azure_wait_may_be_quoted_and_is_refused_where_it_is_no_integer() {
    let with = |wait: &str| {
        format!("strategy: {{stages: [{{name: a, groups: [{{name: g}}], afterStageWaitInSeconds: {wait}}}]}}")
    };
    let stages = imported(&with("'3600'")).policy.spec.stages;
    assert_eq!(stages[0].soak.min_time.to_string(), "1h");
    for (wait, found) in [
        ("soon", "\"soon\""),
        ("1.5", "1.5"),
        ("-1", "-1"),
        ("true", "true"),
    ] {
        assert_eq!(
            refused(&with(wait)),
            format!(
                "s.yaml: strategy.stages[0].afterStageWaitInSeconds: {found} is no whole number of seconds"
            )
        );
    }
}

#[test]
fn what_an_azure_update_run_does_to_a_cluster_is_told() {
    let run = |update: &str| {
        let text = format!(
            r#"{{"id": "/run1", "name": "run1", "properties": {{
                "provisioningState": "Succeeded", "updateStrategyId": "/strategy1", "managedClusterUpdate": {update},
                "strategy": {{"stages": [{{"name": "a", "groups": [{{"name": "g"}}]}}]}}}}}}"#
        );
        let mut notes = notes(&imported(&text));
        notes.pop_if(|last| last.starts_with("strategy.stages[].groups[].name"));
        notes
    };
    let by_reference = "properties.updateStrategyId: not known here, and left out";
    assert_eq!(
        run(
            r#"{"upgrade": {"type": "NodeImageOnly", "kubernetesVersion": "1.30.2"}, "nodeImageSelection": {"type": "Latest"}}"#
        ),
        [
            by_reference,
            "properties.managedClusterUpdate.upgrade.type: \"NodeImageOnly\" is not taken over: control planes and nodes are \
             upgraded",
            "properties.managedClusterUpdate.upgrade.kubernetesVersion: \"1.30.2\" is not taken over: the target given is v1.31.4",
            "properties.managedClusterUpdate.nodeImageSelection: node images are not chosen here",
        ]
    );
    // What is the same here is not lost.
    assert_eq!(
        run(r#"{"upgrade": {"type": "Full", "kubernetesVersion": "1.31.4"}}"#),
        [by_reference]
    );
}

#[test]
fn an_ocm_rollout_strategy() {
    let imported = imported(
        "
rolloutStrategy:
  type: ProgressivePerGroup
  progressivePerGroup:
    mandatoryDecisionGroups: [{groupName: prod-canary-west}, {groupName: prod-canary-east}]
    minSuccessTime: 24h0m0s
    progressDeadline: 10m
    maxFailures: 2
",
    );
    let spec = &imported.policy.spec;
    assert_eq!(spec.stages.len(), 3);
    assert_eq!(
        spec.stages[0].selector.as_ref().unwrap().to_string(),
        "decision-group=prod-canary-west"
    );
    assert_eq!(spec.stages[0].completion_threshold.unwrap().get(), 100);
    assert_eq!(spec.stages[2].soak.min_time.to_string(), "1d");
    assert_eq!(spec.cluster_deadline.unwrap().to_string(), "10m");
    assert_eq!(spec.failure_budget.to_string(), "2");
    let group = "a decision group is expected in the label `decision-group`; all at once is not taken over: one at a time";
    assert_eq!(
        notes(&imported)[..2],
        [0, 1].map(|index| {
            format!("rolloutStrategy.progressivePerGroup.mandatoryDecisionGroups[{index}]: {group}")
        })
    );
}

#[test]
fn an_ocm_wait_after_each_cluster_is_told() {
    let imported = imported(
        "rolloutStrategy: {type: Progressive, progressive: {maxConcurrency: 1, minSuccessTime: 120h}}",
    );
    assert_eq!(imported.policy.spec.stages[0].soak.min_time.to_string(), "5d");
    assert_eq!(
        notes(&imported),
        [
            "rolloutStrategy.progressive.minSuccessTime: after each cluster there, before another starts in its place; here \
          once, after a stage's last cluster"
        ]
    );
    // Without a wait nothing of it is lost.
    let text = "rolloutStrategy: {type: Progressive, progressive: {maxConcurrency: 1}}";
    assert_eq!(notes(&self::imported(text)), [""; 0]);
}

#[test]
fn ocm_groups_that_are_not_mandatory_lose_their_order_and_that_is_told() {
    let text = "rolloutStrategy: {type: ProgressivePerGroup, progressivePerGroup: {minSuccessTime: 1h, maxConcurrency: 3}}";
    let imported = imported(text);
    assert_eq!(imported.policy.spec.stages.len(), 1);
    assert_eq!(
        notes(&imported),
        [
            "rolloutStrategy.progressivePerGroup.maxConcurrency: not known here, and left out",
            "rolloutStrategy.type: decision groups that are not mandatory go one after another there; here they are one stage, \
             in no order of groups",
            "rolloutStrategy.type: all of a group at once is not taken over: one at a time",
            "rolloutStrategy.progressivePerGroup.minSuccessTime: after each group there; for those that are not mandatory here \
             once, after the last cluster",
        ]
    );
}

#[test]
fn all_clusters_at_once_is_told_however_ocm_says_it() {
    // Everything at once has no waits in between that could be lost.
    for rest in ["", ", maxConcurrency: 0", ", maxConcurrency: 100%"] {
        let text =
            format!("rolloutStrategy: {{type: Progressive, progressive: {{minSuccessTime: 1h{rest}}}}}");
        let imported = imported(&text);
        assert_eq!(imported.policy.spec.stages.len(), 1, "{rest}");
        assert_eq!(
            notes(&imported),
            ["rolloutStrategy.progressive.maxConcurrency: all at once is not taken over: one at a time"],
            "{rest}"
        );
    }
    assert_eq!(
        notes(&imported("rolloutStrategy: {type: All}")),
        ["rolloutStrategy.type: all at once is not taken over: one at a time"]
    );
    assert_eq!(
        refused("rolloutStrategy: {type: Progressive, progressive: {minSuccessTime: 120}}"),
        "s.yaml: rolloutStrategy.progressive.minSuccessTime: `120` is no duration"
    );
}

#[test]
fn an_argo_rolling_sync() {
    let imported = imported(
        "
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: guestbook}
spec:
  strategy:
    type: RollingSync
    rollingSync:
      steps:
      - matchExpressions: [{key: envLabel, operator: In, values: [env-dev]}]
      - matchExpressions: [{key: envLabel, operator: In, values: [env-qa]}]
        maxUpdate: 0
      - matchExpressions: [{key: envLabel, operator: In, values: [env-prod]}]
        maxUpdate: 10%
",
    );
    let stages = &imported.policy.spec.stages;
    assert_eq!(stages.len(), 4, "what no step matches is not forgotten");
    assert!(stages[1].approval.before.is_some(), "0 is a stop, not everything");
    assert!(stages.iter().all(|stage| stage.max_concurrent.get() == 1));
    assert!(lost(&imported).contains(&"rollingSync.steps[2].maxUpdate"));
}

#[test]
fn an_argo_step_without_expressions_takes_all_that_is_left() {
    let with = |first: &str| {
        format!(
            "
spec:
  strategy:
    type: RollingSync
    rollingSync:
      steps:
      - matchExpressions: [{{key: env, operator: In, values: [dev]}}]
        maxUpdate: 1
      - {first}
      - matchExpressions: [{{key: env, operator: In, values: [prod]}}]
"
        )
    };
    for step in ["{maxUpdate: 2}", "{maxUpdate: 2, matchExpressions: []}"] {
        let imported = imported(&with(step));
        let stages = &imported.policy.spec.stages;
        assert_eq!(stages.len(), 2, "{step}: nothing is left for more");
        assert!(stages[1].selector.is_none());
        assert_eq!(stages[1].max_concurrent.get(), 2);
        assert_eq!(
            notes(&imported),
            [
                "rollingSync.steps[1].matchExpressions: without expressions a step matches every Application: here every \
                 cluster that no stage before it takes",
                "rollingSync.steps[2]: left out: steps[1] matches every Application that no step before it does",
                "rollingSync.steps[].matchExpressions: labels of Applications there, of clusters here",
            ]
        );
    }
    assert_eq!(
        refused(&with("{matchExpressions: prod}")),
        "s.yaml: rollingSync.steps[1].matchExpressions: found \"prod\", expected a list of {key, operator, values}"
    );
}

#[test]
fn an_argo_strategy_that_is_no_rolling_sync_is_told() {
    let told = |strategy: &str| {
        let text =
            format!("kind: ApplicationSet\nspec: {{strategy: {{{strategy}, rollingSync: {{steps: []}}}}}}");
        notes(&imported(&text))
    };
    let note = "without RollingSync everything is synced at once there; here the steps are taken over";
    assert_eq!(
        told("type: AllAtOnce")[0],
        format!("spec.strategy.type: AllAtOnce: {note}")
    );
    let notes = told("deletionOrder: Reverse");
    assert_eq!(
        notes[..2],
        [
            "spec.strategy.deletionOrder: not known here, and left out".to_owned(),
            format!("spec.strategy.type: no type: {note}")
        ]
    );
    assert!(!told("type: RollingSync")[0].starts_with("spec.strategy"));
}

#[test]
fn what_is_no_strategy_is_refused() {
    let error = refused;
    assert!(error("kind: Deployment").contains("s.yaml: found kind `Deployment`"));
    assert!(error("- [").starts_with("s.yaml: "));
    let wait = "kind: ClusterStagedUpdateStrategy\nspec: {stages: [{name: a, afterStageTasks: [{type: TimedWait, waitTime: soon}]}]}";
    assert!(error(wait).contains("spec.stages[0].afterStageTasks[0]: `soon` is no duration"));
}

#[test]
fn what_is_not_known_is_named_and_so_are_other_documents() {
    let text = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
---
apiVersion: addon.open-cluster-management.io/v1alpha1
kind: ClusterManagementAddOn
metadata: {name: agent}
spec:
  installStrategy:
    placements:
    - {name: first, namespace: fleet}
    - name: second
      rolloutStrategy:
        type: Progressive
        progressive: {maxConcurrency: 3, minSuccessTime: 5m, jitter: 3}
    - {name: third, rolloutStrategy: {type: All}}
---
apiVersion: placement.kubernetes-fleet.io/v1beta1
kind: ClusterStagedUpdateStrategy
metadata: {name: waves}
spec: {stages: [{name: all, pace: slow}]}
";
    let imported = import(text, "addon.yaml", "v1.31.4".parse().unwrap()).unwrap();
    assert_eq!(imported.policy.name, "agent");
    assert_eq!(imported.policy.spec.stages[0].max_concurrent.get(), 3);
    assert_eq!(
        notes(&imported),
        [
            "document 1: no strategy, but of kind `Deployment`",
            "document 3: another strategy: import it by itself",
            "spec.installStrategy.placements[2]: another placement: only the first one's strategy is taken over",
            "rolloutStrategy.progressive.jitter: not known here, and left out",
            "rolloutStrategy.progressive.minSuccessTime: after each cluster there, before another starts in its place; here \
             once, after a stage's last cluster",
        ]
    );
    let (_, waves) = text.rsplit_once("---").unwrap();
    let imported = import(waves, "waves.yaml", "v1.31.4".parse().unwrap()).unwrap();
    assert_eq!(
        imported.lost[0].to_string(),
        "spec.stages[0].pace: not known here, and left out"
    );
}
