//! How the trainings of an arm went, the mean over its seeds.

use goldpan_artifact::{History, HistoryRow};

use crate::error::Error;
use crate::run::Model;

/// A loss curve has at most so many points: steps beside each other are averaged.
const POINTS: usize = 60;

/// The trainings of an arm's last round.
pub(crate) struct Training {
    pub arm: String,
    /// Steps and training loss, in nats.
    pub loss: Vec<(f64, f64)>,
    /// Steps at the ends of epochs and validation loss, in nats.
    pub validation_loss: Vec<(f64, f64)>,
    /// Steps at the ends of epochs and validation accuracy.
    pub accuracy: Vec<(f64, f64)>,
}

impl Training {
    /// Reads the histories of an arm's models of its last round. `None` where none was trained step by step, as
    /// probes are not.
    pub(crate) fn of(arm: &str, models: &[&Model]) -> Result<Option<Self>, Error> {
        let histories = models
            .iter()
            .map(|model| Ok(History::open(&model.history)?.rows()))
            .collect::<Result<Vec<_>, Error>>()?;
        let stepped = |rows: &Vec<HistoryRow>| rows.iter().any(|row| row.learning_rate.is_some());
        let histories: Vec<Vec<HistoryRow>> = histories.into_iter().filter(stepped).collect();
        if histories.is_empty() {
            return Ok(None);
        }
        let mean = |value: fn(&HistoryRow) -> Option<f32>| {
            let curves = histories.iter().map(|rows| curve(rows, value));
            mean(&curves.collect::<Vec<_>>())
        };
        Ok(Some(Self {
            arm: arm.to_owned(),
            // Rows of epochs repeat the mean loss of their steps.
            loss: thinned(mean(|row| row.learning_rate.and(row.loss))),
            validation_loss: mean(|row| row.validation_loss),
            accuracy: mean(|row| row.validation_accuracy),
        }))
    }
}

/// The rows that have a value, by step.
fn curve(rows: &[HistoryRow], value: fn(&HistoryRow) -> Option<f32>) -> Vec<(f64, f64)> {
    let points = rows
        .iter()
        .filter_map(|row| Some((row.step as f64, f64::from(value(row)?))));
    points.collect()
}

/// The mean of curves, point by point, as far as all go.
fn mean(curves: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let length = curves.iter().map(Vec::len).min().unwrap_or_default();
    (0..length)
        .map(|point| average(curves.iter().map(|curve| curve[point])))
        .collect()
}

/// At most [`POINTS`] points, each the mean of some beside each other.
fn thinned(curve: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let together = curve.len().div_ceil(POINTS).max(1);
    let parts = curve.chunks(together);
    parts.map(|part| average(part.iter().copied())).collect()
}

fn average(points: impl ExactSizeIterator<Item = (f64, f64)>) -> (f64, f64) {
    let count = points.len() as f64;
    let sum = points.fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (sum.0 / count, sum.1 / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_averaged_as_far_as_all_go_and_thinned() {
        let long: Vec<(f64, f64)> = (0..1000).map(|step| (f64::from(step), 1.0)).collect();
        let short = vec![(0.0, 0.0), (1.0, 3.0)];
        assert_eq!(mean(&[long.clone(), short]), [(0.0, 0.5), (1.0, 2.0)]);
        let thin = thinned(long);
        assert!(thin.len() <= POINTS && thin.len() > POINTS / 2);
        assert_eq!(thin[0], (8.0, 1.0));
        assert_eq!(thinned(Vec::new()), []);
    }
}
