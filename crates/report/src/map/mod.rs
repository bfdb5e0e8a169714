//! A map of the embeddings: some of the pool and of what each arm picked, laid out in two dimensions.

mod layout;
mod neighbours;
mod places;
mod remembered;
mod sample;

pub(crate) use places::{Dot, Map, Panel};
