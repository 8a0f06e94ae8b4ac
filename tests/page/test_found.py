"""What the page says of kinds of pairs in several networks."""

import pytest

from dfim.page.found import _networks_say


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"called": 1, "twins": 1, "beyond_twins": 1}, "beyond 1 twin"),
        ({"called": 1, "twins": 3, "beyond_twins": 0}, "not beyond 3 twins"),
        ({"called": 0, "twins": 3, "beyond_twins": 1}, ""),
        ({"called": 1, "networks": 4, "networks_called": 0.75}, "called by 3 of 4 networks"),
    ],
)
def test_how_many_networks_and_twins_say_something_is_told(row, said):
    assert _networks_say(row) == said
