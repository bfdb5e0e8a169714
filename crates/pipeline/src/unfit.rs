//! What a pipeline asks for and its texts cannot give, found before any work on them.

use std::fmt;

use crate::spec::nearest::{list, suggest};

/// Class names that are listed; of more the number is told.
const LISTED: usize = 12;

/// A pipeline and its texts do not fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// A stage's texts have a class that is missing in those that they are used with.
    #[error("`{stage}` has {}, which `{other}` lacks", Classes(.missing))]
    Class {
        /// The stage.
        stage: String,
        /// The classes that only it has.
        missing: Vec<String>,
        /// The stage that lacks them.
        other: String,
        /// The classes of both.
        all: Vec<String>,
    },
    /// Two stages number the same classes differently.
    #[error("`{stage}` and `{other}` have the same classes in different orders")]
    ClassOrder {
        /// A stage.
        stage: String,
        /// The other stage.
        other: String,
        /// The classes of the second.
        all: Vec<String>,
    },
    /// Texts to learn from with nothing to tell apart.
    #[error(
        "`{stage}` has {}, and a classifier tells two or more apart",
        match .class { Some(class) => format!("one class, `{class}`"), None => "no classes".to_owned() }
    )]
    FewClasses {
        /// The stage.
        stage: String,
        /// Its only class.
        class: Option<String>,
    },
    /// Texts that models are measured by, without labels.
    #[error(
        "{missing} of {rows} texts of `{stage}` have no label (the first is text {first}), and {what}"
    )]
    NoLabels {
        /// The stage.
        stage: String,
        /// How many have none.
        missing: usize,
        /// How many texts there are.
        rows: usize,
        /// The id of the first without.
        first: u64,
        /// What labels are needed for.
        what: &'static str,
    },
    /// A stage without texts.
    #[error("`{stage}` has no texts")]
    Empty {
        /// The stage.
        stage: String,
    },
    /// More texts are asked for than there are.
    #[error("{what} for {asked} texts, and {} has {have}{}", Of(.pool, .left_out), Passed(.passed))]
    TooMany {
        /// Who asks: `the start asks`, `the start and 2 rounds ask`.
        what: String,
        /// How many at least.
        asked: usize,
        /// How many there are.
        have: usize,
        /// The stage that is picked from.
        pool: String,
        /// How many texts of it are left out, as others have them.
        left_out: usize,
        /// The rule that passes over others, if one does.
        passed: Option<String>,
    },
    /// A round that takes what is left, where nothing is.
    #[error(
        "round {round} takes what is left of `{pool}`, and the rounds before it take all of its {have} texts"
    )]
    NothingLeft {
        /// The round, from 1.
        round: usize,
        /// The stage that is picked from.
        pool: String,
        /// How many texts it has.
        have: usize,
    },
    /// A pool of which validation or test have every text, where those are left out.
    #[error(
        "validation or test have all {rows} texts of `{pool}`, and `exclude_shared` leaves these out"
    )]
    AllShared {
        /// How many texts there are.
        rows: usize,
        /// The stage that is picked from.
        pool: String,
    },
    /// A rule that lets nothing be picked.
    #[error("{rule} lets none of the {rows} texts of `{pool}` be picked")]
    NothingFits {
        /// The rule.
        rule: String,
        /// How many texts there are.
        rows: usize,
        /// The stage that is picked from.
        pool: String,
    },
    /// A rule that cannot be applied to the texts.
    #[error("{told}")]
    Rule {
        /// Why, in a pipeline's words.
        told: String,
    },
    /// A setting names a class that the texts do not have.
    #[error("`{pool}` has no class `{found}`")]
    UnknownClass {
        /// The class.
        found: String,
        /// The stage.
        pool: String,
        /// Its classes.
        known: Vec<String>,
    },
    /// A class of the texts that a model without training is not asked for.
    #[error("`{texts}` has a class `{class}`, which `{stage}` does not ask for")]
    NotAsked {
        /// The stage that asks.
        stage: String,
        /// The class.
        class: String,
        /// The stage with the texts.
        texts: String,
        /// The classes asked for.
        given: Vec<String>,
    },
    /// Not as many weights as classes.
    #[error("{given} class weights are given, and `{stage}` has {classes} classes")]
    ClassWeights {
        /// How many weights.
        given: usize,
        /// The stage.
        stage: String,
        /// How many classes.
        classes: usize,
    },
}

impl Unfit {
    /// Whether the texts are at fault, and not what is asked of them.
    pub fn is_of_data(&self) -> bool {
        matches!(
            self,
            Self::Class { .. }
                | Self::ClassOrder { .. }
                | Self::FewClasses { .. }
                | Self::NoLabels { .. }
                | Self::Empty { .. }
        )
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> Option<String> {
        match self {
            Self::Class { all, .. } | Self::ClassOrder { all, .. } => Some(match all.len() {
                0..=LISTED => format!(
                    "give both stages `classes: [{}]`, or the files the same labels",
                    all.join(", ")
                ),
                _ => "give both stages the same `classes`, or the files the same labels".to_owned(),
            }),
            Self::FewClasses { .. } => Some(
                "check `label_column`, and whether the file has texts of all classes".to_owned(),
            ),
            Self::NoLabels { .. } => {
                Some("label them, or leave them out of the file; check `label_column`".to_owned())
            }
            Self::Empty { .. } => Some("give a file with texts".to_owned()),
            Self::TooMany { .. } => Some(
                "ask for fewer, or write `rest` for a last round of all that is left".to_owned(),
            ),
            Self::NothingLeft { .. } => {
                Some("ask for fewer texts before it, or leave this round out".to_owned())
            }
            Self::AllShared { .. } => {
                Some("give the pool texts of its own, or leave `exclude_shared` out".to_owned())
            }
            Self::NothingFits { .. } => Some("change the condition".to_owned()),
            Self::UnknownClass { found, known, .. } => Some(match known.len() {
                0..=LISTED => suggest(found, known),
                classes => format!("it has {classes} others"),
            }),
            Self::NotAsked { given, .. } => Some(match given.len() {
                0..=LISTED => format!(
                    "name the classes as the texts do; asked for are {}",
                    list(given)
                ),
                _ => "name the classes as the texts do".to_owned(),
            }),
            Self::ClassWeights { .. } => {
                Some("give one for each, in the order of the classes".to_owned())
            }
            Self::Rule { .. } => None,
        }
    }
}

/// `the class `a``, or several.
struct Classes<'a>(&'a [String]);

impl fmt::Display for Classes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => write!(f, "the class `{one}`"),
            some if some.len() <= LISTED => {
                write!(f, "the classes {}", list(some).replace(" or ", " and "))
            }
            many => write!(f, "{} classes, such as `{}`", many.len(), many[0]),
        }
    }
}

struct Of<'a>(&'a str, &'a usize);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(pool, 0) => write!(f, "`{pool}`"),
            Self(pool, out) => write!(
                f,
                "`{pool}`, without {out} that validation or test have too,"
            ),
        }
    }
}

struct Passed<'a>(&'a Option<String>);

impl fmt::Display for Passed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => Ok(()),
            Some(rule) => write!(f, " that {rule} lets be picked"),
        }
    }
}
