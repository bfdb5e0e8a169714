//! Measures rows for `python/check_metrics.py`: JSON lines in, JSON lines out.

use std::error::Error;
use std::io::{BufRead, Write};

use goldpan_metrics::{Calibration, argmax, kappa, measure};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Case {
    logits: Vec<Vec<f32>>,
    labels: Vec<i32>,
    /// Top probabilities, and whether they were right: 1 or 0.
    confidences: Vec<(f64, u8)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let width = case.logits.first().map_or(0, Vec::len);
        let classes: Vec<String> = (0..width).map(|class| class.to_string()).collect();
        let rows = case.logits.iter().map(Vec::as_slice);
        let metrics = measure(&classes, rows.zip(case.labels.iter().copied()))?;
        let predicted = case.logits.iter().map(|logits| argmax(logits));
        let truth = case.labels.iter().map(|&label| label as usize);
        let mut calibration = Calibration::default();
        for (confidence, right) in case.confidences {
            calibration.push(confidence, right == 1);
        }
        let bins: Vec<(f64, f64)> = calibration
            .reliability()
            .iter()
            .map(|bin| (bin.confidence, bin.accuracy))
            .collect();
        let told = json!({
            "metrics": metrics,
            "kappa": kappa(predicted.zip(truth)),
            "bins": bins,
        });
        writeln!(out, "{told}")?;
    }
    Ok(())
}
