//! Safetensors files whose header does not hold together.

use goldpan_model::{Error, HeaderFault, Weights};
use proptest::prelude::*;
use proptest::sample::Index;
use safetensors::SafeTensors;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file of this header and so many bytes of data.
fn file(header: &[u8], data: usize) -> Vec<u8> {
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header, &vec![0; data]].concat()
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("model.safetensors")
}

/// Opens a file of these bytes and reads every tensor.
fn read(path: &Path, bytes: &[u8]) -> Result<Vec<(String, Vec<f32>)>, Error> {
    fs::write(path, bytes).unwrap();
    let weights = Weights::open_file(path)?;
    let names = weights.names().map(|name| {
        let shape = weights.shape(name).unwrap_or_default().to_vec();
        Ok((name.to_owned(), weights.values(name, &shape)?))
    });
    names.collect()
}

/// Why a file of these bytes is refused, after a look at the message.
fn fault(bytes: &[u8]) -> HeaderFault {
    let folder = TempDir::new().unwrap();
    let path = path(&folder);
    let error = read(&path, bytes).expect_err("the file is refused");
    let message = error.to_string();
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    match error {
        Error::Safetensors { fault, .. } => fault,
        error => panic!("{error:?}"),
    }
}

fn tensor(name: &str, dtype: &str, shape: &str, offsets: &str) -> String {
    format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}"#)
}

/// Why a file with these tensors and so many bytes of data is refused.
fn of_tensors(tensors: &[String], data: usize) -> HeaderFault {
    fault(&file(format!("{{{}}}", tensors.join(",")).as_bytes(), data))
}

#[test]
fn offsets_that_lie_are_refused_by_name() {
    let one = |shape: &str, offsets: &str| of_tensors(&[tensor("w", "F32", shape, offsets)], 16);
    assert!(matches!(
        one("[4]", "[16, 0]"),
        HeaderFault::Backwards { name, start: 16, end: 0 } if name == "w"
    ));
    assert!(matches!(
        one("[5]", "[0, 20]"),
        HeaderFault::Outside { name, end: 20, bytes: 16 } if name == "w"
    ));
    assert!(matches!(
        one("[4]", "[18446744073709551600, 18446744073709551615]"),
        HeaderFault::Outside { name, .. } if name == "w"
    ));
    assert!(matches!(
        one("[3]", "[0, 16]"),
        HeaderFault::Size { name, found: 16, bits: 96, .. } if name == "w"
    ));
    assert!(matches!(
        one("[4294967296, 4294967296, 4294967296]", "[0, 16]"),
        HeaderFault::Uncountable { name, .. } if name == "w"
    ));
    assert!(matches!(
        one("[4611686018427387905]", "[0, 4]"),
        HeaderFault::Uncountable { name, .. } if name == "w"
    ));
    let odd = of_tensors(&[tensor("w", "F4", "[3]", "[0, 2]")], 2);
    assert!(matches!(odd, HeaderFault::Size { name, bits: 12, .. } if name == "w"));
}

#[test]
fn bytes_of_two_tensors_or_of_none_are_refused() {
    let two = |second: &str, data| {
        let first = tensor("a", "F32", "[2]", "[0, 8]");
        of_tensors(&[first, tensor("b", "F32", "[2]", second)], data)
    };
    let HeaderFault::Overlap { name, other } = two("[4, 12]", 12) else {
        panic!("no overlap");
    };
    assert_eq!((name.as_str(), other.as_str()), ("b", "a"));
    assert!(matches!(two("[0, 8]", 8), HeaderFault::Overlap { .. }));
    assert!(matches!(
        two("[12, 20]", 20),
        HeaderFault::Gap { name, bytes: 4 } if name == "b"
    ));
    assert!(matches!(two("[8, 16]", 20), HeaderFault::Rest { bytes: 4 }));
    assert!(matches!(
        of_tensors(&[tensor("a", "F32", "[1]", "[4, 8]")], 8),
        HeaderFault::Gap { name, bytes: 4 } if name == "a"
    ));
    assert!(matches!(of_tensors(&[], 1), HeaderFault::Rest { bytes: 1 }));
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let tensors = [
        tensor("w", "F32", "[1]", "[0, 4]"),
        tensor("v", "F32", "[1]", "[4, 8]"),
        tensor("w", "F32", "[1]", "[8, 12]"),
    ];
    assert!(matches!(
        of_tensors(&tensors, 12),
        HeaderFault::Repeated { name } if name == "w"
    ));
    let folder = TempDir::new().unwrap();
    let renamed = [
        tensor("LayerNorm.gamma", "F32", "[1]", "[0, 4]"),
        tensor("LayerNorm.weight", "F32", "[1]", "[4, 8]"),
    ];
    let bytes = file(format!("{{{}}}", renamed.join(",")).as_bytes(), 8);
    let error = read(&path(&folder), &bytes).unwrap_err();
    assert!(
        matches!(&error, Error::DuplicateTensor { name, .. } if name == "LayerNorm.weight"),
        "{error:?}"
    );
}

#[test]
fn headers_that_are_none_are_refused() {
    assert!(matches!(fault(&[0; 7]), HeaderFault::Short { bytes: 7 }));
    let header = |length: u64| [&length.to_le_bytes()[..], b"{}"].concat();
    assert!(matches!(
        fault(&header(u64::MAX)),
        HeaderFault::Long { length: u64::MAX }
    ));
    assert!(matches!(
        fault(&header(100_000_001)),
        HeaderFault::Long { .. }
    ));
    assert!(matches!(
        fault(&header(100_000_000)),
        HeaderFault::Cut { left: 2, .. }
    ));
    assert!(matches!(
        fault(&header(3)),
        HeaderFault::Cut { length: 3, left: 2 }
    ));
    assert!(matches!(
        fault(&file(b"{\"\xff\":1}", 0)),
        HeaderFault::NotUtf8(_)
    ));
    for header in [
        &b""[..],
        b"{",
        b"[]",
        b"null",
        b"{}x",
        b"{\"__metadata__\":{\"a\":1}}",
    ] {
        assert!(matches!(fault(&file(header, 0)), HeaderFault::NotJson(_)));
    }
    for info in [
        r#"{"dtype":"F99","shape":[1],"data_offsets":[0,4]}"#,
        r#"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#,
        r#"{"dtype":"F32","shape":[1],"data_offsets":[0,1e400]}"#,
        r#"{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}"#,
        r#"{"dtype":"F32","shape":[1]}"#,
        r#"{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}"#,
        "3",
    ] {
        let fault = fault(&file(format!(r#"{{"some.weight":{info}}}"#).as_bytes(), 4));
        assert!(matches!(fault, HeaderFault::NotJson(_)), "{fault:?}");
        assert!(fault.to_string().contains("some.weight"), "{fault}");
    }
}

#[test]
fn metadata_and_padding_are_part_of_the_format() {
    let folder = TempDir::new().unwrap();
    let tensor = tensor("w", "F32", "[1]", "[0, 4]");
    let header = format!(r#"{{"__metadata__":{{"format":"pt"}},{tensor}}}      "#);
    let read = read(&path(&folder), &file(header.as_bytes(), 4)).unwrap();
    assert_eq!(read, [("w".to_owned(), vec![0.0])]);
}

/// A file that is as it should be: values of each kind, an empty tensor and a scalar.
fn good() -> Vec<u8> {
    let tensors = [
        tensor("a", "F32", "[2, 3]", "[0, 24]"),
        tensor("none", "F32", "[0, 7]", "[24, 24]"),
        tensor("b", "F16", "[4]", "[24, 32]"),
        tensor("c", "BF16", "[2, 1]", "[32, 36]"),
        tensor("scalar", "F32", "[]", "[36, 40]"),
    ];
    let mut bytes = file(format!("{{{}}}", tensors.join(",")).as_bytes(), 40);
    let data = bytes.len() - 40;
    for (at, byte) in bytes[data..].iter_mut().enumerate() {
        *byte = at as u8;
    }
    bytes
}

/// Checks that a file is refused, or read as the safetensors crate reads it.
fn check(bytes: &[u8]) {
    let folder = TempDir::new().unwrap();
    let Ok(tensors) = read(&path(&folder), bytes) else {
        return;
    };
    let theirs = SafeTensors::deserialize(bytes).expect("the format's own reader takes it");
    assert_eq!(theirs.len(), tensors.len());
    for (name, values) in tensors {
        let view = theirs.tensor(&name).expect("it has the same tensors");
        assert_eq!(values.len(), view.shape().iter().product::<usize>());
        let first = view
            .data()
            .chunks(view.data().len().max(1) / values.len().max(1));
        for (value, bytes) in values.iter().zip(first) {
            let expected = match *bytes {
                [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
                [a, b] if view.dtype() == safetensors::Dtype::F16 => {
                    half::f16::from_le_bytes([a, b]).to_f32()
                }
                [a, b] => half::bf16::from_le_bytes([a, b]).to_f32(),
                _ => panic!("{} bytes for a value", bytes.len()),
            };
            assert_eq!(value.to_bits(), expected.to_bits());
        }
    }
}

#[test]
fn a_good_file_is_read_as_by_the_formats_own_reader() {
    let folder = TempDir::new().unwrap();
    let tensors = read(&path(&folder), &good()).unwrap();
    let sizes: Vec<_> = tensors.iter().map(|(_, values)| values.len()).collect();
    assert_eq!(sizes, [6, 4, 2, 0, 1]);
    check(&good());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(
        changes in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        digits in any::<bool>(),
        cut in proptest::option::of(any::<Index>()),
    ) {
        let mut bytes = good();
        let header = bytes.len() - 40;
        for (index, byte) in changes {
            let byte = if digits { b'0' + byte % 10 } else { byte };
            bytes[index.index(header)] = byte;
        }
        let length = cut.map_or(bytes.len(), |cut| cut.index(bytes.len()));
        check(&bytes[..length]);
    }

    #[test]
    fn changed_numbers_never_panic(
        tensors in proptest::collection::vec(claim(), 0..4),
        more in prop_oneof![3 => Just(0_usize), 1 => 0_usize..5],
        length in prop_oneof![3 => Just(None), 1 => any::<u64>().prop_map(Some)],
    ) {
        let mut filled = 0;
        let mut written = Vec::new();
        for (at, (dtype, size, shape, lie)) in tensors.into_iter().enumerate() {
            let end = filled + size * shape.iter().product::<u64>();
            let (shape, start, end) = match lie {
                None => (shape, std::mem::replace(&mut filled, end), end),
                Some((shape, start, end)) => (shape, start, end),
            };
            let name = format!("t{}", at % 3);
            let offsets = format!("[{start},{end}]");
            written.push(tensor(&name, dtype, &format!("{shape:?}"), &offsets));
        }
        let header = format!("{{{}}}", written.join(","));
        let mut bytes = file(header.as_bytes(), filled as usize + more);
        if let Some(length) = length {
            bytes[..8].copy_from_slice(&length.to_le_bytes());
        }
        check(&bytes);
    }
}

/// A shape, a start and an end that are not what they should be.
type Lie = (Vec<u64>, u64, u64);

/// A tensor's type, the bytes of a value, its shape, and what the header says instead.
fn claim() -> impl Strategy<Value = (&'static str, u64, Vec<u64>, Option<Lie>)> {
    let dtypes = vec![("F32", 4), ("F16", 2), ("BF16", 2)];
    let shape = proptest::collection::vec(0_u64..5, 0..4);
    let lie = (
        proptest::collection::vec(number(), 0..4),
        number(),
        number(),
    );
    (
        proptest::sample::select(dtypes),
        shape,
        prop_oneof![4 => Just(None), 1 => lie.prop_map(Some)],
    )
        .prop_map(|((dtype, size), shape, lie)| (dtype, size, shape, lie))
}

/// Small numbers mostly, and the largest.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0_u64..5,
        4 => (0_u64..10).prop_map(|number| number * 4),
        1 => any::<u64>(),
        1 => Just(u64::MAX),
    ]
}
