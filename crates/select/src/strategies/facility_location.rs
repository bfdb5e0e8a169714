//! Rows that are the most similar to all others.

use std::num::NonZeroUsize;

use goldpan_artifact::Progress;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::coverage::{Gain, Greedy, Likeness, Settings, cover, work_among};
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategy::Strategy;
use crate::work::{Shape, Work};

/// Facility location: the sum, over all rows that are not labelled, of the similarity to the nearest
/// labelled or picked row.
///
/// The similarity is max(0, 1 - d²/2), where d is the euclidean distance in units of the root mean
/// square length of the pool's vectors: for unit vectors, the cosine, or 0 where that is negative.
/// Greedy by exact gains, ties to the lowest row, except that while little is labelled and the pool is
/// large, the first picks go by the gains from 4096 rows drawn by the seed. Once nothing gains, the
/// farthest rows follow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FacilityLocation {
    /// How each pick is found: `lazy`, the usual, or `stochastic: { epsilon: 0.1 }`.
    pub greedy: Greedy,
    /// How many rows, drawn by the seed, are picked from and stood for; all where it is left out. With
    /// 10000, pools of any size take seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<NonZeroUsize>,
}

pub(crate) const ABOUT: About = About {
    name: "facility-location",
    picks: "so that every row has a similar one among all labelled and picked",
    needs: "embeddings",
    cost: "at most O(n (n + l) d), and 8 bytes for each of 2^25 pairs",
    paper: "Wei et al. 2015, proceedings.mlr.press/v37/wei15",
    usual: || Strategy::FacilityLocation(FacilityLocation::default()),
};

impl Own for FacilityLocation {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: false,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["coverage"]
    }

    fn check(&self) -> Result<(), Error> {
        if let Greedy::Stochastic { epsilon } = self.greedy
            && !(epsilon > 0.0 && epsilon < 1.0)
        {
            return Err(Error::Setting {
                strategy: ABOUT.name,
                key: "greedy.stochastic.epsilon",
                value: epsilon.to_string(),
                expected: "above 0 and below 1",
            });
        }
        Ok(())
    }

    fn work(&self, shape: &Shape) -> Work {
        work_among(shape, self.among)
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let settings = Settings {
            purpose: "select/facility-location",
            weights: None,
            greedy: self.greedy,
            among: self.among,
        };
        let likeness = Likeness::Slope;
        let picks = cover(pool, &likeness, &settings, count, seed, progress)?;
        let picked = |pick: &Gain| pool.picked(pick.row, pick.gain as f32, vec![pick.gain as f32]);
        Ok(picks.iter().map(picked).collect())
    }
}
