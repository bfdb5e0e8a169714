//! A model's tensors, read from its files and checked against the shapes expected.
//!
//! The files are safetensors, or where a folder has none, those that `torch.save` wrote. Either may
//! come from a stranger: what does not hold together is an error that names the file and the tensor,
//! and no value is read before its place was checked.

mod files;
mod header;
mod known;
mod pickle;
mod sizes;
mod stored;
mod unique;

use crate::error::Error;
use burn::tensor::{Device, Tensor, TensorData};
use files::Files;
pub use files::ShardFault;
pub use header::HeaderFault;
pub use pickle::PickleFault;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stored::Stored;

/// The tensors of a model folder, or of one safetensors file.
pub struct Weights {
    root: PathBuf,
    tensors: BTreeMap<String, Entry>,
}

struct Entry {
    /// The file that has it.
    path: Arc<Path>,
    tensor: Stored,
}

impl Weights {
    /// Opens the weights of a model folder: `model.safetensors`, or the shards that
    /// `model.safetensors.index.json` lists; and only where there is neither, with a warning,
    /// `pytorch_model.bin` or the shards of `pytorch_model.bin.index.json`. Their pickles are
    /// parsed here and never run.
    ///
    /// # Errors
    ///
    /// When a file is missing or damaged, the index names a file outside the folder or a tensor
    /// that is not in its shard, or two tensors have one name.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let found = Files::find(folder)?;
        if found.pickled {
            tracing::warn!(
                path = %found.main.display(),
                "these weights are pickled, and a pickle can run code in programs that load it: \
                 convert the model to safetensors (in Python, `model.save_pretrained(FOLDER)`)"
            );
        }
        let weights = Self::from_files(folder, &found.paths, found.pickled)?;
        for (name, shard) in found.promised {
            let entry = weights.tensors.get(current_name(&name).as_ref());
            if entry.is_none_or(|entry| *entry.path != *shard) {
                return Err(Error::Shards {
                    path: found.main,
                    fault: ShardFault::Promised { name, shard },
                });
            }
        }
        Ok(weights)
    }

    /// Opens one safetensors file.
    ///
    /// # Errors
    ///
    /// When it cannot be mapped or is no valid safetensors file.
    pub fn open_file(path: &Path) -> Result<Self, Error> {
        Self::from_files(path, &[path.to_owned()], false)
    }

    fn from_files(root: &Path, paths: &[PathBuf], pickled: bool) -> Result<Self, Error> {
        let mut tensors: BTreeMap<String, Entry> = BTreeMap::new();
        for path in paths {
            let path: Arc<Path> = Arc::from(path.as_path());
            let found = match pickled {
                true => pickle::tensors(&path)?,
                false => header::tensors(&path)?,
            };
            for (name, tensor) in found {
                let path = path.clone();
                match tensors.entry(current_name(&name).into_owned()) {
                    Slot::Vacant(slot) => slot.insert(Entry { path, tensor }),
                    Slot::Occupied(slot) => {
                        return Err(Error::DuplicateTensor {
                            path: path.to_path_buf(),
                            name,
                            other: slot.get().path.to_path_buf(),
                        });
                    }
                };
            }
        }
        Ok(Self {
            root: root.to_owned(),
            tensors,
        })
    }

    /// Where the tensors come from.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The names of all tensors, sorted. BERT's first names of a layer norm's tensors, `gamma` and
    /// `beta`, are read as today's, `weight` and `bias`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Whether there is a tensor of this name.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        let entry = self.tensors.get(name);
        entry.map(|entry| entry.tensor.shape.as_slice())
    }

    /// The values of a tensor in row-major order, as f32.
    ///
    /// # Errors
    ///
    /// When it is missing, of another shape or an integer type, cannot be read, or holds NaN or
    /// infinity.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let Entry { path, tensor } = self.entry(name, shape)?;
        let values = tensor.floats(path, name)?;
        checked(values, path, name)
    }

    /// As [`Weights::values`], without a copy where the mapped file has them as f32.
    pub(crate) fn view(&self, name: &str, shape: &[usize]) -> Result<Cow<'_, [f32]>, Error> {
        let Entry { path, tensor } = self.entry(name, shape)?;
        let values = match tensor.mapped() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(tensor.floats(path, name)?),
        };
        checked(values, path, name)
    }

    /// The tensor of this name and shape.
    fn entry(&self, name: &str, shape: &[usize]) -> Result<&Entry, Error> {
        let Some(entry) = self.tensors.get(name) else {
            return Err(Error::MissingTensor {
                path: self.root.clone(),
                name: name.to_owned(),
                family: "complete".to_owned(),
            });
        };
        if entry.tensor.shape != shape {
            return Err(Error::Shape {
                path: entry.path.to_path_buf(),
                name: name.to_owned(),
                found: entry.tensor.shape.clone(),
                expected: shape.to_vec(),
            });
        }
        Ok(entry)
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

/// The values of a tensor, which have to be finite.
fn checked<V: AsRef<[f32]>>(values: V, path: &Path, name: &str) -> Result<V, Error> {
    match stored::finite(values.as_ref()) {
        true => Ok(values),
        false => Err(Error::NotFinite {
            path: path.to_owned(),
            name: name.to_owned(),
        }),
    }
}

/// The name by which a tensor is known today, as transformers renames it too.
fn current_name(name: &str) -> Cow<'_, str> {
    if let Some(norm) = name.strip_suffix("LayerNorm.gamma") {
        Cow::Owned(format!("{norm}LayerNorm.weight"))
    } else if let Some(norm) = name.strip_suffix("LayerNorm.beta") {
        Cow::Owned(format!("{norm}LayerNorm.bias"))
    } else {
        Cow::Borrowed(name)
    }
}
