"""Ask an analysis's test where its hypothesis is true: pairs with decoys, and a network of random weights."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    import pandas as pd

    from dfim.attribution import FORWARD, open_scorer, read_network
    from dfim.datasets.blocks import blocks
    from dfim.datasets.dataset import read_dataset
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.decoys import decoy_pairs, decoys
    from dfim.interactions.null_checks import Asked, outputs_of_check, scores_of_check
    from dfim.interactions.pairs import pairs_of_selection
    from dfim.networks.untrained import untrained
    from dfim.statistics.null_checks import DECOY, UNTRAINED, sentences, summarise_checks

    settings = snakemake.params
    analysis, seed = settings.analysis, settings.seed
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"].drop_duplicates()[: settings.examples]
    length = dataset.bases.shape[1]
    features = features_of_groups(dataset.features, analysis["feature_groups"])
    ordered, _ = pairs_of_selection(features, dataset.examples, selected, *settings.pairs)
    placed = decoys(dataset.features, ordered, length, seed)
    asked = Asked(
        dataset.bases,
        pd.concat([dataset.features, placed[list(dataset.features)]], ignore_index=True),
        blocks(dataset.examples, selected),
        analysis["background"],
        read_table(snakemake.input.reach)["reach"].iloc[-1],
        analysis["draws"],
        analysis["score_draws"],
        settings.level,
        settings.least_share,
        seed,
    )
    with_decoys = pd.concat([decoy_pairs(placed), ordered]).sort_values(list(ordered), ignore_index=True)
    network = read_network(snakemake.input.graph, length)
    task, parts = settings.tasks.index(settings.task), []

    def scorer_of(network, method=FORWARD):
        """Return what scores a network by a method, or gives its outputs alone, to be opened."""
        options = {**settings.methods.get(method, {}), "threads": snakemake.threads}
        return open_scorer(method, network, asked.background, options)

    # Scores are drawn for the null replaced alone.
    methods = settings.asked if analysis["score_draws"] else ()
    checks = {DECOY: (network, with_decoys), UNTRAINED: (untrained(network, seed), ordered)}
    for check, (of_check, pairs) in checks.items():
        with scorer_of(of_check) as scorer:
            tests, rows = outputs_of_check(check, scorer, task, pairs, asked)
            parts.append(rows)
        for method in methods:
            with scorer_of(of_check, method) as scorer:
                parts.append(scores_of_check(check, method, scorer, task, pairs, tests, asked))
    rows = pd.concat(parts, ignore_index=True)
    found = summarise_checks(rows)
    for sentence in sentences(found, "pairs"):
        log.info(sentence)
    write_table(rows, snakemake.output.rows)
    write_table(found, snakemake.output.summary)
