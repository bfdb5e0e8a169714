//! Evaluations of small tables.

use std::error::Error as _;
use std::path::Path;

use goldpan_artifact::{Predictions, PredictionsWriter, Producer, Texts, TextsWriter};
use goldpan_evaluate::{Error, Evaluation, evaluate, write};
use tempfile::TempDir;

fn classes(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn texts(folder: &Path, names: &[&str], rows: &[(u64, Option<i32>)]) -> Texts {
    let path = folder.join("texts.arrow");
    let mut writer = TextsWriter::create(&path, &classes(names), Producer::new("test", 1)).unwrap();
    for (id, label) in rows {
        writer.push(*id, "text", *label, None).unwrap();
    }
    writer.finish().unwrap();
    Texts::open(&path).unwrap()
}

fn predictions(folder: &Path, names: &[&str], rows: &[(u64, &[f32])]) -> Predictions {
    let path = folder.join("predictions.arrow");
    let mut writer =
        PredictionsWriter::create(&path, &classes(names), Producer::new("test", 1)).unwrap();
    for (id, logits) in rows {
        writer.push(*id, logits, &vec![0.5; logits.len()]).unwrap();
    }
    writer.finish().unwrap();
    Predictions::open(&path).unwrap()
}

fn evaluated(
    predicted: (&[&str], &[(u64, &[f32])]),
    true_texts: (&[&str], &[(u64, Option<i32>)]),
) -> Result<Evaluation, Error> {
    let folder = TempDir::new().unwrap();
    let predictions = predictions(folder.path(), predicted.0, predicted.1);
    let texts = texts(folder.path(), true_texts.0, true_texts.1);
    evaluate(&predictions, &texts)
}

const BOTH: &[&str] = &["negative", "positive"];

#[test]
fn degenerate_cases_are_told() {
    const THREE: &[&str] = &["neg", "pos", "other"];
    let notes = |logits: [&[f32]; 2], labels: [i32; 2]| {
        let rows: Vec<(u64, &[f32])> = (0..).zip(logits).collect();
        let texts: Vec<(u64, Option<i32>)> = (0..).zip(labels.map(Some)).collect();
        evaluated((THREE, &rows), (THREE, &texts)).unwrap().notes()
    };
    let (neg, pos): (&[f32], &[f32]) = (&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0]);
    assert_eq!(
        notes([neg, neg], [0, 1]),
        [
            "the model answers one class, neg, to all of these texts: accuracy is that of always answering \
             neg (0.5000)",
            "macro-F1 is the mean over 2 of 3 classes: no text is other and none was predicted so",
        ]
    );
    assert_eq!(
        notes([neg, pos], [1, 1])[0],
        "all labelled texts are pos: how well other classes are found is not known"
    );
    assert_eq!(
        notes([neg, neg], [0, 0])[2],
        "macro-F1 is the mean over 1 of 3 classes: no text is pos and 1 more and none was predicted so"
    );
    assert_eq!(notes([&[0.0, 0.0, 1.0], pos], [0, 1]), [""; 0]);
}

#[test]
fn joins_by_id_and_counts_what_it_leaves_out() {
    let found = evaluated(
        (
            BOTH,
            &[(8, &[0.0, 2.0]), (3, &[2.0, 0.0]), (5, &[0.0, 1.0])],
        ),
        (BOTH, &[(3, Some(0)), (5, None), (8, Some(0))]),
    )
    .unwrap();
    assert_eq!(found.unlabelled, 1);
    assert_eq!(found.metrics.examples, 2);
    assert_eq!(found.metrics.confusion, [[1, 1], [0, 0]]);
    let loss = ((1.0 + (-2.0_f64).exp()).ln() + (1.0 + 2.0_f64.exp()).ln()) / 2.0;
    assert!((found.metrics.loss - loss).abs() < 1e-12);
}

#[test]
fn order_of_rows_does_not_matter() {
    let texts: &[(u64, Option<i32>)] = &[(1, Some(0)), (2, Some(1)), (3, Some(1))];
    let rows: &[(u64, &[f32])] = &[(1, &[0.1, 0.7]), (2, &[-0.4, 0.2]), (3, &[0.3, 0.1])];
    let mut reversed = rows.to_vec();
    reversed.reverse();
    let same = evaluated((BOTH, rows), (BOTH, texts)).unwrap();
    assert_eq!(evaluated((BOTH, &reversed), (BOTH, texts)).unwrap(), same);
}

#[test]
fn classes_are_matched_by_name() {
    let found = evaluated(
        (
            &["neutral", "positive", "negative"],
            &[(1, &[0.0, 0.0, 1.0]), (2, &[0.0, 1.0, 0.0])],
        ),
        (BOTH, &[(1, Some(0)), (2, Some(1))]),
    )
    .unwrap();
    assert_eq!(found.metrics.accuracy, 1.0);
    let support: Vec<_> = found
        .metrics
        .per_class
        .iter()
        .map(|c| (&*c.class, c.support))
        .collect();
    assert_eq!(support, [("neutral", 0), ("positive", 1), ("negative", 1)]);

    let error = evaluated(
        (&["LABEL_0", "LABEL_1"], &[(1, &[0.0, 0.0])]),
        (BOTH, &[(1, Some(0))]),
    )
    .unwrap_err();
    let message = error.to_string();
    assert!(message.contains("has a class `negative`"), "{message}");
    assert!(
        message.contains("(its classes are LABEL_0, LABEL_1)"),
        "{message}"
    );
}

#[test]
fn a_missing_partner_is_named() {
    let error = evaluated(
        (BOTH, &[(1, &[0.0, 0.0])]),
        (BOTH, &[(1, Some(0)), (4, Some(1)), (6, Some(1))]),
    );
    assert!(
        matches!(error, Err(Error::NoPrediction { id: 4, .. })),
        "{error:?}"
    );

    let error = evaluated(
        (BOTH, &[(1, &[0.0, 0.0]), (7, &[0.0, 0.0])]),
        (BOTH, &[(1, Some(0))]),
    );
    assert!(
        matches!(error, Err(Error::NoText { id: 7, .. })),
        "{error:?}"
    );
}

#[test]
fn an_unlabelled_text_needs_no_prediction() {
    let found = evaluated(
        (BOTH, &[(1, &[0.0, 1.0])]),
        (BOTH, &[(1, Some(1)), (2, None)]),
    );
    assert_eq!(found.unwrap().unlabelled, 1);
}

#[test]
fn texts_without_labels_are_refused() {
    let error = evaluated((BOTH, &[(1, &[0.0, 0.0])]), (&[], &[(1, None)])).unwrap_err();
    assert!(matches!(error, Error::NoLabels { .. }), "{error:?}");
}

#[test]
fn a_diverged_model_is_named_with_its_row() {
    let error = evaluated(
        (BOTH, &[(1, &[0.0, 0.0]), (9, &[0.0, f32::NAN])]),
        (BOTH, &[(1, Some(0)), (9, Some(1))]),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the prediction for text 9 in "),
        "{error}"
    );
    let reason = error.source().unwrap().to_string();
    assert!(reason.contains("the logit NaN for class 1"), "{reason}");
}

#[test]
fn writes_flat_json() {
    let folder = TempDir::new().unwrap();
    let found = evaluated((BOTH, &[(1, &[0.0, 1.0])]), (BOTH, &[(1, Some(1))])).unwrap();
    let path = folder.path().join("metrics.json");
    write(&found, &path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("{\n  \"examples\": 1,\n  \"accuracy\": 1.0,\n"),
        "{text}"
    );
    assert!(text.ends_with("\"unlabelled\": 0\n}\n"), "{text}");
    assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), found);
    assert!(write(&found, &folder.path().join("none/metrics.json")).is_err());
}
