"""Outputs with and without the features of pairs, and of their draws, on one shard of the examples."""

from functools import partial
from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    from dfim.attribution import FORWARD, open_model
    from dfim.datasets.dataset import read_dataset
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table
    from dfim.interactions.pair_files import write_pair_draws
    from dfim.interactions.pair_tests import add_other_removal, draw_pairs
    from dfim.interactions.pairs import pairs_of_selection, unordered_pairs
    from dfim.interactions.sources import examples_of_shard
    from dfim.statistics.draw_numbers import MOST_OUTPUTS, draws_of, shared_draws_of

    settings = snakemake.params
    analysis, removal = settings.analysis, settings.analysis["removal"]
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"].drop_duplicates()
    ordered, left_out = pairs_of_selection(
        features_of_groups(dataset.features, analysis["feature_groups"]),
        dataset.examples,
        selected,
        *settings.pairs,
    )
    reach = read_table(snakemake.input.reach)["reach"].iloc[-1]
    pairs = unordered_pairs(ordered, dataset.features, reach)
    draws = draws_of(analysis["draws"], int(pairs["within_reach"].sum()), MOST_OUTPUTS)
    compared = pairs.loc[pairs["within_reach"] == 1, "example"].drop_duplicates()[: removal["compared"]]
    examples = examples_of_shard(selected, int(snakemake.wildcards.shard), analysis["shards"])
    own = pairs["example"].isin(examples)
    log.info("%d pairs of features, %d of them in this shard", len(pairs), own.sum())
    for reason, number in ((reason, number) for reason, number in left_out.items() if number):
        log.info("%d ordered pairs left out: %s", number, reason)
    shared = shared_draws_of(analysis["shared_draws"])
    log.info(
        "%d draws of each pair within the network's reach of %g bp, and %d that all pairs of a kind share",
        draws,
        reach,
        shared,
    )
    with open_model(
        snakemake.input.graph,
        settings.task,
        settings.tasks,
        FORWARD,
        analysis["background"],
        {"threads": snakemake.threads},
        length=dataset.bases.shape[1],
    ) as (scorer, task):
        evaluate = partial(scorer.edited_logits, dataset.bases, task=task)
        data = (dataset.bases, dataset.features, pairs[own], analysis["background"])
        pieces = removal["draws"] if removal["way"] == "shuffled" else 0
        found = draw_pairs(evaluate, *data, draws, settings.seed, pieces, shared)
        other = 0 if pieces else removal["draws"]
        add_other_removal(found, evaluate, *data, other, settings.seed, compared)
    write_pair_draws(found, snakemake.output.pairs, snakemake.output.draws)
