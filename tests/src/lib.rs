//! What tests share: the program, its surroundings, real texts, and the warnings of a piece of work.

mod disk;
mod heard;
mod program;
mod reviews;
mod small;

pub use disk::Disk;
pub use heard::{Warning, warned};
pub use program::{MODEL, Ran, goldpan, root, run, start};
pub use reviews::{Review, csv, reviews};
pub use small::Small;
