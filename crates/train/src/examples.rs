//! The labelled texts, joined with their labels and tokenized.

use crate::error::Error;
use crate::sample::sample;
use goldpan_artifact::{Labelled, Texts};
use goldpan_model::{TextTokenizer, Tokens};
use std::collections::{HashMap, HashSet};

/// Token ids and class of each text.
pub(crate) struct Examples {
    pub tokens: Vec<Tokens>,
    pub labels: Vec<i32>,
}

impl Examples {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The labelled texts, in the order of `labelled`.
    pub fn labelled(
        texts: &Texts,
        labelled: &Labelled,
        classes: usize,
        tokenizer: &TextTokenizer,
    ) -> Result<Self, Error> {
        let (rows, labels) = labelled_rows(texts, labelled, classes)?;
        Self::tokenized(texts, &rows, labels, tokenizer)
    }

    /// All texts, with their own labels.
    pub fn all(texts: &Texts, classes: usize, tokenizer: &TextTokenizer) -> Result<Self, Error> {
        let rows: Vec<usize> = (0..texts.len()).collect();
        let labels = own_labels(texts, classes)?;
        Self::tokenized(texts, &rows, labels, tokenizer)
    }

    /// At most so many of them, always the same ones.
    pub fn sample(&self, most: usize) -> Self {
        let rows = sample(self.len(), most, "train/validation sample");
        Self {
            tokens: rows.iter().map(|&row| self.tokens[row].clone()).collect(),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
        }
    }

    fn tokenized(
        texts: &Texts,
        rows: &[usize],
        labels: Vec<i32>,
        tokenizer: &TextTokenizer,
    ) -> Result<Self, Error> {
        let texts: Vec<&str> = rows.iter().map(|&row| texts.text(row)).collect();
        Ok(Self {
            tokens: tokenizer.encode(&texts)?,
            labels,
        })
    }
}

/// The number of classes, the same in both tables.
pub(crate) fn checked_classes(texts: &Texts, validation: &Texts) -> Result<usize, Error> {
    let (learned, classes) = (texts.classes(), validation.classes());
    if !learned.is_empty() && learned != classes {
        return Err(Error::Classes {
            texts: texts.path().to_owned(),
            texts_classes: learned.to_vec(),
            validation: validation.path().to_owned(),
            validation_classes: classes.to_vec(),
        });
    }
    if classes.len() < 2 {
        return Err(Error::TooFewClasses {
            path: validation.path().to_owned(),
            count: classes.len(),
        });
    }
    Ok(classes.len())
}

/// The rows and classes of the labelled texts, in the order of `labelled`.
pub(crate) fn labelled_rows(
    texts: &Texts,
    labelled: &Labelled,
    classes: usize,
) -> Result<(Vec<usize>, Vec<i32>), Error> {
    let row_of: HashMap<u64, usize> = texts.ids().enumerate().map(|(row, id)| (id, row)).collect();
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    let mut labels = Vec::new();
    for (index, &id) in labelled.ids.iter().enumerate() {
        let row = *row_of.get(&id).ok_or_else(|| Error::UnknownId {
            path: texts.path().to_owned(),
            id,
        })?;
        if !seen.insert(id) {
            return Err(Error::RepeatedId { id });
        }
        let label = match &labelled.labels {
            Some(labels) => Some(labels[index]),
            None => texts.label(row),
        };
        rows.push(row);
        labels.push(checked(texts, id, label, classes)?);
    }
    Ok((rows, labels))
}

/// The class of every text, by its own label.
pub(crate) fn own_labels(texts: &Texts, classes: usize) -> Result<Vec<i32>, Error> {
    let label = |row| checked(texts, texts.id(row), texts.label(row), classes);
    (0..texts.len()).map(label).collect()
}

fn checked(texts: &Texts, id: u64, label: Option<i32>, classes: usize) -> Result<i32, Error> {
    let label = label.ok_or_else(|| Error::NoLabel {
        path: texts.path().to_owned(),
        id,
    })?;
    match usize::try_from(label) {
        Ok(class) if class < classes => Ok(label),
        _ => Err(Error::Label { id, label, classes }),
    }
}
