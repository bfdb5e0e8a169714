//! What was computed of a text is not computed again: not when a label is corrected, not when texts come.

use std::fs;
use std::path::Path;

use goldpan_artifact::{Embeddings, Texts};
use goldpan_tests::{MODEL, Ran, reviews, run};

/// Ingests `pool.csv`, embeds it, and predicts without training.
fn write(folder: &Path, rows: &[(String, String)]) {
    let rows = rows
        .iter()
        .map(|(text, label)| format!("\"{text}\",{label}\n"));
    let csv = format!("text,label\n{}", rows.collect::<String>());
    fs::write(folder.join("pool.csv"), csv).unwrap();
    let pipeline = format!(
        "name: known\n\
         stages:\n\
         \x20 pool:    {{ ingest: {{ input: pool.csv }} }}\n\
         \x20 vectors: {{ embed: {{ texts: pool, model: {MODEL} }} }}\n\
         \x20 guesses:\n\
         \x20   predict:\n\
         \x20     texts: pool\n\
         \x20     model: {MODEL}\n\
         \x20     zero_shot: {{ classes: {{ negative: a bad film, positive: a good film }} }}\n"
    );
    fs::write(folder.join("p.yaml"), pipeline).unwrap();
}

fn stage(folder: &Path, store: &str, more: &str) -> Ran {
    run(folder, &format!("run p.yaml --store {store} {more}")).well()
}

/// The bytes of both results.
fn results(folder: &Path, store: &str) -> [Vec<u8>; 2] {
    ["vectors/embeddings.arrow", "guesses/predictions.arrow"]
        .map(|file| fs::read(folder.join(store).join("runs/known").join(file)).unwrap())
}

#[test]
fn a_label_or_a_text_computes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let reviews = reviews(24).into_iter();
    let mut rows: Vec<(String, String)> = reviews
        .map(|review| (review.text.replace('"', "'"), review.verdict))
        .collect();
    write(path, &rows);
    stage(path, "a", "").saying(&["3 stages run, 0 cached"]);
    let first = results(path, "a");

    // A label is corrected: the texts are what they were.
    rows[0].1 = match rows[0].1.as_str() {
        "positive" => "negative".to_owned(),
        _ => "positive".to_owned(),
    };
    write(path, &rows);
    let plan = stage(path, "a", "--dry-run");
    assert!(
        plan.stdout.contains("run (pool.csv changed)"),
        "{}",
        plan.stdout
    );
    stage(path, "a", "").saying(&["1 stage run, 2 cached"]);
    assert_eq!(results(path, "a"), first);

    // Texts come in front and at the end, one changes, and one goes.
    rows.insert(
        0,
        ("a text in front of all".to_owned(), "positive".to_owned()),
    );
    rows[5].0.push_str(", and not only that");
    rows.remove(9);
    rows.push(("and one more at the end".to_owned(), "negative".to_owned()));
    write(path, &rows);
    stage(path, "a", "").saying(&[
        "vectors: 25 texts, 22 of them known",
        "guesses: 25 texts, 22 of them known",
    ]);
    let grown = results(path, "a");
    stage(path, "b", "").saying(&["vectors: 25 texts, ", "3 stages run, 0 cached"]);
    assert_eq!(results(path, "b"), grown);

    // Asked for by name, all is computed anew, to the same bytes.
    let forced = stage(path, "a", "--force vectors");
    assert!(!forced.stderr.contains("known,"), "{}", forced.stderr);
    assert_eq!(results(path, "a"), grown);

    let run = path.join("a/runs/known");
    let texts = Texts::open(run.join("pool/texts.arrow")).unwrap();
    let vectors = Embeddings::open(run.join("vectors/embeddings.arrow")).unwrap();
    assert_eq!(vectors.origin().texts.as_ref(), Some(&texts.of_texts()));
    assert_eq!(vectors.origin().model.as_deref(), Some(MODEL));
}
