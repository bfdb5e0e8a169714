//! A problem's lines as they are shown: of bounded length, and without what would drive a terminal.

use std::ops::Range;
use std::sync::Arc;

use miette::NamedSource;

use crate::spec::source::Text;

/// Characters of a line that are shown.
const LINE: usize = 160;

/// Characters of a message that are shown.
const MESSAGE: usize = 1200;

/// The text with its long lines cut around `span`, and the span there: on one line.
pub(crate) fn shown(text: &Text, span: &Range<usize>) -> (Text, Range<usize>) {
    let inner = text.inner();
    let end = span.end.min(inner.len()).max(span.start);
    let span = span.start.min(inner.len())..end;
    let marked = inner.get(span.clone()).unwrap_or_default();
    let line = marked.lines().next().unwrap_or_default();
    let span = span.start..span.start + line.trim_end().len();
    let mut lines = String::with_capacity(inner.len().min(1 << 16));
    let mut place = 0..0;
    let mut start = 0;
    for line in inner.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let holds =
            range.contains(&span.start) || (range.end == inner.len() && span.start == range.end);
        let (line, inside) = match holds {
            true => window(line, span.start - range.start..span.end - range.start),
            false => window(line, 0..0),
        };
        if holds {
            place = lines.len() + inside.start..lines.len() + inside.end;
        }
        lines += &line;
    }
    (Arc::new(NamedSource::new(text.name(), lines)), place)
}

/// At most [`LINE`] characters of a line around a range, and the range there.
fn window(line: &str, range: Range<usize>) -> (String, Range<usize>) {
    let (content, newline) = match line.strip_suffix('\n') {
        Some(content) => (content, "\n"),
        None => (line, ""),
    };
    let before = content.get(..range.start).unwrap_or_default();
    let inside = content.get(range.clone()).unwrap_or_default();
    let after = content
        .get(range.end.max(range.start)..)
        .unwrap_or_default();
    let inside: String = inside.chars().take(LINE / 2).collect();
    let last = |text: &str, most: usize| -> String {
        match text.chars().count() {
            count if count <= most => text.to_owned(),
            count => format!("…{}", text.chars().skip(count - most).collect::<String>()),
        }
    };
    let before = match content.chars().count() {
        count if count <= LINE => before.to_owned(),
        _ => last(before, LINE / 3),
    };
    let room = LINE.saturating_sub(before.chars().count() + inside.chars().count());
    let after = cut(after, room);
    let (before, inside, after) = (plain(&before), plain(&inside), plain(&after));
    let place = before.len()..before.len() + inside.len();
    (format!("{before}{inside}{after}{newline}"), place)
}

/// At most so many characters; what is left out is marked.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A message of bounded length: its start and its end.
pub(crate) fn message(text: &str) -> String {
    let text = plain(text);
    let count = text.chars().count();
    if count <= MESSAGE {
        return text;
    }
    let end: String = text.chars().skip(count - MESSAGE / 4).collect();
    format!("{} {end}", cut(&text, MESSAGE * 3 / 4))
}

/// Signs in place of what is none.
fn plain(text: &str) -> String {
    let sign = |c: char| match c {
        '\t' | '\n' => c,
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, span: Range<usize>) -> (String, String) {
        let text: Text = Arc::new(NamedSource::new("a.yaml", text.to_owned()));
        let (shown, place) = shown(&text, &span);
        let inner = shown.inner().clone();
        (inner.clone(), inner[place].to_owned())
    }

    #[test]
    fn short_texts_are_shown_as_they_are() {
        let text = "a: 1\nb: é x\nc:\n  - 1\n  - 2\n";
        assert_eq!(of(text, 8..10), (text.to_owned(), "é".to_owned()));
        // Of several lines the first is marked.
        assert_eq!(of(text, 15..text.len()).1, "");
        assert_eq!(of(text, 18..25).1, "- 1");
        assert_eq!(of("", 0..0), (String::new(), String::new()));
        assert_eq!(of("a", 1..1).1, "");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = format!(
            "a: 1\nb: [{}, wrong, {}]\nc: 2\n",
            "x".repeat(5000),
            "y".repeat(5000)
        );
        let at = text.find("wrong").unwrap();
        let (shown, marked) = of(&text, at..at + 5);
        assert_eq!(marked, "wrong");
        assert_eq!(shown.lines().count(), 3);
        assert!(
            shown.lines().all(|line| line.chars().count() <= LINE + 3),
            "{shown}"
        );
        let long = format!("k: {}", "z".repeat(100_000));
        let (shown, marked) = of(&long, 3..long.len());
        assert_eq!(
            (marked.len(), shown.chars().count() <= LINE + 3),
            (80, true)
        );
    }

    #[test]
    fn nothing_drives_a_terminal() {
        let (shown, marked) = of("a: \u{1b}[31mred\u{9b}\n", 3..11);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{9b}'));
        assert!(marked.starts_with('\u{fffd}'));
        assert_eq!(message("a\u{1b}b"), "a\u{fffd}b");
        assert!(message(&"m".repeat(10_000)).chars().count() < 1300);
    }
}
