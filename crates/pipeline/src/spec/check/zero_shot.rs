//! The settings of classifying without training.

use goldpan_model::{ClassTexts, Template};
use goldpan_predict::{TEMPERATURES, ZeroShotConfig};
use goldpan_sources::known_datasets;

use crate::kind::StageKind;
use crate::spec::check::context::Context;
use crate::spec::named::Named;
use crate::spec::options::{ClassesOption, StageOptions};
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::spec::settings::{Name, ZeroShotSettings};
use crate::spec::zero_shot::{TextOrTexts, ZeroShotOptions};

impl<'a> Context<'a> {
    /// How the texts of the stage `texts` are classified without training.
    pub(super) fn zero_shot(
        &mut self,
        path: &KeyPath,
        options: &ZeroShotOptions,
        texts: &str,
    ) -> Option<ZeroShotSettings> {
        let classes = self.described(&path.key("classes"), &options.classes, texts);
        let prompt = match &options.prompt {
            None => Some(None),
            Some(prompt) => match prompt.parse::<Template>() {
                Ok(template) => Some(Some(template)),
                Err(error) => self.wrong(&path.key("prompt"), ProblemKind::Template(error)),
            },
        };
        let usual = ZeroShotConfig::usual_temperature(options.prompt.is_some());
        let temperature = self.number(
            &path.key("temperature"),
            options.temperature.unwrap_or(usual),
            |value| TEMPERATURES.contains(&value),
            "a number from 1e-6 to 1e6",
        );
        Some(ZeroShotSettings {
            classes: classes?,
            prompt: prompt?,
            temperature: temperature?,
        })
    }

    /// The classes with what stands for them. Where the stage of the texts names its classes, they
    /// are the same.
    pub(super) fn described(
        &mut self,
        path: &KeyPath,
        classes: &Named<TextOrTexts>,
        texts: &str,
    ) -> Option<Vec<ClassTexts>> {
        let Named(classes) = classes;
        if classes.len() < 2 {
            let found = classes.len();
            return self.wrong(path, ProblemKind::FewClasses { found });
        }
        if let Some(known) = self.known_classes(texts) {
            if let Some((name, _)) = classes.iter().find(|(name, _)| !known.contains(name)) {
                let found = name.clone();
                return self.wrong_key(&path.key(name), ProblemKind::UnknownClass { found, known });
            }
            let given = |class: &String| classes.iter().any(|(name, _)| name == class);
            if let Some(class) = known.into_iter().find(|class| !given(class)) {
                return self.wrong_key(path, ProblemKind::MissingClass { class });
            }
        }
        let checked: Vec<_> = classes
            .iter()
            .map(|(name, texts)| {
                let texts = self.class_texts(&path.key(name), texts);
                Some(ClassTexts {
                    name: name.clone(),
                    texts: texts?,
                })
            })
            .collect();
        checked.into_iter().collect()
    }

    /// The classes of an `ingest` stage, where the file or the catalogue of datasets says them.
    pub(super) fn known_classes(&self, texts: &str) -> Option<Vec<String>> {
        let Some(StageOptions::Ingest(ingest)) = self.find(texts) else {
            return None;
        };
        let of_dataset = || {
            let dataset = ingest.dataset.as_deref()?;
            let known = known_datasets()
                .into_iter()
                .find(|known| known.name == dataset)?;
            Some(known.classes).filter(|classes| !classes.is_empty())
        };
        let named = match &ingest.classes {
            Some(ClassesOption::Names(names)) => Some(names.clone()),
            // A file that cannot be read is told where the stage is checked.
            Some(ClassesOption::File(path)) => goldpan_ingest::read_class_names(path).ok(),
            None => None,
        };
        named.or_else(of_dataset)
    }

    fn class_texts(&mut self, path: &KeyPath, texts: &TextOrTexts) -> Option<Vec<String>> {
        let expected = "say what stands for the class";
        let blank = |text: &String| text.trim().is_empty();
        match texts {
            TextOrTexts::Text(text) if blank(text) => {
                self.wrong(path, ProblemKind::Nothing { expected })
            }
            TextOrTexts::Text(text) => Some(vec![text.clone()]),
            TextOrTexts::Texts(texts) => match texts.iter().position(blank) {
                Some(item) => self.wrong(&path.index(item), ProblemKind::Nothing { expected }),
                None => {
                    self.some_of(path, texts, expected)?;
                    Some(texts.clone())
                }
            },
        }
    }

    /// The loop's baseline: a `predict` stage of its validation texts whose model saw no labels.
    pub(super) fn baseline(
        &mut self,
        path: &KeyPath,
        name: Option<&'a str>,
        validation: Option<&str>,
    ) -> Option<Option<Name>> {
        let stage = self.made_from(path, name, StageKind::Predict, validation)?;
        if let Some(name) = name
            && let Some(StageOptions::Predict(predict)) = self.find(name)
            && self.find(&predict.model).is_some()
        {
            return self.wrong(
                path,
                ProblemKind::TrainedBaseline {
                    stage: name.to_owned(),
                    model: predict.model.clone(),
                },
            );
        }
        Some(stage)
    }
}
