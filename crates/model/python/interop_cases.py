"""The cases of `interop.py`: what is trained, which adapters PEFT makes, what is refused."""

import json

import torch
from peft import IA3Config, LoHaConfig, LoraConfig, PrefixTuningConfig, get_peft_model

SIX = "query,key,value,attention.output.dense,intermediate.dense,output.dense"

# Name, number of classes, arguments of goldpan train.
TRAINED = [
    ("query and value, 2 classes", 2, ["--lora-targets", "query,value"]),
    ("six targets, 3 classes", 3, ["--lora-targets", SIX, "--lora-rank", "3"]),
    ("layer 1, 2 classes, 24 tokens", 2, ["--lora-layers", "1", "--max-length", "24"]),
    ("output of layer 0, 3 classes", 3,
     ["--lora-layers", "0", "--lora-targets", "key,output.dense"]),
]

PATTERNS = {
    "rank_pattern": {"key": 2, r"layer\.1\.attention\.self\.query": 6, "query": 3},
    "alpha_pattern": {r"layer\.\d+\.attention\.self\.(key|value)": 10, "query": 3.5},
    "target_modules": ["query", "key", "value"],
}

# Name, number of classes, settings beside rank 4 and alpha 16 on query and value.
ADAPTERS = [
    ("plain", 2, {}),
    ("regex", 2, {"target_modules": r".*\.layer\.(?!0\.)\d+\.(.*\.(query|key)|output\.dense)"}),
    ("all-linear", 2, {"target_modules": "all-linear"}),
    ("all-linear as written by hand", 2, {"target_modules": "all-linear", "by_hand": True}),
    ("dense without the pooler", 2,
     {"target_modules": ["dense"], "exclude_modules": ["pooler.dense"]}),
    ("ranks and alphas by pattern", 2, PATTERNS),
    ("rsLoRA", 2, {"use_rslora": True}),
    ("rsLoRA with patterns", 3, {"use_rslora": True, **PATTERNS}),
    ("layer 1", 2, {"layers_to_transform": 1}),
    ("layer 0 of the list layer", 2, {"layers_to_transform": [0], "layers_pattern": "layer"}),
    ("4 classes", 4, {}),
    ("head of the base, no task", 2, {"task_type": None}),
    ("gaussian start", 2, {"init_lora_weights": "gaussian"}),
    # With a task, PEFT 0.21 loses the head when it converts.
    ("PiSSA, converted, head of the base", 2, {"task_type": None, "init_lora_weights": "pissa"}),
]


def randomise(model):
    """Random A, B and head. LoRA's products get about as large as the weights: far larger ones
    would make logits that two computations in f32 cannot agree on to 1e-4."""
    generator = torch.Generator().manual_seed(5)
    deviations = {"lora_B": 0.05, "modules_to_save.default": 0.3}
    for name, parameter in model.named_parameters():
        found = [value for part, value in deviations.items() if part in name]
        if "lora_A" in name:
            found = [parameter.shape[1] ** -0.5]
        for deviation in found:
            parameter.data = torch.randn(parameter.shape, generator=generator) * deviation


def adapter_folder(model, folder, scratch, settings):
    """Saves an adapter with random A, B and head."""
    settings = {"task_type": "SEQ_CLS", "r": 4, "lora_alpha": 16,
                "target_modules": ["query", "value"], **settings}
    by_hand = settings.pop("by_hand", False)
    targets = settings["target_modules"]
    model = get_peft_model(model, LoraConfig(**settings))
    if settings.get("init_lora_weights") == "pissa":
        converted = {"path_initial_model_for_weight_conversion": str(scratch / "start")}
        model.peft_config["default"].init_lora_weights = True
        model.save_pretrained(scratch / "start")
        model.peft_config["default"].init_lora_weights = "pissa"
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.data += 0.05 * torch.randn(parameter.shape)
    else:
        converted = {}
        randomise(model)
    model.save_pretrained(folder, **converted)
    if by_hand:
        path = folder / "adapter_config.json"
        config = json.loads(path.read_text())
        path.write_text(json.dumps({**config, "target_modules": targets}))


def lora(**settings):
    settings = {"target_modules": ["query", "value"], **settings}
    return LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=16, **settings)


# Name, what Goldpan's refusal names, PEFT's configuration.
REFUSED = [
    ("DoRA", "DoRA", lambda: lora(use_dora=True)),
    ("LoHa", "LOHA", lambda: LoHaConfig(task_type="SEQ_CLS", r=4, target_modules=["query"])),
    ("IA3", "IA3", lambda: IA3Config(task_type="SEQ_CLS", target_modules=["query"],
                                     feedforward_modules=[])),
    ("prefix tuning", "PREFIX_TUNING", lambda: PrefixTuningConfig(task_type="SEQ_CLS",
                                                                  num_virtual_tokens=4)),
    ("bias all", "bias \"all\"", lambda: lora(bias="all")),
    ("PiSSA", "pissa", lambda: lora(init_lora_weights="pissa")),
    ("OLoRA", "olora", lambda: lora(init_lora_weights="olora")),
    ("embeddings", "LoRA on embeddings", lambda: lora(target_modules=["query", "word_embeddings"])),
    ("single tokens", "trainable_token_indices", lambda: lora(trainable_token_indices=[5, 6])),
    ("another module saved", "modules_to_save", lambda: lora(modules_to_save=["LayerNorm"])),
    ("a bias in LoRA", "lora_bias", lambda: lora(lora_bias=True)),
]


def refused_folder(model, folder, config):
    get_peft_model(model, config()).save_pretrained(folder)


# Name, type of the saved tensors, the largest file.
SAVED = [
    ("f32", torch.float32, "5GB"),
    ("f32 in shards", torch.float32, "30KB"),
    ("f16", torch.float16, "5GB"),
    ("bf16", torch.bfloat16, "5GB"),
    ("bf16 in shards", torch.bfloat16, "30KB"),
]
