//! BADGE: rows whose gradients are long and far apart.

use goldpan_artifact::{Progress, rng};
use pulp::Arch;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::key::Key;
use crate::kmeans::drawn;
use crate::nearest::Nearest;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::{Pool, Probabilities};
use crate::space::{Factors, Space};
use crate::spread;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};

/// How [`Badge`] picks from the gradients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadgeMode {
    /// Drawn in proportion to the squared distance to the nearest pick, as in the paper.
    #[default]
    Sample,
    /// The farthest from its nearest pick, the lowest on ties.
    Greedy,
}

/// BADGE (Ash et al. 2020, arXiv:1906.03671): k-means++ on the gradients that the loss would have in
/// the classifier's last layer if the predicted class were right.
///
/// A row's gradient is `(p - e) ⊗ h`, where `p` are its probabilities, `e` is 1 at the predicted
/// class (the lowest on ties) and 0 elsewhere, and `h` is its embedding as stored. It has classes ×
/// values numbers and is never made: distances come from the products of its two parts.
///
/// As in the authors' program, the first pick is the row with the longest gradient, and labelled rows
/// do not matter. When all rows left are at distance 0, the lowest is taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Badge {
    /// `sample`, usually, or `greedy`.
    #[serde(default)]
    pub mode: BadgeMode,
}

pub(crate) const ABOUT: About = About {
    name: "badge",
    picks: "at random, in proportion to the squared distance between loss gradients",
    needs: "embeddings, predictions",
    cost: "at most O(n k (d + c))",
    paper: "Ash et al. 2020, arXiv:1906.03671",
    usual: || Strategy::Badge(Badge::default()),
};

impl Own for Badge {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["gradient-distance", "gradient-length"]
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn work(&self, shape: &Shape) -> Work {
        let (rows, free, picks) = (shape.rows as f64, shape.free() as f64, shape.picks as f64);
        let (dimension, classes) = (shape.dimension as f64, shape.classes as f64);
        let distances = match self.mode {
            BadgeMode::Sample => drawn(free, picks),
            BadgeMode::Greedy => free * picks,
        };
        let row = dimension * shape.value_bytes as f64 + 4.0 * classes;
        Work {
            products: (dimension + classes) * distances,
            steps: rows * classes + 4.0 * free + 1000.0 * picks,
            read: (2.0 * rows + 3.0 * picks) * row,
            memory: 4.0 * (picks * (dimension + classes) + rows * classes) + 60.0 * rows,
        }
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let Some(vectors) = pool.vectors() else {
            return Ok(Vec::new());
        };
        let squares = vectors.squared_lengths()?;
        let factors = gradients(pool.probabilities()?, pool.ids.len());
        let cut = spread::Cut::usual(Arch::new());
        let space = Space::outer(vectors, squares, factors);
        let mut nearest = Nearest::new(&space, &pool.free, &[], cut.arch);
        let longest = nearest
            .slots()
            .map(|slot| Key::new(space.square(pool.free[slot as usize]), slot))
            .max();
        let Some(first) = longest.filter(|_| count > 0) else {
            return Ok(Vec::new());
        };
        nearest.take(first.slot());
        progress.advance(1);
        let more = count - 1;
        let found = match self.mode {
            BadgeMode::Sample => {
                let mut random = rng(seed, "select/badge");
                spread::draw(&mut nearest, None, more, &mut random, progress, cut)?
            }
            BadgeMode::Greedy => spread::farthest(&mut nearest, more, progress, cut)?,
        };
        let first = std::iter::once((first.slot(), f32::INFINITY));
        let picks = first.chain(found).map(|(slot, square)| {
            let row = pool.free[slot as usize];
            let (distance, length) = (square.sqrt(), space.square(row).sqrt());
            pool.picked(row, distance, vec![distance, length])
        });
        Ok(picks.collect())
    }
}

/// The first part of every row's gradient: its probabilities less 1 at the predicted class.
fn gradients(probabilities: Probabilities, rows: usize) -> Factors {
    let width = probabilities.width();
    let mut values = Vec::with_capacity(rows * width);
    for row in 0..rows as u32 {
        values.extend_from_slice(probabilities.of(row));
        values[row as usize * width + probabilities.top(row)] -= 1.0;
    }
    Factors { width, values }
}
