//! Rows that are representative of those that a model is unsure of.

use std::num::NonZeroUsize;

use goldpan_artifact::Progress;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::coverage::{Gain, Greedy, Likeness, Settings, cover, work_among};
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::Pick;
use crate::pool::Pool;
use crate::strategies::max_herding::WIDTHS;
use crate::strategy::Strategy;
use crate::uncertainty::Uncertainty;
use crate::work::{Shape, Work};

/// Uncertainty herding (Bae et al. 2025, arXiv:2412.20644): the sum, over all rows that are not
/// labelled, of their uncertainty times exp(-(d / bandwidth)²), where d is the euclidean distance to the
/// nearest labelled or picked row, in units of the root mean square length of the pool's vectors.
///
/// The paper also calibrates the model and narrows the kernel as labels come in; here predictions are
/// taken as they are, and the bandwidth is a setting.
///
/// Greedy by exact gains, ties to the lowest row, except that while little is labelled and the pool is
/// large, the first picks go by the gains from 4096 rows drawn by the seed. Once nothing gains, the
/// farthest rows follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UHerding {
    /// The kernel's width, above 0; usually 1.
    pub bandwidth: f64,
    /// How uncertainty is measured; usually `margin`.
    pub score: Uncertainty,
    /// How many rows, drawn by the seed, are picked from and stood for; all where it is left out. With
    /// 10000, pools of any size take seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among: Option<NonZeroUsize>,
}

impl Default for UHerding {
    fn default() -> Self {
        Self {
            bandwidth: 1.0,
            score: Uncertainty::Margin,
            among: None,
        }
    }
}

pub(crate) const ABOUT: About = About {
    name: "uherding",
    picks: "so that a gaussian kernel around all labelled and picked covers the most uncertainty",
    needs: "embeddings, predictions",
    cost: "at most O(n (n + l) d), and 8 bytes for each of 2^25 pairs",
    paper: "Bae et al. 2025, arXiv:2412.20644",
    usual: || Strategy::UHerding(UHerding::default()),
};

impl Own for UHerding {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["coverage", "uncertainty"]
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
        let mut work = work_among(shape, self.among);
        work.read += 4.0 * (shape.rows * shape.classes) as f64;
        work.memory += 8.0 * shape.rows as f64;
        work
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let mut weights = pool.uncertainties(self.score)?.unwrap_or_default();
        let uncertain = weights.clone();
        let free = pool.free.iter().map(|&row| weights[row as usize]);
        let most = free.fold(0.0_f32, f32::max);
        if most > 0.0 {
            weights
                .iter_mut()
                .for_each(|weight| *weight = (*weight / most).min(1.0));
        }
        let settings = Settings {
            purpose: "select/uherding",
            weights: Some(&weights),
            greedy: Greedy::Lazy,
            among: self.among,
        };
        let likeness = Likeness::Gaussian {
            bandwidth: self.bandwidth,
        };
        let picks = cover(pool, &likeness, &settings, count, seed, progress)?;
        let picked = |pick: &Gain| {
            let gain = (pick.gain * f64::from(most)) as f32;
            pool.picked(pick.row, gain, vec![gain, uncertain[pick.row as usize]])
        };
        Ok(picks.iter().map(picked).collect())
    }
}
