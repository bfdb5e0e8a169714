//! What is wrong with a pipeline file, and where.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::kind::StageKind;
use crate::spec::nearest::suggest;
use crate::spec::path::KeyPath;
use crate::spec::shown::{cut, message, shown};
use crate::spec::source::{Place, Text};
use crate::unfit::Unfit;

/// Characters of a key path that are told.
const PATH: usize = 120;

/// Problems that are told; of more the number is.
const TOLD: usize = 6;

/// One thing that is wrong: the key path, the place in the file or in a `--set`, and the remedy.
///
/// As a [`Diagnostic`] it shows the lines concerned.
#[derive(Clone, Debug)]
pub struct Problem {
    path: KeyPath,
    place: Box<Place>,
    /// The lines that are shown, and the place in them.
    shown: OnceLock<(Text, Range<usize>)>,
    kind: Box<ProblemKind>,
}

/// What is wrong.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The text is no YAML.
    #[error("this is not YAML: {0}")]
    Syntax(Arc<serde_yaml::Error>),
    /// More than one document.
    #[error("the file holds several documents: keep one, and no `---` after it")]
    Documents,
    /// A merge of something that is no mapping.
    #[error("`<<` merges mappings alone: {0}")]
    Merge(Arc<serde_yaml::Error>),
    /// A path that only a shell would complete.
    #[error("`{found}` is taken as it stands: `~` and `$` are not completed here")]
    Unexpanded {
        /// The path.
        found: String,
    },
    /// A path that is meant to start from elsewhere.
    #[error(
        "`{found}` is not in {folder}, from where relative paths start: there is one in the folder that \
         the command is given in"
    )]
    Elsewhere {
        /// The path.
        found: String,
        /// The pipeline file's folder.
        folder: String,
    },
    /// The file has no content.
    #[error("the file is empty")]
    Empty,
    /// A key occurs twice in one mapping.
    #[error("`{key}` is here twice; the first is on line {first}")]
    Duplicate {
        /// The key.
        key: String,
        /// The line of its first occurrence, from 1.
        first: usize,
    },
    /// A key that the mapping does not have.
    #[error("there is no `{found}` here")]
    UnknownField {
        /// The key.
        found: String,
        /// The keys there are.
        known: &'static [&'static str],
    },
    /// A name that is none of those possible.
    #[error("there is no {what} `{found}`")]
    UnknownName {
        /// What the names stand for, such as "strategy".
        what: &'static str,
        /// The name.
        found: String,
        /// The possible names.
        known: &'static [&'static str],
    },
    /// A key that has to be there is not.
    #[error("`{field}` is missing")]
    MissingField {
        /// The key.
        field: &'static str,
    },
    /// A value of the wrong type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A value that its type refuses for a reason of its own.
    #[error("{reason}")]
    Refused {
        /// The type's reason.
        reason: String,
    },
    /// A number outside its range.
    #[error("{found} is not {expected}")]
    OutOfRange {
        /// The number.
        found: String,
        /// The numbers possible.
        expected: &'static str,
    },
    /// A list or mapping with nothing in it.
    #[error("this is empty: {expected}")]
    Nothing {
        /// What should be in it.
        expected: &'static str,
    },
    /// A value that is in a list twice.
    #[error("{found} is in the list twice")]
    Repeated {
        /// The value.
        found: String,
    },
    /// A name that can't be the name of a file.
    #[error("`{found}` can't be a name")]
    BadName {
        /// The name.
        found: String,
    },
    /// A name that means something else already.
    #[error("`{found}` can't be the name of {what}: it means {meaning}")]
    TakenName {
        /// The name.
        found: String,
        /// What was to be named.
        what: &'static str,
        /// What the name means.
        meaning: &'static str,
    },
    /// A reference to a stage that is not there.
    #[error("there is no stage `{found}`")]
    UnknownStage {
        /// The name.
        found: String,
        /// The stages that would do.
        known: Vec<String>,
    },
    /// A reference to a stage of another kind than needed.
    #[error("`{found}` is a stage of kind {is}, and one of kind {wanted} is needed here")]
    WrongStage {
        /// The name.
        found: String,
        /// Its kind.
        is: StageKind,
        /// The kind needed.
        wanted: StageKind,
        /// The stages that would do.
        known: Vec<String>,
    },
    /// Stages that need each other.
    #[error("stages need each other in a circle: {}", circle.join(" -> "))]
    Circle {
        /// The stages in order, the first once more at the end.
        circle: Vec<String>,
    },
    /// Embeddings or predictions of other texts than those selected from.
    #[error("`{stage}` is made from `{of}`, and `{wanted}` is needed")]
    OtherTexts {
        /// The stage.
        stage: String,
        /// The texts it is made from.
        of: String,
        /// The texts needed.
        wanted: String,
    },
    /// A strategy without what it looks at.
    #[error("the strategy {strategy} needs `{field}`, which is not given")]
    Needs {
        /// The strategy.
        strategy: String,
        /// The key that has to be there.
        field: &'static str,
        /// What makes it.
        stage: &'static str,
    },
    /// A stopping rule without what it looks at.
    #[error("the rule `{rule}` needs `{field}`, which is not given")]
    RuleNeeds {
        /// The rule.
        rule: &'static str,
        /// The key that has to be there.
        field: &'static str,
        /// What makes it.
        stage: &'static str,
    },
    /// A budget that the start uses up.
    #[error("the start makes {start} labels, so no arm could label anything within {budget}")]
    BudgetOfStart {
        /// The labels of the start.
        start: usize,
        /// The budget.
        budget: u64,
    },
    /// An arm that is not there.
    #[error("there is no arm `{found}`")]
    UnknownArm {
        /// The name.
        found: String,
        /// The arms there are.
        known: Vec<String>,
    },
    /// Several arms that could be what the others are compared with.
    #[error("{} all pick at random: say which of them the others are compared with", .arms.join(", "))]
    RandomArms {
        /// The arms.
        arms: Vec<String>,
    },
    /// A target in another metric than the loop's.
    #[error("`{field}` is an accuracy, and `loop.metric` is {metric}")]
    OtherMetric {
        /// The key.
        field: &'static str,
        /// The loop's metric.
        metric: String,
    },
    /// Nothing to tell apart.
    #[error("{found} classes are too few: name two or more, each with what stands for it")]
    FewClasses {
        /// How many there are.
        found: usize,
    },
    /// A class that the texts do not have.
    #[error("the texts have no class `{found}`")]
    UnknownClass {
        /// The name.
        found: String,
        /// The texts' classes.
        known: Vec<String>,
    },
    /// A class of the texts that is not there.
    #[error("the texts have a class `{class}`, which is missing")]
    MissingClass {
        /// The name.
        class: String,
    },
    /// A template that is none.
    #[error(transparent)]
    Template(goldpan_model::TemplateError),
    /// A stage that classifies without training, by the name of a trained model.
    #[error("`{model}` is a stage, and `zero_shot` takes a pretrained model by its own name")]
    ZeroShotOfStage {
        /// The stage.
        model: String,
    },
    /// A baseline by a model that was trained on labels.
    #[error(
        "`{stage}` is by `{model}`, which was trained on labels, so it is no zero-shot baseline"
    )]
    TrainedBaseline {
        /// The `predict` stage.
        stage: String,
        /// The `train` stage.
        model: String,
    },
    /// A strategy that contradicts itself.
    #[error("{0}")]
    Strategy(Arc<goldpan_select::Error>),
    /// Keys that exclude each other.
    #[error("`{first}` and `{second}` exclude each other")]
    Conflict {
        /// One of the keys.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A key without effect.
    #[error("`{field}` has no effect without `{without}`")]
    NoEffect {
        /// The key.
        field: &'static str,
        /// What is missing for it to matter.
        without: &'static str,
    },
    /// A key that a choice leaves without effect.
    #[error("`{field}` has no effect with `{with}`: leave it out")]
    NoEffectWith {
        /// The key.
        field: &'static str,
        /// The choice.
        with: &'static str,
    },
    /// The pipeline has neither stages nor a loop.
    #[error("nothing to do: there is neither `stages` nor `loop`")]
    NothingToDo,
    /// An `ingest` stage that does not say what to read.
    #[error("nothing says what to read")]
    NoTexts,
    /// Settings that the `ingest` stage refuses.
    #[error("{0}")]
    Ingest(Arc<goldpan_ingest::Error>),
    /// Validation on the texts that are trained on.
    #[error("`{texts}` is what is trained on, so it can't measure how good a model is")]
    TrainedOn {
        /// The stage.
        texts: String,
    },
    /// A test on the texts that epochs are chosen by.
    #[error("`{texts}` is what epochs are chosen by, so it can't be the test: give other texts")]
    ValidatedOn {
        /// The stage.
        texts: String,
    },
    /// The texts cannot give what is asked for.
    #[error("{0}")]
    Unfit(Arc<Unfit>),
    /// An override that is not `KEY=VALUE`.
    #[error("an override is KEY=VALUE, such as `loop.rounds=[500, 500]`")]
    BadOverride,
    /// An override of an item that a list does not have.
    #[error("`{list}` is a list of {items}: its items are numbered from 0")]
    NoSuchItem {
        /// The list.
        list: KeyPath,
        /// How many items it has.
        items: usize,
    },
    /// An override of something inside a plain value.
    #[error("`{value}` is not a mapping, so it has nothing to override inside it")]
    NotAMapping {
        /// The plain value.
        value: KeyPath,
    },
}

impl Problem {
    pub(crate) fn new(path: KeyPath, place: Place, kind: ProblemKind) -> Self {
        Self {
            path,
            shown: OnceLock::new(),
            place: Box::new(place),
            kind: Box::new(kind),
        }
    }

    /// The key path, as `--set` takes it. Empty for the whole file.
    pub fn path(&self) -> &KeyPath {
        &self.path
    }

    /// What is wrong.
    pub fn kind(&self) -> &ProblemKind {
        &self.kind
    }

    /// The file's name, or `--set`.
    pub fn file(&self) -> &str {
        self.place.text.name()
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.place.line
    }

    /// The column in characters, from 1.
    pub fn column(&self) -> usize {
        self.place.column
    }

    /// What to do about it.
    pub fn remedy(&self) -> Option<String> {
        let remedy = self.kind.remedy().or_else(|| self.remedy_of_place());
        remedy.map(|remedy| message(&remedy))
    }

    fn shown(&self) -> &(Text, Range<usize>) {
        let Place { text, span, .. } = &*self.place;
        self.shown.get_or_init(|| shown(text, span))
    }

    /// What the line itself suggests where the text is no YAML.
    fn remedy_of_place(&self) -> Option<String> {
        let ProblemKind::Syntax(_) = *self.kind else {
            return None;
        };
        let line = self.place.text.inner().lines().nth(self.place.line - 1)?;
        let before = line.trim_start_matches([' ', '\t']);
        let indent = &line[..line.len() - before.len()];
        indent
            .contains('\t')
            .then(|| "YAML is indented by spaces: put them in place of the tabs".to_owned())
    }
}

impl ProblemKind {
    fn remedy(&self) -> Option<String> {
        match self {
            Self::UnknownField { found, known } => Some(suggest(found, known)),
            Self::UnknownName { found, known, .. } => Some(suggest(found, known)),
            Self::UnknownStage { found, known } | Self::WrongStage { found, known, .. } => {
                Some(suggest(found, known))
            }
            Self::UnknownClass { found, known } | Self::UnknownArm { found, known } => {
                Some(suggest(found, known))
            }
            Self::RandomArms { arms } => {
                let first = arms.first().map_or("", String::as_str);
                Some(format!("add `report: {{ baseline: {first} }}` to the loop"))
            }
            Self::OtherMetric { .. } => Some("give `target`, a value of that metric".to_owned()),
            Self::Empty | Self::NothingToDo => {
                Some("start from one of the files in pipelines/".to_owned())
            }
            Self::BadName { .. } => Some(
                "names are file names too: up to 64 letters, digits, `-` and `_`, the first a \
                 letter or digit"
                    .to_owned(),
            ),
            Self::Unexpanded { .. } => Some("write the whole path".to_owned()),
            Self::Elsewhere { .. } => {
                Some("write the path from the pipeline file's folder, or the whole path".to_owned())
            }
            Self::WrongType { expected, found } if as_meant(expected, found).is_some() => {
                as_meant(expected, found)
            }
            Self::WrongType { expected, found } if expected == "text" && found != "nothing" => {
                Some("put it in quotes to make it text".to_owned())
            }
            Self::Needs { field, stage, .. } | Self::RuleNeeds { field, stage, .. } => Some(
                format!("add `{field}`, the name of {stage} of the same texts"),
            ),
            Self::NoTexts => {
                Some("give `dataset` and `split`, or `input` with the names of files".to_owned())
            }
            Self::Unfit(unfit) => unfit.remedy(),
            Self::Syntax(_)
            | Self::Documents
            | Self::Merge(_)
            | Self::Duplicate { .. }
            | Self::MissingField { .. }
            | Self::WrongType { .. }
            | Self::Refused { .. }
            | Self::OutOfRange { .. }
            | Self::Nothing { .. }
            | Self::Repeated { .. }
            | Self::TakenName { .. }
            | Self::Circle { .. }
            | Self::OtherTexts { .. }
            | Self::BudgetOfStart { .. }
            | Self::FewClasses { .. }
            | Self::MissingClass { .. }
            | Self::Template(_)
            | Self::ZeroShotOfStage { .. }
            | Self::TrainedBaseline { .. }
            | Self::Strategy(_)
            | Self::Conflict { .. }
            | Self::NoEffect { .. }
            | Self::NoEffectWith { .. }
            | Self::Ingest(_)
            | Self::TrainedOn { .. }
            | Self::ValidatedOn { .. }
            | Self::BadOverride
            | Self::NoSuchItem { .. }
            | Self::NotAMapping { .. } => None,
        }
    }
}

/// What to write where a number or a truth value is written as another YAML or language would have it.
fn as_meant(expected: &str, found: &str) -> Option<String> {
    let text = found.strip_prefix("the text `")?.strip_suffix('`')?;
    if expected == "true or false" {
        let meant = match text.to_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => "true",
            "no" | "off" | "n" | "false" => "false",
            _ => return None,
        };
        return Some(format!("write {meant}"));
    }
    let plain: String = text.chars().filter(|c| !"_, '".contains(*c)).collect();
    let plain = plain.trim_start_matches('0');
    let number: f64 = plain.parse().ok()?;
    let is_plain = number.is_finite() && plain.starts_with(|c: char| c.is_ascii_digit());
    (expected.contains("number") && is_plain && plain != text).then(|| format!("write {plain}"))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_root() {
            write!(f, "{}: ", cut(&message(&self.path.to_string()), PATH))?;
        }
        f.write_str(&message(&self.kind.to_string()))
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.remedy().map(|remedy| Box::new(remedy) as Box<_>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.shown().0)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.shown().1.clone();
        Some(Box::new([LabeledSpan::underline(span)].into_iter()))
    }
}

/// A pipeline file with something wrong in it.
#[derive(Clone, Debug)]
pub struct Invalid {
    problems: Vec<Problem>,
    /// How many more there are, of which nothing is kept.
    more: usize,
}

impl Invalid {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems, more: 0 }
    }

    /// The same, and so many more.
    pub(crate) fn and(self, more: usize) -> Self {
        Self { more, ..self }
    }

    /// Whether nothing but the texts is at fault.
    pub fn is_of_data(&self) -> bool {
        let of_data = |problem: &Problem| match problem.kind() {
            ProblemKind::Unfit(unfit) => unfit.is_of_data(),
            _ => false,
        };
        self.problems.iter().all(of_data)
    }

    /// The first things that are wrong, as many as fit a screen.
    pub fn told(&self) -> &[Problem] {
        &self.problems[..self.problems.len().min(TOLD)]
    }

    /// How many more there are.
    pub fn more(&self) -> usize {
        self.problems.len().saturating_sub(TOLD) + self.more
    }

    /// What is wrong: at least one thing.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// A line for each problem: `file:line:column: key path: message; remedy`.
impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.told().iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            let (file, line, column) = (problem.file(), problem.line(), problem.column());
            write!(f, "{file}:{line}:{column}: {problem}")?;
            if let Some(remedy) = problem.remedy() {
                write!(f, "; {remedy}")?;
            }
        }
        match self.more() {
            0 => Ok(()),
            more => write!(f, "\nand {more} more like these"),
        }
    }
}

impl std::error::Error for Invalid {}
