//! Strategies that cover the pool, through the public interface alone.

use goldpan_artifact::{
    Embeddings, EmbeddingsWriter, Precision, Predictions, PredictionsWriter, Producer, Silent,
};
use goldpan_select::{Error, Inputs, Picks, Strategy, pick};
use tempfile::TempDir;

const NAMES: [&str; 4] = ["facility-location", "prob-cover", "max-herding", "uherding"];

/// Texts whose ids are their rows.
struct Tables {
    _folder: TempDir,
    embeddings: Embeddings,
    predictions: Predictions,
}

impl Tables {
    fn new(vectors: &[Vec<f32>], sure: &[f32]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("embeddings.arrow");
        let producer = || Producer::new("test", 1);
        let width = vectors[0].len();
        let mut writer =
            EmbeddingsWriter::create(&path, width, Precision::F32, producer()).unwrap();
        for (id, vector) in (0..).zip(vectors) {
            writer.push(id, vector).unwrap();
        }
        writer.finish().unwrap();
        let embeddings = Embeddings::open(&path).unwrap();
        let path = folder.path().join("predictions.arrow");
        let classes = ["a".to_owned(), "b".to_owned()];
        let mut writer = PredictionsWriter::create(&path, &classes, producer()).unwrap();
        for (id, &sure) in (0..).zip(sure) {
            writer.push(id, &[0.0; 2], &[sure, 1.0 - sure]).unwrap();
        }
        writer.finish().unwrap();
        Self {
            _folder: folder,
            embeddings,
            predictions: Predictions::open(&path).unwrap(),
        }
    }

    fn try_pick(&self, text: &str, labelled: &[u64], count: usize) -> Result<Picks, Error> {
        let strategy: Strategy = serde_json::from_str(text).unwrap();
        let inputs = Inputs {
            embeddings: Some(&self.embeddings),
            predictions: Some(&self.predictions),
            labelled,
            ..Inputs::default()
        };
        pick(&strategy, &inputs, count, 0, &Silent)
    }

    fn pick(&self, text: &str, labelled: &[u64], count: usize) -> Vec<(u64, f32)> {
        let picks = self.try_pick(text, labelled, count).unwrap().picks;
        picks.iter().map(|pick| (pick.id, pick.score)).collect()
    }
}

/// Three near texts, two others, the fifth nearer to the one alone; the model is unsure of the last three.
fn crowds() -> Tables {
    let vectors = [0.0_f32, 0.01, 0.02, 1.0, 1.01, 2.0].map(|angle| vec![angle.cos(), angle.sin()]);
    Tables::new(&vectors, &[1.0, 1.0, 1.0, 0.5, 0.5, 0.5])
}

#[test]
fn the_middle_of_the_largest_crowd_is_first() {
    let ids = |text: &str| -> Vec<u64> {
        let picks = crowds().pick(text, &[], 3);
        picks.iter().map(|pick| pick.0).collect()
    };
    assert_eq!(ids(r#"{"prob-cover":{"radius":0.1}}"#), [0, 3, 5]);
    assert_eq!(ids(r#"{"max-herding":{"bandwidth":0.3}}"#), [1, 4, 5]);
    assert_eq!(
        crowds().pick(r#"{"prob-cover":{"radius":0.1}}"#, &[], 3),
        [(0, 3.0), (3, 2.0), (5, 1.0)]
    );
}

#[test]
fn labelled_texts_cover_their_neighbours() {
    let picks = crowds().pick(r#"{"prob-cover":{"radius":0.1}}"#, &[1], 2);
    assert_eq!(picks, [(3, 2.0), (5, 1.0)]);
}

#[test]
fn uncertainty_draws_the_herd() {
    let picks = crowds().pick(r#"{"uherding":{"bandwidth":0.3}}"#, &[], 2);
    assert_eq!(picks.iter().map(|pick| pick.0).collect::<Vec<_>>(), [4, 5]);
    assert!((picks[0].1 - 2.0).abs() < 0.01, "{picks:?}");
    let all = crowds().try_pick(r#"{"uherding":{}}"#, &[], 6).unwrap();
    assert_eq!(all.objectives, ["coverage", "uncertainty"]);
    for pick in &all.picks {
        assert_eq!(pick.objectives[1], f32::from(pick.row >= 3));
    }
}

#[test]
fn the_scale_of_vectors_does_not_matter() {
    let vectors = |scale: f32| -> Vec<Vec<f32>> {
        let angles = (0..40_u8).map(|i| f32::from(i) * f32::from(i) * 0.01);
        angles
            .map(|angle| vec![angle.cos() * scale, angle.sin() * scale])
            .collect()
    };
    for text in [r#"{"facility-location":{}}"#, r#"{"max-herding":{}}"#] {
        let pick = |scale| Tables::new(&vectors(scale), &[0.5; 40]).pick(text, &[3], 20);
        assert_eq!(pick(1.0), pick(4.0), "{text}");
    }
}

#[test]
fn vectors_without_length_or_difference_go_by_row() {
    for vector in [vec![0.0, 0.0], vec![0.6, 0.8]] {
        for sure in [0.5, 1.0] {
            let tables = Tables::new(&vec![vector.clone(); 5], &[sure; 5]);
            for name in NAMES {
                let text = format!(r#"{{"{name}":{{}}}}"#);
                let ids = |labelled: &[u64], count| -> Vec<u64> {
                    let picks = tables.pick(&text, labelled, count);
                    picks.iter().map(|pick| pick.0).collect()
                };
                assert_eq!(ids(&[], 5), [0, 1, 2, 3, 4], "{name}");
                assert_eq!(ids(&[1], 3), [0, 2, 3], "{name}");
            }
        }
    }
    for name in NAMES {
        let one = Tables::new(&[vec![1.0]], &[0.5]);
        assert_eq!(one.pick(&format!(r#"{{"{name}":{{}}}}"#), &[], 1)[0].0, 0);
    }
}

#[test]
fn threads_do_not_matter() {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    let vectors: Vec<Vec<f32>> = (0..700).map(|_| (0..9).map(|_| next()).collect()).collect();
    let sure: Vec<f32> = (0..700).map(|_| next()).collect();
    let tables = Tables::new(&vectors, &sure);
    let all = NAMES.map(|name| format!(r#"{{"{name}":{{}}}}"#));
    let stochastic = r#"{"facility-location":{"greedy":{"stochastic":{"epsilon":0.1}}}}"#;
    for text in all.iter().map(String::as_str).chain([stochastic]) {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| tables.pick(text, &[5, 6, 7], 300))
        };
        assert_eq!(on(1), on(2), "{text}");
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let tables = crowds();
    for (text, message) in [
        (
            r#"{"prob-cover":{"radius":-1}}"#,
            "strategy `prob-cover`: radius = -1 is not from 0 to 1e18",
        ),
        (
            r#"{"prob-cover":{"neighbours":0}}"#,
            "strategy `prob-cover`: neighbours = 0 is not from 1 to 65536",
        ),
        (
            r#"{"max-herding":{"bandwidth":0}}"#,
            "strategy `max-herding`: bandwidth = 0 is not from 1e-6 to 1e6",
        ),
        (
            r#"{"uherding":{"bandwidth":1e9}}"#,
            "strategy `uherding`: bandwidth = 1000000000 is not from 1e-6 to 1e6",
        ),
        (
            r#"{"facility-location":{"greedy":{"stochastic":{"epsilon":1}}}}"#,
            "strategy `facility-location`: greedy.stochastic.epsilon = 1 is not above 0 and below 1",
        ),
    ] {
        assert_eq!(
            tables.try_pick(text, &[], 1).unwrap_err().to_string(),
            message
        );
    }
    for text in [
        r#"{"prob-cover":{"delta":1}}"#,
        r#"{"max-herding":{"width":1}}"#,
        r#"{"uherding":{"score":"variance"}}"#,
        r#"{"facility-location":{"greedy":"eager"}}"#,
    ] {
        assert!(serde_json::from_str::<Strategy>(text).is_err(), "{text}");
    }
}
