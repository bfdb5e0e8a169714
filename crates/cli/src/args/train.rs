//! `goldpan train`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use goldpan_model::AutoConfig;
use goldpan_train::{ClassWeights, TrainConfig, WeightDecay};

use super::given::Given;
use super::numbers::{part, positive, ratio};
use super::predict::class;
use super::training::{Metric, NewHead, Schedule, Targets, Tune};
use super::{Computation, DeviceArgs, LabelledArgs};

const STEPS: &str = "Steps";
const LOSS: &str = "Loss";
const EPOCHS: &str = "Epochs";
const PROBE: &str = "Probe (with --tune probe or auto)";
const AUTO: &str = "Choice (with --tune auto)";
const LORA: &str = "LoRA (with --tune lora)";

const AFTER: &str = "\
L says which texts are labelled: a selection or labels table, or a file of any format that `goldpan
ingest` reads. A row's text is named by a column `key`, or one called as your ids were; by its row
number from 0 in a column `id`; or by the text itself. What a file says twice has to agree, and
numbers that labelling tools give their tasks are passed over; --join settles what stays open. A
row without a label counts as shown and is not trained on. Without a column `label`, the labels
are those of TEXTS. Without L, all texts with a label are used.

The epoch with the best validation is kept, of equal ones that with the lowest loss. MODEL_DIR gets
goldpan.json, history.arrow and what was trained: adapter_model.safetensors and adapter_config.json
as PEFT writes them, with --tune head head.safetensors, with --tune probe probe.safetensors, with
--tune full a whole model as transformers writes it. Finished epochs are kept in
MODEL_DIR.checkpoint until the end: the same command goes on from there.

--tune auto compares a probe, the probe with the votes of the nearest texts (labels that flow along
the neighbours of up to 10,000 of TEXTS, voters.safetensors), and, from 50 labels on, adapters in
the upper half of the layers that begin where the probe ends. Votes have to be better than the
probe, and adapters than votes, by more than chance with labelled texts that are held out; beside a
probe alone, adapters have to be no worse. Validation texts have no say. `goldpan show` tells what
was compared. Adapters are trained --adapter-steps at most: with more than some 6,000 labels more of
them, or --tune lora, may do better, given the time.

Vectors are centred by the mean of all texts, classes weigh the same, and one temperature, from
labelled texts held out, makes probabilities of logits.

A full fine-tuning wants a lower learning rate, such as 2e-5, a head alone a higher one, such as 1e-2.
The file pipelines/training.yaml explains every setting.

Examples:
  goldpan train --texts texts.arrow --labelled labels.csv --validation dev.arrow \\
    --model sentence-transformers/all-MiniLM-L6-v2 --out model
  goldpan train --texts texts.arrow --labelled labels.csv --validation dev.arrow --tune probe \\
    --model sentence-transformers/all-MiniLM-L6-v2 --embeddings vectors.arrow --out probe
  goldpan train --texts texts.arrow --labelled labels.csv --validation dev.arrow --tune probe \\
    --class 'negative=a bad film' --class 'positive=a good film' --class 'positive=I loved it.' \\
    --model sentence-transformers/all-MiniLM-L6-v2 --out probe
  goldpan train --texts texts.arrow --validation dev.arrow --model ./base --out head \\
    --tune head --learning-rate 1e-2
  goldpan train --texts texts.arrow --validation dev.arrow --model ./base --out careful \\
    --lora-targets all-linear --lora-dropout 0.1 --class-weights balanced --patience 2";

/// Train a classifier on a pretrained encoder: LoRA adapters and a head, the head alone, or all
#[derive(Debug, Args)]
#[command(after_help = AFTER)]
pub struct TrainArgs {
    /// The options that were given: first, as it sees what the others take
    #[command(flatten)]
    pub given: Given,
    /// The table of texts
    #[arg(long, value_name = "TEXTS")]
    pub texts: PathBuf,
    /// Join tables by id even where they were made from other texts
    #[arg(long)]
    pub allow_other_texts: bool,
    /// The table of texts to validate on after each epoch
    #[arg(long, value_name = "TEXTS")]
    pub validation: PathBuf,
    /// The pretrained encoder
    #[arg(long, value_name = "NAME_OR_DIR")]
    pub model: String,
    /// The model's folder to make
    #[arg(long, value_name = "MODEL_DIR")]
    pub out: PathBuf,
    /// A model's folder to start from, of the same base model and kind [default: the base model]
    #[arg(long, value_name = "MODEL_DIR")]
    pub init: Option<PathBuf>,
    /// What is trained: lora (adapters and the head), full (everything), head (the head alone), probe
    /// (logistic regression on sentence embeddings, solved in moments), or auto (what does best with
    /// labelled texts that are held out) [default: auto, or lora where an option of its training is
    /// given]
    #[arg(long, value_name = "HOW", hide_possible_values = true)]
    pub tune: Option<Tune>,
    /// Vectors of TEXTS that MODEL made; without them they are made now, and forgotten
    #[arg(long, value_name = "EMBEDDINGS", help_heading = PROBE)]
    pub embeddings: Option<PathBuf>,
    /// Vectors of the validation texts
    #[arg(long, value_name = "EMBEDDINGS", help_heading = PROBE)]
    pub validation_embeddings: Option<PathBuf>,
    /// What describes a class, for each of them, and again for more descriptions: worth many labels where
    /// there are few
    #[arg(long, value_name = "NAME=TEXT", value_parser = class, help_heading = PROBE)]
    pub class: Vec<(String, String)>,
    /// What the sum of the losses is multiplied with, scikit-learn's C [default: half the number of
    /// classes that have labels]
    #[arg(long, value_name = "X", value_parser = positive, help_heading = PROBE)]
    pub probe_strength: Option<f64>,
    /// The most steps, of 32 texts each, that adapters are trained; with 0 they are not tried
    #[arg(long, value_name = "N", default_value_t = AutoConfig::default().steps, help_heading = AUTO)]
    pub adapter_steps: usize,
    /// Passes over the labelled texts, of which each is several where they are few (--min-steps)
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().epochs,
        help_heading = STEPS)]
    pub epochs: NonZeroUsize,
    /// The fewest steps: few labelled texts are gone through several times in an epoch
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().min_steps,
        help_heading = STEPS)]
    pub min_steps: usize,
    /// What a head that MODEL does not have starts from: solved (logistic regression on the labelled
    /// texts, so that training begins where a linear probe ends) or random
    #[arg(long, value_name = "START", default_value = "solved", hide_possible_values = true,
        help_heading = STEPS)]
    pub new_head: NewHead,
    /// Texts in a forward pass
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().batch_size,
        help_heading = STEPS)]
    pub batch_size: NonZeroUsize,
    /// Forward passes in a step
    #[arg(long, value_name = "N", default_value_t = TrainConfig::default().gradient_accumulation,
        help_heading = STEPS)]
    pub gradient_accumulation: NonZeroUsize,
    /// The highest learning rate
    #[arg(long, value_name = "X", value_parser = positive,
        default_value_t = TrainConfig::default().learning_rate, help_heading = STEPS)]
    pub learning_rate: f64,
    /// How the learning rate goes on after the warm-up
    #[arg(long, value_name = "NAME", default_value = "linear", help_heading = STEPS)]
    pub schedule: Schedule,
    /// The part of all steps in which the learning rate rises
    #[arg(long, value_name = "X", value_parser = ratio,
        default_value_t = TrainConfig::default().warmup_ratio, help_heading = STEPS)]
    pub warmup_ratio: f64,
    /// AdamW's weight decay: for all tensors, or by group (lora, encoder, head, bias, norm), such
    /// as `head=0.01,bias=0`, where groups left out have 0.1
    #[arg(long, value_name = "X", default_value = "0.1", help_heading = STEPS)]
    pub weight_decay: WeightDecay,
    /// Scale gradients down to this norm [default: as they are]
    #[arg(long, value_name = "X", value_parser = positive, help_heading = STEPS)]
    pub clip_norm: Option<f64>,
    /// The part of the target spread over all classes
    #[arg(long, value_name = "X", value_parser = part, default_value = "0", help_heading = LOSS)]
    pub label_smoothing: f64,
    /// The loss's weight by class: none, balanced, or a number for each class, such as `1,2.5`
    #[arg(long, value_name = "WEIGHTS", default_value = "none", help_heading = LOSS)]
    pub class_weights: ClassWeights,
    /// The part of the head's inputs that is dropped
    #[arg(long, value_name = "X", value_parser = part, default_value = "0", help_heading = LOSS)]
    pub classifier_dropout: f64,
    /// What the kept epoch is best in; of equal epochs the one with the lowest loss is kept
    #[arg(long, value_name = "NAME", default_value = "accuracy", help_heading = EPOCHS)]
    pub validation_metric: Metric,
    /// Stop after so many epochs that are no better, nor as good with a lower loss [default: do all
    /// epochs]
    #[arg(long, value_name = "N", help_heading = EPOCHS)]
    pub patience: Option<NonZeroUsize>,
    /// The most tokens of a text that are used [default: as many as the model takes]
    #[arg(long, value_name = "N")]
    pub max_length: Option<NonZeroUsize>,
    /// The adapters' inner dimension
    #[arg(long, value_name = "N", default_value = "8", help_heading = LORA)]
    pub lora_rank: NonZeroUsize,
    /// The adapters' output is scaled by this over the rank
    #[arg(long, value_name = "X", value_parser = positive, default_value = "16",
        help_heading = LORA)]
    pub lora_alpha: f64,
    /// The linear layers adapted: query, key, value, attention.output.dense, intermediate.dense,
    /// output.dense, or all-linear
    #[arg(
        long,
        value_name = "NAME,NAME...",
        value_delimiter = ',',
        default_value = "query,value",
        help_heading = LORA
    )]
    pub lora_targets: Vec<Targets>,
    /// The encoder layers adapted, from 0 [default: all]
    #[arg(long, value_name = "N,N...", value_delimiter = ',', help_heading = LORA)]
    pub lora_layers: Option<Vec<usize>>,
    /// The part of the adapters' inputs that is dropped
    #[arg(long, value_name = "X", value_parser = part, default_value = "0", help_heading = LORA)]
    pub lora_dropout: f64,
    /// The precision to compute in [default: f32, and bf16 where auto trains adapters]
    #[arg(long, value_name = "PRECISION")]
    pub precision: Option<Computation>,
    /// Decides the order of texts and the new tensors
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    #[command(flatten)]
    pub labelled: LabelledArgs,
    #[command(flatten)]
    pub device: DeviceArgs,
}
