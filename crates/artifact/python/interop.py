"""Vectors of other libraries in, picks out, read and compared in other libraries.

    python interop.py GOLDPAN FOLDER

Vectors are made by NumPy (a random projection of character counts), and written by pyarrow, polars,
DuckDB, pandas and NumPy in every shape that Goldpan reads. Each file is given to `goldpan select`, and
the picks are read back by pyarrow, polars and DuckDB and compared with a farthest-first search in NumPy.
Predictions, selections and labels of other libraries go the same ways. What has to be refused is, with
exit code 3. Any difference ends this with an error.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

ROWS = 240
DIMENSION = 16
PICKS = 12
LABELLED = [3, 77, 150]
CLASSES = ["negative", "neutral", "positive"]


class Session:
    """The program, and the folder that it works in."""

    def __init__(self, goldpan, folder):
        self.goldpan = str(Path(goldpan).resolve())
        self.folder = folder
        self.checks = 0

    def run(self, *arguments, code=0):
        command = [self.goldpan, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stderr}"
        assert "panicked" not in done.stderr, done.stderr
        self.checks += 1
        return done

    def same(self, found, expected, what):
        assert found == expected, f"{what}: {found} instead of {expected}"
        self.checks += 1


def texts():
    """Sentences of words drawn by a seed, a label and a key for each."""
    random = np.random.default_rng(16)
    words = "film plot cast story music pacing script acting joy dull bright slow calm loud".split()
    rows = []
    for row in range(ROWS):
        chosen = random.choice(words, size=int(random.integers(3, 9)))
        rows.append((f"{' '.join(chosen)} {row}", CLASSES[row % 3], f"doc-{row * 7 % ROWS:03}"))
    return rows


def project(rows):
    """Character counts through a random matrix: vectors that are exact in f32 and nearly all unlike."""
    counts = np.zeros((len(rows), 128))
    for row, (text, _, _) in enumerate(rows):
        for character in text.encode():
            counts[row, character % 128] += 1
    matrix = np.random.default_rng(7).normal(size=(128, DIMENSION))
    return (counts @ matrix).astype(np.float32)


def farthest_first(vectors, labelled, count):
    """Again and again the row that is farthest from all labelled and picked ones; the lowest on ties."""
    vectors = vectors.astype(np.float64)
    nearest = np.full(len(vectors), np.inf)
    for row in labelled:
        nearest = np.minimum(nearest, np.linalg.norm(vectors - vectors[row], axis=1))
    picked = []
    for _ in range(count):
        free = nearest.copy()
        free[list(labelled) + picked] = -1
        best = int(np.argmax(free))
        picked.append(best)
        nearest = np.minimum(nearest, np.linalg.norm(vectors - vectors[best], axis=1))
    return picked


def margins(probabilities, labelled, count):
    """The rows whose two largest probabilities are nearest; the lowest on ties."""
    ordered = np.sort(probabilities.astype(np.float32), axis=1)
    score = 1 - (ordered[:, -1] - ordered[:, -2])
    score[list(labelled)] = -1
    return [int(row) for row in np.argsort(-score, kind="stable")[:count]]


def read_back(path):
    """The picked ids by three readers."""
    with pa.memory_map(str(path)) as source:
        one = ipc.open_file(source).read_all()["id"].to_pylist()
    two = pl.read_ipc(path)["id"].to_list()
    picks = duckdb.from_arrow(ipc.open_file(str(path)).read_all())
    three = [row[0] for row in picks.order("rank").project("id").fetchall()]
    return one, two, three


def stream(table, path):
    with ipc.new_stream(path, table.schema) as sink:
        for batch in table.to_batches(max_chunksize=50):
            sink.write_batch(batch)


def arrow_file(table, path, compression=None):
    options = ipc.IpcWriteOptions(compression=compression)
    with ipc.new_file(path, table.schema, options=options) as sink:
        for batch in table.to_batches(max_chunksize=70):
            sink.write_batch(batch)


def fixed(vectors, kind):
    values = pa.array(vectors.astype(kind).ravel())
    return pa.FixedSizeListArray.from_arrays(values, vectors.shape[1])


def spark(vectors):
    """Vectors as Spark ML writes them to Parquet: every second one sparse."""
    kind = pa.struct(
        [
            pa.field("type", pa.int8(), nullable=False),
            pa.field("size", pa.int32()),
            pa.field("indices", pa.list_(pa.int32())),
            pa.field("values", pa.list_(pa.float64())),
        ]
    )
    rows = []
    for number, vector in enumerate(vectors.astype(float).tolist()):
        if number % 2:
            rows.append({"type": 1, "size": None, "indices": None, "values": vector})
        else:
            places = list(range(len(vector)))
            rows.append({"type": 0, "size": len(vector), "indices": places, "values": vector})
    return pa.array(rows, kind)


def embeddings(folder, vectors, keys):
    """File name -> how it was written. Each has the same vectors."""
    ids = np.arange(ROWS)
    lists = vectors.astype(float).tolist()
    plain = pa.table({"id": pa.array(ids, pa.int64()), "embedding": fixed(vectors, np.float32)})
    at = lambda name: str(folder / name)

    arrow_file(plain, at("pyarrow-file.arrow"))
    yield "pyarrow-file.arrow"
    arrow_file(plain, at("pyarrow-zstd.arrow"), "zstd")
    yield "pyarrow-zstd.arrow"
    stream(plain, at("pyarrow-stream.arrows"))
    yield "pyarrow-stream.arrows"
    feather.write_feather(plain, at("pyarrow.feather"), compression="lz4")
    yield "pyarrow.feather"
    pq.write_table(plain, at("pyarrow.parquet"), compression="zstd", row_group_size=64)
    yield "pyarrow.parquet"
    # A slice of a longer table: the lists begin inside the values' buffer.
    longer = pa.concat_tables([plain.slice(0, 5), plain])
    one = longer.combine_chunks().slice(5)
    arrow_file(one, at("pyarrow-sliced.arrow"))
    yield "pyarrow-sliced.arrow"
    doubles = pa.table({"id": ids, "vector": pa.array(lists, pa.large_list(pa.float64()))})
    pq.write_table(doubles, at("pyarrow-f64-lists.parquet"))
    yield "pyarrow-f64-lists.parquet"
    by_key = pa.table({"key": pa.array(keys).dictionary_encode(), "embedding": fixed(vectors, np.float32)})
    arrow_file(by_key, at("pyarrow-keys.arrow"))
    yield "pyarrow-keys.arrow"
    shuffled = plain.take(np.random.default_rng(3).permutation(ROWS))
    pq.write_table(shuffled, at("pyarrow-shuffled.parquet"))
    yield "pyarrow-shuffled.parquet"
    pq.write_table(pa.table({"id": ids, "features": spark(vectors)}), at("spark.parquet"))
    yield "spark.parquet"

    frame = pl.DataFrame({"id": ids, "embedding": lists})
    frame.write_ipc(at("polars-lists.arrow"))
    yield "polars-lists.arrow"
    array = frame.with_columns(pl.col("embedding").cast(pl.Array(pl.Float32, DIMENSION)))
    array.write_ipc(at("polars-array.arrow"), compression="zstd")
    yield "polars-array.arrow"
    array.write_parquet(at("polars.parquet"))
    yield "polars.parquet"
    frame.write_ipc_stream(at("polars-stream.arrows"))
    yield "polars-stream.arrows"

    pandas = pd.DataFrame({"id": ids, "embedding": list(vectors)})
    pandas.to_parquet(at("pandas-lists.parquet"))
    yield "pandas-lists.parquet"
    wide = pd.DataFrame(vectors).rename(columns=str)
    wide.insert(0, "id", ids)
    wide.to_parquet(at("pandas-wide.parquet"))
    yield "pandas-wide.parquet"
    wide = pd.DataFrame(vectors, columns=[f"dim_{k}" for k in range(DIMENSION)])
    wide.sample(frac=1, random_state=1).to_parquet(at("pandas-index.parquet"))
    yield "pandas-index.parquet"

    relation = duckdb.from_arrow(doubles)
    relation.query("t", "SELECT id, vector::FLOAT[] AS embedding FROM t").write_parquet(at("duckdb.parquet"))
    yield "duckdb.parquet"
    cast = f"SELECT id, vector::FLOAT[{DIMENSION}] AS embedding FROM t"
    arrow_file(relation.query("t", cast).to_arrow_table(), at("duckdb.arrow"))
    yield "duckdb.arrow"

    np.save(at("numpy.npy"), vectors)
    yield "numpy.npy"
    np.save(at("numpy-fortran.npy"), np.asfortranarray(vectors.astype(">f8")))
    yield "numpy-fortran.npy"
    np.savez_compressed(at("numpy.npz"), embeddings=vectors[::-1], ids=ids[::-1])
    yield "numpy.npz"


def half_precision(folder, vectors):
    """The same in 16 bits, whose picks are those of the rounded vectors."""
    rounded = vectors.astype(np.float16)
    np.save(folder / "half.npy", rounded)
    yield "half.npy"
    table = pa.table({"id": np.arange(ROWS), "embedding": fixed(rounded, np.float16)})
    arrow_file(table, str(folder / "half.arrow"))
    yield "half.arrow"
    pl.from_arrow(table).write_parquet(folder / "half.parquet")
    yield "half.parquet"


def refused(session, vectors):
    """Files that must not be read as vectors, and what the error says."""
    folder = session.folder
    ids = np.arange(ROWS)

    def table(file, **columns):
        arrow_file(pa.table(columns), str(folder / file))
        return file

    good = fixed(vectors, np.float32)
    broken = vectors.copy()
    broken[17, 3] = np.nan
    holes = [None if row == 5 else list(map(float, vector)) for row, vector in enumerate(vectors)]
    uneven = [list(map(float, vector[: 3 + row % 2])) for row, vector in enumerate(vectors)]
    twice = ids.copy()
    twice[1] = 0
    np.save(folder / "ints.npy", (vectors * 9).astype(np.int8))
    np.save(folder / "flat.npy", vectors.ravel())
    np.save(folder / "objects.npy", np.array([None] * ROWS), allow_pickle=True)
    for name, says in [
        (table("nan.arrow", id=ids, embedding=fixed(broken, np.float32)), "row 18: value 3 of `embedding`"),
        (table("null.arrow", id=ids, embedding=pa.array(holes)), "row 6: `embedding` is null"),
        (table("uneven.arrow", id=ids, embedding=pa.array(uneven)), "row 2: the vector has 4 values"),
        (table("twice.arrow", id=twice, embedding=good), "row 2: `id` is \"0\", which an earlier row has"),
        (table("unknown.arrow", id=ids + 1, embedding=good), "which no text in"),
        (table("negative.arrow", id=ids - 1, embedding=good), "`id` is \"-1\""),
        (table("short.arrow", embedding=good.slice(0, 9)), "9 rows without ids"),
        (table("ints.arrow", id=ids, embedding=pa.array(vectors.astype(int).tolist())), "whole numbers"),
        (table("text.arrow", id=ids, embedding=[str(list(v)) for v in vectors]), "has text"),
        (table("none.arrow", id=ids, name=["x"] * ROWS), "no column has vectors"),
        (table("two.arrow", id=ids, a=good, b=good), "`a`, `b` all have vectors"),
        ("ints.npy", "whole numbers"),
        ("flat.npy", "one dimension"),
        ("objects.npy", "Python objects"),
        ("texts.csv", "is a text file"),
    ]:
        arguments = ["select", "--strategy", "k-center", "--count", 2, "--texts", "texts.arrow"]
        done = session.run(*arguments, "--embeddings", name, "--out", "no.arrow", code=3)
        assert says in done.stderr, f"{name}: {says!r} is not in {done.stderr}"
        assert not (folder / "no.arrow").exists(), name


def predictions(session, rows, labelled):
    """Predictions of other libraries: picked by and measured."""
    folder = session.folder
    random = np.random.default_rng(5)
    logits = random.normal(size=(ROWS, 3)) * 2
    powers = np.exp(logits)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    ids = np.arange(ROWS)
    at = lambda name: str(folder / name)
    labels = np.array([CLASSES.index(label) for _, label, _ in rows])
    expected = margins(probabilities, labelled, PICKS)
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())

    written = []
    arrow_file(pa.table({"id": ids, "probabilities": fixed(probabilities, np.float64)}), at("p-list.arrow"))
    written.append("p-list.arrow")
    arrow_file(pa.table({"id": ids, "logits": fixed(logits, np.float64)}), at("p-logits.arrow"))
    written.append("p-logits.arrow")
    by_name = {f"prob_{name}": probabilities[:, k] for k, name in enumerate(CLASSES)}
    pl.DataFrame({"id": ids, **dict(reversed(by_name.items()))}).write_parquet(at("p-columns.parquet"))
    written.append("p-columns.parquet")
    pd.DataFrame(probabilities, columns=CLASSES).to_parquet(at("p-classes.parquet"))
    written.append("p-classes.parquet")
    duckdb.from_arrow(pa.table({"id": ids, **by_name})).write_parquet(at("p-duckdb.parquet"))
    written.append("p-duckdb.parquet")
    np.save(at("p.npy"), probabilities)
    written.append("p.npy")
    scores = [
        [{"label": CLASSES[k], "score": float(row[k])} for k in np.argsort(-row)] for row in probabilities
    ]
    pq.write_table(pa.table({"id": ids, "output": scores}), at("p-pipeline.parquet"))
    written.append("p-pipeline.parquet")

    shared = ["--texts", "texts.arrow"]
    for name in written:
        out = f"{name}.picks.arrow"
        session.run("select", "--strategy", "margin", "--count", PICKS, *shared, "--predictions", name,
                    "--labelled", "labelled.parquet", "--out", out)
        for found in read_back(folder / out):
            session.same(found, expected, name)
        session.run("evaluate", "--predictions", name, *shared, "--out", "metrics.json")
        metrics = json.loads((folder / "metrics.json").read_text())
        session.same(round(metrics["accuracy"], 9), round(accuracy, 9), name)

    wrong = pa.table({"id": ids, "probabilities": fixed(np.abs(logits), np.float64)})
    arrow_file(wrong, at("p-wrong.arrow"))
    done = session.run("evaluate", "--predictions", "p-wrong.arrow", *shared, "--out", "no.json", code=3)
    assert "are no probabilities" in done.stderr, done.stderr


def main(goldpan, folder):
    folder.mkdir(parents=True, exist_ok=True)
    session = Session(goldpan, folder)
    rows = texts()
    with open(folder / "texts.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "key"])
        writer.writerows(rows)
    session.run("ingest", "--input", "texts.csv", "--id-column", "key", "--out", "texts.arrow")
    keys = [key for _, _, key in rows]
    vectors = project(rows)
    pl.DataFrame({"id": LABELLED}).write_parquet(folder / "labelled.parquet")
    select = ["select", "--strategy", "k-center", "--count", PICKS, "--texts", "texts.arrow",
              "--labelled", "labelled.parquet"]

    files = 0
    for made, of in [(embeddings(folder, vectors, keys), vectors), (half_precision(folder, vectors), vectors.astype(np.float16))]:
        expected = farthest_first(of, LABELLED, PICKS)
        for name in made:
            session.run(*select, "--embeddings", name, "--out", f"{name}.picks.arrow")
            for found in read_back(folder / f"{name}.picks.arrow"):
                session.same(found, expected, name)
            session.run("import", "embeddings", name, "--texts", "texts.arrow", "--out", "imported.arrow")
            done = session.run(*select, "--embeddings", "imported.arrow", "--out", "again.arrow")
            assert "warning" not in done.stderr, done.stderr
            session.same(read_back(folder / "again.arrow")[0], expected, f"{name}, imported")
            files += 1
    refused(session, vectors)
    predictions(session, rows, LABELLED)
    print(
        f"{files} files of vectors by pyarrow {pa.__version__}, polars {pl.__version__}, DuckDB "
        f"{duckdb.__version__}, pandas {pd.__version__} and NumPy {np.__version__}: the same picks "
        f"everywhere, {session.checks} checks"
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: interop.py GOLDPAN FOLDER")
    main(sys.argv[1], Path(sys.argv[2]))
