//! Inputs: a file's name and its bytes, as a seed and a number make them of real files.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::mutate::mutate;
use crate::readers::Reader;

/// A file: the name by which its reader knows what it is, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The file's name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Decides by what settings it is read.
    pub variant: u64,
}

impl Input {
    /// A real file.
    pub fn new(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.to_owned(),
            bytes: bytes.into(),
            variant: 0,
        }
    }

    /// The input of this number under the seed: one of the samples, damaged.
    pub fn make(reader: &Reader, samples: &[Self], seed: u64, number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let sample = &samples[rng.random_range(0..samples.len())];
        let other = &samples[rng.random_range(0..samples.len())];
        let mut bytes = sample.bytes.clone();
        mutate(&mut bytes, &other.bytes, reader.words, &mut rng);
        let mut input = Self {
            name: sample.name.clone(),
            bytes,
            variant: rng.random_range(0..1 << 16),
        };
        (reader.finish)(&mut input, &mut rng);
        input
    }
}
