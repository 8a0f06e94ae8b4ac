"""What a configuration names and there is not, and what would end a run late: told before its first job."""

from pathlib import Path

import pytest
import yaml
from support.run_folder import Folder

from dfim.errors import InputError
from dfim.plots.options import OPTIONS, check_options
from workflow.configuration import read_configuration
from workflow.early import foreseen
from workflow.included import read_whole
from workflow.schema import ROOT
from workflow.sources import find_sources

AGAINST = "analyses.binding_qtl.comparisons.positives_against_controls.against"
PAIRS = "analyses.motif_pairs"
GROUP = f"{PAIRS}.comparisons.different_names.group"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A folder with what the small configuration names."""
    path = tmp_path_factory.mktemp("named")
    Folder(path)
    return path


def told(path, monkeypatch, changed):
    """Return all that is said of the small configuration with changed keys, before its first job."""
    monkeypatch.chdir(path)
    config = yaml.safe_load((ROOT / "tests/runs/config.yaml").read_text())
    for key, value in changed.items():
        *above, last = key.split(".")
        section = config
        for name in above:
            section = section[int(name)] if isinstance(section, list) else section[name]
        section[last] = value
    try:
        sheets = read_configuration(config, "config.yaml")
        return "\n".join(foreseen(config, sheets, find_sources(config, sheets)))
    except InputError as error:
        return str(error)


def test_the_small_configuration_and_all_that_are_shipped_pass(path, monkeypatch):
    assert told(path, monkeypatch, {}) == ""
    shipped = [one for one in sorted((ROOT / "config").glob("*.yaml")) if "analyses:" in one.read_text()]
    assert len(shipped) > 5
    for one in shipped:
        read_configuration(read_whole(one), str(one))


REFUSED = yaml.safe_load(Path(__file__).with_name("refused.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("one", REFUSED, ids=lambda one: one["key"])
def test_what_is_refused_before_the_first_job(one, path, monkeypatch):
    assert told(path, monkeypatch, {one["key"]: one["value"]}) == one["sentence"]


SCAN = {"models": ["simulation"], "tasks": ["ELF1_SIX5"], "motifs": {"A": "ACGTT", "B": "GGCATT"}}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"models": ["m"]}, "key 'scans.s.models' has the value 'm', and the models are simulation, tf_bind"),
        ({"tasks": ["x"]}, "key 'scans.s.tasks' has the value 'x', and the tasks are ELF1_SIX5."),
        ({"motifs": {"A": "ACGTT", "B": {"pwm": "NOPE"}}}, "key 'scans.s': there is no motif 'NOPE' among"),
        ({"motifs": {"A": "ACGTT", "B": "JA"}}, "key 'scans.s': "),
        ({"spacings": "3-x"}, "key 'scans.s': the spacings are '3-x', and numbers of bases are needed: 0-40"),
        (
            {"spacings": "0-5,4-2"},
            "key 'scans.s': the spacings are '0-5,4-2', and '4-2' must go up, to at most",
        ),
        ({"spacings": "0-1000000000"}, "key 'scans.s': the spacings are '0-1000000000', and"),
        ({"spacings": "²"}, "key 'scans.s': the spacings are '²', and numbers of bases are needed: 0-40"),
        ({"shuffled": True}, "key 'scans.s.shuffled' is true, and there are no 'sequences' to shuffle: give"),
        (
            {"background": [0.5] * 4},
            "key 'scans.s.background' has the value [0.5, 0.5, 0.5, 0.5], which sums",
        ),
        (
            {"sequences": "windows.fa", "length": 200},
            "key 'scans.s' has both 'sequences' and 'length', which is of random sequences: remove one of",
        ),
    ],
)
def test_what_a_scan_cannot_be_is_refused(changed, sentence, path, monkeypatch):
    assert told(path, monkeypatch, {"scans": {"s": SCAN | changed}}).startswith(sentence)


def test_a_scan_in_few_sequences_is_refused(path, monkeypatch):
    (path / "windows.fa").write_text("".join(f">{name}\n{'ACGTTGCA' * 25}\n" for name in "abc"))
    scan = SCAN | {"sequences": "windows.fa"}
    assert told(path, monkeypatch, {"scans": {"s": scan}}).splitlines()[0] == (
        "key 'scans.s.sequences' is windows.fa: a scan needs 5 backgrounds or more, and what is given has "
        "3 sequences: give more, or take shuffles of them ('shuffled')."
    )
    assert "backgrounds" not in told(path, monkeypatch, {"scans": {"s": scan | {"shuffled": True}}})


def test_given_sequences_of_a_dataset_of_spacings_need_no_shares_of_bases(path, monkeypatch):
    spaced = {"length": 200, "motifs": {"A": "ACGTT", "B": "GGCATT"}, "largest": 20}
    spaced |= {"backgrounds": {"file": "windows.fa"}, "background": [0.25] * 4}
    assert told(path, monkeypatch, {"datasets.spaced": {"spacing": spaced}}) == (
        "key 'datasets.spaced.spacing' has both 'background', shares of the bases in random sequences, and "
        "'backgrounds', sequences to take instead: remove one of them."
    )


COLUMNS = [
    (GROUP, "sorce_name != target_name", "sorce_name", "source_name"),
    (GROUP, "copies_SOX2 > 1", "copies_SOX2", "copies_SIX5"),
    (GROUP, "fis_q_replaced < 0.05", "fis_q_replaced", "fis_q_matched"),
    (f"{PAIRS}.truth.interacting", "fis_q < 0.1", "fis_q", "interaction_q"),
    (AGAINST, "abs_distance > 3", "abs_distance", "summit_distance"),
    (AGAINST, "`no such` > 3", "no such", "matched_set"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "condition", "unknown", "known"), COLUMNS)
def test_a_column_that_results_have_not_is_told_with_those_they_have(
    key, condition, unknown, known, path, monkeypatch
):
    sentence = told(path, monkeypatch, {key: condition})
    start = f"key '{key}' has the condition {condition!r}, and there is no column {unknown!r}: write it over "
    assert sentence.startswith(f"{start}the columns ")
    assert known in sentence.removeprefix(start).rstrip(".").split(", ")
    assert "\n" not in sentence


def test_a_comparison_with_scores_of_shuffles_has_no_column_of_the_real_sequence(path, monkeypatch):
    null = {"score": "fis", "group": "distance > 3", "against_null": "interaction_q < 0.1"}
    sentence = told(path, monkeypatch, {f"{PAIRS}.comparisons.n": null})
    assert sentence.startswith(f"key '{PAIRS}.comparisons.n.against_null' has the condition")
    assert "there is no column 'interaction_q'" in sentence
    null["against_null"] = "distance > 3 and replicate == 1"
    assert told(path, monkeypatch, {f"{PAIRS}.comparisons.n": null}) == ""


def test_all_that_is_wrong_is_told_in_one_list(path, monkeypatch):
    sentence = told(path, monkeypatch, {GROUP: "x > 1", f"{PAIRS}.truth.interacting": "y > 1"})
    assert sentence.splitlines()[0] == "the configuration: 2 things are to be mended:"


def test_every_option_of_a_figure_has_its_values_stated_and_its_default_is_one():
    for figure, options in OPTIONS.items():
        check_options(figure, options, "here")
