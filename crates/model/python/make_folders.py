"""Makes tests/fixtures/folders: small random models, settings of their folders, and the vectors that
sentence-transformers gives for each.

    python make_folders.py ../tests/fixtures/folders

With torch 2.15, transformers 5.24 and sentence-transformers 6.2. A case is a list of folders laid over one
another, files written over them (a text, JSON, or null for none), what `encode` is asked for, and vectors.
"""
import json, os, shutil, sys, tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import sentence_transformers, transformers
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel, XLMRobertaConfig, XLMRobertaModel

OUT = sys.argv[1]
TEXTS = [
    "The film WAS good",
    "Crème brûlée, naïve façade!",
    "  leading and trailing  ",
    "日本語 film",
    "a [MASK] b <mask> c",
    "wasgood [unused0] filmgood",
    "",
    "the film was good and the film was bad and the film was long and it was the film",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]", "[unused1]"]
LETTERS = "abcdefghijklmnopqrstuvwxyzéèûïçTFWASGODC"
WORDS = ["the", "film", "was", "good", "The", "WAS", "creme", "brulee", "crème", "naive", "naïve", "bad", "and",
         "wasgood", "query", "日", "本", "語", "日本語", ":", ",", "!", "[", "]", "<", ">", "mask", "MASK"]


def wordpiece(lowercase):
    vocab = {t: i for i, t in enumerate(SPECIAL + list(LETTERS) + ["##" + c for c in LETTERS] + WORDS)}
    tok = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tok.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tok.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tok.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tok.decoder = decoders.WordPiece()
    tok.add_special_tokens(SPECIAL[:5])
    return tok, vocab


def bytelevel():
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] + sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("t", "h"), ("th", "e"), ("Ġ", "t"), ("Ġt", "h"), ("f", "i"), ("fi", "l"), ("fil", "m"), ("Ġ", "f"),
              ("g", "o"), ("o", "d"), ("go", "od"), ("Ġ", "g"), ("w", "a"), ("wa", "s"), ("Ġ", "wa"), ("Ġ", "Ġ")]
    vocab = {t: i for i, t in enumerate(names)}
    for a, b in merges:
        vocab.setdefault(a + b, len(vocab))
    tok = Tokenizer(models.BPE(vocab, merges, continuing_subword_prefix="", end_of_word_suffix=""))
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    from tokenizers import AddedToken
    tok.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    return tok, vocab, merges


def unigram():
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    pieces += [("▁" + w, -4.0 - i / 10) for i, w in enumerate(["the", "film", "was", "good", "and", "a"])]
    pieces += [(w, -5.0 - i / 10) for i, w in enumerate(["film", "good", "was", "ing"])]
    pieces += [(c, -7.0 - i / 10) for i, c in enumerate(LETTERS + "日本語:,!")] + [("<mask>", 0.0)]
    tok = Tokenizer(models.Unigram(pieces, unk_id=3, byte_fallback=False))
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tok.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    from tokenizers import AddedToken
    tok.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", AddedToken("<mask>", lstrip=True)])
    return tok, pieces


def sizes(**more):
    return dict(hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=12, **more)


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf8") as f:
        f.write(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def base(name, model, tok, tokenizer_config, config=None):
    folder = f"{OUT}/{name}"
    for p in model.parameters():  # larger than usual, so that every setting shows
        p.data = torch.randn(p.shape) * (0.6 if p.dim() > 1 else 0.3) + (1.0 if p.dim() == 1 and p.mean() > 0.9 else 0.0)
    model.save_pretrained(folder)
    tok.save(f"{folder}/tokenizer.json", pretty=False)
    write(f"{folder}/tokenizer_config.json", tokenizer_config)
    saved = json.load(open(f"{folder}/config.json"))
    saved.update(config or {})
    write(f"{folder}/config.json", saved)


shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(OUT)
torch.manual_seed(16)
cased, bert_vocab = wordpiece(False)
base("bert", BertModel(BertConfig(vocab_size=len(bert_vocab), max_position_embeddings=24, **sizes())), cased,
     {"tokenizer_class": "BertTokenizer", "do_lower_case": False})
bpe, bpe_vocab, merges = bytelevel()
base("roberta", RobertaModel(RobertaConfig(vocab_size=len(bpe_vocab), max_position_embeddings=50, type_vocab_size=1,
     pad_token_id=1, layer_norm_eps=1e-5, **sizes())), bpe, {"tokenizer_class": "RobertaTokenizer", "model_max_length": 45})
uni, pieces = unigram()
base("xlmr", XLMRobertaModel(XLMRobertaConfig(vocab_size=len(pieces), max_position_embeddings=34, type_vocab_size=1,
     pad_token_id=1, **sizes())), uni, {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 32})

# Modules' weights, used by the cases that name them.
g = torch.Generator().manual_seed(5)
r = lambda *shape: torch.randn(*shape, generator=g)
for name, tensors in {
    "dense": {"linear.weight": r(5, 8), "linear.bias": r(5)},
    "dense16": {"linear.weight": r(8, 16), "linear.bias": r(8)},
    "flat": {"linear.weight": r(8, 8)},
    "residual": {"linear.weight": r(5, 8), "linear.bias": r(5), "residual.weight": r(5, 8)},
    "norm": {"norm.weight": r(8) + 1, "norm.bias": r(8)},
}.items():
    os.makedirs(f"{OUT}/modules/{name}")
    save_file(tensors, f"{OUT}/modules/{name}/model.safetensors")
os.makedirs(f"{OUT}/pickled/dense")
torch.save({"linear.weight": r(5, 8), "linear.bias": r(5)}, f"{OUT}/pickled/dense/pytorch_model.bin")
weights = load_file(f"{OUT}/bert/model.safetensors")
for name, kind in {"f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64}.items():
    os.makedirs(f"{OUT}/{name}")
    cast = {k: v.to(kind) if v.is_floating_point() else v for k, v in weights.items()}
    save_file(cast, f"{OUT}/{name}/model.safetensors", metadata={"format": "pt"})

OLD, NEW = "sentence_transformers.models.", "sentence_transformers.sentence_transformer.modules."
ROOT = {"idx": 0, "name": "0", "path": "", "type": OLD + "Transformer"}


def modules(*more, transformer=ROOT, pooling="pool"):
    parts = [transformer, {"idx": 1, "name": "1", "path": pooling, "type": OLD + "Pooling"}]
    for i, (kind, path) in enumerate(more):
        parts.append({"idx": i + 2, "name": str(i + 2), "path": path, "type": OLD + kind})
    return parts


def pooled(*more, **config):
    config = {"embedding_dimension": 8, **(config or {"pooling_mode": "mean"})}
    return {"modules.json": modules(*more), "pool/config.json": config}


MEAN = pooled()
cases = []


def case(name, folders, files=None, **encode):
    folders = [folders] if isinstance(folders, str) else folders
    folder = tempfile.mkdtemp()
    for layer in folders:
        shutil.copytree(f"{OUT}/{layer}", folder, dirs_exist_ok=True)
    for path, content in (files or {}).items():
        place = os.path.join(folder, path)
        if content is None:
            os.remove(place)
        else:
            write(place, content)
    if "0_Transformer" in name:
        os.makedirs(f"{folder}/0_Transformer")
        for file in os.listdir(folder):
            if os.path.isfile(f"{folder}/{file}") and file != "modules.json":
                shutil.move(f"{folder}/{file}", f"{folder}/0_Transformer/{file}")
    model = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": torch.float32})
    asked = dict(encode)
    vectors = []
    for text in TEXTS:  # one by one: a text's vector does not depend on its batch
        vectors.append(model.encode([text], convert_to_numpy=True, show_progress_bar=False, **asked)[0].tolist())
    cases.append({"name": name, "folders": folders, "files": files or {}, "encode": encode,
                  "vectors": [[float(f"{x:.9g}") for x in v] for v in vectors]})
    shutil.rmtree(folder)


def edited(tokenizer, **change):
    whole = json.loads(tokenizer.to_str())
    whole.update(change)
    return json.dumps(whole, ensure_ascii=False)


T = "tokenizer_config.json"
S = "config_sentence_transformers.json"
bert = lambda **c: {T: {"tokenizer_class": "BertTokenizer", "do_lower_case": False, **c}}
rob = lambda **c: {T: {"tokenizer_class": "RobertaTokenizer", "model_max_length": 45, **c}}

# Folders as a whole
case("no modules.json: mean of the tokens", "bert")
case("modules.json of older versions", "bert", MEAN)
case("modules.json of current versions", "bert", {
    "modules.json": [{**ROOT, "type": "sentence_transformers.base.modules.transformer.Transformer"},
                     {"idx": 1, "name": "1", "path": "pool", "type": NEW + "pooling.Pooling"}],
    "pool/config.json": {"embedding_dimension": 8, "pooling_mode": "mean", "include_prompt": True}})
case("a folder 0_Transformer of old versions", "bert", {
    "modules.json": modules(transformer={**ROOT, "path": "0_Transformer"}), "pool/config.json": {"word_embedding_dimension": 8}})
for name in ["f16", "bf16", "f64"]:
    case(f"weights in {name}", ["bert", name])
# tokenizer_config.json
for b in [True, False]:
    case(f"do_lower_case {str(b).lower()}", "bert", bert(do_lower_case=b))
case("do_lower_case missing, tokenizer.json says false", "bert", {T: {"tokenizer_class": "BertTokenizer"}})
case("no tokenizer_config.json", "bert", {T: None})
for b in [True, False, None]:
    case(f"strip_accents {json.dumps(b)}", "bert", bert(strip_accents=b))
case("strip_accents false, do_lower_case true", "bert", bert(strip_accents=False, do_lower_case=True))
case("tokenize_chinese_chars false", "bert", bert(tokenize_chinese_chars=False))
case("model_max_length 6", "bert", bert(model_max_length=6))
case("max_len 6", "bert", bert(max_len=6))
case("model_max_length beyond the positions", "bert", bert(model_max_length=512))
case("truncation_side left", "bert", bert(model_max_length=6, truncation_side="left"))
case("truncation of tokenizer.json: its side counts, its length does not", "bert", {
    **bert(model_max_length=7), "tokenizer.json": edited(cased, truncation={
        "direction": "Left", "max_length": 4, "strategy": "LongestFirst", "stride": 0})})
case("padding of tokenizer.json", "bert", {"tokenizer.json": edited(cased, padding={
    "strategy": {"Fixed": 20}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"})})
case("padding_side left", "roberta", rob(padding_side="left"))
plain = {str(i): {"content": t, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
         for i, t in enumerate(SPECIAL[:5])}
case("added_tokens_decoder", "bert", bert(added_tokens_decoder={**plain, str(bert_vocab["film"]): {
    "content": "film", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False, "special": False}}))
case("added_tokens_decoder without a token of tokenizer.json", "bert", bert(added_tokens_decoder={
    k: v for k, v in plain.items() if v["content"] != "[MASK]"}, mask_token="[unused1]"))
case("special tokens of tokenizer_config.json", "bert", bert(cls_token="[unused0]", sep_token="[unused1]"))
case("special_tokens_map.json", "bert", {"special_tokens_map.json": {"cls_token": "[unused0]", "sep_token": {
    "content": "[unused1]", "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}}})
case("special_tokens_map.json beside added_tokens_decoder", "bert", {
    **bert(added_tokens_decoder=plain), "special_tokens_map.json": {"cls_token": "[unused0]"}})
case("added_tokens.json", "bert", {"added_tokens.json": {"film": bert_vocab["film"]}})
case("additional_special_tokens", "bert", bert(additional_special_tokens=["[unused0]", "wasgood"]))
case("extra_special_tokens", "bert", bert(extra_special_tokens={"kept_token": "[unused0]"}))
case("split_special_tokens", "bert", bert(split_special_tokens=True))
case("unk_token", "bert", bert(unk_token="[unused0]"))
case("add_bos_token, add_eos_token", "roberta", rob(add_bos_token=False, add_eos_token=False))
case("clean_up_tokenization_spaces, never_split, do_basic_tokenize", "bert", bert(
    clean_up_tokenization_spaces=True, never_split=["good"], do_basic_tokenize=False))
lower, _ = wordpiece(True)
case("tokenizer_class PreTrainedTokenizerFast", "bert", {T: {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False, "pad_token": "[PAD]"},
     "tokenizer.json": lower.to_str()})
case("tokenizer_class BertTokenizerFast", "bert", {T: {"tokenizer_class": "BertTokenizerFast"}, "tokenizer.json": cased.to_str()})
case("tokenizer_class DistilBertTokenizer", "bert", {T: {"tokenizer_class": "DistilBertTokenizer", "do_lower_case": True}})
case("tokenizer_class ElectraTokenizer", "bert", {T: {"tokenizer_class": "ElectraTokenizer", "do_lower_case": True}})
case("tokenizer_class in config.json", "bert", {T: {"pad_token": "[PAD]"}, "config.json": {
    **json.load(open(f"{OUT}/bert/config.json")), "tokenizer_class": "PreTrainedTokenizerFast"}})
case("another model in tokenizer.json than the class makes", "bert", {"tokenizer.json": edited(cased, model={
    **json.loads(cased.to_str())["model"], "max_input_chars_per_word": 3})})
words = "\n".join(sorted(bert_vocab, key=bert_vocab.get)) + "\n"
case("vocab.txt alone", "bert", {"tokenizer.json": None, "vocab.txt": words})
case("vocab.txt alone, do_lower_case true", "bert", {"tokenizer.json": None, "vocab.txt": words, **bert(do_lower_case=True)})
pairs = "#version: 0.2\n" + "\n".join(" ".join(m) for m in merges) + "\n"
case("vocab.json and merges.txt", "roberta", {"tokenizer.json": None, "vocab.json": json.dumps(bpe_vocab), "merges.txt": pairs})
case("RoBERTa, white space around a text", "roberta")
case("add_prefix_space true", "roberta", rob(add_prefix_space=True))
case("add_prefix_space false, tokenizer.json says true", "roberta", {**rob(add_prefix_space=False), "tokenizer.json": edited(
    bpe, pre_tokenizer={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True})})
case("do_lower_case for RoBERTa", "roberta", rob(do_lower_case=True))
case("a normalizer in RoBERTa's tokenizer.json", "roberta", {"tokenizer.json": edited(bpe, normalizer={"type": "Lowercase"})})
case("XLM-RoBERTa", "xlmr")
case("XLM-RoBERTa, add_prefix_space false", "xlmr", {T: {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 32, "add_prefix_space": False}})
camembert = {"config.json": {**json.load(open(f"{OUT}/xlmr/config.json")), "model_type": "camembert"}}
case("CamemBERT", "xlmr", {**camembert, T: {"tokenizer_class": "CamembertTokenizer", "model_max_length": 32, "additional_special_tokens": []}})
# config.json
def config(which, drop=(), **change):
    saved = json.load(open(f"{OUT}/{which}/config.json"))
    saved.update(change)
    return {"config.json": {k: v for k, v in saved.items() if k not in drop}}
case("layer_norm_eps", "bert", config("bert", layer_norm_eps=0.1))
case("keys that are missing have their defaults", "bert", config("bert", drop=[
    "hidden_act", "type_vocab_size", "layer_norm_eps", "pad_token_id", "tie_word_embeddings"]))
case("hidden_act gelu_python", "bert", config("bert", hidden_act="gelu_python"))
case("pad_token_id moves RoBERTa's positions", "roberta", config("roberta", pad_token_id=4))
case("keys without effect", "bert", config("bert", use_cache=False, chunk_size_feed_forward=1, classifier_dropout=0.4,
     hidden_dropout_prob=0.5, torch_dtype="float32", initializer_range=0.3, bos_token_id=4))
# sentence_*_config.json
for which in ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"]:
    case(f"sentence_{which}_config.json", "bert", {**MEAN, f"sentence_{which}_config.json": {"max_seq_length": 5, "do_lower_case": True}})
case("two sentence configurations: the first", "bert", {**MEAN, "sentence_bert_config.json": {"max_seq_length": 7},
     "sentence_roberta_config.json": {"max_seq_length": 4}})
case("max_seq_length over model_max_length", "bert", {**MEAN, **bert(model_max_length=5), "sentence_bert_config.json": {"max_seq_length": 9}})
case("max_seq_length null", "bert", {**MEAN, **bert(model_max_length=5), "sentence_bert_config.json": {"max_seq_length": None}})
case("sentence_bert_config.json without modules.json", "bert", {"sentence_bert_config.json": {"max_seq_length": 4}})
case("do_lower_case of RoBERTa's sentence configuration", "roberta", {**MEAN, "sentence_roberta_config.json": {"do_lower_case": True}})
case("sentence_bert_config.json of current versions", "bert", {**MEAN, "sentence_bert_config.json": {
    "transformer_task": "feature-extraction", "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
    "module_output_name": "token_embeddings"}})
case("tokenizer_args", "bert", {**MEAN, "sentence_bert_config.json": {"tokenizer_args": {"do_lower_case": True, "model_max_length": 8}}})
# config_sentence_transformers.json
prompts = {"prompts": {"query": "query: ", "document": "the "}, "default_prompt_name": "query"}
case("default_prompt_name", "bert", {**MEAN, S: prompts})
case("a prompt by name", "bert", {**MEAN, S: prompts}, prompt_name="document")
case("a prompt's text", "bert", {**MEAN, S: prompts}, prompt="good film: ")
case("no prompt", "bert", {**MEAN, S: prompts}, prompt="")
case("prompts without a default", "bert", {**MEAN, S: {**prompts, "default_prompt_name": None}})
case("prompts without modules.json", "bert", {S: prompts})
for mode in ["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]:
    case(f"pooling_mode {mode}", "bert", pooled(pooling_mode=mode))
    case(f"include_prompt false, {mode}", "bert", {**pooled(pooling_mode=mode, include_prompt=False), S: prompts})
case("include_prompt false, RoBERTa", "roberta", {**pooled(pooling_mode="mean", include_prompt=False), S: prompts})
case("include_prompt false, cut texts", "bert", {**pooled(pooling_mode="mean", include_prompt=False), S: prompts, **bert(model_max_length=6)})
case("several poolings by name", "bert", pooled(pooling_mode=["weightedmean", "cls", "max"]))
case("several poolings by booleans", "bert", {"modules.json": modules(), "pool/config.json": {
    "word_embedding_dimension": 8, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True,
    "pooling_mode_max_tokens": True, "pooling_mode_mean_sqrt_len_tokens": True, "pooling_mode_weightedmean_tokens": True,
    "pooling_mode_lasttoken": True}})
case("pooling_mode beside booleans", "bert", {"modules.json": modules(), "pool/config.json": {
    "word_embedding_dimension": 8, "pooling_mode": "max", "pooling_mode_mean_tokens": True}})
case("booleans that are all false", "bert", {"modules.json": modules(), "pool/config.json": {
    "word_embedding_dimension": 8, "pooling_mode_mean_tokens": False}})
case("truncate_dim", "bert", {**MEAN, S: {"truncate_dim": 3}})
case("truncate_dim after Normalize", "bert", {**pooled(("Normalize", "2")), S: {"truncate_dim": 3}})
case("similarity_fn_name", "bert", {**MEAN, S: {"similarity_fn_name": "dot"}})
case("normalize_embeddings", "bert", {**MEAN, S: {"truncate_dim": 3}}, normalize_embeddings=True)
# Modules
dense = lambda out=5, **c: {"in_features": 8, "out_features": out, "bias": True, **c}
ACT = "torch.nn.modules.activation."
for act in ["Tanh", "ReLU", "GELU", "Sigmoid", "SiLU"]:
    case(f"Dense, {act}", ["bert", "modules"], {**pooled(("Dense", "dense")), "dense/config.json": dense(activation_function=ACT + act)})
case("Dense, Identity", ["bert", "modules"], {**pooled(("Dense", "dense")), "dense/config.json": dense(activation_function="torch.nn.modules.linear.Identity")})
case("Dense without activation_function", ["bert", "modules"], {**pooled(("Dense", "dense")), "dense/config.json": dense()})
case("Dense without a bias", ["bert", "modules"], {**pooled(("Dense", "flat")), "flat/config.json": dense(8, bias=False)})
case("Dense, use_residual", ["bert", "modules"], {**pooled(("Dense", "residual")), "residual/config.json": dense(use_residual=True)})
case("Dense, use_residual of the same width", ["bert", "modules"], {**pooled(("Dense", "flat")), "flat/config.json": dense(8, bias=False, use_residual=True)})
case("Dense after two poolings, Normalize", ["bert", "modules"], {**pooled(("Dense", "dense16"), ("Normalize", "3"), pooling_mode=["cls", "mean"]),
     "dense16/config.json": {**dense(8), "in_features": 16}})
case("Dense, pytorch_model.bin", ["bert", "pickled"], {**pooled(("Dense", "dense")), "dense/config.json": dense()})
case("LayerNorm", ["bert", "modules"], {**pooled(("LayerNorm", "norm")), "norm/config.json": {"dimension": 8}})
case("Dropout", "bert", {**pooled(("Dropout", "drop")), "drop/config.json": {"dropout": 0.5}})
case("Normalize", "bert", pooled(("Normalize", "2")))

write(f"{OUT}/cases.json", {
    "made_with": {"torch": torch.__version__, "transformers": transformers.__version__,
                  "sentence-transformers": sentence_transformers.__version__},
    "texts": TEXTS,
    "cases": cases,
})
lines = json.dumps(cases, ensure_ascii=False)
print(len(cases), "cases,", len(lines), "bytes")
