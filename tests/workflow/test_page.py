"""What the page of a run is made of: every analysis by network and task, with files that the run ends in."""

from pathlib import Path

import yaml

from workflow import results
from workflow.configuration import read_configuration
from workflow.included import read_whole
from workflow.page import page_contents, with_warnings

ROOT = Path(__file__).parents[2]


def contents() -> tuple[dict, dict, list[str]]:
    """Return the contents of the default run's page, its configuration, and what the run ends in."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    sheets = read_configuration(config, "config/config.yaml")
    made = (
        results.dataset_targets(config) + results.model_targets(config) + results.interaction_targets(config)
    )
    made += results.networks_targets(config) + results.null_check_targets(config)
    made += results.figure_targets(config, sheets)
    return (
        page_contents(config, sheets, "/home/me/config/config.yaml"),
        config,
        made + results.claims_targets(config),
    )


def paths_in(value) -> list[str]:
    """Return every file of tables, arrays and pictures that is named anywhere below."""
    if isinstance(value, dict):
        return [path for each in value.values() for path in paths_in(each)]
    if isinstance(value, list | tuple):
        return [path for each in value for path in paths_in(each)]
    ends = (".tsv", ".tsv.gz", ".h5", ".png")
    return [value] if isinstance(value, str) and value.startswith("results/") and value.endswith(ends) else []


def test_every_file_of_the_page_is_one_that_the_run_ends_in():
    found, _, made = contents()
    beside = {path.removesuffix(".png") + ".tsv" for path in made if path.endswith(".png")}
    assert set(paths_in(found)) - beside <= set(made)
    assert len(paths_in(found)) > 100


def test_an_analysis_of_two_tasks_has_two_parts_and_its_calibration_comes_last():
    found, config, _ = contents()
    parts = [(each["name"], each["task"]) for each in found["analyses"]]
    assert len(parts) == len(set(parts)) == sum(len(each["tasks"]) for each in config["analyses"].values())
    gata = next(each for each in found["analyses"] if each["name"] == "gata_tal")
    assert gata["kind"] == "pairs"
    assert "networks" in gata["tables"]
    assert [figure["name"] for figure in gata["figures"]][-1] == "calibration"
    assert gata["figures"][0]["kind"] == "kinds"


def test_the_page_of_a_scan_is_made_from_its_table():
    config = read_whole(ROOT / "config/published.yaml") | {"data": "folder"}
    found = page_contents(config, read_configuration(config, "published.yaml"), "published.yaml")
    (scan,) = found["scans"]
    assert scan["table"] == "results_published/scans/ebox_gata/tf_binding/TAL1/scan.tsv"
    assert results.scan_targets(config) == [scan["table"]]
    assert scan["asked"]["spacings"] == "0-73"


def test_the_page_does_not_name_folders_of_the_machine():
    assert contents()[0]["configuration"] == "config.yaml"


def test_warnings_in_the_logs_of_an_analysis_are_told_once(tmp_path):
    found, _, _ = contents()
    lines = "10:00:00 warning: contributions miss much\n10:00:01 12 sources\n"
    for name in ("score_pairs/gata_tal/tf_binding/TAL1/deeplift/0", "judge_pairs/gata_tal/tf_binding/TAL1"):
        path = tmp_path / f"{name}.log"
        path.parent.mkdir(parents=True)
        path.write_text(lines + (f"10:00:02 warning: {name[:5]} too few\n"))
    parts = {
        (part["name"], part["task"]): part["logged"] for part in with_warnings(found, tmp_path)["analyses"]
    }
    assert sorted(parts["gata_tal", "TAL1"]) == ["contributions miss much", "judge too few", "score too few"]
    assert parts["gata_tal", "GATA1"] == []


def test_an_analysis_and_a_scan_of_one_name_keep_their_warnings_apart(tmp_path):
    place = {"name": "ebox", "model": "m", "task": "t"}
    for rule in ("judge_pairs", "scan_motifs"):
        path = tmp_path / f"{rule}/ebox/m/t.log"
        path.parent.mkdir(parents=True)
        path.write_text(f"10:00:00 warning: told by {rule}\n")
    found = with_warnings({"analyses": [place], "scans": [place]}, tmp_path)
    assert [part["logged"] for part in found["analyses"]] == [["told by judge_pairs"]]
    assert [part["logged"] for part in found["scans"]] == [["told by scan_motifs"]]
