//! Cilium's global Services.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::names::ServiceNames;

/// Makes a Service global: its Pods of every connected cluster that has the annotation serve it.
pub const GLOBAL_ANNOTATION: &str = "service.cilium.io/global";
/// `false`: uses the Pods of others and does not offer its own.
pub const SHARED_ANNOTATION: &str = "service.cilium.io/shared";
/// Whose Pods are preferred.
pub const AFFINITY_ANNOTATION: &str = "service.cilium.io/affinity";

/// Whose Pods a global Service prefers; the others are used when there are none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Affinity {
    /// Everyone's alike.
    #[default]
    None,
    /// Its own cluster's.
    Local,
    /// Other clusters'.
    Remote,
}

impl Affinity {
    /// The annotation's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }
}

/// Marks a Service as global; it then needs its twin, with the same name, namespace and mark, in the other clusters.
pub fn make_global(service: &mut Service, affinity: Affinity) {
    let annotations = service.metadata.annotations.get_or_insert_default();
    annotations.insert(GLOBAL_ANNOTATION.to_owned(), "true".to_owned());
    if affinity != Affinity::None {
        annotations.insert(AFFINITY_ANNOTATION.to_owned(), affinity.as_str().to_owned());
    }
}

/// A global Service for the Pods with a label `app` of its name; with `shared` false, for a cluster that has no such Pods and asks the
/// others'.
///
/// ```
/// use fleet_mesh::names::ServiceNames;
/// use fleet_mesh::resources::{Affinity, global_service};
///
/// let service = global_service(&ServiceNames::new("default", "order-service"), 8080, Affinity::Local, true);
/// let annotations = service.metadata.annotations.unwrap_or_default();
/// assert_eq!(annotations["service.cilium.io/global"], "true");
/// assert_eq!(annotations["service.cilium.io/affinity"], "local");
/// ```
pub fn global_service(names: &ServiceNames, port: u16, affinity: Affinity, shared: bool) -> Service {
    let mut service = Service {
        metadata: ObjectMeta {
            name: Some(names.service().to_owned()),
            namespace: Some(names.namespace().to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(ServiceSpec {
            selector: Some([("app".to_owned(), names.service().to_owned())].into()),
            ports: Some(vec![ServicePort {
                port: port.into(),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    };
    make_global(&mut service, affinity);
    if !shared {
        let annotations = service.metadata.annotations.get_or_insert_default();
        annotations.insert(SHARED_ANNOTATION.to_owned(), "false".to_owned());
    }
    service
}
