"""Interactions: planted logic with known answers, and every score again by the plainest loop."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from support.small_networks import LOGIC, logic, random_bases, stacked

from dfim.attribution import open_scorer
from dfim.attribution.mutants import MutantScores, scores_of_whole_mutants
from dfim.datasets.dataset import Dataset, write_dataset
from dfim.errors import InputError
from dfim.files.tables import write_table
from dfim.files.whole import sha256_of
from dfim.interactions.mutation import mutant_rows, rows_of_mutants
from dfim.interactions.pair_files import read_pair_draws, read_score_draws
from dfim.interactions.profile_files import write_profile_shard
from dfim.interactions.score_draws import draw_scores
from dfim.interactions.scoring import PAIR_COLUMNS, pair_scores, profiles
from dfim.interactions.shards import read_pair_shards, read_profile_shards
from dfim.interactions.sources import (
    DRAW_COLUMNS,
    examples_of_shard,
    feature_sources,
    make_pairs,
    nucleotide_sources,
)
from dfim.networks.building import build_network
from dfim.networks.description import describe
from dfim.networks.graph_files import load_graph, save_graph
from dfim.sequences.bases import one_hot, to_bases, to_string
from dfim.sequences.features import FEATURE_COLUMNS
from dfim.sequences.shuffling import shuffled

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
BACKGROUND = [0.27, 0.23, 0.23, 0.27]
LENGTH = 30


def feature(number, example, name, start, end, kind="motif", reference="", alternate="", group=""):
    row = [number, example, name, kind, start, end, "+", reference, alternate, group]
    return dict(zip(FEATURE_COLUMNS, row, strict=True))


@pytest.fixture(scope="module")
def bases():
    return random_bases(np.random.default_rng(11), 6, LENGTH)


@pytest.fixture(scope="module")
def features(bases):
    """Return motifs and variants in examples 0 to 4; in example 2 two features overlap."""
    rows = [
        *(feature(0, 0, "GATA", 2, 6), feature(1, 0, "TAL", 9, 15), feature(2, 0, "GATA", 20, 24)),
        *(feature(3, 1, "TAL", 0, 6), feature(4, 1, "GATA", 26, 30)),
        *(feature(5, 2, "GATA", 5, 9), feature(6, 2, "TAL", 8, 14), feature(7, 2, "TAL", 14, 20)),
        feature(8, 3, "GATA", 10, 14),
        *(_snv(9, bases, 3, 17, "positive"), _snv(10, bases, 4, 4, "control"), feature(11, 4, "TAL", 6, 12)),
    ]
    return pd.DataFrame(rows)


def _snv(number, bases, example, position, group):
    reference = chr(bases[example, position])
    alternate = "ACGT"["ACGT".index(reference) - 1]
    return feature(number, example, "snv", position, position + 1, "variant", reference, alternate, group)


WAYS = {
    "gradient × input": ("gradient_input", {}),
    "batched": ("deeplift", {"engine": "cpu", "evaluation": "batched"}),
    "windows": ("deeplift", {"engine": "cpu", "evaluation": "windows"}),
    "paths": ("deeplift", {"engine": "cpu", "evaluation": "paths"}),
}


@pytest.fixture(scope="module", params=WAYS)
def scorer(request):
    method, options = WAYS[request.param]
    with open_scorer(method, stacked(), BACKGROUND, options) as scorer:
        yield scorer


# ------------------------------------------------------------------------------------------ planted logic


@pytest.mark.parametrize(
    ("method", "size"),
    # Half of the words' joint logit passes to the other word under RevealCancel; a gradient is there or not.
    [("deeplift", 0.5), ("gradient_input", 4.0)],
)
def test_two_words_that_need_each_other_score_above_0_and_redundant_ones_below(method, size):
    sequence = to_bases("T" * 5 + "GACA" + "T" * 6 + "CAGC" + "T" * 4)
    table = pd.DataFrame([feature(0, 0, "a", 5, 9), feature(1, 0, "b", 15, 19)])
    pairs, _ = make_pairs(table, [0])
    found = {}
    with open_scorer(method, logic("GACA", "CAGC", len(sequence)), [0, 0, 0, 0]) as scorer:
        for task, name in enumerate(LOGIC):
            found[name] = pair_scores(scorer, sequence[None], table, pairs, task, BACKGROUND)
    for scores in found.values():
        assert list(scores["source"]) == [0, 1]
        assert list(scores["target"]) == [1, 0]
    # Four positions share it, in equal parts: the paper's score is the largest one's, and has no sign.
    np.testing.assert_allclose(found["and"]["signed_sum"], size, rtol=1e-5)
    np.testing.assert_allclose(found["or"]["signed_sum"], -size, rtol=1e-5)
    for name in ("and", "or"):
        np.testing.assert_allclose(found[name]["fis"], size / 4, rtol=1e-5)
    np.testing.assert_allclose(found["additive"][["fis", "signed_sum"]], 0, atol=1e-6)


# ------------------------------------------------------------------------------------------------- pairs


def test_pairs_are_all_ordered_pairs_within_an_example_that_do_not_overlap(features):
    pairs, overlapping = make_pairs(features, range(6))
    expected = set()
    for a in features.itertuples():
        for b in features.itertuples():
            apart = a.end <= b.start or b.end <= a.start
            if a.example == b.example and a.feature != b.feature and apart:
                expected.add((a.example, a.feature, b.feature))
    assert [tuple(row) for row in pairs.to_numpy()] == sorted(expected)
    assert overlapping == 2
    assert (2, 6, 7) in expected, "features that touch do not overlap"


def test_pairs_of_chosen_names_examples_and_distances(features):
    def rows(*arguments, **options):
        return [tuple(row) for row in make_pairs(features, *arguments, **options)[0].to_numpy()]

    assert rows([0], ["GATA"], ["TAL"]) == [(0, 0, 1), (0, 2, 1)]
    assert rows([0], "all", ["TAL"], same_name=False) == [(0, 0, 1), (0, 2, 1)]
    # The gaps of example 0: 6 to 9, 15 to 20, 6 to 20.
    assert rows([0], max_distance=3) == [(0, 0, 1), (0, 1, 0)]
    assert rows([0], max_distance=5) == [(0, 0, 1), (0, 1, 0), (0, 1, 2), (0, 2, 1)]
    assert rows([0], max_distance=2) == []
    assert rows([5]) == []


def naive_pairs(scorer, bases, features, pairs, task, shuffles, seed):
    """Score every pair on its own, from the definitions."""
    rows = []
    for example, source, target in pairs.itertuples(index=False):
        for replicate in range(shuffles + 1):
            a, b = features.loc[source], features.loc[target]
            letters = shuffled(bases[example], seed, example, replicate)
            original, mutant = one_hot(letters), one_hot(letters)
            if a["kind"] == "motif":
                mutant[a["start"] : a["end"]] = BACKGROUND
            else:
                is_alternate = chr(letters[a["start"]]) == a["alternate"]
                mutant[a["start"]] = np.eye(4)["ACGT".index(a["reference" if is_alternate else "alternate"])]
            importance = [scorer.contributions(x[None], task)[0] * x for x in (original, mutant)]
            delta = (importance[0] - importance[1])[b["start"] : b["end"]]
            raw = [scorer.contributions(x[None], task)[0][b["start"] : b["end"]] for x in (original, mutant)]
            unmutated = [not a["start"] <= at < a["end"] for at in range(b["start"], b["end"])]
            signed_sum = (raw[0] - raw[1])[unmutated].sum()
            scores = max(sum(abs(value) for value in row) for row in delta), signed_sum
            rows.append((replicate, example, source, target, *scores))
    table = pd.DataFrame(rows, columns=PAIR_COLUMNS)
    return table.sort_values(["example", "replicate", "source", "target"], ignore_index=True)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_pair_scores_are_those_of_a_naive_loop_for_every_batch_size(scorer, bases, features, batch_size):
    pairs, _ = make_pairs(features, range(6))
    found = pair_scores(scorer, bases, features, pairs, 2, BACKGROUND, 2, seed=4, batch_size=batch_size)
    expected = naive_pairs(scorer, bases, features, pairs, 2, 2, seed=4)
    assert (expected["fis"] > 0.001).mean() > 0.7, "nothing to compare"
    found = found.sort_values(["example", "replicate", "source", "target"], ignore_index=True)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-4, atol=1e-6, check_dtype=False)


def test_mutated_rows_are_no_targets_even_where_features_overlap(scorer, bases, features):
    pairs = pd.DataFrame({"example": [2, 2], "source": [5, 6], "target": [6, 5]})
    found = pair_scores(scorer, bases, features, pairs, 2, BACKGROUND)
    # The features share position 8: what is left of the targets is 9 to 13, and 5 to 7.
    rest = features.copy()
    rest.loc[6, "start"], rest.loc[5, "end"] = 9, 8
    expected = [
        naive_pairs(scorer, bases, features.assign(**{end: rest[end]}), pairs.iloc[[row]], 2, 0, 0)
        for row, end in enumerate(("start", "end"))
    ]
    pd.testing.assert_frame_equal(
        found, pd.concat(expected, ignore_index=True), rtol=1e-4, atol=1e-6, check_dtype=False
    )


class Watching:
    """A scorer that finds nothing, and counts."""

    def __init__(self):
        self.sequences, self.mutants, self.largest = 0, 0, 0

    def reach(self, starts, widths):
        return np.zeros_like(starts), np.full_like(starts, LENGTH)

    def score_mutants(self, bases, mutants, task, channels):
        self.sequences += len(bases)
        self.mutants += len(mutants)
        self.largest = max(self.largest, len(mutants))
        return MutantScores(*np.zeros((3, len(mutants), bases.shape[1]), np.float32))


def test_every_mutant_is_scored_once_however_many_targets_it_has(bases, features):
    pairs, _ = make_pairs(features, [0])
    scorer = Watching()
    scores = pair_scores(scorer, bases, features, pairs, 0, BACKGROUND, shuffles=3)
    assert len(scores) == 4 * 6
    # Four replicates with three mutants each.
    assert (scorer.sequences, scorer.mutants) == (4, 4 * 3)


def test_memory_holds_one_batch_of_mutants(bases, features):
    pairs, _ = make_pairs(features, range(5))
    scorer = Watching()
    pair_scores(scorer, bases, features, pairs, 0, BACKGROUND, shuffles=50, batch_size=10)
    # One replicate may overshoot the batch, by at most its own three mutants.
    assert 10 <= scorer.largest < 10 + 3


def test_shards_make_up_the_whole(scorer, bases, features):
    def scores(shards):
        parts = []
        for shard in range(shards):
            pairs, _ = make_pairs(features, examples_of_shard([4, 0, 2, 1, 3], shard, shards))
            parts.append(pair_scores(scorer, bases, features, pairs, 0, BACKGROUND, 2, seed=1))
        return pd.concat(parts).sort_values(["replicate", "source", "target"], ignore_index=True)

    pd.testing.assert_frame_equal(scores(1), scores(3), rtol=1e-4, atol=1e-6, check_dtype=False)
    assert list(examples_of_shard([4, 0, 2, 1, 3], 1, 3)) == [0, 3]


def test_no_pairs_make_an_empty_table(scorer, bases, features):
    pairs, _ = make_pairs(features, [5])
    scores = pair_scores(scorer, bases, features, pairs, 0, BACKGROUND, shuffles=1)
    assert list(scores.columns) == PAIR_COLUMNS
    assert scores.empty


# ------------------------------------------------------------------------------------ mutants and shuffles


def test_rows_of_mutants():
    letters = to_bases("ACGTN")
    motif = mutant_rows(letters, SimpleNamespace(kind="motif", start=1, end=3), BACKGROUND)
    np.testing.assert_allclose(motif, np.float32([[BACKGROUND] * 2]))
    by_position = np.random.default_rng(0).dirichlet(np.ones(4), 5)
    motif = mutant_rows(letters, SimpleNamespace(kind="motif", start=1, end=3), by_position)
    np.testing.assert_allclose(motif, by_position[None, 1:3].astype(np.float32))

    snv = SimpleNamespace(kind="variant", start=1, end=2, reference="C", alternate="T")
    np.testing.assert_array_equal(mutant_rows(letters, snv, BACKGROUND), one_hot(to_bases("T"))[None])
    there = SimpleNamespace(kind="variant", start=3, end=4, reference="G", alternate="T")
    np.testing.assert_array_equal(mutant_rows(letters, there, BACKGROUND), one_hot(to_bases("G"))[None])

    nucleotide = mutant_rows(letters, SimpleNamespace(kind="nucleotide", start=2, end=3), BACKGROUND)
    np.testing.assert_array_equal(nucleotide, one_hot(np.array([to_bases(base) for base in "ACT"])))
    assert len(mutant_rows(letters, SimpleNamespace(kind="nucleotide", start=4, end=5), BACKGROUND)) == 4


@pytest.mark.parametrize("background", [BACKGROUND, np.random.default_rng(0).dirichlet(np.ones(4), 6)])
def test_rows_of_many_mutants_are_those_of_each(background):
    bases = np.array([to_bases("ACGTNA"), to_bases("GTNACC")])
    rows = [(0, "motif", 1, 4, "", ""), (1, "nucleotide", 2, 3, "", ""), (0, "variant", 0, 2, "AC", "TG")]
    rows += [(1, "motif", 5, 6, "", ""), (0, "nucleotide", 5, 6, "", ""), (1, "variant", 1, 2, "A", "T")]
    table = pd.DataFrame(rows, columns=["sequence", "kind", "start", "end", "reference", "alternate"])
    found, counts = rows_of_mutants(bases, table, background)
    each = [mutant_rows(bases[source.sequence], source, background) for source in table.itertuples()]
    assert counts.tolist() == [len(one) for one in each] == [1, 4, 1, 1, 3, 1]
    expected = [np.pad(row, ((0, 3 - len(row)), (0, 0))) for one in each for row in one]
    np.testing.assert_array_equal(found, expected)


def test_shuffles_depend_on_their_numbers_alone_and_keep_dinucleotides():
    letters = random_bases(np.random.default_rng(0), 1, 200)[0]

    def dinucleotides(bases):
        return np.unique(bases[:-1].astype(int) * 256 + bases[1:], return_counts=True)

    first = shuffled(letters, 7, 3, 1)
    np.testing.assert_array_equal(shuffled(letters, 7, 3, 0), letters)
    np.testing.assert_array_equal(shuffled(letters, 7, 3, 1), first)
    for found, expected in zip(dinucleotides(first), dinucleotides(letters), strict=True):
        np.testing.assert_array_equal(found, expected)
    others = [letters, shuffled(letters, 7, 3, 2), shuffled(letters, 7, 4, 1), shuffled(letters, 8, 3, 1)]
    assert len({to_string(one) for one in [first, *others]}) == 5


# ----------------------------------------------------------------------------------------------- profiles


def naive_profile(scorer, letters, source, task, window):
    """Return delta, importance and mutant importance of one source, from the definitions."""

    def importance(x):
        return (scorer.contributions(x[None], task)[0] * x).sum(axis=1)

    alternatives = []
    for letter in "ACGT" if source.kind == "nucleotide" else [source.alternate]:
        mutant = one_hot(letters)
        if source.kind == "motif":
            mutant[source.start : source.end] = BACKGROUND
        elif ord(letter) == letters[source.start]:
            if source.kind == "nucleotide":
                continue
            mutant[source.start] = np.eye(4)["ACGT".index(source.reference)]
        else:
            mutant[source.start] = np.eye(4)["ACGT".index(letter)]
        alternatives.append(importance(mutant))
    delta = np.full(len(letters), np.nan)
    original = importance(one_hot(letters))
    for position in range(len(letters)):
        inside = source.start <= position < source.end
        if not inside and source.start - window <= position < source.end + window:
            delta[position] = max((original[position] - one[position] for one in alternatives), key=abs)
    after = alternatives[0] if source.kind != "nucleotide" else np.full(len(letters), np.nan)
    positions = np.arange(len(letters))
    near = (positions >= source.start - window) & (positions < source.end + window)
    return delta, np.where(near, original, np.nan), np.where(near, after, np.nan)


@pytest.mark.parametrize("window", [4, None])
@pytest.mark.parametrize("kind", ["features", "nucleotides"])
def test_profiles_are_those_of_a_naive_loop(scorer, bases, features, kind, window):
    if kind == "features":
        sources = feature_sources(features, [4, 3, 1], "all")
        assert list(sources["feature"]) == [3, 4, 8, 9, 10, 11]
    else:
        sources = nucleotide_sources(bases, [3, 1], (12, 16))
        assert len(sources) == 8
        assert "".join(sources["reference"][:4]) == to_string(bases[1, 12:16])
    found = list(profiles(scorer, bases, sources, 1, BACKGROUND, window, shuffles=1, seed=9, batch_size=5))
    assert sorted((one.source, one.replicate) for one in found) == [
        (row, replicate) for row in range(len(sources)) for replicate in (0, 1)
    ]
    for one in found:
        source = sources.loc[one.source]
        letters = shuffled(bases[source["example"]], 9, source["example"], one.replicate)
        expected = naive_profile(scorer, letters, source, 1, LENGTH if window is None else window)
        for name, value in zip(("delta", "importance", "mutant_importance"), expected, strict=True):
            np.testing.assert_allclose(getattr(one, name), value, rtol=1e-4, atol=1e-6, err_msg=name)
        chosen = one.mutant_base != 0
        if kind == "nucleotides":
            np.testing.assert_array_equal(chosen, ~np.isnan(one.delta))
            assert set(one.mutant_base[chosen]) <= set(b"ACGT") - {letters[source["start"]]}
        else:
            assert not chosen.any()


def test_a_nucleotide_takes_its_largest_alternative_position_by_position_with_its_sign():
    class ByBase:
        """Scores the second position by the base of the first (A 0, C 1, G −3, T 2), and the third less."""

        def contributions(self, x, task):
            scores = np.zeros_like(x)
            value = x[:, 0] @ np.float32([0, 1, -3, 2])
            scores[:, 1], scores[:, 2] = value[:, None], np.minimum(value, 2.5)[:, None] - 1
            return scores

        def score_mutants(self, bases, mutants, task, importance):
            return scores_of_whole_mutants(lambda x: self.contributions(x, task), bases, mutants, importance)

    sequence = to_bases("ACC")[None]
    sources = nucleotide_sources(sequence, [0], (0, 1))
    (profile,) = profiles(ByBase(), sequence, sources, 0, BACKGROUND)
    np.testing.assert_array_equal(profile.delta, [np.nan, 3, 3])
    assert profile.mutant_base.tobytes() == b"\0GG"
    (profile,) = profiles(ByBase(), to_bases("GCC")[None], sources, 0, BACKGROUND)
    np.testing.assert_array_equal(profile.delta, [np.nan, -5, -5])
    assert profile.mutant_base.tobytes() == b"\0TT"


def test_file_of_profiles(tmp_path, scorer, bases, features):
    sources = feature_sources(features, [3, 4], ["snv", "TAL"])
    options = dict(task=1, background=BACKGROUND, window=6, shuffles=2, seed=3)
    found = list(profiles(scorer, bases, sources, **options))
    write_profile_shard(iter(found), sources, LENGTH, 2, tmp_path / "0.h5", {"method": "gradient_input"})
    with h5py.File(tmp_path / "0.h5") as handle:
        for one in found:
            if one.replicate:
                for name in ("delta", "mutant_base"):
                    row = handle[f"null_{name}"][one.replicate - 1, one.source]
                    np.testing.assert_array_equal(row, getattr(one, name))
            else:
                for name in ("delta", "importance", "mutant_importance", "mutant_base"):
                    np.testing.assert_array_equal(handle[name][one.source], getattr(one, name))
        assert handle["null_delta"].attrs["axes"] == '["replicate", "source", "position"]'
        for name in ("delta", "importance", "mutant_importance"):
            assert handle[name].attrs["axes"] == '["source", "position"]'
        assert {array.attrs["axes"] for array in handle["sources"].values()} == {'["source"]'}
        assert list(handle["sources/feature"]) == [9, 10, 11]
        assert list(handle["sources/group"].asstr()) == ["positive", "control", ""]
        assert handle.attrs["method"] == "gradient_input"


def test_file_of_no_profiles(tmp_path, bases):
    sources = nucleotide_sources(bases, [])
    write_profile_shard([], sources, LENGTH, 1, tmp_path / "0.h5")
    with h5py.File(tmp_path / "0.h5") as handle:
        assert handle["delta"].shape == (0, LENGTH)
        assert handle["null_delta"].shape == (1, 0, LENGTH)
        assert handle["sources/feature"].shape == (0,)


# ------------------------------------------------------------------------------------------------- errors


def outside(bases):
    row = feature(0, 1, "GATA", 27, 31)
    return feature_sources(pd.DataFrame([row]), [1], "all")


def insertion(bases):
    row = feature(0, 1, "rs1", 4, 5, "variant", "A", "AG")
    return feature_sources(pd.DataFrame([row]), [1], "all")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            outside,
            "the motif 'GATA' at 27 to 31 of example 1 does not lie within the 30 positions of the "
            "sequence: give a "
            "0-based start and an exclusive end within them.",
        ),
        (
            insertion,
            "the variant 'rs1' at 4 to 5 of example 1 has the alleles 'A' and 'AG', and each needs 1 of "
            "the letters "
            "A, C, G, T: only substitutions can be scored.",
        ),
        (
            lambda bases: nucleotide_sources(bases, [0], (25, 31)),
            "the region of nucleotides to mutate is 25 to 31, and it must lie within the 30 positions of a "
            "sequence: "
            "0-based start, exclusive end.",
        ),
        (
            lambda bases: feature_sources(pd.DataFrame([feature(0, 0, "GATA", 2, 6)]), [0], ["TAL", "GATA"]),
            "no feature of the dataset has the name 'TAL': the names are GATA.",
        ),
    ],
)
def test_sources_that_cannot_be_mutated_say_why(scorer, bases, make, sentence):
    with pytest.raises(InputError) as error:
        list(profiles(scorer, bases, make(bases), 0, BACKGROUND))
    assert str(error.value) == sentence


def test_a_target_outside_the_sequence_is_refused(scorer, bases):
    table = pd.DataFrame([feature(0, 1, "GATA", 2, 6), feature(1, 1, "TAL", 28, 34)])
    pairs = pd.DataFrame({"example": [1], "source": [0], "target": [1]})
    with pytest.raises(
        InputError, match=r"^the motif 'TAL' at 28 to 34 of example 1 does not lie within the 30"
    ):
        pair_scores(scorer, bases, table, pairs, 0, BACKGROUND)


def test_a_shard_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"^there is no shard 3 among 3 shards, counted from 0\.$"):
        examples_of_shard([0, 1], 3, 3)


# ------------------------------------------------------------------------------------------------ scripts


@pytest.fixture(scope="module")
def trained(tmp_path_factory, bases, features):
    """Return a folder with a dataset, a selection of examples and a network of two tasks."""
    folder = tmp_path_factory.mktemp("run")
    examples = pd.DataFrame({"example": range(6), "name": list("abcdef"), "origin": "test", "split": "test"})
    write_dataset(Dataset(bases, np.ones((6, 1), np.int8), ["other"], examples, features), folder)
    write_table(examples.loc[[0, 1, 3, 4], ["example", "name"]], folder / "selection.tsv")
    layers = [{"kind": "convolution", "filters": 4, "width": 5}, {"kind": "max_pool", "width": 4}]
    save_graph(describe(build_network(layers, LENGTH, ["K562", "GM12878"], seed=1)), folder / "graph.npz")
    return folder


class Parameters(dict):
    """A dictionary with attributes, as Snakemake's are."""

    __getattr__ = dict.__getitem__


def told(**paths):
    """Return the outputs of a script of scores: those given, and how complete the contributions are."""
    return Parameters(paths, completeness=f"{next(iter(paths.values()))}.completeness.tsv")


def run(script, folder, output, shard=0, task="GM12878", **analysis):
    options = {"background": BACKGROUND, "shuffles": 1, "substitutions": None, **analysis}
    write_table(pd.DataFrame({"reach": [5.0, np.inf]}), folder / "reach.tsv")
    settings = Parameters(
        task=task,
        tasks=["K562", "GM12878"],
        method="gradient_input",
        method_options={"batch_size": 8},
        analysis=options,
        background=BACKGROUND,
        pairs=[["GATA"], "all", True, None],
        seed=5,
    )
    files = Parameters(
        sequences=str(folder / "sequences.h5"),
        graph=str(folder / "graph.npz"),
        selection=str(folder / "selection.tsv"),
        reach=str(folder / "reach.tsv"),
    )
    snakemake = SimpleNamespace(
        rule=Path(script).stem,
        resources={},
        input=files,
        output=output if isinstance(output, dict) else [str(output)],
        params=settings,
        wildcards=SimpleNamespace(shard=str(shard)),
        log=[str(folder / "log")],
        threads=1,
    )
    runpy.run_path(str(SCRIPTS / script), {"snakemake": snakemake})


@pytest.mark.parametrize("shards", [1, 3])
def test_script_of_pairs(tmp_path, trained, bases, features, shards):
    analysis = {"shards": shards, "feature_groups": None, "score_draws": 3}
    paths = [tmp_path / f"{shard}.tsv.gz" for shard in range(shards)]
    draws = [tmp_path / f"{shard}.draws.h5" for shard in range(shards)]
    for shard, (path, drawn) in enumerate(zip(paths, draws, strict=True)):
        run("score_pairs.py", trained, told(scores=path, draws=drawn), shard, **analysis)
    found = read_pair_shards(paths)
    keys = found[["replicate", "example", "source", "target"]].to_numpy()
    expected = [[0, 0, 0, 1], [0, 0, 0, 2], [0, 0, 2, 0], [0, 0, 2, 1], [0, 1, 4, 3], [0, 3, 8, 9]]
    assert keys[:6].tolist() == expected
    assert keys[6:].tolist() == [[1, *row[1:]] for row in expected]
    # The second output is the task.
    pairs, _ = make_pairs(features, [0, 1, 3, 4], ["GATA"])
    with open_scorer("gradient_input", load_graph(trained / "graph.npz"), BACKGROUND) as scorer:
        scores = naive_pairs(scorer, bases, features, pairs, 1, 1, seed=5)
        expected_draws = draw_scores(scorer, bases, features, pairs, 1, BACKGROUND, 3, 5)
    np.testing.assert_allclose(read_score_draws(paths, draws), expected_draws, rtol=1e-3, atol=1e-5)
    scores = scores.sort_values(["replicate", "example", "source", "target"], ignore_index=True)
    pd.testing.assert_frame_equal(found, scores, rtol=1e-4, atol=1e-6, check_dtype=False)


def test_script_of_pair_tests_whatever_the_shards(tmp_path, trained):
    """Outputs, draws, and the comparison of two ways of removing features."""
    found = []
    for shards in (1, 3):
        analysis = {"shards": shards, "feature_groups": None, "draws": 4, "shared_draws": 6}
        analysis["removal"] = {"way": "background", "draws": 3, "compared": 2}
        tables = [tmp_path / f"{shards}.{shard}.tsv.gz" for shard in range(shards)]
        draws = [tmp_path / f"{shards}.{shard}.h5" for shard in range(shards)]
        for shard, (table, drawn) in enumerate(zip(tables, draws, strict=True)):
            run("mutate_pairs.py", trained, Parameters(pairs=table, draws=drawn), shard, **analysis)
        found.append(read_pair_draws(tables[::-1], draws[::-1]))
    one, three = found
    # The seventh digit of an output may depend on how many are evaluated at once, and is written.
    pd.testing.assert_frame_equal(one.table, three.table, rtol=1e-4, atol=1e-5)
    for name in ("first", "second", "shared_first", "shared_second", "shuffled"):
        np.testing.assert_allclose(getattr(one, name), getattr(three, name), rtol=1e-4, atol=1e-5)
    assert (one.first.shape, one.shared_first.shape) == ((5, 4), (5, 6))
    assert one.table["interaction_other_removal"].notna().tolist() == [True, True, True, True, False]


def test_script_of_profiles(tmp_path, trained, bases):
    analysis = {"sources": {"nucleotides": [3, 8]}, "targets": {"positions": 10}, "shards": 2}
    run("score_profiles.py", trained, told(profiles=tmp_path / "1.h5"), 1, **analysis)
    with h5py.File(tmp_path / "1.h5") as handle:
        assert list(handle["sources/example"]) == [1] * 5 + [4] * 5
        assert list(handle["sources/feature"]) == [-1] * 10
        delta, null = handle["delta"][()], handle["null_delta"][()]
        attributes = dict(handle.attrs)
    assert list(attributes.pop("background")) == list(BACKGROUND)
    assert attributes == {
        "model_sha256": sha256_of(trained / "graph.npz"),
        "sequences_sha256": sha256_of(trained / "sequences.h5"),
        "method": "gradient_input",
        "task": "GM12878",
        "method_options": '{"batch_size": 8}',
        "window": 10,
        "shuffles": 1,
        "seed": 5,
    }
    assert null.shape == (1, 10, LENGTH)
    counted = ~np.isnan(delta)
    assert counted[0].tolist() == [p != 3 and p <= 13 for p in range(LENGTH)]
    np.testing.assert_array_equal(np.isnan(null[0]), ~counted)
    assert np.abs(delta[counted]).max() > 1e-3


def test_script_of_profiles_scores_the_draws_of_variants(tmp_path, trained, features):
    """They do not depend on the shards, nor fewer draws on more."""
    null = {"model": "substitutions", "draws": 5, "within": 10, "clearance": 2}
    variants = sorted(set(features.loc[features["kind"] == "variant", "name"]))
    analysis = {"sources": {"features": variants}, "targets": {"positions": 6}, "feature_groups": None}
    found = {}
    for shards, draws in ((1, 5), (2, 5), (1, 3)):
        paths = [tmp_path / f"{shards}-{draws}-{shard}.h5" for shard in range(shards)]
        for shard, path in enumerate(paths):
            options = {**analysis, "shards": shards, "substitutions": {**null, "draws": draws}}
            run("score_profiles.py", trained, told(profiles=path), shard, **options)
        found[shards, draws] = read_profile_shards(paths, 0).draws
    assert list(found[1, 5].columns) == DRAW_COLUMNS
    assert found[1, 5].groupby("source")["draw"].apply(list).tolist() == [[1, 2, 3, 4, 5]] * 2
    assert (found[1, 5]["fis"] > 0).any()
    pd.testing.assert_frame_equal(found[1, 5], found[2, 5])
    first = found[1, 5][found[1, 5]["draw"] <= 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, found[1, 3], rtol=1e-5)


def test_script_of_contributions(tmp_path, trained, bases):
    run("score_contributions.py", trained, tmp_path / "gradient_input.h5")
    with h5py.File(tmp_path / "gradient_input.h5") as handle:
        assert handle["importance"].shape == bases.shape
        assert handle.attrs["task"] == "GM12878"
        assert handle.attrs["model_sha256"] == sha256_of(trained / "graph.npz")
        assert handle.attrs["sequences_sha256"] == sha256_of(trained / "sequences.h5")
        assert list(handle.attrs["background"]) == list(BACKGROUND)
        assert handle.attrs["method_options"] == '{"batch_size": 8}'
        assert list(handle.attrs["reference"]) == [0, 0, 0, 0]


def test_a_task_that_the_model_has_not_ends_the_script_with_a_sentence(tmp_path, trained, capsys):
    with pytest.raises(SystemExit) as end:
        run("score_contributions.py", trained, tmp_path / "x.h5", task="HeLa")
    assert end.value.code == 1
    sentence = "error: there is no task 'HeLa'; the model has the tasks K562, GM12878."
    assert (trained / "log").read_text().strip().endswith(sentence)
    assert list(tmp_path.iterdir()) == []
