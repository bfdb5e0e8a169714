//! Text encoders on burn: tokenizers, BERT and RoBERTa, sentence embeddings, LoRA classifiers.
//!
//! A model is a folder as Hugging Face lays it out: `config.json`, `tokenizer.json` and
//! `model.safetensors` (or shards with their index); where that is missing, `pytorch_model.bin`, with
//! a warning. What its files say is done as transformers and sentence-transformers do it, or refused by
//! name; `docs/model-folder.md` has every key. [`SentenceEncoder`] turns texts into vectors as the folder's `modules.json` says;
//! [`Classifier`] turns them into logits through the base model's head or a LoRA
//! [`adapter`](Adapter) in PEFT's format. [`PromptClassifier`] and [`SimilarityClassifier`] classify
//! without any training.
//!
//! Everything works on *packed* tokens ([`Batch`]): the sequences of a batch lie end to end and no
//! padding is computed. Tensors are plain unless they depend on a trainable parameter, so nothing
//! below the first adapter is recorded for the backward pass.
//!
#![doc = include_str!("../PARITY.md")]

mod adaptation;
mod adapter;
mod batch;
mod card;
mod class_texts;
mod classifier;
mod config;
mod describe;
mod device;
mod dropout;
mod encoder;
mod error;
mod export;
mod head;
mod json_file;
mod linear;
mod lora;
mod masked;
mod notice;
mod output_folder;
mod parameters;
mod prefix;
mod probe;
mod prompt;
mod prompt_error;
mod sentence;
mod similarity;
mod stream;
mod template;
mod text_classifier;
mod tokenizer;
mod trained;
mod tuning;
mod verbalizer;
mod weights;

pub use adapter::Adapter;
pub use batch::{Batch, MOST_TOKENS_PER_BATCH, by_length, tokens_per_batch};
pub use card::{BaseModel, Candidate, Choice, Encoding, ModelCard};
pub use class_texts::ClassTexts;
pub use classifier::{Classifier, HeadSource, NewHead, Start};
pub use config::{EncoderConfig, Family};
pub use describe::describe;
pub use device::{Device, DeviceChoice, ParseDeviceError};
pub use dropout::Dropout;
pub use encoder::{Encoder, Hidden};
pub use error::Error;
pub use export::{NamedTensor, export_adapter, export_merged, export_probe, write_full_model};
pub use goldpan_kernels::Precision;
pub use head::Head;
pub use lora::{LoraConfig, ParseTargetError, Target};
pub use masked::MaskedLanguageModel;
pub use output_folder::{check_output, write_folder};
pub use parameters::{Frozen, Parameters, is_of_head, is_of_norm};
pub use prefix::PrefixCache;
pub use probe::{NEVER, Probe, Voters, votes};
pub use prompt::PromptClassifier;
pub use prompt_error::PromptError;
pub use sentence::{
    Pooling, SentenceAdapter, SentenceEncoder, SentenceOptions, SentencePrompt, unit,
};
pub use similarity::SimilarityClassifier;
pub use stream::for_each_text;
pub use template::{Template, TemplateError};
pub use text_classifier::TextClassifier;
pub use tokenizer::{TextTokenizer, Tokens};
pub use trained::{TrainedOn, read_trained, write_trained};
pub use tuning::{AutoConfig, ProbeConfig, Tuning, TuningKind};
pub use weights::{HeaderFault, PickleFault, ShardFault, Weights};
