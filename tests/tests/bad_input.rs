//! Bad input never loses anything: a clear error, the documented exit code, and a way on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use goldpan_tests::{Disk, MODEL, Ran, Small, csv, goldpan, reviews, root, run};

const COLUMNS: &str = "--text-column review --label-column verdict";

/// A folder with `texts.csv`, and `texts.arrow` made from it.
fn ingested() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    csv(&folder.path().join("texts.csv"), &reviews(12));
    let arguments = format!("ingest --input texts.csv {COLUMNS} --out texts.arrow");
    run(folder.path(), &arguments).well();
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_command_line_that_cannot_be_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    run(path, "ingest --out x.arrow")
        .with(2)
        .saying(&["--input"]);
    run(path, "ingets").with(2).saying(&["ingest"]);
    run(path, "select --count 1 --strategy margn --out x.arrow")
        .with(2)
        .saying(&["did you mean `margin`?"]);
    run(path, "select --count 1 --strategy random --out x.arrow")
        .with(2)
        .saying(&["nothing says"]);
    let train = format!("train --texts t --validation v --model {MODEL} --out m");
    run(path, &format!("{train} --learning-rate 0"))
        .with(2)
        .saying(&["a number above 0"]);
    run(path, &format!("{train} --lora-targets querry"))
        .with(2)
        .saying(&["query, key, value"]);
    run(path, &format!("{train} --precision f16"))
        .with(2)
        .saying(&["possible values: f32, bf16"]);
    run(path, "run x.yaml --only a --from b")
        .with(2)
        .saying(&["--from"]);
    assert!(names(path).is_empty());
}

#[test]
fn a_missing_file_has_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    run(path, "ingest --input none.csv --out x.arrow")
        .with(4)
        .saying(&["none.csv", "No such file"]);
    run(path, "show none.arrow").with(4).saying(&["none.arrow"]);
    run(path, "run none.yaml").with(4).saying(&["none.yaml"]);
    run(
        path,
        "evaluate --predictions p.arrow --texts t.arrow --out m.json",
    )
    .with(4);
}

#[test]
fn malformed_input_is_told_by_file_line_and_column() {
    let folder = ingested();
    let path = folder.path();
    let ingest = "ingest --input texts.csv --out bad.arrow";
    run(path, &format!("{ingest} --text-column reviev"))
        .with(3)
        .saying(&[
            "texts.csv has no column `reviev` (is `review` meant?)",
            "`verdict`",
        ]);
    run(path, &format!("{ingest} {COLUMNS} --classes good,positive"))
        .with(3)
        .saying(&["texts.csv, line 2, column `verdict`: `negative` is not a class"]);
    let mut text = fs::read_to_string(path.join("texts.csv")).unwrap();
    text += "13,one column too many,positive,!\n";
    fs::write(path.join("texts.csv"), text).unwrap();
    run(path, &format!("{ingest} {COLUMNS}"))
        .with(3)
        .saying(&["texts.csv, line 14 has 4 columns instead of 3"]);
    assert_eq!(names(path), ["texts.arrow", "texts.csv"]);
}

#[test]
fn an_output_never_replaces_an_input() {
    let folder = ingested();
    let path = folder.path();
    let before = fs::read(path.join("texts.csv")).unwrap();
    run(
        path,
        &format!("ingest --input texts.csv {COLUMNS} --out ./texts.csv"),
    )
    .with(2)
    .saying(&["texts.csv is an input as well as the output"]);
    assert_eq!(fs::read(path.join("texts.csv")).unwrap(), before);
}

#[test]
fn damaged_and_wrong_tables_are_refused() {
    let folder = ingested();
    let path = folder.path();
    let select = "select --count 2 --strategy random --texts texts.arrow --out selection.arrow";
    run(path, select).well();
    run(
        path,
        "evaluate --predictions texts.arrow --texts texts.arrow --out m.json",
    )
    .with(3)
    .saying(&["texts.arrow holds texts, and predictions is needed"]);
    run(path, "show texts.csv")
        .with(3)
        .saying(&["goldpan ingest"]);
    fs::write(path.join("numbers.csv"), "number,verdict\n1,positive\n").unwrap();
    let labelled = format!(
        "train --texts texts.arrow --labelled numbers.csv --validation texts.arrow --model {MODEL} \
         --out model"
    );
    run(path, &labelled)
        .with(3)
        .saying(&["numbers.csv has none of the columns `id`"]);

    let mut bytes = fs::read(path.join("texts.arrow")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path.join("texts.arrow"), &bytes).unwrap();
    run(path, "show texts.arrow --verify")
        .with(3)
        .saying(&["texts.arrow", "make it again"]);
    fs::write(path.join("texts.arrow"), &bytes[..middle]).unwrap();
    run(path, select).with(3).saying(&["texts.arrow"]);
    assert!(
        run(path, "show selection.arrow")
            .well()
            .stdout
            .contains("rank")
    );
}

#[test]
fn an_adapter_of_another_kind_is_refused_by_name() {
    let folder = ingested();
    let path = folder.path();
    let base = root().join("crates/model/tests/fixtures/tiny-bert");
    fs::create_dir(path.join("adapter")).unwrap();
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
        let to = path.join("adapter").join(file);
        fs::copy(base.join("adapter").join(file), to).unwrap();
    }
    let model = format!("--model {} --adapter adapter", base.display());
    let predict = format!("predict --texts texts.arrow {model} --out out.arrow");
    run(path, &predict).well();
    fs::remove_file(path.join("out.arrow")).unwrap();

    let config = path.join("adapter/adapter_config.json");
    let plain = fs::read_to_string(&config).unwrap();
    let dora = plain.replace("\"use_dora\": false", "\"use_dora\": true");
    fs::write(&config, dora).unwrap();
    for command in [predict, format!("export {model} --merged --out out.arrow")] {
        run(path, &command)
            .with(3)
            .saying(&["DoRA", "adapter/adapter_config.json"]);
        assert!(!path.join("out.arrow").exists());
    }
}

#[test]
fn asking_for_more_texts_than_are_left_is_an_error() {
    let folder = ingested();
    let select = "select --count 13 --strategy random --texts texts.arrow --out selection.arrow";
    run(folder.path(), select)
        .with(2)
        .saying(&["13 texts are asked for, but 12 of 12 are left to label"]);
    assert!(!folder.path().join("selection.arrow").exists());
}

#[test]
fn a_typo_in_a_pipeline_is_shown_where_it_is() {
    let small = Small::new();
    let text = fs::read_to_string(small.file("small.yaml")).unwrap();
    let wrong = text.replace("batch_size", "bach_size");
    fs::write(small.file("wrong.yaml"), wrong).unwrap();
    run(small.path(), "run wrong.yaml").with(2).saying(&[
        "wrong.yaml:15:",
        "`bach_size`",
        "did you mean `batch_size`?",
    ]);
    run(small.path(), "run small.yaml --set loop.rounds=none")
        .with(2)
        .saying(&["loop.rounds"]);
    run(small.path(), "run small.yaml --only vecors")
        .with(2)
        .saying(&["vectors"]);
    assert!(!small.file("artifacts").exists(), "something was started");
}

#[test]
fn a_pipeline_says_which_stage_could_not_read_what() {
    let small = Small::new();
    let column = "run small.yaml --set stages.pool.ingest.text_column=reviev";
    run(small.path(), column).with(3).saying(&[
        "pool failed",
        "no column `reviev`",
        "is `review` meant?",
    ]);
    let classes = "run small.yaml --set stages.pool.ingest.classes=[good,positive]";
    run(small.path(), classes)
        .with(3)
        .saying(&["pool failed", "line 2", "`negative`"]);
    run(small.path(), "run small.yaml").well();
}

/// Asserts that nothing is reached within the fifteen seconds that a user may wait.
fn unreachable(command: &mut Command) -> Ran {
    let began = Instant::now();
    let ran: Ran = command.output().unwrap().into();
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    ran.with(4)
}

#[test]
fn an_unreachable_hub_is_told_before_any_stage() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = goldpan(folder.path());
    command
        .arg("run")
        .arg(root().join("pipelines/sst2.yaml"))
        .env_remove("HF_HUB_OFFLINE")
        .env("HF_ENDPOINT", "http://127.0.0.1:9")
        .env("PIP_NO_INDEX", "1")
        .env("GOLDPAN_CACHE", folder.path().join("cache"));
    unreachable(&mut command).saying(&[
        "`FacebookAI/roberta-base` was found; tried:",
        "$GOLDPAN_MODELS",
        "http://127.0.0.1:9",
        "to go on:",
    ]);
    assert!(
        !folder.path().join("artifacts").exists(),
        "a stage was started"
    );

    let texts = ingested();
    let mut command = goldpan(texts.path());
    command
        .args([
            "embed",
            "--texts",
            "texts.arrow",
            "--out",
            "e.arrow",
            "--model",
        ])
        .arg("sentence-transformers/all-MiniLM-L6")
        .env("PIP_NO_INDEX", "1");
    unreachable(&mut command).saying(&[MODEL]);
}

#[test]
fn a_full_disk_loses_nothing() {
    let small = Small::new();
    let store = small.file("store");
    match Disk::mount(&store, "size=96k") {
        Some(disk) => {
            run(small.path(), "run small.yaml --store store")
                .with(1)
                .saying(&["cannot write", "No space left on device"]);
            disk.remount("size=100m");
            finishes(&small);
        }
        // Without root there is a limit on the size of a file, which fails in the same places.
        None => {
            let mut program = goldpan(small.path());
            program.args(["run", "small.yaml", "--store", "store"]);
            let limited: Ran = limited(&program, 48).output().unwrap().into();
            limited.with(1).saying(&["cannot write", "File too large"]);
            finishes(&small);
        }
    }
}

/// The same command in a shell that lets it write files of at most `blocks` KiB.
fn limited(program: &Command, blocks: u32) -> Command {
    let mut shell = Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    shell
        .args(["-c", &script, "bash"])
        .arg(program.get_program())
        .args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.current_dir(program.get_current_dir().unwrap());
    shell
}

/// The first stages were kept, and the next run does the rest.
fn finishes(small: &Small) {
    let ran = run(small.path(), "run small.yaml --store store").well();
    assert!(!ran.stderr.contains(" 0 cached"), "{}", ran.stderr);
    assert_eq!(small.results("store").len(), 6);
}

#[test]
fn a_read_only_store_is_told_before_any_work() {
    let small = Small::new();
    let store = small.file("store");
    let mounted = Disk::mount(&store, "size=1m,ro");
    if mounted.is_none() {
        let mut mode = fs::metadata(&store).unwrap().permissions();
        mode.set_readonly(true);
        fs::set_permissions(&store, mode).unwrap();
        let probe = fs::write(store.join("probe"), b"");
        assert!(
            probe.is_err(),
            "this test needs to mount a file system, or not to be root"
        );
    }
    run(small.path(), "run small.yaml --store store")
        .with(1)
        .saying(&["cannot write", "store"]);
    assert!(names(&store).is_empty());
    run(small.path(), "run small.yaml --store store --dry-run").well();
    run(small.path(), "run small.yaml --store other").well();
}
