//! Weights that `torch.save` wrote, in its old and its new layout.

use goldpan_model::Weights;

use super::safetensors::tensors;
use super::{Reader, as_it_is, files, put, told};

/// The reader of pickled weights.
pub const READER: Reader = Reader {
    name: "pickle",
    samples: |_| {
        let mut samples = files("crates/model/tests/fixtures/micro-bert", &[".bin"]);
        // An archive of 11 KB, as torch writes them today.
        samples.extend(files(
            "crates/model/tests/fixtures/micro-bert/shards",
            &[".bin"],
        ));
        samples
    },
    words: &[
        b"\x80\x02",
        b"}q\x00",
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"ctorch\nFloatStorage\n",
        b"(",
        b"t",
        b"R",
        b"u.",
        b"K\x01",
        b"J\xff\xff\xff\xff",
        b"\x8a\x08",
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"data.pkl",
        b"X\xff\xff\xff\x7f",
        b"h\x00",
        b"q\x00",
        b"]",
        b"e",
    ],
    finish: as_it_is,
    read: |folder, input| {
        put(&folder.join("pytorch_model.bin"), &input.bytes);
        if let Some(weights) = told(Weights::open(folder)) {
            tensors(&weights);
        }
    },
};
