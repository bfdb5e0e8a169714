//! Names that people cannot tell apart, and what sets them apart nevertheless.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use crate::numeral::Numeral;

/// The most pairs of names that are told.
const TOLD: usize = 5;

/// The most code points that are told of a name.
const POINTS: usize = 8;

/// Characters that take no room on the screen, or should not.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
        || (c.is_control() && !c.is_whitespace())
}

/// The text in one Unicode form and case, without invisible characters, its white space single
/// spaces, and its dashes and quotes those of ASCII.
fn plain(text: &str) -> String {
    let visible = |c: &char| !is_invisible(*c);
    let lower = text.nfkc().filter(visible).flat_map(char::to_lowercase);
    let lower: String = lower.nfkc().filter(visible).collect();
    let ascii: String = lower
        .chars()
        .map(|c| match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2018}'..='\u{201b}' | '\u{2bc}' | '\u{2032}' => '\'',
            '\u{201c}'..='\u{201f}' | '\u{2033}' => '"',
            c => c,
        })
        .collect();
    let words: Vec<&str> = ascii.split_whitespace().collect();
    words.join(" ")
}

/// What classes that look alike share.
pub(crate) fn class_key(name: &str) -> String {
    let plain = plain(name);
    let with_point = match plain.split_once(',') {
        Some((whole, part)) => format!("{whole}.{part}"),
        None => plain.clone(),
    };
    if let Some(number) = Numeral::parse(&with_point) {
        return number.to_string();
    }
    // Words may be apart in several ways; a dash before a number is a sign.
    let chars: Vec<char> = plain.chars().collect();
    let between = |at: usize| {
        let letter = |index: Option<usize>| {
            let c = index.and_then(|index| chars.get(index));
            c.is_some_and(|c| c.is_alphabetic())
        };
        letter(at.checked_sub(1)) && letter(Some(at + 1))
    };
    let apart = |(at, c): (usize, &char)| match c {
        '_' | '-' if between(at) => ' ',
        c => *c,
    };
    chars.iter().enumerate().map(apart).collect()
}

/// What names of columns that may be meant for each other share.
pub(crate) fn column_key(name: &str) -> String {
    let apart = plain(name).replace(['_', '-'], " ");
    let words: Vec<&str> = apart.split_whitespace().collect();
    words.join(" ")
}

/// The name with its invisible characters made visible.
pub(crate) fn shown(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match is_invisible(c) || c.is_control() {
            true => text.extend(c.escape_unicode()),
            false => text.push(c),
        }
    }
    text
}

/// The code points of each name where they differ, such as `U+00E9` and `U+0065 U+0301`.
pub(crate) fn difference(one: &str, other: &str) -> (String, String) {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let same = |(a, b): &(&char, &char)| a == b;
    let start = a.iter().zip(&b).take_while(same).count();
    let rest = a[start..].iter().rev().zip(b[start..].iter().rev());
    let end = rest.take_while(same).count();
    (
        points(&a[start..a.len() - end]),
        points(&b[start..b.len() - end]),
    )
}

fn points(chars: &[char]) -> String {
    let told = chars.iter().take(POINTS);
    let mut texts: Vec<String> = told.map(|&c| format!("U+{:04X}", u32::from(c))).collect();
    match chars.len() {
        0 => texts.push("nothing".to_owned()),
        length if length > POINTS => texts.push("...".to_owned()),
        _ => {}
    }
    texts.join(" ")
}

/// A sentence for each pair of classes that look alike.
pub(crate) fn warnings(classes: &[String]) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for name in classes {
        groups.entry(class_key(name)).or_default().push(name);
    }
    let mut told = Vec::new();
    for (key, names) in &groups {
        if key.is_empty() {
            told.push(format!(
                "the class `{}` has no visible character, only {}",
                shown(names[0]),
                points(&names[0].chars().collect::<Vec<_>>())
            ));
        }
        for other in &names[1..] {
            let (first, second) = difference(names[0], other);
            told.push(format!(
                "the classes `{}` and `{}` look alike: the first has {first} where the second has \
                 {second}",
                shown(names[0]),
                shown(other)
            ));
        }
    }
    let more = told.len().saturating_sub(TOLD);
    told.truncate(TOLD);
    if let Some(last) = told.last_mut() {
        if more > 0 {
            *last += &format!(" (and {more} more pairs)");
        }
        *last += "; where two are one, give --rename-class OLD=NEW (rename_classes in a pipeline)";
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_look_alike_are_told_with_code_points() {
        let told = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            warnings(&names).join("\n")
        };
        for (one, other, first, second) in [
            ("caf\u{e9}", "cafe\u{301}", "U+00E9", "U+0065 U+0301"),
            ("New York", "New\u{a0}York", "U+0020", "U+00A0"),
            ("Spam", "spam", "U+0053", "U+0073"),
            ("spam", "spam\u{200b}", "nothing", "U+200B"),
            ("co\u{ad}op", "coop", "U+00AD", "nothing"),
            ("don't", "don\u{2019}t", "U+0027", "U+2019"),
            ("\u{fb01}ne", "fine", "U+FB01", "U+0066 U+0069"),
            ("\u{feff}ham", "ham", "U+FEFF", "nothing"),
            ("a  b", "a b", "U+0020", "nothing"),
            ("1", "1.0", "nothing", "U+002E U+0030"),
            ("1", "1,0", "nothing", "U+002C U+0030"),
            ("not-spam", "not spam", "U+002D", "U+0020"),
            ("\u{ff11}", "1", "U+FF11", "U+0031"),
        ] {
            let text = told(&[one, other]);
            let parts = format!("the first has {first} where the second has {second};");
            assert!(text.contains(&parts), "{text}");
            assert!(text.contains("--rename-class"), "{text}");
        }
        assert_eq!(told(&["-1", "1", "a", "b", "ab", "a b", "é", "e"]), "");
        let text = told(&["\u{200b}", "x"]);
        assert!(
            text.contains("`\\u{200b}` has no visible character, only U+200B"),
            "{text}"
        );
        let many: Vec<String> = (0..20)
            .flat_map(|i| [format!("a{i}"), format!("A{i}")])
            .collect();
        let text = warnings(&many);
        assert_eq!(text.len(), 5);
        assert!(text[4].contains("(and 15 more pairs)"), "{text:?}");
    }

    #[test]
    fn columns_are_alike_by_case_margins_and_separators() {
        for name in [
            "Label",
            " label",
            "label ",
            "LABEL",
            "\u{feff}label",
            "label\u{200b}",
        ] {
            assert_eq!(column_key(name), "label");
        }
        assert_eq!(column_key("Review_Text"), column_key("review text"));
        assert_eq!(column_key("re\u{301}sume\u{301}"), column_key("Résumé"));
        assert_ne!(column_key("labels"), column_key("label"));
    }
}
