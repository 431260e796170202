//! Names of resources: what a backup is asked for by, and what the API server calls it.

/// Resources that a backup may be asked for by other names: plural with group, then singular, short names and kinds.
const KNOWN: &[(&str, &[&str])] = &[
    ("configmaps", &["configmap", "cm"]),
    ("cronjobs.batch", &["cronjob", "cj", "cronjobs"]),
    (
        "customresourcedefinitions.apiextensions.k8s.io",
        &[
            "customresourcedefinition",
            "crd",
            "crds",
            "customresourcedefinitions",
        ],
    ),
    ("daemonsets.apps", &["daemonset", "ds", "daemonsets"]),
    ("deployments.apps", &["deployment", "deploy", "deployments"]),
    ("endpoints", &["ep"]),
    ("events", &["event", "ev"]),
    (
        "horizontalpodautoscalers.autoscaling",
        &["horizontalpodautoscaler", "hpa", "horizontalpodautoscalers"],
    ),
    ("ingresses.networking.k8s.io", &["ingress", "ing", "ingresses"]),
    ("jobs.batch", &["job", "jobs"]),
    ("limitranges", &["limitrange", "limits"]),
    ("namespaces", &["namespace", "ns"]),
    (
        "networkpolicies.networking.k8s.io",
        &["networkpolicy", "netpol", "networkpolicies"],
    ),
    ("nodes", &["node", "no"]),
    ("persistentvolumeclaims", &["persistentvolumeclaim", "pvc"]),
    ("persistentvolumes", &["persistentvolume", "pv"]),
    (
        "poddisruptionbudgets.policy",
        &["poddisruptionbudget", "pdb", "poddisruptionbudgets"],
    ),
    ("pods", &["pod", "po"]),
    ("replicasets.apps", &["replicaset", "rs", "replicasets"]),
    ("replicationcontrollers", &["replicationcontroller", "rc"]),
    ("resourcequotas", &["resourcequota", "quota"]),
    (
        "rolebindings.rbac.authorization.k8s.io",
        &["rolebinding", "rolebindings"],
    ),
    ("roles.rbac.authorization.k8s.io", &["role", "roles"]),
    (
        "clusterrolebindings.rbac.authorization.k8s.io",
        &["clusterrolebinding", "clusterrolebindings"],
    ),
    (
        "clusterroles.rbac.authorization.k8s.io",
        &["clusterrole", "clusterroles"],
    ),
    ("secrets", &["secret"]),
    ("serviceaccounts", &["serviceaccount", "sa"]),
    ("services", &["service", "svc"]),
    ("statefulsets.apps", &["statefulset", "sts", "statefulsets"]),
    (
        "storageclasses.storage.k8s.io",
        &["storageclass", "sc", "storageclasses"],
    ),
    (
        "volumesnapshotclasses.snapshot.storage.k8s.io",
        &["volumesnapshotclass", "vsclass", "volumesnapshotclasses"],
    ),
    (
        "volumesnapshotcontents.snapshot.storage.k8s.io",
        &["volumesnapshotcontent", "vsc", "volumesnapshotcontents"],
    ),
    (
        "volumesnapshots.snapshot.storage.k8s.io",
        &["volumesnapshot", "vs", "volumesnapshots"],
    ),
];

/// The plural with its group, for what every cluster has; else the name as it is.
pub(crate) fn resolve(name: &str) -> String {
    let lower = name.to_lowercase();
    let known = KNOWN
        .iter()
        .find(|(plural, others)| *plural == lower || others.contains(&lower.as_str()));
    known.map_or(lower, |(plural, _)| (*plural).to_owned())
}

/// Whether a name is one that every cluster has.
pub(crate) fn is_known(name: &str) -> bool {
    let lower = name.to_lowercase();
    KNOWN
        .iter()
        .any(|(plural, others)| *plural == lower || others.contains(&lower.as_str()))
}

/// The nearest name that every cluster has.
pub(crate) fn nearest_known(name: &str) -> Option<&'static str> {
    let names = KNOWN
        .iter()
        .flat_map(|(plural, others)| std::iter::once(plural).chain(*others).copied());
    fleet_core::yaml::nearest(name, names)
}
