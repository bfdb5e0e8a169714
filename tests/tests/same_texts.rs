//! Tables know which texts they are of: those of other texts are not joined.

use std::fs;
use std::path::Path;

use goldpan_artifact::{
    EmbeddingsWriter, Origin, Precision, PredictionsWriter, Producer, SelectionWriter, Texts,
};
use goldpan_tests::run;

const POOL: [(&str, &str); 6] = [
    ("the film was good and fun", "pos"),
    ("a dull and bad plot", "neg"),
    ("great cast and great story", "pos"),
    ("boring script with no life", "neg"),
    ("lovely music", "pos"),
    ("awful pacing", "neg"),
];

/// Ingests these rows as `NAME.arrow`.
fn ingest(folder: &Path, name: &str, rows: &[(&str, &str)]) {
    let rows = rows.iter().map(|(text, label)| format!("{text},{label}\n"));
    let csv = format!("text,label\n{}", rows.collect::<String>());
    fs::write(folder.join(format!("{name}.csv")), csv).unwrap();
    run(
        folder,
        &format!("ingest --input {name}.csv --out {name}.arrow"),
    )
    .well();
}

/// Embeddings, predictions and a selection of the texts in `NAME.arrow`, as `NAME-e.arrow` and so on.
fn derived(folder: &Path, name: &str, origin: impl Fn(&Texts) -> Origin) {
    let at = |end: &str| folder.join(format!("{name}{end}.arrow"));
    let texts = Texts::open(at("")).unwrap();
    let producer = || Producer::new("test", 1);
    let mut vectors = EmbeddingsWriter::create(at("-e"), 2, Precision::F32, producer())
        .unwrap()
        .made_from(origin(&texts));
    let mut beliefs = PredictionsWriter::create(at("-p"), texts.classes(), producer())
        .unwrap()
        .made_from(origin(&texts));
    for row in 0..texts.len() {
        let id = texts.id(row);
        vectors.push(id, &[row as f32, (row * row) as f32]).unwrap();
        let positive = texts.label(row) == Some(1);
        let (low, high) = (0.25_f32, 0.75_f32);
        let values = if positive { [low, high] } else { [high, low] };
        beliefs.push(id, &values.map(f32::ln), &values).unwrap();
    }
    vectors.finish().unwrap();
    beliefs.finish().unwrap();
    let mut picks = SelectionWriter::create(at("-s"), &[], producer())
        .unwrap()
        .made_from(origin(&texts));
    picks.push(texts.id(1), 1.0, &[]).unwrap();
    picks.finish().unwrap();
}

/// `a`, `b` with the same texts in another order, and `c`, which is `a` with a label corrected.
fn tables() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    ingest(path, "a", &POOL);
    let mut shuffled = POOL;
    shuffled.rotate_left(1);
    ingest(path, "b", &shuffled);
    let mut corrected = POOL;
    corrected[0].1 = "neg";
    ingest(path, "c", &corrected);
    for name in ["a", "b"] {
        derived(path, name, |texts| Origin::of(texts.of_texts()));
    }
    folder
}

#[test]
fn evaluate_refuses_predictions_of_other_texts() {
    let folder = tables();
    let path = folder.path();
    let evaluate = |texts: &str, more: &str| {
        let arguments =
            format!("evaluate --predictions a-p.arrow --texts {texts}.arrow --out m.json {more}");
        run(path, &arguments)
    };
    evaluate("a", "").well().saying(&["accuracy 1.0000"]);
    evaluate("c", "").well().saying(&["accuracy 0.8333"]);
    fs::remove_file(path.join("m.json")).unwrap();
    evaluate("b", "")
        .with(3)
        .saying(&["a-p.arrow", "b.arrow", "--allow-other-texts"]);
    assert!(!path.join("m.json").exists());
    evaluate("b", "--allow-other-texts").well().saying(&[
        "warning: a-p.arrow is of the texts `a.arrow` (6 texts",
        "and b.arrow is of the texts `b.arrow` (6 texts",
        "accuracy 0.0000",
    ]);
}

#[test]
fn select_refuses_each_table_of_other_texts() {
    let folder = tables();
    let path = folder.path();
    let select = |inputs: &str| {
        let arguments =
            format!("select --strategy diversity-margin --count 2 {inputs} --out s.arrow");
        run(path, &arguments)
    };
    let good = "--texts a.arrow --embeddings a-e.arrow --predictions a-p.arrow";
    select(good).well();
    select("--texts c.arrow --embeddings a-e.arrow --predictions a-p.arrow --labelled a-s.arrow")
        .well();
    fs::remove_file(path.join("s.arrow")).unwrap();
    for (bad, of) in [
        (
            "--texts b.arrow --embeddings a-e.arrow --predictions b-p.arrow",
            "a-e.arrow",
        ),
        (
            "--texts b.arrow --embeddings b-e.arrow --predictions a-p.arrow",
            "a-p.arrow",
        ),
        (
            "--embeddings b-e.arrow --predictions a-p.arrow",
            "a-p.arrow",
        ),
        (
            "--embeddings b-e.arrow --predictions b-p.arrow --labelled a-s.arrow",
            "a-s.arrow",
        ),
    ] {
        let begin = format!("{of} is of the texts `a.arrow` (6 texts, digest ");
        select(bad)
            .with(3)
            .saying(&[&begin, "`b.arrow` (6 texts, digest "]);
        assert!(!path.join("s.arrow").exists());
        let allowed = format!("{bad} --allow-other-texts");
        select(&allowed).well().saying(&["warning: "]);
        fs::remove_file(path.join("s.arrow")).unwrap();
    }
    // What was picked says what it was picked from, and is refused in its turn.
    select(good).well();
    let again =
        "select --strategy random --count 1 --texts b.arrow --labelled s.arrow --out t.arrow";
    run(path, again)
        .with(3)
        .saying(&["s.arrow is of the texts `a.arrow`"]);
}

#[test]
fn train_refuses_a_selection_from_another_pool() {
    let folder = tables();
    let arguments = "train --texts b.arrow --labelled a-s.arrow --validation c.arrow --model ./none \
                     --out model";
    run(folder.path(), arguments).with(3).saying(&[
        "a-s.arrow is of the texts `a.arrow`",
        "b.arrow is of the texts",
    ]);
}

#[test]
fn a_table_that_does_not_say_so_is_warned_of() {
    let folder = tables();
    let path = folder.path();
    derived(path, "c", |_| Origin::default());
    run(
        path,
        "evaluate --predictions c-p.arrow --texts c.arrow --out m.json",
    )
    .well()
    .saying(&[
        "warning: c-p.arrow does not say which texts it is of",
        "c.arrow",
    ]);
    let ran = run(
        path,
        "evaluate --predictions a-p.arrow --texts a.arrow --out m.json",
    )
    .well();
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn show_says_what_a_table_was_made_from() {
    let folder = tables();
    let path = folder.path();
    derived(path, "a", |texts| {
        Origin::of(texts.of_texts()).by("a/model")
    });
    let digest = &Texts::open(path.join("a.arrow"))
        .unwrap()
        .texts_digest()
        .to_string()[..8];
    let shown = |name: &str| run(path, &format!("show {name} --rows 0")).well().stdout;
    let texts = shown("a.arrow");
    assert!(
        texts.contains(&format!("digest   {digest} of ids and texts\n")),
        "{texts}"
    );
    for name in ["a-e", "a-p", "a-s"] {
        let table = shown(&format!("{name}.arrow"));
        let of = format!("of texts a.arrow, 6 texts, digest {digest}\nby model a/model\n");
        assert!(table.contains(&of), "{table}");
    }
}
