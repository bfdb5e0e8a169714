//! `goldpan evaluate`

use goldpan_artifact::Texts;
use goldpan_evaluate::{evaluate, write};

use super::same_texts::SameTexts;
use crate::app::App;
use crate::args::EvaluateArgs;
use crate::error::Error;
use crate::output::{count, keep_apart, line_of, print_path};

/// Characters of a note that are shown.
const NOTE: usize = 500;

/// Measures predictions.
pub fn run(args: &EvaluateArgs, app: &App) -> Result<(), Error> {
    keep_apart(&args.out, [args.predictions.as_path(), &args.texts])?;
    let texts = Texts::open(&args.texts)?;
    let predictions = goldpan_foreign::predictions(&args.predictions, Some(&texts))?;
    let mut tables = SameTexts::default();
    tables.texts(Some(&texts));
    tables.predictions(Some(&predictions));
    tables.check(args.allow_other_texts)?;
    let evaluation = evaluate(&predictions, &texts)?;
    write(&evaluation, &args.out)?;
    let metrics = &evaluation.metrics;
    let mut line = format!(
        "accuracy {:.4}, macro-F1 {:.4}, loss {:.4}, calibration error {:.4} on {}",
        metrics.accuracy,
        metrics.macro_f1,
        metrics.loss,
        metrics.calibration_error,
        count(metrics.examples, "text"),
    );
    if evaluation.unlabelled > 0 {
        line += &format!(", {} without label left out", evaluation.unlabelled);
    }
    app.say(&line);
    for note in evaluation.notes() {
        tracing::warn!("{}", line_of(&note, NOTE));
    }
    print_path(&args.out)
}
