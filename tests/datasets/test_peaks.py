"""Tests of dfim.datasets.peaks: labels, windows, splits."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.genome_data import brute_overlap, make_genome, random_peaks, random_sequences, write_peaks

from dfim.datasets.known_sites import mark_known, read_sites
from dfim.datasets.peaks import build_peak_dataset, require_both_classes, summit_examples, union_examples
from dfim.datasets.splits import assign_splits
from dfim.errors import InputError
from dfim.genomes.fasta import read_sizes
from dfim.genomes.intervals import read_peaks
from dfim.sequences.bases import to_string
from dfim.sequences.motifs import pattern_features

REAL = Path(__file__).parents[3] / "shared" / "real"
SIZES = {"chr1": 20000, "chr8": 8000, "chr2": 9000}
WIDTH = 100
OPTIONS = {
    "examples": "summits",
    "window": WIDTH,
    "negatives": "accessible",
    "max_n_fraction": 0,
    "test_chromosomes": ["chr8"],
    "validation_fraction": 0.2,
    "validation_block": 1000,
    "patterns": {"GATA1": "GATA", "TAL1": "CA**TG"},
    "strands": "+",
}


def refused(sentence, function, *arguments):
    """Expect that a call fails with exactly this sentence."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        function(*arguments)


def summit_windows(table):
    """Return (chrom, start) of the window of each peak, None when it crosses a chromosome end."""
    starts = table["summit"] - WIDTH // 2
    return [
        (chrom, start) if start >= 0 and start + WIDTH <= SIZES[chrom] else None
        for chrom, start in zip(table["chrom"], starts, strict=True)
    ]


def brute_summit_labels(peaks, accessible, negatives):
    """Label windows one by one from the words of the supplement: {(chrom, start): [label of each task]}."""
    sources = {task: table[brute_overlap(table, accessible)] for task, table in peaks.items()}
    every = {None: accessible, **sources}
    labels = {window: [] for table in every.values() for window in summit_windows(table) if window}
    for task, table in peaks.items():
        at_summit = set(summit_windows(sources[task]))
        free, touched = set(), set()
        for other, source in every.items():
            if other is None or (negatives == "all" and other != task):
                for window, overlaps in zip(
                    summit_windows(source), brute_overlap(source, table), strict=True
                ):
                    (touched if overlaps else free).add(window)
        for window, row in labels.items():
            row.append(1 if window in at_summit else 0 if window in free - touched else -1)
    return {window: row for window, row in labels.items() if set(row) != {-1}}


@pytest.mark.parametrize("negatives", ["accessible", "all"])
@pytest.mark.parametrize("seed", range(4))
def test_summit_labels_equal_brute_force(seed, negatives):
    accessible = random_peaks(seed, 120, SIZES, longest=150)
    peaks = {task: random_peaks([seed, n], 60, SIZES, longest=150) for n, task in enumerate("XYZ")}
    # Equal summits of two tasks, of a task and an accessible peak, and of two accessible peaks.
    peaks["Y"].iloc[:10] = peaks["X"].iloc[:10]
    peaks["Z"].iloc[:10] = accessible.iloc[:10]
    wider = accessible.iloc[10:40].assign(start=lambda table: (table["start"] - 90).clip(lower=0))
    accessible = pd.concat([accessible, wider], ignore_index=True)
    windows, labels = summit_examples(peaks, accessible, WIDTH, SIZES, negatives)
    found = dict(zip(zip(windows["chrom"], windows["start"], strict=True), labels.tolist(), strict=True))
    assert found == brute_summit_labels(peaks, accessible, negatives)
    assert len(found) == len(windows)
    assert {-1, 0, 1} == set(np.unique(labels))
    assert (windows["end"] - windows["start"] == WIDTH).all()
    places = list(zip(windows["chrom"].map(list(SIZES).index), windows["start"], strict=True))
    assert places == sorted(places)
    for origin, row in zip(windows["origin"], labels, strict=True):
        tasks = "+".join(task for task, label in zip("XYZ", row, strict=True) if label == 1)
        assert origin == (f"{tasks} summit" if tasks else "accessible")


def test_an_example_can_be_positive_negative_and_missing():
    def table(*rows):
        return pd.DataFrame(rows, columns=["chrom", "start", "end", "summit"])

    accessible = table(("chr1", 500, 600, 550), ("chr1", 3000, 3100, 3050))
    peaks = {
        "at": table(("chr1", 540, 580, 550)),
        "off": table(("chr2", 500, 600, 550)),
        "near": table(("chr1", 590, 700, 660)),
    }
    windows, labels = summit_examples(peaks, accessible, WIDTH, SIZES)
    found = dict(zip(windows["start"], labels.tolist(), strict=True))
    assert found == {500: [1, 0, -1], 610: [-1, -1, 1], 3000: [0, 0, 0]}
    assert windows["origin"].tolist() == ["at summit", "near summit", "accessible"]


@pytest.mark.parametrize("seed", range(3))
def test_union_has_one_centred_window_per_region_labelled_by_overlap(seed):
    peaks = {task: random_peaks([seed, n], 12, SIZES, longest=400) for n, task in enumerate("XYZ")}
    windows, labels = union_examples(peaks, WIDTH, SIZES)
    for column, table in enumerate(peaks.values()):
        np.testing.assert_array_equal(labels[:, column], brute_overlap(windows, table))
    assert labels.any(axis=1).all()
    assert not labels.all()
    # The midpoint of each region that peaks cover without a gap, found by walking along the chromosome.
    expected = []
    for chrom, size in SIZES.items():
        covered = np.zeros(size + 2, dtype=int)
        for table in peaks.values():
            for peak in table[table["chrom"] == chrom].itertuples():
                covered[peak.start + 1 : peak.end + 1] = 1
        starts, ends = np.flatnonzero(np.diff(covered) == 1), np.flatnonzero(np.diff(covered) == -1)
        middles = (starts + ends) // 2
        expected += [(chrom, m - WIDTH // 2) for m in middles if WIDTH // 2 <= m <= size - WIDTH // 2]
    assert list(zip(windows["chrom"], windows["start"], strict=True)) == expected
    assert set(windows["origin"]) == {"union"}


def split_of_random_windows(seed, count=300, block=1000, fraction=0.2):
    peaks = random_peaks(seed, count, SIZES)
    windows = pd.DataFrame({"chrom": peaks["chrom"], "start": peaks["start"], "end": peaks["start"] + WIDTH})
    return windows, assign_splits(windows, SIZES, ["chr8"], fraction, block, seed)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [40, 300])
def test_no_window_overlaps_one_of_another_split(seed, count):
    windows, split = split_of_random_windows(seed, count)
    assert ((split == "test") == (windows["chrom"] == "chr8")).all()
    assert set(split) == {"train", "validation", "test"}
    for name in ("train", "validation", "test"):
        assert not brute_overlap(windows[split == name], windows[split != name]).any()


def test_windows_that_only_touch_belong_to_blocks_of_their_own():
    windows = pd.DataFrame({"chrom": "chr1", "start": np.arange(0, 5000, WIDTH)})
    windows["end"] = windows["start"] + WIDTH
    assert set(assign_splits(windows, SIZES, ["chr8"], 0.2, WIDTH, 1)) == {"train", "validation"}
    with pytest.raises(InputError, match="lie in a single block"):
        assign_splits(windows.assign(end=windows["end"] + 1), SIZES, ["chr8"], 0.2, WIDTH, 1)


LARGE = {"chr1": 6_000_000, "chr2": 4_000_000, "chr8": 100_000}


def sparse_windows(seed, count):
    """Return windows that do not overlap, on the grid of 250 bp of the large genome."""
    rng = np.random.default_rng(seed)
    grid = pd.concat(
        pd.DataFrame({"chrom": chrom, "start": np.arange(0, size, 250)}) for chrom, size in LARGE.items()
    )
    windows = grid.iloc[np.sort(rng.choice(len(grid), count, replace=False))].reset_index(drop=True)
    return windows.assign(end=windows["start"] + WIDTH)


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_validation_has_about_its_share_of_many_blocks(fraction):
    windows = sparse_windows(1, 20_000)
    split = assign_splits(windows, LARGE, ["chr8"], fraction, 1000, 5)
    # 10,000 blocks: five standard deviations are .015 and .023.
    share = (split == "validation")[split != "test"].mean()
    assert share == pytest.approx(fraction, abs=5 * np.sqrt(fraction * (1 - fraction) / 10_000))


@pytest.mark.parametrize("seed", range(3))
def test_a_block_has_the_same_role_in_every_dataset(seed):
    one, other = sparse_windows([seed, 1], 3000), sparse_windows([seed, 2], 2500)
    roles = {}
    for windows in (one, other):
        split = assign_splits(windows, LARGE, ["chr8"], 0.2, 5000, seed)
        for chrom, start, role in zip(windows["chrom"], windows["start"], split, strict=True):
            roles.setdefault((chrom, start // 5000), []).append(role)
    assert all(len(set(found)) == 1 for found in roles.values())
    blocks = [set(zip(windows["chrom"], windows["start"] // 5000, strict=True)) for windows in (one, other)]
    assert len(blocks[0] & blocks[1]) > 1000
    assert blocks[0] != blocks[1]
    assert {found[0] for found in roles.values()} == {"train", "validation", "test"}


def test_the_role_of_a_block_is_the_same_on_every_machine():
    starts = np.arange(0, 20_000, 1000)
    windows = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + WIDTH})
    split = assign_splits(windows, SIZES, [], 0.3, 1000, 2018)
    assert np.flatnonzero(split == "validation").tolist() == [0, 1, 4, 5, 6, 14, 18]


@pytest.mark.parametrize(("fraction", "validation"), [(1e-9, 1), (1 - 1e-9, 19)])
def test_neither_validation_nor_train_is_ever_empty(fraction, validation):
    starts = np.arange(0, 20_000, 1000)
    windows = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + WIDTH})
    split = assign_splits(windows, SIZES, [], fraction, 1000, 3)
    assert (split == "validation").sum() == validation
    assert (split == "train").sum() == 20 - validation


def test_the_split_depends_on_the_seed_and_not_on_the_order_of_windows():
    windows, split = split_of_random_windows(3, count=100, block=200)
    again = assign_splits(windows.sample(frac=1, random_state=0), SIZES, ["chr8"], 0.2, 200, 3)
    shuffled = windows.sample(frac=1, random_state=0).index
    np.testing.assert_array_equal(again, split[shuffled])
    assert (assign_splits(windows, SIZES, ["chr8"], 0.2, 200, 4) != split).any()


def test_blocks_too_large_to_split_and_unknown_test_chromosomes_are_refused():
    windows = pd.DataFrame({"chrom": "chr1", "start": [0, 50, 500], "end": [100, 150, 600]})
    refused(
        "the 3 examples outside chr8 lie in a single block of 10000 bp, and a validation set needs two or "
        "more: lower validation_block.",
        assign_splits, windows, SIZES, ["chr8"], 0.1, 10000, 0,
    )  # fmt: skip
    refused(
        "test_chromosomes: the chromosome '8' is not in the genome, which calls it 'chr8': rename the "
        "chromosomes.",
        assign_splits, windows, SIZES, ["8"], 0.1, 100, 0,
    )  # fmt: skip


def test_a_task_without_one_class_is_refused_by_name_split_and_counts():
    split = np.array(["train", "train", "test", "test", "validation"])
    labels = np.array([[1, 1], [0, 0], [1, 0], [0, 0], [1, -1]])
    require_both_classes(labels[:, :1], split, ["GATA1"])
    refused(
        "the task 'TAL1' has 0 positive and 2 negative examples in the test split, and needs both: give it "
        "other peaks, or choose other test_chromosomes.",
        require_both_classes, labels, split, ["GATA1", "TAL1"],
    )  # fmt: skip


@pytest.fixture
def files(tmp_path):
    """A genome with runs of N, and peak files of two tasks and of open chromatin."""
    sequences = random_sequences(5, **SIZES)
    chr1 = list(sequences["chr1"])
    for start in range(5000, 12000, 500):
        chr1[start : start + 30] = "N" * 30
    sequences["chr1"] = "".join(chr1)
    genome = make_genome(tmp_path, sequences)
    accessible = write_peaks(random_peaks(7, 300, SIZES), tmp_path / "accessible.narrowPeak.gz")
    peaks = {
        task: write_peaks(random_peaks([7, n], 100, SIZES), tmp_path / f"{task}.narrowPeak")
        for n, task in enumerate(("GATA1", "TAL1"))
    }
    return genome, sequences, peaks, accessible


@pytest.mark.parametrize("examples", ["summits", "union"])
def test_dataset_holds_the_genome_at_its_windows_with_features(files, examples):
    genome, sequences, peaks, accessible = files
    if examples == "union":  # fewer peaks, so that the union is not one region
        peaks = {
            task: write_peaks(random_peaks([9, n], 20, SIZES), path)
            for n, (task, path) in enumerate(peaks.items())
        }
    dataset = build_peak_dataset(genome, peaks, accessible, OPTIONS | {"examples": examples}, 1)
    assert dataset.tasks == ["GATA1", "TAL1"]
    for row in dataset.examples.itertuples():
        assert to_string(dataset.bases[row.example]) == sequences[row.chrom][row.start : row.end]
        assert row.name == f"{row.chrom}:{row.start}-{row.end}"
    assert not (dataset.bases == ord("N")).any()
    assert set(dataset.examples["split"]) == {"train", "validation", "test"}
    pd.testing.assert_frame_equal(dataset.features, pattern_features(dataset.bases, OPTIONS["patterns"], "+"))
    assert len(dataset.features) > 10


def test_n_policy_leaves_out_windows_above_the_share(files, caplog):
    caplog.set_level("INFO")
    genome, _, peaks, accessible = files

    def n_counts(share):
        dataset = build_peak_dataset(genome, peaks, accessible, OPTIONS | {"max_n_fraction": share}, 1)
        return np.sort((dataset.bases == ord("N")).sum(axis=1))

    every, some, none = n_counts(1), n_counts(0.2), n_counts(0)
    assert every.max() == 30
    assert 0 < some.max() <= 20
    assert none.max() == 0
    np.testing.assert_array_equal(some, every[every <= 20])
    np.testing.assert_array_equal(none, every[every == 0])
    assert f"{(every > 20).sum()} of {len(every)} windows have more than 20 % N: left out" in caplog.text


def test_gzipped_and_plain_peaks_give_the_same_dataset(files):
    genome, _, peaks, accessible = files
    packed = accessible.parent / "packed"
    packed.write_bytes(gzip.compress(peaks["TAL1"].read_bytes()))
    one = build_peak_dataset(genome, peaks, accessible, OPTIONS, 1)
    other = build_peak_dataset(genome, peaks | {"TAL1": packed}, accessible, OPTIONS, 1)
    np.testing.assert_array_equal(one.bases, other.bases)
    np.testing.assert_array_equal(one.labels, other.labels)
    pd.testing.assert_frame_equal(one.examples, other.examples)


def test_wrong_options_are_refused(files, monkeypatch):
    genome, _, peaks, accessible = files
    refused(
        "examples 'summits' needs accessible peaks: name a peak file as 'accessible'.",
        build_peak_dataset, genome, peaks, None, OPTIONS, 1,
    )  # fmt: skip
    refused(
        "examples is 'tiles', and must be one of summits, union, matched.",
        build_peak_dataset, genome, peaks, accessible, OPTIONS | {"examples": "tiles"}, 1,
    )  # fmt: skip
    refused(
        "negatives is 'some', and must be one of accessible, all.",
        build_peak_dataset, genome, peaks, accessible, OPTIONS | {"negatives": "some"}, 1,
    )  # fmt: skip
    refused(
        "the task 'TAL1' has 0 positive and 0 negative examples in the test split, and needs both: give it "
        "other peaks, or choose other test_chromosomes.",
        build_peak_dataset,
        genome, {"TAL1": peaks["TAL1"]}, accessible, OPTIONS | {"test_chromosomes": []}, 1,
    )  # fmt: skip
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match=r"^bedtools was not found: "):
        build_peak_dataset(genome, peaks, accessible, OPTIONS, 1)


@pytest.mark.skipif(not REAL.exists(), reason="the real data are not here")
def test_real_peaks_give_the_known_numbers_of_examples():
    sizes = read_sizes(REAL / "hg19.chrom.sizes")

    def peaks(name):
        return read_peaks(REAL / "peaks" / f"wgEncode{name}UniPk.narrowPeak.gz", sizes)

    names = {
        "GATA1": "AwgTfbsSydhK562Gata1Ucd",
        "GATA2": "AwgTfbsHaibK562Gata2sc267Pcr1x",
        "TAL1": "AwgTfbsSydhK562Tal1sc12984Iggmus",
    }
    tables = {task: peaks(name) for task, name in names.items()}
    windows, labels = summit_examples(tables, peaks("AwgDnaseUwdukeK562"), 1000, sizes)
    assert (labels == 1).sum(axis=0).tolist() == [113, 486, 632]
    assert (labels >= 0).sum(axis=0).tolist() == [6307, 6299, 6295]
    held_out = windows["chrom"].isin(["chr8", "chr9"]).to_numpy()
    assert (labels[held_out] == 1).sum(axis=0).tolist() == [6, 37, 46]


# --- known sites ---------------------------------------------------------------------------------


def test_features_that_equal_a_site_are_known_and_near_misses_are_not():
    examples = pd.DataFrame({"chrom": ["chr1", "chr1", "chr2"], "start": [100, 150, 100]})
    features = pd.DataFrame(
        [(0, 60, 64), (1, 10, 14), (2, 60, 64), (0, 61, 65), (0, 60, 65), (1, 9, 14)],
        columns=["example", "start", "end"],
    ).assign(name="GATA", strand="+", group="")
    sites = pd.DataFrame({"chrom": ["chr1", "chr8"], "start": [160, 160], "end": [164, 164]})
    marked = mark_known(features, examples, sites)
    # The site lies at 60 of the first window and, the same place, at 10 of the second one.
    assert marked["group"].tolist() == ["known", "known", "", "", "", ""]
    pd.testing.assert_frame_equal(marked.drop(columns="group"), features.drop(columns="group"))
    assert features["group"].tolist() == [""] * 6
    assert mark_known(features.iloc[:0], examples, sites).empty


@pytest.mark.parametrize(
    "text",
    [
        "chr1\t160\t164\nchr8\t0\t6\n",
        "# found by somebody\ntrack name=sites\nchr1\t160\t164\tGATA\t0\t+\nchr8\t0\t6\tEBOX\t0\t-\n",
        "chrom\tstart\tend\tname\nchr1\t160\t164\tGATA\nchr8\t0\t6\tEBOX\n",
        "name\tend\tchrom\tstart\r\nGATA\t164\tchr1\t160\r\nEBOX\t6\tchr8\t0\r\n",
    ],
    ids=["BED3", "BED6", "table", "columns in another order"],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_sites_are_read_from_bed_and_from_tables(tmp_path, text, pack):
    path = tmp_path / "sites"
    path.write_bytes(pack(text.encode()))
    expected = [("chr1", 160, 164), ("chr8", 0, 6)]
    assert list(read_sites(path, SIZES).itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "{} is empty: a tab-separated table is needed."),
        ("# nothing\n", "{} has no sites: at least one line with chromosome, start and end is needed."),
        (
            "chrom\tstart\tend\n",
            "{} has no sites: at least one line with chromosome, start and end is needed.",
        ),
        (
            "# spaces\nchr1 160 164\n",
            "{}, line 2: found 'chr1 160 164', and 3 or more tab-separated columns are needed, with "
            "chromosome, start and end.",
        ),
        (
            "name\tchrom\tstart\tend\nGATA\tchr1\t160\n",
            "{}, line 2: found 3 columns, and the header has 4: separate columns by single tabs.",
        ),
        ("chromosome\tfrom\tto\n", "{}, line 1: start is 'from', and a whole number is needed."),
        (
            "chr1\t1\t9\n1\t160\t164\n",
            "{}, line 2: the chromosome '1' is not in the genome, which calls it 'chr1': rename the "
            "chromosomes.",
        ),
        (
            "chr1\t164\t164\n",
            "{}, line 1: the site from 164 to 164 is no interval of chr1, which has the positions 0 to "
            "20000: give 0-based, half-open intervals of the genome's own assembly.",
        ),
        (
            "chr1\t1\t2\nchr8\t-1\t4\n",
            "{}, line 2: the site from -1 to 4 is no interval of chr8, which has the positions 0 to 8000: "
            "give 0-based, half-open intervals of the genome's own assembly.",
        ),
        (
            "chr8\t7990\t8001\n",
            "{}, line 1: the site from 7990 to 8001 is no interval of chr8, which has the positions 0 to "
            "8000: give 0-based, half-open intervals of the genome's own assembly.",
        ),
    ],
)
def test_what_is_no_file_of_sites_is_refused(tmp_path, text, sentence):
    path = tmp_path / "sites.bed"
    path.write_text(text)
    refused(sentence.format(path), read_sites, path, SIZES)


def test_a_dataset_marks_the_sites_that_it_is_given(files, tmp_path):
    genome, _, peaks, accessible = files
    plain = build_peak_dataset(genome, peaks, accessible, OPTIONS, 1)
    assert (plain.features["group"] == "").all()
    at = plain.features[::3].merge(plain.examples[["example", "chrom", "start"]], on="example")
    offset = at["start_y"]
    chosen = pd.DataFrame({"chrom": at["chrom"], "start": at["start_x"] + offset, "end": at["end"] + offset})
    path = tmp_path / "sites.tsv"
    chosen.to_csv(path, sep="\t", index=False)
    dataset = build_peak_dataset(genome, peaks, accessible, OPTIONS, 1, path)
    wanted = set(chosen.itertuples(index=False, name=None))
    starts = dataset.examples["start"].to_numpy()[dataset.features["example"]]
    chroms = dataset.examples["chrom"].to_numpy()[dataset.features["example"]]
    for chrom, offset, row in zip(chroms, starts, dataset.features.itertuples(), strict=True):
        is_known = (chrom, row.start + offset, row.end + offset) in wanted
        assert row.group == ("known" if is_known else "")
    assert 0 < (dataset.features["group"] == "known").mean() < 0.7
    pd.testing.assert_frame_equal(dataset.features.assign(group=""), plain.features)


def test_sites_of_which_none_is_a_feature_are_refused(files, tmp_path):
    genome, _, peaks, accessible = files
    count = len(build_peak_dataset(genome, peaks, accessible, OPTIONS, 1).features)
    path = tmp_path / "sites.bed"
    path.write_text("chr1\t100\t300\nchr1\t500\t900\n")
    refused(
        f"{path}: of 2 sites none equals a feature of the dataset, which has {count} features: give 0-based, "
        "half-open intervals of exactly the bases that one of 'patterns' matches.",
        build_peak_dataset, genome, peaks, accessible, OPTIONS, 1, path,
    )  # fmt: skip
