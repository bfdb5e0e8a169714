//! Garbage collection: removes what no run's folder links to.

use std::collections::BTreeSet;
use std::fs::DirEntry;

use serde::Serialize;

use crate::layout::Layout;
use crate::lock::{Lock, Mode};
use crate::manifest::MANIFEST;
use crate::record::Record;
use crate::{Error, Key, ObjectId, files, runs};

/// What was removed, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Objects kept, because a run links to them.
    pub kept: u64,
    /// Objects removed.
    pub objects: u64,
    /// Records removed, because their objects were or are gone.
    pub records: u64,
    /// Folders of unfinished work removed.
    pub unfinished: u64,
    /// Bytes freed.
    pub bytes: u64,
}

pub(crate) fn gc(layout: &Layout, dry_run: bool) -> Result<GcReport, Error> {
    if !layout.locks().is_dir() {
        return Ok(GcReport::default());
    }
    // A dry run may look at a store that it can't write to.
    let _lock = if dry_run {
        None
    } else {
        Some(exclusive(layout)?)
    };
    let mut gc = Gc {
        layout,
        dry_run,
        report: GcReport::default(),
    };
    let kept = gc.objects(&runs::roots(&layout.runs())?)?;
    gc.records(&kept)?;
    gc.unfinished()?;
    Ok(gc.report)
}

fn exclusive(layout: &Layout) -> Result<Lock, Error> {
    Lock::attempt(&layout.run_lock(), Mode::Exclusive)?.ok_or_else(|| Error::InUse {
        path: layout.root().to_owned(),
    })
}

struct Gc<'a> {
    layout: &'a Layout,
    dry_run: bool,
    report: GcReport,
}

impl Gc<'_> {
    /// Removes the objects that are no roots; returns those that stay.
    fn objects(&mut self, roots: &BTreeSet<ObjectId>) -> Result<BTreeSet<ObjectId>, Error> {
        let mut kept = BTreeSet::new();
        for shelf in files::list(&self.layout.objects())? {
            for object in files::list(&shelf.path())? {
                match name(&object, "").and_then(|name| name.parse().ok()) {
                    Some(id) if roots.contains(&id) => {
                        self.report.kept += 1;
                        kept.insert(id);
                    }
                    _ => {
                        self.report.objects += 1;
                        self.remove(&object)?;
                    }
                }
            }
        }
        Ok(kept)
    }

    /// Removes the records of objects that are gone, and damaged ones.
    fn records(&mut self, kept: &BTreeSet<ObjectId>) -> Result<(), Error> {
        for entry in files::list(&self.layout.actions())? {
            let key: Option<Key> = name(&entry, ".json").and_then(|name| name.parse().ok());
            let record = match key {
                Some(key) => Record::load(self.layout, &key)?.ok(),
                None => None,
            };
            if record.is_none_or(|record| !kept.contains(&record.object)) {
                self.report.records += 1;
                self.remove(&entry)?;
            }
        }
        Ok(())
    }

    /// Removes what unfinished work left. No run is in progress, so none of it is in use.
    fn unfinished(&mut self) -> Result<(), Error> {
        for folder in [self.layout.all_pending(), self.layout.all_scratch()] {
            for entry in files::list(&folder)? {
                self.report.unfinished += 1;
                self.remove(&entry)?;
            }
        }
        for entry in files::list(&self.layout.locks())? {
            if entry.path() != self.layout.run_lock() && !self.dry_run {
                files::remove_file(&entry.path())?;
            }
        }
        Ok(())
    }

    fn remove(&mut self, entry: &DirEntry) -> Result<(), Error> {
        let path = entry.path();
        self.report.bytes += files::size(&path)?;
        if self.dry_run {
            return Ok(());
        }
        if path.is_dir() {
            // First the manifest: without it the object does not exist.
            files::remove_file(&path.join(MANIFEST))?;
            files::remove_folder(&path)
        } else {
            files::remove_file(&path)
        }
    }
}

/// The entry's name without an ending that it must have.
fn name(entry: &DirEntry, ending: &str) -> Option<String> {
    let name = entry.file_name().into_string().ok()?;
    name.strip_suffix(ending).map(str::to_owned)
}
