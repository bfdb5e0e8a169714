//! Named datasets: SST-2 where it lies on this machine, and movie-snippets from the package index.

mod common;

use std::collections::HashSet;
use std::path::PathBuf;

use common::Work;
use goldpan_artifact::{Silent, Texts};
use goldpan_ingest::{IngestConfig, Summary, ingest};
use goldpan_sources::{Places, dataset};

fn read(work: &Work, places: &Places, name: &str, split: &str) -> (Summary, Texts) {
    let files = dataset(name, split, places, &Silent).unwrap_or_else(|error| panic!("{error}"));
    let config = IngestConfig::try_from(files).unwrap();
    let out = work.folder.path().join(format!("{split}.arrow"));
    let summary = ingest(&config, &out, &Silent).unwrap();
    (summary, Texts::open(out).unwrap())
}

/// Needs the package index: it fails, and says so, where that cannot be reached.
#[test]
fn movie_snippets_split_without_a_shared_text() {
    let work = Work::new();
    let mut places = Places::from_env().unwrap();
    places.cache = work.folder.path().join("cache");
    let (all, _) = read(&work, &places, "movie-snippets", "all");
    assert_eq!((all.rows, all.left_out.count, all.outside), (10_568, 37, 0));
    let counts: Vec<_> = all
        .classes
        .iter()
        .map(|class| (class.name.as_str(), class.rows))
        .collect();
    assert_eq!(counts, [("negative", 5_326), ("positive", 5_242)]);
    assert_eq!(
        (all.duplicates.count, all.conflicts.count, all.blank.count),
        (2, 0, 0)
    );

    let splits = ["train", "validation", "test"];
    let read = splits.map(|split| read(&work, &places, "movie-snippets", split));
    let rows = read.each_ref().map(|(summary, _)| summary.rows);
    assert_eq!(rows.iter().sum::<u64>(), all.rows);
    assert_eq!(rows[1], 1_076);
    for (summary, _) in &read {
        assert_eq!(
            summary.rows + summary.left_out.count + summary.outside,
            10_605
        );
    }
    let mut seen = HashSet::new();
    for (_, texts) in &read {
        let own: HashSet<&str> = (0..texts.len()).map(|row| texts.text(row)).collect();
        for text in own {
            assert!(seen.insert(text), "{text:?} is in two splits");
        }
    }
    let (_, validation_texts) = &read[1];
    assert!(
        validation_texts
            .key(0)
            .is_some_and(|key| key.parse::<u64>().is_ok())
    );
}

#[test]
#[ignore = "needs GOLDPAN_DATA with sst2; .ci/run asks for it where that is"]
fn sst2_is_read_whole() {
    let data = std::env::var_os("GOLDPAN_DATA").expect("GOLDPAN_DATA is a folder that holds sst2");
    let work = Work::new();
    let mut places = Places::with_cache(work.folder.path().join("cache")).unwrap();
    places.data = Some(PathBuf::from(data));
    places.hub.offline = true;
    for (split, rows) in [("train", 67_349), ("validation", 872), ("test", 1_821)] {
        let (summary, texts) = read(&work, &places, "sst2", split);
        assert_eq!((summary.rows, summary.labelled), (rows, rows), "{split}");
        assert_eq!(texts.classes(), ["negative", "positive"]);
        assert_eq!(summary.empty_lines + summary.blank.count, 0);
    }
}
