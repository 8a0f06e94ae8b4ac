"""Score what every source changes along its sequence, on one shard of the selected examples."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.attribution import open_model
    from dfim.attribution.whole_dataset import provenance
    from dfim.datasets.dataset import read_dataset, reference_rows
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table
    from dfim.interactions.profile_files import write_profile_shard
    from dfim.interactions.scoring import profiles
    from dfim.interactions.sources import examples_of_shard, feature_sources, nucleotide_sources

    settings = snakemake.params
    analysis = settings.analysis
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"].drop_duplicates()
    examples = examples_of_shard(selected, int(snakemake.wildcards.shard), analysis["shards"])
    if "features" in analysis["sources"]:
        features = features_of_groups(dataset.features, analysis["feature_groups"])
        sources = feature_sources(features, examples, analysis["sources"]["features"])
    else:
        sources = nucleotide_sources(dataset.bases, examples, analysis["sources"]["nucleotides"])
    log.info("%d sources in %d examples", len(sources), len(examples))
    background = reference_rows(analysis["background"], dataset)
    window = analysis["targets"]["positions"]
    options = {**settings.method_options, "threads": snakemake.threads}
    with open_model(
        snakemake.input.model,
        settings.task,
        settings.tasks,
        settings.method,
        background,
        options,
        length=dataset.bases.shape[1],
    ) as (scorer, task):
        found = profiles(
            scorer,
            dataset.bases,
            sources,
            task,
            background,
            None if window == "all" else window,
            analysis["shuffles"],
            settings.seed,
        )
        length = dataset.bases.shape[1]
        attributes = provenance(
            snakemake.input.model,
            snakemake.input.sequences,
            settings.method,
            settings.task,
            settings.method_options,
            background=background,
            window=window,
            shuffles=analysis["shuffles"],
            seed=settings.seed,
        )
        write_profile_shard(found, sources, length, analysis["shuffles"], snakemake.output[0], attributes)
