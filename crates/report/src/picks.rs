//! What each arm picked, in numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use goldpan_artifact::{Embeddings, Predictions, Selection, Texts};

use crate::examples::Examples;
use crate::{Error, Model, Run};

/// The pool, opened.
pub(crate) struct Pool {
    pub texts: Texts,
    pub embeddings: Option<Embeddings>,
    rows: HashMap<u64, usize>,
}

/// What texts are like, on average.
pub(crate) struct Mixture {
    /// The share of each class among the texts with a label.
    pub classes: Vec<f64>,
    /// Words in a text.
    pub words: f64,
    /// Characters in a text.
    pub characters: f64,
}

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

impl Pool {
    pub(crate) fn open(run: &Run) -> Result<Self, Error> {
        let texts = Texts::open(&run.pool)?;
        let rows = texts.ids().enumerate().map(|(row, id)| (id, row)).collect();
        let embeddings = run.embeddings.as_ref().map(Embeddings::open).transpose()?;
        Ok(Self {
            texts,
            embeddings,
            rows,
        })
    }

    /// The row of the text with this id.
    pub(crate) fn row(&self, id: u64) -> Option<usize> {
        self.rows.get(&id).copied()
    }

    /// What all texts of the pool are like.
    pub(crate) fn mixture(&self) -> Mixture {
        Mixture::of(&self.texts, 0..self.texts.len())
    }
}

impl Mixture {
    fn of(texts: &Texts, rows: impl Iterator<Item = usize>) -> Self {
        let mut classes = vec![0.0; texts.classes().len()];
        let (mut count, mut words, mut characters) = (0.0_f64, 0, 0);
        for row in rows {
            let text = texts.text(row);
            count += 1.0;
            words += text.split_whitespace().count();
            characters += text.chars().count();
            let class = texts
                .label(row)
                .and_then(|label| usize::try_from(label).ok());
            if let Some(share) = class.and_then(|class| classes.get_mut(class)) {
                *share += 1.0;
            }
        }
        let labelled = classes.iter().sum::<f64>().max(1.0);
        classes.iter_mut().for_each(|share| *share /= labelled);
        Self {
            classes,
            words: words as f64 / count.max(1.0),
            characters: characters as f64 / count.max(1.0),
        }
    }
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
