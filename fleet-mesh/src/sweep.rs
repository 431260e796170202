//! Which address blocks of a mesh collide: sort and sweep, O(n log n).
//!
//! Two CIDR blocks are disjoint, or one contains the other. Sorted by their first address, larger ones first, the blocks
//! around the current one are a stack, never deeper than there are prefix lengths; what collides is found there and
//! nowhere else.
//!
//! # Who moves
//!
//! Of two that collide, one has to move: the one of a cluster that is new to the mesh before the one of a member; else the
//! larger block, which for blocks of one kind is the least that can move, since the innermost ones never collide with
//! each other. What moves no longer collides with anything, so that each block moves for one reason, and 10,000 clusters
//! with the same block are 9,999 conflicts and not 50 million.

use fleet_core::NetworkKind;
use ipnet::IpNet;

use crate::ipam::bounds;

/// Which kinds of addresses must be apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Cilium Cluster Mesh: Pods talk to Pods with their own addresses, and nodes to nodes.
    Cilium,
    /// Submariner: routes to the Pod and Service networks of every other cluster.
    Submariner,
    /// Submariner with Globalnet: the other clusters are seen under global addresses only.
    Globalnet,
}

impl Rules {
    /// Whether blocks of two clusters must be apart.
    fn across(self, one: &Class, other: &Class) -> bool {
        use NetworkKind::{Globalnet, Nodes, Services};
        let kinds = (one.kind.min(other.kind), one.kind.max(other.kind));
        let anywhere = match self {
            // A Service's address means something in its own cluster only.
            Self::Cilium if kinds == (Nodes, Nodes) => one.network.is_none() || one.network != other.network,
            Self::Cilium => kinds != (Services, Services),
            // Gateways talk over public addresses.
            Self::Submariner => kinds != (Nodes, Nodes),
            Self::Globalnet => false,
        };
        anywhere || kinds.1 == Globalnet
    }

    /// Whether blocks of one cluster must be apart: always, when they are for different things.
    fn within(one: NetworkKind, other: NetworkKind) -> bool {
        one != other
    }
}

/// What decides whether blocks of two clusters must be apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Class {
    kind: NetworkKind,
    /// The network that nodes stand in, numbered.
    network: Option<u32>,
    established: bool,
}

/// One block of one cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) block: IpNet,
    pub(crate) kind: NetworkKind,
    /// The number of the cluster.
    pub(crate) cluster: u32,
    /// The network that nodes stand in, numbered.
    pub(crate) network: Option<u32>,
    /// Whether the cluster is in the mesh already.
    pub(crate) established: bool,
    /// The place in the cluster's list of this kind.
    pub(crate) index: u32,
}

impl Entry {
    fn class(&self, rules: Rules) -> Class {
        let counts = self.kind == NetworkKind::Nodes && rules == Rules::Cilium;
        Class {
            kind: self.kind,
            network: self.network.filter(|_| counts),
            established: self.established,
        }
    }
}

/// Two blocks that collide, by their places among the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Collision {
    pub(crate) moves: usize,
    pub(crate) because_of: usize,
}

/// Everything that collides: each block that has to move once, with one that it collides with.
pub(crate) fn collisions(entries: &[Entry], rules: Rules) -> Vec<Collision> {
    let mut found = Vec::new();
    let mut moved = vec![false; entries.len()];
    collide_within(entries, &mut moved, &mut found);

    let mut order: Vec<_> = (0..entries.len())
        .filter(|index| !moved[*index])
        .map(|index| {
            let entry = &entries[index];
            let (first, last) = bounds(&entry.block);
            let is_v6 = matches!(entry.block, IpNet::V6(_));
            // Of equal blocks the first cluster's comes last, and stays.
            (
                is_v6,
                first,
                entry.block.prefix_len(),
                u32::MAX - entry.cluster,
                last,
                index,
            )
        })
        .collect();
    order.sort_unstable();

    let mut stack: Vec<Frame> = Vec::new();
    for (is_v6, first, _, _, last, index) in order {
        while stack
            .last()
            .is_some_and(|frame| frame.is_v6 != is_v6 || frame.last < first)
        {
            stack.pop();
        }
        let entry = &entries[index];
        let class = entry.class(rules);
        let others = |list: &Vec<usize>| {
            list.iter()
                .copied()
                .find(|other| entries[*other].cluster != entry.cluster)
        };
        let member = stack
            .iter()
            .flat_map(|frame| &frame.classes)
            .find_map(|(other, list)| {
                let stays = other.established && !class.established && rules.across(&class, other);
                stays.then(|| others(list)).flatten()
            });
        if let Some(because_of) = member {
            found.push(Collision {
                moves: index,
                because_of,
            });
            continue;
        }
        for (other, list) in stack.iter_mut().flat_map(|frame| &mut frame.classes) {
            if rules.across(&class, other) {
                list.retain(|outer| {
                    let stays = entries[*outer].cluster == entry.cluster;
                    if !stays {
                        found.push(Collision {
                            moves: *outer,
                            because_of: index,
                        });
                    }
                    stays
                });
            }
        }
        for frame in &mut stack {
            frame.classes.retain(|(_, list)| !list.is_empty());
        }
        match stack.last_mut() {
            Some(frame) if frame.first == first && frame.last == last => frame.add(class, index),
            _ => {
                let mut frame = Frame {
                    is_v6,
                    first,
                    last,
                    classes: Vec::new(),
                };
                frame.add(class, index);
                stack.push(frame);
            }
        }
    }
    found
}

/// Of the blocks of one cluster, few as they are, each pair.
fn collide_within(entries: &[Entry], moved: &mut [bool], found: &mut Vec<Collision>) {
    let mut by_cluster: Vec<usize> = (0..entries.len()).collect();
    by_cluster.sort_by_key(|index| entries[*index].cluster);
    for group in by_cluster.chunk_by(|a, b| entries[*a].cluster == entries[*b].cluster) {
        for (place, &one) in group.iter().enumerate() {
            for &other in &group[place + 1..] {
                if moved[one] || moved[other] {
                    continue;
                }
                let (a, b) = (&entries[one], &entries[other]);
                let overlap = a.block.contains(&b.block) || b.block.contains(&a.block);
                if overlap && Rules::within(a.kind, b.kind) {
                    let (outer, inner) = if a.block.prefix_len() < b.block.prefix_len() {
                        (one, other)
                    } else {
                        (other, one)
                    };
                    moved[outer] = true;
                    found.push(Collision {
                        moves: outer,
                        because_of: inner,
                    });
                }
            }
        }
    }
}

/// A block that is around the current one, and who has it; those that have to move are gone.
struct Frame {
    is_v6: bool,
    first: u128,
    last: u128,
    classes: Vec<(Class, Vec<usize>)>,
}

impl Frame {
    fn add(&mut self, class: Class, index: usize) {
        match self.classes.iter_mut().find(|(other, _)| *other == class) {
            Some((_, list)) => list.push(index),
            None => self.classes.push((class, vec![index])),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(block: &str, kind: NetworkKind, cluster: u32) -> Entry {
        Entry {
            block: block.parse().unwrap(),
            kind,
            cluster,
            network: None,
            established: false,
            index: 0,
        }
    }

    fn collide(one: &Entry, other: &Entry, rules: Rules) -> bool {
        let overlap = one.block.contains(&other.block) || other.block.contains(&one.block);
        overlap
            && if one.cluster == other.cluster {
                Rules::within(one.kind, other.kind)
            } else {
                rules.across(&one.class(rules), &other.class(rules))
            }
    }

    /// By brute force.
    fn collide_anywhere(entries: &[Entry], rules: Rules) -> bool {
        entries.iter().enumerate().any(|(place, one)| {
            entries[place + 1..]
                .iter()
                .any(|other| collide(one, other, rules))
        })
    }

    #[test]
    fn of_nested_blocks_the_innermost_stay_and_of_equal_ones_the_first_clusters() {
        let pods = |block, cluster| entry(block, NetworkKind::Pods, cluster);
        let entries = [
            pods("10.0.0.0/8", 0),
            pods("10.1.0.0/16", 1),
            pods("10.2.0.0/16", 3),
            pods("10.2.0.0/16", 2),
        ];
        let mut moves: Vec<_> = collisions(&entries, Rules::Cilium)
            .iter()
            .map(|collision| collision.moves)
            .collect();
        moves.sort_unstable();
        assert_eq!(moves, [0, 2]);
    }

    #[test]
    fn a_member_stays_where_a_new_cluster_can_move() {
        let member = Entry {
            established: true,
            ..entry("10.0.0.0/8", NetworkKind::Pods, 0)
        };
        let new = entry("10.1.0.0/16", NetworkKind::Pods, 1);
        let found = collisions(&[member, new], Rules::Cilium);
        assert_eq!(
            found,
            [Collision {
                moves: 1,
                because_of: 0
            }]
        );
    }

    #[test]
    fn ten_thousand_times_the_same_block() {
        let entries: Vec<_> = (0..10_000)
            .map(|cluster| entry("192.168.0.0/16", NetworkKind::Pods, cluster))
            .collect();
        assert_eq!(collisions(&entries, Rules::Cilium).len(), 9_999);
    }

    fn any_entry() -> impl Strategy<Value = Entry> {
        let kind = prop_oneof![
            Just(NetworkKind::Pods),
            Just(NetworkKind::Services),
            Just(NetworkKind::Nodes),
            Just(NetworkKind::Globalnet)
        ];
        (
            0u32..64,
            26u8..=32,
            kind,
            0u32..5,
            proptest::option::of(0u32..2),
            any::<bool>(),
        )
            .prop_map(|(address, length, kind, cluster, network, is_v6)| {
                let block = if is_v6 {
                    format!("fd00::{address:x}/{}", length + 96)
                } else {
                    format!("10.0.0.{address}/{length}")
                };
                Entry {
                    block: block.parse::<IpNet>().unwrap().trunc(),
                    kind,
                    cluster,
                    network,
                    // A whole cluster is in the mesh, or not.
                    established: cluster < 2,
                    index: 0,
                }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_is_left_does_not_collide_and_what_moves_had_to(
            entries in proptest::collection::vec(any_entry(), 0..14),
            rules in prop_oneof![Just(Rules::Cilium), Just(Rules::Submariner), Just(Rules::Globalnet)],
        ) {
            let found = collisions(&entries, rules);
            prop_assert_eq!(found.is_empty(), !collide_anywhere(&entries, rules));
            let mut moves: Vec<_> = found.iter().map(|collision| collision.moves).collect();
            for collision in &found {
                prop_assert!(collide(&entries[collision.moves], &entries[collision.because_of], rules));
            }
            moves.sort_unstable();
            let count = moves.len();
            moves.dedup();
            prop_assert_eq!(moves.len(), count, "each block moves once");
            let left: Vec<_> = (0..entries.len()).filter(|index| !moves.contains(index)).map(|index| entries[index]).collect();
            prop_assert!(!collide_anywhere(&left, rules));
        }

        /// Of Pod networks of new clusters, as few move as can: held against every subset.
        #[test]
        fn as_few_pod_networks_move_as_can(entries in proptest::collection::vec(any_entry(), 0..9)) {
            let entries: Vec<_> = entries.into_iter().enumerate().map(|(cluster, entry)| Entry {
                kind: NetworkKind::Pods,
                cluster: u32::try_from(cluster).unwrap(),
                established: false,
                ..entry
            }).collect();
            let fewest = (0u32..1 << entries.len())
                .filter(|subset| {
                    let left: Vec<_> = entries.iter().enumerate().filter(|(index, _)| subset & (1 << index) == 0)
                        .map(|(_, entry)| *entry).collect();
                    !collide_anywhere(&left, Rules::Cilium)
                })
                .map(u32::count_ones)
                .min();
            prop_assert_eq!(Some(u32::try_from(collisions(&entries, Rules::Cilium).len()).unwrap()), fewest);
        }
    }
}
