"""Choose the peaks of a task from the comparisons of its libraries."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.errors import InputError
    from dfim.files.tables import read_table, write_table
    from dfim.genomes.fasta import read_sizes
    from dfim.genomes.narrowpeak import read_narrowpeak, write_narrowpeak
    from dfim.reads.reproducible import in_genome_order, reproducibility, union

    summary = pd.concat(map(read_table, snakemake.input.summaries), ignore_index=True)
    pairs = snakemake.params.pairs
    numbers = dict(zip(summary["comparison"], map(int, summary["peaks"]), strict=True))
    names = list(numbers)
    true, pseudo, own = names[:pairs], names[pairs], names[pairs + 1 :]
    found = reproducibility(
        {name: numbers[name] for name in true}, numbers[pseudo], {name: numbers[name] for name in own}
    )
    sets = {"pseudoreplicates": pseudo} | {name: name for name in true}
    tables = {name: read_narrowpeak(snakemake.input.peaks[names.index(sets[name])], True) for name in sets}
    if snakemake.params.method == "idr":
        chosen = found["optimal"]
        peaks = tables[chosen]
    else:
        chosen = f"{found['conservative']} or pseudoreplicates"
        peaks = union(tables[found["conservative"]], tables["pseudoreplicates"])
    if peaks.empty:
        raise InputError(
            f"no peak of {snakemake.wildcards.task!r} is reproducible and outside the blacklist: check "
            "that the "
            "replicates are of one sample and deep enough, or use 'reproducibility: overlap'."
        )
    summary["rescue_ratio"], summary["self_consistency_ratio"] = (
        found["rescue_ratio"],
        found["self_consistency_ratio"],
    )
    summary["chosen"], summary["chosen_peaks"] = chosen, len(peaks)
    write_narrowpeak(in_genome_order(peaks, read_sizes(snakemake.input.sizes)), snakemake.output.peaks)
    write_table(summary, snakemake.output.reproducibility)
    log.info("%d peaks of %s", len(peaks), chosen)
