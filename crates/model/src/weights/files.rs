//! Which files of a model folder hold its weights.

use super::unique::Entries;
use crate::error::{Error, read_json};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The files that may hold the weights, the best first: whether it is pickled, and its name. With
/// `.index.json` after that name, it is the list of shards.
const CHOICES: [(bool, &str); 2] = [(false, "model.safetensors"), (true, "pytorch_model.bin")];

/// The weights' files in a folder.
pub(super) struct Files {
    /// The file that has the weights, or lists the shards.
    pub main: PathBuf,
    /// The files that have the weights.
    pub paths: Vec<PathBuf>,
    /// Whether they are pickles rather than safetensors.
    pub pickled: bool,
    /// The tensors of the list of shards, where there is one, and the file that is to have each.
    pub promised: Vec<(String, PathBuf)>,
}

/// What is wrong with a list of shards.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardFault {
    /// The list names a tensor twice.
    #[error("it names tensor {name} twice")]
    Repeated {
        /// The tensor.
        name: String,
    },
    /// The list names a file that is not in the model's folder.
    #[error("tensor {name} is said to be in {shard:?}, which is no plain file name")]
    Name {
        /// The tensor.
        name: String,
        /// The shard's name.
        shard: String,
    },
    /// A shard is not there.
    #[error("tensor {name} is said to be in {shard}, which is not there")]
    Missing {
        /// The first of its tensors.
        name: String,
        /// The shard.
        shard: PathBuf,
    },
    /// A shard lacks a tensor that the list promises.
    #[error("tensor {name} is said to be in {shard}, which does not have it")]
    Promised {
        /// The tensor.
        name: String,
        /// The shard.
        shard: PathBuf,
    },
}

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: Entries<String>,
}

impl Files {
    /// Looks for the weights in `folder`.
    pub fn find(folder: &Path) -> Result<Self, Error> {
        let mut sought = Vec::new();
        for (pickled, name) in CHOICES {
            let single = folder.join(name);
            if single.is_file() {
                return Ok(Self {
                    main: single.clone(),
                    paths: vec![single],
                    pickled,
                    promised: Vec::new(),
                });
            }
            let list = format!("{name}.index.json");
            let index = folder.join(&list);
            if index.is_file() {
                return Self::sharded(folder, index, pickled);
            }
            sought.extend([name.to_owned(), list]);
        }
        Err(Error::NoWeights {
            folder: folder.to_owned(),
            sought,
        })
    }

    fn sharded(folder: &Path, index: PathBuf, pickled: bool) -> Result<Self, Error> {
        let ShardIndex { weight_map } = read_json(index.clone())?;
        let promised = promised(folder, weight_map).map_err(|fault| Error::Shards {
            path: index.clone(),
            fault,
        })?;
        let paths: BTreeSet<&PathBuf> = promised.iter().map(|(_, shard)| shard).collect();
        Ok(Self {
            main: index,
            paths: paths.into_iter().cloned().collect(),
            pickled,
            promised,
        })
    }
}

/// The tensors of a list of shards, and the file in `folder` that is to have each.
fn promised(folder: &Path, map: Entries<String>) -> Result<Vec<(String, PathBuf)>, ShardFault> {
    if let Some(name) = map.repeated() {
        let name = name.to_owned();
        return Err(ShardFault::Repeated { name });
    }
    let mut promised = Vec::new();
    for (name, shard) in map.0 {
        if !is_plain(&shard) {
            return Err(ShardFault::Name { name, shard });
        }
        let shard = folder.join(shard);
        if !shard.is_file() {
            return Err(ShardFault::Missing { name, shard });
        }
        promised.push((name, shard));
    }
    Ok(promised)
}

/// Whether a shard's name is that of a file in the same folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}
