//! What has to be known of a run's models before their numbers are believed, in sentences.

use std::collections::BTreeMap;

use goldpan_report::grouped;
use goldpan_store::Record;
use serde_json::Value;

use crate::exec::lookup::selection;
use crate::exec::outcome::ModelRow;
use crate::plan::Graph;
use crate::spec::Pipeline;

/// The notes of a run with a loop; none where there is nothing to say.
pub(crate) fn notes(
    pipeline: &Pipeline,
    graph: &Graph,
    records: &[Option<Record>],
    models: &[ModelRow],
) -> Vec<String> {
    let Some(experiment) = &pipeline.experiment else {
        return Vec::new();
    };
    let metric = experiment.training.config.validation_metric;
    let ties = ties(models, &metric.to_string());
    let same = experiment.arms.iter().filter_map(|arm| {
        let picks = picks(graph, records, arm.name.as_str())?;
        same_picks(arm.name.as_str(), &picks)
    });
    let compared = compared(
        graph
            .trained
            .iter()
            .filter_map(|model| Some(&records[model.node].as_ref()?.summary)),
    );
    ties.into_iter().chain(compared).chain(same).collect()
}

/// How many models have several best epochs.
fn ties(models: &[ModelRow], metric: &str) -> Option<String> {
    let equal = models.iter().filter_map(|model| model.equal_epochs);
    let (all, tied) = equal.fold((0, 0), |(all, tied), equal| {
        (all + 1, tied + u64::from(equal > 1))
    });
    let (tied_, all) = (grouped(tied), grouped(all));
    (tied > 0).then(|| {
        format!(
            "In {tied_} of {all} trainings several epochs are equal in {metric}: the one with the lowest \
             loss was kept."
        )
    })
}

/// By how many texts epochs were compared, where it was not by all.
fn compared<'a>(trained: impl Iterator<Item = &'a Value>) -> Option<String> {
    let sample = |summary: &Value| summary.get("compared_by")?.as_u64();
    let most = trained.filter_map(sample).max()?;
    Some(format!(
        "Epochs were compared by {} of the validation texts, drawn at random and the same for all models; accuracy, \
         macro-F1 and loss of the epoch that was kept are by all of them.",
        grouped(most)
    ))
}

/// What an arm picked: for each seed the selections of its rounds, by their digests. `None` where a round of
/// a seed is not there.
fn picks(
    graph: &Graph,
    records: &[Option<Record>],
    arm: &str,
) -> Option<BTreeMap<u64, Vec<String>>> {
    let of_arm = graph.trained.iter();
    let of_arm = of_arm.filter(|model| model.arm.as_ref().is_some_and(|name| name.as_str() == arm));
    let mut picks: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for model in of_arm {
        let record = records[selection(graph, model.node)?].as_ref()?;
        let object = record.object.to_string();
        picks.entry(model.seed).or_default().push(object);
    }
    Some(picks)
}

/// Whether several seeds made the same picks all the way.
fn same_picks(arm: &str, picks: &BTreeMap<u64, Vec<String>>) -> Option<String> {
    let mut all = picks.values();
    let first = all.next()?;
    let same = picks.len() > 1 && !first.is_empty() && all.all(|other| other == first);
    same.then(|| {
        format!(
            "{arm} picked the same texts in all {} seeds: they differ by the training alone, and say \
             nothing of other picks.",
            picks.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_that_no_seed_changed_are_told() {
        let picks = |seeds: &[&[&str]]| -> BTreeMap<u64, Vec<String>> {
            let picks = seeds
                .iter()
                .map(|picks| picks.iter().map(ToString::to_string).collect());
            (0..).zip(picks).collect()
        };
        assert_eq!(same_picks("margin", &picks(&[&["a", "b"]])), None);
        assert_eq!(
            same_picks("margin", &picks(&[&["a", "b"], &["a", "c"]])),
            None
        );
        let told = same_picks("margin", &picks(&[&["a", "b"], &["a", "b"]])).unwrap();
        assert!(
            told.starts_with("margin picked the same texts in all 2 seeds"),
            "{told}"
        );
    }

    #[test]
    fn a_sample_that_epochs_were_compared_by_is_told() {
        let all = serde_json::json!({ "compared_by": null });
        let some = serde_json::json!({ "compared_by": 2000 });
        assert_eq!(compared([&all].into_iter()), None);
        let told = compared([&all, &some].into_iter()).unwrap();
        assert!(
            told.starts_with("Epochs were compared by 2,000 of"),
            "{told}"
        );
    }
}
