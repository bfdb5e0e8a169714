//! What can go wrong with models and devices.

use crate::device::DeviceChoice;
use crate::weights::{HeaderFault, PickleFault, ShardFault};
use std::path::PathBuf;

/// An error of loading, running or saving a model. Messages name the path and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A probe on vectors that its base model's folder does not make by itself.
    #[error(
        "{path} is a probe on vectors with {what}, which an exported model would not have: embed without it, and \
         train again"
    )]
    ProbeExport {
        /// The probe's folder.
        path: PathBuf,
        /// What its vectors have.
        what: &'static str,
    },
    /// Descriptions that are not of the classes.
    #[error(
        "{}: describe each of the classes ({})",
        match (.without, .unknown) {
            (_, Some(unknown)) => format!("`{unknown}` is described and no class"),
            (Some(without), None) => format!("the class `{without}` is not described"),
            (None, None) => "descriptions are missing".to_owned(),
        },
        .names.join(", ")
    )]
    Described {
        /// A class without description.
        without: Option<String>,
        /// What is described and no class.
        unknown: Option<String>,
        /// The classes.
        names: Vec<String>,
    },
    /// A probe was solved on vectors of another length.
    #[error(
        "{path} was trained on vectors of {expected} components, and these have {found}: give the model or \
         the embeddings that it was trained on"
    )]
    ProbeDimension {
        /// The probe's folder.
        path: PathBuf,
        /// Components of these vectors.
        found: usize,
        /// Components of those it was trained on.
        expected: usize,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {path}: a model folder needs config.json, tokenizer.json and its weights")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A JSON file of the model is not what it should be.
    #[error("{path} is not the JSON that is expected there")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// The model's architecture is not one of those that are implemented.
    #[error("{path}: model_type is {found:?}; use a model of type bert or roberta")]
    Architecture {
        /// The model's config.json.
        path: PathBuf,
        /// Its model type.
        found: String,
    },
    /// The configuration asks for something that is not implemented.
    #[error("{path}: {key} = {value} is not supported; use a model with {supported}")]
    Unsupported {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What is supported.
        supported: &'static str,
    },
    /// A key that the library which wrote the file does not know either.
    #[error("{path}: the key {key} = {value} is not known; remove it, or use a model without it")]
    UnknownKey {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// A configuration and the weights, or another part of the model, do not agree.
    #[error(
        "{path} says that {key} is {said}, and by {tensor} in {weights} it is {found}: use the files \
         that belong together"
    )]
    Contradiction {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        said: usize,
        /// The file or folder that differs.
        weights: PathBuf,
        /// The tensor, or the part.
        tensor: String,
        /// What it says.
        found: usize,
    },
    /// The class names of a model contradict each other.
    #[error("{path}: {fault}; give each class its number from 0 on and a name of its own")]
    ClassNames {
        /// The config.json.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// The model has a head that does not classify texts.
    #[error(
        "{path} has {head}: give a model with a single-label classifier of two or more classes, or \
         train one with `goldpan train`"
    )]
    OtherHead {
        /// The model's folder.
        path: PathBuf,
        /// The head, in words.
        head: String,
    },
    /// The folder holds an adapter, without the model that it belongs to.
    #[error(
        "{folder} holds an adapter alone (adapter_config.json, and no config.json): give its base model, \
         and the adapter where a trained model is asked for"
    )]
    AdapterAlone {
        /// The folder.
        folder: PathBuf,
    },
    /// SetFit's head is a pickle, which is never run.
    #[error(
        "{path} is a head that SetFit pickled, and pickles are never run here: embed the texts with this \
         folder, and train a head with `goldpan train`"
    )]
    PickledHead {
        /// The model_head.pkl.
        path: PathBuf,
    },
    /// There is no tokenizer.
    #[error(
        "{folder} has no {sought}: save its tokenizer there (in Python, \
         `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`)"
    )]
    NoTokenizer {
        /// The model's folder.
        folder: PathBuf,
        /// The files looked for.
        sought: &'static str,
    },
    /// The tokenizer is of another kind than its class in transformers has.
    #[error(
        "{path} holds a {found} model, and the tokenizer's class in transformers has {needed}: name the \
         right tokenizer_class in tokenizer_config.json, or PreTrainedTokenizerFast to take the file as \
         it is"
    )]
    TokenizerModel {
        /// The tokenizer.json.
        path: PathBuf,
        /// The kind of its model.
        found: String,
        /// The kind that the class has.
        needed: &'static str,
    },
    /// A file of the model allows fewer tokens than a text has at least.
    #[error(
        "{path} allows {found} tokens of a text, and this model takes from {least} to {most}: give \
         --max-length, or mend the file"
    )]
    FolderLength {
        /// The file.
        path: PathBuf,
        /// The length that it says.
        found: usize,
        /// The least, the special tokens alone.
        least: usize,
        /// The most.
        most: usize,
    },
    /// A prompt that may be meant as a name, and is none.
    #[error(
        "{path} has no prompt named {asked:?} (it has {names}): give one of these names, or the prompt's \
         text itself"
    )]
    AmbiguousPrompt {
        /// The file with the prompts.
        path: PathBuf,
        /// What was asked for.
        asked: String,
        /// The names there.
        names: String,
    },
    /// A prompt leaves no room for a text.
    #[error(
        "the prompt {prompt:?} has {length} tokens, and texts are cut at {most}: shorten the prompt"
    )]
    LongPrompt {
        /// The prompt.
        prompt: String,
        /// Its tokens.
        length: usize,
        /// The most tokens of a text.
        most: usize,
    },
    /// The names of the encoder's tensors begin with something else than expected.
    #[error(
        "{path}: the encoder's tensors begin with {found:?}, and {expected} is expected by config.json: save \
         the model itself (in Python, `model.save_pretrained(FOLDER)`), or mend model_type"
    )]
    Prefix {
        /// The weights.
        path: PathBuf,
        /// What the names begin with.
        found: String,
        /// What they may begin with.
        expected: String,
    },
    /// A module of a sentence encoder has a tensor that is not its own.
    #[error("{path}: tensor {name} does not belong to this module: save the model anew")]
    ModuleTensor {
        /// The module's folder.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tokenizer cannot be loaded.
    #[error("cannot load the tokenizer {path}: it must be a tokenizer.json of a fast tokenizer")]
    Tokenizer {
        /// The tokenizer.json.
        path: PathBuf,
        /// The tokenizers library's reason.
        #[source]
        source: tokenizers::Error,
    },
    /// A text cannot be tokenized.
    #[error("a text cannot be tokenized")]
    Tokenize(#[source] tokenizers::Error),
    /// A token is outside the model's vocabulary.
    #[error(
        "{path}: the tokenizer gives token {token}, and the model has {vocabulary}: tokenizer and \
         model do not belong together"
    )]
    Vocabulary {
        /// The tokenizer.json.
        path: PathBuf,
        /// The highest token.
        token: usize,
        /// The size of the model's vocabulary.
        vocabulary: usize,
    },
    /// The asked maximum length is not possible.
    #[error("max_length {asked} is not possible: this model takes from {least} to {most} tokens")]
    MaxLength {
        /// The length asked for.
        asked: usize,
        /// The least, the special tokens alone.
        least: usize,
        /// The most.
        most: usize,
    },
    /// A folder has no weights.
    #[error(
        "{folder} has no weights: none of {} is there; fetch the model again, or save it as \
         model.safetensors", .sought.join(", ")
    )]
    NoWeights {
        /// The model's folder.
        folder: PathBuf,
        /// The files looked for.
        sought: Vec<String>,
    },
    /// A safetensors file is damaged, or made to do damage.
    #[error("{path} is no valid safetensors file: {fault}; fetch the model again, or save it anew")]
    Safetensors {
        /// The file.
        path: PathBuf,
        /// What is wrong, and with which tensor.
        fault: HeaderFault,
    },
    /// A file of pickled weights cannot be read.
    #[error(
        "{path} is refused: {fault}; fetch the model again, or convert it to safetensors (in Python, \
         `model.save_pretrained(FOLDER)`)"
    )]
    Pickle {
        /// The file.
        path: PathBuf,
        /// What is wrong, and with which tensor.
        fault: PickleFault,
    },
    /// The list of shards and the shards do not fit each other.
    #[error("{path} is refused: {fault}; fetch the model again, or save it anew")]
    Shards {
        /// The list of shards.
        path: PathBuf,
        /// What is wrong, and with which tensor.
        fault: ShardFault,
    },
    /// Two tensors of a model have the same name.
    #[error("{path}: tensor {name} is in {other} too: save the model anew, with each tensor once")]
    DuplicateTensor {
        /// The file of the second.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The file of the first.
        other: PathBuf,
    },
    /// Tensors that are not part of the model.
    #[error(
        "{path} has tensors that are not part of the model of {layers} layers that config.json \
         describes: {}{}; use the config.json that belongs to these weights",
        .names.join(", "), and_more(*.more)
    )]
    UnknownTensors {
        /// The file of the first.
        path: PathBuf,
        /// The first few names.
        names: Vec<String>,
        /// How many there are besides.
        more: usize,
        /// The encoder's layers by the configuration.
        layers: usize,
    },
    /// A weights file cannot be mapped.
    #[error("cannot map {path}")]
    Map {
        /// The file.
        path: PathBuf,
        /// The reason.
        #[source]
        source: goldpan_artifact::Error,
    },
    /// A tensor is not there.
    #[error("{path} has no tensor {name}: it is not a {family} model, or not all of it")]
    MissingTensor {
        /// The weights' file or folder.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// The architecture expected.
        family: String,
    },
    /// A tensor has another shape than the configuration says.
    #[error("{path}: tensor {name} has shape {found:?}, and {expected:?} is needed")]
    Shape {
        /// The weights' file or folder.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
    },
    /// A tensor has a type that is not implemented.
    #[error("{path}: tensor {name} has type {found}; f64, f32, f16 and bf16 are supported")]
    TensorType {
        /// The weights' file.
        path: PathBuf,
        /// The tensor.
        name: String,
        /// Its type.
        found: String,
    },
    /// A weight is NaN or infinite.
    #[error("{path}: tensor {name} holds a value that is not finite")]
    NotFinite {
        /// The weights' file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// The base model has no classification head, and no adapter brings one.
    #[error(
        "{path} has no classification head: give a model that was trained to classify, or train \
         one with `goldpan train`"
    )]
    NoHead {
        /// The model's folder.
        path: PathBuf,
    },
    /// The model has no masked-language head.
    #[error(
        "{path} has no masked-language head: give a model that was trained to fill gaps, such as \
         FacebookAI/roberta-base, or leave the prompt out"
    )]
    NoMaskedHead {
        /// The model's folder.
        path: PathBuf,
    },
    /// A prompt or its words do not suit the model.
    #[error(transparent)]
    Prompt(#[from] crate::prompt_error::PromptError),
    /// The number of classes differs from the head's.
    #[error("{path} was trained for {found} classes, and {expected} are needed")]
    Classes {
        /// The model's folder.
        path: PathBuf,
        /// The head's classes.
        found: usize,
        /// The classes asked for.
        expected: usize,
    },
    /// An adapter uses a part of PEFT that is not implemented.
    #[error(
        "{path}: {feature} is not supported: give a LoRA adapter of linear layers and the head"
    )]
    AdapterFeature {
        /// The adapter_config.json.
        path: PathBuf,
        /// The feature.
        feature: String,
    },
    /// An adapter was trained on another base model than the one that it is loaded on.
    #[error(
        "{path}: init_lora_weights {init:?} changes the base model's weights, so that this adapter \
         does not fit the base model as it is; merge it in PEFT (merge_and_unload), or save it with \
         path_initial_model_for_weight_conversion, which makes plain LoRA of it"
    )]
    AdapterBase {
        /// The adapter_config.json.
        path: PathBuf,
        /// How the adapter was initialised.
        init: String,
    },
    /// A pattern in an adapter's configuration cannot be compiled or matched.
    #[error("{path}: {key} has the pattern {pattern:?}, which cannot be matched: simplify it")]
    Pattern {
        /// The adapter_config.json.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// The pattern.
        pattern: String,
        /// The library's reason.
        #[source]
        source: Box<fancy_regex::Error>,
    },
    /// An adapter has a tensor for a module that is not adapted.
    #[error(
        "{path}: tensor {name} belongs to no module that target_modules in adapter_config.json names \
         in this base model: give the base model that the adapter was made for"
    )]
    StrayTensor {
        /// The adapter's weights.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A LoRA setting that makes no sense for this model.
    #[error("lora layer {layer} does not exist: the model has layers 0 to {last}")]
    Layer {
        /// The layer asked for.
        layer: usize,
        /// The model's last layer.
        last: usize,
    },
    /// The device is not part of this build.
    #[error(
        "device {device} is not part of this build: use cpu, or build with `--features {feature}`"
    )]
    DeviceNotBuilt {
        /// The device.
        device: DeviceChoice,
        /// The feature that brings it.
        feature: &'static str,
    },
    /// A trained model's card was written by a newer version.
    #[error("{path} has format {format}, which this version does not know: update goldpan")]
    NewerCard {
        /// The goldpan.json.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The folder to be written holds something.
    #[error("{path} exists and is not empty: remove it or choose another --out")]
    OutputExists {
        /// The folder.
        path: PathBuf,
    },
    /// A head that was trained alone, which no adapter of PEFT's holds.
    #[error(
        "{path} holds a head that was trained alone, and PEFT has no format for it: export the \
         whole model with --merged"
    )]
    HeadAlone {
        /// The trained model's folder.
        path: PathBuf,
    },
    /// The user stopped the work.
    #[error("stopped")]
    Cancelled,
    /// A file that a model is made of, or from, is no longer what it was.
    #[error(transparent)]
    Changed(goldpan_artifact::Error),
    /// A file cannot be written.
    #[error("cannot save the model")]
    Save(#[source] goldpan_artifact::Error),
    /// The tensors cannot be put into the safetensors format.
    #[error("cannot put the model's tensors into {path}")]
    Encode {
        /// The file to be written.
        path: PathBuf,
        /// The safetensors library's reason.
        #[source]
        source: safetensors::SafeTensorError,
    },
}

fn and_more(count: usize) -> String {
    match count {
        0 => String::new(),
        count => format!(" and {count} more"),
    }
}

/// Reads and parses a JSON file.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: PathBuf) -> Result<T, Error> {
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(source) => return Err(Error::Read { path, source }),
    };
    serde_json::from_slice(&text).map_err(|source| Error::Json { path, source })
}
