//! What a run leaves: `results.csv`, and the comparison of the arms.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use goldpan_store::Record;
use serde_json::Value;

use crate::plan::{Graph, TrainedModel};

/// What was done and what came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Pieces of work that ran.
    pub ran: usize,
    /// Pieces of work whose result was there.
    pub reused: usize,
    /// How long it took.
    pub took: Duration,
    /// The run's folder, with links to every result.
    pub folder: PathBuf,
    /// The models that are there, in the order of `results.csv`.
    pub models: Vec<ModelRow>,
}

/// A model that was measured on the validation texts: a row of `results.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    /// The arm, `start` for the model of the start, `zero-shot` for the loop's baseline.
    pub arm: String,
    /// The seed; `None` for a model that was not trained, on which no seed has any effect.
    pub seed: Option<u64>,
    /// The round, 0 for the start and the baseline.
    pub round: u32,
    /// Labelled texts it learned from.
    pub labelled: u64,
    /// The epoch of the peak, from 1; `None` for a model that was not trained.
    pub epoch: Option<u64>,
    /// Validation accuracy at the peak.
    pub accuracy: f64,
    /// Validation loss at the peak.
    pub loss: f64,
    /// Validation macro-F1 at the peak.
    pub macro_f1: f64,
    /// How long the training took; for a model that was not trained, the prediction.
    pub seconds: f64,
    /// The object that holds the model, or the predictions of one that was not trained.
    pub object: String,
}

/// An arm after a round, over all seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmRow {
    /// The arm, `start` for the models of the start, `zero-shot` for the loop's baseline.
    pub arm: String,
    /// The round, 0 for the start and the baseline.
    pub round: u32,
    /// Labelled texts.
    pub labelled: u64,
    /// How many models there are: one for each seed.
    pub seeds: usize,
    /// Mean accuracy.
    pub mean: f64,
    /// Sample standard deviation of the accuracy; `None` for a single seed.
    pub deviation: Option<f64>,
    /// Mean accuracy above that of the arm `random` after the same round.
    pub gain: Option<f64>,
}

impl ModelRow {
    /// The row of a trained model, as its record tells.
    pub(crate) fn of(model: &TrainedModel, record: &Record) -> Self {
        let whole = |name: &str| record.summary.get(name).and_then(Value::as_u64);
        let arm = model.arm.as_ref();
        Self {
            arm: arm.map_or("start".to_owned(), ToString::to_string),
            seed: Some(model.seed),
            round: model.round,
            labelled: whole("labelled").unwrap_or_default(),
            epoch: Some(whole("epoch").unwrap_or_default()),
            ..Self::measured(record, record)
        }
    }

    /// The row of the baseline: its measurements, and the predictions that were measured.
    fn baseline(evaluation: &Record, predictions: &Record) -> Self {
        Self {
            arm: "zero-shot".to_owned(),
            ..Self::measured(evaluation, predictions)
        }
    }

    /// What a record says of the model in another, or in the same.
    fn measured(measurement: &Record, model: &Record) -> Self {
        let number = |name: &str| measurement.summary.get(name).and_then(Value::as_f64);
        Self {
            arm: String::new(),
            seed: None,
            round: 0,
            labelled: 0,
            epoch: None,
            accuracy: number("accuracy").unwrap_or(f64::NAN),
            loss: number("loss").unwrap_or(f64::NAN),
            macro_f1: number("macro_f1").unwrap_or(f64::NAN),
            seconds: model.seconds,
            object: model.object.to_string(),
        }
    }
}

impl Outcome {
    /// The models that are there: the baseline, then the trained ones.
    pub(crate) fn models(graph: &Graph, records: &[Option<Record>]) -> Vec<ModelRow> {
        let baseline = graph.zero_shot.and_then(|baseline| {
            let record = |node: usize| records[node].as_ref();
            Some(ModelRow::baseline(
                record(baseline.evaluation)?,
                record(baseline.predictions)?,
            ))
        });
        let trained = graph.trained.iter().filter_map(|model| {
            let record = records[model.node].as_ref()?;
            Some(ModelRow::of(model, record))
        });
        baseline.into_iter().chain(trained).collect()
    }

    /// The text of `results.csv`. No field needs quotes: arms are plain names.
    pub(crate) fn csv(models: &[ModelRow]) -> String {
        let optional = |number: Option<u64>| number.map_or(String::new(), |n| n.to_string());
        let mut csv =
            String::from("arm,seed,round,labelled,epoch,accuracy,loss,macro_f1,seconds,object\n");
        for row in models {
            // Writing to a string cannot fail.
            let _ = writeln!(
                csv,
                "{},{},{},{},{},{:.6},{:.6},{:.6},{:.3},{}",
                row.arm,
                optional(row.seed),
                row.round,
                row.labelled,
                optional(row.epoch),
                row.accuracy,
                row.loss,
                row.macro_f1,
                row.seconds,
                row.object
            );
        }
        csv
    }

    /// The arms after each round: the baseline, the start, then round by round in the order of the file.
    pub fn arms(&self) -> Vec<ArmRow> {
        let mut keys: Vec<(u32, &str)> = Vec::new();
        for model in &self.models {
            let key = (model.round, model.arm.as_str());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys.sort_by_key(|&(round, _)| round);
        let accuracies = |round: u32, arm: &str| -> Vec<f64> {
            let of_arm = self
                .models
                .iter()
                .filter(|row| row.round == round && row.arm == arm);
            of_arm.map(|row| row.accuracy).collect()
        };
        let rows = keys.iter().map(|&(round, arm)| {
            let values = accuracies(round, arm);
            let mean = mean(&values);
            let random = accuracies(round, "random");
            let compared = arm != "random" && random.len() == values.len();
            let labelled = self
                .models
                .iter()
                .find(|row| row.round == round && row.arm == arm);
            ArmRow {
                arm: arm.to_owned(),
                round,
                labelled: labelled.map_or(0, |row| row.labelled),
                seeds: values.len(),
                mean,
                deviation: deviation(&values),
                gain: compared.then(|| mean - self::mean(&random)),
            }
        });
        rows.collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn deviation(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(arm: &str, seed: u64, round: u32, accuracy: f64) -> ModelRow {
        ModelRow {
            arm: arm.to_owned(),
            seed: Some(seed),
            round,
            labelled: 100 + 50 * u64::from(round),
            epoch: Some(2),
            accuracy,
            loss: 0.5,
            macro_f1: accuracy,
            seconds: 1.5,
            object: "abc".to_owned(),
        }
    }

    fn outcome(models: Vec<ModelRow>) -> Outcome {
        Outcome {
            ran: 0,
            reused: 0,
            took: Duration::ZERO,
            folder: PathBuf::new(),
            models,
        }
    }

    #[test]
    fn arms_are_compared_with_random_after_the_same_round() {
        let rows = outcome(vec![
            model("start", 0, 0, 0.5),
            model("random", 0, 1, 0.6),
            model("margin", 0, 1, 0.7),
            model("start", 1, 0, 0.7),
            model("random", 1, 1, 0.8),
            model("margin", 1, 1, 0.8),
        ])
        .arms();
        let names: Vec<&str> = rows.iter().map(|row| row.arm.as_str()).collect();
        assert_eq!(names, ["start", "random", "margin"]);
        assert!((rows[0].mean - 0.6).abs() < 1e-12);
        assert!((rows[0].deviation.unwrap() - 0.02_f64.sqrt()).abs() < 1e-12);
        assert_eq!((rows[0].gain, rows[1].gain), (None, None));
        assert!((rows[2].gain.unwrap() - 0.05).abs() < 1e-12);
    }

    #[test]
    fn the_baseline_stands_first_and_has_no_seed_and_no_epoch() {
        let mut baseline = model("zero-shot", 0, 0, 0.7);
        (baseline.seed, baseline.epoch, baseline.labelled) = (None, None, 0);
        let start = model("start", 0, 0, 0.8);
        let csv = Outcome::csv(&[baseline.clone(), start.clone()]);
        let line = "zero-shot,,0,0,,0.700000,0.500000,0.700000,1.500,abc";
        assert_eq!(csv.lines().nth(1), Some(line));
        let rows = outcome(vec![baseline, start, model("random", 0, 1, 0.9)]).arms();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.arm.as_str(), row.labelled, row.gain))
            .collect();
        let expected = [
            ("zero-shot", 0, None),
            ("start", 100, None),
            ("random", 150, None),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn one_seed_has_no_deviation() {
        assert_eq!(
            outcome(vec![model("start", 0, 0, 0.5)]).arms()[0].deviation,
            None
        );
    }

    #[test]
    fn a_model_is_a_line_of_the_csv() {
        let csv = Outcome::csv(&[model("margin", 3, 1, 0.75)]);
        assert_eq!(
            csv,
            "arm,seed,round,labelled,epoch,accuracy,loss,macro_f1,seconds,object\n\
             margin,3,1,150,2,0.750000,0.500000,0.750000,1.500,abc\n"
        );
    }
}
