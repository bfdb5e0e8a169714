//! Truncated files, flipped bits, and numbers of any size in any place.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::samples::{SAMPLES, bytes, sample, survives};
use crate::footer::MAGIC;
use crate::table::Table;

#[test]
fn every_truncation_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..SAMPLES.len() {
        let path = sample(folder.path(), number);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        for length in (0..file.metadata().unwrap().len()).rev() {
            file.set_len(length).unwrap();
            assert!(Table::open(&path).is_err(), "{length} bytes");
            assert!(!survives(&path), "{length} bytes");
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..SAMPLES.len() {
        let path = sample(folder.path(), number);
        let bytes = std::fs::read(&path).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        for (place, byte) in bytes.iter().enumerate() {
            for bit in 0..8 {
                write(&file, place, &[byte ^ 1 << bit]);
                assert!(Table::open(&path).is_err(), "bit {bit} of byte {place}");
                survives(&path);
            }
            write(&file, place, &[*byte]);
        }
    }
}

#[test]
fn no_number_anywhere_makes_a_reader_panic() {
    let numbers: [i64; 8] = [
        0,
        1,
        -1,
        8,
        i64::MAX,
        i64::MIN,
        i64::from(i32::MAX),
        i64::MAX / 8 + 1,
    ];
    let folder = tempfile::tempdir().unwrap();
    for number in 0..SAMPLES.len() {
        let path = sample(folder.path(), number);
        let bytes = std::fs::read(&path).unwrap();
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        for place in (0..bytes.len() - 8).step_by(4) {
            for value in numbers {
                write(&file, place, &value.to_le_bytes());
                survives(&path);
                write(&file, place, &bytes[place..place + 8]);
                write(&file, place, &value.to_le_bytes()[..4]);
                survives(&path);
                write(&file, place, &bytes[place..place + 8]);
            }
        }
    }
}

/// Runs `check` on what `strategy` makes, with one file to write into.
fn run<S: Strategy>(cases: u32, strategy: S, check: impl Fn(&Path, &File, S::Value) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.arrow");
    let file = File::create(&path).unwrap();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&strategy, |value| {
        prop_assert!(check(&path, &file, value));
        Ok(())
    });
    result.unwrap();
}

/// Several changes at once, so that one can hide what another reveals.
#[test]
fn no_changes_make_a_reader_panic() {
    let change = (any::<Index>(), any::<u8>());
    let strategy = (0..SAMPLES.len(), prop::collection::vec(change, 1..20));
    run(5_000, strategy, |path, file, (number, changes)| {
        let mut bytes = bytes(number).to_vec();
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        file.set_len(bytes.len() as u64).unwrap();
        write(file, 0, &bytes);
        survives(path);
        true
    });
}

#[test]
fn no_bytes_between_magics_make_a_reader_panic() {
    let body = prop::collection::vec(any::<u8>(), 0..300);
    let length = prop_oneof![any::<i32>(), 0..300i32];
    run(5_000, (body, length), |path, file, (body, length)| {
        let mut bytes = b"ARROW1\0\0".to_vec();
        bytes.extend(body);
        bytes.extend(length.to_le_bytes());
        bytes.extend(MAGIC);
        file.set_len(bytes.len() as u64).unwrap();
        write(file, 0, &bytes);
        !survives(path)
    });
}

fn write(file: &File, place: usize, bytes: &[u8]) {
    file.write_all_at(bytes, place as u64).unwrap();
}
