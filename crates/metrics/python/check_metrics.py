"""Compares the metrics of many degenerate cases with scikit-learn's.

    pip install --requirement requirements.txt
    cargo build -p goldpan-metrics --examples
    python check_metrics.py ../../../target/debug/examples/measure [CASES]
"""
import json
import pathlib
import subprocess
import sys
import warnings

import numpy as np
from sklearn.calibration import calibration_curve

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests" / "fixtures"))
import golden  # noqa: E402

warnings.simplefilter("ignore")
TOLERANCE = 1e-12


def confidences():
    """Probabilities, many of them at the edges of bins, and which were right."""
    count = int(golden.random.integers(1, 12))
    edges = np.concatenate([np.linspace(0, 1, 16), np.arange(16) / 15])
    chosen = np.where(
        golden.random.random(count) < 0.7, golden.random.choice(edges, count), golden.random.random(count)
    )
    return chosen, golden.random.integers(0, 2, count)


def main(program, count):
    cases = [golden.degenerate(number) for number in range(count)]
    tops = [confidences() for _ in cases]
    lines = [
        json.dumps(
            {
                "logits": case["logits"],
                "labels": case["labels"],
                "confidences": [[float(p), int(right)] for p, right in zip(*top)],
            }
        )
        for case, top in zip(cases, tops)
    ]
    ran = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(answers) == count, len(answers)
    for case, (p, right), answer in zip(cases, tops, answers):
        ours = answer["metrics"]
        for name in ("accuracy", "macro_f1", "loss", "calibration_error"):
            assert abs(ours[name] - case[name]) <= TOLERANCE, (name, ours[name], case)
        for name in ("precision", "recall", "f1", "support"):
            found = [of[name] for of in ours["per_class"]]
            assert np.allclose(found, case[name], rtol=0, atol=TOLERANCE), (name, found, case)
        assert ours["confusion"] == case["confusion"], case
        assert (answer["kappa"] is None) == (case["kappa"] is None), case
        assert abs((answer["kappa"] or 0) - (case["kappa"] or 0)) <= TOLERANCE, case
        accuracy, confidence = calibration_curve(right, p, n_bins=15)
        assert np.allclose(answer["bins"], np.stack([confidence, accuracy], 1), rtol=0, atol=TOLERANCE), (
            p.tolist(),
            answer["bins"],
        )
    print(f"{count} degenerate cases: the same numbers as scikit-learn's")


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 500)
