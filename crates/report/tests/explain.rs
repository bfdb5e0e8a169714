//! What is told of texts where a run knows little, is not done, or several are meant.

use std::path::Path;

use goldpan_artifact::{Nearest, Producer, SelectionWriter, TextsWriter};
use goldpan_report::{Contents, Error, Explanation, Round, Verdict, explain};
use serde_json::json;

/// Ten texts; the keys of the first two are the same, and that of the third is the id of the fourth.
fn texts(folder: &Path) {
    let path = folder.join("texts.arrow");
    let classes = ["no".to_owned(), "yes".to_owned()];
    let mut texts = TextsWriter::create(path, &classes, Producer::new("test", 1)).unwrap();
    for id in 0..10 {
        let key = match id {
            0 | 1 => Some("twice"),
            2 => Some("3"),
            _ => None,
        };
        let label = (id != 9).then_some(1);
        texts.push(id, &format!("text {id}"), label, key).unwrap();
    }
    texts.finish().unwrap();
}

fn selection(folder: &Path, name: &str, ids: &[u64]) {
    let path = folder.join(name);
    let names = ["margin".to_owned()];
    let mut picks = SelectionWriter::create(path, &names, Producer::new("test", 1)).unwrap();
    for &id in ids {
        picks.push(id, 0.25 * id as f32, &[0.5]).unwrap();
    }
    picks.finish().unwrap();
}

fn round(arm: Option<&str>, round: u32) -> Round {
    Round {
        arm: arm.map(str::to_owned),
        seed: 0,
        round,
        stopped: None,
        rule: json!({ "uncertainty": { "score": "margin" } }),
        selection: format!("{}{round}.arrow", arm.unwrap_or("start")).into(),
        predictions: arm.map(|_| "not-there.arrow".into()),
    }
}

/// A run of which one arm has done two of three rounds, the other none.
fn unfinished(folder: &Path) {
    texts(folder);
    selection(folder, "start0.arrow", &[4, 5]);
    selection(folder, "margin1.arrow", &[6, 7]);
    selection(folder, "margin2.arrow", &[]);
    let arms = [("margin", 1), ("margin", 2), ("margin", 3), ("random", 1)];
    let rounds = arms.map(|(arm, number)| round(Some(arm), number));
    let contents = Contents {
        pool: "texts.arrow".into(),
        embeddings: Some("not-there.arrow".into()),
        excluded: Vec::new(),
        rounds: [vec![round(None, 0)], rounds.to_vec()].concat(),
    };
    contents.write(folder).unwrap();
    assert_eq!(Contents::read(folder).unwrap(), contents);
}

fn verdicts(explanation: Explanation) -> Vec<Verdict> {
    let rounds = explanation.rounds.into_iter();
    rounds
        .inspect(|told| assert_eq!(told.opinion, None))
        .map(|told| told.verdict)
        .collect()
}

fn passed_over(last_score: Option<f32>) -> Verdict {
    Verdict::PassedOver {
        last_score,
        nearest_labelled: None,
        nearest_pick: None,
    }
}

#[test]
fn as_much_is_told_as_is_known() {
    let folder = tempfile::tempdir().unwrap();
    unfinished(folder.path());
    let of = |text| explain(folder.path(), text, false).unwrap();
    let picked = Verdict::Picked {
        rank: 1,
        of: 2,
        score: Some(1.75),
        objectives: vec![("margin".to_owned(), 0.5)],
        nearest: Nearest::default(),
    };
    assert_eq!(
        verdicts(of("7")),
        [
            passed_over(Some(1.25)),
            picked,
            Verdict::Labelled { since: 1 },
            Verdict::NotDone,
            Verdict::NotDone,
        ]
    );
    // Nothing was picked in round 2.
    assert_eq!(verdicts(of("9"))[2], passed_over(None));
    let labels = ["8", "9"].map(|text| of(text).label);
    assert_eq!(labels, [Some("yes".to_owned()), None]);
}

/// A pick at random has no score: 0 would be one.
#[test]
fn picks_without_objectives_have_no_score() {
    let folder = tempfile::tempdir().unwrap();
    unfinished(folder.path());
    let path = folder.path().join("margin1.arrow");
    let mut picks = SelectionWriter::create(path, &[], Producer::new("test", 1)).unwrap();
    for id in [6, 7] {
        picks.push(id, 0.0, &[]).unwrap();
    }
    picks.finish().unwrap();
    let of = |text| explain(folder.path(), text, false).unwrap();
    let picked = Verdict::Picked {
        rank: 1,
        of: 2,
        score: None,
        objectives: Vec::new(),
        nearest: Nearest::default(),
    };
    assert_eq!(verdicts(of("7"))[1], picked);
    assert_eq!(verdicts(of("9"))[1], passed_over(None));

    // The class of a stratified pick is told, and is no score.
    let mut contents = Contents::read(folder.path()).unwrap();
    contents.rounds[0].rule = json!({ "stratified": {} });
    contents.write(folder.path()).unwrap();
    let Verdict::Picked {
        score, objectives, ..
    } = &verdicts(of("4"))[0]
    else {
        panic!("it was picked");
    };
    assert_eq!((*score, objectives.len()), (None, 1));
}

#[test]
fn a_text_that_is_left_out_of_the_pool_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    unfinished(folder.path());
    let path = folder.path().join("dev.arrow");
    let mut dev = TextsWriter::create(path, &[], Producer::new("test", 1)).unwrap();
    dev.push(0, "text 9", None, None).unwrap();
    dev.finish().unwrap();
    let mut contents = Contents::read(folder.path()).unwrap();
    contents.excluded = vec!["dev.arrow".into()];
    contents.write(folder.path()).unwrap();
    let told = |text| verdicts(explain(folder.path(), text, false).unwrap());
    assert_eq!(told("9")[..3], [const { Verdict::Excluded }; 3]);
    assert_eq!(told("8")[1], passed_over(Some(1.75)));
}

#[test]
fn a_round_that_a_rule_stopped_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    unfinished(folder.path());
    let mut contents = Contents::read(folder.path()).unwrap();
    // What an earlier run left of the round plays no part.
    let why = "after round 1 (labels: 30 after the next round is above 20)".to_owned();
    contents.rounds[2].stopped = Some(why.clone());
    contents.write(folder.path()).unwrap();
    let told = verdicts(explain(folder.path(), "9", false).unwrap());
    assert_eq!(told[2], Verdict::Stopped { why });
    assert_eq!(told[3], Verdict::NotDone);
}

#[test]
fn a_text_is_meant_by_its_id_or_else_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    unfinished(folder.path());
    let id = |text, by_key| explain(folder.path(), text, by_key).map(|told| told.id);
    assert_eq!(id("3", false).unwrap(), 3);
    assert_eq!(id("3", true).unwrap(), 2);
    assert!(matches!(
        id("twice", false).unwrap_err(),
        Error::RepeatedKey {
            first: 0,
            second: 1,
            ..
        }
    ));
    let unknown = id("10", false).unwrap_err();
    assert!(matches!(&unknown, Error::UnknownText { text, .. } if text == "10"));
}

#[test]
fn a_folder_without_contents_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = || explain(folder.path(), "0", false).unwrap_err();
    assert!(matches!(error(), Error::NoContents { .. }));
    std::fs::write(folder.path().join("run.json"), "{}").unwrap();
    assert!(matches!(error(), Error::Contents { .. }));
}
