"""The page: its parts put together, escaped, and written as one HTML file."""

import os
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from bokeh.embed import components
from bokeh.resources import Resources
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dfim.files.tables import read_table
from dfim.files.whole import atomic_path
from dfim.page import found, networks, numbers
from dfim.page.captions import caption
from dfim.page.maps import draw_map, map_of
from dfim.page.pair_plots import MOST_PAIRS, chosen_pairs, draw_pairs, letters_around
from dfim.page.pictures import embedded

# What keeps the page below 15 MB: interactive maps of the page, and of one analysis; pairs of all plots;
# pictures, of the first method of an analysis, the others being named with their files.
MOST_MAPS, MAPS_EACH = 4, 2
MOST_PAIRS_IN_ALL = 6000
MOST_FIGURES = 45


def write_page(contents: Mapping, citation: Mapping, path: str | os.PathLike, seed: int = 0) -> int:
    """Write the page of a run and return its size in bytes.

    ``contents`` says what was asked, and which files hold what was found (:mod:`workflow.page`); ``logged``
    of an analysis are warnings beside those that its tables tell. ``citation``
    is a mapping as of CITATION.cff. ``seed`` draws the pairs that a plot shows where there are too many.
    Links to files are relative to the folder of ``path``.
    """
    # Pictures take half of the time, and Pillow makes them beside the rest.
    with ThreadPoolExecutor(1) as pool:
        page = _Page(contents, Path(path).parent, seed, pool)
        text = _text(page, contents, citation)
    with atomic_path(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")
    return len(text.encode())


def _text(page: "_Page", contents: Mapping, citation: Mapping) -> str:
    """Return the page as HTML."""
    views = [page.analysis(number, asked) for number, asked in enumerate(contents["analyses"])]
    scans = [page.scan(number, asked) for number, asked in enumerate(contents["scans"])]
    nets = [page.network(asked) for asked in contents["networks"]]
    reads = [page.figure(figure) for figure in contents["reads"]]
    environment = Environment(
        loader=PackageLoader("dfim.page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"number": numbers.number, "said": said}
    scripts, plots = components(page.plots) if page.plots else ("", {})
    page.add_pictures()
    return environment.get_template("index.html.j2").render(
        contents=contents,
        analyses=views,
        scans=scans,
        networks=nets,
        reads=reads,
        poor=[net["poor"] for net in nets if net["poor"]],
        claims={name: _claims(file) for name, file in contents["claims"].items()},
        citation=citation,
        plots={key: Markup(markup) for key, markup in plots.items()},
        bokeh=Markup(_bokeh()) if page.plots else "",
        scripts=Markup(scripts),
        style=Markup(_own("page.css")),
        script=Markup(_own("page.js")),
    )


def said(value) -> str:
    """Write a value of the configuration in a line: lists by commas, keys with their values."""
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {said(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(f"({said(each)})" if isinstance(each, Mapping) else said(each) for each in value)
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _own(name: str) -> str:
    return files("dfim.page").joinpath(f"templates/{name}").read_text(encoding="utf-8")


def _bokeh() -> str:
    """Return Bokeh's own scripts, whole: the page asks no other machine."""
    resources = Resources(mode="inline", components=["bokeh", "bokeh-widgets"], minified=True)
    return resources.render_js()


def _claims(path: str) -> list[dict]:
    return read_table(path).fillna("").to_dict("records")


class _Page:
    """What grows while the parts of a page are made: interactive plots, and pictures."""

    def __init__(self, contents: Mapping, folder: Path, seed: int, pool: Executor):
        self.contents, self.folder, self.seed, self.pool = contents, folder, seed, pool
        self.plots: dict = {}
        self.pictures: list[tuple[dict, Future]] = []  # figures, and the pictures that they are to have
        self.maps = 0

    def link(self, path: str) -> str:
        """Return a path as seen from the page."""
        return Path(os.path.relpath(path, self.folder)).as_posix()

    def figure(self, asked: Mapping, first: bool = True) -> dict:
        """Return a figure with its caption and, of the ``first`` method while there is room, its picture."""
        view = {key: asked[key] for key in ("name", "of")} | {
            "caption": caption(asked["kind"], asked["options"])
        }
        view |= {suffix: self.link(asked[suffix]) for suffix in ("pdf", "png", "tsv")}
        view["shown"] = first and len(self.pictures) < MOST_FIGURES
        if view["shown"]:
            self.pictures.append((view, self.pool.submit(embedded, asked["png"])))
        return view

    def add_pictures(self) -> None:
        """Add the pictures to the figures that are to have one, when all are made."""
        for view, picture in self.pictures:
            view["picture"], view["width"], view["height"] = picture.result()

    def analysis(self, number: int, asked: Mapping) -> dict:
        """Return what the template says of an analysis."""
        key = f"analysis{number}"
        view = {name: asked[name] for name in ("name", "model", "task", "kind", "asked", "level")}
        view |= {"key": key, "folder": self.link(asked["folder"]), "plot": None, "maps": [], "drawn": ""}
        view["exports"] = [self.link(path) for path in asked["exports"]]
        calling = asked["methods"], asked["level"], asked["p_values"]
        if asked["kind"] == "pairs":
            view |= found.pairs_found(asked["tables"], *calling)
            self._pairs(view, asked)
        else:
            view |= found.positions_found(*calling)
            self._maps(view, asked)
        view["checks"], off = found.null_checks(asked["null_checks"]) if asked["null_checks"] else ([], [])
        view["warnings"] += off
        told = " ".join(view["warnings"])
        view["warnings"] += [sentence for sentence in asked["logged"] if sentence not in told]
        view |= {"summary": found.summary(view), "recalls": found.main_recalls(view["recovery"])}
        method = next(iter(asked["methods"]))
        figures = [self.figure(figure, figure["of"] == method) for figure in asked["figures"]]
        view["figures"] = [figure for figure in figures if figure["shown"]]
        view["others"] = [figure for figure in figures if not figure["shown"]]
        return view

    def scan(self, number: int, asked: Mapping) -> dict:
        """Return what the template says of a scan."""
        view = {name: asked[name] for name in ("name", "model", "task", "asked")}
        view |= {"key": f"scan{number}", "table": self.link(asked["table"]), "warnings": asked["logged"]}
        view["pairs"] = found.scan_found(read_table(asked["table"]))
        return view | {"figure": self.figure(asked["figure"])}

    def _pairs(self, view: dict, asked: Mapping) -> None:
        """Add the plot of pairs by distance, whose points know their sequence."""
        parts = [other for other in self.contents["analyses"] if other["kind"] == "pairs"]
        tests = read_table(asked["tables"]["tests"])
        shown = chosen_pairs(tests, min(MOST_PAIRS, MOST_PAIRS_IN_ALL // len(parts)), self.seed)
        if shown.empty:
            return
        with h5py.File(asked["dataset"]["sequences"]) as file:
            letters = letters_around(shown, file["bases"])
        self.plots[view["key"]] = draw_pairs(shown.assign(**letters), view["key"])
        view["plot"] = view["key"]
        view["drawn"] = (
            "All tested pairs are drawn."
            if len(shown) == view["tested"]
            else f"{len(shown):,} of {view['tested']:,} tested pairs are drawn, chosen at random: "
            f"{(shown['called'] == 1).sum():,} called, {(shown['called'] != 1).sum():,} not."
        )

    def _maps(self, view: dict, asked: Mapping) -> None:
        """Add the interactive maps of the first method, where nucleotides are the sources."""
        tables = next(iter(asked["methods"].values()))
        sources = read_table(tables["sources"])
        nucleotides = sources[sources["feature"].isna()]
        if "aggregate" in asked["asked"] or nucleotides.empty:
            return
        features = read_table(asked["dataset"]["features"])
        with h5py.File(tables["profiles"]) as profiles, h5py.File(asked["dataset"]["sequences"]) as file:
            for example, rows in nucleotides.groupby("example"):
                if len(view["maps"]) == MAPS_EACH or self.maps == MOST_MAPS:
                    return
                bases, own = np.asarray(file["bases"][int(example)]), features[features["example"] == example]
                drawn = map_of(rows, profiles, bases, own)
                key = f"{view['key']}_{example}"
                self.plots[key] = draw_map(drawn)
                self.maps += 1
                places = {"first": drawn.first, "last": drawn.first + len(drawn.bases) - 1}
                view["maps"].append({"key": key, "title": _title(rows.iloc[0], len(bases)), **places})

    def network(self, asked: Mapping) -> dict:
        """Return what the template says of a network."""
        tables = asked["tables"]
        view = {name: asked[name] for name in ("name", "trained", "dataset", "architecture", "others")}
        metrics, place, additive = map(tables.get, ("metrics", "place", "additive"))
        view["performance"] = networks.performance(metrics) if metrics else []
        view["poor"] = networks.hardly_better_than_chance(asked["name"], metrics) if metrics else ""
        view["place"] = networks.place_check(place) if place else []
        view["reach"] = networks.reach_words(tables["reach"])
        view["additive"] = networks.additive_rows(additive) if additive else []
        view["figures"] = [self.figure(figure) for figure in asked["figures"]]
        return view


def _title(row: pd.Series, length: int) -> str:
    """Return the name of a sequence, with its place in the genome where the name does not say it."""
    name = row["sequence"] if isinstance(row.get("sequence"), str) else f"example {row['example']}"
    chrom = row.get("chrom")
    if not isinstance(chrom, str) or chrom in name:
        return name
    start = int(row["chrom_start"] - row["start"])
    return f"{name} ({chrom}:{start}–{start + length})"
