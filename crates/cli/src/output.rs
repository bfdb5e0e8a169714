//! What commands put on stdout, and the paths they write to.

use std::io::{self, Write};
use std::path::Path;

use goldpan_artifact::visible;

pub use goldpan_report::grouped;

use crate::error::Error;

/// Prints `text` to stdout, with control characters that come from data as escapes. A reader that has seen enough, like `head`, is no error.
pub fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(visible(text).as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => Err(Error::Stdout { source }),
        _ => Ok(()),
    }
}

/// Prints the path of what was made.
pub fn print_path(path: &Path) -> Result<(), Error> {
    print(&format!("{}\n", path.display()))
}

/// Refuses an output that is one of the inputs: writing it would lose the user's data.
pub fn keep_apart<'a>(out: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result<(), Error> {
    let Ok(target) = out.canonicalize() else {
        return Ok(());
    };
    let same = |input: &&Path| input.canonicalize().is_ok_and(|input| input == target);
    match inputs.into_iter().find(same) {
        Some(_) => Err(Error::OutputIsInput {
            path: out.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Text from data, safe for a terminal: one line, no control characters, at most `width`
/// characters.
pub fn line_of(text: &str, width: usize) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => ' ',
        c if visible(c.encode_utf8(&mut [0; 4])).len() != c.len_utf8() => ' ',
        c => c,
    };
    let mut line: String = text.chars().take(width + 1).map(shown).collect();
    if line.chars().count() > width {
        line = line.chars().take(width.saturating_sub(1)).collect();
        line.push('…');
    }
    line
}

/// A number of things: `1 text`, `2,000 texts`.
pub fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "text"), "1 text");
        assert_eq!(count(67_349, "text"), "67,349 texts");
    }

    #[test]
    fn data_cannot_drive_the_terminal() {
        assert_eq!(line_of("a\u{1b}[31mred\nb", 20), "a [31mred b");
        assert_eq!(line_of("a\u{202e}b\u{9b}c", 20), "a b c");
        assert_eq!(line_of("grün und blau", 6), "grün …");
        assert_eq!(line_of("sechs!", 6), "sechs!");
    }

    #[test]
    fn an_output_must_not_be_an_input() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        std::fs::write(&one, b"").unwrap();
        let detour = folder.path().join(".").join("one");
        assert!(keep_apart(&detour, [one.as_path()]).is_err());
        assert!(keep_apart(&two, [one.as_path()]).is_ok());
        std::fs::write(&two, b"").unwrap();
        assert!(keep_apart(&two, [one.as_path()]).is_ok());
    }
}
