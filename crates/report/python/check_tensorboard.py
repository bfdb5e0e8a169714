"""Reads a run's event files with TensorBoard and compares them with the histories of its trainings.

    goldpan run pipelines/quickstart.yaml
    python check_tensorboard.py artifacts/runs/quickstart [CURVE ...]

Each training has to have the curves that are named: those of a training through the encoder are
train/loss and train/learning_rate.
"""

import csv
import sys
from pathlib import Path

import pyarrow as pa
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

CURVES = {
    "train/loss": "loss",
    "train/learning_rate": "learning_rate",
    "validation/loss": "validation_loss",
    "validation/accuracy": "validation_accuracy",
    "validation/macro_f1": "validation_macro_f1",
}


def history(run, place):
    """Steps and values by the name of the curve."""
    arm, seed, round_ = place.parts
    node = run / seed / ("start" if arm == "start" else f"{arm}/{round_}") / "train"
    with pa.OSFile(str(node / "model/history.arrow")) as file:
        rows = pa.ipc.open_file(file).read_all().to_pylist()
    steps = [row for row in rows if row["learning_rate"] is not None]
    curves = {}
    for curve, column in CURVES.items():
        # Rows of epochs repeat the mean loss of their steps.
        measured = steps if curve == "train/loss" else rows
        points = [(row["step"], row[column]) for row in measured if row[column] is not None]
        if points:
            curves[curve] = points
    return curves


def written(folder):
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    points = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
    return {tag: [(point.step, point.value) for point in points[tag]] for tag in points}


def main():
    run = Path(sys.argv[1])
    files = sorted((run / "tensorboard").rglob("events.out.tfevents.*"))
    with open(run / "results.csv", newline="") as results:
        # The baseline, which is not trained, has no seed.
        trainings = [row for row in csv.DictReader(results) if row["seed"]]
    assert files and len(files) == len(trainings), (len(files), len(trainings))
    points = 0
    for file in files:
        place = file.parent.relative_to(run / "tensorboard")
        curves = written(file.parent)
        assert curves == history(run, place), place
        assert {"validation/accuracy", *sys.argv[2:]} <= curves.keys(), place
        points += sum(map(len, curves.values()))
    print(f"TensorBoard reads {len(files)} trainings, {points} points")


if __name__ == "__main__":
    main()
