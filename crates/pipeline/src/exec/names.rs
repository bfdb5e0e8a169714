//! The models and datasets that a pipeline names, found on this machine or fetched.

use std::collections::{BTreeMap, BTreeSet};

use goldpan_artifact::Progress;
use goldpan_sources::{
    DatasetFiles, ModelFolder, Places, check_dataset, check_model, dataset, model,
};

use crate::error::Error;
use crate::plan::{Classifier, Graph, Work};
use crate::spec::IngestSettings;

/// Everything named, by name.
#[derive(Default)]
pub(crate) struct Names {
    models: BTreeMap<String, ModelFolder>,
    datasets: BTreeMap<(String, String), DatasetFiles>,
}

/// The names that a graph uses.
struct Wanted {
    models: BTreeSet<String>,
    datasets: BTreeSet<(String, String)>,
}

impl Wanted {
    fn of(graph: &Graph) -> Self {
        let mut wanted = Self {
            models: BTreeSet::new(),
            datasets: BTreeSet::new(),
        };
        for node in &graph.nodes {
            match &node.work {
                Work::Ingest(IngestSettings::Dataset { dataset, split }) => {
                    wanted.datasets.insert((dataset.clone(), split.clone()));
                }
                Work::Embed { model, .. } => {
                    wanted.models.insert(model.clone());
                }
                Work::Train { base, .. } => {
                    wanted.models.insert(base.clone());
                }
                Work::Predict {
                    model: Classifier::Named(model) | Classifier::ZeroShot { model, .. },
                    ..
                } => {
                    wanted.models.insert(model.clone());
                }
                _ => {}
            }
        }
        wanted
    }
}

impl Names {
    /// Finds or fetches everything named. That all of it can be had is checked before anything
    /// large is fetched.
    pub fn fetch(graph: &Graph, places: &Places, progress: &dyn Progress) -> Result<Self, Error> {
        let wanted = Wanted::of(graph);
        for name in &wanted.models {
            check_model(name, places)?;
        }
        for (name, split) in &wanted.datasets {
            check_dataset(name, split, places)?;
        }
        let mut names = Self::default();
        for name in wanted.models {
            let folder = model(&name, places, progress)?;
            names.models.insert(name, folder);
        }
        for (name, split) in wanted.datasets {
            let files = dataset(&name, &split, places, progress)?;
            names.datasets.insert((name, split), files);
        }
        Ok(names)
    }

    /// Checks the models that are named by a path: those have no other place.
    pub fn check_paths(graph: &Graph, places: &Places) -> Result<(), Error> {
        let mut places = places.clone();
        places.hub.offline = true;
        places.index.offline = true;
        let is_path = |name: &&String| {
            let path = std::path::Path::new(name.as_str());
            let steps = ["./", "../", "/./", "/../"];
            path.is_absolute()
                || steps[..2].iter().any(|step| name.starts_with(step))
                || steps[2..].iter().any(|step| name.contains(step))
        };
        for name in Wanted::of(graph).models.iter().filter(is_path) {
            check_model(name, &places)?;
        }
        Ok(())
    }

    /// Finds what is on this machine, without the network.
    pub fn local(graph: &Graph, places: &Places, progress: &dyn Progress) -> Self {
        let mut places = places.clone();
        places.hub.offline = true;
        places.index.offline = true;
        let wanted = Wanted::of(graph);
        let mut names = Self::default();
        for name in wanted.models {
            if let Ok(folder) = model(&name, &places, progress) {
                names.models.insert(name, folder);
            }
        }
        for (name, split) in wanted.datasets {
            if let Ok(files) = dataset(&name, &split, &places, progress) {
                names.datasets.insert((name, split), files);
            }
        }
        names
    }

    pub fn model(&self, name: &str) -> Option<&ModelFolder> {
        self.models.get(name)
    }

    pub fn dataset(&self, name: &str, split: &str) -> Option<&DatasetFiles> {
        self.datasets.get(&(name.to_owned(), split.to_owned()))
    }
}
