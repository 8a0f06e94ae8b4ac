"""Asking the portals through their public interfaces: politely, with retries, each question once."""

import csv
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from dfim.errors import InputError
from dfim.files.fetching import fetch

# Where each portal is asked if not told otherwise. ENA's reports name files without a scheme: that of `files`.
ADDRESSES = {
    "encode": "https://www.encodeproject.org",
    "ena": "https://www.ebi.ac.uk/ena/portal/api",
    "geo": "https://eutils.ncbi.nlm.nih.gov/entrez/eutils",
    "files": "https",
}
# Seconds between two questions, from what the portals allow: ENCODE 10 a second, ENA 50, NCBI 3.
_PAUSES = {"encode": 0.11, "ena": 0.03, "geo": 0.35}


class Portals:
    """The portals at their addresses (:data:`ADDRESSES` where not given).

    ``options`` are those of :func:`dfim.files.fetching.fetch`: tries, pause, time-out and mirror. What was
    asked once is not asked again.
    """

    def __init__(self, addresses: Mapping[str, str] | None = None, options: Mapping | None = None):
        self.addresses = {**ADDRESSES, **(addresses or {})}
        self.options = options or {}
        self._answers: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    def address(self, portal: str, path: str, **query: str | Sequence[str]) -> str:
        """Return the address of a question."""
        base = f"{self.addresses[portal].rstrip('/')}/{path.lstrip('/')}"
        return f"{base}?{urlencode(query, doseq=True)}" if query else base

    def json(self, portal: str, path: str, **query: str | Sequence[str]) -> dict:
        """Return an answer in JSON.

        Raises NotServed when the portal refuses, and InputError when the answer is no JSON object.
        """
        url = self.address(portal, path, **query)
        found = json.loads(self._text(portal, url, "json"))
        if not isinstance(found, dict):
            raise InputError(f"{url} answered with JSON that is no object: ask again later.")
        return found

    def rows(self, portal: str, path: str, **query: str | Sequence[str]) -> list[dict[str, str]]:
        """Return the rows of an answer in TSV with a header, by column.

        Raises NotServed when the portal refuses, and InputError when a row has not the header's columns.
        """
        url = self.address(portal, path, **query)
        header, *lines = csv.reader(self._text(portal, url, "").splitlines(), delimiter="\t")
        wrong = next((line for line in lines if len(line) != len(header)), None)
        if wrong is not None:
            raise InputError(
                f"{url} answered with a row of {len(wrong)} columns under a header of {len(header)}: ask "
                "again later."
            )
        return [dict(zip(header, line, strict=True)) for line in lines]

    def _text(self, portal: str, url: str, kind: str) -> str:
        if url not in self._answers:
            wait = self._asked.get(portal, -60.0) + _PAUSES[portal] - time.monotonic()
            time.sleep(max(0.0, wait))
            with TemporaryDirectory() as folder:
                path = Path(folder) / "answer"
                fetch({"location": url, "kind": kind}, path, self.options)
                self._answers[url] = path.read_text(encoding="utf-8")
            self._asked[portal] = time.monotonic()
        return self._answers[url]
