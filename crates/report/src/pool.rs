//! The pool of a run, opened.

use std::collections::HashMap;

use goldpan_artifact::{Embeddings, Texts};

use crate::error::Error;
use crate::run::Run;

/// The pool, opened.
pub(crate) struct Pool {
    pub texts: Texts,
    pub embeddings: Option<Embeddings>,
    rows: HashMap<u64, usize>,
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

/// What texts are like, on average.
pub(crate) struct Mixture {
    /// The share of each class among the texts with a label.
    pub classes: Vec<f64>,
    /// Words in a text.
    pub words: f64,
    /// Characters in a text.
    pub characters: f64,
}

impl Mixture {
    pub(crate) fn of(texts: &Texts, rows: impl Iterator<Item = usize>) -> Self {
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
