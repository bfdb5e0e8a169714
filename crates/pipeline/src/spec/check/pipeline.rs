//! The whole file's settings.

use crate::kind::StageKind;
use crate::spec::check::context::Context;
use crate::spec::check::experiment::START;
use crate::spec::named::Named;
use crate::spec::options::{PipelineOptions, StageOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::{Invalid, ProblemKind};
use crate::spec::settings::{Pipeline, Stage};
use crate::spec::source::{Side, Source};

/// Checks a whole file, noting all that is wrong.
pub(crate) fn check(options: &PipelineOptions, source: &Source) -> Result<Pipeline, Invalid> {
    let stages = match &options.stages {
        Some(Named(stages)) => stages.as_slice(),
        None => &[],
    };
    let mut context = Context::new(source, stages);
    match context.pipeline(options) {
        Some(pipeline) if context.is_clean() => Ok(pipeline),
        _ => Err(context.into_invalid()),
    }
}

impl<'a> Context<'a> {
    fn pipeline(&mut self, options: &'a PipelineOptions) -> Option<Pipeline> {
        let root = KeyPath::root();
        let name = self.name(&root.key("name"), Side::Value, &options.name);
        let path = root.key("stages");
        let stages: Vec<_> = self
            .stages()
            .iter()
            .map(|(name, options)| self.one_stage(&path.key(name), name, options))
            .collect();
        let stages: Option<Vec<_>> = stages.into_iter().collect();
        let order = self.in_order();
        let experiment = match &options.experiment {
            Some(experiment) => Some(self.experiment(experiment, options.seeds.as_deref())),
            None if options.seeds.is_some() => {
                let (field, without) = ("seeds", "loop");
                self.wrong_key(&root.key(field), ProblemKind::NoEffect { field, without })
            }
            None if self.stages().is_empty() => self.wrong(&root, ProblemKind::NothingToDo),
            None => None,
        };
        let mut stages = stages?;
        let order = order?;
        stages.sort_by_key(|stage| order.iter().position(|name| *name == stage.name.as_str()));
        let overrides = self.source().overrides().iter();
        Some(Pipeline {
            name: name?,
            stages,
            experiment: match experiment {
                Some(experiment) => Some(experiment?),
                None => None,
            },
            file: self.source().text().name().to_owned(),
            text: self.source().text().inner().clone(),
            overrides: overrides.map(|set| set.text().to_owned()).collect(),
        })
    }

    fn one_stage(
        &mut self,
        path: &KeyPath,
        name: &str,
        options: &'a StageOptions,
    ) -> Option<Stage> {
        let kind = options.kind();
        let mut others = StageKind::ALL.iter().filter(|other| **other != kind);
        let meaning = if others.any(|other| other.name() == name) {
            Some("another kind of stage")
        } else if name == START {
            Some("what the arms of the loop start with")
        } else if is_seed(name) {
            Some("the folder of a seed's results")
        } else if name == goldpan_report::TENSORBOARD {
            Some("the folder of the trainings' curves")
        } else {
            None
        };
        let checked = match meaning {
            None => self.name(path, Side::Key, name),
            Some(meaning) => {
                let found = name.to_owned();
                let what = "a stage";
                let kind = ProblemKind::TakenName {
                    found,
                    what,
                    meaning,
                };
                self.wrong_key(path, kind)
            }
        };
        let settings = self.settings(path, options);
        Some(Stage {
            name: checked?,
            settings: settings?,
        })
    }
}

/// Whether a run's folder could have a seed's results under this name.
fn is_seed(name: &str) -> bool {
    let number = name.strip_prefix("seed");
    number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}
