//! The tables that HTML and Markdown share.

use goldpan_evidence::{Difference, Estimate, Evidence, Interval, Measure};

use crate::findings::Findings;
use crate::{Run, format};

/// How the numbers came about.
pub(crate) const NOTE: &str = "\
Accuracy is the mean ± standard deviation over the seeds, with a bootstrap interval at the level that so \
many seeds allow. Points are hundredths of accuracy. Differences to random are taken seed by seed: Student's paired t-test, its 95% \
interval, and p-values corrected for the number of arms after Holm. The best epoch was chosen by the \
same accuracy, which flatters all arms. What varies is the seed, not the texts that accuracy is measured \
on.";

/// A table; the first column of a row is its heading.
pub(crate) struct Table {
    pub title: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Self {
        Self {
            title: title.to_owned(),
            columns: columns.iter().map(|column| (*column).to_owned()).collect(),
            rows,
        }
    }
}

/// The accuracy of each arm after each round.
pub(crate) fn accuracies(evidence: &Evidence, zero_shot: Option<f64>) -> Table {
    let title = match evidence.measure {
        Measure::Peak => "Validation accuracy of the best epoch",
        Measure::Last => "Validation accuracy of the last epoch",
        Measure::Test => "Test accuracy",
    };
    let columns = [
        "arm",
        "round",
        "labels",
        "seeds",
        "accuracy",
        "interval",
        "points against random",
        "p",
    ];
    let baseline = zero_shot.map(|accuracy| {
        let mut row = vec![String::new(); columns.len()];
        row[0] = "zero-shot".to_owned();
        row[2] = "0".to_owned();
        row[4] = format::accuracy(accuracy);
        row
    });
    let points = evidence.points.iter().map(|point| {
        let [against, p] = difference(point.difference.as_ref());
        vec![
            point.arm.clone().unwrap_or_else(|| "start".to_owned()),
            point.round.to_string(),
            format::labels(point.labelled),
            point.seeds.to_string(),
            format::with_deviation(&point.accuracy),
            format::interval(point.accuracy.interval, format::accuracy),
            against,
            p,
        ]
    });
    Table::new(
        title,
        &columns,
        baseline.into_iter().chain(points).collect(),
    )
}

/// What it means that arms were stopped.
pub(crate) const STOPPED: &str = "\
An arm that was stopped stays where it stopped. Later rounds are those of the seeds that went on, so compare \
them with care. The verdict is by the last round that both arms did in each seed. A stop by the arm's own \
accuracy comes at a good moment, which flatters it.";

/// What the list of stopped arms is called.
pub(crate) const STOPS: &str = "Arms that were stopped before their last round";

/// The arms that rules stopped: each with its seed, and why.
pub(crate) fn stops(run: &Run) -> Vec<[String; 2]> {
    let told = run.stops.iter().map(|stop| {
        let arm = stop.arm.as_deref().unwrap_or("every arm");
        [format!("{arm}, seed {}", stop.seed), stop.why.clone()]
    });
    told.collect()
}

/// What each arm gains, at the end and on the way.
pub(crate) fn gains(evidence: &Evidence) -> Table {
    let columns = [
        "arm",
        "points over the start",
        "times random's gain",
        "mean accuracy on the way",
        "points against random",
        "p",
    ];
    let rows = evidence.arms.iter().map(|arm| {
        let [against, p] = difference(arm.area_difference.as_ref());
        vec![
            arm.arm.clone(),
            estimated(Some(&arm.gain), format::signed),
            estimated(arm.factor.as_ref(), |times| format!("{times:.2}")),
            estimated(arm.area.as_ref(), format::accuracy),
            against,
            p,
        ]
    });
    let title = "Gain over the start, and area under the learning curve";
    Table::new(title, &columns, rows.collect())
}

/// The labels that each arm needs and saves; money last, where a label has a price.
pub(crate) fn savings(findings: &Findings<'_>) -> Table {
    let price = findings.run.price.as_ref();
    let mut columns = vec!["arm", "labels to the target", "labels saved", "share saved"];
    columns.extend(price.map(|_| "money saved"));
    let rows = findings.evidence.arms.iter().map(|arm| {
        let saved = arm.saved.as_ref();
        let share = saved.and_then(|saved| saved.share.as_ref());
        let mut row = vec![
            arm.arm.clone(),
            estimated(arm.labels_to_target.as_ref(), format::labels),
            estimated(saved.map(|saved| &saved.labels), format::labels),
            estimated(share, format::percent),
        ];
        row.extend(price.map(|price| {
            let money = |labels: f64| format!("{:.2} {}", price.of_label * labels, price.currency);
            saved.map_or(String::new(), |saved| money(saved.labels.value))
        }));
        row
    });
    Table::new("Labels needed and saved", &columns, rows.collect())
}

/// A difference with its interval, and its corrected p-value.
fn difference(difference: Option<&Difference>) -> [String; 2] {
    difference.map_or_else(Default::default, |difference| {
        [
            told(difference.mean, difference.interval, format::signed),
            format::p_value(difference.corrected_p),
        ]
    })
}

fn estimated(estimate: Option<&Estimate>, number: impl Fn(f64) -> String) -> String {
    estimate.map_or(String::new(), |estimate| {
        told(estimate.value, estimate.interval, number)
    })
}

/// A value with its interval, if it has one.
fn told(value: f64, interval: Option<Interval>, number: impl Fn(f64) -> String) -> String {
    // Where no seed reaches a target, there is nothing more to tell.
    let known = |interval: &Interval| {
        [value, interval.low, interval.high]
            .iter()
            .any(|it| it.is_finite())
    };
    match interval.filter(known) {
        Some(interval) => format!(
            "{} ({})",
            number(value),
            format::interval(Some(interval), &number)
        ),
        None => number(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_told_where_it_tells_something() {
        let interval = |low, high| {
            Some(Interval {
                low,
                high,
                level: 0.5,
            })
        };
        let labels = |value, interval| told(value, interval, format::labels);
        assert_eq!(labels(5.0, interval(4.0, 6.0)), "5 (4 to 6, 50%)");
        assert_eq!(
            labels(f64::INFINITY, interval(4.0, f64::INFINITY)),
            "not reached (4 to not reached, 50%)"
        );
        let never = interval(f64::INFINITY, f64::INFINITY);
        assert_eq!(labels(f64::INFINITY, never), "not reached");
        assert_eq!(labels(5.0, None), "5");
    }
}
