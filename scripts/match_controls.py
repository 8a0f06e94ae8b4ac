"""Describe the variants of a dataset, and match positives with controls on where and what they are."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.datasets.controls import balance, describe_variants, pooled_peaks
    from dfim.datasets.dataset import read_dataset
    from dfim.files.tables import write_table
    from dfim.genomes.fasta import read_sizes
    from dfim.genomes.intervals import read_peaks

    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    sizes = read_sizes(snakemake.input.sizes)
    peaks = pooled_peaks([read_peaks(path, sizes) for path in snakemake.input.peaks])
    settings = snakemake.params.options["matching"]
    table = describe_variants(dataset, peaks, settings["gc_window"], settings["caliper"])
    positives = (table["group"] == "positive").sum()
    log.info("%d of %d positives have a matched control", table["matched_set"].nunique(), positives)
    balanced = balance(table)
    for row in balanced.to_dict("records"):
        log.info("%(controls)s, %(covariate)s: standardised mean difference %(smd).3f", row)
    write_table(table, snakemake.output.covariates)
    write_table(balanced, snakemake.output.balance)
