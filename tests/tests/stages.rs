//! Each stage alone, on a user's own CSV file, with a real model.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use goldpan_artifact::{Embeddings, History, Predictions, Selection, Texts};
use goldpan_tests::{MODEL, csv, reviews, run};
use serde_json::Value;

const COLUMNS: &str = "--text-column review --label-column verdict --id-column number";

/// A folder with `texts.arrow` of 80 texts and `dev.arrow` of 40.
fn ingested() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let reviews = reviews(120);
    for (name, part) in [("texts", &reviews[..80]), ("dev", &reviews[80..])] {
        csv(&path.join(format!("{name}.csv")), part);
        let arguments = format!("ingest --input {name}.csv {COLUMNS} --out {name}.arrow");
        let ran = run(path, &arguments).well();
        assert_eq!(ran.stdout, format!("{name}.arrow\n"));
        ran.saying(&["texts (negative ", ", positive "]);
    }
    let texts = Texts::open(path.join("texts.arrow")).unwrap();
    for (row, review) in reviews[..80].iter().enumerate() {
        assert_eq!(texts.text(row), review.text);
        assert_eq!(texts.key(row), Some(review.number.as_str()));
        let class = texts
            .label(row)
            .and_then(|label| texts.classes().get(label as usize));
        assert_eq!(class, Some(&review.verdict));
    }
    folder
}

/// Trains on the selection, for one epoch.
fn train(path: &Path, out: &str) {
    let arguments = format!(
        "train --texts texts.arrow --labelled selection.arrow --validation dev.arrow \
         --model {MODEL} --epochs 1 --batch-size 8 --learning-rate 2e-3 --lora-layers 4,5 --seed 3 \
         --out {out}"
    );
    run(path, &arguments).well().saying(&[
        "trained on 32 texts from a new head (the base has none), solved on the labelled texts: ",
    ]);
}

#[test]
fn from_a_csv_file_to_metrics() {
    let folder = ingested();
    let path = folder.path();

    let embed = format!("embed --texts texts.arrow --model {MODEL} --out embeddings.arrow");
    run(path, &embed)
        .well()
        .saying(&["80 texts embedded in 384 dimensions"]);
    let embeddings = Embeddings::open(path.join("embeddings.arrow")).unwrap();
    let mut vector = vec![0.0; 384];
    for row in 0..embeddings.len() {
        embeddings.row_f32(row, &mut vector);
        let square: f32 = vector.iter().map(|x| x * x).sum();
        assert!((square - 1.0).abs() < 1e-4, "row {row} has square {square}");
    }

    let select = "select --count 32 --strategy k-center --embeddings embeddings.arrow --seed 5 \
                  --out selection.arrow";
    run(path, select)
        .well()
        .saying(&["32 picked by diversity from 80 texts, 0 labelled before"]);
    let first = fs::read(path.join("selection.arrow")).unwrap();
    run(path, select).well();
    assert_eq!(fs::read(path.join("selection.arrow")).unwrap(), first);
    let labelled: BTreeSet<u64> = Selection::open(path.join("selection.arrow"))
        .unwrap()
        .ids()
        .collect();
    assert_eq!(labelled.len(), 32);

    train(path, "model");
    for file in [
        "adapter_model.safetensors",
        "adapter_config.json",
        "goldpan.json",
    ] {
        assert!(path.join("model").join(file).is_file(), "{file} is missing");
    }
    assert!(!path.join("model.checkpoint").exists());
    let history = History::open(path.join("model/history.arrow"))
        .unwrap()
        .rows();
    assert!(history.iter().any(|row| row.validation_accuracy.is_some()));

    for name in ["texts", "dev"] {
        let arguments =
            format!("predict --texts {name}.arrow --model model --out {name}-predictions.arrow");
        run(path, &arguments)
            .well()
            .saying(&["classified as negative, positive"]);
    }
    let evaluate =
        "evaluate --predictions dev-predictions.arrow --texts dev.arrow --out metrics.json";
    run(path, evaluate)
        .well()
        .saying(&["accuracy 0.", "on 40 texts"]);
    let metrics: Value =
        serde_json::from_slice(&fs::read(path.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics["accuracy"].as_f64(), Some(accuracy(path)));

    fs::write(
        path.join("strategy.yaml"),
        "product: [ { diversity: {} }, { uncertainty: { score: margin } } ]\n",
    )
    .unwrap();
    let next = "select --count 10 --config strategy.yaml --texts texts.arrow \
                --embeddings embeddings.arrow --predictions texts-predictions.arrow \
                --labelled selection.arrow --out next.arrow";
    run(path, next)
        .well()
        .saying(&["10 picked by diversity-margin from 80 texts, 32 labelled"]);
    let picked = Selection::open(path.join("next.arrow")).unwrap();
    assert!(picked.ids().all(|id| !labelled.contains(&id)));
    assert_eq!(picked.objectives(), ["diversity", "margin"]);

    shown(path);
    base_and_adapter_apart(path);
    exported(path);
}

/// The share of the validation texts whose most probable class is their label.
fn accuracy(path: &Path) -> f64 {
    let predictions = Predictions::open(path.join("dev-predictions.arrow")).unwrap();
    let texts = Texts::open(path.join("dev.arrow")).unwrap();
    let right = (0..texts.len()).filter(|&row| {
        let probabilities = predictions.probabilities(row);
        let sum: f32 = probabilities.iter().sum();
        assert!((sum - 1.0).abs() < 1e-5);
        let positive = i32::from(probabilities[1] > probabilities[0]);
        texts.label(row) == Some(positive)
    });
    right.count() as f64 / texts.len() as f64
}

fn shown(path: &Path) {
    for (artifact, parts) in [
        ("texts.arrow", ["kind     texts", "rows     80"]),
        ("embeddings.arrow", ["kind     embeddings", "f32"]),
        ("selection.arrow", ["kind     selection", "rank"]),
        (
            "dev-predictions.arrow",
            ["kind     predictions", "negative, positive"],
        ),
        (
            "model",
            [
                "base     sentence-transformers/all-MiniLM-L6-v2",
                "kind     history",
            ],
        ),
    ] {
        let ran = run(path, &format!("show {artifact} --rows 3 --verify")).well();
        for part in parts {
            assert!(
                ran.stdout.contains(part),
                "{part:?} is not in:\n{}",
                ran.stdout
            );
        }
        assert!(ran.stdout.contains("checksum right"), "{}", ran.stdout);
    }
}

/// The same training again gives the same model, and `--adapter` the same predictions.
fn base_and_adapter_apart(path: &Path) {
    train(path, "again");
    let weights =
        |model: &str| fs::read(path.join(model).join("adapter_model.safetensors")).unwrap();
    assert!(
        weights("model") == weights("again"),
        "two trainings with one seed differ"
    );
    let arguments =
        format!("predict --texts dev.arrow --model {MODEL} --adapter again --out adapter.arrow");
    run(path, &arguments).well();
    // The tables differ in the name of the model alone.
    let predictions = |file: &str| {
        let table = Predictions::open(path.join(file)).unwrap();
        let row = |row| (table.id(row), table.logits(row).to_vec());
        let rows: Vec<_> = (0..table.len()).map(row).collect();
        (table.classes().to_vec(), rows)
    };
    assert!(predictions("adapter.arrow") == predictions("dev-predictions.arrow"));

    run(
        path,
        "predict --texts dev.arrow --model model --adapter again --out x.arrow",
    )
    .with(2)
    .saying(&["model is a trained model already"]);
    let taken =
        format!("train --texts texts.arrow --validation dev.arrow --model {MODEL} --out model");
    run(path, &taken)
        .with(2)
        .saying(&["model exists and is not empty"]);
}

/// An exported model gives the same logits, but for rounding, whole as well as in two parts.
fn exported(path: &Path) {
    run(path, "export --model model --out shared")
        .well()
        .saying(&["an adapter for PEFT", "negative, positive"]);
    run(path, "export --model model --merged --out merged")
        .well()
        .saying(&["a whole model", "negative, positive"]);
    for name in ["shared", "merged"] {
        assert!(path.join(name).join("tokenizer.json").is_file(), "{name}");
        let predict = format!("predict --texts dev.arrow --model {name} --out {name}.arrow");
        run(path, &predict)
            .well()
            .saying(&["classified as negative, positive"]);
        let table = |file: &str| Predictions::open(path.join(file)).unwrap();
        let (got, expected) = (
            table(&format!("{name}.arrow")),
            table("dev-predictions.arrow"),
        );
        for row in 0..expected.len() {
            for (a, b) in got.logits(row).iter().zip(expected.logits(row)) {
                assert!(
                    (a - b).abs() <= 1e-5,
                    "{name}: row {row} has {a} instead of {b}"
                );
            }
        }
    }
    run(path, "export --model model --merged --out merged")
        .with(2)
        .saying(&["merged exists and is not empty"]);
    run(path, "export --model merged --merged --out x")
        .with(2)
        .saying(&["is a whole model already"]);
    assert!(!path.join("x").exists());
}

/// What may be picked, and what a selection costs, is said beforehand.
#[test]
fn selections_are_listed_planned_filtered_and_limited() {
    let list = run(Path::new("."), "select --list").well().stdout;
    assert!(list.contains("badge") && list.contains("arXiv:1906.03671"));
    let folder = ingested();
    let path = folder.path();
    let embed = format!("embed --texts texts.arrow --model {MODEL} --out embeddings.arrow");
    run(path, &embed).well();
    let select = "select --strategy k-center --embeddings embeddings.arrow --texts texts.arrow";
    let plan = run(path, &format!("{select} --count 10 --plan"))
        .well()
        .stdout;
    assert!(
        plan.starts_with("10 picks of 80 texts, 0 labelled: about "),
        "{plan}"
    );
    run(
        path,
        &format!("{select} --count 10 --memory-limit 1KiB --out s.arrow"),
    )
    .with(2)
    .saying(&["strategy `diversity` needs", "raise the limit"]);
    for (condition, message) in [
        ("length>99999", "are left after"),
        ("lenth>3", "has no metadata column `lenth`"),
        ("length>>3", "character 8: expected a number or a word"),
    ] {
        let rest = format!("{select} --count 10 --where {condition} --out s.arrow");
        run(path, &rest).with(2).saying(&[message]);
    }
    assert!(!path.join("s.arrow").exists());
    let rest = "--share 0.1 --skip-duplicates 0 --skip-outliers 0.1 --where length>1 --out s.arrow";
    run(path, &format!("{select} {rest}")).well();
    let selection = Selection::open(path.join("s.arrow")).unwrap();
    assert!((6..=8).contains(&selection.len()), "{}", selection.len());
    assert!(selection.has_nearest());
    assert_eq!(selection.nearest(0).earlier, None);
    assert!(selection.nearest(1).earlier.is_some());
}

/// PEFT has no format for a head without LoRA: it is exported as a whole model or not at all.
#[test]
fn a_head_alone_is_exported_whole() {
    let folder = ingested();
    let path = folder.path();
    let train = format!(
        "train --texts texts.arrow --validation texts.arrow --model {MODEL} --tune head --epochs 1 \
         --out model"
    );
    run(path, &train).well();
    run(path, "export --model model --out adapter")
        .with(2)
        .saying(&["head that was trained alone", "--merged"]);
    assert!(!path.join("adapter").exists());
    run(path, "export --model model --merged --out whole").well();
    run(
        path,
        "predict --texts texts.arrow --model whole --out p.arrow",
    )
    .well();
}

#[test]
fn labels_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let reviews = reviews(40);
    csv(&path.join("dev.csv"), &reviews[20..]);
    let mut bare = String::from("review\n");
    let mut labels = String::new();
    for (id, review) in reviews[..20].iter().enumerate() {
        bare += &format!("\"{}\"\n", review.text.replace('"', "\"\""));
        labels += &format!("{{\"id\": {id}, \"label\": \"{}\"}}\n", review.verdict);
    }
    fs::write(path.join("texts.csv"), bare).unwrap();
    fs::write(path.join("labels.jsonl"), labels).unwrap();
    run(
        path,
        "ingest --input texts.csv --text-column review --out texts.arrow",
    )
    .well()
    .saying(&["20 texts, none labelled"]);
    run(
        path,
        &format!("ingest --input dev.csv {COLUMNS} --out dev.arrow"),
    )
    .well();

    let train = format!(
        "train --texts texts.arrow --validation dev.arrow --model {MODEL} --epochs 1 --out model"
    );
    run(path, &train)
        .with(3)
        .saying(&["no text in texts.arrow has a label"]);
    run(path, &format!("{train} --labelled labels.jsonl"))
        .well()
        .saying(&["trained on 20 texts"]);
}
