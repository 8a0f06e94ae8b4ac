"""Peaks: calling, agreement, blacklist, quality; against loops, counts, a stand-in command."""

import gzip
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.genomes.narrowpeak import NARROWPEAK_COLUMNS, read_narrowpeak, write_narrowpeak
from dfim.reads import reproducible
from dfim.reads.calling import call_peaks, rank_peaks, trim_to_genome
from dfim.reads.quality import STEPS, count_steps, frip, judge, library_measures, read_tss, tss_profile

needs_macs = pytest.mark.skipif(
    not (shutil.which("macs2") or shutil.which("macs3")) and not os.environ.get("CI"),
    reason="MACS is missing: bash envs/install.sh",
)


def random_peaks(seed, number, chroms=("chr1", "chr2")):
    rng = np.random.default_rng(seed)
    start, width = rng.integers(0, 20_000, number), rng.integers(20, 400, number)
    table = pd.DataFrame({"chrom": rng.choice(chroms, number), "start": start, "end": start + width})
    table["pvalue"] = np.round(rng.exponential(5, number), 5)
    table["summit"] = (rng.random(number) * width).astype(int)
    fixed = {"name": "p", "score": 0, "strand": ".", "signal": 1.5, "qvalue": -1.0}
    return table.assign(**fixed)[NARROWPEAK_COLUMNS]


def agrees(peak, others):
    """Tell whether a peak shares at least half of its length, or of the other's, with one of some peaks."""
    for other in others.itertuples():
        shared = min(peak.end, other.end) - max(peak.start, other.start)
        if other.chrom == peak.chrom and 2 * shared >= min(peak.end - peak.start, other.end - other.start):
            return True
    return False


def test_naive_overlap_equals_a_loop_over_all_pairs():
    first, second, pooled = random_peaks(1, 120), random_peaks(2, 120), random_peaks(3, 150)
    expected = [agrees(peak, first) and agrees(peak, second) for peak in pooled.itertuples()]
    assert 10 < sum(expected) < 140
    kept = reproducible.naive_overlap(first, second, pooled)
    pd.testing.assert_frame_equal(kept, pooled[expected].reset_index(drop=True))


def test_a_blacklisted_base_removes_a_peak():
    peaks = random_peaks(4, 60)
    black = pd.DataFrame({"chrom": ["chr1", "chr2"], "start": [2000, 9000], "end": [4000, 9500]})
    hit = [
        any(p.chrom == b.chrom and p.start < b.end and b.start < p.end for b in black.itertuples())
        for p in peaks.itertuples()
    ]
    assert sum(hit) > 2
    kept = reproducible.without_blacklisted(peaks, black)
    pd.testing.assert_frame_equal(kept, peaks[~np.array(hit)].reset_index(drop=True))


def test_rescue_and_self_consistency_ratios():
    found = reproducible.reproducibility({"1_vs_2": 80, "1_vs_3": 100}, 150, {"1": 90, "2": 30, "3": 60})
    assert found == {
        "conservative": "1_vs_3",
        "optimal": "pseudoreplicates",
        "rescue_ratio": 1.5,
        "self_consistency_ratio": 3.0,
    }
    found = reproducible.reproducibility({"1_vs_2": 80}, 0, {"1": 5, "2": 5})
    assert (found["optimal"], found["rescue_ratio"]) == ("1_vs_2", float("inf"))


def test_the_command_idr_is_used_when_it_is_there(tmp_path, monkeypatch):
    """A stand-in records how it is called and answers in the command's format: IDR .01, then .1, in turn."""
    command = tmp_path / "idr"
    command.write_text(
        '#!/bin/sh\necho "$@" > '
        + str(tmp_path / "called")
        + '\nwhile [ "$1" != --peak-list ]; do shift; done\n'
        'pooled=$2\nwhile [ "$1" != --output-file ]; do shift; done\n'
        "gzip -dc $pooled | awk -v OFS='\\t' '{print $0, 1, (NR % 2 ? 2 : 1), \"rest\"}' > $2\n"
    )
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    pooled = random_peaks(3, 31)
    kept, summary = reproducible.reproducible_by_idr(pooled, pooled, pooled, 0.05)
    pd.testing.assert_frame_equal(kept, pooled.iloc[::2].reset_index(drop=True))
    assert summary.pop("related_p") < 1e-6
    assert summary.pop("warning") == ""
    assert summary == {"implementation": "command idr", "compared": 31} | dict.fromkeys(
        ("mu", "sigma", "rho", "p", "rounds", "converged"), ""
    )
    called = (tmp_path / "called").read_text()
    assert re.search(
        r"^--samples \S+ \S+ --peak-list \S+ --output-file \S+ --input-file-type narrowPeak", called
    )
    assert "--rank p.value --use-best-multisummit-IDR" in called
    command.write_text("#!/bin/sh\necho no such option >&2; exit 2\n")
    with pytest.raises(InputError, match=r"^the command idr failed: no such option$"):
        reproducible.reproducible_by_idr(pooled, pooled, pooled, 0.05)


def test_without_the_command_our_own_runs_and_says_so(monkeypatch):
    monkeypatch.setattr(reproducible.shutil, "which", lambda name: None)
    peaks = random_peaks(5, 60).drop_duplicates("start")
    _, summary = reproducible.reproducible_by_idr(peaks, peaks, peaks, 0.05)
    assert summary["implementation"] == "dfim.reads.idr"
    assert summary["converged"] is True


def test_narrowpeak_files_come_back(tmp_path):
    peaks = random_peaks(6, 20)
    write_narrowpeak(peaks, tmp_path / "p.narrowPeak.gz")
    pd.testing.assert_frame_equal(read_narrowpeak(tmp_path / "p.narrowPeak.gz"), peaks)
    write_narrowpeak(peaks.head(0), tmp_path / "none.narrowPeak.gz")
    assert read_narrowpeak(tmp_path / "none.narrowPeak.gz", may_be_empty=True).empty
    with pytest.raises(InputError, match="is empty"):
        read_narrowpeak(tmp_path / "none.narrowPeak.gz")
    (tmp_path / "short.bed").write_text("chr1\t1\t2\n")
    with pytest.raises(InputError, match=r"short.bed, line 1: found 3 columns, and narrowPeak has ten"):
        read_narrowpeak(tmp_path / "short.bed")


def test_peaks_are_cut_at_chromosome_ends_and_ranked_by_p():
    peaks = random_peaks(7, 3).assign(
        chrom="chr1", start=[-10, 50, 90], end=[30, 80, 130], summit=[15, 3, 35], pvalue=[2.0, 9.0, 5.0]
    )
    cut = trim_to_genome(peaks, {"chr1": 100})
    assert cut[["start", "end", "summit"]].to_numpy().tolist() == [[0, 30, 5], [50, 80, 3], [90, 100, 9]]
    ranked = rank_peaks(cut, 2)
    assert ranked[["name", "start"]].to_numpy().tolist() == [["Peak_1", 50], ["Peak_2", 90]]


def write_tags(path, sites):
    text = "".join(f"chr1\t{at}\t{at + 50}\tN\t1000\t+\n" for at in sites)
    path.write_bytes(gzip.compress(text.encode()))
    return path


@needs_macs
def test_macs_finds_the_cluster_and_no_peak_has_a_sentence(tmp_path):
    rng = np.random.default_rng(1)
    sites = np.concatenate([rng.integers(0, 90_000, 300), rng.normal(40_000, 40, 200).astype(int)])
    peaks, caller = call_peaks(
        write_tags(tmp_path / "t.gz", sites), {"chr1": 100_000}, 100_000, 0.01, 150, 1000
    )
    assert caller in ("macs2", "macs3")
    best = peaks.iloc[0]
    assert abs(best["start"] + best["summit"] - 40_000) < 60
    few = write_tags(tmp_path / "few.gz", np.arange(0, 90_000, 200))
    with pytest.raises(InputError) as error:
        call_peaks(few, {"chr1": 100_000}, 100_000, 1e-6, 150, 1000)
    assert str(error.value) == (
        f"{caller} called no peak in {few} at p < 1e-06: sequence deeper, or check that the genome is "
        "the reads' own."
    )


def test_frip_is_the_share_of_tags_that_touch_a_peak(tmp_path):
    sites = np.random.default_rng(2).integers(0, 20_000, 500)
    peaks = random_peaks(8, 30, ["chr1"])
    expected = np.mean([((peaks["start"] < at + 50) & (peaks["end"] > at)).any() for at in sites])
    assert frip(write_tags(tmp_path / "t.gz", sites), peaks) == pytest.approx(expected)


def test_tss_enrichment_of_planted_cut_sites(tmp_path):
    """Ten cut sites a bin beside every start and one elsewhere: the enrichment is ten, strands turned."""
    (tmp_path / "tss.bed").write_text("chr1\t5000\t5001\tA\t0\t+\nchr1\t14999\t15001\tB\t0\t-\n")
    starts = read_tss(tmp_path / "tss.bed")
    assert starts["position"].to_list() == [5000, 15000]
    flat = np.arange(0, 20_000, 10)
    # 100 bp downstream of both: at higher positions on the + strand, at lower ones on the -.
    extra = np.concatenate(
        [np.repeat(np.arange(5050, 5150, 10), 9), np.repeat(np.arange(14850, 14950, 10) + 1, 9)]
    )
    profile, enrichment = tss_profile({"chr1": np.sort(np.concatenate([flat, extra]))}, starts)
    assert enrichment == pytest.approx(10, rel=0.06)
    top = profile.loc[profile["enrichment"] > 9.0, "distance"]
    assert 50 < top.min() <= top.max() < 150
    (tmp_path / "tss.bed").write_text("chr1\t5\t6\n")
    with pytest.raises(InputError, match=r"tss.bed, line 1: found .*, and BED6 has six"):
        read_tss(tmp_path / "tss.bed")


def test_steps_count_mates_apart_and_measures_are_shares_of_units():
    trimmed = pd.DataFrame({"sequenced": [100, 60], "trimmed": [90, 50]})
    counts = {"units": 50, "duplicates": 10, "mitochondrial": 8, "kept": 32, "tags": 40}
    steps = count_steps(trimmed, 126, counts, ends=2)
    assert steps == dict(zip(STEPS, (160, 140, 126, 100, 80, 64, 40), strict=True))
    measures = library_measures(steps, counts, {1: 30, 2: 2})
    assert measures["mapping_rate"] == 126 / 140
    assert measures["duplication_rate"] == 10 / 50
    assert measures["mitochondrial_share"] == 8 / 40
    assert measures["nrf"] == 32 / 34


def test_warnings_name_what_is_beyond_its_threshold():
    measures = pd.DataFrame(
        {
            "library": ["1", "1", "1", "1"],
            "measure": ["frip", "nrf", "duplication_rate", "mitochondrial_share"],
            "value": [0.1, 0.9, 0.6, 0.9],
        }
    )
    judged = judge(measures, {"frip": 0.2, "nrf": 0.7, "duplication_rate": 0.5})
    assert judged["warning"].to_list() == [
        "frip of 1 is 0.1, below 0.2", "", "duplication_rate of 1 is 0.6, above 0.5", "",
    ]  # fmt: skip
