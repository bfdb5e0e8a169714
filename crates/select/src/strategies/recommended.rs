//! The strategy that does best at the number of labels that there are.

use std::num::NonZeroUsize;

use goldpan_artifact::Progress;
use serde::{Deserialize, Serialize};

use crate::about::About;
use crate::error::Error;
use crate::own::{Needs, Own};
use crate::pick::{Pick, pick_by};
use crate::pool::Pool;
use crate::strategies::{FacilityLocation, UHerding};
use crate::strategy::Strategy;
use crate::uncertainty::Uncertainty;
use crate::work::{Shape, Work};

/// Facility location until there are 200 labels, then uncertainty herding, and margin from 1,000 on: what picks
/// best with a probe, by `docs/results/few-labels`. Of larger pools the first two look at 10,000 rows drawn by the
/// seed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recommended {}

pub(crate) const ABOUT: About = About {
    name: "recommended",
    picks: "what does best at the number of labels: facility-location, from 200 uherding, from 1000 margin",
    needs: "embeddings, predictions",
    cost: "that of the strategy",
    paper: "docs/results/few-labels",
    usual: || Strategy::Recommended(Recommended::default()),
};

/// Labels from which on a model's doubt is worth looking at.
const DOUBTED: usize = 200;
/// Labels from which on its doubt alone picks well.
const SURE: usize = 1000;
/// Rows of a large pool that are looked at.
const AMONG: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is above 0");

impl Recommended {
    /// The strategy with this many labels.
    fn of(labelled: usize) -> Strategy {
        let among = Some(AMONG);
        match labelled {
            ..DOUBTED => Strategy::FacilityLocation(FacilityLocation {
                among,
                ..FacilityLocation::default()
            }),
            DOUBTED..SURE => Strategy::UHerding(UHerding {
                among,
                ..UHerding::default()
            }),
            _ => Strategy::Uncertainty {
                score: Uncertainty::Margin,
            },
        }
    }
}

impl Own for Recommended {
    fn needs(&self) -> Needs {
        Needs {
            embeddings: true,
            predictions: true,
        }
    }

    fn objectives(&self) -> &'static [&'static str] {
        &["value"]
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    fn work(&self, shape: &Shape) -> Work {
        Self::of(shape.labelled).work(shape)
    }

    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error> {
        let strategy = Self::of(pool.labelled.len());
        tracing::info!(
            "recommended with {} labelled texts: {strategy}",
            pool.labelled.len()
        );
        let mut picks = pick_by(&strategy, pool, count, seed, progress)?;
        for pick in &mut picks {
            pick.objectives = vec![pick.score];
        }
        Ok(picks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_changes_with_the_number_of_labels() {
        let names = [0, 199, 200, 999, 1000].map(|labelled| Recommended::of(labelled).to_string());
        assert!(
            names[0].contains("facility-location") && names[0] == names[1],
            "{names:?}"
        );
        assert!(
            names[2].contains("uherding") && names[2] == names[3],
            "{names:?}"
        );
        assert_eq!(names[4], "margin");
    }
}
