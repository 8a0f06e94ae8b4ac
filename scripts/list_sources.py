"""Print the sources that are to be fetched or supplied, and which of them are there."""

from pathlib import Path

from dfim.files.fetching import source_states
from workflow.running import running

with running(snakemake, told=True) as log:
    states = source_states(snakemake.params.sources, Path(snakemake.params.folder))
    for row in states.itertuples():
        log.info("%-9s %s", row.state, row.location)
    counts = states["state"].value_counts()
    log.info(
        "%d sources: %s", len(states), ", ".join(f"{number} {state}" for state, number in counts.items())
    )
