"""Score the contribution of every nucleotide of a dataset to one task's logit."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    import numpy as np

    from dfim.attribution import open_model
    from dfim.attribution.completeness import completeness, measure_completeness
    from dfim.attribution.whole_dataset import provenance, write_contributions
    from dfim.datasets.dataset import read_dataset

    settings = snakemake.params
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    options = {**settings.method_options, "threads": snakemake.threads}
    attributes = provenance(
        snakemake.input.graph,
        snakemake.input.sequences,
        settings.method,
        settings.task,
        settings.method_options,
        background=settings.background,
    )
    with open_model(
        snakemake.input.graph,
        settings.task,
        settings.tasks,
        settings.method,
        settings.background,
        options,
        length=dataset.bases.shape[1],
    ) as (scorer, task):
        scorer.prepare(dataset.bases, task)
        measured = completeness([measure_completeness(scorer, dataset.bases, task)]).iloc[0]
        attributes |= {name: float(measured[name]) for name in ("median_residual", "largest_residual")}
        attributes |= {} if scorer.steps is None else {"steps": scorer.steps}
        residuals = np.abs(write_contributions(scorer, dataset.bases, task, snakemake.output[0], attributes))
    log.info("%d sequences scored", len(residuals))
    if scorer.COMPLETE:
        log.info(
            "sum of contributions against logit − reference logit: largest difference %.3g, median %.3g",
            residuals.max(),
            np.median(residuals),
        )
