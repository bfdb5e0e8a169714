"""A probe of Goldpan's beside scikit-learn's logistic regression, on the same vectors and random picks.

    python compare.py GOLDPAN DATA_FOLDER [--seeds 5] [--out table.md]

DATA_FOLDER holds `sst2` as $GOLDPAN_DATA does, and `banking77` (train.csv, test.csv). Needs pyarrow, numpy and
scikit-learn. Accuracy on the validation texts in percent, mean over the seeds; seconds are those of a whole
`goldpan train` process, and of scikit-learn's `fit` alone.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.linear_model import LogisticRegression

DATA = None
MODEL = "sentence-transformers/all-MiniLM-L6-v2"
LABELS = [20, 50, 100, 200, 500, 1000, 2000]
SETS = {
    "Banking77": [["--input", f"banking77/{part}.csv", "--label-column", "category"] for part in ("train", "test")],
    "SST-2": [["--dataset", "sst2", "--split", split] for split in ("train", "validation")],
}


# Those of README.md, for SST-2; the names of Banking77's classes as they are.
DESCRIBED = {
    "SST-2": [("negative", text) for text in ("It was terrible.", "I hated it.", "a bad film",
                                              "disappointing, dull and stupid", "a waste of time")]
    + [("positive", text) for text in ("It was great.", "I loved it.", "a good film",
                                       "delightful, moving and clever", "a pleasure to watch")],
}


def table(path):
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def vectors(path):
    column = table(path).column("embedding").combine_chunks()
    return np.asarray(column.flatten()).reshape(len(column), -1)


def prepare(goldpan, folder, data, pool, dev):
    for name, what in [("pool", pool), ("dev", dev)]:
        what = [data / part if part.endswith(".csv") else part for part in what]
        run(goldpan, "ingest", *what, "--out", folder / f"{name}.arrow")
        run(goldpan, "embed", "--texts", folder / f"{name}.arrow", "--model", MODEL,
            "--out", folder / f"{name}-v.arrow")


def run(goldpan, *arguments):
    environment = os.environ | {"GOLDPAN_DATA": str(DATA)}
    subprocess.run([goldpan, *map(str, arguments), "-q"], check=True, stdout=subprocess.DEVNULL, env=environment)


def probe(goldpan, folder, rows, name, classes=()):
    (folder / "labels.csv").write_text("id\n" + "\n".join(map(str, rows)) + "\n")
    out = folder / name
    began = time.perf_counter()
    run(goldpan, "train", "--tune", "probe", "--texts", folder / "pool.arrow", "--labelled", folder / "labels.csv",
        "--validation", folder / "dev.arrow", "--model", MODEL, "--embeddings", folder / "pool-v.arrow",
        "--validation-embeddings", folder / "dev-v.arrow", "--out", out, *classes)
    took = time.perf_counter() - began
    history = table(out / "history.arrow").to_pylist()[0]
    return history["validation_accuracy"], history["validation_loss"], took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("goldpan")
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    global DATA
    DATA = given.data.absolute()
    lines = ["| set | labels | LR, C=10 | probe | probe, described | LR, s | probe, s (whole process) |",
             "|---|---:|---:|---:|---:|---:|---:|"]
    for name, (train, dev) in SETS.items():
        folder = Path(tempfile.mkdtemp())
        prepare(given.goldpan, folder, given.data, train, dev)
        pool, held = vectors(folder / "pool-v.arrow"), vectors(folder / "dev-v.arrow")
        y, y_held = (np.asarray(table(folder / f"{n}.arrow").column("label")) for n in ("pool", "dev"))
        names = json.loads(table(folder / "dev.arrow").schema.metadata[b"goldpan.classes"])
        described = DESCRIBED.get(name) or [(n, n.replace("_", " ").rstrip("?")) for n in names]
        classes = [part for pair in described for part in ("--class", "=".join(pair))]
        for count in LABELS:
            found = []
            for seed in range(given.seeds):
                rows = np.random.default_rng(seed).permutation(len(y))[:count]
                began = time.perf_counter()
                model = LogisticRegression(C=10, max_iter=5000).fit(pool[rows], y[rows])
                took = time.perf_counter() - began
                ours = probe(given.goldpan, folder, rows, f"{count}-{seed}")
                described = probe(given.goldpan, folder, rows, f"{count}-{seed}-d", classes)
                found.append((model.score(held, y_held), ours[0], described[0], took, ours[2]))
            mean = np.mean(found, axis=0)
            lines.append(f"| {name} | {count:,} | {100 * mean[0]:.1f} | {100 * mean[1]:.1f} | "
                         f"{100 * mean[2]:.1f} | {mean[3]:.2f} | {mean[4]:.2f} |")
            print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    if given.out:
        given.out.write_text(text)
    print(json.dumps({"seeds": given.seeds}))


if __name__ == "__main__":
    main()
