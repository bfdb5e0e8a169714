//! Texts that are unlike each other and of high quality: a determinantal point process.

mod greedy;

use goldpan_artifact::Progress;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategy::Strategy;
use crate::uncertainty::Uncertainty;
use crate::work::{Shape, Work};

/// How alike two texts are, from 1 for equal embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Similarity {
    /// The cosine of the angle between the embeddings; a vector of zeros is like other such ones
    /// only. At most as many texts as an embedding has values differ in this way.
    Cosine,
    /// exp(-|a - b|² / (2 bandwidth²)).
    Gaussian,
}

/// Greedy maximum a posteriori picks of a determinantal point process (Chen et al. 2018,
/// arXiv:1709.05135): again and again the text that makes the determinant of the picks' kernel
/// largest. The kernel is L = diag(q) S diag(q) with similarities S and qualities
/// q = exp(strength · score).
///
/// Labelled texts are not looked at. Once all that is left is alike to combinations of the picks,
/// so that the determinant would vanish, the process starts anew among the texts that are left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dpp {
    /// The uncertainty that is a text's quality: usually none, all texts are equal. With one,
    /// predictions are needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Uncertainty>,
    /// How much quality counts, from 0 to 100: usually 1.
    pub strength: f64,
    /// How alike two texts are: usually `gaussian`.
    pub similarity: Similarity,
    /// The bandwidth of `gaussian` in the embeddings' units, above 0: usually the root mean square
    /// distance of two texts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<f64>,
}

impl Default for Dpp {
    fn default() -> Self {
        Self {
            score: None,
            strength: 1.0,
            similarity: Similarity::Gaussian,
            bandwidth: None,
        }
    }
}

/// The most picks: memory grows with them, by up to 8 bytes for each text.
const MOST: usize = 2048;

/// Without a score and with each.
pub(crate) const ABOUT: [About; 4] = [
    about("dpp", "embeddings", || usual(None)),
    about("dpp-least-confidence", "embeddings, predictions", || {
        usual(Some(Uncertainty::LeastConfidence))
    }),
    about("dpp-margin", "embeddings, predictions", || {
        usual(Some(Uncertainty::Margin))
    }),
    about("dpp-entropy", "embeddings, predictions", || {
        usual(Some(Uncertainty::Entropy))
    }),
];

const fn about(name: &'static str, needs: &'static str, usual: fn() -> Strategy) -> About {
    About {
        name,
        picks: "unlike each other, as a determinantal point process sees it; at most 2048",
        needs,
        cost: "at most O(n k (k + d)), memory O(n k)",
        paper: "Chen et al. 2018, arXiv:1709.05135",
        usual,
    }
}

fn usual(score: Option<Uncertainty>) -> Strategy {
    Strategy::Dpp(Dpp {
        score,
        ..Dpp::default()
    })
}

impl Dpp {
    /// The name with this score.
    pub(crate) fn name(&self) -> &'static str {
        let score = match self.score {
            None => 0,
            Some(Uncertainty::LeastConfidence) => 1,
            Some(Uncertainty::Margin) => 2,
            Some(Uncertainty::Entropy) => 3,
        };
        ABOUT[score].name
    }

    fn refuse(&self, key: &'static str, value: f64, expected: &'static str) -> Result<(), Error> {
        Err(Error::Setting {
            strategy: self.name(),
            key,
            value: value.to_string(),
            expected,
        })
    }
}

impl Own for Dpp {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: self.score.is_some(),
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        match self.score {
            None => &["novelty"],
            Some(Uncertainty::LeastConfidence) => &["novelty", "least-confidence"],
            Some(Uncertainty::Margin) => &["novelty", "margin"],
            Some(Uncertainty::Entropy) => &["novelty", "entropy"],
        }
    }

    fn check(&self) -> Result<(), Error> {
        if !(0.0..=100.0).contains(&self.strength) {
            return self.refuse("strength", self.strength, "a number from 0 to 100");
        }
        match self.bandwidth {
            Some(bandwidth) if !(bandwidth > 0.0 && bandwidth.is_finite()) => {
                self.refuse("bandwidth", bandwidth, "a number above 0")
            }
            _ => Ok(()),
        }
    }

    /// As much as it can come to: mostly few texts are compared with all picks.
    fn work(&self, shape: &Shape) -> Work {
        let (rows, free) = (shape.rows as f64, shape.free() as f64);
        let (picks, dimension) = (shape.picks as f64, shape.dimension as f64);
        let bytes = dimension * shape.value_bytes as f64;
        Work {
            products: free * picks * (dimension + picks / 2.0) + 2.0 * rows * dimension,
            steps: free * picks,
            read: rows * (bytes + 4.0 * shape.classes as f64) + free * picks * bytes,
            memory: free * (8.0 * picks + 64.0) + 8.0 * picks * dimension,
        }
    }

    /// A pick's score is the logarithm of the factor by which it makes the determinant larger; its
    /// `novelty` is the part of it that is not quality, from 0 to 1.
    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        _seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        if count > MOST {
            return Err(Error::TooManyPicks {
                strategy: self.name(),
                asked: count,
                most: MOST,
                instead: "diversity",
            });
        }
        let scores = match self.score {
            Some(score) => pool.uncertainties(score)?,
            None => None,
        };
        let Some(vectors) = pool.vectors() else {
            return Ok(Vec::new());
        };
        let squares = vectors.squared_lengths()?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let score = |row: u32| scores.as_ref().map(|scores| scores[row as usize]);
        let quality = |row: u32| 2.0 * self.strength * score(row).map_or(0.0, f64::from);
        let similarity = match self.similarity {
            Similarity::Cosine => greedy::Similarity::Cosine,
            Similarity::Gaussian => greedy::Similarity::Gaussian(match self.bandwidth {
                Some(bandwidth) => 2.0 * bandwidth * bandwidth,
                None => 2.0 * mean_square(vectors, squares.len()),
            }),
        };
        let kernel = greedy::Kernel {
            points: vectors,
            similarity,
            qualities: pool.free.iter().map(|&row| quality(row)).collect(),
            rows: &pool.free,
        };
        let found = greedy::search(&kernel, count, progress)?;
        let pick = |&(slot, novelty): &(u32, f64)| {
            let row = pool.free[slot as usize];
            let objectives = std::iter::once(novelty as f32).chain(score(row));
            let gain = novelty.ln() + quality(row);
            pool.picked(row, gain as f32, objectives.collect())
        };
        Ok(found.iter().map(pick).collect())
    }
}

/// The mean squared distance of two of the first `count` rows; 1 where all are equal.
fn mean_square<P: goldpan_geometry::Points>(points: &P, count: usize) -> f64 {
    let mean = crate::centre::mean(points, count);
    let squares = crate::centre::squared_distances(points, count, &mean);
    let square = 2.0 * squares.iter().sum::<f64>() / count as f64;
    if square > 0.0 { square } else { 1.0 }
}

#[cfg(test)]
mod tests;
