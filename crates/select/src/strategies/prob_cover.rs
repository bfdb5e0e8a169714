//! Rows whose balls of one radius hold the most rows that are in no ball yet.

use goldpan_artifact::Progress;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::coverage::{Gain, Greedy, Likeness, Settings, cover, work};
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};

/// ProbCover (Yehuda et al. 2022, arXiv:2205.11320): again and again the row with the most rows within
/// a radius that are within it of no labelled or picked row.
///
/// Where no `radius` is set it is the median distance of a row to its nearest row number `neighbours`,
/// of 1024 rows drawn by the seed. This is not the paper's rule, which needs clusters: its radius is
/// the largest at which 95% of the balls hold one cluster only.
///
/// Greedy by exact gains, ties to the lowest row, except that while little is labelled and the pool is
/// large, the first picks go by the gains from 4096 rows drawn by the seed. Once nothing gains, the
/// farthest rows follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbCover {
    /// The radius, as a euclidean distance of embeddings as stored, at least 0; usually not set.
    pub radius: Option<f32>,
    /// How many rows a ball is to hold where no radius is set, at least 1; usually 100.
    pub neighbours: usize,
}

impl Default for ProbCover {
    fn default() -> Self {
        Self {
            radius: None,
            neighbours: 100,
        }
    }
}

pub(crate) const ABOUT: About = About {
    name: "prob-cover",
    picks: "the one with the most rows around it that are around no other",
    needs: "embeddings",
    cost: "at most O(n (n + l) d), and 8 bytes for each of 2^25 pairs",
    paper: "Yehuda et al. 2022, arXiv:2205.11320",
    usual: || Strategy::ProbCover(ProbCover::default()),
};

/// The most rows a ball may be asked to hold.
const MOST: usize = 1 << 16;

impl Own for ProbCover {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: false,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["covered"]
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |key, value, expected| {
            Err(Error::Setting {
                strategy: ABOUT.name,
                key,
                value,
                expected,
            })
        };
        if let Some(radius) = self.radius
            && !(0.0..=1e18).contains(&radius)
        {
            return wrong("radius", radius.to_string(), "from 0 to 1e18");
        }
        if !(1..=MOST).contains(&self.neighbours) {
            return wrong("neighbours", self.neighbours.to_string(), "from 1 to 65536");
        }
        Ok(())
    }

    fn work(&self, shape: &Shape) -> Work {
        let mut work = work(shape);
        if self.radius.is_none() {
            let measured = shape.free().min(1024) as f64;
            work.products += measured * shape.rows as f64 * shape.dimension as f64;
            work.memory += 24.0 * measured * self.neighbours.min(shape.rows) as f64;
        }
        work
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let settings = Settings {
            purpose: "select/prob-cover",
            weights: None,
            greedy: Greedy::Lazy,
            among: None,
        };
        let likeness = match self.radius {
            Some(radius) => Likeness::Ball { radius },
            None => Likeness::Crowd {
                neighbours: self.neighbours,
            },
        };
        let picks = cover(pool, &likeness, &settings, count, seed, progress)?;
        let picked = |pick: &Gain| pool.picked(pick.row, pick.gain as f32, vec![pick.gain as f32]);
        Ok(picks.iter().map(picked).collect())
    }
}
