//! What the texts alone tell of a rule, before anything is picked.

use goldpan_artifact::Texts;

use crate::compose::by_texts;
use crate::error::Error;
use crate::pool::{Inputs, Pool};
use crate::rule::Rule;
use crate::strategy::Strategy;
use crate::term::Term;

impl Rule {
    /// How many of `texts` the rule lets be picked while none is labelled, as far as the texts tell: by its
    /// condition, and without copies where it passes over those. Exact where it asks no more. The rows are
    /// those numbers' rows.
    ///
    /// # Errors
    ///
    /// When the rule looks at a column that is not there, or at a value that cannot be compared.
    pub fn rows_of(&self, texts: &Texts) -> Result<Vec<usize>, Error> {
        self.check_columns(texts.metadata(), texts.path())?;
        let mut rule = Self::from(Strategy::Random {});
        rule.skip_copies = self.skip_copies;
        let filter = self.filter.as_ref();
        rule.filter = filter.filter(|it| !it.needs_predictions()).cloned();
        let inputs = Inputs {
            texts: Some(texts),
            ..Inputs::default()
        };
        let mut pool = Pool::of_texts(&inputs, texts)?;
        // Copies are left out after the condition: of those that it keeps the first stays.
        rule.skip_copies &= rule.filter == self.filter;
        by_texts(&rule, &mut pool)?;
        if let Strategy::Product(terms) = &self.strategy {
            for term in terms {
                if let Term::Metadata { column, .. } = term {
                    pool.factors(column, &pool.free)?;
                }
            }
        }
        let rows = pool.free;
        Ok(rows.into_iter().map(|row| row as usize).collect())
    }
}
