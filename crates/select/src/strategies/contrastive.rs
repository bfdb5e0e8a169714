//! Texts of which the model says something else than of the labelled texts near them.

use goldpan_artifact::Progress;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::key::Key;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};
use goldpan_geometry::neighbours::{BLOCK, Space, nearest};

/// Contrastive active learning (Margatina et al. 2021, arXiv:2109.03764): the texts with the largest
/// mean KL(p of a neighbour ‖ p of the text), in nats, over the nearest labelled texts by the
/// embeddings' euclidean distance, the lowest rows on ties. Where fewer texts are labelled, all of
/// them are the neighbours. Probabilities below 1e-12 count as that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contrastive {
    /// How many labelled neighbours a text is compared with, from 1 to 1000: usually 10.
    pub neighbours: usize,
}

impl Default for Contrastive {
    fn default() -> Self {
        Self { neighbours: 10 }
    }
}

/// The least probability.
const LEAST: f64 = 1e-12;

pub(crate) const ABOUT: About = About {
    name: "contrastive",
    picks: "where the model contradicts its predictions of the nearest labelled texts",
    needs: "embeddings, predictions",
    cost: "O(n l d)",
    paper: "Margatina et al. 2021, arXiv:2109.03764",
    usual: || Strategy::Contrastive(Contrastive::default()),
};

/// KL(p ‖ q) in nats.
fn divergence(p: &[f32], q: &[f32]) -> f64 {
    p.iter().zip(q).fold(0.0, |sum, (&p, &q)| {
        let (p, q) = (f64::from(p), f64::from(q).max(LEAST));
        if p > 0.0 { sum + p * (p / q).ln() } else { sum }
    })
}

impl Own for Contrastive {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["contrast"]
    }

    fn check(&self) -> Result<(), Error> {
        if (1..=1000).contains(&self.neighbours) {
            return Ok(());
        }
        Err(Error::Setting {
            strategy: ABOUT.name,
            key: "neighbours",
            value: self.neighbours.to_string(),
            expected: "from 1 to 1000",
        })
    }

    fn work(&self, shape: &Shape) -> Work {
        let (rows, free) = (shape.rows as f64, shape.free() as f64);
        let (labelled, dimension) = (shape.labelled as f64, shape.dimension as f64);
        let (neighbours, classes) = (self.neighbours.min(shape.labelled), shape.classes as f64);
        let neighbours = neighbours as f64;
        let passes = shape.labelled.div_ceil(BLOCK) as f64;
        let bytes = dimension * shape.value_bytes as f64;
        Work {
            products: free * labelled * dimension + rows * dimension,
            steps: free * neighbours * classes,
            read: rows * (bytes + 4.0 * classes) + (free * passes + labelled) * bytes,
            memory: rows * (4.0 * classes + 4.0)
                + free * (24.0 * neighbours + 44.0)
                + 4.0 * labelled.min(BLOCK as f64) * dimension,
        }
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        _seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let probabilities = pool.probabilities()?;
        let Some(vectors) = pool.vectors() else {
            return Ok(Vec::new());
        };
        let squares = vectors.squared_lengths()?;
        if count == 0 {
            return Ok(Vec::new());
        }
        if pool.labelled.is_empty() {
            return Err(Error::NothingLabelled {
                strategy: ABOUT.name,
                instead: "diversity-margin",
            });
        }
        let space = Space {
            points: vectors,
            squares,
        };
        let set = &pool.labelled;
        let neighbours = nearest(&space, &pool.free, set, self.neighbours, progress)
            .map_err(|_| Error::Cancelled)?;
        let contrast = |slot: usize| {
            let own = probabilities.of(pool.free[slot]);
            let (rows, _) = neighbours.of(slot);
            let divergences = rows
                .iter()
                .map(|&row| divergence(probabilities.of(row), own));
            let mean = divergences.sum::<f64>() / rows.len() as f64;
            if mean > 0.0 { mean as f32 } else { 0.0 }
        };
        let contrasts: Vec<f32> = (0..pool.free.len()).into_par_iter().map(contrast).collect();
        let mut keys: Vec<Key> = contrasts
            .iter()
            .zip(0..)
            .map(|(&contrast, slot)| Key::new(contrast, slot))
            .collect();
        Key::keep_largest(&mut keys, count);
        keys.sort_unstable_by(|a, b| b.cmp(a));
        progress.advance(count as u64);
        let picks = keys.iter().map(|key| {
            let slot = key.slot() as usize;
            pool.picked(pool.free[slot], contrasts[slot], vec![contrasts[slot]])
        });
        Ok(picks.collect())
    }
}

#[cfg(test)]
mod tests;
