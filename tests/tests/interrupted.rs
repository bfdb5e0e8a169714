//! Runs that are killed or stopped: nothing half-written is left, and the next run goes on.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use goldpan_tests::{Small, run, start};

const PATIENCE: Duration = Duration::from_secs(120);

/// How many pieces of work a store has recorded.
fn done(store: &Path) -> usize {
    fs::read_dir(store.join("actions")).map_or(0, Iterator::count)
}

/// Waits until the store has recorded `count` pieces of work. False where the run ended before.
fn reaches(run: &mut Child, store: &Path, count: usize) -> bool {
    let began = Instant::now();
    while done(store) < count {
        if run.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(began.elapsed() < PATIENCE, "nothing happens any more");
        sleep(Duration::from_millis(5));
    }
    true
}

#[test]
fn a_killed_run_goes_on_and_gives_the_same_results() {
    let small = Small::new();
    run(small.path(), "run small.yaml --store whole").well();
    let results = small.results("whole");

    let store = small.file("killed");
    let mut kills = 0;
    loop {
        let before = done(&store);
        let mut child = start(small.path(), "run small.yaml --store killed");
        if !reaches(&mut child, &store, before + 1) {
            assert!(child.wait().unwrap().success());
            break;
        }
        // Now the next stage is under way; each time somewhere else in it.
        sleep(Duration::from_millis(kills * 29 % 190));
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills >= 4, "only {kills} kills");
    let last = run(small.path(), "run small.yaml --store killed").well();
    last.saying(&["0 stages run"]);
    assert_eq!(small.results("killed"), results);
}

#[test]
fn ctrl_c_stops_and_the_next_run_goes_on() {
    let small = Small::new();
    let store = small.file("stopped");
    let mut child = start(small.path(), "run small.yaml --store stopped");
    // All that waits for no training is done: now trainings are under way, beside each other where there
    // are two cores.
    assert!(reaches(&mut child, &store, 11));
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let pending = fs::read_dir(store.join("pending")).map_or(0, Iterator::count);
    assert_eq!(pending, 0, "something half-written was left");

    let again = run(small.path(), "run small.yaml --store stopped").well();
    assert!(!again.stderr.contains(" 0 cached"), "{}", again.stderr);
    assert_eq!(small.results("stopped").len(), 6);
}
