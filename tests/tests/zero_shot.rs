//! Classifying without training: from the command line, and as the beginning of a pipeline.

use std::fs;
use std::path::Path;

use goldpan_artifact::{Predictions, Texts};
use goldpan_tests::{MODEL, Ran, Small, csv, goldpan, reviews, root, run};
use serde_json::Value;

const COLUMNS: &str = "--text-column review --label-column verdict";

/// What stands for each class.
const DESCRIBED: [&str; 4] = [
    "negative=a bad film",
    "negative=It was terrible.",
    "positive=a good film",
    "positive=It was great.",
];

/// A folder with `texts.arrow` of 200 texts.
fn ingested() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    csv(&folder.path().join("texts.csv"), &reviews(200));
    let arguments = format!("ingest --input texts.csv {COLUMNS} --out texts.arrow");
    run(folder.path(), &arguments).well();
    folder
}

/// `goldpan predict --texts texts.arrow --model MODEL --out OUT`, a `--class` for each of `classes`,
/// and `more`.
fn predict(folder: &Path, model: &str, classes: &[&str], more: &[&str], out: &str) -> Ran {
    let mut command = goldpan(folder);
    command.args(["predict", "--texts", "texts.arrow", "--model", model]);
    for class in classes {
        command.args(["--class", class]);
    }
    command.args(more).args(["--out", out]);
    command.output().unwrap().into()
}

/// What `goldpan evaluate` says of a table of predictions.
fn metrics(folder: &Path, predictions: &str) -> Value {
    let arguments =
        format!("evaluate --predictions {predictions} --texts texts.arrow --out metrics.json");
    run(folder, &arguments).well();
    serde_json::from_slice(&fs::read(folder.join("metrics.json")).unwrap()).unwrap()
}

#[test]
fn descriptions_tell_films_apart_in_any_order_of_the_classes() {
    let folder = ingested();
    let path = folder.path();
    predict(path, MODEL, &DESCRIBED, &[], "a.arrow")
        .well()
        .saying(&["200 texts classified as negative, positive"]);
    let [bad, terrible, good, great] = DESCRIBED;
    predict(path, MODEL, &[good, bad, great, terrible], &[], "b.arrow")
        .well()
        .saying(&["200 texts classified as positive, negative"]);

    let texts = Texts::open(path.join("texts.arrow")).unwrap();
    let tables = ["a.arrow", "b.arrow"].map(|name| Predictions::open(path.join(name)).unwrap());
    let right = (0..texts.len()).filter(|&row| {
        let [negative, positive] = tables[0].probabilities(row) else {
            panic!("two classes");
        };
        assert_eq!(tables[1].probabilities(row), [*positive, *negative]);
        let class = &texts.classes()[texts.label(row).unwrap() as usize];
        class
            == if positive > negative {
                "positive"
            } else {
                "negative"
            }
    });
    let accuracy = right.count() as f64 / texts.len() as f64;
    assert!(accuracy > 0.65, "half is chance: {accuracy}");
    for table in ["a.arrow", "b.arrow"] {
        assert_eq!(
            metrics(path, table)["accuracy"].as_f64(),
            Some(accuracy),
            "{table}"
        );
    }

    predict(path, MODEL, &DESCRIBED, &["--temperature", "1"], "c.arrow").well();
    let loss = |table: &str| metrics(path, table)["loss"].as_f64().unwrap();
    assert!(
        (loss("c.arrow") - 2.0_f64.ln()).abs() < 0.05,
        "hardly sure of anything"
    );
    assert!((loss("a.arrow") - loss("c.arrow")).abs() > 0.01);
    assert_eq!(
        metrics(path, "c.arrow")["accuracy"].as_f64(),
        Some(accuracy)
    );
}

/// A small RoBERTa with its masked-language head, of random weights.
fn masked(folder: &Path) {
    let fixtures = root().join("crates/model/tests/fixtures/tiny-roberta");
    fs::create_dir(folder.join("masked")).unwrap();
    for file in [
        "tokenizer.json",
        "tokenizer_config.json",
        "mlm/config.json",
        "mlm/model.safetensors",
    ] {
        let name = Path::new(file).file_name().unwrap();
        fs::copy(fixtures.join(file), folder.join("masked").join(name)).unwrap();
    }
}

#[test]
fn a_prompt_gives_ordinary_predictions() {
    let folder = ingested();
    let path = folder.path();
    masked(path);
    let words = ["positive=great", "positive=good", "negative=never"];
    let prompt = ["--prompt", "{text} It was {mask}."];
    predict(path, "./masked", &words, &prompt, "p.arrow")
        .well()
        .saying(&["200 texts classified as positive, negative"]);
    assert_eq!(metrics(path, "p.arrow")["examples"].as_u64(), Some(200));
    let select = "select --count 5 --strategy margin --predictions p.arrow --out s.arrow";
    run(path, select).well();

    let refused = |classes: &[&str], more: &[&str], code: i32, parts: &[&str]| {
        predict(path, "./masked", classes, more, "x.arrow")
            .with(code)
            .saying(parts);
    };
    let many = ["positive=wonderful", "negative=never"];
    refused(
        &many,
        &prompt,
        2,
        &["the word `wonderful` of the class `positive` is 3 tokens"],
    );
    refused(
        &words,
        &["--prompt", "It was {mask}."],
        2,
        &["has no {text}"],
    );
    refused(
        &words,
        &["--prompt", "{text} {mask} {mask}"],
        2,
        &["{mask} more than once"],
    );
    refused(&words[..1], &prompt, 2, &["1 classes are too few"]);
    refused(&["positive great"], &prompt, 2, &["it is not NAME=TEXT"]);
    refused(
        &["good=great", "bad=never"],
        &prompt,
        2,
        &["has a class `negative`", "good, bad"],
    );
    refused(
        &words,
        &["--temperature", "0"],
        2,
        &["a number from 1e-6 to 1e6"],
    );
    refused(&words, &["--adapter", "a"], 2, &["--adapter"]);
    refused(&[], &prompt, 2, &["--class"]);
    refused(
        &words,
        &["--prompt", "{text} It was {mask}.", "--max-length", "6"],
        2,
        &["takes from"],
    );
    predict(path, MODEL, &words, &prompt, "x.arrow")
        .with(3)
        .saying(&["no masked-language head"]);
    assert!(!path.join("x.arrow").exists());
}

/// The small pipeline with a zero-shot baseline and start.
fn cold(small: &Small) {
    let classes =
        "{ negative: [a bad film, It was terrible.], positive: [a good film, It was great.] }";
    let stage = |name: &str, texts: &str| {
        format!(
            "  {name}: {{ predict: {{ texts: {texts}, model: {MODEL}, zero_shot: {{ classes: {classes} }} }} }}\n"
        )
    };
    let text = fs::read_to_string(small.file("small.yaml")).unwrap();
    let text = text
        .replace(
            "\nloop:\n",
            &format!(
                "{}{}\nloop:\n",
                stage("guesses", "pool"),
                stage("baseline", "validation")
            ),
        )
        .replace(
            "start: { random: 16 }",
            "zero_shot: baseline\n  start: { select: { count: 16, predictions: guesses, \
             strategy: { uncertainty: { score: margin } } } }",
        );
    fs::write(small.file("small.yaml"), text).unwrap();
}

#[test]
fn a_pipeline_begins_with_what_is_guessed() {
    let small = Small::new();
    cold(&small);
    let path = small.path();
    let plan = run(path, "run small.yaml --store a --dry-run").well();
    let line = |plan: &Ran, name: &str| -> String {
        let line = plan.stdout.lines().find(|line| line.contains(name));
        line.unwrap_or_else(|| panic!("{name} is not in:\n{}", plan.stdout))
            .to_owned()
    };
    let waits = line(&plan, "seed0/start/select");
    assert!(waits.contains("guesses"), "{waits}");
    assert!(line(&plan, "start/zero-shot/evaluate").contains("baseline"));

    let first = run(path, "run small.yaml --store a").well();
    let first = first.saying(&["zero-shot", "start", "diversity-margin", "gain over random"]);
    let results = small.results("a");
    assert_eq!(results.len(), 7, "{results:?}");
    let fields: Vec<&str> = results[0].split(',').collect();
    assert_eq!(
        fields[..5],
        ["zero-shot", "", "0", "0", ""],
        "{}",
        results[0]
    );
    let number = |field: usize| fields[field].parse::<f64>().unwrap();
    let shown = format!("{:.4}", number(5));
    assert!(first.stderr.contains(&shown), "{shown} is not shown");
    assert!((0.0..=1.0).contains(&number(7)) && number(6) > 0.0);
    let metrics = fs::read(small.file("a/runs/small/start/zero-shot/evaluate/metrics.json"));
    let metrics: Value = serde_json::from_slice(&metrics.unwrap()).unwrap();
    assert!((metrics["accuracy"].as_f64().unwrap() - number(5)).abs() < 1e-6);
    // Both seeds begin with the same texts, those that the guesses say least of.
    let selection = |seed: u64| {
        let path = format!("a/runs/small/seed{seed}/start/select/selection.arrow");
        fs::read(small.file(&path)).unwrap()
    };
    assert!(selection(0) == selection(1));

    run(path, "run small.yaml --store a")
        .well()
        .saying(&["0 stages run"]);
    let mut again = goldpan(path);
    again.args(["run", "small.yaml", "--store", "a", "--dry-run", "--set"]);
    again.arg("stages.guesses.predict.zero_shot.classes.positive=[a fine film]");
    let plan: Ran = Ran::from(again.output().unwrap()).well();
    assert!(
        line(&plan, " guesses ").contains("run (zero_shot.classes"),
        "{}",
        plan.stdout
    );
    assert!(line(&plan, "zero-shot/evaluate").ends_with("cached"));
    let wrong = "run small.yaml --store a --set stages.guesses.predict.zero_shot.clases=1";
    run(path, wrong)
        .with(2)
        .saying(&["did you mean `classes`?"]);
}
