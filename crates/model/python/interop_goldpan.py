"""The goldpan program, as `interop.py` runs it, and the texts that it classifies."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa

CLASSES = ["bad", "good", "mixed"]

OPINIONS = [
    ("a dull and lifeless {}", "bad"),
    ("what a wonderful {} , i loved it", "good"),
    ("the {} starts well but falls apart", "mixed"),
    ("this {} is a complete waste of time", "bad"),
    ("a touching , clever and funny {}", "good"),
    ("half of the {} works , half does not", "mixed"),
]
THINGS = ["film", "story", "comedy", "thriller", "drama", "cast", "script", "sequel"]
LABELLED = [(opinion.format(thing), label) for thing in THINGS for opinion, label in OPINIONS]

ODD = [
    "a",
    "Crème brûlée , naïve façade !",
    "don't   stop [MASK] <mask> here",
    "日本語のテキスト 🪙",
    "x" * 300,
    "good " * 80,
]
TEXTS = [text for text, _ in LABELLED[::3]] + ODD


def worst(a, b):
    """The largest difference between two tables of logits; infinite where one is no number."""
    if a.shape != b.shape:
        raise AssertionError(f"{a.shape} and {b.shape} logits")
    difference = np.abs(a - b).max()
    return float(difference) if np.isfinite(difference) else float("inf")


class Goldpan:
    def __init__(self, program, work):
        self.program, self.work = program, work
        os.environ.setdefault("GOLDPAN_CACHE", str(work / "cache"))
        work.mkdir(parents=True, exist_ok=True)
        for classes in (2, 3):
            rows = [(text, label) for text, label in LABELLED if label in CLASSES[:classes]]
            # The odd texts are only classified; a label makes them pass as labelled texts.
            rows += [(text, CLASSES[0]) for text in ODD]
            self._ingest(f"labelled-{classes}", rows, CLASSES[:classes])
        self.texts = work / "texts.arrow"
        self._ingest("texts", [(text, CLASSES[0]) for text in TEXTS], CLASSES[:2])

    def _ingest(self, name, rows, classes):
        lines = ["label\ttext"] + [f"{label}\t{text}" for text, label in rows]
        source = self.work / f"{name}.tsv"
        source.write_text("\n".join(lines) + "\n", encoding="utf8")
        out = self.work / f"{name}.arrow"
        self.run("ingest", "--input", source, "--classes", ",".join(classes), "--out", out)

    def start(self, *arguments):
        command = [self.program, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, encoding="utf8", check=False)

    def run(self, *arguments):
        ran = self.start(*arguments)
        if ran.returncode != 0:
            raise AssertionError(f"goldpan {' '.join(map(str, arguments))}\n{ran.stderr}")
        return ran

    @contextlib.contextmanager
    def folder(self, case):
        """A folder for a case, removed at its end; it stays when the case breaks off."""
        folder = self.work / "cases" / re.sub(r"\W+", "-", case)
        folder.mkdir(parents=True)
        yield folder
        shutil.rmtree(folder)

    def train(self, base, out, classes, arguments):
        labelled = self.work / f"labelled-{classes}.arrow"
        self.run("train", "--texts", labelled, "--validation", labelled, "--model", base,
                 "--epochs", "2", "--batch-size", "8", "--learning-rate", "0.01",
                 "--out", out, *arguments)

    def predict(self, model, classes=None):
        """The logits of `TEXTS`; the table has to name these classes."""
        out = self.work / "predictions.arrow"
        self.run("predict", "--texts", self.texts, *model, "--out", out)
        with pa.memory_map(str(out)) as file:
            table = pa.ipc.open_file(file).read_all()
            named = json.loads(table.schema.metadata[b"goldpan.classes"])
            rows = table.sort_by("id")["logits"].to_pylist()
        if classes is not None and named != classes:
            raise AssertionError(f"classes {named} instead of {classes}")
        return np.array(rows, dtype=np.float32)

    def minilm(self):
        """The folder of all-MiniLM-L6-v2, which goldpan fetches into its cache."""
        name = "sentence-transformers/all-MiniLM-L6-v2"
        self.run("embed", "--texts", self.texts, "--model", name,
                 "--out", self.work / "embeddings.arrow")
        cache = os.path.join(os.environ["GOLDPAN_CACHE"], "models", name.replace("/", "--"))
        [version] = [entry.path for entry in os.scandir(cache) if entry.is_dir()]
        return Path(version)
