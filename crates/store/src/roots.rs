//! What the runs' folders hold on to: what `gc` keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::files;
use crate::layout::Layout;
use crate::links::Links;
use crate::object::ObjectId;
use crate::place::Place;

/// The objects of the runs.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// Those that runs link to.
    pub(crate) linked: BTreeSet<ObjectId>,
    /// Those that runs linked to before: the runs, and the names there.
    pub(crate) superseded: BTreeMap<ObjectId, BTreeSet<(String, String)>>,
}

impl Roots {
    /// Reads every run's folder.
    ///
    /// # Errors
    ///
    /// When the folder of a run does not tell what it linked to: that a link is lost does not mean that
    /// nothing is used.
    pub(crate) fn of(layout: &Layout) -> Result<Self, Error> {
        let runs = layout.runs();
        let mut roots = Self::default();
        if !runs.is_dir() {
            return match files::list(&layout.objects())?.is_empty() {
                true => Ok(roots),
                false => Err(Error::NoRuns { path: runs }),
            };
        }
        for entry in files::list(&runs)? {
            roots.add(&entry.path(), &entry.file_name().to_string_lossy())?;
        }
        Ok(roots)
    }

    /// Adds what an entry of `runs` holds on to.
    fn add(&mut self, path: &Path, run: &str) -> Result<(), Error> {
        match Place::of(path)? {
            Place::Nothing | Place::EmptyFile | Place::File => return Ok(()),
            Place::Text(object) | Place::Copy(object) | Place::Link(Some(object)) => {
                self.linked.insert(object);
                return Ok(());
            }
            // A run's folder may have been moved elsewhere, with a link in its place.
            Place::Link(None) if !path.is_dir() => {
                return Err(Error::Unfollowed { path: path.into() });
            }
            Place::Link(None) | Place::Folder => {}
        }
        let links = Links::load(path)?;
        for (name, object) in links.superseded() {
            let names = self.superseded.entry(*object).or_default();
            names.insert((run.to_owned(), name.clone()));
        }
        let mut walk = Walk::default();
        walk.folder(path)?;
        if links.current.is_empty() && walk.objects.is_empty() && walk.files {
            return Err(Error::Unfollowed { path: path.into() });
        }
        self.linked.extend(links.current.into_values());
        self.linked.extend(walk.objects);
        Ok(())
    }
}

/// What lies in a run's folder.
#[derive(Default)]
struct Walk {
    objects: BTreeSet<ObjectId>,
    /// Whether there is any file that is no link.
    files: bool,
}

impl Walk {
    fn folder(&mut self, folder: &Path) -> Result<(), Error> {
        for entry in files::list(folder)? {
            let path = entry.path();
            if entry.file_name().to_str().is_some_and(files::is_temporary) {
                continue;
            }
            match Place::of(&path)? {
                Place::Link(Some(object)) | Place::Copy(object) | Place::Text(object) => {
                    self.objects.insert(object);
                }
                Place::Folder => self.folder(&path)?,
                Place::Link(None) => self.objects.extend(elsewhere(&path)?),
                Place::EmptyFile | Place::File => self.files = true,
                Place::Nothing => {}
            }
        }
        Ok(())
    }
}

/// The object that a link leads to by another way than its own target's name.
fn elsewhere(path: &Path) -> Result<Option<ObjectId>, Error> {
    let target: PathBuf = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(_) => return Err(Error::Unfollowed { path: path.into() }),
    };
    let mut parts = target.components().rev();
    Ok(parts.find_map(|part| part.as_os_str().to_str()?.parse().ok()))
}
