//! Which curves are written, and where.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use goldpan_artifact::{Error as ArtifactError, History, HistoryRow, atomic};

use crate::error::Error;
use crate::run::Run;
use crate::tensorboard::events::Events;

/// The name of every file: TensorBoard looks for the first part, and a time and a host follow.
const FILE: &str = "events.out.tfevents.0.goldpan";

/// Writes `ARM/seedN/roundN/` with an event file for every training, in place of all that is in `folder`.
pub(crate) fn write(run: &Run, folder: &Path) -> Result<(), Error> {
    let failed = |path: &Path, source| ArtifactError::Write {
        path: path.to_owned(),
        source,
    };
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(folder, error))?,
        _ => {}
    }
    for model in &run.models {
        let trained = &model.trained;
        let arm = trained.arm.as_deref().unwrap_or("start");
        let (seed, round) = (trained.seed, trained.round);
        let training = folder.join(format!("{arm}/seed{seed}/round{round}"));
        fs::create_dir_all(&training).map_err(|source| failed(&training, source))?;
        let mut events = Events::new();
        for row in History::open(&model.history)?.rows() {
            events.push(row.step, &values(&row));
        }
        atomic::write_bytes(training.join(FILE), &events.into_bytes())?;
    }
    Ok(())
}

/// What a row has measured. A row of an epoch repeats the mean loss of its steps, which is left out.
fn values(row: &HistoryRow) -> Vec<(&'static str, f32)> {
    let all = [
        ("train/loss", row.learning_rate.and(row.loss)),
        ("train/learning_rate", row.learning_rate),
        ("validation/loss", row.validation_loss),
        ("validation/accuracy", row.validation_accuracy),
        ("validation/macro_f1", row.validation_macro_f1),
    ];
    let measured = all.into_iter();
    let measured = measured.filter_map(|(name, value)| Some((name, value?)));
    measured.collect()
}
