"""Make the three files of the example of config/own.yaml: a small network, sequences, and features on them.

    .venv/bin/python resources/own/make.py

The network is trained on simulated sequences, positive where they hold ELF1 and SIX5; the example's sequences
are new ones that hold both, and features.bed says where.
"""

import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[1] / "scripts"))

from dfim.datasets.simulation import simulate  # noqa: E402
from dfim.networks import building, keras_files  # noqa: E402
from dfim.sequences.bases import to_string  # noqa: E402
from dfim.training import evaluation, fitting, prediction  # noqa: E402

LAYERS = [
    {"kind": "convolution", "filters": 24, "width": 19},
    {"kind": "max_pool", "width": 10},
    {"kind": "dense", "units": 32, "dropout": 0.2},
]
ONE = {"minimum": 1, "maximum": 1}
ELF1, SIX5 = {"pwm": "ELF1_known2", **ONE}, {"pwm": "SIX5_known1", **ONE}
OTHERS = {
    "AP1": {"pwm": "AP1_disc3", "minimum": 0, "maximum": 1},
    "TAL1": {"pwm": "TAL1_known1", "minimum": 0, "maximum": 1},
}


def design(sequences: int, split: dict) -> dict:
    """Return the design of a simulation with so many sequences of each of three kinds."""
    kinds = {
        "elf1": (0, {"ELF1": ELF1}),
        "six5": (0, {"SIX5": SIX5}),
        "both": (1, {"ELF1": ELF1, "SIX5": SIX5}),
    }
    sets = {
        name: {"sequences": sequences, "label": label, "motifs": motifs | OTHERS}
        for name, (label, motifs) in kinds.items()
    }
    background = [0.27, 0.23, 0.23, 0.27]
    return {"length": 200, "background": background, "task": "ELF1_SIX5", "sets": sets, "split": split}


def main() -> None:
    fitting.prepare_tensorflow(2)
    dataset = simulate(design(6000, {"train": 15000, "validation": 1500, "test": 1500}), seed=1)
    model = building.build_network(LAYERS, 200, dataset.tasks, seed=1)
    fitting.train(model, dataset, {"epochs": 25}, seed=1)
    test = dataset.rows("test")
    print(
        evaluation.metrics(
            dataset.labels[test], prediction.predict_logits(model, dataset.bases[test]), ["test"]
        )
    )
    keras_files.save_network(model, FOLDER / "network.keras")

    example = simulate(design(80, {"train": 238, "validation": 1, "test": 1}), seed=2)
    rows = example.examples.index[example.examples["origin"] == "both"]
    names = {row: f"sequence_{number:02d}" for number, row in enumerate(rows, start=1)}
    records = [f">{name}\n{to_string(example.bases[row])}\n" for row, name in names.items()]
    (FOLDER / "sequences.fa").write_text("".join(records))
    features = example.features[example.features["name"].isin(["ELF1", "SIX5"])]
    lines = [
        f"{names[feature.example]}\t{feature.start}\t{feature.end}\t{feature.name}\t0\t{feature.strand}\n"
        for feature in features.itertuples()
        if feature.example in names
    ]
    (FOLDER / "features.bed").write_text("".join(lines))


if __name__ == "__main__":
    main()
