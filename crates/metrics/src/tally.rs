//! Counting rows one by one, so that no caller has to hold them all.

use crate::calibration::Calibration;
use crate::error::Error;
use crate::metrics::{Metrics, PerClass, ratio};
use crate::softmax::{Normaliser, argmax};

/// Running counts over labelled rows; [`Tally::finish`] turns them into [`Metrics`].
#[derive(Debug, Clone)]
pub struct Tally {
    classes: Vec<String>,
    confusion: Vec<Vec<u64>>,
    calibration: Calibration,
    loss: f64,
    rows: u64,
}

impl Tally {
    /// An empty tally.
    ///
    /// # Errors
    ///
    /// When `classes` is empty.
    pub fn new(classes: &[String]) -> Result<Self, Error> {
        if classes.is_empty() {
            return Err(Error::NoClasses);
        }
        Ok(Self {
            classes: classes.to_vec(),
            confusion: vec![vec![0; classes.len()]; classes.len()],
            calibration: Calibration::default(),
            loss: 0.0,
            rows: 0,
        })
    }

    /// Counts one row: its logits, one for each class, and its true class.
    ///
    /// # Errors
    ///
    /// When the number of logits is wrong, one of them is not finite, or `label` is not a class.
    /// The tally is then as it was before.
    pub fn push(&mut self, logits: &[f32], label: i32) -> Result<(), Error> {
        let row = self.rows;
        let classes = self.classes.len();
        if logits.len() != classes {
            return Err(Error::Logits {
                row,
                logits: logits.len(),
                classes,
            });
        }
        if let Some(class) = logits.iter().position(|logit| !logit.is_finite()) {
            return Err(Error::NotFinite {
                row,
                class,
                value: logits[class],
            });
        }
        let truth = usize::try_from(label)
            .ok()
            .filter(|truth| *truth < classes)
            .ok_or(Error::Label {
                row,
                label,
                classes,
            })?;

        let normaliser = Normaliser::of(logits);
        let predicted = argmax(logits);
        let confidence = (-normaliser.surprise(logits[predicted])).exp();
        self.confusion[truth][predicted] += 1;
        self.calibration.push(confidence, predicted == truth);
        self.loss += clipped(normaliser.surprise(logits[truth]));
        self.rows += 1;
        Ok(())
    }

    /// How many rows were counted so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The measurements over all rows counted.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn finish(self) -> Result<Metrics, Error> {
        if self.rows == 0 {
            return Err(Error::NoRows);
        }
        let confusion = self.confusion;
        let predicted = |class: usize| -> u64 { confusion.iter().map(|row| row[class]).sum() };
        let per_class: Vec<PerClass> = self
            .classes
            .iter()
            .enumerate()
            .map(|(class, name)| {
                let support = confusion[class].iter().sum();
                PerClass::new(name, confusion[class][class], predicted(class), support)
            })
            .collect();
        let hits = (0..per_class.len())
            .map(|class| confusion[class][class])
            .sum();
        let occur = (0..).zip(&per_class);
        let occur = occur.filter(|(class, of)| !of.is_absent(predicted(*class)));
        let (sum, count) = occur.fold((0.0, 0.0), |(sum, count), (_, class)| {
            (sum + class.f1, count + 1.0)
        });
        let macro_f1 = sum / count;
        Ok(Metrics {
            examples: self.rows,
            accuracy: ratio(hits, self.rows),
            macro_f1,
            loss: self.loss / self.rows as f64,
            calibration_error: self.calibration.error(),
            per_class,
            confusion,
        })
    }
}

/// A negative log-likelihood between those of the largest probability below 1 and the least above 0, as
/// scikit-learn's `log_loss` holds them.
fn clipped(surprise: f64) -> f64 {
    surprise.clamp(-(-f64::EPSILON).ln_1p(), -f64::EPSILON.ln())
}

/// The measurements over `rows`, each the logits (one for each class) and the true class.
///
/// # Errors
///
/// As [`Tally::new`], [`Tally::push`] and [`Tally::finish`].
pub fn measure<'a>(
    classes: &[String],
    rows: impl IntoIterator<Item = (&'a [f32], i32)>,
) -> Result<Metrics, Error> {
    let mut tally = Tally::new(classes)?;
    for (logits, label) in rows {
        tally.push(logits, label)?;
    }
    tally.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn bad_rows_are_named_and_leave_the_tally_alone() {
        let mut tally = Tally::new(&classes(&["a", "b"])).unwrap();
        tally.push(&[0.0, 1.0], 1).unwrap();
        let wrong_width = tally.push(&[0.0], 0).unwrap_err();
        assert_eq!(
            wrong_width,
            Error::Logits {
                row: 1,
                logits: 1,
                classes: 2
            }
        );
        let infinite = tally.push(&[0.0, f32::INFINITY], 0).unwrap_err();
        assert_eq!(
            infinite,
            Error::NotFinite {
                row: 1,
                class: 1,
                value: f32::INFINITY
            }
        );
        for label in [-1, 2] {
            let unknown = tally.push(&[0.0, 1.0], label).unwrap_err();
            assert_eq!(
                unknown,
                Error::Label {
                    row: 1,
                    label,
                    classes: 2
                }
            );
        }
        assert_eq!(tally.rows(), 1);
        assert_eq!(tally.finish().unwrap().accuracy, 1.0);
    }

    #[test]
    fn nothing_to_measure_is_an_error() {
        assert_eq!(measure(&classes(&["a"]), []), Err(Error::NoRows));
        assert_eq!(measure(&[], []), Err(Error::NoClasses));
    }

    #[test]
    fn messages_say_what_is_wrong() {
        let message = Error::Label {
            row: 7,
            label: 3,
            classes: 3,
        }
        .to_string();
        assert_eq!(message, "row 7 has the label 3, but labels go from 0 to 2");
    }
}
