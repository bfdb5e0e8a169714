//! Lines that fit the terminal.

use std::io;

/// How many characters a line may have: what the terminal has, and at most 100.
pub fn width() -> usize {
    const MOST: usize = 100;
    terminal().map_or(MOST, |width| usize::from(width).min(MOST))
}

/// How many characters a line of the terminal has, at least 40; none where stdout is no terminal.
pub fn terminal() -> Option<u16> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(width, _)| width.0.max(40))
}

/// Words in lines of at most `width` characters, where no word alone is longer. Every line starts with
/// `indent`.
pub fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length <= width {
            lines.push(' ');
            used += 1 + length;
        } else {
            if used > 0 {
                lines.push('\n');
            }
            lines += indent;
            used = indent.len() + length;
        }
        lines += word;
    }
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrapped("one two three", "  ", 9), "  one two\n  three\n");
        assert_eq!(wrapped("unbreakable", "  ", 5), "  unbreakable\n");
    }
}
