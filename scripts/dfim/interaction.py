"""Feature interaction scores: how mutating one feature changes the importance of others.

The definitions are those of the DFIM paper's code:

- importance = contributions × sequence, shape (positions, 4); a mutated motif's rows hold the background.
- The mutant of a motif has the background in the motif's rows; that of a variant the other allele; a
  nucleotide has a mutant for each other base.
- delta(source → target) = importance(original) − importance(mutant), and 0 at the mutated rows, which are
  no targets.
- Feature target: ``fis`` is the largest, over the target's positions, of the sum over bases of |delta|, and
  ``signed_sum`` the sum of delta over bases and positions: above 0 for synergy, below 0 for redundancy.
- Position target: the sum of delta over bases; for a nucleotide as source that of the mutant with the largest
  absolute value, position by position.

The null repeats all of it on dinucleotide shuffles, mutated at the same coordinates. Replicate 0 is the real
sequence, 1 … k are its shuffles.

All intervals are 0-based and half-open, in the example.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import h5py
import numpy as np
import pandas as pd

from dfim.attribution import Scorer
from dfim.errors import InputError
from dfim.files import atomic_path
from dfim.progress import Progress
from dfim.sequence import BASES, one_hot, shuffle_dinucleotides

PAIR_COLUMNS = ["replicate", "example", "source", "target", "fis", "signed_sum"]
SOURCE_COLUMNS = ["example", "feature", "name", "group", "kind", "start", "end", "reference", "alternate"]
_NUMBERS = ["example", "feature", "start", "end"]
NO_FEATURE = -1


# ---------------------------------------------------------------------------------------- what is scored


def examples_of_shard(examples: Sequence[int], shard: int, shards: int) -> np.ndarray:
    """Return the examples of one shard: those at the places shard, shard + shards, … (from 0)."""
    if not 0 <= shard < shards:
        raise InputError(f"there is no shard {shard} among {shards} shards, counted from 0.")
    return np.asarray(examples, np.int64)[shard::shards]


def make_pairs(
    features: pd.DataFrame,
    examples: Sequence[int],
    sources: str | Sequence[str] = "all",
    targets: str | Sequence[str] = "all",
    same_name: bool = True,
    max_distance: int | None = None,
) -> tuple[pd.DataFrame, int]:
    """Return all ordered pairs of features within examples, and how many were left out for overlapping.

    The table has the columns ``example``, ``source``, ``target`` (feature numbers), sorted. ``sources`` and
    ``targets`` are names of features or ``all``. Two features of one name make a pair only with
    ``same_name``; ``max_distance`` is the largest number of bases between the two. Features that share a
    position make no pair: a mutated position is no target, so the target's score would come from what is
    left of it.

    Raises InputError on a name that no feature of the table has.
    """
    chosen = features[features["example"].isin(examples)]
    columns = ["example", "feature", "name", "start", "end"]
    left = chosen.loc[_named(features, sources).loc[chosen.index], columns]
    right = chosen.loc[_named(features, targets).loc[chosen.index], columns]
    pairs = left.merge(right, on="example", suffixes=("_source", "_target"))
    pairs = pairs[pairs["feature_source"] != pairs["feature_target"]]
    if not same_name:
        pairs = pairs[pairs["name_source"] != pairs["name_target"]]
    gap = np.maximum(pairs["start_target"] - pairs["end_source"], pairs["start_source"] - pairs["end_target"])
    near = gap >= 0 if max_distance is None else (gap >= 0) & (gap <= max_distance)
    table = pairs[near].rename(columns={"feature_source": "source", "feature_target": "target"})
    table = table[["example", "source", "target"]].astype(np.int64)
    return table.sort_values(["example", "source", "target"], ignore_index=True), int((gap < 0).sum())


def feature_sources(
    features: pd.DataFrame, examples: Sequence[int], names: str | Sequence[str]
) -> pd.DataFrame:
    """Return the features of some examples as sources of profiles: the columns ``SOURCE_COLUMNS``, sorted.

    ``names`` are names of features or ``all``. Raises InputError on a name that no feature of the table has.
    """
    table = features[_named(features, names) & features["example"].isin(examples)]
    return _as_sources(table)


def nucleotide_sources(
    bases: np.ndarray, examples: Sequence[int], region: tuple[int, int] | None = None
) -> pd.DataFrame:
    """Return every position of some examples as a source of its own: the columns ``SOURCE_COLUMNS``, sorted.

    ``bases`` has shape (all examples, positions); ``region`` is an interval [start, end), by default
    everything. Raises InputError when the region does not lie within the sequences.
    """
    length = bases.shape[1]
    start, end = region or (0, length)
    if not 0 <= start < end <= length:
        raise InputError(
            f"the region of nucleotides to mutate is {start} to {end}, and it must lie within the {length} "
            "positions of a sequence: 0-based start, exclusive end."
        )
    parts = [
        pd.DataFrame(
            {"example": example, "start": np.arange(start, end), "letter": bases[example, start:end]}
        )
        for example in examples
    ]
    table = (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["example", "start", "letter"])
    )
    letters = table.pop("letter").map(chr)
    table = table.assign(end=table["start"] + 1, name=letters, reference=letters, alternate="", group="")
    return _as_sources(table.assign(kind="nucleotide", feature=NO_FEATURE))


def _as_sources(table: pd.DataFrame) -> pd.DataFrame:
    table = table[SOURCE_COLUMNS].astype(dict.fromkeys(_NUMBERS, np.int64))
    return table.sort_values(["example", "start", "end", "feature"], ignore_index=True)


def _named(features: pd.DataFrame, names: str | Sequence[str]) -> pd.Series:
    """Return which features have one of the names; raises InputError on a name that none has."""
    if isinstance(names, str):
        if names != "all":
            raise InputError(f"features are chosen by {names!r}, and 'all' or a list of names is needed.")
        return pd.Series(True, features.index)
    known = sorted(features["name"].unique())
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(
            f"no feature of the dataset has the name {missing[0]!r}: the names are "
            f"{', '.join(known) or 'none at all'}."
        )
    return features["name"].isin(list(names))


# ------------------------------------------------------------------------------- mutants and shuffles


def shuffled(bases: np.ndarray, seed: int, example: int, replicate: int) -> np.ndarray:
    """Return a replicate of one example, shape (positions,): itself for 0, else a dinucleotide shuffle.

    It depends on nothing but the three numbers, and so neither on shards nor on their order.
    """
    if replicate == 0:
        return bases
    return shuffle_dinucleotides(bases, np.random.default_rng([seed, example, replicate]))


def mutants(bases: np.ndarray, source, background: np.ndarray) -> np.ndarray:
    """Return the mutants of one sequence, shape (mutants, positions, 4).

    ``bases`` has shape (positions,), ``source`` has ``kind``, ``start``, ``end`` and, for a variant,
    ``reference`` and ``alternate``. One mutant for a motif (its rows hold the background) and for a variant
    (the alternate allele, or the reference one where the alternate is there already, as may happen on a
    shuffle); one for each other base for a nucleotide, which makes four for an N.
    """
    inside = slice(source.start, source.end)
    if source.kind == "motif":
        rows = np.broadcast_to(np.asarray(background, np.float32), (1, source.end - source.start, 4))
    else:
        found = bases[inside].tobytes().decode("ascii")
        if source.kind == "variant":
            letters = [source.reference if found == source.alternate else source.alternate]
        else:
            letters = alternatives(found)
        rows = one_hot(np.array([np.frombuffer(letter.encode("ascii"), np.uint8) for letter in letters]))
    result = np.repeat(one_hot(bases)[None], len(rows), axis=0)
    result[:, inside] = rows
    return result


def alternatives(base: str) -> str:
    """Return the bases that take the place of a nucleotide, in the order of its mutants: all but itself."""
    return BASES.replace(base, "")


def _check_sources(sources: pd.DataFrame, bases: np.ndarray) -> None:
    """Raise InputError on a source outside its sequence, or one that cannot be mutated."""
    length = bases.shape[1]
    for source in sources.itertuples():
        what = (
            f"the {source.kind} {source.name!r} at {source.start} to {source.end} of example {source.example}"
        )
        if not 0 <= source.start < source.end <= length:
            raise InputError(
                f"{what} does not lie within the {length} positions of the sequence: give a 0-based start "
                "and an exclusive end within them."
            )
        if source.kind not in ("motif", "variant", "nucleotide"):
            raise InputError(f"{what} has a kind that cannot be mutated: use motif, variant or nucleotide.")
        alleles = (source.reference, source.alternate) if source.kind == "variant" else ()
        if any(len(allele) != source.end - source.start or set(allele) - set(BASES) for allele in alleles):
            raise InputError(
                f"{what} has the alleles {' and '.join(map(repr, alleles))}, and each needs "
                f"{source.end - source.start} of the letters A, C, G, T: only substitutions can be scored."
            )


# ----------------------------------------------------------------------------------------- scoring


@dataclass
class _Scored:
    """One replicate of one example with the importance, (…, positions, 4), of itself and of its mutants."""

    example: int
    replicate: int
    bases: np.ndarray
    sources: pd.DataFrame
    original: np.ndarray
    mutants: list[np.ndarray]


def _score(
    scorer: Scorer,
    bases,
    sources: pd.DataFrame,
    task: int,
    background,
    shuffles: int,
    seed: int,
    batch_size: int,
) -> Iterator[_Scored]:
    """Score the replicates 0 … ``shuffles`` of every example that has sources, with all mutants, in order.

    Replicates are gathered until they make a batch, so that memory does not grow with the number of examples.
    """
    _check_sources(sources, bases)
    waiting, sequences, size = [], [], 0
    with Progress(total=len(sources) * (shuffles + 1), unit=" mutated sources") as progress:
        for example, own in sources.groupby("example", sort=True):
            for replicate in range(shuffles + 1):
                letters = shuffled(bases[example], seed, example, replicate)
                parts = [one_hot(letters)[None]]
                parts += [mutants(letters, source, background) for source in own.itertuples()]
                waiting.append((example, replicate, letters, own, [len(part) for part in parts]))
                sequences += parts
                size += sum(map(len, parts))
                if size >= batch_size:
                    yield from _evaluate(scorer, waiting, np.concatenate(sequences), task, progress)
                    waiting, sequences, size = [], [], 0
        if waiting:
            yield from _evaluate(scorer, waiting, np.concatenate(sequences), task, progress)


def _evaluate(scorer: Scorer, waiting: list, sequences: np.ndarray, task: int, progress) -> Iterator[_Scored]:
    """Score what waits, and hand the importance back replicate by replicate."""
    importance = scorer.contributions(sequences, task) * sequences
    parts = iter(np.split(importance, np.cumsum([size for *_, sizes in waiting for size in sizes])))
    for example, replicate, bases, sources, _ in waiting:
        original = next(parts)[0]
        changed = [next(parts) for _ in range(len(sources))]
        yield _Scored(example, replicate, bases, sources, original, changed)
        progress.update(len(sources))


def _delta(original: np.ndarray, mutated: np.ndarray, source) -> np.ndarray:
    """Return original − mutated importance, shape (mutants, positions, 4), 0 at the source's own rows."""
    delta = original - mutated
    delta[:, source.start : source.end] = 0
    return delta


def pair_scores(
    scorer: Scorer,
    bases: np.ndarray,
    features: pd.DataFrame,
    pairs: pd.DataFrame,
    task: int,
    background: Sequence[float],
    shuffles: int = 0,
    seed: int = 0,
    batch_size: int = 256,
) -> pd.DataFrame:
    """Score ordered pairs of features, on the sequences and on ``shuffles`` dinucleotide shuffles of each.

    ``bases`` has shape (all examples, positions), ``pairs`` the columns ``example``, ``source``, ``target``
    of :func:`make_pairs`, ``background`` the probabilities of A, C, G, T. Every mutant is scored once,
    however many targets it has. Returns one row per replicate and pair, the columns ``PAIR_COLUMNS``,
    sorted by example and replicate; independent of ``batch_size``, the number of sequences that are
    gathered for the scorer.

    Raises InputError when a feature does not lie within its sequence or cannot be mutated.
    """
    by_number = features.set_index("feature", drop=False)
    _check_sources(by_number.loc[pairs["target"].unique()], bases)
    sources = by_number.loc[pairs["source"].drop_duplicates()].reset_index(drop=True)
    targets = by_number.loc[pairs["target"], ["feature", "start", "end"]].to_numpy()
    targets_of = {source: targets[rows] for source, rows in pairs.groupby("source").indices.items()}
    records = []
    for scored in _score(scorer, bases, sources, task, background, shuffles, seed, batch_size):
        for source, mutated in zip(scored.sources.itertuples(), scored.mutants, strict=True):
            (delta,) = _delta(scored.original, mutated, source)
            for target, start, end in targets_of[source.feature]:
                scores = np.abs(delta[start:end]).sum(axis=1).max(), delta[start:end].sum()
                records.append((scored.replicate, scored.example, source.feature, target, *scores))
    return pd.DataFrame(records, columns=PAIR_COLUMNS)


@dataclass
class Profile:
    """What mutating one source changes along its sequence; arrays are float32, shape (positions,).

    ``source`` is a row number of the table of sources. ``delta`` is NaN at the source and outside the window.
    ``importance`` and ``mutant_importance`` are the sums over bases before and after, at every position; the
    latter is NaN for a nucleotide, which has several mutants. ``mutant_base``, uint8 ASCII, is for a
    nucleotide the base whose mutant ``delta`` is of, position by position; 0 elsewhere and where delta is NaN.
    """

    source: int
    replicate: int
    delta: np.ndarray
    importance: np.ndarray
    mutant_importance: np.ndarray
    mutant_base: np.ndarray


def profiles(
    scorer: Scorer,
    bases: np.ndarray,
    sources: pd.DataFrame,
    task: int,
    background: Sequence[float],
    window: int | None = None,
    shuffles: int = 0,
    seed: int = 0,
    batch_size: int = 256,
) -> Iterator[Profile]:
    """Yield the profile of every source, on its sequence and on ``shuffles`` dinucleotide shuffles of it.

    ``sources`` has the columns of :func:`feature_sources` or :func:`nucleotide_sources`, sorted by example.
    Only positions at most ``window`` bases from the source count, all when None. The other arguments, and
    the errors, are those of :func:`pair_scores`.
    """
    sources = sources.reset_index(drop=True)
    for scored in _score(scorer, bases, sources, task, background, shuffles, seed, batch_size):
        importance = scored.original.sum(axis=1)
        for source, mutated in zip(scored.sources.itertuples(), scored.mutants, strict=True):
            delta, chosen = _largest(_delta(scored.original, mutated, source).sum(axis=2))
            outside = ~_targets(source, len(delta), window)
            delta[outside] = np.nan
            if source.kind == "nucleotide":
                after = np.full_like(importance, np.nan)
                letters = alternatives(chr(scored.bases[source.start])).encode()
                base = np.where(outside, 0, np.frombuffer(letters, np.uint8)[chosen])
            else:
                after, base = mutated[0].sum(axis=1), np.zeros(len(delta), np.uint8)
            yield Profile(source.Index, scored.replicate, delta, importance, after, base)


def _largest(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of every column the value that is largest in size, with its sign, and its row."""
    rows = np.abs(values).argmax(axis=0)
    return np.take_along_axis(values, rows[None], axis=0)[0], rows


def _targets(source, length: int, window: int | None) -> np.ndarray:
    """Return which positions are targets: in the window and not in the source, shape (length,)."""
    positions = np.arange(length)
    distance = np.maximum(source.start - positions, positions - (source.end - 1))
    return (distance > 0) & (distance <= (length if window is None else window))


# ------------------------------------------------------------------------------------------- files


def write_profile_shard(
    found: Iterable[Profile],
    sources: pd.DataFrame,
    length: int,
    shuffles: int,
    path: str | os.PathLike,
    attributes: dict | None = None,
) -> None:
    """Write profiles as they come: an HDF5 file as in ``docs/files.md``, one row per row of ``sources``.

    ``delta``, ``importance``, ``mutant_importance``: float32 (source, position), on the real sequences;
    ``null_delta``: float32 (replicate, source, position); ``mutant_base`` and ``null_mutant_base``: uint8 of
    the same shapes as the two deltas; the columns of ``sources`` in a group of that name, ``feature`` −1 for
    a nucleotide. ``attributes`` become attributes of the file.
    """
    shape = (len(sources), length)
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as handle:
        arrays = {name: _array(handle, name, shape) for name in ("delta", "importance", "mutant_importance")}
        arrays["mutant_base"] = _array(handle, "mutant_base", shape, np.uint8)
        null = {
            "delta": _array(handle, "null_delta", (shuffles, *shape)),
            "mutant_base": _array(handle, "null_mutant_base", (shuffles, *shape), np.uint8),
        }
        for profile in found:
            if profile.replicate:
                for name, array in null.items():
                    array[profile.replicate - 1, profile.source] = getattr(profile, name)
                continue
            for name, array in arrays.items():
                array[profile.source] = getattr(profile, name)
        group = handle.create_group("sources")
        for column in SOURCE_COLUMNS:
            text = column not in _NUMBERS
            values = sources[column].to_numpy(object if text else np.int64)
            array = group.create_dataset(column, data=values, dtype=h5py.string_dtype() if text else None)
            array.attrs["axes"] = json.dumps(["source"])
        handle.attrs.update(attributes or {})


def _array(handle: h5py.File, name: str, shape: tuple[int, ...], kind=np.float32) -> h5py.Dataset:
    """Create an array in chunks of one row, so that rows can be written one by one."""
    chunks = (*(1,) * (len(shape) - 1), shape[-1]) if 0 not in shape else None
    compression = "lzf" if chunks else None
    array = handle.create_dataset(name, shape, kind, chunks=chunks, compression=compression)
    array.attrs["axes"] = json.dumps(["replicate", "source", "position"][-len(shape) :])
    return array
