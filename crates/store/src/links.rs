//! What a run's folder links to, and linked to before, as a file in it: links themselves may be lost
//! where a store is copied.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use goldpan_artifact::atomic;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::object::ObjectId;

/// The name of the file: a line for each link, the last of a name counts.
pub(crate) const LINKS: &str = "links.jsonl";

#[derive(Serialize, Deserialize)]
struct Line {
    link: String,
    object: ObjectId,
    /// Whether a run that finished since has another result under the name, or none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    superseded: bool,
}

/// The content of the file.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Links {
    /// What each name links to.
    pub(crate) current: BTreeMap<String, ObjectId>,
    /// What names linked to before the last run that finished.
    earlier: BTreeSet<(String, ObjectId)>,
    /// What names linked to since then, and do no more.
    replaced: BTreeSet<(String, ObjectId)>,
}

impl Links {
    /// Reads the file of a run's folder; empty where there is none. A last line that a killed process
    /// left unfinished counts as none.
    pub(crate) fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(LINKS);
        let mut links = Self::default();
        let Some(bytes) = files::read(&path)? else {
            return Ok(links);
        };
        let whole = bytes.iter().rposition(|&byte| byte == b'\n');
        let whole = whole.map_or(0, |newline| newline + 1);
        for line in bytes[..whole].split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            match serde_json::from_slice::<Line>(line) {
                Ok(line) if files::is_inner_path(&line.link) => links.add(line),
                _ => return Err(Error::DamagedLinks { path }),
            }
        }
        Ok(links)
    }

    fn add(&mut self, line: Line) {
        if line.superseded {
            self.earlier.insert((line.link, line.object));
            return;
        }
        let before = self.current.insert(line.link.clone(), line.object);
        if let Some(before) = before.filter(|before| *before != line.object) {
            self.replaced.insert((line.link, before));
        }
    }

    /// Adds a line for a link, at once: an append.
    pub(crate) fn append(folder: &Path, link: &str, object: &ObjectId) -> Result<(), Error> {
        let path = folder.join(LINKS);
        let line = Line {
            link: link.to_owned(),
            object: *object,
            superseded: false,
        };
        let append = || {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            if let Ok(before) = std::fs::read(&path)
                && before.last().is_some_and(|&byte| byte != b'\n')
            {
                let whole = before.iter().rposition(|&byte| byte == b'\n');
                file.set_len(whole.map_or(0, |newline| newline as u64 + 1))?;
            }
            file.write_all(&text)
        };
        append().map_err(|source| Error::write(&path, source))
    }

    /// What a run that finished leaves: the names that it kept are current, what it no longer has is
    /// superseded. Where it dropped nothing, what was superseded before it stays so.
    pub(crate) fn finish(&mut self, kept: &BTreeSet<String>, dropped: Vec<(String, ObjectId)>) {
        self.replaced.extend(dropped);
        let current = std::mem::take(&mut self.current);
        for (name, object) in current {
            match kept.contains(&name) {
                true => drop(self.current.insert(name, object)),
                false => drop(self.replaced.insert((name, object))),
            }
        }
        let linked: BTreeSet<ObjectId> = self.current.values().copied().collect();
        self.replaced.retain(|(_, object)| !linked.contains(object));
        if !self.replaced.is_empty() {
            self.earlier = std::mem::take(&mut self.replaced);
        }
        self.earlier.retain(|(_, object)| !linked.contains(object));
    }

    /// Names and objects that are no longer linked, but lately were.
    pub(crate) fn superseded(&self) -> impl Iterator<Item = &(String, ObjectId)> {
        let linked: BTreeSet<&ObjectId> = self.current.values().collect();
        let all = self.earlier.iter().chain(&self.replaced);
        all.filter(move |(_, object)| !linked.contains(object))
    }

    /// Writes the file anew, whole or not at all.
    pub(crate) fn save(&self, folder: &Path) -> Result<(), Error> {
        let line = |(link, object): (&String, &ObjectId), superseded| Line {
            link: link.clone(),
            object: *object,
            superseded,
        };
        let superseded = self
            .superseded()
            .map(|(name, object)| line((name, object), true));
        let lines = superseded.chain(self.current.iter().map(|entry| line(entry, false)));
        let lines: Vec<Line> = lines.collect();
        atomic::write_atomically(folder.join(LINKS), |file| {
            let mut text = Vec::new();
            for line in &lines {
                serde_json::to_writer(&mut text, line)?;
                text.push(b'\n');
            }
            file.write_all(&text)
        })?;
        Ok(())
    }
}
