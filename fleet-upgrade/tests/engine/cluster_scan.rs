//! The pre-flight scan of real objects, as the engine's gate.

use std::time::Duration;

use fleet_core::{Fleet, FleetCluster};
use fleet_preflight::{Baseline, Verdict};
use fleet_sim::Hub;
use fleet_upgrade::adapters::ClusterScan;
use fleet_upgrade::engine::Engine;
use fleet_upgrade::kernel::{Fact, PreflightVerdict};
use fleet_upgrade::ports::{BoxError, Clock, Preflight, TokioClock};
use fleet_upgrade::testing::{InMemoryRunStore, InMemoryUpgrader};
use fleet_upgrade::{FleetUpgrade, FleetUpgradeSpec, Stage, plan};
use jiff::ToSpan;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Client;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;

use crate::fleet::start;

/// A cluster on the hub, in which someone has applied a budget in a version that 1.31 does not have.
async fn cluster() -> Result<(Hub, Client), BoxError> {
    let hub = Hub::builder().seed(1).starting_at(start()).start()?;
    let client = hub.client();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let shop = json!({"metadata": {"name": "shop"}});
    namespaces
        .create(&PostParams::default(), &serde_json::from_value(shop)?)
        .await?;
    let budget = json!({
        "metadata": {"name": "web", "namespace": "shop", "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration":
                "{\"apiVersion\":\"policy/v1beta1\",\"kind\":\"PodDisruptionBudget\"}"}},
        "spec": {"maxUnavailable": 1},
    });
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(client.clone(), "shop");
    budgets
        .create(&PostParams::default(), &serde_json::from_value(budget)?)
        .await?;
    Ok((hub, client))
}

#[tokio::test(start_paused = true)]
async fn a_cluster_with_blocking_findings_does_not_start_until_they_are_gone() -> Result<(), BoxError> {
    let (_hub, client) = cluster().await?;
    let spec = FleetUpgradeSpec::new("v1.31.4".parse()?)
        .stage(Stage::new("all"))
        .require_preflight();
    let a = FleetCluster::new("a".parse()?, "v1.30.8".parse()?);
    let plan = plan(&FleetUpgrade::new("to-1-31", spec), &Fleet::new([a])?, start())?;
    let clock = TokioClock::starting_at(start());
    let store = InMemoryRunStore::new();
    let of = client.clone();
    let scan =
        ClusterScan::new(move |_| std::future::ready(Ok(of.clone()))).fresh_for(Duration::from_mins(30));
    let run = Engine::new(plan.clone(), store.clone())
        .upgrader(InMemoryUpgrader::for_plan(&plan, clock))
        .preflight(scan.clone())
        .clock(clock)
        .start();
    clock.sleep_until(start() + 5.hours()).await;
    let begun = |store: &InMemoryRunStore| {
        let events = store.events("to-1-31");
        events
            .iter()
            .any(|event| matches!(event.fact, Fact::HopStarted { .. }))
    };
    assert!(!begun(&store), "it started with a finding that blocks");
    // The evidence: in the gate's answer and, whole, in the report behind it.
    let verdict = scan.check(&"a".parse()?, &"v1.31.4".parse()?).await?;
    let PreflightVerdict::Blocked { reason, findings: 1 } = verdict else {
        return Err(format!("{verdict:?}").into());
    };
    assert!(
        reason.starts_with("api-removed: policy/v1beta1 PodDisruptionBudget shop/web: "),
        "{reason}"
    );
    let report = scan.report(&"a".parse()?, "1.31".parse()?).ok_or("no report")?;
    assert_eq!(report.verdict(), Verdict::Removed);

    let budgets: Api<PodDisruptionBudget> = Api::namespaced(client, "shop");
    budgets.delete("web", &DeleteParams::default()).await?;
    assert!(run.outcome().await?.is_success());
    assert!(begun(&store));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn answers_hold_for_a_while_and_known_findings_do_not_block() -> Result<(), BoxError> {
    let (_hub, client) = cluster().await?;
    let to = "v1.31.4".parse()?;
    let a = "a".parse()?;
    let of = client.clone();
    let scan = ClusterScan::new(move |_| std::future::ready(Ok(of.clone())));
    assert!(matches!(
        scan.check(&a, &to).await?,
        PreflightVerdict::Blocked { .. }
    ));
    let report = scan.report(&a, "1.31".parse()?).ok_or("no report")?;
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(client.clone(), "shop");
    budgets.delete("web", &DeleteParams::default()).await?;
    tokio::time::advance(Duration::from_mins(9)).await;
    assert!(matches!(
        scan.check(&a, &to).await?,
        PreflightVerdict::Blocked { .. }
    ));
    tokio::time::advance(Duration::from_mins(2)).await;
    assert_eq!(
        scan.check(&a, &to).await?,
        PreflightVerdict::Clear { warnings: 0 }
    );

    let (_hub, client) = cluster().await?;
    let known = ClusterScan::new(move |_| std::future::ready(Ok(client.clone())))
        .baseline(Baseline::of(&report, None));
    assert_eq!(
        known.check(&a, &to).await?,
        PreflightVerdict::Clear { warnings: 0 }
    );

    let gone = ClusterScan::new(|_| std::future::ready(Err("no kubeconfig".into())));
    assert!(gone.check(&a, &to).await.is_err());
    let nobody = kube::Config::new("http://127.0.0.1:1".parse()?);
    let nobody = Client::try_from(nobody)?;
    let silent = ClusterScan::new(move |_| std::future::ready(Ok(nobody.clone())));
    assert!(
        matches!(silent.check(&a, &to).await?, PreflightVerdict::Incomplete { reason } if reason.starts_with("unreadable: "))
    );
    Ok(())
}
