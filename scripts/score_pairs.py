"""Score the interactions of pairs of features, on one shard of the selected examples."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.attribution import open_model
    from dfim.datasets.dataset import read_dataset
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.scoring import pair_scores
    from dfim.interactions.sources import examples_of_shard, make_pairs

    settings = snakemake.params
    analysis = settings.analysis
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"].drop_duplicates()
    examples = examples_of_shard(selected, int(snakemake.wildcards.shard), analysis["shards"])
    pairs, overlapping = make_pairs(
        features_of_groups(dataset.features, analysis["feature_groups"]),
        examples,
        analysis["sources"]["features"],
        analysis["targets"]["features"],
        analysis["same_name"],
        analysis["max_distance"],
    )
    log.info("%d ordered pairs in %d examples", len(pairs), len(examples))
    log.info("%d ordered pairs left out because their features overlap", overlapping)
    options = {**settings.method_options, "threads": snakemake.threads}
    with open_model(
        snakemake.input.model,
        settings.task,
        settings.tasks,
        settings.method,
        analysis["background"],
        options,
        length=dataset.bases.shape[1],
    ) as (scorer, task):
        scores = pair_scores(
            scorer,
            dataset.bases,
            dataset.features,
            pairs,
            task,
            analysis["background"],
            analysis["shuffles"],
            settings.seed,
        )
    write_table(scores, snakemake.output[0])
