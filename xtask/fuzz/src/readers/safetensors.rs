//! Safetensors files, alone and as an adapter with its `adapter_config.json`.

use std::path::Path;
use std::sync::OnceLock;

use goldpan_model::{Adapter, Device, DeviceChoice, Weights};

use super::{Reader, as_it_is, files, put, told, written};
use crate::input::Input;

const ADAPTER: &str = "crates/model/tests/fixtures/tiny-bert/adapter";

/// The reader of safetensors files.
pub const READER: Reader = Reader {
    name: "safetensors",
    samples: |folder| {
        let mut samples = files("crates/model/tests/fixtures/micro-bert", &[".safetensors"]);
        for file in files(ADAPTER, &[".safetensors", ".json"]) {
            put(&folder.join(&file.name), &file.bytes);
            samples.push(file);
        }
        samples
    },
    words: &[
        b"{",
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\"F32\"",
        b"\"F16\"",
        b"\"BF16\"",
        b"\"I64\"",
        b"\"F8_E4M3\"",
        b"\"dtype\"",
        b"\"shape\"",
        b"\"data_offsets\"",
        b"__metadata__",
        b"[0,0]",
        b"1e3",
        b"-1",
        b"null",
        b"\"r\"",
        b"lora_A",
        b"target_modules",
        b"\\u0000",
    ],
    finish: as_it_is,
    read,
};

fn read(folder: &Path, input: &Input) {
    let path = written(folder, input);
    if input.name.ends_with(".safetensors")
        && let Some(weights) = told(Weights::open_file(&path))
    {
        tensors(&weights);
    }
    if input.name.starts_with("adapter") {
        told(Adapter::read(folder, device()));
        // The next input is of one of the two files, and finds the other as it was.
        for file in originals() {
            if file.name == input.name {
                put(&folder.join(&file.name), &file.bytes);
            }
        }
    }
}

fn originals() -> &'static [Input] {
    static FILES: OnceLock<Vec<Input>> = OnceLock::new();
    FILES.get_or_init(|| files(ADAPTER, &[".safetensors", ".json"]))
}

fn device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| match DeviceChoice::Cpu.open() {
        Ok(device) => device,
        Err(error) => panic!("there is no processor: {error}"),
    })
}

/// Reads the values of all tensors.
pub fn tensors(weights: &Weights) {
    let names: Vec<String> = weights.names().map(str::to_owned).collect();
    for name in names {
        let shape = weights.shape(&name).unwrap_or_default().to_vec();
        told(weights.values(&name, &shape));
        told(weights.values(&name, &[1]));
    }
}
