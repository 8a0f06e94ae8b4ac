"""The font of figures: text as of the whole DejaVu Sans, and nothing but letters in a PDF."""

import pytest
from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findfont
from matplotlib.textpath import TextPath

from dfim.plots.fonts import family


@pytest.mark.parametrize("weight", ["normal", "bold"])
@pytest.mark.parametrize("text", ["AVATAR To, Te", "ELF1–SIX5", "p < 10⁻³⁰⁰ − ≥ 4 µm", "Ωβ Ж"])
def test_letters_and_kerning_are_those_of_the_whole_font(weight, text):
    lean, whole = (
        TextPath((0, 0), text, size=20, prop=FontProperties(family=name, weight=weight))
        for name in (family(), "DejaVu Sans")
    )
    assert (lean.vertices == whole.vertices).all()


def test_rules_of_other_scripts_are_left_out():
    path = findfont(FontProperties(family=family()), fallback_to_default=False)
    assert not {"GPOS", "GSUB"} & set(TTFont(path).keys())
