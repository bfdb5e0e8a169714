//! A logistic regression of which rows are labelled, the same bits on any number of threads.

use goldpan_artifact::Progress;
use pulp::Arch;
use rayon::prelude::*;

use crate::centre::{Buffer, mean, product, squared_distances, sum};
use crate::error::Error;
use goldpan_geometry::Points;

/// The rows, centred and scaled.
pub(super) struct Sample<'a, P> {
    points: &'a P,
    mean: Vec<f64>,
    /// What a row is multiplied by after it was centred.
    scale: f64,
    /// The rows' squared lengths after that.
    squares: Vec<f64>,
}

impl<'a, P: Points> Sample<'a, P> {
    /// Of the first `count` rows, at least one.
    pub(super) fn new(points: &'a P, count: usize) -> Self {
        let mean = mean(points, count);
        let mut squares = squared_distances(points, count, &mean);
        let square = squares.iter().sum::<f64>() / count as f64;
        let scale = if square > 0.0 {
            1.0 / square.sqrt()
        } else {
            1.0
        };
        squares.iter_mut().for_each(|value| *value *= scale * scale);
        Self {
            points,
            mean,
            scale,
            squares,
        }
    }
}

/// Coefficients, and last the constant, for a row's log-odds of not being labelled.
pub(super) struct Logistic {
    coefficients: Vec<f64>,
}

/// 1 / (1 + exp(-x)).
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Logistic {
    pub(super) fn new<P: Points>(sample: &Sample<'_, P>) -> Self {
        Self {
            coefficients: vec![0.0; sample.mean.len() + 1],
        }
    }

    /// Descends from the present coefficients on the mean of both sides' mean losses, and the
    /// penalty. Both sides have rows.
    pub(super) fn fit<P: Points>(
        &mut self,
        sample: &Sample<'_, P>,
        labelled: &[bool],
        l2: f64,
        iterations: usize,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let count = labelled.iter().filter(|labelled| **labelled).count();
        let weight = |labelled: bool| {
            let side = if labelled {
                count
            } else {
                sample.squares.len() - count
            };
            0.5 / side as f64
        };
        let weights = [weight(false), weight(true)];
        let square: f64 = sample
            .squares
            .iter()
            .zip(labelled)
            .map(|(square, &labelled)| weights[usize::from(labelled)] * square)
            .sum();
        let step = 1.0 / (0.25 * (square + 1.0) + l2);
        let mut ahead = self.coefficients.clone();
        for iteration in 1..=iterations {
            if progress.cancelled() {
                return Err(Error::Cancelled);
            }
            let slope = slope(sample, labelled, weights, l2, &ahead);
            let momentum = (iteration as f64 - 1.0) / (iteration as f64 + 2.0);
            let values = self.coefficients.iter_mut().zip(&mut ahead);
            for ((value, ahead), slope) in values.zip(&slope) {
                let next = *ahead - step * slope;
                *ahead = next + momentum * (next - *value);
                *value = next;
            }
        }
        Ok(())
    }

    /// The log-odds of every row.
    pub(super) fn logits<P: Points>(&self, sample: &Sample<'_, P>) -> Vec<f64> {
        let arch = Arch::new();
        let (coefficients, constant) = uncentred(sample, &self.coefficients);
        (0..sample.squares.len() as u32)
            .into_par_iter()
            .map_init(
                || Buffer::new(sample.mean.len()),
                |buffer, row| {
                    let vector = buffer.read(sample.points, row);
                    arch.dispatch(|| product(vector, &coefficients)) + constant
                },
            )
            .collect()
    }
}

/// Coefficients and constant for rows as they are stored.
fn uncentred<P>(sample: &Sample<'_, P>, coefficients: &[f64]) -> (Vec<f64>, f64) {
    let (constant, rest) = coefficients.split_last().unwrap_or((&0.0, &[]));
    let scaled: Vec<f64> = rest.iter().map(|value| value * sample.scale).collect();
    let constant = constant - product(&scaled, &sample.mean);
    (scaled, constant)
}

/// The gradient.
fn slope<P: Points>(
    sample: &Sample<'_, P>,
    labelled: &[bool],
    weights: [f64; 2],
    l2: f64,
    at: &[f64],
) -> Vec<f64> {
    let dimension = sample.mean.len();
    let (coefficients, constant) = uncentred(sample, at);
    let add = |row: u32, vector: &[f64], sum: &mut [f64]| {
        let labelled = labelled[row as usize];
        let probability = sigmoid(product(vector, &coefficients) + constant);
        let residual = probability - f64::from(u8::from(!labelled));
        let residual = residual * weights[usize::from(labelled)];
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += residual * value;
        }
        sum[dimension] += residual;
    };
    let mut slope = sum(sample.points, labelled.len(), dimension + 1, add);
    let total = slope[dimension];
    let values = slope.iter_mut().zip(&sample.mean).zip(at);
    for ((slope, mean), at) in values {
        *slope = (*slope - mean * total) * sample.scale + l2 * at;
    }
    slope
}
