//! Checksums, and the manifest that the store writes beside a table.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use goldpan_artifact::*;
use serde_json::json;
use tempfile::TempDir;

/// A table of `rows` vectors of 4 MiB each (16 bytes each where `small`).
fn write(folder: &TempDir, rows: u64, small: bool) -> Written {
    let path = folder.path().join("embeddings.arrow");
    let dimension = if small { 4 } else { 1 << 20 };
    let producer = Producer::new("test", 1);
    let mut writer = EmbeddingsWriter::create(path, dimension, Precision::F32, producer).unwrap();
    for row in 0..rows {
        writer.push(row, &vec![0.25; dimension]).unwrap();
    }
    writer.finish().unwrap()
}

fn write_manifest(written: &Written, bytes: u64, digest: Digest) {
    let manifest = json!({ "files": { "embeddings.arrow": { "digest": digest, "bytes": bytes } } });
    let path = written.path.with_file_name("manifest.json");
    std::fs::write(path, manifest.to_string()).unwrap();
}

/// Changes one byte of the last vector's values.
fn alter(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let value = 0.25f32.to_le_bytes();
    let place = bytes.windows(4).rposition(|bytes| bytes == value).unwrap();
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[1], place as u64).unwrap();
}

#[test]
fn an_altered_value_is_found_at_open() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&folder, 5, true);
    alter(&written.path);
    match Embeddings::open(&written.path) {
        Err(Error::Damaged { damage, .. }) => {
            assert!(matches!(*damage, Damage::Checksum { .. }));
        }
        _ => panic!("opened"),
    }
    assert!(verify_checksum(&written.path).is_err());
    assert!(matches!(
        verify_file(&written.path, &written.digest),
        Err(Error::Digest { .. })
    ));
}

#[test]
fn a_large_table_is_compared_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&folder, 17, false);
    assert!(written.bytes > CHECKED_AT_OPEN);
    verify_checksum(&written.path).unwrap();
    alter(&written.path);
    write_manifest(&written, written.bytes, written.digest);
    assert_eq!(Embeddings::open(&written.path).unwrap().len(), 17);
    assert!(verify_checksum(&written.path).is_err());
    assert!(verify_file(&written.path, &written.digest).is_err());

    write_manifest(&written, written.bytes + 1, written.digest);
    assert!(matches!(
        Embeddings::open(&written.path),
        Err(Error::Length { .. })
    ));
}

#[test]
fn the_manifest_says_which_file_it_has_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&folder, 5, true);
    write_manifest(&written, written.bytes, written.digest);
    Embeddings::open(&written.path).unwrap();

    write_manifest(&written, written.bytes, Digest::of(b"another"));
    assert!(matches!(
        Embeddings::open(&written.path),
        Err(Error::Digest { found, .. }) if found == written.digest
    ));
    write_manifest(&written, written.bytes - 1, written.digest);
    assert!(matches!(
        Embeddings::open(&written.path),
        Err(Error::Length { expected, found, .. }) if expected + 1 == found
    ));
}

#[test]
fn a_manifest_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let written = write(&folder, 5, true);
    let manifest = written.path.with_file_name("manifest.json");
    for text in [
        "",
        "{",
        "[]",
        r#"{"name": "my web page", "files": ["a"]}"#,
        r#"{"files": {"other.arrow": {"digest": "", "bytes": 1}}}"#,
        r#"{"files": {}}"#,
    ] {
        std::fs::write(&manifest, text).unwrap();
        Embeddings::open(&written.path).unwrap();
    }
    std::fs::remove_file(&manifest).unwrap();
    std::fs::create_dir(&manifest).unwrap();
    Embeddings::open(&written.path).unwrap();
}
