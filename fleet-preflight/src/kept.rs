//! The findings of one pass, kept so that no copy of them is ever made: a large report is most of a scan's memory.

use crate::finding::Finding;

/// How many findings are kept in one piece. A vector that grows needs its old and its new memory at once.
const BLOCK: usize = 1024;

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// All of a pass's own blocks are full but the last.
    blocks: Vec<Vec<Finding>>,
    count: usize,
}

impl Kept {
    pub(crate) fn push(&mut self, finding: Finding) {
        if let Some(block) = self.blocks.last_mut().filter(|block| block.len() < BLOCK) {
            block.push(finding);
        } else {
            let mut block = Vec::with_capacity(if self.blocks.is_empty() { 0 } else { BLOCK });
            block.push(finding);
            self.blocks.push(block);
        }
        self.count += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The findings from this one on, the last one first.
    pub(crate) fn since(&mut self, index: usize) -> impl Iterator<Item = &mut Finding> {
        let (first, skipped) = (index / BLOCK, index % BLOCK);
        let blocks = self.blocks.iter_mut().enumerate().skip(first);
        blocks.rev().flat_map(move |(number, block)| {
            let skipped = if number == first { skipped } else { 0 };
            block.iter_mut().skip(skipped).rev()
        })
    }

    /// Adds the findings of another pass. Afterwards nothing is added one by one.
    pub(crate) fn merge(&mut self, other: Self) {
        self.blocks.extend(other.blocks);
        self.count += other.count;
    }

    /// All findings and these, in the order of reports, without those that are not wanted.
    pub(crate) fn sorted(self, more: Vec<Finding>, mut wanted: impl FnMut(&Finding) -> bool) -> Vec<Finding> {
        let mut all = Vec::with_capacity(self.count + more.len());
        // Each block is freed as soon as it is empty.
        for block in self.blocks.into_iter().chain(std::iter::once(more)) {
            all.extend(block.into_iter().filter(&mut wanted));
        }
        all.sort_unstable_by(Finding::order);
        all
    }
}
