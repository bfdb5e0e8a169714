//! From text to a condition, by recursive descent.

use std::iter::Peekable;
use std::str::CharIndices;

use super::{Condition, Name, Order};
use crate::Error;

/// The most conditions within each other.
const DEEPEST: usize = 64;

pub(super) fn condition(text: &str) -> Result<Condition, Error> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
    };
    let condition = parser.any()?;
    match parser.peek() {
        None => Ok(condition),
        Some(_) => Err(parser.expected("`and`, `or` or the end")),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A name, a keyword or a word.
    Bare(String),
    Quoted(String),
    Number(f64),
    Order(Order),
    /// One of `( ) [ ] ,`.
    Sign(char),
}

/// Each token with the number of its first character, from 1, and its text.
type Tokens = Vec<(Token, usize, String)>;

fn tokens(text: &str) -> Result<Tokens, Error> {
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
                chars.next();
                let rest = &text[start + 1..];
                let end = rest
                    .find(c)
                    .ok_or_else(|| wrong(format!("the quote {c} is not closed")))?;
                while chars.peek().is_some_and(|(at, _)| *at <= start + 1 + end) {
                    chars.next();
                }
                Token::Quoted(rest[..end].to_owned())
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || "()[],<>=!'\"".contains(c);
                while chars.peek().is_some_and(|(_, c)| !ends(*c)) {
                    chars.next();
                }
                let end = chars.peek().map_or(text.len(), |(end, _)| *end);
                let word = &text[start..end];
                match word.parse::<f64>() {
                    Ok(number) if number.is_finite() => Token::Number(number),
                    _ => Token::Bare(word.to_owned()),
                }
            }
        };
        let end = chars.peek().map_or(text.len(), |(end, _)| *end);
        tokens.push((token, place, text[start..end].to_owned()));
    }
    Ok(tokens)
}

fn order(chars: &mut Peekable<CharIndices<'_>>) -> Option<Order> {
    let (_, first) = chars.next()?;
    let equal = chars.next_if(|(_, c)| *c == '=').is_some();
    match (first, equal) {
        ('<', false) => Some(Order::Less),
        ('<', true) => Some(Order::LessOrEqual),
        ('>', false) => Some(Order::Greater),
        ('>', true) => Some(Order::GreaterOrEqual),
        ('=', _) => Some(Order::Equal),
        ('!', true) => Some(Order::NotEqual),
        _ => None,
    }
}

struct Parser<'a> {
    text: &'a str,
    tokens: Tokens,
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, ..)| token)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += usize::from(token.is_some());
        token
    }

    /// Passes over a keyword, if it is next.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Bare(word)) if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(found);
        found
    }

    fn sign(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.next += usize::from(found);
        found
    }

    /// The error at the next token.
    fn expected(&self, what: &str) -> Error {
        let (place, found) = match self.tokens.get(self.next) {
            Some((_, place, text)) => (*place, format!("found `{text}`")),
            None => (
                self.text.chars().count() + 1,
                "the condition ends".to_owned(),
            ),
        };
        Error::Filter {
            text: self.text.to_owned(),
            place,
            problem: format!("expected {what}, {found}"),
        }
    }

    fn any(&mut self) -> Result<Condition, Error> {
        let mut parts = vec![self.all()?];
        while self.keyword("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Error> {
        let mut parts = vec![self.not()?];
        while self.keyword("and") {
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn not(&mut self) -> Result<Condition, Error> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.expected("fewer conditions within each other"));
        }
        let condition = if self.keyword("not") {
            Condition::Not(Box::new(self.not()?))
        } else if self.sign('(') {
            let inner = self.any()?;
            if !self.sign(')') {
                return Err(self.expected("`)`, `and` or `or`"));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn comparison(&mut self) -> Result<Condition, Error> {
        let Some(Token::Bare(name) | Token::Quoted(name)) = self.peek().cloned() else {
            return Err(self.expected("a name such as `margin` or `length`"));
        };
        self.next += 1;
        let name = Name::new(&name);
        if self.keyword("is") {
            let negated = self.keyword("not");
            if !self.keyword("missing") {
                return Err(self.expected("`missing`"));
            }
            return match name {
                Name::Column(_) => Ok(negate(negated, Condition::Missing(name))),
                _ => {
                    self.next -= 1;
                    Err(self.expected(&format!("a comparison, since `{name}` is never missing")))
                }
            };
        }
        let negated = self.keyword("not");
        if self.keyword("in") {
            let condition = self.list(name)?;
            return Ok(match negated {
                true => other_than(condition),
                false => condition,
            });
        }
        if negated {
            return Err(self.expected("`in`"));
        }
        match self.peek() {
            Some(&Token::Order(order)) => {
                self.next += 1;
                self.value(name, order)
            }
            _ => Err(self.expected("a comparison such as `>`, `=` or `in`")),
        }
    }

    fn value(&mut self, name: Name, order: Order) -> Result<Condition, Error> {
        let start = self.next;
        match self.take() {
            Some(Token::Number(_)) if name.is_words() == Some(true) => {
                self.next = start;
                Err(self.expected(&format!(
                    "a word, as `{name}` is one (in quotes if need be)"
                )))
            }
            Some(Token::Number(number)) => Ok(Condition::Number(name, order, number)),
            Some(Token::Bare(_) | Token::Quoted(_)) if name.is_words() == Some(false) => {
                self.next = start;
                Err(self.expected(&format!("a number, as `{name}` is one")))
            }
            Some(Token::Bare(word) | Token::Quoted(word)) => match order {
                Order::Equal => Ok(Condition::Words(name, vec![word])),
                Order::NotEqual => Ok(other_than(Condition::Words(name, vec![word]))),
                _ => {
                    self.next = start;
                    Err(self.expected("a number: words are compared by `=`, `!=` or `in` alone"))
                }
            },
            _ => {
                self.next = start;
                Err(self.expected("a number or a word"))
            }
        }
    }

    fn list(&mut self, name: Name) -> Result<Condition, Error> {
        if name.is_words() == Some(false) {
            return Err(self.expected(&format!("no list: `{name}` is a number, use < or >")));
        }
        if !self.sign('[') {
            return Err(self.expected("`[`"));
        }
        let mut words = Vec::new();
        loop {
            let start = self.next;
            match self.take() {
                Some(Token::Bare(word) | Token::Quoted(word)) => words.push(word),
                Some(Token::Number(_)) => words.push(self.tokens[start].2.clone()),
                _ => {
                    self.next = start;
                    return Err(self.expected("a word"));
                }
            }
            if self.sign(']') {
                return Ok(Condition::Words(name, words));
            }
            if !self.sign(',') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }
}

fn negate(negated: bool, condition: Condition) -> Condition {
    match negated {
        true => Condition::Not(Box::new(condition)),
        false => condition,
    }
}

/// True for a word that is not among those of `condition`; no word is no other word.
fn other_than(condition: Condition) -> Condition {
    let missing = match &condition {
        Condition::Words(name @ Name::Column(_), _) => Some(Condition::Missing(name.clone())),
        _ => None,
    };
    let parts = std::iter::once(condition).chain(missing);
    let parts = parts.map(|part| Condition::Not(Box::new(part))).collect();
    one_or(parts, Condition::All)
}

fn one_or(mut parts: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}
