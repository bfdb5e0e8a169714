//! `goldpan select`

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use goldpan_select::{Balance, Filter, Strategy};

use super::LabelledArgs;
use super::numbers::size;

const AFTER: &str = "\
`goldpan select --list` tells what strategies there are, what they cost and where they come from.
Those that look at predictions need --predictions, those that look at embeddings --embeddings.
A file for --config holds a rule as an arm of a pipeline does: a strategy, its settings, and what
comes before it:
  product: [ { diversity: { strength: 2 } }, { uncertainty: { score: margin } } ]
  where: margin > 0.3 and length > 20
  skip_duplicates: 0.05
  balance: { positive: 1, negative: 1 }

A condition compares `margin`, `entropy`, `least-confidence`, `confidence` and `predicted` of the
predictions, `length` (in characters) and `words` of the texts, and the columns that `goldpan ingest
--metadata-columns` kept. It may join comparisons by `and`, `or`, `not` and brackets. A name in
quotes is always a column: '\"length\" > 3'. Values are numbers, dates (2024-01-31) or words; in
quotes they are words as they stand. Where a text has no value, a comparison is neither true nor
false, and `is missing` is true; texts are picked where the whole condition is true.

L is a selection or labels table, or a file with a column `id` of row numbers; with --texts it may
name texts by key or text as well: see `goldpan train --help`. Texts in L are never picked, whether
they have a label there or not.

Examples:
  goldpan select --count 100 --strategy diversity-margin --embeddings embeddings.arrow \\
    --predictions predictions.arrow --labelled labels.csv --out selection.arrow
  goldpan select --until-distance 0.4 --strategy k-center --embeddings embeddings.arrow \\
    --texts texts.arrow --where 'length > 20 and source != bot' --out selection.arrow";

/// Pick the texts that are worth labelling next
#[derive(Debug, Args)]
#[command(
    after_help = AFTER,
    group(ArgGroup::new("how").args(["strategy", "config", "list"]).required(true)),
    group(ArgGroup::new("budget").args(["count", "share", "until_distance", "list"]).required(true)),
)]
pub struct SelectArgs {
    /// How many texts to pick
    #[arg(long, value_name = "N")]
    pub count: Option<usize>,
    /// The share of the texts to pick, of those that may be picked
    #[arg(long, value_name = "X")]
    pub share: Option<f64>,
    /// Pick until the next text would be nearer than this to a labelled or picked one
    #[arg(long, value_name = "DISTANCE")]
    pub until_distance: Option<f64>,
    /// Pick no more than this many until that distance
    #[arg(long, value_name = "N", requires = "until_distance")]
    pub at_most: Option<usize>,
    /// The strategy, by name
    #[arg(long, value_name = "NAME", value_parser = Strategy::from_name)]
    pub strategy: Option<Strategy>,
    /// A YAML file with a rule instead
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// List the strategies
    #[arg(long, conflicts_with = "out")]
    pub list: bool,
    /// Pick only texts for which this is true
    #[arg(long = "where", value_name = "CONDITION", value_parser = Filter::parse)]
    pub filter: Option<Filter>,
    /// Pass over texts that are equal to a labelled or an earlier text
    #[arg(long)]
    pub skip_copies: bool,
    /// Pass over this share of the texts, the least typical
    #[arg(long, value_name = "SHARE")]
    pub skip_outliers: Option<f64>,
    /// Pass over texts within this distance of a labelled or an earlier text
    #[arg(long, value_name = "DISTANCE")]
    pub skip_duplicates: Option<f64>,
    /// Balance the predicted classes: `uniform`, or weights such as `positive=2,negative=1`
    #[arg(long, value_name = "WEIGHTS", value_parser = balance)]
    pub balance: Option<Balance>,
    /// The texts to pick from [default: those of the embeddings or predictions]
    #[arg(long, value_name = "TEXTS")]
    pub texts: Option<PathBuf>,
    /// The texts' embeddings
    #[arg(long, value_name = "E")]
    pub embeddings: Option<PathBuf>,
    /// A model's predictions of the texts
    #[arg(long, value_name = "P")]
    pub predictions: Option<PathBuf>,
    /// Join tables by id even where they were made from other texts
    #[arg(long)]
    pub allow_other_texts: bool,
    /// Decides all that is drawn, and where diversity starts with nothing labelled
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Only say how long the selection will take here, and how much memory
    #[arg(long, conflicts_with = "list")]
    pub plan: bool,
    /// Refuse a selection that needs more memory than this, such as 500MiB or 2GiB
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub memory_limit: Option<u64>,
    /// Also write the texts picked into a CSV file to be labelled, for --labelled: with a key that
    /// stays theirs, and an empty column `label`
    #[arg(long, value_name = "CSV", requires = "texts", conflicts_with_all = ["list", "plan"])]
    pub sheet: Option<PathBuf>,
    #[command(flatten)]
    pub labelled: LabelledArgs,
    /// The selection to write
    #[arg(long, value_name = "SELECTION", required_unless_present_any = ["list", "plan"])]
    pub out: Option<PathBuf>,
}

/// `uniform`, or `CLASS=WEIGHT` with commas between.
fn balance(text: &str) -> Result<Balance, String> {
    if text == "uniform" {
        return Ok(Balance::Uniform);
    }
    let weight = |part: &str| {
        let (class, weight) = part.rsplit_once('=')?;
        Some((class.to_owned(), weight.parse().ok()?))
    };
    let weights = text.split(',').map(|part| {
        weight(part).ok_or_else(|| format!("`{part}` is no CLASS=WEIGHT; or give `uniform`"))
    });
    weights.collect::<Result<_, _>>().map(Balance::Weights)
}
