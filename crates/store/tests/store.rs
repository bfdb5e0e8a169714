//! The store as its users see it: finding, committing, explaining, collecting.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use goldpan_store::{
    Action, Claim, Collect, Error, Missing, ObjectId, Pending, Record, Reuse, Session, Store, Why,
};
use serde_json::json;
use tempfile::TempDir;

const DRY: Collect = Collect {
    dry_run: true,
    superseded: false,
};

struct Fixture {
    _folder: TempDir,
    store: Store,
    session: Session,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("artifacts")).unwrap();
    let session = session(&store);
    Fixture {
        _folder: folder,
        store,
        session,
    }
}

fn session(store: &Store) -> Session {
    store.session(&mut || ControlFlow::Continue(())).unwrap()
}

fn claim(session: &Session, action: &Action, reuse: Reuse) -> Claim {
    session
        .claim(action, reuse, &mut || ControlFlow::Continue(()))
        .unwrap()
}

fn pending(session: &Session, action: &Action) -> Pending {
    match claim(session, action, Reuse::Allowed) {
        Claim::Pending(pending) => pending,
        Claim::Found(record) => panic!("{} was found", record.name),
    }
}

/// Does an action whose result is one file with this text.
fn done(session: &Session, action: &Action, text: &str) -> Record {
    let pending = pending(session, action);
    fs::write(pending.dir().join("texts.arrow"), text).unwrap();
    pending
        .commit(json!({"rows": text.len()}), Duration::from_millis(1500))
        .unwrap()
}

fn embed(max_length: u32) -> Action {
    Action::new("embed", "demo/vectors")
        .with(
            "config",
            json!({"max_length": max_length, "normalize": true}),
        )
        .with("inputs", json!({"texts": "ab".repeat(32)}))
        .with("seed", 0)
}

/// Files must be writable to be damaged; `commit` takes that right away.
fn damage(path: &Path, content: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, content).unwrap();
}

#[test]
fn all_records_are_listed_but_those_that_are_damaged() {
    let Fixture { store, session, .. } = &fixture();
    assert_eq!(store.records().unwrap(), []);
    let mut records: Vec<Record> = [64, 128, 256]
        .map(|length| done(session, &embed(length), &format!("{length}")))
        .into();
    records.sort_by_key(|record| record.key);
    assert_eq!(store.records().unwrap(), records);

    let lost = records.pop().unwrap();
    let path = store.root().join(format!("actions/{}.json", lost.key));
    damage(&path, b"{}");
    fs::write(store.root().join("actions/notes.txt"), "mine").unwrap();
    assert_eq!(store.records().unwrap(), records);
}

#[test]
fn a_committed_action_is_found_again() {
    let Fixture { store, session, .. } = &fixture();
    assert_eq!(store.find(&embed(128)).unwrap(), None);
    let record = done(session, &embed(128), "hello");
    assert_eq!(record.summary, json!({"rows": 5}));
    assert_eq!(record.seconds, 1.5);

    let again = Store::open(store.root()).unwrap();
    assert_eq!(again.find(&embed(128)).unwrap().as_ref(), Some(&record));
    let folder = again.object_dir(&record.object);
    assert_eq!(
        fs::read_to_string(folder.join("texts.arrow")).unwrap(),
        "hello"
    );
    assert!(
        fs::metadata(folder.join("texts.arrow"))
            .unwrap()
            .permissions()
            .readonly()
    );
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["files"]["texts.arrow"]["bytes"], 5);
    again.verify(&record.object).unwrap();
    assert!(
        matches!(claim(session, &embed(128), Reuse::Allowed), Claim::Found(found) if found == record)
    );
    assert!(matches!(
        claim(session, &embed(128), Reuse::Forbidden),
        Claim::Pending(_)
    ));
}

#[test]
fn equal_results_of_different_actions_are_one_object() {
    let Fixture { store, session, .. } = &fixture();
    let a = done(session, &embed(128), "same");
    let b = done(session, &embed(256), "same");
    assert_eq!(a.object, b.object);
    assert_ne!(a.key, b.key);
    let shelves = fs::read_dir(store.root().join("objects")).unwrap().count();
    assert_eq!(shelves, 1);
    assert_eq!(
        fs::read_dir(store.root().join("pending")).unwrap().count(),
        0
    );
}

#[test]
fn nested_files_are_part_of_the_object() {
    let Fixture { store, session, .. } = &fixture();
    let pending = pending(session, &embed(1));
    fs::create_dir(pending.dir().join("1_Pooling")).unwrap();
    fs::write(pending.dir().join("1_Pooling/config.json"), "{}").unwrap();
    fs::write(pending.dir().join("model.safetensors"), "x").unwrap();
    let record = pending.commit(json!(null), Duration::ZERO).unwrap();
    let names: Vec<_> = record.files.keys().map(String::as_str).collect();
    assert_eq!(names, ["1_Pooling/config.json", "model.safetensors"]);
    store.verify(&record.object).unwrap();
    assert!(store.find(&embed(1)).unwrap().is_some());
}

#[test]
fn a_stage_must_write_something() {
    let Fixture { store, session, .. } = &fixture();
    let error = pending(session, &embed(1))
        .commit(json!(null), Duration::ZERO)
        .unwrap_err();
    assert!(matches!(error, Error::NoFiles { action, .. } if action == "demo/vectors"));
    assert_eq!(store.find(&embed(1)).unwrap(), None);
}

#[test]
fn abandoned_work_leaves_checkpoints_and_nothing_else() {
    let Fixture { store, session, .. } = &fixture();
    let action = embed(128);
    let pending_one = pending(session, &action);
    fs::write(pending_one.dir().join("half"), "x").unwrap();
    fs::write(pending_one.scratch().unwrap().join("epoch-1"), "x").unwrap();
    drop(pending_one);
    assert_eq!(store.find(&action).unwrap(), None);
    assert!(session.scratch(&action.key()).is_some());

    let pending = pending(session, &action);
    assert_eq!(fs::read_dir(pending.dir()).unwrap().count(), 0);
    assert!(pending.scratch().unwrap().join("epoch-1").is_file());
    fs::write(pending.dir().join("whole"), "x").unwrap();
    pending.commit(json!(null), Duration::ZERO).unwrap();
    assert_eq!(session.scratch(&action.key()), None);
}

#[test]
fn why_tells_what_changed() {
    let Fixture { store, session, .. } = &fixture();
    let why = |action: &Action| store.why(action).unwrap().to_string();
    assert_eq!(store.why(&embed(128)).unwrap(), Why::New);
    done(session, &embed(128), "hello");
    assert_eq!(why(&embed(256)), "max_length 128 -> 256");
    let other = embed(64)
        .with("inputs", json!({"texts": "cd".repeat(32)}))
        .with("precision", "f32");
    assert_eq!(
        why(&other),
        "max_length 128 -> 64, inputs.texts changed, precision unset -> f32"
    );
    assert_eq!(why(&Action::new("train", "demo/model")), "new");

    // A result that is found becomes what the next one is compared with.
    done(session, &embed(256), "hello");
    session.remember(&embed(128)).unwrap();
    assert_eq!(why(&embed(512)), "max_length 128 -> 512");
}

#[test]
fn lost_or_altered_results_are_missing_and_made_again() {
    let Fixture { store, session, .. } = &fixture();
    let action = embed(128);
    let record = done(session, &action, "hello");
    let record_path = store.root().join(format!("actions/{}.json", record.key));
    let folder = store.object_dir(&record.object);
    let missing = |what: &str| {
        assert_eq!(store.find(&action).unwrap(), None, "{what}");
        let Why::Missing(missing) = store.why(&action).unwrap() else {
            panic!("{what}: no reason");
        };
        assert_eq!(done(session, &action, "hello"), record, "{what}");
        store.verify(&record.object).unwrap();
        missing
    };

    damage(&record_path, b"");
    assert!(matches!(
        missing("empty record"),
        Missing::DamagedRecord { .. }
    ));
    let text = fs::read_to_string(&record_path).unwrap();
    damage(&record_path, &text.as_bytes()[..text.len() / 2]);
    assert!(matches!(
        missing("half a record"),
        Missing::DamagedRecord { .. }
    ));
    damage(&record_path, text.replace("128", "129").as_bytes());
    assert!(matches!(
        missing("altered parts"),
        Missing::DamagedRecord { .. }
    ));
    damage(
        &record_path,
        text.replace("\"bytes\": 5", "\"bytes\": 6").as_bytes(),
    );
    assert!(matches!(
        missing("altered length"),
        Missing::DamagedRecord { .. }
    ));
    damage(&record_path, &[0xff; 40]);
    assert!(matches!(missing("no text"), Missing::DamagedRecord { .. }));
    fs::remove_file(&record_path).unwrap();
    assert_eq!(missing("no record"), Missing::Record);

    damage(&folder.join("manifest.json"), b"{");
    assert!(matches!(
        missing("damaged manifest"),
        Missing::Object { .. }
    ));
    damage(&folder.join("texts.arrow"), b"hell");
    assert!(matches!(
        missing("short file"),
        Missing::Length {
            expected: 5,
            found: 4,
            ..
        }
    ));
    fs::remove_file(folder.join("texts.arrow")).unwrap();
    assert!(matches!(missing("no file"), Missing::File { .. }));
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(missing("no object"), Missing::Object { .. }));
    assert_eq!(
        fs::read_dir(store.root().join("pending")).unwrap().count(),
        0
    );
}

#[test]
fn verify_reads_the_content_and_a_forced_run_repairs_it() {
    let Fixture { store, session, .. } = &fixture();
    let record = done(session, &embed(128), "hello");
    let file = store.object_dir(&record.object).join("texts.arrow");
    damage(&file, b"hellO");
    assert!(
        store.find(&embed(128)).unwrap().is_some(),
        "find does not hash"
    );
    assert!(
        matches!(store.verify(&record.object), Err(Error::Damaged { path, .. }) if path == file)
    );
    let Claim::Pending(pending) = claim(session, &embed(128), Reuse::Forbidden) else {
        panic!("reuse was forbidden");
    };
    fs::write(pending.dir().join("texts.arrow"), "hello").unwrap();
    pending.commit(json!(null), Duration::ZERO).unwrap();
    store.verify(&record.object).unwrap();
    let unknown: ObjectId = "00".repeat(32).parse().unwrap();
    assert!(matches!(
        store.verify(&unknown),
        Err(Error::NoManifest { .. })
    ));
}

#[test]
fn gc_keeps_what_runs_link_to() {
    let Fixture {
        _folder,
        store,
        session,
    } = fixture();
    let kept = done(&session, &embed(128), "kept");
    let lost = done(&session, &embed(256), "lost");
    let run = session.run_folder("demo").unwrap();
    run.link("vectors", &kept.object).unwrap();
    let unfinished = pending(&session, &embed(512));
    fs::write(unfinished.scratch().unwrap().join("epoch-1"), "x").unwrap();
    drop(unfinished);
    assert!(matches!(
        store.gc(Collect::default()),
        Err(Error::InUse { .. })
    ));
    drop(session);

    let planned = store.gc(DRY).unwrap();
    assert!(
        store.find(&embed(256)).unwrap().is_some(),
        "a dry run removes nothing"
    );
    let report = store.gc(Collect::default()).unwrap();
    assert_eq!(planned, report);
    assert_eq!(
        (
            report.kept,
            report.objects,
            report.records,
            report.unfinished
        ),
        (1, 1, 1, 1)
    );
    assert!(report.bytes > 4);
    assert!(store.find(&embed(128)).unwrap().is_some());
    assert_eq!(
        store.why(&embed(256)).unwrap().to_string(),
        "no result of it is in the store"
    );
    assert!(!store.object_dir(&lost.object).exists());
    assert_eq!(store.gc(Collect::default()).unwrap().objects, 0);

    let session = self::session(&store);
    assert_eq!(session.scratch(&embed(512).key()), None);
    fs::remove_dir_all(store.root().join("runs/demo")).unwrap();
    drop(session);
    assert_eq!(store.gc(Collect::default()).unwrap().objects, 1);
}

#[test]
fn a_runs_folder_links_to_objects_by_relative_paths() {
    let Fixture { session, .. } = &fixture();
    let record = done(session, &embed(128), "hello");
    let run = session.run_folder("demo").unwrap();
    for name in ["vectors", "seed-0/margin/round-1/labels", "seed-0/old"] {
        run.link(name, &record.object).unwrap();
        let text = fs::read_to_string(run.path().join(name).join("texts.arrow")).unwrap();
        assert_eq!(text, "hello");
        assert!(fs::read_link(run.path().join(name)).unwrap().is_relative());
    }
    fs::write(run.path().join("results.csv"), "arm\n").unwrap();
    run.keep_only(&["vectors".to_owned()].into()).unwrap();
    let mut names: Vec<_> = fs::read_dir(run.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["links.jsonl", "results.csv", "vectors"]);
    for bad in ["../x", "/x", "", "a/../../x"] {
        assert!(matches!(
            run.link(bad, &record.object),
            Err(Error::BadName { .. })
        ));
    }
    for bad in ["..", "a/b", ""] {
        assert!(matches!(
            session.run_folder(bad),
            Err(Error::BadName { .. })
        ));
    }
}

#[test]
fn opening_creates_nothing_and_refuses_what_it_does_not_know() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("artifacts");
    let store = Store::open(&root).unwrap();
    assert_eq!(store.find(&embed(1)).unwrap(), None);
    assert_eq!(store.why(&embed(1)).unwrap(), Why::New);
    assert_eq!(store.gc(Collect::default()).unwrap().objects, 0);
    assert!(!root.exists());

    fs::write(folder.path().join("file"), "").unwrap();
    let error = Store::open(folder.path().join("file")).unwrap_err();
    assert!(matches!(error, Error::NotAFolder { .. }));

    drop(session(&store));
    Store::open(&root).unwrap();
    fs::write(root.join("store.json"), "{\"format\": 99}").unwrap();
    assert!(matches!(
        Store::open(&root),
        Err(Error::NewerStore { found: 99, .. })
    ));
    fs::write(root.join("store.json"), "{").unwrap();
    assert!(matches!(
        Store::open(&root),
        Err(Error::DamagedFormat { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("artifacts");
    fs::create_dir(&root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o555)).unwrap();
    let result = Store::open(&root)
        .unwrap()
        .session(&mut || ControlFlow::Continue(()));
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
    // The super-user may write everywhere.
    if let Err(error) = result {
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
    }
}

#[test]
fn waiting_can_be_called_off() {
    let Fixture { store, session, .. } = &fixture();
    let held = pending(session, &embed(128));
    let mut waits = 0;
    let result = self::session(store).claim(&embed(128), Reuse::Allowed, &mut || {
        waits += 1;
        if waits < 3 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    assert!(matches!(result, Err(Error::Interrupted { .. })));
    assert_eq!(waits, 3);
    drop(held);
}

#[test]
fn a_lookup_reads_no_contents() {
    let Fixture { store, session, .. } = &fixture();
    for action in (0..60).map(embed) {
        let record = done(session, &action, &action.key().to_string());
        let file = store.object_dir(&record.object).join("texts.arrow");
        let length = fs::metadata(&file).unwrap().len() as usize;
        fs::remove_file(&file).unwrap();
        fs::write(&file, "x".repeat(length)).unwrap();
        assert!(store.find(&action).unwrap().is_some());
        assert!(store.verify(&record.object).is_err());
    }
}
