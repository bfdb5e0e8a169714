//! The least sure texts with noise in the order, so that a batch is not all of one kind.

use goldpan_artifact::{Progress, rng};
use rand::RngExt;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategy::Strategy;
use crate::uncertainty::Uncertainty;
use crate::work::{Shape, Work};

/// How noise is put to a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// s + G / coldness: picks without replacement with chances in proportion to
    /// exp(coldness · s).
    Softmax,
    /// ln s + G / coldness: chances in proportion to s^coldness. Texts with s = 0 come last, in
    /// random order.
    Power,
    /// -ln r + G / coldness, where r = 1 is the largest score's rank (ties go to the lowest row):
    /// chances in proportion to r^-coldness, whatever the scale of the scores.
    SoftRank,
}

/// Stochastic batch acquisition (Kirsch et al. 2023, arXiv:2106.12059): the texts with the largest
/// scores s after Gumbel noise G was put to them. A text's noise depends on the seed and its id
/// alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stochastic {
    /// The score s: usually `margin`.
    pub score: Uncertainty,
    /// How noise is put to it: usually `power`.
    pub form: Form,
    /// How little noise there is, above 0: usually 1; the larger, the nearer to picking the least
    /// sure texts.
    pub coldness: f64,
}

impl Default for Stochastic {
    fn default() -> Self {
        Self {
            score: Uncertainty::Margin,
            form: Form::Power,
            coldness: 1.0,
        }
    }
}

/// All forms of all scores.
pub(crate) const ABOUT: [About; 9] = [
    about("softmax-least-confidence", || {
        usual(Form::Softmax, Uncertainty::LeastConfidence)
    }),
    about("softmax-margin", || {
        usual(Form::Softmax, Uncertainty::Margin)
    }),
    about("softmax-entropy", || {
        usual(Form::Softmax, Uncertainty::Entropy)
    }),
    about("power-least-confidence", || {
        usual(Form::Power, Uncertainty::LeastConfidence)
    }),
    about("power-margin", || usual(Form::Power, Uncertainty::Margin)),
    about("power-entropy", || usual(Form::Power, Uncertainty::Entropy)),
    about("soft-rank-least-confidence", || {
        usual(Form::SoftRank, Uncertainty::LeastConfidence)
    }),
    about("soft-rank-margin", || {
        usual(Form::SoftRank, Uncertainty::Margin)
    }),
    about("soft-rank-entropy", || {
        usual(Form::SoftRank, Uncertainty::Entropy)
    }),
];

const fn about(name: &'static str, usual: fn() -> Strategy) -> About {
    About {
        name,
        picks: "where the model is unsure, with noise in the order",
        needs: "predictions",
        cost: "O(n (c + log n))",
        paper: "Kirsch et al. 2023, arXiv:2106.12059",
        usual,
    }
}

fn usual(form: Form, score: Uncertainty) -> Strategy {
    Strategy::Stochastic(Stochastic {
        score,
        form,
        ..Stochastic::default()
    })
}

impl Stochastic {
    /// The name of this form of this score.
    pub(crate) fn name(&self) -> &'static str {
        let form = match self.form {
            Form::Softmax => 0,
            Form::Power => 3,
            Form::SoftRank => 6,
        };
        let score = match self.score {
            Uncertainty::LeastConfidence => 0,
            Uncertainty::Margin => 1,
            Uncertainty::Entropy => 2,
        };
        ABOUT[form + score].name
    }

    /// The rows' scores before noise, in the order of `scores`.
    fn bare(&self, scores: &[f32]) -> Vec<f64> {
        match self.form {
            Form::Softmax => scores.iter().map(|&s| f64::from(s)).collect(),
            Form::Power => scores.iter().map(|&s| f64::from(s).ln()).collect(),
            Form::SoftRank => {
                let mut order: Vec<u32> = (0..scores.len() as u32).collect();
                order.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
                let mut bare = vec![0.0; scores.len()];
                for (rank, &slot) in (1_u32..).zip(&order) {
                    bare[slot as usize] = -f64::from(rank).ln();
                }
                bare
            }
        }
    }
}

/// Standard Gumbel noise for a text, by the seed and its id.
fn gumbel(seed: u64, ids: impl IndexedParallelIterator<Item = u64>) -> Vec<f64> {
    /// Steps of the uniform numbers that lie in the middle of their steps, never 0 or 1.
    const BITS: u32 = 52;
    let base = rng(seed, "select/stochastic");
    ids.map(|id| {
        let mut random = base.clone();
        random.set_stream(id);
        let step = random.random::<u64>() >> (u64::BITS - BITS);
        let uniform = (step as f64 + 0.5) / (1_u64 << BITS) as f64;
        -(-uniform.ln()).ln()
    })
    .collect()
}

impl Own for Stochastic {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: false,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        match self.score {
            Uncertainty::LeastConfidence => &["least-confidence", "noise"],
            Uncertainty::Margin => &["margin", "noise"],
            Uncertainty::Entropy => &["entropy", "noise"],
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.coldness > 0.0 && self.coldness.is_finite() {
            return Ok(());
        }
        Err(Error::Setting {
            strategy: self.name(),
            key: "coldness",
            value: self.coldness.to_string(),
            expected: "a number above 0",
        })
    }

    fn work(&self, shape: &Shape) -> Work {
        let (rows, free) = (shape.rows as f64, shape.free() as f64);
        Work {
            steps: free * (20.0 + free.max(2.0).log2()),
            read: rows * shape.classes as f64 * 4.0,
            memory: 4.0 * rows + 48.0 * free,
            ..Work::default()
        }
    }

    /// A pick's score is what decided: its own score with noise, minus infinity where [`Form::Power`]
    /// meets 0.
    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let all = pool.uncertainties(self.score)?.unwrap_or_default();
        let scores: Vec<f32> = pool.free.iter().map(|&row| all[row as usize]).collect();
        let bare = self.bare(&scores);
        let noise = gumbel(
            seed,
            pool.free.par_iter().map(|&row| pool.ids[row as usize]),
        );
        let value = |slot: usize| bare[slot] + noise[slot] / self.coldness;
        let mut order: Vec<(f64, u32)> = (0..scores.len())
            .map(|slot| (value(slot), slot as u32))
            .collect();
        order.sort_unstable_by(|a, b| {
            let noise = |slot: u32| noise[slot as usize];
            b.0.total_cmp(&a.0)
                .then(noise(b.1).total_cmp(&noise(a.1)))
                .then(a.1.cmp(&b.1))
        });
        let picks = order[..count].iter().map(|&(value, slot)| {
            let slot = slot as usize;
            let objectives = vec![scores[slot], noise[slot] as f32];
            pool.picked(pool.free[slot], value as f32, objectives)
        });
        progress.advance(count as u64);
        Ok(picks.collect())
    }
}

#[cfg(test)]
mod tests;
