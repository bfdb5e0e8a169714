//! The order of the work: the lowest node first whose inputs are settled. Files are read before all else,
//! as what they hold may show that the rest cannot be done.

use crate::plan::{Graph, NodeId, Work};

/// Which nodes are settled, and which may be taken up.
pub(super) struct Order {
    waits: Vec<Vec<NodeId>>,
    taken: Vec<bool>,
    settled: Vec<bool>,
    /// Nodes before it are taken.
    first: NodeId,
}

impl Order {
    pub(super) fn of(graph: &Graph) -> Self {
        let nodes = graph.nodes.len();
        let reads = |&node: &NodeId| matches!(graph.nodes[node].work, Work::Ingest(_));
        let read: Vec<NodeId> = (0..nodes).filter(reads).collect();
        let waits = |node: NodeId| match reads(&node) {
            true => Vec::new(),
            false => graph
                .waits_for(node)
                .into_iter()
                .chain(read.clone())
                .collect(),
        };
        Self {
            waits: (0..nodes).map(waits).collect(),
            taken: vec![false; nodes],
            settled: vec![false; nodes],
            first: 0,
        }
    }

    /// Takes up the lowest node that was not, of those for which nothing is missing.
    pub(super) fn next(&mut self) -> Option<NodeId> {
        while self.taken.get(self.first) == Some(&true) {
            self.first += 1;
        }
        let nodes = self.first..self.taken.len();
        let mut free = nodes.filter(|&node| !self.taken[node]);
        let node = free.find(|&node| self.waits[node].iter().all(|&it| self.settled[it]))?;
        self.taken[node] = true;
        Some(node)
    }

    /// A node has its result, or will have none in this run.
    pub(super) fn settle(&mut self, node: NodeId) {
        self.settled[node] = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(waits: &[&[NodeId]]) -> Order {
        Order {
            waits: waits.iter().map(|it| it.to_vec()).collect(),
            taken: vec![false; waits.len()],
            settled: vec![false; waits.len()],
            first: 0,
        }
    }

    #[test]
    fn in_order_where_each_is_settled_at_once() {
        let mut order = order(&[&[], &[0], &[], &[1, 2]]);
        let mut done = Vec::new();
        while let Some(node) = order.next() {
            done.push(node);
            order.settle(node);
        }
        assert_eq!(done, [0, 1, 2, 3]);
    }

    #[test]
    fn what_waits_lets_others_pass() {
        let mut order = order(&[&[], &[0], &[], &[1, 2], &[2]]);
        assert_eq!((order.next(), order.next()), (Some(0), Some(2)));
        assert_eq!(order.next(), None);
        order.settle(2);
        assert_eq!((order.next(), order.next()), (Some(4), None));
        order.settle(0);
        assert_eq!(order.next(), Some(1));
        order.settle(4);
        assert_eq!(order.next(), None);
        order.settle(1);
        assert_eq!((order.next(), order.next()), (Some(3), None));
    }
}
