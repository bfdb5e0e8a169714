//! What trainings and evaluations say of a model in their records.

use goldpan_evidence::Metric;
use goldpan_metrics::only;
use serde_json::Value;

/// The metric's value on the texts that were classified: of a training, those of validation and in the epoch
/// that was kept.
pub(crate) fn value(summary: &Value, metric: &Metric) -> Option<f64> {
    of(summary, metric, "")
}

/// The same in a training's last epoch.
pub(crate) fn last(summary: &Value, metric: &Metric) -> Option<f64> {
    of(summary, metric, "last_")
}

/// A number by its name.
pub(crate) fn number(summary: &Value, name: &str) -> Option<f64> {
    summary.get(name).and_then(Value::as_f64)
}

/// The class that is answered to every text, where it is only one.
pub(crate) fn only_class(summary: &Value) -> Option<String> {
    let counts: Vec<u64> = match (numbers(summary.get("predicted")), summary.get("confusion")) {
        (Some(predicted), _) => predicted,
        (None, confusion) => {
            let rows = confusion?.as_array()?.iter();
            let rows = rows.map(|row| numbers(Some(row)));
            let rows: Vec<Vec<u64>> = rows.collect::<Option<_>>()?;
            let sum = |class: usize| rows.iter().map(|row| row.get(class)).sum();
            (0..rows.len()).map(sum).collect::<Option<_>>()?
        }
    };
    classes(summary)?.get(only(&counts)?).cloned()
}

/// What a training that chose has trained, in words.
pub(crate) fn chosen(summary: &Value) -> Option<String> {
    Some(summary.get("choice")?.get("kept")?.as_str()?.to_owned())
}

fn of(summary: &Value, metric: &Metric, prefix: &str) -> Option<f64> {
    let Metric::F1(class) = metric else {
        let name = match metric {
            Metric::Accuracy => "accuracy",
            _ => "macro_f1",
        };
        return number(summary, &format!("{prefix}{name}"));
    };
    let place = classes(summary)?.iter().position(|known| known == class)?;
    match summary.get("per_class") {
        Some(all) => all.get(place)?.get("f1")?.as_f64(),
        None => summary.get(format!("{prefix}f1"))?.get(place)?.as_f64(),
    }
}

/// The classes of a training, or of an evaluation.
fn classes(summary: &Value) -> Option<Vec<String>> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(classes) = summary.get("classes").and_then(Value::as_array) {
        return classes.iter().map(name).collect();
    }
    let all = summary.get("per_class")?.as_array()?;
    all.iter().map(|class| name(class.get("class")?)).collect()
}

fn numbers(value: Option<&Value>) -> Option<Vec<u64>> {
    value?.as_array()?.iter().map(Value::as_u64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn trainings_and_evaluations_tell_every_metric() {
        let training = json!({
            "accuracy": 0.9, "macro_f1": 0.6, "classes": ["neg", "pos"], "f1": [0.95, 0.25],
            "predicted": [10, 0], "last_accuracy": 0.8, "last_macro_f1": 0.5, "last_f1": [0.9, 0.125],
        });
        let evaluation = json!({
            "accuracy": 0.9, "macro_f1": 0.6, "confusion": [[8, 0], [2, 0]],
            "per_class": [{ "class": "neg", "f1": 0.95 }, { "class": "pos", "f1": 0.25 }],
        });
        let f1 = |class: &str| Metric::F1(class.to_owned());
        for summary in [&training, &evaluation] {
            let values = [Metric::Accuracy, Metric::MacroF1, f1("pos"), f1("spam")];
            let values = values.map(|metric| value(summary, &metric));
            assert_eq!(values, [Some(0.9), Some(0.6), Some(0.25), None]);
            assert_eq!(only_class(summary).as_deref(), Some("neg"));
        }
        let last_ =
            [Metric::Accuracy, Metric::MacroF1, f1("pos")].map(|metric| last(&training, &metric));
        assert_eq!(last_, [Some(0.8), Some(0.5), Some(0.125)]);
        let both = json!({ "classes": ["neg", "pos"], "predicted": [9, 1] });
        assert_eq!(only_class(&both), None);
    }
}
