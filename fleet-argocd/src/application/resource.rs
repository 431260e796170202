//! The Application object itself.

use std::borrow::Cow;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresources,
    CustomResourceValidation, JSONSchemaProps,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{ApiResource, CustomResourceExt, NamespaceResourceScope, Resource, object};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::operation::Operation;
use super::spec::ApplicationSpec;
use super::status::ApplicationStatus;
use crate::schema;

/// What is deployed, where from and where to (`Application`, argoproj.io/v1alpha1).
///
/// `kube`'s derive knows only `spec` and `status`; an Application has an `operation` besides, so its
/// [`Resource`] is written by hand. It has no status subresource: status travels in the main object.
///
/// ```
/// use fleet_argocd::{Application, ApplicationSpec};
///
/// let mut web = Application::new("web", ApplicationSpec { project: "shop".into(), ..Default::default() });
/// web.spec.destination.name = Some("production-eu-west".into());
/// let value = serde_json::to_value(&web)?;
/// assert_eq!(value["kind"], "Application");
/// assert_eq!(serde_json::from_value::<Application>(value)?, web);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Application {
    /// Name, namespace, labels and the rest that every object has.
    pub metadata: ObjectMeta,
    /// The desired state.
    pub spec: ApplicationSpec,
    /// What Argo CD last saw.
    pub status: Option<ApplicationStatus>,
    /// A sync that was asked for and has not begun.
    pub operation: Option<Operation>,
}

impl Application {
    /// An Application of this name.
    pub fn new(name: &str, spec: ApplicationSpec) -> Self {
        Self {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            spec,
            status: None,
            operation: None,
        }
    }

    /// Its name; empty if it has none yet.
    pub fn name(&self) -> &str {
        self.metadata.name.as_deref().unwrap_or_default()
    }
}

const GROUP: &str = "argoproj.io";
const VERSION: &str = "v1alpha1";
const API_VERSION: &str = "argoproj.io/v1alpha1";
const KIND: &str = "Application";
const PLURAL: &str = "applications";
const CRD_NAME: &str = "applications.argoproj.io";
const SHORT_NAMES: &[&str] = &["app", "apps"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: &'a ObjectMeta,
    spec: &'a ApplicationSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a ApplicationStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a Operation>,
}

/// An Application as it is read; also what its schema is made of.
#[derive(Deserialize, JsonSchema)]
struct Read {
    #[serde(default)]
    #[schemars(!default, schema_with = "metadata_schema")]
    metadata: ObjectMeta,
    #[serde(default)]
    #[schemars(!default)]
    spec: ApplicationSpec,
    #[serde(default)]
    status: Option<ApplicationStatus>,
    #[serde(default)]
    operation: Option<Operation>,
}

fn metadata_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object" })
}

impl Serialize for Application {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written {
            api_version: API_VERSION,
            kind: KIND,
            metadata: &self.metadata,
            spec: &self.spec,
            status: self.status.as_ref(),
            operation: self.operation.as_ref(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Application {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read {
            metadata,
            spec,
            status,
            operation,
        } = Read::deserialize(deserializer)?;
        Ok(Self {
            metadata,
            spec,
            status,
            operation,
        })
    }
}

impl Resource for Application {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        KIND.into()
    }

    fn group((): &()) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version((): &()) -> Cow<'_, str> {
        VERSION.into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        PLURAL.into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl object::HasSpec for Application {
    type Spec = ApplicationSpec;

    fn spec(&self) -> &ApplicationSpec {
        &self.spec
    }

    fn spec_mut(&mut self) -> &mut ApplicationSpec {
        &mut self.spec
    }
}

impl object::HasStatus for Application {
    type Status = ApplicationStatus;

    fn status(&self) -> Option<&ApplicationStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> &mut Option<ApplicationStatus> {
        &mut self.status
    }
}

impl CustomResourceExt for Application {
    fn crd() -> CustomResourceDefinition {
        let mut schema = schema::of::<Read>();
        schema.remove("title");
        schema.remove("description");
        CustomResourceDefinition {
            metadata: ObjectMeta {
                name: Some(CRD_NAME.to_owned()),
                ..ObjectMeta::default()
            },
            spec: CustomResourceDefinitionSpec {
                group: GROUP.to_owned(),
                names: CustomResourceDefinitionNames {
                    kind: KIND.to_owned(),
                    list_kind: Some("ApplicationList".to_owned()),
                    plural: PLURAL.to_owned(),
                    singular: Some("application".to_owned()),
                    short_names: Some(SHORT_NAMES.iter().map(ToString::to_string).collect()),
                    ..CustomResourceDefinitionNames::default()
                },
                scope: "Namespaced".to_owned(),
                versions: vec![CustomResourceDefinitionVersion {
                    name: VERSION.to_owned(),
                    served: true,
                    storage: true,
                    additional_printer_columns: Some(vec![
                        column("Sync Status", ".status.sync.status", None),
                        column("Health Status", ".status.health.status", None),
                        column("Revision", ".status.sync.revision", Some(10)),
                        column("Project", ".spec.project", Some(10)),
                    ]),
                    schema: Some(CustomResourceValidation {
                        open_api_v3_schema: props(schema),
                    }),
                    subresources: Some(CustomResourceSubresources::default()),
                    ..CustomResourceDefinitionVersion::default()
                }],
                ..CustomResourceDefinitionSpec::default()
            },
            status: None,
        }
    }

    fn crd_name() -> &'static str {
        CRD_NAME
    }

    fn api_resource() -> ApiResource {
        ApiResource::erase::<Self>(&())
    }

    fn shortnames() -> &'static [&'static str] {
        SHORT_NAMES
    }
}

/// The schema as the CRD carries it. What schemars writes always reads as one; `None` is never seen.
fn props(schema: schemars::Schema) -> Option<JSONSchemaProps> {
    serde_json::from_value(schema.to_value()).ok()
}

fn column(name: &str, json_path: &str, priority: Option<i32>) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        json_path: json_path.to_owned(),
        type_: "string".to_owned(),
        priority,
        ..CustomResourceColumnDefinition::default()
    }
}
