//! Stores that were copied in ways that lose links, and what `gc` makes of them.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use goldpan_store::{
    Action, Claim, Collect, Error, GcReport, Record, Reuse, RunFolder, Session, Store,
};
use serde_json::json;
use tempfile::TempDir;

const NAMES: [&str; 3] = ["pool", "vectors", "seed0/margin/round1/train"];

fn session(store: &Store) -> Session {
    store.session(&mut || ControlFlow::Continue(())).unwrap()
}

fn action(name: &str, content: &str) -> Action {
    Action::new("embed", format!("demo/{name}")).with("content", content)
}

fn done(session: &Session, name: &str, content: &str) -> Record {
    let action = action(name, content);
    match session.claim(&action, Reuse::Allowed, &mut || ControlFlow::Continue(())) {
        Ok(Claim::Found(record)) => record,
        Ok(Claim::Pending(pending)) => {
            fs::write(pending.dir().join("texts.arrow"), content).unwrap();
            pending.commit(json!({}), Duration::from_secs(1)).unwrap()
        }
        Err(error) => panic!("{error}"),
    }
}

/// A run of these contents, from start to end.
fn run(store: &Store, run: &str, content: &str, names: &[&str]) -> Result<PathBuf, Error> {
    let session = session(store);
    let folder = session.run_folder(run)?;
    for name in names {
        folder.link(
            name,
            &done(&session, name, &format!("{content} {name}")).object,
        )?;
    }
    let names: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    let lock = folder.lock(&mut || ControlFlow::Continue(()))?;
    folder.sweep(&lock)?;
    folder.keep_only(&names)?;
    fs::write(folder.path().join("results.csv"), "arm\n").unwrap();
    Ok(folder.path().to_owned())
}

/// A store with a run of three results, and one result that no run uses.
fn original() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("a")).unwrap();
    run(&store, "demo", "one", &NAMES).unwrap();
    done(&session(&store), "other", "unused");
    (folder, store)
}

fn copied(folder: &Path, command: &str) -> Store {
    let status = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .status();
    assert!(status.unwrap().success(), "{command}");
    Store::open(folder.join("b")).unwrap()
}

/// What is removed of a store, without what it comes to in bytes.
fn removed(store: &Store, collect: Collect) -> Result<(u64, u64), Error> {
    let GcReport { kept, objects, .. } = store.gc(collect)?;
    Ok((kept, objects))
}

fn linked(store: &Store) -> bool {
    let run = store.root().join("runs/demo");
    let is_whole = |name: &&str| {
        let path = run.join(name);
        path.is_symlink() && path.join("texts.arrow").is_file()
    };
    NAMES.iter().all(is_whole)
}

/// Ways of copying that lose links: as folders, as text, as empty files or folders, or altogether.
const WAYS: [&str; 8] = [
    "cp -a a b",
    "cp -r a b",
    "cp -rL a b",
    "cp -r a b; cd b/runs; for f in $(find . -type l); do t=$(readlink $f); rm $f; printf %s $t > $f; done",
    "cp -r a b; cd b/runs; for f in $(find . -type l); do rm $f; : > $f; done",
    "cp -r a b; cd b/runs; for f in $(find . -type l); do rm $f; mkdir $f; done",
    "cp -r a b; find b/runs -type l -delete; rm -r b/locks; find b -type d -empty -delete",
    "cp -r a b; rm b/runs/demo/links.jsonl; cp -rL b c; rm -r b; mv c b",
];

#[test]
fn a_store_copied_in_any_way_keeps_what_runs_use() {
    for way in WAYS {
        let (folder, _) = original();
        let store = copied(folder.path(), way);
        assert_eq!(
            removed(&store, Collect::default()).unwrap(),
            (3, 1),
            "{way}"
        );
        run(&store, "demo", "one", &NAMES).unwrap();
        assert!(linked(&store), "{way}");
        assert_eq!(
            removed(&store, Collect::default()).unwrap(),
            (3, 0),
            "{way}"
        );
        let temporary = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().contains(".tmp");
        let run = fs::read_dir(store.root().join("runs/demo")).unwrap();
        assert!(
            !run.map(Result::unwrap).any(|entry| temporary(&entry)),
            "{way}"
        );
    }
}

#[test]
fn links_are_restored_from_their_list() {
    for way in &WAYS[1..7] {
        let (folder, _) = original();
        let store = copied(folder.path(), way);
        let session = session(&store);
        let run: RunFolder = session.run_folder("demo").unwrap();
        let lock = run.lock(&mut || ControlFlow::Continue(())).unwrap();
        let restored = run.restore(&lock).unwrap();
        assert_eq!(restored, if *way == WAYS[1] { 0 } else { 3 }, "{way}");
        assert!(linked(&store), "{way}");
        assert_eq!(run.names(), NAMES.map(str::to_owned).into());
    }
}

#[test]
fn gc_refuses_where_it_cannot_know_what_is_used() {
    let refused = |command: &str, told: &str| {
        let (folder, _) = original();
        let store = copied(folder.path(), command);
        for dry_run in [true, false] {
            let superseded = false;
            let error = store
                .gc(Collect {
                    dry_run,
                    superseded,
                })
                .unwrap_err();
            assert!(error.to_string().contains(told), "{command}: {error}");
        }
        let objects = fs::read_dir(store.root().join("objects")).unwrap();
        assert_eq!(
            objects.count(),
            fs::read_dir(folder.path().join("a/objects"))
                .unwrap()
                .count()
        );
    };
    // As an older version left it, and a copy without links.
    refused(
        "cp -r a b; find b/runs -type l -delete; rm b/runs/demo/links.jsonl",
        "runs/demo does not say which results it uses",
    );
    refused("cp -r a b; rm -r b/runs", "runs is missing");
    refused(
        "cp -r a b; echo x > b/runs/demo/links.jsonl",
        "links.jsonl is damaged",
    );
    refused(
        "cp -r a b; rm -r b/runs/demo; ln -s /nowhere b/runs/demo",
        "b/runs/demo does not say",
    );
}

#[test]
fn a_run_folder_that_was_moved_elsewhere_is_followed() {
    let (folder, _) = original();
    let store = copied(
        folder.path(),
        "cp -r a b; mv b/runs/demo away; ln -s ../../away b/runs/demo",
    );
    assert_eq!(removed(&store, Collect::default()).unwrap(), (3, 1));
}

#[test]
fn what_is_no_copy_of_a_result_is_never_replaced() {
    for command in [
        "cp -r a b; rm b/runs/demo/pool; mkdir b/runs/demo/pool; echo mine > b/runs/demo/pool/notes.txt",
        "cp -r a b; rm b/runs/demo/pool; echo mine > b/runs/demo/pool",
    ] {
        let (folder, _) = original();
        let store = copied(folder.path(), command);
        let error = run(&store, "demo", "one", &NAMES).unwrap_err();
        assert!(matches!(error, Error::NotALink { .. }), "{error}");
        assert!(error.to_string().contains("cp -a"), "{error}");
        let text = fs::read_to_string(store.root().join("runs/demo/pool"));
        let text =
            text.or_else(|_| fs::read_to_string(store.root().join("runs/demo/pool/notes.txt")));
        assert_eq!(text.unwrap(), "mine\n");
    }
}

#[test]
fn what_a_run_takes_the_place_of_is_kept_and_named() {
    let (_folder, store) = original();
    run(&store, "demo", "one", &["pool", "start/train"]).unwrap();
    let report = store.gc(Collect::default()).unwrap();
    assert_eq!((report.kept, report.objects), (4, 1));
    assert_eq!(report.lost, ["demo/other".to_owned()].into());
    let superseded: BTreeSet<String> = NAMES[1..].iter().map(|&name| name.to_owned()).collect();
    assert_eq!(report.superseded, [("demo".to_owned(), superseded)].into());

    // The same again takes no place; back again, the other is superseded.
    run(&store, "demo", "one", &["pool", "start/train"]).unwrap();
    assert_eq!(removed(&store, Collect::default()).unwrap(), (4, 0));
    run(&store, "demo", "one", &NAMES).unwrap();
    let report = store.gc(Collect::default()).unwrap();
    assert_eq!((report.kept, report.objects), (4, 0));
    assert_eq!(report.superseded["demo"], ["start/train".to_owned()].into());

    let all = Collect {
        dry_run: false,
        superseded: true,
    };
    let report = store.gc(all).unwrap();
    assert_eq!(
        (report.kept, report.objects, report.superseded.len()),
        (3, 1, 0)
    );
    assert_eq!(report.lost, ["demo/start/train".to_owned()].into());
}

#[test]
fn a_result_that_another_replaces_is_superseded_too() {
    let (_folder, store) = original();
    run(&store, "demo", "two", &NAMES).unwrap();
    let report = store.gc(Collect::default()).unwrap();
    assert_eq!((report.kept, report.superseded["demo"].len()), (6, 3));
    run(&store, "demo", "three", &NAMES).unwrap();
    let report = store.gc(Collect::default()).unwrap();
    // Not what came before that.
    assert_eq!(
        (report.kept, report.objects, report.superseded["demo"].len()),
        (6, 3, 3)
    );
}

#[test]
fn what_killed_processes_left_is_removed_by_the_next_run_or_by_gc() {
    let (_folder, store) = original();
    let leave = || {
        let run = store.root().join("runs/demo");
        std::os::unix::fs::symlink("../../objects/x", run.join(".abc.7.tmp")).unwrap();
        fs::write(run.join("seed0/.results.csv.x.tmp"), "half").unwrap();
        [run.join(".abc.7.tmp"), run.join("seed0/.results.csv.x.tmp")]
    };
    let left = leave();
    run(&store, "demo", "one", &NAMES).unwrap();
    assert!(left.iter().all(|path| fs::symlink_metadata(path).is_err()));
    let left = leave();
    assert_eq!(store.gc(Collect::default()).unwrap().unfinished, 2);
    assert!(left.iter().all(|path| fs::symlink_metadata(path).is_err()));
}

#[test]
fn a_torn_line_of_the_list_counts_as_none() {
    let (_folder, store) = original();
    let list = store.root().join("runs/demo/links.jsonl");
    let whole = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{whole}{{\"link\":\"po")).unwrap();
    assert_eq!(removed(&store, Collect::default()).unwrap(), (3, 1));
    // Nor does what is added later make it one.
    run(&store, "demo", "one", &["pool", "start/train"]).unwrap();
    run(&store, "demo", "one", &NAMES).unwrap();
    assert_eq!(removed(&store, Collect::default()).unwrap(), (4, 0));
}

#[test]
fn places_that_cannot_hold_a_store_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    std::os::unix::fs::symlink("/nowhere", folder.path().join("link")).unwrap();
    for place in ["file", "file/store", "link"] {
        let error = Store::open(folder.path().join(place)).unwrap_err();
        assert!(
            matches!(error, Error::NotAFolder { .. }),
            "{place}: {error}"
        );
    }
    let store = Store::open(folder.path().join("store")).unwrap();
    let session = session(&store);
    fs::write(store.root().join("runs/demo"), "").unwrap();
    assert!(matches!(
        session.run_folder("demo"),
        Err(Error::NotARunFolder { .. })
    ));
}
