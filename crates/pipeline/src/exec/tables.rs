//! Tables of a store that are looked into before a run, each opened and checked once.

use std::collections::HashMap;
use std::path::PathBuf;

use goldpan_artifact::{Embeddings, Texts};
use goldpan_store::{Record, Store};

use crate::plan::NodeId;

/// The tables asked for so far.
pub(crate) struct Tables<'a> {
    store: &'a Store,
    texts: HashMap<NodeId, Option<Texts>>,
    embeddings: HashMap<NodeId, Option<Embeddings>>,
}

impl<'a> Tables<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        Self {
            store,
            texts: HashMap::new(),
            embeddings: HashMap::new(),
        }
    }

    /// Opens what an `ingest` node made, if it is there.
    pub(crate) fn open_texts(&mut self, node: NodeId, records: &[Option<Record>]) {
        if let Some(path) = self.file(node, records, "texts.arrow") {
            self.texts
                .entry(node)
                .or_insert_with(|| Texts::open(path).ok());
        }
    }

    /// Opens what an `embed` node made, if it is there.
    pub(crate) fn open_embeddings(&mut self, node: NodeId, records: &[Option<Record>]) {
        if let Some(path) = self.file(node, records, "embeddings.arrow") {
            self.embeddings
                .entry(node)
                .or_insert_with(|| Embeddings::open(path).ok());
        }
    }

    /// Texts that were opened.
    pub(crate) fn texts(&self, node: NodeId) -> Option<&Texts> {
        self.texts.get(&node)?.as_ref()
    }

    /// Embeddings that were opened.
    pub(crate) fn embeddings(&self, node: NodeId) -> Option<&Embeddings> {
        self.embeddings.get(&node)?.as_ref()
    }

    fn file(&self, node: NodeId, records: &[Option<Record>], name: &str) -> Option<PathBuf> {
        let record = records[node].as_ref()?;
        Some(self.store.object_dir(&record.object).join(name))
    }
}
