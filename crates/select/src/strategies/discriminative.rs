//! Texts that are told from the labelled ones most surely.

mod logistic;

use goldpan_artifact::Progress;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};
use logistic::{Logistic, Sample};

/// Discriminative active learning (Gissin & Shalev-Shwartz 2019, arXiv:1907.06347): a logistic
/// regression on the embeddings tells texts to pick from labelled ones; those most surely not
/// labelled are picked, then count as labelled, and it is fitted anew, in so many rounds.
///
/// Embeddings are centred at their mean and scaled to a mean squared length of 1; both sides weigh
/// the same. Each fit is so many steps of accelerated gradient descent (Nesterov 1983) over all
/// texts, in f64 and a fixed order. The first starts from 0, later ones take a fifth of the steps
/// from where the one before ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Discriminative {
    /// How many rounds the picks are made in, from 1 to 1000: usually 10. At most one for each pick.
    pub rounds: usize,
    /// Steps of the first fit, from 1 to 100000: usually 100.
    pub iterations: usize,
    /// The weight of half the squared length of the coefficients, above 0: usually 0.001.
    pub l2: f64,
}

impl Default for Discriminative {
    fn default() -> Self {
        Self {
            rounds: 10,
            iterations: 100,
            l2: 1e-3,
        }
    }
}

/// A later fit takes one step for this many of the first.
const SHARE: usize = 5;

pub(crate) const ABOUT: About = About {
    name: "discriminative",
    picks: "most surely told from the labelled texts, in ten rounds",
    needs: "embeddings",
    cost: "O(n d) for each of some 280 steps",
    paper: "Gissin & Shalev-Shwartz 2019, arXiv:1907.06347",
    usual: || Strategy::Discriminative(Discriminative::default()),
};

impl Discriminative {
    fn refuse(key: &'static str, value: String, expected: &'static str) -> Result<(), Error> {
        Err(Error::Setting {
            strategy: ABOUT.name,
            key,
            value,
            expected,
        })
    }
}

impl Own for Discriminative {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: false,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["unlabelled"]
    }

    fn check(&self) -> Result<(), Error> {
        if !(1..=1000).contains(&self.rounds) {
            return Self::refuse("rounds", self.rounds.to_string(), "from 1 to 1000");
        }
        if !(1..=100_000).contains(&self.iterations) {
            return Self::refuse(
                "iterations",
                self.iterations.to_string(),
                "from 1 to 100000",
            );
        }
        if !(self.l2 > 0.0 && self.l2.is_finite()) {
            return Self::refuse("l2", self.l2.to_string(), "a number above 0");
        }
        Ok(())
    }

    fn work(&self, shape: &Shape) -> Work {
        let (rows, dimension) = (shape.rows as f64, shape.dimension as f64);
        let rounds = self.rounds.min(shape.picks);
        let later = rounds.saturating_sub(1) * self.iterations.div_ceil(SHARE);
        let passes = (self.iterations + later) as f64 * f64::from(u8::from(rounds > 0));
        let bytes = rows * dimension * shape.value_bytes as f64;
        Work {
            products: (2.0 * passes + rounds as f64 + 4.0) * rows * dimension,
            steps: 10.0 * rows * passes,
            read: (passes + rounds as f64 + 3.0) * bytes,
            memory: 41.0 * rows + rows / crate::centre::CHUNK as f64 * 8.0 * (dimension + 1.0),
        }
    }

    /// A pick's score is the probability that it is not labelled, by the round's fit.
    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        _seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let Some(vectors) = pool.vectors() else {
            return Ok(Vec::new());
        };
        vectors.squared_lengths()?;
        if count == 0 {
            return Ok(Vec::new());
        }
        if pool.labelled.is_empty() {
            return Err(Error::NothingLabelled {
                strategy: ABOUT.name,
                instead: "diversity",
            });
        }
        let sample = Sample::new(vectors, pool.ids.len());
        let mut labelled = vec![true; pool.ids.len()];
        for &row in &pool.free {
            labelled[row as usize] = false;
        }
        let mut model = Logistic::new(&sample);
        let mut picks = Vec::with_capacity(count);
        let rounds = self.rounds.min(count);
        for round in 0..rounds {
            let iterations = match round {
                0 => self.iterations,
                _ => self.iterations.div_ceil(SHARE),
            };
            model.fit(&sample, &labelled, self.l2, iterations, progress)?;
            let logits = model.logits(&sample);
            let mut free: Vec<u32> = pool.free.clone();
            free.retain(|&row| !labelled[row as usize]);
            let logit = |row: u32| logits[row as usize];
            free.sort_unstable_by(|&a, &b| logit(b).total_cmp(&logit(a)).then(a.cmp(&b)));
            free.truncate(count * (round + 1) / rounds - picks.len());
            for &row in &free {
                let probability = logistic::sigmoid(logit(row)) as f32;
                picks.push(pool.picked(row, probability, vec![probability]));
                labelled[row as usize] = true;
            }
            progress.advance(free.len() as u64);
        }
        Ok(picks)
    }
}

#[cfg(test)]
mod tests;
