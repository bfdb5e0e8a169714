//! What every piece of work of a run shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use goldpan_artifact::Digest;
use goldpan_model::{Device, PrefixCache};
use goldpan_store::{Record, Store};

use crate::exec::names::Names;
use crate::plan::{Graph, NodeId};

/// Bytes of frozen states that are kept for each base model.
pub(crate) const FROZEN_STATES: usize = 2 << 30;

/// A run's surroundings.
pub(crate) struct Context<'a> {
    pub graph: &'a Graph,
    pub names: &'a Names,
    pub store: &'a Store,
    pub device: &'a Device,
    frozen: Mutex<HashMap<Digest, Arc<PrefixCache>>>,
}

impl<'a> Context<'a> {
    pub fn new(graph: &'a Graph, names: &'a Names, store: &'a Store, device: &'a Device) -> Self {
        Self {
            graph,
            names,
            store,
            device,
            frozen: Mutex::default(),
        }
    }

    /// The frozen states of a base model.
    pub fn frozen(&self, base: Digest) -> Arc<PrefixCache> {
        let mut frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner);
        let cache = frozen
            .entry(base)
            .or_insert_with(|| Arc::new(PrefixCache::new(FROZEN_STATES)));
        cache.clone()
    }

    /// The path of a file that a node made.
    pub fn file(
        &self,
        node: NodeId,
        records: &[Option<Record>],
        name: &str,
    ) -> Option<std::path::PathBuf> {
        let record = records[node].as_ref()?;
        Some(self.store.object_dir(&record.object).join(name))
    }
}
