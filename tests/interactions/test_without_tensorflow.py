"""Jobs of scores that need no TensorFlow do not import it: it takes longer than many of them."""

import os
import subprocess
import sys

from support.run_folder import ROOT

from dfim.networks.building import build_network
from dfim.networks.description import describe
from dfim.networks.graph_files import save_graph

LAYERS = [
    {"kind": "convolution", "filters": 4, "width": 5, "batch_normalisation": True},
    {"kind": "max_pool", "width": 4},
    {"kind": "dense", "units": 3},
]
# What each of the jobs does, of a few random sequences with two features each.
JOBS = """
import sys
import numpy as np
import pandas as pd
from functools import partial
from dfim.attribution import FORWARD, open_model, open_scorer, read_network
from dfim.attribution.completeness import measure_completeness
from dfim.attribution.whole_dataset import logits_of_dataset, write_contributions
from dfim.datasets import evaluation
from dfim.datasets.dataset import Dataset
from dfim.interactions.pair_tests import draw_pairs
from dfim.interactions.pairs import pairs_of_selection, unordered_pairs
from dfim.interactions.score_draws import draw_scores
from dfim.interactions.scoring import pair_scores, profiles
from dfim.interactions.sources import nucleotide_sources
from dfim.networks.reach import reach_of
from dfim.networks.untrained import untrained

folder, background = sys.argv[1], np.array([0.3, 0.2, 0.2, 0.3], np.float32)
bases = np.random.default_rng(1).choice(np.frombuffer(b"ACGT", np.uint8), (3, 40))
rows = [(e, name, *place) for e in range(3) for name, place in (("A", (3, 9)), ("B", (20, 27)))]
features = pd.DataFrame(rows, columns=["example", "name", "start", "end"])
features = features.assign(feature=range(6), kind="motif", strand="+", group="")
examples = pd.DataFrame({"example": range(3), "chrom": "", "start": np.nan, "end": np.nan})
pairs, _ = pairs_of_selection(features, examples, examples["example"])
graph = read_network(f"{folder}/graph.npz")
for method in ("deeplift", "gradient_input"):
    with open_model(f"{folder}/graph.npz", "a", ["a", "b"], method, background) as (scorer, task):
        scorer.prepare(bases, task)
        assert len(measure_completeness(scorer, bases, task)) == 3
        data = (scorer, bases, features, pairs, task, background)
        assert len(pair_scores(*data, 1, 5)) == 12 and np.isfinite(draw_scores(*data, 2, 5)).all()
        assert list(profiles(scorer, bases, nucleotide_sources(bases, [0], (4, 6)), task, background))
        write_contributions(scorer, bases, task, f"{folder}/{method}.h5")
for network in (graph, untrained(graph, 1)):
    with open_scorer(FORWARD, network, background) as scorer:
        logits, labels = logits_of_dataset(scorer, bases), np.array([[0, 1], [1, 0], [1, 1]], np.int8)
        whole = Dataset(bases, labels, ["a", "b"], examples.assign(split="test"))
        assert len(evaluation.evaluate(whole, "test", logits, logits)) == 3
        assert len(evaluation.curves(labels, logits, ["a", "b"]))
        unordered = unordered_pairs(pairs, features, reach_of(network))
        evaluate = partial(scorer.edited_logits, bases, task=0)
        drawn = draw_pairs(evaluate, bases, features, unordered, background, 2, 1)
        assert np.isfinite(drawn.first).all()
print(sorted({"tensorflow", "keras", "sklearn"} & set(sys.modules)))
"""


def test_no_job_that_scores_or_evaluates_with_the_compiled_engine_imports_tensorflow(tmp_path):
    save_graph(describe(build_network(LAYERS, 40, ["a", "b"], seed=1)), tmp_path / "graph.npz")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    ran = subprocess.run(
        [sys.executable, "-c", JOBS, str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
