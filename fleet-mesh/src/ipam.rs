//! Address management: which blocks are taken, and the first free one of a size.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The addresses that are taken, of both families, and the search for those that are not.
///
/// Neighbours are merged, so that what is taken by 10,000 clusters out of one supernet is one interval: a search takes
/// O(log n) for each gap that is too small.
///
/// ```
/// use fleet_mesh::AddressSpace;
///
/// let mut space = AddressSpace::new();
/// space.take(&"10.64.0.0/16".parse()?);
/// space.take(&"10.65.0.0/20".parse()?);
/// let supernet = "10.64.0.0/10".parse()?;
/// assert_eq!(space.first_free(&supernet, 20).map(|block| block.to_string()).as_deref(), Some("10.65.16.0/20"));
/// assert_eq!(space.allocate(&supernet, 16).map(|block| block.to_string()).as_deref(), Some("10.66.0.0/16"));
/// assert!(!space.is_free(&"10.66.1.0/24".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressSpace {
    v4: Intervals,
    v6: Intervals,
}

/// Disjoint intervals that do not touch: first address to last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Intervals(BTreeMap<u128, u128>);

impl AddressSpace {
    /// Nothing is taken.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a block, or what of it was still free.
    pub fn take(&mut self, block: &IpNet) {
        let (first, last) = bounds(block);
        self.family_mut(block).take(first, last);
    }

    /// Whether no address of a block is taken.
    pub fn is_free(&self, block: &IpNet) -> bool {
        let (first, last) = bounds(block);
        self.family(block).overlapping(first, last).is_none()
    }

    /// The first block of a prefix length in a supernet that is free; `None` if there is none, or the supernet is smaller.
    pub fn first_free(&self, supernet: &IpNet, prefix: u8) -> Option<IpNet> {
        if prefix < supernet.prefix_len() || prefix > supernet.max_prefix_len() {
            return None;
        }
        let (first, last) = bounds(supernet);
        let host_bits = u32::from(supernet.max_prefix_len() - prefix);
        // The last address of the block that starts at an address: all host bits set.
        let host_mask = 1u128.checked_shl(host_bits).map_or(u128::MAX, |size| size - 1);
        let mut candidate = first;
        loop {
            let end = candidate | host_mask;
            if end > last {
                return None;
            }
            match self.family(supernet).overlapping(candidate, end) {
                None => return block(supernet, candidate, prefix),
                Some(taken_until) => {
                    candidate = taken_until.checked_add(1)?.checked_add(host_mask)? & !host_mask;
                }
            }
        }
    }

    /// Finds the first free block and takes it.
    pub fn allocate(&mut self, supernet: &IpNet, prefix: u8) -> Option<IpNet> {
        let block = self.first_free(supernet, prefix)?;
        self.take(&block);
        Some(block)
    }

    fn family(&self, block: &IpNet) -> &Intervals {
        match block {
            IpNet::V4(_) => &self.v4,
            IpNet::V6(_) => &self.v6,
        }
    }

    fn family_mut(&mut self, block: &IpNet) -> &mut Intervals {
        match block {
            IpNet::V4(_) => &mut self.v4,
            IpNet::V6(_) => &mut self.v6,
        }
    }
}

impl Intervals {
    fn take(&mut self, mut first: u128, mut last: u128) {
        // What overlaps or touches becomes part of the new one.
        while let Some((&start, &end)) = self.0.range(..=last.saturating_add(1)).next_back() {
            if end.saturating_add(1) < first {
                break;
            }
            first = first.min(start);
            last = last.max(end);
            self.0.remove(&start);
        }
        self.0.insert(first, last);
    }

    /// The last address of an interval that overlaps; the highest of them.
    fn overlapping(&self, first: u128, last: u128) -> Option<u128> {
        let (_, &end) = self.0.range(..=last).next_back()?;
        (end >= first).then_some(end)
    }
}

/// The first and the last address of a block.
pub(crate) fn bounds(block: &IpNet) -> (u128, u128) {
    (number(block.network()), number(block.broadcast()))
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

/// A block of a supernet's family.
fn block(supernet: &IpNet, first: u128, prefix: u8) -> Option<IpNet> {
    Some(match supernet {
        IpNet::V4(_) => IpNet::V4(Ipv4Net::new(Ipv4Addr::from(u32::try_from(first).ok()?), prefix).ok()?),
        IpNet::V6(_) => IpNet::V6(Ipv6Net::new(Ipv6Addr::from(first), prefix).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_edges_of_both_families() {
        let mut space = AddressSpace::new();
        let all4: IpNet = "0.0.0.0/0".parse().unwrap();
        let all6: IpNet = "::/0".parse().unwrap();
        assert_eq!(space.first_free(&all4, 0), Some(all4));
        assert_eq!(space.first_free(&all6, 0), Some(all6));
        assert_eq!(space.first_free(&all4, 33), None);
        assert_eq!(space.first_free(&"10.0.0.0/8".parse().unwrap(), 7), None);
        space.take(&"255.255.255.255/32".parse().unwrap());
        space.take(&"ffff::/16".parse().unwrap());
        assert_eq!(space.first_free(&all4, 0), None);
        assert_eq!(space.first_free(&all6, 0), None);
        assert_eq!(space.first_free(&"255.255.255.255/32".parse().unwrap(), 32), None);
        space.take(&all6);
        assert_eq!(space.first_free(&all6, 128), None);
        assert!(space.is_free(&"10.0.0.0/8".parse().unwrap()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Held against one bit for each of 256 addresses.
        #[test]
        fn the_first_free_block_is_the_one_that_looking_at_every_address_finds(
            takes in proptest::collection::vec((0u32..256, 24u8..=32), 0..40),
            prefix in 24u8..=32,
        ) {
            let supernet: IpNet = "10.0.0.0/24".parse().unwrap();
            let mut space = AddressSpace::new();
            let mut taken = [false; 256];
            for (address, length) in takes {
                let block = IpNet::V4(Ipv4Net::new(Ipv4Addr::from(0x0a00_0000 + address), length).unwrap());
                space.take(&block);
                let (first, last) = bounds(&block);
                for address in first..=last {
                    taken[usize::try_from(address & 255).unwrap()] = true;
                }
            }
            let size = 1usize << (32 - prefix);
            let expected = (0..256).step_by(size).find(|start| !taken[*start..start + size].contains(&true));
            let found = space.first_free(&supernet, prefix);
            let start = found.map(|block| usize::try_from(bounds(&block).0 & 255).unwrap());
            prop_assert_eq!(start, expected);
            if let Some(block) = found {
                prop_assert!(space.is_free(&block));
                space.take(&block);
                prop_assert!(!space.is_free(&block));
            }
        }
    }
}
