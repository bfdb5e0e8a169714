"""Reference values for masked-language heads and prompts, from Hugging Face transformers.

Run with: torch, transformers, tokenizers, safetensors installed.
  python crates/model/python/make_masked.py
Writes tests/fixtures/tiny-bert/mlm (a random BertForMaskedLM with its logits; RoBERTa's is in
tests/fixtures/tiny-roberta/mlm, by shared/golden/make_golden.py) and tests/fixtures/prompts.json
(token ids of sentences with a mask). Everything is float32 on the CPU, with a fixed seed.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
SENTENCES = [  # template, text
    ("{text} It was {mask} .", "x"),
    ("{text} It was {mask}.", "a great film"),
    ("{text} It was{mask}.", "x"),
    ("{mask}: {text}", "funny, and moving"),
    ("{text}   {mask} movie", "great fun"),
    ("{text}{mask}", "naïve – façade"),
    ("{text} b {mask}", "a {mask}"),
    ("{mask} b {text}", "a {mask}"),
]


def bert_head(texts):
    torch.manual_seed(7)
    tokenizer = AutoTokenizer.from_pretrained(FIXTURES / "tiny-bert")
    own = json.loads((FIXTURES / "tiny-bert" / "config.json").read_text())
    keys = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
            "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "pad_token_id"]
    config = BertConfig(**{key: own[key] for key in keys}, hidden_dropout_prob=0.0,
                        attention_probs_dropout_prob=0.0, initializer_range=0.2)
    model = BertForMaskedLM(config).eval()
    # A fresh head has biases of 0 and gains of 1, which would hide a mistake.
    for name, parameter in model.named_parameters():
        if name.startswith("cls."):
            parameter.data += torch.randn(parameter.shape) * 0.1
    out = FIXTURES / "tiny-bert" / "mlm"
    model.save_pretrained(out, safe_serialization=True)
    batch = tokenizer([f"{text} It was [MASK] ." for text in texts], padding=True, truncation=True,
                      max_length=24, return_tensors="pt")
    with torch.no_grad():
        logits = model(**batch).logits
    expected = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "mlm_logits": logits}
    save_file({name: tensor.contiguous() for name, tensor in expected.items()}, out / "expected_mlm.safetensors")


def prompts():
    cases = []
    for folder, mask, strips in [("tiny-roberta", "<mask>", [False, True]), ("tiny-bert", "[MASK]", [False])]:
        for lstrip in strips:
            tokenizer = AutoTokenizer.from_pretrained(FIXTURES / folder)
            if lstrip:  # as in roberta-base's tokenizer.json
                tokenizer.add_special_tokens({"mask_token": AddedToken(mask, lstrip=True, special=True)})
            for template, text in SENTENCES:
                text = text.replace("{mask}", mask)
                ids = tokenizer(template.replace("{mask}", mask).replace("{text}", text)).input_ids
                case = {"tokenizer": folder, "lstrip": lstrip, "template": template, "text": text, "ids": ids}
                cases.append(json.dumps(case, ensure_ascii=False))
    (FIXTURES / "prompts.json").write_text("[\n" + ",\n".join(cases) + "\n]\n")


bert_head(json.loads((FIXTURES / "tiny-bert" / "case.json").read_text())["texts"][:4])
prompts()
