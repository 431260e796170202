//! Every rule broken once.

use serde_json::{Value, json};

use super::kinds::pod_spec;
use super::{CONFIG_MAPS, Cases, MERGE, WIDGETS, changed};

pub(super) fn metadata(cases: &mut Cases) {
    let long = "a".repeat(254);
    let widget = json!({"apiVersion": "diff.example.com/v1", "kind": "Widget", "spec": {"mode": "m"}});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    let service = json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}});
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": []});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace"});
    for (collection, base) in [
        (CONFIG_MAPS, map),
        (WIDGETS, widget),
        ("/api/v1/namespaces/diff/services", service),
        ("/apis/rbac.authorization.k8s.io/v1/namespaces/diff/roles", role),
        ("/api/v1/namespaces", namespace),
    ] {
        let dry = format!("{collection}?dryRun=All");
        for name in [
            "", "UPPER", "a_b", "-a", "a..b", "a.b", "1a", &long, "a/b", "x y", ".", "..", "%",
        ] {
            cases.post(
                "name",
                &dry,
                &changed(&base, &json!({"metadata": {"name": name}})),
            );
        }
        for metadata in [
            json!({"generateName": "gen-"}),
            json!({"generateName": "UPPER-"}),
            json!({"name": "a", "labels": {"a/b/c": "x"}}),
            json!({"name": "a", "labels": {"/a": "x"}}),
            json!({"name": "a", "labels": {"Upper.com/a": "x"}}),
            json!({"name": "a", "labels": {"a": "-x"}}),
            json!({"name": "a", "labels": {"a": "x".repeat(64)}}),
            json!({"name": "a", "labels": {"x".repeat(64): "x"}}),
            json!({"name": "a", "annotations": {"-": "x"}}),
            json!({"name": "a", "annotations": {"UPPER.com/x": "x"}}),
            json!({"name": "a", "annotations": {"a": "x".repeat(262_145)}}),
            json!({"name": "a", "finalizers": ["orphan", "foregroundDeletion"]}),
            json!({"name": "a", "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "", "uid": ""}]}),
            json!({"name": "a", "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "a", "uid": "1", "controller": true},
                {"apiVersion": "v1", "kind": "Node", "name": "b", "uid": "2", "controller": true}]}),
            json!({"name": "a", "ownerReferences": [{"kind": "Event", "apiVersion": "v1", "name": "a", "uid": "1"}]}),
            json!({"name": "a", "namespace": "other"}),
            json!({"name": "a", "resourceVersion": "1"}),
            json!({"name": "a", "uid": "x"}),
            json!({"name": "a", "generation": 9, "selfLink": "/x", "deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 1}),
            json!({"name": "a", "creationTimestamp": "yesterday"}),
            json!({"name": "a", "creationTimestamp": null}),
            json!({"name": "a", "labels": ["x"]}),
            json!({"name": "a", "labels": null, "annotations": null}),
            json!({"name": "a", "managedFields": [{"manager": "x", "operation": "Update"}]}),
            json!({"name": 1}),
            json!(null),
            json!("x"),
            json!([]),
        ] {
            cases.post("metadata", &dry, &changed_metadata(&base, &metadata));
        }
        for finalizer in ["plain", "a b"] {
            let metadata = json!({"name": "a", "finalizers": [finalizer]});
            cases.post("metadata [finalizer]", &dry, &changed_metadata(&base, &metadata));
        }
        cases.post(
            "missing namespace",
            "/api/v1/namespaces/nowhere/configmaps",
            &json!({"metadata": {"name": "a"}}),
        );
    }
    cases.post(
        "generated",
        CONFIG_MAPS,
        &json!({"metadata": {"generateName": "gen-"}, "data": {"a": "1"}}),
    );
    let path = format!("{CONFIG_MAPS}/changing");
    cases.post(
        "changing",
        CONFIG_MAPS,
        &json!({"metadata": {"name": "changing"}}),
    );
    for change in [
        json!({"metadata": {"name": "x"}}),
        json!({"metadata": {"namespace": "x"}}),
        json!({"metadata": {"uid": "x"}}),
        json!({"metadata": {"resourceVersion": "1"}}),
        json!({"metadata": {"resourceVersion": "x"}}),
        json!({"metadata": {"creationTimestamp": "2001-01-01T00:00:00Z"}}),
        json!({"metadata": {"generation": 7}}),
        json!({"metadata": {"labels": {"a": "!"}}}),
        json!({"metadata": {"labels": {"a": 1}}}),
        json!({"metadata": {"managedFields": []}}),
        json!({"metadata": {"managedFields": [{}]}}),
        json!({"kind": "Other"}),
        json!({"apiVersion": "v2"}),
        json!({"data": {"a": {"b": 1}}}),
        json!({"data": null}),
        json!({"data": {"..": "x"}}),
        json!({"immutable": true}),
        json!({"data": {"late": "x"}}),
        json!({"immutable": false}),
    ] {
        let labelled = change.pointer("/metadata/labels").is_some();
        cases.patch(
            if labelled { "change [repeated]" } else { "change" },
            MERGE,
            &path,
            &change,
        );
    }
    cases.delete("changing end", &path);
}

fn changed_metadata(base: &Value, metadata: &Value) -> Value {
    let mut out = base.clone();
    out["metadata"] = metadata.clone();
    out
}

pub(super) fn specs(cases: &mut Cases) {
    pods(cases);
    workloads(cases);
    services(cases);
    others(cases);
}

fn each(cases: &mut Cases, label: &str, collection: &str, base: &Value, changes: &[Value]) {
    let dry = format!("{collection}?dryRun=All");
    for (index, change) in changes.iter().enumerate() {
        cases.post(&format!("{label} {index}"), &dry, &changed(base, change));
    }
}

fn pods(cases: &mut Cases) {
    let base = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": pod_spec()});
    let container = pod_spec()["containers"][0].clone();
    let with = |change: Value| json!({"spec": {"containers": [changed(&container, &change)]}});
    each(
        cases,
        "pod",
        "/api/v1/namespaces/diff/pods",
        &base,
        &[
            json!({"spec": null}),
            json!({"spec": {"containers": []}}),
            json!({"spec": {"containers": null}}),
            json!({"spec": {"containers": "x"}}),
            json!({"spec": {"containers": [container, container]}}),
            with(json!({"name": null})),
            with(json!({"name": "Upper"})),
            with(json!({"name": 5})),
            with(json!({"image": null})),
            with(json!({"image": "nginx"})),
            with(
                json!({"image": "registry:5000/nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}),
            ),
            with(json!({"imagePullPolicy": "Sometimes"})),
            with(json!({"ports": [{"containerPort": 0}]})),
            with(json!({"ports": [{"containerPort": 70000}]})),
            with(json!({"ports": [{"containerPort": "80"}]})),
            with(json!({"ports": [{"containerPort": 80.5}]})),
            with(json!({"ports": [{"containerPort": 80, "protocol": "HTTP"}]})),
            with(json!({"ports": [{"containerPort": 80, "name": "UPPER"}]})),
            with(json!({"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]})),
            with(json!({"ports": [{"containerPort": 80, "hostPort": 70000}]})),
            with(json!({"env": [{"name": ""}]})),
            with(json!({"env": [{"name": "A=B"}]})),
            with(
                json!({"env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}),
            ),
            with(json!({"env": [{"name": "A", "valueFrom": {}}]})),
            with(json!({"env": [{"name": "A", "value": 1}]})),
            with(json!({"livenessProbe": {}})),
            with(json!({"livenessProbe": {"httpGet": {"port": 0}}})),
            with(
                json!({"livenessProbe": {"httpGet": null, "exec": {"command": ["x"]}}, "readinessProbe": {"periodSeconds": -1}}),
            ),
            with(json!({"livenessProbe": {"successThreshold": 2}})),
            with(json!({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1", "memory": "1Gi"}}})),
            with(json!({"resources": {"limits": {"cpu": "x"}}})),
            with(json!({"resources": {"requests": {"memory": "-1"}}})),
            with(json!({"resources": {"limits": {"gpu": "1"}}})),
            with(json!({"volumeMounts": [{"name": "none", "mountPath": "/x"}]})),
            with(json!({"volumeMounts": [{"name": "tmp", "mountPath": ""}]})),
            with(
                json!({"volumeMounts": [{"name": "tmp", "mountPath": "/a"}, {"name": "tmp", "mountPath": "/a"}]}),
            ),
            with(json!({"terminationMessagePolicy": "X"})),
            json!({"spec": {"restartPolicy": "Perhaps"}}),
            json!({"spec": {"dnsPolicy": "X"}}),
            json!({"spec": {"nodeSelector": {"a": "-"}}}),
            json!({"spec": {"nodeSelector": {"a": 1}}}),
            json!({"spec": {"volumes": [{"name": "tmp"}, {"name": "conf", "secret": {"secretName": "s"}}]}}),
            json!({"spec": {"volumes": [{"name": "tmp"}, {"name": "tmp"}, {"name": "conf"}]}}),
            json!({"spec": {"volumes": [{"name": "Tmp"}, {"name": "tmp"}, {"name": "conf"}]}}),
            json!({"spec": {"volumes": [{"name": "tmp", "emptyDir": {}, "hostPath": {"path": "/"}}, {"name": "conf"}]}}),
            json!({"spec": {"serviceAccountName": "Upper"}}),
            json!({"spec": {"serviceAccountName": "sa"}}),
            json!({"spec": {"nodeName": "n1"}}),
            json!({"spec": {"hostname": "a.b"}}),
            json!({"spec": {"activeDeadlineSeconds": 0}}),
            json!({"spec": {"terminationGracePeriodSeconds": 0}}),
            json!({"spec": {"hostNetwork": true}}),
            json!({"spec": {"tolerations": [{"operator": "Exists"}]}}),
            json!({"spec": {"priorityClassName": "system-node-critical"}}),
            json!({"spec": {"initContainers": [{"name": "main", "image": "a"}]}}),
            json!({"spec": {"initContainers": [{"name": "init", "image": "a"}]}}),
            json!({"spec": {"containers": [{"name": "a", "image": "b:latest", "resources": {"limits": {"cpu": 1, "memory": "1G"}}}]}}),
            json!({"spec": {"containers": [{"name": "a", "image": "b"}], "volumes": null}}),
            json!({"spec": {"enableServiceLinks": false, "automountServiceAccountToken": false, "hostPID": false}}),
            json!({"spec": {"securityContext": {"runAsUser": 1000, "fsGroup": 2000}}}),
            json!({"spec": {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a": "b"}}}]}}),
            json!({"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}}}}),
        ],
    );
    let path = "/api/v1/namespaces/diff/pods/fixed";
    cases.post(
        "pod fixed",
        "/api/v1/namespaces/diff/pods",
        &changed(&base, &json!({"metadata": {"name": "fixed"}})),
    );
    cases.patch(
        "pod image",
        MERGE,
        path,
        &json!({"spec": {"containers": [changed(&container, &json!({"image": "nginx:1.28"}))]}}),
    );
    cases.patch(
        "[pod diff] host",
        MERGE,
        path,
        &json!({"spec": {"hostNetwork": true}}),
    );
    cases.patch(
        "pod containers",
        MERGE,
        path,
        &json!({"spec": {"containers": [container, {"name": "b", "image": "b"}]}}),
    );
    cases.patch("pod status", MERGE, &format!("{path}/status"), &json!({"status": {"phase": "Running", "podIP": "192.0.2.9",
        "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "main", "ready": true, "restartCount": 0,
            "image": "nginx:1.28", "imageID": ""}]}}));
    cases.get(
        "pod by phase",
        "/api/v1/namespaces/diff/pods?fieldSelector=status.phase%3DRunning",
    );
    cases.get(
        "pod by name",
        "/api/v1/pods?fieldSelector=metadata.name%3Dfixed,spec.restartPolicy%3DAlways",
    );
    cases.delete("pod end", path);
}

fn workloads(cases: &mut Cases) {
    let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    let base = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template}});
    let changes = [
        json!({"spec": null}),
        json!({"spec": {"replicas": -1}}),
        json!({"spec": {"replicas": "3"}}),
        json!({"spec": {"replicas": null}}),
        json!({"spec": {"replicas": 3_000_000_000_u64}}),
        json!({"spec": {"selector": null}}),
        json!({"spec": {"selector": {"matchLabels": null}}}),
        json!({"spec": {"selector": {"matchLabels": {"app": "other"}}}}),
        json!({"spec": {"selector": {"matchLabels": {"app": "-"}}}}),
        json!({"spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "In"}]}}}),
        json!({"spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "Exists", "values": ["a"]}]}}}),
        json!({"spec": {"template": null}}),
        json!({"spec": {"template": {"metadata": null}}}),
        json!({"spec": {"template": {"spec": {"containers": []}}}}),
        json!({"spec": {"template": {"spec": {"restartPolicy": "Never"}}}}),
        json!({"spec": {"minReadySeconds": -1}}),
        json!({"spec": {"revisionHistoryLimit": -1}}),
        json!({"spec": {"revisionHistoryLimit": 0, "minReadySeconds": 5}}),
        json!({"metadata": {"name": "a.b"}}),
    ];
    each(
        cases,
        "deployment",
        "/apis/apps/v1/namespaces/diff/deployments",
        &base,
        &changes,
    );
    each(
        cases,
        "deployment",
        "/apis/apps/v1/namespaces/diff/deployments",
        &base,
        &[
            json!({"spec": {"strategy": {"type": "Recreate"}}}),
            json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}}),
            json!({"spec": {"strategy": {"type": "Other"}}}),
            json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}}),
            json!({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "200%"}}}}),
            json!({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "x"}}}}),
            json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": -1}}}}),
            json!({"spec": {"progressDeadlineSeconds": 5, "minReadySeconds": 5}}),
            json!({"spec": {"paused": true}}),
        ],
    );
    for (plural, kind) in [
        ("replicasets", "ReplicaSet"),
        ("statefulsets", "StatefulSet"),
        ("daemonsets", "DaemonSet"),
    ] {
        let base = changed(&base, &json!({"kind": kind}));
        let chosen: &[Value] = if kind == "DaemonSet" {
            &changes[5..12]
        } else {
            &changes[..12]
        };
        each(
            cases,
            kind,
            &format!("/apis/apps/v1/namespaces/diff/{plural}"),
            &base,
            chosen,
        );
    }
    let path = "/apis/apps/v1/namespaces/diff/deployments/a";
    cases.post(
        "deployment selector",
        "/apis/apps/v1/namespaces/diff/deployments",
        &base,
    );
    cases.patch(
        "deployment selector changed",
        MERGE,
        path,
        &json!({"spec": {"selector": {"matchLabels": {"x": "y"}},
        "template": {"metadata": {"labels": {"x": "y"}}}}}),
    );
    cases.patch(
        "deployment annotated",
        MERGE,
        path,
        &json!({"metadata": {"annotations": {"a": "b"}}}),
    );
    cases.patch(
        "deployment labelled",
        MERGE,
        path,
        &json!({"metadata": {"labels": {"a": "b"}}}),
    );
    cases.patch("deployment env", super::STRATEGIC, path, &json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "env": [{"name": "X", "value": "1"}]}]}}}}));
    cases.patch(
        "deployment side",
        super::STRATEGIC,
        path,
        &json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "s"}]}}}}),
    );
    cases.patch("deployment order", super::STRATEGIC, path, &json!({"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "side"}, {"name": "c"}],
        "containers": [{"name": "side", "image": "s:2"}]}}}}));
    cases.patch(
        "deployment side gone",
        super::STRATEGIC,
        path,
        &json!({"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}}),
    );
    cases.patch(
        "deployment retain",
        super::STRATEGIC,
        path,
        &json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
    );
    cases.patch("deployment replace list", super::STRATEGIC, path, &json!({"spec": {"template": {"spec": {"containers": [{"$patch": "replace"}, {"name": "only", "image": "o"}]}}}}));
    cases.patch(
        "deployment bad key",
        super::STRATEGIC,
        path,
        &json!({"spec": {"template": {"spec": {"containers": [{"image": "o"}]}}}}),
    );
    cases.delete("deployment end", path);
}

fn services(cases: &mut Cases) {
    let base = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}});
    each(
        cases,
        "service",
        "/api/v1/namespaces/diff/services",
        &base,
        &[
            json!({"spec": null}),
            json!({"spec": {"ports": null}}),
            json!({"spec": {"ports": [{"port": 0}]}}),
            json!({"spec": {"ports": [{"port": 80}, {"port": 81}]}}),
            json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}}),
            json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}}),
            json!({"spec": {"ports": [{"port": 80, "name": "Upper"}]}}),
            json!({"spec": {"ports": [{"port": 80, "targetPort": "http"}]}}),
            json!({"spec": {"ports": [{"port": 80, "targetPort": "a--b"}]}}),
            json!({"spec": {"ports": [{"port": 80, "targetPort": 99999}]}}),
            json!({"spec": {"ports": [{"port": 80, "protocol": "X"}]}}),
            json!({"spec": {"ports": [{"port": 80, "nodePort": 30001}]}}),
            json!({"spec": {"type": "Odd"}}),
            json!({"spec": {"type": "ExternalName"}}),
            json!({"spec": {"type": "ExternalName", "externalName": "a.example.com"}}),
            json!({"spec": {"clusterIP": "None"}}),
            json!({"spec": {"clusterIP": "None", "selector": {"a": "b"}}}),
            json!({"spec": {"clusterIP": "None", "ports": null}}),
            json!({"spec": {"sessionAffinity": "ClientIP"}}),
            json!({"spec": {"sessionAffinity": "X"}}),
            json!({"spec": {"selector": {"a": "-"}}}),
            json!({"spec": {"selector": {"a": 1}}}),
            json!({"metadata": {"name": "1a"}}),
            json!({"metadata": {"name": "a.b"}}),
        ],
    );
    let collection = "/api/v1/namespaces/diff/services";
    let path = "/api/v1/namespaces/diff/services/moving";
    cases.post(
        "service moving",
        collection,
        &changed(&base, &json!({"metadata": {"name": "moving"}})),
    );
    cases.patch(
        "service address",
        MERGE,
        path,
        &json!({"spec": {"clusterIP": "None"}}),
    );
    cases.patch(
        "service node port",
        MERGE,
        path,
        &json!({"spec": {"type": "NodePort"}}),
    );
    cases.patch(
        "service balanced",
        MERGE,
        path,
        &json!({"spec": {"type": "LoadBalancer"}}),
    );
    cases.patch(
        "service back",
        MERGE,
        path,
        &json!({"spec": {"type": "ClusterIP"}}),
    );
    cases.patch(
        "service second port",
        super::STRATEGIC,
        path,
        &json!({"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}}),
    );
    cases.delete("service end", path);
}

fn others(cases: &mut Cases) {
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}});
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {"template": template}});
    each(
        cases,
        "job",
        "/apis/batch/v1/namespaces/diff/jobs",
        &job,
        &[
            json!({"spec": {"template": {"spec": {"restartPolicy": null}}}}),
            json!({"spec": {"parallelism": -1}}),
            json!({"spec": {"completions": 3}}),
            json!({"spec": {"parallelism": 2}}),
            json!({"spec": {"completionMode": "Odd"}}),
            json!({"spec": {"completionMode": "Indexed"}}),
            json!({"spec": {"selector": {"matchLabels": {"a": "b"}}}}),
            json!({"spec": {"manualSelector": true}}),
            json!({"spec": {"backoffLimit": 0, "ttlSecondsAfterFinished": 60, "suspend": true}}),
        ],
    );
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"},
        "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}}});
    each(
        cases,
        "cron job",
        "/apis/batch/v1/namespaces/diff/cronjobs",
        &cron,
        &[
            json!({"spec": {"schedule": null}}),
            json!({"spec": {"concurrencyPolicy": "X"}}),
            json!({"spec": {"successfulJobsHistoryLimit": -1}}),
            json!({"spec": {"timeZone": "Europe/Berlin"}}),
            json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Always"}}}}}}),
        ],
    );
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}});
    each(
        cases,
        "secret",
        "/api/v1/namespaces/diff/secrets",
        &secret,
        &[
            json!({"data": {"a": "not base64!"}}),
            json!({"data": {"a b": "MQ=="}}),
            json!({"data": {"a": 1}}),
            json!({"type": "kubernetes.io/tls"}),
            json!({"type": "kubernetes.io/tls", "data": {"tls.crt": "MQ==", "tls.key": "MQ=="}}),
            json!({"type": "kubernetes.io/dockerconfigjson"}),
            json!({"type": "kubernetes.io/basic-auth"}),
            json!({"type": "kubernetes.io/ssh-auth"}),
            json!({"type": "kubernetes.io/service-account-token"}),
            json!({"stringData": {"a": "x"}, "data": {"a": "MQ==", "b": "MQ=="}}),
            json!({"data": {"a": null, "b": ""}}),
        ],
    );
    let path = "/api/v1/namespaces/diff/secrets/typed";
    cases.post(
        "secret typed",
        "/api/v1/namespaces/diff/secrets",
        &changed(
            &secret,
            &json!({"metadata": {"name": "typed"}, "data": {"a": "MQ=="}}),
        ),
    );
    cases.patch("secret type", MERGE, path, &json!({"type": "other"}));
    cases.patch("secret text", MERGE, path, &json!({"stringData": {"c": "3"}}));
    cases.delete("secret end", path);
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    each(
        cases,
        "config map",
        CONFIG_MAPS,
        &map,
        &[
            json!({"data": {"a b": "1"}}),
            json!({"data": {"a": "1"}, "binaryData": {"a": "MQ=="}}),
            json!({"binaryData": {"a": "?"}}),
            json!({"data": {"a": "x".repeat(1_048_577)}}),
            json!({"data": ["x"]}),
            json!({"data": {"a": null}}),
            json!({"data": {}}),
            json!({"immutable": "yes"}),
        ],
    );
    let budget = json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}, "spec": {"selector": {"matchLabels": {"a": "b"}}}});
    each(
        cases,
        "budget",
        "/apis/policy/v1/namespaces/diff/poddisruptionbudgets",
        &budget,
        &[
            json!({}),
            json!({"spec": {"minAvailable": 1, "maxUnavailable": 1}}),
            json!({"spec": {"minAvailable": "x"}}),
            json!({"spec": {"minAvailable": "120%"}}),
            json!({"spec": {"maxUnavailable": -1}}),
            json!({"spec": {"minAvailable": "50%", "unhealthyPodEvictionPolicy": "X"}}),
        ],
    );
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}});
    each(
        cases,
        "lease",
        "/apis/coordination.k8s.io/v1/namespaces/diff/leases",
        &lease,
        &[
            json!({"spec": {"leaseDurationSeconds": 0}}),
            json!({"spec": {"leaseTransitions": -1}}),
            json!({"spec": {"renewTime": "2026-01-01T00:00:00Z"}}),
            json!({"spec": {"renewTime": "noon"}}),
            json!({"spec": {"preferredHolder": "x"}}),
        ],
    );
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a"}, "involvedObject": {"namespace": "diff"}});
    each(
        cases,
        "event",
        "/api/v1/namespaces/diff/events",
        &event,
        &[
            json!({}),
            json!({"involvedObject": {"namespace": "other"}}),
            json!({"involvedObject": null}),
            json!({"firstTimestamp": "x"}),
            json!({"metadata": {"name": "UPPER_x"}}),
        ],
    );
    let role =
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "a"}});
    each(
        cases,
        "role",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/diff/roles",
        &role,
        &[
            json!({}),
            json!({"rules": []}),
            json!({"rules": [{}]}),
            json!({"rules": [{"verbs": ["get"]}]}),
            json!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}),
            json!({"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["x"]}]}),
            json!({"metadata": {"name": "system:node"}}),
        ],
    );
    let bound = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "bound"},
        "roleRef": {"kind": "Role", "name": "a"}, "subjects": [{"kind": "User", "name": "u"}]});
    let bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/diff/rolebindings";
    each(
        cases,
        "binding",
        bindings,
        &bound,
        &[
            json!({"roleRef": null}),
            json!({"roleRef": {"kind": "Odd"}}),
            json!({"roleRef": {"name": ""}}),
            json!({"roleRef": {"apiGroup": "x"}}),
            json!({"subjects": [{"kind": "Odd", "name": "x"}]}),
            json!({"subjects": [{"kind": "ServiceAccount", "name": ""}]}),
            json!({"subjects": null}),
        ],
    );
    cases.post("binding", bindings, &bound);
    cases.patch(
        "binding role",
        MERGE,
        &format!("{bindings}/bound"),
        &json!({"roleRef": {"name": "b"}}),
    );
    cases.delete("binding end", &format!("{bindings}/bound"));
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "a"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    each(
        cases,
        "claim",
        "/api/v1/namespaces/diff/persistentvolumeclaims",
        &claim,
        &[
            json!({"spec": {"accessModes": []}}),
            json!({"spec": {"accessModes": ["Odd"]}}),
            json!({"spec": {"resources": null}}),
            json!({"spec": {"resources": {"requests": {"storage": "lots"}}}}),
        ],
    );
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "a"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "a"}}});
    each(
        cases,
        "autoscaler",
        "/apis/autoscaling/v2/namespaces/diff/horizontalpodautoscalers",
        &scaler,
        &[
            json!({"spec": {"maxReplicas": 0}}),
            json!({"spec": {"minReplicas": 5}}),
            json!({"spec": {"scaleTargetRef": {"name": ""}}}),
            json!({"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}}),
        ],
    );
}
