//! What a plan refuses, with its words; what it allocates, and in which order it is carried out.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use fleet_core::Fleet;
use fleet_mesh::{Connection, MeshPolicy, Present, check_together, mesh_plan, subctl_commands};
use support::{cilium, cluster, fleet, networks, policy, submariner};

fn refusal(fleet: &Fleet, policy: &MeshPolicy) -> String {
    mesh_plan(fleet, policy).unwrap_err().to_string()
}

fn three() -> Fleet {
    fleet([
        cluster(
            "ap",
            networks("10.64.0.0/16", "10.65.0.0/20", "10.0.0.0/16"),
            &[("region", "ap")],
        ),
        cluster(
            "eu",
            networks("10.66.0.0/16", "10.67.0.0/20", "10.1.0.0/16"),
            &[("region", "eu"), ("role", "hub")],
        ),
        cluster(
            "us",
            networks("10.68.0.0/16", "10.69.0.0/20", "10.2.0.0/16"),
            &[("region", "us")],
        ),
    ])
}

#[test]
fn every_rule_has_its_words() {
    let cases: &[(&str, &str)] = &[
        ("cilium: {version: v1.18.4, maxConnectedClusters: 300}", ""),
        ("cilium: {version: v1.18.4, routing: native}", ""),
        (
            "cilium: {version: v1.18.4, routing: native, nativeRoutingCIDR: 10.64.0.0/14}",
            "",
        ),
        (
            "cilium: {version: v1.18.4}",
            "{ap: {id: 0}, eu: {id: 256}, us: {id: 7}}",
        ),
        ("cilium: {version: v1.18.4}", "{ap: {id: 7}, eu: {id: 7}}"),
        (
            "cilium: {version: v1.18.4}",
            "{ap: {name: default}, eu: {name: Europe}, us: {name: a-name-of-more-than-thirty-two-chars}}",
        ),
        ("cilium: {version: v1.18.4}", "{ap: {name: us}}"),
        (
            "cilium: {version: v1.18.4}",
            "{ap: {version: v1.16.3}, eu: {version: v1.17.0}}",
        ),
        (
            "cilium: {version: v1.18.4}",
            "{ap: {routing: native}, eu: {tunnelProtocol: geneve}, us: {maxConnectedClusters: 511}}",
        ),
        (
            "cilium: {version: v1.18.4}",
            "{ap: {caFingerprint: aa}, eu: {caFingerprint: AA}, us: {caFingerprint: bb}}",
        ),
        (
            "cilium: {version: v1.18.4}",
            "{ap: {openPorts: [tcp/4240, udp/8472]}}",
        ),
        (
            "cilium: {version: v1.18.4}",
            "{ap: {networks: {pods: [10.70.0.0/16]}}}",
        ),
        (
            "cilium: {version: v1.18.4}\ntopology: {hubAndSpoke: {hubs: role=center}}",
            "",
        ),
        ("cilium: {version: v1.18.4}\ntopology: {islands: {by: zone}}", ""),
        ("cilium: {version: v1.18.4}\nselector: region=mars", ""),
        (
            "cilium: {version: v1.18.4}\npools: {pods: {supernets: [], prefix: 16}, services: {supernets: [10.0.0.0/8, 'fd00::/48'], prefix: 20}, nodes: {supernets: [10.0.0.0/16], prefix: 8}}",
            "",
        ),
        (
            "submariner: {version: v0.20.1, broker: hub}\ntopology: {hubAndSpoke: {hubs: role=hub}}",
            "",
        ),
        (
            "submariner: {version: v0.20.1, broker: hub}",
            "{ap: {kubeProxy: ipvs}}",
        ),
        (
            "submariner: {version: v0.20.1, broker: hub, globalnet: {}}",
            "{ap: {denyServiceExternalIPs: true, globalnet: 10.9.0.0/16}}",
        ),
        (
            "submariner: {version: v0.20.1, broker: hub, globalnet: {cidr: 242.0.0.0/15}}",
            "",
        ),
    ];
    let mut text = String::new();
    for (spec, members) in cases {
        let members = if members.is_empty() { "{}" } else { members };
        let policy = policy(&format!("{spec}\nmembers: {members}"));
        text += &[*spec, members, &refusal(&three(), &policy), "\n"].join("\n");
    }
    insta::assert_snapshot!(text);
}

#[test]
fn blocks_that_collide_are_told_once_with_a_free_one() {
    let collide = fleet([
        cluster(
            "a",
            networks("192.168.0.0/16", "10.96.0.0/12", "10.0.0.0/16"),
            &[],
        ),
        cluster(
            "b",
            networks("192.168.0.0/16", "10.96.0.0/12", "10.0.0.0/16"),
            &[],
        ),
        cluster(
            "c",
            networks("10.96.0.0/16", "10.112.0.0/12", "192.168.7.0/24"),
            &[],
        ),
    ]);
    insta::assert_snapshot!("cilium", refusal(&collide, &cilium()));
    insta::assert_snapshot!("submariner", refusal(&collide, &submariner()));
    // All moves together mend it.
    for policy in [cilium(), submariner()] {
        let error = mesh_plan(&collide, &policy).unwrap_err();
        let mended = collide.iter().map(|cluster| {
            let mut networks = cluster.networks().clone();
            for change in error.renumberings().filter(|it| it.cluster == *cluster.name()) {
                let list = match change.kind {
                    fleet_core::NetworkKind::Pods => &mut networks.pods,
                    fleet_core::NetworkKind::Services => &mut networks.services,
                    _ => &mut networks.nodes,
                };
                list[change.index] = change.to.unwrap();
            }
            cluster.clone().with_networks(networks)
        });
        mesh_plan(&fleet(mended), &policy).unwrap();
    }
}

#[test]
fn clusters_of_one_node_network_share_its_addresses() {
    let shared = |name: &str, pods: &str, vpc: Option<&str>| {
        let mut networks = networks(pods, "", "10.0.0.0/16");
        networks.node_network = vpc.map(str::to_owned);
        cluster(name, networks, &[])
    };
    let one = fleet([
        shared("a", "10.64.0.0/16", Some("vpc-1")),
        shared("b", "10.65.0.0/16", Some("vpc-1")),
    ]);
    assert!(mesh_plan(&one, &cilium()).is_ok());
    let two = fleet([
        shared("a", "10.64.0.0/16", Some("vpc-1")),
        shared("b", "10.65.0.0/16", Some("vpc-2")),
    ]);
    assert!(refusal(&two, &cilium()).contains("node network 10.0.0.0/16 is also the node network"));
    // Submariner's gateways talk over public addresses.
    let services = |cluster: &fleet_core::FleetCluster, block: &str| {
        let mut networks = cluster.networks().clone();
        networks.services = vec![block.parse().unwrap()];
        cluster.clone().with_networks(networks)
    };
    let clusters: Vec<_> = two
        .iter()
        .zip(["10.80.0.0/20", "10.81.0.0/20"])
        .map(|(c, block)| services(c, block))
        .collect();
    assert!(mesh_plan(&fleet(clusters), &submariner()).is_ok());
}

#[test]
fn with_globalnet_everyone_may_have_the_same_networks() {
    let same = fleet(["a", "b", "c"].map(|name| {
        cluster(
            name,
            networks("10.244.0.0/16", "10.96.0.0/12", "192.168.1.0/24"),
            &[],
        )
    }));
    let policy = policy(
        "submariner: {version: v0.20.1, broker: hub, globalnet: {}}\nmembers: {b: {globalnet: 242.0.0.0/16}}",
    );
    let plan = mesh_plan(&same, &policy).unwrap();
    let blocks: Vec<_> = plan
        .members()
        .iter()
        .map(|member| member.globalnet.unwrap().to_string())
        .collect();
    assert_eq!(blocks, ["242.1.0.0/16", "242.0.0.0/16", "242.2.0.0/16"]);
    insta::assert_snapshot!(
        subctl_commands(&plan)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn ids_and_blocks_of_those_who_left_stay_reserved() {
    let policy = policy(
        "cilium: {version: v1.18.4}\npools: {pods: {supernets: [10.64.0.0/14], prefix: 16}}\nreserved: [10.65.0.0/20]\n\
         members: {gone: {id: 1, networks: {pods: [10.64.0.0/16]}}}",
    );
    let new = fleet([cluster("new", networks("", "", ""), &[])]);
    let plan = mesh_plan(&new, &policy).unwrap();
    let member = &plan.members()[0];
    assert_eq!(
        (member.id, member.networks.pods[0].to_string().as_str()),
        (Some(2), "10.66.0.0/16")
    );
    let warnings: Vec<_> = plan.warnings().iter().map(ToString::to_string).collect();
    assert!(
        warnings
            .iter()
            .any(|warning| warning.starts_with("gone is in `members`")),
        "{warnings:?}"
    );
    // Nor does a third one fit where two are left.
    let many = fleet(["x", "y", "z"].map(|name| cluster(name, networks("", "", ""), &[])));
    assert_eq!(
        refusal(&many, &policy),
        "z: no /16 is left for a Pod network in 10.64.0.0/14; add a supernet, or take smaller blocks"
    );
}

#[test]
fn more_clusters_than_ids() {
    let many: Vec<_> = (0..300)
        .map(|n| cluster(&format!("c{n:03}"), networks("", "", ""), &[]))
        .collect();
    let spec = |most: u16| {
        policy(&format!(
            "cilium: {{version: v1.18.4, maxConnectedClusters: {most}}}\npools: {{pods: {{supernets: [10.0.0.0/8], prefix: 20}}}}"
        ))
    };
    assert_eq!(
        refusal(&fleet(many.clone()), &spec(255)),
        "production: 45 clusters get no id, since a mesh has at most 255; install with `maxConnectedClusters: 511`, or make islands"
    );
    let plan = mesh_plan(&fleet(many), &spec(511)).unwrap();
    assert_eq!(plan.members()[299].id, Some(300));
    assert_eq!(plan.links(), 300 * 299 / 2);
    assert_eq!(plan.connections().count(), 300 * 299 / 2);
}

#[test]
fn families_that_have_nothing_in_common() {
    let mixed = fleet([
        cluster("a", networks("10.64.0.0/16", "", ""), &[]),
        cluster("b", networks("10.65.0.0/16 fd00:1::/48", "", ""), &[]),
        cluster("c", networks("fd00:2::/48", "", ""), &[]),
    ]);
    assert_eq!(
        refusal(&mixed, &cilium()),
        "c: its Pod network is IPv6; most members have IPv4; members need a family in common, so add a block of it or keep the cluster out"
    );
    let dual = fleet([
        cluster("b", networks("10.65.0.0/16 fd00:1::/48", "", ""), &[]),
        cluster("c", networks("fd00:2::/48", "", ""), &[]),
    ]);
    assert!(mesh_plan(&dual, &cilium()).is_ok());
}

#[test]
fn regulated_clusters_join_by_a_named_exception_only() {
    let scoped = fleet([
        cluster(
            "cards",
            networks("10.64.0.0/16", "", ""),
            &[("regulatory-scope", "pci-dss")],
        ),
        cluster("mail", networks("10.65.0.0/16", "", ""), &[]),
        cluster("shop", networks("10.66.0.0/16", "", ""), &[]),
    ]);
    assert_eq!(
        refusal(&scoped, &cilium()),
        "mail: mail (no scope) and cards (pci-dss) are of different regulatory scope and would be joined; keep them apart, or name the \
         exception with its reason (and 1 more pairs of these two scopes)"
    );
    let excepted = "cilium: {version: v1.18.4}\nconstraints:\n  exceptions:\n  - {between: [cards, shop], reason: checkout}\n";
    let error = mesh_plan(&scoped, &policy(excepted)).unwrap_err();
    assert_eq!(error.problems().len(), 1);
    assert!(!error.to_string().contains("more pairs"), "{error}");
    let all = format!("{excepted}  - {{between: [mail, cards], reason: receipts}}\n");
    assert!(mesh_plan(&scoped, &policy(&all)).is_ok());
    // Spokes do not see each other.
    let spokes = policy("cilium: {version: v1.18.4}\ntopology: {hubAndSpoke: {hubs: hub}}");
    let apart = fleet([
        cluster(
            "cards",
            networks("10.64.0.0/16", "", ""),
            &[("regulatory-scope", "pci-dss")],
        ),
        cluster(
            "hub",
            networks("10.65.0.0/16", "", ""),
            &[("regulatory-scope", "pci-dss"), ("hub", "")],
        ),
        cluster("shop", networks("10.66.0.0/16", "", ""), &[]),
    ]);
    assert!(refusal(&apart, &spokes).contains("shop (no scope) and hub (pci-dss)"));
}

#[test]
fn topologies() {
    let names = |policy: &MeshPolicy| {
        let plan = mesh_plan(&three(), policy).unwrap();
        assert_eq!(plan.links(), plan.connections().count() as u64);
        plan.connections().map(|it| it.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&cilium()), ["ap - eu", "ap - us", "eu - us"]);
    let hub = policy("cilium: {version: v1.18.4}\ntopology: {hubAndSpoke: {hubs: role=hub}}");
    assert_eq!(names(&hub), ["ap - eu", "eu - us"]);
    let islands = policy("cilium: {version: v1.18.4}\ntopology: {islands: {by: region}}");
    assert!(names(&islands).is_empty());
    let plan = mesh_plan(&three(), &islands).unwrap();
    // Each island has ids of its own.
    assert!(plan.members().iter().all(|member| member.id == Some(1)));
    assert_eq!(
        check_together(&[plan.clone(), plan])
            .unwrap_err()
            .problems()
            .len(),
        3
    );
}

#[test]
fn steps_take_away_first_and_do_nothing_twice() {
    let plan = mesh_plan(&three(), &policy("cilium: {version: v1.18.4}\ntopology: {hubAndSpoke: {hubs: role=hub}}\nmembers: {eu: {context: admin@eu}}")).unwrap();
    let pair = |one: &str, other: &str| Connection::new(one.parse().unwrap(), other.parse().unwrap());
    let present = Present {
        members: ["ap", "eu", "old"].map(|name| name.parse().unwrap()).into(),
        connections: [pair("ap", "eu"), pair("eu", "old"), pair("ap", "old")].into(),
        ..Present::default()
    };
    let text: Vec<_> = plan.steps(&present).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
    let all = Present {
        members: plan
            .members()
            .iter()
            .map(|member| member.cluster.clone())
            .collect(),
        connections: plan.connections().collect(),
        ..Present::default()
    };
    assert!(plan.steps(&all).is_empty());
}

#[test]
fn a_policy_that_does_not_read_says_where() {
    let head = "apiVersion: fleet-sdk.dev/v1alpha1\nkind: MeshPolicy\nmetadata: {name: x}\n";
    let cases = [
        (
            "spec: {cilium: {version: v1.18.4}, submariner: {version: v0.20.0, broker: b}}",
            "m.yaml:4:7: spec: found both",
        ),
        ("spec: {}", "m.yaml:4:7: spec: found neither"),
        (
            "spec: {cilium: {version: v1.18.4}, topologie: full}",
            "m.yaml:4:36: spec.topologie: unknown field `topologie`; did you mean `topology`?",
        ),
        (
            "spec: {cilium: {version: v1.18.4}, reserved: [10.0.0.0]}",
            "m.yaml:4:47: spec.reserved[0]: ",
        ),
        (
            "spec: {cilium: {version: v1.18.4}, members: {a: {id: 70000}}}",
            "m.yaml:4:54: spec.members.a.id: ",
        ),
        (
            "spec: {cilium: {version: v1.18.4}, members: {a: {openPorts: [8472]}}}",
            "m.yaml:4:62: spec.members.a.openPorts[0]: ",
        ),
        (
            "spec: {cilium: {version: v1.18.4}, members: {a: {id: 1}, a: {id: 2}}}",
            "m.yaml:4:58: ",
        ),
    ];
    for (spec, expected) in cases {
        let error = MeshPolicy::from_yaml(&format!("{head}{spec}"), "m.yaml")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
    let other = MeshPolicy::from_yaml("kind: Mesh", "m.yaml")
        .unwrap_err()
        .to_string();
    assert_eq!(
        other,
        "m.yaml:1:7: found kind `Mesh`, expected `MeshPolicy`; write `kind: MeshPolicy`"
    );
    assert!(
        MeshPolicy::from_yaml("", "m.yaml")
            .unwrap_err()
            .to_string()
            .contains("exactly one")
    );
    assert!(MeshPolicy::read("no-such-file.yaml").is_err());
}
