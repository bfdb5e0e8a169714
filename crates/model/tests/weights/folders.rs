//! Model folders made of fixtures.

use goldpan_model::{Error, Weights};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The list of the shards of pickles.
pub const PICKLED_SHARDS: &str = "pytorch_model.bin.index.json";

/// The shards themselves.
pub const FIRST_SHARD: &str = "pytorch_model-00001-of-00002.bin";
pub const SECOND_SHARD: &str = "pytorch_model-00002-of-00002.bin";

/// A fixture's path.
pub fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A folder with `micro-bert`'s configuration and some of its files, each under a new name.
pub fn micro_bert(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = [("config.json", "config.json")];
    for (from, to) in config.iter().chain(files) {
        let from = fixtures("micro-bert").join(from);
        fs::copy(from, folder.path().join(to)).unwrap();
    }
    folder
}

/// A folder with `micro-bert` in two pickles.
pub fn shards() -> TempDir {
    let folder = micro_bert(&[]);
    for file in [FIRST_SHARD, SECOND_SHARD, PICKLED_SHARDS] {
        let from = fixtures("micro-bert/shards").join(file);
        fs::copy(from, folder.path().join(file)).unwrap();
    }
    folder
}

/// Opens a folder's weights and reads every tensor.
pub fn read_all(folder: &Path) -> Result<usize, Error> {
    let weights = Weights::open(folder)?;
    for name in weights.names() {
        let shape = weights.shape(name).unwrap_or_default().to_vec();
        let count = weights.values(name, &shape)?.len();
        assert_eq!(count, shape.iter().product::<usize>());
    }
    Ok(weights.names().count())
}

/// The error of opening a folder's weights and reading every tensor.
pub fn refused(folder: &Path) -> Error {
    match read_all(folder) {
        Ok(count) => panic!("{count} tensors are read"),
        Err(error) => error,
    }
}
