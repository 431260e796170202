//! One object of each kind through its life.

use serde_json::{Value, json};

use super::{APPLY, Cases, JSON_PATCH, MERGE, STRATEGIC, changed};

struct Kind {
    collection: &'static str,
    api_version: &'static str,
    name: &'static str,
    status: bool,
    content: Value,
}

fn kind(
    collection: &'static str,
    api_version: &'static str,
    name: &'static str,
    status: bool,
    content: Value,
) -> Kind {
    Kind {
        collection,
        api_version,
        name,
        status,
        content,
    }
}

pub(crate) fn pod_spec() -> Value {
    json!({
        "containers": [{
            "name": "main", "image": "nginx:1.27", "ports": [{"containerPort": 80, "name": "http"}],
            "env": [{"name": "A", "value": "1"}, {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}],
            "resources": {"requests": {"cpu": "0.5", "memory": "128Mi"}, "limits": {"cpu": "1000m", "memory": "1024Mi"}},
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
            "readinessProbe": {"tcpSocket": {"port": 80}, "initialDelaySeconds": 5},
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, {"name": "conf", "mountPath": "/etc/conf", "readOnly": true}],
            "securityContext": {"runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}},
        }],
        "volumes": [{"name": "tmp", "emptyDir": {}}, {"name": "conf", "configMap": {"name": "settings"}}],
    })
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "a"}}, "spec": pod_spec()})
}

fn kinds() -> Vec<Kind> {
    let selector = json!({"matchLabels": {"app": "a"}});
    let once = changed(&template(), &json!({"spec": {"restartPolicy": "Never"}}));
    vec![
        kind(
            "/api/v1/namespaces/diff/configmaps",
            "v1",
            "ConfigMap",
            false,
            json!({"data": {"a": "1", "b": ""}}),
        ),
        kind(
            "/api/v1/namespaces/diff/secrets",
            "v1",
            "Secret",
            false,
            json!({"data": {"a": "MQ=="}, "stringData": {"b": "2"}}),
        ),
        kind(
            "/api/v1/namespaces/diff/serviceaccounts",
            "v1",
            "ServiceAccount",
            false,
            json!({"imagePullSecrets": [{"name": "registry"}]}),
        ),
        kind(
            "/api/v1/namespaces/diff/services",
            "v1",
            "Service",
            true,
            json!({"spec": {"selector": {"app": "a"}, "ports": [{"port": 80}]}}),
        ),
        kind(
            "/api/v1/namespaces/diff/pods",
            "v1",
            "Pod",
            true,
            json!({"spec": pod_spec()}),
        ),
        kind(
            "/api/v1/namespaces/diff/persistentvolumeclaims",
            "v1",
            "PersistentVolumeClaim",
            true,
            json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
        ),
        kind(
            "/api/v1/namespaces/diff/events",
            "v1",
            "Event",
            false,
            json!({
            "involvedObject": {"kind": "Pod", "namespace": "diff", "name": "a"}, "reason": "Started",
            "message": "it started", "type": "Normal", "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:00:00Z", "count": 1, "source": {"component": "test"}}),
        ),
        kind(
            "/api/v1/namespaces/diff/endpoints",
            "v1",
            "Endpoints",
            false,
            json!({"subsets": [{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}]}),
        ),
        kind(
            "/api/v1/namespaces/diff/limitranges",
            "v1",
            "LimitRange",
            false,
            json!({"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}}]}}),
        ),
        kind(
            "/api/v1/namespaces/diff/resourcequotas",
            "v1",
            "ResourceQuota",
            true,
            json!({"spec": {"hard": {"count/deployments.apps": "500"}}}),
        ),
        kind(
            "/api/v1/namespaces/diff/podtemplates",
            "v1",
            "PodTemplate",
            false,
            json!({"template": template()}),
        ),
        kind(
            "/api/v1/namespaces/diff/replicationcontrollers",
            "v1",
            "ReplicationController",
            true,
            json!({"spec": {"replicas": 1, "template": template()}}),
        ),
        kind(
            "/api/v1/nodes",
            "v1",
            "Node",
            true,
            json!({"spec": {"podCIDR": "10.1.0.0/24"}}),
        ),
        kind(
            "/api/v1/persistentvolumes",
            "v1",
            "PersistentVolume",
            true,
            json!({"spec": {"capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}}}),
        ),
        kind("/api/v1/namespaces", "v1", "Namespace", true, json!({})),
        kind(
            "/apis/apps/v1/namespaces/diff/deployments",
            "apps/v1",
            "Deployment",
            true,
            json!({"spec": {"selector": selector, "template": template()}}),
        ),
        kind(
            "/apis/apps/v1/namespaces/diff/replicasets",
            "apps/v1",
            "ReplicaSet",
            true,
            json!({"spec": {"replicas": 2, "selector": selector, "template": template()}}),
        ),
        kind(
            "/apis/apps/v1/namespaces/diff/statefulsets",
            "apps/v1",
            "StatefulSet",
            true,
            json!({"spec": {"serviceName": "a", "selector": selector, "template": template(), "volumeClaimTemplates": [
                {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}}}}]}}),
        ),
        kind(
            "/apis/apps/v1/namespaces/diff/daemonsets",
            "apps/v1",
            "DaemonSet",
            true,
            json!({"spec": {"selector": selector, "template": template()}}),
        ),
        kind(
            "/apis/apps/v1/namespaces/diff/controllerrevisions",
            "apps/v1",
            "ControllerRevision",
            false,
            json!({"revision": 1, "data": {"a": 1}}),
        ),
        kind(
            "/apis/batch/v1/namespaces/diff/jobs",
            "batch/v1",
            "Job",
            true,
            json!({"spec": {"template": once}}),
        ),
        kind(
            "/apis/batch/v1/namespaces/diff/cronjobs",
            "batch/v1",
            "CronJob",
            true,
            json!({"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": once}}}}),
        ),
        kind(
            "/apis/coordination.k8s.io/v1/namespaces/diff/leases",
            "coordination.k8s.io/v1",
            "Lease",
            false,
            json!({"spec": {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.123456Z"}}),
        ),
        kind(
            "/apis/policy/v1/namespaces/diff/poddisruptionbudgets",
            "policy/v1",
            "PodDisruptionBudget",
            true,
            json!({"spec": {"minAvailable": 1, "selector": selector}}),
        ),
        kind(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/diff/roles",
            "rbac.authorization.k8s.io/v1",
            "Role",
            false,
            json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
        ),
        kind(
            "/apis/rbac.authorization.k8s.io/v1/namespaces/diff/rolebindings",
            "rbac.authorization.k8s.io/v1",
            "RoleBinding",
            false,
            json!({"roleRef": {"kind": "Role", "name": "a", "apiGroup": "rbac.authorization.k8s.io"},
                "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "diff"}, {"kind": "User", "name": "u"}]}),
        ),
        kind(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            false,
            json!({"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]}),
        ),
        kind(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            "rbac.authorization.k8s.io/v1",
            "ClusterRoleBinding",
            false,
            json!({"roleRef": {"kind": "ClusterRole", "name": "a"},
                "subjects": [{"kind": "Group", "name": "g"}]}),
        ),
        kind(
            "/apis/networking.k8s.io/v1/namespaces/diff/ingresses",
            "networking.k8s.io/v1",
            "Ingress",
            true,
            json!({"spec": {"rules": [{"host": "a.example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix",
                "backend": {"service": {"name": "a", "port": {"number": 80}}}}]}}]}}),
        ),
        kind(
            "/apis/networking.k8s.io/v1/namespaces/diff/networkpolicies",
            "networking.k8s.io/v1",
            "NetworkPolicy",
            false,
            json!({"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}}),
        ),
        kind(
            "/apis/networking.k8s.io/v1/ingressclasses",
            "networking.k8s.io/v1",
            "IngressClass",
            false,
            json!({"spec": {"controller": "example.com/c"}}),
        ),
        kind(
            "/apis/autoscaling/v2/namespaces/diff/horizontalpodautoscalers",
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            true,
            json!({"spec": {"maxReplicas": 3,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}}}),
        ),
        kind(
            "/apis/scheduling.k8s.io/v1/priorityclasses",
            "scheduling.k8s.io/v1",
            "PriorityClass",
            false,
            json!({"value": 100}),
        ),
        kind(
            "/apis/storage.k8s.io/v1/storageclasses",
            "storage.k8s.io/v1",
            "StorageClass",
            false,
            json!({"provisioner": "example.com/p"}),
        ),
        kind(
            "/apis/discovery.k8s.io/v1/namespaces/diff/endpointslices",
            "discovery.k8s.io/v1",
            "EndpointSlice",
            false,
            json!({"addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.1"]}], "ports": [{"port": 80}]}),
        ),
        kind(
            "/apis/diff.example.com/v1/namespaces/diff/widgets",
            "diff.example.com/v1",
            "Widget",
            true,
            json!({"spec": {"mode": "fast", "items": [{"name": "a", "size": 1}], "tags": ["x"]}}),
        ),
    ]
}

pub(super) fn lives(cases: &mut Cases) {
    for kind in kinds() {
        life(cases, &kind);
    }
}

fn life(cases: &mut Cases, kind: &Kind) {
    let name = "life";
    let (collection, path) = (kind.collection, format!("{}/{name}", kind.collection));
    let identity = json!({"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}});
    let object = changed(&identity, &kind.content);
    let label = |what: &str| format!("{} {what}", kind.name);
    let end = match kind.name {
        "Namespace" => "[namespace end] ",
        // Theirs are orphaned by default, which a collector has to do.
        "Job" | "ReplicationController" => "[owners] ",
        _ => "",
    };
    cases.get(&label("get before"), &path);
    cases.post(
        &label("dry run"),
        &format!("{collection}?dryRun=All&fieldValidation=Strict"),
        &object,
    );
    cases.post(
        &label("create"),
        &format!("{collection}?fieldManager=creator"),
        &object,
    );
    cases.post(&label("create again"), collection, &object);
    cases.get(&label("get"), &path);
    cases.patch(
        &label("label"),
        MERGE,
        &format!("{path}?fieldManager=labeller"),
        &json!({"metadata": {"labels": {"team": "a"}}}),
    );
    cases.get(&label("list"), &format!("{collection}?labelSelector=team%3Da"));
    cases.patch(
        &label("annotate"),
        JSON_PATCH,
        &path,
        &json!([{"op": "add", "path": "/metadata/annotations", "value": {"note": "1"}}]),
    );
    cases.patch(
        &label("failed test"),
        JSON_PATCH,
        &path,
        &json!([{"op": "test", "path": "/metadata/name", "value": "other"}]),
    );
    cases.patch(
        &label("strategic"),
        STRATEGIC,
        &path,
        &json!({"metadata": {"labels": {"tier": "b"}, "finalizers": ["x.io/a"]}}),
    );
    cases.patch(
        &label("strategic finalizer"),
        STRATEGIC,
        &path,
        &json!({"metadata": {"finalizers": ["x.io/b"]}}),
    );
    cases.patch(
        &label("no finalizers"),
        MERGE,
        &path,
        &json!({"metadata": {"finalizers": null}}),
    );
    let applied = changed(
        &identity,
        &json!({"metadata": {"labels": {"team": "b", "own": "1"}}}),
    );
    cases.patch(
        &label("apply conflict"),
        APPLY,
        &format!("{path}?fieldManager=one"),
        &applied,
    );
    cases.patch(
        &label("apply force"),
        APPLY,
        &format!("{path}?fieldManager=one&force=true"),
        &applied,
    );
    cases.patch(
        &label("apply again"),
        APPLY,
        &format!("{path}?fieldManager=one"),
        &applied,
    );
    let other = changed(&identity, &json!({"metadata": {"labels": {"own": "2"}}}));
    cases.patch(
        &label("apply other"),
        APPLY,
        &format!("{path}?fieldManager=two"),
        &other,
    );
    cases.patch(
        &label("apply other forced"),
        APPLY,
        &format!("{path}?fieldManager=two&force=true"),
        &other,
    );
    cases.patch(
        &label("apply whole"),
        APPLY,
        &format!("{path}?fieldManager=three&force=true"),
        &object,
    );
    cases.patch(
        &label("apply nothing"),
        APPLY,
        &format!("{path}?fieldManager=one"),
        &identity,
    );
    let stale = changed(&object, &json!({"metadata": {"resourceVersion": "1"}}));
    cases.put(&label("replace stale"), &path, &stale);
    cases.put(&label("replace blind"), &path, &object);
    let fresh = changed(
        &object,
        &json!({"metadata": {"resourceVersion": format!("{{rv:{path}}}"), "labels": {"put": "1"}}}),
    );
    cases.put(&label("replace"), &format!("{path}?fieldManager=putter"), &fresh);
    cases.put(
        &label("replace other name"),
        &path,
        &changed(&object, &json!({"metadata": {"name": "other"}})),
    );
    let odd = changed(
        &object,
        &json!({"metadata": {"name": "odd", "colour": "red"}, "unknown": 1}),
    );
    cases.post(
        &label("unknown strict"),
        &format!("{collection}?fieldValidation=Strict"),
        &odd,
    );
    cases.post(
        &label("unknown warn"),
        &format!("{collection}?fieldValidation=Warn&dryRun=All"),
        &odd,
    );
    cases.post(
        &label("unknown ignored"),
        &format!("{collection}?fieldValidation=Ignore&dryRun=All"),
        &odd,
    );
    cases.patch(
        &label("unknown patch strict [whole object]"),
        MERGE,
        &format!("{path}?fieldValidation=Strict"),
        &json!({"unknown": 1}),
    );
    cases.patch(
        &label("unknown patch warn"),
        MERGE,
        &format!("{path}?fieldValidation=Warn"),
        &json!({"unknown": 1}),
    );
    cases.patch(
        &label("unknown apply"),
        APPLY,
        &format!("{path}?fieldManager=one&force=true"),
        &changed(&identity, &json!({"unknown": 1})),
    );
    cases.post(
        &label("wrong label type"),
        collection,
        &changed(&object, &json!({"metadata": {"labels": {"a": 1}}})),
    );
    cases.post(
        &label("other kind"),
        collection,
        &changed(&object, &json!({"kind": "Other"})),
    );
    cases.post(
        &label("other version"),
        collection,
        &changed(&object, &json!({"apiVersion": "x.io/v9"})),
    );
    if kind.status {
        cases.get(&label("get status"), &format!("{path}/status"));
        cases.patch(
            &label("status label"),
            MERGE,
            &format!("{path}/status?fieldManager=status"),
            &json!({"metadata": {"labels": {"s": "1"}}}),
        );
        cases.patch(&label("status condition"), MERGE, &format!("{path}/status?fieldManager=status"), &json!({"status": {"conditions": [
            {"type": "Ready", "status": "True", "reason": "Ok", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}));
    } else {
        cases.get(&label("no status"), &format!("{path}/status"));
    }
    cases.get(&label("get late"), &path);
    cases.delete_with(
        &label("delete other uid"),
        &path,
        &json!({"preconditions": {"uid": "00000000-0000-4000-8000-000000000000"}}),
    );
    cases.delete_with(
        &label("delete other revision"),
        &path,
        &json!({"preconditions": {"resourceVersion": "1"}}),
    );
    cases.delete_with(&label("delete dry run"), &path, &json!({"dryRun": ["All"]}));
    cases.patch(
        &label("finalizer"),
        MERGE,
        &path,
        &json!({"metadata": {"finalizers": ["x.io/hold"]}}),
    );
    cases.delete(&label(&format!("{end}delete held")), &path);
    cases.delete(&label(&format!("{end}delete held again")), &path);
    cases.patch(
        &label(&format!("{end}new finalizer")),
        MERGE,
        &path,
        &json!({"metadata": {"finalizers": ["x.io/hold", "x.io/late"]}}),
    );
    cases.patch(
        &label(&format!("{end}release")),
        MERGE,
        &path,
        &json!({"metadata": {"finalizers": null}}),
    );
    if end.is_empty() {
        cases.get(&label("get gone"), &path);
        cases.delete(&label("delete gone"), &path);
        cases.patch(
            &label("apply creates"),
            APPLY,
            &format!("{path}?fieldManager=one"),
            &object,
        );
        cases.delete_with(
            &label("delete"),
            &path,
            &json!({"propagationPolicy": "Background"}),
        );
    }
}

pub(super) fn subresources(cases: &mut Cases) {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "scaled"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template()}});
    let widget = json!({"apiVersion": "diff.example.com/v1", "kind": "Widget", "metadata": {"name": "scaled"},
        "spec": {"replicas": 2, "mode": "m"}});
    for (collection, object) in [
        ("/apis/apps/v1/namespaces/diff/deployments", deployment),
        (super::WIDGETS, widget),
    ] {
        let path = format!("{collection}/scaled");
        let scale = format!("{path}/scale");
        cases.post("scale: object", collection, &object);
        cases.get("scale: get", &scale);
        let wanted = |replicas: Value| {
            json!({"apiVersion": "autoscaling/v1", "kind": "Scale",
            "metadata": {"name": "scaled", "namespace": "diff"}, "spec": {"replicas": replicas}})
        };
        cases.put("scale: put", &scale, &wanted(json!(5)));
        cases.get("scale: object after", &path);
        cases.patch(
            "scale: merge",
            MERGE,
            &format!("{scale}?fieldManager=scaler"),
            &json!({"spec": {"replicas": 7}}),
        );
        cases.patch(
            "scale: json",
            JSON_PATCH,
            &scale,
            &json!([{"op": "replace", "path": "/spec/replicas", "value": 3}]),
        );
        cases.put("scale: negative", &scale, &wanted(json!(-1)));
        cases.put("scale: text", &scale, &wanted(json!("x")));
        cases.get("scale: managers", &path);
        cases.patch(
            "status: merge",
            MERGE,
            &format!("{path}/status?fieldManager=controller"),
            &json!({"status": {"replicas": 3}, "spec": {"replicas": 9}}),
        );
        cases.get("status: read", &path);
        let mut applied = object.clone();
        applied["status"] = json!({"replicas": 4});
        cases.patch(
            "status: apply",
            APPLY,
            &format!("{path}/status?fieldManager=applier&force=true"),
            &applied,
        );
        cases.patch(
            "status in spec",
            MERGE,
            &path,
            &json!({"status": {"replicas": 99}}),
        );
        cases.get("unknown subresource", &format!("{path}/nothing"));
        cases.delete("scale: end", &path);
    }
}
