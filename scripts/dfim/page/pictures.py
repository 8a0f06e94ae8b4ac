"""Figures inside the page: pictures as text, small enough to be many."""

import base64
import io
import os

from PIL import Image

WIDEST = 1500  # pixels; about what a figure of two columns has
_QUALITY = 82


def embedded(path: str | os.PathLike) -> tuple[str, int, int]:
    """Return a picture as a ``data:`` address (WebP, at most :data:`WIDEST` wide), its width and height."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    if picture.width > WIDEST:
        picture = picture.resize((WIDEST, round(picture.height * WIDEST / picture.width)), Image.LANCZOS)
    held = io.BytesIO()
    picture.save(held, "WEBP", quality=_QUALITY, method=2)
    return "data:image/webp;base64," + base64.b64encode(held.getvalue()).decode(), *picture.size
