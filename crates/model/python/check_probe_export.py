"""Compares a probe that `goldpan export` wrote with the predictions of `goldpan predict`, by sentence-transformers.

    python check_probe_export.py EXPORTED TEXTS PREDICTIONS

EXPORTED is the exported folder, TEXTS and PREDICTIONS are tables of the same texts. Needs sentence-transformers,
numpy and pyarrow. CI does not run it: torch takes minutes to install.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from sentence_transformers import SentenceTransformer


def table(path):
    return pa.ipc.open_file(pa.memory_map(path)).read_all()


exported, texts, predictions = sys.argv[1:]
texts = table(texts).column("text").to_pylist()[:500]
predictions = table(predictions)
logits = np.array(predictions.column("logits").to_pylist()[: len(texts)])
found = SentenceTransformer(exported, device="cpu").encode(texts)
apart = np.abs(found - logits).max()
classes = json.loads((Path(exported) / "classes.json").read_text())
assert found.shape == (len(texts), len(classes)), found.shape
assert (found.argmax(axis=1) == logits.argmax(axis=1)).all(), "other classes"
assert apart < 1e-4, apart
print(f"{len(texts)} texts, {len(classes)} classes: logits at most {apart:.1e} apart, the same classes")
