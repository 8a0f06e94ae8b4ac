"""Keep what a finished default run says of its claims, and write it into docs/methods.md.

    python benchmarks/answer.py RESULTS

RESULTS is the run's folder. Its ``reproduction.tsv`` is kept as ``docs/benchmarks/answer.tsv`` and every
``null_checks.tsv`` as ``docs/benchmarks/null_checks.tsv``; the parts of the page between the marks are made
from these. A test compares page and tables.
"""

import sys
from pathlib import Path

import pandas as pd

from dfim.files.tables import read_table
from dfim.files.whole import atomic_path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "methods.md"
CLAIMS, CHECKS = DOCS / "benchmarks/answer.tsv", DOCS / "benchmarks/null_checks.tsv"
COLUMNS = ["section", "claim", "found", "threshold", "verdict"]
BEGIN, END = "<!-- {}: made by benchmarks/answer.py -->", "<!-- end of {} -->"


def keep(results: Path) -> None:
    """Write the tables of a finished run that the page is made from."""
    _write(read_table(results / "reproduction.tsv")[COLUMNS], CLAIMS)
    folder = results / "interactions"
    parts = [
        read_table(path).assign(analysis=path.relative_to(folder).parts[0])
        for path in sorted(folder.glob("*/*/*/null_checks.tsv"))
    ]
    _write(pd.concat(parts, ignore_index=True), CHECKS)


def _write(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, sep="\t", index=False, float_format="%.7g")


def claims_of(path: Path) -> pd.DataFrame:
    """Return the claims that are kept, as text."""
    return read_table(path).fillna("").astype(str)


def claims_text(claims: pd.DataFrame) -> str:
    """Return the claims as a table of Markdown."""
    head = "| | claim | found | threshold | verdict |\n|---|---|---|---|---|"
    cells = ([cell.replace("|", "\\|") for cell in row] for row in claims[COLUMNS].to_numpy())
    rows = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([head, *rows])


def checks_text(checks: pd.DataFrame) -> str:
    """Return the checks of nulls as a table of Markdown: shares in percent, with their intervals."""
    head = "| analysis | check | score | n | p ≤ .05, % (95 %) | called, % |\n|---|---|---|---|---|---|"
    rows = []
    for row in checks.astype(object).fillna("").itertuples():
        ends = f"{100 * row.share_low:.1f} to {100 * row.share_high:.1f}"
        score = f"{row.score}, {row.method}" if row.method else f"{row.score}"
        shares = f"{100 * row.share:.1f} ({ends}) | {100 * row.called:.1f}"
        rows.append(f"| `{row.analysis}` | {row.check} | `{score}` | {row.n:,} | {shares} |")
    return "\n".join([head, *rows])


def with_part(page: str, name: str, text: str) -> str:
    """Return a page with another text between the marks of a part."""
    before, rest = page.split(BEGIN.format(name))
    after = rest.split(END.format(name))[1]
    return f"{before}{BEGIN.format(name)}\n{text}\n{END.format(name)}{after}"


def page_of(page: str) -> str:
    """Return the page as it follows from the tables that are kept."""
    page = with_part(page, "claims", claims_text(claims_of(CLAIMS)))
    return with_part(page, "null checks", checks_text(read_table(CHECKS)))


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
    text = page_of(PAGE.read_text(encoding="utf-8"))
    with atomic_path(PAGE, checksum=False) as temporary:
        temporary.write_text(text, encoding="utf-8")
