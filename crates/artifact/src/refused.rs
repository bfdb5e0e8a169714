//! What is said of a file that no table can be read from.

use std::path::Path;

use crate::damage::Damage;
use crate::error::Error;
use crate::footer::Refusal;
use crate::schema::FORMAT_VERSION;

pub(crate) fn damaged(path: &Path, damage: Damage) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        damage: Box::new(damage),
    }
}

pub(crate) fn refused(path: &Path, refusal: Refusal) -> Error {
    let path = path.to_owned();
    match refusal {
        Refusal::NotArrow => Error::NotArrow { path },
        Refusal::NotAnArtifact => Error::NotAnArtifact { path },
        Refusal::NewerVersion(found) => Error::NewerVersion {
            path,
            found,
            supported: FORMAT_VERSION,
        },
        Refusal::Damaged(damage) => damaged(&path, damage),
    }
}
