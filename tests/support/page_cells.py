"""The tables of a page, as a test reads them."""

from html.parser import HTMLParser


class Cells(HTMLParser):
    """The cells of every table of a page: text and full value, by the table's id or class."""

    def __init__(self, text: str):
        super().__init__()
        self.tables: dict[str, list[list[tuple[str, str | None]]]] = {}
        self._name, self._cell = "", None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "table":
            self._name = attrs.get("id") or attrs.get("class", "none").split()[-1]
        elif tag == "tr":
            self.tables.setdefault(self._name, []).append([])
        elif tag in ("td", "th"):
            self._cell = ["", attrs.get("data-value")]

    def handle_data(self, data):
        if self._cell:
            self._cell[0] += data

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[self._name][-1].append((" ".join(self._cell[0].split()), self._cell[1]))
            self._cell = None
