"""Measure the quality of a task's reads and peaks, and warn where a threshold is missed."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.files.tables import read_headerless, read_table, write_table
    from dfim.genomes.narrowpeak import read_narrowpeak
    from dfim.reads.quality import count_steps, frip, judge, library_measures, read_tss, tss_profile
    from dfim.reads.tagalign import cut_sites

    def by_key(table, measure):
        part = table[table["measure"] == measure]
        return dict(zip(part["at"].astype(int), part["value"].astype(int), strict=True))

    peaks = read_narrowpeak(snakemake.input.peaks)
    starts = read_tss(snakemake.input.tss) if snakemake.input.get("tss") else None
    lanes = iter(snakemake.input.trimmed)
    rows, distributions = [], []
    for number, (name, library) in enumerate(snakemake.params.replicates.items()):
        trimmed = pd.concat([read_table(next(lanes)) for _ in range(library["lanes"])])
        columns = {0: "passed", 2: "category"}
        flagstat = read_headerless(snakemake.input.mapped[number], columns, ("category",))
        flagstat = flagstat.set_index("category")["passed"]
        table = read_table(snakemake.input.counts[number])
        counts = table[table["at"].isna()].set_index("measure")["value"].astype(int).to_dict()
        steps = count_steps(trimmed, int(flagstat["primary mapped"]), counts, library["ends"])
        measures = library_measures(steps, counts, by_key(table, "places_by_copies"))
        measures["frip"] = frip(snakemake.input.tags[number], peaks)
        if starts is not None:
            profile, measures["tss_enrichment"] = tss_profile(cut_sites(snakemake.input.tags[number]), starts)
            distributions += [(name, "tss", row.distance, row.enrichment) for row in profile.itertuples()]
        rows += [(name, measure, value) for measure, value in {**steps, **measures}.items()]
        lengths = by_key(table, "fragments_by_length")
        distributions += [(name, "fragment_length", length, n) for length, n in lengths.items()]
    agreement = read_table(snakemake.input.reproducibility).iloc[0]
    for measure in ("rescue_ratio", "self_consistency_ratio"):
        rows.append(("all replicates", measure, float(agreement[measure])))
    quality = judge(pd.DataFrame(rows, columns=["library", "measure", "value"]), snakemake.params.thresholds)
    for warning in quality["warning"]:
        if warning:
            log.warning("warning: %s", warning)
    write_table(quality, snakemake.output.quality)
    write_table(
        pd.DataFrame(distributions, columns=["library", "distribution", "x", "y"]),
        snakemake.output.distributions,
    )
