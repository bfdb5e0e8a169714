//! Weights from every format, and hostile files of each.
//!
//! The fixtures `tiny-bert-bin` and `micro-bert` come from `python/make_pytorch_bin.py`.

mod folders;
mod formats;
mod headers;
mod known;
mod pickles;
mod shards;
mod values;
mod warnings;
