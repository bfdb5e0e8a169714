//! The places tried for one name so far.

use crate::error::{Error, Miss};
use crate::failure::Failure;
use crate::not_found::{Attempt, NotFound, Place, Remedy, Subject};

/// Collects failures until a place has what is looked for.
pub(crate) struct Tried {
    subject: Subject,
    name: String,
    attempts: Vec<Attempt>,
}

impl Tried {
    pub fn new(subject: Subject, name: &str) -> Self {
        Self {
            subject,
            name: name.to_owned(),
            attempts: Vec::new(),
        }
    }

    /// The result of one place: what it has, or nothing and a note of the failure.
    pub fn at<T>(&mut self, place: Place, result: Result<T, Miss>) -> Result<Option<T>, Error> {
        match result {
            Ok(found) => {
                for attempt in &self.attempts {
                    tracing::debug!(name = %self.name, place = %attempt.place, failure = %attempt.failure, "not found there");
                }
                tracing::debug!(name = %self.name, %place, "found");
                Ok(Some(found))
            }
            Err(Miss::Failure(failure)) => {
                self.attempts.push(Attempt { place, failure });
                Ok(None)
            }
            Err(Miss::Fatal(error)) => Err(error),
        }
    }

    /// The error that lists every place, with what can be done about them.
    pub fn not_found(self, meant: Option<String>, put: Remedy) -> Error {
        let mut remedies: Vec<Remedy> = Vec::new();
        remedies.extend(meant.map(|name| Remedy::Meant { name }));
        for attempt in &self.attempts {
            let remedy = match (&attempt.place, &attempt.failure) {
                (_, Failure::Offline { variable }) => Some(Remedy::Unset { variable }),
                (Place::Hub { .. }, Failure::Denied { .. }) => Some(Remedy::Token),
                (Place::Hub { .. }, Failure::Http(error)) if error.is_missing() => None,
                (Place::Hub { .. }, Failure::Http(_)) => Some(Remedy::ReachHub),
                (Place::Index { .. }, Failure::Http(_)) => Some(Remedy::ReachIndex),
                _ => None,
            };
            remedies.extend(remedy.filter(|remedy| !remedies.contains(remedy)));
        }
        remedies.push(put);
        remedies.push(Remedy::Path);
        Error::NotFound(Box::new(NotFound {
            subject: self.subject,
            name: self.name,
            tried: self.attempts,
            remedies,
        }))
    }
}
