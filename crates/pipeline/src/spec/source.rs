//! The text of a pipeline file and the overrides, and the places of key paths in them.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use miette::NamedSource;

use crate::spec::overrides::Override;
use crate::spec::path::KeyPath;
use crate::spec::tree::Node;

/// A text in which something is wrong: the file, or one `--set`.
pub(crate) type Text = Arc<NamedSource<String>>;

/// Which of an entry's two places is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Key,
    Value,
}

/// A range of a text, with the line and column at which it starts.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) text: Text,
    pub(crate) span: Range<usize>,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
}

impl Place {
    pub(crate) fn new(text: &Text, span: Range<usize>) -> Self {
        let before = text.inner().get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            text: Arc::clone(text),
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
            span,
        }
    }

    /// The place of one character, by line and column from 1.
    pub(crate) fn at(text: &Text, line: usize, column: usize) -> Self {
        let inner = text.inner();
        let line_start = match line {
            0 | 1 => 0,
            _ => inner
                .match_indices('\n')
                .nth(line - 2)
                .map_or(inner.len(), |(newline, _)| newline + 1),
        };
        let rest = inner.get(line_start..).unwrap_or_default();
        let inside = rest.char_indices().nth(column.saturating_sub(1));
        let start = line_start + inside.map_or(rest.len(), |(offset, _)| offset);
        Self::new(text, start..start)
    }
}

/// The file and the overrides that were applied to it.
pub(crate) struct Source {
    text: Text,
    tree: Option<Rc<Node>>,
    overrides: Vec<Override>,
}

impl Source {
    pub(crate) fn new(text: Text, overrides: Vec<Override>) -> Self {
        let tree = Node::parse(text.inner());
        Self {
            text,
            tree,
            overrides,
        }
    }

    /// The file's name and text.
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }

    /// The overrides in the order given.
    pub(crate) fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// Where each value of the file stands.
    pub(crate) fn tree(&self) -> Option<&Node> {
        self.tree.as_deref()
    }

    /// Where the value at `path` was written: in the last override that wrote it, else in the
    /// file. Of a path that leads nowhere, the place of what should contain it.
    pub(crate) fn place(&self, path: &KeyPath, side: Side) -> Place {
        let in_file = self.tree.as_ref().map(|tree| tree.find(path));
        let depth = in_file.as_ref().map_or(0, |found| found.depth);
        let wrote = |set: &&Override| {
            set.path().contains(path)
                || (depth < path.segments().len() && path.contains(set.path()))
        };
        if let Some(set) = self.overrides.iter().rev().find(wrote) {
            return set.place(path, side);
        }
        let span = match in_file {
            None => 0..0,
            Some(found) => match (side, found.key) {
                (Side::Key, Some(key)) => key,
                // An empty value has no place of its own.
                (Side::Value, Some(key)) if found.value.is_empty() => key,
                _ if path.is_root() => found.value.start..found.value.start,
                _ => found.value,
            },
        };
        Place::new(&self.text, span)
    }
}
