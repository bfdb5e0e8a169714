//! A mapped file that becomes shorter while it is read. In a process of its own: nothing is published after that.
#![cfg(target_os = "linux")]

use std::fs::{self, OpenOptions};

use goldpan_artifact::atomic::write_bytes;
use goldpan_artifact::{Error, Mapping, bytes_are_lost, check_mapped, survive_lost_bytes};

#[test]
fn bytes_that_are_gone_are_zeros_and_nothing_is_published_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    fs::write(&path, vec![7_u8; 100_000]).unwrap();
    survive_lost_bytes();
    let other = folder.path().join("other");
    fs::write(&other, [1, 2, 3]).unwrap();
    let (mapping, before) = (
        Mapping::open(&path).unwrap(),
        Mapping::open(&other).unwrap(),
    );
    assert_eq!(mapping[99_999], 7);
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    assert!(check_mapped().is_ok());
    write_bytes(folder.path().join("made"), b"made").unwrap();
    file.set_len(5_000).unwrap();
    let gone = |result: Result<(), Error>| match result {
        Err(Error::Shortened { path: told }) => assert_eq!(told, path),
        other => panic!("{other:?}"),
    };
    // No page that is gone was read, but what follows in the last page is zeros.
    assert_eq!((mapping[4_999], mapping[5_000]), (7, 0));
    assert!(!bytes_are_lost());
    gone(check_mapped());
    assert_eq!((mapping[8_192], mapping[99_999]), (0, 0));
    assert!(bytes_are_lost());
    gone(check_mapped());
    gone(write_bytes(folder.path().join("made"), b"anew"));
    assert_eq!(fs::read(folder.path().join("made")).unwrap(), b"made");
    assert_eq!(&before[..], [1, 2, 3]);
    // It is known after the mapping is gone, too, and when its slot is used again.
    drop(mapping);
    let again = Mapping::open(&other).unwrap();
    assert_eq!(again[2], 3);
    gone(check_mapped());
}
