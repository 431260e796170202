//! Others' strategies, as their documentation shows them, become policies of ours with a report of what was lost.

// A test that meets what it does not expect stops; clippy knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use fleet_upgrade::import::{Imported, import};

fn imported(text: &str) -> Imported {
    import(text, "strategy.yaml", "v1.31.4".parse().unwrap()).unwrap_or_else(|error| panic!("{error}"))
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
    assert!(
        lost(&imported)
            .iter()
            .all(|field| field.contains("mandatoryDecisionGroups"))
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
fn what_is_no_strategy_is_refused() {
    let error = |text: &str| {
        import(text, "s.yaml", "v1.31.4".parse().unwrap())
            .unwrap_err()
            .to_string()
    };
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
    let lost: Vec<String> = imported.lost.iter().map(ToString::to_string).collect();
    assert_eq!(
        lost,
        [
            "document 1: no strategy, but of kind `Deployment`",
            "document 3: another strategy: import it by itself",
            "spec.installStrategy.placements[2]: another placement: only the first one's strategy is taken over",
            "rolloutStrategy.progressive.jitter: not known here, and left out",
        ]
    );
    let (_, waves) = text.rsplit_once("---").unwrap();
    let imported = import(waves, "waves.yaml", "v1.31.4".parse().unwrap()).unwrap();
    assert_eq!(
        imported.lost[0].to_string(),
        "spec.stages[0].pace: not known here, and left out"
    );
}
