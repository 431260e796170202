//! "Did you mean": the nearest of the words that exist.

/// The candidate that differs least from `word`, if any is near enough to have been meant. Letter case counts least:
/// `kubeadmcontrolplane` is a misspelling of nothing else.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

const LONGEST: usize = 64;

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to turn one into the other.
fn distance(from: &str, to: &str) -> usize {
    // A name is short; a word from a stranger may be a book.
    let from: Vec<char> = from.chars().take(LONGEST).collect();
    let to: Vec<char> = to.chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let mut best = (above[j] + usize::from(a != b))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let fields = ["replicas", "version", "rollout", "remediation"];
        assert_eq!(nearest("replicsa", fields), Some("replicas"));
        assert_eq!(nearest("Version", fields), Some("version"));
        assert_eq!(nearest("verson", fields), Some("version"));
        assert_eq!(nearest("colour", fields), None);
    }

    #[test]
    fn a_swap_is_one_step() {
        assert_eq!(distance("abcd", "abdc"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
