//! Where each key and value of a YAML text stands.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::spec::path::{KeyPath, Segment};

/// Deeper texts have no places; `serde_yaml` refuses them in any case.
const DEEPEST: usize = 128;

/// A value: where it stands, and what it holds.
#[derive(Debug)]
pub(crate) struct Node {
    /// Bytes of the text.
    pub(crate) span: Range<usize>,
    children: Children,
}

#[derive(Debug)]
enum Children {
    None,
    Items(Vec<Rc<Node>>),
    Entries(Vec<Entry>),
}

#[derive(Debug)]
struct Entry {
    key: String,
    span: Range<usize>,
    value: Rc<Node>,
}

/// Two entries of one mapping with the same key.
#[derive(Debug)]
pub(crate) struct Duplicate {
    pub(crate) path: KeyPath,
    pub(crate) first: Range<usize>,
    pub(crate) second: Range<usize>,
}

/// The places found on the way to a value.
pub(crate) struct Found {
    /// How many segments of the path lead to something that is there.
    pub(crate) depth: usize,
    /// The deepest key on the way, if any.
    pub(crate) key: Option<Range<usize>>,
    /// The deepest value on the way.
    pub(crate) value: Range<usize>,
}

impl Node {
    /// The tree of a text with one document. `None` if the text can't be parsed.
    pub(crate) fn parse(text: &str) -> Option<Rc<Self>> {
        Builder::new(text).build()
    }

    /// Goes as far along the path as there is something.
    pub(crate) fn find(&self, path: &KeyPath) -> Found {
        let mut found = Found {
            depth: 0,
            key: None,
            value: self.span.clone(),
        };
        let mut node = self;
        for segment in path.segments() {
            match &node.children {
                Children::Items(items) => {
                    let Segment::Index(index) = segment else {
                        break;
                    };
                    let Some(item) = items.get(*index) else { break };
                    found.key = None;
                    node = item;
                }
                Children::Entries(entries) => {
                    let Some(entry) = own_or_merged(entries, segment, 0) else {
                        break;
                    };
                    found.key = Some(entry.span.clone());
                    node = &entry.value;
                }
                Children::None => break,
            }
            found.depth += 1;
            found.value = node.span.clone();
        }
        found
    }

    /// The first key in the text that occurs twice in its mapping.
    pub(crate) fn duplicate(&self) -> Option<Duplicate> {
        self.duplicate_under(&KeyPath::root(), &mut HashSet::new())
    }

    /// Each node once, though aliases of aliases may lead to it any number of times.
    fn duplicate_under(
        &self,
        path: &KeyPath,
        seen: &mut HashSet<*const Self>,
    ) -> Option<Duplicate> {
        if !seen.insert(std::ptr::from_ref(self)) {
            return None;
        }
        match &self.children {
            Children::None => None,
            Children::Items(items) => {
                let mut items = items.iter().enumerate();
                items.find_map(|(i, item)| item.duplicate_under(&path.index(i), seen))
            }
            Children::Entries(entries) => {
                let mut keys: HashMap<&str, &Entry> = HashMap::new();
                entries.iter().find_map(|entry| {
                    let path = path.key(&entry.key);
                    match keys.insert(&entry.key, entry) {
                        Some(earlier) => Some(Duplicate {
                            path,
                            first: earlier.span.clone(),
                            second: entry.span.clone(),
                        }),
                        None => entry.value.duplicate_under(&path, seen),
                    }
                })
            }
        }
    }
}

/// The entry for a segment: one of these, or of what `<<` merges into them.
fn own_or_merged<'a>(entries: &'a [Entry], segment: &Segment, depth: usize) -> Option<&'a Entry> {
    let is_it = |entry: &&Entry| Segment::Key(entry.key.clone()).matches(segment);
    if let Some(entry) = entries.iter().find(is_it) {
        return Some(entry);
    }
    let merged = entries.iter().find(|entry| entry.key == "<<")?;
    let inside = |node: &'a Node| match &node.children {
        Children::Entries(entries) if depth < DEEPEST => own_or_merged(entries, segment, depth + 1),
        _ => None,
    };
    match &merged.value.children {
        Children::Items(items) => items.iter().find_map(|item| inside(item)),
        _ => inside(&merged.value),
    }
}

/// A collection that is not complete yet.
struct Open {
    anchor: usize,
    start: usize,
    children: Children,
    /// A key whose value comes next. Keys that are collections have an empty name.
    key: Option<(String, Range<usize>)>,
}

struct Builder<'a> {
    text: &'a str,
    /// Byte offsets of the text's characters, one more for its end.
    offsets: Vec<usize>,
    open: Vec<Open>,
    anchors: Vec<(usize, Rc<Node>)>,
    root: Option<Rc<Node>>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let offsets = text.char_indices().map(|(offset, _)| offset);
        Self {
            text,
            offsets: offsets.chain([text.len()]).collect(),
            open: Vec::new(),
            anchors: Vec::new(),
            root: None,
        }
    }

    fn build(mut self) -> Option<Rc<Node>> {
        for event in Parser::new_from_str(self.text) {
            let (event, span) = event.ok()?;
            match event {
                Event::MappingStart(anchor, _) => {
                    self.start(anchor, span, Children::Entries(Vec::new()))?;
                }
                Event::SequenceStart(anchor, _) => {
                    self.start(anchor, span, Children::Items(Vec::new()))?;
                }
                Event::MappingEnd | Event::SequenceEnd => self.end(span)?,
                Event::Scalar(value, style, anchor, _) => {
                    let node = Rc::new(Node {
                        span: self.scalar(span, style),
                        children: Children::None,
                    });
                    self.add(anchor, node, Some(&value));
                }
                Event::Alias(anchor) => {
                    let known = self.anchors.iter().rev().find(|(id, _)| *id == anchor);
                    let node = known.map(|(_, node)| Rc::clone(node)).unwrap_or_else(|| {
                        Rc::new(Node {
                            span: self.range(span),
                            children: Children::None,
                        })
                    });
                    self.add(0, node, None);
                }
                Event::Nothing
                | Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(_)
                | Event::DocumentEnd => {}
            }
        }
        self.root
    }

    fn start(&mut self, anchor: usize, span: Span, children: Children) -> Option<()> {
        self.open.push(Open {
            anchor,
            start: self.offset(span.start),
            children,
            key: None,
        });
        (self.open.len() < DEEPEST).then_some(())
    }

    fn end(&mut self, span: Span) -> Option<()> {
        let open = self.open.pop()?;
        let end = self.offset(span.end);
        // A block ends where the next one starts: leave out the space between.
        let inside = self.text.get(open.start..end).unwrap_or_default();
        let node = Rc::new(Node {
            span: open.start..open.start + inside.trim_end().len(),
            children: open.children,
        });
        self.add(open.anchor, node, None);
        Some(())
    }

    fn add(&mut self, anchor: usize, node: Rc<Node>, text: Option<&str>) {
        if anchor != 0 {
            self.anchors.push((anchor, Rc::clone(&node)));
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match (&mut open.children, open.key.take()) {
            (Children::Items(items), _) => items.push(node),
            (Children::Entries(entries), Some((key, span))) => entries.push(Entry {
                key,
                span,
                value: node,
            }),
            (Children::Entries(_), None) => {
                open.key = Some((text.unwrap_or_default().to_owned(), node.span.clone()));
            }
            (Children::None, _) => {}
        }
    }

    /// The range of a scalar. The parser's range of a quoted one goes on to the next token.
    fn scalar(&self, span: Span, style: ScalarStyle) -> Range<usize> {
        let range = self.range(span);
        let text = self.text.get(range.clone()).unwrap_or_default();
        let end = match style {
            ScalarStyle::SingleQuoted => quoted(text, '\''),
            ScalarStyle::DoubleQuoted => quoted(text, '"'),
            ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded => None,
        };
        range.start..end.map_or(range.end, |length| range.start + length)
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.offset(span.start)..self.offset(span.end)
    }

    fn offset(&self, marker: Marker) -> usize {
        let offset = self.offsets.get(marker.index()).copied();
        offset.unwrap_or(self.text.len())
    }
}

/// The bytes of the quoted text that this text starts with, quotes included. Inside, a single
/// quote is doubled and a double quote follows a backslash.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((offset, c)) = inside.next() {
        let doubled = quote == '\'' && inside.peek().is_some_and(|(_, next)| *next == quote);
        match c {
            '\\' if quote == '"' => {
                inside.next();
            }
            c if c == quote && doubled => {
                inside.next();
            }
            c if c == quote => return Some(offset + quote.len_utf8()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(text: &'a str, path: &str) -> (usize, Option<&'a str>, &'a str) {
        let found = Node::parse(text)
            .unwrap()
            .find(&KeyPath::parse(path).unwrap());
        (
            found.depth,
            found.key.map(|span| &text[span]),
            &text[found.value],
        )
    }

    const TEXT: &str = "a:\n  \"é\": 'x y' # c\n  b: [1, {c: é}]\n  d:\nf: last\n";

    #[test]
    fn finds_keys_and_values() {
        assert_eq!(at(TEXT, "f"), (1, Some("f"), "last"));
        assert_eq!(at(TEXT, "a.é"), (2, Some("\"é\""), "'x y'"));
        assert_eq!(at(TEXT, "a.b"), (2, Some("b"), "[1, {c: é}]"));
        assert_eq!(at(TEXT, "a.b.0"), (3, None, "1"));
        assert_eq!(at(TEXT, "a.b.1.c"), (4, Some("c"), "é"));
        assert_eq!(at(TEXT, "a.d"), (2, Some("d"), ""));
        assert_eq!(at(TEXT, "a.none.x").0, 1);
    }

    #[test]
    fn quoted_texts_end_at_their_quotes() {
        let text = "a: \"x \\\" y\" # c\nb: 'it''s'   # c\nc: ''\nd: '''a'\n";
        assert_eq!(at(text, "a").2, "\"x \\\" y\"");
        assert_eq!(at(text, "b").2, "'it''s'");
        assert_eq!(at(text, "c").2, "''");
        assert_eq!(at(text, "d").2, "'''a'");
    }

    #[test]
    fn an_alias_stands_where_its_anchor_does() {
        let text = "a: &one {x: 1}\nb: *one\n";
        assert_eq!(at(text, "b.x"), (2, Some("x"), "1"));
    }

    #[test]
    fn windows_line_ends_and_byte_order_marks_shift_nothing() {
        assert_eq!(at("a: 1\r\nb: x\r\n", "b"), (1, Some("b"), "x"));
        assert_eq!(at("\u{feff}a: 1\nb: x\n", "b"), (1, Some("b"), "x"));
    }

    #[test]
    fn the_first_duplicate_is_found() {
        let text = "a: {x: 1, y: 2}\nb: {x: 1, x: 2}\n";
        let duplicate = Node::parse(text).unwrap().duplicate().unwrap();
        assert_eq!(duplicate.path.to_string(), "b.x");
        assert_eq!((duplicate.first.start, duplicate.second.start), (20, 26));
        assert!(
            Node::parse("a: {x: 1}\nb: {x: 1}")
                .unwrap()
                .duplicate()
                .is_none()
        );
    }

    #[test]
    fn deep_or_broken_texts_have_no_tree() {
        assert!(Node::parse(&"[".repeat(100_000)).is_none());
        assert!(Node::parse("a: [").is_none());
    }
}
