//! The numbers scikit-learn gives for the rows of `fixtures/golden.json` (made by `golden.py`).

use goldpan_metrics::{Metrics, argmax, kappa, measure};
use serde::Deserialize;

/// Both sides sum in f64, in their own order.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Case {
    name: String,
    logits: Vec<Vec<f32>>,
    labels: Vec<i32>,
    accuracy: f64,
    macro_f1: f64,
    loss: f64,
    calibration_error: f64,
    precision: Vec<f64>,
    recall: Vec<f64>,
    f1: Vec<f64>,
    support: Vec<u64>,
    confusion: Vec<Vec<u64>>,
    /// Of the true and the predicted classes.
    kappa: Option<f64>,
}

impl Case {
    fn measure(&self) -> Metrics {
        let classes: Vec<String> = (0..self.f1.len())
            .map(|class| format!("c{class}"))
            .collect();
        let rows = self
            .logits
            .iter()
            .map(Vec::as_slice)
            .zip(self.labels.iter().copied());
        measure(&classes, rows).unwrap()
    }
}

#[test]
fn equals_scikit_learn() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/golden.json")).unwrap();
    assert_eq!(cases.len(), 65);
    for case in cases {
        let near = |what: &str, ours: f64, theirs: f64| {
            let name = &case.name;
            assert!(
                (ours - theirs).abs() <= TOLERANCE,
                "{name}: {what}: {ours} is not {theirs}"
            );
        };
        let metrics = case.measure();
        assert_eq!(metrics.examples, case.labels.len() as u64, "{}", case.name);
        assert_eq!(metrics.confusion, case.confusion, "{}", case.name);
        near("accuracy", metrics.accuracy, case.accuracy);
        near("macro F1", metrics.macro_f1, case.macro_f1);
        near("loss", metrics.loss, case.loss);
        let predicted = case.logits.iter().map(|logits| argmax(logits));
        let truth = case.labels.iter().map(|&label| label as usize);
        let agreement = kappa(predicted.zip(truth));
        assert_eq!(agreement.is_some(), case.kappa.is_some(), "{}", case.name);
        near(
            "kappa",
            agreement.unwrap_or_default(),
            case.kappa.unwrap_or_default(),
        );
        near(
            "calibration error",
            metrics.calibration_error,
            case.calibration_error,
        );
        for (k, class) in metrics.per_class.iter().enumerate() {
            assert_eq!(class.class, format!("c{k}"));
            assert_eq!(class.support, case.support[k], "{}", case.name);
            near("precision", class.precision, case.precision[k]);
            near("recall", class.recall, case.recall[k]);
            near("F1", class.f1, case.f1[k]);
        }
    }
}

#[test]
fn the_one_class_that_is_answered_is_found() {
    use goldpan_metrics::only;
    let found: [&[u64]; 5] = [&[0, 7, 0], &[1, 7, 0], &[0, 0], &[7], &[]];
    assert_eq!(found.map(only), [Some(1), None, None, None, None]);
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/golden.json")).unwrap();
    for case in cases {
        let predicted = case.measure().predicted();
        assert_eq!(predicted.iter().sum::<u64>(), case.labels.len() as u64);
    }
}

#[test]
fn survives_json() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/golden.json")).unwrap();
    let metrics = cases[0].measure();
    let text = serde_json::to_string(&metrics).unwrap();
    assert_eq!(serde_json::from_str::<Metrics>(&text).unwrap(), metrics);
}
