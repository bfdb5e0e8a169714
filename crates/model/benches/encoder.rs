//! How fast the encoder embeds, predicts and trains, and how far that is from what the processor can do.
//!
//! ```text
//! cargo xtask bench [DEVICE] [SECONDS]
//! ```
//!
//! The models are random, of the shapes of all-MiniLM-L6-v2 and of RoBERTa-base: speed does not depend on
//! the weights. Every text has the same number of tokens: 13 as SST-2's phrases on average, or 128. A row
//! is the median of five runs of SECONDS each (default: 2).
//!
//! The floor is the arithmetic of the matrix products (a multiply-add counts as two operations) at the
//! speed of the product kernel on operands that stay in the cache, measured first for each precision, on
//! all threads. No
//! product below the first adapter is counted for the backward pass, and of the last layer of a classifier
//! only what its first token needs.

use burn::tensor::{Tensor, TensorData};
use goldpan_artifact::rng;
use goldpan_kernels::FrozenLinear;
use goldpan_model::{
    Batch, Classifier, Device, DeviceChoice, Dropout, Encoder, EncoderConfig, LoraConfig,
    Precision, Start, Target, Tokens, Tuning, Weights, tokens_per_batch,
};
use rand::RngExt;
use rayon::prelude::*;
use safetensors::{Dtype, tensor::TensorView};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

/// Texts in a training step.
const BATCH: usize = 16;
const CLASSES: usize = 2;
const PRECISIONS: [Precision; 2] = [Precision::F32, Precision::Bf16];
/// Enough for random tokens; the size of this table costs no time.
const VOCABULARY: usize = 1000;

/// The shape of a BERT encoder.
struct Shape {
    name: &'static str,
    hidden: usize,
    layers: usize,
    heads: usize,
    intermediate: usize,
}

const SHAPES: [Shape; 2] = [
    Shape {
        name: "MiniLM-L6",
        hidden: 384,
        layers: 6,
        heads: 12,
        intermediate: 1536,
    },
    Shape {
        name: "RoBERTa-base",
        hidden: 768,
        layers: 12,
        heads: 12,
        intermediate: 3072,
    },
];

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let device = match arguments.first() {
        Some(name) => name.parse::<DeviceChoice>()?,
        None => DeviceChoice::Cpu,
    };
    let seconds = match arguments.get(1) {
        Some(seconds) => seconds.parse()?,
        None => 2.0,
    };
    let run = Duration::try_from_secs_f64(seconds)?;
    let device = device.open()?;
    let floors = PRECISIONS.map(|precision| {
        let fastest = fastest_product(&device.with_precision(precision), run);
        println!(
            "Products in the cache, {precision:?}: {:.0} GFLOP/s",
            fastest / 1e9
        );
        fastest
    });
    println!();
    println!("| model | tokens | precision | work | texts/s | GFLOP/s | of the floor |");
    println!("|---|---:|---|---|---:|---:|---:|");
    for shape in &SHAPES {
        let folder = tempfile::tempdir()?;
        shape.write(folder.path())?;
        for (precision, fastest) in PRECISIONS.into_iter().zip(floors) {
            let device = device.with_precision(precision);
            for tokens in [13, 128] {
                for work in Work::ALL {
                    let rate = work.rate(shape, folder.path(), tokens, &device, run)?;
                    let speed = rate * work.operations(shape, tokens);
                    println!(
                        "| {} | {tokens} | {precision:?} | {work:?} | {rate:.0} | {:.0} | {:.0} % |",
                        shape.name,
                        speed / 1e9,
                        100.0 * speed / fastest
                    );
                }
            }
        }
    }
    Ok(())
}

/// Operations per second of products that stay in the cache: a layer for each thread, whose few rows it
/// multiplies again and again. The fastest of all runs, since this is a floor.
fn fastest_product(device: &Device, run: Duration) -> f64 {
    const SIZE: usize = 384;
    const ROWS: usize = 96;
    const PRODUCTS: usize = 64;
    let precision = device.precision();
    let device = device.tensors();
    let weight = numbers(SIZE * SIZE, "weight");
    let layer = FrozenLinear::new(&weight, vec![0.0; SIZE], precision, device);
    let data = TensorData::new(numbers(ROWS * SIZE, "x"), [ROWS, SIZE]);
    let x = Tensor::<2>::from_data(data, device);
    let threads = rayon::current_num_threads();
    let seconds = fastest_seconds(run, || {
        let all = (0..threads * PRODUCTS)
            .into_par_iter()
            .with_min_len(PRODUCTS);
        all.for_each(|_| {
            black_box(layer.forward(x.clone()));
        });
    });
    let operations = 2.0 * (threads * PRODUCTS * ROWS * SIZE * SIZE) as f64;
    operations / seconds
}

/// The least seconds of a call.
fn fastest_seconds(run: Duration, mut call: impl FnMut()) -> f64 {
    call();
    let start = Instant::now();
    let mut fastest = f64::INFINITY;
    while start.elapsed() < run {
        let began = Instant::now();
        call();
        fastest = fastest.min(began.elapsed().as_secs_f64());
    }
    fastest
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
enum Work {
    Embed,
    Predict,
    Train,
}

impl Work {
    const ALL: [Self; 3] = [Self::Embed, Self::Predict, Self::Train];

    /// Texts per second.
    fn rate(
        self,
        shape: &Shape,
        folder: &Path,
        tokens: usize,
        device: &Device,
        run: Duration,
    ) -> Result<f64, Failure> {
        let batch_size = match self {
            Self::Embed | Self::Predict => tokens_per_batch(device.tensors()) / tokens,
            Self::Train => BATCH,
        };
        // As the stages do: batches without gradients run on all threads at once, steps one by one.
        let batches = match self {
            Self::Embed | Self::Predict => 4 * rayon::current_num_threads(),
            Self::Train => 1,
        };
        let count = batch_size * batches;
        let config = EncoderConfig::read(folder)?;
        let texts = texts(batch_size, tokens);
        let batch = || Batch::new(&texts, &config);
        let classes: Vec<String> = (0..CLASSES).map(|class| class.to_string()).collect();
        let (classifier, parameters, _) =
            Classifier::to_train(folder, &classes, &Tuning::Lora(shape.lora()), 0, device)?;
        let passes = match self {
            Self::Embed => {
                let encoder = Encoder::load(&Weights::open(folder)?, config.clone(), device)?;
                median_rate(run, || {
                    let states = |_| encoder.forward(&batch()).states.into_data();
                    (0..batches).into_par_iter().map(states).collect::<Vec<_>>()
                })
            }
            Self::Predict => median_rate(run, || {
                let logits = |_| {
                    let start = Start::Tokens(batch());
                    classifier.logits(start, &parameters).into_data()
                };
                (0..batches).into_par_iter().map(logits).collect::<Vec<_>>()
            }),
            Self::Train => {
                let parameters = parameters.tracked();
                let dropout = Dropout {
                    adapter: 0.0,
                    head: 0.0,
                    seed: 0,
                    pass: String::new(),
                };
                median_rate(run, || {
                    let start = Start::Tokens(batch());
                    let logits = classifier.training_logits(start, &parameters, &dropout);
                    let gradients = logits.square().mean().backward();
                    for (name, tensor) in parameters.iter() {
                        let gradient = tensor.grad(&gradients);
                        gradient
                            .unwrap_or_else(|| panic!("{name} takes part"))
                            .into_data();
                    }
                })
            }
        };
        Ok(passes * count as f64)
    }

    /// Operations of the matrix products with frozen weights, for one text.
    fn operations(self, shape: &Shape, tokens: usize) -> f64 {
        let (hidden, inner) = (shape.hidden, shape.intermediate);
        let of_queries = 2 * hidden * hidden + 2 * hidden * inner;
        let of_keys = 2 * hidden * hidden;
        let layer = tokens * (of_queries + of_keys);
        // One token's queries.
        let last = of_queries + tokens * of_keys;
        let forward = match self {
            Self::Embed => shape.layers * layer,
            Self::Predict | Self::Train => (shape.layers - 1) * layer + last,
        };
        let backward = match self {
            Self::Embed | Self::Predict => 0,
            // Nothing is below the first layer's queries, keys and values.
            Self::Train => forward - tokens * 3 * hidden * hidden,
        };
        2.0 * (forward + backward) as f64
    }
}

/// Calls per second: the median of five runs.
fn median_rate<R>(run: Duration, mut call: impl FnMut() -> R) -> f64 {
    call();
    let mut rates: Vec<f64> = (0..5)
        .map(|_| {
            let (start, mut calls) = (Instant::now(), 0);
            while start.elapsed() < run {
                call();
                calls += 1;
            }
            f64::from(calls) / start.elapsed().as_secs_f64()
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[2]
}

fn texts(count: usize, tokens: usize) -> Vec<Tokens> {
    let mut random = rng(0, "bench/texts");
    let mut token = || random.random_range(5..VOCABULARY as u32);
    (0..count)
        .map(|_| (0..tokens).map(|_| token()).collect())
        .collect()
}

fn numbers(count: usize, name: &str) -> Vec<f32> {
    let mut random = rng(0, name);
    (0..count)
        .map(|_| random.random_range(-0.05..0.05))
        .collect()
}

impl Shape {
    fn lora(&self) -> LoraConfig {
        LoraConfig {
            rank: 8,
            alpha: 16.0,
            targets: [Target::Query, Target::Value].into(),
            layers: None,
            dropout: 0.0,
        }
    }

    /// Writes a random BERT model of this shape.
    fn write(&self, folder: &Path) -> Result<(), Failure> {
        const POSITIONS: usize = 512;
        let config = serde_json::json!({
            "model_type": "bert",
            "vocab_size": VOCABULARY,
            "hidden_size": self.hidden,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.intermediate,
            "max_position_embeddings": POSITIONS,
            "type_vocab_size": 2,
            "layer_norm_eps": 1e-12,
            "hidden_act": "gelu",
            "pad_token_id": 0,
        });
        std::fs::write(folder.join("config.json"), config.to_string())?;
        let (hidden, inner) = (self.hidden, self.intermediate);
        let mut shapes = vec![
            (
                "embeddings.word_embeddings.weight".to_owned(),
                vec![VOCABULARY, hidden],
            ),
            (
                "embeddings.position_embeddings.weight".to_owned(),
                vec![POSITIONS, hidden],
            ),
            (
                "embeddings.token_type_embeddings.weight".to_owned(),
                vec![2, hidden],
            ),
        ];
        let mut add = |name: &str, weight: Vec<usize>| {
            shapes.push((format!("{name}.bias"), vec![weight[0]]));
            shapes.push((format!("{name}.weight"), weight));
        };
        add("embeddings.LayerNorm", vec![hidden]);
        add("pooler.dense", vec![hidden, hidden]);
        for layer in 0..self.layers {
            let mut add = |name: &str, weight: Vec<usize>| {
                add(&format!("encoder.layer.{layer}.{name}"), weight);
            };
            for name in ["self.query", "self.key", "self.value", "output.dense"] {
                add(&format!("attention.{name}"), vec![hidden, hidden]);
            }
            add("attention.output.LayerNorm", vec![hidden]);
            add("intermediate.dense", vec![inner, hidden]);
            add("output.dense", vec![hidden, inner]);
            add("output.LayerNorm", vec![hidden]);
        }
        let bytes: Vec<Vec<u8>> = shapes
            .iter()
            .map(|(name, shape)| {
                let values = numbers(shape.iter().product(), name);
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect()
            })
            .collect();
        let views = shapes
            .into_iter()
            .zip(&bytes)
            .map(|((name, shape), bytes)| Ok((name, TensorView::new(Dtype::F32, shape, bytes)?)));
        let views = views.collect::<Result<Vec<_>, Failure>>()?;
        safetensors::serialize_to_file(views, None, &folder.join("model.safetensors"))?;
        Ok(())
    }
}
