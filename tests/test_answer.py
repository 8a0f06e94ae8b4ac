"""The numbers of docs/methods.md are those of the run whose tables are kept."""

import answer
import pandas as pd

from dfim.files.tables import read_table


def test_the_page_follows_from_the_tables_that_are_kept():
    page = answer.PAGE.read_text(encoding="utf-8")
    assert page == answer.page_of(page)
    claims = answer.claims_of(answer.CLAIMS)
    assert set(claims["verdict"]) <= {"reproduced", "not reproduced", "cannot show"}
    assert all(f"| {claim} |" in page for claim in claims["claim"])
    assert len(read_table(answer.CHECKS)) >= 10


def test_another_number_would_be_another_page():
    page = answer.PAGE.read_text(encoding="utf-8")
    checks = read_table(answer.CHECKS)
    other = answer.checks_text(checks.assign(share=checks["share"] + 0.01))
    assert answer.with_part(page, "null checks", other) != page
    known = read_table(answer.KNOWN)
    other = answer.known_text(known.assign(synergy=known["synergy"] + 0.01))
    assert answer.with_part(page, "known answers", other) != page


def test_a_table_is_one_line_for_each_row():
    claims = pd.DataFrame([["A", "x | y", ".9", "at least .8", "reproduced"]], columns=answer.COLUMNS)
    assert answer.claims_text(claims).splitlines()[2:] == ["| A | x \\| y | .9 | at least .8 | reproduced |"]
