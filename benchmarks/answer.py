"""Keep what a finished default run says of its claims, and write it into docs/methods.md and README.md.

    python benchmarks/answer.py RESULTS

RESULTS is the run's folder. Its ``reproduction.tsv`` is kept as ``docs/benchmarks/answer.tsv`` and every
``null_checks.tsv`` as ``docs/benchmarks/null_checks.tsv``; the parts of the page between the marks are made
from these and from ``known_answers.tsv``, and so is the sentence of README.md that says what the run found.
A test compares them.
"""

import re
import sys
import textwrap
from pathlib import Path

import pandas as pd

from dfim.files.tables import read_table
from dfim.files.whole import atomic_path

DOCS = Path(__file__).parents[1] / "docs"
PAGE, README = DOCS / "methods.md", DOCS.parent / "README.md"
CLAIMS, CHECKS = DOCS / "benchmarks/answer.tsv", DOCS / "benchmarks/null_checks.tsv"
KNOWN = DOCS / "benchmarks/known_answers.tsv"  # made by known_answers.py
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


def known_text(known: pd.DataFrame) -> str:
    """Return the pair tests where the answer is known as a table of Markdown: shares in percent."""
    columns = ["network", "pairs", "expected", "n", "interaction, share", "p ≤ .05, %"]
    rows = []
    for row in known.astype(object).fillna("").itertuples():
        size = f"{row.interaction:+.2g}, {row.share:+.2f}"
        shares = [f"{100 * share:.1f}" for share in (row.p_below, row.synergy, row.redundancy)]
        rows.append([row.network, row.pairs_of, row.expected, f"{row.pairs:,}", size, *shares, row.kind])
    head = [*columns, "synergy, %", "redundancy, %", "the kind is called"]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def with_part(page: str, name: str, text: str) -> str:
    """Return a page with another text between the marks of a part."""
    before, rest = page.split(BEGIN.format(name))
    after = rest.split(END.format(name))[1]
    return f"{before}{BEGIN.format(name)}\n{text}\n{END.format(name)}{after}"


def page_of(page: str) -> str:
    """Return the page as it follows from the tables that are kept."""
    page = with_part(page, "claims", claims_text(claims_of(CLAIMS)))
    page = with_part(page, "known answers", known_text(read_table(KNOWN)))
    return with_part(page, "null checks", checks_text(read_table(CHECKS)))


def found_text(claims: pd.DataFrame) -> str:
    """Return what README.md says that the run called, from the claim about pairs of the simulation."""
    found = claims.loc[claims["section"] == "SFig. 2", "found"].item()
    pair, twice, other = (
        100 * float(re.search(f"{before} ([0-9.]+)", found)[1])
        for before in ("ELF1–SIX5 as synergy", "one motif twice as redundancy", "the most called other kind")
    )
    of_one = "all" if twice == 100 else f"{twice:.1f} % of"
    return (
        f"{pair:.0f} % of ELF1–SIX5 pairs are called, {of_one} pairs of one motif as redundant, and at most "
        f"{other:.2g} % of each kind that the grammar does not make interact."
    )


def with_found(readme: str, text: str) -> str:
    """Return README.md with another sentence about what the default run called, wrapped as it is."""
    before, rest = readme.split("In the default run ")
    after = rest.split("does not make interact.", 1)[1]
    line = before.rsplit("\n", 1)[1]
    wrapped = textwrap.fill(f"{line}In the default run {text}", 120)
    return before[: len(before) - len(line)] + wrapped + after


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
    claims = claims_of(CLAIMS)
    readme = with_found(README.read_text(encoding="utf-8"), found_text(claims))
    with atomic_path(README, checksum=False) as temporary:
        temporary.write_text(readme, encoding="utf-8")
    text = page_of(PAGE.read_text(encoding="utf-8"))
    with atomic_path(PAGE, checksum=False) as temporary:
        temporary.write_text(text, encoding="utf-8")
