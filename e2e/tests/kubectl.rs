//! kubectl against the served hub: what people type, and what they see.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use fleet_sim::Hub;
use fleet_sim::http::Server;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: shops, singular: shop, kind: Shop, shortNames: [sh], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.tills, statusReplicasPath: .status.tills}}
    additionalPrinterColumns:
    - {name: Town, type: string, jsonPath: .spec.town}
    - {name: Open, type: string, jsonPath: '.status.conditions[?(@.type=="Open")].status'}
    schema:
      openAPIV3Schema:
        type: object
        description: A shop and its tills.
        properties:
          spec:
            type: object
            description: What the shop should be.
            properties:
              town: {type: string, description: Where it stands.}
              tills: {type: integer, default: 1}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"#;
const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27", ports: [{containerPort: 80}]}]}
"#;

struct Kubectl {
    home: tempfile::TempDir,
}

impl Kubectl {
    fn file(&self, name: &str, text: &str) -> Result<PathBuf, std::io::Error> {
        let path = self.home.path().join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new("kubectl");
        command
            .args(arguments.split_whitespace())
            .env("KUBECONFIG", self.home.path().join("config"))
            .env("HOME", self.home.path())
            .env("KUBE_EDITOR", "sed -i s/nginx:1.29/nginx:1.30/")
            .current_dir(self.home.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs kubectl beside the server, and gives back what it printed. Fails if it fails.
    async fn run(&self, arguments: &str, input: &str) -> Result<String, Box<dyn std::error::Error>> {
        let (status, out, err) = self.try_run(arguments, input).await?;
        if status != 0 {
            return Err(format!("kubectl {arguments}: status {status}\n{out}{err}").into());
        }
        println!("$ kubectl {arguments}\n{out}{err}");
        Ok(out)
    }

    async fn try_run(
        &self,
        arguments: &str,
        input: &str,
    ) -> Result<(i32, String, String), Box<dyn std::error::Error>> {
        let mut child = self.command(arguments).spawn()?;
        let input = input.to_owned();
        let output = tokio::task::spawn_blocking(move || {
            if let Some(mut stdin) = child.stdin.take() {
                // kubectl may end without reading what it has no use for.
                let _ = stdin.write_all(input.as_bytes());
            }
            child.wait_with_output()
        })
        .await??;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((
            output.status.code().unwrap_or(-1),
            text(&output.stdout),
            text(&output.stderr),
        ))
    }
}

/// Columns are as wide as their contents; what counts is what they say.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .map(|line| line.split_whitespace().collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs kubectl; .ci/run has it"]
async fn kubectl_does_its_daily_work_against_a_served_hub() -> TestResult {
    let hub = Hub::builder()
        .seed(5)
        .starting_at(jiff::Timestamp::now())
        .start()?;
    let server = Server::bind(&hub, "127.0.0.1:0".parse()?).await?;
    let kubectl = Kubectl {
        home: tempfile::tempdir()?,
    };
    kubectl.file("config", &server.kubeconfig())?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async {
        let _ = stopped.await;
    }));

    let version = kubectl.run("version", "").await?;
    assert!(version.contains("Server Version: v1.36"), "{version}");

    // What there is.
    let resources = kubectl.run("api-resources --no-headers", "").await?;
    assert!(rows(&resources).contains(&vec!["deployments", "deploy", "apps/v1", "true", "Deployment"]));
    kubectl.run("apply -f -", DEFINITION).await?;
    kubectl
        .run(
            "wait --for=condition=Established crd/shops.example.com --timeout=10s",
            "",
        )
        .await?;
    let resources = kubectl
        .run("api-resources --api-group=example.com --no-headers", "")
        .await?;
    assert_eq!(
        rows(&resources),
        [["shops", "sh", "example.com/v1", "true", "Shop"]]
    );

    // Apply, client side: once, again, and with a change seen first.
    let applied = kubectl.run("apply -f -", DEPLOYMENT).await?;
    assert_eq!(applied, "deployment.apps/web created\n");
    assert_eq!(
        kubectl.run("apply -f -", DEPLOYMENT).await?,
        "deployment.apps/web unchanged\n"
    );
    let changed = DEPLOYMENT.replace("nginx:1.27", "nginx:1.28");
    let (status, diff, _) = kubectl.try_run("diff -f -", &changed).await?;
    assert_eq!(status, 1, "a difference is status 1");
    assert!(
        diff.contains("-      - image: nginx:1.27") && diff.contains("+      - image: nginx:1.28"),
        "{diff}"
    );
    assert_eq!(
        kubectl.run("apply -f -", &changed).await?,
        "deployment.apps/web configured\n"
    );
    let wrong = DEPLOYMENT.replace("replicas:", "replicaz:");
    let (status, _, refused) = kubectl.try_run("apply -f -", &wrong).await?;
    assert!(
        status != 0 && refused.contains("unknown field \"spec.replicaz\""),
        "{refused}"
    );

    // Get, in the shapes people ask for.
    let table = kubectl.run("get deployments", "").await?;
    assert_eq!(
        rows(&table)[0],
        ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    );
    assert_eq!(rows(&table)[1][..4], ["web", "0/2", "0", "0"]);
    let yaml = kubectl.run("get deployment web -o yaml", "").await?;
    assert!(
        yaml.contains("progressDeadlineSeconds: 600") && yaml.contains("image: nginx:1.28"),
        "{yaml}"
    );
    let image = kubectl
        .run(
            "get deployment web -o jsonpath={.spec.template.spec.containers[0].image}",
            "",
        )
        .await?;
    assert_eq!(image, "nginx:1.28");
    let named = kubectl.run("get deploy -l app=web -o name", "").await?;
    assert_eq!(named, "deployment.apps/web\n");
    let wide = kubectl.run("get deployments -o wide", "").await?;
    assert!(rows(&wide)[1].contains(&"nginx:1.28"), "{wide}");
    assert!(kubectl.run("get namespaces", "").await?.contains("kube-system"));

    // Change it in place.
    kubectl.run("scale deployment web --replicas=5", "").await?;
    kubectl.run("label deployment web tier=front", "").await?;
    kubectl.run("annotate deployment web note=checked", "").await?;
    kubectl
        .run("patch deployment web -p {\"spec\":{\"paused\":true}}", "")
        .await?;
    kubectl.run("set image deployment/web web=nginx:1.29", "").await?;
    let now = kubectl
        .run("get deploy web -o jsonpath={.spec.replicas}/{.metadata.labels.tier}/{.metadata.annotations.note}/{.spec.paused}", "")
        .await?;
    assert_eq!(now, "5/front/checked/true");
    kubectl.run("edit deployment web", "").await?;
    let described = kubectl.run("describe deployment web", "").await?;
    assert!(
        described.contains("Replicas:") && described.contains("nginx:1.30"),
        "{described}"
    );

    // Server-side apply, with its conflicts.
    let corner = |tills: u32| {
        serde_json::json!({"apiVersion": "example.com/v1", "kind": "Shop", "metadata": {"name": "corner"},
            "spec": {"town": "Ulm", "tills": tills}})
        .to_string()
    };
    kubectl
        .run("apply --server-side --field-manager=one -f -", &corner(2))
        .await?;
    let (status, _, conflict) = kubectl
        .try_run("apply --server-side --field-manager=two -f -", &corner(3))
        .await?;
    assert!(
        status != 0 && conflict.contains("conflict with \"one\": .spec.tills"),
        "{conflict}"
    );
    kubectl
        .run(
            "apply --server-side --field-manager=two --force-conflicts -f -",
            &corner(3),
        )
        .await?;
    kubectl.run("scale shop corner --replicas=4", "").await?;
    kubectl
        .run("patch shop corner --subresource=status --type=merge -p {\"status\":{\"conditions\":[{\"type\":\"Open\",\"status\":\"True\"}]}}", "")
        .await?;
    let shops = kubectl.run("get shops", "").await?;
    assert_eq!(
        rows(&shops),
        [["NAME", "TOWN", "OPEN"], ["corner", "Ulm", "True"]]
    );
    kubectl
        .run("wait --for=condition=Open shop/corner --timeout=10s", "")
        .await?;
    let explained = kubectl.run("explain shop.spec.town", "").await?;
    assert!(explained.contains("Where it stands."), "{explained}");
    let explained = kubectl.run("explain deployment.spec.replicas", "").await?;
    assert!(explained.contains("FIELD: replicas <integer>"), "{explained}");

    // What kubectl makes itself, it sends as protobuf.
    for (made, shown) in [
        ("namespace team", "namespace/team created"),
        (
            "deployment api --image=nginx:1.27 --port=80",
            "deployment.apps/api created",
        ),
        ("job once --image=busybox:1 -- true", "job.batch/once created"),
        (
            "secret generic keys --from-literal=key=value",
            "secret/keys created",
        ),
        ("serviceaccount robot", "serviceaccount/robot created"),
        (
            "role reader --verb=get --resource=pods",
            "role.rbac.authorization.k8s.io/reader created",
        ),
        ("quota most --hard=pods=3,cpu=500m", "resourcequota/most created"),
    ] {
        assert_eq!(kubectl.run(&format!("create {made}"), "").await?.trim(), shown);
    }
    let key = kubectl.run("get secret keys -o jsonpath={.data.key}", "").await?;
    assert_eq!(key, "dmFsdWU=");
    assert_eq!(
        kubectl.run("expose deployment api --port=80", "").await?,
        "service/api exposed\n"
    );
    kubectl
        .run("run shell --image=busybox:1 --restart=Never", "")
        .await?;
    assert_eq!(
        rows(&kubectl.run("get pod shell --no-headers", "").await?)[0][..3],
        ["shell", "0/1", "Pending"]
    );
    kubectl.run("rollout restart deployment api", "").await?;
    kubectl.run("delete deployment,service api", "").await?;
    kubectl.run("replace -f -", &corner(1)).await?;

    // Watch what changes.
    let watching = kubectl
        .command("get configmaps --watch --output-watch-events --request-timeout=4s")
        .spawn()?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    kubectl
        .run("create configmap settings --from-literal=mode=blue", "")
        .await?;
    kubectl.run("delete configmap settings", "").await?;
    let seen = tokio::task::spawn_blocking(move || watching.wait_with_output()).await??;
    let seen = String::from_utf8_lossy(&seen.stdout).into_owned();
    assert!(seen.contains("ADDED") && seen.contains("DELETED"), "{seen}");

    // The end of things.
    assert!(
        kubectl
            .run("delete deployment web", "")
            .await?
            .contains("deleted")
    );
    let (_, _, gone) = kubectl.try_run("get deployment web", "").await?;
    assert!(gone.contains("deployments.apps \"web\" not found"), "{gone}");
    kubectl.run("delete shops --all", "").await?;
    assert_eq!(kubectl.run("auth can-i create pods", "").await?, "yes\n");

    let _ = stop.send(());
    tokio::time::timeout(Duration::from_secs(10), serving).await??;
    println!("{}", hub.requests());
    Ok(())
}
