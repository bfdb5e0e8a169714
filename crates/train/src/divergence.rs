//! Whether a training diverges: by the loss of a step, of the last steps, of a validation, and by the
//! tensors themselves. The measure is the loss of guessing every class alike, ln(classes).

use crate::error::Error;
use goldpan_model::Parameters;

/// How many times that a single step's or a validation's loss may be.
const SINGLE: f64 = 100.0;

/// How many times that the mean of the last steps' losses may be.
const MEAN: f64 = 20.0;

/// How many steps that mean is of.
const STEPS: usize = 10;

/// How many times that the kept epoch's validation loss may be without a word.
const SUSPECT: f64 = 10.0;

/// The loss of guessing, and what an error says besides.
#[derive(Clone, Copy)]
pub(crate) struct Divergence {
    guessing: f64,
    learning_rate: f64,
}

impl Divergence {
    /// For a training on `classes` classes, two or more.
    pub fn new(classes: usize, learning_rate: f64) -> Self {
        Self {
            guessing: (classes as f64).ln(),
            learning_rate,
        }
    }

    /// Checks the losses of all steps so far, the latest first. `step` counts over all epochs, `batch`
    /// in the epoch, both from 1.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] if the latest is not finite or very far above guessing, or if the last
    /// [`STEPS`] are far above it.
    pub fn check_steps(
        &self,
        mut latest_first: impl Iterator<Item = f32>,
        step: usize,
        epoch: usize,
        batch: usize,
    ) -> Result<(), Error> {
        let Some(loss) = latest_first.next() else {
            return Ok(());
        };
        let last = std::iter::once(loss).chain(latest_first).take(STEPS);
        let (count, sum) = last.fold((0, 0.0), |(count, sum), loss| {
            (count + 1, sum + f64::from(loss))
        });
        let far = count == STEPS && sum / STEPS as f64 > MEAN * self.guessing;
        if !far && self.is_near(loss.into()) {
            return Ok(());
        }
        Err(Error::Diverged {
            loss,
            step,
            epoch,
            batch,
            learning_rate: self.learning_rate,
        })
    }

    /// Checks an epoch's validation loss and the tensors that it was measured with.
    ///
    /// # Errors
    ///
    /// [`Error::DivergedValidation`] or [`Error::DivergedTensor`].
    pub fn check_epoch(
        &self,
        epoch: usize,
        loss: f64,
        parameters: &Parameters,
    ) -> Result<(), Error> {
        if !self.is_near(loss) {
            return Err(self.validation(epoch, loss));
        }
        for (name, tensor) in parameters.iter() {
            // A value times zero is zero, unless it is infinite or not a number.
            let zero: f32 = (tensor.clone().inner() * 0.0).abs().sum().into_scalar();
            if zero != 0.0 {
                return Err(Error::DivergedTensor {
                    tensor: name.to_owned(),
                    epoch,
                    learning_rate: self.learning_rate,
                });
            }
        }
        Ok(())
    }

    /// The error of a validation that is not finite or far above guessing.
    pub fn validation(&self, epoch: usize, loss: f64) -> Error {
        Error::DivergedValidation {
            loss,
            epoch,
            guessing: self.guessing,
            learning_rate: self.learning_rate,
        }
    }

    /// Warns if the epoch that is kept is much worse than guessing.
    pub fn warn_of_kept(&self, epoch: usize, loss: f64) {
        if loss > SUSPECT * self.guessing {
            tracing::warn!(
                "the validation loss of the kept epoch {epoch} is {loss:.4}, and guessing has {:.4}: \
                 the training may have diverged; try a learning rate below {}",
                self.guessing,
                self.learning_rate
            );
        }
    }

    fn is_near(&self, loss: f64) -> bool {
        loss.is_finite() && loss <= SINGLE * self.guessing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(losses: &[f32]) -> Result<(), Error> {
        let latest_first = losses.iter().rev().copied();
        Divergence::new(2, 0.1).check_steps(latest_first, losses.len(), 1, losses.len())
    }

    #[test]
    fn one_step_very_far_above_guessing_is_enough() {
        steps(&[0.7, 30.0]).unwrap();
        steps(&[69.0]).unwrap();
        for loss in [70.0, 1e30, f32::INFINITY, f32::NAN] {
            let error = steps(&[0.7, loss]).unwrap_err();
            assert!(matches!(error, Error::Diverged { step: 2, .. }), "{error}");
        }
    }

    #[test]
    fn ten_steps_far_above_guessing_are_enough() {
        steps(&[20.0; 9]).unwrap();
        steps(&[13.0; 30]).unwrap();
        assert!(steps(&[20.0; 10]).is_err());
        steps(&[&[60.0_f32; 9][..], &[0.5; 1]].concat()[5..]).unwrap();
    }

    #[test]
    fn an_epoch_is_checked_by_its_loss_and_its_tensors() {
        let check = |loss, values: Vec<f32>| {
            let mut parameters = Parameters::default();
            let device = burn::tensor::Device::flex();
            parameters.insert("a.weight".to_owned(), values, [1, 2], &device);
            Divergence::new(3, 0.1).check_epoch(4, loss, &parameters.tracked())
        };
        check(1.1, vec![1.0, -1e30]).unwrap();
        check(100.0, vec![0.0, 0.0]).unwrap();
        for loss in [110.0, f64::NAN, f64::INFINITY] {
            let error = check(loss, vec![0.0, 0.0]).unwrap_err();
            assert!(
                matches!(error, Error::DivergedValidation { epoch: 4, .. }),
                "{error}"
            );
        }
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for values in [vec![value, 0.0], vec![0.0, value]] {
                let error = check(1.0, values).unwrap_err();
                assert!(
                    matches!(&error, Error::DivergedTensor { tensor, .. } if tensor == "a.weight"),
                    "{error}"
                );
            }
        }
    }
}
