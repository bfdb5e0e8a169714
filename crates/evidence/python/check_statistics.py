"""Compares statistics of many degenerate cases with those of scipy, statsmodels and scikit-learn.

    pip install --requirement requirements.txt
    cargo build -p goldpan-evidence --examples
    python check_statistics.py ../../../target/debug/examples/statistics [CASES]

One difference is meant: where all paired differences are the same but for rounding, scipy's t is 0/0
(NaN), x/0 (p = 0) or whatever the rounding errors give (p = 1e-16), with a warning. Goldpan makes no test.
"""
import json
import subprocess
import sys
import warnings

import numpy as np
from scipy import stats
from sklearn.metrics import auc
from statsmodels.stats.multitest import multipletests

warnings.simplefilter("ignore")
random = np.random.default_rng(1)


def accuracies(number):
    """Accuracies of two arms by seed: constant, shifted by a constant, tied, or far apart."""
    seeds, texts = int(random.integers(1, 9)), int(random.choice([10, 200, 3333]))
    first = random.integers(0, texts + 1, seeds)
    kind = number % 5
    if kind == 0:
        second = random.integers(0, texts + 1, seeds)
    elif kind == 1:
        second = first.copy()
    elif kind == 2:
        first = np.minimum(first, texts - 1)
        second = first + 1
    elif kind == 3:
        first[:], second = first[0], random.integers(0, texts + 1, seeds)
    else:
        second = np.clip(first + random.integers(-1, 2, seeds), 0, texts)
    has_spread = len(set((first - second).tolist())) > 1
    first, second = first / texts, second / texts
    if number % 7 == 0:
        first, second = first.astype(np.float32).astype(float), second.astype(np.float32).astype(float)
    return first, second, has_spread


def p_values():
    """With ties, 0, 1, and values that are none."""
    chosen = random.choice([0.0, 1e-300, 0.01, 0.01, 0.05, 0.3, 1.0], int(random.integers(1, 7)))
    return [None if random.random() < 0.15 else float(p) for p in chosen]


def curve():
    points = int(random.integers(1, 7))
    labelled = np.cumsum(random.integers(0, 50, points)) + 10
    return labelled.astype(float), np.round(random.random(points), 3)


def near(ours, theirs):
    return abs(ours - theirs) <= 1e-9 * max(1e-30, abs(theirs)) or abs(ours - theirs) <= 1e-12


def main(program, count):
    cases = [(accuracies(number), p_values(), curve()) for number in range(count)]
    lines = [
        json.dumps(
            {
                "first": first.tolist(),
                "second": second.tolist(),
                "p": p,
                "curve": np.stack([x, y], 1).tolist(),
            }
        )
        for (first, second, _), p, (x, y) in cases
    ]
    ran = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == count, len(answers)
    tests = 0
    for ((first, second, has_spread), p, (x, y)), answer in zip(cases, answers):
        assert near(answer["mean"], (first - second).mean()), answer
        if len(first) == 1:
            assert answer["deviation"] is None and answer["p"] is None, answer
        else:
            assert near(answer["deviation"], (first - second).std(ddof=1)), answer
        assert (answer["p"] is not None) == has_spread, (first, second, answer)
        if has_spread:
            tests += 1
            expected = stats.ttest_rel(first, second).pvalue
            assert abs(answer["p"] - expected) <= 1e-9 * expected + 1e-7, (first, second, answer, expected)
        known = [value for value in p if value is not None]
        corrected = iter(multipletests(known, method="holm")[1] if known else [])
        for value, ours in zip(p, answer["holm"]):
            assert (ours is None) == (value is None), (p, answer)
            assert ours is None or near(ours, float(next(corrected))), (p, answer)
        if x[-1] > x[0]:
            assert near(answer["area"], auc(x, y) / (x[-1] - x[0])), (x, y, answer)
        elif len(x) == 1:
            assert answer["area"] == y[0], (x, y, answer)
    print(f"{count} degenerate cases, {tests} with a test: the same numbers as scipy's and statsmodels'")


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500)
