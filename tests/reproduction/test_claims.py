"""The lists of claims: their checks, the shipped ones, and what an untrained network must not pass."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from dfim.errors import InputError
from dfim.files.tables import read_table, write_table
from dfim.reproduction.claims import DATA_CHECKS, check_cannot_show, parts_of, read_claims, table_of
from dfim.reproduction.judging import reproduce
from dfim.statistics.comparison import compare_all
from workflow.groups import name_groups
from workflow.included import read_whole

CONFIG = Path(__file__).parents[2] / "config"
PAPER, PLANTED = CONFIG / "claims/paper.yaml", CONFIG / "claims/planted.yaml"
THE_KEYS = (
    "section, claim, stated, file, measure, where, against, column, by, per, n, rule, parts, table, needs, "
    "cannot_show, note"
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("claims: 1", " is not a list of claims: start each with a dash."),
        ("", " is not a list of claims: start each with a dash."),
        ("- {section: A", ", line 2: it is not YAML (expected ',' or '}', but got '<stream end>'): mend it."),
        (
            "- 3",
            f", claim 1 is no mapping: the keys are {THE_KEYS}.",
        ),
        (
            "- {section: A, claim: c, colour: 1}",
            f", claim 1 has the unknown key 'colour': the keys are {THE_KEYS}.",
        ),
        ("- {section: A}", ", claim 1 has no 'claim': write one."),
        ("- {section: 1, claim: c, cannot_show: d}", ", claim 1 has the 'section' 1: write a text."),
    ],
)
def test_sentences_about_the_list(tmp_path, text, sentence):
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_claims(path)
    assert str(caught.value) == f"{path}{sentence}"


def sentence_about(tmp_path, **claim):
    """Return the sentence about the second claim of a list, sound but for what is given (None: left out)."""
    sound = {"section": "A", "claim": "c", "file": "t.tsv", "measure": "rows", "rule": "above 1"}
    changed = {key: value for key, value in (sound | claim).items() if value is not None}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump([sound, changed]))
    with pytest.raises(InputError) as caught:
        read_claims(path)
    assert str(caught.value).startswith(f"{path}, claim 2 has ")
    return str(caught.value).removeprefix(f"{path}, claim 2 has ")


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ({"file": "t.csv"}, "the file 't.csv': name a table (.tsv, .tsv.gz), an .h5 or a .keras file."),
        (
            {"measure": "length"},
            "the measure 'length', and t.tsv is a .tsv file: choose from rows, value, values, mean, median, "
            "smallest, largest, share, largest_share, auroc, average_precision, gap.",
        ),
        (
            {"file": "a/b.h5", "measure": "median"},
            "the measure 'median', and a/b.h5 is a .h5 file: choose from rows, length, attribute, "
            "background.",
        ),
        (
            {"file": "m.keras"},
            "the measure 'rows', and m.keras is a .keras file: choose from layers.",
        ),
        ({"measure": "median"}, "the measure 'median' and no 'column': write one."),
        (
            {"measure": "auroc", "column": "fis", "where": "a > 1"},
            "the measure 'auroc' and no 'against': write one.",
        ),
        ({"file": "a.h5"}, "the measure 'rows' and no 'column': write one."),
        (
            {"against": "a > 1"},
            "the key 'against', which the measure 'rows' of a .tsv file does not use: remove it.",
        ),
        (
            {"file": "a.h5", "column": "x", "where": "a > 1"},
            "the key 'where', which the measure 'rows' of a .h5 file does not use: remove it.",
        ),
        ({"where": 3}, "the 'where' 3: write a text."),
        ({"rule": None}, "no 'rule': write one."),
        ({"cannot_show": "never", "measure": None}, "no 'measure': write one."),
        (
            {"rule": "within 0.1 of stated", "stated": "0.9"},
            "the rule 'within 0.1 of stated' and the stated value '0.9': write numbers.",
        ),
        (
            {"rule": "equals stated", "stated": [1, {"a": 2}]},
            "the rule 'equals stated' and the stated value [1, {'a': 2}]: write a number, a text or a list "
            "of them.",
        ),
    ],
)
def test_sentences_about_a_claim(tmp_path, claim, sentence):
    assert sentence_about(tmp_path, **claim) == sentence


PART = {"name": "p", "file": "t.tsv", "measure": "rows", "rule": "above 1"}
NOTHING = {"file": None, "measure": None, "rule": None}


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ({"parts": [PART]}, "'parts' and the key 'file': write it in each part."),
        (NOTHING | {"parts": []}, "'parts' that are no list: start each with a dash."),
        ({"table": "tables"}, "the table 'tables': choose from reproduction, data_checks."),
    ],
)
def test_sentences_about_parts_and_tables(tmp_path, claim, sentence):
    assert sentence_about(tmp_path, **claim) == sentence


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ({"colour": 1}, " has the unknown key 'colour': the keys are name, file, measure, where, against, "
         "column, by, per, n, rule."),
        ({"name": None}, " has no 'name': write one."),
        ({"rule": None}, " has no 'rule': write one."),
        ({"rule": "equals stated"}, " has the rule 'equals stated': write 'equals stated' or 'within X of "
         "stated' (both with a 'stated'), 'between X and Y', 'at least X', 'at most X', 'above X' or "
         "'below X'."),
        ({"measure": "largest_share", "column": "a"}, " has the measure 'largest_share' and no 'by': write "
         "one."),
        ({"per": 3}, ", key 'per' is no mapping: the keys are file, measure, where, against, column."),
        ({"per": {"file": "t.tsv"}}, ", key 'per' has no 'measure': write one."),
    ],
)  # fmt: skip
def test_sentences_about_a_part(tmp_path, part, sentence):
    changed = {key: value for key, value in (PART | part).items() if value is not None}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump([{"section": "A", "claim": "c", "parts": [PART, changed]}]))
    with pytest.raises(InputError) as caught:
        read_claims(path)
    assert str(caught.value) == f"{path}, claim 1, part 2{sentence}"


@pytest.mark.parametrize(
    "rule",
    ["below -", "above e", "at least 1e", "at most 1.2.3", "above", "within - of stated", "equals stated"],
)
def test_rules_that_cannot_be_used(tmp_path, rule):
    assert sentence_about(tmp_path, rule=rule) == (
        f"the rule {rule!r}: write 'equals stated' or 'within X of stated' (both with a 'stated'), "
        "'between X and Y', 'at least X', 'at most X', 'above X' or 'below X'."
    )


@pytest.mark.parametrize(
    "rule", ["below -1", "above 1e-10", "at least .5", "at most 2.E+3", "between .04 and 6e-2"]
)
def test_rules_that_can_be_used(tmp_path, rule):
    path = tmp_path / "claims.yaml"
    claim = {"section": "A", "claim": "c", "file": "t.tsv.gz", "measure": "rows", "rule": rule}
    path.write_text(yaml.safe_dump([claim]))
    assert read_claims(path) == [claim]


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError) as caught:
        read_claims(tmp_path / "none.yaml")
    assert str(caught.value) == (
        f"{tmp_path}/none.yaml was not found: give the path of a YAML list of claims."
    )
    with pytest.raises(InputError, match="is a folder: give the path"):
        read_claims(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"- {section: \xe9}")
    with pytest.raises(InputError, match=r"latin\.yaml is not text in UTF-8 \(line 1 has the byte 0xe9\)"):
        read_claims(tmp_path / "latin.yaml")


def test_what_cannot_be_shown_is_something_that_a_claim_needs():
    claims = [{"needs": "qtl_data"}, {}, {"needs": "binding_data"}, {"needs": "qtl_data"}]
    check_cannot_show(claims, {"qtl_data": "planted", "binding_data": "planted"})
    check_cannot_show([], {})
    with pytest.raises(InputError) as caught:
        check_cannot_show(claims, {"binding_data": "planted", "qtl": "planted"})
    assert str(caught.value) == (
        "key 'cannot_show' has 'qtl', which no claim needs; the claims need binding_data, qtl_data."
    )
    with pytest.raises(InputError, match="the claims need nothing"):
        check_cannot_show([], {"qtl": "planted"})


def read_config(name):
    config = {"groups": {}} | read_whole(CONFIG / name)
    name_groups(config)
    return config


@pytest.mark.parametrize("name", ["config.yaml", "paper.yaml"])
def test_the_shipped_configurations_cannot_show_what_their_claims_need(name):
    config = read_config(name)
    claims = [claim for file in config["claims"] for claim in read_claims(CONFIG.parent / file)]
    check_cannot_show(claims, config["cannot_show"])


def test_the_shipped_claims_are_sound_and_cover_the_supplement():
    claims = read_claims(PAPER)
    sections = {claim["section"] for claim in claims}
    panels = {f"SFig. {panel}" for panel in ("1", "2", "2A, B", "2C, D", "3", "4", "5", "6")}
    assert {"A.1", "A.2", "A.3", "B.2", "B.3", "C.2", "C.3"} | panels == sections
    stated = [claim.get("stated") for claim in claims]
    for value in (60000, 20000, 200, 40000, 10000, 0.953, 0.459, 0.9, 0.69, 18, 900, 1000):
        assert value in stated
    assert {claim["section"] for claim in read_claims(PLANTED)} == {"planted"}


def test_configuration_read_back_is_no_claim_of_science():
    """A claim of the reproduction table is of what a network has learned or of what is called in it."""
    for claim in [*read_claims(PAPER), *read_claims(PLANTED)]:
        for part in parts_of(claim):
            learned = part["file"].startswith("interactions/") or (
                Path(part["file"]).name in ("metrics.tsv", "additive.tsv", "place.tsv")
                and part["measure"] != "rows"
                and part["column"] != "task"
            )
            assert learned == (table_of(claim) != DATA_CHECKS), claim["claim"]


def test_the_default_run_has_a_short_table():
    """One row for each claim that it can show, one for all others, one for calibration."""
    config = read_config("config.yaml")
    claims = [claim for file in config["claims"] for claim in read_claims(CONFIG.parent / file)]
    shown = [
        claim
        for claim in claims
        if table_of(claim) != DATA_CHECKS and claim.get("needs") not in config["cannot_show"]
    ]
    assert 10 <= len(shown) + 2 <= 16


@pytest.mark.parametrize("path", [PAPER, PLANTED])
def test_no_claim_is_made_twice(path):
    claims = [(claim["section"], claim["claim"]) for claim in read_claims(path)]
    assert len(set(claims)) == len(claims)


def test_claims_about_data_need_them():
    """Those about binding data and QTLs say so; a run on other data is not to confirm them."""
    needs = {section: "binding_data" for section in ("B.3", "SFig. 4")}
    needs |= {section: "qtl_data" for section in ("C.3", "SFig. 1", "SFig. 3", "SFig. 5")}
    for section, expected in needs.items():
        claims = [claim for claim in read_claims(PAPER) if claim["section"] == section]
        about_results = [claim for claim in claims if parts_of(claim)[0]["file"].startswith("interactions/")]
        assert {claim.get("needs") for claim in about_results} == {expected}


def made_files(config):
    """Return the files below the results folder that a configuration's workflow makes."""
    schema = yaml.safe_load((CONFIG / "schemas/config.schema.yaml").read_text())
    methods = schema["$defs"]["analysis"]["properties"]["methods"]["default"]
    files = {
        f"datasets/{name}/{file}"
        for name in config["datasets"]
        for file in ("examples.tsv.gz", "sequences.h5", "features.tsv.gz")
    }
    files |= {
        f"datasets/{name}/balance.tsv"
        for name in config["datasets"]
        if "variants" in config["datasets"][name]
    }
    for name, model in config["models"].items():
        files |= {
            f"models/{name}/{file}"
            for file in (
                "model.keras",
                "history.tsv",
                "metrics.tsv",
                "reach.tsv",
                "place.tsv",
                "additive.tsv",
            )
        }
        scored = model.get("contributions", [])
        files |= {f"contributions/{name}/{entry['task']}/{entry['method']}.h5" for entry in scored}
    for name, analysis in config["analyses"].items():
        table = "pairs.tsv.gz" if "features" in analysis["targets"] else "sources.tsv.gz"
        files |= {
            f"interactions/{name}/{model}/{task}/{method}/{file}"
            for model in networks(config, analysis["models"])
            for task in analysis["tasks"]
            for method in analysis.get("methods", methods)
            for file in (table, "null.tsv.gz", "comparisons.tsv", "calibration.tsv", "cells.tsv.gz")
            if file != "cells.tsv.gz" or "aggregate" in analysis
        }
        of_all_methods = ["pair_tests.tsv.gz"] * ("features" in analysis["targets"])
        of_all_methods += ["null_check_rows.tsv.gz"] * ("null_checks" in analysis)
        files |= {
            f"interactions/{name}/{model}/{task}/{file}"
            for model in analysis["models"]
            for task in analysis["tasks"]
            for file in of_all_methods
        }
    return files


def networks(config, models):
    """Return the names of models and of their twins."""
    twins = [f"{name}_twin{n + 1}" for name in models for n in range(config["models"][name].get("twins", 0))]
    return [*models, *twins]


def asked_parts(path):
    """Return all that the claims of a list measure, what they divide by included."""
    parts = [part for claim in read_claims(path) for part in parts_of(claim)]
    return [*parts, *(part["per"] for part in parts if "per" in part)]


SHIPPED = [(PAPER, "paper.yaml"), (PLANTED, "config.yaml")]


@pytest.mark.parametrize(("path", "name"), SHIPPED)
def test_every_claim_is_about_a_file_that_the_workflow_makes(path, name):
    asked = {part["file"] for part in asked_parts(path)}
    assert asked - made_files(read_config(name)) == set()


def test_every_comparison_of_a_claim_is_one_of_the_analysis():
    analyses = read_config("paper.yaml")["analyses"]
    asked = [part for part in asked_parts(PAPER) if part["file"].endswith("comparisons.tsv")]
    assert len(asked) > 10
    for part in asked:
        named = re.findall(r"'(\w+)'", part["where"])
        assert named
        assert set(named) <= set(analyses[part["file"].split("/")[1]]["comparisons"]), part["file"]


def motif_pairs(cooperating, seed=1, n=3000):
    """Pairs of GATA1 and TAL1 sites, both ways, and their null, of a network that learned nothing, or not.

    The score falls with distance, in shuffled sequences just as in real ones; of ``cooperating`` networks
    the sites within 20 bp add to it.
    """
    rng = np.random.default_rng(seed)
    distance = rng.integers(0, 100, n)
    names = np.where(np.arange(n) % 2, "GATA1", "TAL1")

    def scores(gain):
        signed = rng.normal(scale=np.exp(-distance / 15)) + gain * (distance <= 20)
        return {"fis": np.abs(signed), "signed_sum": signed}

    table = pd.DataFrame(
        {"example": rng.integers(0, n // 4, n), "source": range(n), "target": range(1, n + 1)}
    )
    null = table.assign(replicate=1, **scores(0))
    table = table.assign(
        source_name=names,
        target_name=np.where(names == "GATA1", "TAL1", "GATA1"),
        distance=distance,
        within_reach=1,
        source_group="known",
        target_group="known",
        **scores(2 * cooperating),
    )
    return table, null


def judged(folder, cooperating):
    """Return the verdicts about near sites, of the paper's claims, for such a network."""
    config = read_config("config.yaml")
    table, null = motif_pairs(cooperating)
    files = []
    comparisons = compare_all(table, config["analyses"]["gata_tal"]["comparisons"], seed=0, null=null)
    for task in ("TAL1", "GATA1"):
        files.append(folder / f"interactions/gata_tal/tf_binding/{task}/deeplift/comparisons.tsv")
        write_table(comparisons, files[-1])
    verdicts = reproduce(read_claims(PAPER), folder, files)
    return verdicts[verdicts["found"] != ""]


def test_an_untrained_network_whose_scores_fall_with_distance_reproduces_nothing(tmp_path):
    verdicts = judged(tmp_path, cooperating=False)
    comparisons = read_table(tmp_path / "interactions/gata_tal/tf_binding/TAL1/deeplift/comparisons.tsv")
    assert comparisons.set_index("comparison").loc["near_gata_mutated", "p"] < 1e-100
    assert len(verdicts) == 4
    assert set(verdicts["verdict"]) == {"not reproduced"}
    assert {"B.3", "SFig. 4"} == set(verdicts["section"])


def test_a_network_that_learned_cooperation_reproduces_all(tmp_path):
    verdicts = judged(tmp_path, cooperating=True)
    assert {"B.3", "SFig. 4"} == set(verdicts["section"])
    assert set(verdicts["verdict"]) == {"reproduced"}
