//! The texts to select from: their ids, which are labelled, and where their rows lie in the tables.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;

use goldpan_artifact::{Embeddings, Predictions, Texts};

use crate::error::Error;
use crate::filter::Name;
use crate::join::Rows;
use crate::pick::Pick;
use crate::points::Vectors;
use crate::rule::Rule;
use crate::strategy::Strategy;
use crate::uncertainty::Uncertainty;

/// What a selection is made from. Predictions that the strategy does not look at are only read for
/// their ids, and only where nothing else gives them; so are such embeddings, and to say where the
/// picks lie.
#[derive(Clone, Copy, Default)]
pub struct Inputs<'a> {
    /// The ids of all texts to select from, labelled ones too, each once. Ties go to the earlier.
    /// Tables may hold other texts besides. Where this is `None`, the ids are those of `embeddings`
    /// or else of `predictions`, and where the strategy looks at both, both hold the same texts.
    pub ids: Option<&'a [u64]>,
    /// The texts, where a rule looks at their length or at what they came with.
    pub texts: Option<&'a Texts>,
    /// The texts' embeddings.
    pub embeddings: Option<&'a Embeddings>,
    /// A model's predictions of the texts.
    pub predictions: Option<&'a Predictions>,
    /// The ids of the texts that are labelled already, in any order.
    pub labelled: &'a [u64],
}

/// Inputs that were checked against each other. Rows are numbered in the order of the ids.
#[derive(Clone)]
pub(crate) struct Pool<'a> {
    pub(crate) ids: Cow<'a, [u64]>,
    /// Rows that may be picked, ascending.
    pub(crate) free: Vec<u32>,
    /// The other rows, ascending.
    pub(crate) labelled: Vec<u32>,
    vectors: Option<Vectors<'a>>,
    beliefs: Option<Beliefs<'a>>,
    /// The texts and the rows there, where the rule looks at them.
    pub(crate) texts: Option<(&'a Texts, Rows)>,
    /// The names of the texts' metadata columns, where there are texts.
    pub(crate) known: &'a [String],
}

/// Predictions by rows of the pool.
#[derive(Clone)]
struct Beliefs<'a> {
    table: &'a Predictions,
    rows: Rows,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(rule: &Rule, inputs: &Inputs<'a>) -> Result<Self, Error> {
        let embeddings = inputs.embeddings.filter(|_| rule.needs_embeddings());
        let predictions = inputs.predictions.filter(|_| rule.needs_predictions());
        let texts = inputs.texts.filter(|_| rule.needs_texts());
        if rule.needs_embeddings() && embeddings.is_none() {
            return Err(Error::NoEmbeddings {
                strategy: rule.to_string(),
            });
        }
        if rule.needs_predictions() && predictions.is_none() {
            return Err(Error::NoPredictions {
                strategy: rule.to_string(),
            });
        }
        if rule.needs_texts() && texts.is_none() {
            return Err(Error::NoTexts {
                rule: rule.to_string(),
            });
        }

        let ids = match inputs.ids {
            Some(ids) => Cow::Borrowed(ids),
            None => match (
                embeddings,
                predictions,
                inputs.embeddings,
                inputs.predictions,
            ) {
                (Some(table), ..) | (None, None, Some(table), _) => table.ids().collect(),
                (None, Some(table), ..) | (None, None, None, Some(table)) => table.ids().collect(),
                (None, None, None, None) => match inputs.texts {
                    Some(table) => table.ids().collect(),
                    None => return Err(Error::NoPool),
                },
            },
        };
        if ids.len() >= u32::MAX as usize {
            return Err(Error::TooManyRows { rows: ids.len() });
        }
        if inputs.ids.is_some() {
            unique(&ids)?;
        }

        let no_embedding = |path: &Path| {
            let path = path.to_owned();
            move |id| Error::NoEmbedding { id, path }
        };
        let vectors = embeddings
            .map(|table| {
                let rows = Rows::join(&ids, || table.ids()).map_err(no_embedding(table.path()))?;
                Ok::<_, Error>(Vectors::new(table, rows))
            })
            .transpose()?;
        let beliefs = predictions
            .map(|table| {
                let rows = Rows::join(&ids, || table.ids()).map_err(|id| Error::NoPrediction {
                    id,
                    path: table.path().to_owned(),
                })?;
                Ok::<_, Error>(Beliefs { table, rows })
            })
            .transpose()?;
        let texts = texts
            .map(|table| {
                let rows = Rows::join(&ids, || table.ids()).map_err(|id| Error::NoText {
                    id,
                    path: table.path().to_owned(),
                })?;
                Ok::<_, Error>((table, rows))
            })
            .transpose()?;
        if let (None, Some(embeddings), Some(predictions)) = (inputs.ids, embeddings, predictions)
            && predictions.len() > ids.len()
        {
            let known: HashSet<u64> = ids.iter().copied().collect();
            if let Some(id) = predictions.ids().find(|id| !known.contains(id)) {
                return Err(no_embedding(embeddings.path())(id));
            }
        }

        let (free, labelled) = part(&ids, inputs.labelled)?;
        Ok(Self {
            ids,
            free,
            labelled,
            vectors,
            beliefs,
            texts,
            known: inputs.texts.map_or(&[], Texts::metadata),
        })
    }

    /// The texts alone, none of which is labelled.
    pub(crate) fn of_texts(inputs: &Inputs<'a>, texts: &'a Texts) -> Result<Self, Error> {
        let mut pool = Self::new(&Rule::from(Strategy::Random {}), inputs)?;
        let rows = Rows::join(&pool.ids, || texts.ids()).map_err(|id| Error::NoText {
            id,
            path: texts.path().to_owned(),
        })?;
        pool.texts = Some((texts, rows));
        Ok(pool)
    }

    /// The text of a row, where the rule looks at texts.
    pub(crate) fn text(&self, row: u32) -> Option<&str> {
        let (texts, at) = self.texts.as_ref()?;
        Some(texts.text(at.of(row)))
    }

    /// A measure of the predictions or of the texts, for `rows`.
    ///
    /// # Errors
    ///
    /// When a probability is none.
    pub(crate) fn measures(&self, name: &Name, rows: &[u32]) -> Result<Vec<f64>, Error> {
        let of = |measure: &dyn Fn(&[f32]) -> f32| {
            let Some(beliefs) = &self.beliefs else {
                return Ok(vec![f64::NAN; rows.len()]);
            };
            let value = |&row: &u32| Ok(f64::from(measure(beliefs.checked(row)?)));
            rows.iter().map(value).collect()
        };
        match name {
            Name::Uncertainty(by) => of(&|p| by.of(p)),
            Name::Confidence => of(&|p| p.iter().copied().fold(0.0, f32::max)),
            _ => Ok(self.lengths(name, rows)),
        }
    }

    /// The class that is predicted for a row.
    ///
    /// # Errors
    ///
    /// When a probability is none.
    pub(crate) fn predicted(&self, row: u32) -> Result<&str, Error> {
        match &self.beliefs {
            Some(beliefs) => Ok(&beliefs.table.classes()[top(beliefs.checked(row)?)]),
            None => Ok(""),
        }
    }

    /// The classes of the predictions and where these lie.
    pub(crate) fn classes(&self) -> (&[String], &Path) {
        match &self.beliefs {
            Some(beliefs) => (beliefs.table.classes(), beliefs.table.path()),
            None => (&[], Path::new("")),
        }
    }

    /// The pool's vectors, where the strategy looks at them.
    pub(crate) fn vectors(&self) -> Option<&Vectors<'a>> {
        self.vectors.as_ref()
    }

    /// The probabilities of every row of the pool; none where the strategy looks at no predictions.
    ///
    /// # Errors
    ///
    /// When a probability is none.
    pub(crate) fn probabilities(&self) -> Result<Probabilities, Error> {
        let Some(beliefs) = &self.beliefs else {
            return Ok(Probabilities {
                width: 0,
                values: Vec::new(),
            });
        };
        let mut values = Vec::new();
        for row in 0..self.ids.len() as u32 {
            values.extend_from_slice(beliefs.checked(row)?);
        }
        Ok(Probabilities {
            width: beliefs.table.classes().len(),
            values,
        })
    }

    /// A pick of a row.
    pub(crate) fn picked(&self, row: u32, score: f32, objectives: Vec<f32>) -> Pick {
        Pick {
            row: row as usize,
            id: self.ids[row as usize],
            score,
            objectives,
            nearest_labelled: None,
            nearest_earlier: None,
        }
    }

    /// `measure` for every row of the pool, where the strategy looks at predictions.
    ///
    /// # Errors
    ///
    /// When a probability is none.
    pub(crate) fn uncertainties(&self, measure: Uncertainty) -> Result<Option<Vec<f32>>, Error> {
        self.beliefs
            .as_ref()
            .map(|beliefs| beliefs.measure(measure, self.ids.len()))
            .transpose()
    }
}

impl Beliefs<'_> {
    fn measure(&self, measure: Uncertainty, rows: usize) -> Result<Vec<f32>, Error> {
        (0..rows as u32)
            .map(|row| self.checked(row).map(|values| measure.of(values)))
            .collect()
    }

    /// The probabilities of a row of the pool.
    fn checked(&self, row: u32) -> Result<&[f32], Error> {
        /// What rounding may add to 1.
        const SLACK: f32 = 1e-3;
        let valid = |value: f32| (0.0..=1.0 + SLACK).contains(&value);
        let row = self.rows.of(row);
        let probabilities = self.table.probabilities(row);
        match probabilities.iter().position(|value| !valid(*value)) {
            None => Ok(probabilities),
            Some(class) => Err(Error::Probability {
                path: self.table.path().to_owned(),
                row,
                id: self.table.id(row),
                class,
                value: probabilities[class],
            }),
        }
    }
}

/// Class probabilities by rows of the pool.
pub(crate) struct Probabilities {
    width: usize,
    values: Vec<f32>,
}

impl Probabilities {
    /// How many classes there are.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The probabilities of a row.
    pub(crate) fn of(&self, row: u32) -> &[f32] {
        let start = row as usize * self.width;
        &self.values[start..start + self.width]
    }

    /// The class of the largest probability of a row, the lowest on ties.
    pub(crate) fn top(&self, row: u32) -> usize {
        top(self.of(row))
    }
}

/// The class of the largest probability, the lowest on ties.
fn top(probabilities: &[f32]) -> usize {
    let values = probabilities.iter().enumerate();
    values
        .reduce(|a, b| if b.1 > a.1 { b } else { a })
        .map_or(0, |(class, _)| class)
}

fn unique(ids: &[u64]) -> Result<(), Error> {
    let mut seen = HashSet::with_capacity(ids.len());
    match ids.iter().find(|id| !seen.insert(**id)) {
        Some(&id) => Err(Error::RepeatedId { id }),
        None => Ok(()),
    }
}

/// Parts rows into those that are free and those that are labelled.
fn part(ids: &[u64], labelled: &[u64]) -> Result<(Vec<u32>, Vec<u32>), Error> {
    let wanted: HashSet<u64> = labelled.iter().copied().collect();
    let (taken, free): (Vec<u32>, Vec<u32>) =
        (0..ids.len() as u32).partition(|row| wanted.contains(&ids[*row as usize]));
    if taken.len() < wanted.len() {
        let known: HashSet<u64> = taken.iter().map(|row| ids[*row as usize]).collect();
        if let Some(&id) = labelled.iter().find(|id| !known.contains(id)) {
            return Err(Error::UnknownLabelled { id });
        }
    }
    Ok((free, taken))
}
