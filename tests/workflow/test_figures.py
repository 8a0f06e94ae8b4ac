"""What rules say of figures: their files, the captions of Snakemake's report, and what jobs draw."""

import pytest
from support.run_folder import ROOT

from dfim.page.captions import CAPTIONS, caption
from workflow.analyses import family_of, figures_rule
from workflow.figures import captions_of, figure_outputs, figure_params, params_of_analysis

FIGURES = {"distance": {"near": 30}, "narrow": {"kind": "distance", "near": 5}, "calibration": {}}


def test_the_files_of_figures_keep_their_order_and_pictures_have_a_place_in_the_report():
    files = figure_outputs("f/{model}", FIGURES, "{analysis}", "model")
    assert files["tsv"] == ["f/{model}/distance.tsv", "f/{model}/narrow.tsv", "f/{model}/calibration.tsv"]
    assert [path.replace("png", "pdf") for path in files["png"]] == files["pdf"]
    placed = [path.flags["report"] for path in files["png"]]
    assert {one.category for one in placed} == {"{analysis}"}
    assert [one.labels for one in placed] == [{"model": "{model}", "figure": name} for name in FIGURES]
    kinds = ["distance", "distance", "calibration"]
    assert [one.caption for one in placed] == [f"../docs/captions/figures/{kind}.rst" for kind in kinds]


@pytest.mark.parametrize("kind", CAPTIONS)
def test_every_kind_has_a_template_that_picks_its_caption(kind):
    template = (ROOT / "docs/captions/figures" / f"{kind}.rst").read_text()
    assert template == f'{{{{ snakemake.params.captions["{kind}"] }}}}\n'


def test_two_figures_of_a_kind_have_their_captions_by_name_where_they_differ():
    found = captions_of(FIGURES)
    near, narrow = (caption("distance", {"near": bases}) for bases in (30, 5))
    assert found == {
        "distance": f"distance: {near}\n\nnarrow: {narrow}",
        "calibration": caption("calibration"),
    }
    assert captions_of({"distance": {}, "twice": {"kind": "distance"}}) == {"distance": caption("distance")}


def test_a_job_is_asked_for_kinds_and_options_and_knows_the_keys_that_ask():
    params = params_of_analysis("mine", {"figures": {"narrow": FIGURES["narrow"]}})
    assert params["figures"] == {
        "calibration": {"kind": "calibration", "options": {}, "key": ""},
        "narrow": {"kind": "distance", "options": FIGURES["narrow"], "key": "analyses.mine.figures.narrow"},
    }
    assert params["of"] == "analysis mine, model {model}, task {task}, {method}"
    assert figure_params({"training": {}}, "model m") == {
        "figures": {"training": {"kind": "training", "options": {}, "key": ""}},
        "captions": {"training": caption("training")},
        "of": "model m",
    }


def test_the_rules_of_all_analyses_are_of_one_family():
    assert family_of(figures_rule("my-pairs")) == family_of(figures_rule("model")) == "plot_interactions"
    assert figures_rule("model") != "plot_model"
    assert [family_of(rule) for rule in ("plot_model", "score_pairs")] == ["plot_model", "score_pairs"]
