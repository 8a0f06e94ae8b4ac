"""Score the contributions of an analysis's examples; write them for a genome browser or motif discovery."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    from dfim.attribution import open_model
    from dfim.datasets.dataset import read_dataset
    from dfim.exports.modisco import attributions, write_arrays
    from dfim.exports.tracks import along_genome, write_bedgraph, write_bigwig
    from dfim.files.tables import read_table
    from dfim.genomes.fasta import read_sizes
    from dfim.sequences.bases import one_hot

    files, settings, made = snakemake.input, snakemake.params, snakemake.output
    dataset = read_dataset(Path(files.sequences).parent)
    rows = read_table(files.selection)["example"].unique()
    bases = dataset.bases[rows]
    options = {**settings.method_options, "threads": snakemake.threads}
    with open_model(
        files.graph,
        settings.task,
        settings.tasks,
        settings.method,
        settings.background,
        options,
        length=bases.shape[1],
    ) as (scorer, task):
        scorer.prepare(bases, task)
        x = one_hot(bases)
        scores = scorer.contributions(x, task)
    log.info("%d sequences scored", len(rows))
    if made.get("bigwig"):
        sizes = read_sizes(files.sizes)
        track = along_genome(dataset.examples.iloc[rows], (scores * x).sum(axis=2), sizes)
        write_bigwig(track, sizes, made.bigwig)
        write_bedgraph(track, made.bedgraph)
    else:
        write_arrays(x, attributions(scorer, scores, x), made.sequences, made.attributions)
