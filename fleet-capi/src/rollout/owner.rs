//! Who owns a version field: whether it is ours to write, or a commit's.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// Who decides on an object's version, by `metadata.managedFields` and by the marks that tools leave on what they manage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum VersionOwner {
    /// Nobody who would put it back: a person's or a program's write, or no record at all.
    #[default]
    Free,
    /// Something that keeps it as it stands in files. What is written over it is put back, or lost with the next apply.
    Declared {
        /// Which tool.
        by: DeclaredBy,
    },
}

impl VersionOwner {
    /// The owner of the field at `path`, such as `["spec", "version"]`.
    ///
    /// The record of the field's own manager counts first. An object that a GitOps tool tracks is its, whoever wrote
    /// the field last, unless this SDK applied it ([`FIELD_MANAGER`]): then the files do not say it any more.
    pub fn of(object: &Value, path: &[&str]) -> Self {
        let managers: Vec<&str> = managers(object, path).collect();
        let declared = managers.iter().find_map(|manager| by_manager(manager));
        let ours = !managers.is_empty() && managers.iter().all(|manager| *manager == FIELD_MANAGER);
        let tracked = if ours { None } else { by_mark(object, path) };
        match declared.or(tracked) {
            Some(by) => Self::Declared { by },
            None => Self::Free,
        }
    }
}

/// The tools that keep a cluster as it is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DeclaredBy {
    /// Argo CD.
    ArgoCd,
    /// Flux.
    Flux,
    /// Helm.
    Helm,
    /// `kubectl apply`, by hand or in a pipeline.
    KubectlApply,
    /// Rancher Fleet.
    RancherFleet,
}

impl fmt::Display for DeclaredBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ArgoCd => "Argo CD",
            Self::Flux => "Flux",
            Self::Helm => "Helm",
            Self::KubectlApply => "kubectl apply",
            Self::RancherFleet => "Rancher Fleet",
        })
    }
}

/// The field manager under which this SDK upgrades clusters.
pub const FIELD_MANAGER: &str = "fleet-sdk";

/// The manager that wrote a field last: of those that own it the one with the latest write.
pub(super) fn writer(object: &Value, path: &[&str]) -> Option<String> {
    let time = |entry: &&Value| entry.get("time").and_then(Value::as_str).map(ToOwned::to_owned);
    let last = entries(object, path).max_by_key(time)?;
    Some(last.get("manager")?.as_str()?.to_owned())
}

/// The managers that own a field.
fn managers<'a>(object: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a str> {
    entries(object, path).filter_map(|entry| entry.get("manager")?.as_str())
}

/// The records of those that own a field.
fn entries<'a>(object: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    let pointer = format!("/f:{}", path.join("/f:"));
    let entries = object
        .pointer("/metadata/managedFields")
        .and_then(Value::as_array);
    let entries = entries.into_iter().flatten();
    entries.filter(move |entry| {
        let fields = entry.get("fieldsV1");
        fields.is_some_and(|fields| fields.pointer(&pointer).is_some())
    })
}

fn by_manager(manager: &str) -> Option<DeclaredBy> {
    match manager {
        "argocd-controller" | "argocd-application-controller" => Some(DeclaredBy::ArgoCd),
        "kustomize-controller" | "helm-controller" | "flux" => Some(DeclaredBy::Flux),
        "helm" => Some(DeclaredBy::Helm),
        // Server-side apply calls itself `kubectl`, client-side apply by its full name.
        "kubectl" | "kubectl-client-side-apply" => Some(DeclaredBy::KubectlApply),
        "fleetagent" | "fleet-agent" => Some(DeclaredBy::RancherFleet),
        _ => None,
    }
}

fn by_mark(object: &Value, path: &[&str]) -> Option<DeclaredBy> {
    let label = |key: &str| object.pointer("/metadata/labels")?.get(key)?.as_str();
    let annotation = |key: &str| object.pointer("/metadata/annotations")?.get(key)?.as_str();
    let marks = [
        (annotation("argocd.argoproj.io/tracking-id"), DeclaredBy::ArgoCd),
        (label("argocd.argoproj.io/instance"), DeclaredBy::ArgoCd),
        (label("kustomize.toolkit.fluxcd.io/name"), DeclaredBy::Flux),
        (label("helm.toolkit.fluxcd.io/name"), DeclaredBy::Flux),
        (annotation("objectset.rio.cattle.io/id"), DeclaredBy::RancherFleet),
        (annotation("meta.helm.sh/release-name"), DeclaredBy::Helm),
    ];
    let tracked = marks.into_iter().find(|(mark, _)| mark.is_some());
    tracked.map(|(_, tool)| tool).or_else(|| {
        // What kubectl applied last: only if the field is in it, it comes back with the next apply.
        let applied: Value = serde_json::from_str(annotation(LAST_APPLIED)?).ok()?;
        let pointer = format!("/{}", path.join("/"));
        applied.pointer(&pointer).map(|_| DeclaredBy::KubectlApply)
    })
}

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(manager: &str) -> Value {
        json!({"metadata": {"managedFields": [
            {"manager": "manager", "fieldsV1": {"f:status": {"f:version": {}}}},
            {"manager": manager, "fieldsV1": {"f:spec": {".": {}, "f:version": {}}}},
        ]}})
    }

    fn owner(object: &Value) -> String {
        match VersionOwner::of(object, &["spec", "version"]) {
            VersionOwner::Free => "free".to_owned(),
            VersionOwner::Declared { by } => by.to_string(),
        }
    }

    #[test]
    fn the_manager_of_the_field_itself_counts() {
        for (manager, expected) in [
            ("argocd-controller", "Argo CD"),
            ("kustomize-controller", "Flux"),
            ("helm", "Helm"),
            ("kubectl-client-side-apply", "kubectl apply"),
            ("fleetagent", "Rancher Fleet"),
            ("kubectl-create", "free"),
            ("kubectl-edit", "free"),
            (FIELD_MANAGER, "free"),
        ] {
            assert_eq!(owner(&object(manager)), expected, "{manager}");
        }
        assert_eq!(owner(&json!({})), "free");
        // Another field's manager is nobody's business here.
        let other = VersionOwner::of(&object("argocd-controller"), &["spec", "replicas"]);
        assert_eq!(other, VersionOwner::Free);
    }

    #[test]
    fn the_last_of_several_managers_is_the_writer() {
        let field = json!({"f:spec": {"f:version": {}}});
        let object = json!({"metadata": {"managedFields": [
            {"manager": "argocd-controller", "time": "2026-03-02T10:00:00Z", "fieldsV1": field},
            {"manager": "kubectl-edit", "time": "2026-03-02T11:00:00Z", "fieldsV1": field},
            {"manager": "fleet-sdk", "time": "2026-03-02T09:00:00Z", "fieldsV1": field},
            {"manager": "manager", "time": "2026-03-02T12:00:00Z", "fieldsV1": {"f:status": {"f:version": {}}}},
        ]}});
        assert_eq!(
            writer(&object, &["spec", "version"]).as_deref(),
            Some("kubectl-edit")
        );
        assert_eq!(writer(&object, &["spec", "replicas"]), None);
        assert_eq!(writer(&json!({}), &["spec", "version"]), None);
    }

    #[test]
    fn a_tracked_object_is_the_tools_whoever_wrote_last() {
        let mut tracked = object("kubectl-edit");
        tracked["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "fleet:x/y:z/eu"});
        assert_eq!(owner(&tracked), "Argo CD");
        let mut flux = object("kubectl-edit");
        flux["metadata"]["labels"] = json!({"kustomize.toolkit.fluxcd.io/name": "clusters"});
        assert_eq!(owner(&flux), "Flux");
        let mut applied = object("kubectl-patch");
        applied["metadata"]["annotations"] = json!({LAST_APPLIED: "{\"spec\":{\"version\":\"v1.30.0\"}}"});
        assert_eq!(owner(&applied), "kubectl apply");
        applied["metadata"]["annotations"] = json!({LAST_APPLIED: "{\"spec\":{\"replicas\":3}}"});
        assert_eq!(owner(&applied), "free");
        applied["metadata"]["annotations"] = json!({LAST_APPLIED: "not json"});
        assert_eq!(owner(&applied), "free");
    }

    #[test]
    fn what_we_applied_is_ours_though_the_object_is_tracked() {
        let mut ours = object(FIELD_MANAGER);
        ours["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "fleet:x/y:z/eu"});
        assert_eq!(owner(&ours), "free");
    }
}
