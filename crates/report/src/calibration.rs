//! How far the models' confidence is from their accuracy, on the test texts.

use std::collections::HashMap;

use goldpan_artifact::{Predictions, Texts};
use goldpan_metrics::{Calibration, Reliability, argmax};

use crate::error::Error;
use crate::run::Model;

/// The calibration of an arm's models of its last round, all seeds together.
pub(crate) struct Calibrated {
    pub arm: String,
    /// The expected calibration error (Guo et al. 2017), in [0, 1].
    pub error: f64,
    /// The points of its reliability diagram.
    pub reliability: Vec<Reliability>,
}

impl Calibrated {
    /// Reads the predictions of the test texts; `None` where there are none.
    pub(crate) fn of(arm: &str, models: &[&Model], test: &Texts) -> Result<Option<Self>, Error> {
        let labels: HashMap<u64, i32> = (0..test.len())
            .filter_map(|row| Some((test.id(row), test.label(row)?)))
            .collect();
        let mut calibration = Calibration::default();
        let mut rows = 0;
        for path in models.iter().filter_map(|model| model.tested.as_ref()) {
            let predictions = Predictions::open(path)?;
            for row in 0..predictions.len() {
                let Some(&label) = labels.get(&predictions.id(row)) else {
                    continue;
                };
                let probabilities = predictions.probabilities(row);
                let class = argmax(probabilities);
                let right = usize::try_from(label).is_ok_and(|label| label == class);
                calibration.push(f64::from(probabilities[class]), right);
                rows += 1;
            }
        }
        Ok((rows > 0).then(|| Self {
            arm: arm.to_owned(),
            error: calibration.error(),
            reliability: calibration.reliability(),
        }))
    }
}
