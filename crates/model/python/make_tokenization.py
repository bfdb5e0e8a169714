"""Makes crates/model/tests/fixtures/tokenization: texts and the token ids that transformers gives them.

    python make_tokenization.py --minilm FOLDER --sst2 FOLDER

`--minilm` is a folder with all-MiniLM-L6-v2 (the one that `goldpan_sources` caches), `--sst2` one
with SST-2's `dev.tsv`. Made with transformers 5.23.0 and tokenizers 0.23.3.

Written are `texts.json`, a list of texts (a text that repeats a piece is `[piece, times]`), and for
each model `MODEL.json`: `cases`, each a `max_length` (null: the model's own, which is
`own_max_length`) and the `ids` of every text, special tokens included.
"""

import argparse
import json
from pathlib import Path

from transformers import AutoConfig, AutoTokenizer

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "fixtures"

# The least that leaves room for a token between the two special ones, short, medium, the model's own.
LENGTHS = [3, 8, 64, None]

TEXTS = [
    "",
    " ",
    "   \t  ",
    "\n",
    "a\tb\nc\r\nd\x0be\x0cf",
    "nul\x00inside",
    "\x00",
    "\x01\x02 control \x07\x1b[31m characters \x7f\x80\x9f",
    "a good film 👍",
    "👩‍👩‍👧‍👦 👨🏽‍🚀🏳️‍🌈 🇩🇪❤️‍🔥",
    "😀😃😄😁😆😅",
    "这部电影很好看。",
    "日本語のテキストとカタカナ、ひらがな",
    "한국어 텍스트입니다",
    "CJK𠀀extension𪛖B",
    "هذا فيلم رائع جدًا ٱلسَّلَامُ",
    "זה סרט נהדר שָׁלוֹם",
    "Ελληνικά ΣΊΣΥΦΟΣ",
    "Привет, МИР! ёЁй",
    "हिन्दी में एक वाक्य",
    "ภาษาไทยไม่มีช่องว่าง",
    "caf\u00e9 na\u00efve \u00c5ngstr\u00f6m cr\u00e8me br\u00fbl\u00e9e",
    "cafe\u0301 nai\u0308ve A\u030angstro\u0308m cre\u0300me bru\u0302le\u0301e",
    "Z\u0351\u036b\u0343\u036a\u0302a\u0312\u0364l\u034c\u0363g\u0301\u0300o\u0352",
    "\u0301 leading accent",
    "\u1e9b\u0323 \ufb01 \u2126 \u212b \u00bd \u2460 \uff21\uff22\uff23",
    "STRASSE Straße İstanbul ıI ǅ",
    ["a very long text that goes on and on. ", 271],
    ["word ", 2000],
    ["x", 10000],
    ["长", 10000],
    ["Donaudampfschifffahrt", 12],
    ["ab" * 50, 1],
    ["ab" * 51, 1],
    "https://example.com/a/very/long/path?with=query&and=more#fragment",
    "[MASK]",
    "[CLS] a [SEP] b [SEP] [PAD] [UNK]",
    "a[MASK]b [mask] [ MASK ]",
    "<s>",
    "</s>",
    "<mask>",
    "a <mask> b<mask>c  <mask>  </s></s> <pad> <unk>",
    "<S> <MASK>",
    " leading",
    "trailing ",
    "   both   ",
    "two  spaces   three",
    "don't",
    "Don’t DON'T don 't they'll we've I'm he'd it's",
    "rock'n'roll ''quoted'' \"double\" `back`",
    "<p>HTML &amp; <b>tags</b><br/></p>",
    "<!-- comment --> <script>alert(1)</script>",
    "\u00a0",
    "a\u00a0b\u2003c\u200bd\ufeffe\u3000f\u2028g\u2029h\u00adi\u2060j\u180ek",
    "\ufeffbyte order mark",
    "\u200b\u200c\u200d",
    "\u202eright to left override\u202c",
    "mixed английский 中文 عربي עברית 123 १२३ ١٢٣",
    "1,234.56 $5.00 50% 3/4 1e-5 -7 +8 2²",
    "!!!???...---___***",
    "semi-colon; em—dash – en … ellipsis “quotes” ‘single’",
    "CamelCase snake_case kebab-case SCREAMING_CASE",
    "a",
    "A",
    ".",
    "\u00e9",
    "e\u0301",
    "\ufffd replacement \ufffe \uffff \U0010ffff",
    "\ue000 private use \U000f0000",
    "##ing ##s # #hash",
    "Ġ Ċ ▁ byte-level markers",
]

# Rows of SST-2's dev.tsv, chosen evenly.
PHRASES = 30


def expand(text):
    return text if isinstance(text, str) else text[0] * text[1]


def own_max_length(folder, tokenizer):
    config = AutoConfig.from_pretrained(folder)
    positions = config.max_position_embeddings
    if config.model_type == "roberta":
        positions -= config.pad_token_id + 1
    return min(positions, tokenizer.model_max_length)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minilm", type=Path, required=True)
    parser.add_argument("--sst2", type=Path, required=True)
    arguments = parser.parse_args()

    rows = (arguments.sst2 / "dev.tsv").read_text(encoding="utf-8").splitlines()[1:]
    phrases = [row.split("\t", 1)[1] for row in rows[:: len(rows) // PHRASES][:PHRASES]]
    stored = TEXTS + phrases
    texts = [expand(text) for text in stored]

    out = FIXTURES / "tokenization"
    out.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(text) for text in stored)
    (out / "texts.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")

    folders = {
        "tiny-bert": FIXTURES / "tiny-bert",
        "tiny-roberta": FIXTURES / "tiny-roberta",
        "minilm": arguments.minilm,
    }
    for name, folder in folders.items():
        tokenizer = AutoTokenizer.from_pretrained(folder)
        own = own_max_length(folder, tokenizer)
        cases = []
        for length in LENGTHS:
            encoded = tokenizer(texts, truncation=True, max_length=length or own)
            cases.append({"max_length": length, "ids": encoded["input_ids"]})
        whole = json.dumps({"own_max_length": own, "cases": cases}, separators=(",", ":"))
        (out / f"{name}.json").write_text(whole + "\n", encoding="utf-8")


main()
