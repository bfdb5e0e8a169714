"""Active-learning libraries beside Goldpan: small-text and scikit-activeml, same vectors, starts and budgets.

    python active_learners.py NAME=RUN_FOLDER ... [--seeds 10] [--only LIBRARY,LIBRARY/STRATEGY,...]
        [--strength 1] [--rows active_learners.csv] [--limit 600] [--table FILE]

RUN_FOLDER is that of `pipelines/few-labels.yaml` with the arms random, recommended, margin and weighted-k-means: the
texts, the vectors, the 20 labels that each seed starts with and Goldpan's own accuracies are read from it, so nothing
is embedded twice. Rows are appended to --rows as each run ends, and what is there is not run again: call it again to
go on. With --table nothing is run; the tables are written from the rows.

Needs numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1, pyarrow 26.0.1, small-text 1.4.1 and scikit-activeml 1.0.1 (no
torch). Set OMP_NUM_THREADS=1 for seconds that can be compared.

The libraries' learner is scikit-learn's logistic regression on the vectors, as it comes (C = 1) or with the C that
--strength says; rows of another C than 1 have it in the library's name. Seconds are the processor's for the choice of
a batch alone: the learner is trained before. --limit is for all batches of one seed, in seconds of the processor; a
row without an accuracy says at which number of labels it was reached.
"""

import argparse
import csv
import signal
import time
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy import stats
from skactiveml import pool as activeml
from skactiveml.classifier import SklearnClassifier
from sklearn.linear_model import LogisticRegression
from small_text import PoolBasedActiveLearner, SklearnClassifierFactory, SklearnDataset
from small_text import classifiers, query_strategies

BUDGETS = [20, 50, 100, 200, 500, 1000]
FIELDS = ["library", "strategy", "set", "seed", "labels", "accuracy", "seconds"]
ARMS = ["recommended", "margin", "weighted-k-means", "random"]
PICKS = "scikit-learn on Goldpan's picks"


STRENGTH = 1.0


def learner():
    return LogisticRegression(C=STRENGTH, max_iter=5000)


# small-text asks its classifier for embeddings; here they are the vectors that it is trained on.
class Classifier(classifiers.SklearnClassifier):
    def embed(self, dataset, return_proba=False, pbar=None):
        return (dataset.x, self.predict_proba(dataset)) if return_proba else dataset.x


class Factory(SklearnClassifierFactory):
    def new(self):
        return Classifier(learner(), self.num_classes)


SMALL_TEXT = {
    "random": lambda: query_strategies.RandomSampling(),
    "breaking ties": lambda: query_strategies.BreakingTies(),
    "prediction entropy": lambda: query_strategies.PredictionEntropy(),
    "contrastive": lambda: query_strategies.ContrastiveActiveLearning(pbar=None),
    "discriminative": lambda: query_strategies.DiscriminativeActiveLearning(Factory(learner(), 2), 10, pbar=None),
    "lightweight coreset": lambda: query_strategies.LightweightCoreset(),
    "embedding k-means": lambda: query_strategies.EmbeddingKMeans(),
    "greedy coreset": lambda: query_strategies.GreedyCoreset(),
}

# How it is made, and what `query` calls the learner, if it takes one.
ACTIVEML = {
    "random": (lambda seed, classes: activeml.RandomSampling(random_state=seed), None),
    "margin": (lambda seed, classes: activeml.UncertaintySampling("margin_sampling", random_state=seed), "clf"),
    "entropy": (lambda seed, classes: activeml.UncertaintySampling("entropy", random_state=seed), "clf"),
    "ContrastiveAL": (lambda seed, classes: activeml.ContrastiveAL(random_state=seed), "clf"),
    "Falcun": (lambda seed, classes: activeml.Falcun(random_state=seed), "clf"),
    "CoreSet": (lambda seed, classes: activeml.CoreSet(random_state=seed), None),
    "DropQuery": (lambda seed, classes: activeml.DropQuery(
        cluster_algo_dict={"random_state": seed}, random_state=seed), "clf"),
    "Clue": (lambda seed, classes: activeml.Clue(
        cluster_algo_dict={"random_state": seed}, random_state=seed), "estimator"),
    "TypiClust": (lambda seed, classes: activeml.TypiClust(random_state=seed), None),
    "Badge": (lambda seed, classes: activeml.Badge(random_state=seed), "clf"),
    "ProbCover": (lambda seed, classes: activeml.ProbCover(n_classes=classes, random_state=seed), None),
    "MaxHerding": (lambda seed, classes: activeml.MaxHerding(random_state=seed), None),
}


def table(path):
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


class Task:
    def __init__(self, name, run):
        self.name, self.run = name, Path(run)
        self.x, self.y, self.ids = self.read("pool/texts.arrow", "vectors/embeddings.arrow")
        self.held, self.truth, _ = self.read("validation/texts.arrow", "validation/embed/embeddings.arrow")
        self.classes = int(self.y.max()) + 1

    def read(self, texts, vectors):
        texts, vectors = table(self.run / texts), table(self.run / vectors)
        assert texts.column("id").equals(vectors.column("id"))
        column = vectors.column("embedding").combine_chunks()
        ids = {key: row for row, key in enumerate(texts.column("id").to_pylist())}
        return np.asarray(column.flatten()).reshape(len(column), -1), np.asarray(texts.column("label")).astype(int), ids

    def labelled(self, folder):
        found = table(self.run / folder / "label/labels.arrow").column("id").to_pylist()
        return np.array([self.ids[key] for key in found])

    def start(self, seed):
        return self.labelled(f"seed{seed}/start")

    def score(self, model):
        return model.score(self.held, self.truth)

    def results(self):
        return list(csv.DictReader((self.run / "results.csv").open()))


class SmallText:
    def __init__(self, task, strategy, seed):
        np.random.seed(seed)  # its strategies draw from the global generator
        self.y = task.y
        data = SklearnDataset(task.x, task.y, target_labels=np.arange(task.classes))
        self.learner = PoolBasedActiveLearner(Factory(learner(), task.classes), SMALL_TEXT[strategy](), data)
        rows = task.start(seed)
        self.learner.initialize_data(rows, task.y[rows])

    def choose(self, count):
        return self.learner.query(num_samples=count)

    def learn(self, rows):
        self.learner.update(self.y[rows])

    # Not the library's `predict`: it takes columns for classes, which they are not while some class has no label yet.
    def model(self):
        return self.learner.classifier.model


class Activeml:
    def __init__(self, task, strategy, seed):
        make, self.argument = ACTIVEML[strategy]
        self.strategy, self.x, self.truth = make(seed, task.classes), task.x, task.y
        self.y = np.full(len(task.y), np.nan)
        self.fitted = SklearnClassifier(learner(), classes=list(range(task.classes)), random_state=seed)
        self.learn(task.start(seed))

    def choose(self, count):
        given = {self.argument: self.fitted, f"fit_{self.argument}": False} if self.argument else {}
        return self.strategy.query(self.x, self.y, batch_size=count, **given)

    def learn(self, rows):
        self.y[rows] = self.truth[rows]
        self.fitted.fit(self.x, self.y)

    def model(self):
        return self.fitted


LIBRARIES = {"small-text": (SmallText, SMALL_TEXT), "scikit-activeml": (Activeml, ACTIVEML)}


class Late(Exception):
    pass


def late(*_):
    raise Late


def curve(make, task, strategy, seed, limit):
    """Rows of (labels, accuracy, seconds); without an accuracy where the limit was reached."""
    rows = []
    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, limit)
    try:
        loop = make(task, strategy, seed)
        rows.append((BUDGETS[0], task.score(loop.model()), 0.0))
        for before, after in zip(BUDGETS, BUDGETS[1:]):
            began = time.process_time()
            chosen = loop.choose(after - before)
            took = time.process_time() - began
            assert len(set(chosen)) == after - before
            loop.learn(np.asarray(chosen))
            rows.append((after, task.score(loop.model()), took))
    except Late:
        rows.append((BUDGETS[len(rows)], "", limit))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return rows


def goldpan(task, arm, seed):
    return [(int(row["labelled"]), float(row["accuracy"]), "") for row in task.results()
            if row["seed"] == str(seed) and row["arm"] in ("start", arm)]


def picked(task, arm, seed):
    """The libraries' learner on what Goldpan picked."""
    found = []
    for count, folder in zip(BUDGETS, ["start"] + [f"{arm}/round{number}" for number in range(1, len(BUDGETS))]):
        rows = task.labelled(f"seed{seed}/{folder}")
        assert len(rows) == count
        found.append((count, task.score(learner().fit(task.x[rows], task.y[rows])), ""))
    return found


class Rows:
    def __init__(self, path):
        self.path = path
        self.rows = list(csv.DictReader(path.open())) if path.exists() else []
        self.done = {self.key(row) for row in self.rows}
        if not path.exists():
            path.write_text(",".join(FIELDS) + "\n")

    def key(self, row):
        return row["library"], row["strategy"], row["set"], int(row["seed"])

    def add(self, library, strategy, name, seed, found):
        with self.path.open("a", newline="") as file:
            for labels, accuracy, seconds in found:
                accuracy = accuracy if accuracy == "" else f"{accuracy:.6f}"
                seconds = seconds if seconds == "" else f"{seconds:.3f}"
                csv.writer(file, lineterminator="\n").writerow(
                    [library, strategy, name, seed, labels, accuracy, seconds])
        self.done.add((library, strategy, name, seed))
        print(library, strategy, name, seed, [row[1] and round(100 * row[1], 1) for row in found],
              f"{sum(row[2] or 0 for row in found):.1f} s", flush=True)


def named(library):
    return library if STRENGTH == 1 else f"{library}, C = {STRENGTH:g}"


def run(task, rows, seeds, only, limit):
    def wanted(library, strategy):
        return not only or library in only or f"{library}/{strategy}" in only

    def missing(library, strategy, seed):
        return (library, strategy, task.name, seed) not in rows.done

    if STRENGTH == 1 and wanted("scikit-learn", "all labels") and missing("scikit-learn", "all labels", 0):
        full = task.score(learner().fit(task.x, task.y))
        rows.add("scikit-learn", "all labels", task.name, 0, [(len(task.y), full, "")])
    for arm in ARMS:
        for seed in range(seeds):
            if STRENGTH == 1 and wanted("Goldpan", arm) and missing("Goldpan", arm, seed):
                rows.add("Goldpan", arm, task.name, seed, goldpan(task, arm, seed))
            if wanted(PICKS, arm) and missing(named(PICKS), arm, seed):
                rows.add(named(PICKS), arm, task.name, seed, picked(task, arm, seed))
    for library, (make, strategies) in LIBRARIES.items():
        for strategy in strategies:
            for seed in range(seeds if wanted(library, strategy) else 0):
                if missing(named(library), strategy, seed):
                    rows.add(named(library), strategy, task.name, seed, curve(make, task, strategy, seed, limit))


def interval(values):
    if len(values) < 2:
        return float(np.mean(values)), None
    return float(np.mean(values)), float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def shown(values, sign=""):
    mean, half = interval(values)
    return f"{mean:{sign}.1f}" + ("" if half is None else f" ±{half:.1f}")


def area(accuracies):
    """Mean height of the curve over the logarithm of the labels."""
    at = np.log2(BUDGETS)
    return float(np.trapezoid(accuracies, at) / (at[-1] - at[0]))


def reached(accuracies, target):
    """Labels at which the mean curve gets to the target, by straight lines between the budgets."""
    if accuracies[0] >= target:
        return f"≤ {BUDGETS[0]}"
    for (low, high), (before, after) in zip(zip(BUDGETS, BUDGETS[1:]), zip(accuracies, accuracies[1:])):
        if before < target <= after:
            return f"{low + (high - low) * (target - before) / (after - before):.0f}"
    return "not reached"


def lines(rows, name):
    curves, seconds, full = defaultdict(dict), defaultdict(list), None
    for row in rows:
        if row["set"] != name:
            continue
        if row["strategy"] == "all labels":
            full = 100 * float(row["accuracy"]), int(row["labels"])
            continue
        key = row["library"], row["strategy"]
        curve = curves[key].setdefault(int(row["seed"]), [])
        if row["accuracy"]:
            curve.append(100 * float(row["accuracy"]))
            if row["seconds"]:
                seconds[key, int(row["seed"])].append(float(row["seconds"]))
    yield f"### {name}"
    yield ""
    yield (f"With all {full[1]:,} labels: {full[0]:.1f} %, so 80 % of it are {0.8 * full[0]:.1f} % "
           f"and 90 % are {0.9 * full[0]:.1f} %.")
    yield ""
    yield (f"| learner | strategy | seeds | {' | '.join(f'{budget:,}' for budget in BUDGETS)} | area | "
           "recommended's area less this | labels to 80 % | labels to 90 % | choice, s |")
    yield "|---|---|" + "---:|" * (len(BUDGETS) + 6)
    ours = curves["Goldpan", "recommended"]
    order = ["Goldpan", *LIBRARIES, PICKS]
    for key in sorted(curves, key=lambda key: (order.index(key[0].split(",")[0]), key[0])):
        found = curves[key]
        whole = {seed: curve for seed, curve in found.items() if len(curve) == len(BUDGETS)}
        cells = [*key, str(len(found))]
        for at in range(len(BUDGETS)):
            values = [curve[at] for curve in found.values() if len(curve) > at]
            cells.append(shown(values) if len(values) == len(found) else "too slow")
        if len(whole) == len(found):
            mean = np.mean(list(whole.values()), axis=0)
            cells.append(shown([area(curve) for curve in whole.values()]))
            apart = [area(ours[seed]) - area(curve) for seed, curve in whole.items()]
            cells.append("" if key == ("Goldpan", "recommended") else shown(apart, "+"))
            cells += [reached(mean, share * full[0]) for share in (0.8, 0.9)]
        else:
            cells += [""] * 4
        took = [sum(seconds[key, seed]) for seed in whole if seconds[key, seed]]
        cells.append(f"{np.mean(took):.1f}" if took else "")
        yield f"| {' | '.join(cells)} |"
    yield ""


def main():
    global STRENGTH
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN_FOLDER")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", help="libraries, or LIBRARY/STRATEGY, separated by commas")
    parser.add_argument("--strength", type=float, default=STRENGTH, help="C of the libraries' learner")
    parser.add_argument("--rows", type=Path, default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--limit", type=float, default=600)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    STRENGTH = given.strength
    warnings.filterwarnings("ignore")
    rows = Rows(given.rows)
    runs = [entry.split("=", 1) for entry in given.runs]
    if given.table:
        text = [line for name, _ in runs for line in lines(rows.rows, name)]
        given.table.write_text("\n".join(text))
        return
    for name, folder in runs:
        run(Task(name, folder), rows, given.seeds, (given.only or "").split(",") if given.only else [], given.limit)


if __name__ == "__main__":
    main()
