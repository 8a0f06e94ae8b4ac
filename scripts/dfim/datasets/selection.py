"""Which examples of a dataset an analysis looks at."""

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset
from dfim.errors import InputError

_LISTS = ("origins", "splits", "positive_for", "negative_for", "features", "groups")
CRITERIA = (*_LISTS, "correct", "highest", "lowest", "limit")


def select_examples(
    dataset: Dataset,
    logits: np.ndarray | None,
    task: str,
    criteria: dict,
    seed: int,
    tasks: list[str] | None = None,
) -> np.ndarray:
    """Return the row numbers of the examples that meet every criterion, ascending.

    ``logits`` has shape (examples, model tasks), its columns named by ``tasks`` (the dataset's tasks when
    not given); only ``correct``, ``highest`` and ``lowest`` need it. ``criteria`` may hold, applied in this
    order:

    ``origins``, ``splits``
        the example's origin, or split, is one of these;
    ``positive_for``, ``negative_for``
        the label of at least one of these tasks is 1, or 0;
    ``features``
        the example has at least one feature of each of these names;
    ``groups``
        the example has a feature of one of these groups;
    ``correct``
        when true: the label of ``task`` is known and the sign of its logit agrees with it;
    ``highest``, ``lowest``
        the n examples with the largest, or smallest, logit of ``task`` (of equal ones the first);
    ``limit``
        n of them at random; a smaller limit chooses a part of what a larger one does.

    Raises InputError on an unknown criterion or value, on missing logits, and when no example is left.
    """
    _check(criteria)
    keep = np.ones(len(dataset.examples), dtype=bool)
    counts = [f"{len(keep)} in the dataset"]
    for name in (name for name in CRITERIA if criteria.get(name) not in (None, False)):
        value = criteria[name]
        if name in _LISTS:
            keep &= _matching(dataset, name, value)
        elif name == "limit":
            keep = _first(keep, np.random.default_rng([seed, len(keep)]).random(len(keep)), value)
        else:
            column = _logits_of(dataset, logits, task, tasks or dataset.tasks, name)
            if name == "correct":
                keep &= _correct(dataset, column, task)
            else:
                keep = _first(keep, column if name == "lowest" else -column, value)
        counts.append(f"{keep.sum()} after {name}")
        if not keep.any():
            raise InputError(
                f"no example is left after the criterion {name!r} of the selection ({', '.join(counts)}): "
                "loosen it or remove it."
            )
    return np.flatnonzero(keep)


def features_of_groups(features: pd.DataFrame, groups: list[str] | None) -> pd.DataFrame:
    """Return the features of some groups, all of them when ``groups`` is None.

    Raises InputError on a group that no feature of the table has.
    """
    if groups is None:
        return features
    _check_known("feature_groups", groups, features["group"])
    return features[features["group"].isin(groups)]


def select_sets(
    dataset: Dataset,
    logits: np.ndarray | None,
    task: str,
    criteria: dict,
    seed: int,
    tasks: list[str] | None = None,
) -> pd.DataFrame:
    """Return the selected examples as a table: ``example``, ``name``, and ``set`` when there are sets.

    ``criteria`` may have the key ``sets``, further criteria by the name of a set; a set meets these and
    those beside ``sets``. An example may be in several sets and has a row in each. The other arguments, and
    the errors, are those of :func:`select_examples`.
    """
    sets = criteria.get("sets") or {}
    common = {name: value for name, value in criteria.items() if name != "sets"}
    tables = []
    for name, own in sets.items() if sets else [("", {})]:
        rows = select_examples(dataset, logits, task, common | own, seed, tasks)
        tables.append(dataset.examples.loc[rows, ["example", "name"]].assign(set=name))
    table = pd.concat(tables, ignore_index=True)
    return table if sets else table.drop(columns="set")


def _check(criteria: dict) -> None:
    """Raise InputError on an unknown criterion or one of the wrong type."""
    for name, value in criteria.items():
        if name not in CRITERIA:
            raise InputError(f"the selection has no criterion {name!r}: choose from {', '.join(CRITERIA)}.")
        if value is None or name == "correct":
            continue
        if name in _LISTS and (isinstance(value, str) or not len(value)):
            raise InputError(f"the criterion {name!r} of the selection is {value!r}: write a list of names.")
        if name not in _LISTS and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise InputError(f"the criterion {name!r} of the selection is {value!r}: write a number above 0.")


def _matching(dataset: Dataset, name: str, values: list[str]) -> np.ndarray:
    """Return which examples meet one of the criteria that list names, shape (examples,)."""
    if name in ("origins", "splits"):
        column = dataset.examples[name.removesuffix("s")]
        _check_known(name, values, column)
        return column.isin(values).to_numpy()
    if name in ("positive_for", "negative_for"):
        _check_labels(dataset, name)
        columns = [dataset.task_index(task) for task in values]
        return (dataset.labels[:, columns] == (name == "positive_for")).any(axis=1)
    column = dataset.features["name" if name == "features" else "group"]
    _check_known(name, values, column)
    having = [_having(dataset, column == value) for value in values]
    return np.all(having, axis=0) if name == "features" else np.any(having, axis=0)


def _check_labels(dataset: Dataset, name: str) -> None:
    """Raise InputError when the tasks have measured values, of which none is positive or negative."""
    if dataset.real_valued:
        raise InputError(
            f"the criterion {name!r} of the selection asks for labels, and the dataset has measured values: "
            "choose examples by highest or lowest."
        )


def _having(dataset: Dataset, features: pd.Series) -> np.ndarray:
    """Return which examples have one of the marked features, shape (examples,)."""
    having = np.zeros(len(dataset.examples), dtype=bool)
    having[dataset.features.loc[features, "example"].to_numpy(dtype=int)] = True
    return having


def _check_known(name: str, values: list[str], column: pd.Series) -> None:
    """Raise InputError on a value that no row of the column has: a typing error, not a choice."""
    known = [value for value in column.unique() if value]
    for value in values:
        if value not in known:
            listed = ", ".join(map(str, known[:12])) + (", …" if len(known) > 12 else "")
            raise InputError(
                f"the criterion {name!r} of the selection asks for {value!r}, which no example has; it knows "
                f"{listed or 'nothing (the dataset has none)'}."
            )


def _logits_of(
    dataset: Dataset, logits: np.ndarray | None, task: str, tasks: list[str], name: str
) -> np.ndarray:
    """Return the logits of a task, shape (examples,); InputError when they cannot be had."""
    if logits is None:
        raise InputError(
            f"the criterion {name!r} of the selection needs the model's predictions for the dataset, "
            "and there are none: remove it, or choose the dataset that the model was trained on."
        )
    if len(logits) != len(dataset.examples):
        raise InputError(
            f"the predictions have {len(logits)} rows and the dataset {len(dataset.examples)} examples: "
            "choose the dataset that the model was trained on."
        )
    if task not in tasks:
        raise InputError(f"there is no task {task!r}; the model has the tasks {', '.join(tasks)}.")
    return np.asarray(logits)[:, tasks.index(task)]


def _correct(dataset: Dataset, logits: np.ndarray, task: str) -> np.ndarray:
    """Return where the label of the task is known and agrees with the sign of the logit."""
    _check_labels(dataset, "correct")
    labels = dataset.labels[:, dataset.task_index(task)]
    return np.where(labels == 1, logits > 0, (labels == 0) & (logits < 0))


def _first(keep: np.ndarray, order: np.ndarray, n: int) -> np.ndarray:
    """Keep the n kept examples that come first in ``order``, ties by row number."""
    rows = np.flatnonzero(keep)
    chosen = np.zeros_like(keep)
    chosen[rows[np.argsort(order[rows], kind="stable")[:n]]] = True
    return chosen
