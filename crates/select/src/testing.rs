//! Small tables that tests pick from.

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Silent,
};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use tempfile::TempDir;

use crate::error::Error;
use crate::pick;
use crate::pick::Pick;
use crate::pool::Inputs;
use crate::strategy::Strategy;

/// Texts whose ids are their rows times 3, plus 5.
pub(crate) struct Tables {
    _folder: TempDir,
    embeddings: Embeddings,
    predictions: Predictions,
    pub(crate) vectors: Vec<Vec<f32>>,
    pub(crate) probabilities: Vec<Vec<f32>>,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.vectors, self.probabilities)
    }
}

/// The id of a row.
pub(crate) fn id(row: usize) -> u64 {
    row as u64 * 3 + 5
}

impl Tables {
    pub(crate) fn new(vectors: Vec<Vec<f32>>, probabilities: Vec<Vec<f32>>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("embeddings.arrow");
        let dimension = vectors[0].len();
        let producer = || Producer::new("test", 1);
        let mut writer =
            EmbeddingsWriter::create(&path, dimension, Precision::F32, producer()).unwrap();
        for (row, vector) in vectors.iter().enumerate() {
            writer.push(id(row), vector).unwrap();
        }
        writer.finish().unwrap();
        let embeddings = Embeddings::open(&path).unwrap();
        let path = folder.path().join("predictions.arrow");
        let classes: Vec<String> = (0..probabilities[0].len()).map(|c| c.to_string()).collect();
        let mut writer = PredictionsWriter::create(&path, &classes, producer()).unwrap();
        for (row, values) in probabilities.iter().enumerate() {
            writer.push(id(row), values, values).unwrap();
        }
        writer.finish().unwrap();
        Self {
            _folder: folder,
            embeddings,
            predictions: Predictions::open(&path).unwrap(),
            vectors,
            probabilities,
        }
    }

    /// What `strategy` picks where the first `labelled` rows are labelled.
    pub(crate) fn pick(
        &self,
        strategy: &Strategy,
        labelled: usize,
        count: usize,
        seed: u64,
    ) -> Result<Vec<Pick>, Error> {
        let labelled: Vec<u64> = (0..labelled).map(id).collect();
        let inputs = Inputs {
            embeddings: Some(&self.embeddings),
            predictions: Some(&self.predictions),
            labelled: &labelled,
            ..Inputs::default()
        };
        pick(strategy, &inputs, count, seed, &Silent).map(|picks| picks.picks)
    }
}

/// Tables of `rows` texts on a small grid, with ties, duplicates and zero vectors.
pub(crate) fn tables(
    rows: std::ops::Range<usize>,
) -> impl proptest::strategy::Strategy<Value = Tables> {
    let sizes = (rows, 1_usize..4, 1_usize..4);
    sizes
        .prop_flat_map(|(rows, dimension, classes)| {
            let vector = prop::collection::vec((-2_i8..3).prop_map(f32::from), dimension);
            let counts = prop::collection::vec(0_u8..4, classes);
            (
                prop::collection::vec(vector, rows),
                prop::collection::vec(counts, rows),
            )
        })
        .prop_map(|(vectors, counts)| {
            let probabilities = counts.iter().map(|counts| shares(counts)).collect();
            Tables::new(vectors, probabilities)
        })
}

/// Numbers as shares of their sum; the first gets all where they are all 0.
fn shares(counts: &[u8]) -> Vec<f32> {
    let sum: u8 = counts.iter().sum();
    (0..counts.len())
        .map(|class| match sum {
            0 => f32::from(u8::from(class == 0)),
            sum => f32::from(counts[class]) / f32::from(sum),
        })
        .collect()
}

/// `rows` texts around a few centres, by the seed alone.
pub(crate) fn clusters(rows: usize, dimension: usize, seed: u64) -> Tables {
    use rand::RngExt;
    let mut random = goldpan_artifact::rng(seed, "test");
    let mut centred = |scale: f32| (random.random::<f32>() - 0.5) * scale;
    let centres: Vec<Vec<f32>> = (0..5)
        .map(|_| (0..dimension).map(|_| centred(2.0)).collect())
        .collect();
    let vectors = (0..rows)
        .map(|row| centres[row % 5].iter().map(|c| c + centred(1.0)).collect())
        .collect();
    let probabilities = (0..rows)
        .map(|_| {
            let p = (centred(1.0) + 0.5).clamp(0.0, 1.0);
            vec![p, 1.0 - p]
        })
        .collect();
    Tables::new(vectors, probabilities)
}

/// `work` on so many threads.
pub(crate) fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}

/// Fails unless a strategy picks the same, bit by bit, on 1, 2 and 5 threads; returns the picks.
pub(crate) fn same_on_any_threads(
    tables: &Tables,
    strategy: &Strategy,
    labelled: usize,
    count: usize,
) -> Vec<Pick> {
    let picks = |threads| {
        on_threads(threads, || {
            tables.pick(strategy, labelled, count, 3).unwrap()
        })
    };
    let bits = |picks: &[Pick]| -> Vec<(u64, u32, Vec<u32>)> {
        let values = |pick: &Pick| pick.objectives.iter().map(|v| v.to_bits()).collect();
        picks
            .iter()
            .map(|pick| (pick.id, pick.score.to_bits(), values(pick)))
            .collect()
    };
    let one = picks(1);
    assert_eq!(one.len(), count);
    for threads in [2, 5] {
        assert_eq!(bits(&picks(threads)), bits(&one), "{threads} threads");
    }
    one
}
