"""The numbers of inputs in docs/faults.md are those of the tests."""

import re
from collections import Counter

import pytest
from support.run_folder import ROOT

ROW = re.compile(r"\| .* \| (\d+|all) \| ((?:`\S+\.py(?:::\w+)?` ?)+)\|")


def rows():
    """Return each row of the table: the number, and the tests."""
    text = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    return [
        (match[1], re.findall("`(.*?)`", match[2]))
        for match in map(ROW.fullmatch, text.splitlines())
        if match
    ]


def test_every_row_of_the_table_is_read_and_names_tests_that_there_are():
    assert len(rows()) == 18
    for _, tests in rows():
        for test in tests:
            path, _, function = test.partition("::")
            assert (ROOT / "tests" / path).is_file(), test
            assert f"def {function}" in (ROOT / "tests" / path).read_text(encoding="utf-8"), test


@pytest.mark.parametrize(("number", "tests"), rows())
def test_the_numbers_are_those_of_the_tests(number, tests, request):
    """Counted among what this run of pytest collected; without some of these tests a row is skipped."""
    config = request.config
    if config.option.keyword or any("::" in argument for argument in config.args):
        pytest.skip("a part of the tests is chosen")
    names = [item.nodeid.split("[")[0].removeprefix("tests/") for item in request.session.items]
    counts = Counter([*names, *(name.split("::")[0] for name in names)])
    if not all(counts[test.split("::")[0]] for test in tests):
        pytest.skip("some of these tests are not collected")
    found = sum(counts[test] for test in tests)
    assert found > 100 if number == "all" else found == int(number)
