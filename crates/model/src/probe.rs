//! A linear classifier on sentence embeddings: `probe.safetensors`.
//!
//! A vector is centred by the mean of the texts that it was made for, scaled to length 1, and multiplied
//! with a weight for each class. The `train` stage solves for the weights. Where the nearest texts know more,
//! [`Voters`] have a part in the probabilities.

mod tensors;
mod voters;

use crate::error::Error;
use crate::weights::Weights;
use rayon::prelude::*;
use safetensors::Dtype;
use std::path::Path;
use tensors::{f32_bytes, write_tensors};
pub use voters::{NEVER, Voters};

/// How votes are counted.
pub mod votes {
    pub use super::voters::{ASKED, believed, cosine, log_vote, rounded, softmax, tally};
}

const FILE: &str = "probe.safetensors";
const MEAN: &str = "mean";
const WEIGHT: &str = "weight";
const BIAS: &str = "bias";

/// The tensors of a probe, in single precision; everything is computed in double.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// `[dimension]`
    mean: Vec<f32>,
    /// `[classes, dimension]`, row-major.
    weights: Vec<f32>,
    /// `[classes]`
    bias: Vec<f32>,
    voters: Option<Voters>,
}

impl Probe {
    /// A probe with a weight vector and a bias for each class.
    ///
    /// # Panics
    ///
    /// When `weights` is not as long as classes times dimensions.
    pub fn new(mean: Vec<f32>, weights: Vec<f32>, bias: Vec<f32>) -> Self {
        assert_eq!(weights.len(), mean.len() * bias.len());
        Self {
            mean,
            weights,
            bias,
            voters: None,
        }
    }

    /// The same with texts that vote.
    #[must_use]
    pub fn with_voters(self, voters: Option<Voters>) -> Self {
        Self { voters, ..self }
    }

    /// The same with all logits multiplied by a factor: one over a temperature.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        let factor = factor as f32;
        let bias = self.bias.iter_mut().filter(|bias| **bias != NEVER);
        let values = self.weights.iter_mut().chain(bias);
        values.for_each(|value| *value *= factor);
        self
    }

    /// The texts that vote, where there are some.
    pub fn voters(&self) -> Option<&Voters> {
        self.voters.as_ref()
    }

    /// Components of a vector.
    pub fn dimension(&self) -> usize {
        self.mean.len()
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.bias.len()
    }

    /// What vectors are centred by, `[dimension]`.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The weights, `[classes, dimension]`, row-major.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Those of the classes, `[classes]`.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// The numbers it was solved for.
    pub fn count(&self) -> usize {
        self.weights.len() + self.bias.len()
    }

    /// Puts a vector where the weights are used: less the mean, and of length 1; a vector that is the mean
    /// stays 0.
    pub fn place(mean: &[f32], vector: &[f32], out: &mut [f64]) {
        let mut square = 0.0;
        for ((out, value), mean) in out.iter_mut().zip(vector).zip(mean) {
            *out = f64::from(*value) - f64::from(*mean);
            square += *out * *out;
        }
        if square > 0.0 {
            let length = square.sqrt();
            out.iter_mut().for_each(|value| *value /= length);
        }
    }

    /// The logits of vectors, `[vectors, dimension]`, one for each class, `[vectors, classes]`.
    pub fn logits(&self, vectors: &[f32]) -> Vec<f32> {
        let (dimension, classes) = (self.dimension(), self.classes());
        let count = vectors.len() / dimension;
        let mut logits = vec![0.0; count * classes];
        let mut placed = vec![0.0; vectors.len()];
        let rows = vectors
            .par_chunks_exact(dimension)
            .zip(placed.par_chunks_exact_mut(dimension));
        rows.zip(logits.par_chunks_exact_mut(classes))
            .for_each_init(
                || vec![0.0; dimension],
                |exact, ((vector, placed), logits)| {
                    Self::place(&self.mean, vector, exact);
                    let rows = self.weights.chunks_exact(dimension).zip(&self.bias);
                    for (logit, (weights, bias)) in logits.iter_mut().zip(rows) {
                        *logit = (dot(weights, exact) + f64::from(*bias)) as f32;
                    }
                    placed
                        .iter_mut()
                        .zip(&*exact)
                        .for_each(|(value, exact)| *value = *exact as f32);
                },
            );
        if let Some(voters) = &self.voters {
            voters.mix(&placed, &mut logits);
        }
        logits
    }

    /// Writes the file into a model's folder.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let (classes, dimension) = (self.classes(), self.dimension());
        write_tensors(
            &folder.join(FILE),
            [
                (MEAN, Dtype::F32, vec![dimension], f32_bytes(&self.mean)),
                (
                    WEIGHT,
                    Dtype::F32,
                    vec![classes, dimension],
                    f32_bytes(&self.weights),
                ),
                (BIAS, Dtype::F32, vec![classes], f32_bytes(&self.bias)),
            ],
        )?;
        match &self.voters {
            Some(voters) => voters.write(folder),
            None => Ok(()),
        }
    }

    /// Reads the file of a model's folder, which has to be for these classes.
    ///
    /// # Errors
    ///
    /// When it is missing or damaged, or not for as many classes.
    pub fn of_classes(folder: &Path, classes: &[String]) -> Result<Self, Error> {
        let probe = Self::read(folder)?;
        match probe.classes() == classes.len() {
            true => Ok(probe),
            false => Err(Error::Classes {
                path: folder.to_owned(),
                found: probe.classes(),
                expected: classes.len(),
            }),
        }
    }

    /// Reads the file of a model's folder.
    ///
    /// # Errors
    ///
    /// When it is missing or damaged.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let weights = Weights::open_file(&folder.join(FILE))?;
        let length = |name: &str| {
            let shape = weights.shape(name).unwrap_or_default();
            shape.first().copied().unwrap_or_default()
        };
        let (dimension, classes) = (length(MEAN), length(BIAS));
        Ok(Self {
            mean: weights.values(MEAN, &[dimension])?,
            weights: weights.values(WEIGHT, &[classes, dimension])?,
            bias: weights.values(BIAS, &[classes])?,
            voters: Voters::find(folder, dimension, classes)?,
        })
    }
}

/// Sums in four parts, the same on any processor.
fn dot(weights: &[f32], vector: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (whole, rest) = weights.as_chunks::<8>();
    let (vectors, last) = vector.as_chunks::<8>();
    for (weights, values) in whole.iter().zip(vectors) {
        for ((sum, weight), value) in sums.iter_mut().zip(weights).zip(values) {
            *sum = f64::from(*weight).mul_add(*value, *sum);
        }
    }
    let rest = rest.iter().zip(last);
    let rest: f64 = rest.map(|(weight, value)| f64::from(*weight) * value).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe() -> Probe {
        Probe::new(vec![1.0, 0.0], vec![0.5, 1.0, -0.5, 2.0], vec![0.25, -1.0])
    }

    #[test]
    fn vectors_are_centred_and_scaled() {
        let mut placed = [0.0; 2];
        Probe::place(&[1.0, 0.0], &[4.0, 4.0], &mut placed);
        assert_eq!(placed, [0.6, 0.8]);
        Probe::place(&[1.0, 0.0], &[1.0, 0.0], &mut placed);
        assert_eq!(placed, [0.0, 0.0]);
        // 0.5 · 0.6 + 0.8 + 0.25, and -0.5 · 0.6 + 2 · 0.8 - 1.
        let logits = probe().logits(&[4.0, 4.0]);
        assert!((logits[0] - 1.35).abs() < 1e-6 && (logits[1] - 0.3).abs() < 1e-6);
        assert_eq!(probe().logits(&[1.0, 0.0]), [0.25, -1.0]);
    }

    #[test]
    fn sums_are_those_of_a_plain_loop() {
        let weights: Vec<f32> = (0..29).map(|i| (i as f32 * 0.37).sin()).collect();
        let vector: Vec<f64> = (0..29).map(|i| (f64::from(i) * 0.11).cos()).collect();
        let plain: f64 = weights
            .iter()
            .zip(&vector)
            .map(|(w, v)| f64::from(*w) * v)
            .sum();
        assert!((dot(&weights, &vector) - plain).abs() < 1e-12);
    }

    #[test]
    fn a_probe_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        probe().write(folder.path()).unwrap();
        assert_eq!(Probe::read(folder.path()).unwrap(), probe());
        let error = Probe::read(&folder.path().join("none")).unwrap_err();
        assert!(error.to_string().contains(FILE), "{error}");
    }

    /// Two voters, at the probe's two directions: the first for the second class, the second for the first.
    fn voters(share: f64) -> Voters {
        let vectors = vec![1.0, 0.0, 0.0, 1.0];
        Voters::new((vectors, 2), (vec![0.0, 1.0, 1.0, 0.0], 2), 1.0, share)
    }

    #[test]
    fn voters_have_their_share() {
        let mixed = |share: f64| probe().with_voters(Some(voters(share))).logits(&[4.0, 0.0]);
        // Alone it has logits 0.75 and -1.5; both are logarithms of probabilities now.
        let alone = mixed(0.0);
        assert!((alone[0] - alone[1] - 2.25).abs() < 1e-5, "{alone:?}");
        let sum: f32 = alone.iter().map(|log| log.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        // The voter in the same direction votes for the second class; the other stands at a right angle.
        let votes = mixed(1.0);
        assert!(votes[1] > votes[0] + 5.0, "{votes:?}");
        let (half, first) = (mixed(0.5)[0].exp(), alone[0].exp());
        assert!((half - 0.5 * (first + votes[0].exp())).abs() < 1e-5);
        // In any company.
        let both = probe()
            .with_voters(Some(voters(0.5)))
            .logits(&[4.0, 0.0, 0.0, 3.0]);
        assert_eq!(both[..2], mixed(0.5)[..]);
    }

    #[test]
    fn voters_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let whole = probe().with_voters(Some(voters(0.25)));
        whole.write(folder.path()).unwrap();
        let read = Probe::read(folder.path()).unwrap();
        assert_eq!(read, whole);
        assert_eq!(read.voters().map(Voters::share), Some(0.25));
        assert_ne!(read, probe());
    }

    #[test]
    fn a_class_that_was_never_seen_stays_so() {
        let never = Probe::new(vec![0.0], vec![2.0, 0.0], vec![1.0, NEVER]);
        assert_eq!(never.scaled(3.0).logits(&[5.0]), [9.0, NEVER]);
    }
}
