"""The font of all figures: DejaVu Sans, without the rules by which it sets other scripts.

A PDF holds the letters that it uses. To cut the font's rules down to these as well takes a sixth of a
figure's time, and they are for joined letters and marks; kerning has a table of its own.
"""

import atexit
import tempfile
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, fontManager

_WHOLE, _LEAN = "DejaVu Sans", "DejaVu Sans without rules"
_RULES = ("GPOS", "GSUB")
# In a font's table of names; matplotlib takes the weight from the second, which is "Book" in the original.
_NAME_OF_FAMILY, _NAME_OF_STYLE = 1, 2


@cache
def family() -> str:
    """Return the name of the font, which matplotlib knows from the first call on."""
    folder = tempfile.TemporaryDirectory(prefix="dfim-fonts-")
    atexit.register(folder.cleanup)  # not before: fonts are read when they are first drawn
    for weight, style in {"normal": "Regular", "bold": "Bold"}.items():
        names = {_NAME_OF_FAMILY: _LEAN, _NAME_OF_STYLE: style}
        path = fontManager.findfont(FontProperties(family=_WHOLE, weight=weight))
        # The time of the change would be in the file, and equal figures give equal bytes.
        with TTFont(path, lazy=True, recalcTimestamp=False, recalcBBoxes=False) as font:
            for table in _RULES:
                del font[table]
            for name in font["name"].names:
                name.string = names.get(name.nameID, name.string)
            lean = Path(folder.name, Path(path).name)
            font.save(lean)
        fontManager.addfont(lean)
    return _LEAN
