"""Score what every source changes along its sequence, on one shard of the selected examples."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    from dfim.attribution import open_model
    from dfim.attribution.completeness import measure_completeness
    from dfim.attribution.whole_dataset import provenance
    from dfim.datasets.dataset import read_dataset, reference_rows
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.profile_files import write_profile_shard
    from dfim.interactions.scoring import profiles
    from dfim.interactions.sources import examples_of_shard, feature_sources, nucleotide_sources
    from dfim.interactions.substitutions import score_draws, substitutions
    from dfim.statistics.nulls import NullModel
    from dfim.statistics.resolution import number_of

    settings = snakemake.params
    analysis = settings.analysis
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"].drop_duplicates()
    examples = examples_of_shard(selected, int(snakemake.wildcards.shard), analysis["shards"])
    if "features" in analysis["sources"]:
        features = features_of_groups(dataset.features, analysis["feature_groups"])
        of_all_shards = feature_sources(features, selected, analysis["sources"]["features"])
    else:
        of_all_shards = nucleotide_sources(dataset.bases, selected, analysis["sources"]["nucleotides"])
    sources = of_all_shards[of_all_shards["example"].isin(examples)].reset_index(drop=True)
    shuffles = number_of(analysis["shuffles"], len(of_all_shards), two_tailed=True)
    log.info("%d sources in %d examples, %d shuffles of each", len(sources), len(examples), shuffles)
    drawn = None
    if analysis["substitutions"] is not None:
        null = NullModel.read(analysis["substitutions"])
        number = number_of(null.draws, len(of_all_shards))
        options = (number, null.within, null.clearance, settings.seed)
        drawn = substitutions(dataset.bases, sources, *options)
        log.info("%d random substitutions for each of the sources", number)
    background = reference_rows(analysis["background"], dataset)
    window = analysis["targets"]["positions"]
    widest = None if window == "all" else window
    options = {**settings.method_options, "threads": snakemake.threads}
    with open_model(
        snakemake.input.graph,
        settings.task,
        settings.tasks,
        settings.method,
        background,
        options,
        length=dataset.bases.shape[1],
    ) as (scorer, task):
        scorer.prepare(dataset.bases[selected], task)
        write_table(
            measure_completeness(scorer, dataset.bases[examples], task), snakemake.output.completeness
        )
        found = profiles(
            scorer,
            dataset.bases,
            sources,
            task,
            background,
            widest,
            shuffles,
            settings.seed,
        )
        length = dataset.bases.shape[1]
        attributes = provenance(
            snakemake.input.graph,
            snakemake.input.sequences,
            settings.method,
            settings.task,
            settings.method_options,
            background=background,
            window=window,
            shuffles=shuffles,
            seed=settings.seed,
        )
        if drawn is not None:
            drawn = score_draws(scorer, dataset.bases, drawn, task, background, widest)
        write_profile_shard(found, sources, length, shuffles, snakemake.output.profiles, attributes, drawn)
