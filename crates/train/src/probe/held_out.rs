//! What probes say of texts that they did not see.

use ndarray::Array2;

/// What probes say of texts that they did not see.
pub(crate) struct HeldOut {
    /// The texts that were held out, and those that were seen, in turn.
    pub folds: Vec<(Vec<usize>, Vec<usize>)>,
    /// `[texts, classes]`, minus infinity for a class that a probe does not know.
    pub logits: Array2<f64>,
    /// The label of each text whose class its probe knew.
    pub labels: Vec<Option<usize>>,
}
