//! A model's tensors, mapped from safetensors files and checked against the shapes expected.

use crate::Error;
use crate::error::read_json;
use burn::tensor::{Device, Tensor, TensorData};
use goldpan_artifact::Mapping;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The tensors of a model folder, or of one safetensors file.
pub struct Weights {
    root: PathBuf,
    files: Vec<(PathBuf, Mapping)>,
    /// The file and byte range of each tensor.
    tensors: BTreeMap<String, Entry>,
}

struct Entry {
    file: usize,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: std::ops::Range<usize>,
}

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Opens `model.safetensors` in `folder`, or the shards that `model.safetensors.index.json`
    /// lists.
    ///
    /// # Errors
    ///
    /// When a file is missing or is no valid safetensors file.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let single = folder.join("model.safetensors");
        let index = folder.join("model.safetensors.index.json");
        let files = if single.is_file() || !index.is_file() {
            vec![single]
        } else {
            let index: ShardIndex = read_json(index)?;
            let names: BTreeSet<String> = index.weight_map.into_values().collect();
            names.iter().map(|name| folder.join(name)).collect()
        };
        Self::from_files(folder, files)
    }

    /// Opens one safetensors file.
    ///
    /// # Errors
    ///
    /// As [`Weights::open`].
    pub fn open_file(path: &Path) -> Result<Self, Error> {
        Self::from_files(path, vec![path.to_owned()])
    }

    fn from_files(root: &Path, paths: Vec<PathBuf>) -> Result<Self, Error> {
        let mut files = Vec::new();
        let mut tensors = BTreeMap::new();
        for (file, path) in paths.into_iter().enumerate() {
            let mapping = Mapping::open(&path).map_err(|source| Error::Map {
                path: path.clone(),
                source,
            })?;
            let damaged = |source| Error::Safetensors {
                path: path.clone(),
                source,
            };
            let (header, metadata) = SafeTensors::read_metadata(&mapping).map_err(damaged)?;
            SafeTensors::deserialize(&mapping).map_err(damaged)?;
            let start = size_of::<u64>() + header;
            for (name, info) in metadata.tensors() {
                let entry = Entry {
                    file,
                    dtype: info.dtype,
                    shape: info.shape.clone(),
                    bytes: start + info.data_offsets.0..start + info.data_offsets.1,
                };
                tensors.insert(name, entry);
            }
            files.push((path, mapping));
        }
        Ok(Self {
            root: root.to_owned(),
            files,
            tensors,
        })
    }

    /// Where the tensors come from.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// The values of a tensor in row-major order, as f32.
    ///
    /// # Errors
    ///
    /// When it is missing, of another shape or an integer type, or holds NaN or infinity.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let Some(entry) = self.tensors.get(name) else {
            return Err(Error::MissingTensor {
                path: self.root.clone(),
                name: name.to_owned(),
                family: "complete".to_owned(),
            });
        };
        let (path, mapping) = &self.files[entry.file];
        if entry.shape != shape {
            return Err(Error::Shape {
                path: path.clone(),
                name: name.to_owned(),
                found: entry.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        let bytes = &mapping[entry.bytes.clone()];
        let pair = |b: &[u8]| [b[0], b[1]];
        let values: Vec<f32> = match entry.dtype {
            Dtype::F32 => bytes
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
            Dtype::F16 => bytes
                .chunks_exact(2)
                .map(|b| half::f16::from_le_bytes(pair(b)).to_f32())
                .collect(),
            Dtype::BF16 => bytes
                .chunks_exact(2)
                .map(|b| half::bf16::from_le_bytes(pair(b)).to_f32())
                .collect(),
            other => {
                return Err(Error::TensorType {
                    path: path.clone(),
                    name: name.to_owned(),
                    found: format!("{other:?}"),
                });
            }
        };
        if values.iter().any(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                path: path.clone(),
                name: name.to_owned(),
            });
        }
        Ok(values)
    }

    /// A matrix, `[rows, columns]`.
    ///
    /// # Errors
    ///
    /// As [`Weights::values`].
    pub fn matrix(
        &self,
        name: &str,
        shape: [usize; 2],
        device: &Device,
    ) -> Result<Tensor<2>, Error> {
        let values = self.values(name, &shape)?;
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// A vector, `[length]`.
    ///
    /// # Errors
    ///
    /// As [`Weights::values`].
    pub fn vector(&self, name: &str, length: usize, device: &Device) -> Result<Tensor<1>, Error> {
        let values = self.values(name, &[length])?;
        Ok(Tensor::from_data(TensorData::new(values, [length]), device))
    }
}
