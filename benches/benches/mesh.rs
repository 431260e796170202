//! Planning a mesh: 1,000 and 10,000 clusters with four kinds of addresses, all apart and all the same; allocation for 1,000 new
//! clusters beside 9,000.
//!
//! The bound beside it: sorting the same blocks once.

#![allow(missing_docs, clippy::unwrap_used, clippy::semicolon_if_nothing_returned)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fleet_core::{Fleet, FleetCluster, KubernetesVersion, Networks};
use fleet_mesh::{Globalnet, MeshPolicy, Pool, Pools, SubmarinerSettings, Technology, mesh_plan};
use ipnet::{IpNet, Ipv6Net};

/// The `number`-th block of a size below `fd00::/8`, for a kind of its own.
fn block(kind: u128, number: u128) -> IpNet {
    let first = (0xfd00 + kind) << 112 | number << 64;
    IpNet::V6(Ipv6Net::new(first.into(), 64).unwrap())
}

fn v4(number: u32, prefix: u8) -> IpNet {
    let first = number << (32 - prefix);
    IpNet::V4(ipnet::Ipv4Net::new(first.into(), prefix).unwrap())
}

/// Four kinds of blocks each: IPv4 Pods out of `10.0.0.0/8`, IPv6 Pods, Services and nodes.
fn cluster(number: u32, same: bool) -> FleetCluster {
    let place = if same { 0 } else { number };
    let pods = v4((10 << 14) + place % (1 << 14), 22);
    let networks = Networks {
        pods: if number < 1 << 14 || same {
            vec![pods, block(0, place.into())]
        } else {
            vec![block(0, place.into())]
        },
        services: vec![block(1, place.into())],
        nodes: vec![block(2, place.into())],
        ..Networks::default()
    };
    let name = format!("c-{:08x}", number.wrapping_mul(2_654_435_761))
        .parse()
        .unwrap();
    FleetCluster::new(name, KubernetesVersion::new(1, 33, 0)).with_networks(networks)
}

fn policy() -> MeshPolicy {
    let settings = SubmarinerSettings::new("v0.20.1".parse().unwrap(), "hub");
    MeshPolicy::new("all", Technology::Submariner(settings))
}

fn planning(c: &mut Criterion) {
    let mut group = c.benchmark_group("mesh");
    for size in [1_000u32, 10_000] {
        group.throughput(Throughput::Elements(u64::from(size) * 4));
        let fleet = Fleet::new((0..size).map(|number| cluster(number, false))).unwrap();
        assert!(mesh_plan(&fleet, &policy()).is_ok());
        group.bench_with_input(BenchmarkId::new("all apart", size), &size, |b, _| {
            b.iter(|| mesh_plan(&fleet, &policy()).unwrap())
        });
        group.bench_with_input(
            BenchmarkId::new("bound: one sort of the blocks", size),
            &size,
            |b, _| {
                b.iter(|| {
                    let mut blocks: Vec<_> = fleet
                        .iter()
                        .flat_map(|cluster| cluster.networks().blocks())
                        .map(|(kind, block)| (block.network(), block.prefix_len(), kind))
                        .collect();
                    blocks.sort_unstable();
                    blocks
                });
            },
        );
        let same = Fleet::new((0..size).map(|number| cluster(number, true))).unwrap();
        group.bench_with_input(
            BenchmarkId::new("all the same, with a mend for each", size),
            &size,
            |b, _| b.iter(|| mesh_plan(&same, &policy()).unwrap_err()),
        );
    }
    group.finish();
}

fn allocating(c: &mut Criterion) {
    let mut group = c.benchmark_group("mesh");
    let pool = |supernet: &str, prefix| {
        Some(Pool {
            supernets: vec![supernet.parse().unwrap()],
            prefix,
        })
    };
    let mut policy = policy().with_pools(Pools {
        pods: pool("10.0.0.0/8", 22),
        services: pool("172.16.0.0/12", 26),
        nodes: pool("100.64.0.0/10", 26),
    });
    if let Technology::Submariner(settings) = &mut policy.technology {
        settings.globalnet = Some(Globalnet {
            prefix: 22,
            ..Globalnet::default()
        });
    }
    let bare = |number: u32| {
        FleetCluster::new(
            format!("n-{number:05}").parse().unwrap(),
            KubernetesVersion::new(1, 33, 0),
        )
    };
    let old = Fleet::new((1_000..10_000).map(bare)).unwrap();
    let ledger = mesh_plan(&old, &policy).unwrap().record(policy);
    let all = Fleet::new((0..10_000).map(bare)).unwrap();
    group.bench_function(
        "allocate four blocks each for 1,000 new clusters beside 9,000",
        |b| {
            b.iter(|| {
                let plan = mesh_plan(&all, &ledger).unwrap();
                assert_eq!(plan.allocations().len(), 4_000);
                plan
            })
        },
    );
    group.finish();
}

criterion_group!(benches, planning, allocating);
criterion_main!(benches);
