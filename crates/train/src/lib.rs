//! Goldpan's train.
