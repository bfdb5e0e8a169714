//! Tables that stand in for those of real texts.

use std::path::Path;

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, rng,
};
use rand::RngExt;

use crate::Failure;

/// What stands in for a table of embeddings.
#[derive(Clone, Copy, Default)]
pub struct Kind {
    /// Values are stored in half precision.
    pub half: bool,
    /// Each vector is around an earlier one.
    pub nested: bool,
}

impl Kind {
    /// Writes a table of unit vectors.
    pub fn write(self, path: &Path, rows: u64, dimension: usize) -> Result<(), Failure> {
        const AROUND: u64 = 500;
        const EARLIER: usize = 20_000;
        let mut random = rng(0, "bench");
        let precision = match self.half {
            true => Precision::F16,
            false => Precision::F32,
        };
        let mut writer =
            EmbeddingsWriter::create(path, dimension, precision, Producer::new("bench", 1))?;
        let scale = |k: usize| {
            if self.nested {
                8.0 / (8.0 + k as f32)
            } else {
                1.0
            }
        };
        let scales: Vec<f32> = (0..dimension).map(scale).collect();
        let mut vector = vec![0.0_f32; dimension];
        let mut around: Vec<f32> = Vec::new();
        for row in 0..AROUND + rows {
            let known = around.len() / dimension;
            let (parent, noise) = match row {
                0..AROUND => (None, 1.0),
                _ if self.nested => (Some(random.random_range(0..known)), 0.6),
                _ => (Some((row % AROUND) as usize), 0.8),
            };
            for k in 0..dimension {
                let normal: f32 = (0..4).map(|_| random.random::<f32>() - 0.5).sum();
                let parent = parent.map_or(0.0, |parent| around[parent * dimension + k]);
                vector[k] = parent + noise * scales[k] * normal;
            }
            if row < AROUND || self.nested && known < EARLIER {
                around.extend_from_slice(&vector);
            }
            if row >= AROUND {
                let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
                vector.iter_mut().for_each(|value| *value /= length);
                writer.push(row - AROUND, &vector)?;
            }
        }
        writer.finish()?;
        Ok(())
    }
}

/// Predictions of two classes, by the first value of each vector.
pub fn predictions(folder: &Path, embeddings: &Embeddings) -> Result<Predictions, Failure> {
    let path = folder.join("predictions.arrow");
    let classes = ["no", "yes"].map(str::to_owned);
    let mut writer = PredictionsWriter::create(&path, &classes, Producer::new("bench", 1))?;
    let mut vector = vec![0.0; embeddings.dimension()];
    for (row, id) in embeddings.ids().enumerate() {
        embeddings.row_f32(row, &mut vector);
        let yes = 1.0 / (1.0 + (-60.0 * vector[0]).exp());
        writer.push(id, &[0.0, 0.0], &[1.0 - yes, yes])?;
    }
    writer.finish()?;
    Ok(Predictions::open(&path)?)
}
