"""Deal the tags of a replicate, or of all of them, to two pseudoreplicates."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.reads.tagalign import split_tags, stream

    wildcards = snakemake.wildcards
    purpose = f"split {wildcards.reads} {wildcards.task} {wildcards.replicate}"
    sources = list(zip(map(str, snakemake.input), snakemake.params.lines, strict=True))
    halves = (snakemake.output.first, snakemake.output.second)
    sizes = split_tags(sources, halves, stream(int(snakemake.params.seed), purpose))
    log.info("%d and %d reads or pairs", *sizes)
