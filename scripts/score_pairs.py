"""Score the interactions of pairs of features, on one shard of the selected examples."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    from dfim.attribution import open_model
    from dfim.attribution.completeness import measure_completeness
    from dfim.datasets.dataset import read_dataset
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.pair_files import write_score_draws
    from dfim.interactions.pairs import pairs_of_selection, within_reach
    from dfim.interactions.score_draws import draw_scores
    from dfim.interactions.scoring import pair_scores
    from dfim.interactions.sources import examples_of_shard
    from dfim.statistics.draw_numbers import MOST_SCORES, draws_of
    from dfim.statistics.resolution import number_of

    settings = snakemake.params
    analysis = settings.analysis
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"].drop_duplicates()
    pairs, left_out = pairs_of_selection(
        features_of_groups(dataset.features, analysis["feature_groups"]),
        dataset.examples,
        selected,
        *settings.pairs,
    )
    reach = read_table(snakemake.input.reach)["reach"].iloc[-1]
    reached = within_reach(pairs, dataset.features, reach)
    draws = draws_of(analysis["score_draws"], int(reached.sum()), MOST_SCORES)
    shuffles = number_of(analysis["shuffles"], len(pairs), two_tailed=True)
    examples = examples_of_shard(selected, int(snakemake.wildcards.shard), analysis["shards"])
    own = pairs["example"].isin(examples).to_numpy()
    pairs, reached = pairs[own].reset_index(drop=True), reached[own]
    log.info("%d ordered pairs in %d examples, %d draws of each", len(pairs), len(examples), draws)
    for reason, number in ((reason, number) for reason, number in left_out.items() if number):
        log.info("%d ordered pairs of all shards left out: %s", number, reason)
    options = {**settings.method_options, "threads": snakemake.threads}
    with open_model(
        snakemake.input.graph,
        settings.task,
        settings.tasks,
        settings.method,
        analysis["background"],
        options,
        length=dataset.bases.shape[1],
    ) as (scorer, task):
        scorer.prepare(dataset.bases[selected], task)
        write_table(
            measure_completeness(scorer, dataset.bases[examples], task), snakemake.output.completeness
        )
        data = (scorer, dataset.bases, dataset.features, pairs, task, analysis["background"])
        scores = pair_scores(*data, shuffles, settings.seed)
        drawn = draw_scores(*data, draws, settings.seed, tested=reached)
    write_table(scores, snakemake.output.scores)
    write_score_draws(drawn, snakemake.output.draws)
