//! The tables that HTML and Markdown share.

use goldpan_evidence::{ArmEvidence, Difference, Estimate, Evidence, Interval, Metric, Point};

use crate::findings::Findings;
use crate::format;
use crate::run::Run;

/// How the numbers came about.
pub(crate) fn note(findings: &Findings<'_>) -> String {
    let (evidence, epochs_by) = (&findings.evidence, &findings.run.epochs_by);
    let metric = &evidence.metric;
    let against = evidence.baseline.as_ref().map_or(String::new(), |baseline| {
        format!(
            "Differences to {baseline} are taken seed by seed and between models of as many labels: Student's \
             paired t-test, its 95% interval, and p-values corrected for the number of arms after Holm. Where \
             all differences are the same there is no test. "
        )
    });
    let chosen = match (metric, epochs_by.as_str()) {
        (Metric::Accuracy, "accuracy") | (Metric::MacroF1, "macro-f1") => {
            format!("The best epoch was chosen by the same {metric}, which flatters all arms.")
        }
        (_, by) => {
            format!("The best epoch was chosen by {by} on the same texts, which flatters all arms.")
        }
    };
    format!(
        "The {metric} is the mean ± standard deviation over the seeds, with a bootstrap interval at the level \
         that so many seeds allow. Points are hundredths of it. {against}{chosen} What varies is the seed, not \
         the texts that are measured on."
    )
}

/// How labels to a target and labels saved are counted.
pub(crate) fn labels_note(findings: &Findings<'_>) -> String {
    let evidence = &findings.evidence;
    let metric = &evidence.metric;
    let mut text = String::new();
    if let Some(target) = evidence.target {
        let asked = match (&findings.run.question.target, &evidence.baseline) {
            (None, Some(baseline)) => format!(", which is what {baseline} ends with"),
            _ => String::new(),
        };
        text += &format!(
            "The target is {metric} {}{asked}. ",
            format::accuracy(target)
        );
    }
    text += "Labels are read off mean learning curves, straight between the rounds that were measured, from \
             where a curve stays at the value or above.";
    if let Some(baseline) = &evidence.baseline {
        text += &format!(
            " Labels saved are counted at the highest {metric} that both the arm and {baseline} end with or \
             above, which stands beside them. An arm that ends below {baseline}, and is not shown to be \
             better, saves none."
        );
    }
    text
}

/// A metric at the head of a sentence or a title.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

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

/// The metric of each arm after each round.
pub(crate) fn accuracies(evidence: &Evidence, zero_shot: Option<f64>) -> Table {
    let title = capital(&evidence.measure.name(&evidence.metric));
    let metric = evidence.metric.to_string();
    let against = against(evidence);
    let columns = [
        "arm", "round", "labels", "seeds", &metric, "interval", &against, "p",
    ];
    let baseline = zero_shot.map(|accuracy| {
        let mut row = vec![String::new(); columns.len()];
        row[0] = "zero-shot".to_owned();
        row[2] = "0".to_owned();
        row[4] = format::accuracy(accuracy);
        row
    });
    let points = evidence.points.iter().map(|point| {
        let [against, p] = of_point(point);
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
        &title,
        &columns,
        baseline.into_iter().chain(points).collect(),
    )
}

/// What it means that arms were stopped.
pub(crate) const STOPPED: &str = "\
An arm that was stopped stays where it stopped. Later rounds are those of the seeds that went on, so compare \
them with care. The verdict is by the last round that both arms did in each seed. A stop by the arm's own \
results comes at a good moment, which flatters it.";

/// What stands before the reason why a run ended early.
pub(crate) const UNFINISHED: &str = "The run is unfinished; this is what was done before:";

/// What the list of notes on the texts is called.
pub(crate) const NOTES: &str = "Texts that are shared or there twice";

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

/// The heading of differences to the baseline.
fn against(evidence: &Evidence) -> String {
    match &evidence.baseline {
        Some(baseline) => format!("points against {baseline}"),
        None => "points against a baseline".to_owned(),
    }
}

/// What each arm gains, at the end and on the way.
pub(crate) fn gains(evidence: &Evidence) -> Table {
    let times = match &evidence.baseline {
        Some(baseline) => format!("times {baseline}'s gain"),
        None => "times a baseline's gain".to_owned(),
    };
    let (on_the_way, against) = (
        format!("mean {} on the way", evidence.metric),
        against(evidence),
    );
    let columns = [
        "arm",
        "points over the start",
        &times,
        &on_the_way,
        &against,
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
    let (price, evidence) = (findings.run.price.as_ref(), &findings.evidence);
    let at = format!("at {}", evidence.metric);
    let mut columns = vec![
        "arm",
        "labels to the target",
        "labels saved",
        &at,
        "share saved",
    ];
    columns.extend(price.map(|_| "money saved"));
    let rows = evidence.arms.iter().map(|arm| {
        // What is not saved has no share and no price.
        let saved = arm.saved.as_ref();
        let some = saved.filter(|saved| saved.labels.value >= 0.0);
        let share = some.and_then(|saved| saved.share.as_ref());
        let mut row = vec![
            arm.arm.clone(),
            estimated(arm.labels_to_target.as_ref(), format::labels),
            labels_saved(arm, evidence.baseline.as_deref()),
            saved.map_or(String::new(), |saved| format::accuracy(saved.accuracy)),
            estimated(share, format::percent),
        ];
        row.extend(price.map(|price| {
            let money = |labels: f64| format!("{:.2} {}", price.of_label * labels, price.currency);
            some.map_or(String::new(), |saved| money(saved.labels.value))
        }));
        row
    });
    Table::new("Labels needed and saved", &columns, rows.collect())
}

/// The labels that an arm saves, or why there are none.
fn labels_saved(arm: &ArmEvidence, baseline: Option<&str>) -> String {
    match (&arm.saved, baseline) {
        (Some(saved), _) if saved.labels.value < 0.0 => {
            format!("none: needs {} more", format::labels(-saved.labels.value))
        }
        (Some(saved), _) => estimated(Some(&saved.labels), format::labels),
        (None, Some(baseline)) if arm.ends_below => format!("none: ends below {baseline}"),
        (None, _) => String::new(),
    }
}

/// The difference of a point, or why there is none; and its corrected p-value.
fn of_point(point: &Point) -> [String; 2] {
    match (&point.difference, point.baseline_labelled) {
        (None, Some(labelled)) => {
            let (own, other) = (format::labels(point.labelled), format::labels(labelled));
            [
                format!("not compared: {own} labels, not {other}"),
                String::new(),
            ]
        }
        (difference, _) => self::difference(difference.as_ref()),
    }
}

/// A difference with its interval, and its corrected p-value.
fn difference(difference: Option<&Difference>) -> [String; 2] {
    difference.map_or_else(Default::default, |difference| {
        let p = match difference.has_no_spread() {
            true => "no spread".to_owned(),
            false => format::p_value(difference.corrected_p),
        };
        [
            told(difference.mean, difference.interval, format::signed),
            p,
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
