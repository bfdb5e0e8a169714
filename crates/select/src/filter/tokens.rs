//! From text to names, values and signs.

use std::iter::Peekable;
use std::str::CharIndices;

use super::{Name, Order};
use crate::error::Error;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, a keyword, a number, a date or a word, without quotes.
    Bare(String),
    /// What quotes hold.
    Quoted(String),
    /// A comparison.
    Order(Order),
    /// One of `( ) [ ] ,`.
    Sign(char),
}

/// Each token with the number of its first character, from 1, and its text.
pub(super) type Tokens = Vec<(Token, usize, String)>;

/// Words that have a meaning of their own, in any case.
const KEYWORDS: [&str; 6] = ["and", "or", "not", "in", "is", "missing"];

/// Quotes that editors, chat programs and SQL have, none of which is meant as part of a name.
const OTHER_QUOTES: &str =
    "`\u{b4}\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}\u{201f}«»";

/// Parts a condition into its tokens.
pub(super) fn tokens(text: &str) -> Result<Tokens, Error> {
    let mut tokens = Tokens::new();
    let mut chars = text.char_indices().peekable();
    while let Some(&(start, c)) = chars.peek() {
        if c.is_whitespace() {
            chars.next();
            continue;
        }
        let place = text[..start].chars().count() + 1;
        let wrong = |problem: String| Error::Filter {
            text: text.to_owned(),
            place,
            problem,
        };
        let token = match c {
            '(' | ')' | '[' | ']' | ',' => {
                chars.next();
                Token::Sign(c)
            }
            '<' | '>' | '=' | '!' => Token::Order(order(&mut chars).ok_or_else(|| {
                wrong(format!("`{c}` is no comparison: use <, <=, >, >=, = or !="))
            })?),
            '\'' | '"' => {
                let closed = quoted(&mut chars);
                Token::Quoted(closed.ok_or_else(|| wrong(format!("the quote {c} is not closed")))?)
            }
            _ if OTHER_QUOTES.contains(c) => {
                return Err(wrong(format!("{c} is no quote here: use ' or \"")));
            }
            _ => {
                while chars.peek().is_some_and(|(_, c)| !ends(*c)) {
                    chars.next();
                }
                let end = chars.peek().map_or(text.len(), |(end, _)| *end);
                Token::Bare(text[start..end].to_owned())
            }
        };
        let end = chars.peek().map_or(text.len(), |(end, _)| *end);
        tokens.push((token, place, text[start..end].to_owned()));
    }
    Ok(tokens)
}

/// Whether a character ends what stands without quotes.
fn ends(c: char) -> bool {
    c.is_whitespace() || "()[],<>=!'\"".contains(c)
}

/// What stands between quotes, in which the quote itself is written twice. Returns `None` if the
/// closing one is missing.
fn quoted(chars: &mut Peekable<CharIndices<'_>>) -> Option<String> {
    let (_, quote) = chars.next()?;
    let mut inner = String::new();
    loop {
        let (_, c) = chars.next()?;
        if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Some(inner);
        }
        inner.push(c);
    }
}

fn order(chars: &mut Peekable<CharIndices<'_>>) -> Option<Order> {
    let (_, first) = chars.next()?;
    let second = chars.next_if(|(_, c)| *c == '=' || (first == '<' && *c == '>'));
    match (first, second.map(|(_, c)| c)) {
        ('<', None) => Some(Order::Less),
        ('<', Some('=')) => Some(Order::LessOrEqual),
        ('<', _) => Some(Order::NotEqual),
        ('>', None) => Some(Order::Greater),
        ('>', _) => Some(Order::GreaterOrEqual),
        ('=', _) => Some(Order::Equal),
        ('!', Some(_)) => Some(Order::NotEqual),
        _ => None,
    }
}

/// A column's name as it is written in a condition: in quotes where it could be anything else.
pub(crate) fn written(column: &str) -> String {
    let plain = !column.is_empty()
        && !column.chars().any(ends)
        && !column.starts_with(|c: char| OTHER_QUOTES.contains(c) || "+-.0123456789".contains(c))
        && !KEYWORDS
            .iter()
            .any(|keyword| column.eq_ignore_ascii_case(keyword))
        && matches!(Name::new(column), Name::Column(_));
    match plain {
        true => column.to_owned(),
        false => format!("\"{}\"", column.replace('"', "\"\"")),
    }
}
