//! Tensors to a file.

use crate::error::Error;
use goldpan_artifact::atomic;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::path::Path;

pub(super) fn f32_bytes(values: &[f32]) -> Vec<u8> {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    bytes.collect()
}

/// A tensor to be written: its name, type, shape and bytes.
pub(super) type Named = (&'static str, Dtype, Vec<usize>, Vec<u8>);

pub(super) fn write_tensors<const N: usize>(path: &Path, tensors: [Named; N]) -> Result<(), Error> {
    let encoding = |source| Error::Encode {
        path: path.to_owned(),
        source,
    };
    let views = tensors
        .iter()
        .map(|(name, kind, shape, bytes)| {
            Ok((*name, TensorView::new(*kind, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(encoding)?;
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(encoding)?;
    atomic::write_bytes(path, &bytes).map_err(Error::Save)
}
