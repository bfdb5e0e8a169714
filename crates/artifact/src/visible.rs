//! Text from data made safe to show: control characters as escapes.

use std::borrow::Cow;

/// The text with every control character but newline and TAB written as `\u{1b}`, and so are those
/// that change the direction of what follows. A terminal takes nothing of it for a command.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_hidden(c) {
            true => shown.extend(c.escape_unicode()),
            false => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Whether a terminal may take the character for a command, or for a change of direction.
fn is_hidden(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => true,
        c => c.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_for_terminals_become_escapes() {
        for (text, shown) in [
            ("a\u{1b}[31mred\u{7}", "a\\u{1b}[31mred\\u{7}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("over\rwritten", "over\\u{d}written"),
            ("x\u{202e}txt.exe\u{202c}", "x\\u{202e}txt.exe\\u{202c}"),
            ("\u{2066}isolated\u{2069}", "\\u{2066}isolated\\u{2069}"),
            ("del\u{7f} nul\0", "del\\u{7f} nul\\u{0}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn texts_of_any_script_stay_as_they_are() {
        for text in ["größe 好\n\tيمين\u{200f} 👩‍👩‍👧", ""] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }
}
