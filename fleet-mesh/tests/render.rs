//! What a plan looks like: table, values, pictures, objects.
#![allow(clippy::unwrap_used)]

mod support;

use fleet_mesh::names::{Meaning, explain};
use fleet_mesh::resources::{broker, clusterset_membership, default_deny};
use fleet_mesh::{MeshPlan, helm_values, mermaid, mesh_plan, svg};
use support::{cluster, fleet, networks, policy};

fn plan(spec: &str) -> MeshPlan {
    let fleet = fleet([
        cluster(
            "ap",
            networks("10.64.0.0/16", "10.65.0.0/20", "10.0.0.0/16"),
            &[("region", "ap")],
        ),
        cluster(
            "eu-west",
            networks("10.66.0.0/16", "10.67.0.0/20", "10.1.0.0/16"),
            &[("region", "eu"), ("role", "hub")],
        ),
        cluster("us", networks("", "10.69.0.0/20", ""), &[("region", "us")]),
    ]);
    mesh_plan(&fleet, &policy(spec)).unwrap()
}

const CILIUM: &str = "cilium: {version: v1.18.4, mcsApi: true}
topology: {hubAndSpoke: {hubs: role=hub}}
pools: {pods: {supernets: [10.64.0.0/10], prefix: 16}}
members: {ap: {id: 9}, eu-west: {id: 1, meshAddress: mesh.eu.example.com}}";

#[test]
fn table_and_json() {
    let plan = plan(CILIUM);
    insta::assert_snapshot!("table", plan.to_string());
    insta::assert_json_snapshot!("json", plan);
}

#[test]
fn values_of_a_hub_and_of_a_spoke() {
    let plan = plan(CILIUM);
    insta::assert_json_snapshot!("values_hub", helm_values(&plan, &"eu-west".parse().unwrap()));
    insta::assert_json_snapshot!("values_spoke", helm_values(&plan, &"us".parse().unwrap()));
    assert!(helm_values(&plan, &"mars".parse().unwrap()).is_none());
    let native = self::plan(
        "cilium: {version: v1.18.4, routing: native, nativeRoutingCIDR: 10.64.0.0/10, serviceType: NodePort}\n\
         pools: {pods: {supernets: [10.64.0.0/10], prefix: 16}}",
    );
    let values = serde_json::to_value(helm_values(&native, &"us".parse().unwrap())).unwrap();
    assert_eq!(values["routingMode"], "native");
    assert_eq!(values["ipv4NativeRoutingCIDR"], "10.64.0.0/10");
    assert_eq!(values.get("tunnelProtocol"), None);
}

#[test]
fn pictures() {
    let plan = plan(CILIUM);
    insta::assert_snapshot!("mermaid", mermaid(&plan));
    let picture = svg(&plan);
    insta::assert_snapshot!("svg", picture);
    assert_eq!(picture.matches("<line ").count(), 2);
    assert_eq!(picture.matches("<circle ").count(), 3);
}

#[test]
fn objects_of_a_mesh() {
    let cilium = plan(CILIUM);
    insta::assert_json_snapshot!("default_deny", default_deny(Some(&cilium)));
    let submariner = plan(
        "submariner: {version: v0.20.1, broker: hub, globalnet: {}}\npools: {pods: {supernets: [10.64.0.0/10], prefix: 16}}",
    );
    insta::assert_json_snapshot!("broker", broker(&submariner, 0));
    assert!(broker(&cilium, 0).is_none());
    insta::assert_json_snapshot!(
        "membership",
        clusterset_membership(&submariner, &submariner.members()[0])
    );
}

#[test]
fn names_that_resolve_and_the_one_that_does_not() {
    let guess = "order-service.default.svc.eu-west.local";
    insta::assert_snapshot!("guess_cilium", explain(guess, &plan(CILIUM)).to_string());
    let submariner = plan(
        "submariner: {version: v0.20.1, broker: hub}\npools: {pods: {supernets: [10.64.0.0/10], prefix: 16}}",
    );
    insta::assert_snapshot!("guess_submariner", explain(guess, &submariner).to_string());
    let cilium = plan(CILIUM);
    assert!(matches!(
        explain("a.b.svc.cluster.local.", &cilium),
        Meaning::Local { .. }
    ));
    assert!(matches!(
        explain("A.b.svc.clusterset.local", &cilium),
        Meaning::Exported { of: None, .. }
    ));
    assert!(
        matches!(explain("pod-0.ap.a.b.svc.clusterset.local", &cilium), Meaning::Exported { of: Some(of), .. } if of == "pod-0.ap")
    );
    for nonsense in [
        "",
        "example.com",
        ".svc.cluster.local",
        "a.svc.cluster.local",
        "a..svc.x",
    ] {
        assert_eq!(explain(nonsense, &cilium), Meaning::NotAService, "{nonsense}");
    }
}
