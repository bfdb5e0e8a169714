//! `tune: auto`: the votes of the nearest texts, and adapters below a probe, each where held-out texts say so.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use goldpan_artifact::{Digest, Embeddings, Predictions};
use goldpan_tests::{MODEL, goldpan, run};

fn well(path: &Path, command: &str) -> String {
    run(path, command).well().stderr
}

fn refused(path: &Path, command: &str, words: &str) {
    let ran = run(path, command).saying(&[words]);
    assert_ne!(ran.code, 0);
}

/// Tables of the CSV files `pool` and `dev`, and their vectors.
fn tables(path: &Path, pool: &str, dev: &str) {
    for (name, text) in [("pool", pool), ("dev", dev)] {
        fs::write(path.join(format!("{name}.csv")), text).unwrap();
        well(
            path,
            &format!("ingest --input {name}.csv --out {name}.arrow"),
        );
        well(
            path,
            &format!("embed --texts {name}.arrow --model {MODEL} --out {name}-v.arrow"),
        );
    }
}

fn logits(path: &Path, name: &str) -> Vec<Vec<f32>> {
    let table = Predictions::open(path.join(name)).unwrap();
    (0..table.len())
        .map(|row| table.logits(row).to_vec())
        .collect()
}

fn apart(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

const TRAIN: &str = "train --texts pool.arrow --validation dev.arrow";
const VECTORS: &str = "--embeddings pool-v.arrow --validation-embeddings dev-v.arrow";

/// Texts of six words each that a window takes of two lists: every third text has a word in common with few others,
/// but each has five with the next. Some have labels.
fn windows() -> (String, String) {
    let lists = [
        "anchor apple arrow basket bell bottle bridge button candle carpet chain chair cliff clock cloud coat corner \
         cradle crown curtain desk drum engine fence ferry flag flute fork gate glass glove hammer hat hill horn iron \
         jar kettle key ladder lamp leaf lock map mirror nail needle oven paint paper pencil piano pillow pipe plate \
         pocket pond rope saddle sand",
        "acid bacon badge ball bamboo banner barn beach bean beard berry bike bird blanket boat bone boot bowl brick \
         broom brush bucket bulb cabin cable cage cake camera canal candy cannon canoe cape card cart castle cave \
         cellar cherry chest chimney coal coin copper coral cotton crab crane crow cup dam deer diamond dish ditch \
         doll donkey door dove",
    ];
    let (mut pool, mut dev) = ("text,label\n".to_owned(), "text,label\n".to_owned());
    for start in 0..54 {
        for (list, name) in lists.iter().zip(["first", "second"]) {
            let words: Vec<&str> = list.split(' ').skip(start).take(6).collect();
            let label = if start % 6 == 2 { name } else { "" };
            writeln!(pool, "{},{label}", words.join(" ")).unwrap();
            if start % 5 == 0 {
                let (first, last) = words.split_at(3);
                writeln!(dev, "{} {},{name}", last.join(" "), first.join(" ")).unwrap();
            }
        }
    }
    (pool, dev)
}

#[test]
fn the_nearest_texts_vote_where_they_know_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (pool, dev) = windows();
    tables(path, &pool, &dev);
    // It is what is trained where nothing is said.
    let told = well(path, &format!("{TRAIN} --model {MODEL} {VECTORS} --out m"));
    assert!(told.contains("probe: accuracy"), "{told}");
    assert!(told.contains("% neighbours solved on 18 texts"), "{told}");
    assert!(path.join("m/voters.safetensors").is_file());
    let shown = run(path, "show m").well().stdout;
    assert!(
        shown.contains("chosen from") && shown.contains("labelled texts held out"),
        "{shown}"
    );
    assert!(shown.contains("kept"), "{shown}");

    // Vectors that are there, and those that are made, give the same.
    let predict = format!("predict --texts dev.arrow --model {MODEL} --adapter m");
    well(
        path,
        &format!("{predict} --embeddings dev-v.arrow --out given.arrow"),
    );
    well(path, &format!("{predict} --out made.arrow"));
    let (given, made) = (logits(path, "given.arrow"), logits(path, "made.arrow"));
    assert!(apart(&given, &made) < 1e-3, "{}", apart(&given, &made));
    // The votes have a part in them.
    well(
        path,
        &format!("{TRAIN} --model {MODEL} {VECTORS} --tune probe --out alone"),
    );
    let alone = format!("predict --texts dev.arrow --model {MODEL} --adapter alone");
    well(
        path,
        &format!("{alone} --embeddings dev-v.arrow --out alone.arrow"),
    );
    assert!(apart(&given, &logits(path, "alone.arrow")) > 0.1);
    assert!(!path.join("alone/voters.safetensors").exists());

    // What sentence-transformers has no module for is refused by name.
    refused(
        path,
        &format!("export --model {MODEL} --adapter m --out whole"),
        "texts that vote",
    );
    // The same bytes on one thread.
    let mut command = goldpan(path);
    let args = format!("{TRAIN} --model {MODEL} {VECTORS} --out again");
    command
        .args(args.split_whitespace())
        .env("RAYON_NUM_THREADS", "1");
    assert!(command.output().unwrap().status.success());
    for name in ["voters.safetensors", "probe.safetensors", "goldpan.json"] {
        let read = |folder: &str| fs::read(path.join(folder).join(name)).unwrap();
        assert_eq!(read("m"), read("again"), "{name}");
    }
}

/// Who acts, a person or an animal: the words are the same, and only their order says it.
fn actors() -> (String, String) {
    let animals = ["dog", "horse", "wolf", "bear", "cat", "goat"];
    let people = ["boy", "nurse", "king", "farmer", "pilot", "singer"];
    let verbs = ["saw", "followed", "chased", "heard", "met"];
    let (mut pool, mut dev) = ("text,label\n".to_owned(), "text,label\n".to_owned());
    for (a, animal) in animals.iter().enumerate() {
        for (p, person) in people.iter().enumerate() {
            for number in 0..4 {
                let verb = verbs[(a + 2 * p + number) % 5];
                let line = match (a + p + number) % 2 {
                    0 => format!("the {person} {verb} the {animal},person"),
                    _ => format!("the {animal} {verb} the {person},animal"),
                };
                match (5 * a + 3 * p + 2 * number) % 7 {
                    0 | 1 => writeln!(dev, "{line}").unwrap(),
                    _ => writeln!(pool, "{line}").unwrap(),
                }
            }
        }
    }
    (pool, dev)
}

#[test]
fn adapters_are_trained_where_they_do_better() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (pool, dev) = actors();
    tables(path, &pool, &dev);
    let told = well(path, &format!("{TRAIN} --model {MODEL} --out m --seed 3"));
    assert!(
        told.contains("adapters (LoRA) and a probe solved"),
        "{told}"
    );
    let accuracy = |told: &str| -> f64 {
        let rest = told.split("validation accuracy ").nth(1).unwrap();
        rest[..6].parse().unwrap()
    };
    let adapted = accuracy(&told);
    let told = well(
        path,
        &format!("{TRAIN} --model {MODEL} --tune probe --out probe"),
    );
    assert!(
        adapted > accuracy(&told) + 0.05,
        "{adapted} {}",
        accuracy(&told)
    );
    for name in [
        "adapter_model.safetensors",
        "adapter_config.json",
        "probe.safetensors",
    ] {
        assert!(path.join("m").join(name).is_file(), "{name}");
    }

    // Adapters compute in bf16, but where another precision is asked for.
    well(
        path,
        &format!("{TRAIN} --model {MODEL} --out exact --seed 3 --precision f32"),
    );
    let adapters = |folder: &str| {
        Digest::of(fs::read(path.join(folder).join("adapter_model.safetensors")).unwrap())
    };
    assert_ne!(adapters("m"), adapters("exact"));

    // What predictions say is what was measured.
    let predict = format!("predict --texts dev.arrow --model {MODEL} --adapter m");
    well(path, &format!("{predict} --out dev-p.arrow"));
    well(
        path,
        "evaluate --predictions dev-p.arrow --texts dev.arrow --out metrics.json",
    );
    let metrics: serde_json::Value =
        serde_json::from_slice(&fs::read(path.join("metrics.json")).unwrap()).unwrap();
    let found = metrics["accuracy"].as_f64().unwrap();
    assert!((found - adapted).abs() < 1e-4, "{found} {adapted}");
    // Vectors of the model as it was are not its own.
    refused(
        path,
        &format!("{predict} --embeddings dev-v.arrow --out x.arrow"),
        "adapters and a probe",
    );

    // Exported, the vectors of one model of sentence-transformers are the logits.
    well(
        path,
        &format!("export --model {MODEL} --adapter m --out whole"),
    );
    well(
        path,
        "embed --texts dev.arrow --model ./whole --out whole.arrow",
    );
    let exported = Embeddings::open(path.join("whole.arrow")).unwrap();
    let rows: Vec<Vec<f32>> = (0..exported.len())
        .map(|row| {
            let mut vector = vec![0.0; exported.dimension()];
            exported.row_f32(row, &mut vector);
            vector
        })
        .collect();
    let distance = apart(&rows, &logits(path, "dev-p.arrow"));
    assert!(distance < 2e-3, "{distance}");
}

#[test]
fn a_pipeline_chooses_where_nothing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (pool, dev) = windows();
    // All have labels, as the oracle gives them.
    let lines: Vec<&str> = pool.lines().skip(1).collect();
    let mut whole = "text,label\n".to_owned();
    for (row, line) in lines.iter().enumerate() {
        let (text, _) = line.rsplit_once(',').unwrap();
        writeln!(whole, "{text},{}", ["first", "second"][row % 2]).unwrap();
    }
    fs::write(path.join("pool.csv"), whole).unwrap();
    fs::write(path.join("dev.csv"), dev).unwrap();
    let pipeline = format!(
        "name: chosen\nstages:\n  pool: {{ ingest: {{ input: pool.csv }} }}\n  dev: {{ ingest: {{ input: dev.csv }} }}\n  \
         vectors: {{ embed: {{ texts: pool, model: {MODEL} }} }}\nloop:\n  pool: pool\n  validation: dev\n  \
         embeddings: vectors\n  labels: oracle\n  model: {MODEL}\n  start: {{ random: 16 }}\n  rounds: [8]\n  \
         arms: {{ random: random, margin: margin }}\n"
    );
    fs::write(path.join("chosen.yaml"), pipeline).unwrap();
    well(path, "run chosen.yaml");
    let again = well(path, "run chosen.yaml");
    assert!(again.contains("0 stages run"), "{again}");
}

/// A text says something when it is held out where its class has another. Adapters are tried where 30 do, and what
/// is told of them are numbers.
#[test]
fn adapters_are_tried_where_enough_texts_say_something() {
    for (doubled, tried) in [(0, false), (4, false), (15, true)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let (mut pool, mut dev) = ("text,label\n".to_owned(), "text,label\n".to_owned());
        for class in 0..75 {
            let texts = if class % 5 == 0 && class / 5 < doubled {
                2
            } else {
                1
            };
            for number in 0..texts {
                writeln!(pool, "thing {class} of kind {number},c{class:02}").unwrap();
            }
            writeln!(dev, "a thing {class},c{class:02}").unwrap();
        }
        tables(path, &pool, &dev);
        well(path, &format!("{TRAIN} --model {MODEL} {VECTORS} --out m"));
        let shown = run(path, "show m").well().stdout;
        let told = shown.contains("adapters (LoRA) and a probe: accuracy");
        assert_eq!(told, tried, "{doubled}: {shown}");
        let all = format!("{} labelled texts held out", 2 * doubled);
        assert_eq!(shown.contains(&all), tried, "{doubled}: {shown}");
    }
}
