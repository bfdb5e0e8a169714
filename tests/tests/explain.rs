//! `goldpan explain` after a small run: every text of the pool has its story.

use goldpan_artifact::{Selection, Texts};
use goldpan_tests::{Small, run};

#[test]
fn tells_why_a_text_was_picked_or_was_not() {
    let small = Small::new();
    let path = small.path();
    run(path, "explain small 0 --store a")
        .with(4)
        .saying(&["there is no run `small` in a/runs", "run a pipeline first"]);
    run(path, "run small.yaml --store a").well();

    let folder = small.file("a/runs/small");
    let open = |place: &str| Selection::open(folder.join(place).join("selection.arrow")).unwrap();
    let (start, picks) = (
        open("seed0/start/select"),
        open("seed0/diversity-margin/round1/select"),
    );
    let of_arm = |id: u64| {
        let arguments = format!("explain small {id} --store a --arm diversity-margin --seed 0");
        run(path, &arguments).well().stdout
    };

    let picked = of_arm(picks.id(2));
    let nearest = picks.nearest(2);
    let near = |near: Option<(u64, f32)>| {
        let (id, distance) = near.unwrap();
        format!("{id}, {distance:.4} away")
    };
    for part in [
        "seed 0, diversity-margin, round 1: picked, rank 2 (from 0) of 8 picks\n".to_owned(),
        format!("  score {:.4}, ", picks.score(2)),
        format!("nearest labelled text: {}\n", near(nearest.labelled)),
        format!("nearest earlier pick: {}\n", near(nearest.earlier)),
        "the model before: ".to_owned(),
        "of 44 texts without a label\n".to_owned(),
        "rule of diversity-margin: {".to_owned(),
    ] {
        assert!(picked.contains(&part), "{part:?} is not in:\n{picked}");
    }

    let labelled = of_arm(start.id(0));
    let told = "seed 0, diversity-margin, round 1: labelled since the start\n";
    assert!(labelled.ends_with(told), "{labelled}");

    let texts = Texts::open(folder.join("pool/texts.arrow")).unwrap();
    let taken: Vec<u64> = start.ids().chain(picks.ids()).collect();
    let row = (0..texts.len()).find(|&row| !taken.contains(&texts.id(row)));
    let row = row.unwrap();
    let free = of_arm(texts.id(row));
    for part in [
        "round 1: not picked\n".to_owned(),
        format!("the last pick has the score {:.4}\n", picks.score(7)),
        "nearest labelled text: ".to_owned(),
        "nearest pick of the round: ".to_owned(),
        "it was less sure of ".to_owned(),
        texts.text(row).to_owned(),
    ] {
        assert!(free.contains(&part), "{part:?} is not in:\n{free}");
    }

    // By the user's own key, over all arms and seeds.
    let key = texts.key(row).unwrap();
    let all = run(path, &format!("explain small {key} --store a")).well();
    let rounds = all.stdout.lines().filter(|line| line.starts_with("seed "));
    assert_eq!(rounds.count(), 6, "{}", all.stdout);

    for (arguments, told) in [
        ("explain other 0", "there are small"),
        ("explain small 99999", "has the id or key `99999`"),
        ("explain small 0 --key", "has the id or key `0`"),
        ("explain small 0 --arm margin", "arms are diversity-margin"),
    ] {
        let code = if arguments.contains("other") { 4 } else { 2 };
        let ran = run(path, &format!("{arguments} --store a")).with(code);
        assert_eq!(ran.saying(&[told]).stdout, "");
    }
}
