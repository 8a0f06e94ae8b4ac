"""What the page says of networks: how well they predict, and whether they read where as well as what."""

import pandas as pd

from dfim.files.tables import read_table
from dfim.networks.place import LEAST_SHARE
from dfim.page.numbers import interval, number
from dfim.training.schedules import LEAST_AUROC, LEAST_R2

_MEASURES = ("auroc", "auprc", "r2", "pearson", "noise_ceiling", "strand_pearson")


def performance(metrics: str) -> list[dict]:
    """Return, of the split test, each task's measures as text, with their intervals; the mean last."""
    table = read_table(metrics)
    rows = table[table["split"] == "test"]
    return [
        {"task": row["task"], "values": {name: interval(row, name) for name in _MEASURES if name in table}}
        for row in rows.to_dict("records")
    ]


def hardly_better_than_chance(name: str, metrics: str) -> str:
    """Say which tasks a network hardly predicts; an empty sentence where there is none."""
    table = read_table(metrics)
    poor = []
    for row in table[(table["split"] == "test") & (table["task"] != "mean")].to_dict("records"):
        for measure, least, words in (("auroc", LEAST_AUROC, "auROC"), ("r2", LEAST_R2, "r²")):
            if pd.notna(row.get(measure)) and row[measure] < least:
                poor.append(f"{row['task']} ({words} {interval(row, measure)}, less than {least:g})")
    if not poor:
        return ""
    return (
        f"The network {name} is hardly better than chance on the test split: {', '.join(poor)}. What it "
        "says of interactions says little of the data."
    )


def place_check(path: str) -> list[dict]:
    """Return, for every task, how far the outputs change when sequences are rolled, and a warning."""
    table = read_table(path)
    found = []
    for task, rows in table.groupby("task", sort=False):
        worst = rows.loc[rows["share"].idxmax()] if rows["share"].notna().any() else None
        if worst is not None:
            share, shift = worst["share"], int(worst["shift"])
            found.append({"task": task, "share": share, "shift": shift, "warns": bool(share > LEAST_SHARE)})
    return found


def reach_words(path: str) -> str:
    """Say from which distance on the network cannot let two positions interact."""
    reach = read_table(path)["reach"].iloc[-1]
    return "all positions" if reach == float("inf") else f"below {number(reach)} bp"


def additive_rows(path: str) -> list[dict]:
    """Return the fits without and with terms of two features beside the network's own value."""
    return [
        {
            "task": row["task"],
            "fit": row["fit"],
            "measure": row["measure"].replace("_", " "),
            "value": interval(row, "value"),
            "gain": interval(row, "gain"),
        }
        for row in read_table(path).to_dict("records")
    ]
