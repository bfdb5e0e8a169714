//! From text to a condition, by recursive descent.

use super::decimal::Decimal;
use super::moment::Moment;
use super::tokens::{Token, Tokens, tokens};
use super::{Condition, Name, Order, Value};
use crate::error::Error;

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
        let name = match self.peek().cloned() {
            Some(Token::Bare(name)) if Decimal::parse(&name).is_none() => Name::new(&name),
            Some(Token::Quoted(name)) if !name.is_empty() => Name::Column(name),
            _ => {
                return Err(
                    self.expected("a name such as `margin` or `length`, or a column in quotes")
                );
            }
        };
        self.next += 1;
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
            return Ok(negate(negated, self.list(name)?));
        }
        if negated {
            return Err(self.expected("`in`"));
        }
        match self.peek() {
            Some(&Token::Order(order)) => {
                self.next += 1;
                let value = self.value(&name, order)?;
                Ok(Condition::Compare(name, order, value))
            }
            _ => Err(self.expected("a comparison such as `>`, `=` or `in`")),
        }
    }

    /// What a name is compared with.
    fn value(&mut self, name: &Name, order: Order) -> Result<Value, Error> {
        let ordered = !matches!(order, Order::Equal | Order::NotEqual);
        let value = match self.peek() {
            Some(Token::Bare(word)) => Value::bare(word),
            // A quoted number or date is a word, but words have no order.
            Some(Token::Quoted(word)) => match Moment::parse(word) {
                Some(moment) if ordered => Value::Date(word.clone(), moment),
                _ => Value::Word(word.clone()),
            },
            _ => return Err(self.expected("a number or a word")),
        };
        let problem = match (&value, name.is_words()) {
            (Value::Word(word), _) if word.is_empty() => {
                Some("a value: `is missing` finds texts without one".to_owned())
            }
            (Value::Number(..), Some(true)) if ordered => Some(format!(
                "`=`, `!=` or `in` before it, as `{name}` is the name of a class"
            )),
            (Value::Word(_) | Value::Date(..), Some(false)) => {
                Some(format!("a number, as `{name}` is one"))
            }
            (Value::Word(_), _) if ordered => Some(
                "a number or a date such as 2024-01-31: words are compared by `=`, `!=` or `in` alone"
                    .to_owned(),
            ),
            (Value::Date(..), Some(true)) if ordered => Some(format!(
                "`=`, `!=` or `in` before it, as `{name}` is the name of a class"
            )),
            _ => None,
        };
        match problem {
            Some(problem) => Err(self.expected(&problem)),
            None => {
                self.next += 1;
                Ok(value)
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
        let mut values = Vec::new();
        loop {
            values.push(self.value(&name, Order::Equal)?);
            if self.sign(']') {
                return Ok(Condition::In(name, values));
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

fn one_or(mut parts: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}
