//! The simulated Argo CD on virtual time.

use std::time::Duration;

use fleet_argocd::{Application, ApplicationSet};
use fleet_sim::Hub;
use fleet_sim::argocd::ArgoCd;
use fleet_sim::cluster_api::Delay;
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

type TestResult = Result<(), Box<dyn std::error::Error>>;

struct Scene {
    hub: Hub,
    applications: Api<Application>,
    sets: Api<ApplicationSet>,
}

impl Scene {
    fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let hub = Hub::builder()
            .crds(fleet_argocd::crds())
            .create_missing_namespaces(true)
            .seed(7)
            .start()?;
        Ok(Self {
            applications: Api::namespaced(hub.client(), "argocd"),
            sets: Api::namespaced(hub.client(), "argocd"),
            hub,
        })
    }

    async fn pass(&self, seconds: i64) {
        self.hub.advance(SignedDuration::from_secs(seconds)).await;
    }

    /// Name, sync and health of every Application.
    async fn seen(&self) -> Result<Vec<String>, kube::Error> {
        let list = self.applications.list(&ListParams::default()).await?;
        Ok(list.into_iter().map(|one| shown(&one)).collect())
    }

    async fn register(&self, name: &str, labels: Value) -> TestResult {
        let mut labels = labels;
        labels["argocd.argoproj.io/secret-type"] = json!("cluster");
        let secret = json!({"metadata": {"name": name, "labels": labels},
            "stringData": {"name": name, "server": format!("https://{name}:6443"), "config": "{}"}});
        let secrets: Api<Secret> = Api::namespaced(self.hub.client(), "argocd");
        secrets
            .create(&PostParams::default(), &serde_json::from_value(secret)?)
            .await?;
        Ok(())
    }

    async fn create_set(&self, spec: Value) -> TestResult {
        let set = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet",
            "metadata": {"name": "web", "namespace": "argocd"}, "spec": spec});
        self.sets
            .create(&PostParams::default(), &serde_json::from_value(set)?)
            .await?;
        Ok(())
    }

    async fn patch_set(&self, patch: Value) -> TestResult {
        self.sets
            .patch("web", &PatchParams::default(), &Patch::Merge(patch))
            .await?;
        Ok(())
    }
}

fn shown(application: &Application) -> String {
    let status = application.status.clone().unwrap_or_default();
    let sync = status.sync.unwrap_or_default().status;
    let health = status.health.and_then(|health| health.status).unwrap_or_default();
    format!("{} {sync} {health}", application.name())
}

fn template(automated: bool, revision: &str) -> Value {
    let policy = if automated {
        json!({"automated": {}})
    } else {
        json!({})
    };
    json!({
        "metadata": {"name": "web-{{name}}", "labels": {"env": "{{metadata.labels.env}}"}},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://git.example.com/web", "path": "deploy", "targetRevision": revision},
            "destination": {"name": "{{name}}", "namespace": "web"},
            "syncPolicy": policy,
        },
    })
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_set_becomes_applications_that_sync_degrade_and_recover() -> TestResult {
    let scene = Scene::start()?;
    let argocd = scene.hub.simulate(
        ArgoCd::default()
            .sync_duration(Duration::from_secs(20))
            .rollout(Duration::from_mins(1)),
    );
    scene.register("eu", json!({"env": "prod"})).await?;
    scene
        .create_set(
            json!({"generators": [{"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}],
            "template": template(true, "v1")}),
        )
        .await?;
    scene.pass(5).await;
    assert_eq!(scene.seen().await?, ["web-eu OutOfSync Missing"]);
    scene.pass(30).await;
    assert_eq!(scene.seen().await?, ["web-eu Synced Progressing"]);
    scene.pass(60).await;
    assert_eq!(scene.seen().await?, ["web-eu Synced Healthy"]);
    let set = scene.sets.get("web").await?.status.unwrap_or_default();
    let conditions: Vec<String> = set
        .conditions
        .iter()
        .flatten()
        .map(|found| format!("{} {}", found.condition_type, found.status))
        .collect();
    assert_eq!(
        conditions,
        [
            "ErrorOccurred False",
            "ParametersGenerated True",
            "ResourcesUpToDate True"
        ]
    );
    assert_eq!(set.resources_count, Some(1));

    // Another cluster, and one that no longer fits.
    scene.register("us", json!({"env": "prod"})).await?;
    scene.register("lab", json!({"env": "lab"})).await?;
    scene.pass(120).await;
    assert_eq!(
        scene.seen().await?,
        ["web-eu Synced Healthy", "web-us Synced Healthy"]
    );

    argocd.degrade("web-us", "CrashLoopBackOff");
    scene.pass(1).await;
    assert_eq!(
        scene.seen().await?,
        ["web-eu Synced Healthy", "web-us Synced Degraded"]
    );
    let health = scene
        .applications
        .get("web-us")
        .await?
        .status
        .unwrap_or_default()
        .health;
    assert_eq!(
        health.unwrap_or_default().message.as_deref(),
        Some("CrashLoopBackOff")
    );
    argocd.recover("web-us");
    scene.pass(1).await;
    assert_eq!(scene.seen().await?[1], "web-us Synced Progressing");
    scene.pass(60).await;
    assert_eq!(scene.seen().await?[1], "web-us Synced Healthy");

    // A new revision goes everywhere, and is remembered.
    scene
        .patch_set(json!({"spec": {"template": template(true, "v2")}}))
        .await?;
    scene.pass(5).await;
    assert_eq!(
        scene.seen().await?,
        ["web-eu OutOfSync Healthy", "web-us OutOfSync Healthy"]
    );
    scene.pass(90).await;
    let after = scene.applications.get("web-eu").await?.status.unwrap_or_default();
    let history = after.history.unwrap_or_default();
    assert_eq!(history.iter().map(|one| one.id).collect::<Vec<_>>(), [0, 1]);
    assert_ne!(history[0].revision, history[1].revision);
    assert_eq!(
        history[1]
            .source
            .as_ref()
            .and_then(|source| source.target_revision.as_deref()),
        Some("v2")
    );

    let secrets: Api<Secret> = Api::namespaced(scene.hub.client(), "argocd");
    secrets.delete("us", &DeleteParams::default()).await?;
    // Generated Applications carry the finalizer that holds them while their resources go.
    scene.pass(30).await;
    assert_eq!(scene.seen().await?, ["web-eu Synced Healthy"]);
    scene.sets.delete("web", &DeleteParams::default()).await?;
    scene.pass(30).await;
    assert!(
        scene.seen().await?.is_empty(),
        "the set's Applications go with it"
    );
    Ok(())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn without_automation_a_sync_waits_to_be_asked_for_and_may_fail() -> TestResult {
    let scene = Scene::start()?;
    let _argocd = scene
        .hub
        .simulate(ArgoCd::default().sync_fails(|one| one.target_revision == "broken"));
    let application = |revision: &str| {
        json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": "api", "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
            "spec": {"project": "default", "destination": {"name": "eu"},
                "source": {"repoURL": "https://git.example.com/api", "path": ".", "targetRevision": revision}}})
    };
    let applied = PatchParams::apply("test").force();
    scene
        .applications
        .patch("api", &applied, &Patch::Apply(application("broken")))
        .await?;
    scene.pass(600).await;
    assert_eq!(scene.seen().await?, ["api OutOfSync Missing"]);
    let sync = Patch::Merge(json!({"operation": {"sync": {}}}));
    scene
        .applications
        .patch("api", &PatchParams::default(), &sync)
        .await?;
    scene.pass(600).await;
    let failed = scene.applications.get("api").await?;
    assert_eq!(shown(&failed), "api OutOfSync Missing");
    assert_eq!(failed.operation, None, "what was asked for has begun");
    let state = failed.status.and_then(|status| status.operation_state);
    assert_eq!(
        state.map(|state| state.phase.to_string()).as_deref(),
        Some("Failed")
    );

    scene
        .applications
        .patch("api", &applied, &Patch::Apply(application("fixed")))
        .await?;
    scene
        .applications
        .patch("api", &PatchParams::default(), &sync)
        .await?;
    scene.pass(600).await;
    assert_eq!(scene.seen().await?, ["api Synced Healthy"]);
    // Its finalizer holds it while its resources go.
    scene.applications.delete("api", &DeleteParams::default()).await?;
    scene.pass(10).await;
    assert_eq!(scene.seen().await?.len(), 1);
    scene.pass(20).await;
    assert!(scene.seen().await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_rolling_sync_goes_step_by_step_and_stops_at_what_is_degraded() -> TestResult {
    let scene = Scene::start()?;
    let argocd = scene
        .hub
        .simulate(ArgoCd::default().rollout(Delay::around(Duration::from_mins(1), 0.5)));
    for (name, env) in [("d1", "dev"), ("p1", "prod"), ("p2", "prod"), ("p3", "prod")] {
        scene.register(name, json!({"env": env})).await?;
    }
    let step = |env: &str, at_once: u32| json!({"matchExpressions": [{"key": "env", "operator": "In", "values": [env]}], "maxUpdate": at_once});
    argocd.degrade("web-d1", "no database");
    scene
        .create_set(json!({"generators": [{"clusters": {"selector": {"matchExpressions": [{"key": "env", "operator": "Exists"}]}}}],
            "strategy": {"type": "RollingSync", "rollingSync": {"steps": [step("dev", 1), step("prod", 2)]}},
            "template": template(true, "v1")}))
        .await?;
    scene.pass(600).await;
    assert_eq!(
        scene.seen().await?,
        [
            "web-d1 Synced Degraded",
            "web-p1 OutOfSync Missing",
            "web-p2 OutOfSync Missing",
            "web-p3 OutOfSync Missing"
        ]
    );
    argocd.recover("web-d1");
    let mut most = 0;
    for _ in 0..120 {
        scene.pass(5).await;
        let going = scene.applications.list(&ListParams::default()).await?;
        let going = going.iter().filter(|one| {
            let status = one.status.clone().unwrap_or_default();
            let running = status
                .operation_state
                .is_some_and(|state| state.phase.to_string() == "Running");
            running || shown(one).ends_with("Progressing")
        });
        most = most.max(going.count());
    }
    assert_eq!(most, 2, "as many at once as maxUpdate allows, and no more");
    assert!(
        scene
            .seen()
            .await?
            .iter()
            .all(|one| one.ends_with("Synced Healthy")),
        "{:?}",
        scene.seen().await?
    );
    let set = scene.sets.get("web").await?.status.unwrap_or_default();
    let states: Vec<String> = set
        .application_status
        .iter()
        .flatten()
        .map(|one| format!("{} {} {}", one.step, one.application, one.status))
        .collect();
    assert_eq!(
        states,
        [
            "1 web-d1 Healthy",
            "2 web-p1 Healthy",
            "2 web-p2 Healthy",
            "2 web-p3 Healthy"
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "current_thread", start_paused = true)]
async fn a_set_that_cannot_be_expanded_says_so_and_keeps_its_applications() -> TestResult {
    let scene = Scene::start()?;
    let _argocd = scene.hub.simulate(ArgoCd::default());
    scene.register("eu", json!({"env": "prod"})).await?;
    scene
        .create_set(json!({"generators": [{"clusters": {}}], "template": template(true, "v1")}))
        .await?;
    scene.pass(200).await;
    assert_eq!(scene.seen().await?.len(), 1);
    // Nobody tells what is in this repository.
    let git = json!([{"git": {"repoURL": "https://git.example.com/x", "revision": "HEAD", "directories": [{"path": "*"}]}}]);
    scene.patch_set(json!({"spec": {"generators": git}})).await?;
    scene.pass(30).await;
    let set = scene.sets.get("web").await?.status.unwrap_or_default();
    let failed = set
        .conditions
        .iter()
        .flatten()
        .find(|found| found.condition_type == "ErrorOccurred");
    let failed = failed.ok_or("the condition is set")?;
    assert_eq!(failed.status, "True");
    assert_eq!(scene.seen().await?.len(), 1);
    Ok(())
}
