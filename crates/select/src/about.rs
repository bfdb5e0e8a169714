//! What is told of each strategy.

use crate::start::Start;
use crate::strategies::{
    badge, cluster_margin, contrastive, discriminative, dpp, facility_location, k_means,
    k_means_plus_plus, max_herding, prob_cover, recommended, stochastic, stratified, typiclust,
    uherding, weighted_k_means,
};
use crate::strategy::Strategy;
use crate::term::Term;
use crate::uncertainty::Uncertainty;

/// A strategy as `goldpan select --list` shows it.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// What it picks.
    pub picks: &'static str,
    /// What it looks at: `embeddings`, `predictions`, both or nothing.
    pub needs: &'static str,
    /// Its cost, for n rows to choose from, l labelled ones, k picks, d values in an embedding and
    /// c classes.
    pub cost: &'static str,
    /// Where it comes from.
    pub paper: &'static str,
    /// The strategy with its usual settings.
    pub(crate) usual: fn() -> Strategy,
}

const BOTH: &str = "embeddings, predictions";

/// Every strategy that has a name.
pub static STRATEGIES: &[About] = &[
    About {
        name: "random",
        picks: "at random",
        needs: "",
        cost: "O(n)",
        paper: "",
        usual: || Strategy::Random {},
    },
    recommended::ABOUT,
    stratified::ABOUT,
    About {
        name: "least-confidence",
        picks: "where the top class has the lowest probability",
        needs: "predictions",
        cost: "O(n c)",
        paper: "Lewis & Gale 1994, arXiv:cmp-lg/9407020",
        usual: || uncertain(Uncertainty::LeastConfidence),
    },
    About {
        name: "margin",
        picks: "where the two top classes are closest",
        needs: "predictions",
        cost: "O(n c)",
        paper: "Scheffer et al. 2001, doi:10.1007/3-540-44816-0_31",
        usual: || uncertain(Uncertainty::Margin),
    },
    About {
        name: "entropy",
        picks: "where the probabilities are most even",
        needs: "predictions",
        cost: "O(n c)",
        paper: "Shannon 1948; Settles 2009",
        usual: || uncertain(Uncertainty::Entropy),
    },
    About {
        name: "diversity",
        picks: "farthest from all labelled and picked, again and again: exact farthest-first",
        needs: "embeddings",
        cost: "at most O(n (l + k) d)",
        paper: "Gonzalez 1985; Sener & Savarese 2018, arXiv:1708.00489",
        usual: || Strategy::Diversity {
            start: Start::Random,
        },
    },
    About {
        name: "k-center",
        picks: "another name of diversity",
        needs: "embeddings",
        cost: "at most O(n (l + k) d)",
        paper: "Gonzalez 1985; Sener & Savarese 2018, arXiv:1708.00489",
        usual: || Strategy::Diversity {
            start: Start::Random,
        },
    },
    About {
        name: "medoid",
        picks: "as diversity does, from the middle where nothing is labelled",
        needs: "embeddings",
        cost: "at most O(n (l + k) d)",
        paper: "Gonzalez 1985; Sener & Savarese 2018, arXiv:1708.00489",
        usual: || Strategy::Diversity {
            start: Start::Medoid,
        },
    },
    About {
        name: "diversity-least-confidence",
        picks: "the largest product of distance and least confidence",
        needs: BOTH,
        cost: "at most O(n (l + k) d)",
        paper: "weighted k-center",
        usual: || diverse_and(Uncertainty::LeastConfidence),
    },
    About {
        name: "diversity-margin",
        picks: "the largest product of distance and margin",
        needs: BOTH,
        cost: "at most O(n (l + k) d)",
        paper: "weighted k-center",
        usual: || diverse_and(Uncertainty::Margin),
    },
    About {
        name: "diversity-entropy",
        picks: "the largest product of distance and entropy",
        needs: BOTH,
        cost: "at most O(n (l + k) d)",
        paper: "weighted k-center",
        usual: || diverse_and(Uncertainty::Entropy),
    },
    facility_location::ABOUT,
    prob_cover::ABOUT,
    max_herding::ABOUT,
    uherding::ABOUT,
    stochastic::ABOUT[0],
    stochastic::ABOUT[1],
    stochastic::ABOUT[2],
    stochastic::ABOUT[3],
    stochastic::ABOUT[4],
    stochastic::ABOUT[5],
    stochastic::ABOUT[6],
    stochastic::ABOUT[7],
    stochastic::ABOUT[8],
    dpp::ABOUT[0],
    dpp::ABOUT[1],
    dpp::ABOUT[2],
    dpp::ABOUT[3],
    contrastive::ABOUT,
    discriminative::ABOUT,
    k_means_plus_plus::ABOUT,
    k_means::ABOUT,
    weighted_k_means::ABOUT,
    typiclust::ABOUT,
    badge::ABOUT,
    cluster_margin::ABOUT,
];

fn uncertain(score: Uncertainty) -> Strategy {
    Strategy::Uncertainty { score }
}

fn diverse_and(score: Uncertainty) -> Strategy {
    Strategy::Product(vec![Term::DIVERSITY, Term::uncertainty(score)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_told_is_true() {
        let names: BTreeSet<&str> = STRATEGIES.iter().map(|about| about.name).collect();
        assert_eq!(names.len(), STRATEGIES.len(), "no name twice");
        for about in STRATEGIES {
            let strategy = (about.usual)();
            strategy.check().unwrap();
            assert_eq!(
                strategy.needs_embeddings(),
                about.needs.contains("embeddings")
            );
            assert_eq!(
                strategy.needs_predictions(),
                about.needs.contains("predictions")
            );
            let shown = match about.name {
                "k-center" => "diversity".to_owned(),
                name => name.to_owned(),
            };
            assert_eq!(strategy.to_string(), shown);
        }
    }
}
