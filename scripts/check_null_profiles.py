"""Ask the test of variants of a network of random weights: next to none may stand out there."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    import pandas as pd

    from dfim.attribution import open_scorer, read_network
    from dfim.datasets.blocks import blocks
    from dfim.datasets.dataset import read_dataset, reference_rows
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.null_checks import untrained_variants
    from dfim.interactions.sources import feature_sources
    from dfim.interactions.substitutions import substitutions
    from dfim.networks.untrained import untrained
    from dfim.statistics.null_checks import sentences, summarise_checks
    from dfim.statistics.nulls import NullModel
    from dfim.statistics.resolution import number_of

    settings = snakemake.params
    analysis, seed = settings.analysis, settings.seed
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"].drop_duplicates()[: settings.examples]
    features = features_of_groups(dataset.features, analysis["feature_groups"])
    variants = feature_sources(features, selected, analysis["sources"]["features"])
    null = NullModel.read(analysis["substitutions"])
    number = number_of(null.draws, len(variants))
    drawn = substitutions(dataset.bases, variants, number, null.within, null.clearance, seed)
    background = reference_rows(analysis["background"], dataset)
    window, length = analysis["targets"]["positions"], dataset.bases.shape[1]
    network = untrained(read_network(snakemake.input.graph, length), seed)
    task, parts = settings.tasks.index(settings.task), []
    for method in settings.asked:
        options = {**settings.methods[method], "threads": snakemake.threads}
        with open_scorer(method, network, background, options) as scorer:
            data = (dataset.bases, variants, drawn, blocks(dataset.examples, selected), background)
            widest = None if window == "all" else window
            parts.append(untrained_variants(method, scorer, task, *data, widest, settings.level))
    rows = pd.concat(parts, ignore_index=True)
    found = summarise_checks(rows)
    for sentence in sentences(found, "variants"):
        log.info(sentence)
    write_table(rows, snakemake.output.rows)
    write_table(found, snakemake.output.summary)
