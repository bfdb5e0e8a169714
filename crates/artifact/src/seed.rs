//! Random generators derived from the user's seed, one for each purpose.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Names this derivation; the generators change when it does.
const CONTEXT: &str = "goldpan 2026-01-01 random generator of one purpose under one seed";

/// The generator for one `purpose` under the user's `seed`.
///
/// Its key is derived by BLAKE3 from both, so the numbers drawn for one purpose do not depend on
/// how many were drawn for another, nor on the order in which stages run.
pub fn rng(seed: u64, purpose: &str) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&seed.to_le_bytes());
    hasher.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::Rng;

    fn first(seed: u64, purpose: &str) -> u64 {
        rng(seed, purpose).next_u64()
    }

    #[test]
    fn depends_on_seed_and_purpose_alone() {
        assert_eq!(first(7, "shuffle"), first(7, "shuffle"));
        assert_ne!(first(7, "shuffle"), first(8, "shuffle"));
        assert_ne!(first(7, "shuffle"), first(7, "dropout"));
    }
}
