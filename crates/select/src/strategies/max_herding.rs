//! Rows that are representative of all others, by a smooth kernel.

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

/// MaxHerding (Bae et al. 2024, arXiv:2407.12212): the sum, over all rows that are not labelled, of
/// exp(-(d / bandwidth)²), where d is the euclidean distance to the nearest labelled or picked row, in
/// units of the root mean square length of the pool's vectors.
///
/// Greedy by exact gains, ties to the lowest row, except that while little is labelled and the pool is
/// large, the first picks go by the gains from 4096 rows drawn by the seed. Once nothing gains, the
/// farthest rows follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxHerding {
    /// The kernel's width, above 0; usually 1.
    pub bandwidth: f64,
    /// How many rows, drawn by the seed, are picked from and stood for; all where it is left out. With
    /// 10000, pools of any size take seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<NonZeroUsize>,
}

impl Default for MaxHerding {
    fn default() -> Self {
        Self {
            bandwidth: 1.0,
            among: None,
        }
    }
}

pub(crate) const ABOUT: About = About {
    name: "max-herding",
    picks: "so that a gaussian kernel around all labelled and picked covers the most",
    needs: "embeddings",
    cost: "at most O(n (n + l) d), and 8 bytes for each of 2^25 pairs",
    paper: "Bae et al. 2024, arXiv:2407.12212",
    usual: || Strategy::MaxHerding(MaxHerding::default()),
};

/// The widths that a kernel may have.
pub(super) const WIDTHS: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

impl Own for MaxHerding {
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
        if !WIDTHS.contains(&self.bandwidth) {
            return Err(Error::Setting {
                strategy: ABOUT.name,
                key: "bandwidth",
                value: self.bandwidth.to_string(),
                expected: "from 1e-6 to 1e6",
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
            purpose: "select/max-herding",
            weights: None,
            greedy: Greedy::Lazy,
            among: self.among,
        };
        let likeness = Likeness::Gaussian {
            bandwidth: self.bandwidth,
        };
        let picks = cover(pool, &likeness, &settings, count, seed, progress)?;
        let picked = |pick: &Gain| pool.picked(pick.row, pick.gain as f32, vec![pick.gain as f32]);
        Ok(picks.iter().map(picked).collect())
    }
}
