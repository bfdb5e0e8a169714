//! The settings of each kind of stage.

use std::sync::Arc;

use goldpan_ingest::IngestConfig;

use crate::kind::StageKind;
use crate::spec::check::context::Context;
use crate::spec::check::references::Given;
use crate::spec::options::{
    ClassesOption, EmbedOptions, EvaluateOptions, IngestOptions, ModelOptions, PredictOptions,
    SelectOptions, StageOptions, TrainStageOptions,
};
use crate::spec::path::KeyPath;
use crate::spec::problem::ProblemKind;
use crate::spec::settings::{
    EmbedSettings, EncodingSettings, EvaluateSettings, InferenceSettings, IngestSettings, Name,
    PredictModel, PredictSettings, SelectSettings, StageSettings, TrainStageSettings,
};

impl<'a> Context<'a> {
    /// The settings of a stage; `path` leads to its kind.
    pub(super) fn settings(
        &mut self,
        path: &KeyPath,
        options: &'a StageOptions,
    ) -> Option<StageSettings> {
        let path = &path.key(options.kind().name());
        match options {
            StageOptions::Ingest(options) => self.ingest(path, options).map(StageSettings::Ingest),
            StageOptions::Embed(options) => self.embed(path, options).map(StageSettings::Embed),
            StageOptions::Train(options) => self.train(path, options).map(StageSettings::Train),
            StageOptions::Predict(options) => {
                self.predict(path, options).map(StageSettings::Predict)
            }
            StageOptions::Select(options) => self.select(path, options).map(StageSettings::Select),
            StageOptions::Evaluate(options) => {
                self.evaluate(path, options).map(StageSettings::Evaluate)
            }
        }
    }

    fn ingest(&mut self, path: &KeyPath, options: &IngestOptions) -> Option<IngestSettings> {
        match (&options.dataset, &options.input) {
            (Some(_), Some(_)) => self.wrong_key(
                &path.key("input"),
                ProblemKind::Conflict {
                    first: "dataset",
                    second: "input",
                },
            ),
            (None, None) => self.wrong_key(path, ProblemKind::NoTexts),
            (Some(dataset), None) => self.dataset(path, dataset, options),
            (None, Some(_)) => self.files(path, options),
        }
    }

    /// A dataset's name and split. How its files are read is known, so nothing else may be said.
    fn dataset(
        &mut self,
        path: &KeyPath,
        dataset: &str,
        options: &IngestOptions,
    ) -> Option<IngestSettings> {
        let dataset = self.text(&path.key("dataset"), dataset);
        let reading = [
            ("format", options.format.is_some()),
            ("header", options.header.is_some()),
            ("text_column", options.text_column.is_some()),
            ("label_column", options.label_column.is_some()),
            ("id_column", options.id_column.is_some()),
            ("metadata_columns", options.metadata_columns.is_some()),
            ("classes", options.classes.is_some()),
            ("missing_labels", options.missing_labels.is_some()),
            ("label_numbers", options.label_numbers.is_some()),
            ("rename_classes", options.rename_classes.is_some()),
            ("delimiter", options.delimiter.is_some()),
            ("quoting", options.quoting.is_some()),
            ("encoding", options.encoding.is_some()),
            ("invalid_text", options.invalid_text.is_some()),
            ("records", options.records.is_some()),
        ];
        if let Some((second, _)) = reading.into_iter().find(|(_, given)| *given) {
            let first = "dataset";
            return self.wrong_key(&path.key(second), ProblemKind::Conflict { first, second });
        }
        let split = match &options.split {
            None => self.wrong_key(path, ProblemKind::MissingField { field: "split" }),
            Some(split) => self.text(&path.key("split"), split),
        };
        Some(IngestSettings::Dataset {
            dataset: dataset?,
            split: split?,
        })
    }

    fn files(&mut self, path: &KeyPath, options: &IngestOptions) -> Option<IngestSettings> {
        if options.split.is_some() {
            let (first, second) = ("input", "split");
            return self.wrong_key(&path.key(second), ProblemKind::Conflict { first, second });
        }
        let input: Vec<_> = options
            .input
            .iter()
            .flat_map(|input| &input.0)
            .map(|input| self.path(&path.key("input"), input))
            .collect();
        let input: Vec<_> = input.into_iter().collect::<Option<_>>()?;
        if input.is_empty() {
            let expected = "give a file";
            return self.wrong(&path.key("input"), ProblemKind::Nothing { expected });
        }
        let column = |column: &Option<crate::spec::options::ColumnOption>| {
            column.as_ref().map(|column| column.0.clone())
        };
        let metadata = options.metadata_columns.iter().flatten();
        let missing = options.missing_labels.iter().flatten();
        let renames = options.rename_classes.iter().flat_map(|renames| &renames.0);
        let config = IngestConfig::try_from(goldpan_ingest::IngestOptions {
            input,
            format: options.format,
            header: options.header,
            text_column: column(&options.text_column),
            label_column: column(&options.label_column),
            id_column: column(&options.id_column),
            metadata_columns: metadata.map(|column| column.0.clone()).collect(),
            classes: self.class_names(path, options.classes.as_ref())?,
            missing_labels: missing.map(|label| label.0.clone()).collect(),
            label_numbers: options.label_numbers.unwrap_or_default(),
            rename_classes: renames
                .map(|(old, new)| (old.clone(), new.0.clone()))
                .collect(),
            delimiter: options.delimiter,
            quoting: options.quoting,
            encoding: options.encoding.clone(),
            invalid_text: options.invalid_text,
            records: options.records.clone(),
        });
        match config {
            Ok(config) => Some(IngestSettings::Files(Box::new(config))),
            // All but the classes and the metadata columns was checked above.
            Err(error) => {
                let key = match error {
                    goldpan_ingest::Error::MetadataName { .. } => "metadata_columns",
                    goldpan_ingest::Error::RenamedTwice { .. } => "rename_classes",
                    goldpan_ingest::Error::MissingClass { .. } => "missing_labels",
                    goldpan_ingest::Error::NumbersOfNothing => "label_numbers",
                    goldpan_ingest::Error::UnknownEncoding { .. } => "encoding",
                    _ if options.classes.is_none() => "rename_classes",
                    _ => "classes",
                };
                self.wrong(&path.key(key), ProblemKind::Ingest(Arc::new(error)))
            }
        }
    }

    /// The names of the classes, where they are given; `None` after a problem.
    fn class_names(
        &mut self,
        path: &KeyPath,
        classes: Option<&ClassesOption>,
    ) -> Option<Option<Vec<String>>> {
        let path = match classes {
            None => return Some(None),
            Some(ClassesOption::Names(names)) => return Some(Some(names.clone())),
            Some(ClassesOption::File(file)) => (path.key("classes").key("file"), file),
        };
        match goldpan_ingest::read_class_names(path.1) {
            Ok(names) => Some(Some(names)),
            Err(error) => self.wrong(&path.0, ProblemKind::Ingest(Arc::new(error))),
        }
    }

    fn embed(&mut self, path: &KeyPath, options: &EmbedOptions) -> Option<EmbedSettings> {
        let texts = self.stage(&path.key("texts"), &options.texts, StageKind::Ingest);
        let model = self.model(&path.key("model"), &options.model);
        let max_length = self.optional_count(&path.key("max_length"), options.max_length);
        Some(EmbedSettings {
            texts: texts?,
            model: model?,
            encoding: EncodingSettings {
                max_length: max_length?,
                normalize: options.normalize,
                prompt: options.prompt.clone(),
                precision: options.precision.unwrap_or_default(),
            },
        })
    }

    fn train(
        &mut self,
        path: &KeyPath,
        options: &'a TrainStageOptions,
    ) -> Option<TrainStageSettings> {
        let texts = self.stage(&path.key("texts"), &options.texts, StageKind::Ingest);
        let labelled = self.made_from(
            &path.key("labelled"),
            options.labelled.as_deref(),
            StageKind::Select,
            texts.as_ref().map(Name::as_str),
        );
        let validation = path.key("validation");
        let validation = self.validation(&validation, &options.validation, &options.texts);
        let base = self.base(&path.key("model"), &options.model);
        let model = &path.key("model");
        let train = options.train();
        let training = self.training(path, &train, model, &options.model, &options.texts);
        let previous = match options.init.as_deref() {
            None | Some("base") => Some(None),
            Some(name) => self
                .stage(&path.key("init"), name, StageKind::Train)
                .map(Some),
        };
        Some(TrainStageSettings {
            texts: texts?,
            labelled: labelled?,
            validation: validation?,
            base: base?,
            training: training?.seeded(options.seed.unwrap_or_default()),
            previous: previous?,
        })
    }

    /// The name of a base model, given alone or as `base`.
    pub(super) fn base(&mut self, path: &KeyPath, options: &ModelOptions) -> Option<String> {
        self.model(&path.key("base"), &options.base)
    }

    fn predict(&mut self, path: &KeyPath, options: &PredictOptions) -> Option<PredictSettings> {
        let texts = self.stage(&path.key("texts"), &options.texts, StageKind::Ingest);
        let model = path.key("model");
        let mut trained_with = None;
        let zero_shot = options.zero_shot.as_ref();
        let model = match (self.find(&options.model), zero_shot) {
            (Some(_), Some(_)) => {
                let model_name = options.model.clone();
                self.wrong(&model, ProblemKind::ZeroShotOfStage { model: model_name })
            }
            (None, Some(zero_shot)) => {
                let name = self.model(&model, &options.model);
                let path = path.key("zero_shot");
                let settings = self.zero_shot(&path, zero_shot, &options.texts);
                name.zip(settings)
                    .map(|(model, settings)| PredictModel::ZeroShot { model, settings })
            }
            (Some(stage), None) => {
                if let StageOptions::Train(train) = stage {
                    trained_with = train.max_length;
                }
                self.stage(&model, &options.model, StageKind::Train)
                    .map(PredictModel::Trained)
            }
            (None, None) => self.model(&model, &options.model).map(PredictModel::Named),
        };
        // A model sees texts cut as in its training, unless told otherwise.
        let max_length = options.max_length.or(trained_with);
        let max_length = self.optional_count(&path.key("max_length"), max_length);
        Some(PredictSettings {
            texts: texts?,
            model: model?,
            inference: InferenceSettings {
                max_length: max_length?,
                precision: options.precision.unwrap_or_default(),
            },
        })
    }

    fn select(&mut self, path: &KeyPath, options: &'a SelectOptions) -> Option<SelectSettings> {
        let strategy = self.rule(&path.key("strategy"), &options.strategy);
        self.needs(
            &path.key("strategy"),
            &options.strategy,
            Given {
                embeddings: options.embeddings.is_some(),
                predictions: options.predictions.is_some(),
            },
        );
        let count = self.budget(&path.key("count"), options.count, [&options.strategy]);
        let texts = match options.pool(self) {
            None => self.wrong_key(path, ProblemKind::MissingField { field: "texts" }),
            Some(texts) => {
                self.columns(&path.key("strategy"), &options.strategy, texts);
                self.stage(&path.key("texts"), texts, StageKind::Ingest)
            }
        };
        let pool = texts.as_ref().map(Name::as_str);
        let mut made = |key, name: &'a Option<String>, kind| {
            self.made_from(&path.key(key), name.as_deref(), kind, pool)
        };
        let embeddings = made("embeddings", &options.embeddings, StageKind::Embed);
        let predictions = made("predictions", &options.predictions, StageKind::Predict);
        let labelled = made("labelled", &options.labelled, StageKind::Select);
        Some(SelectSettings {
            strategy: strategy?,
            count: count?,
            texts: texts?,
            embeddings: embeddings?,
            predictions: predictions?,
            labelled: labelled?,
            seed: options.seed.unwrap_or_default(),
        })
    }

    fn evaluate(
        &mut self,
        path: &KeyPath,
        options: &'a EvaluateOptions,
    ) -> Option<EvaluateSettings> {
        let texts = self.stage(&path.key("texts"), &options.texts, StageKind::Ingest);
        let predictions = self.made_from(
            &path.key("predictions"),
            Some(&options.predictions),
            StageKind::Predict,
            texts.as_ref().map(Name::as_str),
        );
        Some(EvaluateSettings {
            predictions: predictions??,
            texts: texts?,
        })
    }
}
