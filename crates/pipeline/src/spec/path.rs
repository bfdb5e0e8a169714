//! Paths of keys, such as `loop.arms.margin` or `loop.rounds.0`.

use std::fmt;

/// One step into a mapping or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Key(String),
    Index(usize),
}

/// The way from the top of a pipeline file to one of its values, written as `--set` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(Vec<Segment>);

impl KeyPath {
    /// The path of the whole file.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// The path of an entry of this mapping.
    pub(crate) fn key(&self, key: impl Into<String>) -> Self {
        self.join(Segment::Key(key.into()))
    }

    /// The path of an item of this list, from 0.
    pub(crate) fn index(&self, index: usize) -> Self {
        self.join(Segment::Index(index))
    }

    fn join(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// Parses `a.b.0`; `None` if a part is empty.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let segments = text.split('.').map(|part| match part.parse() {
            _ if part.is_empty() => None,
            Ok(index) => Some(Segment::Index(index)),
            Err(_) => Some(Segment::Key(part.to_owned())),
        });
        segments.collect::<Option<_>>().map(Self)
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// True if this is the path of `other` or of something that contains it.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        self.0.len() <= other.0.len() && self.0.iter().zip(&other.0).all(|(a, b)| a.matches(b))
    }
}

impl Segment {
    /// A mapping may have keys of digits only, which a path can't tell from indices.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Key(key), Self::Index(index)) | (Self::Index(index), Self::Key(key)) => {
                *key == index.to_string()
            }
            (a, b) => a == b,
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Index(index) => index.fmt(f),
        }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, segment) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            segment.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_prints() {
        let path = KeyPath::root().key("loop").key("rounds").index(0);
        assert_eq!(path.to_string(), "loop.rounds.0");
        assert_eq!(KeyPath::parse("loop.rounds.0"), Some(path.clone()));
        assert_eq!(KeyPath::parse("loop..rounds"), None);
        assert_eq!(KeyPath::parse(""), None);
        assert!(KeyPath::root().contains(&path));
        assert!(!path.contains(&KeyPath::root().key("loop")));
    }
}
