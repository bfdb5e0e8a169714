//! A value of a row, as its format has it.

/// A value that is not known to be text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Truth(bool),
    Whole(i128),
    Number(f64),
    /// A number as it is written.
    Digits(String),
    /// Bytes that are no UTF-8.
    Bytes,
    /// A list of plain values: the first two.
    List(Vec<Value>),
    /// An object, or a list that holds lists or objects.
    Nested,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Text(_) => "text",
            Self::Truth(_) => "a truth value",
            Self::Number(number) if number.is_nan() => "NaN",
            Self::Whole(_) | Self::Number(_) | Self::Digits(_) => "a number",
            Self::Bytes => "bytes that are no UTF-8",
            Self::List(_) | Self::Nested => "a list or object",
        }
    }

    /// The value as a label, key or metadata: null is none, and 1.0 is 1.
    pub fn plain(self) -> Result<Option<String>, &'static str> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) | Self::Digits(text) => Ok(Some(text)),
            Self::Truth(truth) => Ok(Some(truth.to_string())),
            Self::Whole(number) => Ok(Some(number.to_string())),
            Self::Number(number) if number.is_nan() => Ok(None),
            Self::Number(number) => Ok(Some(number.to_string())),
            Self::Bytes | Self::List(_) | Self::Nested => Err(self.kind()),
        }
    }

    /// The value as a label: a list of one is that one, and an empty list none, as labelling tools
    /// write them.
    pub fn label(self) -> Result<Option<String>, &'static str> {
        match self {
            Self::List(mut values) if values.len() < 2 => {
                values.pop().map_or(Ok(None), Self::plain)
            }
            Self::List(_) => Err("a list of several labels"),
            Self::Number(number) if number.is_infinite() => Err("Infinity"),
            other => other.plain(),
        }
    }

    /// The value as a text, or as an id where numbers are taken too.
    pub fn main(self, numbers: bool) -> Result<Option<String>, &'static str> {
        match self {
            Self::Null => Ok(None),
            Self::Text(text) => Ok(Some(text)),
            Self::Whole(number) if numbers => Ok(Some(number.to_string())),
            // Programs that know no missing whole numbers write them with a point.
            Self::Number(number) if numbers && number.is_nan() => Ok(None),
            Self::Number(number) if numbers => Ok(Some(number.to_string())),
            Self::Digits(number) if numbers => Ok(Some(number)),
            other => Err(other.kind()),
        }
    }
}
