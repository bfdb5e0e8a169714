//! The tables that HTML and Markdown share.

use goldpan_evidence::{ArmEvidence, Evidence, Measure};

use crate::findings::Findings;
use crate::format;

/// How the numbers came about.
pub(crate) const NOTE: &str = "\
Accuracy is the mean ± standard deviation over the seeds, with a bootstrap interval at the level that so \
many seeds allow. Differences to random are taken seed by seed: Student's paired t-test, its 95% \
interval, and p-values corrected for the number of arms after Holm. The best epoch was chosen by the \
same accuracy, which flatters all arms. What varies is the seed, not the texts that accuracy is measured \
on.";

/// The columns of [`accuracies`].
pub(crate) const ACCURACIES: [&str; 8] = [
    "arm",
    "round",
    "labels",
    "seeds",
    "accuracy",
    "interval",
    "against random",
    "p",
];

/// What [`accuracies`] tells.
pub(crate) fn title(evidence: &Evidence) -> &'static str {
    match evidence.measure {
        Measure::Peak => "Validation accuracy of the best epoch",
        Measure::Last => "Validation accuracy of the last epoch",
        Measure::Test => "Test accuracy",
    }
}

/// The accuracy of each arm after each round.
pub(crate) fn accuracies(evidence: &Evidence, zero_shot: Option<f64>) -> Vec<Vec<String>> {
    let baseline = zero_shot.map(|accuracy| {
        let mut row = vec![String::new(); ACCURACIES.len()];
        row[0] = "zero-shot".to_owned();
        row[2] = "0".to_owned();
        row[4] = format::accuracy(accuracy);
        row
    });
    let points = evidence.points.iter().map(|point| {
        let difference = point.difference.as_ref();
        let against = difference.map(|difference| {
            let mean = format::points(difference.mean);
            match difference.interval {
                Some(found) => {
                    let ends = [found.low, found.high].map(|end| format!("{:+.2}", 100.0 * end));
                    format!("{mean} ({} to {})", ends[0], ends[1])
                }
                None => mean,
            }
        });
        vec![
            point.arm.clone().unwrap_or_else(|| "start".to_owned()),
            point.round.to_string(),
            format::labels(point.labelled),
            point.seeds.to_string(),
            format::with_deviation(&point.accuracy),
            format::interval(point.accuracy.interval, format::accuracy),
            against.unwrap_or_default(),
            format::p_value(difference.and_then(|difference| difference.corrected_p)),
        ]
    });
    baseline.into_iter().chain(points).collect()
}

/// The columns of [`savings`], but for the money.
pub(crate) const SAVINGS: [&str; 7] = [
    "arm",
    "gain over the start",
    "times random's gain",
    "mean accuracy on the way",
    "labels to the target",
    "labels saved",
    "share saved",
];

/// What each arm gains and saves; money last, where a label has a price.
pub(crate) fn savings(findings: &Findings<'_>) -> Vec<Vec<String>> {
    let arms = findings.evidence.arms.iter();
    arms.map(|arm| {
        let mut row = saving(arm);
        if let Some(price) = &findings.run.price {
            let saved = arm.saved.as_ref();
            let money = saved.map(|saved| price.of_label * saved.labels.value);
            row.push(money.map_or(String::new(), |money| {
                format!("{money:.2} {}", price.currency)
            }));
        }
        row
    })
    .collect()
}

fn saving(arm: &ArmEvidence) -> Vec<String> {
    let times = |value: f64| format!("{value:.2}");
    let told = |value: String, found, number: &dyn Fn(f64) -> String| match found {
        Some(_) => format!("{value} ({})", format::interval(found, number)),
        None => value,
    };
    let estimate = |estimate: Option<&goldpan_evidence::Estimate>,
                    number: &dyn Fn(f64) -> String| {
        let text =
            |found: &goldpan_evidence::Estimate| told(number(found.value), found.interval, number);
        estimate.map(text).unwrap_or_default()
    };
    let saved = arm.saved.as_ref();
    vec![
        arm.arm.clone(),
        estimate(Some(&arm.gain), &format::points),
        estimate(arm.factor.as_ref(), &times),
        estimate(arm.area.as_ref(), &format::accuracy),
        estimate(arm.labels_to_target.as_ref(), &format::labels),
        estimate(saved.map(|saved| &saved.labels), &format::labels),
        estimate(
            saved.and_then(|saved| saved.share.as_ref()),
            &format::percent,
        ),
    ]
}
