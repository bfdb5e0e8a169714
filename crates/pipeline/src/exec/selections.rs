//! What the selections of a run will take, said and checked before they start.

use std::collections::HashMap;

use goldpan_select::{Estimate, Rates, Shape, check_memory};
use goldpan_store::Record;

use crate::error::Error;
use crate::exec::tables::Tables;
use crate::plan::{Graph, NodeId, Work};

/// How fast selections are here, and how much memory one may need.
pub(super) struct Selections<'a> {
    graph: &'a Graph,
    memory_limit: Option<u64>,
    /// By the values in an embedding.
    rates: HashMap<usize, Rates>,
}

impl<'a> Selections<'a> {
    pub(super) fn new(graph: &'a Graph, memory_limit: Option<u64>) -> Self {
        Self {
            graph,
            memory_limit,
            rates: HashMap::new(),
        }
    }

    /// What a `select` node is expected to take, where its size is known.
    ///
    /// # Errors
    ///
    /// When it needs more memory than it may.
    pub(super) fn estimate(
        &mut self,
        node: NodeId,
        records: &[Option<Record>],
        tables: &mut Tables<'_>,
    ) -> Result<Option<Estimate>, Error> {
        let part = &self.graph.nodes[node];
        let Work::Select { strategy: rule, .. } = &part.work else {
            return Ok(None);
        };
        let Some(shape) = self.shape(&part.work, records, tables) else {
            return Ok(None);
        };
        if let Some(limit) = self.memory_limit {
            check_memory(rule, &shape, limit).map_err(|source| Error::OverMemory {
                stage: part.name.clone(),
                source: Box::new(source),
            })?;
        }
        let rates = self.rates.entry(shape.dimension);
        let rates = rates.or_insert_with(|| Rates::measure(shape.dimension));
        Ok(Some(rates.estimate(rule, &shape)))
    }

    /// How large a selection is, where its texts, and the vectors that it needs, are there and can be
    /// read.
    fn shape(
        &self,
        work: &Work,
        records: &[Option<Record>],
        tables: &mut Tables<'_>,
    ) -> Option<Shape> {
        let Work::Select {
            strategy: rule,
            count,
            texts,
            embeddings,
            labelled,
            ..
        } = work
        else {
            return None;
        };
        tables.open_texts(*texts, records);
        if let Some(node) = *embeddings {
            tables.open_embeddings(node, records);
        }
        let texts = tables.texts(*texts)?;
        let embeddings = embeddings.and_then(|node| tables.embeddings(node));
        if rule.needs_embeddings() && embeddings.is_none() {
            return None;
        }
        let labelled = labelled.map_or(0, |node| self.graph.labelled(node, texts.len()));
        let (rows, classes) = (texts.len(), texts.classes().len());
        Some(Shape::new(rows, labelled, *count, embeddings, classes))
    }
}
