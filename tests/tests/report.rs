//! `goldpan report` after a small run: what it prints, and the figures it writes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use goldpan_tests::{Small, goldpan, run};

/// The files of a folder and what they hold.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let file = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(file).collect()
}

#[test]
fn prints_the_report_and_writes_its_figures() {
    let small = Small::new();
    let path = small.path();
    run(path, "report small --store a")
        .with(4)
        .saying(&["there is no run `small` in a/runs"]);
    run(path, "run small.yaml --store a").well();

    let printed = run(path, "report small --store a").well().stdout;
    let markdown = fs::read_to_string(small.file("a/runs/small/report.md")).unwrap();
    assert_eq!(printed, markdown);

    let told = run(path, "report small --store a --figures docs/small").well();
    let written = files(&small.file("docs/small"));
    let names = [
        "gain-over-start.svg",
        "learning-curves.svg",
        "map-diversity-margin.svg",
        "map-random.svg",
        "report.md",
        "training-loss.svg",
        "validation-accuracy.svg",
        "validation-loss.svg",
    ];
    assert!(written.keys().eq(names), "{:?}", written.keys());
    for name in names {
        let line = format!("docs/small/{name}\n");
        assert!(told.stdout.contains(&line), "{line} in {}", told.stdout);
        let linked = written["report.md"].contains(&format!("]({name})"));
        assert_eq!(linked, name.ends_with(".svg"), "{name}");
    }
    assert!(written["report.md"].starts_with(markdown.split("## Provenance").next().unwrap()));
    // 60 texts: the whole pool is on the map, of the arm all eight picks of the only round.
    let map = &written["map-diversity-margin.svg"];
    assert_eq!(map.matches("<title>round 1, id ").count(), 8, "{map}");

    // With another number of threads, the same bytes.
    let again = goldpan(path)
        .env("RAYON_NUM_THREADS", "1")
        .args(["report", "small", "--store", "a", "--figures", "again"])
        .output();
    assert!(again.unwrap().status.success());
    assert_eq!(files(&small.file("again")), written);

    fs::remove_file(small.file("a/runs/small/report.json")).unwrap();
    run(path, "report small --store a --figures docs/small")
        .with(4)
        .saying(&["cannot read a/runs/small/report.json", "run it again"]);
}
