"""The claims of the paper's supplement, each measured in the results of a run.

A list of claims is a YAML file, a list of mappings with the keys

``section``, ``claim``
    where the supplement says it, and what it says, in a sentence (both required);
``stated``
    the supplement's value: a number, a list of numbers, a text, or nothing where it gives a direction only;
``file``
    the file to look into, relative to the results folder;
``measure``
    what to measure in it: one of :data:`TABLE_MEASURES` for a table, :data:`ARRAY_MEASURES` for an HDF5 file,
    and ``layers`` for a ``.keras`` file;
``where``, ``against``
    conditions, pandas expressions over the columns of the table: the rows that are measured, and those that
    the measures ``auroc`` and ``p`` compare them with;
``column``
    the column, or expression over columns, that is measured; of an HDF5 file the array or the attribute;
``n``
    a column whose sum is the number of observations, where it is not the number of rows;
``rule``
    ``equals stated``, ``within X of stated``, ``at least X``, ``at most X``, ``above X`` or ``below X``;
``needs``
    the name of data that the claim is about, so that a run on other data cannot confirm or refute it;
``cannot_show``
    why no run of the workflow can show the claim (then no file is needed); ``note``: a remark.

Beside the columns in ``docs/files.md``, expressions may use: of ``examples.tsv.gz`` ``label_{task}`` and
``copies_{name}``; of ``features.tsv.gz`` ``origin`` and ``split`` of the example and ``sequence`` (the bases
of the feature, read on its strand); of ``pairs.tsv.gz`` ``abs_distance``.
"""

import json
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import yaml

from dfim.comparison import UnknownColumn, compare, evaluate, matching, with_derived_columns
from dfim.dataset import EXAMPLES, FEATURES, Dataset, read_dataset
from dfim.errors import InputError
from dfim.files import read_table
from dfim.sequence import BASES, to_string

KEYS = (
    "section", "claim", "stated", "file", "measure", "where", "against", "column", "n", "rule", "needs",
    "cannot_show", "note",
)  # fmt: skip
COLUMNS = ["section", "claim", "stated", "found", "n", "verdict", "note"]
REPRODUCED, NOT_REPRODUCED, CANNOT_SHOW = "reproduced", "not reproduced", "cannot show"

TABLE_MEASURES = {
    "rows": len,
    "value": lambda values: values.iloc[0],
    "values": lambda values: sorted(values.unique()),
    "mean": lambda values: values.mean(),
    "median": lambda values: values.median(),
    "smallest": lambda values: values.min(),
    "largest": lambda values: values.max(),
    "share": lambda values: values.astype(float).mean(),
}
COMPARED = ("auroc", "p")
ARRAY_MEASURES = ("rows", "length", "attribute", "background")
_LAYERS = "layers"
MEASURES = tuple(dict.fromkeys((*TABLE_MEASURES, *COMPARED, *ARRAY_MEASURES, _LAYERS)))

_RULES = re.compile(r"(equals|within ([\d.e+-]+) of) stated|(at least|at most|above|below) ([\d.e+-]+)")
_BOUNDS = {"at least": np.greater_equal, "at most": np.less_equal, "above": np.greater, "below": np.less}
_COMPLEMENT = str.maketrans("ACGT", "TGCA")


def read_claims(path: str | os.PathLike) -> list[dict]:
    """Read a list of claims; InputError, naming file and number (from 1), on one that is not as described."""
    try:
        claims = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML ({str(error).split(chr(10))[0]}): mend it.") from error
    if not isinstance(claims, list):
        raise InputError(f"{path} is not a list of claims: start each with a dash.")
    for number, claim in enumerate(claims, start=1):
        _check(claim, f"{path}, claim {number}")
    return claims


def _check(claim: dict, where: str) -> None:
    """Raise InputError on a claim with an unknown or missing key, measure or rule."""
    if not isinstance(claim, dict) or (unknown := [key for key in claim if key not in KEYS]):
        found = f"has the unknown key {unknown[0]!r}" if isinstance(claim, dict) else "is no mapping"
        raise InputError(f"{where} {found}: the keys are {', '.join(KEYS)}.")
    needed = ["section", "claim"] + ([] if "cannot_show" in claim else ["file", "measure", "rule"])
    if missing := [key for key in needed if not claim.get(key)]:
        raise InputError(f"{where} has no {missing[0]!r}: write one.")
    if claim.get("measure") not in (None, *MEASURES):
        raise InputError(f"{where} has the measure {claim['measure']!r}: choose from {', '.join(MEASURES)}.")
    rule = claim.get("rule")
    if rule and not (_RULES.fullmatch(rule) and ("stated" in claim or "stated" not in rule)):
        raise InputError(
            f"{where} has the rule {rule!r}: write 'equals stated' or 'within X of stated' (both with a "
            "'stated'), 'at least X', 'at most X', 'above X' or 'below X'."
        )


def reproduce(
    claims: list[dict],
    folder: str | os.PathLike,
    files: Sequence[str],
    cannot_show: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Measure every claim; return one row per claim, the columns of ``reproduction.tsv``.

    ``folder`` is the results folder and ``files`` the files below it that this run has made: a claim about
    another file cannot be shown. ``cannot_show`` gives, for what a claim ``needs``, the reason why this run's
    data cannot show it; what was found is given all the same. The verdict is ``reproduced``,
    ``not reproduced`` or ``cannot show``.
    """
    made = {os.path.relpath(path, folder) for path in files}
    results = _Results(Path(folder))
    return pd.DataFrame(
        [_judge(claim, results, made, cannot_show or {}) for claim in claims], columns=COLUMNS
    )


def _judge(claim: dict, results: "_Results", made: set[str], cannot_show: dict[str, str]) -> dict:
    """Return the row of one claim."""
    found, n, verdict = None, 0, CANNOT_SHOW
    reason = claim.get("cannot_show") or cannot_show.get(claim.get("needs"))
    if claim.get("file") in made:
        missing = "row"
        try:
            found, n = results.measure(claim)
        except UnknownColumn:  # a feature or task that this run's data do not have
            missing = "column"
        if found is None:
            reason = reason or f"{claim['file']} has no such {missing}"
        elif not reason:
            verdict = REPRODUCED if _holds(claim["rule"], claim.get("stated"), found) else NOT_REPRODUCED
    elif not reason:
        reason = f"this run did not make {claim['file']}"
    return {
        "section": claim["section"],
        "claim": claim["claim"],
        "stated": _text(claim.get("stated")),
        "found": _text(found),
        "n": n,
        "verdict": verdict,
        "note": "; ".join(part for part in (reason, claim.get("note")) if part),
    }


def _holds(rule: str, stated, found) -> bool:
    """Return whether what was found satisfies the rule, each element of it where it is a list."""
    equals, within, bound, limit = _RULES.fullmatch(rule).groups()
    if bound:
        return bool(np.all(_BOUNDS[bound](found, float(limit))))
    stated, found = np.atleast_1d(stated), np.atleast_1d(found)
    if stated.shape != found.shape:
        return False
    if {stated.dtype.kind, found.dtype.kind} <= set("biuf"):
        return bool(np.allclose(found, stated, rtol=1e-9, atol=float(within or 0) + 1e-12))
    return equals == "equals" and bool((stated.astype(str) == found.astype(str)).all())


def _text(value) -> str:
    """Return a value of a claim as text; the elements of a list separated by commas."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(map(_text, value))
    return str(value) if isinstance(value, (str, int, np.integer)) else f"{value:.6g}"


class _Results:
    """The files of a results folder, each read once."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.tables: dict[str, pd.DataFrame] = {}
        self.datasets: dict[Path, Dataset] = {}

    def measure(self, claim: dict) -> tuple[object, int]:
        """Return what is found for a claim and the number of observations; (None, 0) when there is no row."""
        if claim["file"].endswith(".keras"):
            return network_layers(self.folder / claim["file"]), 1
        if claim["file"].endswith(".h5"):
            return self.measure_array(claim)
        return self.measure_table(claim)

    def measure_table(self, claim: dict) -> tuple[object, int]:
        where = f"the claim {claim['claim']!r}"
        table = self.table(claim)
        conditions = [claim[key] for key in ("where", "against") if key in claim]
        # No row is an answer to how many rows there are, and to no other question.
        if claim["measure"] != "rows" and any(not matching(table, text, where).any() for text in conditions):
            return None, 0
        if claim["measure"] in COMPARED:
            row = compare(table, claim["column"], *conditions, name=claim["claim"], resamples=0)
            return row[claim["measure"]], row["n_group"] + row["n_against"]
        rows = table[matching(table, claim["where"], where)] if "where" in claim else table
        n = evaluate(rows, claim["n"], where).sum() if "n" in claim else len(rows)
        values = evaluate(rows, claim["column"], where) if "column" in claim else rows
        if claim["measure"] == "value" and len(rows) != 1:
            raise InputError(
                f"{where} needs one row of {claim['file']} and has {len(rows)}: mend its 'where'."
            )
        return TABLE_MEASURES[claim["measure"]](values), int(n)

    def measure_array(self, claim: dict) -> tuple[object, int]:
        path = self.folder / claim["file"]
        if claim["measure"] == "background":
            return background(self.dataset(path.parent))
        with h5py.File(path, "r") as handle:
            if claim["measure"] == "attribute":
                return np.asarray(handle.attrs[claim["column"]]), 1
            shape = handle[claim["column"]].shape
        return shape[claim["measure"] == "length"], shape[0]

    def table(self, claim: dict) -> pd.DataFrame:
        """Return the table of a claim with the derived columns that its expressions ask for."""
        file = claim["file"]
        if file not in self.tables:
            self.tables[file] = with_derived_columns(read_table(self.folder / file))
        table, folder = self.tables[file], (self.folder / file).parent
        asked = " ".join(str(claim.get(key, "")) for key in ("where", "against", "column"))
        if Path(file).name == EXAMPLES and re.search(r"\b(label|copies)_", asked):
            return examples_with_labels(self.dataset(folder))
        if Path(file).name == FEATURES and re.search(r"\b(origin|split|sequence)\b", asked):
            return features_with_sequences(self.dataset(folder))
        return table

    def dataset(self, folder: Path) -> Dataset:
        if folder not in self.datasets:
            self.datasets[folder] = read_dataset(folder)
        return self.datasets[folder]


def examples_with_labels(dataset: Dataset) -> pd.DataFrame:
    """Return the examples with a column ``label_{task}`` per task and ``copies_{name}`` per motif."""
    motifs = dataset.features[dataset.features["kind"] == "motif"]
    copies = pd.crosstab(motifs["example"], motifs["name"]).reindex(dataset.examples["example"], fill_value=0)
    labels = {f"label_{task}": dataset.labels[:, column] for column, task in enumerate(dataset.tasks)}
    return dataset.examples.assign(**labels, **{f"copies_{name}": copies[name].to_numpy() for name in copies})


def features_with_sequences(dataset: Dataset) -> pd.DataFrame:
    """Return the features with ``origin`` and ``split`` of their example and their ``sequence``.

    The sequence of a feature on the - strand is the reverse complement of the example's bases.
    """
    features = dataset.features.merge(dataset.examples[["example", "origin", "split"]], on="example")
    sequences = []
    for example, start, end, strand in features[["example", "start", "end", "strand"]].itertuples(
        index=False
    ):
        forward = to_string(dataset.bases[example, start:end])
        sequences.append(forward[::-1].translate(_COMPLEMENT) if strand == "-" else forward)
    return features.assign(sequence=sequences)


def background(dataset: Dataset) -> tuple[np.ndarray, int]:
    """Return the shares of A, C, G and T among the bases outside all features, and how many those are."""
    outside = np.ones(dataset.bases.shape, dtype=bool)
    for example, start, end in dataset.features[["example", "start", "end"]].to_numpy(dtype=int):
        outside[example, start:end] = False
    counts = np.bincount(dataset.bases[outside], minlength=256)[list(BASES.encode())]
    return counts / counts.sum(), int(counts.sum())


def network_layers(path: str | os.PathLike) -> str:
    """Return the layers of a Keras 3 file as text, one entry per convolution, pool and dense layer.

    An entry has its sizes (filters × width, units, pool width) and, in brackets and alphabetical order, what
    follows it up to the next: activation, batch normalisation, dropout. Only the file's configuration is
    read, not its weights.
    """
    with zipfile.ZipFile(path) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
    entries: list[tuple[str, list[str]]] = []
    for layer in layers:
        options = layer["config"]
        match layer["class_name"]:
            case "Conv1D":
                entries.append((f"convolution {options['filters']} × {options['kernel_size'][0]}", []))
            case "Dense":
                entries.append((f"dense {options['units']}", []))
            case "MaxPooling1D" | "AveragePooling1D" as kind:
                entries.append(
                    (f"{kind.removesuffix('Pooling1D').lower()} pool {options['pool_size'][0]}", [])
                )
            case "GlobalMaxPooling1D" | "GlobalAveragePooling1D" as kind:
                entries.append((f"global {kind[6:].removesuffix('Pooling1D').lower()} pool", []))
            case "ReLU":
                entries[-1][1].append("relu")
            case "BatchNormalization":
                entries[-1][1].append("batch normalisation")
            case "Dropout":
                entries[-1][1].append(f"dropout {options['rate']:g}")
        if options.get("activation", "linear") != "linear":
            entries[-1][1].append(options["activation"])
    return ", ".join(f"{name} ({', '.join(sorted(more))})" if more else name for name, more in entries)
