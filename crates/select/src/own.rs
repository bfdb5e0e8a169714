//! Strategies that pick in their own way, not by a product of objectives.

use goldpan_artifact::Progress;

use crate::error::Error;
use crate::pick::Pick;
use crate::pool::Pool;
use crate::work::{Shape, Work};

/// What a strategy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Needs {
    pub(crate) embeddings: bool,
    pub(crate) predictions: bool,
}

/// A strategy with its settings. One file of `strategies/` for each.
pub(crate) trait Own {
    /// What it looks at.
    fn needs(&self) -> Needs;

    /// The names of the values that each pick has, the first of them deciding.
    fn objectives(&self) -> &'static [&'static str];

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] with the first that is out of its range.
    fn check(&self) -> Result<(), Error>;

    /// What a selection of this shape takes.
    fn work(&self, shape: &Shape) -> Work;

    /// Picks `count` of the pool's free rows, best first, none twice; there are that many.
    ///
    /// # Errors
    ///
    /// When a value is not finite, or the user wants to stop.
    fn pick(
        &self,
        pool: &Pool<'_>,
        count: usize,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Vec<Pick>, Error>;
}
