//! What can be wrong with rows that are to be measured.

/// A row that cannot be measured, or nothing to measure. Rows count from 0 in the order pushed.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The list of classes is empty.
    #[error("there are no classes to measure: a classifier needs at least one")]
    NoClasses,
    /// No row was pushed.
    #[error("there are no labelled rows to measure")]
    NoRows,
    /// A row has another number of logits than there are classes.
    #[error("row {row} has {logits} logits, but there are {classes} classes")]
    Logits {
        /// The row.
        row: u64,
        /// How many logits it has.
        logits: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A logit is NaN or infinite.
    #[error(
        "row {row} has the logit {value} for class {class}: the model has diverged, \
         train it again with a lower learning rate"
    )]
    NotFinite {
        /// The row.
        row: u64,
        /// The class, counted from 0.
        class: usize,
        /// The logit.
        value: f32,
    },
    /// A label is not one of the classes.
    #[error("row {row} has the label {label}, but labels go from 0 to {}", classes - 1)]
    Label {
        /// The row.
        row: u64,
        /// The label.
        label: i32,
        /// How many classes there are.
        classes: usize,
    },
}
