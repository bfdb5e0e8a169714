//! A probe, from labels to predictions, on the vectors that `embed` made.

use std::fs;
use std::path::Path;

use goldpan_artifact::{Embeddings, EmbeddingsWriter, Precision, Predictions, Producer, Texts};
use goldpan_tests::{MODEL, Ran, goldpan, run};

/// Ten sentences of each kind, of which every other has a label.
const POOL: [(&str, &str); 20] = [
    ("the film is a joy from start to end", "good"),
    ("a bore, and a long one", "bad"),
    ("wonderful acting and a clever script", "good"),
    ("the plot makes no sense at all", "bad"),
    ("I laughed until I cried", "good"),
    ("a waste of two hours", "bad"),
    ("the music alone is worth the ticket", "good"),
    ("badly lit, badly cut, badly played", "bad"),
    ("warm, funny and beautifully shot", "good"),
    ("the jokes fall flat", "bad"),
    ("her best role in years", "good"),
    ("dull characters in a dull town", "bad"),
    ("a small masterpiece", "good"),
    ("I left before the end", "bad"),
    ("the children loved every minute", "good"),
    ("an insult to the book", "bad"),
    ("charming and never silly", "good"),
    ("the worst sequel of the summer", "bad"),
    ("a thrilling last act", "good"),
    ("nobody seems to care, least of all the actors", "bad"),
];
const DEV: &str =
    "text,label\na delight,good\ntedious,bad\nsplendid work,good\nan awful mess,bad\n";

fn made() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut pool = String::from("text,label\n");
    for (row, (text, label)) in POOL.iter().enumerate() {
        let label = if row % 4 < 2 { label } else { "" };
        pool += &format!("\"{text}\",{label}\n");
    }
    fs::write(path.join("pool.csv"), pool).unwrap();
    fs::write(path.join("dev.csv"), DEV).unwrap();
    for name in ["pool", "dev"] {
        well(
            path,
            &format!("ingest --input {name}.csv --out {name}.arrow"),
        );
        well(
            path,
            &format!("embed --texts {name}.arrow --model {MODEL} --out {name}-v.arrow"),
        );
    }
    folder
}

fn well(path: &Path, command: &str) {
    run(path, command).well();
}

fn train(options: &str) -> String {
    format!(
        "train --texts pool.arrow --validation dev.arrow --model {MODEL} --tune probe {options}"
    )
}

fn logits(path: &Path, name: &str) -> Vec<Vec<f32>> {
    let table = Predictions::open(path.join(name)).unwrap();
    (0..table.len())
        .map(|row| table.logits(row).to_vec())
        .collect()
}

#[test]
fn a_probe_is_solved_and_asked_with_and_without_vectors() {
    let folder = made();
    let path = folder.path();
    let vectors = "--embeddings pool-v.arrow --validation-embeddings dev-v.arrow";
    run(path, &train(&format!("{vectors} --out given")))
        .well()
        .saying(&["a probe solved on 10 texts: validation accuracy 1.0000"]);
    well(path, &train("--out made"));
    let file = |folder: &str, name: &str| fs::read(path.join(folder).join(name)).unwrap();
    for name in ["probe.safetensors", "goldpan.json", "history.arrow"] {
        assert_eq!(file("given", name), file("made", name), "{name}");
    }
    well(
        path,
        "predict --texts pool.arrow --model given --out texts.p",
    );
    well(
        path,
        "predict --texts pool.arrow --model given --embeddings pool-v.arrow --out vectors.p",
    );
    assert_eq!(logits(path, "texts.p"), logits(path, "vectors.p"));
    // Of the ten that had no label, most are told apart.
    let table = Predictions::open(path.join("texts.p")).unwrap();
    let right = (0..POOL.len()).filter(|&row| row % 4 >= 2).filter(|&row| {
        let good = table.logits(row)[1] > table.logits(row)[0];
        good == (POOL[row].1 == "good")
    });
    let right = right.count();
    assert!(right >= 7, "{right} of 10");
    let shown = run(path, "show given").well().stdout;
    assert!(shown.contains("probe"), "{shown}");
    let sum = |row| table.probabilities(row).iter().sum::<f32>();
    assert!((0..table.len()).all(|row| (sum(row) - 1.0).abs() < 1e-5));
}

/// The exported model is one of sentence-transformers, read as such, and its vectors are the logits.
#[test]
fn a_probe_is_exported_as_a_sentence_encoder() {
    let folder = made();
    let path = folder.path();
    well(path, &train("--max-length 12 --out probe"));
    run(path, "export --model probe --out exported")
        .well()
        .saying(&["a model of sentence-transformers whose vectors are the logits, with the classes bad, good"]);
    well(
        path,
        "embed --texts pool.arrow --model ./exported --out logits.arrow",
    );
    well(path, "predict --texts pool.arrow --model probe --out p.p");
    let vectors = Embeddings::open(path.join("logits.arrow")).unwrap();
    assert_eq!(vectors.dimension(), 2);
    let mut found = [0.0; 2];
    for (row, logits) in logits(path, "p.p").iter().enumerate() {
        vectors.row_f32(row, &mut found);
        let apart = found.iter().zip(logits).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-4, "{found:?} {logits:?}");
    }
    let classes = fs::read_to_string(path.join("exported/classes.json")).unwrap();
    assert_eq!(
        classes.split_whitespace().collect::<String>(),
        "[\"bad\",\"good\"]"
    );
}

/// Descriptions tell classes apart that hardly have labels.
#[test]
fn descriptions_are_worth_labels() {
    let folder = made();
    let path = folder.path();
    fs::write(path.join("one.csv"), "id,label\n1,bad\n").unwrap();
    let script = format!(
        "train --texts pool.arrow --labelled one.csv --validation dev.arrow --model {MODEL} --tune probe --embeddings pool-v.arrow --out described"
    );
    let train = |classes: &[&str]| {
        let mut command = goldpan(path);
        command.args(script.split_whitespace());
        for class in classes {
            command.args(["--class", class]);
        }
        Ran::from(command.output().unwrap())
    };
    let (good, bad) = (
        "good=a wonderful film, I loved it",
        "bad=a terrible film, I hated it",
    );
    train(&[good])
        .with(3)
        .saying(&["the class `bad` is not described"]);
    train(&[good, bad, "odd=x"])
        .with(3)
        .saying(&["`odd` is described and no class"]);
    train(&[good, bad])
        .well()
        .saying(&["a probe solved on 1 text: validation accuracy 1.0000"]);
    well(
        path,
        "predict --texts pool.arrow --model described --out d.p",
    );
    let right = logits(path, "d.p")
        .iter()
        .zip(POOL)
        .filter(|(logits, (_, label))| (logits[1] > logits[0]) == (*label == "good"))
        .count();
    assert!(right >= 16, "{right} of 20");
}

#[test]
fn what_a_probe_does_not_look_at_is_refused() {
    let folder = made();
    let path = folder.path();
    let train = |options: &str| run(path, &train(&format!("{options} --out probe")));
    train("--epochs 9 --learning-rate 0.1")
        .with(2)
        .saying(&["--epochs and --learning-rate have no effect with --tune probe: leave them out"]);
    let head = format!(
        "train --texts pool.arrow --validation dev.arrow --model {MODEL} --tune head --probe-strength 2 --out probe"
    );
    run(path, &head)
        .with(2)
        .saying(&["--probe-strength has no effect with --tune head: leave it out"]);
    // The vectors of another prompt, and of other texts.
    let other =
        format!("embed --texts pool.arrow --model {MODEL} --prompt insurance --out other.arrow");
    well(path, &other);
    train("--embeddings other.arrow")
        .with(2)
        .saying(&["other.arrow has other vectors than sentence-transformers/all-MiniLM-L6-v2 makes as it comes"]);
    train("--embeddings dev-v.arrow")
        .with(3)
        .saying(&["dev-v.arrow"]);
    train("--probe-strength 0")
        .with(2)
        .saying(&["--probe-strength"]);
    assert!(!path.join("probe").exists());
    train("").well();
    // A table of another length, which says nothing of its texts.
    let texts = Texts::open(path.join("pool.arrow")).unwrap();
    let short = path.join("short.arrow");
    let producer = Producer::new("test", 1);
    let mut writer = EmbeddingsWriter::create(&short, 2, Precision::F32, producer).unwrap();
    for id in texts.ids() {
        writer.push(id, &[0.0, 1.0]).unwrap();
    }
    writer.finish().unwrap();
    run(
        path,
        "predict --texts pool.arrow --model probe --embeddings short.arrow --out p.arrow",
    )
    .with(2)
    .saying(&["short.arrow has other vectors"]);
    assert_eq!(Embeddings::open(&short).unwrap().dimension(), 2);
}

/// The vectors of a table, one of which has a value that is none, as `broken-TABLE`.
fn with_nan(path: &Path, table: &str, broken: usize) {
    let vectors = Embeddings::open(path.join(table)).unwrap();
    let width = vectors.dimension();
    let producer = Producer::new("test", 1);
    let out = path.join(format!("broken-{table}"));
    let mut writer = EmbeddingsWriter::create(out, width, Precision::F32, producer).unwrap();
    let mut vector = vec![0.0; width];
    for row in 0..vectors.len() {
        vectors.row_f32(row, &mut vector);
        if row == broken {
            vector[2] = f32::NAN;
        }
        writer.push(vectors.id(row), &vector).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn vectors_with_values_that_are_no_numbers_are_refused_by_their_text() {
    let folder = made();
    let path = folder.path();
    with_nan(path, "pool-v.arrow", 7);
    with_nan(path, "dev-v.arrow", 3);
    let refused = |tune, pool, dev, words: &str| {
        run(
            path,
            &format!(
                "train --texts pool.arrow --validation dev.arrow --model {MODEL} --tune {tune} --embeddings {pool} \
                 --validation-embeddings {dev} --out m"
            ),
        )
        .with(3)
        .saying(&[words]);
        assert!(!path.join("m").exists());
    };
    for tune in ["probe", "auto"] {
        let pool = "broken-pool-v.arrow: the vector of the text with id 7 has the value NaN";
        refused(tune, "broken-pool-v.arrow", "dev-v.arrow", pool);
        let dev = "broken-dev-v.arrow: the vector of the text with id 3 has the value NaN";
        refused(tune, "pool-v.arrow", "broken-dev-v.arrow", dev);
    }
}

#[test]
fn a_pipeline_solves_probes_on_vectors_that_it_makes_once() {
    let folder = made();
    let path = folder.path();
    let all: String = POOL
        .iter()
        .map(|(text, label)| format!("\"{text}\",{label}\n"))
        .collect();
    fs::write(path.join("all.csv"), format!("text,label\n{all}")).unwrap();
    let pipeline = format!(
        "name: few\nseeds: [0, 1]\nstages:\n  pool: {{ ingest: {{ input: all.csv }} }}\n  \
         dev: {{ ingest: {{ input: dev.csv }} }}\nloop:\n  pool: pool\n  validation: dev\n  \
         labels: oracle\n  model: {{ base: {MODEL}, tune: probe }}\n  start: {{ random: 6 }}\n  \
         rounds: [4, 4]\n  arms: {{ random: random, margin: margin }}\n"
    );
    fs::write(path.join("few.yaml"), &pipeline).unwrap();
    let ran = run(path, "run few.yaml --store store").well();
    let embedded = ran.stderr.matches("/embed: ").count();
    assert_eq!(embedded, 2, "{}", ran.stderr);
    let described = pipeline.replace(
        "tune: probe",
        "tune: probe, probe: { classes: { good: a good film, bad: [a bad film, I hated it] } }",
    );
    fs::write(path.join("described.yaml"), described).unwrap();
    run(path, "run described.yaml --store store").well();
    let again = run(path, "run few.yaml --store store").well();
    assert!(!again.stderr.contains("] seed0"), "{}", again.stderr);
    let report = fs::read_to_string(path.join("store/runs/few/report.md")).unwrap();
    assert!(report.contains("margin"), "{report}");
    let late = pipeline.replace(
        "  start:",
        "  train: { epochs: 3, max_length: 64 }\n  start:",
    );
    fs::write(path.join("late.yaml"), late).unwrap();
    run(path, "run late.yaml --store store --dry-run")
        .with(2)
        .saying(&[
            "`epochs` has no effect with `tune: probe`: leave it out",
            "late.yaml:11",
        ]);
}
