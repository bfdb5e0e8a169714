//! What every piece of work of a run shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use goldpan_artifact::Digest;
use goldpan_model::{Device, PrefixCache};
use goldpan_store::{Record, Store};
use goldpan_train::NeighbourCache;

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
    described: Mutex<HashMap<String, Arc<Descriptions>>>,
    /// Neighbours that trainings found.
    pub neighbours: NeighbourCache,
}

/// The vectors of what describes each class.
pub(crate) type Descriptions = Vec<Vec<f32>>;

impl<'a> Context<'a> {
    pub fn new(graph: &'a Graph, names: &'a Names, store: &'a Store, device: &'a Device) -> Self {
        Self {
            graph,
            names,
            store,
            device,
            frozen: Mutex::default(),
            described: Mutex::default(),
            neighbours: NeighbourCache::default(),
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

    /// The vectors of descriptions, made once for all trainings that ask for the same, which `key` says.
    pub fn described<E>(
        &self,
        key: String,
        make: impl FnOnce() -> Result<Descriptions, E>,
    ) -> Result<Arc<Descriptions>, E> {
        let mut described = self
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = described.get(&key) {
            return Ok(known.clone());
        }
        let made = Arc::new(make()?);
        described.insert(key, made.clone());
        Ok(made)
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
