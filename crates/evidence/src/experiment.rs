//! The rows of an experiment, by arm, round and seed.

use std::collections::BTreeMap;

use crate::curve::Curve;
use crate::error::Error;
use crate::trained::{Question, Trained};

/// The models of each seed.
pub(crate) type Models = BTreeMap<u64, Model>;

/// A model, by one measure.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) labelled: f64,
    pub(crate) accuracy: f64,
    /// Its validation loss, as far as it is known.
    pub(crate) loss: Option<f64>,
    /// The class that it answers to every validation text, where it is only one.
    pub(crate) only: Option<String>,
    /// Whether its arm was stopped after it.
    pub(crate) stopped: bool,
}

impl Model {
    fn point(&self) -> (f64, f64) {
        (self.labelled, self.accuracy)
    }
}

/// An experiment, as one measure sees it.
#[derive(Debug, Default)]
pub(crate) struct Experiment {
    /// The models of the start.
    pub(crate) start: Models,
    /// The arms in the order of the rows.
    pub(crate) arms: Vec<Arm>,
}

/// The models of an arm.
#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) name: String,
    /// By round.
    pub(crate) rounds: BTreeMap<u32, Models>,
}

impl Experiment {
    /// Sorts the rows. Rows without this measure are left out.
    pub(crate) fn of(rows: &[Trained], question: &Question) -> Result<Self, Error> {
        let mut experiment = Self::default();
        for row in rows {
            let Some(accuracy) = question.measure.of(row) else {
                continue;
            };
            let (seed, round) = (row.seed, row.round);
            let arm = || row.arm.clone().unwrap_or_else(|| "start".to_owned());
            if !(0.0..=1.0).contains(&accuracy) {
                let arm = arm();
                return Err(Error::Accuracy {
                    arm,
                    seed,
                    round,
                    metric: question.metric.clone(),
                    accuracy,
                });
            }
            let models = experiment.models(row.arm.as_deref(), round);
            let model = Model {
                labelled: row.labelled as f64,
                accuracy,
                loss: row.loss,
                only: row.only.clone(),
                stopped: row.stopped,
            };
            if models.insert(seed, model).is_some() {
                let arm = arm();
                return Err(Error::Twice { arm, seed, round });
            }
        }
        Ok(experiment)
    }

    fn models(&mut self, arm: Option<&str>, round: u32) -> &mut Models {
        let Some(name) = arm else {
            return &mut self.start;
        };
        let place = self.arms.iter().position(|arm| arm.name == name);
        let place = place.unwrap_or_else(|| {
            let (name, rounds) = (name.to_owned(), BTreeMap::new());
            self.arms.push(Arm { name, rounds });
            self.arms.len() - 1
        });
        self.arms[place].rounds.entry(round).or_default()
    }

    /// The learning curves of an arm, from the start on, for seeds whose every round is there up to
    /// the one after which the arm was stopped.
    pub(crate) fn curves(&self, arm: &Arm) -> BTreeMap<u64, Curve> {
        let whole = |(&seed, start): (&u64, &Model)| {
            let mut points = vec![start.point()];
            for models in arm.rounds.values() {
                let model = models.get(&seed)?;
                points.push(model.point());
                if model.stopped {
                    break;
                }
            }
            Some((seed, Curve::new(points)))
        };
        self.start.iter().filter_map(whole).collect()
    }
}
