//! A pipeline that is small enough for a test and has every kind of stage of the loop.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{MODEL, csv, reviews};

/// A folder with `pool.csv`, `dev.csv` and `small.yaml`: two seeds, two arms, one round.
pub struct Small {
    folder: TempDir,
}

impl Small {
    /// Writes the files.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let reviews = reviews(84);
        let (pool, dev) = reviews.split_at(60);
        csv(&folder.path().join("pool.csv"), pool);
        csv(&folder.path().join("dev.csv"), dev);
        std::fs::write(folder.path().join("small.yaml"), pipeline()).unwrap();
        Self { folder }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file of the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// The lines of `results.csv` in a store, without the seconds, which differ from run to run.
    pub fn results(&self, store: &str) -> Vec<String> {
        let path = self.path().join(store).join("runs/small/results.csv");
        let text = std::fs::read_to_string(path).unwrap();
        let columns = "arm,seed,round,labelled,epoch,accuracy,loss,macro_f1,seconds,object,last_accuracy,\
             test_accuracy,last_macro_f1,test_macro_f1,metric,last_metric,test_metric,equal_epochs,only_class,trained";
        assert_eq!(text.lines().next(), Some(columns));
        let without_seconds = |line: &str| {
            let mut fields: Vec<&str> = line.split(',').collect();
            fields.remove(8);
            fields.join(",")
        };
        text.lines().skip(1).map(without_seconds).collect()
    }
}

impl Default for Small {
    fn default() -> Self {
        Self::new()
    }
}

fn pipeline() -> String {
    format!(
        "\
name: small
seeds: [0, 1]

stages:
  pool:       {{ ingest: {{ input: pool.csv, text_column: review, label_column: verdict, id_column: number }} }}
  validation: {{ ingest: {{ input: dev.csv, text_column: review, label_column: verdict, id_column: number }} }}
  vectors:    {{ embed: {{ texts: pool, model: {MODEL} }} }}

loop:
  pool: pool
  validation: validation
  embeddings: vectors
  labels: oracle
  model: {{ base: {MODEL}, lora: {{ rank: 4, alpha: 8, layers: [5] }} }}
  train: {{ epochs: 2, batch_size: 16, learning_rate: 2e-3 }}
  start: {{ random: 16 }}
  rounds: [8]
  arms:
    random:           {{ random: {{}} }}
    diversity-margin: {{ product: [ {{ diversity: {{}} }}, {{ uncertainty: {{ score: margin }} }} ] }}
"
    )
}
