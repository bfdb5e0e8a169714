"""Gradients of every tensor in full fine-tuning, by transformers, for the tiny models in tests/fixtures.

  pip install torch transformers safetensors
  python crates/model/python/make_full_gradients.py crates/model/tests/fixtures/tiny-*

Writes expected_full.safetensors beside each model: the mean cross-entropy over the texts of
expected_forward.safetensors, and `grad.NAME` for each parameter. f32 on the CPU, without dropout.
"""
import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

for folder in sys.argv[1:]:
    batch = load_file(f"{folder}/expected_forward.safetensors")
    model = AutoModelForSequenceClassification.from_pretrained(folder).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask")}
    loss = model(**inputs, labels=batch["labels"]).loss
    loss.backward()
    expected = {"loss": loss.detach().reshape(1)}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            expected[f"grad.{name}"] = parameter.grad.contiguous()
    save_file(expected, f"{folder}/expected_full.safetensors")
    print(folder, loss.item(), len(expected) - 1, "gradients")
