//! The `goldpan` command.
fn main() {}
