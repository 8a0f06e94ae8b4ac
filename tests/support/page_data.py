"""A small run to make a page of: two names whose pairs act together when near, a map, and two networks."""

from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from dfim.files.tables import write_table
from dfim.statistics.recovery import COLUMNS as RECOVERY

LENGTH, EXAMPLES = 60, 12
# A name that would break out of the page if it were not escaped.
NASTY = "<script>window.broken = 1</script>&\"'"
NULLS = ["null_model", "score", "stratum", "n", "n_tested", "rows_needed"]
CALIBRATION = ["null_model", "tested", "score", "method", "distance", "level", "share", "n", "holds"]


def write_dataset(folder: Path) -> dict[str, str]:
    """Write sequences and two features each; return the files by role."""
    rng = np.random.default_rng(3)
    files = {
        role: str(folder / f"{role}.{end}") for role, end in (("sequences", "h5"), ("features", "tsv.gz"))
    }
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(files["sequences"], "w") as file:
        file["bases"] = rng.choice(np.frombuffer(b"ACGT", np.uint8), (EXAMPLES, LENGTH))
    features = pd.DataFrame({"feature": range(2 * EXAMPLES), "example": np.repeat(range(EXAMPLES), 2)})
    features["name"] = ["A", "B"] * EXAMPLES
    features["start"] = np.where(features["name"] == "A", 5, 12 + features["example"])
    features["end"], features["strand"] = features["start"] + 6, "+"
    write_table(features, files["features"])
    return files


def pair_tests() -> pd.DataFrame:
    """Return a table of pair tests: the nearer half is called, one pair is beyond reach and not tested."""
    table = pd.DataFrame({"example": range(EXAMPLES)})
    table["sequence"] = [NASTY if number == 3 else f"sequence {number}" for number in table["example"]]
    table["chrom"] = "chr1"
    table["first"], table["second"] = 2 * table["example"], 2 * table["example"] + 1
    for end, name, start in (("first", "A", 5), ("second", "B", 12 + table["example"])):
        table[f"{end}_name"], table[f"{end}_start"], table[f"{end}_strand"] = name, start, "+"
        table[f"{end}_end"] = table[f"{end}_start"] + 6
        table[f"{end}_chrom_start"] = table[f"{end}_start"] + 1000
        table[f"{end}_chrom_end"] = table[f"{end}_end"] + 1000
    table["pair"], table["distance"] = "A–B", table["second_start"] - table["first_end"]
    table["interaction"] = 2 - 0.3 * table["distance"]
    table["share"] = table["interaction"] / 4
    table["p"] = table["q"] = 0.001 + 0.05 * table["distance"]
    table["called"] = (table["distance"] <= 5).astype(int)
    table["call"] = np.where(table["called"] == 1, "synergy", "")
    beyond = table["example"] == EXAMPLES - 1
    table.loc[beyond, ["p", "q"]] = np.nan
    return table


def kinds() -> pd.DataFrame:
    """Return a table of kinds: the names, and two bins of distance of which the near one is called."""
    rows = []
    for grain, distance, shortest, interaction, called in (
        ("names", "any", 1, 0.4, 0), ("distance", "0–5 bp", 1, 1.2, 1), ("distance", "6–11 bp", 6, -0.6, 0),
    ):  # fmt: skip
        rows.append(
            {
                "grain": grain, "pair": "A–B", "orientation": "any", "distance": distance,
                "shortest": shortest,
                "n": 6, "n_examples": 6, "interaction": interaction, "interaction_low": interaction - 0.2,
                "interaction_high": interaction + 0.2, "share": interaction / 4, "p": 0.01 if called else 0.4,
                "q": 0.02 if called else 0.5, "called": called, "call": "synergy" if called else "",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def write_pairs(
    folder: Path, tests: pd.DataFrame, found: pd.DataFrame, recall: float = 0.75
) -> tuple[dict, dict]:
    """Write the tables of an analysis of pairs; return those of all methods, and those of each."""
    tables = {role: str(folder / f"{role}.tsv") for role in ("tests", "kinds", "signs", "nulls")}
    signs = pd.DataFrame([{"method": "deeplift", "note": "sign not to be trusted: too few"}])
    nulls = pd.DataFrame([("replaced", "interaction", "all", 100, 11, 1)], columns=NULLS)
    for role, table in (("tests", tests), ("kinds", found), ("signs", signs), ("nulls", nulls)):
        write_table(table, tables[role])
    own = {role: str(folder / "deeplift" / f"{role}.tsv") for role in ("recovery", "calibration", "nulls")}
    Path(own["nulls"]).parent.mkdir(exist_ok=True)
    row = dict.fromkeys(RECOVERY) | {
        "score": "fis", "null_model": "first", "call": "significant", "n": 11, "n_interacting": 6,
        "n_called": 5, "recall": recall, "recall_low": 0.5, "recall_high": 0.9,
    }  # fmt: skip
    tested = row | {"score": "interaction", "call": "called", "recall": 0.8}
    write_table(pd.DataFrame([row, tested]), own["recovery"])
    write_table(nulls, own["nulls"])
    off = [("replaced", "not interacting", "fis", "empirical", "all", 0.05, 0.11, 400, 0)]
    write_table(pd.DataFrame(off, columns=CALIBRATION), own["calibration"])
    return tables, {"deeplift": own}


def write_map(folder: Path) -> dict:
    """Write the map of example 0, whose changes are 1 on the diagonal and fall with the distance."""
    own = {role: str(folder / f"{role}.tsv") for role in ("recovery", "calibration", "nulls", "sources")}
    own["profiles"] = str(folder / "profiles.h5")
    folder.mkdir(parents=True)
    for role, columns in (("recovery", RECOVERY), ("calibration", CALIBRATION), ("nulls", NULLS)):
        write_table(pd.DataFrame(columns=columns), own[role])
    at = np.arange(LENGTH)
    sources = pd.DataFrame(
        {"source": at, "example": 0, "sequence": "sequence 0", "feature": np.nan, "name": ""}
    )
    sources = sources.assign(start=at, end=at + 1, fis=1.0, fis_p=0.5, fis_q=0.5)
    write_table(sources, own["sources"])
    with h5py.File(own["profiles"], "w") as file:
        file["delta"] = np.float32(np.exp(-np.abs(at[:, None] - at) / 8) * np.where(at % 2, 1, -1))
        file["p"] = np.full((LENGTH, LENGTH), 0.25, np.float32)
        file["importance"] = np.float32(np.tile(np.sin(at), (LENGTH, 1)))
    return {"deeplift": own}


def write_network(folder: Path, auroc: float) -> dict[str, str]:
    """Write what a network is described by; return the files by role."""
    folder.mkdir(parents=True)
    tables = {role: str(folder / f"{role}.tsv") for role in ("metrics", "place", "reach")}
    metrics = {
        "split": "test",
        "task": "bound",
        "auroc": auroc,
        "auroc_low": auroc - 0.1,
        "auroc_high": auroc + 0.1,
    }
    write_table(pd.DataFrame([metrics]), tables["metrics"])
    write_table(pd.DataFrame([{"task": "bound", "shift": 25, "share": 0.7}]), tables["place"])
    write_table(pd.DataFrame([{"reach": 40.0}]), tables["reach"])
    return tables


def write_checks(folder: Path) -> str:
    """Write checks of the null, one that holds and one that does not; return the file."""
    names = ["check", "method", "score", "n", "level", "share", "share_low", "share_high", "called", "holds"]
    rows = [
        ("decoy", "", "interaction", 300, 0.05, 0.04, 0.02, 0.06, 0.0, 1),
        ("untrained", "deeplift", "fis", 300, 0.05, 0.21, 0.15, 0.27, 0.1, 0),
    ]
    path = folder / "null_checks.tsv"
    write_table(pd.DataFrame(rows, columns=names), path)
    return str(path)


def small_contents(
    folder: Path, tests: pd.DataFrame | None = None, found: pd.DataFrame | None = None
) -> dict:
    """Write a small run below a folder; return what its page is made of."""
    dataset = write_dataset(folder / "dataset")
    place = folder / "interactions/pairs"
    place.mkdir(parents=True)
    tables, methods = write_pairs(
        place, pair_tests() if tests is None else tests, kinds() if found is None else found
    )
    of = {
        "model": "good",
        "task": "bound",
        "level": 0.05,
        "p_values": "empirical",
        "dataset": dataset,
        "figures": [],
        "logged": [],
        "null_checks": write_checks(folder),
    }
    asked = {"dataset": "mine", "truth": {"interacting": "distance < 6"}}
    return {
        "results": str(folder), "configuration": "config.yaml", "seed": 1, "reads": [], "claims": {},
        "analyses": [
            {"name": "near_pairs", "kind": "pairs", "folder": str(place), "asked": asked, "tables": tables,
             "methods": methods, "exports": [str(folder / "exports/near_pairs/called_pairs.bedpe")], **of},
            {"name": "one_map", "kind": "profiles", "folder": str(place), "asked": asked, "tables": {},
             "methods": write_map(folder / "interactions/map"), "exports": [], **of},
        ],
        "scans": [],
        "networks": [
            {"name": name, "trained": True, "dataset": "mine", "architecture": "small", "others": [],
             "tables": write_network(folder / "models" / name, auroc), "figures": []}
            for name, auroc in (("good", 0.9), ("poor", 0.55))
        ],
    }  # fmt: skip


CITATION = {
    "message": "Please cite.", "title": "DFIM", "version": "0", "authors": [{"name": "All"}],
    "references": [],
}  # fmt: skip
