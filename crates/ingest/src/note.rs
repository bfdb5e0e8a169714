//! What readers found worth a word: sentences, and things that are counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::error::{At, Place};

/// Something that is counted, and told with its first place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    /// Bytes that are no text, replaced.
    Replaced,
    /// Halves of surrogate pairs in JSON, replaced.
    Surrogate,
    /// NUL characters in texts.
    Nul,
    /// Lines that end in CR alone.
    LoneReturn,
    /// Lines that end in LF or CRLF. Told only beside the former.
    NewLine,
    /// Fields with spaces before their opening quote.
    SpaceBeforeQuote,
    /// Empty fields beyond the header's.
    Beyond,
    /// Texts with a backslash before a quote, where that is text.
    Backslash,
}

/// Shared by the readers of one file.
#[derive(Clone)]
pub(crate) struct Notes(Rc<RefCell<Inner>>);

struct Inner {
    path: PathBuf,
    sentences: Vec<String>,
    things: BTreeMap<Thing, (u64, Place)>,
}

impl Notes {
    pub fn new(path: &Path) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            path: path.to_owned(),
            sentences: Vec::new(),
            things: BTreeMap::new(),
        })))
    }

    /// Notes a sentence that goes on after the file's name.
    pub fn say(&self, sentence: impl std::fmt::Display) {
        let mut inner = self.0.borrow_mut();
        let sentence = format!("{} {sentence}", inner.path.display());
        if !inner.sentences.contains(&sentence) {
            inner.sentences.push(sentence);
        }
    }

    /// Notes the sentences, not the counts, of other notes of the same file.
    pub fn say_all(&self, other: &Self) {
        let sentences = other.0.borrow().sentences.clone();
        self.0.borrow_mut().sentences.extend(sentences);
    }

    /// Counts a thing.
    pub fn count(&self, thing: Thing, place: Place) {
        let mut inner = self.0.borrow_mut();
        inner.things.entry(thing).or_insert((0, place)).0 += 1;
    }

    /// All of it in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let inner = self.0.borrow();
        let mut sentences = inner.sentences.clone();
        let new_lines = inner.things.get(&Thing::NewLine);
        for (thing, (count, place)) in &inner.things {
            let what = match thing {
                Thing::Replaced => "bytes or characters that are no text were replaced by U+FFFD",
                Thing::Surrogate => "halves of characters (\\u escapes) were replaced by U+FFFD",
                Thing::Nul => "NUL characters were kept in texts",
                Thing::LoneReturn if new_lines.is_some() => {
                    "lines end in CR alone and others in LF; each was taken as the end of a row"
                }
                Thing::LoneReturn | Thing::NewLine => continue,
                Thing::SpaceBeforeQuote => {
                    "fields have spaces before a quote, which makes their quotes a part of them; \
                     remove the spaces if they should enclose the field"
                }
                Thing::Backslash => {
                    "texts hold a backslash before a quote, which is kept; give --quoting backslash if \
                     it escapes the quote, or --quoting quoted if it is text"
                }
                Thing::Beyond => {
                    "rows end in empty fields beyond the header's, which were passed over"
                }
            };
            let at = At {
                path: inner.path.clone(),
                place: *place,
            };
            sentences.push(format!("{at} first: {count} {what}"));
        }
        sentences
    }

    /// Warns of all of it.
    pub fn warn(&self) {
        for sentence in self.sentences() {
            tracing::warn!("{sentence}");
        }
    }
}
