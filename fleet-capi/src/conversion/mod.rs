//! An object of v1beta1 as v1beta2 has it, and back, as Cluster API's own webhooks convert it.
//!
//! ```
//! use fleet_capi::conversion::{self, ApiVersions};
//! use fleet_capi::{Object, v1beta2};
//!
//! let older = Object::from_value(serde_json::json!({
//!     "apiVersion": "cluster.x-k8s.io/v1beta1",
//!     "kind": "Machine",
//!     "metadata": {"name": "a", "namespace": "clusters"},
//!     "spec": {
//!         "clusterName": "production",
//!         "nodeDrainTimeout": "10m",
//!         "bootstrap": {"dataSecretName": "a"},
//!         "infrastructureRef": {
//!             "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "DevMachine", "name": "a",
//!         },
//!     },
//! }))?;
//! let newer = v1beta2::Machine::try_from(conversion::to_v1beta2(&older)?)?;
//! assert_eq!(newer.spec.deletion.as_ref().and_then(|d| d.node_drain_timeout_seconds), Some(600));
//! assert_eq!(newer.spec.infrastructure_ref.api_group, "infrastructure.cluster.x-k8s.io");
//!
//! let back = conversion::to_v1beta1(&newer.into(), &ApiVersions::default())?;
//! assert!(back.metadata().annotations.as_ref().is_some_and(|a| a.contains_key(conversion::DATA_ANNOTATION)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Both versions hold the same object, apart from what one of them cannot say. What v1beta1 cannot say (a value
//! that is absent and not `false` or 0, a timeout it does not know) is kept in the annotation [`DATA_ANNOTATION`], as
//! upstream keeps it, and comes back with the next conversion to v1beta2. What only v1beta1 could say and nothing
//! ever read (`progressDeadlineSeconds`, `useExperimentalRetryJoin`, the names of the cluster in kubeadm's own
//! configuration) is lost, as it is upstream.
//!
//! A reference of v1beta1 says an API version where one of v1beta2 says none: upstream looks it up in the labels of
//! the CRDs, [`ApiVersions`] holds it here.

mod api_versions;
mod class;
mod cluster;
// One signature for every kind, also for those whose conversion cannot fail.
#[allow(clippy::unnecessary_wraps)]
mod extras;
mod health_check;
mod kubeadm;
mod machine;
mod tree;
mod zero;

use serde_json::Value;

pub use self::api_versions::ApiVersions;
use self::tree::{Way, take};
use crate::object::{Object, ObjectError};

/// Where an object of v1beta1 keeps itself as it was in v1beta2.
pub const DATA_ANNOTATION: &str = "cluster.x-k8s.io/conversion-data";

/// Why an object cannot be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// The kind has no conversion: it is an infrastructure provider's.
    #[error("no conversion of {kind}: only Cluster API's own kinds have one here")]
    Kind {
        /// The kind found.
        kind: String,
    },
    /// A duration is none that Go reads.
    #[error("`{field}` is {text:?}, which is no duration: write hours, minutes and seconds, such as 1h30m")]
    Duration {
        /// The name of the field.
        field: String,
        /// What stands there.
        text: String,
    },
    /// A reference leads to a kind whose API version nobody said.
    #[error("no API version is known for {kind} of {group}: add it to the `ApiVersions`")]
    ApiVersion {
        /// The group of the kind.
        group: String,
        /// The kind.
        kind: String,
    },
    /// The annotation [`DATA_ANNOTATION`] does not hold an object.
    #[error("the annotation {DATA_ANNOTATION} does not hold an object")]
    Data {
        /// What is wrong with its text.
        #[source]
        source: serde_json::Error,
    },
    /// The object cannot be written, or its conversion not be read.
    #[error("the object is not as its version has it")]
    Object {
        /// What is wrong.
        #[source]
        source: Box<ObjectError>,
    },
    /// The object cannot be written as JSON.
    #[error("the object cannot be written as JSON")]
    Json {
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

/// The object in v1beta2. One that is in v1beta2 already is given back as it is.
///
/// What the annotation [`DATA_ANNOTATION`] keeps is used, and the annotation is gone.
pub fn to_v1beta2(object: &Object) -> Result<Object, ConversionError> {
    convert(object, Way::Up, &ApiVersions::none())
}

/// The object in the version before v1beta2: v1beta1, or v1alpha1 for an `ExtensionConfig`. One that is in that version
/// already is given back as it is.
///
/// The annotation [`DATA_ANNOTATION`] keeps what v1beta1 cannot say.
pub fn to_v1beta1(object: &Object, versions: &ApiVersions) -> Result<Object, ConversionError> {
    convert(object, Way::Down, versions)
}

fn convert(object: &Object, way: Way, versions: &ApiVersions) -> Result<Object, ConversionError> {
    let kind = object.api_kind();
    let Some(rule) = rule(kind.kind) else {
        return Err(ConversionError::Kind {
            kind: kind.kind.to_owned(),
        });
    };
    let (group, version) = kind.api_version.split_once('/').unwrap_or_default();
    let target = match way {
        Way::Up => "v1beta2",
        Way::Down if kind.kind == "ExtensionConfig" => "v1alpha1",
        Way::Down => "v1beta1",
    };
    if version == target {
        return Ok(object.clone());
    }
    let mut tree = object
        .to_value()
        .map_err(|source| ConversionError::Json { source })?;
    let before = (way == Way::Down && rule.keeps).then(|| tree.clone());
    let kept = match way {
        Way::Up if rule.keeps => kept(&mut tree)?,
        _ => None,
    };
    let conversion = Conversion {
        way,
        versions,
        namespace: object.namespace(),
        kept,
    };
    tree["apiVersion"] = Value::from(format!("{group}/{target}"));
    (rule.convert)(&conversion, &mut tree)?;
    if let Some(before) = before {
        keep(kind.kind, before, &mut tree)?;
    }
    Object::from_value(tree).map_err(|source| ConversionError::Object {
        source: Box::new(source),
    })
}

/// What is the same for every part of one object.
struct Conversion<'a> {
    way: Way,
    versions: &'a ApiVersions,
    namespace: Option<&'a str>,
    /// The object in v1beta2, as the annotation has it.
    kept: Option<Value>,
}

type Convert = fn(&Conversion<'_>, &mut Value) -> Result<(), ConversionError>;

/// How a kind is converted.
struct Rule {
    convert: Convert,
    /// Whether v1beta1 keeps the whole object in the annotation.
    keeps: bool,
}

fn rule(kind: &str) -> Option<Rule> {
    let (convert, keeps): (Convert, bool) = match kind {
        "Cluster" => (cluster::cluster, true),
        "ClusterClass" => (class::cluster_class, true),
        "Machine" => (machine::machine, true),
        "MachineSet" => (machine::machine_set, false),
        "MachineDeployment" => (machine::machine_deployment, true),
        "MachinePool" => (machine::machine_pool, true),
        "MachineHealthCheck" => (health_check::machine_health_check, true),
        "MachineDrainRule" => (extras::machine_drain_rule, false),
        "ClusterResourceSet" => (extras::cluster_resource_set, false),
        "ClusterResourceSetBinding" => (extras::cluster_resource_set_binding, false),
        "IPAddress" => (extras::ip_address, false),
        "IPAddressClaim" => (extras::ip_address_claim, false),
        "ExtensionConfig" => (extras::extension_config, false),
        "KubeadmConfig" => (kubeadm::kubeadm_config, true),
        "KubeadmConfigTemplate" => (kubeadm::kubeadm_config_template, true),
        "KubeadmControlPlane" => (kubeadm::kubeadm_control_plane, true),
        "KubeadmControlPlaneTemplate" => (kubeadm::kubeadm_control_plane_template, true),
        _ => return None,
    };
    Some(Rule { convert, keeps })
}

/// Takes the object of v1beta2 out of the annotation.
fn kept(tree: &mut Value) -> Result<Option<Value>, ConversionError> {
    let Some(annotations) = tree
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut)
    else {
        return Ok(None);
    };
    let Some(Value::String(text)) = annotations.remove(DATA_ANNOTATION) else {
        return Ok(None);
    };
    if annotations.is_empty() {
        take(tree, "metadata.annotations");
    }
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|source| ConversionError::Data { source })
}

/// Puts the object of v1beta2, without its metadata, into the annotation.
fn keep(kind: &str, mut newer: Value, tree: &mut Value) -> Result<(), ConversionError> {
    if let Some(object) = newer.as_object_mut() {
        object.remove("metadata");
    }
    zero::drop_newer(&mut newer);
    machine::write_counters(kind, &mut newer);
    kubeadm::write_divisors(kind, &mut newer);
    let text = serde_json::to_string(&newer).map_err(|source| ConversionError::Json { source })?;
    tree["metadata"]["annotations"][DATA_ANNOTATION] = Value::from(text);
    Ok(())
}
