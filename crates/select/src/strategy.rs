//! Strategies as a pipeline file or a command line names them.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

use crate::about::STRATEGIES;
use crate::error::Error;
use crate::own::Own;
use crate::plan::Plan;
use crate::start::Start;
use crate::strategies::{
    Badge, ClusterMargin, Contrastive, Discriminative, Dpp, FacilityLocation, KMeans,
    KMeansPlusPlus, MaxHerding, ProbCover, Recommended, Stochastic, Stratified, Typiclust,
    UHerding, WeightedKMeans, badge, cluster_margin, contrastive, discriminative,
    facility_location, k_means, k_means_plus_plus, max_herding, prob_cover, recommended,
    stratified, typiclust, uherding, weighted_k_means,
};
use crate::term::Term;
use crate::uncertainty::Uncertainty;
use crate::work::{Shape, Work};

/// How rows are chosen. In a pipeline file: `{ random: {} }`, `{ uncertainty: { score: margin } }`,
/// `{ diversity: {} }`, or `{ product: [ ... ] }` of objectives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Strategy {
    /// Rows of a seeded shuffle.
    Random {},
    /// The rows that a model is least sure of.
    Uncertainty {
        /// How its uncertainty is measured.
        score: Uncertainty,
    },
    /// Again and again the row farthest from all labelled and picked rows.
    Diversity {
        /// The first pick while nothing is labelled: usually `random`. In a product with others,
        /// which then decide, it is left out.
        #[serde(default, skip_serializing_if = "Start::is_usual")]
        start: Start,
    },
    /// Again and again the row with the largest product of these objectives, none twice.
    Product(Vec<Term>),
    /// Random picks from each predicted class.
    Stratified(Stratified),
    /// Rows most similar to all others.
    FacilityLocation(FacilityLocation),
    /// Rows whose balls of one radius hold the most.
    ProbCover(ProbCover),
    /// Rows representative of all others, by a gaussian kernel.
    MaxHerding(MaxHerding),
    /// Rows representative of those that a model is unsure of.
    #[serde(rename = "uherding")]
    UHerding(UHerding),
    /// The rows that a model is least sure of, with noise in the order.
    Stochastic(Stochastic),
    /// Rows unlike each other, as a determinantal point process sees it.
    Dpp(Dpp),
    /// Rows whose predictions contradict those of the nearest labelled rows.
    Contrastive(Contrastive),
    /// Rows that are told from the labelled ones most surely.
    Discriminative(Discriminative),
    /// Drawn by squared distance from all labelled and picked rows.
    KMeansPlusPlus(KMeansPlusPlus),
    /// The row nearest to the centre of each k-means cluster.
    KMeans(KMeans),
    /// The same among the least sure rows, which count by how unsure they are.
    WeightedKMeans(WeightedKMeans),
    /// The most typical row of each cluster without labels.
    Typiclust(Typiclust),
    /// Drawn by squared distance between loss gradients.
    Badge(Badge),
    /// The least sure rows, cluster by cluster in rounds.
    ClusterMargin(ClusterMargin),
    /// What does best at the number of labels.
    Recommended(Recommended),
}

impl Strategy {
    /// The names that [`Strategy::from_name`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        STRATEGIES.iter().map(|about| about.name)
    }

    /// What a pipeline file may call a strategy, with settings under it.
    pub fn kinds() -> &'static [&'static str] {
        let mut kinds: &'static [&'static str] = &[];
        // Asking for a value fails, once the variants were told.
        let _ = Self::deserialize(Variants(&mut kinds));
        kinds
    }

    /// The strategy of a name among [`STRATEGIES`], with its usual settings.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownStrategy`], with the nearest name where one is near.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        match STRATEGIES.iter().find(|about| about.name == name) {
            Some(about) => Ok((about.usual)()),
            None => Err(Error::UnknownStrategy {
                name: name.to_owned(),
                nearest: nearest(name),
            }),
        }
    }

    /// The strategy where it is one of its own, and its name.
    pub(crate) fn own(&self) -> Option<(&'static str, &dyn Own)> {
        match self {
            Self::Stratified(own) => Some((stratified::ABOUT.name, own)),
            Self::KMeansPlusPlus(own) => Some((k_means_plus_plus::ABOUT.name, own)),
            Self::KMeans(own) => Some((k_means::ABOUT.name, own)),
            Self::WeightedKMeans(own) => Some((weighted_k_means::ABOUT.name, own)),
            Self::Typiclust(own) => Some((typiclust::ABOUT.name, own)),
            Self::Badge(own) => Some((badge::ABOUT.name, own)),
            Self::ClusterMargin(own) => Some((cluster_margin::ABOUT.name, own)),
            Self::Recommended(own) => Some((recommended::ABOUT.name, own)),
            Self::FacilityLocation(own) => Some((facility_location::ABOUT.name, own)),
            Self::ProbCover(own) => Some((prob_cover::ABOUT.name, own)),
            Self::MaxHerding(own) => Some((max_herding::ABOUT.name, own)),
            Self::UHerding(own) => Some((uherding::ABOUT.name, own)),
            Self::Contrastive(own) => Some((contrastive::ABOUT.name, own)),
            Self::Discriminative(own) => Some((discriminative::ABOUT.name, own)),
            Self::Dpp(own) => Some((own.name(), own)),
            Self::Stochastic(own) => Some((own.name(), own)),
            Self::Random {}
            | Self::Uncertainty { .. }
            | Self::Diversity { .. }
            | Self::Product(_) => None,
        }
    }

    /// Checks what the types cannot: a product holds objectives, at least one and none twice, and
    /// settings are in their ranges.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyProduct`], [`Error::RepeatedObjective`] or [`Error::Setting`].
    pub fn check(&self) -> Result<(), Error> {
        Plan::new(self).map(drop)
    }

    /// What picking takes in a selection of this shape.
    pub fn work(&self, shape: &Shape) -> Work {
        match self.own() {
            Some((_, own)) => own.work(shape),
            None => self.work_of_objectives(shape),
        }
    }

    fn work_of_objectives(&self, shape: &Shape) -> Work {
        let (rows, free) = (shape.rows as f64, shape.free() as f64);
        let mut work = Work {
            steps: 2.0 * free,
            memory: 16.0 * rows,
            ..Work::default()
        };
        if self.needs_predictions() {
            work.read += 4.0 * rows * shape.classes as f64;
            work.memory += 12.0 * rows;
        }
        if self.needs_embeddings() {
            let centres = (shape.labelled + shape.picks) as f64;
            let dimension = shape.dimension as f64;
            work.products += free * centres * dimension;
            work.read += rows * dimension * shape.value_bytes as f64;
            work.memory += (12.0 * centres + 4.0 * rows.min(16_384.0)) * dimension + 64.0 * rows;
        }
        work
    }

    /// True where the strategy looks at the texts, or at what they came with.
    pub fn needs_texts(&self) -> bool {
        match self {
            Self::Product(terms) => terms
                .iter()
                .any(|term| matches!(term, Term::Metadata { .. })),
            _ => false,
        }
    }

    /// True where the strategy looks at embeddings.
    pub fn needs_embeddings(&self) -> bool {
        match self {
            Self::Diversity { .. } => true,
            Self::Product(terms) => {
                let distance = |term: &Term| matches!(term, Term::Diversity { .. });
                terms.iter().any(distance)
            }
            own => own.own().is_some_and(|(_, own)| own.needs().embeddings),
        }
    }

    /// True where the strategy looks at predictions.
    pub fn needs_predictions(&self) -> bool {
        match self {
            Self::Uncertainty { .. } => true,
            Self::Product(terms) => {
                let unsure = |term: &Term| matches!(term, Term::Uncertainty { .. });
                terms.iter().any(unsure)
            }
            own => own.own().is_some_and(|(_, own)| own.needs().predictions),
        }
    }
}

/// The strategy's name; a product's is its objectives' names joined by `-`.
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random {} => f.write_str("random"),
            Self::Uncertainty { score } => f.write_str(score.name()),
            Self::Diversity { start } => f.write_str(match start {
                Start::Random => "diversity",
                Start::Medoid => "medoid",
            }),
            Self::Product(terms) => {
                for (i, term) in terms.iter().enumerate() {
                    if i > 0 {
                        f.write_str("-")?;
                    }
                    term.fmt(f)?;
                }
                Ok(())
            }
            own => f.write_str(own.own().map_or("", |(name, _)| name)),
        }
    }
}

/// Is told the variants of an enum, and has no value.
struct Variants<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Variants<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("no value"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = variants;
        Err(serde::de::Error::custom("no value"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The name most like `name`, unless none is.
fn nearest(name: &str) -> Option<&'static str> {
    const LIKE_ENOUGH: f64 = 0.8;
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    Strategy::names()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|known| likeness(known) >= LIKE_ENOUGH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known() {
        for name in Strategy::names() {
            assert!(Strategy::from_name(name).is_ok());
        }
    }

    #[test]
    fn a_near_miss_is_answered_with_the_name_meant() {
        for (name, meant) in [
            ("margn", Some("margin")),
            ("k-centre", Some("k-center")),
            ("kcenter", Some("k-center")),
            ("diversity-margins", Some("diversity-margin")),
            ("Random", Some("random")),
            ("zebra", None),
        ] {
            match Strategy::from_name(name) {
                Err(Error::UnknownStrategy { nearest, .. }) => assert_eq!(nearest, meant, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
        }
        let message = Strategy::from_name("margn").unwrap_err().to_string();
        assert!(
            message.starts_with(
                "there is no strategy `margn`, did you mean `margin`?: the strategies are random, "
            ),
            "{message}"
        );
    }

    #[test]
    fn reads_the_pipeline_files_form() {
        let read = |text: &str| serde_json::from_str::<Strategy>(text);
        let margin = Strategy::Uncertainty {
            score: Uncertainty::Margin,
        };
        for (text, strategy) in [
            (r#"{"random":{}}"#, Strategy::Random {}),
            (
                r#"{"diversity":{}}"#,
                Strategy::Diversity {
                    start: Start::Random,
                },
            ),
            (
                r#"{"diversity":{"start":"medoid"}}"#,
                Strategy::Diversity {
                    start: Start::Medoid,
                },
            ),
            (r#"{"uncertainty":{"score":"margin"}}"#, margin.clone()),
            (
                r#"{"product":[{"diversity":{}},{"uncertainty":{"score":"margin"}}]}"#,
                Strategy::Product(vec![
                    Term::DIVERSITY,
                    Term::uncertainty(Uncertainty::Margin),
                ]),
            ),
        ] {
            assert_eq!(read(text).unwrap(), strategy);
            assert_eq!(serde_json::to_string(&strategy).unwrap(), text);
        }
        for text in [
            r#"{"random":{"seed":1}}"#,
            r#"{"diversity":{"metric":"cosine"}}"#,
            r#"{"uncertainty":{}}"#,
            r#"{"uncertainty":{"score":"variance"}}"#,
            r#"{"uncertainty":{"score":"margin","strength":2}}"#,
            r#"{"zebra":{}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn knows_what_it_looks_at() {
        let needs = |name| {
            let strategy = Strategy::from_name(name).unwrap();
            (strategy.needs_embeddings(), strategy.needs_predictions())
        };
        assert_eq!(needs("random"), (false, false));
        assert_eq!(needs("entropy"), (false, true));
        assert_eq!(needs("k-center"), (true, false));
        assert_eq!(needs("diversity-entropy"), (true, true));
    }
}
