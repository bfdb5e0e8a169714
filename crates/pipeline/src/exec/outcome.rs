//! What a run leaves: `results.csv`, and what the comparison of the arms shows.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use goldpan_artifact::{Producer, ResultRow, ResultsWriter, atomic};
use goldpan_evidence::{Evidence, Metric, Trained};
use goldpan_store::Record;
use serde_json::Value;

use crate::error::Error;
use crate::exec::measured::{self, number};
use crate::exec::stops::Stops;
use crate::plan::{Graph, TrainedModel};
use crate::stop::Stop;

/// The version of the results, as their table tells it.
const RESULTS_VERSION: u32 = 1;

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
    /// What they show.
    pub evidence: Evidence,
    /// What has to be known of the numbers, a sentence each.
    pub notes: Vec<String>,
    /// The arms that rules stopped before their last round.
    pub stops: Vec<Stop>,
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
    /// Validation accuracy of the last epoch; `None` for a model that was not trained.
    pub last_accuracy: Option<f64>,
    /// Accuracy on the test texts, where there are some.
    pub test_accuracy: Option<f64>,
    /// Validation macro-F1 of the last epoch; `None` for a model that was not trained.
    pub last_macro_f1: Option<f64>,
    /// Macro-F1 on the test texts, where there are some.
    pub test_macro_f1: Option<f64>,
    /// The loop's metric at the peak.
    pub metric: Option<f64>,
    /// The loop's metric in the last epoch.
    pub last_metric: Option<f64>,
    /// The loop's metric on the test texts.
    pub test_metric: Option<f64>,
    /// How many epochs are as good as the peak; `None` for a model that was not trained.
    pub equal_epochs: Option<u64>,
    /// The class that is answered to every validation text, where it is only one.
    pub only_class: Option<String>,
    /// What was trained, where that was chosen, in words.
    pub trained: Option<String>,
    /// Whether a rule stopped the arm after this model.
    pub stopped: bool,
}

impl ModelRow {
    /// The row of a trained model, as the records tell; `None` while it is not there.
    pub(crate) fn of(
        model: &TrainedModel,
        graph: &Graph,
        records: &[Option<Record>],
        stops: &Stops<'_>,
    ) -> Option<Self> {
        let (record, metric) = (records[model.node].as_ref()?, &graph.metric);
        let test = model.test.and_then(|test| records[test].as_ref());
        let whole = |name: &str| record.summary.get(name).and_then(Value::as_u64);
        let arm = model.arm.as_ref();
        Some(Self {
            arm: arm.map_or("start".to_owned(), ToString::to_string),
            seed: Some(model.seed),
            round: model.round,
            labelled: whole("labelled").unwrap_or_default(),
            epoch: Some(whole("epoch").unwrap_or_default()),
            last_accuracy: number(&record.summary, "last_accuracy"),
            test_accuracy: test.and_then(|test| number(&test.summary, "accuracy")),
            last_macro_f1: number(&record.summary, "last_macro_f1"),
            test_macro_f1: test.and_then(|test| number(&test.summary, "macro_f1")),
            last_metric: measured::last(&record.summary, metric),
            test_metric: test.and_then(|test| measured::value(&test.summary, metric)),
            equal_epochs: whole("equal_epochs"),
            stopped: stops.stopped_after(model),
            ..Self::measured(record, record, metric)
        })
    }

    /// The row of the baseline: its measurements, and the predictions that were measured.
    fn baseline(evaluation: &Record, predictions: &Record, metric: &Metric) -> Self {
        Self {
            arm: "zero-shot".to_owned(),
            ..Self::measured(evaluation, predictions, metric)
        }
    }

    /// What a record says of the model in another, or in the same.
    fn measured(measurement: &Record, model: &Record, metric: &Metric) -> Self {
        let number = |name: &str| number(&measurement.summary, name).unwrap_or(f64::NAN);
        Self {
            arm: String::new(),
            seed: None,
            round: 0,
            labelled: 0,
            epoch: None,
            accuracy: number("accuracy"),
            loss: number("loss"),
            macro_f1: number("macro_f1"),
            seconds: model.seconds,
            object: model.object.to_string(),
            last_accuracy: None,
            test_accuracy: None,
            last_macro_f1: None,
            test_macro_f1: None,
            metric: measured::value(&measurement.summary, metric),
            last_metric: None,
            test_metric: None,
            equal_epochs: None,
            only_class: measured::only_class(&measurement.summary),
            trained: measured::chosen(&measurement.summary),
            stopped: false,
        }
    }

    /// The row of `results.arrow`.
    fn result(&self) -> ResultRow {
        ResultRow {
            arm: self.arm.clone(),
            seed: self.seed,
            round: self.round,
            labelled: self.labelled,
            epoch: self.epoch,
            accuracy: self.accuracy as f32,
            loss: self.loss as f32,
            macro_f1: self.macro_f1 as f32,
            seconds: self.seconds as f32,
            last_accuracy: self.last_accuracy.map(|last| last as f32),
            test_accuracy: self.test_accuracy.map(|test| test as f32),
            object: self.object.clone(),
        }
    }

    /// What the comparison needs of a trained model; `None` of the baseline.
    pub(crate) fn trained(&self) -> Option<Trained> {
        Some(Trained {
            arm: (self.round > 0).then(|| self.arm.clone()),
            seed: self.seed?,
            round: self.round,
            labelled: self.labelled,
            peak: self.metric?,
            last: self.last_metric?,
            test: self.test_metric,
            loss: Some(self.loss).filter(|loss| loss.is_finite()),
            only: self.only_class.clone(),
            chosen: self.trained.as_deref().map(kind_of),
            stopped: self.stopped,
        })
    }
}

impl Outcome {
    /// The models that are there: the baseline, then the trained ones.
    pub(crate) fn models(
        graph: &Graph,
        records: &[Option<Record>],
        stops: &Stops<'_>,
    ) -> Vec<ModelRow> {
        let baseline = graph.zero_shot.and_then(|baseline| {
            let record = |node: usize| records[node].as_ref();
            Some(ModelRow::baseline(
                record(baseline.evaluation)?,
                record(baseline.predictions)?,
                &graph.metric,
            ))
        });
        let trained = graph
            .trained
            .iter()
            .filter_map(|model| ModelRow::of(model, graph, records, stops));
        baseline.into_iter().chain(trained).collect()
    }

    /// Writes `results.csv` and the same as `results.arrow` into the run's folder.
    pub(crate) fn write(models: &[ModelRow], folder: &Path) -> Result<(), Error> {
        atomic::write_bytes(folder.join("results.csv"), Self::csv(models).as_bytes())?;
        let producer = Producer::new("run", RESULTS_VERSION);
        let mut writer = ResultsWriter::create(folder.join("results.arrow"), producer)?;
        for model in models {
            writer.push(&model.result())?;
        }
        writer.finish()?;
        Ok(())
    }

    /// The text of `results.csv`. Only a class may need quotes: arms are plain names.
    fn csv(models: &[ModelRow]) -> String {
        let optional = |number: Option<u64>| number.map_or(String::new(), |n| n.to_string());
        let share = |share: Option<f64>| share.map_or(String::new(), |n| format!("{n:.6}"));
        let mut csv = String::from(
            "arm,seed,round,labelled,epoch,accuracy,loss,macro_f1,seconds,object,last_accuracy,test_accuracy,\
             last_macro_f1,test_macro_f1,metric,last_metric,test_metric,equal_epochs,only_class,trained\n",
        );
        for row in models {
            // Writing to a string cannot fail.
            let _ = writeln!(
                csv,
                "{},{},{},{},{},{:.6},{:.6},{:.6},{:.3},{},{},{},{},{},{},{},{},{},{},{}",
                row.arm,
                optional(row.seed),
                row.round,
                row.labelled,
                optional(row.epoch),
                row.accuracy,
                row.loss,
                row.macro_f1,
                row.seconds,
                row.object,
                share(row.last_accuracy),
                share(row.test_accuracy),
                share(row.last_macro_f1),
                share(row.test_macro_f1),
                share(row.metric),
                share(row.last_metric),
                share(row.test_metric),
                optional(row.equal_epochs),
                quoted(row.only_class.as_deref().unwrap_or_default()),
                quoted(row.trained.as_deref().unwrap_or_default()),
            );
        }
        csv
    }
}

/// What was trained, without its figures: `probe and neighbours` of `probe and 80 % neighbours`.
fn kind_of(trained: &str) -> String {
    let words = trained.split(' ');
    let words = words.filter(|word| *word != "%" && word.parse::<f64>().is_err());
    words.collect::<Vec<_>>().join(" ")
}

/// A text as a field of CSV, after RFC 4180.
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
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
            last_accuracy: Some(accuracy - 0.125),
            test_accuracy: (round > 0).then_some(accuracy - 0.25),
            last_macro_f1: Some(0.25),
            test_macro_f1: None,
            metric: Some(accuracy),
            last_metric: Some(accuracy - 0.125),
            test_metric: (round > 0).then_some(accuracy - 0.25),
            equal_epochs: Some(3),
            only_class: None,
            trained: None,
            stopped: false,
        }
    }

    #[test]
    fn the_baseline_has_no_seed_and_no_epoch_and_is_not_compared() {
        let mut baseline = model("zero-shot", 0, 0, 0.7);
        (baseline.seed, baseline.epoch, baseline.labelled) = (None, None, 0);
        (baseline.last_accuracy, baseline.test_accuracy) = (None, None);
        (baseline.last_metric, baseline.test_metric) = (None, None);
        (baseline.last_macro_f1, baseline.equal_epochs) = (None, None);
        baseline.only_class = Some("yes, \"no\"".to_owned());
        assert_eq!(
            Outcome::csv(&[baseline.clone()]).lines().nth(1),
            Some(
                "zero-shot,,0,0,,0.700000,0.500000,0.700000,1.500,abc,,,,,0.700000,,,,\"yes, \"\"no\"\"\","
            )
        );
        assert_eq!(baseline.trained(), None);
    }

    #[test]
    fn a_model_is_a_line_of_the_csv() {
        let trained = Some("probe and 80 % neighbours".to_owned());
        let model = ModelRow {
            trained,
            ..model("margin", 3, 1, 0.75)
        };
        let csv = Outcome::csv(std::slice::from_ref(&model));
        let chosen = model.trained().unwrap().chosen;
        assert_eq!(chosen.as_deref(), Some("probe and neighbours"));
        assert_eq!(
            csv,
            "arm,seed,round,labelled,epoch,accuracy,loss,macro_f1,seconds,object,last_accuracy,test_accuracy,\
             last_macro_f1,test_macro_f1,metric,last_metric,test_metric,equal_epochs,only_class,trained\n\
             margin,3,1,150,2,0.750000,0.500000,0.750000,1.500,abc,0.625000,0.500000,\
             0.250000,,0.750000,0.625000,0.500000,3,,probe and 80 % neighbours\n"
        );
    }

    #[test]
    fn the_start_is_no_arm() {
        let start = model("start", 3, 0, 0.75).trained().unwrap();
        assert_eq!((start.arm, start.last, start.test), (None, 0.625, None));
        let arm = model("margin", 3, 1, 0.75).trained().unwrap();
        assert_eq!((arm.arm.as_deref(), arm.test), (Some("margin"), Some(0.5)));
    }
}
