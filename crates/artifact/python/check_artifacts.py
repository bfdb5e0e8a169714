"""Opens every kind of artifact with pyarrow and polars and checks schemas and values.

    cargo run -p goldpan-artifact --example write_every_kind -- DIR
    python check_artifacts.py DIR

The values below are those that `examples/write_every_kind.rs` writes.
"""

import json
import math
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa

BATCH = 65_536
SIZES = {"": 5, "-empty": 0, "-many": 70_000}
ORIGIN = {
    "goldpan.texts": "29a96bc9a4557cc357a9914627805410e61f5dbf9657831bc00b4fa071ebe6d5",
    "goldpan.texts_file": "pool.arrow",
    "goldpan.texts_rows": "5",
    "goldpan.model": "owner/model",
}
METADATA = ["stars", "größe"]
CLASSES = ["negative", "positive", "weiß nicht"]
TEXTS = [
    "a plain sentence",
    "",
    "naïve café — déjà vu",
    "日本語のテキスト\nzwei Zeilen",
    'gold 🪙 "pan"\t\0',
]


def required(name, kind):
    return pa.field(name, kind, nullable=False)


def vectors(kind, width):
    return pa.list_(pa.field("item", kind, nullable=False), width)


def float32(value):
    return pa.scalar(value, pa.float32()).as_py()


def embeddings(kind):
    fields = [required("id", pa.uint64()), required("embedding", vectors(kind, 3))]

    def rows(i):
        last = math.nan if i == 3 else -0.5
        return {"id": i, "embedding": [i % 100, i % 100 + 0.25, last]}

    return "embeddings", {}, fields, rows


def kinds():
    """File stem -> kind, metadata, fields, and a function from a row's number to the row."""
    classes = {"goldpan.classes": CLASSES}
    texts = [
        required("id", pa.uint64()),
        required("text", pa.large_utf8()),
        pa.field("label", pa.int32()),
        pa.field("key", pa.large_utf8()),
    ]

    def text(i):
        return {
            "id": 10 * i,
            "text": TEXTS[i % 5],
            "label": None if i % 3 == 2 else i % 3,
            "key": f"clé-{i}" if i % 2 == 0 else None,
        }

    yield "texts", ("texts", classes, texts, text)
    yield "texts-metadata", (
        "texts",
        {**classes, "goldpan.metadata": METADATA},
        texts + [pa.field(name, pa.large_utf8()) for name in METADATA],
        lambda i: text(i)
        | {"stars": str(i % 6) if i % 4 == 0 else None, "größe": f"{i} Wörter"},
    )
    yield "embeddings", embeddings(pa.float32())
    yield "embeddings-f16", embeddings(pa.float16())
    yield "predictions", (
        "predictions",
        classes,
        [
            required("id", pa.uint64()),
            required("logits", vectors(pa.float32(), 3)),
            required("probabilities", vectors(pa.float32(), 3)),
        ],
        lambda i: {
            "id": i,
            "logits": [i % 8, -(i % 8), 0.0],
            "probabilities": [0.25, 0.5, 0.25],
        },
    )
    yield "selection", (
        "selection",
        {"goldpan.objectives": ["diversity", "margin"]},
        [
            required("rank", pa.uint32()),
            required("id", pa.uint64()),
            required("score", pa.float32()),
            required("diversity", pa.float32()),
            required("margin", pa.float32()),
        ],
        lambda i: {
            "rank": i,
            "id": 1_000_000 - i,
            "score": float32(1 / (i + 1)) / 2,
            "diversity": float32(1 / (i + 1)),
            "margin": 0.5,
        },
    )
    yield "selection-nearest", (
        "selection",
        {"goldpan.objectives": ["margin"]},
        [
            required("rank", pa.uint32()),
            required("id", pa.uint64()),
            required("score", pa.float32()),
            required("margin", pa.float32()),
            pa.field("nearest_labelled", pa.uint64()),
            pa.field("nearest_labelled_distance", pa.float32()),
            pa.field("nearest_earlier", pa.uint64()),
            pa.field("nearest_earlier_distance", pa.float32()),
        ],
        lambda i: {
            "rank": i,
            "id": 1_000_000 - i,
            "score": 0.5,
            "margin": 0.5,
            "nearest_labelled": 5 + i if i % 2 == 0 else None,
            "nearest_labelled_distance": 0.75 if i % 2 == 0 else None,
            "nearest_earlier": 1_000_001 - i if i else None,
            "nearest_earlier_distance": 0.25 if i else None,
        },
    )
    yield "labels", (
        "labels",
        classes,
        [
            required("id", pa.uint64()),
            required("label", pa.int32()),
            required("source", pa.large_utf8()),
            required("round", pa.uint32()),
        ],
        lambda i: {
            "id": i + 1,
            "label": i % 3,
            "source": "human" if i % 2 else "dataset",
            "round": i // 2,
        },
    )
    yield "history", (
        "history",
        {},
        [
            required("epoch", pa.uint32()),
            required("step", pa.uint64()),
            pa.field("loss", pa.float32()),
            pa.field("learning_rate", pa.float32()),
            pa.field("validation_loss", pa.float32()),
            pa.field("validation_accuracy", pa.float32()),
            pa.field("validation_macro_f1", pa.float32()),
        ],
        lambda i: {
            "epoch": i // 5 + 1,
            "step": i + 1,
            "loss": 0.5,
            "learning_rate": None if i % 5 == 4 else float32(0.001),
            "validation_loss": 0.75 if i % 5 == 4 else None,
            "validation_accuracy": 0.875 if i % 5 == 4 else None,
            "validation_macro_f1": 0.625 if i % 5 == 4 else None,
        },
    )
    yield "results", (
        "results",
        {},
        [
            required("arm", pa.large_utf8()),
            pa.field("seed", pa.uint64()),
            required("round", pa.uint32()),
            required("labelled", pa.uint64()),
            pa.field("epoch", pa.uint64()),
            required("accuracy", pa.float32()),
            required("loss", pa.float32()),
            required("macro_f1", pa.float32()),
            required("seconds", pa.float32()),
            pa.field("last_accuracy", pa.float32()),
            pa.field("test_accuracy", pa.float32()),
            required("object", pa.large_utf8()),
        ],
        lambda i: {
            "arm": "margin" if i % 3 else "zero-shot",
            "seed": i if i % 3 else None,
            "round": i % 5,
            "labelled": 100 * i,
            "epoch": 2 if i % 3 else None,
            "accuracy": 0.75,
            "loss": 0.5,
            "macro_f1": 0.625,
            "seconds": 1.5,
            "last_accuracy": 0.5 if i % 3 else None,
            "test_accuracy": None if i % 2 else 0.25,
            "object": f"object {i}",
        },
    )


def same(found, expected):
    """Equality under which NaN equals NaN."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            same(found[name], expected[name]) for name in expected
        )
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    return found == expected


def check_rows(path, reader, numbers, found, row):
    for number, values in zip(numbers, found, strict=True):
        expected = row(number)
        assert same(values, expected), (
            f"{path}, {reader}, row {number}: {values} instead of {expected}"
        )


def check_origin(path, kind, found):
    """Takes what a table says of its texts and its model out of its metadata."""
    origin = {key: found.pop(key) for key in list(found) if key in ORIGIN}
    if kind == "texts":
        expected = {"goldpan.texts": origin.get("goldpan.texts", "")}
        assert len(expected["goldpan.texts"]) == 64, f"{path}: {origin}"
    else:
        expected = {} if kind in ("history", "results") else ORIGIN
    assert origin == expected, f"{path}: {origin}"


def check_pyarrow(path, kind, metadata, fields, row, count):
    allocated = pa.total_allocated_bytes()
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        schema = reader.schema
        assert schema.equals(pa.schema(fields)), f"{path}: {schema} instead of {fields}"
        found = {key.decode(): value.decode() for key, value in schema.metadata.items()}
        plain = {
            "goldpan.kind": kind,
            "goldpan.version": "2",
            "goldpan.producer": "write_every_kind",
            "goldpan.producer_version": "7",
        }
        check_origin(path, kind, found)
        named = {key: json.loads(found.pop(key)) for key in metadata}
        assert found == plain and named == metadata, f"{path}: {found} {named}"

        table = reader.read_all()
        assert pa.total_allocated_bytes() == allocated, f"{path}: pyarrow copied"
        table.validate(full=True)
        assert table.num_rows == count, f"{path}: {table.num_rows} rows"
        assert reader.num_record_batches == -(-count // BATCH), f"{path}: batches"
        check_rows(path, "pyarrow", range(count), table.to_pylist(), row)

    # The same file reads as a stream too: its head is a schema message like any other.
    with open(path, "rb") as source:
        source.seek(8)
        streamed = pa.ipc.open_stream(source).read_all()
        assert streamed.num_rows == count and streamed.schema.equals(pa.schema(fields))


POLARS_TYPES = {
    pa.uint64(): pl.UInt64,
    pa.uint32(): pl.UInt32,
    pa.int32(): pl.Int32,
    pa.float32(): pl.Float32,
    pa.float16(): pl.Float16,
    pa.large_utf8(): pl.String,
}


def polars_type(kind):
    if pa.types.is_fixed_size_list(kind):
        return pl.Array(POLARS_TYPES[kind.value_type], kind.list_size)
    return POLARS_TYPES[kind]


def check_polars(path, fields, row, count):
    expected = {field.name: polars_type(field.type) for field in fields}
    assert dict(pl.read_ipc_schema(path)) == expected, f"{path}: {pl.read_ipc_schema(path)}"
    # All rows of a small table; of a large one some, those around a batch's end among them.
    sample = [i for i in range(count) if count < BATCH or i % 97 == 0 or abs(i - BATCH) < 9]
    for reader, frame in [
        ("polars read_ipc", pl.read_ipc(path)),
        ("polars scan_ipc", pl.scan_ipc(path).collect()),
    ]:
        assert dict(frame.schema) == expected, f"{path}: {frame.schema}"
        assert frame.height == count, f"{path}: {frame.height} rows"
        check_rows(path, reader, sample, frame[sample].to_dicts(), row)


def main(folder):
    files = 0
    for stem, (kind, metadata, fields, row) in kinds():
        for suffix, count in SIZES.items():
            path = folder / f"{stem}{suffix}.arrow"
            check_pyarrow(path, kind, metadata, fields, row, count)
            check_polars(path, fields, row, count)
            files += 1
    left = len(list(folder.glob("*.arrow"))) - files
    assert left == 0, f"{left} files in {folder} were not checked"
    print(f"pyarrow {pa.__version__} and polars {pl.__version__} read all {files} files")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_artifacts.py DIR")
    main(Path(sys.argv[1]))
