"""Numbers in the prose of the pages that a user opens are those of a table that a run or a benchmark made."""

import re
from pathlib import Path

import answer
import pytest

from dfim.files.tables import read_table

ROOT = Path(__file__).parents[1]
TABLES = ROOT / "docs/benchmarks"
# Pages whose numbers of this kind are results, all of them: each must stand in a sentence that is checked.
PAGES = (
    "README.md",
    *(f"docs/{page}.md" for page in ("tutorial", "troubleshooting", "speed", "from_pytorch")),
)
_RESULT = re.compile(r"\d[\d.,]* ?(?:%|(?:minutes?|seconds?|GB|GiB|ms|core-hours|jobs|times)\b)")


def prose(page: str) -> str:
    """Return the prose of a page in one line: no code, no tables."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(" ".join(line for line in text.splitlines() if not line.startswith(("|", "#"))).split())


def of_contributions() -> str:
    table = read_table(TABLES / "contributions.tsv")
    rows = table[table["contender"] == "deeplift package, its own function"].set_index("network")
    a, b, c = (1 / rows.loc[name, "times_package"] for name in "ABC")
    return f"takes {a:.1f} (A), {b:.1f} (B) and {c:.1f} (C) times as long (`contributions.tsv`)."


def of_other_contributions() -> str:
    table = read_table(TABLES / "contributions.tsv").set_index(["contender", "network"])["per_second"]
    engine, captum, tangermeme = (
        [f"{float(f'{table[name, network]:.3g}'):,.0f}" for network in "ABC"]
        for name in ("cpu", "captum", "tangermeme")
    )
    own = "deeplift package, its own function"
    times = [f"{table['cpu', network] / table[own, network]:.2g}" for network in "ABC"]
    return (
        f"the engine scores {engine[0]} (A), {engine[1]} (B) and {engine[2]} (C) a second, {times[0]}, "
        f"{times[1]} and {times[2]} times as many as the package's own function. captum scores {captum[0]}, "
        f"{captum[1]} and {captum[2]}, tangermeme {tangermeme[0]}, {tangermeme[1]} and {tangermeme[2]},"
    )


def of_pair_tests() -> str:
    table = read_table(TABLES / "pair_tests.tsv")
    times = table[table["contender"] == "forward changes"].set_index("network")["times_whole"]
    a, b, c = (f"{times[name]:.1f}" if times[name] < 10 else f"{times[name]:.0f}" for name in "ABC")
    return f"do {a} (A), {b} (B) and {c} (C) times as many pairs a second as whole forwards in TensorFlow"


def of_exactness() -> str:
    table = read_table(TABLES / "exactness.tsv")
    mutants, flips = table["mutants"].sum(), table["flips"].sum()
    return (
        f"in {mutants - flips:,} of {mutants:,} mutants no change of importance is off by more than "
        f"{table['largest_difference'].max():.3g} of the largest. In the other {flips} "
        "a pool's values lay at the edge of what counts as equal, or a change just above 1e-5: they "
        f"are off by up to {table['largest_of_flips'].max():.2g}"
    )


def of_dataset_memory() -> str:
    table = read_table(TABLES / "dataset_memory.tsv")
    plain, patterns = (table[table["patterns"] == number] for number in (0, 1))
    low, high = (plain["microseconds_per_window"].agg(end) / 1000 for end in ("min", "max"))
    return (
        f"{plain['windows'].min():,} to {plain['windows'].max():,} windows of 1 kb with 18 tasks takes "
        f"{low:.2f} to {high:.2f} ms of one core a window, and {plain['peak_gib'].max():.1f} GiB at its peak "
        f"({patterns['peak_gib'].item():.1f} GiB with the {patterns['features'].item() / 1e6:.1f} million"
    )


def of_decoys() -> str:
    table = read_table(TABLES / "decoys.tsv")
    now, then = (table[table["others"] == others] for others in ("draws", "draws and score"))

    def said(analysis: str, column: str, rows=now) -> str:
        values = rows.loc[rows["analysis"] == analysis, column]
        return " and ".join(f"{value:.3f}".replace("0.", ".", 1) for value in values)

    def below(analysis: str) -> str:
        rows = now[now["analysis"] == analysis].itertuples()
        found = [f"{row.below:.3f} [{row.low:.3f}, {row.high:.3f}] of {row.decoys:,}" for row in rows]
        return " and ".join(found).replace("0.", ".") + f" ({said(analysis, 'below', then)} before)"

    a, b = "motif_pairs", "planted_sites"
    return (
        f"Decoys of A have p ≤ .05 in {below(a)}, those of B in {below(b)}. Of planted pairs "
        f"{said(a, 'planted_called')} are called in A ({said(a, 'planted_called', then)} before), and "
        f"{said(b, 'planted_called')} in B ({said(b, 'planted_called', then)}); of others "
        f"{said(a, 'other_called')} in A ({said(a, 'other_called', then)}), and {said(b, 'other_called')} "
        f"in B ({said(b, 'other_called', then)})."
    )


def of_backends() -> str:
    by_backend = read_table(TABLES / "backends.tsv").groupby("backend")
    most = by_backend[["contributions", "gradient_input"]].max()
    of = {
        name: [f"{most.loc[one, name]:.0e}".replace("e-0", "e-") for one in ("tensorflow", "jax", "torch")]
        for name in most
    }
    low, high = by_backend["times_tensorflow"].min(), by_backend["times_tensorflow"].max()
    jax, torch = (
        " to ".join(f"{ends[one]:.2f}".lstrip("0") for ends in (low, high)) for one in ("jax", "torch")
    )
    first, second, third = of["contributions"]
    return (
        f"is {first} of the largest contribution with TensorFlow itself, {second} with JAX and {third} with "
        f"PyTorch, and {', '.join(of['gradient_input'][:2])} and {of['gradient_input'][2]} of the largest "
        f"gradient × input. In a second of one core JAX gave {jax} times as many contributions as "
        f"TensorFlow, and PyTorch {torch} times as many."
    )


def checked() -> list[tuple[str, str]]:
    """Return what is checked, as (page, words): made from tables, or measured once and kept in said.tsv."""
    made = [
        ("README.md", f"In the default run {answer.found_text(answer.claims_of(answer.CLAIMS))}"),
        ("docs/speed.md", of_contributions()),
        ("docs/speed.md", of_other_contributions()),
        ("docs/speed.md", of_pair_tests()),
        ("docs/speed.md", of_exactness()),
        ("docs/speed.md", of_dataset_memory()),
        ("docs/networks.md", of_backends()),
        ("docs/methods.md", of_decoys()),
    ]
    kept = read_table(TABLES / "said.tsv")
    return made + list(zip(kept["page"], kept["words"], strict=True))


@pytest.mark.parametrize(("page", "words"), checked())
def test_the_page_says_what_was_measured(page, words):
    assert words in prose(page)


@pytest.mark.parametrize("page", PAGES)
def test_no_other_result_is_said(page):
    """What is left of a page without the sentences that are checked has no percentages, times or sizes."""
    rest = prose(page)
    for one, words in checked():
        if one == page:
            rest = rest.replace(words, "")
    assert _RESULT.findall(rest) == []


def test_another_run_makes_another_sentence():
    claims = answer.claims_of(answer.CLAIMS)
    readme = answer.README.read_text(encoding="utf-8")
    assert answer.with_found(readme, answer.found_text(claims)) == readme
    other = claims.assign(found=claims["found"].str.replace(r"synergy 0\.\d\d", "synergy 0.580", regex=True))
    changed = answer.with_found(readme, answer.found_text(other))
    assert changed != readme
    assert "In the default run 58 % of ELF1–SIX5 pairs" in " ".join(changed.split())
    fewer = claims.assign(found=claims["found"].str.replace("redundancy 1 ", "redundancy 0.991 "))
    assert "99.1 % of pairs of one motif" in answer.found_text(fewer)


def test_what_was_measured_once_says_how():
    kept = read_table(TABLES / "said.tsv")
    assert (kept["measured"].fillna("").str.len() > 20).all()
    assert set(kept["page"]) <= {*PAGES, "docs/cluster.md"}
