//! Patterns that a PEFT configuration matches module names with.

use crate::error::Error;
use fancy_regex::{Captures, Regex};
use std::path::Path;

/// A regular expression. Python's `re` searches as [`fancy_regex`] does, by backtracking, so that
/// look-around and the order of alternatives mean the same.
pub(super) struct Pattern {
    regex: Regex,
    error: Context,
}

/// Where a pattern stands.
struct Context {
    path: Box<Path>,
    key: &'static str,
    pattern: String,
}

impl Context {
    fn failed(&self, source: fancy_regex::Error) -> Error {
        Error::Pattern {
            path: self.path.to_path_buf(),
            key: self.key,
            pattern: self.pattern.clone(),
            source: Box::new(source),
        }
    }
}

impl Pattern {
    /// Compiles `pattern`, which stands in the file `path` under `key`, with what PEFT puts around
    /// it: `frame` is a regular expression with `{}` in the place of the pattern. It is matched from
    /// the beginning of a name, as by `re.match`.
    pub fn new(path: &Path, key: &'static str, pattern: &str, frame: &str) -> Result<Self, Error> {
        let error = Context {
            path: path.into(),
            key,
            pattern: pattern.to_owned(),
        };
        let framed = format!(r"\A(?:{})", frame.replace("{}", pattern));
        match Regex::new(&framed) {
            Ok(regex) => Ok(Self { regex, error }),
            Err(source) => Err(error.failed(source)),
        }
    }

    /// Whether a module's name matches.
    pub fn matches(&self, module: &str) -> Result<bool, Error> {
        let found = self.regex.is_match(module);
        found.map_err(|source| self.error.failed(source))
    }

    /// The groups of the match.
    pub fn captures<'t>(&self, module: &'t str) -> Result<Option<Captures<'t>>, Error> {
        let found = self.regex.captures(module);
        found.map_err(|source| self.error.failed(source))
    }
}

/// `re.fullmatch(pattern, name)`.
pub(super) const WHOLE: &str = r"(?:{})\z";

/// PEFT's `get_pattern_key`: the pattern at the end of a name, from a part's beginning on.
pub(super) const END: &str = r"(.*\.)?({})$";

/// How PEFT finds the modules that are saved whole, and what is inside of them.
pub(super) const INSIDE: &str = r"(^|.*\.){}($|\..*)";

/// How PEFT finds a layer's number after the name of the list of layers.
pub(super) const NUMBER_AFTER: &str = r"(?:^|.*?\.){}\.(?P<idx>\d+)\.";

/// How PEFT finds a layer's number where the list of layers has no name given.
pub(super) const NUMBER: &str = r".*?\.[^.]*\.(?P<idx>\d+)\.";

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = "bert.encoder.layer.1.attention.self.query";

    fn matches(pattern: &str, frame: &str) -> bool {
        let pattern = Pattern::new(Path::new("x"), "target_modules", pattern, frame);
        pattern.unwrap().matches(MODULE).unwrap()
    }

    /// The expected values are those of Python 3.11's `re` with the same frames.
    #[test]
    fn frames_match_as_in_python() {
        for (pattern, frame, expected) in [
            (r".*\.(query|value)", WHOLE, true),
            (r".*\.(query|value)", END, true),
            ("query", WHOLE, false),
            ("query", END, true),
            ("uery", END, false),
            ("self.query", END, true),
            ("layer", END, false),
            (r"layer\.\d+\..*", END, true),
            (r"layer\.0\..*", END, false),
            ("^bert.encoder.layer.1.attention.self.query", END, true),
            ("key|query", END, true),
            ("key|que", END, false),
            (r".*layer\.(?!0).*query", WHOLE, true),
            (r".*layer\.(?!1).*query", WHOLE, false),
            (r"(?i).*QUERY", WHOLE, true),
            ("", END, false),
            ("attention", INSIDE, true),
            ("query", INSIDE, true),
            ("atten", INSIDE, false),
            ("bert", INSIDE, true),
        ] {
            assert_eq!(matches(pattern, frame), expected, "{pattern:?} in {frame}");
        }
    }

    #[test]
    fn a_broken_pattern_is_named() {
        let error = Pattern::new(Path::new("x"), "rank_pattern", "(", END);
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains("rank_pattern") && error.contains("\"(\""),
            "{error}"
        );
    }
}
