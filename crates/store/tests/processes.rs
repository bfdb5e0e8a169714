//! Several processes and threads on one store, and processes that are killed.
//!
//! The tests start this test binary again: `worker` does nothing unless it is told to by the
//! environment.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use goldpan_store::{Action, Claim, Reuse, Store};
use serde_json::json;

const ROOT: &str = "GOLDPAN_STORE_TEST_ROOT";
const JOB: &str = "GOLDPAN_STORE_TEST_JOB";

fn start(root: &Path, job: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker", "--nocapture"])
        .env(ROOT, root)
        .env(JOB, job)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

fn action(number: u32) -> Action {
    Action::new("embed", format!("demo/{number}")).with("number", number)
}

/// Claims an action and does it unless it is there; returns whether it did.
fn work(store: &Store, number: u32, bytes: usize) -> bool {
    let mut wait = || ControlFlow::Continue(());
    let session = store.session(&mut wait).unwrap();
    match session
        .claim(&action(number), Reuse::Allowed, &mut wait)
        .unwrap()
    {
        Claim::Found(_) => false,
        Claim::Pending(pending) => {
            for file in 0..4u32 {
                let content = vec![number as u8 + file as u8; bytes];
                fs::write(pending.dir().join(format!("file-{file}")), content).unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
            pending
                .commit(json!({}), Duration::from_millis(20))
                .unwrap();
            true
        }
    }
}

/// The other processes of these tests.
#[test]
fn worker() {
    let (Some(root), Ok(job)) = (std::env::var_os(ROOT), std::env::var(JOB)) else {
        return;
    };
    let store = Store::open(&root).unwrap();
    match job.as_str() {
        "race" => {
            let did = (0..8).filter(|number| work(&store, *number, 100)).count();
            let name = format!("did-{}", std::process::id());
            fs::write(
                Path::new(&root).parent().unwrap().join(name),
                did.to_string(),
            )
            .unwrap();
        }
        "endless" => {
            for number in 0.. {
                work(&store, number, 1 << 20);
            }
        }
        other => panic!("no job {other}"),
    }
}

#[test]
fn processes_racing_for_the_same_actions_do_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("artifacts");
    let children: Vec<_> = (0..3).map(|_| start(&root, "race")).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let did: usize = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap().parse::<usize>().unwrap())
        .sum();
    assert_eq!(did, 8);
    let store = Store::open(&root).unwrap();
    for number in 0..8 {
        let record = store.find(&action(number)).unwrap().unwrap();
        store.verify(&record.object).unwrap();
    }
}

#[test]
fn threads_racing_for_the_same_action_do_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let did = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = Store::open(folder.path()).unwrap();
                did.fetch_add(u32::from(work(&store, 7, 100)), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(did.into_inner(), 1);
}

#[test]
fn a_killed_process_leaves_nothing_half_visible_and_no_lock() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("artifacts");
    for delay in [30, 45, 60, 75, 90, 105, 120, 135] {
        let mut child = start(&root, "endless");
        let begun = Instant::now();
        while !root.join("pending").exists() && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();

        let store = Store::open(&root).unwrap();
        for shelf in fs::read_dir(root.join("objects")).unwrap() {
            for object in fs::read_dir(shelf.unwrap().path()).unwrap() {
                let name = object.unwrap().file_name().into_string().unwrap();
                store.verify(&name.parse().unwrap()).unwrap();
            }
        }
        for record in fs::read_dir(root.join("actions")).unwrap() {
            let name = record.unwrap().file_name().into_string().unwrap();
            if let Some(key) = name.strip_suffix(".json") {
                store.look(&key.parse().unwrap()).unwrap().unwrap();
            }
        }
    }
    let store = Store::open(&root).unwrap();
    for number in 0..64 {
        if store.find(&action(number)).unwrap().is_none() {
            assert!(
                work(&store, number, 1 << 20),
                "the killed process's action can be done"
            );
            break;
        }
    }
    store.gc(goldpan_store::Collect::default()).unwrap();
    for place in ["pending", "objects", "actions"] {
        let left = fs::read_dir(root.join(place)).unwrap().flatten();
        let files: usize = left
            .map(|entry| fs::read_dir(entry.path()).map_or(1, Iterator::count))
            .sum();
        assert_eq!(files, 0, "{place}");
    }
}
