//! The stage itself.

use std::collections::HashMap;

use goldpan_artifact::{Predictions, Texts};
use goldpan_metrics::{Metrics, Tally, only};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The version of this stage: it changes when the same inputs would give other numbers.
pub const VERSION: u32 = 2;

/// What [`evaluate`] found; as JSON, one flat object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The measurements over all labelled texts.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// How many texts have no label and were left out.
    pub unlabelled: u64,
}

impl Evaluation {
    /// What has to be known of the numbers: texts of one class, a model that answers one class, classes that
    /// macro-F1 leaves out. A sentence each, none where there is nothing to say.
    pub fn notes(&self) -> Vec<String> {
        let (metrics, classes) = (&self.metrics, &self.metrics.per_class);
        let support: Vec<u64> = classes.iter().map(|class| class.support).collect();
        let predicted = metrics.predicted();
        let name = |class: usize| &classes[class].class;
        let mut notes = Vec::new();
        if let Some(class) = only(&support) {
            notes.push(format!(
                "all labelled texts are {}: how well other classes are found is not known",
                name(class)
            ));
        }
        if let Some(class) = only(&predicted) {
            let (class, accuracy) = (name(class), metrics.accuracy);
            notes.push(format!(
                "the model answers one class, {class}, to all of these texts: accuracy is that of always \
                 answering {class} ({accuracy:.4})"
            ));
        }
        let absent = (0..classes.len()).filter(|&class| support[class] + predicted[class] == 0);
        let absent: Vec<&str> = absent.map(|class| name(class).as_str()).collect();
        if let [first, others @ ..] = absent.as_slice() {
            let more = match others.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let measured = classes.len() - absent.len();
            notes.push(format!(
                "macro-F1 is the mean over {measured} of {} classes: no text is {first}{more} and none was \
                 predicted so",
                classes.len()
            ));
        }
        notes
    }
}

/// Measures `predictions` by the labels of `texts`.
///
/// Both are joined by id, in any order. Sums are taken in the texts' order. Classes are matched by
/// name, and the model's classes are the ones measured: it may know more than the texts have.
///
/// # Errors
///
/// When a labelled text has no prediction, a prediction no text, or the texts a class that the
/// model does not know; when no text has a label, or a logit is not finite.
pub fn evaluate(predictions: &Predictions, texts: &Texts) -> Result<Evaluation, Error> {
    let _span = tracing::debug_span!("evaluate", texts = texts.len()).entered();
    let paths = || (texts.path().to_owned(), predictions.path().to_owned());
    let labels = match_classes(predictions, texts)?;
    if !(0..texts.len()).any(|row| texts.label(row).is_some()) {
        return Err(Error::NoLabels {
            path: texts.path().to_owned(),
        });
    }
    let rows = Rows::join(predictions, texts).map_err(|id| {
        let (texts, predictions) = paths();
        Error::NoText {
            id,
            texts,
            predictions,
        }
    })?;

    let measure = |source| Error::Measure {
        predictions: predictions.path().to_owned(),
        source,
    };
    let mut tally = Tally::new(predictions.classes()).map_err(measure)?;
    let mut unlabelled = 0;
    for row in 0..texts.len() {
        let Some(label) = texts.label(row) else {
            unlabelled += 1;
            continue;
        };
        let id = texts.id(row);
        let prediction = rows.of(row, id).ok_or_else(|| {
            let (texts, predictions) = paths();
            Error::NoPrediction {
                id,
                texts,
                predictions,
            }
        })?;
        let label = usize::try_from(label)
            .ok()
            .and_then(|label| labels.get(label).copied());
        tally
            .push(predictions.logits(prediction), label.unwrap_or(-1))
            .map_err(|source| Error::Row {
                id,
                predictions: paths().1,
                source,
            })?;
    }
    Ok(Evaluation {
        metrics: tally.finish().map_err(measure)?,
        unlabelled,
    })
}

/// The model's number of each of the texts' classes.
fn match_classes(predictions: &Predictions, texts: &Texts) -> Result<Vec<i32>, Error> {
    let known: HashMap<&str, i32> = predictions
        .classes()
        .iter()
        .map(String::as_str)
        .zip(0..)
        .collect();
    texts
        .classes()
        .iter()
        .map(|class| {
            known
                .get(class.as_str())
                .copied()
                .ok_or_else(|| Error::UnknownClass {
                    class: class.clone(),
                    texts: texts.path().to_owned(),
                    predictions: predictions.path().to_owned(),
                    known: predictions.classes().to_vec(),
                })
        })
        .collect()
}

/// Where the texts' predictions lie.
enum Rows {
    Same,
    ById(HashMap<u64, usize>),
}

impl Rows {
    /// Fails with the first prediction that belongs to no text.
    fn join(predictions: &Predictions, texts: &Texts) -> Result<Self, u64> {
        if predictions.ids().eq(texts.ids()) {
            return Ok(Self::Same);
        }
        let known: std::collections::HashSet<u64> = texts.ids().collect();
        match predictions.ids().find(|id| !known.contains(id)) {
            Some(id) => Err(id),
            None => Ok(Self::ById(predictions.ids().zip(0..).collect())),
        }
    }

    fn of(&self, row: usize, id: u64) -> Option<usize> {
        match self {
            Self::Same => Some(row),
            Self::ById(rows) => rows.get(&id).copied(),
        }
    }
}
