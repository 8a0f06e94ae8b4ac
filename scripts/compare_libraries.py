"""Keep the peaks that two libraries agree on: by overlap or by IDR, and without the blacklist."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.files.tables import write_table
    from dfim.genomes.fasta import read_sizes
    from dfim.genomes.intervals import read_peaks
    from dfim.genomes.narrowpeak import read_narrowpeak, write_narrowpeak
    from dfim.reads.reproducible import naive_overlap, reproducible_by_idr, without_blacklisted

    paths = (snakemake.input.first, snakemake.input.second, snakemake.input.reference)
    first, second, reference = map(read_narrowpeak, paths)
    libraries = snakemake.wildcards.first, snakemake.wildcards.second
    if snakemake.params.method == "idr":
        kept, summary = reproducible_by_idr(first, second, reference, float(snakemake.params.threshold))
    else:
        kept, summary = naive_overlap(first, second, reference), {"implementation": "overlap"}
    agreed = len(kept)
    if summary.get("warning"):
        log.warning("warning: %s and %s: %s", *libraries, summary["warning"])
    if blacklist := snakemake.input.get("blacklist"):
        kept = without_blacklisted(kept, read_peaks(blacklist, read_sizes(snakemake.input.sizes)))
    write_narrowpeak(kept, snakemake.output.peaks)
    name = "_vs_".join(libraries)
    counts = {"reference": len(reference), "agreed": agreed, "peaks": len(kept)}
    write_table(pd.DataFrame([{"comparison": name, **counts, **summary}]), snakemake.output.summary)
    log.info("%s (%s): %s", name, summary["implementation"], counts)
