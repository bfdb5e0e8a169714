//! A strategy that was checked: a shuffle, a list of objectives, or one of its own.

use crate::{Error, Start, Strategy, Uncertainty};

/// What a valid [`Strategy`] comes down to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plan {
    Shuffle,
    /// A strategy that picks in its own way.
    Own(Strategy),
    /// The product of these, in the order given; not empty, none twice.
    Objectives(Vec<Objective>),
}

/// One factor of the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objective {
    /// With the first pick where nothing is labelled and no other objective decides.
    Diversity(Start),
    Uncertainty(Uncertainty),
}

impl Objective {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Diversity(_) => "diversity",
            Self::Uncertainty(measure) => measure.name(),
        }
    }

    fn new(strategy: &Strategy) -> Result<Self, Error> {
        match strategy {
            Strategy::Diversity { start } => Ok(Self::Diversity(*start)),
            Strategy::Uncertainty { score } => Ok(Self::Uncertainty(*score)),
            Strategy::Random {} => Err(Error::NotAnObjective { term: "random" }),
            Strategy::Product(_) => Err(Error::NotAnObjective { term: "product" }),
            own => Err(Error::NotAnObjective {
                term: own.own().map_or("", |(name, _)| name),
            }),
        }
    }
}

impl Plan {
    pub(crate) fn new(strategy: &Strategy) -> Result<Self, Error> {
        if let Some((_, own)) = strategy.own() {
            own.check()?;
            return Ok(Self::Own(strategy.clone()));
        }
        let terms = match strategy {
            Strategy::Random {} => return Ok(Self::Shuffle),
            Strategy::Product(terms) => terms.as_slice(),
            single => std::slice::from_ref(single),
        };
        if terms.is_empty() {
            return Err(Error::EmptyProduct);
        }
        let mut objectives = Vec::with_capacity(terms.len());
        for term in terms {
            let objective = Objective::new(term)?;
            if objectives
                .iter()
                .any(|other: &Objective| other.name() == objective.name())
            {
                return Err(Error::RepeatedObjective {
                    objective: objective.name(),
                });
            }
            objectives.push(objective);
        }
        if objectives.len() > 1 && objectives.contains(&Objective::Diversity(Start::Medoid)) {
            return Err(Error::Setting {
                strategy: "product",
                key: "start",
                value: "medoid".to_owned(),
                expected: "possible beside other objectives, which decide the first pick",
            });
        }
        Ok(Self::Objectives(objectives))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_of_one_is_that_one() {
        let product = Strategy::Product(vec![Strategy::Diversity {
            start: Start::Random,
        }]);
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
        let message = |terms: Vec<Strategy>| {
            Strategy::Product(terms)
                .check()
                .expect_err("it is impossible")
                .to_string()
        };
        let margin = || Strategy::Uncertainty {
            score: Uncertainty::Margin,
        };
        assert_eq!(
            message(vec![]),
            "a product needs at least one objective: give `diversity`, `uncertainty` or both"
        );
        assert_eq!(
            message(vec![margin(), Strategy::Random {}]),
            "`random` cannot be part of a product: only `diversity` and `uncertainty` can, \
             use `random` as a strategy of its own"
        );
        assert_eq!(
            message(vec![
                margin(),
                Strategy::Diversity {
                    start: Start::Random
                },
                margin()
            ]),
            "a product holds `margin` twice: leave one out"
        );
        let medoid = Strategy::Diversity {
            start: Start::Medoid,
        };
        assert_eq!(
            message(vec![medoid.clone(), margin()]),
            "strategy `product`: start = medoid is not possible beside other objectives, \
             which decide the first pick"
        );
        assert!(Strategy::Product(vec![medoid]).check().is_ok());
        assert!(message(vec![Strategy::Product(vec![margin()])]).starts_with("`product` cannot"));
    }
}
