"""n labels with Goldpan's defaults beside 4 n random labels for scikit-learn's logistic regression.

    python headline.py NAME=RUN_FOLDER ... [--seeds 10]

RUN_FOLDER is that of `pipelines/defaults.yaml`; the vectors and labels are those of its stages. Prints accuracy in
percent (mean over the seeds) and the difference with its 95 % interval (Welch). C = 1 is what scikit-learn takes where
nothing is said, C = 10 the better one for vectors of length 1. Needs numpy, scipy, pyarrow and scikit-learn.
"""

import argparse
import csv
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy import stats
from sklearn.linear_model import LogisticRegression


def table(path):
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def part(run, stage, file):
    found = sorted((run / stage).glob(file))
    return table(found[0])


def values(column):
    column = column.combine_chunks()
    return np.asarray(column.flatten()).reshape(len(column), -1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    print("| set | n | Goldpan, n | LR, 4 n, C = 1 | difference | LR, 4 n, C = 10 | difference |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, run in (entry.split("=", 1) for entry in given.runs):
        run = Path(run)
        labels = [part(run, stage, "texts.arrow").column("label") for stage in ("pool", "validation")]
        y, y_held = (np.asarray(column.combine_chunks()).astype(int) for column in labels)
        pool = values(part(run, "vectors", "embeddings.arrow").column("embedding"))
        held = values(part(run, "validation/embed", "embeddings.arrow").column("embedding"))
        ours = defaultdict(list)
        for row in csv.DictReader((run / "results.csv").open()):
            ours[int(row["labelled"])].append(100 * float(row["accuracy"]))
        for count, found in sorted(ours.items()):
            cells = [f"{np.mean(found):.1f}"]
            for strength in (1, 10):
                peers = []
                for seed in range(given.seeds):
                    rows = np.random.default_rng(seed).permutation(len(y))[: 4 * count]
                    model = LogisticRegression(C=strength, max_iter=5000).fit(pool[rows], y[rows])
                    peers.append(100 * model.score(held, y_held))
                interval = stats.ttest_ind(found, peers, equal_var=False).confidence_interval(0.95)
                apart = np.mean(found) - np.mean(peers)
                cells += [f"{np.mean(peers):.1f}", f"{apart:+.1f} ({interval.low:+.1f} to {interval.high:+.1f})"]
            print(f"| {name} | {count} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
