"""Tests of dfim.datasets.off_peaks: windows off the peaks that are like those at peaks."""

import re

import numpy as np
import pandas as pd
import pytest
from support.genome_data import brute_overlap, make_genome

from dfim.datasets.off_peaks import composition, draw_off_peaks
from dfim.datasets.peaks import build_peak_dataset
from dfim.errors import InputError

WIDTH = 100
OPTIONS = {"max_n_fraction": 0, "matched": {"per_peak": 1, "caliper": 0.5}}


@pytest.fixture
def genome(tmp_path):
    """Return a genome whose GC changes from block to block, with stretches in lower case."""
    rng = np.random.default_rng(4)
    sequences = {}
    for chrom, blocks in {"chr1": 150, "chr8": 100}.items():
        parts = []
        for gc in rng.uniform(0.25, 0.75, blocks):
            letters = rng.choice(list("ACGT"), 1000, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2])
            parts.append("".join(letters) if rng.random() < 0.6 else "".join(letters).lower())
        sequences[chrom] = "".join(parts)
    sequences["chr1"] = "N" * 3000 + sequences["chr1"][3000:]
    return make_genome(tmp_path, sequences)


def rich_windows(genome, count=60):
    """Return windows of much GC and few repeats: what peaks are."""
    starts = np.arange(3000, 90_000, WIDTH)
    table = pd.concat(
        [
            pd.DataFrame({"chrom": chrom, "start": starts, "end": starts + WIDTH})
            for chrom in ("chr1", "chr8")
        ],
        ignore_index=True,
    )
    found = composition(genome.fetch(table, WIDTH, upper=False))
    chosen = np.flatnonzero((found["gc"] > 0.55) & (found["repeats"] < 0.5))
    return table.iloc[np.sort(np.random.default_rng(1).permutation(chosen)[:count])].reset_index(drop=True)


def test_composition_counts_letters_of_either_case():
    letters = np.frombuffer(b"ACGTNnacgtGGGGnnNNAA", dtype=np.uint8).reshape(2, 10)
    found = composition(letters)
    assert found["gc"].tolist() == pytest.approx([0.5, 4 / 6])
    assert found["repeats"].tolist() == [0.5, 0.2]
    assert found["n"].tolist() == [0.2, 0.4]


def test_windows_drawn_are_off_the_peaks_apart_and_alike(genome):
    windows = rich_windows(genome)
    peaks = windows.assign(start=windows["start"] - 40)
    drawn = draw_off_peaks(genome, windows, peaks, OPTIONS, 7)
    assert not brute_overlap(drawn, peaks).any()
    assert not brute_overlap(drawn, windows).any()
    ordered = drawn.sort_values(["chrom", "start"])
    apart = ordered.groupby("chrom")["start"].diff().dropna()
    assert (apart >= WIDTH).all()
    like, found = (composition(genome.fetch(table, WIDTH, upper=False)) for table in (windows, drawn))
    assert len(drawn) > 0.9 * len(windows)
    assert found["n"].max() == 0
    starts = pd.concat(
        [pd.DataFrame({"chrom": c, "start": np.arange(3000, 90_000, WIDTH)}) for c in genome.sizes]
    )
    anywhere = composition(genome.fetch(starts, WIDTH, upper=False))
    for name in ("gc", "repeats"):
        spread = like[name].std()
        assert abs(found[name].mean() - like[name].mean()) < 0.25 * max(spread, 0.05)
        # What windows from anywhere would be.
        assert abs(anywhere[name].mean() - like[name].mean()) > 2 * abs(
            found[name].mean() - like[name].mean()
        )
    assert drawn["chrom"].value_counts().max() <= windows["chrom"].value_counts().max()


def test_the_same_seed_draws_the_same_and_another_seed_others(genome):
    windows = rich_windows(genome)
    one, same, other = (draw_off_peaks(genome, windows, windows, OPTIONS, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


def test_several_for_each_window(genome):
    windows = rich_windows(genome, 10)
    options = OPTIONS | {"matched": {"per_peak": 3, "caliper": 1.0}}
    assert 25 <= len(draw_off_peaks(genome, windows, windows, options, 1)) <= 30


def test_no_match_at_all_is_refused(genome):
    windows = rich_windows(genome, 10)
    sentence = (
        "none of 10 windows at summits has a window off the peaks that is like it in GC and repeats: give "
        "the whole genome, or raise matched.caliper."
    )
    everywhere = pd.DataFrame({"chrom": list(genome.sizes), "start": 0, "end": list(genome.sizes.values())})
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        draw_off_peaks(genome, windows, everywhere, OPTIONS, 1)


def test_a_dataset_of_one_peak_file_has_both_classes_in_every_split(genome, tmp_path):
    windows = rich_windows(genome)
    path = tmp_path / "peaks.bed"
    windows.to_csv(path, sep="\t", header=False, index=False)
    options = OPTIONS | {
        "examples": "matched", "window": WIDTH, "negatives": "accessible", "test_chromosomes": ["chr8"],
        "validation_fraction": 0.3, "validation_block": 5000, "patterns": {"GATA": "GATA"}, "strands": "both",
    }  # fmt: skip
    dataset = build_peak_dataset(genome, {"mine": path}, None, options, 7)
    positive = dataset.labels[:, 0] == 1
    assert positive.sum() == len(windows)
    np.testing.assert_array_equal(positive, dataset.examples["origin"] == "mine summit")
    assert set(dataset.examples.loc[~positive, "origin"]) == {"off peaks"}
    for split in ("train", "test"):
        chosen = (dataset.examples["split"] == split).to_numpy()
        assert 0.85 < (~positive & chosen).sum() / (positive & chosen).sum() <= 1.05
    # Letters are upper case, whatever the file has.
    assert set(np.unique(dataset.bases)) <= set(b"ACGT")
