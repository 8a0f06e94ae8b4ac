"""Turn the filtered reads of a replicate into tags: no duplicates, no mitochondria, shifted, sampled."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.errors import InputError, counted
    from dfim.files.tables import write_table
    from dfim.reads.tagalign import TN5_SHIFT, count_library, sample, stream, write_tags

    params, bam = snakemake.params, snakemake.input[0]
    library = count_library(bam, params.paired, params.mitochondria)
    ends = 1 + params.paired
    if library.kept * ends < params.fewest:
        raise InputError(
            f"after filtering {counted(library.kept * ends, 'read')} of the replicate "
            f"{snakemake.wildcards.replicate!r} of {snakemake.wildcards.task!r} remain, and "
            f"{params.fewest} are needed (fewest): "
            "check that the genome is the reads' own, and the files' order and quality; or take another "
            "replicate."
        )
    purpose = f"sample {snakemake.wildcards.reads} {snakemake.wildcards.task} {snakemake.wildcards.replicate}"
    chosen = sample(library.kept, params.subsample // ends or None, stream(int(params.seed), purpose))
    shift = TN5_SHIFT if params.shifted else (0, 0)
    tags = write_tags(bam, snakemake.output.tags, params.paired, params.mitochondria, shift, chosen)
    counts = {name: getattr(library, name) for name in ("units", "duplicates", "mitochondrial", "kept")}
    rows = [(name, "", value) for name, value in {**counts, "tags": tags}.items()]
    rows += [("places_by_copies", copies, number) for copies, number in library.multiplicities.items()]
    rows += [("fragments_by_length", length, n) for length, n in enumerate(library.fragments) if n]
    write_table(pd.DataFrame(rows, columns=["measure", "at", "value"]), snakemake.output.counts)
    log.info("%s; %d tags written", counts, tags)
