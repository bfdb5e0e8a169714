//! Pickles that are damaged, hostile, or of something else than weights.

use crate::folders::{fixtures, micro_bert, read_all, refused};
use goldpan_model::{Error, PickleFault};
use proptest::prelude::*;
use std::fs;

#[test]
fn a_pickle_is_never_run() {
    let folder = micro_bert(&[]);
    let path = folder.path().join("pytorch_model.bin");
    let proof = folder.path().join("proof");
    let call = format!("cposix\nsystem\n(Vtouch {}\ntR", proof.display());
    fs::write(&path, format!("(dVweight\n{call}s.")).unwrap();
    assert_eq!(read_all(folder.path()).unwrap(), 0);
    fs::write(&path, format!("{call}.")).unwrap();
    let error = refused(folder.path());
    assert!(
        matches!(
            error,
            Error::Pickle {
                fault: PickleFault::NoStateDict,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!proof.exists());
}

#[test]
fn pickles_of_other_things_than_weights_are_refused() {
    let folder = micro_bert(&[("checkpoint.bin", "pytorch_model.bin")]);
    let path = folder.path().join("pytorch_model.bin");
    let error = refused(folder.path());
    let Error::Pickle {
        path: named,
        fault: PickleFault::Nested { key },
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!((named, key.as_str()), (&path, "state_dict"));
    assert!(error.to_string().contains(path.to_str().unwrap()));

    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    for content in [
        &b""[..],
        b"{}",
        b"PK\x03\x04",
        b"\x80\x02",
        b"\x00\xff",
        &tar,
    ] {
        fs::write(&path, content).unwrap();
        let message = refused(folder.path()).to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
    }
}

#[test]
fn a_pickle_cut_anywhere_is_refused() {
    for name in ["legacy.bin", "checkpoint.bin"] {
        let whole = fs::read(fixtures("micro-bert").join(name)).unwrap();
        let folder = micro_bert(&[]);
        let path = folder.path().join("pytorch_model.bin");
        for length in (0..whole.len()).step_by(97) {
            fs::write(&path, &whole[..length]).unwrap();
            let message = refused(folder.path()).to_string();
            assert!(message.contains(path.to_str().unwrap()), "{message}");
        }
    }
}

/// What a pickle stream of torch before 1.6 begins with: a number that tells it, the protocol's
/// version, and the order of bytes.
const LEGACY_START: &[u8] = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\
    \x80\x02}X\x0d\x00\x00\x00little_endian\x88s.";

/// `_rebuild_tensor_v2` of a storage of one float, with 100,000 values that are all the same one.
const REPEATED: &[u8] = b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage\
    ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00J\xa0\x86\x01\x00\
    \x85K\x00\x85\x89}tR";

/// The list of storages, and one float.
const LEGACY_END: &[u8] = b"\x80\x02]X\x01\x00\x00\x000a.\x01\x00\x00\x00\x00\x00\x00\x00\
    \x00\x00\x80\x3f";

#[test]
fn a_tensor_larger_than_its_file_is_refused() {
    let folder = micro_bert(&[]);
    let path = folder.path().join("pytorch_model.bin");
    let object = [b"\x80\x02}X\x01\x00\x00\x00w", REPEATED, b"s."].concat();
    fs::write(path, [LEGACY_START, &object, LEGACY_END].concat()).unwrap();
    let error = refused(folder.path());
    let Error::Pickle {
        fault: PickleFault::Inflated { name, bytes, .. },
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!((name.as_str(), *bytes), ("w", 400_000));
}

#[test]
fn a_tensor_that_is_handed_to_an_unknown_call_is_refused() {
    let folder = micro_bert(&[]);
    let path = folder.path().join("pytorch_model.bin");
    let object = [
        b"\x80\x02}X\x01\x00\x00\x00wcposix\nsystem\n",
        REPEATED,
        b"\x85Rs.",
    ]
    .concat();
    fs::write(&path, [LEGACY_START, &object, LEGACY_END].concat()).unwrap();
    let message = refused(folder.path()).to_string();
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    assert!(message.contains("posix.system"), "{message}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_pickle_is_read_or_refused(
        zip in any::<bool>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
        near_start in any::<bool>(),
    ) {
        let (name, pickle) = match zip {
            true => ("shards/pytorch_model-00001-of-00002.bin", 3_000),
            false => ("legacy.bin", 4_500),
        };
        let mut bytes = fs::read(fixtures("micro-bert").join(name)).unwrap();
        let most = if near_start { pickle } else { bytes.len() };
        for (index, byte) in changes {
            bytes[index.index(most)] = byte;
        }
        let folder = micro_bert(&[]);
        let path = folder.path().join("pytorch_model.bin");
        fs::write(&path, bytes).unwrap();
        if let Err(error) = read_all(folder.path()) {
            prop_assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
}
