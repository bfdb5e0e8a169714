//! Garbage collection: removes what no run's folder links to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::DirEntry;

use serde::Serialize;

use crate::action::Key;
use crate::error::Error;
use crate::files;
use crate::layout::Layout;
use crate::lock::{Lock, Mode};
use crate::manifest::MANIFEST;
use crate::object::ObjectId;
use crate::record::Record;
use crate::roots::Roots;

/// What is collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collect {
    /// Only say what would be removed.
    pub dry_run: bool,
    /// Remove what runs linked to before their last finished run, too.
    pub superseded: bool,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GcReport {
    /// Objects kept, because a run links to them.
    pub kept: u64,
    /// Objects removed.
    pub objects: u64,
    /// Records removed, because their objects were or are gone.
    pub records: u64,
    /// Folders and files of unfinished work removed.
    pub unfinished: u64,
    /// Bytes freed.
    pub bytes: u64,
    /// The names of the actions whose results were removed: the run, `/`, and the name there.
    pub lost: BTreeSet<String>,
    /// Objects that are kept though no run links to them any more, by run: the names that they had.
    pub superseded: BTreeMap<String, BTreeSet<String>>,
}

pub(crate) fn gc(layout: &Layout, collect: Collect) -> Result<GcReport, Error> {
    if !layout.objects().is_dir() && !layout.locks().is_dir() {
        return Ok(GcReport::default());
    }
    // A dry run may look at a store that it can't write to.
    let _lock = if collect.dry_run {
        None
    } else {
        // Copying may leave out folders without files.
        files::create_folder(&layout.locks())?;
        Some(exclusive(layout)?)
    };
    let mut gc = Gc {
        layout,
        dry_run: collect.dry_run,
        report: GcReport::default(),
    };
    let mut roots = Roots::of(layout)?;
    if collect.superseded {
        roots.superseded.clear();
    }
    let kept = gc.objects(&roots)?;
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
    fn objects(&mut self, roots: &Roots) -> Result<BTreeSet<ObjectId>, Error> {
        let mut kept = BTreeSet::new();
        for shelf in files::list(&self.layout.objects())? {
            for object in files::list(&shelf.path())? {
                match name(&object, "").and_then(|name| name.parse().ok()) {
                    Some(id) if roots.linked.contains(&id) => {
                        self.report.kept += 1;
                        kept.insert(id);
                    }
                    Some(id) if roots.superseded.contains_key(&id) => {
                        self.report.kept += 1;
                        kept.insert(id);
                        for (run, name) in &roots.superseded[&id] {
                            let names = self.report.superseded.entry(run.clone()).or_default();
                            names.insert(name.clone());
                        }
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
            if record
                .as_ref()
                .is_none_or(|record| !kept.contains(&record.object))
            {
                self.report.records += 1;
                self.report.lost.extend(record.map(|record| record.name));
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
        let mut temporary = Vec::new();
        for folder in [self.layout.runs(), self.layout.last_folder()] {
            files::sweep(&folder, &mut |path| {
                temporary.push(path.to_owned());
                Ok(())
            })?;
        }
        for path in temporary {
            self.report.unfinished += 1;
            self.report.bytes += files::size(&path)?;
            if !self.dry_run {
                files::remove_file(&path)?;
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
