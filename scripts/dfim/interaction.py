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

from dfim.attribution.mutants import Mutants, MutantScores
from dfim.attribution.scorer import Scorer
from dfim.errors import InputError
from dfim.files import atomic_path
from dfim.progress import Progress
from dfim.sequence import BASES, one_hot, shuffle_dinucleotides

PAIR_COLUMNS = ["replicate", "example", "source", "target", "fis", "signed_sum"]
SOURCE_COLUMNS = ["example", "feature", "name", "group", "kind", "start", "end", "reference", "alternate"]
_NUMBERS = ["example", "feature", "start", "end"]
NO_FEATURE = -1
_CHUNK = 16_384  # values of a chunk of a file, or one row where rows are longer
# Numbers in an array of changes (mutants, length) that are held at once, and the fewest mutants all the same.
_MOST_VALUES = 24_000_000
_FEWEST_MUTANTS = 16


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
    bases: np.ndarray, examples: Sequence[int], region: str | tuple[int, int] | None = None
) -> pd.DataFrame:
    """Return positions of some examples as sources, each of its own: the columns ``SOURCE_COLUMNS``, sorted.

    ``bases`` has shape (all examples, positions); ``region`` is an interval [start, end), ``all`` or None
    for every position, or ``variable`` for the positions at which the examples of ``bases`` do not all have
    the same base: a network knows nothing about a change of the others. Raises InputError when the region
    does not lie within the sequences.
    """
    length, examples = bases.shape[1], np.asarray(examples, np.int64)
    if region == "variable":
        positions = np.flatnonzero((bases != bases[0]).any(axis=0))
    else:
        start, end = (0, length) if region in (None, "all") else region
        if not 0 <= start < end <= length:
            raise InputError(
                f"the region of nucleotides to mutate is {start} to {end}, and it must lie within the "
                f"{length} positions of a sequence: 0-based start, exclusive end."
            )
        positions = np.arange(start, end)
    example, start = np.repeat(examples, len(positions)), np.tile(positions, len(examples))
    letters = pd.Series(bases[example, start], dtype=np.uint8).map(chr).astype(str)
    table = pd.DataFrame({"example": example, "start": start})
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


def mutant_rows(bases: np.ndarray, source, background: np.ndarray) -> np.ndarray:
    """Return what takes the place of a source's rows in each of its mutants, (mutants, width, 4).

    ``bases`` has shape (positions,), ``source`` has ``kind``, ``start``, ``end`` and, for a variant,
    ``reference`` and ``alternate``. One mutant for a motif (the background) and for a variant (the alternate
    allele, or the reference one where the alternate is there already, as may happen on a shuffle); one for
    each other base for a nucleotide, which makes four for an N.
    """
    if source.kind == "motif":
        rows = np.asarray(background, np.float32)
        rows = rows if rows.ndim == 1 else rows[source.start : source.end]
        return np.broadcast_to(rows, (1, source.end - source.start, 4))
    found = bases[source.start : source.end].tobytes().decode("ascii")
    if source.kind == "variant":
        letters = [source.reference if found == source.alternate else source.alternate]
    else:
        letters = alternatives(found)
    return one_hot(np.array([np.frombuffer(letter.encode("ascii"), np.uint8) for letter in letters]))


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
class _Replicate:
    """One replicate of one example with sources to mutate; ``bases`` (positions,)."""

    example: int
    number: int
    bases: np.ndarray
    sources: pd.DataFrame


@dataclass
class _Batch:
    """Replicates that are scored together: ``mutant`` is the number of each source's first mutant, in order.

    ``sources`` are those of all replicates one below the other, with a column ``sequence``, the number of
    their replicate, and the columns ``first`` and ``stop`` of the positions that are asked for.
    """

    replicates: list[_Replicate]
    sources: pd.DataFrame
    mutant: np.ndarray
    scores: MutantScores


def _score(
    scorer: Scorer,
    bases,
    sources: pd.DataFrame,
    task: int,
    background,
    shuffles: int,
    seed: int,
    batch_size: int | None,
    importance: bool,
) -> Iterator[_Batch]:
    """Score the replicates 0 … ``shuffles`` of every example that has sources, with all mutants, in order.

    ``sources`` have the columns ``first`` and ``stop``. Replicates are gathered until they have
    ``batch_size`` mutants, so that memory does not grow with the number of examples, and the sources of an
    example that has more are taken in parts.
    """
    _check_sources(sources, bases)
    most = batch_size or max(_FEWEST_MUTANTS, _MOST_VALUES // bases.shape[1])
    waiting, size = [], 0
    with Progress(total=len(sources) * (shuffles + 1), unit=" mutated sources") as progress:
        for replicate in _replicates(bases, sources, shuffles, seed, most):
            waiting.append(replicate)
            size += len(replicate.sources) * (3 if replicate.sources["kind"].iloc[0] == "nucleotide" else 1)
            if size >= most:
                yield _scored(scorer, waiting, task, background, importance)
                progress.update(sum(len(done.sources) for done in waiting))
                waiting, size = [], 0
        if waiting:
            yield _scored(scorer, waiting, task, background, importance)
            progress.update(sum(len(done.sources) for done in waiting))


def _replicates(bases, sources: pd.DataFrame, shuffles: int, seed: int, most: int) -> Iterator[_Replicate]:
    for example, own in sources.groupby("example", sort=True):
        for begin in range(0, len(own), most):
            part = own if len(own) <= most else own.iloc[begin : begin + most]
            for number in range(shuffles + 1):
                letters = shuffled(bases[example], seed, example, number)
                yield _Replicate(example, number, letters, part)


def _scored(scorer: Scorer, replicates: list[_Replicate], task: int, background, importance: bool) -> _Batch:
    """Mutate the sources of some replicates, and score them."""
    sources = pd.concat([one.sources for one in replicates])
    sizes = [len(one.sources) for one in replicates]
    sources["sequence"] = np.repeat(np.arange(len(replicates)), sizes)
    rows = [mutant_rows(replicates[one.sequence].bases, one, background) for one in sources.itertuples()]
    counts = np.array([len(one) for one in rows])
    widths = np.array([one.shape[1] for one in rows])
    padded = np.zeros((counts.sum(), widths.max(), 4), np.float32)
    first = np.cumsum(counts) - counts
    for begin, one in zip(first, rows, strict=True):
        padded[begin : begin + len(one), : one.shape[1]] = one
    columns = [
        np.repeat(sources[name].to_numpy(np.int64), counts) for name in ("sequence", "start", "first", "stop")
    ]
    mutants = Mutants(columns[0], columns[1], np.repeat(widths, counts), padded, columns[2], columns[3])
    bases = np.stack([one.bases for one in replicates])
    return _Batch(replicates, sources, first, scorer.score_mutants(bases, mutants, task, importance))


def pair_scores(
    scorer: Scorer,
    bases: np.ndarray,
    features: pd.DataFrame,
    pairs: pd.DataFrame,
    task: int,
    background: Sequence[float],
    shuffles: int = 0,
    seed: int = 0,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Score ordered pairs of features, on the sequences and on ``shuffles`` dinucleotide shuffles of each.

    ``bases`` has shape (all examples, positions), ``pairs`` the columns ``example``, ``source``, ``target``
    of :func:`make_pairs`, ``background`` the probabilities of A, C, G, T. Every mutant is scored once,
    however many targets it has. Returns one row per replicate and pair, the columns ``PAIR_COLUMNS``,
    sorted by example and replicate; independent of ``batch_size``, the number of mutants that are gathered
    for the scorer (by default as many as fit in memory).

    Raises InputError when a feature does not lie within its sequence or cannot be mutated.
    """
    by_number = features.set_index("feature", drop=False)
    _check_sources(by_number.loc[pairs["target"].unique()], bases)
    targets = by_number.loc[pairs["target"], ["start", "end"]].set_axis(["first", "stop"], axis=1)
    targets = targets.reset_index(drop=True).assign(
        source=pairs["source"].to_numpy(), target=pairs["target"].to_numpy()
    )
    sources = features.set_index("feature").loc[pairs["source"].drop_duplicates()].reset_index()
    sources = _with_asked(scorer, sources, targets)
    tables = [
        _pair_rows(batch, targets)
        for batch in _score(
            scorer, bases, sources, task, background, shuffles, seed, batch_size, importance=False
        )
    ]
    if not tables:
        return pd.DataFrame(columns=PAIR_COLUMNS)
    return pd.concat(tables, ignore_index=True)


def _with_asked(scorer: Scorer, sources: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Add ``first`` and ``stop`` to sources: from the first to the last target within the scorer's reach.

    Both are 0 for a source that reaches no target, and so changes none.
    """
    start, end = sources["start"].to_numpy(np.int64), sources["end"].to_numpy(np.int64)
    reach = dict(zip(("near", "far"), scorer.reach(start, end - start), strict=True))
    reached = targets.merge(sources[["feature"]].assign(**reach), left_on="source", right_on="feature")
    reached = reached[(reached["stop"] > reached["near"]) & (reached["first"] < reached["far"])]
    asked = reached.groupby("source").agg(first=("first", "min"), stop=("stop", "max"))
    asked = asked.reindex(sources["feature"], fill_value=0)
    return sources.assign(first=asked["first"].to_numpy(), stop=asked["stop"].to_numpy()).reset_index(
        drop=True
    )


def _pair_rows(batch: _Batch, targets: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one batch: its mutants' changes, put together over each target's positions."""
    mutated = pd.DataFrame(
        {
            "source": batch.sources["feature"].to_numpy(),
            "example": batch.sources["example"].to_numpy(),
            "replicate": [batch.replicates[number].number for number in batch.sources["sequence"]],
            "mutant": batch.mutant,
        }
    )
    table = mutated.merge(targets, on="source", how="left")
    scores = np.empty((2, len(table)), np.float32)
    widths = (table["stop"] - table["first"]).to_numpy()
    for width in np.unique(widths):
        rows = np.flatnonzero(widths == width)
        positions = table["first"].to_numpy()[rows, None] + np.arange(width)
        mutant = table["mutant"].to_numpy()[rows, None]
        scores[0, rows] = batch.scores.absolute[mutant, positions].max(axis=1)
        scores[1, rows] = batch.scores.delta[mutant, positions].sum(axis=1)
    return table.assign(fis=scores[0], signed_sum=scores[1])[PAIR_COLUMNS]


@dataclass
class Profile:
    """What mutating one source changes along its sequence; arrays are float32, shape (positions,).

    ``source`` is a row number of the table of sources. ``delta`` is NaN at the source and outside the window.
    ``importance`` and ``mutant_importance`` are the sums over bases before and after, NaN outside the window;
    the latter is all NaN for a nucleotide, which has several mutants. ``mutant_base``, uint8 ASCII, is for a
    nucleotide the base whose mutant ``delta`` is of, position by position; 0 elsewhere, and where delta is
    NaN.
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
    batch_size: int | None = None,
) -> Iterator[Profile]:
    """Yield the profile of every source, on its sequence and on ``shuffles`` dinucleotide shuffles of it.

    ``sources`` has the columns of :func:`feature_sources` or :func:`nucleotide_sources`, sorted by example.
    Only positions at most ``window`` bases from the source count, all when None. The other arguments, and
    the errors, are those of :func:`pair_scores`.
    """
    length = bases.shape[1]
    widest = length if window is None else window
    sources = sources.reset_index(drop=True).rename_axis("row").reset_index()
    sources = sources.assign(
        first=(sources["start"] - widest).clip(lower=0), stop=(sources["end"] + widest).clip(upper=length)
    )
    options = (task, background, shuffles, seed, batch_size)
    for batch in _score(scorer, bases, sources, *options, importance=True):
        yield from _profiles(batch)


def _profiles(batch: _Batch) -> Iterator[Profile]:
    """Yield the profiles of a batch's sources from their mutants."""
    sources, positions = batch.sources, np.arange(batch.scores.delta.shape[1])
    first, stop, start, end = (
        sources[name].to_numpy()[:, None] for name in ("first", "stop", "start", "end")
    )
    asked = (positions >= first) & (positions < stop)
    own = (positions >= start) & (positions < end)
    delta, chosen = _largest(batch.scores.delta, batch.mutant)
    importance = np.where(asked, batch.scores.importance[sources["sequence"]], np.nan)
    after = importance - delta
    delta[~asked | own] = np.nan
    base = np.zeros(delta.shape, np.uint8)
    for number, source in enumerate(sources.itertuples()):
        if source.kind == "nucleotide":
            present = batch.replicates[source.sequence].bases[source.start]
            letters = np.frombuffer(alternatives(chr(present)).encode(), np.uint8)
            base[number] = np.where(np.isnan(delta[number]), 0, letters[chosen[number]])
            after[number] = np.nan
        else:
            after[number, source.start : source.end] = batch.scores.own[batch.mutant[number]]
        replicate = batch.replicates[source.sequence].number
        arrays = (array[number] for array in (delta, importance, after, base))
        yield Profile(source.row, replicate, *arrays)


def _largest(values: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of each group of rows, position by position, the value that is largest in size, and which it is.

    A group's rows (mutants of one source) begin where ``begins`` says, and end where the next ones begin.
    """
    counts = np.diff(np.append(begins, len(values)))
    largest = np.empty((len(begins), values.shape[1]), values.dtype)
    which = np.empty(largest.shape, np.int64)
    for count in np.unique(counts):
        groups = np.flatnonzero(counts == count)
        rows = values[begins[groups, None] + np.arange(count)]
        which[groups] = np.abs(rows).argmax(axis=1)
        largest[groups] = np.take_along_axis(rows, which[groups][:, None], axis=1)[:, 0]
    return largest, which


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
    """Create an array in chunks of whole rows, so that rows can be written one by one."""
    rows = min(shape[-2], max(1, _CHUNK // max(shape[-1], 1)))
    chunks = (*(1,) * (len(shape) - 2), rows, shape[-1]) if 0 not in shape else None
    compression = "lzf" if chunks else None
    array = handle.create_dataset(name, shape, kind, chunks=chunks, compression=compression)
    array.attrs["axes"] = json.dumps(["replicate", "source", "position"][-len(shape) :])
    return array
