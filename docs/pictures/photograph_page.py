"""Take the picture of a run's page in docs/tutorial.md, in Chromium (apt-get install chromium):

python docs/pictures/photograph_page.py results/index.html docs/pictures/page.png
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support.browser import Browser  # noqa: E402

WIDTH, HEIGHT = 1280, 1240  # down to the first kinds of pairs
COLOURS = 64


def photograph(page: Path, picture: Path) -> None:
    """Write what a window shows of the top of a page as PNG, of few colours so that it is small."""
    with tempfile.TemporaryDirectory() as profile, Browser(Path(profile)) as browser:
        browser.open(page.resolve(), WIDTH, HEIGHT)
        browser.picture(picture, whole=False)
    with Image.open(picture) as taken:
        taken.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


if __name__ == "__main__":
    photograph(Path(sys.argv[1]), Path(sys.argv[2]))
