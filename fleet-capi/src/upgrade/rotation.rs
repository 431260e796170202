//! New machine templates: copies with another image, made before the request that points to them.

use fleet_core::{ClusterName, KubernetesVersion};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ObjectMeta, TypeMeta};
use kube::core::Resource as _;
use serde_json::{Value, json};

use super::UpgradeError;
use super::take::api_error;
use crate::contract::{ContractError, resource_of};
use crate::rollout::{FIELD_MANAGER, TemplateRef};

/// The copy of a machine template that goes with a version.
pub(super) struct TemplateCopy {
    resource: ApiResource,
    namespace: String,
    name: String,
    object: DynamicObject,
}

impl TemplateCopy {
    /// Reads a template and changes a copy of it, which is not on the server yet; `None` when nothing would be different.
    pub(super) async fn of(
        client: &Client,
        cluster: &ClusterName,
        namespace: &str,
        template: &TemplateRef,
        version: &KubernetesVersion,
        changes: &[&Value],
    ) -> Result<Option<Self>, UpgradeError> {
        let error = |action: &str| {
            let action = format!("{action} {} {}", template.kind, template.name);
            move |source| api_error(cluster, action, source)
        };
        let resource = if let Some(version) = &template.version {
            let kind = GroupVersionKind::gvk(&template.group, version, &template.kind);
            ApiResource::from_gvk(&kind)
        } else {
            match resource_of(client, &template.group, &template.kind).await {
                Ok((resource, _)) => resource,
                Err(ContractError::UnknownKind { .. }) => {
                    return Err(UpgradeError::NoTemplate {
                        cluster: cluster.clone(),
                        template: template.clone(),
                    });
                }
                Err(ContractError::Api { source, .. }) => return Err(error("find the API of")(*source)),
            }
        };
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let former = api.get(&template.name).await.map_err(error("read"))?;
        let copy = copy_of(&former, &template.name, version, changes);
        Ok(copy.map(|(name, object)| Self {
            resource,
            namespace: namespace.to_owned(),
            name,
            object,
        }))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// As a file has it.
    pub(super) fn to_commit(&self) -> Value {
        let mut object = self.object.clone();
        // Cluster API sets them again, with the identity that the Cluster has then.
        object.metadata.owner_references = None;
        object.types = Some(TypeMeta {
            api_version: self.resource.api_version.clone(),
            kind: self.resource.kind.clone(),
        });
        json!(object)
    }

    /// Makes it, and says its name. Made again, it is found again: its name is made of its content.
    ///
    /// A field that the kind does not have is refused (`fieldValidation=Strict`): dropped, the new machines would have the old
    /// image.
    pub(super) async fn create(self, client: &Client, cluster: &ClusterName) -> Result<String, UpgradeError> {
        let error = |source| {
            let action = format!("make {} {}", self.resource.kind, self.name);
            api_error(cluster, action, source)
        };
        let path = DynamicObject::url_path(&self.resource, Some(&self.namespace));
        let query = format!("fieldManager={FIELD_MANAGER}&fieldValidation=Strict");
        let request = http::Request::post(format!("{path}?{query}"))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(json!(self.object).to_string().into_bytes())
            .map_err(|source| error(kube::Error::HttpError(source)))?;
        match client.request::<DynamicObject>(request).await {
            Ok(_) => Ok(self.name),
            // Made by whoever was here before us.
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => Ok(self.name),
            Err(source) => Err(error(source)),
        }
    }
}

/// The copy of a template with changes, under its own name.
fn copy_of(
    former: &DynamicObject,
    name: &str,
    version: &KubernetesVersion,
    changes: &[&Value],
) -> Option<(String, DynamicObject)> {
    let mut data = former.data.clone();
    for change in changes {
        json_patch::merge(&mut data, &json!({"spec": {"template": {"spec": change}}}));
    }
    // A status is of the former one.
    if let Some(fields) = data.as_object_mut() {
        fields.remove("status");
    }
    let spec = |data: &Value| data.get("spec").cloned();
    if spec(&data) == spec(&former.data) {
        return None;
    }
    let version: String = version
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let suffix = format!("-{}-{:08x}", version.to_lowercase(), fingerprint(&data));
    let base: String = base(name)
        .chars()
        .take(LONGEST_NAME.saturating_sub(suffix.len()))
        .collect();
    let name = format!("{}{suffix}", base.trim_end_matches(['-', '.']));
    let mut copy = DynamicObject {
        types: former.types.clone(),
        metadata: ObjectMeta {
            name: Some(name.clone()),
            namespace: former.metadata.namespace.clone(),
            labels: former.metadata.labels.clone(),
            annotations: former.metadata.annotations.clone(),
            // As the former one's: it goes with its Cluster.
            owner_references: former.metadata.owner_references.clone(),
            ..ObjectMeta::default()
        },
        data,
    };
    // A tool that believed the copy to be its own would delete it, because it is in none of its files.
    let is_mark = |key: &str| MARKS.iter().any(|mark| key.starts_with(mark));
    for marks in [&mut copy.metadata.labels, &mut copy.metadata.annotations]
        .into_iter()
        .flatten()
    {
        marks.retain(|key, _| !is_mark(key));
    }
    Some((name, copy))
}

/// A template's name without what rotations have put after it.
fn base(name: &str) -> &str {
    let is_hash = |part: &str| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some((rest, hash)) = name.rsplit_once('-') else {
        return name;
    };
    let starts = rest.match_indices("-v").map(|(at, _)| at).last();
    match starts {
        Some(at) if is_hash(hash) && rest[at + 2..].starts_with(|c: char| c.is_ascii_digit()) => &name[..at],
        _ => name,
    }
}

/// FNV-1a over the JSON, whose keys are sorted: names must not depend on the release of a hasher.
fn fingerprint(data: &Value) -> u32 {
    let bytes = data.to_string().into_bytes();
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// What tools mark their objects with.
const MARKS: [&str; 6] = [
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "objectset.rio.cattle.io/",
    "meta.helm.sh/",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// Machines are called after their template's users, and hosts after machines.
const LONGEST_NAME: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> DynamicObject {
        serde_json::from_value(json!({
            "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta2", "kind": "AWSMachineTemplate",
            "metadata": {"name": "workers", "namespace": "clusters", "uid": "1", "resourceVersion": "7",
                "annotations": {"argocd.argoproj.io/tracking-id": "x", "team": "a"}},
            "spec": {"template": {"spec": {"ami": {"id": "ami-30"}, "instanceType": "m5"}}},
        }))
        .unwrap()
    }

    #[test]
    fn a_copy_has_the_change_and_no_identity() {
        let version = "v1.31.0".parse().unwrap();
        let change = json!({"ami": {"id": "ami-31"}});
        let (name, copy) = copy_of(&template(), "workers", &version, &[&change]).unwrap();
        assert_eq!(copy.metadata.name.as_ref(), Some(&name));
        assert!(name.starts_with("workers-v1-31-0-"), "{name}");
        assert_eq!(base(&name), "workers");
        assert_eq!(copy.metadata.uid, None);
        assert_eq!(copy.metadata.resource_version, None);
        assert_eq!(
            copy.metadata
                .annotations
                .as_ref()
                .unwrap()
                .keys()
                .collect::<Vec<_>>(),
            ["team"]
        );
        let spec = json!({"ami": {"id": "ami-31"}, "instanceType": "m5"});
        assert_eq!(copy.data["spec"]["template"]["spec"], spec);
        // The next one's name grows no longer.
        let version = "v1.32.0".parse().unwrap();
        let (next, _) = copy_of(&copy, &name, &version, &[&json!({"ami": {"id": "ami-32"}})]).unwrap();
        assert!(next.starts_with("workers-v1-32-0-"));
        assert_eq!(copy_of(&copy, &name, &version, &[&change]), None);
    }

    #[test]
    fn names_stay_names() {
        for (name, expected) in [
            ("workers", "workers"),
            ("a-v1-31-0-0123abcd", "a"),
            ("eu-v2-workers", "eu-v2-workers"),
            ("eu-vm-0123abcd", "eu-vm-0123abcd"),
        ] {
            assert_eq!(base(name), expected);
        }
        let long = "x".repeat(80);
        let version = "v1.31.0".parse().unwrap();
        let (name, _) = copy_of(&template(), &long, &version, &[&json!({"a": 1})]).unwrap();
        assert_eq!(name.len(), 63);
    }
}
