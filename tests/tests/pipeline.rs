//! A small pipeline from start to end: its results, and what a second run does.

use std::fs;

use goldpan_artifact::Results;
use goldpan_tests::{Ran, Small, run, start};

#[test]
fn runs_once_and_is_then_cached() {
    let small = Small::new();
    let path = small.path();

    let plan = run(path, "run small.yaml --store a --dry-run").well();
    assert!(plan.stdout.contains("vectors"), "{}", plan.stdout);
    assert!(plan.stdout.contains("0 cached"), "{}", plan.stdout);
    assert!(!small.file("a").exists(), "a dry run wrote something");
    for told in ["trainings: 6 to do, 0 cached", "\nnot counted: 15 "] {
        assert!(plan.stdout.contains(told), "{}", plan.stdout);
    }

    let first = run(path, "run small.yaml --store a").well();
    assert_eq!(first.stdout, "a/runs/small\n");
    let first = first.saying(&[
        "start",
        "random",
        "diversity-margin",
        " ± ",
        "gain over random",
    ]);
    let results = small.results("a");
    // A start and two arms for each of two seeds.
    assert_eq!(results.len(), 6, "{results:?}");
    assert!(
        results
            .iter()
            .any(|line| line.starts_with("diversity-margin,1,1,24,"))
    );

    let report = reported(&small);
    a_second_run_does_nothing(&small, table(&first));
    // What is there needs no memory.
    run(path, "run small.yaml --store a --memory-limit 1KiB")
        .well()
        .saying(&["0 stages run"]);
    assert_eq!(reported(&small), report);

    let plan = run(
        path,
        "run small.yaml --store a --dry-run --set loop.rounds=[4]",
    )
    .well();
    assert!(plan.stdout.contains("run ("), "{}", plan.stdout);
    let cached = |line: &str| line.contains("vectors") && line.contains("cached");
    assert!(plan.stdout.lines().any(cached), "{}", plan.stdout);
    let told = |line: &str| line.contains("/select") && line.contains("; about ");
    assert!(plan.stdout.lines().any(told), "{}", plan.stdout);
    told_beforehand(&small);

    run(path, "run small.yaml --store a --only select")
        .well()
        .saying(&["0 stages run"]);
    run(path, "run small.yaml --store a --force vectors")
        .well()
        .saying(&["1 stage run"]);
    assert_eq!(small.results("a"), results);

    let shown = run(path, "show a/runs/small/vectors --verify --rows 2").well();
    assert!(shown.stdout.contains("manifest right"), "{}", shown.stdout);
    collected(&small);
}

/// The report of the run, which tells what `results.arrow` holds.
fn reported(small: &Small) -> String {
    let folder = small.file("a/runs/small");
    let rows = Results::open(folder.join("results.arrow")).unwrap().rows();
    assert_eq!(rows.len(), small.results("a").len());
    let report = fs::read_to_string(folder.join("report.html")).unwrap();
    let markdown = fs::read_to_string(folder.join("report.md")).unwrap();
    for told in [&report, &markdown] {
        assert!(told.contains("At the end, diversity-margin "), "{told}");
        assert!(!told.contains("NaN"), "{told}");
    }
    assert!(report.contains("Most isolated"), "there are no examples");
    report
}

/// What is still to do is predicted: by the trainings that are there, or else by the kernels.
fn told_beforehand(small: &Small) {
    let plan = |options: &str| {
        let arguments = format!("run small.yaml --store a --dry-run {options}");
        run(small.path(), &arguments).well().stdout
    };
    let more = plan("--set seeds=[0,7]");
    for told in [
        "\ntrainings: 3 to do, 3 cached",
        "\npredicted: ",
        ", at most ",
        "\nby the speed of 6 earlier trainings;",
    ] {
        assert!(more.contains(told), "{told:?} is not in:\n{more}");
    }
    let told = |line: &str| line.starts_with("train") && line.contains("; about ");
    assert_eq!(more.lines().filter(|line| told(line)).count(), 3, "{more}");
    assert!(!more.contains("not counted"), "{more}");
    // No training with these adapters is known; the embeddings are.
    let other = plan("--set loop.model.lora.rank=2");
    assert!(
        other.contains("by the speed of 1 earlier embedding;"),
        "{other}"
    );
    let other = plan("--set loop.train.precision=bf16");
    assert!(other.contains("by products timed just now;"), "{other}");
    let nothing = plan("");
    assert!(
        nothing.ends_with("trainings: 0 to do, 6 cached\n"),
        "{nothing}"
    );
}

/// The comparison of the arms in what a run said.
fn table(ran: &Ran) -> &str {
    let start = ran.stderr.find('─').unwrap();
    let end = ran.stderr.rfind('─').unwrap();
    &ran.stderr[start..end]
}

/// Nothing is done again, and the same table is shown.
fn a_second_run_does_nothing(small: &Small, table: &str) {
    let again = run(small.path(), "run small.yaml --store a").well();
    assert_eq!(self::table(&again), table);
    again.saying(&["0 stages run"]);
}

/// `gc` keeps what the run's folder links to, and nothing once that is gone.
fn collected(small: &Small) {
    let path = small.path();
    run(path, "gc --store a").well();
    run(path, "run small.yaml --store a")
        .well()
        .saying(&["0 stages run"]);
    fs::remove_dir_all(small.file("a/runs/small")).unwrap();
    run(path, "gc --store a --dry-run")
        .well()
        .saying(&["would remove", "0 objects kept"]);
    run(path, "gc --store a")
        .well()
        .saying(&["removed", "0 objects kept"]);
    let plan = run(path, "run small.yaml --store a --dry-run").well();
    assert!(plan.stdout.contains("0 cached"), "{}", plan.stdout);
}

/// A selection that does not fit is refused as soon as its size is known, before any training.
#[test]
fn selections_that_do_not_fit_are_refused_early() {
    let small = Small::new();
    let path = small.path();
    let limited = "run small.yaml --store a --memory-limit 100KiB";
    let refusal = [
        "seed0/diversity-margin/round1/select does not fit",
        "strategy `diversity-margin` needs",
        "which fits, or raise the limit",
    ];
    // Nothing is ingested yet.
    run(path, &format!("{limited} --dry-run")).well();
    let ran = run(path, limited).with(2).saying(&refusal);
    assert!(ran.stderr.contains("vectors: 60 texts"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("start/"), "{}", ran.stderr);
    for again in [limited, &format!("{limited} --dry-run")] {
        let ran = run(path, again).with(2).saying(&refusal);
        assert_eq!(ran.stdout, "");
    }
    let enough = "run small.yaml --store a --memory-limit 1MiB --dry-run";
    assert!(run(path, enough).well().stdout.contains("; about "));
}

#[test]
fn two_runs_at_once_share_their_work() {
    let small = Small::new();
    let mut runs = [0, 1].map(|_| start(small.path(), "run small.yaml --store b"));
    for run in &mut runs {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(small.results("b").len(), 6);
}

#[test]
fn two_runs_of_other_seeds_at_once_keep_their_own_links_until_their_reports() {
    let small = Small::new();
    let mut runs = ["[0]", "[1]"].map(|seeds| {
        let command = format!("run small.yaml --store b --set seeds={seeds}");
        start(small.path(), &command)
    });
    for run in &mut runs {
        assert!(run.wait().unwrap().success());
    }
}

#[test]
fn trainings_at_once_give_the_same_results() {
    let small = Small::new();
    for (store, number) in [("one", 1), ("three", 3)] {
        let command = format!("run small.yaml --store {store} --trainings {number} -vv");
        let ran = run(small.path(), &command).well();
        let beside = ran.stderr.contains("beside 1 other trainings");
        assert_eq!(beside, number > 1, "{}", ran.stderr);
    }
    assert_eq!(small.results("one").len(), 6);
    assert_eq!(small.results("three"), small.results("one"));
}

#[test]
fn arms_with_the_same_picks_share_their_training() {
    let small = Small::new();
    let file = small.file("small.yaml");
    let twin = fs::read_to_string(&file).unwrap() + "    twin: { random: {} }\n";
    fs::write(file, twin).unwrap();
    let command = "run small.yaml --store a --trainings 3 --set loop.report.baseline=random";
    // The twin's selection, labels and model, for each seed.
    let ran = run(small.path(), command).well();
    let ran = ran.saying(&["23 stages run, 6 cached"]);
    assert!(!ran.stderr.contains("waiting for"), "{}", ran.stderr);
}

#[test]
fn a_training_that_fails_ends_the_run() {
    let small = Small::new();
    let failing = "run small.yaml --store a --trainings 2 --set loop.train.learning_rate=1e30";
    let ran = run(small.path(), failing).with(1);
    let ran = ran.saying(&["/train failed", "the training diverges"]);
    assert!(!ran.stderr.contains("train: accuracy"), "{}", ran.stderr);
}

#[test]
fn a_training_that_fails_stops_those_beside_it() {
    let small = Small::new();
    let file = small.file("small.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let (stages, looped) = text.split_once("\nloop:\n").unwrap();
    let model = looped.split_once("base: ").unwrap().1;
    let base = model.split_once(',').unwrap().0;
    let train = |name: &str, settings: &str| {
        format!(
            "  {name}: {{ train: {{ texts: pool, validation: validation, model: {{ base: {base} }}, {settings} }} }}\n"
        )
    };
    let good = train("good", "epochs: 400");
    let bad = train("bad", "learning_rate: 1e30");
    let stages = stages.replace("seeds: [0, 1]\n", "");
    fs::write(file, format!("{stages}\n{good}{bad}")).unwrap();
    let ran = run(small.path(), "run small.yaml --store a --trainings 2").with(1);
    let ran = ran.saying(&["bad failed", "diverges"]);
    assert!(!ran.stderr.contains("good: accuracy"), "{}", ran.stderr);
}
