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

    let (train, train_texts) = read(&work, &places, "movie-snippets", "train");
    let (validation, validation_texts) = read(&work, &places, "movie-snippets", "validation");
    assert_eq!(train.rows + validation.rows, all.rows);
    assert_eq!(train.rows + train.left_out.count + train.outside, 10_605);
    assert_eq!(validation.rows, 1_076);
    let texts: HashSet<&str> = (0..train_texts.len())
        .map(|row| train_texts.text(row))
        .collect();
    let shared =
        (0..validation_texts.len()).filter(|&row| texts.contains(validation_texts.text(row)));
    assert_eq!(shared.count(), 0);
    assert!(
        validation_texts
            .key(0)
            .is_some_and(|key| key.parse::<u64>().is_ok())
    );
}

#[test]
fn sst2_is_read_whole_where_it_is() {
    let Some(data) = std::env::var_os("GOLDPAN_DATA") else {
        println!("GOLDPAN_DATA is not set, so SST-2 is not read");
        return;
    };
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
