"""Makes the fixtures with `pytorch_model.bin` in crates/model/tests/fixtures.

    python make_pytorch_bin.py

- `tiny-bert-bin`: the state_dict of `tiny-bert`, as torch.save writes it today (a zip archive).
- `micro-bert`: a model 8 wide with random weights, saved in several ways. `model.safetensors` is the
  reference. `legacy.bin` is the pickle stream of torch before 1.6, with the names of layer norms
  that models of that time have (gamma and beta), a tied and a strided tensor. `shards` has two
  files and their index. `checkpoint.bin` has the state_dict inside a dict.

Made with torch 2.15.0, transformers 5.23.0 and safetensors 0.8.
"""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForSequenceClassification

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"


def tiny_bert():
    source, out = FIXTURES / "tiny-bert", FIXTURES / "tiny-bert-bin"
    out.mkdir(exist_ok=True)
    shutil.copy(source / "config.json", out)
    torch.save(load_file(source / "model.safetensors"), out / "pytorch_model.bin")


def micro_model():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=24,
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=16,
        type_vocab_size=2,
        initializer_range=0.5,
        num_labels=3,
    )
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model


def micro_bert():
    out = FIXTURES / "micro-bert"
    shards = out / "shards"
    shards.mkdir(parents=True, exist_ok=True)
    model = micro_model()
    model.config.architectures = ["BertForSequenceClassification"]
    model.config.save_pretrained(out)
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, out / "model.safetensors")

    legacy = {}
    for name, tensor in state.items():
        name = name.replace("LayerNorm.weight", "LayerNorm.gamma")
        name = name.replace("LayerNorm.bias", "LayerNorm.beta")
        legacy[name] = tensor
    strided = "bert.encoder.layer.0.intermediate.dense.weight"
    legacy[strided] = legacy[strided].t().contiguous().t()
    legacy["cls.predictions.decoder.weight"] = legacy["bert.embeddings.word_embeddings.weight"]
    legacy["bert.embeddings.position_ids"] = torch.arange(16).expand((1, -1))
    torch.save(legacy, out / "legacy.bin", _use_new_zipfile_serialization=False)

    names = sorted(state)
    halves = [names[: len(names) // 2], names[len(names) // 2 :]]
    weight_map = {}
    for number, half in enumerate(halves, 1):
        file = f"pytorch_model-0000{number}-of-00002.bin"
        torch.save({name: state[name] for name in half}, shards / file)
        weight_map |= dict.fromkeys(half, file)
    index = {"metadata": {}, "weight_map": weight_map}
    (shards / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")

    nested = {"epoch": 3, "state_dict": {"classifier.bias": state["classifier.bias"]}}
    torch.save(nested, out / "checkpoint.bin")


tiny_bert()
micro_bert()
