"""The look of all figures: sizes, fonts, colours, titles, numbers in words, and saving."""

import os

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from dfim.files.tables import write_table
from dfim.files.whole import atomic_path

DOUBLE_COLUMN = 7.0  # inches
PNG_DPI = 200

# Okabe and Ito's colours, told apart with every kind of colour vision.
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILLION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
GREY, BAND, LIGHT = "#6E6E6E", "#CFCFCF", "#EDEDED"
SERIES = [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY]
SYNERGY, REDUNDANCY = VERMILLION, BLUE
SIGNED_MAP = "RdBu_r"  # red above zero, blue below, white at zero
BASE_COLOURS = {"A": GREEN, "C": BLUE, "G": ORANGE, "T": VERMILLION}

_SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.titley": 1.0,  # no panel has ticks above it, for which titles would look at every drawing
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.color": LIGHT,
    "grid.linewidth": 0.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # text stays text in the PDF
    # No mathematics: a dollar in a name is a dollar, and text is measured without parsing formulas.
    "text.parse_math": False,
}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_AFTER_LETTER = " " * 4  # as wide as a panel's letter and the room after it


def setup() -> None:
    """Draw without a display, in the project's fonts and line widths."""
    matplotlib.rcdefaults()  # a user's matplotlibrc (LaTeX, other fonts) must not change a figure
    matplotlib.use("Agg")
    matplotlib.rcParams.update(_SETTINGS)


def new_figure(height: float, width: float = DOUBLE_COLUMN, arranged: bool = True) -> Figure:
    """Return an empty figure, sizes in inches, in the project's style; its panels arrange themselves."""
    setup()
    figure = Figure(figsize=(width, height), layout="constrained" if arranged else None)
    if arranged:
        figure.get_layout_engine().set(w_pad=0.04, h_pad=0.04, wspace=0.02, hspace=0.02)
    return figure


def panel_title(axis: Axes, letter: str, text: str, right: str = "", pad: float = 4) -> None:
    """Write a panel's letter and its title above it on the left, and a short remark on the right.

    ``pad`` is the room, in points, between the panel and its title.
    """
    if letter:  # in the place of the middle title, moved to the left
        axis.set_title(letter, loc="center", x=0, ha="left", fontweight="bold", pad=pad)
    if text:
        axis.set_title(_AFTER_LETTER + text if letter else text, loc="left", pad=pad)
    if right:
        axis.set_title(right, loc="right", fontsize=7, color=GREY, pad=pad)


def count_axis(axis: Axis) -> None:
    """Mark an axis of counts in a narrow panel: few ticks, as 15 k or 30 M."""
    axis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    axis.set_major_formatter(EngFormatter(sep="\N{THIN SPACE}"))


def count(number: int) -> str:
    """Write a count with thousands set apart: 1,234."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 source``, ``2,000 sources``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def power_of_ten(exponent: int) -> str:
    """Write a power of ten: 10⁻⁵."""
    return "10" + str(exponent).translate(_RAISED)


def scientific(value: float) -> str:
    """Write a number: 0.031, or 2.1 × 10⁻²⁰ when it is smaller than a thousandth."""
    if value == 0 or abs(value) >= 1e-3:
        return f"{value:.2g}"
    factor, exponent = f"{value:.1e}".split("e")
    return f"{factor} × {power_of_ten(int(exponent))}".replace("-", "−")


def p_value(p: float) -> str:
    """Write a p-value; one that underflowed to 0 is written as below the smallest number."""
    return f"p < {power_of_ten(-300)}" if p <= 1e-300 else f"p = {scientific(p)}"


def comparison(row: pd.Series, between: str = ", ") -> str:
    """Write a row of comparisons.tsv: auROC, its 95 % interval when there is one, and p."""
    words = f"auROC {row['auroc']:.3f}"
    if pd.notna(row.get("auroc_low")):
        words += f" ({row['auroc_low']:.3f}–{row['auroc_high']:.3f})"
    return f"{words}{between}{p_value(row['p'])}"


def percent(share: float) -> str:
    """Write a share in percent; one decimal where whole numbers would hide that it is neither 0 nor 1."""
    whole = f"{100 * share:.0f} %"
    return whole if whole not in ("0 %", "100 %") or share in (0, 1) else f"{100 * share:.1f} %"


def save(
    figure: Figure,
    data: pd.DataFrame,
    pdf: str | os.PathLike,
    png: str | os.PathLike,
    tsv: str | os.PathLike,
    origin: str = "",
) -> None:
    """Write a figure as PDF (fonts embedded) and PNG (200 dots an inch), and its data as TSV.

    ``origin`` says in small print below the figure what it is drawn from. The files carry no date: equal
    figures give equal bytes.
    """
    setup()
    if origin:
        figure.text(1, -0.005, origin, ha="right", va="top", fontsize=6, color=GREY)
    page = _arrange(figure)
    with atomic_path(pdf) as temporary:
        figure.savefig(temporary, format="pdf", dpi=300, bbox_inches=page, metadata={"CreationDate": None})
    with atomic_path(png) as temporary:
        figure.savefig(temporary, format="png", dpi=PNG_DPI, bbox_inches=page, metadata={"Software": None})
    write_table(data, tsv)


def _arrange(figure: Figure) -> Bbox:
    """Arrange the panels of a figure for good, and return the part of it that has ink, in inches.

    Left to themselves, both saves measure all texts anew, which takes longer than drawing them.
    """
    figure.set_dpi(PNG_DPI)
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine(None)
    return figure.get_tightbbox().padded(matplotlib.rcParams["savefig.pad_inches"])


def finite_limits(*arrays: np.ndarray, margin: float = 0.08) -> tuple[float, float]:
    """Return limits that hold 0 and every finite value of the arrays, with a margin."""
    values = np.concatenate([np.ravel(array) for array in arrays])
    values = np.append(values[np.isfinite(values)], 0.0)
    low, high = values.min(), values.max()
    room = margin * ((high - low) or 1.0)
    return low - room * (low < 0), high + room
