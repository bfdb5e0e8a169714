//! Classes that the start of a seed lacks.

use goldpan_artifact::Labels;
use goldpan_store::Record;

use crate::exec::context::Context;
use crate::plan::Work;

/// How many classes, and how many seeds, a line names.
const NAMED: usize = 5;

/// A line where the start of any seed has no text of some class: no arm learns it before its first
/// rounds find it.
pub(crate) fn lacking(context: &Context<'_>, records: &[Option<Record>]) -> Option<String> {
    let graph = context.graph;
    let starts = graph.trained.iter().filter(|model| model.round == 0);
    let mut seeds: Vec<(u64, Vec<String>)> = Vec::new();
    for model in starts {
        let Work::Train {
            labelled: Some(labels),
            ..
        } = &graph.nodes[model.node].work
        else {
            continue;
        };
        let path = context.file(*labels, records, "labels.arrow");
        // A table that cannot be read has stopped the run.
        let labels = path.and_then(|path| Labels::open(path).ok());
        let lacks = labels.map(|labels| lacks(&labels)).unwrap_or_default();
        if !lacks.is_empty() {
            seeds.push((model.seed, lacks));
        }
    }
    sentence(&seeds)
}

/// The classes that no row has.
fn lacks(labels: &Labels) -> Vec<String> {
    let mut seen = vec![false; labels.classes().len()];
    for row in 0..labels.len() {
        let class = usize::try_from(labels.label(row)).ok();
        if let Some(seen) = class.and_then(|class| seen.get_mut(class)) {
            *seen = true;
        }
    }
    let unseen = labels.classes().iter().zip(seen).filter(|(_, seen)| !seen);
    unseen.map(|(name, _)| name.clone()).collect()
}

fn sentence(seeds: &[(u64, Vec<String>)]) -> Option<String> {
    let cut = |texts: Vec<String>, between: &str| {
        let more = texts.len().saturating_sub(NAMED);
        let shown: Vec<String> = texts.into_iter().take(NAMED).collect();
        match more {
            0 => shown.join(between),
            more => format!("{} and {more} more", shown.join(between)),
        }
    };
    let one = |(seed, names): &(u64, Vec<String>)| {
        let names = names.iter().map(|name| format!("`{name}`")).collect();
        format!("seed {seed} has none of {}", cut(names, ", "))
    };
    (!seeds.is_empty()).then(|| {
        format!(
            "the start lacks classes, which its models cannot learn: {}",
            cut(seeds.iter().map(one).collect(), "; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_that_lack_classes_are_named_in_a_line() {
        assert_eq!(sentence(&[]), None);
        let names =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        let seeds = [(0, names(&["rare", "odd"])), (3, names(&["odd"]))];
        assert_eq!(
            sentence(&seeds).unwrap(),
            "the start lacks classes, which its models cannot learn: seed 0 has none of `rare`, \
             `odd`; seed 3 has none of `odd`"
        );
        let many: Vec<(u64, Vec<String>)> = (0..7).map(|seed| (seed, names(&["x"]))).collect();
        assert!(
            sentence(&many)
                .unwrap()
                .ends_with("; seed 4 has none of `x` and 2 more")
        );
    }
}
