"""Every kind of figure has a caption, which says the options that it was drawn with."""

import pytest

from dfim.errors import InputError
from dfim.page.captions import CAPTIONS, caption
from dfim.plots.options import OPTIONS


def test_every_kind_of_figure_has_a_caption():
    assert set(CAPTIONS) == {*OPTIONS, "quality"}
    for kind in CAPTIONS:
        assert caption(kind).endswith(".")
        assert "{" not in caption(kind)


def test_a_caption_says_the_options_of_its_figure():
    assert "up to 35 bp apart" in caption("distance", {"kind": "distance", "near": 35})
    assert "At most 4 pairs of names are drawn" in caption("kinds", {"most": 4})
    assert "p above 0.01" in caption("tracks", {"level": 0.01})


def test_an_option_that_a_figure_has_not_is_refused():
    with pytest.raises(InputError, match="has no option 'nearest'"):
        caption("distance", {"nearest": 3})
