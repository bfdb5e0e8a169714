//! Arms that rules stop before their last round, from the run to what is told of it later.

use std::fs;

use goldpan_tests::{Small, run};

const RUN: &str = "run small.yaml --store a --set loop.rounds=[8,8]";

/// The rows of `results.csv` that begin with this.
fn rows(small: &Small, arm: &str) -> usize {
    let results = small.results("a");
    results.iter().filter(|line| line.starts_with(arm)).count()
}

#[test]
fn a_rule_stops_an_arm_and_changes_no_result() {
    let small = Small::new();
    let path = small.path();
    let budget = format!("{RUN} --set loop.stop.labels=24");

    let ran = run(path, &budget).well().saying(&[
        "seed 0: random stopped after round 1 (labels: 32 after the next round is above 24)",
        "seed 1: diversity-margin stopped after round 1",
    ]);
    // A start and two arms of one round for each of two seeds.
    let stopped = small.results("a");
    assert_eq!(stopped.len(), 6, "{stopped:?}");
    assert!(ran.stderr.contains("At the end, "), "{}", ran.stderr);
    let folder = small.file("a/runs/small");
    assert!(folder.join("seed0/random/round1/train").exists());
    assert!(!folder.join("seed0/random/round2").exists());
    assert!(
        !folder
            .join("seed0/diversity-margin/round1/predict")
            .exists()
    );

    // The rest is done once the rule is gone, and the models of before are used.
    run(path, RUN)
        .well()
        .saying(&["stages run", "At the end, "]);
    assert_eq!(rows(&small, "random"), 4);
    let whole = small.results("a");
    assert!(stopped.iter().all(|row| whole.contains(row)));

    // With the rule again nothing runs, and nothing is left of the rounds after it.
    let plan = run(path, &format!("{budget} --dry-run")).well().stdout;
    let line = plan
        .lines()
        .find(|line| line.contains("seed1/random/round2/train"));
    assert!(
        line.unwrap().contains("stopped after round 1 (labels: 32"),
        "{plan}"
    );
    assert!(plan.contains("23 cached, 0 to run, 14 stopped"), "{plan}");
    run(path, &budget)
        .well()
        .saying(&["0 stages run", "random stopped after round 1"]);
    assert_eq!(small.results("a"), stopped);
    assert!(!folder.join("seed0/random/round2").exists());
    assert!(!folder.join("tensorboard/random/seed0/round2").exists());

    for report in ["report.html", "report.md"] {
        let report = fs::read_to_string(folder.join(report)).unwrap();
        assert!(report.contains("Arms that were stopped"), "{report}");
        assert!(!report.contains("NaN"), "{report}");
    }
    let told = run(path, "explain small 0 --store a --arm random --seed 0")
        .well()
        .stdout;
    let line = "seed 0, random, round 2: not done, the arm stopped after round 1 (labels: 32 ";
    assert!(told.contains(line), "{told}");
}

#[test]
fn successive_models_are_compared_on_the_validation_texts() {
    let small = Small::new();
    let path = small.path();
    let with = |rule: &str| format!("{RUN} --set seeds=[0] --set loop.stop.{rule}");

    let ran = run(path, &with("kappa=0.01")).well();
    let folder = small.file("a/runs/small");
    assert!(
        folder
            .join("seed0/start/validation/predict/predictions.arrow")
            .exists()
    );
    let told = "seed 0: random stopped after round 1 (kappa: ";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    // Of what is known after the last round nothing is asked.
    assert!(!folder.join("seed0/random/round2/validation").exists());

    // The gain of a round is never a whole point for each label; the distance never above 2.
    run(path, &with("gain_per_label=1")).well().saying(&[
        "seed 0: random stopped after round 1 (gain_per_label: ",
        "is below 1e0)",
    ]);
    let told = [
        "seed 0: diversity-margin stopped after round 1 (distance: ",
        "is below 3)",
    ];
    run(path, &with("distance=3")).well().saying(&told);
    assert_eq!(rows(&small, "diversity-margin"), 1);
}

#[test]
fn a_start_that_is_enough_ends_the_experiment_and_is_told_so() {
    let small = Small::new();
    let path = small.path();
    let rule = format!("{RUN} --set loop.stop.target_accuracy=0.01");
    run(path, &rule).well().saying(&[
        "seed 0: every arm stopped after the start (target: accuracy ",
        "No arm did its rounds, so nothing is compared.",
    ]);
    let results = small.results("a");
    assert_eq!(results.len(), 2, "{results:?}");
    let report = fs::read_to_string(small.file("a/runs/small/report.md")).unwrap();
    assert!(
        report.contains("- every arm, seed 1: after the start "),
        "{report}"
    );
    run(path, &rule).well().saying(&["0 stages run"]);
}
