//! Values that are no finite floating-point numbers.

use goldpan_model::{Error, Weights};
use safetensors::tensor::{Dtype, TensorView};
use std::fs;
use tempfile::TempDir;

/// What reading a tensor of one value with this type and these bytes gives.
fn value(dtype: Dtype, bytes: &[u8]) -> Result<Vec<f32>, Error> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("model.safetensors");
    let view = TensorView::new(dtype, vec![1], bytes).unwrap();
    fs::write(&path, safetensors::serialize([("w", view)], None).unwrap()).unwrap();
    let result = Weights::open(folder.path()).unwrap().values("w", &[1]);
    if let Err(error) = &result {
        let message = error.to_string();
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(message.contains("tensor w"), "{message}");
    }
    result
}

#[test]
fn only_finite_values_are_read() {
    assert_eq!(value(Dtype::F32, &1.5_f32.to_le_bytes()).unwrap(), [1.5]);
    let f16 = |value: f32| half::f16::from_f32(value).to_le_bytes();
    let bf16 = |value: f32| half::bf16::from_f32(value).to_le_bytes();
    assert_eq!(value(Dtype::F16, &f16(-2.0)).unwrap(), [-2.0]);
    assert_eq!(value(Dtype::BF16, &bf16(3.0)).unwrap(), [3.0]);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for result in [
            value(Dtype::F32, &bad.to_le_bytes()),
            value(Dtype::F16, &f16(bad)),
            value(Dtype::BF16, &bf16(bad)),
        ] {
            let error = result.unwrap_err();
            assert!(matches!(error, Error::NotFinite { .. }), "{error:?}");
        }
    }
}

#[test]
fn integers_are_no_weights() {
    for (dtype, size) in [
        (Dtype::I64, 8),
        (Dtype::I32, 4),
        (Dtype::U8, 1),
        (Dtype::BOOL, 1),
    ] {
        let error = value(dtype, &vec![0; size]).unwrap_err();
        assert!(matches!(error, Error::TensorType { .. }), "{error:?}");
    }
    assert_eq!(value(Dtype::F64, &1.5_f64.to_le_bytes()).unwrap(), [1.5]);
    let error = value(Dtype::F64, &1e300_f64.to_le_bytes()).unwrap_err();
    assert!(matches!(error, Error::NotFinite { .. }), "{error:?}");
}
