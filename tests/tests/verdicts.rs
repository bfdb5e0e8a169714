//! What arms are compared by and with: the metric, the baseline, and numbers of labels.

use std::fs;

use goldpan_tests::{Small, run};

/// The metric and the baseline change no model, only what is said of them.
#[test]
fn arms_are_compared_by_the_metric_and_with_the_baseline_that_are_asked_for() {
    let small = Small::new();
    let path = small.path();
    // The arm is called random and picks by margin; that at random has another name.
    let arms =
        "run small.yaml --store a --set loop.arms.random=margin --set loop.arms.plain=random";
    run(path, arms)
        .well()
        .saying(&["gain over plain", "┆ accuracy"]);
    let report = || fs::read_to_string(small.file("a/runs/small/report.md")).unwrap();
    assert!(
        report().contains("- **plain**: what the others are compared with"),
        "{}",
        report()
    );
    assert!(report().contains("Validation accuracy of the best epoch"));

    let by = |set: &str| run(path, &format!("{arms} {set}"));
    by("--set loop.metric=macro-f1 --set loop.report.baseline=random")
        .well()
        .saying(&["gain over random", "┆ macro-F1", "0 stages run"]);
    assert!(
        report().contains("## Validation macro-F1 of the best epoch"),
        "{}",
        report()
    );
    assert!(report().contains("points against random"));
    let html = fs::read_to_string(small.file("a/runs/small/report.html")).unwrap();
    assert!(html.contains("Validation macro-F1 of the best epoch by labelled texts"));
    assert!(html.contains("The target is macro-F1 0."), "{html}");

    by("--set loop.metric.f1=positive --set loop.stop.target=0.01")
        .well()
        .saying(&["seed 0: every arm stopped after the start (target: F1 of positive "]);
    // The columns hold the metric too.
    let header = "arm,seed,round,labelled,epoch,accuracy,loss,macro_f1,seconds,object,last_accuracy,\
                  test_accuracy,last_macro_f1,test_macro_f1,metric";
    let results = fs::read_to_string(small.file("a/runs/small/results.csv")).unwrap();
    let (first, start) = results.split_once('\n').unwrap();
    let start: Vec<&str> = start.lines().next().unwrap().split(',').collect();
    assert!(first.starts_with(header), "{first}");
    assert!(start[14].parse::<f64>().unwrap() > 0.0, "{start:?}");

    let unknown = [
        "loop.metric.f1: the texts have no class `positve`",
        "did you mean `positive`?",
    ];
    by("--set loop.metric.f1=positve").with(2).saying(&unknown);
    by("--set loop.metric.f1=positve --dry-run")
        .with(2)
        .saying(&unknown);
    // Before work starts, once the texts are read.
    run(
        path,
        "run small.yaml --store b --set loop.metric.f1=positve",
    )
    .with(2)
    .saying(&unknown);
    assert!(!small.file("b/runs/small/vectors").exists());
}

#[test]
fn arms_with_other_numbers_of_labels_are_not_compared() {
    let small = Small::new();
    let path = small.path();
    let set = "--set seeds=[0]";
    let text = fs::read_to_string(small.file("small.yaml")).unwrap();
    let text = text.replace("rounds: [8]", "rounds: [{ share: 0.25 }]");
    let long = "    long: { uncertainty: { score: margin }, where: length > 110 }\n";
    fs::write(small.file("more.yaml"), text + long).unwrap();
    let warned = ["warning: arms may get different numbers of labels in round 1: "];
    run(path, &format!("run more.yaml --store a {set} --dry-run"))
        .well()
        .saying(&warned);
    let ran = run(path, &format!("run more.yaml --store a {set}"))
        .well()
        .saying(&warned);
    let headline = "long cannot be compared with random: the numbers of labels differ";
    let ran = ran.saying(&[headline, "long ended with "]);
    let row = ran.stderr.lines().find(|line| line.starts_with("│ long"));
    let cells: Vec<&str> = row.unwrap().split('┆').map(str::trim).collect();
    assert_eq!(cells[4..], ["", "│"], "{cells:?}");
    for report in ["report.md", "report.html"] {
        let report = fs::read_to_string(small.file("a/runs/small").join(report)).unwrap();
        assert!(
            report.contains(headline) && report.contains("not compared: "),
            "{report}"
        );
    }
}
