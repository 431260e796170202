//! Custom resource definitions: checked before they are stored, served afterwards.

use jiff::Timestamp;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use crate::apply::{Managers, Writer};
use crate::clock::to_rfc3339;
use crate::gc::Settling;
use crate::object;
use crate::resources::{established, read_definition};
use crate::state::State;
use crate::status::{ApiError, ApiResult, Subject};
use crate::store::ResourceKey;

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";

/// Refuses a definition that cannot be served.
pub(super) fn check(crd: &Value) -> ApiResult<()> {
    match read_definition(crd) {
        Ok(_) => Ok(()),
        Err(errors) => Err(ApiError::invalid(
            GROUP,
            "CustomResourceDefinition",
            object::name(crd),
            &errors,
        )),
    }
}

/// Serves a definition that has just been stored, and says so in its status.
pub(super) fn accept(state: &mut State, settling: &mut Settling, mut crd: Value) {
    let Ok(resource) = read_definition(&crd) else {
        return;
    };
    let Some(definitions) = state.types.get(&ResourceKey::new(GROUP, PLURAL)).cloned() else {
        return;
    };
    if !object::is_deleting(&crd) {
        let before = crd.clone();
        crd["status"] = established(&crd, &resource, settling.now());
        if crd != before
            && let Some(version) = definitions.versions.first()
        {
            let api_version = definitions.api_version(&version.name);
            let mut managers = Managers::of(&crd);
            let writer = Writer {
                manager: "kube-apiserver",
                api_version: &api_version,
                subresource: "status",
                now: settling.now(),
            };
            managers.update(&before, &crd, &version.schema, writer, &["spec"]);
            managers.store(&mut crd);
        }
        state.types.install(resource);
        if crd != before {
            settling.put(state, &definitions, &mut crd);
        }
    }
}

/// Installs a definition without a request, as the builder does.
pub(crate) fn install_definition(
    state: &mut State,
    crd: &CustomResourceDefinition,
    now: Timestamp,
) -> ApiResult<()> {
    let unreadable = |error: serde_json::Error| ApiError::bad_request(error.to_string());
    let mut value = serde_json::to_value(crd).map_err(unreadable)?;
    check(&value)?;
    let definitions = ResourceKey::new(GROUP, PLURAL);
    let name = object::name(&value).to_owned();
    if state.store.get(&definitions, &name).is_some() {
        return Err(ApiError::already_exists(Subject {
            group: GROUP,
            plural: PLURAL,
            name: &name,
        }));
    }
    let Some(resource) = state.types.get(&definitions).cloned() else {
        return Err(ApiError::no_such_resource());
    };
    let now = to_rfc3339(now);
    object::map_mut(&mut value).remove("status");
    let uid = state.entropy.uid();
    let metadata = object::meta_mut(&mut value);
    metadata.remove("resourceVersion");
    metadata.insert("uid".into(), json!(uid));
    metadata.insert("creationTimestamp".into(), json!(now));
    metadata.insert("generation".into(), json!(1));
    if let Some(version) = resource.versions.first() {
        let mut managers = Managers::default();
        let api_version = resource.api_version(&version.name);
        let nothing = json!({"apiVersion": api_version, "kind": resource.kind});
        let writer = Writer {
            manager: "fleet-sim",
            api_version: &api_version,
            subresource: "",
            now: &now,
        };
        managers.update(&nothing, &value, &version.schema, writer, &["status"]);
        managers.store(&mut value);
    }
    let mut settling = Settling::new(&now);
    settling.put(state, &resource, &mut value);
    accept(state, &mut settling, value);
    settling.run(state);
    Ok(())
}
