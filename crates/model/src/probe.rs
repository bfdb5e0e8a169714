//! A linear classifier on sentence embeddings: `probe.safetensors`.
//!
//! A vector is centred by the mean of the texts that it was made for, scaled to length 1, and multiplied
//! with a weight for each class. The `train` stage solves for the weights.

use crate::{Error, Weights};
use goldpan_artifact::atomic;
use safetensors::{Dtype, tensor::TensorView};
use std::path::Path;

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
        }
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
    pub(crate) fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// `[classes, dimension]`, row-major.
    pub(crate) fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// `[classes]`
    pub(crate) fn bias(&self) -> &[f32] {
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

    /// The logits of a vector, one for each class.
    pub fn logits(&self, vector: &[f32]) -> Vec<f32> {
        let mut placed = vec![0.0; self.dimension()];
        Self::place(&self.mean, vector, &mut placed);
        let rows = self.weights.chunks_exact(self.dimension()).zip(&self.bias);
        rows.map(|(weights, bias)| (dot(weights, &placed) + f64::from(*bias)) as f32)
            .collect()
    }

    /// Writes the file into a model's folder.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(FILE);
        let encoding = |source| Error::Encode {
            path: path.clone(),
            source,
        };
        let (classes, dimension) = (self.classes(), self.dimension());
        let tensors = [
            (MEAN, vec![dimension], &self.mean),
            (WEIGHT, vec![classes, dimension], &self.weights),
            (BIAS, vec![classes], &self.bias),
        ]
        .map(|(name, shape, values)| {
            let bytes: Vec<u8> = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            (name, shape, bytes)
        });
        let views = tensors
            .iter()
            .map(|(name, shape, bytes)| {
                Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(encoding)?;
        let metadata = [("format".to_owned(), "pt".to_owned())].into();
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(encoding)?;
        atomic::write_bytes(&path, &bytes).map_err(Error::Save)
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
}
