//! Models by name or folder, as the command line gives them.

use std::path::{Path, PathBuf};

use goldpan_model::{BaseModel, ModelCard, TuningKind};
use goldpan_sources::{ModelFolder, Origin, Places, model, model_path};

use crate::app::App;
use crate::error::{Error, OtherBase};

/// Finds a pretrained model by name or folder.
pub fn pretrained(name: &str, app: &App) -> Result<ModelFolder, Error> {
    Ok(model(name, &Places::from_env()?, app.progress())?)
}

/// As [`pretrained`], for a command whose result does not say which model it is from.
pub fn pretrained_path(name: &str, app: &App) -> Result<PathBuf, Error> {
    Ok(model_path(name, &Places::from_env()?, app.progress())?)
}

/// What a model trained on `folder` says about it. A path is made absolute, so that the trained
/// model can be used from any folder.
pub fn base_of(folder: &ModelFolder) -> BaseModel {
    let name = match folder.origin {
        Origin::Path => {
            let absolute = std::path::absolute(&folder.path);
            absolute.map_or_else(|_| folder.name.clone(), |path| path.display().to_string())
        }
        _ => folder.name.clone(),
    };
    BaseModel {
        name,
        digest: folder.digest,
    }
}

/// The folders of a classifier.
pub struct Classifier {
    /// The base model.
    pub base: PathBuf,
    /// The adapter on top, where the base model's own head is not meant.
    pub adapter: Option<PathBuf>,
}

/// Finds a classifier: a trained folder, a model with a head of its own, or a base model and an
/// adapter. A base model has to be the one that was trained on.
pub fn classifier(name: &str, adapter: Option<&Path>, app: &App) -> Result<Classifier, Error> {
    let path = Path::new(name);
    let trained = ModelCard::exists(path);
    match adapter {
        Some(_) if trained => Err(Error::AdapterOnTrained {
            path: path.to_owned(),
        }),
        Some(adapter) => {
            let base = pretrained(name, app)?;
            if ModelCard::exists(adapter) {
                check_base(adapter, &ModelCard::read(adapter)?.base, &base)?;
            }
            Ok(Classifier {
                base: base.path,
                adapter: Some(adapter.to_owned()),
            })
        }
        None if trained => {
            let card = ModelCard::read(path)?;
            if card.tuning == TuningKind::Full {
                return Ok(Classifier {
                    base: path.to_owned(),
                    adapter: None,
                });
            }
            let wanted = card.base;
            let places = Places::from_env()?;
            let base =
                model(&wanted.name, &places, app.progress()).map_err(|source| Error::NoBase {
                    path: path.to_owned(),
                    base: wanted.name.clone(),
                    source: Box::new(source),
                })?;
            check_base(path, &wanted, &base)?;
            Ok(Classifier {
                base: base.path,
                adapter: Some(path.to_owned()),
            })
        }
        None => Ok(Classifier {
            base: pretrained_path(name, app)?,
            adapter: None,
        }),
    }
}

fn check_base(trained: &Path, wanted: &BaseModel, found: &ModelFolder) -> Result<(), Error> {
    if wanted.digest == found.digest {
        return Ok(());
    }
    Err(Error::OtherBase(Box::new(OtherBase {
        path: trained.to_owned(),
        base: wanted.name.clone(),
        folder: found.path.clone(),
        found: found.digest,
        expected: wanted.digest,
    })))
}
