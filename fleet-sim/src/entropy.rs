//! The hub's only source of chance: uids and name suffixes from one seeded generator.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The alphabet of Kubernetes' generated names: no vowels and no look-alikes, so that no words come out.
const SUFFIX_ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX_LENGTH: usize = 5;
/// Names are cut so that base and suffix stay within a DNS label.
const MAX_GENERATED_BASE: usize = 63 - SUFFIX_LENGTH;

#[derive(Debug)]
pub(crate) struct Entropy(ChaCha8Rng);

/// Where the generator stands.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedEntropy {
    seed: [u8; 32],
    /// As text: JSON's numbers end at 64 bits.
    position: String,
}

impl Entropy {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    pub(crate) fn save(&self) -> SavedEntropy {
        SavedEntropy {
            seed: self.0.get_seed(),
            position: self.0.get_word_pos().to_string(),
        }
    }

    pub(crate) fn restore(saved: &SavedEntropy) -> Result<Self, String> {
        let position = saved.position.parse();
        let position =
            position.map_err(|error| format!("position {:?} of the generator: {error}", saved.position))?;
        let mut rng = ChaCha8Rng::from_seed(saved.seed);
        rng.set_word_pos(position);
        Ok(Self(rng))
    }

    /// A random (version 4) UUID in its usual text form.
    pub(crate) fn uid(&mut self) -> String {
        let high = self.0.next_u64();
        let low = self.0.next_u64();
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }

    pub(crate) fn generated_name(&mut self, base: &str) -> String {
        let mut end = base.len().min(MAX_GENERATED_BASE);
        while !base.is_char_boundary(end) {
            end -= 1;
        }
        let mut name = base[..end].to_owned();
        for _ in 0..SUFFIX_LENGTH {
            let index = self.0.next_u32() as usize % SUFFIX_ALPHABET.len();
            name.push(char::from(SUFFIX_ALPHABET[index]));
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence_of_well_formed_uids() {
        let (mut a, mut b, mut c) = (Entropy::seeded(7), Entropy::seeded(7), Entropy::seeded(8));
        let uid = a.uid();
        assert_eq!(uid, b.uid());
        assert_ne!(uid, c.uid());
        assert_eq!(uid.len(), 36);
        assert_eq!(&uid[14..15], "4");
    }

    #[test]
    fn a_generated_name_fits_a_dns_label() {
        let mut entropy = Entropy::seeded(1);
        assert_eq!(entropy.generated_name("worker-").len(), 12);
        assert_eq!(entropy.generated_name(&"x".repeat(80)).len(), 63);
    }
}
