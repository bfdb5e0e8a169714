"""Exchanges models with transformers and PEFT in both directions and compares the logits.

    cargo xtask interop
    python interop.py --goldpan target/debug/goldpan --work DIR --base NAME=FOLDER...

Prints a table with the worst difference of each case. Fails when one is above its tolerance, or when
an adapter that Goldpan does not support is not refused by name.
"""

import argparse
import os
import shutil
import sys
import time
import warnings
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import peft
import torch
import transformers
from interop_cases import ADAPTERS, REFUSED, SAVED, TRAINED, adapter_folder, refused_folder
from interop_goldpan import CLASSES, TEXTS, Goldpan, worst
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

TOLERANCE = 1e-4
# Goldpan's documented exit code for input data that it does not take.
DATA = 3


class Base:
    """A base model: its name in the table, its folder, its tokenizer."""

    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        config = AutoConfig.from_pretrained(folder)
        positions = config.max_position_embeddings
        if config.model_type == "roberta":
            positions -= config.pad_token_id + 1
        self.length = min(positions, self.tokenizer.model_max_length)
        self.classifies = "Classification" in config.architectures[0]

    def classifier(self, classes):
        """The model with a head for as many classes; a new one where its own has another number."""
        torch.manual_seed(11)
        model = AutoModelForSequenceClassification.from_pretrained(
            self.folder, num_labels=classes, ignore_mismatched_sizes=True, dtype=torch.float32
        )
        return model.eval()

    def logits(self, model, tokenizer=None, length=None):
        tokenizer = tokenizer or self.tokenizer
        length = length or self.length
        batch = tokenizer(
            TEXTS, padding=True, truncation=True, max_length=length, return_tensors="pt"
        )
        with torch.no_grad():
            return model.eval()(**batch).logits.float().numpy()

    def adapted(self, adapter, classes):
        """With an adapter, every tensor of whose file is in its place, and none is missing."""
        model = peft.PeftModel.from_pretrained(self.classifier(classes), str(adapter))
        loaded = peft.get_peft_model_state_dict(model)
        saved = load_file(adapter / "adapter_model.safetensors")
        if loaded.keys() != saved.keys():
            raise AssertionError(f"{adapter}: other tensors: {loaded.keys() ^ saved.keys()}")
        if not all(torch.equal(loaded[name], saved[name]) for name in saved):
            raise AssertionError(f"{adapter}: other values")
        return model


class Table:
    def __init__(self):
        self.cases = self.failures = 0
        print(f"{'direction':24} {'case':48} {'worst':>8} {'tolerance':>9}")

    def add(self, direction, case, difference):
        result = f"{difference:8.1e} {TOLERANCE:9.0e}"
        self.line(direction, case, result, difference <= TOLERANCE)

    def line(self, direction, case, result, good):
        self.cases += 1
        self.failures += not good
        mark = "" if good else "  FAILED"
        print(f"{direction:24} {case:48} {result}{mark}", flush=True)

    def check_effect(self, case, base, model, length, expected):
        """An adapter that changes nothing would prove nothing: without B the logits are others."""
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.data.zero_()
        difference = worst(base.logits(model, length=length), expected)
        if difference < 10 * TOLERANCE:
            self.line("the adapter does nothing", case, f"{difference:8.1e}", False)


def merged_model(table, goldpan, base, case, merged, expected, length):
    """A merged model, loaded by transformers and by Goldpan."""
    model, report = AutoModelForSequenceClassification.from_pretrained(
        merged, output_loading_info=True
    )
    odd = {key: value for key, value in report.items() if value}
    if odd:
        table.line("export --merged: loading", case, str(odd), False)
    tokenizer = AutoTokenizer.from_pretrained(merged)
    limit = min(tokenizer.model_max_length, base.length)
    if limit != length:
        table.line("export --merged: limit", case, f"{limit} instead of {length}", False)
    got = base.logits(model, tokenizer, limit)
    table.add("export --merged -> HF", case, worst(expected, got))
    table.add("export -> predict", case, worst(expected, goldpan.predict(["--model", merged])))
    return model


def trained_here(table, goldpan, base):
    """goldpan train -> PEFT, and what goldpan export makes of it -> transformers and PEFT."""
    for name, classes, arguments in TRAINED:
        case = f"{base.name}: {name}"
        with goldpan.folder(case) as folder:
            trained, adapter, merged = folder / "model", folder / "adapter", folder / "merged"
            length = 24 if "--max-length" in arguments else base.length
            goldpan.train(base.folder, trained, classes, arguments)
            expected = goldpan.predict(["--model", trained], CLASSES[:classes])
            model = base.adapted(trained, classes)
            got = base.logits(model, length=length)
            table.add("train -> PEFT", case, worst(expected, got))
            table.check_effect(case, base, model, length, expected)

            goldpan.run("export", "--model", trained, "--out", adapter)
            model = base.adapted(adapter, classes)
            tokenizer = AutoTokenizer.from_pretrained(adapter)
            got = base.logits(model, tokenizer, length)
            table.add("export -> PEFT", case, worst(expected, got))

            goldpan.run("export", "--model", trained, "--merged", "--out", merged)
            model = merged_model(table, goldpan, base, case, merged, expected, length)
            names = model.config.id2label
            if names != dict(enumerate(CLASSES[:classes])):
                table.line("export --merged: names", case, str(names), False)


def trained_there(table, goldpan, base):
    """PEFT -> goldpan predict --adapter, and merged by goldpan export -> transformers."""
    for name, classes, settings in ADAPTERS:
        if "head of the base" in name and not base.classifies:
            continue
        case = f"{base.name}: {name}"
        with goldpan.folder(case) as folder:
            adapter, merged = folder / "adapter", folder / "merged"
            adapter_folder(base.classifier(classes), adapter, folder, settings)
            model = base.adapted(adapter, classes)
            expected = base.logits(model)
            arguments = ["--model", base.folder, "--adapter", adapter]
            table.add("PEFT -> predict", case, worst(goldpan.predict(arguments), expected))
            table.check_effect(case, base, model, base.length, expected)
            goldpan.run("export", *arguments, "--merged", "--out", merged)
            merged_model(table, goldpan, base, case, merged, expected, base.length)


def refused(table, goldpan, base):
    """What Goldpan does not support of PEFT."""
    for name, feature, config in REFUSED:
        case = f"{base.name}: {name}"
        with goldpan.folder(case) as folder:
            adapter, out = folder / "adapter", folder / "none.arrow"
            refused_folder(base.classifier(2), adapter, config)
            ran = goldpan.start("predict", "--texts", goldpan.texts, "--model", base.folder,
                                "--adapter", adapter, "--out", out)
            good = ran.returncode == DATA and feature in ran.stderr and not out.exists()
            table.line("PEFT -> refused", case, f"exit {ran.returncode}, names {feature}", good)


def saved_there(table, goldpan, base):
    """A model with a head, saved by transformers -> goldpan predict."""
    for name, dtype, size in SAVED:
        case = f"{base.name}: {name}"
        with goldpan.folder(case) as folder:
            model = base.classifier(3)
            model.config.id2label = dict(enumerate(CLASSES))
            model.config.label2id = {label: number for number, label in enumerate(CLASSES)}
            model.to(dtype).save_pretrained(folder, max_shard_size=size)
            base.tokenizer.save_pretrained(folder)
            shards = len(list(folder.glob("model-*.safetensors")))
            if (shards > 1) != ("shards" in name):
                table.line("HF -> predict", case, f"{shards} shards", False)
            expected = base.logits(model.float())
            got = goldpan.predict(["--model", folder], CLASSES)
            table.add("HF -> predict", case, worst(got, expected))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--goldpan", required=True, type=Path, help="the program")
    parser.add_argument("--work", required=True, type=Path, help="a folder to work in")
    parser.add_argument("--base", action="append", default=[], metavar="NAME=FOLDER",
                        help="a base model, beside all-MiniLM-L6-v2")
    parser.add_argument("--minilm", type=Path, metavar="FOLDER",
                        help="all-MiniLM-L6-v2 [default: fetched by goldpan]")
    args = parser.parse_args()
    started = time.monotonic()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore")
    shutil.rmtree(args.work / "cases", ignore_errors=True)
    goldpan = Goldpan(args.goldpan.resolve(), args.work.resolve())
    folders = dict(base.split("=", 1) for base in args.base)
    folders["minilm"] = args.minilm or goldpan.minilm()
    table = Table()
    for name, folder in folders.items():
        base = Base(name, Path(folder).resolve())
        for direction in (trained_here, trained_there, refused, saved_there):
            direction(table, goldpan, base)
    print(f"{table.cases} cases, {table.failures} failures in {time.monotonic() - started:.0f} s; "
          f"torch {torch.__version__}, transformers {transformers.__version__}, "
          f"peft {peft.__version__}")
    sys.exit(table.failures > 0)


if __name__ == "__main__":
    main()
