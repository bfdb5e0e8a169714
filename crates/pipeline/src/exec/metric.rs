//! Whether the texts have the class that the loop's metric is of.

use goldpan_store::Record;

use crate::error::Error;
use crate::exec::tables::Tables;
use crate::plan::Graph;
use crate::spec::Loop;

/// Refuses a metric of a class that the pool or the validation texts are known not to have, and one of which
/// no validation text is. What was not read yet is not asked.
pub(super) fn check_class(
    experiment: &Loop,
    graph: &Graph,
    records: &[Option<Record>],
    tables: &mut Tables<'_>,
) -> Result<(), Error> {
    let (Some(place), goldpan_evidence::Metric::F1(class)) =
        (&experiment.metric_class, &experiment.metric)
    else {
        return Ok(());
    };
    for (stage, must_occur) in [(&experiment.validation, true), (&experiment.pool, false)] {
        let Some(node) = graph
            .nodes
            .iter()
            .position(|node| node.name == stage.as_str())
        else {
            continue;
        };
        tables.open_texts(node, records);
        let Some(texts) = tables.texts(node) else {
            continue;
        };
        let Some(number) = texts.classes().iter().position(|known| known == class) else {
            return Err(Error::Spec(place.unknown(class, texts.classes())));
        };
        let is_class = |row| {
            texts
                .label(row)
                .is_some_and(|label| label as usize == number)
        };
        if must_occur && !(0..texts.len()).any(is_class) {
            return Err(Error::NoTextOfClass {
                texts: texts.path().to_owned(),
                stage: stage.to_string(),
                class: class.clone(),
            });
        }
    }
    Ok(())
}
