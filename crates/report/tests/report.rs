//! The report of a small run: what it holds, and that no text of the pool can change it.

use std::path::{Path, PathBuf};

use goldpan_artifact::{
    EmbeddingsWriter, HistoryRow, HistoryWriter, Nearest, Precision, PredictionsWriter, Producer,
    SelectionWriter, TextsWriter,
};
use goldpan_evidence::{Question, Trained};
use goldpan_report::{
    Error, HTML, MARKDOWN, Made, Model, Price, REPORT, Run, StageTime, Stopped, publish, write,
};

const HOSTILE: &str =
    "</li><script>alert(1)</script><img src=x onerror=alert(2)> & \" ' \u{202e}| [x](y) \u{7}";
const TEXTS: u64 = 12;

fn producer() -> Producer {
    Producer::new("test", 1)
}

/// Writes the tables of a run with a start and two arms for each seed, and says what is known of it.
fn run(folder: &Path, seeds: u64) -> Run {
    let path = |name: &str| folder.join(name);
    let classes = ["<b>no</b>".to_owned(), "yes".to_owned()];
    let mut texts = TextsWriter::create(path("texts.arrow"), &classes, producer()).unwrap();
    let vectors = path("vectors.arrow");
    let mut embeddings = EmbeddingsWriter::create(&vectors, 2, Precision::F32, producer()).unwrap();
    let guesses = path("guesses.arrow");
    let mut predictions = PredictionsWriter::create(&guesses, &classes, producer()).unwrap();
    for id in 0..TEXTS {
        let text = if id == 3 {
            HOSTILE.to_owned()
        } else {
            format!("text {id} of the pool")
        };
        texts.push(id, &text, Some((id % 2) as i32), None).unwrap();
        embeddings.push(id, &[id as f32, 1.0]).unwrap();
        let probability = 0.5 + id as f32 / 40.0;
        predictions
            .push(id, &[0.0, 0.0], &[probability, 1.0 - probability])
            .unwrap();
    }
    texts.finish().unwrap();
    embeddings.finish().unwrap();
    predictions.finish().unwrap();
    let mut models = Vec::new();
    for seed in 0..seeds {
        for (arm, from, accuracy) in [
            (None, 0, 0.6),
            (Some("random"), 4, 0.7),
            (Some("margin"), 2, 0.75),
        ] {
            let accuracy = accuracy + 0.002 * seed as f64 * f64::from(from as u32);
            models.push(Model {
                trained: Trained {
                    arm: arm.map(str::to_owned),
                    seed,
                    round: u32::from(arm.is_some()),
                    labelled: if arm.is_some() { 8 } else { 4 },
                    peak: accuracy,
                    last: accuracy - 0.01,
                    test: None,
                    loss: Some(0.5 - 0.01 * seed as f64),
                    only: None,
                    chosen: None,
                    stopped: false,
                },
                history: history(folder, models.len()),
                selection: selection(folder, models.len(), from),
                predictions: arm.map(|_| guesses.clone()),
                tested: Some(guesses.clone()),
            });
        }
    }
    Run {
        name: "small".to_owned(),
        question: Question::against("random"),
        epochs_by: "accuracy".to_owned(),
        notes: Vec::new(),
        price: Some(Price {
            of_label: 0.5,
            currency: "EUR".to_owned(),
        }),
        zero_shot: Some(0.55),
        stops: Vec::new(),
        unfinished: None,
        of_texts: Vec::new(),
        models,
        pool: path("texts.arrow"),
        embeddings: Some(vectors),
        test: Some(path("texts.arrow")),
        stages: vec![StageTime {
            kind: "train".to_owned(),
            count: 3,
            seconds: 75.0,
        }],
        facts: vec![("seeds".to_owned(), "0, 1".to_owned())],
        made: vec![Made {
            name: "pool".to_owned(),
            object: "abc".to_owned(),
        }],
        pipeline: format!("name: small # {HOSTILE}"),
        overrides: vec!["loop.rounds=[4]".to_owned()],
    }
}

fn history(folder: &Path, number: usize) -> PathBuf {
    let path = folder.join(format!("history{number}.arrow"));
    let mut writer = HistoryWriter::create(&path, producer()).unwrap();
    for step in 1..=4 {
        let row = HistoryRow {
            epoch: 1,
            step,
            loss: Some(1.0 / step as f32),
            ..HistoryRow::default()
        };
        writer
            .push(&HistoryRow {
                learning_rate: Some(0.1),
                ..row
            })
            .unwrap();
        if step % 2 == 0 {
            let epoch = HistoryRow {
                validation_loss: Some(0.5),
                validation_accuracy: Some(0.7),
                ..row
            };
            writer.push(&epoch).unwrap();
        }
    }
    writer.finish().unwrap();
    path
}

/// Picks four texts from `from` on.
fn selection(folder: &Path, number: usize, from: u64) -> PathBuf {
    let path = folder.join(format!("selection{number}.arrow"));
    let mut writer = SelectionWriter::with_nearest(&path, &[], producer()).unwrap();
    for id in from..from + 4 {
        let nearest = Nearest {
            labelled: Some((0, id as f32 / 10.0)),
            earlier: (id > from).then(|| (id - 1, 0.25)),
        };
        writer.push_near(id, 0.0, &[], nearest).unwrap();
    }
    writer.finish().unwrap();
    path
}

fn written(run: &Run, folder: &Path) -> (String, String) {
    write(run, folder).unwrap();
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    (read(HTML), read(MARKDOWN))
}

#[test]
fn tells_the_verdict_the_curves_the_picks_and_the_money() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), 2);
    let (html, markdown) = written(&run, folder.path());
    for part in [
        "margin beat random",
        "Validation accuracy of the last epoch",
        "<svg",
        "Training loss by step",
        "the whole pool",
        "50.0%",
        "money saved",
        "expected calibration error",
        " EUR",
        "1 min 15 s",
        "--set loop.rounds=[4]",
        "Map of the embeddings",
        "The map is a t-SNE",
        "<title>round 1, id 4: text 4 of the pool</title>",
    ] {
        assert!(html.contains(part), "{part} is missing");
    }
    assert!(markdown.starts_with("# small\n"), "{markdown}");
    assert!(
        markdown.contains("| margin | 1 | 8 | 2 | 0.7520 ± 0.0028 |"),
        "{markdown}"
    );
    assert!(!html.contains("NaN") && !markdown.contains("NaN"));
    assert_eq!(written(&run, folder.path()), (html, markdown));
}

#[test]
fn arms_that_were_stopped_are_told_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = run(folder.path(), 2);
    let (html, markdown) = written(&run, folder.path());
    assert!(!html.contains("stopped") && !markdown.contains("stopped"));

    // Margin stops in both seeds where random goes on for a round.
    for model in run.models.clone() {
        if model.trained.arm.as_deref() == Some("random") {
            let mut later = model;
            (later.trained.round, later.trained.labelled) = (2, 12);
            run.models.push(later);
        }
    }
    let of_margin = |model: &&mut Model| model.trained.arm.as_deref() == Some("margin");
    run.models
        .iter_mut()
        .filter(of_margin)
        .for_each(|model| model.trained.stopped = true);
    run.stops = [0, 1]
        .map(|seed| Stopped {
            arm: Some("margin".to_owned()),
            seed,
            why: "after round 1 (kappa: 0.9950 is at least 0.99)".to_owned(),
        })
        .to_vec();
    let (html, markdown) = written(&run, folder.path());
    for told in [&html, &markdown] {
        assert!(told.contains("At the last round that both did, margin beat random"));
        assert!(told.contains("after round 1 (kappa: 0.9950 is at least 0.99)"));
        assert!(told.contains("Later rounds are those of the seeds that went on"));
        assert!(!told.contains("NaN"));
    }
    assert!(markdown.contains("| random | 2 | 12 | 2 |"), "{markdown}");
}

#[test]
fn texts_of_the_pool_cannot_inject_markup() {
    let folder = tempfile::tempdir().unwrap();
    let (html, markdown) = written(&run(folder.path(), 2), folder.path());
    assert!(
        html.contains("&lt;script&gt;alert(1)"),
        "the text is not shown"
    );
    for injected in ["<script", "<img", "<b>no", "onerror=alert(2)>"] {
        assert!(!html.contains(injected), "{injected}");
    }
    assert!(!markdown.contains("<b>"));
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (html, _) = written(&run(folder.path(), 2), folder.path());
    assert!(html.contains("default-src 'none'"));
    let without_names = html.replace("http://www.w3.org/2000/svg", "");
    for foreign in ["http:", "https:", "src=", "@import", "url("] {
        let shown = without_names.replace("src=x", "");
        assert!(!shown.contains(foreign), "{foreign}");
    }
}

#[test]
fn one_seed_without_vectors_and_predictions_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = run(folder.path(), 1);
    (run.embeddings, run.test) = (None, None);
    (run.price, run.zero_shot) = (None, None);
    run.models
        .iter_mut()
        .for_each(|model| model.predictions = None);
    let (html, _) = written(&run, folder.path());
    assert!(!html.contains("Map of the embeddings"));
    assert!(html.contains("one seed has no interval"));
    assert!(html.contains("one seed: none"));
    run.models.clear();
    written(&run, folder.path());
}

/// Every figure as a file, the hostile text within.
fn published(folder: &Path) -> Vec<(String, String)> {
    let out = folder.join("figures");
    let names = publish(folder, &out).unwrap();
    let read = |name: String| {
        let text = std::fs::read_to_string(out.join(&name)).unwrap();
        (name, text)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn figures_stand_alone_and_are_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = run(folder.path(), 2);
    // The picks of the arm are the hostile text and others.
    run.models.iter_mut().for_each(|model| {
        if model.trained.arm.is_some() {
            model.trained.arm = Some(model.trained.arm.clone().unwrap() + "/<x>");
        }
    });
    write(&run, folder.path()).unwrap();
    let files = published(folder.path());
    assert_eq!(published(folder.path()), files);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "learning-curves.svg",
            "gain-over-start.svg",
            "map-random--x-.svg",
            "map-margin--x-.svg",
            "training-loss.svg",
            "validation-accuracy.svg",
            "validation-loss.svg",
            "calibration.svg",
            "report.md",
        ]
    );
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with("svg")) {
        assert!(text.starts_with("<svg xmlns="), "{name}");
        assert!(!text.contains("<script") && !text.contains("<x>"), "{name}");
        let held = |c: char| c == '\n' || !c.is_control();
        assert!(text.chars().all(held), "{name} is no XML");
        // Elements that HTML leaves open are closed.
        let (opened, closed) = (
            text.matches("<path").count(),
            text.matches("</path>").count(),
        );
        let own = text.matches("/>").count();
        assert!(opened <= closed + own, "{name}");
    }
    let hostile = &files[3].1;
    assert!(hostile.contains("&lt;script&gt;alert(1)"), "{hostile}");
}

#[test]
fn trainings_without_steps_are_not_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), 1);
    for model in &run.models {
        let mut history = HistoryWriter::create(&model.history, producer()).unwrap();
        let solved = HistoryRow {
            step: 5,
            loss: Some(0.5),
            validation_accuracy: Some(0.7),
            validation_loss: Some(0.6),
            ..HistoryRow::default()
        };
        history.push(&solved).unwrap();
        history.finish().unwrap();
    }
    let (html, _) = written(&run, folder.path());
    assert!(html.contains("probes are solved, not trained step by step"));
    assert!(!html.contains("Validation accuracy by step"));
    let files = published(folder.path());
    assert!(!files.iter().any(|(name, _)| name == "training-loss.svg"));
}

#[test]
fn a_run_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = run(folder.path(), 1);
    write(&run, folder.path()).unwrap();
    let read = Run::read(folder.path()).unwrap();
    assert_eq!(format!("{read:?}"), format!("{run:?}"));
    std::fs::write(folder.path().join(REPORT), "{}").unwrap();
    let error = publish(folder.path(), &folder.path().join("out")).unwrap_err();
    assert!(matches!(error, Error::Contents { .. }), "{error}");
    assert!(!folder.path().join("out").exists());
}
