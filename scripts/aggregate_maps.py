"""Average the changes of aligned sequences into maps of base by base, with p and q."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.datasets.dataset import read_dataset
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.aggregate import add_expected, aggregate

    parameters = snakemake.params
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)
    sets = selected if "set" in selected else selected.assign(set="all")
    reach = read_table(snakemake.input.reach)["reach"].iloc[-1]
    cells = aggregate(
        snakemake.input.shards,
        dataset.bases,
        sets,
        parameters.minimum,
        parameters.p_values,
        reach,
        snakemake.input.get("additive", []),
        parameters.least_effect,
    )
    if snakemake.input.get("expected"):
        expected = read_table(snakemake.input.expected)
        cells = add_expected(cells, expected, snakemake.input.expected)
    for name, own in cells.groupby("set"):
        tested = own["p"].notna()
        log.info(
            "%s: %d of %d cells have %d sequences, %d of them q < .05, and %d are called",
            name, tested.sum(), len(own), parameters.minimum, (own["q"] < 0.05).sum(), own["called"].sum(),
        )  # fmt: skip
    write_table(cells, snakemake.output[0])
