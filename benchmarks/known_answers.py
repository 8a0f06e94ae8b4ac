"""Pair tests where it is known what acts together, and on networks that others trained.

    .venv/bin/python benchmarks/known_answers.py docs/benchmarks results [--others networks] [--published run]

Writes ``known_answers.tsv`` to the first folder, a row for each network and kind of pairs. ``results`` are
those of the default run. The sequences of its analysis A get other labels, by rules that are written down
here, and a network of A's architecture is trained on each, with A's options. ``--others``: a folder with the
network of DragoNN's simulation of heterodimers (kundajelab/dragonn, paper_supplement), whose positives had
IRF 2 to 5 bp behind SPI1, and whose negatives had both anywhere. ``--published``: the results of
``config/published.yaml``, the networks of the paper's authors; on real windows no answer is known, and the
table says so.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import dfim  # noqa: E402
from dfim.datasets.dataset import Dataset, read_dataset  # noqa: E402
from dfim.files.tables import read_table  # noqa: E402
from dfim.networks.building import build_network  # noqa: E402
from dfim.networks.given import read_own_network  # noqa: E402
from dfim.sequences.bases import BASES  # noqa: E402
from dfim.sequences.motifs import load_pwm  # noqa: E402
from dfim.training import fitting  # noqa: E402

SEED, SEQUENCES = 5, 2000
OF_SIMULATION, OF_HETERODIMERS = (0.27, 0.23, 0.23, 0.27), (0.3, 0.2, 0.2, 0.3)  # shares of A, C, G, T
MOTIFS = ["AP1", "ELF1", "SIX5", "TAL1"]
SYNERGY, REDUNDANCY, NOTHING, UNKNOWN = "synergy", "redundancy", "nothing", "not known"
COLUMNS = (
    *("network", "pairs_of", "expected", "sequences", "pairs", "interaction", "share", "p_below"),
    *("synergy", "redundancy", "kind"),
)


def additive(present: pd.DataFrame) -> np.ndarray:
    """Return labels drawn with a chance whose logit adds up over the motifs that are there."""
    logit = 3 * present["ELF1"] + 3 * present["SIX5"] + 2 * present["AP1"] - 4
    return np.random.default_rng(SEED).random(len(present)) < 1 / (1 + np.exp(-logit))


# Labels of sequences by which motifs are there, and what acts together in them; of other pairs: nothing.
# Where a motif counts as there or not, a second copy does what the first has done.
RULES: dict[str, tuple[Callable[[pd.DataFrame], pd.Series], dict[str, str]]] = {
    "AP1 and TAL1": (lambda present: present["AP1"] & present["TAL1"], {"AP1–TAL1": SYNERGY}),
    "AP1 or TAL1": (lambda present: present["AP1"] | present["TAL1"], {"AP1–TAL1": REDUNDANCY}),
    "chance of a sum": (additive, {"ELF1–ELF1": REDUNDANCY, "SIX5–SIX5": REDUNDANCY}),
}
OF_A = {"ELF1–SIX5": SYNERGY, "ELF1–ELF1": REDUNDANCY, "SIX5–SIX5": REDUNDANCY}
OF_B = {f"GATA1–TAL1, {distance} bp": SYNERGY for distance in ("0–5", "6–10", "11–20")}
# GATA1 and TAL1 bind together where GATA follows an E-box after 9 bp or so (Wadman et al. 1997).
COMPOSITE = {"TAL1 GATA1, 6–10 bp": SYNERGY}
# Of the ENCODE collection, in the order of the heterodimer.
PARTNERS = {"SPI1": "SPI1_known4", "IRF": "IRF_known20"}


def rows_of(
    network: str,
    found: dfim.Pairs,
    grain: str,
    expected: dict[str, str],
    others: str,
    orientation: str | None = None,
) -> Iterator[dict]:
    """Yield a row for each kind of a grain: ``expected`` is by name, else ``others``.

    ``orientation``: the kinds of this one alone, of the grain of that name.
    """
    tested, kinds = found.tests[found.tests["p"].notna()], found.kinds[found.kinds["grain"] == grain]
    if orientation is not None:
        tested, kinds = (table[table["orientation"] == orientation] for table in (tested, kinds))
    for kind in kinds.sort_values(["pair", "shortest"]).itertuples():
        name = kind.pair if grain == "names" else f"{orientation or kind.pair}, {kind.distance}"
        own = tested[(tested["pair"] == kind.pair) & tested["distance"].between(kind.shortest, kind.longest)]
        yield {
            "network": network,
            "pairs_of": name,
            "expected": expected.get(name, others),
            "sequences": kind.n_examples,
            "pairs": kind.n,
            "interaction": kind.interaction,
            "share": kind.share,
            "p_below": (own["p"] <= 0.05).mean(),
            "synergy": kind.called_synergy,
            "redundancy": kind.called_redundancy,
            "kind": kind.call,
        }


def pairs_of(network, bases: np.ndarray, features: pd.DataFrame, background=OF_SIMULATION) -> dfim.Pairs:
    """Return the pair tests and kinds of sequences, uint8 (sequences, positions), by :func:`dfim.pairs`."""
    text = [sequence.tobytes().decode() for sequence in bases]
    return dfim.pairs(network, text, features, background=background, seed=SEED)


def read_pairs(folder: Path) -> dfim.Pairs:
    """Return the pair tests and kinds that lie in a folder of a run."""
    tests, kinds, nulls = (
        read_table(folder / file) for file in ("pair_tests.tsv.gz", "kinds.tsv", "nulls.tsv")
    )
    return dfim.Pairs(tests, kinds.fillna({"call": ""}), nulls)


def with_pairs(dataset: Dataset) -> tuple[np.ndarray, pd.DataFrame]:
    """Return test sequences with two motifs or more, and their motifs, as :func:`dfim.pairs` takes them."""
    features = dataset.features[dataset.features["example"].isin(dataset.rows("test"))]
    counts = features["example"].value_counts()
    chosen = np.sort(counts.index[counts > 1])[:SEQUENCES]
    own = features[features["example"].isin(chosen)]
    names = [f"sequence_{number}" for number in np.searchsorted(chosen, own["example"])]
    return dataset.bases[chosen], own[["start", "end", "name"]].assign(sequence=names)


def of_rules(dataset: Dataset) -> Iterator[dict]:
    """Yield the rows of a network that was not trained, and of those of labels by :data:`RULES`."""
    config = yaml.safe_load((ROOT / "config/simulation.yaml").read_text())
    layers, options = config["architectures"]["simulation"], config["models"]["simulation"]["training"]
    present = pd.crosstab(dataset.features["example"], dataset.features["name"]) > 0
    present = present.reindex(range(len(dataset.bases)), columns=MOTIFS, fill_value=False)
    bases, features = with_pairs(dataset)
    untrained = build_network(layers, bases.shape[1], ["nothing"], SEED)
    yield from rows_of("A, random weights", pairs_of(untrained, bases, features), "names", {}, NOTHING)
    for name, (rule, expected) in RULES.items():
        labels = np.asarray(rule(present))[:, None].astype(np.int8)
        network = build_network(layers, bases.shape[1], [name], SEED)
        fitting.train(network, replace(dataset, labels=labels, tasks=[name]), options, SEED)
        yield from rows_of(f"A, {name}", pairs_of(network, bases, features), "names", expected, NOTHING)


def sampled(motif: str, number: int, rng: np.random.Generator) -> np.ndarray:
    """Return words drawn from a motif of the ENCODE collection: uint8 (number, width)."""
    matrix = load_pwm(motif)
    columns = [rng.choice(4, number, p=row / row.sum()) for row in matrix]
    return np.frombuffer(BASES.encode(), np.uint8)[np.stack(columns, axis=1)]


def heterodimers(number: int = 400, length: int = 500) -> tuple[np.ndarray, pd.DataFrame]:
    """Return sequences with SPI1 and IRF, half of them 2 to 5 bp apart in this order, half 20 bp or more."""
    rng = np.random.default_rng(SEED)
    bases = rng.choice(np.frombuffer(BASES.encode(), np.uint8), (2 * number, length), p=OF_HETERODIMERS)
    words = {name: sampled(motif, 2 * number, rng) for name, motif in PARTNERS.items()}
    first, second = (words[name].shape[1] for name in words)
    gap = np.concatenate([rng.integers(2, 6, number), rng.integers(20, 200, number)])
    start = rng.integers(0, length - first - second - 200, 2 * number)
    rows = []
    for row, (spi1, irf) in enumerate(zip(start, start + first + gap, strict=True)):
        for name, place in zip(words, (spi1, irf), strict=True):
            bases[row, place : place + words[name].shape[1]] = words[name][row]
            rows.append((f"sequence_{row}", place, place + words[name].shape[1], name))
    return bases, pd.DataFrame(rows, columns=["sequence", "start", "end", "name"])


def of_heterodimers(folder: Path) -> Iterator[dict]:
    """Yield the rows of DragoNN's network."""
    files = [folder / f"dragonn_heterodimer.{end}" for end in ("arch.json", "weights.h5")]
    found = pairs_of(read_own_network(files[0], weights=files[1]), *heterodimers(), OF_HETERODIMERS)
    yield from rows_of("DragoNN's heterodimer", found, "distance", {"IRF–SPI1, 0–5 bp": SYNERGY}, NOTHING)


def of_run(results: Path) -> Iterator[dict]:
    """Yield the rows of the networks of the default run, of the kinds of sites that were planted."""
    folder = results / "interactions"
    found = read_pairs(folder / "motif_pairs/simulation/ELF1_SIX5")
    yield from rows_of("A, default run", found, "names", OF_A, NOTHING)
    found = read_pairs(folder / "planted_sites/tf_binding/TAL1")
    yield from rows_of("B, default run", found, "distance", OF_B, NOTHING)


def of_published(results: Path) -> Iterator[dict]:
    """Yield the rows of the networks of the paper's authors."""
    folder = results / "interactions"
    found = read_pairs(folder / "motif_pairs/simulation/ELF1_SIX5")
    yield from rows_of("the authors' A", found, "names", OF_A, NOTHING)
    for task in ("GATA1", "TAL1"):
        found = read_pairs(folder / f"gata_tal/tf_binding/{task}")
        yield from rows_of(f"the authors' B, {task}", found, "distance", {}, UNKNOWN)
        data = (f"the authors' B, {task}", found, "orientation", COMPOSITE, UNKNOWN)
        yield from rows_of(*data, orientation="TAL1 GATA1")
    yield from of_scan(results / "models/tf_binding/graph.npz")


def of_scan(graph: Path) -> Iterator[dict]:
    """Yield the rows of a grammar scan of the authors' B, for TAL1: the composite site, and all other cells.

    The 9 bp between E-box and GATA (:data:`COMPOSITE`) are 8 before the word AGATAAG.
    """
    words = {"E-box": "CAGATG", "GATA": "AGATAAG"}
    cells = dfim.scan(graph, words, task=2, spacings=range(21), length=1000, seed=SEED)
    composite = cells["orientation"].str.endswith("GATA+") & cells["spacing"].between(7, 9)
    kinds = (("composite, 7–9 bp", composite, SYNERGY), ("other cells, 0–20 bp", ~composite, UNKNOWN))
    for name, chosen, expected in kinds:
        own = cells[chosen]
        yield {
            "network": "the authors' B, TAL1, scan",
            "pairs_of": f"E-box–GATA, {name}",
            "expected": expected,
            "sequences": own["n"].iloc[0],
            "pairs": len(own),
            "interaction": own["interaction"].median(),
            "share": own["share"].median(),
            "p_below": (own["p"] <= 0.05).mean(),
            **{call: (own["call"] == call).mean() for call in (SYNERGY, REDUNDANCY)},
            "kind": "",
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the table goes")
    parser.add_argument("results", type=Path, help="results of the default run")
    parser.add_argument("--others", type=Path, help="folder of DragoNN's network")
    parser.add_argument("--published", type=Path, help="results of config/published.yaml")
    arguments = parser.parse_args()
    fitting.prepare_tensorflow(2)
    rows = [*of_run(arguments.results), *of_rules(read_dataset(arguments.results / "datasets/simulation"))]
    rows += of_heterodimers(arguments.others) if arguments.others else []
    rows += of_published(arguments.published) if arguments.published else []
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table.to_csv(arguments.folder / "known_answers.tsv", sep="\t", index=False, float_format="%.4g")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
