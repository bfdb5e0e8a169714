//! A small world to train in: texts with obvious labels and a tiny random model.

use goldpan_artifact::{Digest, Labelled, Producer, Progress, Texts, TextsWriter};
use goldpan_model::{BaseModel, Device, DeviceChoice, LoraConfig, PrefixCache, Target, Tuning};
use goldpan_train::{Error, Inputs, Summary, TrainConfig, train};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const GOOD: [&str; 4] = [
    "good",
    "a wonderful film",
    "truly moving and funny",
    "the best",
];
const BAD: [&str; 4] = [
    "bad",
    "a dreadful film",
    "truly dull and silly",
    "the worst",
];

pub struct World {
    folder: tempfile::TempDir,
    pub texts: Texts,
    pub base: PathBuf,
    pub base_model: BaseModel,
    pub device: Device,
    pub previous: Option<PathBuf>,
}

/// Copies a model whose head is for two classes, and gives them these names.
pub fn copy_with_classes(from: &Path, to: &Path, names: &[String; 2]) {
    std::fs::create_dir_all(to).unwrap();
    let files = [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    for file in files {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let path = to.join("config.json");
    let text = std::fs::read(&path).unwrap();
    let mut config: serde_json::Value = serde_json::from_slice(&text).unwrap();
    config["id2label"] = serde_json::json!({"0": names[0], "1": names[1]});
    config.as_object_mut().unwrap().remove("label2id");
    std::fs::write(path, config.to_string()).unwrap();
}

/// Writes so many texts, of which 24 are different.
fn texts(path: &Path, count: u64) -> Texts {
    let classes = ["negative".to_owned(), "positive".to_owned()];
    let mut writer = TextsWriter::create(path, &classes, Producer::new("test", 1)).unwrap();
    for id in 0..count {
        let index = id % 24;
        let (words, label) = if index % 2 == 0 { (BAD, 0) } else { (GOOD, 1) };
        let words = words[index as usize / 2 % 4];
        let text = format!("{words} {}", "indeed ".repeat(index as usize / 8));
        writer.push(id, &text, Some(label), None).unwrap();
    }
    writer.finish().unwrap();
    Texts::open(path).unwrap()
}

impl World {
    /// One whose base model has a head for the texts' classes.
    pub fn new(family: &str) -> Self {
        Self::of(family, ["negative".to_owned(), "positive".to_owned()])
    }

    /// One whose base model's head is for others.
    #[allow(dead_code, reason = "not every test program asks for it")]
    pub fn of_other_classes(family: &str) -> Self {
        Self::of(family, ["no".to_owned(), "yes".to_owned()])
    }

    /// The texts so many times.
    #[allow(dead_code, reason = "not every test program asks for it")]
    pub fn of_times(&self, times: u64) -> Texts {
        texts(&self.path("many.arrow"), 24 * times)
    }

    fn of(family: &str, classes: [String; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let texts = texts(&folder.path().join("texts.arrow"), 24);
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures");
        let base = folder.path().join("base");
        copy_with_classes(&fixture.join(family), &base, &classes);
        Self {
            texts,
            base,
            base_model: BaseModel {
                name: family.to_owned(),
                digest: Digest::of(family),
            },
            device: DeviceChoice::Cpu.open().unwrap(),
            previous: None,
            folder,
        }
    }

    pub fn train(
        &self,
        config: &TrainConfig,
        labelled: &Labelled,
        out: &str,
        progress: &dyn Progress,
    ) -> Result<Summary, Error> {
        self.train_with(&PrefixCache::new(1 << 20), config, labelled, out, progress)
    }

    pub fn train_with(
        &self,
        cache: &PrefixCache,
        config: &TrainConfig,
        labelled: &Labelled,
        out: &str,
        progress: &dyn Progress,
    ) -> Result<Summary, Error> {
        self.trained(&self.texts, cache, config, labelled, out, progress)
    }

    #[allow(dead_code, reason = "not every test program asks for it")]
    pub fn train_on(
        &self,
        validation: &Texts,
        config: &TrainConfig,
        labelled: &Labelled,
        out: &str,
        progress: &dyn Progress,
    ) -> Result<Summary, Error> {
        let cache = PrefixCache::new(1 << 20);
        self.trained(validation, &cache, config, labelled, out, progress)
    }

    fn trained(
        &self,
        validation: &Texts,
        cache: &PrefixCache,
        config: &TrainConfig,
        labelled: &Labelled,
        out: &str,
        progress: &dyn Progress,
    ) -> Result<Summary, Error> {
        let inputs = Inputs {
            texts: &self.texts,
            labelled,
            validation,
            base: &self.base,
            base_model: &self.base_model,
            previous: self.previous.as_deref(),
        };
        let checkpoints = self.path(&format!("{out}.checkpoint"));
        let out = self.path(out);
        train(
            config,
            &inputs,
            cache,
            &self.device,
            &out,
            &checkpoints,
            progress,
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every file of a folder, by name.
    pub fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        std::fs::read_dir(self.path(name))
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect()
    }
}

pub fn all() -> Labelled {
    ids(&(0..24).collect::<Vec<_>>())
}

pub fn ids(ids: &[u64]) -> Labelled {
    Labelled {
        ids: ids.to_vec(),
        labels: None,
    }
}

pub fn lora() -> LoraConfig {
    LoraConfig {
        targets: Target::ALL.into(),
        ..TrainConfig::default_lora()
    }
}

pub fn config() -> TrainConfig {
    let mut config = TrainConfig {
        epochs: NonZeroUsize::new(3).unwrap(),
        batch_size: NonZeroUsize::new(5).unwrap(),
        learning_rate: 5e-3,
        ..TrainConfig::published()
    };
    config.tuning = Tuning::Lora(lora());
    config
}

/// Stops after a number of texts.
pub struct StopAfter {
    limit: u64,
    done: AtomicU64,
}

impl StopAfter {
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            done: AtomicU64::new(0),
        }
    }
}

impl Progress for StopAfter {
    fn begin(&self, _: &str, _: &str, _: Option<u64>) {}
    fn advance(&self, units: u64) {
        self.done.fetch_add(units, Ordering::Relaxed);
    }
    fn note(&self, _: &str) {}
    fn end(&self) {}
    fn cancelled(&self) -> bool {
        self.done.load(Ordering::Relaxed) >= self.limit
    }
    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}

/// Stops when it is asked for the `limit`th time whether to stop.
#[allow(dead_code, reason = "not every test program asks for it")]
pub struct AskedUntil {
    limit: u64,
    times: AtomicU64,
}

#[allow(dead_code, reason = "not every test program asks for it")]
impl AskedUntil {
    pub fn new(limit: u64) -> Self {
        let times = AtomicU64::new(0);
        Self { limit, times }
    }

    pub fn times(&self) -> u64 {
        self.times.load(Ordering::Relaxed)
    }
}

impl Progress for AskedUntil {
    fn begin(&self, _: &str, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
    fn end(&self) {}
    fn cancelled(&self) -> bool {
        self.times.fetch_add(1, Ordering::Relaxed) + 1 >= self.limit
    }
    fn beside(&self) -> Box<dyn Progress + '_> {
        Box::new(self)
    }
}
