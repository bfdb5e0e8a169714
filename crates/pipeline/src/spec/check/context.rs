//! What a check works with: the source for places, the stages' kinds, the problems found.

use std::path::{Path, PathBuf};

use crate::kind::StageKind;
use crate::spec::options::StageOptions;
use crate::spec::path::KeyPath;
use crate::spec::problem::{Invalid, Problem, ProblemKind};
use crate::spec::settings::Name;
use crate::spec::source::{Side, Source};

/// A check in progress. Its methods return `None` after having noted a problem.
pub(super) struct Context<'a> {
    source: &'a Source,
    /// The stages in the order of the file.
    stages: &'a [(String, StageOptions)],
    problems: Vec<Problem>,
    /// Problems beyond those.
    more: usize,
}

/// Problems that are kept; of more the number is.
const KEPT: usize = 100;

impl<'a> Context<'a> {
    pub(super) fn new(source: &'a Source, stages: &'a [(String, StageOptions)]) -> Self {
        Self {
            source,
            stages,
            problems: Vec::new(),
            more: 0,
        }
    }

    /// The file and what was put in place of its values.
    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// The stages in the order of the file.
    pub(super) fn stages(&self) -> &'a [(String, StageOptions)] {
        self.stages
    }

    /// The problems noted, in the order of the file.
    pub(super) fn into_invalid(mut self) -> Invalid {
        self.problems.sort_by_key(|problem| {
            let in_file = problem.file() == self.source.text().name();
            (!in_file, problem.line(), problem.column())
        });
        Invalid::new(self.problems).and(self.more)
    }

    /// True while nothing was noted.
    pub(super) fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }

    /// Notes a problem with a value.
    pub(super) fn wrong<T>(&mut self, path: &KeyPath, kind: ProblemKind) -> Option<T> {
        self.note(path, Side::Value, kind);
        None
    }

    /// Notes a problem with a key.
    pub(super) fn wrong_key<T>(&mut self, path: &KeyPath, kind: ProblemKind) -> Option<T> {
        self.note(path, Side::Key, kind);
        None
    }

    fn note(&mut self, path: &KeyPath, side: Side, kind: ProblemKind) {
        if self.problems.len() >= KEPT {
            self.more += 1;
            return;
        }
        let place = self.source.place(path, side);
        self.problems.push(Problem::new(path.clone(), place, kind));
    }

    /// The stage of this name.
    pub(super) fn find(&self, name: &str) -> Option<&'a StageOptions> {
        let stage = self.stages.iter().find(|(stage, _)| stage == name);
        stage.map(|(_, options)| options)
    }

    /// A text that can be a file's name.
    pub(super) fn name(&mut self, path: &KeyPath, side: Side, name: &str) -> Option<Name> {
        let checked = Name::new(name);
        if checked.is_none() {
            let found = name.to_owned();
            self.note(path, side, ProblemKind::BadName { found });
        }
        checked
    }

    /// The name of a stage of the kind wanted.
    pub(super) fn stage(&mut self, path: &KeyPath, name: &str, wanted: StageKind) -> Option<Name> {
        let known = || {
            let stages = self.stages.iter();
            let of_kind = stages.filter(|(_, options)| options.kind() == wanted);
            of_kind.map(|(name, _)| name.clone()).collect()
        };
        let found = name.to_owned();
        let kind = match self.find(name).map(StageOptions::kind) {
            // A bad name was noted where the stage is.
            Some(kind) if kind == wanted => return Name::new(name),
            Some(is) => ProblemKind::WrongStage {
                found,
                is,
                wanted,
                known: known(),
            },
            None => ProblemKind::UnknownStage {
                found,
                known: known(),
            },
        };
        self.wrong(path, kind)
    }

    /// A path as it is seen from where the command is given: relative ones start from the pipeline file's
    /// folder.
    pub(super) fn path(&mut self, path: &KeyPath, found: &Path) -> Option<PathBuf> {
        let text = found.to_string_lossy();
        if (text.starts_with('~') || text.contains('$')) && !found.exists() {
            let found = text.into_owned();
            return self.wrong(path, ProblemKind::Unexpanded { found });
        }
        let folder = self.folder();
        let whole = folder.join(found);
        // A dataset or a model has a name that may be anything else.
        if folder.as_os_str().is_empty() || found.is_absolute() || !found.exists() {
            return Some(whole);
        }
        if !whole.exists() {
            let (found, folder) = (text.into_owned(), folder.display().to_string());
            return self.wrong(path, ProblemKind::Elsewhere { found, folder });
        }
        if whole.canonicalize().ok() != found.canonicalize().ok() {
            tracing::warn!(
                "{path}: {} is read, and not the {} in the folder that the command is given in: paths \
                 start from the pipeline file",
                whole.display(),
                found.display()
            );
        }
        Some(whole)
    }

    /// The folder that the pipeline file lies in; empty where the command is given there.
    fn folder(&self) -> PathBuf {
        let file = Path::new(self.source.text().name());
        file.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// The name of a model: of a folder, seen from where the command is given, or any other.
    pub(super) fn model(&mut self, path: &KeyPath, name: &str) -> Option<String> {
        let name = self.text(path, name)?;
        let found = Path::new(&name);
        let is_path = found.is_absolute()
            || ["./", "../", "~", "$"]
                .iter()
                .any(|start| name.starts_with(start))
            || name == "."
            || name == "..";
        if !is_path && !found.is_dir() && !self.folder().join(found).is_dir() {
            return Some(name);
        }
        let whole = self.path(path, found)?;
        Some(whole.to_string_lossy().into_owned())
    }

    /// A text that is not blank.
    pub(super) fn text(&mut self, path: &KeyPath, text: &str) -> Option<String> {
        if text.trim().is_empty() {
            let expected = "give a name";
            return self.wrong(path, ProblemKind::Nothing { expected });
        }
        Some(text.to_owned())
    }
}
