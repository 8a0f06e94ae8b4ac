"""The figure of the quality of reads says what its tables say."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from dfim.plots import reads_quality, style
from dfim.reads.quality import STEPS, judge


def make_tables(paired=True, tss=True):
    """Return tables of two replicates; the second one is poor."""
    rows = []
    for library, share in (("1", 1.0), ("2", 0.45)):
        counts = [50_000_000 * share * left for left in (1, 0.99, 0.9, 0.75, 0.6, 0.5, 0.5)]
        rows += list(zip([library] * 7, STEPS, counts, strict=True))
        measures = {
            "mapping_rate": 0.9,
            "duplication_rate": 0.2 / share,
            "nrf": 0.9 * share,
            "pbc1": 0.9 * share,
            "mitochondrial_share": 0.2,
            "pbc2": 8 * share,
            "frip": 0.4 * share,
            "tss_enrichment": 12 * share,
        }
        rows += [(library, name, value) for name, value in measures.items()]
    rows += [("all replicates", "rescue_ratio", 1.4), ("all replicates", "self_consistency_ratio", 2.6)]
    thresholds = {
        "mapping_rate": 0.8,
        "duplication_rate": 0.5,
        "nrf": 0.7,
        "pbc1": 0.7,
        "pbc2": 1,
        "frip": 0.2,
        "tss_enrichment": 6,
        "rescue_ratio": 2,
        "self_consistency_ratio": 2,
        "used": 20e6,
    }
    quality = judge(pd.DataFrame(rows, columns=["library", "measure", "value"]), thresholds)
    parts = []
    for library, shift in (("1", 0), ("2", 12)):
        length, distance = np.arange(30, 700), np.arange(-1995, 2000, 10)
        shape = 1e5 * np.exp(-(length - 30) / 90) * (1 + np.cos((length + shift) / 30) / 5)
        if paired:
            table = pd.DataFrame({"distribution": "fragment_length", "x": length, "y": shape.astype(int)})
            parts.append(table.assign(library=library))
        if tss:
            peak = 1 + (11 - shift / 2) * np.exp(-((distance / 150) ** 2))
            table = pd.DataFrame({"distribution": "tss", "x": distance, "y": peak})
            parts.append(table.assign(library=library))
    empty = pd.DataFrame(columns=["library", "distribution", "x", "y"])
    comparisons = ["1_vs_2", "pooled.pr1_vs_pooled.pr2", "1.pr1_vs_1.pr2", "2.pr1_vs_2.pr2"]
    agreed = pd.DataFrame({"comparison": comparisons, "peaks": [60_000, 84_000, 91_000, 35_000]})
    return {
        "quality": quality,
        "distributions": pd.concat(parts) if parts else empty,
        "reproducibility": agreed.assign(chosen="pseudoreplicates", chosen_peaks=84_000),
    }


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_numbers_and_warnings_are_those_of_the_tables():
    tables = make_tables()
    figure, data = reads_quality.draw(tables)
    text = words(figure)
    assert {" 60,000", " 84,000", " 91,000", " 35,000", "8.00, 3.60", "1.40", "2.60"} <= set(text)
    warnings = (tables["quality"]["warning"] != "").sum()
    assert warnings == 6
    assert f"{warnings} warnings (ringed: beyond the threshold)" in text
    lines = figure.subfigs[0].axes[0].lines
    (steps,) = [line for line in lines if line.get_color() == style.VERMILLION]
    assert steps.get_xdata()[-1] == 50_000_000 * 0.45 * 0.5
    assert set(data["panel"]) == {"quality", "peaks", "fragment_length", "tss"}
    assert len(data) == sum(map(len, tables.values()))


@pytest.mark.parametrize(("paired", "tss", "panels"), [(False, False, 3), (True, False, 4), (False, True, 4)])
def test_panels_are_those_that_there_are_data_for(paired, tss, panels, tmp_path):
    figure, data = reads_quality.draw(make_tables(paired, tss))
    assert len(figure.findobj(Axes)) == panels
    style.save(figure, data, *(tmp_path / f"f.{suffix}" for suffix in ("pdf", "png", "tsv")))
    assert (tmp_path / "f.png").stat().st_size > 10_000


def test_a_doubtful_comparison_is_marked_in_the_figure():
    tables = make_tables()
    tables["reproducibility"]["warning"] = ["", np.nan, "the fit ended at a bound of p", ""]
    text = words(reads_quality.draw(tables)[0])
    assert {" 60,000", " 84,000", " 91,000*", "Peaks (* doubtful, see warning)"} <= set(text)
    assert "7 warnings (ringed: beyond the threshold)" in text
