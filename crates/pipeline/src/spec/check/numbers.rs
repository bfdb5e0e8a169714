//! Numbers in their ranges, and lists without repetition.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::num::NonZeroUsize;

use crate::spec::check::context::Context;
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;

impl Context<'_> {
    /// A whole number above 0.
    pub(super) fn count(&mut self, path: &KeyPath, value: u64) -> Option<NonZeroUsize> {
        let count = usize::try_from(value).ok().and_then(NonZeroUsize::new);
        count.or_else(|| self.out_of_range(path, value, "a whole number above 0"))
    }

    /// A whole number above 0, where one may be given.
    pub(super) fn optional_count(
        &mut self,
        path: &KeyPath,
        value: Option<u64>,
    ) -> Option<Option<NonZeroUsize>> {
        match value {
            None => Some(None),
            Some(value) => self.count(path, value).map(Some),
        }
    }

    /// A finite number in a range.
    pub(super) fn number(
        &mut self,
        path: &KeyPath,
        value: f64,
        fits: impl Fn(f64) -> bool,
        expected: &'static str,
    ) -> Option<f64> {
        match fits(value) && value.is_finite() {
            // -0 and 0 are the same setting.
            true => Some(value + 0.0),
            false => self.out_of_range(path, value, expected),
        }
    }

    pub(super) fn out_of_range<T>(
        &mut self,
        path: &KeyPath,
        found: impl Display,
        expected: &'static str,
    ) -> Option<T> {
        let found = found.to_string();
        self.wrong(path, ProblemKind::OutOfRange { found, expected })
    }

    /// Values of a list, none twice.
    pub(super) fn distinct<T: Ord + Clone + Display>(
        &mut self,
        path: &KeyPath,
        values: &[T],
    ) -> Option<BTreeSet<T>> {
        let mut set = BTreeSet::new();
        for (i, value) in values.iter().enumerate() {
            if !set.insert(value.clone()) {
                let found = value.to_string();
                return self.wrong(&path.index(i), ProblemKind::Repeated { found });
            }
        }
        Some(set)
    }

    /// At least one value, none twice.
    pub(super) fn some_of<T: Ord + Clone + Display>(
        &mut self,
        path: &KeyPath,
        values: &[T],
        expected: &'static str,
    ) -> Option<BTreeSet<T>> {
        if values.is_empty() {
            return self.wrong(path, ProblemKind::Nothing { expected });
        }
        self.distinct(path, values)
    }
}
