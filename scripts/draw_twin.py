"""Draw a dataset's additive twin: labels, or values, of a fit of its features that only adds up."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.datasets.additive_fits import draw_twin, fit_tasks
    from dfim.datasets.dataset import read_dataset, write_dataset

    settings = snakemake.params
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    fits = fit_tasks(dataset, with_pairs=dataset.real_valued)  # whose noise is what pairs leave
    separated = [fit.task for fit in fits if fit.separates]
    if separated:
        log.warning(
            "an additive fit separates the classes of %s: a twin has the same labels, and says nothing",
            ", ".join(separated),
        )
    twin = draw_twin(dataset, fits, settings.seed, int(settings.number))
    write_dataset(twin, Path(snakemake.output.examples).parent)
    log.info("%d examples, %d tasks", len(twin.bases), len(twin.tasks))
