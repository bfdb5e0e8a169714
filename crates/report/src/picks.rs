//! What each arm picked, in numbers.

use std::collections::{BTreeMap, BTreeSet};

use goldpan_artifact::{Predictions, Selection};

use crate::error::Error;
use crate::examples::Examples;
use crate::pool::{Mixture, Pool};
use crate::run::Model;

/// What an arm picked, over all rounds and seeds.
pub(crate) struct Picks {
    pub arm: String,
    pub count: usize,
    pub mixture: Mixture,
    /// The mean distance of a pick to the nearest earlier pick of its round: small where picks repeat
    /// each other.
    pub to_earlier: Option<f64>,
    /// The mean distance of a pick to the nearest labelled text.
    pub to_labelled: Option<f64>,
    /// Examples of the first seed.
    pub examples: Examples,
    /// Ids by seed.
    ids: BTreeMap<u64, BTreeSet<u64>>,
}

impl Picks {
    /// Reads the selections of an arm.
    pub(crate) fn of(arm: &str, models: &[Model], pool: &Pool) -> Result<Self, Error> {
        let of_arm = |model: &&Model| model.trained.arm.as_deref() == Some(arm);
        let models: Vec<&Model> = models.iter().filter(of_arm).collect();
        let mut ids: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        let mut rows = Vec::new();
        let (mut earlier, mut labelled) = (Vec::new(), Vec::new());
        let first = models.iter().map(|model| model.trained.seed).min();
        let mut examples = Examples::default();
        for model in models {
            let selection = Selection::open(&model.selection)?;
            let picked = ids.entry(model.trained.seed).or_default();
            for pick in 0..selection.len() {
                picked.insert(selection.id(pick));
                rows.extend(pool.row(selection.id(pick)));
                let nearest = selection.nearest(pick);
                earlier.extend(nearest.earlier.map(|(_, distance)| f64::from(distance)));
                labelled.extend(nearest.labelled.map(|(_, distance)| f64::from(distance)));
            }
            if Some(model.trained.seed) == first {
                let predictions = model.predictions.as_ref().map(Predictions::open);
                examples.add(&selection, predictions.transpose()?.as_ref(), pool);
            }
        }
        Ok(Self {
            arm: arm.to_owned(),
            count: rows.len(),
            mixture: Mixture::of(&pool.texts, rows.into_iter()),
            to_earlier: mean(&earlier),
            to_labelled: mean(&labelled),
            examples: examples.best(),
            ids,
        })
    }

    /// The share of picks that another arm has picked too, the mean over the seeds of both.
    pub(crate) fn overlap(&self, other: &Self) -> Option<f64> {
        let shares = self.ids.iter().filter_map(|(seed, mine)| {
            let both = mine.intersection(other.ids.get(seed)?).count();
            (!mine.is_empty()).then(|| both as f64 / mine.len() as f64)
        });
        mean(&shares.collect::<Vec<f64>>())
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| goldpan_evidence::mean(values))
}
