//! A kernel machine: logits by how near some of the labelled texts are, `kernel.safetensors`.
//!
//! `logit_c(x) = Σᵢ exp(-gamma |x - xᵢ|²) wᵢ,c`, for placed vectors: logistic regression with a Gaussian (RBF)
//! kernel, which the `train` stage solves for.

use super::{f32_bytes, write_tensors};
use crate::{Error, Weights};
use goldpan_artifact::Silent;
use goldpan_geometry::neighbours::{CHUNK, Collect, Space, sweep};
use goldpan_geometry::squared_lengths;
use safetensors::Dtype;
use std::path::Path;

use super::voters::Both;

const FILE: &str = "kernel.safetensors";
const LANDMARKS: &str = "landmarks";
const WEIGHTS: &str = "weights";
const GAMMA: &str = "gamma";

/// Landmarks with their vectors and weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    dimension: usize,
    /// Placed vectors, `[landmarks, dimension]`.
    landmarks: Vec<f32>,
    /// `[landmarks, classes]`
    weights: Vec<f32>,
    gamma: f32,
}

impl Kernel {
    /// Landmarks at placed vectors, `[landmarks, dimension]`, with weights `[landmarks, classes]`.
    pub fn new((landmarks, dimension): (Vec<f32>, usize), weights: Vec<f32>, gamma: f64) -> Self {
        Self {
            dimension,
            landmarks,
            weights,
            gamma: gamma as f32,
        }
    }

    /// The numbers it was solved for.
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    pub(super) fn scale(&mut self, factor: f32) {
        self.weights.iter_mut().for_each(|weight| *weight *= factor);
    }

    fn len(&self) -> usize {
        self.landmarks.len() / self.dimension.max(1)
    }

    /// Adds its logits to those of texts, `[texts, classes]`. `placed` are the texts' placed vectors,
    /// `[texts, dimension]`.
    pub(super) fn add(&self, placed: &[f32], logits: &mut [f32]) {
        let texts = placed.len() / self.dimension;
        let classes = logits.len() / texts.max(1);
        let points = Both {
            dimension: self.dimension,
            voters: &self.landmarks,
            asking: placed,
        };
        let landmarks = self.len() as u32;
        let all = landmarks as usize + texts;
        // What is not finite is near to nothing.
        let Ok(squares) = squared_lengths(&points, all) else {
            return;
        };
        let space = Space {
            points: &points,
            squares: &squares,
        };
        let asking: Vec<u32> = (landmarks..all as u32).collect();
        let set: Vec<u32> = (0..landmarks).collect();
        let mut sums: Vec<Sums> = asking
            .chunks(CHUNK)
            .map(|chunk| Sums {
                kernel: self,
                classes,
                values: vec![0.0; chunk.len() * classes],
            })
            .collect();
        if sweep(&space, &asking, &set, &mut sums, &Silent).is_err() {
            return;
        }
        let values = sums.iter().flat_map(|sums| &sums.values);
        for (logit, value) in logits.iter_mut().zip(values) {
            *logit = (f64::from(*logit) + value) as f32;
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), Error> {
        let landmarks = self.len();
        let shape = vec![landmarks, self.dimension];
        let classes = self.weights.len() / landmarks.max(1);
        write_tensors(
            &folder.join(FILE),
            [
                (LANDMARKS, Dtype::F32, shape, f32_bytes(&self.landmarks)),
                (
                    WEIGHTS,
                    Dtype::F32,
                    vec![landmarks, classes],
                    f32_bytes(&self.weights),
                ),
                (GAMMA, Dtype::F32, vec![1], f32_bytes(&[self.gamma])),
            ],
        )
    }

    /// That of a model's folder, where it has one.
    pub(super) fn find(
        folder: &Path,
        dimension: usize,
        classes: usize,
    ) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE);
        if !path.is_file() {
            return Ok(None);
        }
        let weights = Weights::open_file(&path)?;
        let landmarks = weights.shape(LANDMARKS).and_then(<[usize]>::first);
        let landmarks = landmarks.copied().unwrap_or_default();
        Ok(Some(Self {
            dimension,
            landmarks: weights.values(LANDMARKS, &[landmarks, dimension])?,
            weights: weights.values(WEIGHTS, &[landmarks, classes])?,
            gamma: weights.values(GAMMA, &[1])?[0],
        }))
    }
}

/// Logits of a chunk of texts, `[texts, classes]`; landmarks are added in their order.
struct Sums<'a> {
    kernel: &'a Kernel,
    classes: usize,
    values: Vec<f64>,
}

impl Collect for Sums<'_> {
    #[inline(always)]
    fn collect(&mut self, query: usize, first: usize, distances: &[f32]) {
        let classes = self.classes;
        let sums = &mut self.values[query * classes..][..classes];
        let weights = self.kernel.weights[first * classes..].chunks_exact(classes);
        for (squared, weights) in distances.iter().zip(weights) {
            let near = near(f64::from(self.kernel.gamma), f64::from(*squared));
            for (sum, weight) in sums.iter_mut().zip(weights) {
                *sum += near * f64::from(*weight);
            }
        }
    }
}

/// What two texts at this squared distance have in common, 0 to 1.
pub fn near(gamma: f64, squared: f64) -> f64 {
    (-gamma * squared.max(0.0)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_are_those_of_plain_sums_in_any_company() {
        let (landmarks, texts, dimension, classes) = (37, 250, 19, 3);
        let values = |count: usize, step: f32| -> Vec<f32> {
            (0..count).map(|i| (i as f32 * step).sin() * 0.3).collect()
        };
        let kernel = Kernel::new(
            (values(landmarks * dimension, 0.37), dimension),
            values(landmarks * classes, 0.91),
            0.7,
        );
        let placed = values(texts * dimension, 0.11);
        let mut logits = vec![1.0; texts * classes];
        kernel.add(&placed, &mut logits);
        for (text, logits) in placed
            .chunks_exact(dimension)
            .zip(logits.chunks_exact(classes))
        {
            let mut expected = vec![1.0; classes];
            let pairs = kernel.landmarks.chunks_exact(dimension);
            for (landmark, weights) in pairs.zip(kernel.weights.chunks_exact(classes)) {
                let apart = text.iter().zip(landmark);
                let squared: f64 = apart.map(|(a, b)| f64::from(a - b).powi(2)).sum();
                for (sum, weight) in expected.iter_mut().zip(weights) {
                    *sum += (-0.7 * squared).exp() * f64::from(*weight);
                }
            }
            for (logit, expected) in logits.iter().zip(&expected) {
                assert!((f64::from(*logit) - expected).abs() < 1e-5);
            }
            let mut alone = vec![1.0; classes];
            kernel.add(text, &mut alone);
            assert_eq!(alone, logits);
        }
    }
}
