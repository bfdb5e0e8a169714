//! Strategies as a pipeline file or a command line names them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::{Error, Uncertainty};

/// How rows are chosen. In a pipeline file: `{ random: {} }`, `{ uncertainty: { score: margin } }`,
/// `{ diversity: {} }`, or `{ product: [ ... ] }` of the latter two.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    Diversity {},
    /// Again and again the row with the largest product of these objectives, each `Diversity` or
    /// `Uncertainty`, none twice.
    Product(Vec<Strategy>),
}

impl Strategy {
    /// The names that [`Strategy::from_name`] knows. `k-center` is another name of `diversity`.
    pub const NAMES: [&'static str; 9] = [
        "random",
        "least-confidence",
        "margin",
        "entropy",
        "diversity",
        "k-center",
        "diversity-least-confidence",
        "diversity-margin",
        "diversity-entropy",
    ];

    /// The strategy of a name among [`Strategy::NAMES`].
    ///
    /// # Errors
    ///
    /// [`Error::UnknownStrategy`], with the nearest name where one is near.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        let uncertainty = |name: &str| {
            Uncertainty::ALL
                .into_iter()
                .find(|measure| measure.name() == name)
        };
        match name {
            "random" => return Ok(Self::Random {}),
            "diversity" | "k-center" => return Ok(Self::Diversity {}),
            _ => {}
        }
        if let Some(score) = uncertainty(name) {
            return Ok(Self::Uncertainty { score });
        }
        if let Some(score) = name.strip_prefix("diversity-").and_then(uncertainty) {
            return Ok(Self::Product(vec![
                Self::Diversity {},
                Self::Uncertainty { score },
            ]));
        }
        Err(Error::UnknownStrategy {
            name: name.to_owned(),
            nearest: nearest(name),
        })
    }

    /// Checks what the types cannot: a product holds objectives, at least one and none twice.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyProduct`], [`Error::NotAnObjective`] or [`Error::RepeatedObjective`].
    pub fn check(&self) -> Result<(), Error> {
        Plan::new(self).map(drop)
    }

    /// True where the strategy looks at embeddings.
    pub fn needs_embeddings(&self) -> bool {
        match self {
            Self::Diversity {} => true,
            Self::Product(terms) => terms.iter().any(Self::needs_embeddings),
            Self::Random {} | Self::Uncertainty { .. } => false,
        }
    }

    /// True where the strategy looks at predictions.
    pub fn needs_predictions(&self) -> bool {
        match self {
            Self::Uncertainty { .. } => true,
            Self::Product(terms) => terms.iter().any(Self::needs_predictions),
            Self::Random {} | Self::Diversity {} => false,
        }
    }
}

/// The strategy's name; a product's is its objectives' names joined by `-`.
impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random {} => f.write_str("random"),
            Self::Uncertainty { score } => f.write_str(score.name()),
            Self::Diversity {} => f.write_str("diversity"),
            Self::Product(terms) => {
                for (i, term) in terms.iter().enumerate() {
                    if i > 0 {
                        f.write_str("-")?;
                    }
                    term.fmt(f)?;
                }
                Ok(())
            }
        }
    }
}

/// The name most like `name`, unless none is.
fn nearest(name: &str) -> Option<&'static str> {
    const LIKE_ENOUGH: f64 = 0.8;
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    Strategy::NAMES
        .into_iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|known| likeness(known) >= LIKE_ENOUGH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known_and_shown_again() {
        for name in Strategy::NAMES {
            let strategy = Strategy::from_name(name).unwrap();
            strategy.check().unwrap();
            let shown = if name == "k-center" {
                "diversity"
            } else {
                name
            };
            assert_eq!(strategy.to_string(), shown);
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
            ("badge", None),
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
            (r#"{"diversity":{}}"#, Strategy::Diversity {}),
            (r#"{"uncertainty":{"score":"margin"}}"#, margin.clone()),
            (
                r#"{"product":[{"diversity":{}},{"uncertainty":{"score":"margin"}}]}"#,
                Strategy::Product(vec![Strategy::Diversity {}, margin]),
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
            r#"{"badge":{}}"#,
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
