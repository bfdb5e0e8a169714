//! Some of an arm's picks: the most typical, the least certain, and the most isolated.

use goldpan_artifact::{Embeddings, Predictions, Selection};

use crate::pool::Pool;

/// How many of each kind are shown.
const EXAMPLES: usize = 3;

/// A pick, and the value for which it is shown.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    pub id: u64,
    pub text: String,
    pub value: f64,
}

/// Examples of each kind, the best first; none where the run lacks what they are found by.
#[derive(Default)]
pub(crate) struct Examples {
    /// By the distance to the mean of the picks of their round.
    pub typical: Vec<Example>,
    /// By the margin between the two likeliest classes, as the model of the round before saw them.
    pub uncertain: Vec<Example>,
    /// By the distance to the nearest labelled text.
    pub isolated: Vec<Example>,
}

impl Examples {
    /// Adds the picks of a round.
    pub(crate) fn add(
        &mut self,
        selection: &Selection,
        predictions: Option<&Predictions>,
        pool: &Pool,
    ) {
        let picked: Vec<(u64, usize)> = selection
            .ids()
            .filter_map(|id| Some((id, pool.row(id)?)))
            .collect();
        let example = |id: u64, value: f64| {
            let text = pool.row(id).map(|row| pool.texts.text(row).to_owned());
            text.map(|text| Example { id, text, value })
        };
        if let Some(embeddings) = &pool.embeddings {
            let distances = to_mean(&picked, embeddings);
            let examples = distances
                .into_iter()
                .filter_map(|(id, value)| example(id, value));
            self.typical.extend(examples);
        }
        if let Some(predictions) = predictions {
            // Predictions of the pool have its rows.
            let same = picked
                .iter()
                .filter(|&&(id, row)| row < predictions.len() && predictions.id(row) == id);
            let examples =
                same.filter_map(|&(id, row)| example(id, margin(predictions.probabilities(row))));
            self.uncertain.extend(examples);
        }
        let distances = (0..selection.len()).filter_map(|pick| {
            let (_, distance) = selection.nearest(pick).labelled?;
            example(selection.id(pick), f64::from(distance))
        });
        self.isolated.extend(distances);
    }

    /// Only the best of each kind.
    pub(crate) fn best(mut self) -> Self {
        let order = |a: &Example, b: &Example| a.value.total_cmp(&b.value).then(a.id.cmp(&b.id));
        self.typical.sort_by(order);
        self.uncertain.sort_by(order);
        self.isolated
            .sort_by(|a, b| b.value.total_cmp(&a.value).then(a.id.cmp(&b.id)));
        for examples in [&mut self.typical, &mut self.uncertain, &mut self.isolated] {
            examples.truncate(EXAMPLES);
        }
        self
    }
}

/// The Euclidean distance of each pick to the mean of all.
fn to_mean(picked: &[(u64, usize)], embeddings: &Embeddings) -> Vec<(u64, f64)> {
    // Embeddings of the pool have its rows.
    let same = picked
        .iter()
        .filter(|&&(id, row)| row < embeddings.len() && embeddings.id(row) == id);
    let same: Vec<(u64, usize)> = same.copied().collect();
    let mut vector = vec![0.0_f32; embeddings.dimension()];
    let mut mean = vec![0.0_f64; embeddings.dimension()];
    for &(_, row) in &same {
        embeddings.row_f32(row, &mut vector);
        for (mean, value) in mean.iter_mut().zip(&vector) {
            *mean += f64::from(*value) / same.len() as f64;
        }
    }
    let distances = same.into_iter().map(|(id, row)| {
        embeddings.row_f32(row, &mut vector);
        (id, distance(&mean, &vector))
    });
    distances.collect()
}

/// The Euclidean distance.
pub(crate) fn distance(a: &[f64], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b);
    let squares = pairs.map(|(a, b)| (a - f64::from(*b)).powi(2));
    squares.sum::<f64>().sqrt()
}

/// How far the likeliest class is above the second.
pub(crate) fn margin(probabilities: &[f32]) -> f64 {
    let (mut first, mut second) = (0.0_f32, 0.0_f32);
    for &probability in probabilities {
        if probability > first {
            (first, second) = (probability, first);
        } else {
            second = second.max(probability);
        }
    }
    f64::from(first - second)
}
