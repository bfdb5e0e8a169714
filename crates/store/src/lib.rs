//! Goldpan's cache of finished work.
//!
//! An **object** is a folder of files under `objects/`, named by the digest of its content and
//! never changed. An **action** is a piece of work described by everything its result depends
//! on; the digest of that description is its [`Key`]. A **record** under `actions/` says which
//! object an action made. So an action whose record is there need not run again, and an action
//! that makes the same bytes as before changes nothing for those that read them.
//!
//! ```text
//! store.json          the format of the store
//! objects/ab/abcd.../ the files of one result, and manifest.json
//! actions/KEY.json    which object an action made, from what, in how long
//! last/NAME.json      the last action under a name, to say why the next one differs
//! scratch/KEY/        checkpoints of unfinished work; survives a crash
//! pending/KEY/        files being written; nothing reads them
//! locks/              one lock an action and a run's folder, and `run.lock` between runs and `gc`
//! runs/NAME/          links to the objects a run used, and their list: what `gc` keeps
//! ```
//!
//! A store may be copied in any way. Where the copy has no links, but folders or files in their place, the
//! next run puts them back; and `gc` goes by the list of the links, `links.jsonl`, as well. What a run's
//! folder linked to before its last finished run counts as superseded: `gc` keeps it unless told otherwise.
//!
//! A result becomes visible in one step: its files are synced, its manifest is written beside
//! them, the folder is renamed into `objects/`, and only then is the record written. Whatever
//! kills the process before leaves no record, and the next run does the action again.

mod action;
mod error;
mod files;
mod gc;
mod layout;
mod links;
mod lock;
mod look;
mod manifest;
mod missing;
mod object;
mod pending;
mod place;
mod record;
mod roots;
mod runs;
mod session;
mod store;
mod why;

pub use action::{Action, Key};
pub use error::Error;
pub use gc::{Collect, GcReport};
pub use missing::Missing;
pub use object::{FileEntry, ObjectId};
pub use pending::Pending;
pub use record::Record;
pub use runs::{FolderLock, RunFolder};
pub use session::{Claim, Reuse, Session};
pub use store::Store;
pub use why::{Change, Why};
