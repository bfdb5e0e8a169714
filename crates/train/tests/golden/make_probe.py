"""Writes `probe.json`: scikit-learn's solutions of the probe's objective.

Needs scikit-learn; the file is committed. The objective is `LogisticRegression(fit_intercept=False,
class_weight="balanced")` on vectors with a constant feature of 0.3 for the bias. Two classes are one
sigmoid there, whose C is twice that of a softmax and whose weights are the difference of both classes'.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression


def case(texts, width, classes, strength, seed):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, width))
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, texts - classes) ** 2 % classes])
    x = rng.normal(size=(texts, width)) + centres[labels]
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x = np.round(np.hstack([x, np.full((texts, 1), 0.3)]), 6)
    c = strength * (2 if classes == 2 else 1)
    model = LogisticRegression(C=c, fit_intercept=False, class_weight="balanced", solver="newton-cholesky",
                               tol=1e-14, max_iter=10_000)
    model.fit(x, labels)
    coefficients = model.coef_
    if classes == 2:
        coefficients = np.vstack([-coefficients / 2, coefficients / 2])
    return {"strength": strength, "features": x.tolist(), "labels": labels.tolist(),
            "weights": coefficients.tolist()}


cases = [case(*c) for c in [(12, 4, 2, 1.0, 0), (40, 6, 2, 25.0, 1), (15, 5, 3, 1.5, 2), (60, 8, 4, 2.0, 3),
                            (30, 20, 7, 3.5, 4), (60, 6, 5, 100.0, 5)]]
text = json.dumps({"by": f"scikit-learn {sklearn.__version__}", "cases": cases})
(Path(__file__).parent / "probe.json").write_text(text + "\n")
