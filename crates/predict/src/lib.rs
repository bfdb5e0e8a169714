//! Goldpan's predict.
