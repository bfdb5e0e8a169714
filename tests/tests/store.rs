//! A store that is copied, cleaned, and used by another pipeline of the same name.

use std::fs;
use std::process::Command;

use goldpan_tests::{Small, run};

fn shell(small: &Small, command: &str) {
    let status = Command::new("sh")
        .args(["-c", command])
        .current_dir(small.path())
        .status();
    assert!(status.unwrap().success(), "{command}");
}

/// One seed, and heads alone: seconds.
const RUN: &str =
    "run small.yaml --set seeds=[0] --set loop.model.lora=~ --set loop.model.tune=head";

#[test]
fn a_store_copied_without_links_loses_nothing() {
    let small = Small::new();
    let path = small.path();
    run(path, &format!("{RUN} --store a")).well();
    shell(
        &small,
        "cp -rL a followed; cp -r a dropped; find dropped/runs -type l -delete",
    );
    for store in ["followed", "dropped"] {
        run(path, &format!("gc --store {store}"))
            .well()
            .saying(&["removed 0 objects, 0 records"]);
        run(path, &format!("{RUN} --store {store}"))
            .well()
            .saying(&["0 stages run"]);
        let link = small.file(store).join("runs/small/pool");
        assert!(link.is_symlink() && link.exists(), "{store}");
    }
    // Looking into a run puts its links back too.
    shell(&small, "find a/runs -type l -delete");
    let told = run(path, "explain small 0 --store a").well().stdout;
    assert!(told.contains("seed 0, random, round 1: "), "{told}");

    shell(
        &small,
        "rm a/runs/small/links.jsonl; find a/runs -type l -delete",
    );
    run(path, "gc --store a").with(3).saying(&[
        "a/runs/small does not say which results it uses",
        "nothing is removed",
    ]);
    run(path, &format!("{RUN} --store a"))
        .well()
        .saying(&["0 stages run"]);
}

#[test]
fn a_pipeline_that_takes_anothers_place_says_so_and_gc_names_what_it_removes() {
    let small = Small::new();
    let path = small.path();
    run(path, &format!("{RUN} --store a")).well();
    let text = fs::read_to_string(small.file("small.yaml")).unwrap();
    let other = text.replace("start: { random: 16 }", "start: { random: 12 }");
    fs::write(small.file("other.yaml"), other).unwrap();
    let told = "runs/small was made by small.yaml with another start; its models that this run does not \
                have are no longer linked";
    let other = RUN.replace("small.yaml", "other.yaml");
    run(path, &format!("{other} --store a --dry-run"))
        .well()
        .saying(&[told]);
    run(path, &format!("{other} --store a"))
        .well()
        .saying(&[told]);
    run(path, "gc --store a").well().saying(&[
        "kept, though superseded",
        "of small: ",
        "random",
        "removed 0 objects",
    ]);
    run(path, "gc --store a --superseded --dry-run")
        .well()
        .saying(&[
            "would remove of small: diversity-margin (3 results), random (3 results), start (",
        ]);
    run(path, "gc --store a --superseded").well();
    let again = run(path, &format!("{RUN} --store a --dry-run")).well();
    assert!(again.stdout.contains("\n3 cached"), "{}", again.stdout);
}

#[test]
fn a_run_without_its_report_says_why() {
    let small = Small::new();
    let path = small.path();
    let ran = run(path, &format!("{RUN} --store a --set loop.rounds=[50]")).with(2);
    let ran = ran.saying(&[
        "loop.rounds.0: the start and round 1 ask for 66 texts, and `pool` has 60",
        "write `rest`",
    ]);
    assert!(!ran.stderr.contains("embed"), "{}", ran.stderr);
    run(path, "report small --store a").with(4).saying(&[
        "run `small` has no report, as it is not finished: ",
        "ask for 66 texts",
    ]);
    let told = run(path, "explain small 0 --store a").well();
    let told = told.saying(&[
        "the last run of `small` is not finished: ",
        "ask for 66 texts",
    ]);
    assert!(
        told.stdout.contains("not picked from yet"),
        "{}",
        told.stdout
    );
}
