//! A strategy that was checked: a shuffle, a list of objectives, or one of its own.

use crate::error::Error;
use crate::start::Start;
use crate::strategy::Strategy;
use crate::term::Term;

/// What a valid [`Strategy`] comes down to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plan {
    Shuffle,
    /// A strategy that picks in its own way.
    Own(Strategy),
    /// The product of these, in the order given; not empty, none twice.
    Objectives {
        terms: Vec<Term>,
        /// The first pick where nothing is labelled and distance is all.
        start: Start,
    },
}

impl Plan {
    pub(crate) fn new(strategy: &Strategy) -> Result<Self, Error> {
        if let Some((_, own)) = strategy.own() {
            own.check()?;
            return Ok(Self::Own(strategy.clone()));
        }
        let mut first = Start::Random;
        let terms = match strategy {
            Strategy::Product(terms) => terms.clone(),
            Strategy::Diversity { start } => {
                first = *start;
                vec![Term::DIVERSITY]
            }
            Strategy::Uncertainty { score } => vec![Term::uncertainty(*score)],
            _ => return Ok(Self::Shuffle),
        };
        if terms.is_empty() {
            return Err(Error::EmptyProduct);
        }
        for (place, term) in terms.iter().enumerate() {
            term.check()?;
            if terms[..place]
                .iter()
                .any(|other| other.name() == term.name())
            {
                return Err(Error::RepeatedObjective {
                    objective: term.name().to_owned(),
                });
            }
        }
        Ok(Self::Objectives {
            terms,
            start: first,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::Uncertainty;

    #[test]
    fn a_product_of_one_is_that_one() {
        let product = Strategy::Product(vec![Term::DIVERSITY]);
        assert_eq!(
            Plan::new(&product).unwrap(),
            Plan::new(&Strategy::Diversity {
                start: Start::Random
            })
            .unwrap()
        );
    }

    #[test]
    fn impossible_products_are_refused() {
        let message = |terms: Vec<Term>| {
            Strategy::Product(terms)
                .check()
                .expect_err("it is impossible")
                .to_string()
        };
        let margin = |strength| Term::Uncertainty {
            score: Uncertainty::Margin,
            strength,
        };
        assert_eq!(
            message(vec![]),
            "a product needs at least one objective: give `diversity`, `uncertainty`, `metadata` or \
             `random`"
        );
        assert_eq!(
            message(vec![margin(1.0), Term::DIVERSITY, margin(2.0)]),
            "a product holds `margin` twice: leave one out"
        );
        for strength in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let message = message(vec![margin(strength)]);
            assert!(message.contains("is not a number above 0"), "{message}");
        }
    }
}
