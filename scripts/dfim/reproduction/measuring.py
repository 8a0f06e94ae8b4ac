"""The claims of :mod:`dfim.reproduction.claims`, each measured in a run's results and judged by its rule."""

import json
import os
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from dfim.datasets.dataset import EXAMPLES, FEATURES, Dataset, read_dataset
from dfim.errors import InputError
from dfim.files.tables import read_table
from dfim.reproduction.claims import RULES, kind_of_file
from dfim.sequences.bases import BASES, reverse_complement, to_string
from dfim.statistics.calibration import LEVELS, TOLERANCE, level_is_held
from dfim.statistics.comparison import compare
from dfim.statistics.conditions import UnknownColumn, evaluate, matching, with_derived_columns

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

_HELD = f"at most {' / '.join(f'{high:g}' for _, high in TOLERANCE.values())}, or an interval with the level"
_BOUNDS = {"at least": np.greater_equal, "at most": np.less_equal, "above": np.greater, "below": np.less}


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


def judge_calibration(folder: str | os.PathLike, files: Sequence[str]) -> pd.DataFrame:
    """Return one row per analysis and method, as :func:`reproduce`: do its p-values hold their level?

    ``files`` are those of the run; each ``calibration.tsv`` among them, below ``folder``, is judged by the
    p-value method in the ``nulls.tsv`` beside it and by the first null model, all scores together, on real
    rows that are known not to interact. An analysis without such rows has none here: its held-out null scores
    hold their level by construction. ``cannot show`` where they are too few to tell.
    """
    rows = []
    for path in sorted(path for path in files if Path(path).name == "calibration.tsv"):
        place = os.path.relpath(Path(path).parent, Path(folder) / "interactions")
        nulls = read_table(Path(path).with_name("nulls.tsv"))
        own = level_is_held(read_table(path), nulls["method"].iloc[0])
        own = own[own["null_model"] == nulls["null_model"].iloc[0]]
        if own.empty:
            continue
        known = own[own["holds"].notna()]
        parts = [
            f"{score} {' / '.join(f'{share:.2g}' for share in group['share_ties_broken'])}"
            for score, group in own.groupby("score", sort=False)
        ]
        off = known[known["holds"] == 0]
        found = [f"{row.score} of the {row.null_model} null at {row.level:g}" for row in off.itertuples()]
        verdict = CANNOT_SHOW if known.empty else NOT_REPRODUCED if len(off) else REPRODUCED
        note = f"the null is off: {', '.join(found)}" if found else ""
        rows.append(
            {
                "section": "calibration",
                "claim": f"p-values ({own['method'].iloc[0]}) of {place} hold their level on rows that are "
                f"known not to interact: share below {', '.join(f'{level:g}' for level in LEVELS)}",
                "stated": _HELD,
                "found": "; ".join(parts),
                "n": int(own["n"].max()),
                "verdict": verdict,
                "note": note or ("" if len(known) else "fewer than 5 rows are expected below each level"),
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


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
            verdict = REPRODUCED if _holds(claim, found) else NOT_REPRODUCED
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


def _holds(claim: dict, found) -> bool:
    """Return whether what was found satisfies the claim's rule, each element of it where it is a list."""
    equals, within, bound, limit = RULES.fullmatch(claim["rule"]).groups()
    found = np.atleast_1d(found)
    numbers = found.dtype.kind in "biuf"
    if bound and not numbers:
        raise InputError(
            f"the claim {claim['claim']!r} has the rule {claim['rule']!r}, and {_text(found)!r} was found in "
            f"{claim['file']}: measure a number."
        )
    if bound:
        return bool(np.all(_BOUNDS[bound](found, float(limit))))
    stated = np.atleast_1d(claim["stated"])
    if stated.shape != found.shape:
        return False
    if numbers and stated.dtype.kind in "biuf":
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
        match kind_of_file(claim["file"]):
            case ".keras":
                return network_layers(self.folder / claim["file"]), 1
            case ".h5":
                return self.measure_array(claim)
            case _:
                return self.measure_table(claim)

    def measure_table(self, claim: dict) -> tuple[object, int]:
        where = f"the claim {claim['claim']!r}"
        table = self.table(claim)
        conditions = [claim[key] for key in ("where", "against") if key in claim]
        # No row is an answer to how many rows there are, and to no other question.
        if claim["measure"] != "rows" and any(not matching(table, text, where).any() for text in conditions):
            return None, 0
        if claim["measure"] == "auroc":
            row = compare(table, claim["column"], *conditions, name=claim["claim"], resamples=0)
            return row["auroc"], row["n_group"] + row["n_against"]
        if claim["measure"] == "average_precision":
            positive, negative = (matching(table, text, where) for text in conditions)
            rows = positive | negative
            scores = evaluate(table, claim["column"], where)[rows]
            return average_precision_score(positive[rows], scores), int(rows.sum())
        rows = table[matching(table, claim["where"], where)] if "where" in claim else table
        n = evaluate(rows, claim["n"], where).sum() if "n" in claim else len(rows)
        values = evaluate(rows, claim["column"], where) if "column" in claim else rows
        if claim["measure"] == "value" and len(rows) != 1:
            raise InputError(
                f"{where} needs one row of {claim['file']} and has {len(rows)}: mend its 'where'."
            )
        try:
            return TABLE_MEASURES[claim["measure"]](values), int(n)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"{where} asks for the measure {claim['measure']!r} of {claim.get('column')!r}, which is not "
                f"made for it ({error}): measure a column of numbers."
            ) from error

    def measure_array(self, claim: dict) -> tuple[object, int]:
        path = self.folder / claim["file"]
        if claim["measure"] == "background":
            return background(self.dataset(path.parent))
        with h5py.File(path, "r") as handle:
            places = handle.attrs if claim["measure"] == "attribute" else handle
            if claim["column"] not in places:
                raise UnknownColumn(f"{path} has no {claim['column']!r}: name one of {', '.join(places)}.")
            if places is not handle:
                return np.asarray(places[claim["column"]]), 1
            shape = places[claim["column"]].shape
        return shape[-1 if claim["measure"] == "length" else 0], shape[0]

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
        sequences.append(reverse_complement(forward) if strand == "-" else forward)
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
