"""Figures as rules have them: all that are drawn from the same tables are the outputs of one job."""

from collections.abc import Mapping

from snakemake.io import report

from dfim.page.captions import caption
from workflow.analyses import analysis_figures, kind_of


def figure_outputs(folder: str, figures: Mapping[str, Mapping], category: str, *labels: str) -> dict:
    """Return the files of figures by suffix, in their order; pictures with their place in Snakemake's report.

    ``figures`` has the options of each by name. Of a caption Snakemake knows the template alone: each kind
    has one, which picks its text among those of the job (param ``captions``).
    """
    files = {suffix: [f"{folder}/{name}.{suffix}" for name in figures] for suffix in ("pdf", "png", "tsv")}
    words = {label: f"{{{label}}}" for label in labels}
    files["png"] = [
        report(
            path,
            caption=f"../docs/captions/figures/{kind_of(name, options)}.rst",
            category=category,
            labels=words | {"figure": name},
        )
        for path, (name, options) in zip(files["png"], figures.items(), strict=True)
    ]
    return files


def captions_of(figures: Mapping[str, Mapping]) -> dict[str, str]:
    """Return the captions of figures by kind; two of one kind that differ are told apart by their names."""
    told: dict[str, dict[str, str]] = {}
    for name, options in figures.items():
        kind = kind_of(name, options)
        told.setdefault(kind, {})[name] = caption(kind, options)
    return {kind: _joined(captions) for kind, captions in told.items()}


def _joined(captions: Mapping[str, str]) -> str:
    different = dict.fromkeys(captions.values())
    if len(different) == 1:
        return next(iter(different))
    return "\n\n".join(f"{name}: {text}" for name, text in captions.items())


def figure_params(figures: Mapping[str, Mapping], of: str, keys: Mapping[str, str] | None = None) -> dict:
    """Return the params of a rule that draws figures: what of, and their kinds, options and captions.

    ``keys`` has the key of the configuration by which a figure is asked for.
    """
    asked = {
        name: {"kind": kind_of(name, options), "options": dict(options), "key": (keys or {}).get(name, "")}
        for name, options in figures.items()
    }
    return {"figures": asked, "captions": captions_of(figures), "of": of}


def params_of_analysis(name: str, analysis: Mapping) -> dict:
    """Return the params of the rule that draws the figures of an analysis."""
    keys = {figure: f"analyses.{name}.figures.{figure}" for figure in analysis["figures"]}
    of = f"analysis {name}, model {{model}}, task {{task}}, {{method}}"
    return figure_params(analysis_figures(analysis), of, keys)
