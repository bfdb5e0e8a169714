//! `goldpan show`: tables and trained models for people to look at.

mod artifact;
mod folder;
mod render;
mod rows;
mod verify;

pub use artifact::run;
