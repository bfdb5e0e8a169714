//! Draws in proportion to weights that change.

/// Weights, and their sums by pairs, pairs of pairs and so on.
pub(crate) struct Sums {
    leaves: usize,
    nodes: Vec<f64>,
}

impl Sums {
    /// Weights are finite and at least 0.
    pub(crate) fn new(weights: Vec<f64>) -> Self {
        let leaves = weights.len().next_power_of_two();
        let mut nodes = vec![0.0; 2 * leaves];
        nodes[leaves..leaves + weights.len()].copy_from_slice(&weights);
        for node in (1..leaves).rev() {
            nodes[node] = nodes[2 * node] + nodes[2 * node + 1];
        }
        Self { leaves, nodes }
    }

    /// The sum of all weights.
    pub(crate) fn total(&self) -> f64 {
        self.nodes[1]
    }

    /// The weight of a slot.
    pub(crate) fn weight(&self, slot: u32) -> f64 {
        self.nodes[self.leaves + slot as usize]
    }

    pub(crate) fn set(&mut self, slot: u32, weight: f64) {
        let mut node = self.leaves + slot as usize;
        self.nodes[node] = weight;
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.nodes[2 * node] + self.nodes[2 * node + 1];
        }
    }

    /// The slot at `at`, from 0 to 1, of the total, which is above 0; never one of weight 0.
    pub(crate) fn at(&self, at: f64) -> u32 {
        let mut left = at * self.total();
        let mut node = 1;
        while node < self.leaves {
            let (first, second) = (self.nodes[2 * node], self.nodes[2 * node + 1]);
            node *= 2;
            if left >= first && second > 0.0 {
                left -= first;
                node += 1;
            }
        }
        (node - self.leaves) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_running_sum_finds(
            mut weights in prop::collection::vec(0_u8..4, 1..40), change in 0_usize..40, at in 0.0..1.0
        ) {
            let mut sums = Sums::new(weights.iter().map(|weight| f64::from(*weight)).collect());
            let change = change % weights.len();
            weights[change] = 3;
            sums.set(change as u32, 3.0);
            let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            prop_assert_eq!(sums.total(), total);
            let mut running = 0.0;
            let expected = weights.iter().position(|weight| {
                running += f64::from(*weight);
                at * total < running
            });
            prop_assert_eq!(Some(sums.at(at) as usize), expected);
            prop_assert_eq!(sums.weight(change as u32), 3.0);
        }

        #[test]
        fn never_finds_a_weight_of_0(
            weights in prop::collection::vec(prop_oneof![Just(0.0), 0.0..1e9, 0.0..1e-9], 1..40),
            at in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0]
        ) {
            prop_assume!(weights.iter().any(|weight| *weight > 0.0));
            let sums = Sums::new(weights.clone());
            prop_assert!(weights[sums.at(at) as usize] > 0.0);
        }
    }
}
