//! Labels as people have them: the right text gets the right class, or the program says why not.

use std::fs;
use std::path::Path;

use goldpan_artifact::{Selection, Texts};
use goldpan_tests::{MODEL, Ran, run};

const POOL: &str = "review\nfine work\ndull work\na joy\na bore\n";
const DEV: &str = "review,stars\na fine film,1.0\na dull film,2.0\n";

/// A folder with `texts.arrow` and `dev.arrow`.
fn ingested(pool: &str, options: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("pool.csv"), pool).unwrap();
    fs::write(path.join("dev.csv"), DEV).unwrap();
    let ingest =
        format!("ingest --input pool.csv --text-column review {options} --out texts.arrow");
    run(path, &ingest).well();
    let dev = "ingest --input dev.csv --text-column review --label-column stars --out dev.arrow";
    run(path, dev).well();
    folder
}

fn write(path: &Path, name: &str, content: &str) {
    fs::write(path.join(name), content).unwrap();
}

fn train(path: &Path, labels: &str) -> Ran {
    let _ = fs::remove_dir_all(path.join("model"));
    let train = format!(
        "train --texts texts.arrow --labelled {labels} --validation dev.arrow --model {MODEL} \
         --tune head --epochs 1 --out model"
    );
    run(path, &train)
}

#[test]
fn labels_of_the_right_texts_are_trained_on() {
    let folder = ingested(POOL, "");
    let path = folder.path();
    // Floats that pandas wrote, and whole numbers, are the same classes; one is left open.
    write(path, "labels.csv", "id,label\n0,1\n1.0,2\n3,\n");
    train(path, "labels.csv").well().saying(&[
        "labels.csv: 3 rows joined by row number (`id`)",
        "1 text without a label left out",
        "trained on 2 texts",
    ]);
    // README's own commands: no texts are given, the classes are those of the predictions.
    run(
        path,
        "predict --texts texts.arrow --model model --out guesses.arrow",
    )
    .well();
    let select = "select --count 1 --strategy margin --predictions guesses.arrow --out next.arrow";
    run(path, &format!("{select} --labelled labels.csv"))
        .well()
        .saying(&["1 picked by margin from 4 texts, 3 labelled before"]);
    let next = Selection::open(path.join("next.arrow")).unwrap();
    assert_eq!(next.ids().collect::<Vec<_>>(), [2]);
    // Several files; a label that is no class; without predictions there is nothing to check by.
    write(path, "passed.csv", "id\n2\n");
    run(
        path,
        &format!("{select} --labelled labels.csv --labelled passed.csv"),
    )
    .with(2)
    .saying(&["1 text is asked for, but all 4 are labelled"]);
    write(path, "wrong.csv", "id,label\n0,5\n");
    run(path, &format!("{select} --labelled wrong.csv"))
        .with(3)
        .saying(&[
            "wrong.csv, line 2, column `label`: `5` is not a class; the classes are `1`, `2`",
        ]);
    let random = "select --count 1 --strategy random --texts texts.arrow --out next.arrow";
    run(path, &format!("{random} --labelled wrong.csv")).well();
    // What Label Studio numbers is no row of ours.
    write(
        path,
        "ls.csv",
        "annotation_id,id,label,review\n7,1,1,a joy\n8,2,2,a bore\n",
    );
    train(path, "ls.csv").well().saying(&[
        "ls.csv: 2 rows joined by text (`review`); `id` is the number that Label Studio gave",
    ]);
    write(path, "twice.csv", "review,label\na joy,2\n");
    train(path, "ls.csv --labelled twice.csv")
        .with(3)
        .saying(&["twice.csv, line 2: the label is `2`, and ls.csv, line 2 says `1`"]);
}

#[test]
fn ids_that_may_be_keys_are_asked_for() {
    let pool = "id,review\n1,fine work\n2,dull work\n3,a joy\n4,a bore\n";
    let folder = ingested(pool, "--id-column id");
    let path = folder.path();
    write(path, "labels.csv", "id,label\n1,1\n2,2\n");
    train(path, "labels.csv")
        .with(3)
        .saying(&["`1` is the key of one text (\"fine work\") and the row number of another"]);
    train(path, "labels.csv --join key")
        .well()
        .saying(&["labels.csv: 2 rows joined by key (`id`)"]);
}

#[test]
fn one_class_alone_is_told() {
    let folder = ingested(POOL, "");
    let path = folder.path();
    write(path, "labels.csv", "id,label\n0,1\n2,1\n");
    train(path, "labels.csv")
        .well()
        .saying(&["warning: all 2 labelled texts are `1`, and `2` has none"]);
    write(path, "empty.csv", "id,label\n0,\n2,\n");
    train(path, "empty.csv")
        .with(3)
        .saying(&["no text in empty.csv has a label"]);
}

#[test]
fn what_labels_mean_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path, "t.csv", "text,Label\na,1\nb,0\nc,-1\nd,-1\n");
    let ingest = "ingest --input t.csv --out t.arrow";
    run(path, ingest).well().saying(&[
        "warning: t.csv has no column `label`; `Label` is taken for it",
        "warning: `-1` (2 rows) is taken as a class",
        "4 texts (-1 2, 0 1, 1 1)",
    ]);
    run(path, &format!("{ingest} --missing-labels -1,?"))
        .well()
        .saying(&["4 texts (0 1, 1 1), 2 without label"]);
    run(path, &format!("{ingest} --classes 0,1"))
        .with(3)
        .saying(&["give --missing-labels '-1'"]);
    write(path, "names.txt", "good, or so\nbad\n");
    let named = format!("{ingest} --classes names.txt --missing-labels -1");
    run(path, &named).with(3).saying(&["give --label-numbers"]);
    run(path, &format!("{named} --label-numbers"))
        .well()
        .saying(&[
            "the classes are the 2 names in the file names.txt",
            "4 texts (good, or so 1, bad 1), 2 without label",
        ]);
    let texts = Texts::open(path.join("t.arrow")).unwrap();
    assert_eq!(texts.classes(), ["good, or so", "bad"]);
    assert_eq!(
        (texts.label(0), texts.label(1), texts.label(2)),
        (Some(1), Some(0), None)
    );
    run(path, &format!("{ingest} --label-numbers"))
        .with(2)
        .saying(&["without the classes' names"]);
    run(path, &format!("{ingest} --classes none.txt")).with(4);
    run(
        path,
        &format!("{ingest} --rename-class 1=good --rename-class 0=bad --missing-labels -1"),
    )
    .well()
    .saying(&["4 texts (bad 1, good 1), 2 without label, 1 renamed to good 1"]);
    let many: String = (0..300)
        .map(|number| format!("{number},class {}\n", number % 300))
        .collect();
    write(path, "many.csv", &format!("text,label\n{many}"));
    let ran = run(path, "ingest --input many.csv --out many.arrow").well();
    let line = ran
        .stderr
        .lines()
        .find(|line| line.starts_with("300 texts"))
        .unwrap();
    assert!(line.len() <= 100, "{line}");
}
