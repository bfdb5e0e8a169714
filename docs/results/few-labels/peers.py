"""Ways of training with few labels, on the same random texts: scikit-learn, Goldpan and SetFit.

    python peers.py GOLDPAN DATA_FOLDER --set movie-snippets [--seeds 5] [--labels 20,50,...] [--setfit 50,100]
        [--setfit-seeds 1] [--setfit-model FOLDER] [--out table.md]

DATA_FOLDER holds `sst2` as $GOLDPAN_DATA does, and `banking77` (train.csv, test.csv). Needs pyarrow, numpy and
scikit-learn; with --setfit also setfit (1.2, "as it comes": one epoch of contrastive pairs, a logistic regression).
Accuracy on the validation texts in percent, mean over the seeds. scikit-learn's C is the best of five for each row of
the table, chosen by these very texts: what nobody has who does not know the answers. Seconds are those of a whole
`goldpan train` process, of scikit-learn's `fit`, and of SetFit's `train`; vectors are there before for the first two.
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

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
STRENGTHS = [0.1, 1, 10, 100, 1000]
SETS = {
    "movie-snippets": [["--dataset", "movie-snippets", "--split", split] for split in ("train", "validation")],
    "Banking77": [["--input", f"banking77/{part}.csv", "--label-column", "category"] for part in ("train", "test")],
    "SST-2": [["--dataset", "sst2", "--split", split] for split in ("train", "validation")],
}


def table(path):
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def vectors(path):
    column = table(path).column("embedding").combine_chunks()
    return np.asarray(column.flatten()).reshape(len(column), -1)


class Goldpan:
    def __init__(self, program, data, parts):
        self.program, self.data, self.folder = program, data, Path(tempfile.mkdtemp())
        for name, what in zip(("pool", "dev"), parts):
            what = [data / part if part.endswith(".csv") else part for part in what]
            self.run("ingest", *what, "--out", self.path(name))
            self.run("embed", "--texts", self.path(name), "--model", MODEL, "--out", self.path(f"{name}-v"))

    def path(self, name):
        return self.folder / f"{name}.arrow"

    def run(self, *arguments):
        environment = os.environ | {"GOLDPAN_DATA": str(self.data)}
        arguments = [self.program, *map(str, arguments), "-q"]
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, env=environment)

    def train(self, rows, tune):
        labels, out = self.folder / "labels.csv", Path(tempfile.mkdtemp(dir=self.folder)) / "model"
        labels.write_text("id\n" + "\n".join(map(str, rows)) + "\n")
        began = time.perf_counter()
        self.run("train", "--tune", tune, "--texts", self.path("pool"), "--labelled", labels,
                 "--validation", self.path("dev"), "--model", MODEL, "--embeddings", self.path("pool-v"),
                 "--validation-embeddings", self.path("dev-v"), "--out", out)
        took = time.perf_counter() - began
        history = table(out / "history.arrow").to_pylist()[0]
        kept = json.loads((out / "goldpan.json").read_text()).get("choice", {}).get("kept", "")
        return history["validation_accuracy"], took, kept


def setfit(model, texts, labels, held, truth, seed):
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    model = SetFitModel.from_pretrained(model)
    began = time.perf_counter()
    arguments = TrainingArguments(batch_size=16, num_epochs=1, num_iterations=10, seed=seed)
    data = Dataset.from_dict({"text": texts, "label": labels})
    trainer = Trainer(model=model, args=arguments, train_dataset=data)
    trainer.train()
    took = time.perf_counter() - began
    return float(np.mean(np.asarray(model.predict(held)) == truth)), took


def kind(kept):
    if "adapters" in kept:
        return "A"
    return "N" if "neighbours" in kept else "P"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("goldpan")
    parser.add_argument("data", type=Path)
    parser.add_argument("--set", choices=SETS, required=True)
    parser.add_argument("--labels", default="20,50,100,200,500,1000,2000")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--setfit", default="")
    parser.add_argument("--setfit-seeds", type=int, default=1)
    parser.add_argument("--setfit-model", default=MODEL, help="its name on the Hub, or a folder")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    goldpan = Goldpan(given.goldpan, given.data.absolute(), SETS[given.set])
    pool, held = vectors(goldpan.path("pool-v")), vectors(goldpan.path("dev-v"))
    y, y_held = (np.asarray(table(goldpan.path(name)).column("label")).astype(int) for name in ("pool", "dev"))
    texts, held_texts = (table(goldpan.path(name)).column("text").to_pylist() for name in ("pool", "dev"))
    with_setfit = [int(count) for count in given.setfit.split(",") if count]
    lines = ["| set | labels | LR, best C | probe | auto | auto kept | SetFit | LR, s | probe, s | auto, s | SetFit, s |",
             "|---|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|"]
    for count in map(int, given.labels.split(",")):
        scores, ours, took, peers, kept = [], [], [], [], []
        for seed in range(given.seeds):
            rows = np.random.default_rng(seed).permutation(len(y))[:count]
            began = time.perf_counter()
            fits = [LogisticRegression(C=c, max_iter=5000).fit(pool[rows], y[rows]) for c in STRENGTHS]
            fit = (time.perf_counter() - began) / len(fits)
            scores.append([model.score(held, y_held) for model in fits])
            probe, auto = goldpan.train(rows, "probe"), goldpan.train(rows, "auto")
            ours.append((probe[0], auto[0]))
            took.append((fit, probe[1], auto[1]))
            kept.append(kind(auto[2]))
            if count in with_setfit and seed < given.setfit_seeds:
                chosen = [texts[row] for row in rows]
                peers.append(setfit(given.setfit_model, chosen, y[rows].tolist(), held_texts, y_held, seed))
        best = np.argmax(np.mean(scores, axis=0))
        lr = 100 * np.mean(scores, axis=0)[best]
        (probe, auto), seconds = 100 * np.mean(ours, axis=0), np.mean(took, axis=0)
        peer = ["", ""]
        if peers:
            score, spent = np.mean(peers, axis=0)
            peer = [f"{100 * score:.1f} ({len(peers)})", f"{spent:.0f}"]
        lines.append(f"| {given.set} | {count:,} | {lr:.1f} (C={STRENGTHS[best]}) | {probe:.1f} | {auto:.1f} | "
                     f"{' '.join(sorted(kept))} | {peer[0]} | {seconds[0]:.2f} | {seconds[1]:.2f} | "
                     f"{seconds[2]:.1f} | {peer[1]} |")
        print(lines[-1], flush=True)
        if given.out:
            given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
