//! What the end-to-end tests share: the program, its surroundings, and real texts.

mod disk;
mod program;
mod reviews;
mod small;

pub use disk::Disk;
pub use program::{MODEL, Ran, goldpan, root, run, start};
pub use reviews::{Review, csv, reviews};
pub use small::Small;
